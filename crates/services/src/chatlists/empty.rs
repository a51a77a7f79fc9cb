//! Lists of what is shared, which are empty.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;

/// chatlists.getExportedInvites
pub(super) async fn get_exported_invites(
    _: &Context<'_>,
    _: functions::chatlists::GetExportedInvites,
) -> Result<types::chatlists::ExportedInvites> {
    Ok(types::chatlists::ExportedInvites {
        invites: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
    })
}

/// chatlists.getChatlistUpdates
pub(super) async fn get_chatlist_updates(
    _: &Context<'_>,
    _: functions::chatlists::GetChatlistUpdates,
) -> Result<types::chatlists::ChatlistUpdates> {
    Ok(types::chatlists::ChatlistUpdates {
        missing_peers: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
    })
}

/// chatlists.getLeaveChatlistSuggestions
pub(super) async fn get_leave_chatlist_suggestions(
    _: &Context<'_>,
    _: functions::chatlists::GetLeaveChatlistSuggestions,
) -> Result<Vec<types::Peer>> {
    Ok(Vec::new())
}

/// chatlists.hideChatlistUpdates
pub(super) async fn hide_chatlist_updates(
    _: &Context<'_>,
    _: functions::chatlists::HideChatlistUpdates,
) -> Result<bool> {
    Ok(true)
}
