//! Structs and enums with their codec.

use std::fmt::Write as _;

use super::codec::Codec;
use crate::{
    ast::Kind,
    layout::{Shape, module, snake},
    model::{CombinatorIndex, Form, Ty, TypeIndex},
};

/// An enum of so few variants is written in place.
const INLINE_VARIANTS_MAX: usize = 4;

/// The item of a boxed type: a struct for one constructor, else an enum.
pub(super) fn type_item(codec: &Codec<'_>, at: TypeIndex) -> String {
    match codec.layout.model.types[at].constructors[..] {
        [only] => struct_item(codec, only) + &struct_codec(codec, only, at),
        _ => enum_item(codec, at) + &enum_codec(codec, at),
    }
}

/// A struct with its constructor and the codec of its fields.
pub(super) fn struct_item(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    let form = combinator.newest();
    let generics = generics(&combinator.generics, "");
    let name = last_segment(&codec.handled_type(index));
    let mut out = declaration_doc(form);
    out.push_str("#[derive(Clone, Debug, PartialEq)]\n");
    let fields: Vec<(String, String, bool)> = form
        .kept_fields()
        .map(|field| {
            let ty = codec.layout.field_type(field, codec.owner(index));
            (snake(&field.name), ty, field.condition.is_some())
        })
        .collect();
    let _ = write!(out, "pub struct {name}{generics} {{");
    for (field, ty, _) in &fields {
        let _ = write!(out, "pub {field}: {ty}, ");
    }
    out.push_str("}\n");
    if fields.iter().any(|(_, _, optional)| *optional) {
        let _ = writeln!(out, "impl{generics} {name}{generics} {{");
        out.push_str("/// With what is required; everything optional is absent.\n#[must_use]\n");
        let required: Vec<_> = fields.iter().filter(|(_, _, optional)| !optional).collect();
        let params = required
            .iter()
            .map(|(field, ty, _)| format!("{field}: {ty}"));
        let params = params.collect::<Vec<_>>().join(", ");
        let _ = write!(out, "pub fn new({params}) -> Self {{ Self {{");
        for (field, ty, optional) in &fields {
            let _ = match (optional, ty.as_str()) {
                (false, _) => write!(out, "{field}, "),
                (true, "bool") => write!(out, "{field}: false, "),
                (true, _) => write!(out, "{field}: None, "),
            };
        }
        out.push_str("} }\n}\n");
    }
    let decode = self::generics(&combinator.generics, ": Decode");
    let encode = self::generics(&combinator.generics, ": Encode");
    let read = codec.read(index, form);
    let boxed_self = codec.read_type(index).starts_with("Box<");
    let read_type = if boxed_self { "Box<Self>" } else { "Self" };
    let destructure = codec.destructure(index, "return");
    let boxed = codec.write(index, form, true);
    let _ = write!(
        out,
        "impl{decode} {name}{generics} {{\n\
         pub(crate) fn read(rd: &mut Reader<'_>) -> Result<{read_type}, DecodeError> {{ {read} }}\n}}\n\
         impl{encode} {name}{generics} {{\n\
         pub(crate) fn write_boxed(&self, wr: &mut Writer) {{ let v = self; {destructure}{boxed} }}\n}}\n"
    );
    if codec.is_bare(index) {
        let bare = codec.write(index, form, false);
        let boxed = codec.read_type(index).starts_with("Box<");
        let from_self = if boxed {
            "Self::read(rd).map(|v| *v)"
        } else {
            "Self::read(rd)"
        };
        let _ = write!(
            out,
            "impl Bare for {name} {{\n\
             fn read(rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{ {from_self} }}\n\
             fn write(&self, wr: &mut Writer) {{ let v = self; {destructure}{bare} }}\n}}\n"
        );
    }
    out
}

