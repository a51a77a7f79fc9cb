//! Everything that is bounded, and who may come in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::Gateway;

/// Everything that is bounded.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections_max: usize,
    /// Open connections from one address.
    pub connections_per_address_max: u32,
    /// Key exchanges that one address may begin in a minute.
    pub handshakes_per_address_and_minute: u32,
    /// Steps of key exchanges that wait for a thread; beyond them −429.
    pub handshakes_waiting_max: usize,
    /// Threads for the steps of key exchanges.
    pub handshake_threads: usize,
    /// Calls that run at once for one session.
    pub calls_per_session_max: usize,
    /// Calls of one key, per second, over a longer time.
    pub calls_per_key_and_second: u32,
    /// Calls of one key at once, before that rate is enforced.
    pub calls_burst: u32,
    /// Bytes that wait for one session; beyond them it is given up.
    pub inbox_bytes_max: usize,
    /// How long a session is kept without a connection, milliseconds.
    pub session_life_ms: u64,
    /// Sessions of one key; beyond them, those without a connection go.
    pub sessions_per_key_max: usize,
    /// Sessions kept without a connection.
    pub detached_sessions_max: usize,
    /// Bytes that sessions without a connection may hold together.
    pub detached_bytes_max: usize,
    /// How long a client may not read before its connection is closed, milliseconds.
    pub slow_reader_ms: u64,
    /// How long running calls may take when the server stops, milliseconds.
    pub grace_ms: u64,
    /// Loopback addresses are not limited.
    pub loopback_is_unlimited: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_000_000,
            connections_per_address_max: 1_000,
            handshakes_per_address_and_minute: 60,
            handshakes_waiting_max: 256,
            handshake_threads: 2,
            calls_per_session_max: 2_000,
            calls_per_key_and_second: 100,
            calls_burst: 1_000,
            inbox_bytes_max: 8 << 20,
            session_life_ms: 5 * 60_000,
            sessions_per_key_max: 64,
            detached_sessions_max: 200_000,
            detached_bytes_max: 512 << 20,
            slow_reader_ms: 30_000,
            grace_ms: 10_000,
            loopback_is_unlimited: false,
        }
    }
}

impl Limits {
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    /// How long nothing is accepted when accepting fails.
    pub(crate) fn accept_pause(&self) -> Duration {
        Duration::from_millis(100)
    }

    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        !(self.loopback_is_unlimited && address.is_loopback())
    }
}

/// A bucket that fills with time: the generic cell rate algorithm.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// When it will be as if nothing had come, milliseconds.
    empty_at_ms: u64,
}

impl Bucket {
    /// Takes one at a rate of one in `every_ms`, `burst` at once; else how long to wait,
    /// milliseconds.
    pub(crate) fn take(&mut self, now_ms: u64, every_ms: u64, burst: u32) -> Result<(), u64> {
        let empty_at_ms = self.empty_at_ms.max(now_ms);
        let allowed_ms = every_ms * u64::from(burst.max(1));
        if empty_at_ms + every_ms > now_ms + allowed_ms {
            return Err(empty_at_ms + every_ms - now_ms - allowed_ms);
        }
        self.empty_at_ms = empty_at_ms + every_ms;
        Ok(())
    }

    /// Whether it is as if nothing had come.
    pub(crate) fn is_empty(&self, now_ms: u64) -> bool {
        self.empty_at_ms <= now_ms
    }
}

/// What is known of an address.
#[derive(Debug, Default)]
pub(crate) struct Address {
    connections: u32,
    handshakes: Bucket,
}

impl Address {
    pub(crate) fn is_idle(&self, now_ms: u64) -> bool {
        self.connections == 0 && self.handshakes.is_empty(now_ms)
    }
}

/// A connection that was let in; counts until dropped.
pub(crate) struct Admitted {
    gateway: Arc<Gateway>,
    address: IpAddr,
}

/// Lets a connection in, unless there are too many.
pub(crate) fn admit(gateway: &Arc<Gateway>, address: IpAddr) -> Option<Admitted> {
    let metrics = &gateway.metrics;
    let limits = &gateway.limits;
    let open = usize::try_from(metrics.connections.get()).unwrap_or(0);
    let mut entry = gateway.addresses.entry(address).or_default();
    let many = entry.connections >= limits.connections_per_address_max;
    if open >= limits.connections_max || many && limits.covers(address) {
        metrics.refused.add_one();
        return None;
    }
    entry.connections += 1;
    metrics.connections.change(1);
    metrics.accepted.add_one();
    Some(Admitted {
        gateway: Arc::clone(gateway),
        address,
    })
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gateway.metrics.connections.change(-1);
        if let Some(mut entry) = self.gateway.addresses.get_mut(&self.address) {
            entry.connections = entry.connections.saturating_sub(1);
        }
    }
}

/// Whether an address may do another step of a key exchange.
pub(crate) fn admit_handshake(gateway: &Gateway, address: IpAddr, now_ms: u64) -> bool {
    const MINUTE_MS: u64 = 60_000;
    /// A key takes three steps.
    const STEPS: u32 = 3;
    let limits = &gateway.limits;
    if !limits.covers(address) {
        return true;
    }
    let steps = limits.handshakes_per_address_and_minute.max(1) * STEPS;
    let mut entry = gateway.addresses.entry(address).or_default();
    entry
        .handshakes
        .take(now_ms, MINUTE_MS / u64::from(steps), steps)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_lets_a_burst_in_and_then_the_rate() {
        let mut bucket = Bucket::default();
        for _ in 0..5 {
            assert_eq!(bucket.take(1000, 100, 5), Ok(()));
        }
        assert_eq!(bucket.take(1000, 100, 5), Err(100));
        assert_eq!(bucket.take(1040, 100, 5), Err(60));
        assert_eq!(bucket.take(1100, 100, 5), Ok(()));
        assert_eq!(bucket.take(1100, 100, 5), Err(100));
        assert!(!bucket.is_empty(1500));
        assert!(bucket.is_empty(1600));
    }
}
