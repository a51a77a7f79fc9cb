//! Links into basic groups (B.10).

use messenger::{Invite, InviteError};
use store::{ChatId, UserId};
use tl::Str;
use tl_api::{constructors, functions, types};

use super::chat::group;
use super::history::page_limit;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// What links begin with, as `help.getConfig` tells it.
const LINK_PREFIX: &str = "https://t.me/";
/// The random bytes of a link.
const HASH_LEN: usize = 12;
/// The most characters of a link's title.
const TITLE_CHARS_MAX: usize = 32;
/// The most people that a link may be limited to.
const USAGE_LIMIT_MAX: i32 = 99_999;

/// The hash of a link, however it is written.
fn hash_of(link: &str) -> &str {
    let end = link.rsplit(['/', '=']).next().unwrap_or(link);
    end.trim_start_matches('+')
}

/// A hash that no telephone number looks like.
fn new_hash(context: &Context<'_>) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0; HASH_LEN];
    context.services.world.random(&mut bytes);
    let random = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
    std::iter::once('A').chain(random).collect()
}

/// The group of a peer into which the caller may make links.
async fn inviting(context: &Context<'_>, peer: &types::InputPeer) -> Result<ChatId> {
    let user = context.user()?;
    let id = group(context, peer).await?;
    context.messenger().check_inviting(user, id).await?;
    Ok(id)
}

fn expiry(context: &Context<'_>, date: Option<i32>) -> Result<u32> {
    match date {
        None | Some(0) => Ok(0),
        Some(date) if date > context.now.date() => Ok(date.cast_unsigned()),
        Some(_) => Err(Error::EXPIRE_DATE_INVALID),
    }
}

fn usage(limit: Option<i32>) -> Result<u32> {
    let limit = limit.unwrap_or(0);
    if (0..=USAGE_LIMIT_MAX).contains(&limit) {
        Ok(limit.cast_unsigned())
    } else {
        Err(Error::USAGE_LIMIT_INVALID)
    }
}

fn title(title: Option<&Str>) -> Option<String> {
    let title: String = title?.trim().chars().take(TITLE_CHARS_MAX).collect();
    (!title.is_empty()).then_some(title)
}

/// The permanent link of an admin, if there is one.
async fn permanent(context: &Context<'_>, chat: ChatId, admin: UserId) -> Result<Option<Invite>> {
    let invites = context.messenger().invites(chat).await?;
    Ok(invites
        .into_iter()
        .find(|invite| invite.permanent && !invite.revoked && invite.admin == admin.0))
}

async fn new_permanent(context: &Context<'_>, chat: ChatId, admin: UserId) -> Result<Invite> {
    let invite = Invite {
        hash: new_hash(context),
        chat: chat.0,
        admin: admin.0,
        date: context.now.unix_s(),
        permanent: true,
        ..Invite::default()
    };
    context.messenger().add_invite(&invite).await?;
    Ok(invite)
}

async fn revoke(context: &Context<'_>, invite: &Invite) -> Result<Invite> {
    let chat = ChatId(invite.chat);
    let revoked = context
        .messenger()
        .change_invite(chat, &invite.hash, |invite| {
            invite.revoked = true;
            Ok(())
        })
        .await?;
    Ok(revoked)
}

/// The permanent link that an admin is shown in the group's facts.
pub(super) async fn shown_permanent(
    context: &Context<'_>,
    chat: ChatId,
) -> Result<Option<types::ExportedChatInvite>> {
    let user = context.user()?;
    let invite = permanent(context, chat, user).await?;
    Ok(invite.map(|invite| invite.show(LINK_PREFIX)))
}

