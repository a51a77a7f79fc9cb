//! The memory of received messages (D17, D18, D24): ids of the last minutes, with what became of
//! them.

use crate::time::MsgId;

/// How many ids are kept at most (D17 asks for 1000).
pub const RECEIVED_LEN_MAX: usize = 4096;
/// How long an id can still matter, seconds: older ones fail the time window (D19).
const KEPT_S: i64 = 310;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A call whose answer was made; the answer may be forgotten.
    Answered,
    /// Done with: nothing is owed.
    Done,
    /// A call that runs.
    Running,
}

/// The ids of one session, sorted.
#[derive(Clone, Debug, Default)]
pub struct ReceivedIds {
    entries: Vec<(MsgId, Received)>,
    /// Ids up to here were forgotten, or cannot have been in this session.
    floor: MsgId,
}

impl ReceivedIds {
    /// A memory that begins now: ids of the last five minutes are taken, older ones not (E48).
    pub fn starting_at(now_unix_s: i64) -> Self {
        Self {
            entries: Vec::new(),
            floor: MsgId((now_unix_s - KEPT_S) << 32),
        }
    }

    /// What is known of an id; `None` if it did not arrive.
    pub fn find(&self, msg_id: MsgId) -> Option<Received> {
        let at = self.position(msg_id).ok()?;
        self.entries.get(at).map(|(_, state)| *state)
    }

    /// Whether the id is so low that nobody knows (D18).
    pub fn is_forgotten(&self, msg_id: MsgId) -> bool {
        msg_id <= self.floor
    }

    /// Whether the id is above all that arrived.
    pub fn is_above_all(&self, msg_id: MsgId) -> bool {
        self.entries.last().is_none_or(|(last, _)| msg_id > *last)
    }

    /// How many ids are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Remembers a message, or what became of it. Old ones make room.
    pub fn insert(&mut self, msg_id: MsgId, state: Received, now_unix_s: i64) {
        match self.position(msg_id) {
            Ok(at) => self.entries[at].1 = state,
            Err(at) => self.entries.insert(at, (msg_id, state)),
        }
        self.forget(now_unix_s);
    }

    /// Changes what became of a message that is still remembered.
    pub fn update(&mut self, msg_id: MsgId, state: Received) {
        if let Ok(at) = self.position(msg_id) {
            self.entries[at].1 = state;
        }
    }

    /// Drops what cannot matter any more.
    pub fn forget(&mut self, now_unix_s: i64) {
        let limit = MsgId((now_unix_s - KEPT_S) << 32);
        let by_age = self.entries.partition_point(|(id, _)| *id < limit);
        let by_count = self.entries.len().saturating_sub(RECEIVED_LEN_MAX);
        let count = by_age.max(by_count);
        if count == 0 {
            return;
        }
        self.floor = self.floor.max(self.entries[count - 1].0);
        self.entries.drain(..count);
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
        // An idle session shall not keep the room of a busy one.
        if self.entries.capacity() > 2 * self.entries.len() + 8 {
            self.entries.shrink_to(self.entries.len() + 4);
        }
    }

    /// Bytes of memory beside the value itself.
    pub fn heap_len(&self) -> usize {
        self.entries.capacity() * size_of::<(MsgId, Received)>()
    }

    /// New ids come at the end nearly always.
    fn position(&self, msg_id: MsgId) -> Result<usize, usize> {
        if self.is_above_all(msg_id) {
            return Err(self.entries.len());
        }
        self.entries.binary_search_by_key(&msg_id, |(id, _)| *id)
    }
}
