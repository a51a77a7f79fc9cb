//! The thin layer under the embedded engine: an ordered map with snapshots and atomic commits.
//! Another engine takes the place of redb by implementing these three traits.

use std::ops::Bound;

use bytes::Bytes;

use crate::error::Result;

/// What survives a crash after a commit has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The commit; reopening may have to look at the whole file.
    Fast,
    /// The commit; reopening is quick whatever the size of the file.
    QuickReopen,
    /// Perhaps nothing since the last durable commit, but never a part of a commit.
    None,
}

/// A range of keys.
pub(crate) type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Takes the rows of a scan one by one; `false` ends it.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// One state of the map. Later commits do not show.
pub(crate) trait Snapshot: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// Visits the rows of a range, from its end when `descending`.
    fn scan(&self, range: KeyRange<'_>, descending: bool, visit: &mut Visit<'_>) -> Result<()>;
}

/// A commit in the making.
pub(crate) trait Write: Snapshot {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()>;

    fn remove(&mut self, key: &[u8]) -> Result<()>;
}

/// The map.
pub(crate) trait OrderedKv: Send + Sync + Sized + 'static {
    /// The state after the last commit.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// Commits all that `write` does, or nothing when it fails.
    fn commit(
        &self,
        durability: Durability,
        write: &mut dyn FnMut(&mut dyn Write) -> Result<()>,
    ) -> Result<()>;

    /// Closes the file so that it opens at once. Snapshots must be gone.
    fn close(self) -> Result<()>;
}
