//! Coming into channels and leaving them (1.7).

use tl_api::{functions, types};

use super::in_403;
use super::message::answer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::JOINS;

/// The most users brought in at once.
const USERS_MAX: usize = 200;

/// channels.inviteToChannel
pub(super) async fn invite_to_channel(
    context: &Context<'_>,
    request: functions::channels::InviteToChannel,
) -> Result<types::messages::InvitedUsers> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    if request.users.is_empty() {
        return Err(Error::USER_ID_INVALID);
    }
    if request.users.len() > USERS_MAX {
        return Err(Error::USERS_TOO_MUCH);
    }
    let messenger = context.messenger();
    // Whoever may not bring in anybody is not told who exists.
    messenger
        .check_inviting_to(actor, id, context.now)
        .await
        .map_err(in_403)?;
    let mut users = Vec::with_capacity(request.users.len());
    for user in &request.users {
        users.push(context.input_user(user).await?);
    }
    let invited = messenger
        .invite_to_channel(actor, id, &users, context.now)
        .await?;
    let missing_invitees = invited
        .missing
        .iter()
        .map(|user| types::MissingInvitee::new(user.0))
        .collect();
    Ok(types::messages::InvitedUsers {
        updates: answer(invited.updates),
        missing_invitees,
    })
}

/// channels.joinChannel
pub(super) async fn join_channel(
    context: &Context<'_>,
    request: functions::channels::JoinChannel,
) -> Result<types::messages::ChatInviteJoinResult> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    context.limit(JOINS, &actor.user.to_string())?;
    let updates = context
        .messenger()
        .join_channel(actor, id, context.now)
        .await?;
    Ok(types::messages::ChatInviteJoinResult::Ok {
        updates: answer(updates),
    })
}

/// channels.leaveChannel
pub(super) async fn leave_channel(
    context: &Context<'_>,
    request: functions::channels::LeaveChannel,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let updates = context
        .messenger()
        .leave_channel(actor, id, context.now)
        .await?;
    Ok(answer(updates))
}
