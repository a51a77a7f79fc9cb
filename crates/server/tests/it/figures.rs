//! How soon a server is ready and how little it holds. Only a release build says something:
//! `cargo test --release -p server --test it figures -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use crate::harness::{Process, folder};

/// From the start of the process to the ready line.
const READY_MAX: Duration = Duration::from_millis(50);
/// Resident memory of a server that nobody has talked to.
const IDLE_KIB_MAX: u64 = 20 << 10;

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let value = line.unwrap().trim().trim_end_matches("kB").trim();
    value.parse().unwrap()
}

#[tokio::test]
#[ignore = "measures; for release builds on a quiet machine"]
async fn ready_and_idle() {
    let data = folder();
    Process::start(data.path(), &[]).await.stop().await;
    let mut times = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..11 {
        let begun = Instant::now();
        let server = Process::start(data.path(), &[]).await;
        times.push(begun.elapsed());
        resident.push(resident_kib(server.id()));
        server.stop().await;
    }
    times.sort();
    resident.sort_unstable();
    let (time, kib) = (times[5], resident[5]);
    println!(
        "ready after {time:?} (fastest {:?}), idle at {kib} KiB",
        times[0]
    );
    assert!(time <= READY_MAX, "{times:?}");
    assert!(kib <= IDLE_KIB_MAX, "{resident:?}");
}
