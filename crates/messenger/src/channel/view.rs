//! Messages of a channel as one of its readers sees them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{BufMut as _, Bytes, BytesMut};
use store::{ChannelId, MailboxId, Message, MsgId, PeerId, UserId};
use tl_api::types;

use super::member::Standing;
use crate::Messenger;
use crate::error::Result;
use crate::link::{Link, Shared};
use crate::mailbox::{Letter, message_id};
use crate::time::Now;

/// What the keys of unread mentions begin with in the mailbox of who is mentioned.
const MENTION: &[u8] = b"mention";

/// The key of the unread mentions of a channel.
pub(crate) fn mentions_key(channel: ChannelId) -> Bytes {
    let mut key = BytesMut::from(MENTION);
    key.put_i64(channel.0);
    key.freeze()
}

/// The key of an unread mention.
pub(crate) fn mention_key(channel: ChannelId, id: MsgId) -> Bytes {
    let mut key = BytesMut::from(MENTION);
    key.put_i64(channel.0);
    key.put_i32(id.0);
    key.freeze()
}

impl Messenger {
    /// The messages of a channel that mention a user and have not been looked at, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unread_mentions(&self, user: UserId, channel: ChannelId) -> Result<Vec<MsgId>> {
        let found = self
            .store
            .mailbox_settings(MailboxId::User(user), mentions_key(channel))
            .await?;
        Ok(found
            .iter()
            .filter_map(|(key, _)| key.last_chunk())
            .map(|id| MsgId(i32::from_be_bytes(*id)))
            .collect())
    }

    /// Messages of a channel, without those that are hidden, as a reader sees them.
    pub(crate) async fn view(
        &self,
        standing: &Standing,
        messages: &[Message],
    ) -> Result<Vec<Letter>> {
        let min = standing.available_min();
        let mut letters = Vec::with_capacity(messages.len());
        for message in messages {
            if message.id.0 >= min {
                letters.push(Letter::read(message)?);
            }
        }
        let channel = standing.channel.channel_id();
        let user = standing.user;
        let mut unread = None;
        for letter in &mut letters {
            let Link::Shared(shared) = &letter.link else {
                continue;
            };
            let mut is_unread = false;
            if shared.mentioned.contains(&user) {
                if unread.is_none() {
                    let ids = self.unread_mentions(user, channel).await?;
                    unread = Some(ids.into_iter().collect::<BTreeSet<_>>());
                }
                is_unread = unread
                    .as_ref()
                    .is_some_and(|unread| unread.contains(&message_id(&letter.message)));
            }
            self.show_message(user, &mut letter.message, shared, is_unread);
        }
        self.add_counters(
            channel,
            letters.iter_mut().map(|letter| &mut letter.message),
        )
        .await?;
        self.add_own_reactions(user, channel, &mut letters).await?;
        self.dress(user, letters.iter_mut().map(|letter| &mut letter.message))
            .await?;
        Ok(letters)
    }

    /// A message of a channel as `user` is shown it.
    fn show_message(
        &self,
        user: UserId,
        message: &mut types::Message,
        shared: &Shared,
        mention_is_unread: bool,
    ) {
        self.access.show_files_to(user, message);
        let is_author = shared.author == user;
        let mentioned = !is_author && shared.mentioned.contains(&user);
        match message {
            types::Message::Message(message) => {
                message.out = is_author;
                message.mentioned = mentioned;
                message.media_unread |= mentioned && mention_is_unread;
            }
            types::Message::Service(message) => {
                message.out = is_author;
                message.mentioned = mentioned;
                message.media_unread |= mentioned && mention_is_unread;
            }
            types::Message::Empty { .. } => {}
        }
    }

    /// Updates of a channel as one of its members is shown them. Whoever is none is told only what
    /// they did themselves.
    pub(crate) async fn personal(
        &self,
        user: UserId,
        channel: ChannelId,
        updates: &[types::Update],
        shared: &BTreeMap<i32, Shared>,
        is_actor: bool,
        now: Now,
    ) -> Result<Vec<types::Update>> {
        if updates.is_empty() {
            return Ok(Vec::new());
        }
        let standing = self.standing(user, channel, now).await?;
        if !is_actor && !standing.is_member() {
            return Ok(Vec::new());
        }
        let mut personal = Vec::with_capacity(updates.len());
        for update in updates {
            let mut update = update.clone();
            if let types::Update::MessageReactions(reactions) = &update {
                // Those are told with their own.
                let author = shared.get(&reactions.msg_id).map(|shared| shared.author);
                if is_actor || author == Some(user) {
                    continue;
                }
            }
            if let types::Update::NewChannelMessage { message, .. }
            | types::Update::EditChannelMessage { message, .. } = &mut update
            {
                let id = message_id(message);
                if id.0 < standing.available_min() {
                    continue;
                }
                if let Some(shared) = shared.get(&id.0) {
                    let unread = shared.mentioned.contains(&user)
                        && self.unread_mentions(user, channel).await?.contains(&id);
                    self.show_message(user, message, shared, unread);
                }
                self.add_counters(channel, std::iter::once(message)).await?;
            }
            personal.push(update);
        }
        Ok(personal)
    }

    /// One message of a channel as a reader sees it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn post(&self, standing: &Standing, id: MsgId) -> Result<Option<Letter>> {
        let mailbox = MailboxId::Channel(standing.channel.channel_id());
        let found = self.store.messages(mailbox, vec![id]).await?;
        let found: Vec<Message> = found.into_iter().flatten().collect();
        Ok(self.view(standing, &found).await?.pop())
    }

    /// One message as it is kept.
    pub(crate) async fn kept_post(&self, channel: ChannelId, id: MsgId) -> Result<Option<Letter>> {
        let mailbox = MailboxId::Channel(channel);
        let found = self.store.messages(mailbox, vec![id]).await?.pop();
        found
            .flatten()
            .map(|message| Letter::read(&message))
            .transpose()
    }

    /// One message of a dialog, if the viewer may read it there.
    ///
    /// # Errors
    /// `Private` for a channel that may not be read, or when the store fails.
    pub async fn letter_in(
        &self,
        viewer: UserId,
        peer: PeerId,
        id: MsgId,
        now: Now,
    ) -> Result<Option<Letter>> {
        let PeerId::Channel(channel) = peer else {
            let letter = self.letter(viewer, id).await?;
            return Ok(letter.filter(|letter| letter.peer == peer));
        };
        let standing = self.reading(viewer, channel, now).await?;
        self.post(&standing, id).await
    }
}

/// Who wrote a message of a channel, in whoever's name.
pub(crate) fn author(letter: &Letter) -> UserId {
    match &letter.link {
        Link::Shared(shared) => shared.author,
        Link::Alone | Link::Hub(_) | Link::Pair(_) | Link::Spoke(..) => UserId(0),
    }
}
