//! Sending texts (A.4).

use messenger::{Actor, Outgoing, SendOptions};
use store::PeerId;
use tl_api::{constructors, functions, types};

use super::lifetime;
use super::schedule::send_date;
use crate::context::Context;
use crate::error::{Error, Result};

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
    let messages = vec![message];
    let updates = deliver(
        context,
        actor,
        peer,
        messages,
        options,
        request.schedule_date,
    )
    .await?;
    crate::bots::father::heard(context, peer, &updates).await?;
    Ok(answer(updates))
}

/// Sends messages, now or later.
pub(super) async fn deliver(
    context: &Context<'_>,
    actor: Actor,
    peer: PeerId,
    messages: Vec<Outgoing>,
    options: SendOptions,
    schedule_date: Option<i32>,
) -> Result<constructors::Updates> {
    let messenger = context.messenger();
    Ok(match send_date(context, schedule_date).await? {
        Some(date) => {
            messenger
                .schedule(actor, peer, messages, date, context.now)
                .await?
        }
        None => {
            lifetime::begin(context, peer).await?;
            messenger
                .send(actor, peer, messages, options, context.now)
                .await?
        }
    })
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
    pub(super) effect: Option<i64>,
}

/// Steps 4, 5, 8 and 10 of A.4.
pub(super) async fn check_extras(context: &Context<'_>, extras: &Extras<'_>) -> Result<()> {
    if let Some(send_as) = extras.send_as {
        let send_as = context.peer(send_as).await?;
        let user = context.user()?;
        match (extras.peer, send_as) {
            // From then on it is the default as well.
            (PeerId::Channel(id), _) => {
                let messenger = context.messenger();
                messenger
                    .save_send_as(user, id, send_as, context.now)
                    .await?;
            }
            (_, PeerId::User(other)) if other == user => {}
            _ => return Err(Error::SEND_AS_PEER_INVALID),
        }
    }
    if extras.shortcut {
        return Err(Error::PREMIUM_ACCOUNT_REQUIRED);
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
