//! Sending: one message, many copies, one append (A.4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, BytesMut};
use sha2::{Digest as _, Sha256};
use store::{ChannelId, MailboxId, MsgId, NameKind, OpId, OperationResult, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::channel::{IN_CHANNEL, Standing};
use crate::chat::{audience, members_of};
use crate::dialog;
use crate::error::{Error, Result};
use crate::link::Link;
use crate::mailbox::{Batch, Commit, Letter};
use crate::peer::{Peers, tl_peer};
use crate::publish::Actor;
use crate::record::Chat;
use crate::right;
use crate::share::tell_other;
use crate::tag;
use crate::text::CleanText;
use crate::time::Now;

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The other account was deleted.
    #[error("the account was deleted")]
    Deleted,
    /// Members may not send messages of this kind: the bit of the right.
    #[error("members may not send that")]
    Forbidden(u32),
    /// The group lets nobody take its messages elsewhere.
    #[error("messages of that chat may not be forwarded")]
    ForwardsRestricted,
    /// There is nothing to send.
    #[error("the message is empty")]
    Empty,
    /// The other side has blocked the one who pins.
    #[error("nothing may be pinned in that chat")]
    PinRestricted,
    /// So many messages of one chat cannot be scheduled.
    #[error("too many scheduled messages")]
    ScheduledTooMany,
    /// Messages cannot be scheduled so in that chat.
    #[error("not to be scheduled so")]
    ScheduleInvalid,
    /// Whether the other one is online is not shown to the sender.
    #[error("the status of the receiver is hidden")]
    StatusHidden,
    /// The quoted text does not occur in the message.
    #[error("no such text to quote")]
    QuoteInvalid,
    /// The user has stopped the bot that writes.
    #[error("the user has stopped the bot")]
    BotStopped,
    /// Bots do not write to each other.
    #[error("the receiver is a bot")]
    ToBot,
    /// The message replied to is not there.
    #[error("no such message to reply to")]
    ReplyInvalid,
    /// The sender has blocked the receiver.
    #[error("the receiver is blocked")]
    YouBlocked,
}

/// A message to be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// Named by the client, for once; never 0.
    pub random_id: i64,
    /// The text or caption, cleaned.
    pub text: CleanText,
    /// The media.
    pub media: Option<types::MessageMedia>,
    /// What it replies to.
    pub reply_to: Option<ReplyTo>,
    /// Nobody is to be disturbed.
    pub silent: bool,
    /// The media stands below the text.
    pub invert_media: bool,
    /// The album it belongs to.
    pub grouped_id: Option<i64>,
    /// The effect that it is shown with.
    pub effect: Option<i64>,
    /// The buttons, judged.
    pub markup: Option<types::ReplyMarkup>,
    /// The bot that it was made by.
    pub via_bot: Option<UserId>,
}

/// What a message replies to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplyTo {
    /// The message, by its id for the sender.
    pub id: MsgId,
    /// The other chat it is in; `None` for the same one.
    pub peer: Option<PeerId>,
    /// The piece of its text that is quoted.
    pub quote: Option<CleanText>,
    /// Where the quoted piece begins, UTF-16 units.
    pub quote_offset: Option<i32>,
}

/// What belongs to the whole call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The draft of the dialog has been sent.
    pub clear_draft: bool,
}

/// Who gets a copy.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    pub(crate) peer: PeerId,
    /// The group, when it is one.
    pub(crate) chat: Option<Arc<Chat>>,
    /// What the sender is to the channel, when it is one.
    pub(crate) channel: Option<Standing>,
    /// All holders, the sender included.
    pub(crate) holders: Vec<UserId>,
}

/// A message on its way into mailboxes: what is the same in all copies, and what is translated.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// Without ids and peers.
    pub(crate) message: types::Message,
    pub(crate) random_id: i64,
    pub(crate) reply: Option<Reply>,
    /// Members whose attention is wanted.
    pub(crate) mentioned: BTreeSet<UserId>,
    /// Who wrote what it replies to.
    pub(crate) replied_author: Option<UserId>,
    /// Holders who get no copy all the same: bots that it is not for.
    pub(crate) hidden_from: Vec<UserId>,
}

