//! Older wire forms of a constructor or function, and the choice among its forms by layer.

use std::fmt::Write as _;

use super::{
    codec::{Codec, layer_pattern},
    item::{form_function, generics},
};
use crate::{
    layout::Shape,
    model::{CombinatorIndex, Form},
};

/// All functions of one constructor or function that live in `forms`.
pub(super) fn form_items(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    let mut out = String::new();
    for form in combinator.forms.iter().skip(1) {
        out.push_str(&read_function(codec, index, form));
        if form.is_written() {
            out.push_str(&write_function(codec, index, form));
        }
    }
    if !codec.has_one_form(index) {
        out.push_str(&choice(codec, index));
    }
    if !codec.is_always_shown(index) {
        out.push_str(&shows(codec, index));
    }
    out
}

fn read_function(codec: &Codec<'_>, index: CombinatorIndex, form: &Form) -> String {
    let ty = codec.read_type(index);
    let body = codec.read(index, form);
    format!(
        "/// `{}`\npub(crate) fn read_{:08x}(rd: &mut Reader<'_>) -> Result<{ty}, DecodeError> {{ {body} }}\n",
        form.text, form.id
    )
}

fn write_function(codec: &Codec<'_>, index: CombinatorIndex, form: &Form) -> String {
    let ty = codec.handled_type(index);
    let destructure = codec.destructure(index, "return");
    let body = codec.write(index, form, true);
    format!(
        "fn write_{:08x}(v: &{ty}, wr: &mut Writer) {{ {destructure}{body} }}\n",
        form.id
    )
}

/// Writes the form of the writer's layer.
fn choice(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    let newest = combinator.newest();
    let mut arms = String::new();
    for form in codec.written_forms(index) {
        let write = match (std::ptr::eq(form, newest), codec.layout.shape(index)) {
            (true, Shape::Inline { .. }) => format!("{{ {} }}", codec.write(index, form, true)),
            (true, _) => "v.write_boxed(wr)".into(),
            (false, _) => format!("write_{:08x}(v, wr)", form.id),
        };
        let when = form
            .when
            .as_ref()
            .map_or(String::new(), |when| format!(" if {when}"));
        let _ = writeln!(arms, "{}{when} => {write},", layer_pattern(form));
    }
    let needs_fields = codec
        .written_forms(index)
        .iter()
        .any(|form| form.when.is_some())
        || matches!(codec.layout.shape(index), Shape::Inline { .. });
    let destructure = if needs_fields {
        codec.destructure(index, "return")
    } else {
        String::new()
    };
    let name = combinator.name.to_string();
    format!(
        "pub(crate) fn {}{}(v: &{}{}, wr: &mut Writer) {{ {destructure}\
         match wr.layer().0 {{ {arms} _ => wr.fail({name:?}) }} }}\n",
        form_function(codec, index, "write"),
        generics(&combinator.generics, ": Encode"),
        codec.handled_type(index),
        generics(&combinator.generics, "")
    )
}

/// Whether a value has a form at a layer.
fn shows(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    let mut arms = String::new();
    let mut needs_fields = false;
    for form in codec.written_forms(index) {
        let shows = codec.shows(index, form);
        needs_fields |= shows.is_some() || form.when.is_some();
        let shows = shows.unwrap_or_else(|| "true".into());
        let when = form
            .when
            .as_ref()
            .map_or(String::new(), |when| format!(" if {when}"));
        let _ = writeln!(arms, "{}{when} => {shows},", layer_pattern(form));
    }
    let destructure = if needs_fields {
        codec.destructure(index, "return false")
    } else {
        String::new()
    };
    format!(
        "pub(crate) fn {}{}(v: &{}{}, at_layer: Layer) -> bool {{ {destructure}\
         match at_layer.0 {{ {arms} _ => false }} }}\n",
        form_function(codec, index, "shows"),
        generics(&combinator.generics, ": Encode"),
        codec.handled_type(index),
        generics(&combinator.generics, "")
    )
}
