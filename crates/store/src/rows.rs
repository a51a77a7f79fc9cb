//! The operations as reads and writes of rows, shared by the embedded and the CQL engine.
//!
//! A *home* is what a row belongs to (a user, a channel, a name …). Rows of one home whose tables
//! belong to one [`Family`] change together; a row is named by home, table and key. Keys are
//! ordered bytes: big-endian, signed numbers with their sign bit flipped, which is the order of
//! CQL clustering columns too.

mod account;
mod chat;
mod check;
mod file;
mod group;
mod mailbox;
mod search;
mod store;

use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;

use crate::aggregate::NameKind;
use crate::error::{Error, Result};
use crate::id::{AuthKeyId, DocumentId, MailboxId, MsgId, OpId, PeerId, ShardId, UserId};
use crate::token::Word;

pub(crate) use check::{Mail, check_row};
pub(crate) use group::{NoteId, Unfinished};
pub(crate) use mailbox::{Fact, token_list};

/// A future on the heap.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every kind of row, under the number it is stored by. Rows of a mailbox that are written
/// together stand close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Table {
    /// Where a mailbox stands. Key: empty.
    Head = 1,
    /// Dialogs and how many messages they have. Key: peer.
    Dialog = 2,
    /// How far the search segments reach (embedded engine). Key: empty.
    Fold = 3,
    /// The log. Key: pts, index.
    Log = 4,
    /// What is known of a message by id. Key: message.
    Fact = 5,
    /// Messages. Key: peer, message.
    History = 6,
    /// Operations that happened. Key: operation.
    Operation = 7,
    /// Small values of a mailbox. Key: caller's.
    MailboxSetting = 8,
    /// Undelivered work. Key: operation.
    Outbox = 9,
    /// Messages by tag and thread. Key: peer, kind, value, message.
    ListIndex = 10,
    /// Pieces of the inverted index (embedded engine). Key: level, number, first token.
    Segment = 11,
    /// Messages whose tokens changed after they went into a segment (embedded). Key: message.
    Refold = 12,
    /// Key: empty.
    Profile = 20,
    /// Key: empty.
    Name = 21,
    /// Key: empty.
    AuthKey = 22,
    /// Key: empty.
    TempKey = 23,
    /// Key: auth key.
    Authorization = 24,
    /// Key: empty.
    LoginCode = 25,
    /// Key: list, user.
    Contact = 26,
    /// Key: user.
    Member = 27,
    /// Key: empty.
    MemberCount = 28,
    /// Chats of a user. Key: peer.
    Membership = 29,
    /// Key: file, part.
    UploadPart = 30,
    /// Key: empty.
    Blob = 31,
    /// Key: kind, id.
    BlobReference = 32,
    /// Key: empty.
    Document = 33,
    /// Key: time, id.
    Due = 34,
    /// Key: empty.
    Lease = 35,
    /// Key: caller's.
    Setting = 36,
}

/// What a row belongs to, as the bytes its full key starts with. No home is the beginning of
/// another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Home(pub(crate) Bytes);

impl Home {
    pub(crate) fn peer(peer: PeerId) -> Self {
        let (kind, id) = peer.parts();
        Self::of(Key::new().u8(kind).i64(id))
    }

    pub(crate) fn user(user: UserId) -> Self {
        Self::peer(PeerId::User(user))
    }

    pub(crate) fn mailbox(mailbox: MailboxId) -> Self {
        Self::peer(mailbox.into())
    }

    pub(crate) fn auth_key(id: AuthKeyId) -> Self {
        Self::of(Key::new().u8(4).i64(id.0))
    }

    pub(crate) fn login_code(phone: &str) -> Self {
        Self::of(Key::new().u8(5).text(phone))
    }

    pub(crate) fn name(kind: NameKind, name: &str) -> Self {
        let kind = match kind {
            NameKind::Phone => 1,
            NameKind::Username => 2,
        };
        Self::of(Key::new().u8(6).u8(kind).text(name))
    }

    pub(crate) fn blob(sha256: &[u8; 32]) -> Self {
        Self::of(Key::new().u8(7).bytes(sha256))
    }

    pub(crate) fn document(id: DocumentId) -> Self {
        Self::of(Key::new().u8(8).i64(id.0))
    }

    pub(crate) fn shard(id: ShardId) -> Self {
        Self::of(Key::new().u8(9).u32(id.0))
    }

    pub(crate) fn lease(name: &str) -> Self {
        Self::of(Key::new().u8(10).text(name))
    }

    pub(crate) fn settings(scope: &str) -> Self {
        Self::of(Key::new().u8(11).text(scope))
    }

    fn of(key: Key) -> Self {
        Self(key.done().into())
    }

    /// The length of the home at the front of a full key, if there is one.
    pub(crate) fn len_in(full: &[u8]) -> Option<usize> {
        let nul = |from: usize| {
            full.get(from..)?
                .iter()
                .position(|b| *b == 0)
                .map(|at| from + at + 1)
        };
        let len = match full.first()? {
            1..=4 | 8 => 9,
            5 | 10 | 11 => nul(1)?,
            6 => nul(2)?,
            7 => 33,
            9 => 5,
            _ => return None,
        };
        (full.len() > len).then_some(len)
    }
}

/// Builds ordered key bytes.
#[derive(Debug, Default)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(24))
    }

    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u128(self, value: u128) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn i32(self, value: i32) -> Self {
        self.u32(value.cast_unsigned() ^ 1 << 31)
    }

    pub(crate) fn i64(self, value: i64) -> Self {
        self.u64(value.cast_unsigned() ^ 1 << 63)
    }

    pub(crate) fn peer(self, peer: PeerId) -> Self {
        let (kind, id) = peer.parts();
        self.u8(kind).i64(id)
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Text without NUL, closed by one.
    fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).u8(0)
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// Takes ordered key bytes apart.
pub(crate) struct KeyReader<'a>(pub(crate) &'a [u8]);

