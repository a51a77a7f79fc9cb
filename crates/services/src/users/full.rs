//! Everything about one user.

use messenger::Peers;
use store::PeerId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// users.getFullUser
pub(super) async fn get_full_user(
    context: &Context<'_>,
    request: functions::users::GetFullUser,
) -> Result<types::users::UserFull> {
    let viewer = context.user()?;
    let id = context.input_user(&request.id).await?;
    let messenger = context.messenger();
    let user = messenger.user(id).await?.ok_or(Error::USER_ID_INVALID)?;
    let settings = messenger.peer_settings(viewer, id).await?;
    let notify_settings = messenger.notify_settings(viewer, PeerId::User(id)).await?;
    let mut full = types::UserFull::new(id.0, Box::new(settings), Box::new(notify_settings), 0);
    full.about = user.about.as_deref().map(Into::into);
    full.can_pin_message = true;
    let mut peers = Peers::default();
    peers.add_user(id.0);
    let shown = messenger.show(viewer, &peers, context.now).await?;
    Ok(types::users::UserFull {
        full_user: Box::new(full),
        chats: shown.chats,
        users: shown.users,
    })
}
