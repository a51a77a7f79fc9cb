//! The threads that read, so that a page that is not in memory never holds up an async worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::core::Core;
use super::kv::OrderedKv;
use super::overlay::OverlayView;
use crate::error::{Error, Result};

/// Reads something and sends it to whoever asked.
pub(super) type ReadJob = Box<dyn FnOnce(&OverlayView<'_>) + Send>;

/// Reads that wait for a thread before those who ask have to.
const QUEUE_LEN: usize = 1024;

pub(super) struct Readers<K> {
    jobs: Option<mpsc::Sender<ReadJob>>,
    threads: Vec<JoinHandle<()>>,
    core: std::marker::PhantomData<K>,
}

impl<K: OrderedKv> Readers<K> {
    pub(super) fn start(core: &Arc<Core<K>>) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE_LEN);
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..core.options.readers.max(1) {
            let (core, queue) = (Arc::clone(core), Arc::clone(&queue));
            threads.push(super::spawn("store-read", move || read(&core, &queue))?);
        }
        Ok(Self {
            jobs: Some(jobs),
            threads,
            core: std::marker::PhantomData,
        })
    }
}

impl<K> Readers<K> {
    pub(super) async fn submit(&self, job: ReadJob) -> Result<()> {
        let closed = || Error::Unavailable("the store is closed".into());
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())
    }
}

impl<K> Drop for Readers<K> {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

fn read<K: OrderedKv>(core: &Core<K>, queue: &Mutex<mpsc::Receiver<ReadJob>>) {
    loop {
        // One idle thread waits for work and holds the lock, the others wait for the lock.
        let job = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(job) = job else { return };
        job(&OverlayView {
            overlay: &core.overlay(),
            pending: None,
        });
    }
}
