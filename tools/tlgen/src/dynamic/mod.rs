//! Values of a schema without generated code: random ones, and a strict reader that knows which ids
//! a layer has.

mod random;
mod walk;

pub use random::{Entropy, Fixed, Limits, Random, Seeded};
pub use walk::{Fault, Walker};

use std::collections::BTreeMap;

use crate::{
    ast::Kind,
    model::{FormRef, Model, TypeIndex},
};

/// The forms that are in force at one layer, by type.
#[derive(Debug)]
pub struct LayerView<'a> {
    /// What it is a view of.
    pub model: &'a Model,
    /// The layer.
    pub layer: u16,
    by_type: BTreeMap<TypeIndex, Vec<FormRef>>,
    functions: Vec<FormRef>,
}

impl<'a> LayerView<'a> {
    /// The forms that clients of `layer` know.
    pub fn new(model: &'a Model, layer: u16) -> Self {
        let mut by_type: BTreeMap<TypeIndex, Vec<FormRef>> = BTreeMap::new();
        let mut functions = Vec::new();
        for (at, ty) in model.types.iter().enumerate() {
            for combinator in &ty.constructors {
                for form in 0..model.combinators[*combinator].forms.len() {
                    let form = FormRef {
                        combinator: *combinator,
                        form,
                    };
                    if model.form(form).layers.contains(layer) {
                        by_type.entry(at).or_default().push(form);
                    }
                }
            }
        }
        for (combinator, c) in model.combinators.iter().enumerate() {
            for form in 0..c.forms.len() {
                let form = FormRef { combinator, form };
                if c.kind == Kind::Function && model.form(form).layers.contains(layer) {
                    functions.push(form);
                }
            }
        }
        Self {
            model,
            layer,
            by_type,
            functions,
        }
    }

    /// The constructors of a type.
    pub fn constructors(&self, ty: TypeIndex) -> &[FormRef] {
        self.by_type.get(&ty).map_or(&[], Vec::as_slice)
    }

    /// All constructors.
    pub fn all_constructors(&self) -> impl Iterator<Item = FormRef> {
        self.by_type.values().flatten().copied()
    }

    /// All functions.
    pub fn functions(&self) -> &[FormRef] {
        &self.functions
    }
}
