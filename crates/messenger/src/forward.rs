//! Forwarding messages, and the headers that say where they came from (A.6).

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use store::{MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::{Commit, Letter};
use crate::peer::tl_peer;
use crate::privacy::PrivacyKey;
use crate::publish::Actor;
use crate::right;
use crate::send::{Audience, Parcel, ReplyTo, SendError, SendOptions, operation};
use crate::time::Now;

/// What is forwarded, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forwarding {
    /// The messages, by their ids for the forwarder, with the random ids of the new ones.
    pub messages: Vec<(MsgId, i64)>,
    /// The new messages do not say where they came from.
    pub drop_author: bool,
    /// Captions stay behind.
    pub drop_captions: bool,
    /// Nobody is to be disturbed.
    pub silent: bool,
    /// What the new messages reply to.
    pub reply_to: Option<ReplyTo>,
}

impl Messenger {
    /// Forwards messages of one chat to another one.
    ///
    /// # Errors
    /// Why they may not be forwarded, or when the store fails.
    pub async fn forward(
        &self,
        actor: Actor,
        from: PeerId,
        to: PeerId,
        forwarding: Forwarding,
        now: Now,
    ) -> Result<constructors::Updates> {
        let random_ids: Vec<i64> = forwarding.messages.iter().map(|(_, id)| *id).collect();
        let op = operation(actor, random_ids.iter().copied());
        let forwarded = async {
            loop {
                let audience = self.audience_of(actor.user, to, now).await?;
                let parcels = self
                    .forward_parcels(actor.user, from, &audience, &forwarding, now)
                    .await?;
                let options = SendOptions::default();
                let sent = self
                    .send_parcels(actor, &audience, parcels, options, Some(op), now)
                    .await?;
                if let Some(commit) = sent {
                    return Ok(commit);
                }
            }
        };
        match forwarded.await {
            Ok(Commit::Done(updates)) => {
                if let (PeerId::Channel(channel), true) = (from, to != PeerId::User(actor.user)) {
                    let ids: Vec<MsgId> = forwarding.messages.iter().map(|(id, _)| *id).collect();
                    self.count_forwards(actor, channel, &ids, now).await?;
                }
                Ok(*updates)
            }
            Ok(Commit::Repeated(result)) => self.repeated(actor, &random_ids, result, now).await,
            Err(error) => match self.sent_before(actor, op).await? {
                Some(result) => self.repeated(actor, &random_ids, result, now).await,
                None => Err(error),
            },
        }
    }

    pub(crate) async fn forward_parcels(
        &self,
        forwarder: UserId,
        from: PeerId,
        audience: &Audience,
        forwarding: &Forwarding,
        now: Now,
    ) -> Result<Vec<Parcel>> {
        if self.is_protected(from).await? {
            return Err(SendError::ForwardsRestricted.into());
        }
        let mut wanted = forwarding.messages.clone();
        wanted.sort_unstable();
        wanted.dedup_by_key(|(id, _)| *id);
        let ids = wanted.iter().map(|(id, _)| *id).collect();
        let found = self.letters_in(forwarder, from, ids, now).await?;
        let mut letters = Vec::with_capacity(wanted.len());
        for (id, random_id) in &wanted {
            if let Some(letter) = found.get(id) {
                letters.push((letter.clone(), *random_id));
            }
        }
        let albums = new_albums(&letters);
        let mut parcels = Vec::with_capacity(letters.len());
        for (letter, random_id) in letters {
            let types::Message::Message(original) = &letter.message else {
                continue;
            };
            if destroys_itself(original) {
                continue;
            }
            let mut message = self
                .forwarded(forwarder, &letter, original, audience, forwarding, now)
                .await?;
            message.grouped_id = original
                .grouped_id
                .and_then(|group| albums.get(&group).copied());
            let mut parcel = Parcel::new(message, random_id);
            if let Some(chat) = &audience.chat
                && let Some(right) = right::lacking(chat, forwarder, &parcel.message)
            {
                return Err(SendError::Forbidden(right).into());
            }
            if let Some(standing) = &audience.channel {
                Self::check_kind(standing, &parcel.message)?;
            }
            if let Some(reply_to) = &forwarding.reply_to {
                self.add_reply(&mut parcel, forwarder, audience, reply_to, now)
                    .await?;
            }
            if let Some(chat) = &audience.chat {
                parcel.hidden_from = self.deaf_bots(forwarder, chat, &parcel).await?;
            }
            parcels.push(parcel);
        }
        if parcels.is_empty() {
            return Err(Error::MessageUnknown);
        }
        Ok(parcels)
    }