/// `Decode` and `Encode` of a boxed type with one constructor.
fn struct_codec(codec: &Codec<'_>, index: CombinatorIndex, at: TypeIndex) -> String {
    let def = &codec.layout.model.types[at];
    let name = last_segment(&codec.handled_type(index));
    let arms = read_arms(codec, index, "");
    let type_name = def.name.to_string();
    let (enter, leave) = depth_guard(def.recursive, &type_name);
    let len_min = len_min(codec, index);
    let (write, has_form) = struct_encode(codec, index);
    format!(
        "impl Decode for {name} {{\nconst LEN_MIN: usize = {len_min};\n\
         fn decode(rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         {enter}let id = rd.u32()?;\n\
         let value = match id {{ {arms} _ => Err(DecodeError::UnknownId {{ id, type_name: {type_name:?} }}) }}?;\n\
         {leave}Ok(value) }}\n}}\n\
         impl Encode for {name} {{\nfn encode(&self, wr: &mut Writer) {{ {write} }}\n{has_form}}}\n"
    )
}

/// How a struct is written, and its `has_form` if not all layers know it.
pub(super) fn struct_encode(codec: &Codec<'_>, index: CombinatorIndex) -> (String, String) {
    let write = write_call(codec, index, "self");
    let has_form = if codec.is_always_shown(index) {
        String::new()
    } else {
        let shows = form_path(codec, index, "shows");
        format!("fn has_form(&self, at_layer: Layer) -> bool {{ {shows}(self, at_layer) }}\n")
    };
    (write, has_form)
}

fn enum_item(codec: &Codec<'_>, at: TypeIndex) -> String {
    let def = &codec.layout.model.types[at];
    let name = last_segment(&codec.layout.rust_type(&Ty::Boxed(at)));
    let mut out = format!(
        "/// `{}`\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n",
        def.name
    );
    for index in &def.constructors {
        let form = codec.combinator(*index).newest();
        out.push_str(&declaration_doc(form));
        match codec.layout.shape(*index) {
            Shape::Payload { path, variant, .. } => {
                let _ = writeln!(out, "{variant}(Box<{path}>),");
            }
            Shape::Inline { variant, .. } if form.kept_fields().next().is_none() => {
                let _ = writeln!(out, "{variant} {{}},");
            }
            Shape::Inline { variant, .. } => {
                let _ = write!(out, "{variant} {{");
                for field in form.kept_fields() {
                    let ty = codec.layout.field_type(field, Some(at));
                    let _ = write!(out, "{}: {ty}, ", snake(&field.name));
                }
                out.push_str("},\n");
            }
            Shape::Struct { .. } => {}
        }
    }
    out.push_str("}\n");
    out
}

fn enum_codec(codec: &Codec<'_>, at: TypeIndex) -> String {
    let model = codec.layout.model;
    let def = &model.types[at];
    let name = last_segment(&codec.layout.rust_type(&Ty::Boxed(at)));
    let type_name = def.name.to_string();
    let (enter, leave) = depth_guard(def.recursive, &type_name);
    let mut reads = String::new();
    let mut writes = String::new();
    for index in &def.constructors {
        let variant = codec.layout.variant(*index).unwrap_or_default();
        match codec.layout.shape(*index) {
            Shape::Payload { .. } => {
                reads.push_str(&read_arms(codec, *index, &format!("Self::{variant}")));
                let write = write_call(codec, *index, "v");
                let _ = writeln!(writes, "Self::{variant}(v) => {{ {write} }}");
            }
            Shape::Inline { .. } => {
                reads.push_str(&read_arms(codec, *index, ""));
                let form = codec.combinator(*index).newest();
                if codec.has_one_form(*index) {
                    let fields: Vec<_> =
                        form.kept_fields().map(|field| snake(&field.name)).collect();
                    let fields = fields.join(", ");
                    let body = codec.write(*index, form, true);
                    let _ = writeln!(writes, "Self::{variant} {{ {fields} }} => {{ {body} }}");
                } else {
                    let write = write_call(codec, *index, "self");
                    let _ = writeln!(writes, "Self::{variant} {{ .. }} => {{ {write} }}");
                }
            }
            Shape::Struct { .. } => {}
        }
    }
    let unknown = match model
        .rules
        .accepts
        .iter()
        .find(|accept| accept.ty == def.name)
    {
        None => format!("_ => Err(DecodeError::UnknownId {{ id, type_name: {type_name:?} }}),"),
        Some(accept) => {
            let other = crate::layout::path("types", &accept.other);
            format!(
                "_ => {{ let unknown = DecodeError::UnknownId {{ id, type_name: {type_name:?} }};\n\
                 match {other}::decode_id(id, rd) {{\n\
                 Ok(value) => ({}).ok_or(unknown),\n\
                 Err(DecodeError::UnknownId {{ id: inner, .. }}) if inner == id => Err(unknown),\n\
                 Err(error) => Err(error) }} }}",
                accept.expression
            )
        }
    };
    let len_min = def
        .constructors
        .iter()
        .map(|c| len_min(codec, *c))
        .min()
        .unwrap_or(4);
    let len_min = if model.rules.accepts.iter().any(|a| a.ty == def.name) {
        4
    } else {
        len_min
    };
    let small = def.constructors.len() <= INLINE_VARIANTS_MAX;
    let inline = if small { "#[inline] " } else { "" };
    let mut out = format!(
        "impl Decode for {name} {{\nconst LEN_MIN: usize = {len_min};\n\
         fn decode(rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         {enter}let id = rd.u32()?;\nlet value = Self::decode_id(id, rd)?;\n{leave}Ok(value) }}\n}}\n\
         impl {name} {{\n\
         pub(crate) fn decode_id(id: u32, rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         match id {{ {reads} {unknown} }} }}\n\
         {inline}fn write(&self, wr: &mut Writer) {{ match self {{ {writes} }} }}\n}}\n"
    );
    out.push_str(&enum_encode(codec, at, &name));
    out
}

