//! Mailboxes: one counter, one log, one owner at a time. Users and channels alike.

use async_trait::async_trait;
use bytes::Bytes;

use crate::codec::{Codec, record};
use crate::error::{Error, Result};
use crate::id::{LogPosition, MailboxId, MsgId, OpId, PeerId, Pts};
use crate::record::{Dialog, Head, Message, OperationResult};

/// The most rows one page may ask for.
pub const PAGE_LIMIT_MAX: u32 = 1000;
/// The most messages, events, dialogs, settings and outbox rows together in one append.
pub const APPEND_ITEMS_MAX: usize = 256;
/// The most bytes one body may have.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// The most bytes of a key of a mailbox setting.
pub const SETTING_KEY_BYTES_MAX: usize = 64;
/// The most hits a search looks at; beyond it the page says that it is not complete.
pub const SEARCH_HITS_MAX: usize = 10_000;
/// The most different search tokens kept of one message.
pub const TOKENS_MAX: usize = 256;

record! {
    /// Everything that changes together in one mailbox.
    pub struct Append, version 1 {
        /// The mailbox.
        pub mailbox: MailboxId,
        /// The epoch of the owner who appends.
        pub epoch: u64,
        /// The `pts` the owner decided on.
        pub expect: Pts,
        /// Sent again with this id, the append happens once. Known until the log is trimmed past it.
        pub op: Option<OpId>,
        /// What whoever sends `op` again shall be answered.
        pub result: Bytes,
        /// Unix seconds; the head keeps the highest.
        pub date: u32,
        /// The head keeps the highest.
        pub qts: i32,
        /// The head keeps the highest.
        pub seq: i32,
        /// Log entries, in order.
        pub events: Vec<Event>,
        /// Messages written and deleted; each id at most once.
        pub messages: Vec<MessageWrite>,
        /// Dialogs written and deleted; each peer at most once.
        pub dialogs: Vec<DialogWrite>,
        /// Small values by key; `None` removes. Each key at most once.
        pub settings: Vec<(Bytes, Option<Bytes>)>,
        /// Work for other mailboxes that must not be forgotten.
        pub outbox: Vec<OutboxRow>,
        /// Outbox rows that are done.
        pub delivered: Vec<OpId>,
    }
}

impl Default for MailboxId {
    fn default() -> Self {
        Self::User(crate::id::UserId(0))
    }
}

impl Append {
    /// Checks what never depends on the state.
    ///
    /// # Errors
    /// `Invalid` with the rule that is broken.
    pub fn check(&self) -> Result<()> {
        let items = self.events.len()
            + self.messages.len()
            + self.dialogs.len()
            + self.settings.len()
            + self.outbox.len()
            + self.delivered.len();
        if items > APPEND_ITEMS_MAX {
            return Err(Error::Invalid("too many items in one append"));
        }
        if self.expect.0 < 0 || self.events.iter().any(|event| event.pts_count < 0) {
            return Err(Error::Invalid("pts and pts_count are not negative"));
        }
        if !unique(self.messages.iter().map(MessageWrite::id)) {
            return Err(Error::Invalid("a message occurs twice in one append"));
        }
        if !unique(self.dialogs.iter().map(DialogWrite::peer)) {
            return Err(Error::Invalid("a dialog occurs twice in one append"));
        }
        if !unique(self.settings.iter().map(|(key, _)| key)) {
            return Err(Error::Invalid("a setting occurs twice in one append"));
        }
        if !unique(
            self.outbox
                .iter()
                .map(|row| row.id)
                .chain(self.delivered.iter().copied()),
        ) {
            return Err(Error::Invalid("an outbox row occurs twice in one append"));
        }
        if self
            .settings
            .iter()
            .any(|(key, _)| key.len() > SETTING_KEY_BYTES_MAX)
        {
            return Err(Error::Invalid("the key of a setting is too long"));
        }
        if self.messages.iter().any(|write| write.id().0 <= 0) {
            return Err(Error::Invalid("message ids start at 1"));
        }
        let longest = self
            .messages
            .iter()
            .map(MessageWrite::body_len)
            .chain(self.events.iter().map(|event| event.body.len()))
            .chain(
                self.settings
                    .iter()
                    .filter_map(|(_, value)| value.as_ref().map(Bytes::len)),
            )
            .chain(self.outbox.iter().map(|row| row.payload.len()))
            .chain(std::iter::once(self.result.len()))
            .max();
        if longest > Some(BODY_BYTES_MAX) {
            return Err(Error::Invalid("a body is too long"));
        }
        Ok(())
    }
}

record! {
    /// One log entry to be.
    pub struct Event, version 1 {
        /// How far it moves `pts`; 0 for what only stands in the log.
        pub pts_count: i32,
        /// The update. Small when it only refers to a message by id.
        pub body: Bytes,
    }
}

