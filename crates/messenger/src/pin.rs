//! Pinned messages (B.6).

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::delete::Cleared;
use crate::error::{Error, Result};
use crate::mailbox::{Batch, Letter};
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::read::Affected;
use crate::record::Chat;
use crate::right;
use crate::send::{Parcel, Reply, SendError};
use crate::tag;
use crate::time::Now;

/// Messages that are unpinned at once.
const UNPINNED_AT_ONCE: u32 = 100;

/// How a message is pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pinning {
    /// It is unpinned.
    pub unpin: bool,
    /// Nobody is to be disturbed.
    pub silent: bool,
    /// Only for oneself.
    pub oneside: bool,
}

impl Messenger {
    /// Pins or unpins a message in all of its copies.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn pin(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        pinning: Pinning,
        now: Now,
    ) -> Result<constructors::Updates> {
        if let PeerId::Channel(channel) = peer {
            return self.pin_post(actor, channel, id, pinning, now).await;
        }
        let user = actor.user;
        self.check_pinning(user, peer).await?;
        let letter = self.letter(user, id).await?;
        let letter = letter
            .filter(|letter| letter.peer == peer)
            .ok_or(Error::MessageUnknown)?;
        let types::Message::Message(message) = &letter.message else {
            return Err(Error::MessageUnknown);
        };
        if message.pinned != pinning.unpin {
            return Err(Error::Chat(crate::chat::ChatError::Same));
        }
        let mut copies = vec![(user, id)];
        if !pinning.oneside {
            copies.extend(self.copies(user, &letter).await?);
        }
        let says_so = !pinning.unpin && !pinning.oneside && peer != PeerId::User(user);
        let audience = self.audience_of(user, peer, now).await?;
        let holders = copies
            .iter()
            .map(|(user, _)| *user)
            .chain(audience.holders.iter().copied().filter(|_| says_so));
        let mut batch = self.open(holders.map(MailboxId::User), now).await?;
        for (holder, id) in &copies {
            self.pin_in(&mut batch, *holder, &[*id], !pinning.unpin)
                .await?;
        }
        if says_so {
            let mut parcel = Parcel::service(types::MessageAction::PinMessage {}, now);
            if let types::Message::Service(message) = &mut parcel.message {
                message.silent = pinning.silent;
            }
            let ids: BTreeMap<UserId, MsgId> = copies.into_iter().collect();
            parcel.reply = Some(Reply::new(ids));
            if let (PeerId::User(author), PeerId::Chat(_)) = (letter.from, peer)
                && author != user
            {
                parcel.mentioned.insert(author);
            }
            self.put(&mut batch, user, &audience, parcel).await?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Unpins all messages of a dialog, as many of them as fit in one step.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn unpin_all(&self, actor: Actor, peer: PeerId, now: Now) -> Result<Cleared> {
        if let PeerId::Channel(channel) = peer {
            return self.unpin_posts(actor, channel, now).await;
        }
        let user = actor.user;
        self.check_pinning(user, peer).await?;
        let query = HistoryQuery {
            peer,
            list: List::Tag(tag::PINNED),
            from: None,
            direction: Direction::Older,
            limit: UNPINNED_AT_ONCE,
        };
        let page = self.store.history(MailboxId::User(user), query).await?;
        let mut doomed: BTreeMap<UserId, Vec<MsgId>> = BTreeMap::new();
        let more = page.len() >= UNPINNED_AT_ONCE as usize;
        for message in &page {
            let letter = Letter::read(message)?;
            doomed.entry(user).or_default().push(letter.id());
            for (holder, id) in self.copies(user, &letter).await? {
                doomed.entry(holder).or_default().push(id);
            }
        }
        if doomed.is_empty() {
            return Ok(Cleared {
                affected: self.unaffected(user).await?,
                more: false,
            });
        }
        let mailboxes = doomed.keys().map(|user| MailboxId::User(*user));
        let mut batch = self.open(mailboxes, now).await?;
        let mut affected = Affected::default();
        for (holder, ids) in doomed {
            let pts_count = self.pin_in(&mut batch, holder, &ids, false).await?;
            if holder == user {
                affected = Affected {
                    pts: batch.user(user).pts().0,
                    pts_count,
                };
            }
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(Cleared { affected, more })
    }

    async fn check_pinning(&self, user: UserId, peer: PeerId) -> Result<()> {
        match peer {
            PeerId::User(other) => {
                if other != user && self.has_blocked(other, user).await? {
                    return Err(SendError::PinRestricted.into());
                }
            }
            PeerId::Chat(id) => {
                let chat = self.chat_of(user, id).await?;
                if chat.deactivated || chat.member(user).is_none() {
                    return Err(Error::ChatWriteForbidden);
                }
                if !may_pin(&chat, user) {
                    return Err(Error::AdminRequired);
                }
            }
            PeerId::Channel(_) => return Err(Error::PeerUnknown),
        }
        Ok(())
    }

    /// Pins or unpins messages of one dialog of one mailbox and says so; gives back how many.
    async fn pin_in(
        &self,
        batch: &mut Batch<'_>,
        user: UserId,
        ids: &[MsgId],
        pinned: bool,
    ) -> Result<i32> {
        let found = self
            .store
            .messages(MailboxId::User(user), ids.to_vec())
            .await?;
        let mut changed = Vec::new();
        let mut peer = None;
        for message in found.into_iter().flatten() {
            let mut letter = Letter::read(&message)?;
            let types::Message::Message(message) = &mut letter.message else {
                continue;
            };
            if message.pinned == pinned {
                continue;
            }
            message.pinned = pinned;
            peer = Some(letter.peer);
            changed.push(letter.id().0);
            batch.user(user).put(letter)?;
        }
        let count = i32::try_from(changed.len()).unwrap_or(i32::MAX);
        if let Some(peer) = peer {
            batch.user(user).update(count, |pts| {
                let mut update =
                    constructors::UpdatePinnedMessages::new(tl_peer(peer), changed, pts, count);
                update.pinned = pinned;
                types::Update::PinnedMessages(Box::new(update))
            })?;
        }
        Ok(count)
    }
}

fn may_pin(chat: &Chat, user: UserId) -> bool {
    right::may(chat, user, right::PIN_MESSAGES)
}
