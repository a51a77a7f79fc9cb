//! `cargo xtask interop`: implementations of other people, unmodified, against ours.

pub(crate) mod smoke;
pub(crate) mod tl;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::{command, read, target_dir};

/// What installs a package of another language.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Installer {
    /// npm, without the packages' install scripts.
    Npm,
    /// pip, into a virtual environment of its own.
    Pip,
}

/// The folder `target/interop/NAME` with exactly these packages, made the first time and kept.
///
/// # Errors
/// `python3` or `npm` is missing, or a package could not be fetched.
pub(crate) fn install(name: &str, installer: Installer, packages: &[&str]) -> Result<PathBuf> {
    let folder = target_dir().join("interop").join(name);
    let marker = folder.join(".complete");
    let wanted = format!("{installer:?} {}\n", packages.join(" "));
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    eprintln!(
        "installing {} into {}",
        packages.join(" "),
        folder.display()
    );
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    match installer {
        Installer::Pip => install_with_pip(&folder, packages)?,
        Installer::Npm => install_with_npm(&folder, packages)?,
    }
    fs::write(marker, wanted)?;
    Ok(folder)
}

fn install_with_pip(folder: &Path, packages: &[&str]) -> Result<()> {
    read(command("python3").args(["-m", "venv"]).arg(folder))
        .context("no virtual environment; on Debian: apt-get install python3-venv")?;
    let mut pip = command(folder.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(packages);
    read(&mut pip)?;
    Ok(())
}

fn install_with_npm(folder: &Path, packages: &[&str]) -> Result<()> {
    fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    let mut npm = command("npm");
    npm.args([
        "install",
        "--ignore-scripts",
        "--save-exact",
        "--no-audit",
        "--no-fund",
        "--silent",
    ]);
    read(npm.args(packages).current_dir(folder))?;
    Ok(())
}
