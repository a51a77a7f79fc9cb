//! Admins, restrictions and bans.

use bytes::Bytes;
use store::{ChannelId, PeerId, UserId};
use tl_api::{constructors, types};

use super::ChannelError;
use super::join::{Entry, tells_of_members};
use super::member::{ADMINS_MAX, Standing};
use super::record::ChannelMember;
use super::show::may_edit_admin;
use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Batch;
use crate::publish::Actor;
use crate::right::{self, admin};
use crate::time::Now;

/// The most characters of a rank.
const RANK_CHARS_MAX: usize = 16;
/// Restrictions shorter or longer than these, seconds, are for ever.
const SHORTEST_S: u32 = 30;
const LONGEST_S: u32 = 366 * 86_400;

/// A rank that is short enough and has no emoji; `None` for none.
pub(crate) fn clean_rank(rank: &str) -> Result<Option<String>> {
    let rank = rank.trim();
    if rank.chars().count() > RANK_CHARS_MAX {
        return Err(ChannelError::RankInvalid.into());
    }
    let emoji = |c: char| matches!(u32::from(c), 0x2190..=0x2bff | 0x1f000..=0x1faff | 0xfe0f | 0x20e3 | 0xe0000..=0xe007f);
    if rank.chars().any(emoji) {
        return Err(ChannelError::RankEmoji.into());
    }
    Ok((!rank.is_empty()).then(|| rank.to_owned()))
}

/// Until when, as it is kept: 0 for ever.
fn clean_until(until: i32, now: Now) -> u32 {
    let until = until.max(0).unsigned_abs();
    let ahead = until.saturating_sub(now.unix_s());
    if until <= now.unix_s() || !(SHORTEST_S..=LONGEST_S).contains(&ahead) {
        0
    } else {
        until
    }
}

impl Messenger {
    /// The row of a user of a channel, or what it would be.
    async fn row_of(&self, id: ChannelId, user: UserId) -> Result<ChannelMember> {
        let known = self.channel_member(id, user).await?;
        Ok(known.map_or_else(
            || ChannelMember::new(user),
            |row| ChannelMember::clone(&row),
        ))
    }

