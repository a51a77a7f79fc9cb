//! What must outlive the process: the key, and where the updates stand.

use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use minicbor::{Decode, Encode};

use crate::error::{Error, Result};
use crate::gap::State;

/// What must outlive the process. Whoever has it is the user: keep it secret.
#[derive(Clone, Default, PartialEq, Encode, Decode)]
pub struct SessionData {
    /// The `auth_key`, 256 bytes; empty for none.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub auth_key: Vec<u8>,
    /// The last salt.
    #[n(1)]
    pub salt: i64,
    /// Who is logged in; 0 for nobody.
    #[n(2)]
    pub user_id: i64,
    /// Where the updates stand.
    #[n(3)]
    pub state: State,
    /// Where the updates of channels stand.
    #[n(4)]
    pub channels: Vec<(i64, i32)>,
    /// Access hashes: kind (1 user, 3 channel), id, hash.
    #[n(5)]
    pub peers: Vec<(u8, i64, i64)>,
}

/// Where a session is kept.
#[async_trait]
pub trait SessionStorage: Send + Sync {
    /// Reads it; the default when there is none.
    async fn load(&self) -> Result<SessionData>;

    /// Writes it, whole or not at all.
    async fn save(&self, data: &SessionData) -> Result<()>;
}

/// A session that is gone with the process.
#[derive(Default)]
pub struct MemorySession(Mutex<SessionData>);

#[async_trait]
impl SessionStorage for MemorySession {
    async fn load(&self) -> Result<SessionData> {
        let data = self
            .0
            .lock()
            .map_err(|_| Error::Session("poisoned".into()))?;
        Ok(data.clone())
    }

    async fn save(&self, data: &SessionData) -> Result<()> {
        let mut kept = self
            .0
            .lock()
            .map_err(|_| Error::Session("poisoned".into()))?;
        kept.clone_from(data);
        Ok(())
    }
}

/// A session in a file, which only the user may read.
pub struct FileSession {
    path: PathBuf,
}

impl FileSession {
    /// In this file; it is made when there is something to keep.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl SessionStorage for FileSession {
    async fn load(&self) -> Result<SessionData> {
        match tokio::fs::read(&self.path).await {
            Ok(bytes) => {
                minicbor::decode(&bytes).map_err(|error| Error::Session(error.to_string()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(SessionData::default())
            }
            Err(error) => Err(Error::Session(error.to_string())),
        }
    }

    async fn save(&self, data: &SessionData) -> Result<()> {
        let failed = |error: std::io::Error| Error::Session(error.to_string());
        let bytes = minicbor::to_vec(data).map_err(|error| Error::Session(error.to_string()))?;
        let new = self.path.with_extension("new");
        write_private(&new, &bytes).await.map_err(failed)?;
        tokio::fs::rename(&new, &self.path).await.map_err(failed)
    }
}

async fn write_private(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    file.write_all(bytes).await?;
    file.sync_all().await
}