    /// Messages of one dialog that the viewer may read, by id.
    async fn letters_in(
        &self,
        viewer: UserId,
        peer: PeerId,
        ids: Vec<MsgId>,
        now: Now,
    ) -> Result<BTreeMap<MsgId, Letter>> {
        let mut letters = BTreeMap::new();
        if let PeerId::Channel(channel) = peer {
            let standing = self.reading(viewer, channel, now).await?;
            let mailbox = MailboxId::Channel(channel);
            let found = self.store.messages(mailbox, ids).await?;
            let found: Vec<_> = found.into_iter().flatten().collect();
            for letter in self.view(&standing, &found).await? {
                letters.insert(letter.id(), letter);
            }
            return Ok(letters);
        }
        let mailbox = MailboxId::User(viewer);
        for message in self.store.messages(mailbox, ids).await? {
            if let Some(message) = message.filter(|message| message.peer == peer) {
                letters.insert(message.id, Letter::read(&message)?);
            }
        }
        Ok(letters)
    }

    /// What a message becomes when it is forwarded.
    async fn forwarded(
        &self,
        forwarder: UserId,
        letter: &Letter,
        original: &constructors::Message,
        audience: &Audience,
        forwarding: &Forwarding,
        now: Now,
    ) -> Result<constructors::Message> {
        let nowhere = types::Peer::User { user_id: 0 };
        let keeps_text = !forwarding.drop_captions || original.media.is_none();
        let text = if keeps_text {
            original.message.clone()
        } else {
            "".into()
        };
        let mut message = constructors::Message::new(0, nowhere, now.date(), text);
        message.entities = original.entities.clone().filter(|_| keeps_text);
        message.media.clone_from(&original.media);
        message.via_bot_id = original.via_bot_id;
        message.invert_media = original.invert_media;
        message.silent = forwarding.silent;
        // Buttons of a bot go along with what it made.
        if let (Some(types::ReplyMarkup::ReplyInlineMarkup { .. }), false) =
            (&original.reply_markup, forwarding.drop_author)
            && (original.via_bot_id.is_some() || self.is_author_bot(letter).await?)
        {
            message.reply_markup.clone_from(&original.reply_markup);
        }
        if !forwarding.drop_author {
            let mut header = self.forward_header(forwarder, letter, original).await?;
            if audience.peer == PeerId::User(forwarder) {
                self.add_saved(&mut header, &mut message, forwarder, letter, original)
                    .await?;
            }
            message.fwd_from = Some(Box::new(header));
            message.views = original.views;
            message.forwards = original.forwards;
        }
        Ok(message)
    }

