//! Counts what is done, when, and how long it took.
//!
//! A latency runs from when an operation *should* have begun, not from when it could: a server that
//! stalls is charged for everything that waited meanwhile.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::link::clock_ns;
use crate::outcome::{Latency, Point, Usage};
use crate::progress::Progress;
use crate::server::Process;

/// Latencies above are counted as this long.
const LATENCY_MAX_NS: u64 = 300_000_000_000;
/// Points of a timeline, about.
const POINTS: u64 = 50;

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

/// How long a run takes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Before anything is counted.
    pub warm_up: Duration,
    /// The measurement, at most.
    pub time: Duration,
    /// Operations measured, at most.
    pub count: Option<u64>,
}

/// What one run counts.
pub struct Meter {
    phase: AtomicU8,
    begun_ns: AtomicU64,
    count_max: u64,
    interval_ns: u64,
    done: AtomicU64,
    errors: AtomicU64,
    first_error: Mutex<Option<String>>,
    book: Mutex<Book>,
    over: Notify,
}

struct Book {
    all: Histogram<u64>,
    /// Of the interval that runs.
    lately: Histogram<u64>,
    interval: u64,
    timeline: Vec<Point>,
}

/// What came out of a run.
#[derive(Debug)]
pub struct Measured {
    /// How long was measured.
    pub time: Duration,
    /// Operations.
    pub operations: u64,
    /// Operations that failed, and the first reason.
    pub errors: u64,
    /// Why the first of them did.
    pub first_error: Option<String>,
    /// How long they took.
    pub latency: Latency,
    /// When they were done.
    pub timeline: Vec<Point>,
    /// The processors' time of the server.
    pub server: Option<Usage>,
    /// The processors' time of this process.
    pub client: Usage,
}

/// A worker of a run.
pub type Worker = std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Meter {
    /// For a run of these bounds.
    ///
    /// # Errors
    /// Never in practice: the histogram's bounds are fixed.
    pub fn new(bounds: &Bounds) -> Result<Arc<Self>> {
        let histogram = || Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3);
        let time_ns = u64::try_from(bounds.time.as_nanos()).unwrap_or(u64::MAX);
        Ok(Arc::new(Self {
            phase: AtomicU8::new(WARMING),
            begun_ns: AtomicU64::new(0),
            count_max: bounds.count.unwrap_or(u64::MAX),
            interval_ns: (time_ns / POINTS).clamp(50_000_000, 10_000_000_000),
            done: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            first_error: Mutex::new(None),
            book: Mutex::new(Book {
                all: histogram()?,
                lately: histogram()?,
                interval: 0,
                timeline: Vec::new(),
            }),
            over: Notify::new(),
        }))
    }

    /// Whether operations count now.
    #[must_use]
    pub fn is_measuring(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == MEASURING
    }

    /// Whether the run is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == OVER
    }

    /// An operation that should have begun at `due_ns` is done.
    pub fn done(&self, due_ns: u64) {
        if !self.is_measuring() {
            return;
        }
        let now = clock_ns();
        let taken = now.saturating_sub(due_ns).clamp(1, LATENCY_MAX_NS);
        let interval = now.saturating_sub(self.begun_ns.load(Ordering::Relaxed)) / self.interval_ns;
        {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            if interval != book.interval {
                book.close(self.interval_ns);
                book.interval = interval;
            }
            book.all.saturating_record(taken);
            book.lately.saturating_record(taken);
        }
        if self.done.fetch_add(1, Ordering::Relaxed) + 1 >= self.count_max {
            self.finish();
        }
    }

    /// An operation failed.
    pub fn failed(&self, why: impl Into<String>) {
        if self.is_over() {
            return;
        }
        self.errors.fetch_add(1, Ordering::Relaxed);
        self.first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| why.into());
    }

    fn finish(&self) {
        if self.phase.swap(OVER, Ordering::Relaxed) != OVER {
            self.over.notify_one();
        }
    }

    /// Runs the workers: warms up, measures until time or count is reached or all workers are done.
    ///
    /// # Errors
    /// A worker fails as a whole, or the server is gone.
    pub async fn run(
        self: &Arc<Self>,
        what: &'static str,
        bounds: &Bounds,
        watched: Option<Process>,
        workers: Vec<Worker>,
        progress: Progress,
    ) -> Result<Measured> {
        let mut running: JoinSet<Result<()>> = workers.into_iter().collect();
        let warming = tokio::time::sleep(bounds.warm_up);
        tokio::pin!(warming);
        if !bounds.warm_up.is_zero() {
            wait(&mut running, &mut warming).await?;
        }
        let server_before = watched.map(Process::cpu).transpose()?;
        let client_before = Process::own().cpu()?;
        let begun = clock_ns();
        self.begun_ns.store(begun, Ordering::Relaxed);
        self.phase.store(MEASURING, Ordering::Relaxed);
        let bar = progress.clock(what, bounds.time);
        let ticking = {
            let bar = bar.clone();
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    bar.inc(100);
                }
            })
        };
        let end = async {
            tokio::select! {
                () = tokio::time::sleep(bounds.time) => {}
                () = self.over.notified() => {}
            }
        };
        tokio::pin!(end);
        let ended = wait(&mut running, &mut end).await;
        self.phase.store(OVER, Ordering::Relaxed);
        ticking.abort();
        bar.finish_and_clear();
        let time = Duration::from_nanos(clock_ns() - begun);
        let server = watched.map(Process::cpu).transpose()?;
        let client = Process::own().cpu()?.saturating_sub(client_before);
        running.abort_all();
        ended?;
        let operations = self.done.load(Ordering::Relaxed);
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.close(self.interval_ns);
        Ok(Measured {
            time,
            operations,
            errors: self.errors.load(Ordering::Relaxed),
            first_error: self
                .first_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            latency: Latency::of(&book.all),
            timeline: std::mem::take(&mut book.timeline),
            server: server
                .zip(server_before)
                .map(|(after, before)| Usage::new(after.saturating_sub(before), operations, time)),
            client: Usage::new(client, operations, time),
        })
    }
}

