//! Generated text through rustfmt, file by file over its standard input: so it neither follows `mod`
//! lines nor touches anything on disk.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Wide and dense, since generated code is long. Everything that a configuration file of the place
/// could change is said here, so that the result is the same everywhere.
const CONFIG: &str = "max_width=120,use_small_heuristics=Max,hard_tabs=false,tab_spaces=4,newline_style=Unix,\
                      reorder_imports=true,reorder_modules=true";
const EDITION: &str = "2024";

/// Why the files are not formatted.
#[derive(Debug)]
pub enum FormatError {
    /// rustfmt is not installed, or could not be talked to.
    NotStarted(io::Error),
    /// It does not take the text: the generator wrote no Rust.
    Refused {
        /// The file.
        path: String,
        /// What rustfmt says.
        message: String,
    },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(
                f,
                "rustfmt does not start ({error}); `rustup component add rustfmt` installs it"
            ),
            Self::Refused { path, message } => {
                write!(f, "rustfmt does not take {path}: {}", message.trim_end())
            }
        }
    }
}

impl std::error::Error for FormatError {}

/// Formats each file that ends in `.rs`.
///
/// # Errors
/// The first file that is not formatted; none is changed then.
pub fn format(files: &mut BTreeMap<String, String>) -> Result<(), FormatError> {
    let rust: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((path, text)) = rust.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = rustfmt(path, text);
            if let Ok(mut results) = results.lock() {
                results.push(((*path).clone(), result));
            }
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, Into::into)
        .min(rust.len());
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|(a, _), (b, _)| a.cmp(b));
    let formatted = results
        .into_iter()
        .map(|(path, result)| Ok((path, result?)));
    files.extend(formatted.collect::<Result<Vec<_>, _>>()?);
    Ok(())
}

fn rustfmt(path: &str, text: &str) -> Result<String, FormatError> {
    let mut child = Command::new("rustfmt")
        .args([
            "--edition",
            EDITION,
            "--style-edition",
            EDITION,
            "--config",
            CONFIG,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(FormatError::NotStarted)?;
    // rustfmt reads all of its input before it writes, so neither side waits for the other.
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(text.as_bytes())
            .map_err(FormatError::NotStarted)?;
    }
    let output = child.wait_with_output().map_err(FormatError::NotStarted)?;
    let refused = |message: &[u8]| FormatError::Refused {
        path: path.to_owned(),
        message: String::from_utf8_lossy(message).into_owned(),
    };
    if !output.status.success() {
        return Err(refused(&output.stderr));
    }
    String::from_utf8(output.stdout).map_err(|error| refused(error.as_bytes()))
}
