//! Tables over all ids.

use std::fmt::Write as _;

use super::codec::Codec;
use crate::{
    ast::Kind,
    model::{Model, Ty},
};

/// `NAMES` and the look-up in it.
pub(super) fn names(model: &Model) -> String {
    let mut rows = String::new();
    for (id, at) in &model.by_id {
        let _ = writeln!(
            rows,
            "(0x{id:08x}, {:?}),",
            model.form(*at).name.to_string()
        );
    }
    let mut methods = String::new();
    for combinator in &model.combinators {
        if combinator.kind == Kind::Function && !combinator.gone {
            let (id, name) = (combinator.newest().id, combinator.name.to_string());
            let _ = writeln!(methods, "(0x{id:08x}, {name:?}),");
        }
    }
    format!(
        "/// Every id of every layer with its name, ascending.\npub const NAMES: &[(u32, &str)] = &[{rows}];\n\n\
         /// The functions of the newest layer.\npub const METHODS: &[(u32, &str)] = &[{methods}];\n\n\
         /// The name of an id of any layer.\npub fn name_of(id: u32) -> Option<&'static str> {{\n\
         let at = NAMES.binary_search_by_key(&id, |row| row.0).ok()?;\nSome(NAMES[at].1) }}\n"
    )
}

/// Decoding of any boxed value by its id.
pub(super) fn any(codec: &Codec<'_>) -> String {
    let model = codec.layout.model;
    let mut arms = String::new();
    for (at, ty) in model.types.iter().enumerate() {
        let ids: Vec<_> = ty
            .constructors
            .iter()
            .flat_map(|index| &model.combinators[*index].forms)
            .map(|form| format!("0x{:08x}", form.id))
            .collect();
        let path = codec.layout.rust_type(&Ty::Boxed(at));
        let _ = writeln!(arms, "{} => boxed::<{path}>(rd),", ids.join(" | "));
    }
    format!(
        "/// A value that can be written and looked at.\npub trait Value: Encode + std::fmt::Debug {{}}\n\
         impl<T: Encode + std::fmt::Debug> Value for T {{}}\n\n\
         fn boxed<T: Decode + Value + 'static>(rd: &mut Reader<'_>) -> Result<Box<dyn Value>, DecodeError> {{\n\
         Ok(Box::new(T::decode(rd)?)) }}\n\n\
         /// Reads a value of any boxed type of any layer: what an `Object` holds.\n///\n\
         /// # Errors\n/// The id is unknown, or its value is malformed.\n\
         pub fn decode_any(rd: &mut Reader<'_>) -> Result<Box<dyn Value>, DecodeError> {{\n\
         match rd.peek_id()? {{ {arms} id => Err(DecodeError::UnknownId {{ id, type_name: \"Object\" }}) }} }}\n"
    )
}
