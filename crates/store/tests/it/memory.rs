//! The suite on the model itself.

use std::sync::Arc;

use async_trait::async_trait;
use store::{MemoryStore, Store};

use crate::subject::{Factory, Subject, count};
use crate::{laws, operations};

struct Memory;

struct MemorySubject(Arc<MemoryStore>);

#[async_trait]
impl Subject for MemorySubject {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }

    async fn reopen(&mut self) {}
}

#[async_trait]
impl Factory for Memory {
    async fn fresh(&self, _world: u32) -> Box<dyn Subject> {
        Box::new(MemorySubject(Arc::new(MemoryStore::new())))
    }
}

#[tokio::test]
async fn random_operations_agree_with_a_second_model() {
    operations::run_random(&Memory, count("STORE_OPERATIONS", 2000), 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn laws_hold() {
    laws::all(&Memory).await;
}
