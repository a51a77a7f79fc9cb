//! Functions, the enum of all calls, and what server and client make of them.

use std::fmt::Write as _;

use super::{
    codec::{Codec, layer_pattern},
    item::{form_path, generics, last_segment, read_arms, struct_encode, struct_item},
};
use crate::{
    ast::Kind,
    layout::{pascal, path, snake},
    model::{Combinator, CombinatorIndex, Ty},
    presence::rule,
};

/// A call larger than this is boxed within [`Call`](call).
const CALL_FIELDS_MAX: usize = 2;

/// The struct of a function and what it answers.
pub(super) fn function_item(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    let name = last_segment(&codec.handled_type(index));
    let plain = generics(&combinator.generics, "");
    let decode = generics(&combinator.generics, ": Decode");
    let encode = generics(&combinator.generics, ": Encode");
    let function = generics(&combinator.generics, ": Function");
    let tl_name = combinator.name.to_string();
    let arms = read_arms(codec, index, "");
    let (write, has_form) = struct_encode(codec, index);
    let result = result_type(codec, combinator);
    let id = combinator.newest().id;
    let conversions = result_conversions(codec, index);
    let mut out = struct_item(codec, index);
    let _ = write!(
        out,
        "impl{decode} Decode for {name}{plain} {{\n\
         fn decode(rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         match rd.u32()? {{ {arms} id => Err(DecodeError::UnknownId {{ id, type_name: {tl_name:?} }}) }} }}\n}}\n\
         impl{encode} Encode for {name}{plain} {{\nfn encode(&self, wr: &mut Writer) {{ {write} }}\n{has_form}}}\n\
         impl{function} Function for {name}{plain} {{\ntype Result = {result};\n\
         const ID: u32 = 0x{id:08x};\nconst NAME: &'static str = {tl_name:?};\n{conversions}}}\n"
    );
    out
}

fn result_type(codec: &Codec<'_>, combinator: &Combinator) -> String {
    match &combinator.result {
        Ty::Query(name) => format!("{name}::Result"),
        ty => codec.layout.rust_type(ty),
    }
}

/// Overrides for layers in which the function answers another type; for a wrapper, what the wrapped
/// function says.
fn result_conversions(codec: &Codec<'_>, index: CombinatorIndex) -> String {
    let combinator = codec.combinator(index);
    if let Ty::Query(inner) = &combinator.result {
        return format!(
            "fn decode_result(rd: &mut Reader<'_>, at_layer: Layer) -> Result<Self::Result, DecodeError> {{\n\
             {inner}::decode_result(rd, at_layer) }}\n\
             fn encode_result(value: &Self::Result, wr: &mut Writer) {{ {inner}::encode_result(value, wr); }}\n"
        );
    }
    let (mut reads, mut writes) = (String::new(), String::new());
    for form in codec
        .written_forms(index)
        .iter()
        .filter(|form| form.result != combinator.result)
    {
        let Some((_, rule)) = rule(codec.layout.model, combinator, form, "=", false) else {
            continue;
        };
        let layers = layer_pattern(form);
        let ty = codec.layout.rust_type(&form.result);
        let raw = rule.down.as_ref().is_some_and(|down| down.raw);
        let old = if raw { "Rest".into() } else { ty.clone() };
        let name = form.name.to_string();
        if let Some(down) = &rule.down {
            let _ = match down.fallible {
                true => writeln!(
                    writes,
                    "{layers} => {{ let old: Option<{old}> = {}; match old {{ Some(old) => old.encode(wr), None => wr.fail({name:?}) }} }}",
                    down.text
                ),
                false => {
                    writeln!(
                        writes,
                        "{layers} => {{ let old: {old} = {}; old.encode(wr); }}",
                        down.text
                    )
                }
            };
        }
        if let Some(up) = &rule.up {
            let value = match up.fallible {
                true => format!(
                    "({}).ok_or(DecodeError::Meaning {{ type_name: {name:?}, field: \"=\" }})",
                    up.text
                ),
                false => format!("Ok({})", up.text),
            };
            let _ = writeln!(
                reads,
                "{layers} => {{ let value: {ty} = Decode::decode(rd)?; {value} }}"
            );
        }
    }
    if reads.is_empty() && writes.is_empty() {
        return String::new();
    }
    format!(
        "fn decode_result(rd: &mut Reader<'_>, at_layer: Layer) -> Result<Self::Result, DecodeError> {{\n\
         match at_layer.0 {{ {reads} _ => Decode::decode(rd) }} }}\n\
         fn encode_result(value: &Self::Result, wr: &mut Writer) {{\n\
         match wr.layer().0 {{ {writes} _ => value.encode(wr) }} }}\n"
    )
}