/// messages.exportChatInvite
pub(super) async fn export_chat_invite(
    context: &Context<'_>,
    request: functions::messages::ExportChatInvite,
) -> Result<types::ExportedChatInvite> {
    let user = context.user()?;
    let chat = inviting(context, &request.peer).await?;
    if request.subscription_pricing.is_some() {
        return Err(Error::PRICING_CHAT_INVALID);
    }
    if request.request_needed {
        // Only supergroups and channels ask for requests.
        return Err(Error::USAGE_LIMIT_INVALID);
    }
    let expires_at = expiry(context, request.expire_date)?;
    let usage_limit = usage(request.usage_limit)?;
    let title = title(request.title.as_ref());
    let old = permanent(context, chat, user).await?;
    let special = expires_at != 0 || usage_limit != 0 || title.is_some();
    if request.legacy_revoke_permanent || (old.is_none() && !special) {
        if let Some(old) = &old {
            revoke(context, old).await?;
        }
        return Ok(new_permanent(context, chat, user).await?.show(LINK_PREFIX));
    }
    let invite = Invite {
        hash: new_hash(context),
        chat: chat.0,
        admin: user.0,
        date: context.now.unix_s(),
        title,
        expires_at,
        usage_limit,
        ..Invite::default()
    };
    context.messenger().add_invite(&invite).await?;
    Ok(invite.show(LINK_PREFIX))
}

/// A link of a group that the caller may see: one's own, or any for the creator.
async fn visible(context: &Context<'_>, chat: ChatId, link: &str) -> Result<Invite> {
    let user = context.user()?;
    let messenger = context.messenger();
    let creator = messenger.chat_of(user, chat).await?.creator;
    let invite = messenger.invite(hash_of(link)).await?;
    invite
        .filter(|invite| invite.chat == chat.0)
        .filter(|invite| invite.admin == user.0 || creator == user.0)
        .ok_or(Error::INVITE_HASH_EXPIRED)
}

async fn users(
    context: &Context<'_>,
    ids: impl IntoIterator<Item = i64>,
) -> Result<Vec<types::User>> {
    let mut peers = messenger::Peers::default();
    ids.into_iter().for_each(|id| peers.add_user(id));
    let user = context.user()?;
    let shown = context.messenger().show(user, &peers, context.now).await?;
    Ok(shown.users)
}

/// messages.getExportedChatInvites
pub(super) async fn get_exported_chat_invites(
    context: &Context<'_>,
    request: functions::messages::GetExportedChatInvites,
) -> Result<types::messages::ExportedChatInvites> {
    let user = context.user()?;
    let chat = inviting(context, &request.peer).await?;
    let admin = context.input_user(&request.admin_id).await?;
    let messenger = context.messenger();
    if admin != user && messenger.chat_of(user, chat).await?.creator != user.0 {
        return Err(Error::ADMIN_ID_INVALID);
    }
    let mut invites = messenger.invites(chat).await?;
    invites.retain(|invite| invite.admin == admin.0 && invite.revoked == request.revoked);
    let count = i32::try_from(invites.len()).unwrap_or(i32::MAX);
    if let (Some(date), Some(link)) = (request.offset_date, &request.offset_link) {
        let after = (date.cast_unsigned(), hash_of(link));
        invites.retain(|invite| (invite.date, invite.hash.as_str()) < after);
    }
    invites.truncate(page_limit(request.limit) as usize);
    Ok(types::messages::ExportedChatInvites {
        count,
        invites: invites
            .iter()
            .map(|invite| invite.show(LINK_PREFIX))
            .collect(),
        users: users(context, [admin.0]).await?,
    })
}

/// messages.getExportedChatInvite
pub(super) async fn get_exported_chat_invite(
    context: &Context<'_>,
    request: functions::messages::GetExportedChatInvite,
) -> Result<types::messages::ExportedChatInvite> {
    let chat = inviting(context, &request.peer).await?;
    let invite = visible(context, chat, &request.link).await?;
    Ok(types::messages::ExportedChatInvite::ExportedChatInvite {
        invite: invite.show(LINK_PREFIX),
        users: users(context, [invite.admin]).await?,
    })
}

