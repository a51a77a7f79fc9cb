//! Temporary keys: binding and dropping (C.8).

use mtproto_core::crypto;
use store::AuthKeyId;
use tl_api::functions;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::key::PERMANENT;

/// The most temporary keys that one permanent key has at a time.
const BOUND_MAX: usize = 16;

/// auth.bindTempAuthKey (C54, C55)
pub(super) async fn bind_temp_auth_key(
    context: &Context<'_>,
    request: functions::auth::BindTempAuthKey,
) -> Result<bool> {
    let services = context.services;
    let temporary = context
        .caller
        .temp_key_id
        .ok_or(Error::TEMP_AUTH_KEY_EMPTY)?;
    let temporary = AuthKeyId(temporary.0);
    let (_, record) = services
        .key_record(temporary)
        .await?
        .ok_or(Error::TEMP_AUTH_KEY_EMPTY)?;
    let permanent = AuthKeyId(request.perm_auth_key_id);
    let (perm_key, _) = services
        .key_record(permanent)
        .await?
        .filter(|(key, _)| key.kind == PERMANENT)
        .ok_or(Error::ENCRYPTED_MESSAGE_INVALID)?;
    let material = perm_key
        .key
        .first_chunk()
        .ok_or(Error::ENCRYPTED_MESSAGE_INVALID)?;
    let key = crypto::AuthKey::from_stored(crypto::AuthKeyId(permanent.0), *material);
    let inner = crypto::open_bind(&key, &request.encrypted_message, context.msg_id)
        .map_err(|_| Error::ENCRYPTED_MESSAGE_INVALID)?;
    let genuine = inner.nonce == request.nonce
        && inner.temp_auth_key_id.0 == temporary.0
        && inner.perm_auth_key_id.0 == permanent.0
        && inner.temp_session_id == context.caller.session_id.0;
    if !genuine {
        return Err(Error::ENCRYPTED_MESSAGE_INVALID);
    }
    if inner.expires_at != request.expires_at || request.expires_at < context.now.date() {
        return Err(Error::EXPIRES_AT_INVALID);
    }
    if record.bound_to != 0 && record.bound_to != permanent.0 {
        return Err(Error::TEMP_AUTH_KEY_ALREADY_BOUND);
    }
    services
        .change_key(temporary, |_, record| record.bound_to = permanent.0)
        .await?;
    services.store.bind_temp_key(permanent, temporary).await?;
    services.gateways.tell(bus::Notice::KeyBound {
        temp_key_id: bus::AuthKeyId(temporary.0),
        auth_key_id: bus::AuthKeyId(permanent.0),
    });
    // Some clients use several at once, and the ones of before until they hear of this one (C58).
    let mut superseded = Vec::new();
    services
        .change_key(permanent, |_, record| {
            record.temp_keys.retain(|key| *key != temporary.0);
            record.temp_keys.push(temporary.0);
            let surplus = record.temp_keys.len().saturating_sub(BOUND_MAX);
            superseded = record.temp_keys.drain(..surplus).collect();
        })
        .await?;
    for key in superseded {
        services.drop_key(AuthKeyId(key)).await?;
    }
    Ok(true)
}

/// auth.dropTempAuthKeys (C59)
pub(super) async fn drop_temp_auth_keys(
    context: &Context<'_>,
    request: functions::auth::DropTempAuthKeys,
) -> Result<bool> {
    let services = context.services;
    let mut dropped = Vec::new();
    services
        .change_key(context.auth_key_id(), |_, record| {
            let keep = |key: &i64| request.except_auth_keys.contains(key);
            dropped = record
                .temp_keys
                .iter()
                .copied()
                .filter(|key| !keep(key))
                .collect();
            record.temp_keys.retain(keep);
        })
        .await?;
    for key in dropped {
        services.drop_key(AuthKeyId(key)).await?;
    }
    Ok(true)
}
