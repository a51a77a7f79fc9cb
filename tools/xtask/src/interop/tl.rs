//! `cargo xtask interop tl`: other implementations re-encode random values of ours, at their own layers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Installer, install};
use crate::process::{capture, cargo, command, describe, root, target_dir};

/// Values of each name when nobody asks for another number.
const COUNT: u32 = 3;
const SEED: u64 = 7;

/// An implementation, with what installs it and how much of a layer it must agree on.
struct Library {
    name: &'static str,
    version: &'static str,
    installer: Installer,
    /// The library and everything it needs, pinned.
    packages: &'static [&'static str],
    script: &'static str,
    /// Constructors and functions that agreed when this row was written; fewer is a failure.
    constructors_min: usize,
    functions_min: usize,
}

const LIBRARIES: &[Library] = &[
    Library {
        name: "telethon",
        version: "1.45.0",
        installer: Installer::Pip,
        packages: &[
            "telethon==1.45.0",
            "pyaes==1.6.1",
            "pyasn1==0.6.5",
            "rsa==4.9.1",
        ],
        script: "with_telethon.py",
        constructors_min: 1652,
        functions_min: 813,
    },
    Library {
        name: "kurigram",
        version: "2.2.26",
        installer: Installer::Pip,
        packages: &["kurigram==2.2.26", "pyaes==1.6.1", "python-socks==3.2.1"],
        script: "with_pyrogram.py",
        constructors_min: 1652,
        functions_min: 813,
    },
    Library {
        name: "pyrogram",
        version: "2.0.106",
        installer: Installer::Pip,
        packages: &["pyrogram==2.0.106", "pyaes==1.6.1", "PySocks==1.7.1"],
        script: "with_pyrogram.py",
        constructors_min: 1107,
        functions_min: 511,
    },
    Library {
        name: "gramjs",
        version: "2.26.22",
        installer: Installer::Npm,
        packages: &["telegram@2.26.22"],
        script: "with_gramjs.cjs",
        constructors_min: 1400,
        functions_min: 688,
    },
    Library {
        name: "mtcute",
        version: "0.30.3",
        installer: Installer::Npm,
        packages: &["@mtcute/core@0.30.3"],
        script: "with_mtcute.mjs",
        constructors_min: 1615,
        functions_min: 790,
    },
];

/// What to compare, and from which values.
#[derive(Default)]
pub(crate) struct Options {
    /// Names of libraries; empty means all.
    pub(crate) libraries: Vec<String>,
    pub(crate) seed: Option<u64>,
    /// Values of each name.
    pub(crate) count: Option<u32>,
    /// A file of `kind name hex` lines in place of new values.
    pub(crate) values: Option<PathBuf>,
}

/// What a library said at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    constructors: usize,
    functions: usize,
    values: usize,
    /// Lines on names that the library cannot take, with the reason.
    unreadable: Vec<String>,
    /// Lines on values that came back different.
    failed: Vec<String>,
}

/// Whether the example that makes the values is there.
pub(crate) fn has_generator() -> bool {
    root()
        .join("crates/tl-api/examples/random_values.rs")
        .exists()
}

/// Compares with each library and prints a table.
///
/// # Errors
/// A library could not be installed, or a value came back different.
pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = choose(&options.libraries)?;
    let (seed, count) = (options.seed.unwrap_or(SEED), options.count.unwrap_or(COUNT));
    match &options.values {
        Some(values) => println!("values of {}", values.display()),
        None => println!("random values with seed {seed}, {count} of each name"),
    }
    let mut table = Vec::new();
    let mut failures = 0;
    for library in chosen {
        let start = Instant::now();
        let args = generator_args(library)?;
        let values = match &options.values {
            Some(values) => std::path::absolute(values)?,
            None => generate(library, &args, seed, count)?,
        };
        let report = compare(library, &values)?;
        for line in report.unreadable.iter().chain(&report.failed) {
            println!("{}: {line}", library.name);
        }
        let short = options.values.is_none() && is_short(library, &report);
        if short {
            println!(
                "{}: FAILED: fewer than the {} constructors and {} functions it used to agree on",
                library.name, library.constructors_min, library.functions_min
            );
        }
        if short || !report.failed.is_empty() {
            println!("{}: its values are in {}", library.name, values.display());
            failures += 1;
        }
        table.push(row(library, &args, &report, start.elapsed()));
    }
    println!(
        "\nlibrary           layer  constructors  functions  values  unreadable  failed  seconds"
    );
    println!("{}", table.join("\n"));
    ensure!(
        failures == 0,
        "{failures} libraries do not agree with our encoding"
    );
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Library>> {
    for name in names {
        if !LIBRARIES.iter().any(|library| library.name == name) {
            let known: Vec<_> = LIBRARIES.iter().map(|library| library.name).collect();
            bail!("no library `{name}`; known are {}", known.join(", "));
        }
    }
    let wanted = |library: &&Library| names.is_empty() || names.iter().any(|n| n == library.name);
    Ok(LIBRARIES.iter().filter(wanted).collect())
}

