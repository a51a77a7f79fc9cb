//! The time, for the state machines that take it as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mtproto_core::time::Now;

/// The clocks of this machine.
pub(crate) struct Clock {
    start: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock {
    /// The time.
    pub(crate) fn now(&self) -> Now {
        let since_start = self.start.elapsed().as_millis();
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            instant_ms: u64::try_from(since_start).unwrap_or(u64::MAX),
            unix_ns: i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// The moment at which [`Now::instant_ms`] is `instant_ms`.
    pub(crate) fn at(&self, instant_ms: u64) -> tokio::time::Instant {
        (self.start + std::time::Duration::from_millis(instant_ms)).into()
    }
}
