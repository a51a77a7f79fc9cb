//! Pinned messages (B.6).

use messenger::Pinning;
use store::{MsgId, PeerId};
use tl_api::{functions, types};

use super::read::affected_history;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// messages.updatePinnedMessage
pub(super) async fn update_pinned_message(
    context: &Context<'_>,
    request: functions::messages::UpdatePinnedMessage,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let pinning = Pinning {
        unpin: request.unpin,
        silent: request.silent,
        oneside: request.pm_oneside && matches!(peer, PeerId::User(_)),
    };
    let pinned = context
        .messenger()
        .pin(actor, peer, MsgId(request.id), pinning, context.now)
        .await;
    match pinned {
        // Refused for want of a right that is asked for by another name here.
        Err(messenger::Error::PeerUnknown) => Err(Error::PEER_ID_INVALID),
        other => Ok(answer(other?)),
    }
}

/// messages.unpinAllMessages
pub(super) async fn unpin_all_messages(
    context: &Context<'_>,
    request: functions::messages::UnpinAllMessages,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let cleared = context
        .messenger()
        .unpin_all(actor, peer, context.now)
        .await?;
    Ok(affected_history(cleared))
}
