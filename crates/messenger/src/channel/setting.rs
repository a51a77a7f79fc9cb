//! What a channel is called and how it behaves (1.11).

use bytes::Bytes;
use store::{ChannelId, MailboxId, NameKind};
use tl_api::{constructors, types};

use super::ChannelError;
use super::member::Standing;
use super::record::Channel;
use crate::Messenger;
use crate::account::AccountError;
use crate::chat::ChatError;
use crate::error::{Error, Result};
use crate::name::{clean_group_about, clean_title, is_username, username_key};
use crate::publish::Actor;
use crate::right::{self, admin};
use crate::show::banned_rights;
use crate::time::Now;

/// The pauses that slow mode may have, seconds.
const SLOW_MODES: [u32; 8] = [0, 5, 10, 30, 60, 300, 900, 3600];

/// Something of a channel that is on or off, or has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Topics, and whether they are tabs.
    Forum(bool, bool),
    /// Whoever wants to join has to be approved.
    JoinRequest(bool),
    /// Only members write into a discussion group.
    JoinToSend(bool),
    /// Messages may not be taken elsewhere.
    NoForwards(bool),
    /// Only admins see who is in it.
    ParticipantsHidden(bool),
    /// Who joins does not see what was before.
    PrehistoryHidden(bool),
    /// Posts name their author; posts come from their author.
    Signatures(bool, bool),
    /// Seconds between two messages of a member.
    SlowMode(u32),
}