/// The message replied to, as each holder knows it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) header: constructors::MessageReplyHeader,
    /// The other chat it is in, named to whoever may read it there.
    other_peer: Option<PeerId>,
    ids: BTreeMap<UserId, MsgId>,
}

impl Parcel {
    /// A service message.
    pub(crate) fn service(action: types::MessageAction, now: Now) -> Self {
        let nowhere = types::Peer::User { user_id: 0 };
        let message = constructors::MessageService::new(0, nowhere, now.date(), action);
        Self {
            message: types::Message::Service(Box::new(message)),
            random_id: 0,
            reply: None,
            mentioned: BTreeSet::new(),
            replied_author: None,
            hidden_from: Vec::new(),
        }
    }

    /// A message.
    pub(crate) fn new(message: constructors::Message, random_id: i64) -> Self {
        Self {
            message: types::Message::Message(Box::new(message)),
            random_id,
            reply: None,
            mentioned: BTreeSet::new(),
            replied_author: None,
            hidden_from: Vec::new(),
        }
    }
}

impl Reply {
    /// To a message of the same chat that all holders may have.
    pub(crate) fn new(ids: BTreeMap<UserId, MsgId>) -> Self {
        Self {
            header: constructors::MessageReplyHeader::new(),
            other_peer: None,
            ids,
        }
    }

    pub(crate) fn header(&self, holder: UserId) -> Option<types::MessageReplyHeader> {
        let id = self.ids.get(&holder);
        let mut header = self.header.clone();
        header.reply_to_msg_id = id.map(|id| id.0);
        header.reply_to_peer_id = self.other_peer.filter(|_| id.is_some()).map(tl_peer);
        // A deleted message that is not even quoted is not replied to.
        let tells = id.is_some() || header.reply_from.is_some();
        tells.then(|| types::MessageReplyHeader::MessageReplyHeader(Box::new(header)))
    }
}

/// The operation that random ids name: the same for whoever sends them again with the same key.
pub(crate) fn operation(actor: Actor, random_ids: impl IntoIterator<Item = i64>) -> OpId {
    let mut hash = Sha256::new();
    hash.update(actor.auth_key_id.0.to_le_bytes());
    for id in random_ids {
        hash.update(id.to_le_bytes());
    }
    let sum = hash.finalize();
    OpId(
        sum.first_chunk()
            .map_or(0, |bytes| u128::from_le_bytes(*bytes)),
    )
}

impl Messenger {
    /// Sends messages of the actor to one chat, all at once: several make an album.
    ///
    /// Sent again with the same random ids by the same key, they are not sent again: the answer is
    /// the same.
    ///
    /// # Errors
    /// Why they may not be sent, or when the store fails.
    pub async fn send(
        &self,
        actor: Actor,
        peer: PeerId,
        messages: Vec<Outgoing>,
        options: SendOptions,
        now: Now,
    ) -> Result<constructors::Updates> {
        let random_ids: Vec<i64> = messages.iter().map(|message| message.random_id).collect();
        let op = operation(actor, random_ids.iter().copied());
        let sent = self.send_new(actor, peer, messages, options, op, now).await;
        match sent {
            Ok(Commit::Done(updates)) => Ok(*updates),
            Ok(Commit::Repeated(result)) => self.repeated(actor, &random_ids, result, now).await,
            // What was sent before stays sent, though it could not be sent now.
            Err(error) => match self.sent_before(actor, op).await? {
                Some(result) => self.repeated(actor, &random_ids, result, now).await,
                None => Err(error),
            },
        }
    }

    pub(crate) async fn sent_before(
        &self,
        actor: Actor,
        op: OpId,
    ) -> Result<Option<OperationResult>> {
        let mailbox = MailboxId::User(actor.user);
        Ok(self.store.operation(mailbox, op).await?)
    }

    async fn send_new(
        &self,
        actor: Actor,
        peer: PeerId,
        messages: Vec<Outgoing>,
        options: SendOptions,
        op: OpId,
        now: Now,
    ) -> Result<Commit> {
        loop {
            let audience = self.audience_of(actor.user, peer, now).await?;
            let mut parcels = Vec::with_capacity(messages.len());
            for message in &messages {
                parcels.push(self.parcel(actor.user, &audience, message, now).await?);
            }
            if let Some(commit) = self
                .send_parcels(actor, &audience, parcels, options, Some(op), now)
                .await?
            {
                return Ok(commit);
            }
        }
    }

