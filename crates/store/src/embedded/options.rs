//! How the embedded engine uses memory and threads.

/// Bounds of the embedded engine. Memory is about `cache_bytes` + 1.25 × `overlay_bytes` + what the
/// running requests hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// Pages kept in memory.
    pub cache_bytes: usize,
    /// Rows that are durable in the log and not yet in their tables; when so many have come
    /// together some go there, and when a quarter has come on top meanwhile, writers wait. More of
    /// it writes less to the disk and takes longer to reopen after a crash.
    pub overlay_bytes: usize,
    /// Threads that read.
    pub readers: usize,
    /// Operations in one group commit.
    pub group_operations_max: usize,
    /// Operations that wait for the committer before writers have to.
    pub queue_len: usize,
    /// Bytes of rows that go into the tables in one commit.
    pub slice_bytes: usize,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 128 << 20,
            overlay_bytes: 96 << 20,
            readers: 2,
            group_operations_max: 256,
            queue_len: 1024,
            slice_bytes: 2 << 20,
        }
    }
}
