//! Editing (A70–A74).

use messenger::Edit;
use store::MsgId;
use tl_api::{functions, types};

use super::media;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// messages.editMessage
pub(super) async fn edit_message(
    context: &Context<'_>,
    request: functions::messages::EditMessage,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if request.quick_reply_shortcut_id.is_some() {
        return Err(Error::SHORTCUT_INVALID);
    }
    if request.rich_message.is_some() {
        return Err(Error::MESSAGE_ID_INVALID);
    }
    if let Some(date) = request.schedule_date {
        return super::schedule::edit(context, peer, request, date).await;
    }
    let messenger = context.messenger();
    let id = MsgId(request.id);
    if let Some(types::InputMedia::Poll(input)) = &request.media {
        if !input.poll.closed {
            return Err(Error::MEDIA_PREV_INVALID);
        }
        let updates = messenger.close_poll(actor, peer, id, context.now).await?;
        return Ok(answer(updates));
    }
    let old = messenger
        .editable(actor.user, peer, id, context.now)
        .await?;
    let has_media =
        matches!(&old.message, types::Message::Message(message) if message.media.is_some());
    let text = match &request.message {
        Some(text) if has_media || request.media.is_some() => {
            Some(context.caption(text, request.entities).await?)
        }
        Some(text) => Some(context.text(text, request.entities).await?),
        None => None,
    };
    let media = match &request.media {
        None | Some(types::InputMedia::Empty {}) => None,
        Some(media) => media::from_input(context, media).await?,
    };
    // What a bot does not send again is taken away.
    let markup = if messenger.is_bot(actor.user).await? {
        Some(context.inline_markup(request.reply_markup).await?)
    } else {
        None
    };
    let edit = Edit {
        text,
        media,
        invert_media: request.invert_media,
        markup,
        quiet: false,
    };
    let updates = messenger.edit(actor, peer, id, edit, context.now).await?;
    Ok(answer(updates))
}

/// messages.getMessageEditData
pub(super) async fn get_message_edit_data(
    context: &Context<'_>,
    request: functions::messages::GetMessageEditData,
) -> Result<types::messages::MessageEditData> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let letter = context
        .messenger()
        .editable(user, peer, MsgId(request.id), context.now)
        .await?;
    let caption =
        matches!(&letter.message, types::Message::Message(message) if message.media.is_some());
    Ok(types::messages::MessageEditData { caption })
}
