//! Reactions (B.7).
//!
//! Who reacted how is kept once, beside the sender's copy; each copy shows what its owner may see of
//! it.

use bytes::{BufMut as _, Bytes, BytesMut};
use minicbor::{Decode, Encode};
use store::{AuthKeyId, Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl::Layer;
use tl_api::types::Reaction;
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::delete::Cleared;
use crate::error::{Error, Result};
use crate::link::Link;
use crate::mailbox::{Batch, Letter};
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::read::Affected;
use crate::record::Record;
use crate::tag;
use crate::time::Now;

/// Different reactions to one message.
const KINDS_MAX: usize = 11;
/// Reactions of each kind that a message shows with their authors.
const RECENT_MAX: usize = 3;
/// Unread reactions that are read at once.
const READ_AT_ONCE: u32 = 100;

/// The reactions that clients offer without any pictures of ours.
pub const EMOJI: &[&str] = &[
    "👍",
    "👎",
    "❤",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤‍🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨‍💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷‍♂",
    "🤷",
    "🤷‍♀",
    "😡",
];

/// Why somebody may not react so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReactionError {
    /// It is no reaction, or none of those of the chat.
    #[error("no such reaction")]
    Invalid,
    /// The message has too many different ones.
    #[error("too many different reactions")]
    TooMany,
}

/// How somebody reacted.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(crate) struct Reacted {
    #[n(0)]
    pub(crate) user: i64,
    #[n(1)]
    pub(crate) date: u32,
    #[n(2)]
    pub(crate) big: bool,
    /// The emoji.
    #[n(3)]
    pub(crate) emoji: String,
    /// The author has not seen it yet.
    #[n(4)]
    pub(crate) unread: bool,
}

/// All reactions to one message, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(crate) struct Reactions {
    #[n(0)]
    pub(crate) list: Vec<Reacted>,
}

impl Record for Reactions {}

impl Reactions {
    /// Puts the reactions of a user in the place of those of before, and gives these back.
    ///
    /// # Errors
    /// `NotModified`, `TooMany`.
    pub(crate) fn replace(
        &mut self,
        user: UserId,
        wanted: &[String],
        now: Now,
        big: bool,
        unread: bool,
    ) -> Result<Vec<String>> {
        let own = self.list.iter().filter(|reacted| reacted.user == user.0);
        let before: Vec<String> = own.map(|reacted| reacted.emoji.clone()).collect();
        if before == wanted {
            return Err(Error::NotModified);
        }
        self.list.retain(|reacted| reacted.user != user.0);
        for emoji in wanted {
            let mut kinds: Vec<&str> = self.list.iter().map(|other| other.emoji.as_str()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            if kinds.len() >= KINDS_MAX && !kinds.contains(&emoji.as_str()) {
                return Err(ReactionError::TooMany.into());
            }
            self.list.push(Reacted {
                user: user.0,
                date: now.unix_s(),
                big,
                emoji: emoji.clone(),
                unread,
            });
        }
        Ok(before)
    }
}

/// One reaction as a list of them shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedReaction {
    /// Who reacted.
    pub user: UserId,
    /// As clients see it.
    pub shown: types::MessagePeerReaction,
}

pub(crate) fn reactions_key(id: MsgId) -> Bytes {
    let mut key = BytesMut::from(&b"react"[..]);
    key.put_i32(id.0);
    key.freeze()
}

pub(crate) fn emoji_of(reaction: &Reaction) -> Option<String> {
    match reaction {
        Reaction::Emoji { emoticon } => {
            let plain = emoticon.trim_end_matches('\u{fe0f}');
            EMOJI.contains(&plain).then(|| plain.to_owned())
        }
        Reaction::CustomEmoji { .. } | Reaction::Empty {} | Reaction::Paid {} => None,
    }
}

fn reaction(emoji: &str) -> Reaction {
    Reaction::Emoji {
        emoticon: emoji.into(),
    }
}

