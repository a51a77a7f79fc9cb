//! Figures of an engine, beside raw `fdatasync` on the same disk in the same run.
//!
//! `cargo run --release -p store --example store-bench -- [messages] [users] [folder]`; with the
//! feature `cql` and `CHAPPE_CQL` set, the same load goes to that server afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for figures"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use store::*;
use tokio::sync::Mutex;

const WRITERS: u64 = 64;
const CONTACTS: u64 = 30;
const WORDS: u64 = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().unwrap())
    };
    let (messages, users) = (number(0, 200_000), number(1, 10_000));
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments
        .get(2)
        .map_or_else(|| temporary.path().into(), std::path::PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if std::env::var("STORE_BENCH_CHILD").is_ok() {
        let store = Arc::new(EmbeddedStore::open(&folder, options()).unwrap());
        println!("open");
        runtime.block_on(writers(
            &store,
            &Load::new(&runtime, store.as_ref(), users),
            WRITERS,
            u64::MAX,
        ));
        return;
    }
    println!("disk before: {}", raw_sync(&folder));
    let start = Instant::now();
    let store = Arc::new(EmbeddedStore::open(&folder, options()).unwrap());
    println!("opened in {:?}", start.elapsed());
    embedded(&runtime, &store, users, messages);
    let start = Instant::now();
    Arc::into_inner(store).unwrap().close().unwrap();
    println!("closed in {:?}", start.elapsed());
    println!("disk after: {}", raw_sync(&folder));
    reopen(&folder, users);
    #[cfg(feature = "cql")]
    cql(&runtime, users);
}

fn options() -> EmbeddedOptions {
    let default = EmbeddedOptions::default();
    let mib = |variable: &str, default: usize| {
        std::env::var(variable).map_or(default, |text| text.parse::<usize>().unwrap() << 20)
    };
    EmbeddedOptions {
        overlay_bytes: mib("STORE_OVERLAY_MIB", default.overlay_bytes),
        cache_bytes: mib("STORE_CACHE_MIB", default.cache_bytes),
        slice_bytes: mib("STORE_SLICE_MIB", default.slice_bytes),
        ..default
    }
}

fn embedded(
    runtime: &tokio::runtime::Runtime,
    store: &Arc<EmbeddedStore>,
    users: u64,
    messages: u64,
) {
    let load = Load::new(runtime, store.as_ref(), users);
    print(
        "send, 1 writer",
        &runtime.block_on(writers(store, &load, 1, messages.min(2000))),
    );
    let pieces = messages.div_ceil(250_000).max(1);
    for piece in 1..=pieces {
        let run = runtime.block_on(writers(store, &load, WRITERS, messages / pieces));
        print(
            &format!("send, {WRITERS} writers, part {piece} of {pieces}"),
            &run,
        );
    }
    runtime.block_on(reads(store.as_ref(), users));
    println!("peak memory {} MiB", status("VmHWM:") >> 10);
}

/// The users with their mailboxes as their owner knows them.
struct Load {
    users: Vec<Mutex<(i32, i32)>>,
    sent: AtomicU64,
    seed: u64,
}

impl Load {
    fn new(runtime: &tokio::runtime::Runtime, store: &dyn Store, users: u64) -> Arc<Self> {
        let heads = (0..users).map(|user| {
            let head = runtime.block_on(store.head(mailbox(user))).unwrap();
            Mutex::new((head.pts.0, head.top.0))
        });
        let seed = u64::from(std::process::id()) << 40;
        Arc::new(Self {
            users: heads.collect(),
            sent: AtomicU64::new(0),
            seed,
        })
    }
}

fn mailbox(user: u64) -> MailboxId {
    MailboxId::User(UserId(i64::try_from(user).unwrap()))
}

fn chance(seed: u64) -> u64 {
    let mut z = seed
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 29)
}

/// Some contacts are written to more than others.
fn contact(user: u64, users: u64, chance: u64) -> u64 {
    let k = (chance % CONTACTS) * (chance / CONTACTS % CONTACTS) / CONTACTS;
    (user + 1 + self::chance(user / 8 * CONTACTS + k) % (users - 1)) % users
}

