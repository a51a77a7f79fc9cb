//! What a messenger keeps, and what it can rely on.
//!
//! The crate knows no API types: bodies are opaque bytes beside the few fields that have to be
//! indexed. Three engines keep the same promises and pass the same suite (`tests/it`):
//!
//! | engine | for | durable when `Ok` |
//! |---|---|---|
//! | [`MemoryStore`] | tests; the model the others are compared with | never |
//! | [`EmbeddedStore`] | one machine, one folder, no server | `fdatasync` of the group commit |
//! | `CqlStore` (feature `cql`) | ScyllaDB or Cassandra, many machines | written by a quorum |
//!
//! # The rules for all operations
//!
//! - `Ok` means durable and visible: whoever reads afterwards, through whatever handle, sees it.
//! - An error other than [`Error::Unknown`] means that nothing was changed.
//! - [`Error::Unknown`] means it may have happened. An append with an operation id may simply be
//!   sent again and happens once; everything else can be sent again because it says what shall
//!   be, not by how much to change it. (A login attempt may then be counted twice, never missed.)
//! - Absence is `Option`, never an error.
//! - Time is an argument. What has expired at the caller's time is absent.
//!
//! # What each operation promises
//!
//! | operation | promise |
//! |---|---|
//! | append | linearizable per mailbox; whole or not at all over head, log, operation, dialogs, messages, search; `pts` contiguous; once per operation id; [`Error::Fenced`] for an older epoch |
//! | group of appends | each as above; all or nothing where [`Store::groups_are_atomic`], else in order, to be sent again until `Ok` |
//! | log | a contiguous prefix after the position; no committed `pts` is left out |
//! | history, messages, dialogs, search | everything appended with `Ok` before; one snapshot per call in the embedded engine, per row in CQL |
//! | read marks | never go back |
//! | claim and release of a name | linearizable; at most one owner |
//! | creation of an authorization key | the first wins |
//! | binding of a temporary key | the last wins |
//! | login attempts | linearizable decrement |
//! | members | the member row is linearizable; a user's list of chats follows it |
//! | upload parts | the same part again replaces it |
//! | claim of a blob | the first wins; removal only without references |
//! | due queue | at least once |
//! | leases | one holder per epoch; epochs only grow |

mod aggregate;
mod codec;
#[cfg(feature = "cql")]
mod cql;
mod embedded;
mod error;
mod id;
mod mailbox;
mod memory;
mod record;
mod rows;
mod token;

pub use aggregate::{
    AuthKeys, ContactList, Contacts, DueQueue, Files, Leases, Members, NAME_BYTES_MAX, NameKind,
    Names, Profiles, Settings, Store,
};
#[cfg(feature = "cql")]
pub use cql::{CqlEngine, CqlOptions, CqlStore};
pub use embedded::{CheckReport, EmbeddedEngine, EmbeddedOptions, EmbeddedStore};
pub use error::{Error, Result};
pub use id::{
    AuthKeyId, ChannelId, ChatId, DocumentId, FileId, LogPosition, MailboxId, MsgId, NodeId, OpId,
    PeerId, Pts, ShardId, UserId,
};
pub use mailbox::{
    APPEND_ITEMS_MAX, Append, Appended, BODY_BYTES_MAX, DialogWrite, Direction, Event,
    HistoryQuery, List, LogEntry, LogSlice, Mailboxes, MessageWrite, OutboxRow, PAGE_LIMIT_MAX,
    SEARCH_HITS_MAX, SETTING_KEY_BYTES_MAX, SearchPage, SearchQuery, TOKENS_MAX,
};
pub use memory::MemoryStore;
pub use record::{
    AuthKey, Authorization, Blob, BlobReference, Contact, Dialog, DueTask, Head, Lease, LoginCode,
    Member, Message, OperationResult, Profile, Setting, UploadPart,
};
pub use rows::RowStore;
