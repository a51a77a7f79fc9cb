//! The devices of the account (sheet 2.3, 2.4, 3.1).

use store::AuthKeyId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::device::{Device, new_authorization};
use crate::error::{Error, Result};
use crate::key::ClientRecord;

/// A login has to be so old before it may end others, seconds (R1).
const FRESH_S: u32 = 86_400;
/// How long a device may be idle, days.
const TTL_DAYS: std::ops::RangeInclusive<i32> = 1..=366;

impl Context<'_> {
    /// The device that the caller is: for a login made from another one, that one.
    pub(crate) async fn own_device(&self) -> Result<Device> {
        let devices = self.services.devices(self.user()?).await?;
        let of_key = |key: AuthKeyId| devices.iter().find(|device| device.key == key);
        let own = of_key(self.auth_key_id()).ok_or(Error::AUTH_KEY_UNREGISTERED)?;
        let root = of_key(AuthKeyId(own.record.parent)).unwrap_or(own);
        Ok(root.clone())
    }

    /// Whether the caller's login is too young for what could lock others out (R1). Not with a code
    /// that everybody knows.
    pub(crate) fn is_fresh(&self, own: &Device) -> bool {
        self.services.options.fixed_code.is_none()
            && self.now.unix_s().saturating_sub(own.record.created) < FRESH_S
    }
}

/// account.getAuthorizations: the current one first.
pub(super) async fn get_authorizations(
    context: &Context<'_>,
    _: functions::account::GetAuthorizations,
) -> Result<types::account::Authorizations> {
    let user = context.user()?;
    let own = context.own_device().await?;
    let mut devices = context.services.devices(user).await?;
    devices.retain(|device| device.record.parent == 0);
    devices.sort_unstable_by_key(|device| {
        (device.key != own.key, std::cmp::Reverse(device.active_at))
    });
    let settings = context.messenger().account_settings(user).await?;
    Ok(types::account::Authorizations {
        authorization_ttl_days: settings.authorization_ttl_days.cast_signed(),
        authorizations: devices
            .iter()
            .map(|device| show(device, device.key == own.key, context))
            .collect(),
    })
}

pub(crate) fn show(device: &Device, current: bool, context: &Context<'_>) -> types::Authorization {
    let record = &device.record;
    let client = &record.client;
    let active_at = if current {
        context.now.unix_s()
    } else {
        device.active_at
    };
    types::Authorization {
        current,
        official_app: false,
        password_pending: false,
        encrypted_requests_disabled: record.encrypted_requests_disabled,
        call_requests_disabled: record.call_requests_disabled,
        unconfirmed: record.unconfirmed,
        hash: if current { 0 } else { record.hash },
        device_model: client.device_model.as_str().into(),
        platform: platform(client).into(),
        system_version: client.system_version.as_str().into(),
        api_id: client.api_id,
        app_name: "".into(),
        app_version: client.app_version.as_str().into(),
        date_created: record.created.cast_signed(),
        date_active: active_at.cast_signed(),
        ip: client.address.as_str().into(),
        country: "".into(),
        region: "".into(),
    }
}

/// The system in one word, as far as its version says it.
fn platform(client: &ClientRecord) -> &str {
    client
        .system_version
        .split([' ', '/'])
        .next()
        .unwrap_or_default()
}

/// account.resetAuthorization
pub(super) async fn reset_authorization(
    context: &Context<'_>,
    request: functions::account::ResetAuthorization,
) -> Result<bool> {
    let user = context.user()?;
    let own = context.own_device().await?;
    let device = named(context, request.hash)
        .await?
        .filter(|device| device.key != own.key)
        .ok_or(Error::HASH_INVALID)?;
    if !device.record.unconfirmed && (context.is_fresh(&own) || own.record.unconfirmed) {
        return Err(Error::FRESH_RESET_AUTHORISATION_FORBIDDEN);
    }
    context.services.kick_out(user, device.key).await?;
    if device.record.unconfirmed {
        // The question about it is answered.
        let mut record = device.record;
        record.unconfirmed = false;
        context
            .messenger()
            .note_to_others(context.actor()?, new_authorization(&record), context.now)
            .await?;
    }
    Ok(true)
}

/// auth.resetAuthorizations: all others.
pub(crate) async fn reset_authorizations(
    context: &Context<'_>,
    _: functions::auth::ResetAuthorizations,
) -> Result<bool> {
    let user = context.user()?;
    let own = context.own_device().await?;
    if context.is_fresh(&own) || own.record.unconfirmed {
        return Err(Error::FRESH_RESET_AUTHORISATION_FORBIDDEN);
    }
    context.services.kick_out_others(user, own.key).await?;
    Ok(true)
}

/// account.setAuthorizationTTL
pub(super) async fn set_authorization_ttl(
    context: &Context<'_>,
    request: functions::account::SetAuthorizationTTL,
) -> Result<bool> {
    let user = context.user()?;
    let days = request.authorization_ttl_days;
    if !TTL_DAYS.contains(&days) {
        return Err(Error::TTL_DAYS_INVALID);
    }
    if context.is_fresh(&context.own_device().await?) {
        return Err(Error::FRESH_RESET_AUTHORISATION_FORBIDDEN);
    }
    context
        .messenger()
        .change_account_settings(user, |settings| {
            settings.authorization_ttl_days = days.cast_unsigned();
        })
        .await?;
    Ok(true)
}

/// account.changeAuthorizationSettings
pub(super) async fn change_authorization_settings(
    context: &Context<'_>,
    request: functions::account::ChangeAuthorizationSettings,
) -> Result<bool> {
    let user = context.user()?;
    let mut device = if request.hash == 0 {
        context.own_device().await?
    } else {
        named(context, request.hash)
            .await?
            .ok_or(Error::HASH_INVALID)?
    };
    let record = &mut device.record;
    let confirmed = request.confirmed && record.unconfirmed;
    record.unconfirmed &= !request.confirmed;
    if let Some(disabled) = request.encrypted_requests_disabled {
        record.encrypted_requests_disabled = disabled;
    }
    if let Some(disabled) = request.call_requests_disabled {
        record.call_requests_disabled = disabled;
    }
    context.services.put_device(user, &device).await?;
    if confirmed {
        let update = new_authorization(&device.record);
        context
            .messenger()
            .note_to_others(context.actor()?, update, context.now)
            .await?;
    }
    Ok(true)
}

async fn named(context: &Context<'_>, hash: i64) -> Result<Option<Device>> {
    let devices = context.services.devices(context.user()?).await?;
    Ok(devices
        .into_iter()
        .find(|device| hash != 0 && device.record.hash == hash && device.record.parent == 0))
}

/// account.invalidateSignInCodes: somebody else has seen them.
pub(super) async fn invalidate_sign_in_codes(
    context: &Context<'_>,
    request: functions::account::InvalidateSignInCodes,
) -> Result<bool> {
    let messenger = context.messenger();
    let user = messenger
        .user(context.user()?)
        .await?
        .ok_or(Error::AUTH_KEY_UNREGISTERED)?;
    if !request.codes.is_empty() && !user.phone.is_empty() {
        messenger.end_codes(&user.phone, context.now).await?;
    }
    Ok(true)
}
