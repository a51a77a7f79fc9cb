//! Bringing login codes to people.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;

/// A login code on its way to a telephone.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeToDeliver {
    /// The number, digits only.
    pub phone: String,
    /// The code, digits only.
    pub code: String,
    /// Unix seconds after which it is worth nothing.
    pub expires_at: u32,
}

impl fmt::Debug for CodeToDeliver {
    /// Without the code: it must not get into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeToDeliver")
            .field("phone", &self.phone)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Brings login codes to people.
pub trait CodeDelivery: fmt::Debug + Send + Sync {
    /// Takes a code to deliver it later; false when so many wait already that it cannot. Never
    /// waits.
    fn deliver(&self, code: CodeToDeliver) -> bool;
}

/// A queue of login codes with room for `len`, and its other end, for whoever carries them out.
#[must_use]
pub fn code_queue(len: usize) -> (Arc<dyn CodeDelivery>, mpsc::Receiver<CodeToDeliver>) {
    let (sender, receiver) = mpsc::channel(len.max(1));
    (Arc::new(CodeQueue(sender)), receiver)
}

#[derive(Debug)]
struct CodeQueue(mpsc::Sender<CodeToDeliver>);

impl CodeDelivery for CodeQueue {
    fn deliver(&self, code: CodeToDeliver) -> bool {
        self.0.try_send(code).is_ok()
    }
}
