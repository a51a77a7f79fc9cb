//! Notes of groups of appends that are on their way.
//!
//! They come and go with every group, and what is removed stays in the way of reads for days, so
//! each minute has partitions of its own. A mark says before which minute nothing is left.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::engine::Shared;
use super::place::{Family, Follower, Place};
use crate::codec::{from_bytes, to_bytes};
use crate::error::Result;
use crate::id::OpId;
use crate::rows::{Key, KeyReader, NoteId, Order};

/// What the partitions begin with; no home does.
const NOTES: u8 = 64;
/// Partitions of a minute.
const SLICES: u128 = 4;
/// Minutes read when there is no mark, and the most there are to a mark.
const MINUTES_MAX: u32 = 7 * 24 * 60;
/// Notes of one partition read at once.
const PAGE: usize = 1000;

/// Which notes this process has written.
#[derive(Debug, Default)]
pub(super) struct Notes {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// How many are there, by minute.
    minutes: BTreeMap<u32, u32>,
    /// Where the mark is.
    marked: u32,
}

impl Notes {
    pub(super) async fn put(&self, shared: &Shared, op: OpId, body: Bytes) -> Result<NoteId> {
        let minute = minute(shared);
        let mark = {
            let mut open = self.open();
            *open.minutes.entry(minute).or_default() += 1;
            let oldest = open.minutes.keys().next().copied().unwrap_or(minute);
            (oldest > open.marked).then(|| {
                open.marked = oldest;
                oldest
            })
        };
        let note = NoteId { minute, op };
        let mut rows = vec![Follower {
            place: place(note),
            value: Some(body),
        }];
        rows.extend(mark.map(|minute| Follower {
            place: mark_place(),
            value: Some(to_bytes(&minute)),
        }));
        let written = shared.write_rows(rows, shared.now_us()).await;
        if written.is_err() {
            // If it is there all the same, nothing of it has begun.
            self.close(note);
        }
        written.map(|()| note)
    }

    pub(super) async fn remove(&self, shared: &Shared, note: NoteId) -> Result<()> {
        let row = Follower {
            place: place(note),
            value: None,
        };
        // Should it stay, nobody has to find it: its group is done.
        self.close(note);
        shared.write_rows(vec![row], shared.now_us()).await
    }

    /// All there are, those of other processes too.
    pub(super) async fn all(&self, shared: &Shared) -> Result<Vec<(NoteId, Bytes)>> {
        let now = minute(shared);
        let mark = mark_place();
        let marked = read(shared, mark.partition, 1).await?;
        let marked = match marked.into_iter().next() {
            Some((_, value)) => from_bytes(value.into())?,
            None => return Ok(Vec::new()),
        };
        let mut found = Vec::new();
        for minute in now.saturating_sub(MINUTES_MAX).max(marked)..=now {
            for slice in 0..SLICES {
                let partition = partition(minute, slice);
                for (key, body) in read(shared, partition, PAGE).await? {
                    let op = OpId(KeyReader(&key).u128()?);
                    found.push((NoteId { minute, op }, body.into()));
                }
            }
        }
        Ok(found)
    }

    fn close(&self, note: NoteId) {
        let mut open = self.open();
        if let Some(count) = open.minutes.get_mut(&note.minute) {
            *count -= 1;
            if *count == 0 {
                open.minutes.remove(&note.minute);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(
    shared: &Shared,
    partition: Vec<u8>,
    limit: usize,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let everything = (Vec::new(), vec![u8::MAX; 17]);
    let partition = (Family::Due, partition);
    shared
        .range(partition, everything, Order::Ascending, limit)
        .await
}

fn minute(shared: &Shared) -> u32 {
    u32::try_from(shared.now_us() / 60_000_000).unwrap_or(0)
}

fn partition(minute: u32, slice: u128) -> Vec<u8> {
    Key::new()
        .u8(NOTES)
        .u32(minute)
        .u8(u8::try_from(slice).unwrap_or(0))
        .done()
}

fn place(note: NoteId) -> Place {
    Place {
        family: Family::Due,
        partition: partition(note.minute, note.op.0 % SLICES),
        key: Key::new().u128(note.op.0).done(),
    }
}

fn mark_place() -> Place {
    Place {
        family: Family::Due,
        partition: vec![NOTES],
        key: vec![0],
    }
}
