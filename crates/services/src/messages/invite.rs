//! Links into groups and channels (B.10).

use messenger::{Invite, InviteError, InvitedTo, Standing};
use store::{PeerId, UserId};
use tl::Str;
use tl_api::{constructors, functions, types};

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

/// The group or channel of a peer into which the caller may make links.
async fn inviting(context: &Context<'_>, peer: &types::InputPeer) -> Result<PeerId> {
    let user = context.user()?;
    let peer = context.peer(peer).await?;
    context
        .messenger()
        .check_inviting(user, peer, context.now)
        .await?;
    Ok(peer)
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
async fn permanent(context: &Context<'_>, chat: PeerId, admin: UserId) -> Result<Option<Invite>> {
    let invites = context.messenger().invites(chat).await?;
    Ok(invites
        .into_iter()
        .find(|invite| invite.permanent && !invite.revoked && invite.admin == admin.0))
}

async fn new_permanent(context: &Context<'_>, chat: PeerId, admin: UserId) -> Result<Invite> {
    let invite = Invite {
        hash: new_hash(context),
        chat: chat.parts().1,
        into_channel: matches!(chat, PeerId::Channel(_)),
        admin: admin.0,
        date: context.now.unix_s(),
        permanent: true,
        ..Invite::default()
    };
    context.messenger().add_invite(&invite).await?;
    Ok(invite)
}

async fn revoke(context: &Context<'_>, invite: &Invite) -> Result<Invite> {
    let chat = invite.peer();
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
    chat: store::ChatId,
) -> Result<Option<types::ExportedChatInvite>> {
    let user = context.user()?;
    let invite = permanent(context, PeerId::Chat(chat), user).await?;
    Ok(invite.map(|invite| invite.show(LINK_PREFIX)))
}

/// The permanent link of an admin of a channel, which every admin has.
pub(crate) async fn primary_link(
    context: &Context<'_>,
    channel: PeerId,
) -> Result<types::ExportedChatInvite> {
    let user = context.user()?;
    let invite = match permanent(context, channel, user).await? {
        Some(invite) => invite,
        None => new_permanent(context, channel, user).await?,
    };
    Ok(invite.show(LINK_PREFIX))
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
    let usage_and_request = request.usage_limit.unwrap_or(0) != 0;
    if request.request_needed && (usage_and_request || matches!(chat, PeerId::Chat(_))) {
        // Only supergroups and channels ask for requests.
        return Err(Error::USAGE_LIMIT_INVALID);
    }
    let expires_at = expiry(context, request.expire_date)?;
    let usage_limit = usage(request.usage_limit)?;
    let title = title(request.title.as_ref());
    let old = permanent(context, chat, user).await?;
    let special = expires_at != 0 || usage_limit != 0 || title.is_some() || request.request_needed;
    if request.legacy_revoke_permanent || (old.is_none() && !special) {
        if let Some(old) = &old {
            revoke(context, old).await?;
        }
        return Ok(new_permanent(context, chat, user).await?.show(LINK_PREFIX));
    }
    let invite = Invite {
        hash: new_hash(context),
        chat: chat.parts().1,
        into_channel: matches!(chat, PeerId::Channel(_)),
        admin: user.0,
        date: context.now.unix_s(),
        title,
        expires_at,
        usage_limit,
        request_needed: request.request_needed,
        ..Invite::default()
    };
    context.messenger().add_invite(&invite).await?;
    Ok(invite.show(LINK_PREFIX))
}

/// A link of a group that the caller may see: one's own, or any for the creator.
async fn visible(context: &Context<'_>, chat: PeerId, link: &str) -> Result<Invite> {
    let user = context.user()?;
    let messenger = context.messenger();
    let owner = messenger.owner_of(chat).await?;
    let invite = messenger.invite(hash_of(link)).await?;
    invite
        .filter(|invite| invite.peer() == chat)
        .filter(|invite| invite.admin == user.0 || owner == user)
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
    if admin != user && messenger.owner_of(chat).await? != user {
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
            if let Some(needed) = request.request_needed {
                if needed && (invite.usage_limit != 0 || !invite.into_channel) {
                    return Err(InviteError::LimitAndRequest.into());
                }
                invite.request_needed = needed;
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
    if admin != user && messenger.owner_of(chat).await? != user {
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
    let chat = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    if messenger.owner_of(chat).await? != user {
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
    if let (PeerId::Channel(id), true) = (chat, request.requested) {
        return requests(context, id, &request).await;
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
        .map(|joined| {
            let date = joined.date.cast_signed();
            let mut shown = types::ChatInviteImporter::new(joined.user, date);
            shown.approved_by = (joined.approved_by != 0).then_some(joined.approved_by);
            shown
        })
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
    let (invite, to) = messenger.invited_to(hash, context.now).await?;
    match to {
        InvitedTo::Channel(admin) => check_into_channel(context, &invite, &admin).await,
        InvitedTo::Chat(chat) => check_into_chat(context, user, &chat).await,
    }
}

async fn check_into_chat(
    context: &Context<'_>,
    user: UserId,
    chat: &messenger::Chat,
) -> Result<types::ChatInvite> {
    let messenger = context.messenger();
    if chat.member(user).is_some() {
        return Ok(types::ChatInvite::Already(Box::new(
            constructors::ChatInviteAlready {
                chat: messenger.show_chat(user, chat),
            },
        )));
    }
    if chat.removed.contains(&user.0) {
        return Err(Error::INVITE_HASH_EXPIRED);
    }
    let mut invite = constructors::ChatInvite::new(
        chat.title.as_str().into(),
        photo(context, chat.photo.as_ref()).await?,
        i32::try_from(chat.members.len()).unwrap_or(i32::MAX),
        i32::try_from(chat.id % 7).unwrap_or(0),
    );
    invite.about = (!chat.about.is_empty()).then(|| chat.about.as_str().into());
    Ok(types::ChatInvite::ChatInvite(Box::new(invite)))
}

async fn photo(context: &Context<'_>, kept: Option<&messenger::Photo>) -> Result<types::Photo> {
    let user = context.user()?;
    let messenger = context.messenger();
    if let Some(kept) = kept {
        let id = store::DocumentId(kept.id);
        if let Some(file) = messenger.file(id).await? {
            return Ok(messenger.show_photo(user, id, &file));
        }
    }
    Ok(types::Photo::Empty { id: 0 })
}

async fn check_into_channel(
    context: &Context<'_>,
    invite: &Invite,
    admin: &Standing,
) -> Result<types::ChatInvite> {
    let user = context.user()?;
    let messenger = context.messenger();
    let channel = &admin.channel;
    let standing = messenger
        .standing(user, channel.channel_id(), context.now)
        .await?;
    if standing.is_banned() {
        return Err(Error::INVITE_HASH_EXPIRED);
    }
    if standing.is_member() {
        return Ok(types::ChatInvite::Already(Box::new(
            constructors::ChatInviteAlready {
                chat: messenger.show_channel(&standing),
            },
        )));
    }
    let mut shown = constructors::ChatInvite::new(
        channel.title.as_str().into(),
        photo(context, channel.photo.as_ref()).await?,
        i32::try_from(channel.participants).unwrap_or(i32::MAX),
        i32::try_from(channel.id % 7).unwrap_or(0),
    );
    shown.channel = true;
    shown.broadcast = !channel.megagroup;
    shown.megagroup = channel.megagroup;
    shown.public = channel.is_public();
    shown.request_needed = invite.request_needed;
    shown.about = (!channel.about.is_empty()).then(|| channel.about.as_str().into());
    Ok(types::ChatInvite::ChatInvite(Box::new(shown)))
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

/// Who waits to be let into a channel, the newest first.
async fn requests(
    context: &Context<'_>,
    id: store::ChannelId,
    request: &functions::messages::GetChatInviteImporters,
) -> Result<types::messages::ChatInviteImporters> {
    let messenger = context.messenger();
    let standing = messenger.reading(context.user()?, id, context.now).await?;
    let mut waiting = standing.channel.requests.clone();
    if let Some(link) = &request.link {
        waiting.retain(|request| request.link == hash_of(link));
    }
    let count = i32::try_from(waiting.len()).unwrap_or(i32::MAX);
    waiting.sort_unstable_by_key(|request| std::cmp::Reverse((request.date, request.user)));
    if request.offset_date > 0 {
        let date = request.offset_date.cast_unsigned();
        let user = context.input_user(&request.offset_user).await;
        let user = user.map_or(i64::MAX, |user| user.0);
        waiting.retain(|request| (request.date, request.user) < (date, user));
    }
    waiting.truncate(page_limit(request.limit) as usize);
    let users = users(context, waiting.iter().map(|request| request.user)).await?;
    let mut importers = Vec::with_capacity(waiting.len());
    for request in waiting {
        let date = request.date.cast_signed();
        let mut shown = types::ChatInviteImporter::new(request.user, date);
        shown.requested = true;
        let user = messenger.user(UserId(request.user)).await?;
        shown.about = user
            .and_then(|user| user.about.clone())
            .map(|about| about.as_str().into());
        importers.push(shown);
    }
    Ok(types::messages::ChatInviteImporters {
        count,
        importers,
        users,
    })
}

/// The channel of a peer into which the caller may let people.
async fn letting_in(context: &Context<'_>, peer: &types::InputPeer) -> Result<store::ChannelId> {
    match inviting(context, peer).await? {
        PeerId::Channel(id) => Ok(id),
        PeerId::Chat(_) | PeerId::User(_) => Err(Error::HIDE_REQUESTER_MISSING),
    }
}

/// messages.hideChatJoinRequest
pub(super) async fn hide_chat_join_request(
    context: &Context<'_>,
    request: functions::messages::HideChatJoinRequest,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = letting_in(context, &request.peer).await?;
    let user = context.input_user(&request.user_id).await?;
    let answered = context
        .messenger()
        .answer_request(actor, id, user, request.approved, context.now)
        .await;
    match answered {
        Err(messenger::Error::Channel(messenger::ChannelError::TooMany)) => {
            Err(Error::USER_CHANNELS_TOO_MUCH)
        }
        other => Ok(answer(other?)),
    }
}

/// messages.hideAllChatJoinRequests
pub(super) async fn hide_all_chat_join_requests(
    context: &Context<'_>,
    request: functions::messages::HideAllChatJoinRequests,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = letting_in(context, &request.peer).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(actor.user, id, context.now).await?;
    let link = request.link.as_ref().map(|link| hash_of(link).to_owned());
    let mut all = messenger
        .updates(
            actor.user,
            Vec::new(),
            &messenger::Peers::default(),
            context.now,
        )
        .await?;
    for waiting in &standing.channel.requests {
        if link.as_ref().is_some_and(|link| *link != waiting.link) {
            continue;
        }
        let user = UserId(waiting.user);
        let answered = messenger
            .answer_request(actor, id, user, request.approved, context.now)
            .await;
        if let Ok(updates) = answered {
            all = updates;
        }
    }
    Ok(answer(all))
}
