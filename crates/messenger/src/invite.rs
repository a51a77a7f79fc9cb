//! Links by which people come into groups and channels (B.10).

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{ChannelId, ChatId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::channel::{ChannelError, Entry, Standing};
use crate::error::{Error, Result};
use crate::publish::Actor;
use crate::record::{Chat, Record};
use crate::right::{self, admin};
use crate::time::Now;

/// The scope that says which group a link belongs to.
const SCOPE: &str = "invite";
/// The most links of one group.
const INVITES_MAX: usize = 1_000;
/// The most people of one link that are known by name.
const JOINED_MAX: usize = 1_000;
/// What links begin with in the log of a channel.
const LINK_PREFIX: &str = "https://t.me/";

/// Why a link is not made, changed or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// There is no such link, or it is of no use any more.
    #[error("the link is not valid any more")]
    Expired,
    /// There are as many links as one admin may have.
    #[error("too many links")]
    TooMany,
    /// The one permanent link of an admin can only be revoked.
    #[error("a permanent link can only be revoked")]
    Permanent,
    /// A link is limited, or asks for requests.
    #[error("a link that asks for requests has no limit")]
    LimitAndRequest,
    /// Only revoked links can be deleted.
    #[error("the link is not revoked")]
    NotRevoked,
}

/// A link into a group.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Invite {
    /// What makes the link its own.
    #[n(0)]
    pub hash: String,
    /// The group or channel: they never share a number.
    #[n(1)]
    pub chat: i64,
    /// Whose link it is.
    #[n(2)]
    pub admin: i64,
    /// When it was made, Unix seconds.
    #[n(3)]
    pub date: u32,
    /// The one link that its admin always has.
    #[n(4)]
    #[cbor(default)]
    pub permanent: bool,
    /// It is of no use any more.
    #[n(5)]
    #[cbor(default)]
    pub revoked: bool,
    /// How its admin calls it.
    #[n(6)]
    #[cbor(default)]
    pub title: Option<String>,
    /// Unix seconds after which it is of no use; 0 for never.
    #[n(7)]
    #[cbor(default)]
    pub expires_at: u32,
    /// How many may come by it; 0 for any number.
    #[n(8)]
    #[cbor(default)]
    pub usage_limit: u32,
    /// Who came by it; of very many only the newest.
    #[n(9)]
    #[cbor(default)]
    pub joined: Vec<Joined>,
    /// Whoever wants to come by it has to be approved.
    #[n(10)]
    #[cbor(default)]
    pub request_needed: bool,
    /// How many came by it.
    #[n(11)]
    #[cbor(default)]
    pub usage: u32,
    /// It leads into a channel or supergroup.
    #[n(12)]
    #[cbor(default)]
    pub into_channel: bool,
}

/// Somebody who came by a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Joined {
    /// Who.
    #[n(0)]
    pub user: i64,
    /// When, Unix seconds.
    #[n(1)]
    pub date: u32,
    /// Who let them in; 0 for nobody.
    #[n(2)]
    #[cbor(default)]
    pub approved_by: i64,
}

impl Record for Invite {}

