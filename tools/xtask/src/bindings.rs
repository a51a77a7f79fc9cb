//! `cargo xtask bindings`: `chappe-client` for other languages.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::process::{cargo, run, target_dir};

/// A language that UniFFI writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Language {
    Kotlin,
    Python,
    Swift,
}

/// Builds the library and writes the code that calls it; the folder with both.
///
/// # Errors
/// It does not build.
pub(crate) fn generate(language: Language) -> Result<PathBuf> {
    let package = ["-p", "chappe-client-ffi"];
    run(cargo().args(["build", "--locked", "--quiet"]).args(package))?;
    let name = format!("{language:?}").to_lowercase();
    let folder = target_dir().join("bindings").join(&name);
    fs::create_dir_all(&folder)?;
    let ending = std::env::consts::DLL_SUFFIX;
    let file = format!("{}chappe_client_ffi{ending}", std::env::consts::DLL_PREFIX);
    let library = target_dir().join("debug").join(&file);
    let mut generate = cargo();
    generate
        .args(["run", "--locked", "--quiet"])
        .args(package)
        .args(["--features", "cli", "--bin", "uniffi-bindgen", "--"])
        .args(["generate", "--no-format", "--language", &name])
        .arg("--library")
        .arg(&library)
        .arg("--out-dir")
        .arg(&folder);
    run(&mut generate)?;
    fs::copy(&library, folder.join(&file))?;
    Ok(folder)
}