    /// Puts parcels into all mailboxes; `None` when the group has changed meanwhile.
    pub(crate) async fn send_parcels(
        &self,
        actor: Actor,
        audience: &Audience,
        parcels: Vec<Parcel>,
        options: SendOptions,
        op: Option<OpId>,
        now: Now,
    ) -> Result<Option<Commit>> {
        if let PeerId::Channel(id) = audience.peer {
            return self
                .post_parcels(actor, id, parcels, options, op, now)
                .await
                .map(Some);
        }
        let mailboxes = audience.holders.iter().map(|user| MailboxId::User(*user));
        let mut batch = self.open(mailboxes, now).await?;
        if let Some(chat) = &audience.chat {
            let current = self.chat(chat.chat_id()).await?;
            if current.is_none_or(|current| current.version != chat.version) {
                return Ok(None);
            }
        }
        if options.clear_draft {
            self.clear_draft_in(&mut batch, actor.user, audience.peer, now)
                .await?;
        }
        if let PeerId::Chat(chat) = audience.peer
            && self.is_bot(actor.user).await?
        {
            self.bot_wrote(chat, actor.user).await?;
        }
        let mut result = BytesMut::with_capacity(parcels.len() * 8);
        for parcel in parcels {
            let (id, pts) = self.put(&mut batch, actor.user, audience, parcel).await?;
            result.put_i32_le(id.0);
            result.put_i32_le(pts);
        }
        batch.commit(actor, op, result.freeze()).await.map(Some)
    }

    /// Who gets what `sender` writes to `peer`, if it may be written to at all (chain Wr).
    pub(crate) async fn audience_of(
        &self,
        sender: UserId,
        peer: PeerId,
        now: Now,
    ) -> Result<Audience> {
        match peer {
            PeerId::User(other) if other == sender => Ok(Audience {
                peer,
                chat: None,
                channel: None,
                holders: vec![sender],
            }),
            PeerId::User(other) => {
                let user = self.user(other).await?.ok_or(Error::PeerUnknown)?;
                if user.deleted {
                    return Err(SendError::Deleted.into());
                }
                if self.has_blocked(sender, other).await? {
                    return Err(SendError::YouBlocked.into());
                }
                if self.is_bot(sender).await? {
                    self.check_bot_may_write(sender, &user).await?;
                }
                let mut holders = vec![sender];
                if !self.has_blocked(other, sender).await? {
                    holders.push(other);
                }
                Ok(Audience {
                    peer,
                    chat: None,
                    channel: None,
                    holders,
                })
            }
            PeerId::Chat(id) => {
                let chat = self.chat(id).await?.ok_or(Error::ChatUnknown)?;
                if chat.deactivated || chat.member(sender).is_none() {
                    return Err(Error::ChatWriteForbidden);
                }
                Ok(audience(&chat, members_of(&chat)))
            }
            PeerId::Channel(id) => Ok(Audience {
                peer,
                chat: None,
                channel: Some(self.writing(sender, id, now).await?),
                holders: vec![sender],
            }),
        }
    }

    /// Bots write to people who have written to them and have not stopped them (2.4).
    async fn check_bot_may_write(&self, bot: UserId, user: &crate::record::User) -> Result<()> {
        let other = user.user_id();
        if user.bot {
            return Err(SendError::ToBot.into());
        }
        if self.has_blocked(other, bot).await? {
            return Err(SendError::BotStopped.into());
        }
        if bot != crate::bot::BOT_FATHER && !self.has_started(bot, other).await? {
            return Err(Error::PeerUnknown);
        }
        Ok(())
    }

