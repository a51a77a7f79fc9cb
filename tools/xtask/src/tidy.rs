//! `cargo xtask tidy`: what a machine can check of the design's invariants and of the style.

mod arrows;
mod code;
mod ids;
mod sources;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::root;

/// Folders that hold nothing written by hand, relative to the root.
const SKIPPED_FOLDERS: &[&str] = &[".git", "fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"];
/// Endings of the text files that the rules on lines apply to; `.ci/run` has none and is added by name.
const TEXT_ENDINGS: &[&str] = &[
    "args", "cjs", "md", "mjs", "py", "rs", "rules", "sh", "tl", "toml", "xml", "yaml", "yml",
];

/// A corpus is replayed by every `cargo test`, and every clone carries it.
const CORPUS_BYTES_MAX: u64 = 1 << 20;

/// A text of the repository, with its path relative to the root.
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_generated(&self) -> bool {
        self.path.split('/').any(|part| part == "generated")
    }
}

/// One violation: where, which rule, and why the rule is there.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: [{}] {}",
            self.path, self.line, self.rule, self.why
        )
    }
}

/// Checks the whole repository.
///
/// # Errors
/// The message lists every violation, one a line.
pub(crate) fn tidy() -> Result<()> {
    let files = read_sources(&root())?;
    let mut findings: Vec<_> = files.iter().flat_map(sources::check).collect();
    findings.extend(arrows::check(&files)?);
    findings.extend(ids::check(&files));
    findings.extend(check_corpora(&corpora(&root().join("fuzz/corpus"))?));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    if findings.is_empty() {
        println!("tidy: {} files, no findings", files.len());
        return Ok(());
    }
    let list: Vec<_> = findings.iter().map(ToString::to_string).collect();
    bail!("tidy has {} findings\n{}", list.len(), list.join("\n"));
}

/// Each fuzz target's corpus must be small.
fn check_corpora(corpora: &[(String, u64)]) -> Vec<Finding> {
    let large = corpora.iter().filter(|(_, size)| *size > CORPUS_BYTES_MAX);
    let finding = |(target, size): &(String, u64)| Finding {
        path: format!("fuzz/corpus/{target}"),
        line: 1,
        rule: "corpus-size",
        why: format!(
            "{size} bytes, above {CORPUS_BYTES_MAX}; run `cargo xtask fuzz --minimise {target}`"
        ),
    };
    large.map(finding).collect()
}

/// Name and size in bytes of each corpus in the folder.
fn corpora(folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut corpora = Vec::new();
    if !folder.exists() {
        return Ok(corpora);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let mut size = 0;
            for input in fs::read_dir(entry.path())? {
                size += input?.metadata()?.len();
            }
            corpora.push((entry.file_name().to_string_lossy().into_owned(), size));
        }
    }
    Ok(corpora)
}

fn read_sources(root: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                if !is_skipped(root, &path) {
                    folders.push(path);
                }
            } else if is_text(&path) {
                files.push(read_source(root, &path)?);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn is_skipped(root: &Path, folder: &Path) -> bool {
    let installed = folder.ends_with("node_modules") || folder.ends_with("__pycache__");
    // Cargo marks its target folders so, whatever their names.
    let is_cache = folder.join("CACHEDIR.TAG").exists();
    installed
        || is_cache
        || SKIPPED_FOLDERS
            .iter()
            .any(|skipped| folder == root.join(skipped))
}

fn is_text(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    TEXT_ENDINGS.contains(&&*ending) || path.ends_with(".ci/run")
}

fn read_source(root: &Path, path: &Path) -> Result<SourceFile> {
    let bytes = fs::read(path).with_context(|| format!("{}", path.display()))?;
    let relative: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    Ok(SourceFile {
        path: relative.to_string_lossy().into_owned(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}