    /// Makes somebody an admin with rights and a rank, or with no rights a plain member again. Who is
    /// no member is brought in.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_admin(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        rights: u32,
        rank: Option<&str>,
        now: Now,
    ) -> Result<constructors::Updates> {
        let by = self.acting(actor.user, id, now).await?;
        let rights = rights & admin::mask(by.channel.megagroup);
        let rank = rank.map(clean_rank).transpose()?;
        let account = self.user(user).await?.ok_or(Error::UserUnknown)?;
        if account.deleted {
            return Err(crate::send::SendError::Deleted.into());
        }
        let mut batch = self.lock_channel(id, [actor.user, user], now).await?;
        let by = self.acting(actor.user, id, now).await?;
        let mut row = self.row_of(id, user).await?;
        check_promotion(&by, &row, rights)?;
        let before = row.clone();
        let is_owner = by.channel.creator == user.0;
        let mut entered = false;
        if !row.present && rights != 0 {
            if !self.may_bring(&by, user, now).await? {
                return Err(ChannelError::PrivacyRestricted.into());
            }
            let entry = Entry {
                inviter: actor.user,
                via_request: false,
            };
            self.enter(&mut batch, id, &[user], entry, now).await?;
            row = self.row_of(id, user).await?;
            entered = true;
        }
        self.change_channel(id, |channel| {
            channel.admins.retain(|admin| *admin != user.0);
            if rights != 0 && !is_owner {
                channel.admins.push(user.0);
                if channel.admins.len() >= ADMINS_MAX {
                    return Err(ChannelError::AdminsTooMany.into());
                }
            }
            Ok(())
        })
        .await?;
        row.admin_rights = if is_owner {
            rights & admin::ANONYMOUS
        } else {
            rights
        };
        if rights != 0 && !is_owner {
            if before.admin_rights == 0 {
                row.promoted_by = actor.user.0;
                row.promoted_at = now.unix_s();
            }
            row.banned_rights = 0;
        }
        if let Some(rank) = rank {
            row.rank = rank;
        }
        self.put_channel_member(id, row.clone(), now).await?;
        let action = types::ChannelAdminLogEventAction::ParticipantToggleAdmin(Box::new(
            constructors::ChannelAdminLogEventActionParticipantToggleAdmin {
                prev_participant: self.show_member(&by, &before, now),
                new_participant: self.show_member(&by, &row, now),
            },
        ));
        self.log(&mut batch, id, actor.user, action, now).await?;
        let by = self.standing(actor.user, id, now).await?;
        if entered && tells_of_members(&by.channel) {
            let action = types::MessageAction::ChatAddUser {
                users: vec![user.0],
            };
            self.put_service(&mut batch, &by, action, now).await?;
        }
        tell_both(&mut batch, actor.user, user, id);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Whether somebody may be made a member by making them an admin.
    async fn may_bring(&self, by: &Standing, user: UserId, now: Now) -> Result<bool> {
        if self.is_bot(user).await? {
            return Ok(true);
        }
        by.need_that(by.may(admin::INVITE_USERS, right::INVITE_USERS))?;
        self.check_invited(by, user, now).await
    }

    /// Takes rights away from somebody, or gives them back; who may not even look is put out.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_banned(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        rights: u32,
        until: i32,
        now: Now,
    ) -> Result<constructors::Updates> {
        if user == actor.user {
            return Err(Error::UserUnknown);
        }
        let mut batch = self.lock_channel(id, [actor.user, user], now).await?;
        let by = self.acting(actor.user, id, now).await?;
        let before = self.row_of(id, user).await?;
        let is_admin = before.present && before.admin_rights != 0;
        if by.channel.creator == user.0 || is_admin && !may_edit_admin(&by, &before) {
            return Err(ChannelError::AdminFixed.into());
        }
        by.need(admin::BAN_USERS)?;
        let mut rights = rights & right::CHANNEL_BITS;
        if !by.channel.megagroup {
            rights &= right::VIEW_MESSAGES;
        }
        let mut row = before.clone();
        row.banned_rights = rights;
        row.banned_until = if rights == 0 {
            0
        } else {
            clean_until(until, now)
        };
        row.banned_by = if rights == 0 { 0 } else { actor.user.0 };
        row.banned_at = if rights == 0 { 0 } else { now.unix_s() };
        if rights != 0 {
            row.admin_rights = 0;
        }
        let kicked = rights & right::VIEW_MESSAGES != 0;
        if kicked && before.present && tells_of_members(&by.channel) {
            let action = types::MessageAction::ChatDeleteUser { user_id: user.0 };
            self.put_service(&mut batch, &by, action, now).await?;
        }
        if kicked && before.present {
            self.go_out(&mut batch, id, row.clone(), now).await?;
            row.present = false;
        } else {
            if is_admin && rights != 0 {
                self.change_channel(id, |channel| {
                    channel.admins.retain(|admin| *admin != user.0);
                    Ok(())
                })
                .await?;
            }
            self.put_channel_member(id, row.clone(), now).await?;
        }
        if by.channel.requests.iter().any(|other| other.user == user.0) {
            self.forget_request(id, user).await?;
        }
        let action = types::ChannelAdminLogEventAction::ParticipantToggleBan(Box::new(
            constructors::ChannelAdminLogEventActionParticipantToggleBan {
                prev_participant: self.show_member(&by, &before, now),
                new_participant: self.show_member(&by, &row, now),
            },
        ));
        self.log(&mut batch, id, actor.user, action, now).await?;
        tell_both(&mut batch, actor.user, user, id);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Gives somebody a rank.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_rank(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        rank: &str,
        now: Now,
    ) -> Result<constructors::Updates> {
        let rank = clean_rank(rank)?;
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let by = self.acting(actor.user, id, now).await?;
        by.need_megagroup()?;
        if user == actor.user {
            let may = by.is_admin() || by.denied() & right::EDIT_RANK == 0;
            by.need_that(may && by.is_member())?;
        } else {
            by.need(admin::MANAGE_RANKS)?;
        }
        let row = self.channel_member(id, user).await?;
        let row = row.filter(|row| row.present);
        let mut row = ChannelMember::clone(&*row.ok_or(ChannelError::NotParticipant)?);
        let before = std::mem::replace(&mut row.rank, rank);
        if before == row.rank {
            return Err(ChannelError::Same.into());
        }
        let action = types::ChannelAdminLogEventAction::ParticipantEditRank(Box::new(
            constructors::ChannelAdminLogEventActionParticipantEditRank {
                user_id: user.0,
                prev_rank: before.unwrap_or_default().into(),
                new_rank: row.rank.clone().unwrap_or_default().into(),
            },
        ));
        self.put_channel_member(id, row, now).await?;
        self.log(&mut batch, id, actor.user, action, now).await?;
        tell_both(&mut batch, actor.user, user, id);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Makes another admin the owner.
    ///
    /// # Errors
    /// `AdminRequired`, `UserUnknown` for who is no admin, or when the store fails.
    pub async fn set_channel_owner(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user, user], now).await?;
        let by = self.acting(actor.user, id, now).await?;
        by.need_creator()?;
        let old = self.row_of(id, actor.user).await?;
        let new = self.row_of(id, user).await?;
        let fits = new.present && new.admin_rights != 0 && !new.bot && user != actor.user;
        if !fits {
            return Err(Error::UserUnknown);
        }
        self.change_channel(id, |channel| {
            channel.creator = user.0;
            channel.admins.retain(|admin| *admin != user.0);
            channel.admins.push(actor.user.0);
            Ok(())
        })
        .await?;
        let old = ChannelMember {
            admin_rights: admin::of_creator(by.channel.megagroup),
            promoted_by: user.0,
            promoted_at: now.unix_s(),
            ..old
        };
        let new = ChannelMember {
            admin_rights: new.admin_rights & admin::ANONYMOUS,
            ..new
        };
        self.put_channel_member(id, old, now).await?;
        self.put_channel_member(id, new, now).await?;
        let by = self.standing(actor.user, id, now).await?;
        if by.channel.megagroup {
            let action = types::MessageAction::ChangeCreator {
                new_creator_id: user.0,
            };
            self.put_service(&mut batch, &by, action, now).await?;
        }
        tell_both(&mut batch, actor.user, user, id);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }
}

