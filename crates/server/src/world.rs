//! The time and the randomness of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng as _;

/// What the services are run with outside of tests.
pub(crate) struct Machine;

impl services::World for Machine {
    fn now(&self) -> messenger::Now {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        messenger::Now(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