    /// The header of a forwarded message; that of a message that was forwarded before stays as it
    /// is.
    pub(crate) async fn forward_header(
        &self,
        forwarder: UserId,
        letter: &Letter,
        message: &constructors::Message,
    ) -> Result<types::MessageFwdHeader> {
        if let Some(header) = &message.fwd_from {
            let mut header = header.as_ref().clone();
            header.saved_out = false;
            header.saved_from_peer = None;
            header.saved_from_msg_id = None;
            header.saved_from_id = None;
            header.saved_from_name = None;
            header.saved_date = None;
            return Ok(header);
        }
        let mut header = types::MessageFwdHeader::new(message.date);
        if message.post {
            header.channel_post = Some(message.id);
            header.post_author.clone_from(&message.post_author);
            header.from_id = Some(tl_peer(letter.peer));
            return Ok(header);
        }
        if matches!(letter.from, PeerId::Channel(_)) {
            header.post_author.clone_from(&message.post_author);
        }
        match self.named_author(forwarder, letter.from).await? {
            Ok(peer) => header.from_id = Some(peer),
            Err(name) => header.from_name = Some(name),
        }
        Ok(header)
    }

    async fn is_author_bot(&self, letter: &Letter) -> Result<bool> {
        match letter.from {
            PeerId::User(author) => self.is_bot(author).await,
            PeerId::Chat(_) | PeerId::Channel(_) => Ok(false),
        }
    }

    /// How an author is named in what others take elsewhere: by account or only by name.
    async fn named_author(
        &self,
        forwarder: UserId,
        author: PeerId,
    ) -> Result<Result<types::Peer, tl::Str>> {
        let PeerId::User(id) = author else {
            return Ok(Ok(tl_peer(author)));
        };
        Ok(match self.user(id).await? {
            None => Err("Deleted Account".into()),
            Some(user) if user.deleted => Err("Deleted Account".into()),
            Some(user) => {
                if id == forwarder || self.may(forwarder, id, PrivacyKey::Forwards).await? {
                    Ok(tl_peer(author))
                } else {
                    let name = format!("{} {}", user.first_name, user.last_name);
                    Err(name.trim().into())
                }
            }
        })
    }

    /// What Saved Messages tell besides: the chat that the message was taken from.
    async fn add_saved(
        &self,
        header: &mut types::MessageFwdHeader,
        message: &mut constructors::Message,
        forwarder: UserId,
        letter: &Letter,
        original: &constructors::Message,
    ) -> Result<()> {
        let own_chat = PeerId::User(forwarder);
        header.saved_from_peer = Some(tl_peer(letter.peer));
        header.saved_from_msg_id = Some(letter.id().0);
        header.saved_out = original.out;
        if original.fwd_from.is_some() {
            match self.named_author(forwarder, letter.from).await? {
                Ok(peer) => header.saved_from_id = Some(peer),
                Err(name) => header.saved_from_name = Some(name),
            }
            header.saved_date = Some(original.date);
        }
        message.saved_peer_id = if letter.peer == own_chat {
            original.saved_peer_id.clone()
        } else {
            Some(tl_peer(letter.peer))
        };
        Ok(())
    }
}

/// New ids for the albums of which more than one message is taken along.
fn new_albums(letters: &[(Letter, i64)]) -> BTreeMap<i64, i64> {
    let mut counts: BTreeMap<i64, (usize, i64)> = BTreeMap::new();
    for (letter, random_id) in letters {
        if let types::Message::Message(message) = &letter.message
            && let Some(group) = message.grouped_id
        {
            counts.entry(group).or_insert((0, *random_id)).0 += 1;
        }
    }
    counts.retain(|_, (count, _)| *count > 1);
    counts
        .into_iter()
        .map(|(group, (_, random_id))| {
            let mut hash = Sha256::new();
            hash.update(group.to_le_bytes());
            hash.update(random_id.to_le_bytes());
            let new = hash.finalize();
            let new = new
                .first_chunk()
                .map_or(1, |bytes| i64::from_le_bytes(*bytes));
            (group, (new & i64::MAX).max(1))
        })
        .collect()
}

/// Whether a message's media go once they were opened.
fn destroys_itself(message: &constructors::Message) -> bool {
    match &message.media {
        Some(types::MessageMedia::Photo(photo)) => photo.ttl_seconds.is_some(),
        Some(types::MessageMedia::Document(document)) => document.ttl_seconds.is_some(),
        _ => false,
    }
}
