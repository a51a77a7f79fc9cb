//! The bytes of files in any object storage: memory, a folder, S3.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use messenger::{BlobError, Blobs};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tl::Bytes;

/// Pieces of files in an object storage.
pub struct ObjectBlobs(Arc<dyn ObjectStore>);

impl ObjectBlobs {
    /// In any storage.
    #[must_use]
    pub fn new(storage: Arc<dyn ObjectStore>) -> Self {
        Self(storage)
    }

    /// In memory; lost with the process.
    #[must_use]
    pub fn memory() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    /// In a folder, which must exist. What is written is synced, its folder too.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn folder(folder: &Path) -> Result<Self, BlobError> {
        let storage = LocalFileSystem::new_with_prefix(folder).map_err(failed)?;
        Ok(Self(Arc::new(storage.with_fsync(true))))
    }
}

fn failed(error: impl std::fmt::Display) -> BlobError {
    BlobError(error.to_string())
}

#[async_trait]
impl Blobs for ObjectBlobs {
    async fn put(&self, name: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.0
            .put(&Name::from(name), bytes.into())
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn read(&self, name: &str, offset: u64, len: u64) -> Result<Bytes, BlobError> {
        self.0
            .get_range(&Name::from(name), offset..offset.saturating_add(len))
            .await
            .map_err(failed)
    }

    async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match self.0.delete(&Name::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}
