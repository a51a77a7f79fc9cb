//! Who is what in a channel, and what they may do (1.3–1.6).

use std::sync::Arc;

use store::{ChannelId, Member, PeerId, UserId};

use super::ChannelError;
use super::record::{Channel, ChannelMember};
use crate::Messenger;
use crate::error::{Error, Result};
use crate::record::Record as _;
use crate::right::{self, admin};
use crate::time::Now;

/// The most admins of a channel.
pub const ADMINS_MAX: usize = 50;

/// Roles in the list of members.
const MEMBER: u8 = 0;
const LEFT: u8 = 1;
const BANNED: u8 = 2;

/// What a user is to a channel.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The channel.
    pub channel: Arc<Channel>,
    /// The user.
    pub user: UserId,
    /// Their row.
    pub member: Option<Arc<ChannelMember>>,
    now_s: u32,
}

impl Standing {
    /// Owns the channel.
    #[must_use]
    pub fn is_creator(&self) -> bool {
        self.channel.creator == self.user.0
    }

    /// Is a member.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.present)
    }

    /// The rights as an admin; those of the owner are all.
    #[must_use]
    pub fn admin_rights(&self) -> u32 {
        let own = self.member.as_ref().map_or(0, |member| member.admin_rights);
        if self.is_creator() {
            admin::of_creator(self.channel.megagroup) | own & admin::ANONYMOUS
        } else if self.is_member() {
            own
        } else {
            0
        }
    }

    /// Is an admin.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.admin_rights() != 0
    }

    /// Has one of the rights of admins.
    #[must_use]
    pub fn may_as_admin(&self, needed: u32) -> bool {
        self.admin_rights() & needed != 0
    }

    /// What was taken away from this user.
    #[must_use]
    pub fn restrictions(&self) -> u32 {
        if self.is_creator() {
            return 0;
        }
        self.member
            .as_ref()
            .map_or(0, |member| member.restrictions(self.now_s))
    }

    /// May not even look.
    #[must_use]
    pub fn is_banned(&self) -> bool {
        self.restrictions() & right::VIEW_MESSAGES != 0
    }

    /// What may not be done: nothing is kept from admins.
    #[must_use]
    pub fn denied(&self) -> u32 {
        if self.is_admin() {
            0
        } else {
            right::with_implied(self.channel.banned_rights | self.restrictions())
        }
    }

    /// As an admin with the right, or as a member of a supergroup from whom it is not kept.
    #[must_use]
    pub fn may(&self, as_admin: u32, not_denied: u32) -> bool {
        self.may_as_admin(as_admin)
            || self.channel.megagroup
                && self.is_member()
                && !self.is_admin()
                && self.denied() & not_denied == 0
    }

    /// The first message that may be seen.
    #[must_use]
    pub fn available_min(&self) -> i32 {
        self.member
            .as_ref()
            .filter(|member| member.present)
            .map_or(0, |member| member.available_min)
    }

    /// Refuses who lacks a right of admins (0.7).
    ///
    /// # Errors
    /// `ChatWriteForbidden` for who is no member, `AdminRequired`.
    pub fn need(&self, needed: u32) -> Result<()> {
        self.need_that(self.may_as_admin(needed))
    }

    /// Refuses by what is known already.
    ///
    /// # Errors
    /// As [`Standing::need`].
    pub fn need_that(&self, may: bool) -> Result<()> {
        if may {
            Ok(())
        } else if self.is_member() || self.is_creator() {
            Err(Error::AdminRequired)
        } else {
            Err(Error::ChatWriteForbidden)
        }
    }

    /// Refuses who does not own the channel.
    ///
    /// # Errors
    /// As [`Standing::need`].
    pub fn need_creator(&self) -> Result<()> {
        self.need_that(self.is_creator())
    }

    /// Refuses for a broadcast channel.
    ///
    /// # Errors
    /// `NotMegagroup`.
    pub fn need_megagroup(&self) -> Result<()> {
        if self.channel.megagroup {
            Ok(())
        } else {
            Err(ChannelError::NotMegagroup.into())
        }
    }

    /// May see who is in it.
    #[must_use]
    pub fn sees_members(&self) -> bool {
        self.is_admin()
            || self.channel.megagroup && !self.channel.participants_hidden && self.is_member()
    }
}