impl KeyReader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| Error::Corrupt("a key is too short".into()))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u128(&mut self) -> Result<u128> {
        Ok(u128::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        Ok((self.u32()? ^ 1 << 31).cast_signed())
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        Ok((u64::from_be_bytes(self.array()?) ^ 1 << 63).cast_signed())
    }

    pub(crate) fn peer(&mut self) -> Result<PeerId> {
        let kind = self.u8()?;
        PeerId::from_parts(kind, self.i64()?)
            .ok_or_else(|| Error::Corrupt("a key names a peer of an unknown kind".into()))
    }
}

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// Rows of one home and table whose keys begin with `prefix`, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) home: &'a Home,
    pub(crate) table: Table,
    pub(crate) prefix: &'a [u8],
    /// Begin behind this rest of a key, in the order of the scan.
    pub(crate) from: Option<&'a [u8]>,
    pub(crate) order: Order,
    pub(crate) limit: usize,
}

impl<'a> Scan<'a> {
    /// Everything in a table of a home, ascending.
    pub(crate) fn all(home: &'a Home, table: Table) -> Self {
        Self {
            home,
            table,
            prefix: &[],
            from: None,
            order: Order::Ascending,
            limit: usize::MAX,
        }
    }

    pub(crate) fn prefix(self, prefix: &'a [u8]) -> Self {
        Self { prefix, ..self }
    }

    pub(crate) fn after(self, from: Option<&'a [u8]>) -> Self {
        Self { from, ..self }
    }

    pub(crate) fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}

/// A row as a scan finds it: the rest of its key behind the prefix, and its value.
pub(crate) type Found = (Bytes, Bytes);

/// What an operation reads from.
#[async_trait]
pub(crate) trait View: Sync {
    async fn get(&self, home: &Home, table: Table, key: &[u8]) -> Result<Option<Bytes>>;

    async fn scan(&self, scan: Scan<'_>) -> Result<Vec<Found>>;

    /// Messages that may have a token for this word: all that have it among the newest
    /// `most`, perhaps more that do not. In any order, perhaps twice. `false`: `most` was not
    /// enough.
    async fn candidates(&self, home: &Home, word: &Word, most: usize)
    -> Result<(Vec<MsgId>, bool)>;
}

/// One row to be written, or removed without a value.
#[derive(Clone, Debug)]
pub(crate) struct RowWrite {
    pub(crate) table: Table,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Bytes>,
}

/// A token that a message has got or lost.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "cql"),
    allow(dead_code, reason = "only CQL keeps postings as rows")
)]
pub(crate) struct Posting {
    pub(crate) token: String,
    pub(crate) message: MsgId,
    pub(crate) present: bool,
}

/// What changes together.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) home: Home,
    pub(crate) rows: Vec<RowWrite>,
    /// Rows of other homes that follow.
    pub(crate) away: Vec<(Home, RowWrite)>,
    pub(crate) postings: Vec<Posting>,
}

impl Change {
    pub(crate) fn new(home: Home) -> Self {
        Self {
            home,
            rows: Vec::new(),
            away: Vec::new(),
            postings: Vec::new(),
        }
    }

    pub(crate) fn put(&mut self, table: Table, key: Vec<u8>, value: Bytes) {
        self.rows.push(RowWrite {
            table,
            key,
            value: Some(value),
        });
    }

    pub(crate) fn remove(&mut self, table: Table, key: Vec<u8>) {
        self.rows.push(RowWrite {
            table,
            key,
            value: None,
        });
    }
}

/// What an operation decided on: the changes and the answer once they are durable.
#[derive(Debug)]
pub(crate) struct Plan<T> {
    pub(crate) answer: T,
    pub(crate) changes: Vec<Change>,
}

impl<T> Plan<T> {
    /// Nothing to change.
    pub(crate) fn nothing(answer: T) -> Self {
        Self {
            answer,
            changes: Vec::new(),
        }
    }

    pub(crate) fn one(answer: T, change: Change) -> Self {
        Self {
            answer,
            changes: vec![change],
        }
    }
}

/// An engine that keeps rows. The traits of the crate are implemented for all of them at once.
#[async_trait]
pub(crate) trait RowEngine: Send + Sync + 'static {
    /// Whether the changes of a plan may belong to several homes.
    const ATOMIC_GROUPS: bool;

    /// Runs a reading operation.
    async fn read<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a dyn View) -> BoxFuture<'a, Result<T>> + Send + 'static;

    /// Runs a deciding operation, perhaps several times, until its changes are durable on the very
    /// state it has read.
    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a dyn View) -> BoxFuture<'a, Result<Plan<T>>> + Send + Sync + 'static;

    /// Keeps what a group is going to do; of no use where groups are atomic.
    async fn note_group(&self, _op: OpId, _body: Bytes) -> Result<NoteId> {
        Err(Error::Invalid("groups are atomic here"))
    }

    /// Removes the note of a group that is done.
    async fn forget_group(&self, _note: NoteId) -> Result<()> {
        Ok(())
    }

    /// The notes of groups that may be half done, in the order they were written.
    async fn noted_groups(&self) -> Result<Vec<(NoteId, Bytes)>> {
        Ok(Vec::new())
    }
}

/// The store over an engine of rows.
#[derive(Debug)]
pub struct RowStore<E> {
    pub(crate) engine: E,
    unfinished: Unfinished,
}

impl<E> RowStore<E> {
    pub(crate) fn new(engine: E) -> Self {
        Self {
            engine,
            unfinished: Unfinished::default(),
        }
    }
}