/// One log entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it stands.
    pub position: LogPosition,
    /// How far it moved `pts`.
    pub pts_count: i32,
    /// The date of its append, Unix seconds.
    pub date: u32,
    /// The update.
    pub body: Bytes,
}

/// A change of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageWrite {
    /// Deletes it with its search tokens; nothing happens when it is not there.
    Delete(MsgId),
    /// Writes it, new or over the old one.
    Put {
        /// The message.
        message: Message,
        /// What a search shall find it by. Not kept beyond its tokens.
        text: String,
    },
}

impl MessageWrite {
    /// Which message.
    #[must_use]
    pub fn id(&self) -> MsgId {
        match self {
            Self::Delete(id) => *id,
            Self::Put { message, .. } => message.id,
        }
    }

    fn body_len(&self) -> usize {
        match self {
            Self::Delete(_) => 0,
            Self::Put { message, text } => message.body.len().max(text.len()),
        }
    }
}

impl Codec for MessageWrite {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Delete(id) => (0_u8, *id).encode(out),
            Self::Put { message, text } => {
                (1_u8, message.id).encode(out);
                message.encode(out);
                text.encode(out);
            }
        }
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        match <(u8, MsgId)>::decode(input)? {
            (0, id) => Ok(Self::Delete(id)),
            (1, _) => Ok(Self::Put {
                message: Message::decode(input)?,
                text: String::decode(input)?,
            }),
            _ => Err(Error::Corrupt("a write of an unknown kind".into())),
        }
    }
}

/// A change of one dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogWrite {
    /// Takes it off the list. Its messages stay.
    Delete(PeerId),
    /// Writes it. Read marks lower than the stored ones do not count.
    Put(Dialog),
}

impl DialogWrite {
    /// Which dialog.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        match self {
            Self::Delete(peer) => *peer,
            Self::Put(dialog) => dialog.peer,
        }
    }
}

impl Codec for DialogWrite {
    fn encode(&self, out: &mut Vec<u8>) {
        self.peer().encode(out);
        match self {
            Self::Delete(_) => None,
            Self::Put(dialog) => Some(dialog.clone()),
        }
        .encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        let (peer, dialog) = <(PeerId, Option<Dialog>)>::decode(input)?;
        Ok(dialog.map_or(Self::Delete(peer), Self::Put))
    }
}

record! {
    /// Work for another mailbox, kept with the change that caused it until it is done.
    pub struct OutboxRow, version 1 {
        /// The id of the operation it will be in the other mailbox.
        pub id: OpId,
        /// What is to be done.
        pub payload: Bytes,
    }
}

/// What an append did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// The mailbox after it.
    pub head: Head,
    /// Set when `op` had happened before: nothing was changed now.
    pub repeated: Option<OperationResult>,
}

/// A contiguous piece of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSlice {
    /// The entries right after the position asked for, in order.
    pub entries: Vec<LogEntry>,
    /// Whether the log ends with them.
    pub complete: bool,
    /// The log no longer reaches back to the position asked for; there are no entries then.
    pub too_old: bool,
}

/// Which messages of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// All.
    All,
    /// Those with this bit set in `tags` (0–31).
    Tag(u8),
    /// Those of this thread.
    Thread(MsgId),
}

/// Which way a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To higher ids; the page ascends.
    Newer,
    /// To lower ids; the page descends.
    Older,
}

/// A page of messages of one dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The dialog.
    pub peer: PeerId,
    /// Which of its messages.
    pub list: List,
    /// Where to begin, this id excluded; `None` begins at the end the direction comes from.
    pub from: Option<MsgId>,
    /// Which way.
    pub direction: Direction,
    /// How many, at most [`PAGE_LIMIT_MAX`].
    pub limit: u32,
}

/// A search over one mailbox. Every word must be the beginning of a word of the message; case and
/// accents do not count. A word with `#` must be that hashtag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// The words.
    pub text: String,
    /// Only this dialog.
    pub peer: Option<PeerId>,
    /// Only messages of this sender.
    pub from: Option<PeerId>,
    /// Only messages with all these bits in `tags`.
    pub tags: u32,
    /// Only messages of this thread; 0 for any.
    pub thread: MsgId,
    /// Only messages sent then or later, Unix seconds.
    pub min_date: u32,
    /// Only messages sent then or earlier; 0 for no bound.
    pub max_date: u32,
    /// Only ids below; 0 for no bound. Does not lower the count.
    pub before: MsgId,
    /// How many, at most [`PAGE_LIMIT_MAX`]; 0 only counts.
    pub limit: u32,
}

