//! What a channel is called and how it behaves (1.11, 1.13).

use messenger::Switch;
use store::ChannelId;
use tl_api::{functions, types};

use super::in_403;
use super::message::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// channels.editTitle
pub(super) async fn edit_title(
    context: &Context<'_>,
    request: functions::channels::EditTitle,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let updates = context
        .messenger()
        .set_channel_title(actor, id, &request.title, context.now)
        .await
        .map_err(in_403)?;
    Ok(answer(updates))
}

/// channels.editPhoto
pub(super) async fn edit_photo(
    context: &Context<'_>,
    request: functions::channels::EditPhoto,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    messenger
        .info_standing(actor, id, context.now)
        .await
        .map_err(in_403)?;
    let photo = context
        .chosen_photo(&request.photo, Error::PHOTO_FILE_MISSING)
        .await?;
    let updates = messenger
        .set_channel_photo(actor, id, photo, context.now)
        .await?;
    Ok(answer(updates))
}

/// channels.checkUsername
pub(super) async fn check_username(
    context: &Context<'_>,
    request: functions::channels::CheckUsername,
) -> Result<bool> {
    let user = context.user()?;
    let messenger = context.messenger();
    // No channel: it is yet to be made.
    let channel: Option<ChannelId> = match &request.channel {
        types::InputChannel::Empty {} => None,
        channel @ (types::InputChannel::InputChannel { .. }
        | types::InputChannel::FromMessage(_)) => Some(context.channel(channel).await?),
    };
    if let Some(id) = channel {
        let standing = messenger.reading(user, id, context.now).await?;
        standing.need_creator()?;
    }
    if !messenger
        .is_channel_username_free(channel, &request.username)
        .await?
    {
        return Err(Error::USERNAME_OCCUPIED);
    }
    let own = messenger.own_public_channels(user).await?;
    let is_public = channel.is_some_and(|id| own.contains(&id));
    if own.len() >= 10 && !is_public {
        return Err(Error::CHANNELS_ADMIN_PUBLIC_TOO_MUCH);
    }
    Ok(true)
}

/// channels.updateUsername
pub(super) async fn update_username(
    context: &Context<'_>,
    request: functions::channels::UpdateUsername,
) -> Result<bool> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    context
        .messenger()
        .set_channel_username(actor, id, &request.username, context.now)
        .await
        .map_err(in_403)?;
    Ok(true)
}

async fn switch(
    context: &Context<'_>,
    channel: &types::InputChannel,
    switch: Switch,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(channel).await?;
    let updates = context
        .messenger()
        .switch_channel(actor, id, switch, context.now)
        .await?;
    Ok(answer(updates))
}

/// channels.toggleSignatures
pub(super) async fn toggle_signatures(
    context: &Context<'_>,
    request: functions::channels::ToggleSignatures,
) -> Result<types::Updates> {
    let signatures = Switch::Signatures(request.signatures_enabled, request.profiles_enabled);
    switch(context, &request.channel, signatures).await
}

/// channels.toggleSlowMode
pub(super) async fn toggle_slow_mode(
    context: &Context<'_>,
    request: functions::channels::ToggleSlowMode,
) -> Result<types::Updates> {
    let seconds = u32::try_from(request.seconds).unwrap_or(u32::MAX);
    switch(context, &request.channel, Switch::SlowMode(seconds)).await
}

/// channels.togglePreHistoryHidden
pub(super) async fn toggle_pre_history_hidden(
    context: &Context<'_>,
    request: functions::channels::TogglePreHistoryHidden,
) -> Result<types::Updates> {
    let hidden = Switch::PrehistoryHidden(request.enabled);
    switch(context, &request.channel, hidden).await
}

/// channels.toggleJoinToSend
pub(super) async fn toggle_join_to_send(
    context: &Context<'_>,
    request: functions::channels::ToggleJoinToSend,
) -> Result<types::Updates> {
    let join = Switch::JoinToSend(request.enabled);
    switch(context, &request.channel, join).await
}

/// channels.toggleJoinRequest
pub(super) async fn toggle_join_request(
    context: &Context<'_>,
    request: functions::channels::ToggleJoinRequest,
) -> Result<types::Updates> {
    if request.guard_bot.is_some() {
        return Err(Error::BOT_INVALID);
    }
    let join = Switch::JoinRequest(request.enabled);
    switch(context, &request.channel, join).await
}

/// channels.toggleParticipantsHidden
pub(super) async fn toggle_participants_hidden(
    context: &Context<'_>,
    request: functions::channels::ToggleParticipantsHidden,
) -> Result<types::Updates> {
    let hidden = Switch::ParticipantsHidden(request.enabled);
    switch(context, &request.channel, hidden).await
}

/// channels.toggleForum
pub(super) async fn toggle_forum(
    context: &Context<'_>,
    request: functions::channels::ToggleForum,
) -> Result<types::Updates> {
    let forum = Switch::Forum(request.enabled, request.tabs);
    let switched = switch(context, &request.channel, forum).await;
    match switched {
        Err(error) if error == Error::CHAT_LINK_EXISTS => Err(Error::CHAT_DISCUSSION_UNALLOWED),
        other => other,
    }
}
