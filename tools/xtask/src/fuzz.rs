//! `cargo xtask fuzz`: builds the targets of `fuzz/` for libFuzzer on nightly, runs them, minimises their corpora.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{capture, command, describe, not_started, read, root, target_dir};

const SECONDS: u64 = 60;
/// One allocation above this is a finding: no input is larger than a few KiB.
const ALLOCATION_MAX_MIB: u32 = 64;
/// All memory of the target; AddressSanitizer keeps freed memory for a while.
const RSS_MAX_MIB: u32 = 2048;
/// One input that takes longer is a finding.
const INPUT_TIMEOUT_S: u32 = 10;

/// Coverage as libFuzzer wants it, and AddressSanitizer.
const RUSTFLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
    "-Zsanitizer=address",
];

/// What to fuzz, and for how long.
pub(crate) struct Options {
    /// Names of targets; empty means all.
    pub(crate) targets: Vec<String>,
    /// For each target.
    pub(crate) seconds: Option<u64>,
    /// Afterwards keep in `fuzz/corpus/` only the inputs that add coverage.
    pub(crate) minimise: bool,
}

/// Numbers that libFuzzer prints at the end of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stats {
    executions: u64,
    executions_per_s: u64,
    peak_rss_mib: u64,
    /// The last `cov:` of the log: edges reached.
    coverage: u64,
}

/// Builds and runs the targets and prints a table.
///
/// # Errors
/// Nightly is missing, a target does not compile, or one of them found something.
pub(crate) fn fuzz(options: &Options) -> Result<()> {
    let targets = choose(&targets()?, &options.targets)?;
    let triple = host_triple()?;
    let binaries = build(&targets, &triple)?;
    let seconds = options.seconds.unwrap_or(SECONDS);
    let mut table = Vec::new();
    let mut finding_count = 0;
    for target in &targets {
        println!("{target}: {seconds} s");
        let start = Instant::now();
        let (stats, findings) = run_target(target, &binaries.join(target), seconds)?;
        for finding in &findings {
            let binary = binaries.join(target);
            println!("FINDING: {}", finding.display());
            println!("again: {} {}", binary.display(), finding.display());
        }
        finding_count += findings.len();
        table.push(row(target, &stats, findings.len(), start.elapsed()));
        if options.minimise && findings.is_empty() {
            minimise(target, &binaries.join(target))?;
        }
    }
    println!("\ntarget                executions  per second  peak MiB  edges  findings  seconds");
    println!("{}", table.join("\n"));
    ensure!(finding_count == 0, "{finding_count} findings");
    Ok(())
}

/// The names of the targets in `fuzz/Cargo.toml`.
///
/// # Errors
/// The manifest cannot be read.
pub(crate) fn targets() -> Result<Vec<String>> {
    let path = root().join("fuzz/Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    Ok(parse_targets(&text))
}

fn parse_targets(manifest: &str) -> Vec<String> {
    let sections = manifest.split("[[bin]]").skip(1);
    let name = |section: &str| {
        let line = section.lines().find(|line| line.starts_with("name"))?;
        line.split('"').nth(1).map(str::to_owned)
    };
    sections.filter_map(name).collect()
}

fn choose(known: &[String], wanted: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("no fuzz target `{unknown}`; known are {}", known.join(", "));
    }
    let chosen = if wanted.is_empty() { known } else { wanted };
    ensure!(!chosen.is_empty(), "fuzz/Cargo.toml has no target");
    Ok(chosen.to_vec())
}

fn nightly(program: &str) -> Command {
    let mut nightly = command("rustup");
    nightly.args(["run", "nightly", program]);
    nightly
}

