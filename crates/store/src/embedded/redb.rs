//! The ordered map on redb.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase, ReadableTable,
    StorageBackend, StorageError, Table, TableDefinition, TableError,
};

use super::kv::{Durability, KeyRange, OrderedKv, Snapshot, Visit, Write};
use crate::error::{Error, Result};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// One redb file.
#[derive(Debug)]
pub(crate) struct RedbKv(Database);

impl RedbKv {
    /// Opens or creates a file.
    pub(crate) fn open(path: &Path, cache_bytes: usize, verify: bool) -> Result<Self> {
        let open = || {
            Builder::new()
                .set_cache_size(cache_bytes)
                .set_check_integrity_on_open(verify)
                .create(path)
        };
        Self::guarded(open, &path.display().to_string())
    }

    /// Opens or creates on something that behaves like a file.
    pub(crate) fn open_on(backend: impl StorageBackend, cache_bytes: usize) -> Result<Self> {
        let open = || {
            Builder::new()
                .set_cache_size(cache_bytes)
                .create_with_backend(backend)
        };
        Self::guarded(open, "the store")
    }

    fn guarded(
        open: impl FnOnce() -> std::result::Result<Database, DatabaseError>,
        name: &str,
    ) -> Result<Self> {
        // redb trusts a cleanly closed file and may panic on a damaged one.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let kv = Self(open().map_err(|error| opening(error, name))?);
            kv.commit(Durability::None, &mut |_| Ok(()))?;
            Ok(kv)
        }));
        opened.unwrap_or_else(|_| Err(Error::Corrupt(format!("{name} cannot be read"))))
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the list is redb's and grows with it"
)]
fn opening(error: DatabaseError, name: &str) -> Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            Error::Unavailable(format!("another process has {name} open"))
        }
        DatabaseError::UpgradeRequired(found) => {
            Error::Corrupt(format!("{name} has the unknown file format {found}"))
        }
        DatabaseError::Storage(error) => match storage(error) {
            Error::Unavailable(why) => Error::Unavailable(format!("{name}: {why}")),
            Error::Corrupt(why) => Error::Corrupt(format!("{name}: {why}")),
            other => other,
        },
        other => Error::Unavailable(format!("{name}: {other}")),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the list is redb's and grows with it"
)]
fn storage(error: StorageError) -> Error {
    match error {
        StorageError::Corrupted(why) => Error::Corrupt(why),
        StorageError::Io(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData
            ) =>
        {
            Error::Corrupt(error.to_string())
        }
        other => Error::Unavailable(other.to_string()),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the list is redb's and grows with it"
)]
fn table(error: TableError) -> Error {
    match error {
        TableError::Storage(error) => storage(error),
        other => Error::Corrupt(other.to_string()),
    }
}

/// Reads and commits fail alike: as storage, or for a reason that is a bug or damage.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the list is redb's and grows with it"
)]
fn other(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Corrupted(why) => Error::Corrupt(why),
        redb::Error::Io(error) => storage(StorageError::Io(error)),
        error => Error::Unavailable(error.to_string()),
    }
}

impl OrderedKv for RedbKv {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let transaction = self.0.begin_read().map_err(other)?;
        Ok(Box::new(RedbSnapshot(
            transaction.open_table(ROWS).map_err(table)?,
        )))
    }

    fn commit(
        &self,
        durability: Durability,
        write: &mut dyn FnMut(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        let mut transaction = self.0.begin_write().map_err(other)?;
        let level = match durability {
            Durability::None => redb::Durability::None,
            Durability::Fast | Durability::QuickReopen => redb::Durability::Immediate,
        };
        transaction.set_durability(level).map_err(other)?;
        transaction.set_quick_repair(durability == Durability::QuickReopen);
        {
            let mut rows = RedbWrite(transaction.open_table(ROWS).map_err(table)?);
            write(&mut rows)?;
        }
        transaction.commit().map_err(other)
    }

    fn close(self) -> Result<()> {
        self.0.close().map_err(other)
    }
}

struct RedbSnapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

struct RedbWrite<'a>(Table<'a, &'static [u8], &'static [u8]>);

fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Bytes>> {
    let found = table.get(key).map_err(storage)?;
    Ok(found.map(|value| Bytes::copy_from_slice(value.value())))
}

fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    range: KeyRange<'_>,
    descending: bool,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let mut rows = table.range::<&[u8]>(range).map_err(storage)?;
    loop {
        let row = if descending {
            rows.next_back()
        } else {
            rows.next()
        };
        let Some(row) = row else { return Ok(()) };
        let (key, value) = row.map_err(storage)?;
        if !visit(key.value(), value.value())? {
            return Ok(());
        }
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        get(&self.0, key)
    }

    fn scan(&self, range: KeyRange<'_>, descending: bool, visit: &mut Visit<'_>) -> Result<()> {
        scan(&self.0, range, descending, visit)
    }
}

impl Snapshot for RedbWrite<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        get(&self.0, key)
    }

    fn scan(&self, range: KeyRange<'_>, descending: bool, visit: &mut Visit<'_>) -> Result<()> {
        scan(&self.0, range, descending, visit)
    }
}

impl Write for RedbWrite<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.0.insert(key, value).map_err(storage)?;
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<()> {
        self.0.remove(key).map_err(storage)?;
        Ok(())
    }
}