fn enum_encode(codec: &Codec<'_>, at: TypeIndex, name: &str) -> String {
    let model = codec.layout.model;
    let def = &model.types[at];
    let own_from = codec.presence.own_from(at);
    if own_from == 0 {
        return format!(
            "impl Encode for {name} {{ #[inline] fn encode(&self, wr: &mut Writer) {{ self.write(wr); }} }}\n"
        );
    }
    let shown_from = codec.presence.shown_from(&Ty::Boxed(at));
    let mut arms = String::new();
    for index in def
        .constructors
        .iter()
        .filter(|index| !codec.is_always_shown(**index))
    {
        let shows = form_path(codec, *index, "shows");
        let variant = codec.layout.variant(*index).unwrap_or_default();
        let _ = match codec.layout.shape(*index) {
            Shape::Payload { .. } => writeln!(arms, "Self::{variant}(v) => {shows}(v, at_layer),"),
            _ => writeln!(arms, "Self::{variant} {{ .. }} => {shows}(self, at_layer),"),
        };
    }
    let rule = model
        .rules
        .substitutes
        .iter()
        .find(|rule| rule.ty == def.name);
    let substitute = match rule {
        None => String::new(),
        Some(rule) => {
            let value = match rule.always {
                true => format!("Some({})", rule.expression),
                false => rule.expression.clone(),
            };
            format!(
                "fn substitute(&self, at_layer: Layer) -> Option<Self> {{ let value = self; {value} }}\n"
            )
        }
    };
    let type_name = def.name.to_string();
    let otherwise = match rule {
        None => format!("return wr.fail({type_name:?});"),
        Some(_) => format!(
            "return match self.substitute(at_layer) {{\n\
             Some(v) if v.own_form(at_layer) => v.write(wr), _ => wr.fail({type_name:?}) }};"
        ),
    };
    let or_substitute = match rule {
        None => "",
        Some(_) => " || self.substitute(at_layer).is_some_and(|v| v.own_form(at_layer))",
    };
    let has_form = if shown_from == 0 {
        String::new()
    } else {
        format!(
            "fn has_form(&self, at_layer: Layer) -> bool {{\n\
             at_layer.0 >= {shown_from} || self.own_form(at_layer){or_substitute} }}\n"
        )
    };
    format!(
        "impl {name} {{\nfn own_form(&self, at_layer: Layer) -> bool {{ match self {{ {arms} _ => true }} }}\n{substitute}}}\n\
         impl Encode for {name} {{\nfn encode(&self, wr: &mut Writer) {{\nlet at_layer = wr.layer();\n\
         if at_layer.0 < {own_from} && !self.own_form(at_layer) {{ {otherwise} }}\nself.write(wr); }}\n{has_form}}}\n"
    )
}

