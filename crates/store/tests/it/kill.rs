//! `kill -9` in the middle of writes, over and over, on the same folder.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{EmbeddedOptions, EmbeddedStore, Store};
use tempfile::TempDir;

use crate::random::{Random, seed};
use crate::subject::count;
use crate::writers::{Operation, judge, write};

/// Where the child finds its folder.
const FOLDER: &str = "STORE_KILL_FOLDER";
/// From which number the child goes on.
const FROM: &str = "STORE_KILL_FROM";
const WRITERS: u64 = 16;

fn options() -> EmbeddedOptions {
    EmbeddedOptions {
        cache_bytes: 4 << 20,
        overlay_bytes: 300_000,
        slice_bytes: 20_000,
        ..EmbeddedOptions::default()
    }
}

/// Runs only as the child of the test below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Ok(folder), Ok(from)) = (std::env::var(FOLDER), std::env::var(FROM)) else {
        return;
    };
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(folder, options()).unwrap());
    let from = from.parse().unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let acknowledge = |(writer, number): Operation| {
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {writer} {number}").unwrap();
                out.flush().unwrap();
            };
            tokio::spawn(write(Arc::clone(&store), writer, from, acknowledge, |_| {
                false
            }))
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[test]
fn killed_store_holds_all_that_was_acknowledged() {
    let kills = count("STORE_KILLS", 6);
    let seed = seed();
    println!("STORE_SEED={seed}, {kills} kills");
    let mut random = Random(seed);
    let folder = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        let acks = run_child(&folder, kill * 1_000_000, random.below(150));
        acknowledged.extend(acks);
        let start = Instant::now();
        let store = EmbeddedStore::open(folder.path(), options()).unwrap();
        slowest = slowest.max(start.elapsed());
        let found = runtime.block_on(judge(&store, &acknowledged));
        // What was not acknowledged and is there all the same stays there.
        acknowledged = found;
        store.close().unwrap();
        if kill % 10 == 0 {
            EmbeddedStore::check(folder.path()).unwrap();
        }
    }
    EmbeddedStore::check(folder.path()).unwrap();
    println!(
        "{kills} kills, {} operations, slowest reopening {slowest:?}",
        acknowledged.len()
    );
    assert!(
        acknowledged.len() as u64 > kills,
        "the child has written next to nothing"
    );
}

/// Starts a child, kills it some time after its first acknowledgement, and returns what it has
/// acknowledged.
fn run_child(folder: &TempDir, from: u64, delay_ms: u64) -> BTreeSet<Operation> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture"])
        .env(FOLDER, folder.path())
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acks = BTreeSet::new();
    let mut ack = |line: &str| {
        let mut numbers = line.strip_prefix("ack ")?.split(' ').map(str::parse);
        acks.insert((numbers.next()?.ok()?, numbers.next()?.ok()?));
        Some(())
    };
    while let Some(Ok(line)) = lines.next() {
        if ack(&line).is_some() {
            break;
        }
    }
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(delay_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for line in lines.map_while(Result::ok) {
        // A line cut short by the kill is no acknowledgement.
        ack(&line);
    }
    killer.join().unwrap();
    acks
}