struct Entry<'a> {
    index: CombinatorIndex,
    combinator: &'a Combinator,
    variant: String,
    path: String,
    boxed: bool,
}

fn entries<'a>(codec: &Codec<'a>) -> Vec<Entry<'a>> {
    let functions = codec.layout.model.combinators.iter().enumerate();
    functions
        .filter(|(_, combinator)| combinator.kind == Kind::Function)
        .map(|(index, combinator)| {
            let variant = call_variant(combinator);
            let path = path("functions", &combinator.name);
            let inner: Vec<_> = combinator.generics.iter().map(|_| "Call").collect();
            let path = match inner.is_empty() {
                true => path,
                false => format!("{path}<{}>", inner.join(", ")),
            };
            let boxed =
                !inner.is_empty() || combinator.newest().kept_fields().count() > CALL_FIELDS_MAX;
            Entry {
                index,
                combinator,
                variant,
                path,
                boxed,
            }
        })
        .collect()
}

/// `enum Call`, decoded by id.
pub(super) fn call(codec: &Codec<'_>) -> String {
    let entries = entries(codec);
    let mut out = String::from(
        "/// Any request. Decoded from the ids of all layers.\n\
         #[derive(Clone, Debug, PartialEq)]\npub enum Call {\n",
    );
    let (mut reads, mut writes, mut shows) = (String::new(), String::new(), String::new());
    let mut wrapper_reads = String::new();
    let (mut names, mut ids) = (String::new(), String::new());
    for Entry {
        index,
        combinator,
        variant,
        path,
        boxed,
    } in &entries
    {
        let ty = if *boxed {
            format!("Box<{path}>")
        } else {
            path.clone()
        };
        let _ = writeln!(out, "/// `{}`\n{variant}({ty}),", combinator.name);
        let wrap = if *boxed {
            "Self::{v}(Box::new(v))"
        } else {
            "Self::{v}(v)"
        };
        let wrap = wrap.replacen("{v}", variant, 1);
        for arm in read_arms(codec, *index, "")
            .lines()
            .filter(|line| !line.is_empty())
        {
            let arm = arm.trim_end_matches(',');
            let reads = match combinator.generics.is_empty() {
                true => &mut reads,
                false => &mut wrapper_reads,
            };
            let _ = writeln!(reads, "{arm}.map(|v| {wrap}),");
        }
        let _ = writeln!(writes, "Self::{variant}(v) => v.encode(wr),");
        if !codec.is_always_shown(*index) {
            let _ = writeln!(
                shows,
                "Self::{variant}(v) => {}(v, at_layer),",
                form_path(codec, *index, "shows")
            );
        }
        let _ = writeln!(
            names,
            "Self::{variant}(_) => {:?},",
            combinator.name.to_string()
        );
        let _ = writeln!(
            ids,
            "Self::{variant}(_) => 0x{:08x},",
            combinator.newest().id
        );
    }
    let _ = write!(
        out,
        "}}\nimpl Call {{\n\
         /// The name as the schema spells it.\npub fn name(&self) -> &'static str {{ match self {{ {names} }} }}\n\
         /// The id in the newest schema.\npub fn id(&self) -> u32 {{ match self {{ {ids} }} }}\n\n\
         /// Calls that hold no other one: its large frame is on the stack once.\n\
         #[inline(never)]\nfn read_plain(id: u32, rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         match id {{ {reads} id => Err(DecodeError::UnknownId {{ id, type_name: \"Call\" }}) }} }}\n}}\n\
         impl Decode for Call {{\nfn decode(rd: &mut Reader<'_>) -> Result<Self, DecodeError> {{\n\
         rd.enter(\"Call\")?;\nlet value = match rd.u32()? {{ {wrapper_reads}\
         id => Self::read_plain(id, rd) }}?;\nrd.leave();\nOk(value) }}\n}}\n\
         impl Encode for Call {{\nfn encode(&self, wr: &mut Writer) {{ match self {{ {writes} }} }}\n\
         fn has_form(&self, at_layer: Layer) -> bool {{ match self {{ {shows} _ => true }} }}\n}}\n"
    );
    out.push_str(&each_function(&entries));
    out
}

