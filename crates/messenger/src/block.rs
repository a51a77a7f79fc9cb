//! Blocked users (sheet 5.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{AuthKeyId, Contact, ContactList, MailboxId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::record::Record;
use crate::time::Now;

/// Whom a user has blocked.
pub type BlockMap = BTreeMap<UserId, BlockRecord>;

/// How somebody is blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct BlockRecord {
    /// Since when, Unix seconds.
    #[n(0)]
    pub date: u32,
    /// From writing and everything else.
    #[n(1)]
    pub all: bool,
    /// From seeing stories.
    #[n(2)]
    #[cbor(default)]
    pub stories: bool,
}

impl Record for BlockRecord {}

impl Messenger {
    /// Whom a user has blocked, in any way.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn blocked(&self, owner: UserId) -> Result<Arc<BlockMap>> {
        if let Some(blocked) = self.blocked.get(&owner) {
            return Ok(blocked);
        }
        let before = self.changes();
        let mut map = BlockMap::new();
        for entry in self.store.contacts(owner, ContactList::Blocked).await? {
            map.insert(entry.user, BlockRecord::from_bytes(&entry.facts)?);
        }
        let map = Arc::new(map);
        self.blocked.insert(owner, Arc::clone(&map));
        if self.changes() != before {
            self.blocked.remove(&owner);
        }
        Ok(map)
    }

    /// Forgets the cached list of a user: it was changed in the store.
    pub(crate) fn forget_blocked(&self, owner: UserId) {
        self.changed();
        self.blocked.remove(&owner);
    }

    /// Whether `owner` has blocked `user`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_blocked(&self, owner: UserId, user: UserId) -> Result<bool> {
        let blocked = self.blocked(owner).await?;
        Ok(blocked.get(&user).is_some_and(|record| record.all))
    }

    /// Blocks a user or takes that back, and tells the other devices.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_blocked(
        &self,
        actor: Actor,
        user: UserId,
        block: bool,
        stories: bool,
        now: Now,
    ) -> Result<()> {
        let before = self.blocked(actor.user).await?.get(&user).copied();
        let mut record = before.unwrap_or_default();
        if stories {
            record.stories = block;
        } else {
            record.all = block;
        }
        if before.unwrap_or_default() == record {
            return Ok(());
        }
        if record.all || record.stories {
            if block {
                record.date = now.unix_s();
            }
            let entry = Contact {
                user,
                facts: record.to_bytes(),
            };
            self.store
                .put_contact(actor.user, ContactList::Blocked, entry)
                .await?;
        } else {
            self.store
                .remove_contact(actor.user, ContactList::Blocked, user)
                .await?;
        }
        self.forget_blocked(actor.user);
        let peer = tl_peer(PeerId::User(user));
        let updates = vec![
            types::Update::PeerBlocked {
                blocked: record.all,
                blocked_my_stories_from: record.stories,
                peer_id: peer.clone(),
            },
            types::Update::PeerSettings {
                peer,
                settings: Box::new(self.peer_settings(actor.user, user).await?),
            },
        ];
        self.note_all_to_others(actor, updates, now).await?;
        if !stories && self.is_bot(user).await? {
            return self.bot_stopped(actor.user, user, block, now).await;
        }
        // The other one sees less from now on, or more.
        if !stories {
            self.show_status(user, actor.user, now).await?;
        }
        Ok(())
    }

    /// Tells a bot that a user does not want to be written to any more, or again.
    async fn bot_stopped(&self, user: UserId, bot: UserId, stopped: bool, now: Now) -> Result<()> {
        let mut batch = self.open([MailboxId::User(bot)], now).await?;
        batch
            .queue(bot, AuthKeyId(0), |qts| types::Update::BotStopped {
                user_id: user.0,
                date: now.date(),
                stopped,
                qts,
            })
            .await?;
        batch.commit(Actor::server(bot), None, Bytes::new()).await?;
        Ok(())
    }
}
