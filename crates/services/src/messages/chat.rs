//! Basic groups (B.9).

use messenger::{Counter, Invited, banned_rights_flags, participants};
use store::{ChatId, MailboxId, PeerId};
use tl_api::{constructors, functions, types};

use super::history::page_limit;
use super::invite;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// `view_messages` of `chatBannedRights`.
const VIEW_MESSAGES: u32 = 1;
/// The most messages whose views are asked for at once.
const VIEWS_MAX: usize = 200;

/// messages.createChat
pub(super) async fn create_chat(
    context: &Context<'_>,
    request: functions::messages::CreateChat,
) -> Result<types::messages::InvitedUsers> {
    let actor = context.actor()?;
    if request.title.trim().is_empty() {
        return Err(Error::CHAT_TITLE_EMPTY);
    }
    let mut users = Vec::with_capacity(request.users.len().min(200));
    for user in &request.users {
        users.push(context.input_user(user).await?);
        if users.len() > 200 {
            return Err(Error::USERS_TOO_MUCH);
        }
    }
    let messenger = context.messenger();
    let id = ChatId(messenger.next_id(Counter::Groups).await?);
    let random_id = context.services.random_id();
    let made = messenger
        .found_chat(actor, id, random_id, &request.title, &users, context.now)
        .await?;
    Ok(invited(made))
}

fn invited(invited: Invited) -> types::messages::InvitedUsers {
    let missing_invitees = invited
        .missing
        .iter()
        .map(|user| types::MissingInvitee::new(user.0))
        .collect();
    types::messages::InvitedUsers {
        updates: answer(invited.updates),
        missing_invitees,
    }
}

async fn chat_id(context: &Context<'_>, id: i64) -> Result<ChatId> {
    context.named_chat(ChatId(id)).await?;
    Ok(ChatId(id))
}

/// messages.addChatUser
pub(super) async fn add_chat_user(
    context: &Context<'_>,
    request: functions::messages::AddChatUser,
) -> Result<types::messages::InvitedUsers> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let messenger = context.messenger();
    let chat = messenger.chat_of(actor.user, id).await?;
    if chat.deactivated || chat.member(actor.user).is_none() {
        return Err(Error::CHAT_WRITE_FORBIDDEN);
    }
    let user = context.input_user(&request.user_id).await?;
    if chat.member(user).is_some() {
        return Err(Error::USER_ALREADY_PARTICIPANT);
    }
    if messenger.has_blocked(actor.user, user).await? {
        return Err(Error::YOU_BLOCKED_USER);
    }
    let added = messenger
        .add_chat_user(actor, id, user, context.now)
        .await?;
    Ok(invited(added))
}

/// messages.deleteChatUser
pub(super) async fn delete_chat_user(
    context: &Context<'_>,
    request: functions::messages::DeleteChatUser,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let user = context.input_user(&request.user_id).await?;
    let updates = context
        .messenger()
        .delete_chat_user(actor, id, user, request.revoke_history, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.deleteChat
pub(super) async fn delete_chat(
    context: &Context<'_>,
    request: functions::messages::DeleteChat,
) -> Result<bool> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    context
        .messenger()
        .close_chat(actor, id, context.now)
        .await?;
    Ok(true)
}

/// messages.editChatTitle
pub(super) async fn edit_chat_title(
    context: &Context<'_>,
    request: functions::messages::EditChatTitle,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let updates = context
        .messenger()
        .set_chat_title(actor, id, &request.title, context.now)
        .await?;
    Ok(answer(updates))
}

/// The group that a peer is.
pub(super) async fn group(context: &Context<'_>, peer: &types::InputPeer) -> Result<ChatId> {
    match context.peer(peer).await? {
        PeerId::Chat(id) => Ok(id),
        PeerId::User(_) | PeerId::Channel(_) => Err(Error::PEER_ID_INVALID),
    }
}

/// messages.editChatAbout
pub(super) async fn edit_chat_about(
    context: &Context<'_>,
    request: functions::messages::EditChatAbout,
) -> Result<bool> {
    let actor = context.actor()?;
    if let PeerId::Channel(id) = context.peer(&request.peer).await? {
        context
            .messenger()
            .set_channel_about(actor, id, &request.about, context.now)
            .await?;
        return Ok(true);
    }
    let id = group(context, &request.peer).await?;
    context
        .messenger()
        .set_chat_about(actor, id, &request.about, context.now)
        .await?;
    Ok(true)
}

/// messages.editChatAdmin
pub(super) async fn edit_chat_admin(
    context: &Context<'_>,
    request: functions::messages::EditChatAdmin,
) -> Result<bool> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let user = context.input_user(&request.user_id).await?;
    context
        .messenger()
        .set_chat_admin(actor, id, user, request.is_admin, context.now)
        .await?;
    Ok(true)
}

