//! Coming into channels and leaving them (1.7).

use std::collections::BTreeSet;

use bytes::Bytes;
use store::{ChannelId, MailboxId, UserId};
use tl_api::{constructors, types};

use super::ChannelError;
use super::member::Standing;
use super::post::new_dialog;
use super::record::{Channel, ChannelMember};
use super::view::mentions_key;
use crate::Messenger;
use crate::chat::{ChatError, Invited};
use crate::error::{Error, Result};
use crate::mailbox::Batch;
use crate::privacy::PrivacyKey;
use crate::publish::Actor;
use crate::right::{self, admin};
use crate::time::Now;

/// From so many members on nobody is told of each who comes and goes.
const TOLD_MAX: u32 = 500;

/// How somebody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) inviter: UserId,
    pub(crate) via_request: bool,
}

impl Messenger {
    /// Joins a channel that may be read.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn join_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let standing = self.reading(actor.user, id, now).await?;
        if standing.is_member() {
            return Err(ChatError::AlreadyMember.into());
        }
        let channel = &standing.channel;
        if channel.join_request && !standing.is_creator() {
            self.request_to_join(actor.user, id, "", now).await?;
            return Err(ChannelError::RequestSent.into());
        }
        let entry = Entry {
            inviter: actor.user,
            via_request: false,
        };
        let action = types::MessageAction::ChatAddUser {
            users: vec![actor.user.0],
        };
        let log = types::ChannelAdminLogEventAction::ParticipantJoin {};
        self.come_in(actor, id, actor.user, entry, action, log, now)
            .await
    }

    /// Brings one user in, by whatever way, and says so.
    #[allow(
        clippy::too_many_arguments,
        reason = "who, where, how, and what is said of it"
    )]
    pub(crate) async fn come_in(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        entry: Entry,
        action: types::MessageAction,
        log: types::ChannelAdminLogEventAction,
        now: Now,
    ) -> Result<constructors::Updates> {
        self.check_joined(user, ChannelError::TooMany).await?;
        let mut batch = self.lock_channel(id, [user, actor.user], now).await?;
        let standing = self.standing(user, id, now).await?;
        if standing.is_member() {
            return Err(ChatError::AlreadyMember.into());
        }
        let before = standing.channel.requests.len();
        self.enter(&mut batch, id, &[user], entry, now).await?;
        self.log(&mut batch, id, user, log, now).await?;
        // A message of the one who has come, or of the one who brought them.
        let standing = self.standing(user, id, now).await?;
        if tells_of_members(&standing.channel) {
            self.put_service(&mut batch, &standing, action, now).await?;
        }
        if standing.channel.requests.len() != before {
            self.tell_pending(&mut batch, &standing.channel, now)
                .await?;
        }
        if actor.user != user {
            batch.tell(actor.user, types::Update::Channel { channel_id: id.0 });
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    async fn check_joined(&self, user: UserId, error: ChannelError) -> Result<()> {
        if self.channels_of(user).await?.len() >= super::JOINED_MAX {
            return Err(error.into());
        }
        Ok(())
    }

    /// Makes users members of a locked channel; their mailboxes are locked as well.
    pub(crate) async fn enter(
        &self,
        batch: &mut Batch<'_>,
        id: ChannelId,
        users: &[UserId],
        entry: Entry,
        now: Now,
    ) -> Result<()> {
        let mut bots = Vec::new();
        for user in users {
            if self.is_bot(*user).await? {
                bots.push(user.0);
            }
        }
        let count = u32::try_from(users.len()).unwrap_or(u32::MAX);
        let channel = self
            .change_channel(id, |channel| {
                if channel.megagroup && channel.participants + count > super::MEMBERS_MAX {
                    return Err(ChatError::Full.into());
                }
                channel.participants += count;
                channel.bots.extend(&bots);
                if channel.bots.len() > super::BOTS_MAX {
                    return Err(ChannelError::BotsTooMany.into());
                }
                channel
                    .requests
                    .retain(|request| !users.contains(&UserId(request.user)));
                Ok(())
            })
            .await?;
        let top = batch.draft(MailboxId::Channel(id)).top();
        for user in users {
            let known = self.channel_member(id, *user).await?;
            let mut row = known.map_or_else(
                || ChannelMember::new(*user),
                |row| ChannelMember::clone(&row),
            );
            row.present = true;
            row.inviter = entry.inviter.0;
            row.via_request = entry.via_request;
            row.date = now.unix_s();
            row.bot = bots.contains(&user.0);
            if row.banned_rights & right::VIEW_MESSAGES != 0 {
                row.banned_rights = 0;
            }
            let hidden = channel.prehistory_hidden && user.0 != channel.creator;
            row.available_min = if hidden { top.0 + 1 } else { 0 };
            self.put_channel_member(id, row, now).await?;
            batch.user(*user).put_dialog(new_dialog(id, top));
            let update = types::Update::Channel { channel_id: id.0 };
            batch.user(*user).note(update)?;
        }
        Ok(())
    }

    /// Refuses whoever may not bring anybody into a channel.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn check_inviting_to(&self, actor: Actor, id: ChannelId, now: Now) -> Result<()> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need_that(standing.may(admin::INVITE_USERS, right::INVITE_USERS))
    }

    /// Brings users in; who does not want that is told to the actor.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn invite_to_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        users: &[UserId],
        now: Now,
    ) -> Result<Invited> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need_that(standing.may(admin::INVITE_USERS, right::INVITE_USERS))?;
        let unique: BTreeSet<UserId> = users.iter().copied().collect();
        let alone = unique.len() == 1;
        let (mut wanted, mut missing) = (Vec::new(), Vec::new());
        for user in unique {
            match self.check_invited(&standing, user, now).await {
                Ok(true) => wanted.push(user),
                Ok(false) => missing.push(user),
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) if alone => return Err(error),
                Err(_) => missing.push(user),
            }
        }
        let locked = wanted.iter().copied().chain([actor.user]);
        let mut batch = self.lock_channel(id, locked, now).await?;
        let mut new = Vec::new();
        for user in wanted {
            if !self.standing(user, id, now).await?.is_member() {
                new.push(user);
            }
        }
        if new.is_empty() {
            let updates = self
                .updates(actor.user, Vec::new(), &crate::Peers::default(), now)
                .await?;
            return Ok(Invited { updates, missing });
        }
        let entry = Entry {
            inviter: actor.user,
            via_request: false,
        };
        self.enter(&mut batch, id, &new, entry, now).await?;
        for user in &new {
            let row = self.channel_member(id, *user).await?;
            self.log_invited(&mut batch, &standing, row.as_deref(), now)
                .await?;
        }
        let standing = self.standing(actor.user, id, now).await?;
        if tells_of_members(&standing.channel) {
            let action = types::MessageAction::ChatAddUser {
                users: new.iter().map(|user| user.0).collect(),
            };
            self.put_service(&mut batch, &standing, action, now).await?;
        }
        batch.tell(actor.user, types::Update::Channel { channel_id: id.0 });
        let updates = batch.commit(actor, None, Bytes::new()).await?.updates()?;
        Ok(Invited { updates, missing })
    }

    /// Whether a user may be brought in: false when they do not want it.
    pub(crate) async fn check_invited(
        &self,
        by: &Standing,
        user: UserId,
        now: Now,
    ) -> Result<bool> {
        let id = by.channel.channel_id();
        let account = self.user(user).await?.ok_or(Error::UserUnknown)?;
        if account.deleted {
            return Err(crate::send::SendError::Deleted.into());
        }
        let theirs = self.standing(user, id, now).await?;
        if theirs.is_member() {
            return Err(ChatError::AlreadyMember.into());
        }
        if theirs.is_banned() && !by.may_as_admin(admin::BAN_USERS) {
            return Err(ChannelError::Kicked.into());
        }
        if account.bot {
            if !by.channel.megagroup {
                return Err(ChannelError::BotOnlyAdmin.into());
            }
            if account.bot_facts.as_ref().is_some_and(|bot| bot.no_groups) {
                return Err(crate::bot::BotError::NoGroups.into());
            }
            return Ok(true);
        }
        if self.has_blocked(by.user, user).await? {
            return Err(crate::send::SendError::YouBlocked.into());
        }
        self.check_joined(user, ChannelError::UserTooMany).await?;
        Ok(user == by.user
            || !self.has_blocked(user, by.user).await?
                && self.may(by.user, user, PrivacyKey::ChatInvite).await?)
    }

    /// Leaves a channel.
    ///
    /// # Errors
    /// `Creator` for the owner of a broadcast channel, `NotMember`, or when the store fails.
    pub async fn leave_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let standing = self.standing(actor.user, id, now).await?;
        if standing.channel.deleted || standing.is_banned() {
            return Err(ChannelError::Private.into());
        }
        if !standing.is_member() {
            let asked = standing
                .channel
                .requests
                .iter()
                .any(|request| request.user == actor.user.0);
            if asked {
                self.forget_request(id, actor.user).await?;
            }
            return Err(ChannelError::NotMember.into());
        }
        if standing.is_creator() && !standing.channel.megagroup {
            return Err(ChannelError::Creator.into());
        }
        if tells_of_members(&standing.channel) {
            let action = types::MessageAction::ChatDeleteUser {
                user_id: actor.user.0,
            };
            self.put_service(&mut batch, &standing, action, now).await?;
        }
        let mut row = standing
            .member
            .as_deref()
            .map_or_else(|| ChannelMember::new(actor.user), ChannelMember::clone);
        row.admin_rights = if standing.is_creator() {
            row.admin_rights
        } else {
            0
        };
        self.go_out(&mut batch, id, row, now).await?;
        let action = types::ChannelAdminLogEventAction::ParticipantLeave {};
        self.log(&mut batch, id, actor.user, action, now).await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Takes a member out of a locked channel; their mailbox is locked as well.
    pub(crate) async fn go_out(
        &self,
        batch: &mut Batch<'_>,
        id: ChannelId,
        mut row: ChannelMember,
        now: Now,
    ) -> Result<()> {
        let user = UserId(row.user);
        let was_there = row.present;
        row.present = false;
        self.change_channel(id, |channel| {
            channel.participants -= u32::from(was_there && channel.participants > 0);
            channel.admins.retain(|admin| *admin != user.0);
            channel.bots.retain(|bot| *bot != user.0);
            Ok(())
        })
        .await?;
        self.put_channel_member(id, row, now).await?;
        let found = self
            .store
            .mailbox_settings(MailboxId::User(user), mentions_key(id))
            .await?;
        let draft = batch.user(user);
        draft.delete_dialog(store::PeerId::Channel(id));
        for (key, _) in found.into_iter().take(100) {
            draft.put_setting(key, None);
        }
        draft.note(types::Update::Channel { channel_id: id.0 })?;
        Ok(())
    }

    /// A request to join is kept once; the admins are told.
    pub(crate) async fn request_to_join(
        &self,
        user: UserId,
        id: ChannelId,
        link: &str,
        now: Now,
    ) -> Result<()> {
        let mut batch = self.lock_channel(id, [user], now).await?;
        let channel = self
            .change_channel(id, |channel| {
                let known = channel.requests.iter().any(|other| other.user == user.0);
                if !known {
                    channel.requests.push(super::record::JoinRequest {
                        user: user.0,
                        date: now.unix_s(),
                        link: link.to_owned(),
                    });
                }
                Ok(())
            })
            .await?;
        self.tell_pending(&mut batch, &channel, now).await?;
        batch
            .commit(Actor::server(user), None, Bytes::new())
            .await?;
        Ok(())
    }

    /// Tells admins who may let people in how many wait.
    pub(crate) async fn tell_pending(
        &self,
        batch: &mut Batch<'_>,
        channel: &Channel,
        now: Now,
    ) -> Result<()> {
        let update = pending_update(channel);
        for user in std::iter::once(channel.creator).chain(channel.admins.iter().copied()) {
            let user = UserId(user);
            let standing = self.standing(user, channel.channel_id(), now).await?;
            if standing.is_member() && standing.may_as_admin(admin::INVITE_USERS) {
                batch.tell(user, update.clone());
            }
        }
        Ok(())
    }

    pub(crate) async fn forget_request(&self, id: ChannelId, user: UserId) -> Result<()> {
        self.change_channel(id, |channel| {
            channel.requests.retain(|request| request.user != user.0);
            Ok(())
        })
        .await?;
        Ok(())
    }
}

fn pending_update(channel: &Channel) -> types::Update {
    let recent = channel.requests.iter().rev().take(3);
    types::Update::PendingJoinRequests(Box::new(constructors::UpdatePendingJoinRequests {
        peer: types::Peer::Channel {
            channel_id: channel.id,
        },
        requests_pending: i32::try_from(channel.requests.len()).unwrap_or(i32::MAX),
        recent_requesters: recent.map(|request| request.user).collect(),
    }))
}

/// Whether the channel is told who comes and goes: groups are, up to some size.
pub(crate) fn tells_of_members(channel: &Channel) -> bool {
    channel.megagroup && !channel.participants_hidden && channel.participants <= TOLD_MAX
}
