//! Editing, deleting and pinning messages of channels (1.11).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use store::{ChannelId, Direction, HistoryQuery, List, MailboxId, Message, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use super::ChannelError;
use super::member::Standing;
use super::read::mentioned;
use super::view::{author, mention_key};
use crate::Messenger;
use crate::delete::Cleared;
use crate::edit::{EDIT_TIME_S, Edit, EditError, edited};
use crate::error::{Error, Result};
use crate::link::Link;
use crate::mailbox::{Batch, Letter, thread_of};
use crate::pin::Pinning;
use crate::publish::Actor;
use crate::read::Affected;
use crate::right::{self, admin};
use crate::send::{Parcel, Reply};
use crate::tag;
use crate::time::Now;

/// Messages deleted in one append: each may take its log entry and its counters along.
const AT_ONCE: usize = 60;

impl Messenger {
    /// A message of a channel that a member may still edit.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn editable_post(
        &self,
        user: UserId,
        channel: ChannelId,
        id: MsgId,
        now: Now,
    ) -> Result<Letter> {
        let standing = self.reading(user, channel, now).await?;
        let letter = self.post(&standing, id).await?;
        let letter = letter.ok_or(Error::MessageUnknown)?;
        let types::Message::Message(message) = &letter.message else {
            return Err(Error::MessageUnknown);
        };
        let own = author(&letter) == user;
        let any = !standing.channel.megagroup && standing.may_as_admin(admin::EDIT_MESSAGES);
        if !own && !any {
            return Err(if standing.channel.megagroup {
                EditError::NotAuthor.into()
            } else {
                Error::AdminRequired
            });
        }
        if message.fwd_from.is_some() || message.via_bot_id.is_some() {
            return Err(EditError::NotAuthor.into());
        }
        self.writing(user, channel, now).await?;
        let for_ever = any
            || standing.channel.megagroup && standing.may_as_admin(admin::PIN_MESSAGES)
            || self.is_bot(user).await?;
        if !for_ever && letter.date().saturating_add(EDIT_TIME_S) < now.unix_s() {
            return Err(EditError::TooOld.into());
        }
        Ok(letter)
    }

    /// Edits a message of a channel.
    pub(crate) async fn edit_post(
        &self,
        actor: Actor,
        channel: ChannelId,
        id: MsgId,
        edit: Edit,
        now: Now,
    ) -> Result<constructors::Updates> {
        self.editable_post(actor.user, channel, id, now).await?;
        let mut batch = self.lock_channel(channel, [actor.user], now).await?;
        self.editable_post(actor.user, channel, id, now).await?;
        let standing = self.standing(actor.user, channel, now).await?;
        let kept = self.kept_post(channel, id).await?;
        let kept = kept.ok_or(Error::MessageUnknown)?;
        let mut new = edited(&kept, &edit, now)?;
        if let (Link::Shared(shared), Some(text)) = (&mut new.link, &edit.text) {
            // Who is newly mentioned finds it, but is not alerted.
            for user in self.mentioned_members(text, channel).await? {
                if !shared.mentioned.contains(&user) {
                    shared.mentioned.push(user);
                }
            }
        }
        Self::check_kind(&standing, &new.message)?;
        if !standing.channel.megagroup || author(&kept) != actor.user {
            let action = types::ChannelAdminLogEventAction::EditMessage(Box::new(
                constructors::ChannelAdminLogEventActionEditMessage {
                    prev_message: kept.message.clone(),
                    new_message: new.message.clone(),
                },
            ));
            self.log(&mut batch, channel, actor.user, action, now)
                .await?;
        }
        batch.draft(MailboxId::Channel(channel)).put_edited(new)?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Deletes messages of a channel for all.
    ///
    /// # Errors
    /// `DeleteForbidden` when one of them may not be deleted, or when the store fails.
    pub async fn delete_posts(
        &self,
        actor: Actor,
        channel: ChannelId,
        ids: &[MsgId],
        now: Now,
    ) -> Result<Affected> {
        let standing = self.acting(actor.user, channel, now).await?;
        let unique: BTreeSet<MsgId> = ids.iter().copied().collect();
        let found = self
            .store
            .messages(MailboxId::Channel(channel), unique.into_iter().collect())
            .await?;
        let mut letters = Vec::new();
        for message in found.into_iter().flatten() {
            let letter = Letter::read(&message)?;
            if !may_delete(&standing, &letter) {
                return Err(ChannelError::DeleteForbidden.into());
            }
            letters.push(letter);
        }
        self.delete_posted(actor, channel, &letters, now).await
    }

    /// Deletes these messages, in as many steps as it takes.
    pub(crate) async fn delete_posted(
        &self,
        actor: Actor,
        channel: ChannelId,
        letters: &[Letter],
        now: Now,
    ) -> Result<Affected> {
        let mut affected = Affected {
            pts: self.channel_pts(channel).await?,
            pts_count: 0,
        };
        for some in letters.chunks(AT_ONCE) {
            let users = some.iter().flat_map(mentioned).copied();
            let mut batch = self
                .lock_channel(channel, users.chain([actor.user]).collect::<Vec<_>>(), now)
                .await?;
            let ids: Vec<MsgId> = some.iter().map(Letter::id).collect();
            let there = self
                .store
                .messages(MailboxId::Channel(channel), ids)
                .await?;
            let mut gone = Vec::new();
            for message in there.into_iter().flatten() {
                let letter = Letter::read(&message)?;
                self.forget_post(&mut batch, channel, &letter).await?;
                if author(&letter) != actor.user {
                    let action = types::ChannelAdminLogEventAction::DeleteMessage {
                        message: letter.message.clone(),
                    };
                    self.log(&mut batch, channel, actor.user, action, now)
                        .await?;
                }
                gone.push(letter.id());
            }
            gone.sort_unstable();
            let draft = batch.draft(MailboxId::Channel(channel));
            draft.delete(&gone)?;
            affected.pts = draft.pts().0;
            affected.pts_count += i32::try_from(gone.len()).unwrap_or(i32::MAX);
            batch.commit(actor, None, Bytes::new()).await?;
        }
        Ok(affected)
    }

    /// What a deleted message leaves behind: it counts in no thread and mentions nobody.
    async fn forget_post(
        &self,
        batch: &mut Batch<'_>,
        channel: ChannelId,
        letter: &Letter,
    ) -> Result<()> {
        let root = thread_of(&letter.message);
        if root.0 > 0 {
            let draft = batch.draft(MailboxId::Channel(channel));
            self.count(draft, channel, &[root], |counters| {
                counters.replies = counters.replies.saturating_sub(1);
            })
            .await?;
        }
        for user in mentioned(letter) {
            let key = mention_key(channel, letter.id());
            let home = MailboxId::User(*user);
            if self
                .store
                .mailbox_settings(home, key.clone())
                .await?
                .is_empty()
            {
                continue;
            }
            batch.user(*user).put_setting(key, None);
            if let Some(mut dialog) = batch.find_dialog(home, PeerId::Channel(channel)).await? {
                dialog.mentions = dialog.mentions.saturating_sub(1);
                batch.user(*user).put_dialog(dialog);
            }
        }
        Ok(())
    }

    /// Deletes what a member has written, as much as fits in one step.
    ///
    /// # Errors
    /// `AdminRequired`, or when the store fails.
    pub async fn delete_posts_of(
        &self,
        actor: Actor,
        channel: ChannelId,
        by: UserId,
        now: Now,
    ) -> Result<Cleared> {
        let standing = self.acting(actor.user, channel, now).await?;
        standing.need_megagroup()?;
        standing.need(admin::DELETE_MESSAGES)?;
        let mut from = None;
        let mut letters = Vec::new();
        let mut more = false;
        'pages: loop {
            let page = self.posts_page(&standing, from, 500).await?;
            for message in &page {
                let letter = Letter::read(message)?;
                if author(&letter) == by && message.id.0 > 1 {
                    if letters.len() >= 100 {
                        more = true;
                        break 'pages;
                    }
                    letters.push(letter);
                }
            }
            match page.last() {
                Some(last) if page.len() == 500 => from = Some(last.id),
                _ => break,
            }
        }
        let affected = self.delete_posted(actor, channel, &letters, now).await?;
        Ok(Cleared { affected, more })
    }

    async fn posts_page(
        &self,
        standing: &Standing,
        from: Option<MsgId>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let query = HistoryQuery {
            peer: standing.channel.peer(),
            list: List::All,
            from,
            direction: Direction::Older,
            limit,
        };
        let mailbox = MailboxId::Channel(standing.channel.channel_id());
        Ok(self.store.history(mailbox, query).await?)
    }

    /// Clears the history of a channel, for all or only for oneself, up to a message (0: all).
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn clear_channel(
        &self,
        actor: Actor,
        channel: ChannelId,
        max_id: MsgId,
        for_everyone: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        let standing = self.acting(user, channel, now).await?;
        if !standing.is_member() {
            return Err(ChannelError::NotMember.into());
        }
        let (tip, _) = self.tip(channel).await?;
        let up_to = if max_id.0 <= 0 { tip } else { max_id.min(tip) };
        if for_everyone {
            standing.need(admin::DELETE_MESSAGES)?;
            let mut letters = Vec::new();
            let mut from = Some(MsgId(up_to.0.saturating_add(1)));
            loop {
                let page = self.posts_page(&standing, from, 500).await?;
                for message in page.iter().filter(|message| message.id.0 > 1) {
                    letters.push(Letter::read(message)?);
                }
                match page.last() {
                    Some(last) if page.len() == 500 => from = Some(last.id),
                    _ => break,
                }
                if letters.len() > 1000 {
                    return Err(ChannelError::TooBig.into());
                }
            }
            self.delete_posted(actor, channel, &letters, now).await?;
            return self
                .updates(user, Vec::new(), &crate::Peers::default(), now)
                .await;
        }
        let mut batch = self.lock_channel(channel, [user], now).await?;
        let row = self.channel_member(channel, user).await?;
        let mut row = super::ChannelMember::clone(&*row.ok_or(ChannelError::NotMember)?);
        row.available_min = row.available_min.max(up_to.0 + 1);
        let available_min_id = row.available_min;
        self.put_channel_member(channel, row, now).await?;
        batch
            .user(user)
            .note(types::Update::ChannelAvailableMessages {
                channel_id: channel.0,
                available_min_id,
            })?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    fn check_channel_pinning(standing: &Standing) -> Result<()> {
        let may = if standing.channel.megagroup {
            standing.may(admin::PIN_MESSAGES, right::PIN_MESSAGES)
        } else {
            standing.may_as_admin(admin::EDIT_MESSAGES)
        };
        standing.need_that(may)
    }

    /// Pins or unpins a message of a channel.
    pub(crate) async fn pin_post(
        &self,
        actor: Actor,
        channel: ChannelId,
        id: MsgId,
        pinning: Pinning,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(channel, [actor.user], now).await?;
        let standing = self.acting(actor.user, channel, now).await?;
        Self::check_channel_pinning(&standing)?;
        let letter = self.kept_post(channel, id).await?;
        let mut letter = letter.ok_or(Error::MessageUnknown)?;
        let types::Message::Message(message) = &mut letter.message else {
            return Err(Error::MessageUnknown);
        };
        if message.pinned != pinning.unpin {
            return Err(ChannelError::Same.into());
        }
        message.pinned = !pinning.unpin;
        let action = types::ChannelAdminLogEventAction::UpdatePinned {
            message: letter.message.clone(),
        };
        self.log(&mut batch, channel, actor.user, action, now)
            .await?;
        let draft = batch.draft(MailboxId::Channel(channel));
        draft.put(letter)?;
        draft.update(1, |pts| {
            pinned_update(channel, vec![id.0], pts, !pinning.unpin)
        })?;
        if !pinning.unpin && !pinning.silent {
            let mut parcel = Parcel::service(types::MessageAction::PinMessage {}, now);
            parcel.reply = Some(Reply::new(BTreeMap::from([(actor.user, id)])));
            self.put_post(&mut batch, &standing, parcel).await?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Unpins the messages of a channel, as many as fit in one step.
    pub(crate) async fn unpin_posts(
        &self,
        actor: Actor,
        channel: ChannelId,
        now: Now,
    ) -> Result<Cleared> {
        let mut batch = self.lock_channel(channel, [actor.user], now).await?;
        let standing = self.acting(actor.user, channel, now).await?;
        Self::check_channel_pinning(&standing)?;
        let query = HistoryQuery {
            peer: standing.channel.peer(),
            list: List::Tag(tag::PINNED),
            from: None,
            direction: Direction::Older,
            limit: 100,
        };
        let page = self
            .store
            .history(MailboxId::Channel(channel), query)
            .await?;
        let more = page.len() == 100;
        let mut ids = Vec::with_capacity(page.len());
        let draft = batch.draft(MailboxId::Channel(channel));
        for message in &page {
            let mut letter = Letter::read(message)?;
            if let types::Message::Message(message) = &mut letter.message {
                message.pinned = false;
            }
            ids.push(letter.id().0);
            draft.put(letter)?;
        }
        let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        if count > 0 {
            draft.update(count, |pts| pinned_update(channel, ids, pts, false))?;
        }
        let affected = Affected {
            pts: draft.pts().0,
            pts_count: count,
        };
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(Cleared { affected, more })
    }
}

pub(crate) fn pinned_update(
    channel: ChannelId,
    ids: Vec<i32>,
    pts: i32,
    pinned: bool,
) -> types::Update {
    let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let mut update = constructors::UpdatePinnedChannelMessages::new(channel.0, ids, pts, count);
    update.pinned = pinned;
    types::Update::PinnedChannelMessages(Box::new(update))
}

/// Own messages; those of others with the right. What made the channel stays.
fn may_delete(standing: &Standing, letter: &Letter) -> bool {
    if letter.id().0 == 1 {
        return false;
    }
    if standing.may_as_admin(admin::DELETE_MESSAGES) {
        return true;
    }
    let own = author(letter) == standing.user;
    let is_service = matches!(letter.message, types::Message::Service(_));
    own && if standing.channel.megagroup {
        standing.is_member() && !is_service
    } else {
        standing.may_as_admin(admin::POST_MESSAGES)
    }
}
