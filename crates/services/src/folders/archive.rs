//! The archive.

use store::PeerId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The account that speaks for the service.
const SERVICE_USER: i64 = 777_000;
/// The most dialogs of one request.
const PEERS_MAX: usize = 100;

/// folders.editPeerFolders
pub(super) async fn edit_peer_folders(
    context: &Context<'_>,
    request: functions::folders::EditPeerFolders,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let mut moves = Vec::with_capacity(request.folder_peers.len().min(PEERS_MAX));
    for folder_peer in request.folder_peers.iter().take(PEERS_MAX) {
        let folder = match folder_peer.folder_id {
            0 => messenger::MAIN,
            1 => messenger::ARCHIVE,
            _ => return Err(Error::FOLDER_ID_INVALID),
        };
        let peer = context.peer(&folder_peer.peer).await?;
        let stays = match peer {
            PeerId::User(user) => user == actor.user || user.0 == SERVICE_USER,
            PeerId::Chat(_) | PeerId::Channel(_) => false,
        };
        if stays && folder == messenger::ARCHIVE {
            return Err(Error::PEER_ID_INVALID);
        }
        moves.push((peer, folder));
    }
    let updates = context
        .messenger()
        .move_dialogs(actor, &moves, context.now)
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}
