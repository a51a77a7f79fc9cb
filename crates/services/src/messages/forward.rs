//! Forwarding (A.6).

use messenger::Forwarding;
use store::MsgId;
use tl_api::{functions, types};

use super::schedule::send_date;
use super::send::{Extras, answer, check_extras};
use crate::context::Context;
use crate::error::{Error, Result};

/// The most messages of one request.
const IDS_MAX: usize = 100;

/// messages.forwardMessages
pub(super) async fn forward_messages(
    context: &Context<'_>,
    request: functions::messages::ForwardMessages,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    if request.id.is_empty() || request.id.len() > IDS_MAX {
        return Err(Error::MESSAGE_IDS_EMPTY);
    }
    if request.random_id.len() != request.id.len() || request.random_id.contains(&0) {
        return Err(Error::RANDOM_ID_INVALID);
    }
    let from = context.peer(&request.from_peer).await?;
    let to = context.peer(&request.to_peer).await?;
    check_extras(
        context,
        &Extras {
            peer: to,
            send_as: request.send_as.as_ref(),
            shortcut: request.quick_reply_shortcut.is_some(),
            effect: request.effect,
        },
    )
    .await?;
    let reply_to = context.reply_to(request.reply_to.as_ref()).await?;
    let ids = request.id.iter().map(|id| MsgId(*id));
    let forwarding = Forwarding {
        messages: ids.zip(request.random_id).collect(),
        drop_author: request.drop_author || request.drop_media_captions,
        drop_captions: request.drop_media_captions,
        silent: request.silent,
        reply_to,
    };
    let messenger = context.messenger();
    let updates = match send_date(context, request.schedule_date).await? {
        Some(date) => {
            messenger
                .schedule_forward(actor, from, to, forwarding, date, context.now)
                .await?
        }
        None => {
            messenger
                .forward(actor, from, to, forwarding, context.now)
                .await?
        }
    };
    Ok(answer(updates))
}