    pub(crate) async fn parcel(
        &self,
        sender: UserId,
        audience: &Audience,
        outgoing: &Outgoing,
        now: Now,
    ) -> Result<Parcel> {
        let nowhere = types::Peer::User { user_id: 0 };
        let text = outgoing.text.text.clone();
        let mut message = constructors::Message::new(0, nowhere, now.date(), text);
        message.entities = outgoing.text.entities();
        message.media.clone_from(&outgoing.media);
        message.silent = outgoing.silent;
        message.invert_media = outgoing.invert_media;
        message.grouped_id = outgoing.grouped_id;
        message.effect = outgoing.effect;
        message.reply_markup.clone_from(&outgoing.markup);
        message.via_bot_id = outgoing.via_bot.map(|bot| bot.0);
        let mut parcel = Parcel::new(message, outgoing.random_id);
        if let Some(chat) = &audience.chat {
            if let Some(right) = right::lacking(chat, sender, &parcel.message) {
                return Err(SendError::Forbidden(right).into());
            }
            parcel.mentioned = self.mentioned(&outgoing.text, chat).await?;
        }
        if let Some(standing) = &audience.channel {
            Self::check_kind(standing, &parcel.message)?;
            if standing.channel.megagroup {
                let id = standing.channel.channel_id();
                parcel.mentioned = self.mentioned_members(&outgoing.text, id).await?;
            }
        }
        if let Some(reply_to) = &outgoing.reply_to {
            self.add_reply(&mut parcel, sender, audience, reply_to, now)
                .await?;
        }
        parcel.mentioned.remove(&sender);
        if let Some(chat) = &audience.chat {
            parcel.hidden_from = self.deaf_bots(sender, chat, &parcel).await?;
        }
        Ok(parcel)
    }

    /// The members whom a text mentions (A27).
    pub(crate) async fn mentioned(
        &self,
        text: &CleanText,
        chat: &Chat,
    ) -> Result<BTreeSet<UserId>> {
        let mut mentioned = self.named_in_text(text).await?;
        mentioned.retain(|user| chat.member(*user).is_some());
        Ok(mentioned)
    }

    /// The users whom a text names.
    #[allow(clippy::wildcard_enum_match_arm, reason = "others mention nobody")]
    pub(crate) async fn named_in_text(&self, text: &CleanText) -> Result<BTreeSet<UserId>> {
        let mut mentioned = BTreeSet::new();
        let mut units: Option<Vec<u16>> = None;
        for entity in &text.entities {
            match entity {
                types::MessageEntity::MentionName { user_id, .. } => {
                    mentioned.insert(UserId(*user_id));
                }
                types::MessageEntity::Mention { offset, length } => {
                    let units = units.get_or_insert_with(|| text.text.encode_utf16().collect());
                    let start = usize::try_from(*offset).unwrap_or(0) + 1;
                    let end = usize::try_from(offset + length).unwrap_or(0);
                    let name = units.get(start..end).map(String::from_utf16_lossy);
                    let name = name.unwrap_or_default().to_lowercase();
                    let owner = self.store.resolve_name(NameKind::Username, name).await?;
                    if let Some(PeerId::User(user)) = owner {
                        mentioned.insert(user);
                    }
                }
                _ => {}
            }
        }
        Ok(mentioned)
    }

    pub(crate) async fn add_reply(
        &self,
        parcel: &mut Parcel,
        sender: UserId,
        audience: &Audience,
        reply_to: &ReplyTo,
        now: Now,
    ) -> Result<()> {
        let elsewhere = reply_to.peer.filter(|peer| *peer != audience.peer);
        let strict = reply_to.quote.is_some() || elsewhere.is_some();
        let wanted_peer = elsewhere.unwrap_or(audience.peer);
        let target = self
            .letter_in(sender, wanted_peer, reply_to.id, now)
            .await?;
        let Some(target) = target else {
            // Somebody may just have deleted it: better no header than no message.
            return if strict {
                Err(SendError::ReplyInvalid.into())
            } else {
                Ok(())
            };
        };
        let mut reply = Reply::new(BTreeMap::new());
        reply.ids.insert(sender, reply_to.id);
        if elsewhere.is_some() {
            self.add_origin(&mut reply, sender, &target).await?;
        } else {
            let copies = self.copies(sender, &target).await?;
            for (user, id) in copies {
                if audience.holders.contains(&user) && self.letter(user, id).await?.is_some() {
                    reply.ids.insert(user, id);
                }
            }
            if let (PeerId::User(author), true) = (target.from, audience.chat.is_some())
                && audience.holders.contains(&author)
            {
                parcel.mentioned.insert(author);
            }
            if let Some(standing) = &audience.channel {
                let id = standing.channel.channel_id();
                self.add_thread(&mut reply, parcel, id, &target).await?;
            }
        }
        if let (Some(_), Some(elsewhere)) = (&audience.channel, elsewhere)
            && !self.is_for_all(elsewhere).await?
        {
            // All members are shown the same: where they may not read is not named.
            reply.ids.clear();
        }
        if let (PeerId::User(author), None) = (target.from, elsewhere) {
            parcel.replied_author = Some(author);
        }
        if let Some(quote) = &reply_to.quote {
            add_quote(&mut reply.header, &target, quote, reply_to.quote_offset)?;
        }
        parcel.reply = Some(reply);
        Ok(())
    }

