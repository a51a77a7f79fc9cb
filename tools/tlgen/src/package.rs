//! A model to a whole crate that needs nothing but `bytes`: manifest, runtime, generated code, docs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{ast::Kind, emit, model::Model, output::MARK};

/// The runtime's sources: what a crate without a dependency on it carries as its module `tl`.
const RUNTIME: &[(&str, &str)] = &[
    ("mod.rs", include_str!("../../../crates/tl/src/lib.rs")),
    ("error.rs", include_str!("../../../crates/tl/src/error.rs")),
    ("layer.rs", include_str!("../../../crates/tl/src/layer.rs")),
    (
        "object.rs",
        include_str!("../../../crates/tl/src/object.rs"),
    ),
    (
        "primitive.rs",
        include_str!("../../../crates/tl/src/primitive.rs"),
    ),
    (
        "reader.rs",
        include_str!("../../../crates/tl/src/reader.rs"),
    ),
    (
        "string.rs",
        include_str!("../../../crates/tl/src/string.rs"),
    ),
    (
        "writer.rs",
        include_str!("../../../crates/tl/src/writer.rs"),
    ),
];

/// The oldest compiler that takes the generated code.
const RUST_VERSION: &str = "1.88";

/// What the crate is called, and how it comes to its runtime.
#[derive(Clone, Debug)]
pub struct Package {
    /// Of the crate: letters, digits, `-` and `_`.
    pub name: String,
    /// The schema's file, for the docs.
    pub schema: String,
    /// The command that makes these files, for their first lines.
    pub command: String,
    /// Where the codec runtime is.
    pub runtime: Runtime,
    /// The source of the module `compat`, whose functions the rules call.
    pub compat: Option<String>,
}

/// Where the codec runtime is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Copied into the crate.
    Embedded,
    /// A crate `tl` at this path.
    Path(String),
}

/// Whether cargo takes it as the name of a package.
pub fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// All files of the crate by their path below its folder.
pub fn files(model: &Model, package: &Package) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    files.insert("Cargo.toml".into(), package.manifest());
    files.insert("src/lib.rs".into(), package.lib(model));
    let runtime = match package.runtime {
        Runtime::Embedded => {
            files.extend(package.embedded_runtime());
            "crate::tl"
        }
        Runtime::Path(_) => "::tl",
    };
    if let Some(compat) = package.compat_module(model) {
        files.insert("src/compat.rs".into(), compat);
    }
    let command = package.command.clone();
    let options = emit::Options {
        runtime: runtime.into(),
        command,
        rpc: true,
    };
    let schema = emit::files(model, &options).into_iter();
    files.extend(schema.map(|(path, text)| (format!("src/schema/{path}"), text)));
    files
}

/// Puts a blank line between the items of formatted files, for people who read them.
pub fn space_items(files: &mut BTreeMap<String, String>) {
    for (_, text) in files.iter_mut().filter(|(path, _)| path.ends_with(".rs")) {
        let mut spaced = String::with_capacity(text.len());
        let mut after_item = false;
        for line in text.split_inclusive('\n') {
            if after_item && line != "\n" {
                spaced.push('\n');
            }
            after_item = line == "}\n";
            spaced.push_str(line);
        }
        *text = spaced;
    }
}

impl Package {
    /// As Rust code spells the name.
    fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    fn manifest(&self) -> String {
        let dependency = match &self.runtime {
            Runtime::Embedded => "bytes = \"1.10\"".to_owned(),
            Runtime::Path(path) => format!("tl = {{ path = {path:?} }}"),
        };
        format!(
            "# {MARK}{}`; do not edit.\n[package]\nname = \"{}\"\nversion = \"0.1.0\"\n\
             edition = \"2024\"\nrust-version = \"{RUST_VERSION}\"\npublish = false\n\n\
             [dependencies]\n{dependency}\n",
            self.command, self.name
        )
    }

    fn embedded_runtime(&self) -> impl Iterator<Item = (String, String)> {
        let (within, without) = ("crate::tl::", format!("use {}::tl::", self.crate_name()));
        let head = format!(
            "//! {MARK}{}` as a copy of the TL runtime; do not edit.\n//!\n",
            self.command
        );
        RUNTIME.iter().map(move |(name, text)| {
            let text = text
                .replace("\n#[cfg(test)]\nmod tests;\n", "")
                .replace("crate::", within)
                .replace("use tl::", &without);
            (format!("src/tl/{name}"), format!("{head}{text}"))
        })
    }

    fn compat_module(&self, model: &Model) -> Option<String> {
        let head = format!("//! {MARK}{}`: what the rules call.\n", self.command);
        match &self.compat {
            Some(text) => Some(format!("{head}//!\n{text}")),
            None if model.rules.conversions.is_empty() => None,
            None => Some(head + "//! They call nothing.\n"),
        }
    }

