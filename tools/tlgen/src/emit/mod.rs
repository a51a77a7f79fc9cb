//! A model to Rust source files.

mod codec;
mod form;
mod item;
mod rpc;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    ast::{Kind, Name},
    layout::{Layout, Shape, module},
    model::Model,
    presence::Presence,
};
use codec::Codec;
pub(crate) use codec::{group_name, word_name};
pub(crate) use rpc::{call_variant, method_name};

/// What to generate, and around what.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the codec runtime is: `tl`, or `crate::tl` if it is part of the output.
    pub runtime: String,
    /// The command that makes these files, for their first line.
    pub command: String,
    /// Also a server dispatch trait and a client call shape.
    pub rpc: bool,
}

/// Source files by their path below the folder of the generated module, `mod.rs` at its top.
pub fn files(model: &Model, options: &Options) -> BTreeMap<String, String> {
    let layout = Layout::new(model);
    let presence = Presence::new(model);
    let codec = Codec {
        layout: &layout,
        presence: &presence,
    };
    let mut files = Files {
        options,
        modules: BTreeMap::new(),
        compat: !model.rules.conversions.is_empty(),
    };
    for at in 0..model.types.len() {
        let name = &model.types[at].name;
        files.add("types", name, &item::type_item(&codec, at));
    }
    for (index, combinator) in model.combinators.iter().enumerate() {
        match (combinator.kind, layout.shape(index)) {
            (Kind::Function, _) => {
                files.add(
                    "functions",
                    &combinator.name,
                    &rpc::function_item(&codec, index),
                );
            }
            (_, Shape::Payload { .. }) => {
                files.add(
                    "constructors",
                    &combinator.name,
                    &item::struct_item(&codec, index),
                );
            }
            _ => {}
        }
        files.add("forms", &combinator.name, &form::form_items(&codec, index));
    }
    files.finish(&codec)
}

/// Namespaced modules while they grow.
struct Files<'a> {
    options: &'a Options,
    modules: BTreeMap<(&'static str, Option<String>), String>,
    /// Where the functions are that rules call.
    compat: bool,
}

impl Files<'_> {
    fn add(&mut self, module: &'static str, name: &Name, text: &str) {
        let namespace = name.namespace.as_deref().map(self::module);
        let file = self.modules.entry((module, namespace)).or_default();
        file.push_str(text);
    }

    fn finish(self, codec: &Codec<'_>) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        let tops: BTreeSet<_> = self.modules.keys().map(|(module, _)| *module).collect();
        for module in &tops {
            let namespaces: Vec<_> = self
                .modules
                .iter()
                .filter(|((of, namespace), text)| {
                    of == module && namespace.is_some() && !text.is_empty()
                })
                .filter_map(|((_, namespace), _)| namespace.clone())
                .collect();
            let root = self
                .modules
                .get(&(*module, None))
                .cloned()
                .unwrap_or_default();
            let mut text = self.head(describe(module));
            let visibility = if *module == "forms" {
                "pub(crate)"
            } else {
                "pub"
            };
            for namespace in &namespaces {
                let _ = writeln!(text, "{visibility} mod {namespace};");
                let inner = &self.modules[&(*module, Some(namespace.clone()))];
                let about = format!("{} Namespace `{namespace}`.", describe(module));
                let file = format!("{}{}{inner}", self.head(&about), self.imports());
                out.insert(format!("{module}/{namespace}.rs"), file);
            }
            text.push_str(&self.imports());
            text.push_str(&root);
            out.insert(format!("{module}/mod.rs"), text);
        }
        let model = codec.layout.model;
        let calls = model.combinators.iter().any(|c| c.kind == Kind::Function);
        let mut others = vec![("any", table::any(codec)), ("name", table::names(model))];
        if calls {
            others.push(("call", rpc::call(codec)));
        }
        if calls && self.options.rpc {
            others.push(("rpc", rpc::traits(codec)));
        }
        let mut top = self.head("Everything that is generated from the schema.");
        top.push_str("#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction, clippy::nursery, unused_imports, unused_parens, unused_qualifications, unused_variables, unreachable_patterns, non_camel_case_types, non_contiguous_range_endpoints, overlapping_range_endpoints, dead_code, reason = \"generated\")]\n\n");
        for module in ["constructors", "forms", "functions", "types"] {
            let visibility = if module == "forms" {
                "pub(crate)"
            } else {
                "pub"
            };
            if !tops.contains(module) {
                let _ = writeln!(top, "{visibility} mod {module} {{}}");
                continue;
            }
            let _ = writeln!(top, "{visibility} mod {module};");
        }
        for (name, body) in others {
            let _ = writeln!(top, "pub mod {name};");
            let text = format!("{}{}{body}", self.head(describe(name)), self.imports());
            out.insert(format!("{name}.rs"), text);
        }
        let newest = model
            .newest
            .map_or_else(|| "u16::MAX".into(), |layer| layer.to_string());
        let _ = write!(
            top,
            "\n/// The oldest layer with forms of its own.\npub const OLDEST_LAYER: u16 = {};\n\
             /// The newest layer, whose shapes the types have.\npub const NEWEST_LAYER: u16 = {newest};\n",
            model.oldest
        );
        out.insert("mod.rs".into(), top);
        out
    }

    fn head(&self, about: &str) -> String {
        format!(
            "//! {about}\n//!\n//! Generated by `{}`; do not edit.\n\n",
            self.options.command
        )
    }

    fn imports(&self) -> String {
        let runtime = &self.options.runtime;
        let compat = if self.compat {
            "use crate::compat::*;\n"
        } else {
            ""
        };
        format!(
            "use {runtime}::{{Bare, Bytes, Decode, DecodeError, Encode, Function, Layer, Reader, Rest, Str, Writer, high, low}};\n\
             use super::*;\nuse crate::{{constructors, forms, functions, types}};\n{compat}\n"
        )
    }
}

fn describe(module: &str) -> &'static str {
    match module {
        "any" => "Values whose type is only known by their id.",
        "call" => "Any request, by its id.",
        "constructors" => "The fields of variants that are too large to stand in their type.",
        "forms" => "Older wire forms, and the choice among them.",
        "functions" => "Requests.",
        "name" => "The names of all ids.",
        "rpc" => "What a server implements and what a client calls.",
        _ => "Types in their newest shape.",
    }
}
