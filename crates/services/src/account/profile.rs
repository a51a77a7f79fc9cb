//! The profile of the account and whether it is online.

use messenger::{Birthday, ProfileChange};
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

/// account.updateBirthday
pub(super) async fn update_birthday(
    context: &Context<'_>,
    request: functions::account::UpdateBirthday,
) -> Result<bool> {
    let birthday = match &request.birthday {
        Some(birthday) => Some(read_birthday(birthday).ok_or(Error::BIRTHDAY_INVALID)?),
        None => None,
    };
    context
        .messenger()
        .change_birthday(context.actor()?, birthday, context.now)
        .await?;
    Ok(true)
}

fn read_birthday(birthday: &types::Birthday) -> Option<Birthday> {
    let year = match birthday.year {
        Some(year) => Some(u16::try_from(year).ok()?),
        None => None,
    };
    Some(Birthday {
        day: u8::try_from(birthday.day).ok()?,
        month: u8::try_from(birthday.month).ok()?,
        year,
    })
}

/// account.reorderUsernames: there is one at most.
pub(super) async fn reorder_usernames(
    context: &Context<'_>,
    request: functions::account::ReorderUsernames,
) -> Result<bool> {
    let user = context.messenger().user(context.user()?).await?;
    let own = user.and_then(|user| user.username.clone());
    let order: Vec<&str> = request.order.iter().map(tl::Str::as_str).collect();
    if order == own.as_deref().into_iter().collect::<Vec<_>>() {
        Err(Error::USERNAME_NOT_MODIFIED)
    } else {
        Err(Error::ORDER_INVALID)
    }
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
