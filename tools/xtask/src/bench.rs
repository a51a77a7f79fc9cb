//! `cargo xtask bench report`: runs the measurements that have a bar and writes docs/benchmarks.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{cargo, read, root, run, target_dir};

/// How much is measured.
pub(crate) struct Options {
    /// Seconds of each run of `chappe-load`.
    pub(crate) seconds: u32,
    /// Idle connections.
    pub(crate) connections: u32,
    /// Members of the group.
    pub(crate) members: u32,
}

/// A figure with what it should be.
struct Row {
    what: &'static str,
    bar: String,
    measured: String,
    /// Whether it reaches the bar; none if there is no bar.
    reached: Option<bool>,
    method: String,
}

/// What `chappe-load` is run with, and the name of its result.
struct Load {
    name: &'static str,
    arguments: Vec<String>,
}

/// Measures and writes the report.
///
/// # Errors
/// Something cannot be built or does not run.
pub(crate) fn report(options: &Options) -> Result<()> {
    build()?;
    let folder = root().join("docs/benchmarks");
    fs::create_dir_all(&folder)?;
    let mut rows = Vec::new();
    rows.extend(start_up(&folder)?);
    rows.extend(gateway_cost(&folder, options)?);
    rows.extend(page_of_history(&folder)?);
    let mut tables = String::new();
    for load in loads(options) {
        let outcome = measure(&load, options, &folder)?;
        rows.extend(judge(&load, &outcome));
        tables.push_str(&fs::read_to_string(
            folder.join(format!("{}.md", load.name)),
        )?);
        tables.push('\n');
        fs::remove_file(folder.join(format!("{}.md", load.name)))?;
    }
    let text = page(&rows, &tables)?;
    fs::write(root().join("docs/benchmarks.md"), text)?;
    println!("docs/benchmarks.md and docs/benchmarks/ are written");
    Ok(())
}

fn build() -> Result<()> {
    let bins = ["build", "--release", "--locked"];
    run(cargo()
        .args(bins)
        .args(["-p", "server", "--bin", "chappe"])
        .args(["-p", "chappe-load", "--bin", "chappe-load"]))?;
    run(cargo()
        .args(bins)
        .args(["-p", "gateway", "--example", "cost"]))
}

fn program(name: &str) -> PathBuf {
    target_dir().join("release").join(name)
}

fn loads(options: &Options) -> Vec<Load> {
    let load = |name, line: &str| Load {
        name,
        arguments: line.split_whitespace().map(str::to_owned).collect(),
    };
    let (connections, members) = (options.connections, options.members);
    let users = connections.div_ceil(10);
    vec![
        load("ping-1", "ping --connections 64 --pipelined 1"),
        load("ping-16", "ping --connections 64 --pipelined 16"),
        load("pairs", "pairs --pairs 50"),
        load("pairs-memory", "pairs --pairs 50 --store memory"),
        load("pairs-paced", "pairs --pairs 50 --rate 1000"),
        load("group", &format!("group --members {members}")),
        load("handshake", "handshake --at-once 4"),
        load("reconnect", "reconnect --connections 500"),
        load(
            "idle",
            &format!("idle --connections {connections} --users {users}"),
        ),
        load("file-down", "file --size-mib 64 --at-once 4"),
        load("file-up", "file --size-mib 64 --at-once 4 --direction up"),
        load("history", "history --connections 16 --page 50"),
        load("day", "day --users 100 --rate 500"),
    ]
}

fn measure(load: &Load, options: &Options, folder: &Path) -> Result<Value> {
    eprintln!("chappe-load {}", load.arguments.join(" "));
    let seconds = options.seconds.to_string();
    let mut command = Command::new(program("chappe-load"));
    command
        .args([
            "--serve",
            "auto",
            "--json",
            "--quiet",
            "--seconds",
            &seconds,
        ])
        .args(["--name", load.name])
        .arg("--out")
        .arg(folder)
        .args(&load.arguments);
    let json = read(&mut command)?;
    serde_json::from_str(&json).context("what chappe-load prints")
}

