//! What services tell gateways.

use bytes::Bytes;

use crate::id::{AuthKeyId, ChannelId, SessionId, UserId};

/// Who shall be shown updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The subscribed sessions that watch a channel.
    Channel(ChannelId),
    /// All sessions of one key, subscribed or not, logged in or not.
    Key(AuthKeyId),
    /// The subscribed sessions of a user.
    User(UserId),
}

/// Updates on their way to sessions.
#[derive(Clone, Debug)]
pub struct Push {
    /// To whom.
    pub target: Target,
    /// Not to this session: it has them in an answer (F20).
    pub except: Option<(AuthKeyId, SessionId)>,
    /// An object of type `Updates` at the newest layer. Each session is given the form of its own
    /// layer.
    pub updates: Bytes,
}

/// What services tell gateways. May be lost.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A temporary key is bound to a permanent one.
    KeyBound {
        /// The temporary key.
        temp_key_id: AuthKeyId,
        /// The permanent key.
        auth_key_id: AuthKeyId,
    },
    /// A key does not exist any more: connections that use it are told so and closed.
    KeyGone(AuthKeyId),
    /// A session of the key has asked for what only a client does that wants updates: push to it
    /// from now on.
    KeySubscribed(AuthKeyId, SessionId),
    /// Another user, or nobody, is logged in by a key.
    KeyUser(AuthKeyId, Option<UserId>),
    /// Updates.
    Push(Push),
    /// Sessions of a user begin or end to watch channels.
    Watch {
        /// The user.
        user: UserId,
        /// Which channel.
        channel: ChannelId,
        /// Whether it is watched from now on.
        on: bool,
    },
}

/// What services tell gateways. Never blocks; notices to one target arrive in their order.
pub trait Gateways: Send + Sync {
    /// Tells all gateways.
    fn tell(&self, notice: Notice);

    /// Whether the user may have a subscribed session somewhere. When not, nobody needs to build a
    /// push.
    fn may_be_watching(&self, user: UserId) -> bool;
}