impl Messenger {
    /// A channel; `None` when there never was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel(&self, id: ChannelId) -> Result<Option<Arc<Channel>>> {
        if let Some(channel) = self.channels.get(&id) {
            return Ok(Some(channel));
        }
        let before = self.changes();
        let Some(profile) = self.store.profile(PeerId::Channel(id)).await? else {
            return Ok(None);
        };
        let channel = Arc::new(Channel::from_bytes(&profile.body)?);
        self.channels.insert(id, Arc::clone(&channel));
        if self.changes() != before {
            self.channels.remove(&id);
        }
        Ok(Some(channel))
    }

    /// Changes a channel and returns what it is now. `change` may be called more than once.
    ///
    /// # Errors
    /// What `change` says, `Unknown`, or when the store fails.
    pub async fn change_channel(
        &self,
        id: ChannelId,
        mut change: impl FnMut(&mut Channel) -> Result<()> + Send,
    ) -> Result<Arc<Channel>> {
        loop {
            let stored = self.store.profile(PeerId::Channel(id)).await?;
            let profile = stored.ok_or(ChannelError::Unknown)?;
            let mut channel = Channel::from_bytes(&profile.body)?;
            change(&mut channel)?;
            channel.version += 1;
            let put = self
                .store
                .put_profile(PeerId::Channel(id), profile.version, channel.to_bytes())
                .await;
            match put {
                Err(store::Error::Conflict(_)) => {}
                other => {
                    self.changed();
                    self.channels.remove(&id);
                    other?;
                    return Ok(Arc::new(channel));
                }
            }
        }
    }

    /// The row of a user, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_member(
        &self,
        id: ChannelId,
        user: UserId,
    ) -> Result<Option<Arc<ChannelMember>>> {
        if let Some(member) = self.channel_members.get(&(id, user)) {
            return Ok(member);
        }
        let before = self.changes();
        let stored = self.store.member(PeerId::Channel(id), user).await?;
        let member = match stored {
            Some(member) => Some(Arc::new(ChannelMember::from_bytes(&member.facts)?)),
            None => None,
        };
        self.channel_members.insert((id, user), member.clone());
        if self.changes() != before {
            self.channel_members.remove(&(id, user));
        }
        Ok(member)
    }

    /// Writes the row of a user. The mailbox of the channel must be locked.
    pub(crate) async fn put_channel_member(
        &self,
        id: ChannelId,
        member: ChannelMember,
        now: Now,
    ) -> Result<()> {
        let banned = member.restrictions(now.unix_s()) & right::VIEW_MESSAGES != 0;
        let role = match (member.present, banned) {
            (true, _) => MEMBER,
            (false, true) => BANNED,
            (false, false) => LEFT,
        };
        let user = UserId(member.user);
        let row = Member {
            user,
            role,
            date: member.date,
            facts: member.to_bytes(),
        };
        let put = self.store.put_member(PeerId::Channel(id), row).await;
        self.changed();
        self.channel_members.remove(&(id, user));
        put?;
        self.note_in_roster(id, &member);
        if member.present {
            self.watchers.join(id, user);
        } else {
            self.watchers.leave(id, user);
        }
        Ok(())
    }

    /// What a user is to a channel that exists.
    ///
    /// # Errors
    /// `Unknown`, or when the store fails.
    pub async fn standing(&self, user: UserId, id: ChannelId, now: Now) -> Result<Standing> {
        let channel = self.channel(id).await?.ok_or(ChannelError::Unknown)?;
        Ok(Standing {
            member: self.channel_member(id, user).await?,
            channel,
            user,
            now_s: now.unix_s(),
        })
    }

    /// What a user is to a channel that they may read (0.5, 1.6).
    ///
    /// # Errors
    /// `Private`, `Unknown`, or when the store fails.
    pub async fn reading(&self, user: UserId, id: ChannelId, now: Now) -> Result<Standing> {
        let standing = self.standing(user, id, now).await?;
        if self.may_read(&standing, now).await? {
            Ok(standing)
        } else {
            Err(ChannelError::Private.into())
        }
    }

    /// Whether a channel may be read.
    pub(crate) async fn may_read(&self, standing: &Standing, now: Now) -> Result<bool> {
        let channel = &standing.channel;
        if channel.deleted || standing.is_banned() {
            return Ok(false);
        }
        if standing.is_member() || standing.is_creator() || channel.is_public() {
            return Ok(true);
        }
        if !channel.megagroup || channel.linked == 0 {
            return Ok(false);
        }
        // The discussion group of a channel that may be read.
        let linked = ChannelId(channel.linked);
        let Ok(other) = self.standing(standing.user, linked, now).await else {
            return Ok(false);
        };
        Ok(!other.channel.deleted
            && !other.is_banned()
            && (other.is_member() || other.channel.is_public()))
    }

    /// What a user is to a channel that they are a member of, or own.
    ///
    /// # Errors
    /// `Private`, `Unknown`, or when the store fails.
    pub async fn acting(&self, user: UserId, id: ChannelId, now: Now) -> Result<Standing> {
        self.reading(user, id, now).await
    }
}