impl Invite {
    /// Whether somebody may still come by it.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        let used = self.used();
        !self.revoked
            && (self.expires_at == 0 || self.expires_at > now.unix_s())
            && (self.usage_limit == 0 || used < self.usage_limit)
    }

    /// Where it leads.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        if self.into_channel {
            PeerId::Channel(ChannelId(self.chat))
        } else {
            PeerId::Chat(ChatId(self.chat))
        }
    }

    /// How many came by it.
    #[must_use]
    pub fn used(&self) -> u32 {
        let known = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
        self.usage.max(known)
    }

    /// One more came by it.
    pub(crate) fn count_in(&mut self, user: UserId, now: Now, approved_by: UserId) {
        self.usage = self.used().saturating_add(1);
        self.joined.retain(|joined| joined.user != user.0);
        self.joined.push(Joined {
            user: user.0,
            date: now.unix_s(),
            approved_by: approved_by.0,
        });
        let surplus = self.joined.len().saturating_sub(JOINED_MAX);
        self.joined.drain(..surplus);
    }

    /// As clients see it.
    #[must_use]
    pub fn show(&self, link_prefix: &str) -> types::ExportedChatInvite {
        let link = format!("{link_prefix}+{}", self.hash);
        let mut shown =
            constructors::ChatInviteExported::new(link.into(), self.admin, self.date.cast_signed());
        shown.permanent = self.permanent;
        shown.revoked = self.revoked;
        shown.title = self.title.as_deref().map(Into::into);
        shown.expire_date = (self.expires_at != 0).then(|| self.expires_at.cast_signed());
        shown.usage_limit = (self.usage_limit != 0).then(|| self.usage_limit.cast_signed());
        shown.request_needed = self.request_needed;
        let used = i32::try_from(self.used()).unwrap_or(i32::MAX);
        shown.usage = (used > 0).then_some(used);
        types::ExportedChatInvite::ChatInviteExported(Box::new(shown))
    }
}

/// Where a link leads.
#[derive(Clone, Debug)]
pub enum InvitedTo {
    /// Into a channel or supergroup; what its admin is to it.
    Channel(Standing),
    /// Into a basic group.
    Chat(Chat),
}

/// Whether a text can be the hash of a link at all.
fn is_hash(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
}

fn scope(peer: PeerId) -> String {
    format!("{SCOPE}s/{}", peer.parts().1)
}

