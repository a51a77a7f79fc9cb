//! Lists of dialogs (B.4).

use messenger::{DialogPage, DialogQuery};
use store::{MsgId, PeerId};
use tl_api::{constructors, functions, types};

use super::history::page_limit;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most peers of one request.
const PEERS_MAX: usize = 100;

/// messages.getDialogs
pub(super) async fn get_dialogs(
    context: &Context<'_>,
    request: functions::messages::GetDialogs,
) -> Result<types::messages::Dialogs> {
    let user = context.user()?;
    let folder = request.folder_id.map(folder).transpose()?;
    let after = offset(context, &request).await?;
    let query = DialogQuery {
        folder,
        exclude_pinned: request.exclude_pinned,
        after,
        limit: page_limit(request.limit) as usize,
    };
    let page = context
        .messenger()
        .dialogs(user, query, context.now)
        .await?;
    let count = i32::try_from(page.count).unwrap_or(i32::MAX);
    if page.whole {
        return Ok(types::messages::Dialogs::Dialogs(Box::new(
            constructors::messages::Dialogs {
                dialogs: page.dialogs,
                messages: page.messages,
                chats: page.shown.chats,
                users: page.shown.users,
            },
        )));
    }
    Ok(types::messages::Dialogs::Slice(Box::new(
        constructors::messages::DialogsSlice {
            count,
            dialogs: page.dialogs,
            messages: page.messages,
            chats: page.shown.chats,
            users: page.shown.users,
        },
    )))
}

/// The folder of a request.
pub(crate) fn folder(id: i32) -> Result<u32> {
    match id {
        0 => Ok(messenger::MAIN),
        1 => Ok(messenger::ARCHIVE),
        _ => Err(Error::FOLDER_ID_INVALID),
    }
}

/// The last dialog that the client has (D3).
async fn offset(
    context: &Context<'_>,
    request: &functions::messages::GetDialogs,
) -> Result<Option<(u32, MsgId, Option<PeerId>)>> {
    if request.offset_date <= 0 && request.offset_id <= 0 {
        return Ok(None);
    }
    // A peer that cannot be named any more does not keep the list from going on.
    let peer = context.peer(&request.offset_peer).await.ok();
    let date = match request.offset_date {
        // Some clients send the id alone.
        ..=0 => u32::MAX,
        date => date.cast_unsigned(),
    };
    Ok(Some((date, MsgId(request.offset_id.max(0)), peer)))
}

/// messages.getPeerDialogs
pub(super) async fn get_peer_dialogs(
    context: &Context<'_>,
    request: functions::messages::GetPeerDialogs,
) -> Result<types::messages::PeerDialogs> {
    let user = context.user()?;
    if request.peers.is_empty() {
        return Err(Error::INPUT_PEERS_EMPTY);
    }
    let mut peers = Vec::with_capacity(request.peers.len().min(PEERS_MAX));
    for peer in request.peers.iter().take(PEERS_MAX) {
        let peer = match peer {
            types::InputDialogPeer::InputDialogPeer { peer } => context.peer(peer).await?,
            // Folders have no dialog of their own.
            types::InputDialogPeer::Folder { .. } => continue,
            types::InputDialogPeer::Community { .. } => return Err(Error::CHANNEL_INVALID),
        };
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    let messenger = context.messenger();
    let page = messenger.peer_dialogs(user, &peers, context.now).await?;
    with_state(context, page).await
}

/// messages.getPinnedDialogs
pub(super) async fn get_pinned_dialogs(
    context: &Context<'_>,
    request: functions::messages::GetPinnedDialogs,
) -> Result<types::messages::PeerDialogs> {
    let user = context.user()?;
    let folder = folder(request.folder_id)?;
    let page = context
        .messenger()
        .pinned_dialogs(user, folder, context.now)
        .await?;
    with_state(context, page).await
}

async fn with_state(
    context: &Context<'_>,
    page: DialogPage,
) -> Result<types::messages::PeerDialogs> {
    let user = context.user()?;
    Ok(types::messages::PeerDialogs {
        dialogs: page.dialogs,
        messages: page.messages,
        chats: page.shown.chats,
        users: page.shown.users,
        state: context
            .messenger()
            .state(user, context.auth_key_id(), context.now)
            .await?,
    })
}