/// messages.editChatDefaultBannedRights
pub(super) async fn edit_chat_default_banned_rights(
    context: &Context<'_>,
    request: functions::messages::EditChatDefaultBannedRights,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let rights = banned_rights_flags(&request.banned_rights);
    if rights & VIEW_MESSAGES != 0 {
        return Err(Error::BANNED_RIGHTS_INVALID);
    }
    if !matches!(request.banned_rights.until_date, 0 | i32::MAX) {
        return Err(Error::UNTIL_DATE_INVALID);
    }
    if let PeerId::Channel(id) = peer {
        let updates = context
            .messenger()
            .set_channel_banned_rights(actor, id, rights, context.now)
            .await?;
        return Ok(answer(updates));
    }
    let id = group(context, &request.peer).await?;
    let updates = context
        .messenger()
        .set_chat_banned_rights(actor, id, rights, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.getChats
pub(super) async fn get_chats(
    context: &Context<'_>,
    request: functions::messages::GetChats,
) -> Result<types::messages::Chats> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut chats = Vec::with_capacity(request.id.len().min(100));
    for id in request.id.iter().take(100) {
        let chat = messenger.chat_of(user, ChatId(*id)).await?;
        chats.push(messenger.show_chat(user, &chat));
    }
    Ok(types::messages::Chats::Chats { chats })
}

/// messages.getFullChat
pub(super) async fn get_full_chat(
    context: &Context<'_>,
    request: functions::messages::GetFullChat,
) -> Result<types::messages::ChatFull> {
    let user = context.user()?;
    let id = chat_id(context, request.chat_id).await?;
    let messenger = context.messenger();
    let chat = messenger.chat_of(user, id).await?;
    let peer = PeerId::Chat(id);
    // Whoever is not in it any more is not told what it has become.
    let is_member = chat.member(user).is_some();
    let about = if is_member { chat.about.as_str() } else { "" };
    let participants = if is_member {
        participants(&chat)
    } else {
        types::ChatParticipants::Forbidden(Box::new(constructors::ChatParticipantsForbidden::new(
            id.0,
        )))
    };
    let mut full = constructors::ChatFull::new(
        id.0,
        about.into(),
        participants,
        Box::new(messenger.notify_settings(user, peer).await?),
    );
    full.can_set_username = chat.creator == user.0;
    full.pinned_msg_id = messenger.pinned_message(user, peer).await?.map(|id| id.0);
    let dialog = context
        .services
        .store
        .dialog(MailboxId::User(user), peer)
        .await?;
    full.folder_id = dialog
        .filter(|dialog| dialog.folder != messenger::MAIN)
        .map(|dialog| dialog.folder.cast_signed());
    if let Some(photo) = chat.photo.as_ref().filter(|_| is_member) {
        let id = store::DocumentId(photo.id);
        full.chat_photo = messenger
            .file(id)
            .await?
            .map(|file| messenger.show_photo(user, id, &file));
    }
    if chat.is_admin(user) {
        full.exported_invite = invite::shown_permanent(context, id).await?;
    }
    let mut bots = Vec::new();
    for member in chat.members.iter().filter(|member| member.bot && is_member) {
        bots.push(crate::bots::bot_info(context, store::UserId(member.user), peer).await?);
    }
    full.bot_info = (!bots.is_empty()).then_some(bots);
    full.translations_disabled = messenger.is_untranslated(user, peer).await?;
    full.available_reactions = Some(chat.shown_reactions());
    full.ttl_period = (chat.ttl_period > 0).then(|| chat.ttl_period.cast_signed());
    full.has_scheduled = messenger.has_scheduled(user, peer).await?;
    let mut peers = messenger::Peers::default();
    peers.add_participants(&full.participants);
    peers.add(peer);
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::messages::ChatFull {
        full_chat: types::ChatFull::ChatFull(Box::new(full)),
        chats: shown.chats,
        users: shown.users,
    })
}

