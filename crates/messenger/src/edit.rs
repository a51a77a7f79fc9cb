//! Editing messages in all of their copies (A70–A74).

use bytes::Bytes;
use store::{MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Letter;
use crate::publish::Actor;
use crate::tag;
use crate::text::CleanText;
use crate::time::Now;

/// How long after it was sent a message may be edited, seconds: two days and a grace.
pub(crate) const EDIT_TIME_S: u32 = 172_800 + 300;

/// Why a message is not edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Somebody else wrote it.
    #[error("only the author may edit a message")]
    NotAuthor,
    /// It is too old.
    #[error("the message is too old to be edited")]
    TooOld,
    /// Its media cannot be exchanged, or not for these.
    #[error("these media cannot take the place of those")]
    MediaInvalid,
    /// In an album media stay of one kind.
    #[error("the album has media of another kind")]
    GroupInvalid,
    /// Nothing would be left.
    #[error("the message would be empty")]
    Empty,
}

/// What a message becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// The new text or caption; `None` leaves it.
    pub text: Option<CleanText>,
    /// The new media; `None` leaves them.
    pub media: Option<types::MessageMedia>,
    /// The media stand below the text.
    pub invert_media: bool,
    /// The new buttons, or none; `None` leaves them.
    pub markup: Option<Option<types::ReplyMarkup>>,
    /// Clients do not show that it was edited.
    pub quiet: bool,
}

impl Messenger {
    /// Edits a message of the actor in all copies.
    ///
    /// # Errors
    /// Why it may not be edited, `NotModified`, or when the store fails.
    pub async fn edit(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        edit: Edit,
        now: Now,
    ) -> Result<constructors::Updates> {
        if let PeerId::Channel(channel) = peer {
            return self.edit_post(actor, channel, id, edit, now).await;
        }
        let own = self.editable(actor.user, peer, id, now).await?;
        self.edit_letter(actor, actor.user, own, edit, now).await
    }

    /// Edits a message that a bot made for a user (2.7).
    ///
    /// # Errors
    /// `MessageUnknown` when the bot did not make it, `NotModified`, or when the store fails.
    pub async fn edit_via_bot(
        &self,
        bot: UserId,
        owner: UserId,
        id: MsgId,
        edit: Edit,
        now: Now,
    ) -> Result<()> {
        let own = self.letter(owner, id).await?.ok_or(Error::MessageUnknown)?;
        let is_its = matches!(
            &own.message,
            types::Message::Message(message) if message.via_bot_id == Some(bot.0)
        );
        if !is_its {
            return Err(Error::MessageUnknown);
        }
        let actor = Actor::server(owner);
        self.edit_letter(actor, owner, own, edit, now).await?;
        Ok(())
    }