fn host_triple() -> Result<String> {
    let version = read(nightly("rustc").arg("-vV"))
        .context("fuzzing needs nightly; rustup toolchain install nightly --profile minimal")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

/// Builds with an explicit `--target`, so that build scripts and macros are not instrumented.
fn build(targets: &[String], triple: &str) -> Result<PathBuf> {
    let folder = target_dir().join("fuzz");
    let mut cargo = nightly("cargo");
    cargo.args([
        "build",
        "--release",
        "--manifest-path=fuzz/Cargo.toml",
        "--target",
        triple,
    ]);
    cargo
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", RUSTFLAGS.join(" "));
    for target in targets {
        cargo.args(["--bin", target]);
    }
    crate::process::run(&mut cargo)?;
    Ok(folder.join(triple).join("release"))
}

/// New inputs go to a folder under `target/`; those in git are read only.
fn run_target(name: &str, binary: &Path, seconds: u64) -> Result<(Stats, Vec<PathBuf>)> {
    let (work, seeds) = (work_corpus(name)?, seed_corpus(name)?);
    let artifacts = root().join("fuzz/artifacts").join(name);
    fs::create_dir_all(&artifacts)?;
    let before = files_of(&artifacts)?;
    let log_path = target_dir().join("fuzz").join(format!("{name}.log"));
    let log = File::create(&log_path).with_context(|| format!("{}", log_path.display()))?;

    let mut fuzzer = libfuzzer(binary);
    fuzzer.args([work, seeds]);
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1");
    fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
    fuzzer.stdout(log.try_clone()?).stderr(log);
    let status = fuzzer
        .status()
        .map_err(|error| not_started(&fuzzer, &error))?;

    let text = String::from_utf8_lossy(&fs::read(&log_path)?).into_owned();
    let mut findings = files_of(&artifacts)?;
    findings.retain(|path| !before.contains(path));
    if !status.success() {
        println!(
            "{}\n(the whole log: {})",
            explain(&text),
            log_path.display()
        );
        // It ended badly and left no input: not a finding to keep, but no success either.
        ensure!(!findings.is_empty(), "{status} of {}", describe(&fuzzer));
    }
    Ok((parse_stats(&text), findings))
}

/// Inputs with names of their own stay; of those that libFuzzer named, only what adds coverage.
fn minimise(name: &str, binary: &Path) -> Result<()> {
    let (work, seeds) = (work_corpus(name)?, seed_corpus(name)?);
    let kept = target_dir().join("fuzz/minimised").join(name);
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    for path in files_of(&seeds)? {
        let file_name = path.file_name().unwrap_or_default();
        if !is_content_hash(&file_name.to_string_lossy()) {
            fs::copy(&path, kept.join(file_name))?;
        }
    }
    let mut fuzzer = libfuzzer(binary);
    fuzzer.arg("-merge=1").args([&kept, &work, &seeds]);
    let output = capture(&mut fuzzer)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}\n{}",
        describe(&fuzzer),
        explain(&stderr)
    );

    let (old, new) = (files_of(&seeds)?, files_of(&kept)?);
    for path in &old {
        fs::remove_file(path)?;
    }
    let mut size = 0;
    for path in &new {
        size += fs::copy(path, seeds.join(path.file_name().unwrap_or_default()))?;
    }
    println!(
        "{name}: corpus of {} inputs, {size} bytes (it had {})",
        new.len(),
        old.len()
    );
    Ok(())
}

fn libfuzzer(binary: &Path) -> Command {
    let mut fuzzer = command(binary);
    fuzzer.env("ASAN_OPTIONS", "detect_odr_violation=0");
    fuzzer.arg(format!("-malloc_limit_mb={ALLOCATION_MAX_MIB}"));
    fuzzer.arg(format!("-rss_limit_mb={RSS_MAX_MIB}"));
    fuzzer.arg(format!("-timeout={INPUT_TIMEOUT_S}"));
    fuzzer
}

