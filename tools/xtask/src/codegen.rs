//! `cargo xtask codegen`: writes what is generated from the schema, or checks that it is fresh.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use tlgen::{Input, emit, output};

use crate::process::root;

/// What the head of each generated file names.
const COMMAND: &str = "cargo xtask codegen";
const SCHEMA: &str = "schema.tl";
const HISTORY: &str = "schema.history.tl";
const RULES: &str = "crates/tl-api/compat.rules";
/// Of the schema: the service messages are part of the protocol crate, not of the API.
const SECTIONS: &[&str] = &["core", "api"];
const FOLDER: &str = "crates/tl-api/src/generated";

/// Writes the generated code; with `check` only compares it.
///
/// # Errors
/// The schema is wrong, rustfmt is missing, or with `check` a file is stale; the error names each.
pub(crate) fn codegen(check: bool) -> Result<()> {
    let files = api_files()?;
    let folder = folder();
    if check {
        let stale = output::stale(&folder, &files)?;
        if !stale.is_empty() {
            bail!(
                "{FOLDER} is not what the schema gives; run `{COMMAND}`\n{}",
                list(&stale)
            );
        }
        println!("codegen: {} files are fresh", files.len());
        return Ok(());
    }
    let changes = output::write(&folder, &files)?;
    println!("codegen: {} files, {} changed", files.len(), changes.len());
    Ok(())
}

fn folder() -> PathBuf {
    root().join(FOLDER)
}

fn list(stale: &[output::Stale]) -> String {
    let lines: Vec<_> = stale
        .iter()
        .map(|file| format!("{FOLDER}/{file}"))
        .collect();
    lines.join("\n")
}

/// The files of `tl-api`, relative to their folder.
fn api_files() -> Result<BTreeMap<String, String>> {
    let input = Input {
        schema: source(SCHEMA)?,
        history: Some(source(HISTORY)?),
        rules: Some(source(RULES)?),
        sections: SECTIONS.iter().map(ToString::to_string).collect(),
    };
    let model = input.model()?;
    let options = emit::Options {
        runtime: "tl".into(),
        command: COMMAND.into(),
        rpc: false,
    };
    let mut files = emit::files(&model, &options);
    tlgen::format(&mut files)?;
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
