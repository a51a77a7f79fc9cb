//! folders.*

mod archive;

use crate::dispatch::methods;

methods! {
    works {
        FoldersEditPeerFolders => archive::edit_peer_folders,
    }
}
