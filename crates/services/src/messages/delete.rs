//! Deleting (A.7).

use messenger::Clearing;
use store::{MsgId, PeerId};
use tl_api::{functions, types};

use super::read::{affected_history, affected_messages};
use crate::context::Context;
use crate::error::{Error, Result};

/// The most messages of one request.
const IDS_MAX: usize = 100;

/// messages.deleteMessages
pub(super) async fn delete_messages(
    context: &Context<'_>,
    request: functions::messages::DeleteMessages,
) -> Result<types::messages::AffectedMessages> {
    let actor = context.actor()?;
    let ids: Vec<MsgId> = request
        .id
        .iter()
        .take(IDS_MAX)
        .map(|id| MsgId(*id))
        .collect();
    let affected = context
        .messenger()
        .delete_messages(actor, &ids, request.revoke, context.now)
        .await?;
    Ok(affected_messages(affected))
}

/// messages.deletePhoneCallHistory
pub(super) async fn delete_phone_call_history(
    context: &Context<'_>,
    request: functions::messages::DeletePhoneCallHistory,
) -> Result<types::messages::AffectedFoundMessages> {
    let actor = context.actor()?;
    let (cleared, ids) = context
        .messenger()
        .delete_call_history(actor, request.revoke, context.now)
        .await?;
    Ok(types::messages::AffectedFoundMessages {
        pts: cleared.affected.pts,
        pts_count: cleared.affected.pts_count,
        offset: i32::from(cleared.more),
        messages: ids.into_iter().map(|id| id.0).collect(),
    })
}

/// messages.deleteHistory
pub(super) async fn delete_history(
    context: &Context<'_>,
    request: functions::messages::DeleteHistory,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if matches!(peer, PeerId::Channel(_)) {
        return Err(Error::PEER_ID_INVALID);
    }
    let dates = match (request.min_date, request.max_date) {
        (None, None) => None,
        (first, last) => {
            if matches!(peer, PeerId::Chat(_)) && request.revoke {
                return Err(Error::CHAT_REVOKE_DATE_UNSUPPORTED);
            }
            let first = u32::try_from(first.unwrap_or(0)).map_err(|_| Error::MIN_DATE_INVALID)?;
            let last =
                u32::try_from(last.unwrap_or(i32::MAX)).map_err(|_| Error::MAX_DATE_INVALID)?;
            if last < first {
                return Err(Error::MAX_DATE_INVALID);
            }
            Some((first, last))
        }
    };
    let clearing = Clearing {
        just_clear: request.just_clear,
        revoke: request.revoke,
        max_id: MsgId(request.max_id.max(0)),
        dates,
    };
    let cleared = context
        .messenger()
        .clear_history(actor, peer, clearing, context.now)
        .await?;
    Ok(affected_history(cleared))
}
