//! What a messenger does: mailboxes, dialogs, groups, files, presence.
//!
//! No sockets, no clock, no randomness and no runtime: the time is an argument ([`Now`]), random
//! values are arguments, and what shall be shown to somebody goes out through [`Publisher`]. What
//! is kept goes through the traits of `store`. Values that clients see have the types of the newest
//! API layer; which layer a client speaks is not known here.
//!
//! # The way of a change
//!
//! ```text
//! lock the mailboxes, read what is needed ─▶ Draft: messages, updates, dialogs ─▶ one durable append
//!    ─▶ publish to everybody whose mailbox changed ─▶ unlock ─▶ the updates for the one who asked
//! ```
//!
//! [`Messenger::open`] locks, [`Batch::draft`] gives the changes to make of one mailbox,
//! [`Batch::commit`] does the rest. So pushed updates, the answer and the log that
//! `updates.getDifference` reads cannot disagree.

mod access;
mod account;
mod arrange;
mod audience;
mod blob;
mod block;
mod bot;
mod channel;
mod chat;
mod contact;
mod content;
mod counter;
mod delete;
mod dialog;
mod difference;
mod draft;
mod due;
mod edit;
mod error;
mod event;
mod farewell;
mod file;
mod find;
mod flood;
mod forward;
mod history;
mod invite;
mod lifetime;
mod link;
mod login;
mod mailbox;
mod membership;
mod name;
mod note;
mod notify;
mod password;
mod peer;
mod photo;
mod pin;
mod poll;
mod presence;
mod privacy;
mod profile;
mod publish;
mod queue;
mod reaction;
mod read;
mod record;
pub mod right;
mod saved;
mod schedule;
mod search;
mod secret;
mod send;
mod settings;
mod share;
mod show;
mod sticker;
pub mod tag;
mod text;
mod time;
mod upload;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

pub use access::AccessHashes;
pub use account::AccountError;
pub use arrange::ArrangeError;
pub use blob::{BlobError, Blobs};
pub use block::{BlockMap, BlockRecord};
pub use bot::{BOT_FATHER, BOTS_MAX, BotError, BotFacts};
pub use channel::{
    ADMINS_MAX, Channel, ChannelDifference, ChannelError, ChannelEvents, ChannelMember,
    ChannelSnapshot, Counters, JoinRequest, LogQuery, MemberList, MemberPage, NewChannel, Standing,
    Switch, difference_timeout_s, named_by, names_of,
};
pub use chat::{ChatError, Invited, participants};
pub use contact::{
    ContactChange, ImportedPhone, NOTE_BYTES_MAX, SavedPhone, contacts_hash, vector_hash,
};
pub use counter::Counter;
pub use delete::{Cleared, Clearing};
pub use dialog::{ARCHIVE, BAR_HIDDEN, DialogPage, DialogQuery, Extra, MAIN, UNREAD_MARK};
pub use difference::{Difference, DifferenceQuery, Events};
pub use due::{Due, Round};
pub use edit::{Edit, EditError};
pub use error::{Error, Result};
pub use event::Event;
pub use file::{File, FileError, FileName, FileSize, attributes_to_bytes};
pub use find::FoundPeers;
pub use flood::{Floods, Limit};
pub use forward::Forwarding;
pub use history::{MessagePage, Window};
pub use invite::{Invite, InviteError, InvitedTo, Joined};
pub use link::{Link, Shared};
pub use login::{CODE_LIFE_S, CODE_PAUSE_S, CodePurpose, CodeSlot, SentCode};
pub use mailbox::{Batch, Commit, Draft, Letter, message_date, message_id, read_message};
pub use name::{clean_about, clean_name, phone_digits};
pub use notify::NotifyScope;
pub use password::{PasswordRecord, Verifier};
pub use peer::{Peers, peer_id, tl_peer};
pub use pin::Pinning;
pub use poll::{ListedVote, NewPoll, PollError};
pub use presence::ONLINE_S;
pub use privacy::{PrivacyKey, PrivacyRule, PrivacySetting};
pub use profile::{ProfileChange, USERNAME_PREFIX_LEN};
pub use publish::{Actor, Publisher};
pub use reaction::{EMOJI, ListedReaction, ReactionError, is_reaction};
pub use read::{Affected, READ_DATE_LIFE_S};
pub use record::{Birthday, Chat, ChatMember, ContactFacts, Photo, Record, User};
pub use saved::{SavedPage, SavedQuery};
pub use schedule::WHEN_ONLINE;
pub use search::{GlobalSearch, Search};
pub use secret::{SecretChat, SecretError, SecretFile, SecretMessage, SecretState};
pub use send::{Outgoing, ReplyTo, SendError, SendOptions};
pub use settings::AccountSettings;
pub use show::{
    ContactMap, Shown, admin_rights, admin_rights_flags, banned_rights, banned_rights_flags,
    banned_rights_until,
};
pub use sticker::{
    InstalledSet, KeptDocument, KeptList, SetSticker, StickerError, StickerKind, StickerSet,
};
pub use text::{CleanText, ENTITIES_MAX, TextError, utf16_len};
pub use time::Now;
pub use upload::{Assembled, IncomingPart, PART_LEN_MAX, PARTS_MAX, UploadError};

