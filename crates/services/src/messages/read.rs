//! Read marks (B.3).

use messenger::Affected;
use store::{MsgId, PeerId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// messages.readHistory
pub(super) async fn read_history(
    context: &Context<'_>,
    request: functions::messages::ReadHistory,
) -> Result<types::messages::AffectedMessages> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if matches!(peer, PeerId::Channel(_)) {
        return Err(Error::PEER_ID_INVALID);
    }
    let affected = context
        .messenger()
        .read_history(actor, peer, MsgId(request.max_id.max(0)), context.now)
        .await?;
    Ok(affected_messages(affected))
}

pub(super) fn affected_messages(affected: Affected) -> types::messages::AffectedMessages {
    types::messages::AffectedMessages {
        pts: affected.pts,
        pts_count: affected.pts_count,
    }
}