/// messages.editExportedChatInvite
pub(super) async fn edit_exported_chat_invite(
    context: &Context<'_>,
    request: functions::messages::EditExportedChatInvite,
) -> Result<types::messages::ExportedChatInvite> {
    let chat = inviting(context, &request.peer).await?;
    let invite = visible(context, chat, &request.link).await?;
    let users = users(context, [invite.admin]).await?;
    if request.revoked {
        let revoked = revoke(context, &invite).await?;
        if !invite.permanent {
            return Ok(types::messages::ExportedChatInvite::ExportedChatInvite {
                invite: revoked.show(LINK_PREFIX),
                users,
            });
        }
        let new = new_permanent(context, chat, UserId(invite.admin)).await?;
        return Ok(types::messages::ExportedChatInvite::Replaced(Box::new(
            constructors::messages::ExportedChatInviteReplaced {
                invite: revoked.show(LINK_PREFIX),
                new_invite: new.show(LINK_PREFIX),
                users,
            },
        )));
    }
    if invite.permanent {
        return Err(Error::CHAT_INVITE_PERMANENT);
    }
    if invite.revoked {
        return Err(Error::INVITE_HASH_EXPIRED);
    }
    let expires_at = request
        .expire_date
        .map(|date| expiry(context, Some(date)))
        .transpose()?;
    let usage_limit = request
        .usage_limit
        .map(|limit| usage(Some(limit)))
        .transpose()?;
    let changed = context
        .messenger()
        .change_invite(chat, &invite.hash, |invite| {
            invite.expires_at = expires_at.unwrap_or(invite.expires_at);
            invite.usage_limit = usage_limit.unwrap_or(invite.usage_limit);
            if let Some(new) = &request.title {
                invite.title = title(Some(new));
            }
            Ok(())
        })
        .await?;
    Ok(types::messages::ExportedChatInvite::ExportedChatInvite {
        invite: changed.show(LINK_PREFIX),
        users,
    })
}

/// messages.deleteExportedChatInvite
pub(super) async fn delete_exported_chat_invite(
    context: &Context<'_>,
    request: functions::messages::DeleteExportedChatInvite,
) -> Result<bool> {
    let chat = inviting(context, &request.peer).await?;
    let invite = visible(context, chat, &request.link).await?;
    context
        .messenger()
        .delete_invite(chat, &invite.hash)
        .await?;
    Ok(true)
}

/// messages.deleteRevokedExportedChatInvites
pub(super) async fn delete_revoked_exported_chat_invites(
    context: &Context<'_>,
    request: functions::messages::DeleteRevokedExportedChatInvites,
) -> Result<bool> {
    let user = context.user()?;
    let chat = inviting(context, &request.peer).await?;
    let admin = context.input_user(&request.admin_id).await?;
    let messenger = context.messenger();
    if admin != user && messenger.chat_of(user, chat).await?.creator != user.0 {
        return Err(Error::ADMIN_ID_INVALID);
    }
    for invite in messenger.invites(chat).await? {
        if invite.revoked && invite.admin == admin.0 {
            messenger.delete_invite(chat, &invite.hash).await?;
        }
    }
    Ok(true)
}

/// messages.getAdminsWithInvites
pub(super) async fn get_admins_with_invites(
    context: &Context<'_>,
    request: functions::messages::GetAdminsWithInvites,
) -> Result<types::messages::ChatAdminsWithInvites> {
    let user = context.user()?;
    let chat = group(context, &request.peer).await?;
    let messenger = context.messenger();
    if messenger.chat_of(user, chat).await?.creator != user.0 {
        return Err(Error::CHAT_ADMIN_REQUIRED);
    }
    let mut admins: Vec<types::ChatAdminWithInvites> = Vec::new();
    for invite in messenger.invites(chat).await? {
        let place = admins
            .iter()
            .position(|admin| admin.admin_id == invite.admin);
        let place = place.unwrap_or_else(|| {
            admins.push(types::ChatAdminWithInvites {
                admin_id: invite.admin,
                invites_count: 0,
                revoked_invites_count: 0,
            });
            admins.len() - 1
        });
        if let Some(admin) = admins.get_mut(place) {
            admin.invites_count += i32::from(!invite.revoked);
            admin.revoked_invites_count += i32::from(invite.revoked);
        }
    }
    let users = users(context, admins.iter().map(|admin| admin.admin_id)).await?;
    Ok(types::messages::ChatAdminsWithInvites { admins, users })
}