/// The rows that a run is for.
fn judge(load: &Load, outcome: &Value) -> Vec<Row> {
    let cpu = outcome["server"]["us_each"].as_f64().unwrap_or(f64::NAN);
    let latency = |name: &str| outcome["latency"][name].as_f64().unwrap_or(f64::NAN) / 1000.0;
    let figure = |name: &str| outcome["figures"][name].as_f64().unwrap_or(f64::NAN);
    let method = format!("`chappe-load --serve auto {}`", load.arguments.join(" "));
    let row = |what, bar: String, measured: String, reached| Row {
        what,
        bar,
        measured,
        reached,
        method: method.clone(),
    };
    let tail = format!(
        "p50 {:.2} ms, p99 {:.2} ms",
        latency("p50_us"),
        latency("p99_us")
    );
    match load.name {
        "pairs" => vec![row(
            "a durable message between two people, CPU of the server",
            "≤ 80 µs".into(),
            format!("{cpu:.1} µs; {tail}"),
            Some(cpu <= 80.0),
        )],
        "pairs-memory" => vec![row(
            "the same without a disk (A14: Mosquitto QoS 1 takes 14.0 µs, NATS 8.4)",
            "≤ 14.0 µs".into(),
            format!("{cpu:.1} µs; {tail}"),
            Some(cpu <= 14.0),
        )],
        "pairs-paced" => vec![row(
            "the same at 1,000 a second",
            String::new(),
            format!("{cpu:.1} µs; {tail}"),
            None,
        )],
        "group" => {
            let ratio = figure("CPU of a delivery, of a bare write");
            vec![row(
                "a message of a group at one connected member, CPU (A16)",
                "≤ 1.25 bare writes".into(),
                format!("{cpu:.1} µs, {ratio:.2} bare writes"),
                Some(ratio <= 1.25),
            )]
        }
        "handshake" => vec![row(
            "a key exchange, CPU of the server",
            "≤ 5 ms".into(),
            format!("{:.2} ms", cpu / 1000.0),
            Some(cpu <= 5000.0),
        )],
        "idle" => {
            let bytes = figure("bytes each, idle");
            vec![row(
                "memory of an idle, logged-in connection (A17)",
                "≤ 4,096 B".into(),
                format!("{bytes:.0} B"),
                Some(bytes <= 4096.0),
            )]
        }
        "file-down" => {
            let share = figure("share of the cipher's rate, %");
            vec![row(
                "a download, of what one stream of AES-256-IGE allows a core",
                "≥ 60 %".into(),
                format!(
                    "{share:.0} %: {:.0} MiB a second of a core",
                    figure("MiB a second of a server core")
                ),
                Some(share >= 60.0),
            )]
        }
        _ => vec![row(
            match load.name {
                "ping-1" => "a ping of 64 connections",
                "ping-16" => "a ping, 16 at once in each",
                "reconnect" => "a reconnect with `updates.getState`, 500 cut at once",
                "file-up" => "a part of 512 KiB up",
                "history" => "a page of 50 messages at a random place",
                _ => "something of a day of 100 people, 500 a second",
            },
            String::new(),
            format!("{cpu:.1} µs; {tail}"),
            None,
        )],
    }
}

