//! The number of the account, and its end (sheet 3.3).

use messenger::{CodePurpose, phone_digits};
use store::UserId;
use tl_api::{functions, types};

use super::password::check_password;
use crate::auth::code::{issue, slot};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::WRONG_CODES_PER_PHONE;

/// An account in use whose password is not given is deleted so many seconds after that was asked
/// for.
const DELETE_AFTER_S: u32 = 7 * 86_400;

/// account.sendChangePhoneCode
pub(super) async fn send_change_phone_code(
    context: &Context<'_>,
    request: functions::account::SendChangePhoneCode,
) -> Result<types::auth::SentCode> {
    let own = context.own_device().await?;
    if context.is_fresh(&own) {
        return Err(Error::FRESH_CHANGE_PHONE_FORBIDDEN);
    }
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    if context.messenger().user_of_phone(&phone).await?.is_some() {
        return Err(Error::PHONE_NUMBER_OCCUPIED);
    }
    issue(context, phone, CodePurpose::ChangePhone, None).await
}

/// account.changePhone
pub(super) async fn change_phone(
    context: &Context<'_>,
    request: functions::account::ChangePhone,
) -> Result<types::User> {
    let actor = context.actor()?;
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let slot = slot(context, phone);
    enter(
        context,
        &slot,
        CodePurpose::ChangePhone,
        &request.phone_code_hash,
        &request.phone_code,
    )
    .await?;
    let messenger = context.messenger();
    let user = messenger
        .change_phone(actor, &slot.phone, context.now)
        .await?;
    messenger.end_code(&slot).await?;
    let text = "The phone number of your account was changed.";
    context
        .services
        .service_notification(actor.user, "phone_changed", text, context.now)
        .await?;
    context.services.show_self(context, user.user_id()).await
}

async fn enter(
    context: &Context<'_>,
    slot: &messenger::CodeSlot,
    purpose: CodePurpose,
    hash: &str,
    code: &str,
) -> Result<()> {
    use messenger::AccountError::CodeInvalid;
    context.check_limit(WRONG_CODES_PER_PHONE, &slot.phone)?;
    let entered = context
        .messenger()
        .enter_code(slot, purpose, hash, code, context.now)
        .await;
    if let Err(messenger::Error::Account(CodeInvalid)) = &entered {
        context.limit(WRONG_CODES_PER_PHONE, &slot.phone)?;
    }
    entered?;
    Ok(())
}

/// account.deleteAccount
pub(super) async fn delete_account(
    context: &Context<'_>,
    request: functions::account::DeleteAccount,
) -> Result<bool> {
    let services = context.services;
    let user = match context.caller.user {
        Some(user) => UserId(user.0),
        None => services
            .password_pending(context)
            .await?
            .ok_or(Error::AUTH_KEY_UNREGISTERED)?,
    };
    let messenger = context.messenger();
    match &request.password {
        Some(password) => {
            check_password(context, user, password).await?;
        }
        None if !services.has_password(user).await? => {
            // Somebody who gave a code for an account without a password is not logged in yet.
            context.user()?;
        }
        None => wait_for_deletion(context, user).await?,
    }
    let devices = services.devices(user).await?;
    messenger.delete_account(user, context.now).await?;
    for device in devices {
        services.kick_out(user, device.key).await?;
    }
    Ok(true)
}

/// Nobody gave the password: an account in use has a week to object.
async fn wait_for_deletion(context: &Context<'_>, user: UserId) -> Result<()> {
    let messenger = context.messenger();
    let now_s = context.now.unix_s();
    let record = messenger.password(user).await?;
    if record.delete_at != 0 && record.delete_at <= now_s {
        return Ok(());
    }
    let devices = context.services.devices(user).await?;
    let in_use = devices
        .iter()
        .any(|device| now_s.saturating_sub(device.active_at) < DELETE_AFTER_S);
    if !in_use {
        return Ok(());
    }
    let mut delete_at = record.delete_at;
    if delete_at == 0 {
        delete_at = now_s + DELETE_AFTER_S;
        let hash = format!("{:016x}", context.services.random_id());
        messenger
            .change_password(user, |record| {
                record.delete_at = delete_at;
                record.delete_hash.clone_from(&hash);
                Ok(())
            })
            .await?;
        let phone = messenger
            .user(user)
            .await?
            .map(|user| user.phone.clone())
            .unwrap_or_default();
        let text = format!(
            "Somebody who knows a login code but not your password asked to delete your account. \
             It will be gone in seven days. To keep it, open \
             tg://confirmphone?phone={phone}&hash={hash}"
        );
        context
            .services
            .service_notification(user, "account_deletion", &text, context.now)
            .await?;
    }
    Err(Error::confirm_wait(delete_at.saturating_sub(now_s)))
}

/// account.sendConfirmPhoneCode: for the link that keeps an account from being deleted.
pub(super) async fn send_confirm_phone_code(
    context: &Context<'_>,
    request: functions::account::SendConfirmPhoneCode,
) -> Result<types::auth::SentCode> {
    let user = context.user()?;
    let messenger = context.messenger();
    let record = messenger.password(user).await?;
    if record.delete_at == 0 || *request.hash != *record.delete_hash {
        return Err(Error::HASH_INVALID);
    }
    let phone = messenger
        .user(user)
        .await?
        .map(|user| user.phone.clone())
        .unwrap_or_default();
    issue(context, phone, CodePurpose::KeepAccount, None).await
}

/// account.confirmPhone
pub(super) async fn confirm_phone(
    context: &Context<'_>,
    request: functions::account::ConfirmPhone,
) -> Result<bool> {
    let user = context.user()?;
    let messenger = context.messenger();
    let phone = messenger
        .user(user)
        .await?
        .map(|user| user.phone.clone())
        .unwrap_or_default();
    let slot = slot(context, phone);
    let purpose = CodePurpose::KeepAccount;
    messenger
        .named_code(&slot, purpose, &request.phone_code_hash, context.now)
        .await
        .map_err(|_| Error::CODE_HASH_INVALID)?;
    enter(
        context,
        &slot,
        purpose,
        &request.phone_code_hash,
        &request.phone_code,
    )
    .await?;
    messenger
        .change_password(user, |record| {
            record.delete_at = 0;
            record.delete_hash.clear();
            Ok(())
        })
        .await?;
    messenger.end_code(&slot).await?;
    Ok(true)
}