impl Messenger {
    /// Gives a channel another title.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_title(
        &self,
        actor: Actor,
        id: ChannelId,
        title: &str,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let standing = self.info_standing(actor, id, now).await?;
        let title = clean_title(title).ok_or(ChannelError::TitleEmpty)?;
        let before = standing.channel.title.clone();
        if before == title {
            return Err(ChannelError::Same.into());
        }
        self.change_channel(id, |channel| {
            channel.title.clone_from(&title);
            Ok(())
        })
        .await?;
        let action = types::ChannelAdminLogEventAction::ChangeTitle(Box::new(
            constructors::ChannelAdminLogEventActionChangeTitle {
                prev_value: before.into(),
                new_value: title.as_str().into(),
            },
        ));
        self.log(&mut batch, id, actor.user, action, now).await?;
        let action = types::MessageAction::ChatEditTitle {
            title: title.into(),
        };
        self.put_service(&mut batch, &standing, action, now).await?;
        let update = types::Update::Channel { channel_id: id.0 };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Refuses whoever may not change title, photo and text of a channel.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn info_standing(&self, actor: Actor, id: ChannelId, now: Now) -> Result<Standing> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need_that(standing.may(admin::CHANGE_INFO, right::CHANGE_INFO))?;
        Ok(standing)
    }

    /// Gives a channel another photo, or none.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_photo(
        &self,
        actor: Actor,
        id: ChannelId,
        photo: Option<(crate::Photo, types::Photo)>,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (kept, action, shown) = match photo {
            Some((kept, photo)) => (
                Some(kept),
                types::MessageAction::ChatEditPhoto {
                    photo: photo.clone(),
                },
                photo,
            ),
            None => (
                None,
                types::MessageAction::ChatDeletePhoto {},
                types::Photo::Empty { id: 0 },
            ),
        };
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let standing = self.info_standing(actor, id, now).await?;
        let before = standing.channel.photo.clone();
        if before.is_none() && kept.is_none() {
            return Err(ChannelError::Same.into());
        }
        self.change_channel(id, |channel| {
            channel.photo.clone_from(&kept);
            Ok(())
        })
        .await?;
        let entry = types::ChannelAdminLogEventAction::ChangePhoto {
            prev_photo: types::Photo::Empty {
                id: before.map_or(0, |photo| photo.id),
            },
            new_photo: shown,
        };
        self.log(&mut batch, id, actor.user, entry, now).await?;
        self.put_service(&mut batch, &standing, action, now).await?;
        let update = types::Update::Channel { channel_id: id.0 };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Changes the text about a channel.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_about(
        &self,
        actor: Actor,
        id: ChannelId,
        about: &str,
        now: Now,
    ) -> Result<()> {
        let standing = self.info_standing(actor, id, now).await?;
        let about = clean_group_about(about).ok_or(ChannelError::AboutTooLong)?;
        if standing.channel.about == about {
            return Err(ChatError::AboutSame.into());
        }
        let action = types::ChannelAdminLogEventAction::ChangeAbout(Box::new(
            constructors::ChannelAdminLogEventActionChangeAbout {
                prev_value: standing.channel.about.as_str().into(),
                new_value: about.into(),
            },
        ));
        self.change_and_log(actor, id, action, now, |channel| {
            about.clone_into(&mut channel.about);
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Changes a channel, notes it in the log and tells the members.
    pub(crate) async fn change_and_log(
        &self,
        actor: Actor,
        id: ChannelId,
        action: types::ChannelAdminLogEventAction,
        now: Now,
        change: impl FnMut(&mut Channel) -> Result<()> + Send,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        self.change_channel(id, change).await?;
        self.log(&mut batch, id, actor.user, action, now).await?;
        let update = types::Update::Channel { channel_id: id.0 };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Says what plain members may not do.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_banned_rights(
        &self,
        actor: Actor,
        id: ChannelId,
        rights: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let standing = self.acting(actor.user, id, now).await?;
        standing.need(admin::BAN_USERS)?;
        standing.need_megagroup()?;
        let rights = rights & right::CHANNEL_BITS & !right::VIEW_MESSAGES;
        let before = standing.channel.banned_rights;
        if before == rights {
            return Err(ChannelError::Same.into());
        }
        self.change_channel(id, |channel| {
            channel.banned_rights = rights;
            Ok(())
        })
        .await?;
        let action = types::ChannelAdminLogEventAction::DefaultBannedRights(Box::new(
            constructors::ChannelAdminLogEventActionDefaultBannedRights {
                prev_banned_rights: banned_rights(before),
                new_banned_rights: banned_rights(rights),
            },
        ));
        self.log(&mut batch, id, actor.user, action, now).await?;
        let update = constructors::UpdateChatDefaultBannedRights {
            peer: types::Peer::Channel { channel_id: id.0 },
            default_banned_rights: banned_rights(rights),
            version: 0,
        };
        let draft = batch.draft(MailboxId::Channel(id));
        draft.say(types::Update::ChatDefaultBannedRights(Box::new(update)));
        draft.say(types::Update::Channel { channel_id: id.0 });
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Turns something of a channel on or off.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn switch_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        switch: Switch,
        now: Now,
    ) -> Result<constructors::Updates> {
        let standing = self.acting(actor.user, id, now).await?;
        check_switch(&standing, switch)?;
        let channel = &standing.channel;
        let mut changed = Channel::clone(channel);
        set_switch(&mut changed, switch);
        changed.version = channel.version;
        if changed == **channel {
            return Err(ChannelError::Same.into());
        }
        let action = log_of(channel, switch);
        let change = |channel: &mut Channel| {
            set_switch(channel, switch);
            Ok(())
        };
        if let Some(action) = action {
            return self.change_and_log(actor, id, action, now, change).await;
        }
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        self.change_channel(id, change).await?;
        let update = types::Update::Channel { channel_id: id.0 };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Whether a username is free for a channel.
    ///
    /// # Errors
    /// `UsernameInvalid`, or when the store fails.
    pub async fn is_channel_username_free(
        &self,
        channel: Option<ChannelId>,
        username: &str,
    ) -> Result<bool> {
        if !is_username(username) {
            return Err(AccountError::UsernameInvalid.into());
        }
        let owner = self.peer_of_username(username).await?;
        let own = channel.map(store::PeerId::Channel);
        Ok(owner.is_none() || owner == own)
    }

    /// The public channels that a user owns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_public_channels(&self, user: store::UserId) -> Result<Vec<ChannelId>> {
        let mut own = Vec::new();
        for id in self.channels_of(user).await? {
            if let Some(channel) = self.channel(id).await?
                && channel.creator == user.0
                && channel.is_public()
                && !channel.deleted
            {
                own.push(id);
            }
        }
        Ok(own)
    }

    /// Makes a channel public by a username, or private without one.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_username(
        &self,
        actor: Actor,
        id: ChannelId,
        username: &str,
        now: Now,
    ) -> Result<()> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need_creator()?;
        if !username.is_empty() && !is_username(username) {
            return Err(AccountError::UsernameInvalid.into());
        }
        let before = standing.channel.username.clone();
        if before.as_deref().unwrap_or_default() == username {
            return Err(AccountError::UsernameNotModified.into());
        }
        let owner = standing.channel.peer();
        let key = username_key(username);
        if !username.is_empty() {
            if before.is_none()
                && self.own_public_channels(actor.user).await?.len() >= super::PUBLIC_MAX
            {
                return Err(ChannelError::PublicTooMany.into());
            }
            self.claim_username(&key, owner).await?;
        }
        let action = types::ChannelAdminLogEventAction::ChangeUsername(Box::new(
            constructors::ChannelAdminLogEventActionChangeUsername {
                prev_value: before.clone().unwrap_or_default().into(),
                new_value: username.into(),
            },
        ));
        self.change_and_log(actor, id, action, now, |channel| {
            channel.username = (!username.is_empty()).then(|| username.to_owned());
            if !username.is_empty() {
                channel.prehistory_hidden = false;
            } else if channel.linked == 0 {
                channel.join_request = false;
            }
            Ok(())
        })
        .await?;
        if let Some(old) = before
            .map(|old| username_key(&old))
            .filter(|old| *old != key)
        {
            self.store
                .release_name(NameKind::Username, old, owner)
                .await?;
        }
        Ok(())
    }

    /// Messages go after so many seconds; 0 for never.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_channel_ttl(
        &self,
        actor: Actor,
        id: ChannelId,
        period: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let standing = self.acting(actor.user, id, now).await?;
        standing.need(admin::CHANGE_INFO | admin::DELETE_MESSAGES)?;
        let before = standing.channel.ttl_period;
        if before == period {
            return Err(ChannelError::Same.into());
        }
        self.change_channel(id, |channel| {
            channel.ttl_period = period;
            Ok(())
        })
        .await?;
        let action = types::ChannelAdminLogEventAction::ChangeHistoryTTL {
            prev_value: before.cast_signed(),
            new_value: period.cast_signed(),
        };
        self.log(&mut batch, id, actor.user, action, now).await?;
        let action = types::MessageAction::SetMessagesTTL {
            period: period.cast_signed(),
            auto_setting_from: None,
        };
        self.put_service(&mut batch, &standing, action, now).await?;
        let update = types::Update::PeerHistoryTTL {
            peer: types::Peer::Channel { channel_id: id.0 },
            ttl_period: (period > 0).then(|| period.cast_signed()),
        };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }
}