    async fn edit_letter(
        &self,
        actor: Actor,
        author: UserId,
        own: Letter,
        edit: Edit,
        now: Now,
    ) -> Result<constructors::Updates> {
        let id = own.id();
        let audience = self.audience_of(author, own.peer, now).await?;
        let copies = self.copies(actor.user, &own).await?;
        let mentioned = match (&audience.chat, &edit.text) {
            (Some(chat), Some(text)) => self.mentioned(text, chat).await?,
            _ => std::collections::BTreeSet::new(),
        };
        let holders = copies
            .iter()
            .map(|(user, _)| MailboxId::User(*user))
            .chain([MailboxId::User(actor.user)]);
        let mut batch = self.open(holders, now).await?;
        // Read again: it may have changed before the mailboxes were locked.
        let own = self
            .letter(author, id)
            .await?
            .ok_or(Error::MessageUnknown)?;
        let edited = edited(&own, &edit, now)?;
        batch.user(actor.user).put_edited(edited)?;
        for (user, id) in copies {
            let Some(copy) = self.letter(user, id).await? else {
                continue;
            };
            let mut copy = apply(copy, &edit, now)?;
            // Who is newly mentioned finds it among the mentions, but is not alerted.
            if let types::Message::Message(message) = &mut copy.message
                && mentioned.contains(&user)
            {
                message.mentioned = true;
            }
            batch.user(user).put_edited(copy)?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// A message that its author may still edit.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn editable(
        &self,
        author: UserId,
        peer: PeerId,
        id: MsgId,
        now: Now,
    ) -> Result<Letter> {
        if let PeerId::Channel(channel) = peer {
            return self.editable_post(author, channel, id, now).await;
        }
        let letter = self.letter(author, id).await?;
        let letter = letter
            .filter(|letter| letter.peer == peer)
            .ok_or(Error::MessageUnknown)?;
        let types::Message::Message(message) = &letter.message else {
            return Err(Error::MessageUnknown);
        };
        let saved = peer == PeerId::User(author);
        let foreign = message.fwd_from.is_some() && !saved || message.via_bot_id.is_some();
        if letter.from != PeerId::User(author) || foreign {
            return Err(EditError::NotAuthor.into());
        }
        let until = letter.date().saturating_add(EDIT_TIME_S);
        if !saved && until < now.unix_s() && !self.is_bot(author).await? {
            return Err(EditError::TooOld.into());
        }
        Ok(letter)
    }
}

/// The author's copy, if the edit changes it.
pub(crate) fn edited(own: &Letter, edit: &Edit, now: Now) -> Result<Letter> {
    let types::Message::Message(old) = &own.message else {
        return Err(Error::MessageUnknown);
    };
    if let Some(media) = &edit.media {
        check_media(own, media)?;
    }
    let new = apply(own.clone(), edit, now)?;
    let types::Message::Message(message) = &new.message else {
        return Err(Error::MessageUnknown);
    };
    let same = message.message == old.message
        && message.entities == old.entities
        && message.media == old.media
        && message.reply_markup == old.reply_markup
        && message.invert_media == old.invert_media;
    if same {
        return Err(Error::NotModified);
    }
    if message.message.is_empty() && message.media.is_none() {
        return Err(EditError::Empty.into());
    }
    Ok(new)
}

fn apply(mut letter: Letter, edit: &Edit, now: Now) -> Result<Letter> {
    let types::Message::Message(message) = &mut letter.message else {
        return Err(Error::MessageUnknown);
    };
    if let Some(text) = &edit.text {
        message.message = text.text.clone();
        message.entities = text.entities();
    }
    if let Some(media) = &edit.media {
        message.media = Some(media.clone());
    }
    message.invert_media = edit.invert_media;
    if let Some(markup) = &edit.markup {
        message.reply_markup.clone_from(markup);
    }
    message.edit_hide = edit.quiet;
    // Clients ignore an edit that is not newer.
    let newer = message.edit_date.map_or(0, |date| date.saturating_add(1));
    message.edit_date = Some(now.date().max(newer));
    Ok(letter)
}

/// A73: media for media of files, in an album of the same kind; nothing that destroys itself.
#[allow(clippy::wildcard_enum_match_arm, reason = "other media carry no files")]
fn check_media(own: &Letter, media: &types::MessageMedia) -> Result<()> {
    let types::Message::Message(message) = &own.message else {
        return Err(Error::MessageUnknown);
    };
    let destroys_itself = |media: &types::MessageMedia| match media {
        types::MessageMedia::Photo(photo) => photo.ttl_seconds.is_some(),
        types::MessageMedia::Document(document) => document.ttl_seconds.is_some(),
        _ => false,
    };
    let carries_file = |media: &types::MessageMedia| {
        matches!(
            media,
            types::MessageMedia::Photo(_) | types::MessageMedia::Document(_)
        )
    };
    let fits = match &message.media {
        None => carries_file(media),
        Some(old) if carries_file(old) => {
            carries_file(media) && !destroys_itself(old) && !destroys_itself(media)
        }
        Some(types::MessageMedia::GeoLive(_)) => {
            matches!(media, types::MessageMedia::GeoLive(_))
        }
        Some(types::MessageMedia::WebPage { .. }) => {
            carries_file(media) || matches!(media, types::MessageMedia::WebPage { .. })
        }
        Some(_) => false,
    };
    if !fits {
        return Err(EditError::MediaInvalid.into());
    }
    if message.grouped_id.is_some() {
        let mut new = constructors::Message::new(0, message.peer_id.clone(), 0, "".into());
        new.media = Some(media.clone());
        let kinds = |message: &types::Message| {
            let tags = tag::of(message);
            [tag::PHOTO_VIDEO, tag::DOCUMENT, tag::MUSIC].map(|kind| tags & tag::bit(kind) != 0)
        };
        if kinds(&own.message) != kinds(&types::Message::Message(Box::new(new))) {
            return Err(EditError::GroupInvalid.into());
        }
    }
    Ok(())
}
