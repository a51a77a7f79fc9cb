//! Taking one's data out (3.1).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use store::{AuthKeyId, UserId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// Sessions at one time.
const SESSIONS_MAX: usize = 10_000;

/// The devices that take data out. Lost with the process: clients begin anew then.
#[derive(Debug, Default)]
pub(crate) struct Takeouts(Mutex<HashMap<AuthKeyId, i64>>);

impl Takeouts {
    /// Whether a device takes data out.
    pub(crate) fn is_open(&self, key: AuthKeyId) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.contains_key(&key)
    }

    fn open(&self, key: AuthKeyId, id: i64) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SESSIONS_MAX && !open.contains_key(&key) {
            return false;
        }
        open.insert(key, id);
        true
    }

    /// Ends it; false when there was none.
    pub(crate) fn close(&self, key: AuthKeyId) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&key).is_some()
    }
}

/// account.initTakeoutSession
pub(super) async fn init_takeout_session(
    context: &Context<'_>,
    _: functions::account::InitTakeoutSession,
) -> Result<types::account::Takeout> {
    let user = context.user()?;
    let services = context.services;
    let id = services.random_id();
    if !services.takeouts.open(context.auth_key_id(), id) {
        return Err(Error::takeout_delay(60));
    }
    notice(context, user).await?;
    Ok(types::account::Takeout { id })
}

/// The other devices learn that somebody takes everything out.
async fn notice(context: &Context<'_>, user: UserId) -> Result<()> {
    let text = "Somebody has begun to export the data of your account. If that was not you, end the \
        session in Settings > Devices.";
    context
        .services
        .service_notification(user, "TAKEOUT", text, context.now)
        .await
}

/// account.finishTakeoutSession
pub(super) async fn finish_takeout_session(
    context: &Context<'_>,
    _: functions::account::FinishTakeoutSession,
) -> Result<bool> {
    context.user()?;
    if context.services.takeouts.close(context.auth_key_id()) {
        Ok(true)
    } else {
        Err(Error::TAKEOUT_REQUIRED)
    }
}
