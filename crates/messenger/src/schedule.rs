//! Messages that are sent later: kept in the sender's mailbox, sent by the due queue (A60–A64).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{MailboxId, MsgId, OpId, PeerId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::due::Task;
use crate::edit::Edit;
use crate::error::{Error, Result};
use crate::forward::Forwarding;
use crate::mailbox::{Commit, message_id};
use crate::peer::{Peers, tl_peer};
use crate::publish::Actor;
use crate::right;
use crate::send::{Audience, Outgoing, Parcel, ReplyTo, SendError, operation};
use crate::show::Shown;
use crate::text::CleanText;
use crate::time::Now;

/// The date of a message that is sent when the other one comes online.
pub const WHEN_ONLINE: u32 = 0x7fff_fffe;
/// The most scheduled messages of one chat.
const SCHEDULED_MAX: usize = 100;
/// What sets the operations of scheduling apart from those of sending.
const OPERATION: i64 = 0x7363_6865_6475_6c65;

const ITEM: u8 = b's';
const COUNTER: u8 = b'S';
const WAITING: u8 = b'w';

fn prefix(kind: u8, peer: PeerId) -> BytesMut {
    let (peer_kind, id) = peer.parts();
    let mut key = BytesMut::with_capacity(14);
    key.put_u8(kind);
    key.put_u8(peer_kind);
    key.put_i64(id);
    key
}

fn item_key(peer: PeerId, id: i32) -> Bytes {
    let mut key = prefix(ITEM, peer);
    key.put_i32(id);
    key.freeze()
}

/// Who waits for a user to come online.
fn waiting_key(owner: UserId) -> Bytes {
    let mut key = BytesMut::with_capacity(9);
    key.put_u8(WAITING);
    key.put_i64(owner.0);
    key.freeze()
}

/// A message in the queue.
type Scheduled = constructors::Message;

