//! `cargo xtask codegen`: writes what is generated from the schema, or checks that it is fresh.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail};
use tlgen::output::{self, Stale};
use tlgen::package::{self, Package, Runtime};
use tlgen::{Input, emit};

use crate::process::root;

const COMMAND: &str = "cargo xtask codegen";
const API_FOLDER: &str = "crates/tl-api/src/generated";
const EXAMPLE_FOLDER: &str = "examples/custom-protocol/generated";

type Files = BTreeMap<String, String>;

/// Writes the generated code; with `check` only compares it.
///
/// # Errors
/// A schema is wrong, rustfmt is missing, or with `check` a file is stale; the error names each.
pub(crate) fn codegen(check: bool) -> Result<()> {
    let mut all_stale = Vec::new();
    for (folder, files) in [
        (API_FOLDER, api_files()?),
        (EXAMPLE_FOLDER, example_files()?),
    ] {
        let path = root().join(folder);
        if check {
            let stale = output::stale(&path, &files)?;
            println!("{folder}: {} files, {} stale", files.len(), stale.len());
            all_stale.extend(stale.iter().map(|file: &Stale| format!("{folder}/{file}")));
        } else {
            let changed = output::write(&path, &files)?;
            println!("{folder}: {} files, {} changed", files.len(), changed.len());
        }
    }
    if !all_stale.is_empty() {
        bail!(
            "generated code is stale; run `{COMMAND}`\n{}",
            all_stale.join("\n")
        );
    }
    Ok(())
}

/// The module of `tl-api`. The service messages of the schema are part of the protocol crate.
fn api_files() -> Result<Files> {
    let input = Input {
        schema: source("schema.tl")?,
        history: Some(source("schema.history.tl")?),
        rules: Some(source("crates/tl-api/compat.rules")?),
        sections: vec!["core".into(), "api".into()],
    };
    let options = emit::Options {
        runtime: "tl".into(),
        command: COMMAND.into(),
        rpc: false,
    };
    let mut files = emit::files(&input.model()?, &options);
    tlgen::format(&mut files)?;
    Ok(files)
}

/// The crate that the example's README makes with the `tlgen` command.
fn example_files() -> Result<Files> {
    let file = |name: &str| source(&format!("examples/custom-protocol/{name}"));
    let input = Input {
        schema: file("inventory.tl")?,
        history: Some(file("inventory.history.tl")?),
        rules: Some(file("inventory.rules")?),
        sections: Vec::new(),
    };
    let package = Package {
        name: "inventory-api".into(),
        schema: "inventory.tl".into(),
        command: "tlgen build --schema inventory.tl --history inventory.history.tl --rules inventory.rules \
                  --compat compat.rs"
            .into(),
        runtime: Runtime::Embedded,
        compat: Some(file("compat.rs")?.1),
    };
    let mut files = package::files(&input.model()?, &package);
    tlgen::format(&mut files)?;
    package::space_items(&mut files);
    Ok(files)
}

/// A file of the repository by the name that errors call it.
fn source(path: &str) -> Result<(String, String)> {
    let text = fs::read_to_string(root().join(path)).with_context(|| path.to_owned())?;
    Ok((path.to_owned(), text))
}

#[cfg(test)]
mod tests {
    use super::codegen;

    #[test]
    fn generated_code_is_fresh() {
        if let Err(error) = codegen(true) {
            panic!("{error:#}");
        }
    }
}
