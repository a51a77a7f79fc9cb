//! Messages that go by themselves (A.8).

use bytes::Bytes;
use store::{Dialog, MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::chat::ChatError;
use crate::dialog::Extra;
use crate::due::Task;
use crate::error::{Error, Result};
use crate::mailbox::Batch;
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::right;
use crate::send::Parcel;
use crate::time::Now;

/// Media that destroy themselves at once when they are opened.
const ONCE: i32 = i32::MAX;

/// After how many seconds new messages of a dialog go; 0 for never.
pub(crate) fn ttl_of(dialog: &Dialog) -> u32 {
    Extra::read(dialog).map_or(0, |extra| extra.ttl_period)
}

impl Messenger {
    /// Sets after how many seconds new messages of a chat go; 0 for never. `auto` when it follows
    /// from the settings of the actor.
    ///
    /// # Errors
    /// `ChatError::Same`, `AdminRequired`, what keeps the actor from writing.
    pub async fn set_history_ttl(
        &self,
        actor: Actor,
        peer: PeerId,
        period_s: u32,
        auto: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let action = types::MessageAction::SetMessagesTTL {
            period: period_s.cast_signed(),
            auto_setting_from: auto.then_some(actor.user.0),
        };
        if let PeerId::Chat(id) = peer {
            let chat = self.chat_of(actor.user, id).await?;
            if chat.deactivated || chat.member(actor.user).is_none() {
                return Err(Error::ChatWriteForbidden);
            }
            if !right::may(&chat, actor.user, right::CHANGE_INFO) {
                return Err(Error::AdminRequired);
            }
            if chat.ttl_period == period_s {
                return Err(ChatError::Same.into());
            }
            self.change_chat(id, |chat| {
                chat.ttl_period = period_s;
                Ok(())
            })
            .await?;
        }
        loop {
            let audience = self.audience_of(actor.user, peer, now).await?;
            let mailboxes = audience.holders.iter().map(|user| MailboxId::User(*user));
            let others = match peer {
                PeerId::User(other) => vec![MailboxId::User(other)],
                PeerId::Chat(_) | PeerId::Channel(_) => Vec::new(),
            };
            let mut batch = self.open(mailboxes.chain(others), now).await?;
            if let Some(chat) = &audience.chat {
                let current = self.chat(chat.chat_id()).await?;
                if current.is_none_or(|current| current.version != chat.version) {
                    continue;
                }
            }
            if let PeerId::User(other) = peer {
                let own = MailboxId::User(actor.user);
                let mut dialog = batch.dialog(own, peer).await?;
                if ttl_of(&dialog) == period_s {
                    return Err(ChatError::Same.into());
                }
                put_ttl(&mut dialog, period_s)?;
                batch.user(actor.user).put_dialog(dialog);
                if other != actor.user {
                    let theirs = PeerId::User(actor.user);
                    let mut dialog = batch.dialog(MailboxId::User(other), theirs).await?;
                    put_ttl(&mut dialog, period_s)?;
                    batch.user(other).put_dialog(dialog);
                }
            }
            self.put(
                &mut batch,
                actor.user,
                &audience,
                Parcel::service(action.clone(), now),
            )
            .await?;
            for holder in &audience.holders {
                let seen_as = match peer {
                    PeerId::User(_) if *holder != actor.user => PeerId::User(actor.user),
                    PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => peer,
                };
                batch.user(*holder).note(types::Update::PeerHistoryTTL {
                    peer: tl_peer(seen_as),
                    ttl_period: (period_s > 0).then_some(period_s.cast_signed()),
                })?;
            }
            return batch.commit(actor, None, Bytes::new()).await?.updates();
        }
    }

    /// After how many seconds messages of a chat go; 0 for never.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history_ttl(&self, user: UserId, peer: PeerId) -> Result<u32> {
        match peer {
            PeerId::Chat(id) => Ok(self.chat(id).await?.map_or(0, |chat| chat.ttl_period)),
            PeerId::User(_) => {
                let dialog = self.store.dialog(MailboxId::User(user), peer).await?;
                Ok(dialog.map_or(0, |dialog| ttl_of(&dialog)))
            }
            PeerId::Channel(_) => Ok(0),
        }
    }

    /// Sets the end of a message that is being sent, if its chat has one.
    pub(crate) async fn limit_life(
        &self,
        batch: &mut Batch<'_>,
        sender: UserId,
        audience: &crate::send::Audience,
        parcel: &mut Parcel,
        id: MsgId,
        now: Now,
    ) -> Result<()> {
        let ttl = match (&audience.chat, audience.peer) {
            (Some(chat), _) => chat.ttl_period,
            (None, peer) => {
                let dialog = batch.dialog(MailboxId::User(sender), peer).await?;
                ttl_of(&dialog)
            }
        };
        if ttl == 0 {
            return Ok(());
        }
        match &mut parcel.message {
            types::Message::Message(message) => message.ttl_period = Some(ttl.cast_signed()),
            types::Message::Service(message) => message.ttl_period = Some(ttl.cast_signed()),
            types::Message::Empty { .. } => return Ok(()),
        }
        let task = Task::Expire {
            owner: sender.0,
            id: id.0,
        };
        self.put_task(now.0 + u64::from(ttl) * 1000, &task).await
    }

    /// Deletes all copies of a message whose time is over.
    pub(crate) async fn expire(&self, owner: UserId, id: MsgId, now: Now) -> Result<()> {
        let letter = match self.letter(owner, id).await? {
            Some(letter) => {
                let ttl = match &letter.message {
                    types::Message::Message(message) => message.ttl_period,
                    types::Message::Service(message) => message.ttl_period,
                    types::Message::Empty { .. } => None,
                };
                let Some(ttl) = ttl else {
                    return Ok(());
                };
                if letter.date().saturating_add(ttl.unsigned_abs()) > now.unix_s() {
                    return Ok(());
                }
                Some(letter)
            }
            None => None,
        };
        match letter {
            Some(letter) => self.delete_everywhere(owner, letter, now).await,
            // The sender has deleted it: the others find each other through what is left.
            None => {
                let copies = self.lost_copies(owner, id).await?;
                self.delete_orphans(owner, copies, now).await
            }
        }
    }

    /// Has media that destroy themselves go when they were open for their time.
    pub(crate) async fn start_burning(
        &self,
        owner: UserId,
        opened: &[(MsgId, i32)],
        now: Now,
    ) -> Result<()> {
        let mut at_once = Vec::new();
        for (id, seconds) in opened {
            if *seconds == ONCE {
                at_once.push(*id);
                continue;
            }
            let task = Task::Burn {
                owner: owner.0,
                id: id.0,
            };
            let life_ms = u64::from(seconds.unsigned_abs()) * 1000;
            self.put_task(now.0 + life_ms, &task).await?;
        }
        if at_once.is_empty() {
            return Ok(());
        }
        self.burn(owner, &at_once, now).await
    }

    /// Takes the media out of messages, in all copies.
    pub(crate) async fn burn(&self, owner: UserId, ids: &[MsgId], now: Now) -> Result<()> {
        for id in ids {
            let Some(letter) = self.letter(owner, *id).await? else {
                continue;
            };
            let mut copies = self.copies(owner, &letter).await?;
            copies.push((owner, *id));
            let holders = copies.iter().map(|(holder, _)| MailboxId::User(*holder));
            let mut batch = self.open(holders, now).await?;
            for (holder, id) in copies {
                let Some(mut letter) = self.letter(holder, id).await? else {
                    continue;
                };
                if let types::Message::Message(message) = &mut letter.message
                    && burnt(message)
                {
                    message.media_unread = false;
                    batch.user(holder).put(letter)?;
                }
            }
            batch
                .commit(Actor::server(owner), None, Bytes::new())
                .await?;
        }
        Ok(())
    }
}

/// Leaves of media that destroy themselves that they were there; false when there are none.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "no others destroy themselves"
)]
fn burnt(message: &mut constructors::Message) -> bool {
    match &mut message.media {
        Some(types::MessageMedia::Photo(media)) if media.ttl_seconds.is_some() => {
            media.photo.take().is_some()
        }
        Some(types::MessageMedia::Document(media)) if media.ttl_seconds.is_some() => {
            media.document.take().is_some()
        }
        _ => false,
    }
}

/// The seconds that the media of a message may be open, if they destroy themselves.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "no others destroy themselves"
)]
pub(crate) fn burn_time(message: &types::Message) -> Option<i32> {
    let types::Message::Message(message) = message else {
        return None;
    };
    match &message.media {
        Some(types::MessageMedia::Photo(media)) if media.photo.is_some() => media.ttl_seconds,
        Some(types::MessageMedia::Document(media)) if media.document.is_some() => media.ttl_seconds,
        _ => None,
    }
}

fn put_ttl(dialog: &mut Dialog, period_s: u32) -> Result<()> {
    let mut extra = Extra::read(dialog)?;
    extra.ttl_period = period_s;
    dialog.extra = extra.to_bytes()?;
    Ok(())
}
