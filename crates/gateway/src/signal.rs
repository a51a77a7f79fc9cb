//! Waking the task of a connection, for one at a time who waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Wakes the task of a connection. What comes while it is awake is kept, once.
#[derive(Default)]
pub(crate) struct Signal {
    is_set: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    /// Wakes the task, now or when it waits next.
    pub(crate) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Ready once for every time it was set since.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_set.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waker.register(context.waker());
        // It may have been set before the waker was there.
        if self.is_set.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Waits until it is set.
    pub(crate) async fn wait(&self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }
}