fn tell_both(batch: &mut Batch<'_>, actor: UserId, user: UserId, id: ChannelId) {
    let update = types::Update::Channel { channel_id: id.0 };
    if user != actor {
        batch.tell(user, update.clone());
    }
    batch.tell(actor, update);
}

/// Whether somebody may be given rights (1.3).
fn check_promotion(by: &Standing, row: &ChannelMember, rights: u32) -> Result<()> {
    if row.user == by.channel.creator {
        // The owner alone says whether the owner is anonymous.
        return if by.is_creator() {
            Ok(())
        } else {
            Err(ChannelError::Creator.into())
        };
    }
    if row.user == by.user.0 {
        return Err(Error::UserUnknown);
    }
    by.need(admin::ADD_ADMINS)?;
    if row.present && row.admin_rights != 0 && !may_edit_admin(by, row) {
        return Err(ChannelError::AdminFixed.into());
    }
    let own = by.admin_rights() | if by.is_creator() { admin::ANONYMOUS } else { 0 };
    if rights & !own != 0 {
        return Err(ChannelError::RightForbidden.into());
    }
    if row.restrictions(u32::MAX - 1) & right::VIEW_MESSAGES != 0
        && row.banned_until == 0
        && !by.may_as_admin(admin::BAN_USERS)
    {
        return Err(ChannelError::Kicked.into());
    }
    Ok(())
}

impl Messenger {
    /// In whose name somebody writes from now on: their own, that of the group, or that of a public
    /// channel they own.
    ///
    /// # Errors
    /// `SendAsInvalid`, or when the store fails.
    pub async fn save_send_as(
        &self,
        user: UserId,
        id: ChannelId,
        send_as: PeerId,
        now: Now,
    ) -> Result<()> {
        let standing = self.reading(user, id, now).await?;
        let fits = match send_as {
            PeerId::User(other) => other == user,
            PeerId::Channel(other) if other == id => {
                standing.may_as_admin(admin::ANONYMOUS) || !standing.channel.megagroup
            }
            PeerId::Channel(other) => {
                standing.channel.megagroup && self.own_public_channels(user).await?.contains(&other)
            }
            PeerId::Chat(_) => false,
        };
        if !fits {
            return Err(ChannelError::SendAsInvalid.into());
        }
        let wanted = match send_as {
            PeerId::Channel(other) if standing.channel.megagroup => other.0,
            PeerId::Channel(_) | PeerId::Chat(_) | PeerId::User(_) => 0,
        };
        let _batch = self.lock_channel(id, [user], now).await?;
        let row = self.channel_member(id, user).await?;
        if let Some(row) = row.filter(|row| row.present && row.send_as != wanted) {
            let row = ChannelMember {
                send_as: wanted,
                ..ChannelMember::clone(&row)
            };
            self.put_channel_member(id, row, now).await?;
        }
        Ok(())
    }
}
