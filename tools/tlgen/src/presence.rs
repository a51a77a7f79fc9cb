//! Which values can be shown at which layer.

use crate::{
    model::{Combinator, CombinatorIndex, Field, Form, Model, Ty, TypeIndex},
    rules::{Conversion, Expression},
};

/// For each type and layer, whether all its values have a form there.
#[derive(Debug)]
pub(crate) struct Presence<'a> {
    model: &'a Model,
    /// `[type][layer - oldest]`: without substitutes, with them.
    own: Vec<Vec<bool>>,
    shown: Vec<Vec<bool>>,
}

/// How a field of an old form is made from the newest value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Down<'a> {
    /// By equal name and type.
    Same,
    /// By a rule.
    Rule(&'a Expression),
}

/// How a field of the newest value is made from an old form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Up<'a> {
    /// By equal name and type; an old field that is not optional becomes one that is.
    Same {
        /// The old field is always there, the newest not.
        wrap: bool,
    },
    /// The old form lacks it and it is optional.
    Absent,
    /// By a rule.
    Rule(&'a Expression),
}

impl<'a> Presence<'a> {
    /// Works it out, from the assumption that everything has a form to what contradicts it.
    pub(crate) fn new(model: &'a Model) -> Self {
        let layers = model.layers().count();
        let all = vec![vec![true; layers]; model.types.len()];
        let mut presence = Self {
            model,
            own: all.clone(),
            shown: all,
        };
        while presence.refine() {}
        presence
    }

    fn refine(&mut self) -> bool {
        let mut changed = false;
        for at in 0..self.model.types.len() {
            let ty = &self.model.types[at];
            let substitute = self
                .model
                .rules
                .substitutes
                .iter()
                .find(|rule| rule.ty == ty.name);
            let always = substitute.is_some_and(|rule| rule.always);
            for (slot, layer) in self.model.layers().enumerate() {
                let own =
                    self.own[at][slot] && ty.constructors.iter().all(|c| self.is_total(*c, layer));
                // A substitute helps where the type is known at all.
                let known = ty
                    .constructors
                    .iter()
                    .any(|c| form_at(&self.model.combinators[*c], layer).is_some());
                let shown = own || (always && known);
                changed |= (own, shown) != (self.own[at][slot], self.shown[at][slot]);
                self.own[at][slot] = own;
                self.shown[at][slot] = shown;
            }
        }
        changed
    }

    /// Whether every value of a constructor or function has a form at `layer`.
    pub(crate) fn is_total(&self, index: CombinatorIndex, layer: u16) -> bool {
        let combinator = &self.model.combinators[index];
        let Some(form) = form_at(combinator, layer) else {
            return false;
        };
        let sometimes = combinator
            .forms
            .iter()
            .filter(|form| form.when.is_some() && form.layers.contains(layer));
        sometimes
            .chain([form])
            .all(|form| self.form_is_total(combinator, form, layer))
    }

    fn form_is_total(&self, combinator: &Combinator, form: &Form, layer: u16) -> bool {
        form.fields
            .iter()
            .filter(|field| field.condition.is_none())
            .all(|field| {
                let fallible = match self.down(combinator, form, field) {
                    Some(Down::Rule(expression)) => expression.fallible,
                    Some(Down::Same) | None => false,
                };
                !fallible && self.is_shown(&field.ty, layer)
            })
    }

    /// Whether every value of `ty` has a form at `layer`, or a substitute.
    pub(crate) fn is_shown(&self, ty: &Ty, layer: u16) -> bool {
        match ty {
            Ty::Boxed(index) => self.shown[*index][usize::from(layer - self.model.oldest)],
            Ty::Bare(index) => self.is_total(*index, layer),
            // Whatever is wrapped may lack a form.
            Ty::Query(_) => false,
            _ => true,
        }
    }

    /// From which layer on every value of `ty` has a form or a substitute.
    pub(crate) fn shown_from(&self, ty: &Ty) -> u16 {
        self.from(|layer| self.is_shown(ty, layer))
    }

    /// From which layer on every value of a type has a form without a substitute.
    pub(crate) fn own_from(&self, index: TypeIndex) -> u16 {
        self.from(|layer| self.own[index][usize::from(layer - self.model.oldest)])
    }

    fn from(&self, holds: impl Fn(u16) -> bool) -> u16 {
        let failing = self.model.layers().rev().find(|layer| !holds(*layer));
        failing.map_or(0, |layer| layer + 1)
    }

    /// How a field of an old form is made; `None` if it takes a rule that is missing.
    pub(crate) fn down(
        &self,
        combinator: &Combinator,
        form: &Form,
        field: &Field,
    ) -> Option<Down<'a>> {
        let same = combinator
            .newest()
            .field(&field.name)
            .is_some_and(|newest| {
                let sometimes = newest.condition.is_some() && field.condition.is_none();
                newest.ty == field.ty && (!sometimes || field.ty == Ty::Flag)
            });
        let rule = rule(self.model, combinator, form, &field.name, same);
        match rule.and_then(|(_, rule)| rule.down.as_ref()) {
            Some(down) => Some(Down::Rule(down)),
            None => same.then_some(Down::Same),
        }
    }

    /// How a field of the newest value is made; `None` if it takes a rule that is missing.
    pub(crate) fn up(&self, combinator: &Combinator, form: &Form, field: &Field) -> Option<Up<'a>> {
        let optional = field.condition.is_some();
        let old = form.field(&field.name).filter(|old| old.ty == field.ty);
        let same = old.and_then(|old| match (old.condition.is_some(), optional) {
            (false, true) => Some(Up::Same {
                wrap: field.ty != Ty::Flag,
            }),
            (true, false) => None,
            (true, true) | (false, false) => Some(Up::Same { wrap: false }),
        });
        let rule = rule(self.model, combinator, form, &field.name, same.is_some());
        match rule.and_then(|(_, rule)| rule.up.as_ref()) {
            Some(up) => Some(Up::Rule(up)),
            None => same.or_else(|| optional.then_some(Up::Absent)),
        }
    }
}

/// The rule for a field of an old form, or for its result (`=`). Where equal name and type already
/// convert it (`same`), only a rule that names its layers is meant.
pub(crate) fn rule<'a>(
    model: &'a Model,
    combinator: &Combinator,
    form: &Form,
    field: &str,
    same: bool,
) -> Option<(usize, &'a Conversion)> {
    if std::ptr::eq(form, combinator.newest()) {
        return None;
    }
    let mut rules = model
        .rules
        .conversions
        .iter()
        .enumerate()
        .filter(|(_, rule)| {
            rule.kind == combinator.kind
                && rule.name == form.name
                && rule.field == field
                && rule
                    .layers
                    .as_ref()
                    .map_or(!same, |layers| layers.contains(form.from))
        });
    rules.next()
}

/// The form that is written at `layer`: its own, or else an alias.
pub(crate) fn form_at(combinator: &Combinator, layer: u16) -> Option<&Form> {
    let written = |form: &&Form| form.layers.contains(layer);
    let own = combinator
        .forms
        .iter()
        .filter(|form| !form.alias)
        .find(written);
    let alias = |form: &&Form| form.alias && form.when.is_none() && written(form);
    own.or_else(|| combinator.forms.iter().find(alias))
}
