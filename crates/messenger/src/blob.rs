//! Where the bytes of files are. What is known about them is in the store.

use async_trait::async_trait;
use bytes::Bytes;

/// Bytes cannot be written or read now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of a file cannot be reached: {0}")]
pub struct BlobError(pub String);

/// Pieces of files by name. A piece is written once and never changed.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes a piece durably.
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), BlobError>;

    /// Reads `len` bytes of a piece from `offset` on; fewer at its end.
    async fn read(&self, name: &str, offset: u64, len: u64) -> Result<Bytes, BlobError>;

    /// Removes a piece; nothing happens when there is none.
    async fn remove(&self, name: &str) -> Result<(), BlobError>;
}
