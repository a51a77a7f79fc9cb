//! The log: one row for each group commit, with every operation in it, kept until all its rows
//! have gone into their tables.

use bytes::Bytes;

use super::frontier::Frontier;
use super::key::RowKey;
use super::overlay::Generation;
use crate::codec::{Codec, read_varint, to_bytes, write_varint};
use crate::error::{Error, Result};
use crate::rows::{Change, Home};

/// The format of log rows this program writes.
const FORMAT: u8 = 1;

/// The operations of a group, each encoded into a buffer of its own.
#[derive(Debug, Default)]
pub(super) struct Group {
    operations: Vec<Bytes>,
    len: usize,
    /// The same rows, to be looked up while the group grows and to be published afterwards. Their
    /// values share the buffers: one allocation for an operation instead of one for each row.
    pub(super) rows: Generation,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The bytes it will write to the log.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds one operation: rows of one home or of several, all or nothing.
    pub(super) fn push(&mut self, changes: Vec<Change>) {
        let rows = changes.iter().flat_map(|change| {
            let own = change.rows.iter().map(|row| (&change.home, row));
            own.chain(change.away.iter().map(|(home, row)| (home, row)))
        });
        let (mut count, mut len) = (0_usize, 4);
        for (home, row) in rows.clone() {
            count += 1;
            len += home.0.len() + row.key.len() + row.value.as_ref().map_or(0, Bytes::len) + 12;
        }
        let mut out = Vec::with_capacity(len);
        let mut spans = Vec::with_capacity(count);
        write_varint(count as u128, &mut out);
        for (home, row) in rows {
            home.0.encode(&mut out);
            write_varint(1 + row.key.len() as u128, &mut out);
            let key = out.len();
            out.push(row.table as u8);
            out.extend_from_slice(&row.key);
            let key = key..out.len();
            row.value.encode(&mut out);
            let value = row
                .value
                .as_ref()
                .map(|value| out.len() - value.len()..out.len());
            spans.push((home, key, value));
        }
        let buffer = Bytes::from(out);
        for (home, key, value) in spans {
            let key = RowKey::new(buffer.get(key).unwrap_or_default());
            self.rows
                .put(home, key, value.map(|value| buffer.slice(value)));
        }
        self.len += buffer.len();
        self.operations.push(buffer);
    }

    /// The log row.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(self.len + 5);
        row.extend_from_slice(&[FORMAT, 0, 0, 0, 0]);
        for operation in &self.operations {
            row.extend_from_slice(operation);
        }
        let checksum = crc32fast::hash(&row[5..]).to_le_bytes();
        row[1..5].copy_from_slice(&checksum);
        row
    }
}

/// Puts the rows of a log row into a generation again, those that are not in the tables.
pub(super) fn replay(
    number: u64,
    mut row: Bytes,
    frontier: &Frontier,
    into: &mut Generation,
) -> Result<()> {
    let damaged = || Error::Corrupt("a row of the log is damaged".into());
    if row.len() < 5 {
        return Err(damaged());
    }
    let header = row.split_to(5);
    if header[0] > FORMAT {
        let found = u32::from(header[0]);
        return Err(Error::Newer {
            what: "the log",
            found,
            known: u32::from(FORMAT),
        });
    }
    if crc32fast::hash(&row).to_le_bytes() != header[1..] {
        return Err(damaged());
    }
    while !row.is_empty() {
        for _ in 0..read_varint(&mut row)? {
            let home = Home(Bytes::decode(&mut row)?);
            let key = Bytes::decode(&mut row)?;
            let value = Option::<Bytes>::decode(&mut row)?;
            if number > frontier.of(&home) {
                into.put(&home, RowKey::new(&key), value);
            }
        }
    }
    into.last = number;
    Ok(())
}

/// The key of a log row.
pub(super) fn log_key(number: u64) -> [u8; 9] {
    let mut key = [1; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number of a log row.
pub(super) fn log_number(key: &[u8]) -> Result<u64> {
    let number = key.strip_prefix(&[1]).and_then(|rest| rest.try_into().ok());
    number
        .map(u64::from_be_bytes)
        .ok_or_else(|| Error::Corrupt("a log row has no number".into()))
}

/// What both files say about themselves. No home and no log row begins with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meta {
    /// The version of the whole layout.
    Format,
    /// Names the store: its two files belong together.
    Identity,
    /// Up to which log rows the tables hold what the log says.
    Projected,
    /// Stands in the log once the tables have been there: without them the store is damaged.
    Complete,
}

impl Meta {
    pub(super) const fn key(self) -> &'static [u8] {
        match self {
            Self::Format => b"\0format",
            Self::Identity => b"\0identity",
            Self::Projected => b"\0projected",
            Self::Complete => b"\0complete",
        }
    }
}

/// The stored form of a number.
pub(super) fn number(value: u64) -> Bytes {
    to_bytes(&value)
}
