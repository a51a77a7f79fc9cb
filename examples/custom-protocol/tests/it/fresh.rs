//! The generated crate is what `tlgen build` makes of the schema, and needs nothing but `bytes`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("--quiet");
    cargo
}

/// The command of README.md, with another target.
fn tlgen(args: &[&str]) -> Output {
    let mut command = cargo();
    command.args(["run", "--package", "tlgen", "--"]).args(args);
    command.current_dir(folder()).output().unwrap()
}

fn build(out: &Path) -> Output {
    let out = out.to_string_lossy();
    tlgen(&[
        "build",
        "--schema=inventory.tl",
        "--history=inventory.history.tl",
        "--rules=inventory.rules",
        "--compat=compat.rs",
        "--out",
        &out,
    ])
}

fn assert_success(output: &Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// All sources below a folder by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| ending == "rs" || ending == "toml")
            {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// Generates, compares with what is in git, then compiles and tests it far from this workspace.
#[test]
fn generated_crate_is_fresh_and_self_contained() {
    let out = tempfile::tempdir().unwrap();
    assert_success(&build(out.path()));

    let (made, kept) = (files(out.path()), files(&folder().join("generated")));
    let stale: Vec<_> = made
        .iter()
        .filter(|file| kept.get(file.0) != Some(file.1))
        .collect();
    assert!(
        stale.is_empty(),
        "run the command of README.md for {stale:#?}"
    );
    assert_eq!(
        made.len(),
        kept.len(),
        "run the command of README.md: a file is too much"
    );

    let target = tempfile::tempdir().unwrap();
    let mut check = cargo();
    check
        .args(["test", "--offline"])
        .env("CARGO_TARGET_DIR", target.path());
    assert_success(&check.current_dir(out.path()).output().unwrap());

    let lock = fs::read_to_string(out.path().join("Cargo.lock")).unwrap();
    let packages: Vec<_> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = "))
        .collect();
    assert_eq!(packages, ["\"bytes\"", "\"inventory-api\""]);
}

#[test]
fn fault_in_a_schema_ends_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("bad.tl");
    fs::write(&schema, "a b:Foo = A;\nc flags:# d:flags.40?int = C;\n").unwrap();
    let name = schema.to_string_lossy().into_owned();
    let output = tlgen(&["check", "--schema", &name]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("{name}:2:19: found `40`; expected a bit number from 0 to 31\n")
    );
}
