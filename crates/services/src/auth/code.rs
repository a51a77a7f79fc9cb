//! Login codes: sending, sending again, taking back.

use messenger::{CODE_LIFE_S, CODE_PAUSE_S, CodePurpose, CodeSlot, SentCode, phone_digits};
use store::UserId;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::delivery::CodeToDeliver;
use crate::error::{Error, Result};
use crate::flood::{CODES_PER_ADDRESS, CODES_PER_KEY, CODES_PER_PHONE};

/// The digits of a code.
const CODE_LEN: u32 = 5;

/// How a code gets to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The user's other devices show it.
    App(UserId),
    /// Everybody knows it.
    Fixed,
    /// The operator brings it to the telephone.
    Telephone,
}

/// auth.sendCode
pub(super) async fn send_code(
    context: &Context<'_>,
    request: functions::auth::SendCode,
) -> Result<types::auth::SentCode> {
    if request.api_id <= 0 || request.api_hash.is_empty() {
        return Err(Error::API_ID_INVALID);
    }
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let user = context.messenger().user_of_phone(&phone).await?;
    let device = match user {
        Some(user) if !context.services.devices(user).await?.is_empty() => Some(user),
        _ => None,
    };
    issue(context, phone, CodePurpose::LogIn, device).await
}

/// Sends a code for a number, to the devices of `device` if there are some (L4, L7).
pub(crate) async fn issue(
    context: &Context<'_>,
    phone: String,
    purpose: CodePurpose,
    device: Option<UserId>,
) -> Result<types::auth::SentCode> {
    let slot = slot(context, phone);
    let pending = context.messenger().sent_code(&slot, context.now).await?;
    let pending = pending.filter(|sent| sent.purpose == purpose && !sent.confirmed);
    if let Some(sent) = &pending
        && context.now.unix_s() < sent.sent_at + CODE_PAUSE_S
    {
        let channel = channel(context, device)?;
        return Ok(sent_code(context, sent, channel));
    }
    let channel = channel(context, device)?;
    context.limit(CODES_PER_KEY, &context.auth_key_id().to_string())?;
    context.limit(CODES_PER_ADDRESS, &context.origin())?;
    context.limit(CODES_PER_PHONE, &slot.phone)?;
    let hash = pending.map_or_else(|| new_hash(context), |sent| sent.hash);
    send(context, &slot, purpose, &hash, channel, 1).await
}

fn channel(context: &Context<'_>, device: Option<UserId>) -> Result<Channel> {
    let options = &context.services.options;
    if options.fixed_code.is_some() {
        Ok(Channel::Fixed)
    } else if let Some(user) = device {
        Ok(Channel::App(user))
    } else if options.code_delivery.is_some() {
        Ok(Channel::Telephone)
    } else {
        tracing::warn!("nobody can deliver a login code: no webhook, no other device");
        Err(Error::SEND_CODE_UNAVAILABLE)
    }
}

/// auth.resendCode: by telephone what a device has not shown.
pub(super) async fn resend_code(
    context: &Context<'_>,
    request: functions::auth::ResendCode,
) -> Result<types::auth::SentCode> {
    if request.phone_code_hash.is_empty() {
        return Err(Error::PHONE_CODE_HASH_EMPTY);
    }
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let slot = slot(context, phone);
    let messenger = context.messenger();
    let sent = messenger
        .sent_code(&slot, context.now)
        .await?
        .filter(|sent| sent.hash == *request.phone_code_hash)
        .ok_or(Error::PHONE_CODE_EXPIRED)?;
    let options = &context.services.options;
    if options.fixed_code.is_some() || options.code_delivery.is_none() {
        return Err(Error::SEND_CODE_UNAVAILABLE);
    }
    let again_at = sent.sent_at + CODE_PAUSE_S;
    if let Some(wait_s) = again_at
        .checked_sub(context.now.unix_s())
        .filter(|s| *s > 0)
    {
        return Err(Error::flood_wait(wait_s));
    }
    context.limit(CODES_PER_PHONE, &slot.phone)?;
    let times = sent.times + 1;
    send(
        context,
        &slot,
        sent.purpose,
        &sent.hash,
        Channel::Telephone,
        times,
    )
    .await
}

