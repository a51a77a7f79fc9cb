//! The check of a closed store: every page, every row, and what rows say about each other.

use std::ops::Bound;
use std::path::Path;

use bytes::Bytes;

use super::kv::{OrderedKv, Snapshot};
use super::redb::RedbKv;
use super::{DATA_FILE, EmbeddedOptions, EmbeddedStore, LOG_CACHE_BYTES, LOG_FILE};
use crate::error::{Error, Result};
use crate::rows::{Home, Mail, check_row};

/// What a check has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Rows in the tables.
    pub rows: u64,
    /// Mailboxes among them.
    pub mailboxes: u64,
    /// Messages in all mailboxes.
    pub messages: u64,
}

impl EmbeddedStore {
    /// Reads a whole closed store: the checksum of every page, then every row, then that the
    /// mailboxes agree with themselves. Blocks for as long as that takes.
    ///
    /// # Errors
    /// `Corrupt` with the first thing found, `Unavailable` when the store is open.
    pub fn check(folder: impl AsRef<Path>) -> Result<CheckReport> {
        let folder = folder.as_ref();
        for file in [LOG_FILE, DATA_FILE] {
            let path = folder.join(file);
            if !path.exists() {
                return Err(Error::Corrupt(format!("{} is missing", path.display())));
            }
            RedbKv::open(&path, LOG_CACHE_BYTES, true)?.close()?;
        }
        // What is still in the log goes into the tables first.
        Self::open(folder, EmbeddedOptions::default())?.close()?;
        let tables = RedbKv::open(&folder.join(DATA_FILE), LOG_CACHE_BYTES, false)?;
        let report = check_tables(&*tables.snapshot()?)?;
        tables.close()?;
        Ok(report)
    }
}

fn check_tables(tables: &dyn Snapshot) -> Result<CheckReport> {
    let mut report = CheckReport::default();
    let mut home: Option<(Vec<u8>, Mail)> = None;
    let first: &[u8] = &[1];
    tables.scan(
        (Bound::Included(first), Bound::Unbounded),
        false,
        &mut |key, value| {
            let len = Home::len_in(key).ok_or_else(|| damaged(key, "has no home"))?;
            let (of, inner) = key.split_at(len);
            if home.as_ref().is_none_or(|(last, _)| last != of) {
                if let Some((of, mail)) = home.take() {
                    finish(&of, mail, &mut report)?;
                }
                home = Some((of.to_vec(), Mail::default()));
            }
            report.rows += 1;
            let value = Bytes::copy_from_slice(value);
            let mail = home.as_mut().map(|(_, mail)| mail);
            check_row(inner, value, mail).map_err(|error| damaged(key, &error.to_string()))?;
            Ok(true)
        },
    )?;
    if let Some((of, mail)) = home {
        finish(&of, mail, &mut report)?;
    }
    Ok(report)
}

fn finish(home: &[u8], mail: Mail, report: &mut CheckReport) -> Result<()> {
    report.mailboxes += u64::from(mail.has_head());
    report.messages += mail.messages();
    mail.finish().map_err(|why| damaged(home, why))
}

fn damaged(key: &[u8], why: &str) -> Error {
    let table = key.first().copied().unwrap_or_default();
    Error::Corrupt(format!("the row {key:02x?} of kind {table} {why}"))
}