/// messages.editChatPhoto
pub(super) async fn edit_chat_photo(
    context: &Context<'_>,
    request: functions::messages::EditChatPhoto,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let messenger = context.messenger();
    messenger.check_chat_info(actor.user, id).await?;
    let photo = context
        .chosen_photo(&request.photo, Error::PHOTO_INVALID)
        .await?;
    let updates = messenger
        .set_chat_photo(actor, id, photo, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.getCommonChats
pub(super) async fn get_common_chats(
    context: &Context<'_>,
    request: functions::messages::GetCommonChats,
) -> Result<types::messages::Chats> {
    let user = context.user()?;
    let messenger = context.messenger();
    let other = context.input_user(&request.user_id).await?;
    let mut common = messenger.common_chats(user, other).await?;
    let count = common.len();
    common.retain(|chat| request.max_id <= 0 || chat.id < request.max_id);
    let limit = page_limit(request.limit) as usize;
    let whole = common.len() == count && count <= limit;
    common.truncate(limit);
    let chats = common
        .iter()
        .map(|chat| messenger.show_chat(user, chat))
        .collect();
    if whole {
        return Ok(types::messages::Chats::Chats { chats });
    }
    Ok(types::messages::Chats::Slice {
        count: i32::try_from(count).unwrap_or(i32::MAX),
        chats,
    })
}

/// messages.getOnlines
pub(super) async fn get_onlines(
    context: &Context<'_>,
    request: functions::messages::GetOnlines,
) -> Result<types::ChatOnlines> {
    let user = context.user()?;
    let messenger = context.messenger();
    if let PeerId::Channel(id) = context.peer(&request.peer).await? {
        let standing = messenger.reading(user, id, context.now).await?;
        let onlines = messenger.channel_onlines(&standing, context.now).await?;
        return Ok(types::ChatOnlines { onlines });
    }
    let id = group(context, &request.peer).await?;
    let chat = messenger.chat_of(user, id).await?;
    if chat.member(user).is_none() {
        return Err(Error::USER_NOT_PARTICIPANT);
    }
    let mut onlines = 1;
    for member in chat.members.iter().filter(|member| member.user != user.0) {
        let status = messenger
            .status(user, store::UserId(member.user), context.now)
            .await?;
        onlines += i32::from(matches!(status, types::UserStatus::Online { .. }));
    }
    Ok(types::ChatOnlines { onlines })
}

/// messages.toggleNoForwards
pub(super) async fn toggle_no_forwards(
    context: &Context<'_>,
    request: functions::messages::ToggleNoForwards,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    if let PeerId::Channel(id) = context.peer(&request.peer).await? {
        let switch = messenger::Switch::NoForwards(request.enabled);
        let updates = context
            .messenger()
            .switch_channel(actor, id, switch, context.now)
            .await?;
        return Ok(answer(updates));
    }
    let id = group(context, &request.peer).await?;
    let updates = context
        .messenger()
        .protect_chat(actor, id, request.enabled, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.migrateChat
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "others are called as elsewhere"
)]
pub(super) async fn migrate_chat(
    context: &Context<'_>,
    request: functions::messages::MigrateChat,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = chat_id(context, request.chat_id).await?;
    let messenger = context.messenger();
    let new = store::ChannelId(messenger.next_id(Counter::Groups).await?);
    let updates = messenger
        .migrate_chat(actor, id, new, context.now)
        .await
        .map_err(|error| match error {
            messenger::Error::AdminRequired => Error::CHAT_ADMIN_REQUIRED.in_403(),
            other => other.into(),
        })?;
    Ok(answer(updates))
}

/// messages.editChatParticipantRank
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "others are called as elsewhere"
)]
pub(super) async fn edit_chat_participant_rank(
    context: &Context<'_>,
    request: functions::messages::EditChatParticipantRank,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let PeerId::Channel(id) = context.peer(&request.peer).await? else {
        return Err(Error::CHAT_ID_INVALID);
    };
    let Ok(PeerId::User(user)) = context.peer(&request.participant).await else {
        return Err(Error::PARTICIPANT_ID_INVALID);
    };
    let updates = context
        .messenger()
        .set_rank(actor, id, user, &request.rank, context.now)
        .await
        .map_err(|error| match error {
            messenger::Error::Channel(messenger::ChannelError::RankInvalid) => Error::RANK_INVALID,
            messenger::Error::Channel(messenger::ChannelError::RankEmoji) => {
                Error::RANK_EMOJI_NOT_ALLOWED
            }
            other => other.into(),
        })?;
    Ok(answer(updates))
}

