//! Forgetting what nobody uses any more.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Gateway;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// Forgets until `stop`.
pub(crate) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => sweep(&gateway, gateway.clock.now().instant_ms),
        }
    }
}

/// Forgets sessions that were without a connection for too long, keys without sessions, and quiet
/// addresses.
fn sweep(gateway: &Gateway, now_ms: u64) {
    let registry = &gateway.registry;
    let mut detached = Vec::new();
    let mut bytes = 0;
    for slot in &registry.slots {
        if let Some(since_ms) = slot.detached_since_ms() {
            let len = slot.detached_len();
            bytes += len;
            detached.push((since_ms, len, Arc::clone(&slot)));
        }
    }
    detached.sort_unstable_by_key(|(since_ms, ..)| *since_ms);
    let limits = &gateway.limits;
    let too_many = detached.len().saturating_sub(limits.detached_sessions_max);
    for (at, (since_ms, len, slot)) in detached.into_iter().enumerate() {
        let is_old = now_ms.saturating_sub(since_ms) > limits.session_life_ms;
        if at < too_many || bytes > limits.detached_bytes_max || is_old {
            bytes -= len;
            gateway.remove_slot(&slot);
        }
    }
    // A temporary key holds the permanent one, and a session its key.
    let unused: Vec<_> = registry
        .keys
        .iter()
        .filter(|key| key.sessions().is_empty())
        .map(|key| (key.id, key.user()))
        .collect();
    for (id, user) in unused {
        let removed = registry.keys.remove_if(&id, |_, key| {
            let holders = Arc::strong_count(key) - usize::from(key.user().is_some());
            holders <= 1 && key.sessions().is_empty()
        });
        if let (Some(_), Some(user)) = (removed, user) {
            gateway.remove_user_key(user, id);
        }
    }
    gateway
        .addresses
        .retain(|_, address| !address.is_idle(now_ms));
    gateway.metrics.sessions.set(registry.slots.len());
    gateway.metrics.keys.set(registry.keys.len());
}
