//! Group calls: as whom one would join them.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;
use crate::nothing::nothing;

nothing! {
    phone {
        save_default_group_call_join_as: SaveDefaultGroupCallJoinAs => true, bool;
    }
}

/// phone.getGroupCallJoinAs
pub(super) async fn get_group_call_join_as(
    context: &Context<'_>,
    _: functions::phone::GetGroupCallJoinAs,
) -> Result<types::phone::JoinAsPeers> {
    let user = context.user()?;
    Ok(types::phone::JoinAsPeers {
        peers: vec![types::Peer::User { user_id: user.0 }],
        chats: Vec::new(),
        users: vec![context.services.show_self(context, user).await?],
    })
}
