//! Links by which people come into basic groups (B.10).

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{ChatId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::publish::Actor;
use crate::record::{Chat, Record};
use crate::right;
use crate::time::Now;

/// The scope that says which group a link belongs to.
const SCOPE: &str = "invite";
/// The most links of one group.
const INVITES_MAX: usize = 1_000;

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
    /// The group.
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
    /// Who came by it.
    #[n(9)]
    #[cbor(default)]
    pub joined: Vec<Joined>,
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
}

impl Record for Invite {}

impl Invite {
    /// Whether somebody may still come by it.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        let used = u32::try_from(self.joined.len()).unwrap_or(u32::MAX);
        !self.revoked
            && (self.expires_at == 0 || self.expires_at > now.unix_s())
            && (self.usage_limit == 0 || used < self.usage_limit)
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
        let used = i32::try_from(self.joined.len()).unwrap_or(i32::MAX);
        shown.usage = (used > 0).then_some(used);
        types::ExportedChatInvite::ChatInviteExported(Box::new(shown))
    }
}

fn scope(chat: ChatId) -> String {
    format!("{SCOPE}s/{chat}")
}

impl Messenger {
    /// Refuses whoever may not make links into the group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn check_inviting(&self, user: UserId, id: ChatId) -> Result<()> {
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
        let chat = ChatId(invite.chat);
        if self.invites(chat).await?.len() >= INVITES_MAX {
            return Err(InviteError::TooMany.into());
        }
        self.store
            .put_setting(scope(chat), invite.hash.clone(), 0, invite.to_bytes())
            .await?;
        let body = Bytes::copy_from_slice(&invite.chat.to_le_bytes());
        self.store
            .put_setting(SCOPE.to_owned(), invite.hash.clone(), 0, body)
            .await?;
        Ok(())
    }

    /// All links into a group, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invites(&self, chat: ChatId) -> Result<Vec<Invite>> {
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
            .setting(scope(ChatId(id)), hash.to_owned())
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
        chat: ChatId,
        hash: &str,
        mut change: impl FnMut(&mut Invite) -> Result<()> + Send,
    ) -> Result<Invite> {
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
    pub async fn delete_invite(&self, chat: ChatId, hash: &str) -> Result<()> {
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

    /// The group that a usable link leads into.
    ///
    /// # Errors
    /// `Expired`, or when the store fails.
    pub async fn invited_to(&self, hash: &str, now: Now) -> Result<(Invite, Chat)> {
        let invite = self.invite(hash).await?.ok_or(InviteError::Expired)?;
        let chat = self.chat(ChatId(invite.chat)).await?;
        let chat = chat.ok_or(InviteError::Expired)?;
        // A link is worth what its admin may still do.
        let admin = UserId(invite.admin);
        let may = chat.member(admin).is_some() && right::may(&chat, admin, right::INVITE_USERS);
        if chat.deactivated || !may || !invite.is_usable(now) {
            return Err(InviteError::Expired.into());
        }
        Ok((invite, Chat::clone(&chat)))
    }

    /// Comes into a group by a link.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn join_by_invite(
        &self,
        actor: Actor,
        hash: &str,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (invite, chat) = self.invited_to(hash, now).await?;
        let user = actor.user;
        if chat.member(user).is_some() {
            return Err(crate::chat::ChatError::AlreadyMember.into());
        }
        if chat.removed.contains(&user.0) {
            return Err(InviteError::Expired.into());
        }
        let count_in = |invite: &mut Invite| {
            if !invite.is_usable(now) {
                return Err(InviteError::Expired.into());
            }
            invite.joined.retain(|joined| joined.user != user.0);
            invite.joined.push(Joined {
                user: user.0,
                date: now.unix_s(),
            });
            Ok(())
        };
        self.change_invite(chat.chat_id(), hash, count_in).await?;
        let action = types::MessageAction::ChatJoinedByLink {
            inviter_id: invite.admin,
        };
        let inviter = UserId(invite.admin);
        self.join(actor, chat.chat_id(), user, inviter, action, now)
            .await
    }
}
