//! `n:# items:n*[ fields ]`: on the wire the same as a bare vector, and so it is in memory. Several
//! repeated fields become a constructor of their own, which nobody sends with its id.

use crate::{
    ast::{Availability, Declaration, Kind, Name, Param, Schema, Type},
    error::{Error, Errors},
};

/// The fields that are repeated, if `items` is a repetition and `count` the number before it.
pub(crate) fn repetition<'a>(count: &Param, items: &'a Param) -> Option<&'a [Param]> {
    let Type::Repeat {
        count: times,
        fields,
    } = &items.ty
    else {
        return None;
    };
    let counted = count.ty == Type::Nat && count.condition.is_none() && *times == count.name;
    (counted && items.condition.is_none()).then_some(fields.as_slice())
}

/// The type of what is repeated: that of a single field, or the bare constructor made of several.
pub(crate) fn item_type(declaration: &Declaration, items: &Param, fields: &[Param]) -> Type {
    let [
        Param {
            condition: None,
            ty,
            ..
        },
    ] = fields
    else {
        return Type::Named {
            name: constructor_name(declaration, items),
            bare: true,
            args: vec![],
        };
    };
    ty.clone()
}

/// Adds a constructor for each repetition of several fields.
///
/// # Errors
/// A name is taken, or the fields differ from one layer to the next.
pub(crate) fn add_constructors(file: &str, schema: &mut Schema) -> Result<(), Errors> {
    let (mut at, mut errors) = (0, Vec::new());
    // Those that are added may repeat fields themselves.
    while let Some(declaration) = schema.declarations.get(at).cloned() {
        for pair in declaration.params.windows(2) {
            let [count, items] = pair else { continue };
            let Some(fields) = repetition(count, items) else {
                continue;
            };
            let single = matches!(
                fields,
                [Param {
                    condition: None,
                    ..
                }]
            );
            if single || items.name.is_none() {
                continue;
            }
            let added = constructor(&declaration, items, fields);
            let known = schema
                .declarations
                .iter()
                .find(|known| known.kind == Kind::Constructor && known.name == added.name);
            match known {
                None => schema.declarations.push(added),
                Some(known) if known.text == added.text => {}
                Some(_) => errors.push(Error {
                    file: file.into(),
                    position: items.position,
                    problem: format!("the repeated fields would be a second `{}`", added.name),
                    expected: "a constructor of their own, and a vector of it".into(),
                }),
            }
        }
        at += 1;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Errors(errors))
    }
}

fn constructor(declaration: &Declaration, items: &Param, fields: &[Param]) -> Declaration {
    let name = constructor_name(declaration, items);
    let mut result = name.clone();
    result.ident[..1].make_ascii_uppercase();
    let fields_text: String = fields.iter().map(|field| format!(" {field}")).collect();
    Declaration {
        kind: Kind::Constructor,
        text: format!("{name}{fields_text} = {result}"),
        explicit_id: None,
        implicit: Vec::new(),
        params: fields.to_vec(),
        result: Type::Named {
            name: result,
            bare: false,
            args: Vec::new(),
        },
        availability: Availability::Always,
        id_kept: false,
        section: declaration.section.clone(),
        position: items.position,
        name,
    }
}

/// `order.line` with `parts:n*[ … ]` gives `order.line_parts`.
fn constructor_name(declaration: &Declaration, items: &Param) -> Name {
    let items = items.name.as_deref().unwrap_or_default();
    let Name { namespace, ident } = &declaration.name;
    Name {
        namespace: namespace.clone(),
        ident: format!("{ident}_{items}"),
    }
}
