//! What is counted.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The upper bounds of the buckets that call times are counted in, microseconds.
pub const CALL_TIME_BOUNDS_US: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000,
];

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// As it stands.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Level(AtomicI64);

impl Level {
    pub(crate) fn change(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, to: usize) {
        self.0
            .store(i64::try_from(to).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// As it stands.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a gateway counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Open connections.
    pub connections: Level,
    /// Connections accepted.
    pub accepted: Count,
    /// Connections refused by a limit.
    pub refused: Count,
    /// Sessions, with and without a connection.
    pub sessions: Level,
    /// Keys in memory.
    pub keys: Level,
    /// Steps of key exchanges answered.
    pub handshake_steps: Count,
    /// Keys made.
    pub keys_made: Count,
    /// Calls that came.
    pub calls: Count,
    /// Calls answered with an error.
    pub call_errors: Count,
    /// Calls refused by a limit.
    pub calls_limited: Count,
    /// Updates put into sessions.
    pub updates: Count,
    /// Bytes read.
    pub bytes_in: Count,
    /// Bytes written.
    pub bytes_out: Count,
    /// Writes: several messages may go out in one.
    pub writes: Count,
    /// Connections closed because the client did not read.
    pub slow_readers: Count,
    /// Connections closed because of a fault of the client.
    pub faults: Count,
    /// How many calls took how long; the last bucket is for all that took longer.
    pub call_times: [Count; CALL_TIME_BOUNDS_US.len() + 1],
    /// Microseconds of all calls together.
    pub call_time_us: Count,
}

impl Metrics {
    pub(crate) fn count_call(&self, took: std::time::Duration, failed: bool) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = CALL_TIME_BOUNDS_US.partition_point(|bound| *bound < us);
        self.call_times[bucket].add_one();
        self.call_time_us.add(us);
        if failed {
            self.call_errors.add_one();
        }
    }
}