/// `id => read,` for each form. A payload is wrapped by `wrap`.
pub(super) fn read_arms(codec: &Codec<'_>, index: CombinatorIndex, wrap: &str) -> String {
    let mut out = String::new();
    for (position, form) in codec.combinator(index).forms.iter().enumerate() {
        let inline = matches!(codec.layout.shape(index), Shape::Inline { .. });
        let read = match (position, inline) {
            (0, true) => format!("{{ {} }}", codec.read(index, form)),
            // The type variables of a function are inferred.
            (0, false) => format!("{}::read(rd)", codec.handled_type(index)),
            _ => format!(
                "{}(rd)",
                form_path_of(codec, index, &format!("read_{:08x}", form.id))
            ),
        };
        let _ = match wrap {
            "" => writeln!(out, "0x{:08x} => {read},", form.id),
            _ => writeln!(out, "0x{:08x} => {read}.map({wrap}),", form.id),
        };
    }
    out
}

/// The call that writes a value in the form of the writer's layer.
pub(super) fn write_call(codec: &Codec<'_>, index: CombinatorIndex, value: &str) -> String {
    let forms = format!("{}({value}, wr);", form_path(codec, index, "write"));
    match (codec.has_one_form(index), codec.layout.shape(index)) {
        (true, Shape::Struct { .. } | Shape::Payload { .. }) => format!("{value}.write_boxed(wr);"),
        (false, Shape::Struct { .. } | Shape::Payload { .. }) => {
            let newest = codec.combinator(index).newest();
            // Most clients are new; the choice among the older forms is out of their way.
            match newest.layers.0.last() {
                Some((from, None)) if newest.when.is_none() => format!(
                    "if wr.layer().0 >= {from} {{ {value}.write_boxed(wr); }} else {{ {forms} }}"
                ),
                _ => forms,
            }
        }
        _ => forms,
    }
}

/// `forms::messages::write_t_poll`
pub(super) fn form_path(codec: &Codec<'_>, index: CombinatorIndex, verb: &str) -> String {
    form_path_of(codec, index, &form_function(codec, index, verb))
}

pub(super) fn form_function(codec: &Codec<'_>, index: CombinatorIndex, verb: &str) -> String {
    let combinator = codec.combinator(index);
    let kind = if combinator.kind == Kind::Function {
        "f"
    } else {
        "t"
    };
    let ident = snake(&combinator.name.ident);
    format!("{verb}_{kind}_{}", ident.trim_end_matches('_'))
}

fn form_path_of(codec: &Codec<'_>, index: CombinatorIndex, function: &str) -> String {
    match &codec.combinator(index).name.namespace {
        Some(namespace) => format!("forms::{}::{function}", module(namespace)),
        None => format!("forms::{function}"),
    }
}

fn depth_guard(recursive: bool, type_name: &str) -> (String, &'static str) {
    match recursive {
        true => (format!("rd.enter({type_name:?})?;\n"), "rd.leave();\n"),
        false => (String::new(), ""),
    }
}

/// The fewest bytes that any form takes, its id included.
fn len_min(codec: &Codec<'_>, index: CombinatorIndex) -> usize {
    fn ty_len(ty: &Ty) -> usize {
        match ty {
            Ty::Long | Ty::Double | Ty::Vector(_) => 8,
            Ty::Int128 => 16,
            Ty::Int256 => 32,
            Ty::Flag | Ty::Object | Ty::Query(_) | Ty::Bare(_) => 0,
            _ => 4,
        }
    }
    let form_len = |form: &Form| {
        let required = form.fields.iter().filter(|field| field.condition.is_none());
        4 + required.map(|field| ty_len(&field.ty)).sum::<usize>()
    };
    codec
        .combinator(index)
        .forms
        .iter()
        .map(form_len)
        .min()
        .unwrap_or(4)
}

pub(super) fn declaration_doc(form: &Form) -> String {
    format!("/// `{}`\n", form.text)
}

pub(super) fn generics(names: &[String], bound: &str) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<_> = names.iter().map(|name| format!("{name}{bound}")).collect();
    format!("<{}>", names.join(", "))
}

pub(super) fn last_segment(path: &str) -> String {
    path.rsplit("::").next().unwrap_or(path).to_owned()
}
