//! Copies of a store: taken while it runs, put in place when it does not.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::core::Job;
use super::kv::{Durability, OrderedKv, Snapshot};
use super::log::Meta;
use super::redb::RedbKv;
use super::{DATA_FILE, EmbeddedStore, LOG_FILE, closed, identity, name, spawn};
use crate::error::{Error, Result};

/// Bytes of rows copied with one commit.
const CHUNK_BYTES: usize = 8 << 20;
/// Pages of the copy kept in memory.
const CACHE_BYTES: usize = 32 << 20;

impl EmbeddedStore {
    /// Copies the store into a new file as it stands at one moment after the call, everything
    /// acknowledged before included, while it goes on working.
    ///
    /// # Errors
    /// `Unavailable` when the file exists or cannot be written.
    pub async fn backup(&self, to: impl Into<PathBuf>) -> Result<()> {
        let to = to.into();
        let (reply, tables) = oneshot::channel();
        let jobs = self.engine.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(Job::Checkpoint(reply))
            .await
            .map_err(|_| closed())?;
        let tables = tables.await.map_err(|_| closed())??;
        let (reply, done) = oneshot::channel();
        spawn("store-backup", move || {
            // Nobody waits any more when sending fails.
            let _ = reply.send(copy(tables, &to));
        })?;
        done.await
            .map_err(|_| Error::Unavailable("the backup has ended early".into()))?
    }

    /// Makes a store out of a backup, in a folder that has none. Blocks.
    ///
    /// # Errors
    /// `Unavailable` when the folder has a store or cannot be written, `Corrupt` when the file is
    /// not a whole backup.
    pub fn restore(backup: impl AsRef<Path>, folder: impl AsRef<Path>) -> Result<()> {
        let (backup, folder) = (backup.as_ref(), folder.as_ref());
        let data = folder.join(DATA_FILE);
        if data.exists() || folder.join(LOG_FILE).exists() {
            return Err(Error::Unavailable(format!(
                "{} has a store already",
                folder.display()
            )));
        }
        std::fs::create_dir_all(folder).map_err(|error| unusable(folder, &error))?;
        // First under another name: a folder with half a file must not look like a store.
        let partial = folder.join("data.partial");
        std::fs::copy(backup, &partial).map_err(|error| unusable(backup, &error))?;
        let copied = RedbKv::open(&partial, CACHE_BYTES, true)?;
        let id = identity(&*copied.snapshot()?)?;
        let id = id.ok_or_else(|| Error::Corrupt(format!("{} is no backup", backup.display())))?;
        copied.close()?;
        let log = RedbKv::open(&folder.join(LOG_FILE), CACHE_BYTES, false)?;
        name(&log, &id)?;
        log.close()?;
        publish(&partial, &data)
    }
}

fn copy(tables: Arc<dyn Snapshot>, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(Error::Unavailable(format!(
            "{} exists already",
            to.display()
        )));
    }
    let partial = to.with_extension("partial");
    let _ = std::fs::remove_file(&partial);
    let file = RedbKv::open(&partial, CACHE_BYTES, false)?;
    let mut from: Vec<u8> = Vec::new();
    let mut more = true;
    while more {
        more = false;
        let mut last = None;
        let mut chunk = Vec::new();
        let mut bytes = 0;
        let start = if from.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(from.as_slice())
        };
        tables.scan((start, Bound::Unbounded), false, &mut |key, value| {
            bytes += key.len() + value.len();
            chunk.push((key.to_vec(), value.to_vec()));
            last = Some(key.to_vec());
            more = bytes >= CHUNK_BYTES;
            Ok(!more)
        })?;
        let durability = if more {
            Durability::None
        } else {
            Durability::QuickReopen
        };
        file.commit(durability, &mut |write| {
            chunk
                .iter()
                .try_for_each(|(key, value)| write.put(key, value))
        })?;
        from = last.unwrap_or(from);
    }
    let complete = file.snapshot()?.get(Meta::Identity.key())?.is_some();
    file.close()?;
    if !complete {
        return Err(Error::Corrupt("the store has no identity".into()));
    }
    publish(&partial, to)
}

/// Gives a finished file its name, durably.
fn publish(partial: &Path, to: &Path) -> Result<()> {
    std::fs::rename(partial, to).map_err(|error| unusable(to, &error))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unusable(folder, &error))
}

fn unusable(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("{}: {error}", path.display()))
}
