//! Reactions to messages of channels: kept once, shown to each reader with their own.

use bytes::Bytes;
use store::{ChannelId, MailboxId, MsgId, UserId};
use tl_api::{constructors, types};

use super::view::author;
use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Letter;
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::reaction::{ReactionError, Reactions, allows, emoji_of, reactions_key};
use crate::record::Record as _;
use crate::right::{self, admin};
use crate::time::Now;

impl Messenger {
    pub(crate) async fn post_reactions(&self, channel: ChannelId, id: MsgId) -> Result<Reactions> {
        let found = self
            .store
            .mailbox_settings(MailboxId::Channel(channel), reactions_key(id))
            .await?;
        match found.first() {
            Some((_, value)) => Reactions::from_bytes(value),
            None => Ok(Reactions::default()),
        }
    }

    /// Messages with reactions show a reader which are their own.
    pub(crate) async fn add_own_reactions(
        &self,
        viewer: UserId,
        channel: ChannelId,
        letters: &mut [Letter],
    ) -> Result<()> {
        for letter in letters {
            let (id, author) = (letter.id(), author(letter));
            if let types::Message::Message(message) = &mut letter.message
                && message.reactions.is_some()
            {
                let all = self.post_reactions(channel, id).await?;
                let mut shown = all.show(viewer, author);
                if let (true, Some(shown)) = (message.post, &mut shown) {
                    without_names(shown);
                }
                message.reactions = shown.map(Box::new);
            }
        }
        Ok(())
    }

    /// Replaces the actor's reaction to a message of a channel.
    pub(crate) async fn react_to_post(
        &self,
        actor: Actor,
        channel: ChannelId,
        id: MsgId,
        reactions: &[types::Reaction],
        big: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        let mut batch = self.lock_channel(channel, [user], now).await?;
        let standing = self.reading(user, channel, now).await?;
        let letter = self.post(&standing, id).await?;
        if !letter.is_some_and(|letter| matches!(letter.message, types::Message::Message(_))) {
            return Err(Error::MessageUnknown);
        }
        if !standing.is_member() || standing.denied() & right::SEND_REACTIONS != 0 {
            return Err(Error::ChatWriteForbidden);
        }
        let mut all = self.post_reactions(channel, id).await?;
        let mut wanted = Vec::with_capacity(reactions.len());
        for reaction in reactions {
            let emoji = emoji_of(reaction).ok_or(ReactionError::Invalid)?;
            if !allows(&standing.channel.shown_reactions(), &emoji) {
                return Err(ReactionError::Invalid.into());
            }
            wanted.push(emoji);
        }
        all.replace(user, &wanted, now, big, false)?;
        self.put_post_reactions(&mut batch, actor, channel, id, &all)
            .await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    async fn put_post_reactions(
        &self,
        batch: &mut crate::mailbox::Batch<'_>,
        actor: Actor,
        channel: ChannelId,
        id: MsgId,
        all: &Reactions,
    ) -> Result<()> {
        let kept = self.kept_post(channel, id).await?;
        let mut letter = kept.ok_or(Error::MessageUnknown)?;
        let wrote = author(&letter);
        let peer = tl_peer(letter.peer);
        let is_post = matches!(&letter.message, types::Message::Message(message) if message.post);
        let mut short = all
            .show(UserId(0), UserId(0))
            .unwrap_or_else(|| types::MessageReactions::new(Vec::new()));
        short.min = true;
        without_names(&mut short);
        if let types::Message::Message(message) = &mut letter.message {
            message.reactions = (!all.list.is_empty()).then(|| Box::new(short.clone()));
        }
        for viewer in [actor.user, wrote] {
            if viewer == wrote && wrote == actor.user && viewer != actor.user {
                continue;
            }
            let mut shown = all
                .show(viewer, wrote)
                .unwrap_or_else(|| types::MessageReactions::new(Vec::new()));
            if is_post {
                without_names(&mut shown);
            }
            let update =
                constructors::UpdateMessageReactions::new(peer.clone(), id.0, Box::new(shown));
            batch.tell(viewer, types::Update::MessageReactions(Box::new(update)));
            if wrote == actor.user {
                break;
            }
        }
        let update = constructors::UpdateMessageReactions::new(peer, id.0, Box::new(short));
        let draft = batch.draft(MailboxId::Channel(channel));
        draft.put_setting(
            reactions_key(id),
            (!all.list.is_empty()).then(|| all.to_bytes()),
        );
        draft.put(letter)?;
        draft.say(types::Update::MessageReactions(Box::new(update)));
        Ok(())
    }

    /// Takes the reaction of a member off a message.
    pub(crate) async fn remove_post_reaction(
        &self,
        actor: Actor,
        channel: ChannelId,
        id: MsgId,
        of: UserId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(channel, [actor.user], now).await?;
        let standing = self.reading(actor.user, channel, now).await?;
        standing.need_that(of == actor.user || standing.may_as_admin(admin::DELETE_MESSAGES))?;
        let mut all = self.post_reactions(channel, id).await?;
        all.list.retain(|reacted| reacted.user != of.0);
        self.put_post_reactions(&mut batch, actor, channel, id, &all)
            .await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Says which reactions a channel has.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_reactions(
        &self,
        actor: Actor,
        id: ChannelId,
        reactions: &types::ChatReactions,
        now: Now,
    ) -> Result<constructors::Updates> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need(admin::CHANGE_INFO)?;
        let before = standing.channel.shown_reactions();
        if before == *reactions {
            return Err(super::ChannelError::Same.into());
        }
        let kept = tl::to_bytes(reactions, tl::Layer(tl_api::NEWEST_LAYER))
            .map_err(|_| Error::Damaged("reactions without a form"))?;
        let action = types::ChannelAdminLogEventAction::ChangeAvailableReactions(Box::new(
            constructors::ChannelAdminLogEventActionChangeAvailableReactions {
                prev_value: before,
                new_value: reactions.clone(),
            },
        ));
        self.change_and_log(actor, id, action, now, |channel| {
            channel.reactions = kept.to_vec();
            Ok(())
        })
        .await
    }
}

impl super::Channel {
    /// The reactions of the channel, as its settings show them.
    #[must_use]
    pub fn shown_reactions(&self) -> types::ChatReactions {
        tl::from_bytes(&Bytes::copy_from_slice(&self.reactions)).unwrap_or(
            types::ChatReactions::All {
                allow_custom: false,
            },
        )
    }
}

/// Who reacted to a post nobody is told.
fn without_names(shown: &mut types::MessageReactions) {
    shown.can_see_list = false;
    shown.recent_reactions = None;
}
