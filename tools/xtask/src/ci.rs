//! `cargo xtask ci`: every check, in the order in which a failure is cheapest to find.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process::{cargo, describe, not_started, root, run, target_dir};
use crate::{cassandra, codegen, fuzz, interop, tidy};

/// How a step ended well.
enum Outcome {
    Passed,
    /// The step has nothing to look at yet; the reason is printed.
    Skipped(&'static str),
}

/// A check. It returns an error on the first thing that is wrong.
struct Step {
    name: &'static str,
    /// Left out of `--fast`.
    slow: bool,
    check: fn(&mut Totals) -> Result<Outcome>,
}

/// Tests run so far, summed over all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        slow: false,
        check: check_format,
    },
    Step {
        name: "codegen",
        slow: false,
        check: |_| codegen::codegen(true).map(|()| Outcome::Passed),
    },
    Step {
        name: "tidy",
        slow: false,
        check: |_| tidy::tidy().map(|()| Outcome::Passed),
    },
    Step {
        name: "clippy",
        slow: false,
        check: check_lints,
    },
    Step {
        name: "tests",
        slow: false,
        check: run_tests,
    },
    Step {
        name: "docs",
        slow: false,
        check: build_docs,
    },
    Step {
        name: "all layers",
        slow: true,
        check: walk_all_layers,
    },
    Step {
        name: "fuzz targets",
        slow: true,
        check: check_fuzz_targets,
    },
    Step {
        name: "benches",
        slow: true,
        check: run_benches_once,
    },
    Step {
        name: "store on CQL",
        slow: true,
        check: test_store_on_cql,
    },
    Step {
        name: "clients",
        slow: true,
        check: chat_with_clients,
    },
    Step {
        name: "interop tl",
        slow: true,
        check: compare_tl,
    },
];

/// Runs all steps, or with `fast` those that need no service and no other language.
///
/// # Errors
/// The first step that fails ends the run; the error names it.
pub(crate) fn ci(fast: bool) -> Result<()> {
    let mut totals = Totals::default();
    let mut table = Vec::new();
    let mut failure = None;
    for step in STEPS {
        if fast && step.slow {
            continue;
        }
        println!("\n==== {}", step.name);
        let start = Instant::now();
        let result = (step.check)(&mut totals);
        let row = describe_end(step.name, &result, start.elapsed());
        println!("==== {row}");
        table.push(row);
        if let Err(error) = result {
            failure = Some(error.context(format!("step `{}` failed", step.name)));
            break;
        }
    }
    println!("\n{}\n", table.join("\n"));
    // The last line of a good run; whoever counts tests reads it.
    println!("{} passed, {} failed", totals.passed, totals.failed);
    failure.map_or(Ok(()), Err)
}

fn describe_end(name: &str, result: &Result<Outcome>, time: Duration) -> String {
    let end = match result {
        Ok(Outcome::Passed) => "passed".to_owned(),
        Ok(Outcome::Skipped(why)) => format!("skipped: {why}"),
        Err(_) => "FAILED".to_owned(),
    };
    format!("{name:14} {:8.1} s  {end}", time.as_secs_f64())
}

fn check_format(_: &mut Totals) -> Result<Outcome> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    if !fuzz::targets()?.is_empty() {
        run(cargo().args(["fmt", "--manifest-path=fuzz/Cargo.toml", "--check"]))?;
    }
    Ok(Outcome::Passed)
}

fn check_lints(_: &mut Totals) -> Result<Outcome> {
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny=warnings",
    ]))?;
    Ok(Outcome::Passed)
}

fn run_tests(totals: &mut Totals) -> Result<Outcome> {
    // Without it the totals would end at the first binary that fails.
    count_tests(
        cargo().args(["test", "--workspace", "--no-fail-fast"]),
        totals,
    )?;
    Ok(Outcome::Passed)
}

/// Every name of every layer, written for every other: seventeen million pairs, so optimised.
fn walk_all_layers(totals: &mut Totals) -> Result<Outcome> {
    let mut walk = cargo();
    walk.args([
        "test",
        "--release",
        "--package=tl-api",
        "--test=it",
        "values_come_back",
        "--",
        "--nocapture",
    ]);
    count_tests(walk.env("ALL_LAYERS", "1"), totals)?;
    Ok(Outcome::Passed)
}

fn build_docs(_: &mut Totals) -> Result<Outcome> {
    // tl-api is generated: thousands of pages that say what the schema says.
    let mut doc = cargo();
    doc.args(["doc", "--workspace", "--no-deps", "--exclude=tl-api"]);
    run(doc.env("RUSTDOCFLAGS", "--deny=warnings"))?;
    Ok(Outcome::Passed)
}

/// Their corpora are replayed by the tests; here the targets themselves must compile.
fn check_fuzz_targets(_: &mut Totals) -> Result<Outcome> {
    if fuzz::targets()?.is_empty() {
        return Ok(Outcome::Skipped("fuzz/Cargo.toml has no target yet"));
    }
    let mut check = cargo();
    check.args(["check", "--manifest-path=fuzz/Cargo.toml", "--bins"]);
    check
        .arg("--target-dir")
        .arg(target_dir().join("fuzz-check"));
    // Nothing is linked, so libFuzzer itself need not be built.
    run(check.env("CUSTOM_LIBFUZZER_PATH", root().join("libfuzzer.a")))?;
    Ok(Outcome::Passed)
}

