//! The profile of the account and whether it is online.

use messenger::ProfileChange;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// account.updateProfile
pub(super) async fn update_profile(
    context: &Context<'_>,
    request: functions::account::UpdateProfile,
) -> Result<types::User> {
    let text = |text: Option<tl::Str>| text.map(|text| text.as_str().to_owned());
    let change = ProfileChange {
        first_name: text(request.first_name),
        last_name: text(request.last_name),
        about: text(request.about),
    };
    let user = context
        .messenger()
        .change_profile(context.actor()?, change, context.now)
        .await?;
    context.services.show_self(context, user.user_id()).await
}

/// account.checkUsername
pub(super) async fn check_username(
    context: &Context<'_>,
    request: functions::account::CheckUsername,
) -> Result<bool> {
    let free = context
        .messenger()
        .is_username_free(context.user()?, &request.username)
        .await?;
    if free {
        Ok(true)
    } else {
        Err(Error::USERNAME_OCCUPIED)
    }
}

/// account.updateUsername
pub(super) async fn update_username(
    context: &Context<'_>,
    request: functions::account::UpdateUsername,
) -> Result<types::User> {
    let user = context
        .messenger()
        .change_username(context.actor()?, &request.username, context.now)
        .await?;
    context.services.show_self(context, user.user_id()).await
}

/// account.updateStatus
pub(super) async fn update_status(
    context: &Context<'_>,
    request: functions::account::UpdateStatus,
) -> Result<bool> {
    let actor = context.actor()?;
    context
        .messenger()
        .change_status(actor, !request.offline, context.now)
        .await?;
    Ok(true)
}
