//! Connections: opened, held, cut, and the keys that they need.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tl_api::functions;
use tokio::sync::{Barrier, Mutex};

use super::Connections;
use crate::Run;
use crate::account::Account;
use crate::link::{Endpoint, Link, clock_ns};
use crate::meter::{Bounds, Meter, Worker};
use crate::outcome::Outcome;

/// Connections that are opened at once.
const AT_ONCE: usize = 32;
/// A run that is bounded by what it does, not by time.
const LONG: Duration = Duration::from_secs(3600);

/// Opens a connection and has a call answered.
async fn open(endpoint: &Arc<Endpoint>, account: &Account) -> Result<Link> {
    let mut link = Link::connect(endpoint, Some(account.key.clone())).await?;
    link.call_raw(&functions::updates::GetState {}).await?;
    Ok(link)
}

/// Opens all connections, so many at once; they are held in `held`.
async fn open_all(run: &Run, accounts: Vec<Account>, count: usize) -> Result<(Vec<Link>, Outcome)> {
    let bounds = Bounds {
        warm_up: Duration::ZERO,
        time: LONG,
        count: None,
    };
    let meter = Meter::new(&bounds)?;
    let held = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let (next, accounts) = (Arc::new(AtomicUsize::new(0)), Arc::new(accounts));
    let bar = run.progress.bar("connect", count);
    let workers = (0..AT_ONCE.min(count)).map(|_| {
        let (meter, held, next) = (Arc::clone(&meter), Arc::clone(&held), Arc::clone(&next));
        let (endpoint, accounts) = (Arc::clone(&run.target.endpoint), Arc::clone(&accounts));
        let bar = bar.clone();
        let worker: Worker = Box::pin(async move {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return Ok(());
                }
                let due = clock_ns();
                let link = open(&endpoint, &accounts[at % accounts.len()]).await?;
                meter.done(due);
                bar.inc(1);
                held.lock().await.push(link);
            }
        });
        worker
    });
    let workers: Vec<Worker> = workers.collect();
    let quiet = crate::progress::Progress::new(false);
    let measured = meter
        .run("connect", &bounds, run.target.process, workers, quiet)
        .await?;
    bar.finish_and_clear();
    let links = std::mem::take(&mut *held.lock().await);
    let outcome = Outcome::new("connect", "a connection with its first call", measured);
    Ok((links, outcome))
}

pub(super) async fn connect(run: &Run, wanted: Connections) -> Result<Outcome> {
    ensure!(wanted.connections > 0, "no connections");
    let accounts = run.accounts(wanted.users()).await?;
    let (_links, outcome) = open_all(run, accounts, wanted.connections).await?;
    Ok(outcome
        .set("connections", wanted.connections)
        .set("users", wanted.users())
        .set("at once", AT_ONCE))
}

pub(super) async fn idle(run: &mut Run, wanted: Connections) -> Result<Outcome> {
    ensure!(wanted.connections > 0, "no connections");
    let accounts = run.accounts(wanted.users()).await?;
    run.refresh()?;
    let process = run
        .target
        .process
        .context("the server's process cannot be seen: --pid")?;
    let before = process.resident_kib()?;
    let (links, outcome) = open_all(run, accounts, wanted.connections).await?;
    let open = process.resident_kib()?;
    let idle_cpu = process.cpu()?;
    // What is only needed while calls run is given back meanwhile.
    let wait = run.bounds.warm_up + run.bounds.time;
    let bar = run.progress.clock("idle", wait);
    tokio::time::sleep(wait).await;
    bar.finish_and_clear();
    let after = process.resident_kib()?;
    let idle_cpu = process.cpu()?.saturating_sub(idle_cpu);
    drop(links);
    #[allow(clippy::cast_precision_loss, reason = "kibibytes of a process")]
    let each = |kib: u64| kib.saturating_sub(before) as f64 * 1024.0 / wanted.connections as f64;
    let mut outcome = outcome
        .set("connections", wanted.connections)
        .set("users", wanted.users())
        .figure("bytes each, just opened", each(open))
        .figure("bytes each, idle", each(after))
        .figure(
            "server cores busy while idle",
            idle_cpu.as_secs_f64() / wait.as_secs_f64().max(1e-9),
        );
    outcome.scenario = "idle".into();
    #[allow(clippy::cast_precision_loss, reason = "kibibytes of a process")]
    let outcome = outcome.figure("server memory before, MiB", before as f64 / 1024.0);
    Ok(outcome)
}

pub(super) async fn handshake(run: &Run, at_once: usize) -> Result<Outcome> {
    ensure!(at_once > 0, "no key exchanges");
    let meter = Meter::new(&run.bounds)?;
    let workers = (0..at_once).map(|_| {
        let (meter, endpoint) = (Arc::clone(&meter), Arc::clone(&run.target.endpoint));
        let worker: Worker = Box::pin(async move {
            while !meter.is_over() {
                let due = clock_ns();
                Link::connect(&endpoint, None).await?.make_key().await?;
                meter.done(due);
            }
            Ok(())
        });
        worker
    });
    let workers = workers.collect();
    let measured = run.measure(&meter, "key exchanges", workers).await?;
    let outcome = Outcome::new("handshake", "a connection and a key exchange", measured);
    Ok(outcome.set("at once", at_once))
}

pub(super) async fn reconnect(run: &Run, wanted: Connections) -> Result<Outcome> {
    ensure!(wanted.connections > 0, "no connections");
    let accounts = run.accounts(wanted.users()).await?;
    let (links, _) = open_all(run, accounts, wanted.connections).await?;
    let meter = Meter::new(&run.bounds)?;
    let barrier = Arc::new(Barrier::new(links.len()));
    let workers = links.into_iter().map(|mut link| {
        let (meter, barrier) = (Arc::clone(&meter), Arc::clone(&barrier));
        let worker: Worker = Box::pin(async move {
            while !meter.is_over() {
                barrier.wait().await;
                let due = clock_ns();
                link = link.reconnect().await?;
                link.call_raw(&functions::updates::GetState {}).await?;
                meter.done(due);
            }
            Ok(())
        });
        worker
    });
    let workers = workers.collect();
    let measured = run.measure(&meter, "reconnects", workers).await?;
    let outcome = Outcome::new(
        "reconnect",
        "a reconnect with a first call, counted from when all are cut",
        measured,
    );
    Ok(outcome
        .set("connections", wanted.connections)
        .set("users", wanted.users()))
}
