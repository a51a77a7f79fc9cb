//! Access hashes of the peers that were seen.

use std::collections::HashMap;

use tl_api::types;

use crate::client::{Client, lock};
use crate::session::SessionData;

const USER: u8 = 1;
const CHANNEL: u8 = 3;

/// Access hashes by kind and id.
#[derive(Debug, Default)]
pub(crate) struct Peers(HashMap<(u8, i64), i64>);

impl Peers {
    pub(crate) fn new(data: &SessionData) -> Self {
        Self(
            data.peers
                .iter()
                .map(|(kind, id, hash)| ((*kind, *id), *hash))
                .collect(),
        )
    }

    pub(crate) fn save(&self, data: &mut SessionData) {
        data.peers = self
            .0
            .iter()
            .map(|((kind, id), hash)| (*kind, *id, *hash))
            .collect();
    }
}

impl Client {
    /// Remembers how these may be named.
    pub(crate) fn remember_peers(&self, users: &[types::User], chats: &[types::Chat]) {
        let mut peers = lock(&self.0.peers);
        for user in users {
            if let types::User::User(user) = user
                && let Some(hash) = user.access_hash
                && !user.min
            {
                peers.0.insert((USER, user.id), hash);
            }
        }
        for chat in chats {
            if let types::Chat::Channel(channel) = chat
                && let Some(hash) = channel.access_hash
                && !channel.min
            {
                peers.0.insert((CHANNEL, channel.id), hash);
            }
        }
    }

    /// How a peer that was seen is named in requests; a user or channel that was never seen is
    /// named without a hash, which servers accept from those who met.
    #[must_use]
    pub fn input_peer(&self, peer: &types::Peer) -> types::InputPeer {
        let hash = |kind, id| lock(&self.0.peers).0.get(&(kind, id)).copied().unwrap_or(0);
        match *peer {
            types::Peer::Channel { channel_id } => types::InputPeer::Channel {
                channel_id,
                access_hash: hash(CHANNEL, channel_id),
            },
            types::Peer::Chat { chat_id } => types::InputPeer::Chat { chat_id },
            types::Peer::User { user_id } => types::InputPeer::User {
                user_id,
                access_hash: hash(USER, user_id),
            },
        }
    }

    /// How a user that was seen is named in requests.
    #[must_use]
    pub fn input_user(&self, user_id: i64) -> types::InputUser {
        let access_hash = lock(&self.0.peers).0.get(&(USER, user_id)).copied();
        types::InputUser::InputUser {
            user_id,
            access_hash: access_hash.unwrap_or(0),
        }
    }

    /// How a channel or supergroup that was seen is named in requests; `None` for one that was not.
    #[must_use]
    pub fn input_channel(&self, channel_id: i64) -> Option<types::InputChannel> {
        let access_hash = lock(&self.0.peers).0.get(&(CHANNEL, channel_id)).copied()?;
        Some(types::InputChannel::InputChannel {
            channel_id,
            access_hash,
        })
    }

    /// One's own chat.
    #[must_use]
    pub fn saved_messages(&self) -> types::InputPeer {
        types::InputPeer::Self_ {}
    }
}