fn work_corpus(name: &str) -> Result<PathBuf> {
    let folder = target_dir().join("fuzz/corpus").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn seed_corpus(name: &str) -> Result<PathBuf> {
    let folder = root().join("fuzz/corpus").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// libFuzzer names an input by the SHA-1 of its content.
fn is_content_hash(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Reads `stat::NAME: NUMBER` lines and the last `cov: NUMBER`.
fn parse_stats(log: &str) -> Stats {
    let number = |text: &str| text.trim().split(' ').next()?.parse().ok();
    let stat = |name: &str| {
        let line = log.lines().find_map(|line| line.strip_prefix(name))?;
        number(line.trim_start_matches(':'))
    };
    Stats {
        executions: stat("stat::number_of_executed_units").unwrap_or(0),
        executions_per_s: stat("stat::average_exec_per_sec").unwrap_or(0),
        peak_rss_mib: stat("stat::peak_rss_mb").unwrap_or(0),
        coverage: log
            .rsplit_once(" cov: ")
            .and_then(|(_, rest)| number(rest))
            .unwrap_or(0),
    }
}

/// The panic message and what AddressSanitizer or libFuzzer calls it, without the stacks; or the end of the log.
fn explain(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    let mut told = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.contains("panicked at") {
            told.extend(lines.iter().skip(index).take(2).copied());
        } else if ["ERROR: ", "SUMMARY: "]
            .iter()
            .any(|word| line.contains(word))
        {
            told.push(line);
        }
    }
    if told.is_empty() {
        told.extend(&lines[lines.len().saturating_sub(20)..]);
    }
    told.join("\n")
}

fn row(name: &str, stats: &Stats, findings: usize, time: Duration) -> String {
    format!(
        "{name:20} {:11} {:11} {:9} {:6} {findings:9} {:8.1}",
        stats.executions,
        stats.executions_per_s,
        stats.peak_rss_mib,
        stats.coverage,
        time.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::{Stats, choose, explain, is_content_hash, parse_stats, parse_targets};

    #[test]
    fn targets_are_the_binaries_of_the_manifest() {
        let manifest = "[package]\nname = \"x\"\n\n[[bin]]\nname = \"a\"\npath = \"p\"\n\n[[bin]]\nname = \"b\"\n";
        assert_eq!(parse_targets(manifest), ["a", "b"]);
    }

    #[test]
    fn unknown_target_is_an_error_that_names_the_known() {
        let known = ["a".to_owned(), "b".to_owned()];
        let error = choose(&known, &["c".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("a, b"), "{error}");
        assert_eq!(choose(&known, &[]).unwrap(), known);
        assert_eq!(choose(&known, &["b".to_owned()]).unwrap(), ["b"]);
        assert!(choose(&[], &[]).is_err());
    }

    #[test]
    fn statistics_are_read_from_the_log() {
        let log = "#2\tINITED cov: 9 ft: 3 corp: 1/1b\n#64\tNEW    cov: 12 ft: 16\nDone\n\
                   stat::number_of_executed_units: 4194304\nstat::average_exec_per_sec:     69905\n\
                   stat::peak_rss_mb:              431\n";
        let expected = Stats {
            executions: 4_194_304,
            executions_per_s: 69_905,
            peak_rss_mib: 431,
            coverage: 12,
        };
        assert_eq!(parse_stats(log), expected);
        assert_eq!(parse_stats("nothing"), Stats::default());
    }

    #[test]
    fn only_names_by_libfuzzer_are_content_hashes() {
        assert!(is_content_hash("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert!(!is_content_hash("vector-count-4294967295"));
    }
    #[test]
    fn explanation_is_the_panic_without_the_stack() {
        let log = "#2 INITED\nthread '<unnamed>' panicked at a.rs:1:2:\nindex out of bounds\n\
                   ==7== ERROR: libFuzzer: deadly signal\n    #0 0x55\nSUMMARY: libFuzzer: deadly signal\n";
        assert_eq!(
            explain(log),
            "thread '<unnamed>' panicked at a.rs:1:2:\nindex out of bounds\n\
             ==7== ERROR: libFuzzer: deadly signal\nSUMMARY: libFuzzer: deadly signal"
        );
        assert_eq!(explain("cannot open"), "cannot open");
    }
}
