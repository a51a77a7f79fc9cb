//! Channels and their members as somebody is shown them (1.1, 1.5).

use store::{ChannelId, PeerId, UserId};
use tl_api::{constructors, types};

use super::member::Standing;
use super::record::{Channel, ChannelMember};
use crate::Messenger;
use crate::error::Result;
use crate::peer::tl_peer;
use crate::right::{self, admin};
use crate::show::{admin_rights, banned_rights, banned_rights_until};
use crate::time::Now;

impl Messenger {
    /// A channel as `viewer` is shown it; `None` when there never was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn show_channel_to(
        &self,
        viewer: UserId,
        id: ChannelId,
        now: Now,
    ) -> Result<Option<types::Chat>> {
        if self.channel(id).await?.is_none() {
            return Ok(None);
        }
        let standing = self.standing(viewer, id, now).await?;
        let was_there = standing.member.is_some() && !standing.is_banned();
        let shows = !standing.channel.deleted
            && (was_there || standing.is_creator() || self.may_read(&standing, now).await?);
        Ok(Some(if shows {
            self.show_channel(&standing)
        } else {
            self.show_forbidden(&standing)
        }))
    }

    fn show_forbidden(&self, standing: &Standing) -> types::Chat {
        let channel = &standing.channel;
        let mut shown = constructors::ChannelForbidden::new(
            channel.id,
            self.access.peer(standing.user, channel.peer()),
            channel.title.as_str().into(),
        );
        shown.broadcast = !channel.megagroup;
        shown.megagroup = channel.megagroup;
        let until = standing
            .member
            .as_ref()
            .filter(|_| standing.is_banned())
            .map_or(0, |member| member.banned_until);
        shown.until_date = (until != 0).then(|| until.cast_signed());
        types::Chat::ChannelForbidden(Box::new(shown))
    }

    /// A channel as somebody who may see it is shown it.
    #[must_use]
    pub fn show_channel(&self, standing: &Standing) -> types::Chat {
        let channel = &standing.channel;
        let member = standing.member.as_ref().filter(|member| member.present);
        let photo = self.chat_photo(channel.photo.as_ref());
        let date = member.map_or(channel.created, |member| member.date);
        let mut shown = constructors::Channel::new(
            channel.id,
            channel.title.as_str().into(),
            photo,
            date.cast_signed(),
        );
        shown.creator = standing.is_creator();
        shown.left = member.is_none();
        shown.broadcast = !channel.megagroup;
        shown.megagroup = channel.megagroup;
        shown.access_hash = Some(self.access.peer(standing.user, channel.peer()));
        shown.username = channel.username.as_deref().map(Into::into);
        shown.noforwards = channel.noforwards;
        shown.has_link = channel.linked != 0;
        shown.participants_count = Some(i32::try_from(channel.participants).unwrap_or(i32::MAX));
        if channel.megagroup {
            shown.slowmode_enabled = channel.slowmode_s != 0;
            shown.join_to_send = channel.join_to_send;
            shown.join_request = channel.join_request;
            shown.forum = channel.forum;
            shown.forum_tabs = channel.forum_tabs;
            shown.default_banned_rights = Some(banned_rights(channel.banned_rights));
        } else {
            shown.signatures = channel.signatures;
            shown.signature_profiles = channel.signature_profiles;
        }
        if standing.is_admin() {
            shown.admin_rights = Some(admin_rights(standing.admin_rights()));
        }
        let restrictions = standing.restrictions();
        if restrictions != 0 && !standing.is_admin() {
            let until = standing.member.as_ref().map_or(0, |row| row.banned_until);
            shown.banned_rights = Some(banned_rights_until(restrictions, until));
        }
        types::Chat::Channel(Box::new(shown))
    }

    /// A member as `viewer` is shown them.
    #[must_use]
    pub fn show_member(
        &self,
        viewer: &Standing,
        row: &ChannelMember,
        now: Now,
    ) -> types::ChannelParticipant {
        show_row(viewer, &viewer.channel, row, now)
    }
}

/// Whether an admin may be changed by somebody.
#[must_use]
pub(crate) fn may_edit_admin(by: &Standing, row: &ChannelMember) -> bool {
    row.user != by.channel.creator
        && (by.is_creator() || by.may_as_admin(admin::ADD_ADMINS) && row.promoted_by == by.user.0)
}

fn show_row(
    viewer: &Standing,
    channel: &Channel,
    row: &ChannelMember,
    now: Now,
) -> types::ChannelParticipant {
    use types::ChannelParticipant as Shown;
    let peer = tl_peer(PeerId::User(UserId(row.user)));
    let rank = || row.rank.as_deref().map(Into::into);
    let is_self = viewer.user.0 == row.user;
    let restrictions = row.restrictions(now.unix_s());
    if row.user == channel.creator && row.present {
        let rights = admin::of_creator(channel.megagroup) | row.admin_rights & admin::ANONYMOUS;
        let mut shown =
            constructors::ChannelParticipantCreator::new(row.user, admin_rights(rights));
        shown.rank = rank();
        return Shown::Creator(Box::new(shown));
    }
    if restrictions != 0 {
        let mut shown = constructors::ChannelParticipantBanned::new(
            peer,
            row.banned_by,
            row.banned_at.cast_signed(),
            banned_rights_until(restrictions, row.banned_until),
        );
        shown.left = !row.present || restrictions & right::VIEW_MESSAGES != 0;
        shown.rank = rank();
        return Shown::Banned(Box::new(shown));
    }
    if !row.present {
        return Shown::Left { peer };
    }
    if row.admin_rights != 0 {
        let mut shown = constructors::ChannelParticipantAdmin::new(
            row.user,
            row.promoted_by,
            row.promoted_at.cast_signed(),
            admin_rights(row.admin_rights),
        );
        shown.can_edit = may_edit_admin(viewer, row);
        shown.self_ = is_self;
        shown.inviter_id = is_self.then_some(row.inviter);
        shown.rank = rank();
        return Shown::Admin(Box::new(shown));
    }
    let date = row.date.cast_signed();
    if is_self {
        let mut shown = constructors::ChannelParticipantSelf::new(row.user, row.inviter, date);
        shown.via_request = row.via_request;
        shown.rank = rank();
        return Shown::Self_(Box::new(shown));
    }
    let mut shown = constructors::ChannelParticipant::new(row.user, date);
    shown.rank = rank();
    Shown::ChannelParticipant(Box::new(shown))
}

/// Whom a member names besides themselves.
pub fn named_by(row: &ChannelMember, peers: &mut crate::Peers) {
    for user in [row.user, row.inviter, row.promoted_by, row.banned_by] {
        peers.add_user(user);
    }
}
