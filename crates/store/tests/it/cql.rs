//! The suite on a real CQL server, named by `CHAPPE_CQL` (`127.0.0.1:9042`). Each test has a
//! keyspace of its own, `chappe_test_…`, which it drops and makes anew.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use store::*;

use crate::random::seed;
use crate::subject::{Factory, Subject, count};
use crate::writers::{judge, write};
use crate::{laws, operations, proxy};

/// The server; without one the test says so, and fails where everything has to run.
fn server(test: &str) -> Option<String> {
    let server = std::env::var("CHAPPE_CQL").ok();
    if server.is_none() {
        println!("NOT RUN: {test} needs a CQL server, named by CHAPPE_CQL=127.0.0.1:9042");
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "CHAPPE_CQL is not set in CI"
        );
    }
    server
}

fn options(node: &str, test: &str) -> CqlOptions {
    CqlOptions {
        nodes: vec![node.to_owned()],
        keyspace: format!("chappe_test_{test}"),
        replication: "{'class': 'SimpleStrategy', 'replication_factor': 1}".into(),
        ..CqlOptions::default()
    }
}

/// A store on a keyspace made anew.
async fn fresh(node: &str, test: &str) -> Arc<CqlStore> {
    proxy::statement(node, &format!("DROP KEYSPACE IF EXISTS chappe_test_{test}")).await;
    Arc::new(CqlStore::connect(options(node, test)).await.unwrap())
}

struct Cql {
    options: CqlOptions,
    store: Arc<CqlStore>,
}

struct CqlSubject {
    options: CqlOptions,
    store: Arc<CqlStore>,
}

#[async_trait]
impl Subject for CqlSubject {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn reopen(&mut self) {
        self.store = Arc::new(CqlStore::connect(self.options.clone()).await.unwrap());
    }
}

#[async_trait]
impl Factory for Cql {
    async fn fresh(&self, _world: u32) -> Box<dyn Subject> {
        let (options, store) = (self.options.clone(), Arc::clone(&self.store));
        Box::new(CqlSubject { options, store })
    }

    fn model(&self) -> MemoryStore {
        MemoryStore::with_sequential_groups()
    }
}