    /// A reply in another chat tells where the message came from.
    async fn add_origin(&self, reply: &mut Reply, sender: UserId, target: &Letter) -> Result<()> {
        if self.is_protected(target.peer).await? {
            return Err(SendError::ForwardsRestricted.into());
        }
        let types::Message::Message(message) = &target.message else {
            return Err(SendError::ReplyInvalid.into());
        };
        reply.other_peer = Some(target.peer);
        let header = self.forward_header(sender, target, message).await?;
        reply.header.reply_from = Some(Box::new(header));
        reply.header.reply_media.clone_from(&message.media);
        Ok(())
    }

    /// Whether everybody may read a chat.
    async fn is_for_all(&self, peer: PeerId) -> Result<bool> {
        Ok(match peer {
            PeerId::Channel(id) => self.channel(id).await?.is_some_and(|it| it.is_public()),
            PeerId::Chat(_) | PeerId::User(_) => false,
        })
    }

    /// Whether messages of a chat may not be taken elsewhere.
    pub(crate) async fn is_protected(&self, peer: PeerId) -> Result<bool> {
        Ok(match peer {
            PeerId::Chat(id) => self.chat(id).await?.is_some_and(|chat| chat.noforwards),
            PeerId::Channel(id) => self
                .channel(id)
                .await?
                .is_some_and(|channel| channel.noforwards),
            PeerId::User(_) => false,
        })
    }

