//! A schema full of names that are taken and of nested types: what is generated compiles and works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

#[test]
fn tricky_schema_compiles_and_its_values_survive() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tricky");
    let api = folder.join("api");
    let mut tlgen = Command::new(env!("CARGO_BIN_EXE_tlgen"));
    tlgen
        .arg("build")
        .arg("--schema")
        .arg(here().join("tricky.tl"))
        .arg("--out")
        .arg(&api);
    let built = tlgen.output().unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );

    // Without this, cargo would look for a workspace above.
    let manifest = api.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text + "\n[workspace]\n").unwrap();
    fs::create_dir_all(api.join("tests")).unwrap();
    fs::copy(here().join("tricky_values.rs"), api.join("tests/values.rs")).unwrap();

    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--quiet", "--offline", "--tests"])
        .current_dir(&api);
    cargo
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("RUSTFLAGS", "--deny=warnings");
    let tested = cargo.output().unwrap();
    let told = String::from_utf8_lossy(&tested.stderr);
    assert!(
        tested.status.success(),
        "{}\n{told}",
        String::from_utf8_lossy(&tested.stdout)
    );
}
