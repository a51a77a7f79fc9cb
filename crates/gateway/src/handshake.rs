//! Key exchanges: cheap steps at once, expensive ones on a few threads of their own.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mtproto_core::Error;
use mtproto_core::handshake::{
    HandshakeKey, KeyVerdict, NewKey, ServerHandshakeConfig, ServerHandshakes, ServerOutcome,
    ServerResult, ServerWork,
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::Gateway;
use crate::limit::Limits;

/// All exchanges under way.
pub(crate) struct Handshakes {
    exchanges: Mutex<ServerHandshakes>,
    threads: Arc<Semaphore>,
    /// Steps that wait or run.
    places: Arc<Semaphore>,
}

/// What is to be done with a step.
pub(crate) enum Step {
    /// Nothing.
    Ignore,
    /// Send this.
    Reply(Bytes),
    /// There is no thread to be had: −429.
    Busy,
    /// The client is wrong.
    Failed(Error),
}

impl Handshakes {
    pub(crate) fn new(keys: Vec<Arc<HandshakeKey>>, dc_id: Option<i32>, limits: &Limits) -> Self {
        let config = ServerHandshakeConfig {
            dc_id,
            ..ServerHandshakeConfig::new(keys)
        };
        Self {
            exchanges: Mutex::new(ServerHandshakes::new(config)),
            threads: Arc::new(Semaphore::new(limits.handshake_threads.max(1))),
            places: Arc::new(Semaphore::new(limits.handshakes_waiting_max.max(1))),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut ServerHandshakes) -> T) -> T {
        // A step that panicked left its own exchange half done, nobody else's.
        act(&mut self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs an expensive step; `None` when too many wait.
    async fn run(&self, work: ServerWork) -> Option<ServerResult> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(move || {
            let _held = (place, thread);
            work.run(&mut rand::rng())
        })
        .await
        .ok()
    }
}

/// Takes one step of an exchange.
pub(crate) async fn step(gateway: &Gateway, data: &Bytes) -> Step {
    let handshakes = &gateway.handshakes;
    gateway.metrics.handshake_steps.add_one();
    let now_s = gateway.clock.now().unix_s();
    let mut outcome = handshakes.with(|all| all.handle_request(now_s, data, &mut rand::rng()));
    loop {
        match outcome {
            Err(error) => return Step::Failed(error),
            Ok(ServerOutcome::Ignore) => return Step::Ignore,
            Ok(ServerOutcome::Reply(answer)) => return Step::Reply(answer),
            Ok(ServerOutcome::NewKey(key)) => return finish(gateway, *key).await,
            Ok(ServerOutcome::Work(work)) => {
                let Some(result) = handshakes.run(*work).await else {
                    return Step::Busy;
                };
                outcome = handshakes.with(|all| all.handle_result(now_s, result, &mut rand::rng()));
            }
        }
    }
}

/// Stores a new key before the client hears of it (C49).
async fn finish(gateway: &Gateway, key: NewKey) -> Step {
    let created = u32::try_from(gateway.clock.now().unix_s()).unwrap_or(u32::MAX);
    let expires_at = key
        .expires_in_s
        .and_then(|life| u32::try_from(life).ok())
        .map_or(0, |life| created.saturating_add(life));
    let stored = gateway
        .services
        .create_key(bus::NewKey {
            id: bus::AuthKeyId(key.auth_key.id().0),
            key: Zeroizing::new(*key.auth_key.as_bytes()),
            first_salt: key.first_salt,
            expires_at,
            created,
        })
        .await;
    let verdict = match stored {
        Ok(true) => {
            gateway.metrics.keys_made.add_one();
            KeyVerdict::Stored
        }
        Ok(false) => KeyVerdict::IdTaken,
        Err(_) => KeyVerdict::Failed,
    };
    match gateway
        .handshakes
        .with(|all| all.confirm(key.exchange, verdict))
    {
        Ok(answer) => Step::Reply(answer),
        Err(error) => Step::Failed(error),
    }
}