/// From the start of the process to the ready line, and what it holds then.
fn start_up(folder: &Path) -> Result<Vec<Row>> {
    let data = tempfile::tempdir()?;
    let mut times = Vec::new();
    let mut resident = Vec::new();
    // The first start makes the RSA key.
    for turn in 0..12 {
        let begun = Instant::now();
        let mut child = Command::new(program("chappe"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server's output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let time = begun.elapsed();
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        child.kill()?;
        child.wait()?;
        if turn > 0 {
            times.push(time.as_secs_f64() * 1000.0);
            let kib = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
                .context("no VmRSS")?;
            resident.push(kib);
        }
    }
    let raw = serde_json::json!({ "ready_ms": times, "resident_kib": resident });
    fs::write(
        folder.join("start.json"),
        serde_json::to_string_pretty(&raw)? + "\n",
    )?;
    let (time, mib) = (median(&mut times), median(&mut resident) / 1024.0);
    let method = "median of 11 starts of `chappe serve --dev` in one folder".to_owned();
    Ok(vec![
        Row {
            what: "ready after the start",
            bar: "≤ 50 ms".into(),
            measured: format!("{time:.1} ms"),
            reached: Some(time <= 50.0),
            method: method.clone(),
        },
        Row {
            what: "memory when idle",
            bar: "≤ 20 MiB".into(),
            measured: format!("{mib:.1} MiB"),
            reached: Some(mib <= 20.0),
            method,
        },
    ])
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The gateway beside a bare echo: lines like `a ping, 1 at once: 6.2µs, echo 4.7µs, 1.33x`.
fn gateway_cost(folder: &Path, options: &Options) -> Result<Vec<Row>> {
    eprintln!("gateway cost");
    let mut command = Command::new(program("examples/cost"));
    let said = read(command.arg(options.connections.to_string()))?;
    fs::write(folder.join("gateway-cost.txt"), &said)?;
    let mut ratios: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for line in said.lines() {
        if let Some((what, rest)) = line.split_once(": ")
            && let Some(ratio) = rest
                .rsplit(' ')
                .next()
                .and_then(|last| last.strip_suffix('x')?.parse().ok())
        {
            ratios.entry(what).or_default().push(ratio);
        }
    }
    let bars = [
        (
            "a ping, 1 at once",
            "a ping, against a bare echo (A12)",
            1.4,
        ),
        (
            "a ping, 16 at once",
            "a ping, 16 at once, against a bare echo (A13)",
            4.0,
        ),
        (
            "a reconnect with a call",
            "a reconnect with a call, against accept and echo (A18)",
            2.0,
        ),
    ];
    let mut rows = Vec::new();
    for (name, what, bar) in bars {
        let Some(values) = ratios.get_mut(name) else {
            bail!("the example `cost` says nothing about `{name}`:\n{said}");
        };
        let ratio = median(values);
        rows.push(Row {
            what,
            bar: format!("≤ {bar} ×"),
            measured: format!("{ratio:.2} ×"),
            reached: Some(ratio <= bar),
            method: "`cargo run --release -p gateway --example cost`, CPU, median of 3".into(),
        });
    }
    Ok(rows)
}

/// A11 from what criterion keeps.
fn page_of_history(folder: &Path) -> Result<Vec<Row>> {
    run(cargo().args(["bench", "-p", "benches", "--bench", "tl", "--", "page"]))?;
    let place = target_dir().join("criterion");
    let mut medians = BTreeMap::new();
    collect_medians(&place, &place, &mut medians)?;
    fs::write(
        folder.join("tl.json"),
        serde_json::to_string_pretty(&medians)? + "\n",
    )?;
    let of = |wanted: &[&str]| {
        medians
            .iter()
            .find(|(name, _)| wanted.iter().all(|word| name.contains(word)))
            .map(|(_, ns)| *ns)
    };
    let (Some(ours), Some(theirs)) = (of(&["stored"]), of(&["encode", "grammers"])) else {
        bail!("criterion has no such benches: {medians:?}");
    };
    let ratio = theirs / ours;
    Ok(vec![Row {
        what: "a page of 50 stored messages, against grammers-tl-types' encode (A11)",
        bar: "≥ 8 × faster".into(),
        measured: format!("{ratio:.1} × faster"),
        reached: Some(ratio >= 8.0),
        method: "`cargo bench -p benches --bench tl`, medians".into(),
    }])
}

/// Nanoseconds by the name of the bench.
fn collect_medians(top: &Path, folder: &Path, medians: &mut BTreeMap<String, f64>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.ends_with("new") {
            let text = fs::read_to_string(path.join("estimates.json"))?;
            let estimates: Value = serde_json::from_str(&text)?;
            let name = folder.strip_prefix(top).unwrap_or(folder).to_string_lossy();
            if let Some(ns) = estimates["median"]["point_estimate"].as_f64() {
                medians.insert(name.into_owned(), ns);
            }
        } else if path.is_dir() {
            collect_medians(top, &path, medians)?;
        }
    }
    Ok(())
}

fn page(rows: &[Row], tables: &str) -> Result<String> {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench report`; the raw figures are in [benchmarks/](benchmarks).\n\n",
    );
    writeln!(text, "{}\n", machine()?)?;
    text.push_str(
        "CPU is that of the server's process, from `/proc`. Latencies run from when an operation should have begun; the\n\
         client takes turns with the server on the same processors, so they are upper bounds.\n\n",
    );
    text.push_str("| what | bar | measured | | how |\n|---|---|---|---|---|\n");
    for row in rows {
        let verdict = match row.reached {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "",
        };
        writeln!(
            text,
            "| {} | {} | {} | {verdict} | {} |",
            row.what, row.bar, row.measured, row.method
        )?;
    }
    writeln!(text, "\n## Peers\n\n{}\n", peers())?;
    writeln!(text, "## Runs\n\n{}", tables.trim_end())?;
    Ok(text)
}

fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let rustc = read(Command::new("rustc").arg("--version"))?;
    Ok(format!(
        "{count} × {model}, Linux {}, {}, release build; the machine's load was {load} at the end.",
        kernel.trim(),
        rustc.trim()
    ))
}

/// Which peers are on this machine.
fn peers() -> String {
    let found = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin")])
            .any(|folder| folder.join(name).is_file())
    };
    let state = |name: &str| {
        if found(name) {
            "installed"
        } else {
            "not installed"
        }
    };
    format!(
        "grammers' crates and the bare tokio echo run in the same process or beside it, see above. NATS (`nats-server`): {}; \
         Mosquitto (`mosquitto`): {}.",
        state("nats-server"),
        state("mosquitto")
    )
}
