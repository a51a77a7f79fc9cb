//! The `tlgen` command: its output, its exit codes, what it leaves on disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};

const SCHEMA: &str =
    "note#0d3a7c2f id:long text:string = Note; //@ id kept\n---functions---\nget id:long = Note;\n";

/// Exit code, standard output and standard error. Without rustfmt, which only takes time here.
fn run(folder: &Path, line: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlgen"));
    command.args(line.split(' ').filter(|arg| !arg.is_empty()));
    let output = command
        .current_dir(folder)
        .env("PATH", "")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (code, stderr) = (output.status.code().unwrap(), text(&output.stderr));
    let told: String = stderr
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("not formatted: "))
        .collect();
    format!("{code}\n{}{told}", text(&output.stdout))
}

#[track_caller]
fn check(folder: &Path, line: &str, expected: &Expect) {
    expected.assert_eq(&run(folder, line));
}

/// A folder of this test's own, with a schema.
fn folder(test: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("note.tl"), SCHEMA).unwrap();
    folder
}

#[test]
fn ids_are_printed_beside_the_computed_ones() {
    check(
        &folder("crc"),
        "crc --schema note.tl",
        &expect![[r#"
        0
        0d3a7c2f 9683bbd3 note
        bb064974 bb064974 get
    "#]],
    );
}

#[test]
fn check_counts_what_is_right_and_lists_what_is_wrong() {
    let folder = folder("check");
    check(
        &folder,
        "check --schema note.tl",
        &expect![[r#"
        0
        note.tl: 1 types, 2 ids, no errors
    "#]],
    );
    fs::write(folder.join("bad.tl"), "a x:Foo = A;\nb x:Bar = B;\n").unwrap();
    check(
        &folder,
        "check --schema=bad.tl",
        &expect![[r#"
        1
        bad.tl:1:3: unknown type `Foo`; expected a built-in or declared type
        bad.tl:2:3: unknown type `Bar`; expected a built-in or declared type
    "#]],
    );
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    let folder = folder("usage");
    for line in [
        "",
        "make",
        "build",
        "build --schema note.tl",
        "build --schema note.tl --out x --name 1x",
        "check --schema",
        "check --schema note.tl other.tl",
        "check --scheme note.tl",
    ] {
        let told = run(&folder, line);
        assert!(
            told.starts_with("2\ntlgen: ") && told.ends_with("shows the usage\n"),
            "{line}: {told}"
        );
    }
    check(
        &folder,
        "build --schema note.tl",
        &expect![[r#"
        2
        tlgen: `--out DIR` is missing

        `tlgen --help` shows the usage
    "#]],
    );
    check(
        &folder,
        "make",
        &expect![[r#"
        2
        tlgen: no command "make"; there are build, check and crc

        `tlgen --help` shows the usage
    "#]],
    );
    assert!(run(&folder, "--help").starts_with("0\nTurns a TL schema"));
}

#[test]
fn missing_files_are_named() {
    let folder = folder("missing");
    check(
        &folder,
        "check --schema none.tl",
        &expect![[r#"
        1
        cannot read none.tl: No such file or directory (os error 2)
    "#]],
    );
    check(
        &folder,
        "build --schema note.tl --rules none --out x",
        &expect![[r#"
            1
            cannot read none: No such file or directory (os error 2)
        "#]],
    );
    fs::write(folder.join("file"), "").unwrap();
    let told = run(&folder, "build --schema note.tl --out file/below");
    assert!(told.starts_with("1\nfile/below/"), "{told}");
}

#[test]
fn build_writes_what_changed_and_removes_what_is_gone() {
    let folder = folder("build");
    let line = "build --schema note.tl --out api";
    check(
        &folder,
        line,
        &expect![[r#"
        0
        api: 18 files, 18 changed
    "#]],
    );
    check(
        &folder,
        line,
        &expect![[r#"
        0
        api: 18 files, 0 changed
    "#]],
    );

    let source = folder.join("api/src");
    let own = source.join("own.rs");
    fs::write(&own, "//! Written by hand.\n").unwrap();
    fs::write(folder.join("note.tl"), SCHEMA.replace("get", "notes.get")).unwrap();
    check(
        &folder,
        line,
        &expect![[r#"
        0
        api: 19 files, 5 changed
    "#]],
    );
    assert!(source.join("schema/functions/notes.rs").exists());
    fs::write(folder.join("note.tl"), SCHEMA).unwrap();
    run(&folder, line);
    assert!(
        !source.join("schema/functions/notes.rs").exists(),
        "it is no longer generated"
    );
    assert!(own.exists(), "it was never generated");
}

#[test]
fn runtime_may_be_a_crate() {
    let folder = folder("runtime");
    run(
        &folder,
        "build --schema note.tl --out api --name notes --runtime ../tl",
    );
    let manifest = fs::read_to_string(folder.join("api/Cargo.toml")).unwrap();
    assert!(
        manifest.contains("name = \"notes\"\n")
            && manifest.ends_with("tl = { path = \"../tl\" }\n"),
        "{manifest}"
    );
    assert!(!folder.join("api/src/tl").exists());
}

#[test]
fn without_rustfmt_the_code_is_written_as_it_is() {
    let folder = folder("unformatted");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlgen"));
    command
        .args(["build", "--schema", "note.tl", "--out", "api"])
        .env("PATH", "");
    let output = command.current_dir(&folder).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.starts_with("not formatted: rustfmt does not start"),
        "{told}"
    );
    assert!(folder.join("api/src/schema/mod.rs").exists());
}

#[test]
fn what_was_not_generated_is_not_replaced() {
    let folder = folder("foreign");
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, "[package]\nname = \"mine\"\n").unwrap();
    check(
        &folder,
        "build --schema note.tl --out .",
        &expect![[r#"
        1
        ./Cargo.toml: is there and was not generated; choose another folder
    "#]],
    );
    assert!(fs::read_to_string(&manifest).unwrap().contains("mine"));
    assert!(!folder.join("src").exists(), "nothing is half done");
}