impl Messenger {
    /// Refuses whoever may not make links into the group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn check_inviting(&self, user: UserId, peer: PeerId, now: Now) -> Result<()> {
        let id = match peer {
            PeerId::Chat(id) => id,
            PeerId::Channel(id) => {
                let standing = self.acting(user, id, now).await?;
                return standing.need(admin::INVITE_USERS);
            }
            PeerId::User(_) => return Err(Error::PeerUnknown),
        };
        let chat = self.chat_of(user, id).await?;
        let member = !chat.deactivated && chat.member(user).is_some();
        if member && right::may(&chat, user, right::INVITE_USERS) {
            Ok(())
        } else {
            Err(Error::AdminRequired)
        }
    }

    /// Keeps a new link.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn add_invite(&self, invite: &Invite) -> Result<()> {
        let chat = invite.peer();
        if self.invites(chat).await?.len() >= INVITES_MAX {
            return Err(InviteError::TooMany.into());
        }
        self.store
            .put_setting(scope(chat), invite.hash.clone(), 0, invite.to_bytes())
            .await?;
        let (kind, id) = chat.parts();
        let mut body = id.to_le_bytes().to_vec();
        body.push(kind);
        let body = Bytes::from(body);
        self.store
            .put_setting(SCOPE.to_owned(), invite.hash.clone(), 0, body)
            .await?;
        Ok(())
    }

    /// All links into a group, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invites(&self, chat: PeerId) -> Result<Vec<Invite>> {
        let mut invites = Vec::new();
        for (_, setting) in self.store.settings(scope(chat)).await? {
            // A deleted link leaves an empty row: its name is never given away again.
            if !setting.body.is_empty() {
                invites.push(Invite::from_bytes(&setting.body)?);
            }
        }
        invites
            .sort_unstable_by(|one, other| (other.date, &other.hash).cmp(&(one.date, &one.hash)));
        Ok(invites)
    }

    /// A link by its hash, usable or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invite(&self, hash: &str) -> Result<Option<Invite>> {
        if !is_hash(hash) {
            return Ok(None);
        }
        let found = self
            .store
            .setting(SCOPE.to_owned(), hash.to_owned())
            .await?;
        let Some(id) = found.and_then(|found| Some(i64::from_le_bytes(*found.body.first_chunk()?)))
        else {
            return Ok(None);
        };
        let found = self
            .store
            .setting(scope(PeerId::Chat(ChatId(id))), hash.to_owned())
            .await?;
        match found {
            Some(found) if !found.body.is_empty() => Ok(Some(Invite::from_bytes(&found.body)?)),
            _ => Ok(None),
        }
    }

    /// Changes a link of a group; what it is now.
    ///
    /// # Errors
    /// What `change` says, `Expired` when there is none, or when the store fails.
    pub async fn change_invite(
        &self,
        chat: PeerId,
        hash: &str,
        mut change: impl FnMut(&mut Invite) -> Result<()> + Send,
    ) -> Result<Invite> {
        if !is_hash(hash) {
            return Err(InviteError::Expired.into());
        }
        loop {
            let found = self.store.setting(scope(chat), hash.to_owned()).await?;
            let found = found.filter(|found| !found.body.is_empty());
            let found = found.ok_or(InviteError::Expired)?;
            let mut invite = Invite::from_bytes(&found.body)?;
            change(&mut invite)?;
            let put = self
                .store
                .put_setting(
                    scope(chat),
                    hash.to_owned(),
                    found.version,
                    invite.to_bytes(),
                )
                .await;
            match put {
                Ok(_) => return Ok(invite),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Forgets a revoked link.
    ///
    /// # Errors
    /// `NotRevoked`, `Expired` when there is none, or when the store fails.
    pub async fn delete_invite(&self, chat: PeerId, hash: &str) -> Result<()> {
        if !is_hash(hash) {
            return Err(InviteError::Expired.into());
        }
        let found = self.store.setting(scope(chat), hash.to_owned()).await?;
        let found = found.filter(|found| !found.body.is_empty());
        let found = found.ok_or(InviteError::Expired)?;
        if !Invite::from_bytes(&found.body)?.revoked {
            return Err(InviteError::NotRevoked.into());
        }
        self.store
            .put_setting(scope(chat), hash.to_owned(), found.version, Bytes::new())
            .await?;
        Ok(())
    }

    /// Who owns a group or channel; 0 for nobody.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn owner_of(&self, peer: PeerId) -> Result<UserId> {
        let owner = match peer {
            PeerId::Chat(id) => self.chat(id).await?.map(|chat| chat.creator),
            PeerId::Channel(id) => self.channel(id).await?.map(|channel| channel.creator),
            PeerId::User(_) => None,
        };
        Ok(UserId(owner.unwrap_or(0)))
    }

    /// What a usable link leads into.
    ///
    /// # Errors
    /// `Expired`, or when the store fails.
    pub async fn invited_to(&self, hash: &str, now: Now) -> Result<(Invite, InvitedTo)> {
        let invite = self.invite(hash).await?.ok_or(InviteError::Expired)?;
        // A link is worth what its admin may still do.
        let by = UserId(invite.admin);
        let (to, may) = match invite.peer() {
            PeerId::Channel(id) => {
                let standing = self.standing(by, id, now).await?;
                let may = standing.is_member() || standing.is_creator();
                let may = may && standing.may_as_admin(admin::INVITE_USERS);
                let lives = !standing.channel.deleted;
                (InvitedTo::Channel(standing), lives && may)
            }
            PeerId::Chat(id) => {
                let chat = self.chat(id).await?.ok_or(InviteError::Expired)?;
                let may = chat.member(by).is_some() && right::may(&chat, by, right::INVITE_USERS);
                let lives = !chat.deactivated;
                (InvitedTo::Chat(Chat::clone(&chat)), lives && may)
            }
            PeerId::User(_) => return Err(InviteError::Expired.into()),
        };
        if !may || !invite.is_usable(now) {
            return Err(InviteError::Expired.into());
        }
        Ok((invite, to))
    }

    /// Comes into a group or channel by a link.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn join_by_invite(
        &self,
        actor: Actor,
        hash: &str,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (invite, to) = self.invited_to(hash, now).await?;
        let user = actor.user;
        let action = types::MessageAction::ChatJoinedByLink {
            inviter_id: invite.admin,
        };
        let inviter = UserId(invite.admin);
        let chat = match to {
            InvitedTo::Channel(_) => {
                return self.join_channel_by(actor, invite, action, now).await;
            }
            InvitedTo::Chat(chat) => chat,
        };
        if chat.member(user).is_some() {
            return Err(crate::chat::ChatError::AlreadyMember.into());
        }
        if chat.removed.contains(&user.0) {
            return Err(InviteError::Expired.into());
        }
        self.use_invite(&invite, user, UserId(0), now).await?;
        self.join(actor, chat.chat_id(), user, inviter, action, now)
            .await
    }

    /// Counts one more who comes by a link.
    pub(crate) async fn use_invite(
        &self,
        invite: &Invite,
        user: UserId,
        approved_by: UserId,
        now: Now,
    ) -> Result<Invite> {
        self.change_invite(invite.peer(), &invite.hash, |invite| {
            if approved_by.0 == 0 && !invite.is_usable(now) {
                return Err(InviteError::Expired.into());
            }
            invite.count_in(user, now, approved_by);
            Ok(())
        })
        .await
    }

    async fn join_channel_by(
        &self,
        actor: Actor,
        invite: Invite,
        action: types::MessageAction,
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        let PeerId::Channel(id) = invite.peer() else {
            return Err(InviteError::Expired.into());
        };
        let standing = self.standing(user, id, now).await?;
        if standing.is_banned() {
            return Err(InviteError::Expired.into());
        }
        if standing.is_member() {
            return Err(crate::chat::ChatError::AlreadyMember.into());
        }
        if invite.request_needed && !standing.is_creator() {
            self.request_to_join(user, id, &invite.hash, now).await?;
            return Err(ChannelError::RequestSent.into());
        }
        let used = self.use_invite(&invite, user, UserId(0), now).await?;
        let entry = Entry {
            inviter: UserId(invite.admin),
            via_request: false,
        };
        let log = types::ChannelAdminLogEventAction::ParticipantJoinByInvite {
            via_chatlist: false,
            invite: used.show(LINK_PREFIX),
        };
        self.come_in(actor, id, user, entry, action, log, now).await
    }

    /// Lets somebody in who waits, or sends them away.
    ///
    /// # Errors
    /// `RequesterMissing` when nobody waits, or why they may not come in.
    pub async fn answer_request(
        &self,
        actor: Actor,
        id: ChannelId,
        user: UserId,
        approved: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let standing = self.acting(actor.user, id, now).await?;
        standing.need(admin::INVITE_USERS)?;
        let requests = &standing.channel.requests;
        let request = requests.iter().find(|request| request.user == user.0);
        let Some(request) = request.cloned() else {
            let theirs = self.standing(user, id, now).await?;
            return Err(if theirs.is_member() {
                crate::chat::ChatError::AlreadyMember.into()
            } else {
                ChannelError::RequesterMissing.into()
            });
        };
        if !approved {
            let mut batch = self.lock_channel(id, [actor.user], now).await?;
            self.forget_request(id, user).await?;
            let channel = self.channel(id).await?.ok_or(ChannelError::Unknown)?;
            self.tell_pending(&mut batch, &channel, now).await?;
            return batch.commit(actor, None, Bytes::new()).await?.updates();
        }
        let mut shown = types::ExportedChatInvite::ChatInvitePublicJoinRequests {};
        if let Some(invite) = self.invite(&request.link).await? {
            let used = self.use_invite(&invite, user, actor.user, now).await?;
            shown = used.show(LINK_PREFIX);
        }
        let entry = Entry {
            inviter: actor.user,
            via_request: true,
        };
        let log = types::ChannelAdminLogEventAction::ParticipantJoinByRequest {
            invite: shown,
            approved_by: actor.user.0,
        };
        let action = types::MessageAction::ChatJoinedByRequest {};
        self.come_in(actor, id, user, entry, action, log, now).await
    }
}
