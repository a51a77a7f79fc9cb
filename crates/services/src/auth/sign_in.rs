//! Logging in and out with a code.

use messenger::{AccountError, CodePurpose, phone_digits};
use store::UserId;
use tl_api::{constructors, functions, types};

use super::code::slot;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::{ACCOUNTS_PER_ADDRESS, WRONG_CODES_PER_PHONE};

/// auth.signIn, in the order of L10.
pub(super) async fn sign_in(
    context: &Context<'_>,
    request: functions::auth::SignIn,
) -> Result<types::auth::Authorization> {
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let slot = slot(context, phone);
    let messenger = context.messenger();
    context.check_limit(WRONG_CODES_PER_PHONE, &slot.phone)?;
    let code = request.phone_code.as_deref().unwrap_or_default();
    let entered = messenger
        .enter_code(
            &slot,
            CodePurpose::LogIn,
            &request.phone_code_hash,
            code,
            context.now,
        )
        .await;
    if let Err(messenger::Error::Account(AccountError::CodeInvalid)) = &entered {
        context.limit(WRONG_CODES_PER_PHONE, &slot.phone)?;
    }
    let sent = entered?;
    let Some(user) = messenger.user_of_phone(&slot.phone).await? else {
        messenger.confirm_code(&slot, sent, context.now).await?;
        return Ok(types::auth::Authorization::SignUpRequired {
            terms_of_service: None,
        });
    };
    if context.services.has_password(user).await? {
        messenger.confirm_code(&slot, sent, context.now).await?;
        context.services.await_password(context, user).await?;
        return Err(Error::SESSION_PASSWORD_NEEDED);
    }
    messenger.end_code(&slot).await?;
    context.services.log_in(context, user, None).await?;
    authorization(context, user).await
}

/// auth.signUp
pub(super) async fn sign_up(
    context: &Context<'_>,
    request: functions::auth::SignUp,
) -> Result<types::auth::Authorization> {
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let slot = slot(context, phone);
    let messenger = context.messenger();
    let sent = messenger
        .named_code(
            &slot,
            CodePurpose::LogIn,
            &request.phone_code_hash,
            context.now,
        )
        .await?;
    if !sent.confirmed {
        return Err(Error::PHONE_CODE_INVALID);
    }
    if messenger.user_of_phone(&slot.phone).await?.is_some() {
        return Err(Error::PHONE_NUMBER_OCCUPIED);
    }
    context.limit(ACCOUNTS_PER_ADDRESS, &context.origin())?;
    let user = messenger
        .sign_up(
            &slot.phone,
            &request.first_name,
            &request.last_name,
            context.now,
        )
        .await?;
    messenger.end_code(&slot).await?;
    context.services.log_in(context, user, None).await?;
    messenger.watch_idle(user).await?;
    messenger
        .join_contacts(user, &slot.phone, context.now)
        .await?;
    authorization(context, user).await
}

/// `auth.authorization` for who is logged in now.
pub(crate) async fn authorization(
    context: &Context<'_>,
    user: UserId,
) -> Result<types::auth::Authorization> {
    let user = context.services.show_self(context, user).await?;
    let shown = constructors::auth::Authorization::new(user);
    Ok(types::auth::Authorization::Authorization(Box::new(shown)))
}

/// auth.logOut: of whoever is logged in, or nearly so; nobody is fine too.
pub(super) async fn log_out(
    context: &Context<'_>,
    _: functions::auth::LogOut,
) -> Result<types::auth::LoggedOut> {
    let id = context.auth_key_id();
    if let Some(user) = context.caller.user {
        context.services.log_out(UserId(user.0), id).await?;
    } else {
        context
            .services
            .change_key(id, |_, record| record.password_pending = 0)
            .await?;
    }
    Ok(types::auth::LoggedOut::new())
}
