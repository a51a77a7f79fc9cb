//! Identifiers. Each is a newtype, so that no two kinds can be mixed up.

/// Declares an integer newtype with its order, its display and its conversion.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// A user account.
    UserId(i64));
id!(/// A basic group.
    ChatId(i64));
id!(/// A channel or supergroup.
    ChannelId(i64));
id!(/// The 64-bit id of an `auth_key`, its lower 64 bits of SHA-1.
    AuthKeyId(i64));
id!(/// A message within one mailbox; ids start at 1 and only grow.
    MsgId(i32));
id!(/// The `pts` of a mailbox: how many events it has seen.
    Pts(i32));
id!(/// A document, photo or other stored file.
    DocumentId(i64));
id!(/// A file that is being uploaded, named by the client.
    FileId(i64));
id!(/// A process that can own leases.
    NodeId(u32));
id!(/// The id of one operation: sent again with the same id, it happens once.
    OpId(u128));
id!(/// A partition of the due queue, or of anything else that is spread over owners.
    ShardId(u32));

/// Who a message is from, or which dialog it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerId {
    /// A user.
    User(UserId),
    /// A basic group.
    Chat(ChatId),
    /// A channel or supergroup.
    Channel(ChannelId),
}

impl Default for PeerId {
    fn default() -> Self {
        Self::User(UserId(0))
    }
}

impl PeerId {
    /// The kind as it is stored (1 user, 2 basic group, 3 channel) and the bare id.
    #[must_use]
    pub const fn parts(self) -> (u8, i64) {
        match self {
            Self::User(id) => (1, id.0),
            Self::Chat(id) => (2, id.0),
            Self::Channel(id) => (3, id.0),
        }
    }

    /// The peer with these stored parts, if the kind is a known one.
    #[must_use]
    pub const fn from_parts(kind: u8, id: i64) -> Option<Self> {
        match kind {
            1 => Some(Self::User(UserId(id))),
            2 => Some(Self::Chat(ChatId(id))),
            3 => Some(Self::Channel(ChannelId(id))),
            _ => None,
        }
    }
}

/// Whose mailbox: the unit that has one `pts`, one log and one owner at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailboxId {
    /// The mailbox of a user: private chats and basic groups.
    User(UserId),
    /// The one copy of a channel or supergroup.
    Channel(ChannelId),
}

impl From<MailboxId> for PeerId {
    fn from(mailbox: MailboxId) -> Self {
        match mailbox {
            MailboxId::User(id) => Self::User(id),
            MailboxId::Channel(id) => Self::Channel(id),
        }
    }
}

/// A place in the log of a mailbox. Events that take no `pts` stand behind the event that took the
/// last one, told apart by `index`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// The `pts` after the event.
    pub pts: Pts,
    /// 0 for the event that took this `pts`, 1 and up for those behind it that took none.
    pub index: u32,
}

impl From<Pts> for LogPosition {
    fn from(pts: Pts) -> Self {
        Self { pts, index: 0 }
    }
}