/// messages.getChatInviteImporters
pub(super) async fn get_chat_invite_importers(
    context: &Context<'_>,
    request: functions::messages::GetChatInviteImporters,
) -> Result<types::messages::ChatInviteImporters> {
    let chat = inviting(context, &request.peer).await?;
    if request.link.is_some() && request.q.as_ref().is_some_and(|q| !q.is_empty()) {
        return Err(Error::SEARCH_WITH_LINK_NOT_SUPPORTED);
    }
    let mut importers = Vec::new();
    if let (Some(link), false) = (&request.link, request.requested) {
        let invite = visible(context, chat, link).await?;
        importers = invite.joined;
    }
    let count = i32::try_from(importers.len()).unwrap_or(i32::MAX);
    importers.sort_unstable_by_key(|joined| std::cmp::Reverse((joined.date, joined.user)));
    if request.offset_date > 0 {
        let date = request.offset_date.cast_unsigned();
        let user = context.input_user(&request.offset_user).await;
        let user = user.map_or(i64::MAX, |user| user.0);
        importers.retain(|joined| (joined.date, joined.user) < (date, user));
    }
    importers.truncate(page_limit(request.limit) as usize);
    let users = users(context, importers.iter().map(|joined| joined.user)).await?;
    let importers = importers
        .into_iter()
        .map(|joined| types::ChatInviteImporter::new(joined.user, joined.date.cast_signed()))
        .collect();
    Ok(types::messages::ChatInviteImporters {
        count,
        importers,
        users,
    })
}

fn asked(hash: &str) -> Result<&str> {
    let hash = hash_of(hash);
    if hash.is_empty() {
        return Err(Error::INVITE_HASH_EMPTY);
    }
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if hash.len() > 64 || !hash.chars().all(letters) {
        return Err(Error::INVITE_HASH_INVALID);
    }
    Ok(hash)
}

/// messages.checkChatInvite
pub(super) async fn check_chat_invite(
    context: &Context<'_>,
    request: functions::messages::CheckChatInvite,
) -> Result<types::ChatInvite> {
    let user = context.user()?;
    let hash = asked(&request.hash)?;
    let messenger = context.messenger();
    let (_, chat) = messenger.invited_to(hash, context.now).await?;
    if chat.member(user).is_some() {
        return Ok(types::ChatInvite::Already(Box::new(
            constructors::ChatInviteAlready {
                chat: messenger.show_chat(user, &chat),
            },
        )));
    }
    if chat.removed.contains(&user.0) {
        return Err(Error::INVITE_HASH_EXPIRED);
    }
    let mut photo = types::Photo::Empty { id: 0 };
    if let Some(kept) = &chat.photo {
        let id = store::DocumentId(kept.id);
        if let Some(file) = messenger.file(id).await? {
            photo = messenger.show_photo(user, id, &file);
        }
    }
    let mut invite = constructors::ChatInvite::new(
        chat.title.as_str().into(),
        photo,
        i32::try_from(chat.members.len()).unwrap_or(i32::MAX),
        i32::try_from(chat.id % 7).unwrap_or(0),
    );
    invite.about = (!chat.about.is_empty()).then(|| chat.about.as_str().into());
    Ok(types::ChatInvite::ChatInvite(Box::new(invite)))
}

/// messages.importChatInvite
pub(super) async fn import_chat_invite(
    context: &Context<'_>,
    request: functions::messages::ImportChatInvite,
) -> Result<types::messages::ChatInviteJoinResult> {
    let actor = context.actor()?;
    let hash = asked(&request.hash)?;
    let joined = context
        .messenger()
        .join_by_invite(actor, hash, context.now)
        .await;
    match joined {
        Err(messenger::Error::Invite(InviteError::Expired)) => Err(Error::INVITE_HASH_EXPIRED),
        other => Ok(types::messages::ChatInviteJoinResult::Ok {
            updates: answer(other?),
        }),
    }
}
