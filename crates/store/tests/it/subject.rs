//! What the suite runs against.

use std::sync::Arc;

use async_trait::async_trait;
use store::{MemoryStore, Store};

/// A store under test.
#[async_trait]
pub(crate) trait Subject: Send {
    /// The store as it is open now.
    fn store(&self) -> Arc<dyn Store>;

    /// Closes it and opens it again, if it survives that.
    async fn reopen(&mut self);
}

/// Makes stores under test.
#[async_trait]
pub(crate) trait Factory: Sync {
    /// A store that holds nothing of the ids of `world`.
    async fn fresh(&self, world: u32) -> Box<dyn Subject>;

    /// The model to compare it with.
    fn model(&self) -> MemoryStore {
        MemoryStore::new()
    }
}

/// A number from the environment, for longer runs than those of every day.
pub(crate) fn count(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
