//! Users by id.

use store::UserId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The most users in one call.
const USERS_MAX: usize = 200;

/// users.getUsers: whoever cannot be named is left out, the order stays.
pub(super) async fn get_users(
    context: &Context<'_>,
    request: functions::users::GetUsers,
) -> Result<Vec<types::User>> {
    let viewer = context.user()?;
    if request.id.len() > USERS_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    let mut shown = Vec::with_capacity(request.id.len());
    for input in &request.id {
        let Ok(id) = context.input_user(input).await else {
            continue;
        };
        shown.push(show(context, viewer, id).await?);
    }
    if shown.is_empty() && request.id.len() == 1 {
        return Err(Error::PEER_ID_INVALID);
    }
    Ok(shown)
}

async fn show(context: &Context<'_>, viewer: UserId, id: UserId) -> Result<types::User> {
    let messenger = context.messenger();
    match messenger.user(id).await? {
        Some(user) => Ok(messenger.show_user(viewer, &user, context.now).await?),
        None => Ok(types::User::Empty { id: id.0 }),
    }
}