async fn factory(node: &str, test: &str) -> Cql {
    Cql {
        store: fresh(node, test).await,
        options: options(node, test),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_agree_with_the_model() {
    let Some(node) = server("random operations on CQL") else {
        return;
    };
    let factory = factory(&node, "random").await;
    let start = Instant::now();
    let operations = count("STORE_CQL_OPERATIONS", 1000);
    operations::run_random(&factory, operations, 250).await;
    println!("{operations} operations in {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn laws_hold() {
    let Some(node) = server("laws on CQL") else {
        return;
    };
    laws::all(&factory(&node, "laws").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_delayed_and_forged_answers_do_no_harm() {
    let Some(node) = server("faults on CQL") else {
        return;
    };
    let seed = seed();
    println!("STORE_SEED={seed}");
    let plain = fresh(&node, "faults").await;
    let address = proxy::start(node.clone(), seed, 4).await;
    let through = CqlOptions {
        write_timeout_ms: 700,
        ..options(&address.to_string(), "faults")
    };
    let store = Arc::new(CqlStore::connect(through).await.unwrap());
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let each = count("STORE_CQL_FAULT_OPERATIONS", 12);
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            let acknowledge = move |operation| {
                acknowledged.lock().unwrap().insert(operation);
            };
            tokio::spawn(write(store, writer, 0, acknowledge, move |number| {
                number >= each
            }))
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert_eq!(acknowledged.len() as u64, 6 * each);
    // What a writer got no answer for and nobody asked for again may still lack its followers.
    for number in 1..=6 {
        plain
            .open_mailbox(MailboxId::User(UserId(number)), 0)
            .await
            .unwrap();
    }
    judge(plain.as_ref(), &acknowledged).await;
}

/// A message between two users: both get it or, when nobody was told so, neither.
fn group(op: u128, number: i32) -> Vec<Append> {
    let side = |user: i64, other: i64| Append {
        mailbox: MailboxId::User(UserId(user)),
        expect: Pts(number - 1),
        op: Some(OpId(op)),
        events: vec![Event {
            pts_count: 1,
            body: "new".into(),
        }],
        messages: vec![MessageWrite::Put {
            message: Message {
                id: MsgId(number),
                peer: PeerId::User(UserId(other)),
                body: "hello".into(),
                ..Message::default()
            },
            text: "hello".into(),
        }],
        ..Append::default()
    };
    vec![side(1, 2), side(2, 1)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn group_cut_anywhere_is_finished_by_the_next_process() {
    let Some(node) = server("groups that are cut") else {
        return;
    };
    drop(fresh(&node, "groups").await);
    let (first, second) = (MailboxId::User(UserId(1)), MailboxId::User(UserId(2)));
    let mut number = 1;
    let mut half_done = 0;
    for batches in 0.. {
        let address = proxy::cut_after(node.clone(), batches).await;
        let through = CqlOptions {
            write_timeout_ms: 200,
            read_timeout_ms: 200,
            ..options(&address.to_string(), "groups")
        };
        let op = 1000 + u128::from(batches);
        let store = CqlStore::connect(through).await.unwrap();
        let told = store.append_group(group(op, number)).await;
        drop(store);
        let next = CqlStore::connect(options(&node, "groups")).await.unwrap();
        let mut there = Vec::new();
        for mailbox in [first, second] {
            next.open_mailbox(mailbox, 0).await.unwrap();
            let happened = next.operation(mailbox, OpId(op)).await.unwrap().is_some();
            assert_eq!(
                next.head(mailbox).await.unwrap().top,
                MsgId(number - i32::from(!happened))
            );
            there.push(happened);
        }
        assert_eq!(there[0], there[1], "after {batches} batches: {told:?}");
        assert!(there[0] || told.is_err(), "after {batches} batches");
        number += i32::from(there[0]);
        half_done += i32::from(there[0] && told.is_err());
        if told.is_ok() {
            break;
        }
    }
    // At least between the two changes.
    assert!(half_done > 1, "{half_done} groups were finished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_is_down_is_unavailable() {
    if server("a server that is down").is_none() {
        return;
    }
    // Nobody listens on a port that has just been given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let options = CqlOptions {
        write_timeout_ms: 500,
        ..options(&free.to_string(), "down")
    };
    let error = CqlStore::connect(options).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_server_costs_the_time_allowed_and_nothing_else() {
    let Some(node) = server("a slow server") else {
        return;
    };
    drop(fresh(&node, "slow").await);
    // Every batch meets a fault; most never get an answer.
    let address = proxy::start(node.clone(), 1, 1).await;
    let through = CqlOptions {
        write_timeout_ms: 200,
        ..options(&address.to_string(), "slow")
    };
    let store = CqlStore::connect(through).await.unwrap();
    let start = Instant::now();
    for number in 0..3 {
        let name = format!("slow{number}");
        let claimed = store
            .claim_name(NameKind::Username, name, PeerId::default())
            .await;
        assert!(
            matches!(
                &claimed,
                Ok(_) | Err(Error::Unknown(_) | Error::Unavailable(_))
            ),
            "{claimed:?}"
        );
    }
    assert!(start.elapsed().as_secs() < 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_tables_are_named() {
    let Some(node) = server("foreign tables") else {
        return;
    };
    drop(fresh(&node, "schema").await);
    let keyspace = "chappe_test_schema";
    drop(CqlStore::connect(options(&node, "schema")).await.unwrap());
    proxy::statement(&node, &format!("DROP TABLE {keyspace}.names")).await;
    let error = CqlStore::connect(options(&node, "schema"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error}");
    let newer = format!("INSERT INTO {keyspace}.schema_version (id, version) VALUES (0, 99)");
    proxy::statement(&node, &newer).await;
    let error = CqlStore::connect(options(&node, "schema"))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::Newer {
            what: "the keyspace",
            found: 99,
            known: 1
        }
    );
}

/// `CHAPPE_CQL_RESTART` names a command that kills the server and starts it again. The server must
/// sync its commit log before it answers (`commitlog_sync: batch`): with `periodic`, one server
/// alone loses what it has acknowledged in the last moments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_loses_nothing_acknowledged() {
    let Some(node) = server("killing the server") else {
        return;
    };
    let restarts = count("STORE_CQL_RESTARTS", 0);
    let Ok(command) = std::env::var("CHAPPE_CQL_RESTART") else {
        println!("NOT RUN: killing the server needs CHAPPE_CQL_RESTART and STORE_CQL_RESTARTS");
        return;
    };
    let store = fresh(&node, "kill").await;
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            let acknowledge = move |operation| {
                acknowledged.lock().unwrap().insert(operation);
            };
            let stop = Arc::clone(&stop);
            tokio::spawn(write(store, writer, 0, acknowledge, move |_| {
                stop.load(Ordering::SeqCst)
            }))
        })
        .collect();
    for restart in 0..restarts {
        let before = acknowledged.lock().unwrap().len();
        while acknowledged.lock().unwrap().len() < before + 50 {
            tokio::task::yield_now().await;
        }
        println!(
            "restart {restart}: {} acknowledged",
            acknowledged.lock().unwrap().len()
        );
        let command = command.clone();
        let run = move || {
            std::process::Command::new("sh")
                .arg("-c")
                .arg(command)
                .status()
        };
        assert!(
            tokio::task::spawn_blocking(run)
                .await
                .unwrap()
                .unwrap()
                .success()
        );
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    for number in 1..=6 {
        store
            .open_mailbox(MailboxId::User(UserId(number)), 0)
            .await
            .unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let found = judge(store.as_ref(), &acknowledged).await;
    println!(
        "{restarts} restarts, {} acknowledged, {} there",
        acknowledged.len(),
        found.len()
    );
}
