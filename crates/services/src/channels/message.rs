//! Messages of channels: read, marked, deleted.

use store::{ChannelId, MsgId, PeerId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::{replied_to, shown};

/// The most messages of one request.
const IDS_MAX: usize = 100;
/// What links begin with, as `help.getConfig` tells it.
const LINK_PREFIX: &str = "https://t.me/";

/// Updates as an answer.
pub(super) fn answer(updates: constructors::Updates) -> types::Updates {
    types::Updates::Updates(Box::new(updates))
}

/// channels.getMessages
pub(super) async fn get_messages(
    context: &Context<'_>,
    request: functions::channels::GetMessages,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    if request.id.is_empty() {
        return Err(Error::MESSAGE_IDS_EMPTY);
    }
    let mut ids = Vec::with_capacity(request.id.len().min(IDS_MAX));
    for wanted in request.id.iter().take(IDS_MAX) {
        ids.push(match *wanted {
            types::InputMessage::ID { id } => MsgId(id),
            types::InputMessage::ReplyTo { id } => {
                let replying = messenger.post(&standing, MsgId(id)).await?;
                replying.map_or(MsgId(0), |letter| replied_to(&letter.message))
            }
            types::InputMessage::Pinned {} => messenger
                .pinned_message(user, PeerId::Channel(id))
                .await?
                .unwrap_or_default(),
            types::InputMessage::CallbackQuery { id, .. } => MsgId(id),
        });
    }
    let page = messenger
        .channel_messages(&standing, ids, context.now)
        .await?;
    Ok(shown(page, 0))
}

/// channels.readHistory
pub(super) async fn read_history(
    context: &Context<'_>,
    request: functions::channels::ReadHistory,
) -> Result<bool> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    Ok(context
        .messenger()
        .read_channel(actor, id, MsgId(request.max_id.max(0)), context.now)
        .await?)
}

fn ids_of(ids: &[i32]) -> Vec<MsgId> {
    ids.iter().take(IDS_MAX).map(|id| MsgId(*id)).collect()
}

/// channels.readMessageContents
pub(super) async fn read_message_contents(
    context: &Context<'_>,
    request: functions::channels::ReadMessageContents,
) -> Result<bool> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    context
        .messenger()
        .read_channel_contents(actor, id, &ids_of(&request.id), context.now)
        .await?;
    Ok(true)
}

/// channels.deleteMessages
pub(super) async fn delete_messages(
    context: &Context<'_>,
    request: functions::channels::DeleteMessages,
) -> Result<types::messages::AffectedMessages> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let affected = context
        .messenger()
        .delete_posts(actor, id, &ids_of(&request.id), context.now)
        .await?;
    Ok(types::messages::AffectedMessages {
        pts: affected.pts,
        pts_count: affected.pts_count,
    })
}

/// channels.deleteHistory
pub(super) async fn delete_history(
    context: &Context<'_>,
    request: functions::channels::DeleteHistory,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let max_id = MsgId(request.max_id.max(0));
    let cleared = context
        .messenger()
        .clear_channel(actor, id, max_id, request.for_everyone, context.now)
        .await;
    match cleared {
        Err(messenger::Error::Channel(messenger::ChannelError::NotMember)) => {
            Err(Error::CHANNEL_PARICIPANT_MISSING)
        }
        other => Ok(answer(other?)),
    }
}

/// channels.deleteParticipantHistory
pub(super) async fn delete_participant_history(
    context: &Context<'_>,
    request: functions::channels::DeleteParticipantHistory,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    messenger.reading(actor.user, id, context.now).await?;
    let Ok(PeerId::User(user)) = context.peer(&request.participant).await else {
        return Err(Error::PARTICIPANT_ID_INVALID);
    };
    let cleared = messenger
        .delete_posts_of(actor, id, user, context.now)
        .await?;
    Ok(types::messages::AffectedHistory {
        pts: cleared.affected.pts,
        pts_count: cleared.affected.pts_count,
        offset: i32::from(cleared.more),
    })
}

/// channels.exportMessageLink
pub(super) async fn export_message_link(
    context: &Context<'_>,
    request: functions::channels::ExportMessageLink,
) -> Result<types::ExportedMessageLink> {
    let user = context.user()?;
    let id: ChannelId = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    if messenger
        .post(&standing, MsgId(request.id))
        .await?
        .is_none()
    {
        return Err(Error::MESSAGE_ID_INVALID);
    }
    let place = match &standing.channel.username {
        Some(name) => name.clone(),
        None => format!("c/{id}"),
    };
    let end = if request.grouped { "" } else { "?single" };
    let single = matches!(
        messenger.post(&standing, MsgId(request.id)).await?.map(|letter| letter.message),
        Some(types::Message::Message(message)) if message.grouped_id.is_some()
    );
    let end = if single { end } else { "" };
    Ok(types::ExportedMessageLink {
        link: format!("{LINK_PREFIX}{place}/{}{end}", request.id).into(),
        html: "".into(),
    })
}