fn scripts() -> PathBuf {
    root().join("tools/interop/tl")
}

/// The restrictions of a library, from its `.args` file: one argument of the generator a line.
fn generator_args(library: &Library) -> Result<Vec<String>> {
    let path = scripts().join(format!("{}.args", library.name));
    let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    Ok(parse_args(&text))
}

fn parse_args(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    lines
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

fn generate(library: &Library, args: &[String], seed: u64, count: u32) -> Result<PathBuf> {
    ensure!(
        has_generator(),
        "crates/tl-api has no example random_values, which makes the values"
    );
    let mut generator = cargo();
    generator.args([
        "run",
        "--quiet",
        "--package=tl-api",
        "--example=random_values",
        "--",
    ]);
    generator
        .args(["--seed", &seed.to_string(), "--count", &count.to_string()])
        .args(args);
    let text = crate::process::read(&mut generator)?;
    let folder = target_dir().join("interop");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}-values.txt", library.name));
    fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
    Ok(path)
}

fn compare(library: &Library, values: &Path) -> Result<Report> {
    let folder_name = format!("{}-{}", library.name, library.version);
    let folder = install(&folder_name, library.installer, library.packages)?;
    let mut script = interpreter(library, &folder);
    script
        .arg(scripts().join(library.script))
        .arg(values)
        .current_dir(folder);
    let output = capture(&mut script)?;
    let report = parse_report(&String::from_utf8_lossy(&output.stdout));
    // The script ends with 1 when it found a difference, and must have said which.
    let explained = output.status.success() == report.failed.is_empty();
    if !explained || report.values == 0 {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} of {}\n{stderr}", output.status, describe(&script));
    }
    Ok(report)
}

fn interpreter(library: &Library, folder: &Path) -> Command {
    match library.installer {
        Installer::Npm => command("node"),
        Installer::Pip => {
            let mut python = command(folder.join("bin/python"));
            python.arg("-B"); // no __pycache__ beside the scripts
            python
        }
    }
}

/// Reads `agreed KIND N names M values`, `unreadable …` and `FAILED …` lines.
fn parse_report(text: &str) -> Report {
    let mut report = Report::default();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["agreed", kind, names, "names", values, "values"] => {
                let names = names.parse().unwrap_or(0);
                match kind {
                    "type" => report.constructors = names,
                    _ => report.functions = names,
                }
                report.values += values.parse().unwrap_or(0);
            }
            ["unreadable", ..] => report.unreadable.push(line.to_owned()),
            ["FAILED", ..] => report.failed.push(line.to_owned()),
            _ => {}
        }
    }
    report
}

fn is_short(library: &Library, report: &Report) -> bool {
    report.constructors < library.constructors_min || report.functions < library.functions_min
}

fn row(library: &Library, args: &[String], report: &Report, time: Duration) -> String {
    let layer = args
        .iter()
        .skip_while(|arg| *arg != "--layer")
        .nth(1)
        .map_or("?", |layer| layer);
    format!(
        "{:17} {layer:>5} {:13} {:10} {:7} {:11} {:7} {:8.1}",
        format!("{} {}", library.name, library.version),
        report.constructors,
        report.functions,
        report.values,
        report.unreadable.len(),
        report.failed.len(),
        time.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::{LIBRARIES, Report, choose, generator_args, parse_args, parse_report, scripts};

    #[test]
    fn report_is_read_line_by_line() {
        let text = "agreed type 3 names 9 values\nagreed function 2 names 6 values\n\
                    unreadable type a: not there\nFAILED type b: differs at byte 4\nnoise\n";
        let expected = Report {
            constructors: 3,
            functions: 2,
            values: 15,
            unreadable: vec!["unreadable type a: not there".to_owned()],
            failed: vec!["FAILED type b: differs at byte 4".to_owned()],
        };
        assert_eq!(parse_report(text), expected);
    }

    #[test]
    fn comments_are_no_arguments() {
        let text = "# why\n--layer 229\n\n--no-leading-bom\n";
        assert_eq!(parse_args(text), ["--layer", "229", "--no-leading-bom"]);
    }

    #[test]
    fn each_library_has_a_script_and_a_layer() {
        for library in LIBRARIES {
            assert!(
                scripts().join(library.script).exists(),
                "{}",
                library.script
            );
            let args = generator_args(library).unwrap();
            assert!(args.iter().any(|arg| arg == "--layer"), "{}", library.name);
        }
    }

    #[test]
    fn unknown_library_is_an_error_that_names_the_known() {
        let error = choose(&["telegraf".to_owned()])
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("telethon, kurigram"), "{error}");
        assert_eq!(choose(&["mtcute".to_owned()]).unwrap().len(), 1);
    }
}