impl Book {
    fn close(&mut self, interval_ns: u64) {
        if self.lately.is_empty() {
            return;
        }
        let seconds = Duration::from_nanos(interval_ns).as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "counts of a second")]
        self.timeline.push(Point {
            at_s: self.interval as f64 * seconds,
            per_second: self.lately.len() as f64 / seconds,
            p50_us: micros(self.lately.value_at_quantile(0.5)),
            p99_us: micros(self.lately.value_at_quantile(0.99)),
        });
        self.lately.reset();
    }
}

/// Nanoseconds as microseconds.
#[allow(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn micros(ns: u64) -> f64 {
    ns as f64 / 1000.0
}

/// Waits for `end`, or until all workers are done; an error of one of them ends it.
async fn wait(
    running: &mut JoinSet<Result<()>>,
    end: &mut (impl Future<Output = ()> + Unpin),
) -> Result<()> {
    loop {
        tokio::select! {
            () = &mut *end => return Ok(()),
            ended = running.join_next() => match ended {
                None => return Ok(()),
                Some(result) => result?.context("a worker")?,
            },
        }
    }
}

/// The times at which a paced worker should act: evenly, `every_ns` apart, the first one
/// `offset_ns` from now.
pub struct Pace {
    next_ns: u64,
    every_ns: u64,
}

impl Pace {
    /// A pace; `per_second` of all `workers` together, this one being number `at`.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "intervals of nanoseconds to hours"
    )]
    pub fn new(per_second: f64, workers: usize, at: usize) -> Self {
        let every_ns = (workers as f64 / per_second * 1e9).max(1.0);
        let offset_ns = every_ns * at as f64 / workers as f64;
        Self {
            next_ns: clock_ns() + offset_ns as u64,
            every_ns: every_ns as u64,
        }
    }

    /// When it should act next.
    #[must_use]
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// It acts now, however late: the next time does not move.
    pub fn step(&mut self) {
        self.next_ns += self.every_ns;
    }

    /// Waits until a worker should act, if it keeps a pace, and acts; the time its operation counts
    /// from.
    pub async fn due(pace: &mut Option<Self>) -> u64 {
        let Some(pace) = pace else { return clock_ns() };
        pace.wait().await;
        let due = pace.next_ns();
        pace.step();
        due
    }

    /// Waits for the next time.
    pub async fn wait(&self) {
        let wait = self.next_ns.saturating_sub(clock_ns());
        if wait > 0 {
            tokio::time::sleep(Duration::from_nanos(wait)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_operations_are_charged_from_when_they_were_due() {
        let bounds = Bounds {
            warm_up: Duration::ZERO,
            time: Duration::from_secs(1),
            count: None,
        };
        let meter = Meter::new(&bounds).unwrap();
        meter.phase.store(MEASURING, Ordering::Relaxed);
        let due = clock_ns();
        while clock_ns() < due + 2_000_000 {
            std::hint::spin_loop();
        }
        meter.done(due);
        let book = meter.book.lock().unwrap();
        assert!(book.all.max() >= 1_990_000, "{}", book.all.max());
    }

    #[test]
    fn pace_does_not_slip() {
        let mut pace = Pace::new(100.0, 1, 0);
        let first = pace.next_ns();
        pace.step();
        pace.step();
        assert_eq!(pace.next_ns() - first, 20_000_000);
    }
}
