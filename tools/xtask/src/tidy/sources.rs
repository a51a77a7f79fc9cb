//! Rules that look at one file alone.

use super::code::{without_comments_and_literals, without_test_items};
use super::{Finding, SourceFile};

const FILE_LINES_MAX: usize = 900;
/// The header of a generated file stands in its first lines.
const HEADER_LINES: usize = 5;

/// Crates that take time and entropy as arguments and bytes as values.
pub(super) const SANS_IO_CRATES: &[&str] = &["messenger", "mtproto-core", "tl", "tl-api"];

/// What reads a clock, the system's entropy or a socket.
const IO_PATHS: &[(&str, &str)] = &[
    ("Instant::now", "time is an argument here"),
    ("SystemTime", "time is an argument here"),
    (
        ".elapsed()",
        "it reads the clock, and time is an argument here",
    ),
    ("thread::sleep", "nothing waits here: yield a deadline"),
    ("rand::rng", "entropy is an argument here"),
    ("thread_rng", "entropy is an argument here"),
    ("getrandom", "entropy is an argument here"),
    ("OsRng", "entropy is an argument here"),
    ("std::net", "sockets belong to the shell"),
    ("std::fs", "files belong to the shell"),
    ("std::env", "the environment belongs to the shell"),
    ("tokio", "the runtime belongs to the shell"),
];

pub(super) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_trailing_blanks(file, &mut findings);
    if file.is_rust() {
        check_module_doc(file, &mut findings);
        check_length(file, &mut findings);
        check_header(file, &mut findings);
        let code = without_comments_and_literals(&file.text);
        check_unfinished(file, &code, &mut findings);
        check_sans_io(file, &code, &mut findings);
    }
    findings
}

fn report(
    findings: &mut Vec<Finding>,
    file: &SourceFile,
    line: usize,
    rule: &'static str,
    why: impl Into<String>,
) {
    findings.push(Finding {
        path: file.path.clone(),
        line,
        rule,
        why: why.into(),
    });
}

fn check_trailing_blanks(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            let why = "a blank at the end of a line makes diffs noisy";
            report(findings, file, index + 1, "trailing-blank", why);
        }
    }
}

fn check_module_doc(file: &SourceFile, findings: &mut Vec<Finding>) {
    if !file.text.starts_with("//!") {
        let why = "the first line must be `//!` and say what lives in this file";
        report(findings, file, 1, "module-doc", why);
    }
}

fn check_length(file: &SourceFile, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX && !file.is_generated() {
        let why = format!("{lines} lines; above {FILE_LINES_MAX} a file has more than one subject");
        report(findings, file, FILE_LINES_MAX + 1, "file-length", why);
    }
}

fn check_header(file: &SourceFile, findings: &mut Vec<Finding>) {
    if !file.is_generated() {
        return;
    }
    let head: Vec<_> = file.text.lines().take(HEADER_LINES).collect();
    let head = head.join("\n").to_lowercase();
    let names_command = ["cargo xtask codegen", "cargo codegen", "tlgen build"]
        .iter()
        .any(|c| head.contains(c));
    if !(head.contains("generated") && names_command) {
        let why = "generated code must say so in its head and name the command that makes it";
        report(findings, file, 1, "generated-header", why);
    }
}

fn check_unfinished(file: &SourceFile, code: &str, findings: &mut Vec<Finding>) {
    for (index, line) in code.lines().enumerate() {
        for word in ["todo!", "unimplemented!"] {
            if contains_path(line, word) {
                let why = format!("`{word}` is a stub; what is not written is not declared either");
                report(findings, file, index + 1, "unfinished", why);
            }
        }
    }
}

fn check_sans_io(file: &SourceFile, code: &str, findings: &mut Vec<Finding>) {
    let Some(name) = sans_io_crate(&file.path) else {
        return;
    };
    for (index, line) in without_test_items(code).lines().enumerate() {
        for (path, why) in IO_PATHS {
            if !contains_path(line, path) || is_codec(name, path, &file.path) {
                continue;
            }
            let why = format!("`{path}` in {name}: {why} (no clock, no entropy, no I/O)");
            report(findings, file, index + 1, "sans-io", why);
        }
    }
}

/// The crate's name if this is library code of a crate without I/O.
fn sans_io_crate(path: &str) -> Option<&'static str> {
    let (name, inside) = path.strip_prefix("crates/")?.split_once('/')?;
    let is_test = inside.ends_with("/tests.rs") || inside.contains("/tests/");
    if !inside.starts_with("src/") || is_test {
        return None;
    }
    SANS_IO_CRATES.iter().find(|known| **known == name).copied()
}

/// `mtproto-core` may meet tokio in the adapter behind its `codec` feature, and nowhere else.
fn is_codec(name: &str, found: &str, path: &str) -> bool {
    let adapter = path.ends_with("/src/codec.rs") || path.contains("/src/codec/");
    name == "mtproto-core" && found == "tokio" && adapter
}

/// Whether the line has this path as whole words.
fn contains_path(line: &str, path: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        (path.starts_with('.') || !before.is_some_and(is_word)) && !after.is_some_and(is_word)
    })
}
