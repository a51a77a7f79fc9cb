//! Sending texts (A.4).

use messenger::{Outgoing, SendOptions};
use store::PeerId;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// A message may be asked for so few seconds ahead without being scheduled (A60).
const SCHEDULE_AHEAD_S: i32 = 10;

/// messages.sendMessage
pub(super) async fn send_message(
    context: &Context<'_>,
    request: functions::messages::SendMessage,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    check_random_id(request.random_id)?;
    let peer = context.peer(&request.peer).await?;
    check_extras(
        context,
        &Extras {
            peer,
            send_as: request.send_as.as_ref(),
            shortcut: request.quick_reply_shortcut.is_some(),
            schedule_date: request.schedule_date,
            effect: request.effect,
        },
    )
    .await?;
    if request.rich_message.is_some() {
        return Err(Error::MESSAGE_EMPTY);
    }
    let reply_to = context.reply_to(request.reply_to.as_ref()).await?;
    let text = context.text(&request.message, request.entities).await?;
    if text.text.is_empty() {
        return Err(Error::MESSAGE_EMPTY);
    }
    let message = Outgoing {
        random_id: request.random_id,
        text,
        markup: context.markup(request.reply_markup, peer).await?,
        reply_to,
        silent: request.silent,
        invert_media: request.invert_media,
        effect: request.effect,
        ..Outgoing::default()
    };
    let options = SendOptions {
        clear_draft: request.clear_draft,
    };
    let updates = context
        .messenger()
        .send(actor, peer, vec![message], options, context.now)
        .await?;
    crate::bots::father::heard(context, peer, &updates).await?;
    Ok(answer(updates))
}

/// Updates as an answer.
pub(super) fn answer(updates: constructors::Updates) -> types::Updates {
    types::Updates::Updates(Box::new(updates))
}

pub(super) fn check_random_id(random_id: i64) -> Result<()> {
    if random_id == 0 {
        return Err(Error::RANDOM_ID_EMPTY);
    }
    Ok(())
}

/// What only some chats have.
pub(super) struct Extras<'a> {
    pub(super) peer: PeerId,
    pub(super) send_as: Option<&'a types::InputPeer>,
    pub(super) shortcut: bool,
    pub(super) schedule_date: Option<i32>,
    pub(super) effect: Option<i64>,
}

/// Steps 4, 5, 8 and 10 of A.4.
pub(super) async fn check_extras(context: &Context<'_>, extras: &Extras<'_>) -> Result<()> {
    if let Some(send_as) = extras.send_as
        && context.peer(send_as).await? != PeerId::User(context.user()?)
    {
        return Err(Error::SEND_AS_PEER_INVALID);
    }
    if extras.shortcut {
        return Err(Error::PREMIUM_ACCOUNT_REQUIRED);
    }
    let soon = context.now.date().saturating_add(SCHEDULE_AHEAD_S);
    if extras.schedule_date.is_some_and(|date| date > soon) {
        return Err(Error::SCHEDULE_DATE_INVALID);
    }
    if extras.schedule_date.is_some() && context.messenger().is_bot(context.user()?).await? {
        return Err(Error::SCHEDULE_BOT_NOT_ALLOWED);
    }
    if extras.effect.is_some() {
        return Err(match extras.peer {
            PeerId::User(_) => Error::EFFECT_ID_INVALID,
            PeerId::Chat(_) | PeerId::Channel(_) => Error::EFFECT_CHAT_INVALID,
        });
    }
    Ok(())
}

/// messages.sendScreenshotNotification
pub(super) async fn send_screenshot_notification(
    context: &Context<'_>,
    request: functions::messages::SendScreenshotNotification,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    check_random_id(request.random_id)?;
    let peer = context.peer(&request.peer).await?;
    if !matches!(peer, PeerId::User(user) if user != actor.user) {
        return Err(Error::PEER_ID_INVALID);
    }
    let reply_to = context.reply_to(Some(&request.reply_to)).await?;
    let updates = context
        .messenger()
        .send_service(
            actor,
            peer,
            types::MessageAction::ScreenshotTaken {},
            reply_to,
            request.random_id,
            context.now,
        )
        .await?;
    Ok(answer(updates))
}