/// A page of search hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPage {
    /// The hits, newest first.
    pub messages: Vec<Message>,
    /// All hits, those beyond the page included.
    pub count: u32,
    /// False when more than [`SEARCH_HITS_MAX`] had to be looked at: older hits are missing.
    pub complete: bool,
}

/// Mailboxes. An append is linearizable per mailbox, whole or not at all, durable and visible
/// before `Ok`, and happens once per operation id.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// Becomes the owner with `epoch`; from then on lower epochs are fenced. Finishes what a
    /// crashed owner left half done.
    ///
    /// # Errors
    /// `Fenced` when a higher epoch is in force.
    async fn open_mailbox(&self, mailbox: MailboxId, epoch: u64) -> Result<Head>;

    /// Where the mailbox stands; the default head for one never written.
    async fn head(&self, mailbox: MailboxId) -> Result<Head>;

    /// Appends to one mailbox.
    ///
    /// # Errors
    /// `Fenced` for a lower epoch than the one in force, `Conflict` when `expect` is not the `pts`
    /// there is; an operation id that has happened is answered before `expect` is looked at.
    async fn append(&self, append: Append) -> Result<Appended> {
        let mut appended = self.append_group(vec![append]).await?;
        appended.pop().ok_or(Error::Invalid("an append was lost"))
    }

    /// Appends to several mailboxes, each at most once, with an operation id in every append. At
    /// once where [`groups_are_atomic`](crate::Store::groups_are_atomic); elsewhere in order, and
    /// noted before: what a crash or a lost answer has left half done is finished before any of its
    /// mailboxes is opened, read for its head or appended to again.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    async fn append_group(&self, appends: Vec<Append>) -> Result<Vec<Appended>>;

    /// The log right after a position: a contiguous prefix, nothing committed left out.
    async fn log(&self, mailbox: MailboxId, after: LogPosition, limit: u32) -> Result<LogSlice>;

    /// Removes log entries up to a `pts`, oldest first, at most `limit`, and forgets their
    /// operations.
    ///
    /// # Errors
    /// `Fenced` as for an append.
    async fn trim_log(
        &self,
        mailbox: MailboxId,
        epoch: u64,
        up_to: Pts,
        limit: u32,
    ) -> Result<Head>;

    /// What an operation did, if it happened.
    async fn operation(&self, mailbox: MailboxId, op: OpId) -> Result<Option<OperationResult>>;

    /// All dialogs, by peer.
    async fn dialogs(&self, mailbox: MailboxId) -> Result<Vec<Dialog>>;

    /// One dialog.
    async fn dialog(&self, mailbox: MailboxId, peer: PeerId) -> Result<Option<Dialog>>;

    /// All small values whose key starts with `prefix`, by key.
    async fn mailbox_settings(
        &self,
        mailbox: MailboxId,
        prefix: Bytes,
    ) -> Result<Vec<(Bytes, Bytes)>>;

    /// Work not yet delivered, by id.
    async fn outbox(&self, mailbox: MailboxId, limit: u32) -> Result<Vec<OutboxRow>>;

    /// A page of messages.
    async fn history(&self, mailbox: MailboxId, query: HistoryQuery) -> Result<Vec<Message>>;

    /// Messages by id, in the order asked for.
    async fn messages(&self, mailbox: MailboxId, ids: Vec<MsgId>) -> Result<Vec<Option<Message>>>;

    /// How many messages a list has; for a thread at most [`PAGE_LIMIT_MAX`] are counted.
    async fn count(&self, mailbox: MailboxId, peer: PeerId, list: List) -> Result<u32>;

    /// How many messages of a list have a higher id, counted up to `most`.
    async fn count_newer(
        &self,
        mailbox: MailboxId,
        peer: PeerId,
        list: List,
        than: MsgId,
        most: u32,
    ) -> Result<u32>;

    /// A page of search hits.
    async fn search(&self, mailbox: MailboxId, query: SearchQuery) -> Result<SearchPage>;
}

pub(crate) fn check_page(limit: u32) -> Result<()> {
    if limit > PAGE_LIMIT_MAX {
        Err(Error::Invalid("the page is too long"))
    } else {
        Ok(())
    }
}

/// Checks a whole group.
pub(crate) fn check_group(appends: &[Append]) -> Result<()> {
    if !unique(appends.iter().map(|append| append.mailbox)) {
        return Err(Error::Invalid("a mailbox occurs twice in one group"));
    }
    if appends.len() > 1 && appends.iter().any(|append| append.op.is_none()) {
        return Err(Error::Invalid(
            "every append of a group needs an operation id",
        ));
    }
    appends.iter().try_for_each(Append::check)
}

fn unique<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut seen: Vec<T> = items.collect();
    seen.sort_unstable();
    seen.windows(2).all(|pair| pair[0] != pair[1])
}
