//! The second step of logging in: the password.

use tl_api::{functions, types};

use super::sign_in::authorization;
use crate::account::password::check_password as judge;
use crate::context::Context;
use crate::error::{Error, Result};

/// auth.checkPassword
pub(super) async fn check_password(
    context: &Context<'_>,
    request: functions::auth::CheckPassword,
) -> Result<types::auth::Authorization> {
    let services = context.services;
    let user = services
        .password_pending(context)
        .await?
        .ok_or(Error::AUTH_KEY_UNREGISTERED)?;
    if !services.has_password(user).await? {
        return Err(Error::PASSWORD_EMPTY);
    }
    judge(context, user, &request.password).await?;
    services.log_in(context, user, None).await?;
    authorization(context, user).await
}

/// auth.requestPasswordRecovery: there is no way to send mail.
pub(super) async fn request_password_recovery(
    context: &Context<'_>,
    _: functions::auth::RequestPasswordRecovery,
) -> Result<types::auth::PasswordRecovery> {
    let user = match context.caller.user {
        Some(user) => store::UserId(user.0),
        None => context
            .services
            .password_pending(context)
            .await?
            .ok_or(Error::AUTH_KEY_UNREGISTERED)?,
    };
    if context.services.has_password(user).await? {
        Err(Error::PASSWORD_RECOVERY_NA)
    } else {
        Err(Error::PASSWORD_EMPTY)
    }
}