/// In the dev profile: it reuses what the tests built, and one round needs no optimisation.
fn run_benches_once(_: &mut Totals) -> Result<Outcome> {
    run(cargo().args([
        "bench",
        "--package=benches",
        "--profile=dev",
        "--",
        "--test",
    ]))?;
    Ok(Outcome::Passed)
}

fn test_store_on_cql(totals: &mut Totals) -> Result<Outcome> {
    let manifest = fs::read_to_string(root().join("crates/store/Cargo.toml")).unwrap_or_default();
    if !has_feature(&manifest, "cql") {
        return Ok(Outcome::Skipped("crates/store has no feature `cql` yet"));
    }
    run(cargo()
        .args([
            "clippy",
            "--package=store",
            "--features=cql",
            "--all-targets",
        ])
        .args(["--", "--deny=warnings"]))?;
    let home = target_dir().join("ci-cassandra");
    // What an interrupted run left behind must not be found by this one.
    cassandra::down(&cassandra::Node::new(None, Some(home.clone())))?;
    let node = cassandra::Node::new(Some(free_port()?), Some(home));
    cassandra::wipe(&node)?;
    let address = cassandra::up(&node)?;
    let mut tests = cargo();
    tests
        .args(["test", "--package=store", "--features=cql"])
        .env("CHAPPE_CQL", &address);
    let result = count_tests(&mut tests, totals).and_then(|()| chat(Store::Cql(address)));
    cassandra::down(&node)?;
    result.map(|()| Outcome::Passed)
}

/// Every client library chats on a server of ours, each once in all its framings, then all of them
/// in one group.
fn chat_with_clients(_: &mut Totals) -> Result<Outcome> {
    chat(Store::Embedded)?;
    Ok(Outcome::Passed)
}

/// What the server under the clients keeps its data in.
enum Store {
    Embedded,
    /// In the cluster with this node.
    Cql(String),
}

fn chat(store: Store) -> Result<()> {
    let (store, cql) = match store {
        Store::Embedded => ("embedded", String::new()),
        Store::Cql(node) => ("cql", node),
    };
    interop::smoke::smoke(&interop::smoke::Options {
        clients: Vec::new(),
        runs: 1,
        store: store.into(),
        cql,
        release: false,
    })
}

fn compare_tl(_: &mut Totals) -> Result<Outcome> {
    if !interop::tl::has_generator() {
        return Ok(Outcome::Skipped(
            "crates/tl-api has no example `random_values` yet",
        ));
    }
    interop::tl::run(&interop::tl::Options::default())?;
    Ok(Outcome::Passed)
}

/// Runs `cargo test`, passing its output on, and adds up the lines with results.
fn count_tests(command: &mut Command, totals: &mut Totals) -> Result<()> {
    command.stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let stdout = child
        .stdout
        .take()
        .context("the pipe was asked for above")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        if let Some((passed, failed)) = parse_result(&line) {
            totals.passed += passed;
            totals.failed += failed;
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("failed with {status}: {}", describe(command));
    }
    Ok(())
}

/// `(passed, failed)` of a line like `test result: ok. 21 passed; 0 failed; 0 ignored; …`.
fn parse_result(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        let (before, _) = rest.split_once(word)?;
        before.trim_end().rsplit(' ').next()?.parse().ok()
    };
    Some((count("passed;")?, count("failed;")?))
}

/// Whether the manifest has a line `NAME = …` in its `[features]`.
fn has_feature(manifest: &str, name: &str) -> bool {
    let section = manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1);
    section
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .any(|(key, _)| key.trim() == name)
}

/// A port such that it and the one 1000 above it, which Cassandra takes too, are free.
fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let above = port.checked_add(1000);
        if above.is_some_and(|above| TcpListener::bind((Ipv4Addr::LOCALHOST, above)).is_ok()) {
            return Ok(port);
        }
    }
    bail!("no free port on 127.0.0.1");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, describe_end, has_feature, parse_result};

    #[test]
    fn results_of_test_binaries_are_read() {
        let ok = "test result: ok. 21 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(parse_result(ok), Some((21, 0)));
        assert_eq!(
            parse_result("test result: FAILED. 4 passed; 12 failed; 0 ignored"),
            Some((4, 12))
        );
        assert_eq!(parse_result("test a::b ... ok"), None);
    }

    #[test]
    fn feature_is_looked_up_in_its_section_alone() {
        let manifest =
            "[features]\ndefault = []\ncql = [\"dep:scylla\"]\n\n[dependencies]\nredb = \"4\"\n";
        assert!(has_feature(manifest, "cql"));
        assert!(!has_feature(manifest, "redb"));
        assert!(!has_feature("[dependencies]\ncql = \"1\"\n", "cql"));
    }

    #[test]
    fn each_end_of_a_step_is_told_apart() {
        let time = Duration::from_millis(1500);
        let end = |result| describe_end("docs", &result, time);
        assert_eq!(
            end(Ok(Outcome::Passed)),
            "docs                1.5 s  passed"
        );
        assert_eq!(
            end(Ok(Outcome::Skipped("why"))),
            "docs                1.5 s  skipped: why"
        );
        assert_eq!(
            end(Err(anyhow::anyhow!("no"))),
            "docs                1.5 s  FAILED"
        );
    }
}