/// Whether a reaction is one at all.
#[must_use]
pub fn is_reaction(reaction: &Reaction) -> bool {
    emoji_of(reaction).is_some()
}

impl Reactions {
    /// What the owner of a copy is shown; `None` for nothing.
    pub(crate) fn show(&self, viewer: UserId, author: UserId) -> Option<types::MessageReactions> {
        if self.list.is_empty() {
            return None;
        }
        let mut counts: Vec<types::ReactionCount> = Vec::new();
        let mut recent = Vec::new();
        let mut order = 0;
        for reacted in &self.list {
            let kind = reaction(&reacted.emoji);
            let index = match counts.iter().position(|count| count.reaction == kind) {
                Some(index) => index,
                None => {
                    counts.push(types::ReactionCount::new(kind.clone(), 0));
                    counts.len() - 1
                }
            };
            let count = &mut counts[index];
            count.count += 1;
            if reacted.user == viewer.0 {
                count.chosen_order = Some(order);
                order += 1;
            }
        }
        for reacted in self.list.iter().rev() {
            let kind = reaction(&reacted.emoji);
            let same = |other: &types::MessagePeerReaction| other.reaction == kind;
            if recent.iter().filter(|other| same(other)).count() < RECENT_MAX {
                recent.push(reacted.show(viewer, author));
            }
        }
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        let mut shown = types::MessageReactions::new(counts);
        shown.can_see_list = true;
        shown.recent_reactions = Some(recent);
        Some(shown)
    }
}

impl Reacted {
    fn show(&self, viewer: UserId, author: UserId) -> types::MessagePeerReaction {
        let mut shown = types::MessagePeerReaction::new(
            tl_peer(PeerId::User(UserId(self.user))),
            self.date.cast_signed(),
            reaction(&self.emoji),
        );
        shown.big = self.big;
        shown.unread = self.unread && viewer == author;
        shown.my = self.user == viewer.0;
        shown
    }
}

impl Messenger {
    /// Where the reactions to a message are kept: the sender and the id of the sender's copy.
    fn hub_of(owner: UserId, letter: &Letter) -> Option<(UserId, MsgId)> {
        let PeerId::User(author) = letter.from else {
            return None;
        };
        match &letter.link {
            Link::Alone | Link::Hub(_) | Link::Pair(_) | Link::Spoke(..) if author == owner => {
                Some((owner, letter.id()))
            }
            Link::Pair(id) => Some((author, *id)),
            Link::Spoke(sender, id) => Some((*sender, *id)),
            Link::Alone | Link::Hub(_) => Some((owner, letter.id())),
            Link::Shared(_) => None,
        }
    }

    async fn reactions_at(&self, hub: (UserId, MsgId)) -> Result<Reactions> {
        let found = self
            .store
            .mailbox_settings(MailboxId::User(hub.0), reactions_key(hub.1))
            .await?;
        match found.first() {
            Some((_, value)) => Reactions::from_bytes(value),
            None => Ok(Reactions::default()),
        }
    }

    /// A message of the caller's chat that one may react to.
    async fn reactable(&self, user: UserId, peer: PeerId, id: MsgId) -> Result<Letter> {
        let letter = self.letter(user, id).await?;
        letter
            .filter(|letter| letter.peer == peer)
            .filter(|letter| matches!(letter.message, types::Message::Message(_)))
            .ok_or(Error::MessageUnknown)
    }