/// A macro that lists the types of all functions; who does not call it does not pay for it.
fn each_function(entries: &[Entry<'_>]) -> String {
    let mut types = String::new();
    for entry in entries.iter().filter(|e| e.combinator.generics.is_empty()) {
        let _ = writeln!(types, "$crate::{},", entry.path);
    }
    format!(
        "/// Calls the macro `$each` once, with the types of all functions, each followed by a comma: for a\n\
         /// table over functions, whose results differ in type. Functions around another one are left out.\n\
         #[macro_export]\nmacro_rules! for_each_function {{ ($each:ident) => {{ $each! {{ {types} }} }}; }}\n"
    )
}

/// What a server implements and what a client calls.
pub(super) fn traits(codec: &Codec<'_>) -> String {
    let (mut methods, mut arms, mut calls) = (String::new(), String::new(), String::new());
    for entry in entries(codec) {
        if entry.combinator.generics.is_empty() {
            methods.push_str(&service_method(codec, &entry));
            arms.push_str(&dispatch_arm(&entry));
            calls.push_str(&client_method(codec, &entry));
        } else {
            methods.push_str(&wrapper_method(&entry));
            arms.push_str(&wrapper_arm(&entry));
        }
    }
    format!(
        "use std::{{future::Future, pin::Pin}};\nuse super::call::Call;\n\n\
         /// A server: one method a function. What is not overridden is unsupported.\n\
         pub trait Service: Sync {{\n\
         /// Who calls, and whatever else a method must know.\ntype Context: Sync;\n\n\
         /// Why a call failed.\ntype Error: Send;\n\n\
         /// The error of a function that this server does not have.\nfn unsupported(&self, call: Call) -> Self::Error;\n\
         {methods}}}\n\n\
         /// Lets `service` answer `call` and writes the answer, in the forms of the writer's layer. Whether the\n\
         /// answer has such a form, the writer knows afterwards.\n\
         ///\n/// # Errors\n/// What the service says; the writer is as it was then, unless a wrapper wrote to it.\n\
         pub async fn dispatch<S: Service>(service: &S, context: &S::Context, call: Call, wr: &mut Writer) -> Result<(), S::Error> {{\n\
         match call {{ {arms} }} }}\n\n\
         /// A client: given one way to send a request, it has a method for each function.\n\
         pub trait Client {{\n/// Why a call failed.\ntype Error;\n\n\
         /// Sends a request and reads its answer.\n\
         fn call<F: Function + Send + 'static>(&self, request: F) -> impl Future<Output = Result<F::Result, Self::Error>> + Send;\n\
         {calls}}}\n"
    )
}

fn service_method(codec: &Codec<'_>, entry: &Entry<'_>) -> String {
    let result = result_type(codec, entry.combinator);
    let unsupported = unsupported(entry);
    format!(
        "\n/// `{text}`\nfn {method}(&self, context: &Self::Context, request: {path}) -> impl Future<Output = Result<{result}, Self::Error>> + Send {{\n\
         let _ = context; {unsupported} }}\n",
        text = entry.combinator.newest().text,
        method = method_name(entry.combinator),
        path = entry.path,
    )
}

fn dispatch_arm(
    Entry {
        combinator,
        variant,
        path,
        boxed,
        ..
    }: &Entry<'_>,
) -> String {
    let request = if *boxed { "*request" } else { "request" };
    let method = method_name(combinator);
    format!(
        "Call::{variant}(request) => {{ let value = service.{method}(context, {request}).await?; \
         <{path} as Function>::encode_result(&value, wr); Ok(()) }}\n"
    )
}

/// A function around another one: its method lets the inner call be dispatched and so writes itself.
fn wrapper_method(entry: &Entry<'_>) -> String {
    let unsupported = unsupported(entry);
    format!(
        "\n/// `{text}`\n///\n/// The method takes from the wrapper what it says and passes the inner call to [`dispatch`], \
         maybe with\n/// another context or, by [`Writer::set_layer`], for another layer.\n\
         fn {method}(&self, context: &Self::Context, request: {path}, wr: &mut Writer) -> impl Future<Output = Result<(), Self::Error>> + Send {{\n\
         let _ = (context, wr); {unsupported} }}\n",
        text = entry.combinator.newest().text,
        method = method_name(entry.combinator),
        path = entry.path,
    )
}

/// Boxed, because the method calls `dispatch` again.
fn wrapper_arm(
    Entry {
        combinator,
        variant,
        boxed,
        ..
    }: &Entry<'_>,
) -> String {
    let request = if *boxed { "*request" } else { "request" };
    let method = method_name(combinator);
    format!(
        "Call::{variant}(request) => {{\n\
         let answer: Pin<Box<dyn Future<Output = Result<(), S::Error>> + Send + '_>> = Box::pin(service.{method}(context, {request}, wr));\n\
         answer.await }}\n"
    )
}

fn unsupported(Entry { variant, boxed, .. }: &Entry<'_>) -> String {
    let request = if *boxed {
        "Box::new(request)"
    } else {
        "request"
    };
    format!("std::future::ready(Err(self.unsupported(Call::{variant}({request}))))")
}

fn client_method(
    codec: &Codec<'_>,
    Entry {
        combinator, path, ..
    }: &Entry<'_>,
) -> String {
    let result = result_type(codec, combinator);
    let (mut params, mut inits) = (String::new(), String::new());
    for field in combinator.newest().kept_fields() {
        let (name, ty) = (snake(&field.name), codec.layout.rust_type(&field.ty));
        let optional = field.condition.is_some() && field.ty != Ty::Flag;
        let init = match (optional, codec.layout.is_boxed(&field.ty, None)) {
            (_, false) => name.clone(),
            (false, true) => format!("{name}: Box::new({name})"),
            (true, true) => format!("{name}: {name}.map(Box::new)"),
        };
        let ty = if optional {
            format!("Option<{ty}>")
        } else {
            ty
        };
        let _ = write!(params, ", {name}: {ty}");
        let _ = write!(inits, "{init}, ");
    }
    format!(
        "\n/// `{text}`\nfn {method}(&self{params}) -> impl Future<Output = Result<{result}, Self::Error>> + Send {{\n\
         self.call({path} {{ {inits} }}) }}\n",
        text = combinator.newest().text,
        method = method_name(combinator),
    )
}

/// Of the function in both traits, which have a method of their own each.
pub(crate) fn method_name(combinator: &Combinator) -> String {
    let name = snake(&combinator.name.to_string().replace('.', "_"));
    match name.as_str() {
        "call" | "unsupported" => name + "_",
        _ => name,
    }
}

/// Of the function in the enum of all calls.
pub(crate) fn call_variant(combinator: &Combinator) -> String {
    let namespace = combinator
        .name
        .namespace
        .as_deref()
        .map(pascal)
        .unwrap_or_default();
    match format!("{namespace}{}", pascal(&combinator.name.ident)).as_str() {
        "Self" => "Self_".to_owned(),
        name => name.to_owned(),
    }
}