    fn lib(&self, model: &Model) -> String {
        let functions = model.combinators.iter().any(|c| c.kind == Kind::Function);
        let mut out = format!(
            "//! The types{} of `{}` in Rust.\n//!\n//! {MARK}{}`; do not edit.\n//!\n",
            if functions { " and calls" } else { "" },
            self.schema,
            self.command
        );
        out.push_str(CONTENT_DOC);
        if functions {
            out.push_str(&CALL_DOC.replace("CRATE", &self.crate_name()));
        }
        out.push('\n');
        // All but this file is formatted by rules of its own, whatever those of the place are.
        let compat = self.compat_module(model).is_some();
        let embedded = self.runtime == Runtime::Embedded;
        let modules = [
            (compat, "mod compat;"),
            (true, "mod schema;"),
            (embedded, "pub mod tl;"),
        ];
        for (_, module) in modules.iter().filter(|(wanted, _)| *wanted) {
            let _ = writeln!(out, "#[rustfmt::skip]\n{module}");
        }
        out.push_str(if embedded { "\n" } else { "\npub use ::tl;\n" });
        out.push_str(if functions { CALL_EXPORTS } else { EXPORTS });
        out
    }
}

const EXPORTS: &str = "\
pub(crate) use schema::forms;
pub use schema::{NEWEST_LAYER, OLDEST_LAYER};
pub use schema::{any, constructors, functions, name, types};
";

const CALL_EXPORTS: &str = "\
pub use schema::call::Call;
pub(crate) use schema::forms;
pub use schema::rpc::{Client, Service, dispatch};
pub use schema::{NEWEST_LAYER, OLDEST_LAYER};
pub use schema::{any, call, constructors, functions, name, rpc, types};
";

const CONTENT_DOC: &str = "\
//! - [`types`]: a struct for each type with one constructor, an enum for every other one. The fields
//!   of large variants are structs in [`constructors`].
//! - [`functions`]: a struct for each request; its `Function::Result` is what answers it.
//! - [`any`]: decodes a value whose type is only known by its id. [`name`]: the names of all ids.
//! - [`tl`]: the codec, with `from_bytes` and `to_bytes`. Whatever is received is bounded before it
//!   allocates, and a wrong byte is a `DecodeError`, never a panic.
";

const CALL_DOC: &str = "\
//!
//! # A server
//! Implement [`Service`]: one method for each function. A method that is not there answers with the
//! error that `unsupported` gives.
//! ```
//! use CRATE::{Call, Service, dispatch, tl};
//!
//! /// Answers the request in `frame`, in the forms of `layer`.
//! async fn answer<S: Service>(
//!     service: &S,
//!     context: &S::Context,
//!     frame: &tl::Bytes,
//!     layer: tl::Layer,
//! ) -> Result<tl::Bytes, String> {
//!     let call: Call = tl::from_bytes(frame).map_err(|error| error.to_string())?;
//!     let name = call.name();
//!     let mut writer = tl::Writer::new(layer);
//!     dispatch(service, context, call, &mut writer).await.map_err(|_| format!(\"{name} failed\"))?;
//!     writer.finish().map_err(|error| error.to_string())
//! }
//! ```
//!
//! # A client
//! Implement [`Client`] for whatever sends a request and brings its answer back; it then has one
//! method for each function. Functions that wrap another one are passed to `call`.
//! ```
//! use CRATE::{Client, tl};
//!
//! /// Stands for a connection: takes a frame, gives the frame that answers it.
//! struct Connection<F>(F);
//!
//! impl<F: Fn(tl::Bytes) -> tl::Bytes + Sync> Client for Connection<F> {
//!     type Error = String;
//!
//!     async fn call<R: tl::Function + Send + 'static>(&self, request: R) -> Result<R::Result, String> {
//!         let layer = tl::Layer::NEWEST;
//!         let frame = tl::to_bytes(&request, layer).map_err(|error| error.to_string())?;
//!         let answer = (self.0)(frame);
//!         let mut reader = tl::Reader::new(&answer);
//!         let result = R::decode_result(&mut reader, layer).map_err(|error| error.to_string())?;
//!         reader.finish().map_err(|error| error.to_string())?;
//!         Ok(result)
//!     }
//! }
//! ```
";

#[cfg(test)]
mod tests {
    use super::{RUNTIME, is_package_name};

    #[test]
    fn every_module_of_the_runtime_is_embedded() {
        let (_, root) = RUNTIME[0];
        let modules = root
            .lines()
            .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        let mut wanted: Vec<_> = modules
            .filter(|name| *name != "tests")
            .map(|name| format!("{name}.rs"))
            .collect();
        wanted.sort();
        let mut found: Vec<_> = RUNTIME[1..]
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        found.sort();
        assert_eq!(found, wanted);
    }

    #[test]
    fn package_names_are_those_of_cargo() {
        assert!(is_package_name("inventory-api") && is_package_name("a_1"));
        assert!(!is_package_name("") && !is_package_name("1a") && !is_package_name("a b"));
        assert!(!is_package_name("a\"\nb"));
    }
}