    /// One message of a mailbox.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn letter(&self, owner: UserId, id: MsgId) -> Result<Option<Letter>> {
        let mailbox = MailboxId::User(owner);
        let message = self
            .store
            .messages(mailbox, vec![id])
            .await?
            .pop()
            .flatten();
        message.map(|message| Letter::read(&message)).transpose()
    }

    /// Puts one message into the mailboxes of all holders and moves their dialogs. Gives back the
    /// sender's id and the `pts` of it.
    pub(crate) async fn put(
        &self,
        batch: &mut Batch<'_>,
        sender: UserId,
        audience: &Audience,
        mut parcel: Parcel,
    ) -> Result<(MsgId, i32)> {
        let holders = &audience.holders;
        let ids: Vec<(UserId, MsgId)> = holders
            .iter()
            .filter(|holder| !parcel.hidden_from.contains(holder))
            .map(|holder| (*holder, batch.user(*holder).next_id()))
            .collect();
        let own = ids.iter().find(|(holder, _)| *holder == sender);
        let own = own.map_or(MsgId(0), |(_, id)| *id);
        let now = batch.now();
        self.limit_life(batch, sender, audience, &mut parcel, own, now)
            .await?;
        let mut own_pts = 0;
        for (holder, id) in &ids {
            let is_sender = *holder == sender;
            // A5: the other side in private chats.
            let peer = match audience.peer {
                PeerId::User(_) if !is_sender => PeerId::User(sender),
                PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => audience.peer,
            };
            let link = match audience.peer {
                PeerId::User(_) => ids
                    .iter()
                    .find(|(other, _)| other != holder)
                    .map_or(Link::Alone, |(_, id)| Link::Pair(*id)),
                PeerId::Chat(_) | PeerId::Channel(_) if is_sender => {
                    let others = ids.iter().filter(|(other, _)| other != holder);
                    Link::Hub(others.copied().collect())
                }
                PeerId::Chat(_) | PeerId::Channel(_) => Link::Spoke(sender, own),
            };
            let letter = Letter {
                message: for_holder(&parcel, sender, *holder, peer, *id),
                peer,
                from: PeerId::User(sender),
                link,
            };
            if is_sender && parcel.random_id != 0 {
                batch.user(*holder).say(types::Update::MessageID {
                    id: id.0,
                    random_id: parcel.random_id,
                });
            }
            if is_sender {
                self.watch_poll(sender, &letter.message).await?;
            }
            self.move_dialog(batch, *holder, &letter, is_sender).await?;
            let draft = batch.user(*holder);
            draft.put_new(letter)?;
            if is_sender {
                own_pts = draft.pts().0;
            }
        }
        Ok((own, own_pts))
    }

    /// What a new message does to the dialog it is in (A47, A48).
    async fn move_dialog(
        &self,
        batch: &mut Batch<'_>,
        holder: UserId,
        letter: &Letter,
        is_sender: bool,
    ) -> Result<()> {
        let mailbox = MailboxId::User(holder);
        let mut dialog = batch.dialog(mailbox, letter.peer).await?;
        let id = letter.id();
        dialog.top = id;
        dialog.top_date = letter.date();
        let from_queue = tag::of(&letter.message) & tag::bit(tag::FROM_SCHEDULED) != 0;
        if is_sender && from_queue {
            dialog.unread += 1;
        } else if is_sender {
            if dialog.unread == 0 {
                dialog.read_inbox = id;
            }
            if letter.peer == PeerId::User(holder) {
                dialog.read_outbox = id;
            }
        } else {
            dialog.unread += 1;
            if tag::of(&letter.message) & tag::bit(tag::UNREAD_MENTION) != 0 {
                dialog.mentions += 1;
            }
            if dialog.folder == dialog::ARCHIVE
                && !self.is_muted(holder, letter.peer, letter.date()).await?
            {
                dialog.folder = dialog::MAIN;
                batch.user(holder).update(1, |pts| {
                    dialog::folder_update(&[(letter.peer, dialog::MAIN)], pts)
                })?;
            }
        }
        batch.user(holder).put_dialog(dialog);
        Ok(())
    }

    /// Whether a dialog is muted: it stays in the archive then.
    pub(crate) async fn is_muted(&self, owner: UserId, peer: PeerId, now_s: u32) -> Result<bool> {
        let settings = self.notify_settings(owner, peer).await?;
        let until = settings.mute_until.unwrap_or(0);
        Ok(u32::try_from(until).is_ok_and(|until| until > now_s))
    }

    /// The answer to what was sent before.
    pub(crate) async fn repeated(
        &self,
        actor: Actor,
        random_ids: &[i64],
        result: OperationResult,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut kept = result.result;
        let mut channel = None;
        let mut sent = Vec::new();
        while kept.remaining() >= 8 {
            let (id, pts) = (kept.get_i32_le(), kept.get_i32_le());
            if id == IN_CHANNEL && kept.remaining() >= 8 {
                channel = Some(ChannelId(kept.get_i64_le()));
            } else {
                sent.push((MsgId(id), pts));
            }
        }
        if let Some(channel) = channel {
            return self
                .repeated_posts(actor, channel, random_ids, &sent, now)
                .await;
        }
        let ids = sent.iter().map(|(id, _)| *id).collect();
        let mailbox = MailboxId::User(actor.user);
        let messages = self.store.messages(mailbox, ids).await?;
        let mut updates = Vec::new();
        for ((random_id, (id, pts)), message) in random_ids.iter().zip(sent).zip(messages) {
            updates.push(types::Update::MessageID {
                id: id.0,
                random_id: *random_id,
            });
            if let Some(message) = message {
                updates.push(types::Update::NewMessage {
                    message: Letter::read(&message)?.message,
                    pts,
                    pts_count: 1,
                });
            }
        }
        self.updates(actor.user, updates, &Peers::default(), now)
            .await
    }

    /// Sends a service message of the actor, like the notice that a screenshot was taken.
    ///
    /// # Errors
    /// Why it may not be sent, or when the store fails.
    pub async fn send_service(
        &self,
        actor: Actor,
        peer: PeerId,
        action: types::MessageAction,
        reply_to: Option<ReplyTo>,
        random_id: i64,
        now: Now,
    ) -> Result<constructors::Updates> {
        let op = operation(actor, [random_id]);
        loop {
            let audience = self.audience_of(actor.user, peer, now).await?;
            let mut parcel = Parcel::service(action.clone(), now);
            parcel.random_id = random_id;
            if let Some(reply_to) = &reply_to {
                self.add_reply(&mut parcel, actor.user, &audience, reply_to, now)
                    .await?;
            }
            let options = SendOptions::default();
            let sent = self
                .send_parcels(actor, &audience, vec![parcel], options, Some(op), now)
                .await?;
            match sent {
                Some(Commit::Done(updates)) => return Ok(*updates),
                Some(Commit::Repeated(result)) => {
                    return self.repeated(actor, &[random_id], result, now).await;
                }
                None => {}
            }
        }
    }
}

