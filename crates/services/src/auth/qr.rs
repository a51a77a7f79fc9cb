//! Logging in by another device that reads a token from the screen of the new one (2.2).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use messenger::Now;
use store::{AuthKeyId, UserId};
use tl::Bytes;
use tl_api::{constructors, functions, types};

use super::sign_in::authorization;
use crate::context::Context;
use crate::device::Device;
use crate::error::{Error, Result};

/// How long a token can be read, seconds, and how long its acceptance can be used.
const LIFE_S: u32 = 30;
const ACCEPTED_LIFE_S: u32 = 600;
/// Bytes of a token.
const TOKEN_LEN: usize = 32;
/// Tokens at one time; above that the oldest are forgotten.
const TOKENS_MAX: usize = 50_000;

/// The tokens that wait to be read, and those that were. A token that is lost is asked for anew.
#[derive(Debug, Default)]
pub(crate) struct LoginTokens(Mutex<HashMap<Bytes, Token>>);

#[derive(Clone, Debug)]
struct Token {
    /// The device that shows it.
    key: AuthKeyId,
    /// Who must not be logged in by it.
    except: Vec<i64>,
    /// Unix seconds.
    expires_at: u32,
    /// Who has accepted it, and what the new login is called.
    accepted: Option<(UserId, i64)>,
}

impl LoginTokens {
    fn put(&self, token: Bytes, new: Token, now: Now) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, token| token.expires_at > now.unix_s());
        if tokens.len() < TOKENS_MAX {
            tokens.insert(token, new);
        }
    }

    fn get(&self, token: &[u8]) -> Option<Token> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).cloned()
    }

    /// What somebody has accepted for a device, once.
    fn take_accepted(&self, key: AuthKeyId, now: Now) -> Option<(UserId, i64)> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = tokens
            .values()
            .filter(|token| token.key == key && token.expires_at > now.unix_s())
            .find_map(|token| token.accepted);
        if accepted.is_some() {
            tokens.retain(|_, token| token.key != key);
        }
        accepted
    }

    /// Accepts a token in one step.
    fn accept(&self, token: &[u8], user: UserId, hash: i64, now: Now) -> Result<Token> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tokens.get_mut(token).ok_or(Error::AUTH_TOKEN_INVALID)?;
        if found.accepted.is_some() {
            return Err(Error::AUTH_TOKEN_ALREADY_ACCEPTED);
        }
        if found.expires_at <= now.unix_s() {
            return Err(Error::AUTH_TOKEN_EXPIRED);
        }
        if found.except.contains(&user.0) {
            return Err(Error::AUTH_TOKEN_EXCEPTION);
        }
        found.accepted = Some((user, hash));
        found.expires_at = now.unix_s() + ACCEPTED_LIFE_S;
        Ok(found.clone())
    }
}

/// auth.exportLoginToken
pub(super) async fn export_login_token(
    context: &Context<'_>,
    request: functions::auth::ExportLoginToken,
) -> Result<types::auth::LoginToken> {
    if request.api_id <= 0 || request.api_hash.is_empty() {
        return Err(Error::API_ID_INVALID);
    }
    let tokens = &context.services.login_tokens;
    if let Some((user, hash)) = tokens.take_accepted(context.auth_key_id(), context.now) {
        return finish(context, user, hash).await;
    }
    let mut token = vec![0; TOKEN_LEN];
    context.services.world.random(&mut token);
    let token = Bytes::from(token);
    let expires_at = context.now.unix_s() + LIFE_S;
    let new = Token {
        key: context.auth_key_id(),
        except: request.except_ids.into_iter().take(16).collect(),
        expires_at,
        accepted: None,
    };
    tokens.put(token.clone(), new, context.now);
    Ok(types::auth::LoginToken::LoginToken {
        expires: expires_at.cast_signed(),
        token,
    })
}

/// auth.importLoginToken
pub(super) async fn import_login_token(
    context: &Context<'_>,
    request: functions::auth::ImportLoginToken,
) -> Result<types::auth::LoginToken> {
    let tokens = &context.services.login_tokens;
    let known = tokens
        .get(&request.token)
        .ok_or(Error::AUTH_TOKEN_INVALID)?;
    if known.expires_at <= context.now.unix_s() {
        return Err(Error::AUTH_TOKEN_EXPIRED);
    }
    if known.key != context.auth_key_id() {
        return Err(Error::AUTH_TOKEN_INVALID);
    }
    let accepted = tokens.take_accepted(known.key, context.now);
    let (user, hash) = accepted.ok_or(Error::AUTH_TOKEN_INVALID)?;
    finish(context, user, hash).await
}

/// The new device is logged in, or asked for the password first.
async fn finish(context: &Context<'_>, user: UserId, hash: i64) -> Result<types::auth::LoginToken> {
    if context.services.has_password(user).await? {
        context.services.await_password(context, user).await?;
        return Err(Error::SESSION_PASSWORD_NEEDED);
    }
    context.services.log_in_as(context, user, hash).await?;
    Ok(types::auth::LoginToken::Success {
        authorization: authorization(context, user).await?,
    })
}

/// auth.acceptLoginToken
pub(super) async fn accept_login_token(
    context: &Context<'_>,
    request: functions::auth::AcceptLoginToken,
) -> Result<types::Authorization> {
    let user = context.user()?;
    let services = context.services;
    let hash = services.random_id();
    let token = services
        .login_tokens
        .accept(&request.token, user, hash, context.now)?;
    let update = constructors::UpdateShort {
        update: types::Update::LoginToken {},
        date: context.now.date(),
    };
    services
        .messenger
        .publisher()
        .publish_to_key(token.key, types::Updates::UpdateShort(Box::new(update)));
    let record = services.key_record(token.key).await?;
    let client = record
        .and_then(|(_, record)| record.client)
        .unwrap_or_default();
    let device = Device {
        key: token.key,
        active_at: context.now.unix_s(),
        record: crate::device::DeviceRecord {
            hash,
            created: context.now.unix_s(),
            client,
            ..crate::device::DeviceRecord::default()
        },
    };
    Ok(crate::account::device::show(&device, false, context))
}
