//! Scheduled messages (A60–A64).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{Edit, WHEN_ONLINE};
use store::PeerId;
use tl_api::{constructors, functions, types};

use super::history::hash_of;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// A message may be asked for so few seconds ahead without being scheduled.
const SOON_S: u32 = 10;
/// The farthest that a message may be scheduled, seconds.
const FAR_S: u32 = 367 * 86_400;
/// The most ids of one request.
const IDS_MAX: usize = 100;

/// When a message is to be sent; `None` for now.
pub(super) async fn send_date(context: &Context<'_>, date: Option<i32>) -> Result<Option<u32>> {
    let Some(date) = date.filter(|date| *date != 0) else {
        return Ok(None);
    };
    let messenger = context.messenger();
    if messenger.is_bot(context.user()?).await? {
        return Err(Error::SCHEDULE_BOT_NOT_ALLOWED);
    }
    let date = u32::try_from(date).map_err(|_| Error::SCHEDULE_DATE_INVALID)?;
    let now = context.now.unix_s();
    match date {
        WHEN_ONLINE => Ok(Some(date)),
        _ if date <= now + SOON_S => Ok(None),
        _ if date > now + FAR_S => Err(Error::SCHEDULE_DATE_TOO_LATE),
        _ => Ok(Some(date)),
    }
}

/// Messages of the queue as an answer.
fn page(
    messages: Vec<types::Message>,
    shown: messenger::Shown,
    hash: i64,
) -> types::messages::Messages {
    let numbers = messages.iter().flat_map(|message| match message {
        types::Message::Message(message) => {
            let edited = message.edit_date.unwrap_or(0);
            [message.id, edited, message.date].map(i64::from)
        }
        _ => [0; 3],
    });
    if hash != 0 && hash == hash_of(numbers) {
        return types::messages::Messages::NotModified {
            count: i32::try_from(messages.len()).unwrap_or(i32::MAX),
        };
    }
    types::messages::Messages::Messages(Box::new(constructors::messages::Messages {
        messages,
        topics: Vec::new(),
        chats: shown.chats,
        users: shown.users,
    }))
}

/// messages.getScheduledHistory
pub(super) async fn get_scheduled_history(
    context: &Context<'_>,
    request: functions::messages::GetScheduledHistory,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let (messages, shown) = context
        .messenger()
        .scheduled(user, peer, context.now)
        .await?;
    Ok(page(messages, shown, request.hash))
}

/// messages.getScheduledMessages
pub(super) async fn get_scheduled_messages(
    context: &Context<'_>,
    request: functions::messages::GetScheduledMessages,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let (mut messages, shown) = context
        .messenger()
        .scheduled(user, peer, context.now)
        .await?;
    messages.retain(|message| request.id.contains(&messenger::message_id(message).0));
    Ok(page(messages, shown, 0))
}

/// messages.sendScheduledMessages
pub(super) async fn send_scheduled_messages(
    context: &Context<'_>,
    request: functions::messages::SendScheduledMessages,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if request.id.len() > IDS_MAX {
        return Err(Error::MESSAGE_ID_INVALID);
    }
    let updates = context
        .messenger()
        .send_scheduled(actor, peer, &request.id, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.deleteScheduledMessages
pub(super) async fn delete_scheduled_messages(
    context: &Context<'_>,
    request: functions::messages::DeleteScheduledMessages,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let ids = request.id.get(..IDS_MAX.min(request.id.len()));
    let updates = context
        .messenger()
        .delete_scheduled(actor, peer, ids.unwrap_or_default(), context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.editMessage of a message that is in the queue.
pub(super) async fn edit(
    context: &Context<'_>,
    peer: PeerId,
    request: functions::messages::EditMessage,
    date: i32,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let date = send_date(context, Some(date))
        .await?
        .ok_or(Error::SCHEDULE_DATE_INVALID)?;
    let media = match &request.media {
        None | Some(types::InputMedia::Empty {}) => None,
        Some(media) => super::media::from_input(context, media).await?,
    };
    let text = match &request.message {
        Some(text) => Some(context.text(text, request.entities).await?),
        None => None,
    };
    let edit = Edit {
        text,
        media,
        invert_media: request.invert_media,
        ..Edit::default()
    };
    let updates = context
        .messenger()
        .edit_scheduled(actor, peer, request.id, edit, date, context.now)
        .await?;
    Ok(answer(updates))
}