use async_lock::Mutex;
use mailbox::Mailboxes;
use quick_cache::sync::Cache;
use store::{ChannelId, ChatId, FileId, MsgId, Store, UserId};

/// The most users, and the most groups, that are kept in memory.
const CACHE_LEN: usize = 100_000;
/// The most lists of channel members that are kept in memory.
const ROSTERS_LEN: usize = 256;
/// The most uploads, and the most files being read, that are known in memory.
const UPLOADS_LEN: usize = 10_000;

/// Settings of a messenger.
#[derive(Clone, Debug)]
pub struct Options {
    /// What access hashes and file references are made from. Must stay the same for ever.
    pub secret: [u8; 32],
    /// Different for every start of the process; operation ids are made from it.
    pub boot_nonce: [u8; 16],
    /// The data centre that everything is said to be in.
    pub dc_id: i32,
}

/// The messenger over one store.
pub struct Messenger {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// Who may name whom.
    pub access: Arc<AccessHashes>,
    /// Who does what too often.
    pub floods: Floods,
    options: Options,
    publisher: Arc<dyn Publisher>,
    mailboxes: Mailboxes,
    users: Cache<UserId, Arc<User>>,
    chats: Cache<ChatId, Arc<Chat>>,
    channels: Cache<ChannelId, Arc<Channel>>,
    channel_members: Cache<(ChannelId, UserId), Option<Arc<ChannelMember>>>,
    rosters: Cache<ChannelId, Arc<std::sync::Mutex<channel::Roster>>>,
    tips: Cache<ChannelId, (MsgId, u32)>,
    watchers: channel::Watchers,
    log_ids: AtomicI64,
    contacts: Cache<UserId, Arc<ContactMap>>,
    blocked: Cache<UserId, Arc<BlockMap>>,
    presence: presence::Presence,
    changes: AtomicU64,
    blobs: Arc<dyn Blobs>,
    uploads: Cache<(UserId, FileId), Arc<Mutex<upload::Upload>>>,
    blob_pieces: Cache<[u8; 32], Arc<upload::Pieces>>,
}

impl Messenger {
    /// A messenger over `store` and `blobs` that shows changes through `publisher`.
    pub fn new(
        options: Options,
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
        publisher: Arc<dyn Publisher>,
    ) -> Self {
        Self {
            access: Arc::new(AccessHashes::new(options.secret)),
            mailboxes: Mailboxes::new(options.boot_nonce),
            floods: Floods::default(),
            options,
            store,
            publisher,
            users: Cache::new(CACHE_LEN),
            chats: Cache::new(CACHE_LEN),
            channels: Cache::new(CACHE_LEN),
            channel_members: Cache::new(CACHE_LEN),
            rosters: Cache::new(ROSTERS_LEN),
            tips: Cache::new(CACHE_LEN),
            watchers: channel::Watchers::default(),
            log_ids: AtomicI64::new(0),
            contacts: Cache::new(CACHE_LEN),
            blocked: Cache::new(CACHE_LEN),
            presence: presence::Presence::default(),
            changes: AtomicU64::new(0),
            blobs,
            uploads: Cache::new(UPLOADS_LEN),
            blob_pieces: Cache::new(UPLOADS_LEN),
        }
    }

    /// The data centre that everything is said to be in.
    pub fn dc_id(&self) -> i32 {
        self.options.dc_id
    }

    /// Who shows changes to clients.
    pub fn publisher(&self) -> &dyn Publisher {
        self.publisher.as_ref()
    }
}
