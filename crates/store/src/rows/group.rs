//! Groups of appends where a change belongs to one home.
//!
//! A group is noted before its first append and the note goes after its last. A note that is found
//! later belongs to a group that is half done: its appends are sent again, those that happened are
//! known by their operation ids, and the others find the mailboxes as they were, because nobody
//! gets at a mailbox with an unfinished group before that is finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::mailbox::{self, PreparedAppend};
use super::{RowEngine, RowStore};
use crate::codec::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::id::{MailboxId, OpId};
use crate::mailbox::{Append, Appended};

/// Where an engine keeps the note of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoteId {
    /// When it was written, minutes since 1970.
    pub(crate) minute: u32,
    /// The operation of the group.
    pub(crate) op: OpId,
}

/// A group that may be half done.
#[derive(Clone, Debug)]
struct Group {
    note: NoteId,
    appends: Vec<Append>,
}

/// The groups that this process has begun and not finished.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    groups: Mutex<Vec<Group>>,
    /// How many there are: nearly always none, and then nobody waits for the lock.
    count: AtomicUsize,
}

impl Unfinished {
    async fn push(&self, group: Group) {
        let mut groups = self.groups.lock().await;
        groups.push(group);
        self.count.store(groups.len(), Ordering::Release);
    }
}

#[allow(private_bounds, reason = "engines are made in this crate only")]
impl<E: RowEngine> RowStore<E> {
    /// Appends to several mailboxes one after the other.
    pub(super) async fn append_in_turn(&self, appends: Vec<Append>) -> Result<Vec<Appended>> {
        let op = appends.first().and_then(|first| first.op);
        let op = op.ok_or(Error::Invalid("an append without an operation id"))?;
        let note = self.engine.note_group(op, to_bytes(&appends)).await?;
        let group = Group { note, appends };
        let result = self.run_group(&group).await;
        if let Err(error) = &result
            && error.is_retryable()
        {
            let unknown = Error::Unknown(error.to_string());
            self.unfinished.push(group).await;
            return Err(unknown);
        }
        // A note that stays is found done when it is looked at.
        let _ = self.engine.forget_group(note).await;
        result
    }

    async fn run_group(&self, group: &Group) -> Result<Vec<Appended>> {
        let mut done = Vec::with_capacity(group.appends.len());
        for append in &group.appends {
            let one = Arc::new(vec![PreparedAppend::new(append.clone())]);
            let appended = self.engine.write(move |view| {
                let one = Arc::clone(&one);
                Box::pin(async move { mailbox::append_group(view, &one).await })
            });
            done.extend(appended.await?);
        }
        Ok(done)
    }

    /// Finishes the groups that one of these mailboxes belongs to.
    ///
    /// # Errors
    /// `Unavailable` when that is still not possible.
    pub(super) async fn finish_groups(&self, mailboxes: &[MailboxId]) -> Result<()> {
        if self.unfinished.count.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let mut groups = self.unfinished.groups.lock().await;
        let mut left = Vec::new();
        let mut result = Ok(());
        for group in std::mem::take(&mut *groups) {
            let named = |append: &Append| mailboxes.contains(&append.mailbox);
            // In the order they came: a later one may build on an earlier one.
            if result.is_ok() && group.appends.iter().any(named) {
                result = self.finish(&group).await;
                if result.is_ok() {
                    continue;
                }
            }
            left.push(group);
        }
        self.unfinished.count.store(left.len(), Ordering::Release);
        *groups = left;
        result.map_err(|error| Error::Unavailable(error.to_string()))
    }

    async fn finish(&self, group: &Group) -> Result<()> {
        match self.run_group(group).await {
            Ok(_) => {}
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => tracing::warn!(%error, "a group of appends ends here"),
        }
        self.engine.forget_group(group.note).await
    }

    /// Finishes what processes before this one have left half done.
    ///
    /// # Errors
    /// `Unavailable` when the server fails, `Corrupt` or `Newer` for a note that cannot be read.
    #[cfg_attr(not(feature = "cql"), allow(dead_code, reason = "only CQL has notes"))]
    pub(crate) async fn finish_noted_groups(&self) -> Result<()> {
        for (note, body) in self.engine.noted_groups().await? {
            let appends = from_bytes::<Vec<Append>>(body)?;
            self.finish(&Group { note, appends }).await?;
        }
        Ok(())
    }
}
