//! Running other programs: each failure names the command, and a missing program names its package.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// Programs that Debian packages, with the package to name when one is missing.
const PACKAGES: &[(&str, &str)] = &[
    ("java", "openjdk-17-jre-headless"),
    ("mvn", "maven"),
    ("node", "nodejs (20 or newer)"),
    ("npm", "npm"),
    ("python3", "python3 python3-venv (3.10 or newer)"),
    ("rustup", "rustup"),
];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run` and `cargo test`; the compiled-in value serves a binary started by hand.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .ancestors()
        .nth(2)
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where everything that can be made again is kept: `CARGO_TARGET_DIR`, or `target/`.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A command that starts in the root of the repository and reads nothing.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that started this process, in the root of the repository.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end with the output on the terminal.
///
/// # Errors
/// The program is missing, or it failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    if !status.success() {
        bail!("failed with {status}: {}", describe(command));
    }
    Ok(())
}

/// Runs to the end and returns what it printed on standard output.
///
/// # Errors
/// The program is missing, failed (the message carries its standard error) or printed no UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "failed with {}: {}\n{stderr}",
            output.status,
            describe(command)
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of {}", describe(command)))
}

/// Runs to the end and returns everything, whether it failed or not.
///
/// # Errors
/// The program is missing.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    command
        .output()
        .map_err(|error| not_started(command, &error))
}

/// The error of a command that did not start, with the package that brings the program.
pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    if error.kind() != ErrorKind::NotFound {
        return anyhow::anyhow!("could not start {}: {error}", describe(command));
    }
    match PACKAGES.iter().find(|(name, _)| *name == program) {
        Some((name, package)) => {
            anyhow::anyhow!("`{name}` is not on PATH; on Debian: apt-get install {package}")
        }
        None => anyhow::anyhow!(
            "`{program}` is not there, needed for: {}",
            describe(command)
        ),
    }
}

/// The command as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        let _ = write!(line, " {}", arg.to_string_lossy());
    }
    line
}