    /// Replaces the actor's reactions to a message by these, none or one.
    ///
    /// # Errors
    /// `MessageUnknown`, `Invalid`, `TooMany`, `NotModified`, `ChatWriteForbidden`.
    pub async fn react(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        reactions: &[Reaction],
        big: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        if let PeerId::Channel(channel) = peer {
            return self
                .react_to_post(actor, channel, id, reactions, big, now)
                .await;
        }
        let user = actor.user;
        let letter = self.reactable(user, peer, id).await?;
        let chat = match peer {
            PeerId::Chat(id) => Some(self.chat_of(user, id).await?),
            PeerId::User(_) | PeerId::Channel(_) => None,
        };
        if let Some(chat) = &chat
            && (chat.deactivated || chat.member(user).is_none())
        {
            return Err(Error::ChatWriteForbidden);
        }
        let mut wanted = Vec::with_capacity(reactions.len());
        for reaction in reactions {
            let emoji = emoji_of(reaction).ok_or(ReactionError::Invalid)?;
            if chat
                .as_ref()
                .is_some_and(|chat| !chat.allows_reaction(&emoji))
            {
                return Err(ReactionError::Invalid.into());
            }
            wanted.push(emoji);
        }
        let hub = Self::hub_of(user, &letter).ok_or(Error::MessageUnknown)?;
        let mut copies = self.copies(user, &letter).await?;
        copies.push((user, id));
        // Who has blocked the other one is not told.
        if let PeerId::User(other) = peer
            && other != user
            && self.has_blocked(other, user).await?
        {
            copies.retain(|(holder, _)| *holder == user);
        }
        let holders = copies.iter().map(|(holder, _)| MailboxId::User(*holder));
        let mut batch = self
            .open(holders.chain([MailboxId::User(hub.0)]), now)
            .await?;
        let mut all = self.reactions_at(hub).await?;
        let before = all.replace(user, &wanted, now, big, hub.0 != user)?;
        self.put_reactions(&mut batch, hub, &all, &copies, actor)
            .await?;
        if let Some(chat) = &chat {
            for member in chat
                .members
                .iter()
                .filter(|member| member.bot && member.admin)
            {
                let bot = UserId(member.user);
                let Some((_, bots_id)) = copies.iter().find(|(holder, _)| *holder == bot) else {
                    continue;
                };
                let update = constructors::UpdateBotMessageReaction {
                    peer: tl_peer(peer),
                    msg_id: bots_id.0,
                    date: now.date(),
                    actor: tl_peer(PeerId::User(user)),
                    old_reactions: before.iter().map(|old| reaction(old)).collect(),
                    new_reactions: wanted.iter().map(|new| reaction(new)).collect(),
                    qts: 0,
                };
                batch
                    .queue(bot, AuthKeyId(0), |qts| {
                        let update = constructors::UpdateBotMessageReaction { qts, ..update };
                        types::Update::BotMessageReaction(Box::new(update))
                    })
                    .await?;
            }
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Writes reactions into all copies and says so.
    async fn put_reactions(
        &self,
        batch: &mut Batch<'_>,
        hub: (UserId, MsgId),
        all: &Reactions,
        copies: &[(UserId, MsgId)],
        actor: Actor,
    ) -> Result<()> {
        let kept = (!all.list.is_empty()).then(|| all.to_bytes());
        batch.user(hub.0).put_setting(reactions_key(hub.1), kept);
        for (holder, id) in copies {
            let Some(mut letter) = self.letter(*holder, *id).await? else {
                continue;
            };
            let was_unread = tag::of(&letter.message) & tag::bit(tag::UNREAD_REACTION) != 0;
            let types::Message::Message(message) = &mut letter.message else {
                continue;
            };
            let shown = all.show(*holder, hub.0);
            message.reactions = shown.clone().map(Box::new);
            let is_unread = tag::of(&letter.message) & tag::bit(tag::UNREAD_REACTION) != 0;
            let peer = letter.peer;
            if was_unread != is_unread {
                let mailbox = MailboxId::User(*holder);
                if let Some(mut dialog) = batch.find_dialog(mailbox, peer).await? {
                    dialog.reactions = if is_unread {
                        dialog.reactions + 1
                    } else {
                        dialog.reactions.saturating_sub(1)
                    };
                    batch.user(*holder).put_dialog(dialog);
                }
            }
            batch.user(*holder).put(letter)?;
            if self.is_bot(*holder).await? && *holder != actor.user {
                continue;
            }
            let concerned =
                *holder == hub.0 || *holder == actor.user || matches!(peer, PeerId::User(_));
            let mut reactions = shown.unwrap_or_else(|| types::MessageReactions::new(Vec::new()));
            if !concerned {
                // The short form says nothing of whose they are: clients keep what they know.
                reactions.min = true;
                reactions.recent_reactions = None;
                for count in &mut reactions.results {
                    count.chosen_order = None;
                }
            }
            let update =
                constructors::UpdateMessageReactions::new(tl_peer(peer), id.0, Box::new(reactions));
            let update = types::Update::MessageReactions(Box::new(update));
            let draft = batch.user(*holder);
            if concerned {
                draft.note(update)?;
            } else {
                draft.say(update);
            }
        }
        Ok(())
    }

    /// Everybody's reactions to a message of the caller's, the newest first.
    ///
    /// # Errors
    /// `MessageUnknown`, or when the store fails.
    pub async fn reactions_of(
        &self,
        user: UserId,
        peer: PeerId,
        id: MsgId,
        only: Option<&Reaction>,
        now: Now,
    ) -> Result<Vec<ListedReaction>> {
        let (all, hub) = match peer {
            PeerId::Channel(channel) => {
                let letter = self.letter_in(user, peer, id, now).await?;
                let letter = letter.ok_or(Error::MessageUnknown)?;
                let all = self.post_reactions(channel, id).await?;
                (all, (crate::channel::author(&letter), id))
            }
            PeerId::Chat(_) | PeerId::User(_) => {
                let letter = self.reactable(user, peer, id).await?;
                let hub = Self::hub_of(user, &letter).ok_or(Error::MessageUnknown)?;
                (self.reactions_at(hub).await?, hub)
            }
        };
        let wanted = only.map(emoji_of);
        let mut listed = Vec::new();
        for reacted in all.list.iter().rev() {
            if wanted
                .as_ref()
                .is_none_or(|wanted| wanted.as_deref() == Some(&reacted.emoji))
            {
                listed.push(ListedReaction {
                    user: UserId(reacted.user),
                    shown: reacted.show(user, hub.0),
                });
            }
        }
        Ok(listed)
    }

    /// Takes the reactions of a member off a message, or off all messages of a group.
    ///
    /// # Errors
    /// `MessageUnknown`, or when the store fails.
    pub async fn remove_reactions(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        of: UserId,
        now: Now,
    ) -> Result<constructors::Updates> {
        if let PeerId::Channel(channel) = peer {
            return self.remove_post_reaction(actor, channel, id, of, now).await;
        }
        let letter = self.reactable(actor.user, peer, id).await?;
        let hub = Self::hub_of(actor.user, &letter).ok_or(Error::MessageUnknown)?;
        let mut copies = self.copies(actor.user, &letter).await?;
        copies.push((actor.user, id));
        let holders = copies.iter().map(|(holder, _)| MailboxId::User(*holder));
        let mut batch = self
            .open(holders.chain([MailboxId::User(hub.0)]), now)
            .await?;
        let mut all = self.reactions_at(hub).await?;
        let count = all.list.len();
        all.list.retain(|reacted| reacted.user != of.0);
        if all.list.len() != count {
            self.put_reactions(&mut batch, hub, &all, &copies, actor)
                .await?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// The reactions to one's messages of a dialog were looked at, as many as fit in one step.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_reactions(&self, actor: Actor, peer: PeerId, now: Now) -> Result<Cleared> {
        if let PeerId::Channel(channel) = peer {
            // Nobody is told that a reaction is new there.
            let affected = Affected {
                pts: self.channel_pts(channel).await?,
                pts_count: 0,
            };
            return Ok(Cleared {
                affected,
                more: false,
            });
        }
        let query = HistoryQuery {
            peer,
            list: List::Tag(tag::UNREAD_REACTION),
            from: None,
            direction: Direction::Older,
            limit: READ_AT_ONCE,
        };
        let mailbox = MailboxId::User(actor.user);
        let page = self.store.history(mailbox, query).await?;
        let more = page.len() >= READ_AT_ONCE as usize;
        let ids: Vec<MsgId> = page.iter().map(|message| message.id).collect();
        if ids.is_empty() {
            return Ok(Cleared {
                affected: self.unaffected(actor.user).await?,
                more: false,
            });
        }
        let mut batch = self.open([mailbox], now).await?;
        let count = self.see_reactions(&mut batch, actor.user, &ids).await?;
        let pts = batch.user(actor.user).pts().0;
        batch
            .user(actor.user)
            .update(count, |pts| types::Update::ReadMessagesContents {
                messages: ids.iter().map(|id| id.0).collect(),
                pts,
                pts_count: count,
                date: Some(now.date()),
            })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(Cleared {
            affected: Affected {
                pts: pts + count,
                pts_count: count,
            },
            more,
        })
    }

    /// Takes the mark off the reactions to messages of one mailbox; gives back of how many.
    pub(crate) async fn see_reactions(
        &self,
        batch: &mut Batch<'_>,
        user: UserId,
        ids: &[MsgId],
    ) -> Result<i32> {
        let mailbox = MailboxId::User(user);
        let found = self.store.messages(mailbox, ids.to_vec()).await?;
        let mut count = 0;
        for message in found.into_iter().flatten() {
            let mut letter = Letter::read(&message)?;
            if tag::of(&letter.message) & tag::bit(tag::UNREAD_REACTION) == 0 {
                continue;
            }
            let (peer, id) = (letter.peer, letter.id());
            let mut all = self.reactions_at((user, id)).await?;
            for reacted in &mut all.list {
                reacted.unread = false;
            }
            batch
                .user(user)
                .put_setting(reactions_key(id), Some(all.to_bytes()));
            if let types::Message::Message(message) = &mut letter.message {
                message.reactions = all.show(user, user).map(Box::new);
            }
            batch.user(user).put(letter)?;
            if let Some(mut dialog) = batch.find_dialog(mailbox, peer).await? {
                dialog.reactions = dialog.reactions.saturating_sub(1);
                batch.user(user).put_dialog(dialog);
            }
            count += 1;
        }
        Ok(count)
    }

    /// Says which reactions a group has.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_reactions(
        &self,
        actor: Actor,
        id: store::ChatId,
        reactions: &types::ChatReactions,
        now: Now,
    ) -> Result<constructors::Updates> {
        let kept = tl::to_bytes(reactions, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("reactions without a form"))?;
        self.change_and_note(actor, id, now, |chat| {
            if chat.reactions == kept {
                return Err(crate::chat::ChatError::Same.into());
            }
            chat.reactions = kept.to_vec();
            Ok(())
        })
        .await
    }
}

impl crate::record::Chat {
    /// The reactions of the group, as its settings show them.
    #[must_use]
    pub fn shown_reactions(&self) -> types::ChatReactions {
        tl::from_bytes(&Bytes::copy_from_slice(&self.reactions)).unwrap_or(
            types::ChatReactions::All {
                allow_custom: false,
            },
        )
    }

    fn allows_reaction(&self, emoji: &str) -> bool {
        allows(&self.shown_reactions(), emoji)
    }
}

/// Whether a chat with these reactions has this one.
pub(crate) fn allows(reactions: &types::ChatReactions, emoji: &str) -> bool {
    match reactions {
        types::ChatReactions::All { .. } => true,
        types::ChatReactions::None {} => false,
        types::ChatReactions::Some { reactions } => reactions
            .iter()
            .any(|reaction| emoji_of(reaction).as_deref() == Some(emoji)),
    }
}