/// auth.cancelCode
pub(super) async fn cancel_code(
    context: &Context<'_>,
    request: functions::auth::CancelCode,
) -> Result<bool> {
    let phone = phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    let slot = slot(context, phone);
    let sent = context.messenger().sent_code(&slot, context.now).await?;
    sent.filter(|sent| sent.hash == *request.phone_code_hash)
        .ok_or(Error::PHONE_CODE_EXPIRED)?;
    context.messenger().end_code(&slot).await?;
    Ok(true)
}

/// auth.reportMissingCode
pub(super) async fn report_missing_code(
    _: &Context<'_>,
    request: functions::auth::ReportMissingCode,
) -> Result<bool> {
    phone_digits(&request.phone_number).ok_or(Error::PHONE_NUMBER_INVALID)?;
    tracing::warn!("a login code is reported missing");
    Ok(true)
}

/// The code of the caller's key for a number.
pub(crate) fn slot(context: &Context<'_>, phone: String) -> CodeSlot {
    CodeSlot {
        phone,
        key: context.auth_key_id(),
    }
}

fn new_hash(context: &Context<'_>) -> String {
    let mut bytes = [0; 12];
    context.services.world.random(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn new_code(context: &Context<'_>) -> String {
    if let Some(code) = &context.services.options.fixed_code {
        return code.clone();
    }
    let mut bytes = [0; 8];
    context.services.world.random(&mut bytes);
    let number = u64::from_le_bytes(bytes) % 10_u64.pow(CODE_LEN);
    format!("{number:0width$}", width = CODE_LEN as usize)
}

async fn send(
    context: &Context<'_>,
    slot: &CodeSlot,
    purpose: CodePurpose,
    hash: &str,
    channel: Channel,
    times: u32,
) -> Result<types::auth::SentCode> {
    let code = new_code(context);
    let sent = context
        .messenger()
        .put_code(slot, purpose, hash, &code, times, context.now)
        .await?;
    match channel {
        Channel::Fixed => {}
        Channel::App(user) => show_to_devices(context, user, &code).await?,
        Channel::Telephone => {
            let delivery = context.services.options.code_delivery.as_ref();
            let code = CodeToDeliver {
                phone: slot.phone.clone(),
                code,
                expires_at: context.now.unix_s() + CODE_LIFE_S,
            };
            if !delivery.is_some_and(|delivery| delivery.deliver(code)) {
                tracing::error!("the queue of login codes is full");
                context.messenger().end_code(slot).await?;
                return Err(Error::flood_wait(30));
            }
        }
    }
    Ok(sent_code(context, &sent, channel))
}

/// Shows a code on the devices of its owner.
async fn show_to_devices(context: &Context<'_>, user: UserId, code: &str) -> Result<()> {
    let text = format!(
        "Login code: {code}. Do not give this code to anyone, whoever they say they are. It lets \
         them into your account. If you did not ask for it, somebody else did: ignore this message."
    );
    context
        .services
        .service_notification(user, "login_code", &text, context.now)
        .await
}

fn sent_code(context: &Context<'_>, sent: &SentCode, channel: Channel) -> types::auth::SentCode {
    let length = i32::from(sent.len);
    let to_device = matches!(channel, Channel::App(_));
    let kind = if to_device {
        types::auth::SentCodeType::App { length }
    } else {
        types::auth::SentCodeType::Sms { length }
    };
    let mut shown = constructors::auth::SentCode::new(kind, sent.hash.as_str().into());
    // Only what resendCode will really do (L5).
    if to_device && context.services.options.code_delivery.is_some() {
        shown.next_type = Some(types::auth::CodeType::Sms {});
        let again_at = sent.sent_at + CODE_PAUSE_S;
        let wait_s = again_at.saturating_sub(context.now.unix_s());
        shown.timeout = Some(wait_s.cast_signed());
    }
    types::auth::SentCode::SentCode(Box::new(shown))
}