/// messages.editChatCreator
pub(super) async fn edit_chat_creator(
    context: &Context<'_>,
    request: functions::messages::EditChatCreator,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let PeerId::Channel(id) = context.peer(&request.peer).await? else {
        return Err(Error::CHAT_ID_INVALID);
    };
    let messenger = context.messenger();
    let standing = messenger.reading(actor.user, id, context.now).await?;
    standing.need_creator()?;
    // Clients ask without a password first, to be told whether there is one.
    if matches!(
        request.password,
        types::InputCheckPasswordSRP::InputCheckPasswordEmpty {}
    ) {
        return Err(Error::PASSWORD_MISSING);
    }
    let user = context.input_user(&request.user_id).await?;
    crate::account::password::check_password(context, actor.user, &request.password).await?;
    let updates = messenger
        .set_channel_owner(actor, id, user, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.saveDefaultSendAs
pub(super) async fn save_default_send_as(
    context: &Context<'_>,
    request: functions::messages::SaveDefaultSendAs,
) -> Result<bool> {
    let user = context.user()?;
    let PeerId::Channel(id) = context.peer(&request.peer).await? else {
        return Err(Error::PEER_ID_INVALID);
    };
    let send_as = context
        .peer(&request.send_as)
        .await
        .map_err(|_| Error::SEND_AS_PEER_INVALID)?;
    context
        .messenger()
        .save_send_as(user, id, send_as, context.now)
        .await?;
    Ok(true)
}

/// messages.getMessagesViews
pub(super) async fn get_messages_views(
    context: &Context<'_>,
    request: functions::messages::GetMessagesViews,
) -> Result<types::messages::MessageViews> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if request.id.len() > VIEWS_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    let ids: Vec<store::MsgId> = request.id.iter().map(|id| store::MsgId(*id)).collect();
    let messenger = context.messenger();
    let mut peers = messenger::Peers::default();
    let views = match peer {
        PeerId::Channel(id) => {
            messenger
                .views(actor, id, &ids, request.increment, context.now)
                .await?
        }
        // Nobody counts views elsewhere.
        PeerId::Chat(_) | PeerId::User(_) => {
            ids.iter().map(|_| types::MessageViews::new()).collect()
        }
    };
    for replies in views.iter().filter_map(|views| views.replies.as_ref()) {
        if let Some(group) = replies.channel_id {
            peers.add(PeerId::Channel(store::ChannelId(group)));
        }
    }
    let shown = messenger.show(actor.user, &peers, context.now).await?;
    Ok(types::messages::MessageViews {
        views,
        chats: shown.chats,
        users: shown.users,
    })
}

/// messages.getFutureChatCreatorAfterLeave
pub(super) async fn get_future_chat_creator_after_leave(
    context: &Context<'_>,
    request: functions::messages::GetFutureChatCreatorAfterLeave,
) -> Result<types::User> {
    let user = context.user()?;
    let id = group(context, &request.peer).await?;
    let messenger = context.messenger();
    let chat = messenger.chat_of(user, id).await?;
    if chat.creator != user.0 {
        return Err(Error::CHAT_ADMIN_REQUIRED);
    }
    // Members stand in the order of joining.
    let others = || chat.members.iter().filter(|member| member.user != user.0);
    let heir = others()
        .find(|member| member.admin)
        .or_else(|| others().next());
    let heir = match heir {
        Some(member) => messenger.user(store::UserId(member.user)).await?,
        None => None,
    };
    match heir {
        Some(heir) => Ok(messenger.show_user(user, &heir, context.now).await?),
        None => Ok(types::User::Empty { id: 0 }),
    }
}