fn check_switch(standing: &Standing, switch: Switch) -> Result<()> {
    let channel = &standing.channel;
    match switch {
        Switch::Forum(..) => {
            standing.need_megagroup()?;
            standing.need_creator()?;
            if channel.linked != 0 {
                return Err(ChannelError::LinkExists.into());
            }
        }
        Switch::JoinRequest(on) => {
            standing.need_megagroup()?;
            standing.need(admin::BAN_USERS)?;
            if on && !channel.is_public() && channel.linked == 0 {
                return Err(ChannelError::PublicRequired.into());
            }
        }
        Switch::JoinToSend(on) => {
            standing.need_megagroup()?;
            standing.need(admin::BAN_USERS)?;
            if on && channel.linked == 0 {
                return Err(ChannelError::PublicRequired.into());
            }
        }
        Switch::NoForwards(_) => standing.need_creator()?,
        Switch::ParticipantsHidden(_) => {
            standing.need_megagroup()?;
            standing.need(admin::BAN_USERS)?;
        }
        Switch::PrehistoryHidden(on) => {
            standing.need_megagroup()?;
            standing.need_that(standing.may(admin::CHANGE_INFO, right::CHANGE_INFO))?;
            if on && (channel.linked != 0 || channel.is_public()) {
                return Err(ChannelError::LinkExists.into());
            }
            if on && channel.forum {
                return Err(ChannelError::Forum.into());
            }
        }
        Switch::Signatures(..) => {
            if channel.megagroup {
                return Err(ChannelError::NotBroadcast.into());
            }
            standing.need(admin::CHANGE_INFO)?;
        }
        Switch::SlowMode(seconds) => {
            standing.need_megagroup()?;
            standing.need(admin::BAN_USERS)?;
            if !SLOW_MODES.contains(&seconds) {
                return Err(Error::Channel(ChannelError::SlowMode(0)));
            }
        }
    }
    Ok(())
}

fn set_switch(channel: &mut Channel, switch: Switch) {
    match switch {
        Switch::Forum(on, tabs) => {
            channel.forum = on;
            channel.forum_tabs = on && tabs;
        }
        Switch::JoinRequest(on) => channel.join_request = on,
        Switch::JoinToSend(on) => channel.join_to_send = on,
        Switch::NoForwards(on) => channel.noforwards = on,
        Switch::ParticipantsHidden(on) => channel.participants_hidden = on,
        Switch::PrehistoryHidden(on) => channel.prehistory_hidden = on,
        Switch::Signatures(on, profiles) => {
            channel.signatures = on || profiles;
            channel.signature_profiles = profiles;
        }
        Switch::SlowMode(seconds) => channel.slowmode_s = seconds,
    }
}

/// What the log says of it.
fn log_of(channel: &Channel, switch: Switch) -> Option<types::ChannelAdminLogEventAction> {
    use types::ChannelAdminLogEventAction as Action;
    Some(match switch {
        Switch::Forum(new_value, _) => Action::ToggleForum { new_value },
        Switch::NoForwards(new_value) => Action::ToggleNoForwards { new_value },
        Switch::PrehistoryHidden(new_value) => Action::TogglePreHistoryHidden { new_value },
        Switch::Signatures(on, profiles) => {
            if profiles == channel.signature_profiles {
                Action::ToggleSignatures { new_value: on }
            } else {
                Action::ToggleSignatureProfiles {
                    new_value: profiles,
                }
            }
        }
        Switch::SlowMode(seconds) => Action::ToggleSlowMode {
            prev_value: channel.slowmode_s.cast_signed(),
            new_value: seconds.cast_signed(),
        },
        Switch::JoinRequest(_) | Switch::JoinToSend(_) | Switch::ParticipantsHidden(_) => {
            return None;
        }
    })
}
