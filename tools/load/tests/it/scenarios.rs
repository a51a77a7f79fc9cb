//! Every scenario, briefly, against a server of its own.
//!
//! The server is the `chappe` of the same target folder; it is built if it is not there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use chappe_load::cli::Cli;
use chappe_load::outcome::Outcome;
use clap::Parser as _;

/// The server's program, as new as the sources.
static CHAPPE: LazyLock<PathBuf> = LazyLock::new(|| {
    let own = std::env::current_exe().unwrap();
    // target/PROFILE/deps/it-HASH
    let folder = own.ancestors().nth(2).unwrap();
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "-p", "server", "--bin", "chappe"])
        .arg("--target-dir")
        .arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    folder.join("chappe")
});

/// Runs a scenario against a server that it starts.
fn run(arguments: &[&str]) -> Outcome {
    let chappe = CHAPPE.to_str().unwrap();
    let head = [
        "chappe-load",
        "--quiet",
        "--serve",
        chappe,
        "--seconds",
        "1.5",
        "--warm-up",
        "0.2",
    ];
    let cli = Cli::try_parse_from(head.iter().chain(arguments)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let run = cli.prepare().unwrap();
    let outcome = runtime.block_on(run.scenario(&cli.scenario)).unwrap();
    assert!(outcome.operations > 0, "{}", outcome.markdown());
    assert_eq!(outcome.errors, 0, "{}", outcome.markdown());
    let server = outcome.server.unwrap();
    assert!(server.us_each > 0.0, "{}", outcome.markdown());
    assert!(outcome.latency.p50_us <= outcome.latency.max_us);
    outcome
}

#[test]
fn connections() {
    let connected = run(&["connect", "--connections", "40", "--users", "3"]);
    assert_eq!(connected.operations, 40);
    let again = run(&["reconnect", "--connections", "20", "--users", "2"]);
    assert!(again.operations >= 20, "{}", again.markdown());
    let idle = run(&["idle", "--connections", "100", "--users", "2"]);
    let bytes = idle.figures["bytes each, idle"];
    // Few connections: what the server takes once weighs more than what each takes.
    assert!((500.0..1e6).contains(&bytes), "{bytes}");
}

#[test]
fn keys_and_pings() {
    run(&["handshake", "--at-once", "2", "--count", "6"]);
    let pings = run(&["ping", "--connections", "4", "--pipelined", "8"]);
    assert!(pings.per_second > 200.0, "{}", pings.markdown());
    let paced = run(&[
        "ping",
        "--connections",
        "4",
        "--pipelined",
        "1",
        "--rate",
        "100",
    ]);
    assert!(paced.per_second < 130.0, "{}", paced.markdown());
}

#[test]
fn messages() {
    run(&[
        "pairs", "--pairs", "2", "--layer", "198", "--store", "memory",
    ]);
    run(&["pairs", "--pairs", "2", "--rate", "50"]);
    run(&["group", "--members", "4"]);
    run(&["group", "--members", "3", "--rate", "10", "--obfuscated"]);
}

#[test]
fn files_and_histories() {
    let down = run(&["file", "--size-mib", "2", "--at-once", "2"]);
    assert!(down.figures["MiB a second"] > 0.1, "{}", down.markdown());
    run(&["file", "--size-mib", "2", "--direction", "up"]);
    run(&[
        "history",
        "--connections",
        "3",
        "--messages",
        "60",
        "--page",
        "20",
    ]);
}

#[test]
fn a_day() {
    let day = run(&["day", "--users", "12", "--rate", "150"]);
    assert!(day.figures["text: count"] > 10.0, "{}", day.markdown());
    assert!(day.figures["a copy arrived: count"] > 10.0);
}

#[test]
fn results_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(&["ping", "--connections", "2"]);
    outcome.write(folder.path(), None).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("ping.json")).unwrap();
    assert_eq!(json["operations"], outcome.operations);
    assert!(read("ping.md").contains("| server CPU each |"));
    assert!(read("ping.svg").starts_with("<svg"));
}

#[test]
fn a_server_elsewhere_needs_permission() {
    let cli = Cli::try_parse_from([
        "chappe-load",
        "--address",
        "192.0.2.1:443",
        "--key",
        "none.pem",
        "ping",
    ]);
    let said = cli.unwrap().prepare().err().unwrap().to_string();
    assert!(said.contains("--remote"), "{said}");
}