/// What one side of a private message gets.
fn side(user: u64, peer: u64, from: u64, op: u128, n: u64, state: (i32, i32)) -> Append {
    let (pts, top) = state;
    let peer = PeerId::User(UserId(i64::try_from(peer).unwrap()));
    let mut text = String::with_capacity(220);
    for word in 0..WORDS {
        let rank = chance(n * WORDS + word) % 1000;
        text.push_str(&format!("w{:x} ", rank * rank / 40));
    }
    let mut body = text.clone();
    while body.len() < 200 {
        body.push_str(" and more of it");
    }
    let id = MsgId(top + 1);
    let mut reference = vec![1; 20];
    reference[..4].copy_from_slice(&id.0.to_le_bytes());
    Append {
        mailbox: mailbox(user),
        expect: Pts(pts),
        op: Some(OpId(op)),
        result: Bytes::from(reference.clone()),
        date: 1,
        events: vec![Event {
            pts_count: 1,
            body: Bytes::from(reference),
        }],
        messages: vec![MessageWrite::Put {
            message: Message {
                id,
                peer,
                from: PeerId::User(UserId(i64::try_from(from).unwrap())),
                date: 1_700_000_000,
                layer: 230,
                body: Bytes::from(body),
                ..Message::default()
            },
            text,
        }],
        dialogs: vec![DialogWrite::Put(Dialog {
            peer,
            top: id,
            top_date: 1_700_000_000,
            unread: 1,
            extra: Bytes::from_static(&[0; 24]),
            ..Dialog::default()
        })],
        ..Append::default()
    }
}

async fn send(store: &impl Mailboxes, load: &Load, n: u64) {
    let users = load.users.len() as u64;
    let from = chance(load.seed + n) % users;
    let to = contact(from, users, chance(load.seed + n + 7));
    // Always in the same order, or two sends would wait for each other.
    let (low, high) = (from.min(to), from.max(to));
    let mut low_state = load.users[usize::try_from(low).unwrap()].lock().await;
    let mut high_state = load.users[usize::try_from(high).unwrap()].lock().await;
    let op = u128::from(chance(load.seed + n)) << 64 | u128::from(n);
    let group = vec![
        side(low, high, from, op, n, *low_state),
        side(high, low, from, op, n, *high_state),
    ];
    for appended in store.append_group(group).await.unwrap() {
        assert!(appended.repeated.is_none());
    }
    for state in [&mut low_state, &mut high_state] {
        state.0 += 1;
        state.1 += 1;
    }
}

struct Run {
    count: u64,
    elapsed: Duration,
    latencies_us: Vec<u32>,
    cpu_us: u64,
    written: u64,
}

async fn writers<S: Store + 'static>(
    store: &Arc<S>,
    load: &Arc<Load>,
    writers: u64,
    messages: u64,
) -> Run {
    let (cpu, written, start) = (cpu_us(), written(), Instant::now());
    let end = load.sent.load(Ordering::Relaxed).saturating_add(messages);
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, load) = (Arc::clone(store), Arc::clone(load));
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let n = load.sent.fetch_add(1, Ordering::Relaxed);
                    if n >= end {
                        return latencies;
                    }
                    let start = Instant::now();
                    send(store.as_ref(), &load, n).await;
                    latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap());
                }
            })
        })
        .collect();
    let mut latencies_us = Vec::new();
    for task in tasks {
        latencies_us.extend(task.await.unwrap());
    }
    load.sent.store(end, Ordering::Relaxed);
    latencies_us.sort_unstable();
    Run {
        count: messages,
        elapsed: start.elapsed(),
        latencies_us,
        cpu_us: cpu_us() - cpu,
        written: self::written() - written,
    }
}

fn print(what: &str, run: &Run) {
    let at = |part: usize| run.latencies_us[(run.latencies_us.len() - 1) * part / 1000];
    let per = |total: u64| total / run.count.max(1);
    println!(
        "{what}: {:.0}/s, p50 {} us, p99 {} us, p99.9 {} us, CPU {} us, written {} bytes each",
        run.count as f64 / run.elapsed.as_secs_f64(),
        at(500),
        at(990),
        at(999),
        per(run.cpu_us),
        per(run.written),
    );
}