/// A holder's copy of a parcel (A.2).
fn for_holder(
    parcel: &Parcel,
    sender: UserId,
    holder: UserId,
    peer: PeerId,
    id: MsgId,
) -> types::Message {
    let mut message = parcel.message.clone();
    let is_sender = holder == sender;
    let is_self_chat = peer == PeerId::User(holder);
    let mentioned = !is_sender && parcel.mentioned.contains(&holder);
    let reply = parcel.reply.as_ref().and_then(|reply| reply.header(holder));
    match &mut message {
        types::Message::Message(message) => {
            message.id = id.0;
            message.peer_id = tl_peer(peer);
            message.from_id = Some(tl_peer(PeerId::User(sender)));
            // A6: clients want no `out` in Saved Messages.
            message.out = is_sender && !is_self_chat;
            message.mentioned = mentioned;
            // D7: to the sender it is news that it was sent.
            message.from_scheduled &= is_sender;
            message.media_unread = mentioned || (!is_self_chat && wants_opening(message));
            message.reply_to = reply;
            if is_self_chat && message.saved_peer_id.is_none() {
                message.saved_peer_id = Some(tl_peer(peer));
            }
        }
        types::Message::Service(message) => {
            message.id = id.0;
            message.peer_id = tl_peer(peer);
            message.from_id = Some(tl_peer(PeerId::User(sender)));
            message.out = is_sender && !is_self_chat;
            message.mentioned = mentioned;
            message.media_unread = mentioned;
            if !is_sender {
                tell_other(&mut message.action);
            }
            message.reply_to = reply;
        }
        types::Message::Empty { .. } => {}
    }
    message
}

/// Voice, round videos and media that destroy themselves are unread until opened.
pub(crate) fn wants_opening(message: &constructors::Message) -> bool {
    match &message.media {
        Some(types::MessageMedia::Document(document)) => {
            document.voice || document.round || document.ttl_seconds.is_some()
        }
        Some(types::MessageMedia::Photo(photo)) => photo.ttl_seconds.is_some(),
        _ => false,
    }
}

/// A quote must occur in the message; the nearest place to the one named counts.
fn add_quote(
    header: &mut constructors::MessageReplyHeader,
    target: &Letter,
    quote: &CleanText,
    offset: Option<i32>,
) -> Result<()> {
    let types::Message::Message(message) = &target.message else {
        return Err(SendError::QuoteInvalid.into());
    };
    let text: Vec<u16> = message.message.encode_utf16().collect();
    let wanted: Vec<u16> = quote.text.encode_utf16().collect();
    if wanted.is_empty() || wanted.len() > text.len() {
        return Err(SendError::QuoteInvalid.into());
    }
    let near = usize::try_from(offset.unwrap_or(0)).unwrap_or(0);
    let found = text
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| *window == wanted)
        .map(|(at, _)| at)
        .min_by_key(|at| at.abs_diff(near))
        .ok_or(SendError::QuoteInvalid)?;
    header.quote = true;
    header.quote_text = Some(quote.text.clone());
    let mut entities = quote.entities.clone();
    entities.retain(|entity| {
        matches!(
            entity,
            types::MessageEntity::Bold { .. }
                | types::MessageEntity::Italic { .. }
                | types::MessageEntity::Underline { .. }
                | types::MessageEntity::Strike { .. }
                | types::MessageEntity::Spoiler { .. }
                | types::MessageEntity::CustomEmoji { .. }
        )
    });
    header.quote_entities = (!entities.is_empty()).then_some(entities);
    header.quote_offset = i32::try_from(found).ok();
    Ok(())
}
