//! Notification settings of peers and scopes (N1–N6).

use bytes::Bytes;
use store::{MailboxId, MsgId, PeerId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::peer::{peer_id, tl_peer};
use crate::publish::Actor;
use crate::time::Now;

/// What the keys of notification settings begin with in the mailbox of their owner.
const KEY: &[u8] = b"notify/";
/// Records removed in one append.
const REMOVED_AT_ONCE: usize = 100;

/// What notification settings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotifyScope {
    /// All channels.
    Broadcasts,
    /// All groups.
    Chats,
    /// One peer.
    Peer(PeerId),
    /// One topic of a peer.
    Topic(PeerId, MsgId),
    /// All private chats.
    Users,
}

impl NotifyScope {
    fn key(self) -> Bytes {
        let mut key = KEY.to_vec();
        match self {
            Self::Users => key.push(b'u'),
            Self::Chats => key.push(b'c'),
            Self::Broadcasts => key.push(b'b'),
            Self::Peer(peer) => put_peer(&mut key, b'p', peer),
            Self::Topic(peer, topic) => {
                put_peer(&mut key, b't', peer);
                key.extend(topic.0.to_be_bytes());
            }
        }
        key.into()
    }

    fn from_key(key: &[u8]) -> Option<Self> {
        let (kind, rest) = key.strip_prefix(KEY)?.split_first()?;
        let peer = || {
            let (kind, id) = rest.split_first()?;
            PeerId::from_parts(*kind, i64::from_be_bytes(*id.first_chunk()?))
        };
        Some(match kind {
            b'u' => Self::Users,
            b'c' => Self::Chats,
            b'b' => Self::Broadcasts,
            b'p' => Self::Peer(peer()?),
            b't' => Self::Topic(peer()?, MsgId(i32::from_be_bytes(*rest.last_chunk()?))),
            _ => return None,
        })
    }

    /// In the form of updates.
    #[must_use]
    pub fn to_tl(self) -> types::NotifyPeer {
        match self {
            Self::Broadcasts => types::NotifyPeer::NotifyBroadcasts {},
            Self::Chats => types::NotifyPeer::NotifyChats {},
            Self::Users => types::NotifyPeer::NotifyUsers {},
            Self::Peer(peer) => types::NotifyPeer::NotifyPeer {
                peer: tl_peer(peer),
            },
            Self::Topic(peer, topic) => types::NotifyPeer::NotifyForumTopic {
                peer: tl_peer(peer),
                top_msg_id: topic.0,
            },
        }
    }

    /// From the form of updates; `None` for a kind that is not served.
    #[must_use]
    pub fn from_tl(peer: &types::NotifyPeer) -> Option<Self> {
        Some(match peer {
            types::NotifyPeer::NotifyBroadcasts {} => Self::Broadcasts,
            types::NotifyPeer::NotifyChats {} => Self::Chats,
            types::NotifyPeer::NotifyUsers {} => Self::Users,
            types::NotifyPeer::NotifyPeer { peer } => Self::Peer(peer_id(peer)),
            types::NotifyPeer::NotifyForumTopic { peer, top_msg_id } => {
                Self::Topic(peer_id(peer), MsgId(*top_msg_id))
            }
            types::NotifyPeer::NotifyCommunity { .. } => return None,
        })
    }
}

fn put_peer(key: &mut Vec<u8>, tag: u8, peer: PeerId) {
    let (kind, id) = peer.parts();
    key.push(tag);
    key.push(kind);
    key.extend(id.to_be_bytes());
}

impl Messenger {
    /// The notification settings of a dialog, as it shows them: all fields absent when never set.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn notify_settings(
        &self,
        user: UserId,
        peer: PeerId,
    ) -> Result<types::PeerNotifySettings> {
        self.notify_settings_of(user, NotifyScope::Peer(peer)).await
    }

    /// The notification settings of a peer, a topic or a scope; all fields absent when never set.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn notify_settings_of(
        &self,
        user: UserId,
        scope: NotifyScope,
    ) -> Result<types::PeerNotifySettings> {
        let key = scope.key();
        let rows = self
            .store
            .mailbox_settings(MailboxId::User(user), key.clone())
            .await?;
        // A peer's key begins no other key, but a scope's might.
        rows.into_iter()
            .find(|(found, _)| *found == key)
            .map_or_else(
                || Ok(types::PeerNotifySettings::new()),
                |(_, body)| read(&body),
            )
    }

    /// All notification settings that a user has made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all_notify_settings(
        &self,
        user: UserId,
    ) -> Result<Vec<(NotifyScope, types::PeerNotifySettings)>> {
        let rows = self
            .store
            .mailbox_settings(MailboxId::User(user), Bytes::from_static(KEY))
            .await?;
        rows.iter()
            .filter_map(|(key, body)| Some((NotifyScope::from_key(key)?, body)))
            .map(|(scope, body)| Ok((scope, read(body)?)))
            .collect()
    }

    /// Replaces notification settings (N1) and tells the other devices.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_notify_settings(
        &self,
        actor: Actor,
        scope: NotifyScope,
        settings: &types::PeerNotifySettings,
        now: Now,
    ) -> Result<()> {
        let body = tl::to_bytes(settings, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("notification settings without a form"))?;
        let unset = *settings == types::PeerNotifySettings::new();
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let draft = batch.user(actor.user);
        draft.put_setting(scope.key(), (!unset).then_some(body));
        draft.note(types::Update::NotifySettings {
            peer: scope.to_tl(),
            notify_settings: Box::new(settings.clone()),
        })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Forgets all notification settings and tells the other devices.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reset_notify_settings(&self, actor: Actor, now: Now) -> Result<()> {
        let all = self.all_notify_settings(actor.user).await?;
        for chunk in all.chunks(REMOVED_AT_ONCE) {
            let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
            for (scope, _) in chunk {
                batch.user(actor.user).put_setting(scope.key(), None);
            }
            batch.commit(actor, None, Bytes::new()).await?;
        }
        let scopes = [
            NotifyScope::Users,
            NotifyScope::Chats,
            NotifyScope::Broadcasts,
        ];
        let updates = scopes
            .into_iter()
            .map(|scope| types::Update::NotifySettings {
                peer: scope.to_tl(),
                notify_settings: Box::new(types::PeerNotifySettings::new()),
            })
            .collect();
        self.note_all_to_others(actor, updates, now).await
    }
}

fn read(body: &Bytes) -> Result<types::PeerNotifySettings> {
    tl::from_bytes(body).map_err(|_| Error::Damaged("notification settings"))
}

#[cfg(test)]
mod tests {
    use store::{ChannelId, ChatId};

    use super::*;

    #[test]
    fn keys_say_what_they_are_for() {
        for scope in [
            NotifyScope::Users,
            NotifyScope::Chats,
            NotifyScope::Broadcasts,
            NotifyScope::Peer(PeerId::User(UserId(7))),
            NotifyScope::Peer(PeerId::Chat(ChatId(7))),
            NotifyScope::Topic(PeerId::Channel(ChannelId(7)), MsgId(9)),
        ] {
            assert_eq!(NotifyScope::from_key(&scope.key()), Some(scope));
            assert_eq!(NotifyScope::from_tl(&scope.to_tl()), Some(scope));
        }
    }
}
