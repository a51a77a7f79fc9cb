//! The suite on the embedded engine, with overlays so small that rows go into the tables, and
//! facts into segments, all the time.

use std::sync::Arc;

use async_trait::async_trait;
use store::{EmbeddedOptions, EmbeddedStore, Store};
use tempfile::TempDir;

use crate::subject::{Factory, Subject, count};
use crate::{laws, operations};

struct Embedded {
    options: EmbeddedOptions,
}

struct EmbeddedSubject {
    folder: TempDir,
    options: EmbeddedOptions,
    store: Option<Arc<EmbeddedStore>>,
}

#[async_trait]
impl Subject for EmbeddedSubject {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) {
        let store = self
            .store
            .take()
            .and_then(Arc::into_inner)
            .expect("nobody else uses it");
        tokio::task::block_in_place(|| {
            store.close().unwrap();
            self.store = Some(open(&self.folder, &self.options));
        });
    }
}

fn open(folder: &TempDir, options: &EmbeddedOptions) -> Arc<EmbeddedStore> {
    Arc::new(EmbeddedStore::open(folder.path(), options.clone()).unwrap())
}

#[async_trait]
impl Factory for Embedded {
    async fn fresh(&self, _world: u32) -> Box<dyn Subject> {
        let folder = TempDir::new().unwrap();
        let store = Some(open(&folder, &self.options));
        Box::new(EmbeddedSubject {
            folder,
            options: self.options.clone(),
            store,
        })
    }
}

pub(crate) fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        cache_bytes: 1 << 20,
        overlay_bytes: 20_000,
        slice_bytes: 2_000,
        ..EmbeddedOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_agree_with_the_model() {
    let factory = Embedded { options: small() };
    operations::run_random(&factory, count("STORE_OPERATIONS", 2500), 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_agree_with_the_model_while_all_is_in_memory() {
    let factory = Embedded {
        options: EmbeddedOptions::default(),
    };
    operations::run_random(&factory, count("STORE_OPERATIONS", 1000), 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn laws_hold() {
    laws::all(&Embedded { options: small() }).await;
}
