//! Making and deleting channels.

use messenger::{Counter, NewChannel};
use store::ChannelId;
use tl_api::{functions, types};

use super::message::answer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::CHANNELS_MADE;
use crate::messages::period;

/// channels.createChannel
pub(super) async fn create_channel(
    context: &Context<'_>,
    request: functions::channels::CreateChannel,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    if request.title.trim().is_empty() {
        return Err(Error::CHAT_TITLE_EMPTY);
    }
    if request.about.chars().count() > 255 {
        return Err(Error::CHAT_ABOUT_TOO_LONG);
    }
    if request.geo_point.is_some() || request.address.is_some() {
        return Err(Error::ADDRESS_INVALID);
    }
    let ttl_period = period(request.ttl_period.unwrap_or(0))?;
    context.limit(CHANNELS_MADE, &actor.user.to_string())?;
    let messenger = context.messenger();
    let new = NewChannel {
        id: ChannelId(messenger.next_id(Counter::Groups).await?),
        random_id: context.services.random_id(),
        megagroup: request.megagroup || request.forum,
        forum: request.forum,
        title: request.title.as_str().to_owned(),
        about: request.about.as_str().to_owned(),
        ttl_period,
    };
    let updates = messenger.found_channel(actor, new, context.now).await?;
    Ok(answer(updates))
}

/// channels.deleteChannel
pub(super) async fn delete_channel(
    context: &Context<'_>,
    request: functions::channels::DeleteChannel,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let updates = context
        .messenger()
        .delete_channel(actor, id, context.now)
        .await?;
    Ok(answer(updates))
}