async fn reads(store: &impl Mailboxes, users: u64) {
    let page = |n: u64| {
        let user = chance(n) % users;
        let peer = PeerId::User(UserId(i64::try_from(contact(user, users, 0)).unwrap()));
        let query = HistoryQuery {
            peer,
            list: List::All,
            from: None,
            direction: Direction::Older,
            limit: 50,
        };
        (mailbox(user), query)
    };
    // One busy chat, so that pages are full whatever the load was.
    let busy = MailboxId::Channel(ChannelId(1));
    let peer = PeerId::Channel(ChannelId(1));
    let top = store.head(busy).await.unwrap().top.0;
    for n in (top..20_000).step_by(100) {
        let messages = (1..=100).map(|k| {
            let text =
                "one of very many messages in a busy channel, two hundred bytes long".repeat(3);
            let message = Message {
                id: MsgId(n + k),
                peer,
                body: Bytes::from(text),
                ..Message::default()
            };
            MessageWrite::Put {
                message,
                text: String::new(),
            }
        });
        let append = Append {
            mailbox: busy,
            messages: messages.collect(),
            ..Append::default()
        };
        store.append(append).await.unwrap();
    }
    let mut latencies = Vec::new();
    for n in 0..20_000 {
        let from = Some(MsgId(100 + i32::try_from(chance(n) % 19_800).unwrap()));
        let query = HistoryQuery {
            peer,
            from,
            ..page(0).1
        };
        let start = Instant::now();
        assert_eq!(store.history(busy, query).await.unwrap().len(), 50);
        latencies.push(start.elapsed());
    }
    percentiles("page of 50 messages, one channel", latencies);
    let mut latencies = Vec::new();
    let mut messages = 0;
    for n in 0..20_000 {
        let (mailbox, query) = page(n);
        let start = Instant::now();
        messages += store.history(mailbox, query).await.unwrap().len();
        latencies.push(start.elapsed());
    }
    percentiles(
        &format!("page of a random user, {} messages", messages / 20_000),
        latencies,
    );
    let mut latencies = Vec::new();
    for n in 0..5_000 {
        let start = Instant::now();
        store.dialogs(mailbox(chance(n) % users)).await.unwrap();
        latencies.push(start.elapsed());
    }
    percentiles("dialogs of a random user", latencies);
    let mut latencies = Vec::new();
    for n in 0..2_000 {
        let query = SearchQuery {
            text: "w1".into(),
            limit: 20,
            ..SearchQuery::default()
        };
        let start = Instant::now();
        store
            .search(mailbox(chance(n) % users), query)
            .await
            .unwrap();
        latencies.push(start.elapsed());
    }
    percentiles("search of a random user", latencies);
}

fn percentiles(what: &str, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() - 1) * part / 100];
    println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
}

fn reopen(folder: &Path, users: u64) {
    let start = Instant::now();
    let store = EmbeddedStore::open(folder, options()).unwrap();
    println!("reopened after a clean stop in {:?}", start.elapsed());
    store.close().unwrap();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["0", &users.to_string()])
            .arg(folder)
            .env("STORE_BENCH_CHILD", "1")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(4 + round));
        child.kill().unwrap();
        child.wait().unwrap();
        let size: u64 = ["log.redb", "data.redb"]
            .map(|name| std::fs::metadata(folder.join(name)).unwrap().len())
            .iter()
            .sum();
        let start = Instant::now();
        let store = EmbeddedStore::open(folder, options()).unwrap();
        println!(
            "reopened {} MB after a kill in {:?}",
            size / 1_000_000,
            start.elapsed()
        );
        store.close().unwrap();
    }
}

fn raw_sync(folder: &Path) -> String {
    let path = folder.join("raw-sync");
    let mut file = File::create(&path).unwrap();
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        let start = Instant::now();
        file.write_all(&[7; 200]).unwrap();
        file.sync_data().unwrap();
        latencies.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(path).unwrap();
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() - 1) * part / 100];
    format!(
        "200 bytes and fdatasync, p50 {:?}, p99 {:?}, {} in 2 s",
        at(50),
        at(99),
        latencies.len()
    )
}

/// The same load on the server that `CHAPPE_CQL` names, in a keyspace of its own.
#[cfg(feature = "cql")]
fn cql(runtime: &tokio::runtime::Runtime, users: u64) {
    let Ok(node) = std::env::var("CHAPPE_CQL") else {
        println!("CHAPPE_CQL is not set: no figures of a CQL server");
        return;
    };
    let options = CqlOptions {
        nodes: vec![node],
        keyspace: format!("chappe_bench_{}", std::process::id()),
        replication: "{'class': 'SimpleStrategy', 'replication_factor': 1}".into(),
        ..CqlOptions::default()
    };
    let store = Arc::new(runtime.block_on(CqlStore::connect(options)).unwrap());
    let users = users.min(500);
    let load = Load::new(runtime, store.as_ref(), users);
    print(
        "cql: send, 1 writer",
        &runtime.block_on(writers(&store, &load, 1, 200)),
    );
    print(
        "cql: send, 64 writers",
        &runtime.block_on(writers(&store, &load, WRITERS, 5000)),
    );
    runtime.block_on(reads(store.as_ref(), users));
}

fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 10_000
}

fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))
        .unwrap();
    line.parse().unwrap()
}

/// A line of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