impl Messenger {
    /// The scheduled messages of a chat, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn scheduled(
        &self,
        user: UserId,
        peer: PeerId,
        now: Now,
    ) -> Result<(Vec<types::Message>, Shown)> {
        let mut listed = self.scheduled_items(user, peer).await?;
        listed.reverse();
        let mut peers = Peers::default();
        let mut messages = Vec::with_capacity(listed.len());
        for message in listed {
            let message = types::Message::Message(Box::new(message));
            peers.add_message(&message);
            messages.push(message);
        }
        let shown = self.show(user, &peers, now).await?;
        Ok((messages, shown))
    }

    /// Whether a chat has scheduled messages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_scheduled(&self, user: UserId, peer: PeerId) -> Result<bool> {
        Ok(!self.scheduled_items(user, peer).await?.is_empty())
    }

    /// By rising id.
    async fn scheduled_items(&self, user: UserId, peer: PeerId) -> Result<Vec<Scheduled>> {
        let key = prefix(ITEM, peer).freeze();
        let found = self
            .store
            .mailbox_settings(MailboxId::User(user), key)
            .await?;
        found
            .into_iter()
            .map(|(_, value)| match tl::from_bytes(&value) {
                Ok(types::Message::Message(message)) => Ok(*message),
                _ => Err(Error::Damaged("a scheduled message")),
            })
            .collect()
    }

    /// Has messages sent at `date`, Unix seconds, or [`WHEN_ONLINE`].
    ///
    /// # Errors
    /// Why they may not be sent, `ScheduledTooMany`, `StatusHidden`, or when the store fails.
    pub async fn schedule(
        &self,
        actor: Actor,
        peer: PeerId,
        messages: Vec<Outgoing>,
        date: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        if matches!(peer, PeerId::Channel(_)) {
            return Err(SendError::ScheduleInvalid.into());
        }
        let audience = self.audience_of(actor.user, peer, now).await?;
        let mut parcels = Vec::with_capacity(messages.len());
        for message in &messages {
            parcels.push(self.parcel(actor.user, &audience, message, now).await?);
        }
        self.put_scheduled(actor, &audience, parcels, date, now)
            .await
    }

    /// As [`Messenger::schedule`], for messages that are forwarded.
    ///
    /// # Errors
    /// As [`Messenger::schedule`].
    pub async fn schedule_forward(
        &self,
        actor: Actor,
        from: PeerId,
        to: PeerId,
        forwarding: Forwarding,
        date: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        if matches!(to, PeerId::Channel(_)) {
            return Err(SendError::ScheduleInvalid.into());
        }
        let audience = self.audience_of(actor.user, to, now).await?;
        let parcels = self
            .forward_parcels(actor.user, from, &audience, &forwarding, now)
            .await?;
        self.put_scheduled(actor, &audience, parcels, date, now)
            .await
    }

    async fn put_scheduled(
        &self,
        actor: Actor,
        audience: &Audience,
        parcels: Vec<Parcel>,
        date: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (user, peer) = (actor.user, audience.peer);
        let own = MailboxId::User(user);
        let mut mailboxes = vec![own];
        if date == WHEN_ONLINE {
            match peer {
                PeerId::User(other) if other != user => {
                    if self.is_bot(other).await? {
                        return Err(SendError::ScheduleInvalid.into());
                    }
                    if !self.sees_status(user, other).await? {
                        return Err(SendError::StatusHidden.into());
                    }
                    mailboxes.push(MailboxId::User(other));
                }
                PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => {
                    return Err(SendError::ScheduleInvalid.into());
                }
            }
        }
        let random_ids: Vec<i64> = parcels.iter().map(|parcel| parcel.random_id).collect();
        let op = operation(actor, random_ids.iter().copied().chain([OPERATION]));
        let mut batch = self.open(mailboxes, now).await?;
        let listed = self.scheduled_items(user, peer).await?;
        if listed.len() + parcels.len() > SCHEDULED_MAX
            && self.sent_before(actor, op).await?.is_none()
        {
            return Err(SendError::ScheduledTooMany.into());
        }
        let counter = prefix(COUNTER, peer).freeze();
        let found = self.store.mailbox_settings(own, counter.clone()).await?;
        let mut id = found
            .first()
            .and_then(|(_, value)| value.first_chunk())
            .map_or(0, |bytes| i32::from_le_bytes(*bytes));
        let mut result = BytesMut::new();
        for parcel in parcels {
            id += 1;
            let random_id = parcel.random_id;
            let message = scheduled(user, peer, parcel, id, date)?;
            let message = types::Message::Message(Box::new(message));
            let draft = batch.user(user);
            draft.put_setting(item_key(peer, id), Some(to_bytes(&message)?));
            draft.say(types::Update::MessageID { id, random_id });
            draft.note(types::Update::NewScheduledMessage { message })?;
            result.put_i32_le(id);
        }
        let last = Bytes::copy_from_slice(&id.to_le_bytes());
        batch.user(user).put_setting(counter, Some(last));
        if let (PeerId::User(other), WHEN_ONLINE) = (peer, date) {
            batch
                .user(other)
                .put_setting(waiting_key(user), Some(Bytes::from_static(&[1])));
        } else {
            let (kind, peer) = peer.parts();
            let task = Task::SendScheduled {
                owner: user.0,
                kind,
                peer,
            };
            // Before it is kept: better a task without a message than a message without a task.
            self.put_task(u64::from(date) * 1000, &task).await?;
        }
        match batch.commit(actor, Some(op), result.freeze()).await? {
            Commit::Done(updates) => Ok(*updates),
            Commit::Repeated(kept) => {
                let items = self.scheduled_items(user, peer).await?;
                let mut kept = kept.result;
                let mut updates = Vec::new();
                for random_id in random_ids {
                    if kept.remaining() < 4 {
                        break;
                    }
                    let id = kept.get_i32_le();
                    updates.push(types::Update::MessageID { id, random_id });
                    if let Some(message) = items.iter().find(|message| message.id == id) {
                        updates.push(types::Update::NewScheduledMessage {
                            message: types::Message::Message(Box::new(message.clone())),
                        });
                    }
                }
                self.updates(user, updates, &Peers::default(), now).await
            }
        }
    }

    /// Takes messages out of the queue; unknown ids do not matter.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_scheduled(
        &self,
        actor: Actor,
        peer: PeerId,
        ids: &[i32],
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let items = self.scheduled_items(actor.user, peer).await?;
        let gone: Vec<i32> = items
            .iter()
            .map(|message| message.id)
            .filter(|id| ids.contains(id))
            .collect();
        let draft = batch.user(actor.user);
        for id in &gone {
            draft.put_setting(item_key(peer, *id), None);
        }
        // Clients want to be told of what they asked for, whether it was there or not.
        let told = if gone.is_empty() { ids.to_vec() } else { gone };
        draft.note(deleted(peer, told, None))?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Changes a message in the queue, or when it is sent.
    ///
    /// # Errors
    /// `MessageUnknown`, `NotModified`, or when the store fails.
    pub async fn edit_scheduled(
        &self,
        actor: Actor,
        peer: PeerId,
        id: i32,
        edit: Edit,
        date: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let items = self.scheduled_items(actor.user, peer).await?;
        let old = items.iter().find(|message| message.id == id);
        let old = old.ok_or(Error::MessageUnknown)?;
        let mut new = old.clone();
        if let Some(text) = &edit.text {
            new.message = text.text.clone();
            new.entities = text.entities();
        }
        if let Some(media) = &edit.media {
            new.media = Some(media.clone());
        }
        new.invert_media = edit.invert_media;
        new.date = date.cast_signed();
        if new == *old {
            return Err(Error::NotModified);
        }
        if new.message.is_empty() && new.media.is_none() {
            return Err(crate::edit::EditError::Empty.into());
        }
        if date != WHEN_ONLINE {
            let (kind, peer) = peer.parts();
            let task = Task::SendScheduled {
                owner: actor.user.0,
                kind,
                peer,
            };
            self.put_task(u64::from(date) * 1000, &task).await?;
        } else if old.date.cast_unsigned() != WHEN_ONLINE {
            return Err(SendError::ScheduleInvalid.into());
        }
        let message = types::Message::Message(Box::new(new));
        let draft = batch.user(actor.user);
        draft.put_setting(item_key(peer, id), Some(to_bytes(&message)?));
        draft.note(types::Update::NewScheduledMessage { message })?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Sends messages of the queue right now.
    ///
    /// # Errors
    /// `MessageUnknown` for an id that is not in it, why they may not be sent.
    pub async fn send_scheduled(
        &self,
        actor: Actor,
        peer: PeerId,
        ids: &[i32],
        now: Now,
    ) -> Result<constructors::Updates> {
        let items = self.scheduled_items(actor.user, peer).await?;
        let known = |id: &i32| items.iter().any(|message| message.id == *id);
        if ids.is_empty() || !ids.iter().all(known) {
            return Err(Error::MessageUnknown);
        }
        let wanted = |message: &Scheduled| ids.contains(&message.id);
        self.send_items(actor, peer, wanted, now).await
    }

    /// Sends what is due of one chat. What may not be sent any more is dropped (A63).
    pub(crate) async fn send_due(&self, owner: UserId, peer: PeerId, now: Now) -> Result<()> {
        let due = |message: &Scheduled| message.date <= now.date();
        self.send_or_drop(owner, peer, due, now).await
    }

    /// A user has come online: what waited for that is sent.
    pub(crate) async fn send_waiting(&self, user: UserId, now: Now) -> Result<()> {
        let prefix = Bytes::from_static(&[WAITING]);
        let mailbox = MailboxId::User(user);
        for (key, _) in self.store.mailbox_settings(mailbox, prefix).await? {
            let owner = key
                .last_chunk()
                .map_or(0, |bytes| i64::from_be_bytes(*bytes));
            let waits = |message: &Scheduled| message.date.cast_unsigned() == WHEN_ONLINE;
            self.send_or_drop(UserId(owner), PeerId::User(user), waits, now)
                .await?;
            let mut batch = self.open([mailbox], now).await?;
            batch.user(user).put_setting(key, None);
            batch
                .commit(Actor::server(user), None, Bytes::new())
                .await?;
        }
        Ok(())
    }

    async fn send_or_drop(
        &self,
        owner: UserId,
        peer: PeerId,
        wanted: impl Fn(&Scheduled) -> bool + Send + Sync,
        now: Now,
    ) -> Result<()> {
        let items = self.scheduled_items(owner, peer).await?;
        let due: Vec<i32> = items
            .iter()
            .filter(|message| wanted(message))
            .map(|message| message.id)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let actor = Actor::server(owner);
        let sent = self.send_items(actor, peer, &wanted, now).await;
        match sent {
            Ok(_) => Ok(()),
            Err(error @ (Error::Store(_) | Error::Damaged(_))) => Err(error),
            Err(_) => {
                self.delete_scheduled(actor, peer, &due, now).await?;
                Ok(())
            }
        }
    }

    async fn send_items(
        &self,
        actor: Actor,
        peer: PeerId,
        wanted: impl Fn(&Scheduled) -> bool + Send + Sync,
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        loop {
            let audience = self.audience_of(user, peer, now).await?;
            let mut parcels = Vec::new();
            for message in self.scheduled_items(user, peer).await? {
                if wanted(&message) {
                    let id = message.id;
                    let parcel = self.due_parcel(user, &audience, message, now).await?;
                    parcels.push((id, parcel));
                }
            }
            let mailboxes = audience.holders.iter().map(|user| MailboxId::User(*user));
            let mut batch = self.open(mailboxes, now).await?;
            if let Some(chat) = &audience.chat {
                let current = self.chat(chat.chat_id()).await?;
                if current.is_none_or(|current| current.version != chat.version) {
                    continue;
                }
            }
            // Somebody else may just have sent them.
            let left: Vec<i32> = self
                .scheduled_items(user, peer)
                .await?
                .iter()
                .map(|message| message.id)
                .collect();
            let (mut messages, mut sent) = (Vec::new(), Vec::new());
            for (id, parcel) in parcels {
                if !left.contains(&id) {
                    continue;
                }
                let (real, _) = self.put(&mut batch, user, &audience, parcel).await?;
                batch.user(user).put_setting(item_key(peer, id), None);
                messages.push(id);
                sent.push(real.0);
            }
            if !messages.is_empty() {
                batch.user(user).note(deleted(peer, messages, Some(sent)))?;
            }
            return batch
                .commit(actor, None::<OpId>, Bytes::new())
                .await?
                .updates();
        }
    }

    /// A message of the queue as it is sent now.
    async fn due_parcel(
        &self,
        sender: UserId,
        audience: &Audience,
        mut message: Scheduled,
        now: Now,
    ) -> Result<Parcel> {
        let reply = message.reply_to.take();
        message.id = 0;
        message.date = now.date();
        message.out = false;
        message.from_id = None;
        message.from_scheduled = true;
        let mut parcel = Parcel::new(message, 0);
        if let Some(types::MessageReplyHeader::MessageReplyHeader(header)) = reply.as_ref()
            && let (Some(id), None) = (header.reply_to_msg_id, &header.reply_to_peer_id)
        {
            let quote = header.quote_text.clone().map(|text| CleanText {
                text,
                entities: header.quote_entities.clone().unwrap_or_default(),
            });
            let reply_to = ReplyTo {
                id: MsgId(id),
                peer: None,
                quote,
                quote_offset: header.quote_offset,
            };
            match self
                .add_reply(&mut parcel, sender, audience, &reply_to, now)
                .await
            {
                // What it quotes is not there any more.
                Ok(()) | Err(Error::Send(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(chat) = &audience.chat {
            if let Some(right) = right::lacking(chat, sender, &parcel.message) {
                return Err(SendError::Forbidden(right).into());
            }
            if let types::Message::Message(message) = &parcel.message {
                let text = CleanText {
                    text: message.message.clone(),
                    entities: message.entities.clone().unwrap_or_default(),
                };
                let mentioned = self.mentioned(&text, chat).await?;
                parcel.mentioned.extend(mentioned);
            }
            parcel.mentioned.remove(&sender);
            parcel.hidden_from = self.deaf_bots(sender, chat, &parcel).await?;
        }
        Ok(parcel)
    }
}

/// A parcel as it lies in the queue (A62).
fn scheduled(user: UserId, peer: PeerId, parcel: Parcel, id: i32, date: u32) -> Result<Scheduled> {
    let reply = parcel.reply.as_ref().and_then(|reply| reply.header(user));
    let types::Message::Message(message) = parcel.message else {
        return Err(Error::MessageUnknown);
    };
    let mut message = *message;
    message.id = id;
    message.date = date.cast_signed();
    message.peer_id = tl_peer(peer);
    message.from_id = Some(tl_peer(PeerId::User(user)));
    message.out = true;
    message.reply_to = reply;
    Ok(message)
}

fn deleted(peer: PeerId, messages: Vec<i32>, sent: Option<Vec<i32>>) -> types::Update {
    let mut update = constructors::UpdateDeleteScheduledMessages::new(tl_peer(peer), messages);
    update.sent_messages = sent;
    types::Update::DeleteScheduledMessages(Box::new(update))
}

fn to_bytes(message: &types::Message) -> Result<Bytes> {
    debug_assert!(message_id(message).0 > 0, "a scheduled message has an id");
    tl::to_bytes(message, Layer(NEWEST_LAYER))
        .map_err(|_| Error::Damaged("a message without a form"))
}
