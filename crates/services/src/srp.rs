//! Passwords: challenges that are open, and the arithmetic off the threads that serve calls (G.2).

use std::collections::HashMap;
use std::sync::Mutex;

use messenger::{Now, Verifier};
use mtproto_core::crypto::{DH_LEN, DhGroup, DhSecret, SrpServer};
use store::UserId;
use tl_api::constructors::InputCheckPasswordSRP;
use tokio::sync::Semaphore;

use crate::Services;
use crate::error::{Error, Result};

/// How long a challenge may be answered, seconds (G28).
const CHALLENGE_LIFE_S: u32 = 600;
/// Challenges that are open for one account.
const CHALLENGES_OF_ONE_MAX: usize = 8;
/// Challenges that are open at all.
const CHALLENGES_MAX: usize = 20_000;
/// Threads that compute at a time.
const COMPUTING_MAX: usize = 2;

/// Challenges that wait for their answers. Lost with the process: clients ask for another one then.
pub(crate) struct Challenges {
    open: Mutex<HashMap<i64, Challenge>>,
    computing: Semaphore,
}

struct Challenge {
    user: UserId,
    server: SrpServer,
    verifier: Verifier,
    expires_at: u32,
}

/// A challenge as a client is given it.
pub(crate) struct Question {
    pub(crate) srp_id: i64,
    pub(crate) srp_b: [u8; DH_LEN],
}

impl Default for Challenges {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            computing: Semaphore::new(COMPUTING_MAX),
        }
    }
}

impl Challenges {
    fn put(&self, id: i64, challenge: Challenge, now_s: u32) {
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if open.len() >= CHALLENGES_MAX {
            open.retain(|_, other| other.expires_at >= now_s);
        }
        let mut others: Vec<(u32, i64)> = open
            .iter()
            .filter(|(_, other)| other.user == challenge.user)
            .map(|(id, other)| (other.expires_at, *id))
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(CHALLENGES_OF_ONE_MAX);
        for (_, id) in others.into_iter().take(surplus) {
            open.remove(&id);
        }
        if open.len() < CHALLENGES_MAX {
            open.insert(id, challenge);
        }
    }

    fn take(&self, id: i64, user: UserId, now_s: u32) -> Option<Challenge> {
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if open.get(&id)?.user != user {
            return None;
        }
        open.remove(&id)
            .filter(|challenge| challenge.expires_at >= now_s)
    }
}

impl Services {
    /// Opens a challenge for the owner of a password.
    pub(crate) async fn ask_password(
        &self,
        user: UserId,
        verifier: &Verifier,
        now: Now,
    ) -> Result<Question> {
        let mut secret = zeroize::Zeroizing::new([0; DH_LEN]);
        self.world.random(&mut *secret);
        let v = verifier.v.clone();
        let server = self
            .compute(move || {
                let secret = DhSecret::from_be_bytes(&secret);
                SrpServer::with_secret(DhGroup::known(), &v, secret)
            })
            .await?
            .map_err(|_| Error::INTERNAL_SERVER_ERROR)?;
        let question = Question {
            srp_id: self.random_id(),
            srp_b: *server.b(),
        };
        let challenge = Challenge {
            user,
            server,
            verifier: verifier.clone(),
            expires_at: now.unix_s() + CHALLENGE_LIFE_S,
        };
        self.challenges
            .put(question.srp_id, challenge, now.unix_s());
        Ok(question)
    }

    /// Judges an answer (G28). A challenge is good for one.
    pub(crate) async fn judge_password(
        &self,
        user: UserId,
        verifier: &Verifier,
        answer: &InputCheckPasswordSRP,
        now: Now,
    ) -> Result<()> {
        let challenge = self
            .challenges
            .take(answer.srp_id, user, now.unix_s())
            .ok_or(Error::SRP_ID_INVALID)?;
        if challenge.verifier != *verifier {
            return Err(Error::SRP_PASSWORD_CHANGED);
        }
        let (a, m1) = (answer.a.clone(), answer.m1.clone());
        self.compute(move || {
            let Challenge {
                server, verifier, ..
            } = challenge;
            server.verify(DhGroup::known(), &verifier.salt1, &verifier.salt2, &a, &m1)
        })
        .await?
        .map_err(|_| Error::PASSWORD_HASH_INVALID)
    }

    /// Computes something long on a thread that serves no calls.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _turn = self
            .challenges
            .computing
            .acquire()
            .await
            .map_err(|_| Error::INTERNAL_SERVER_ERROR)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a computation failed");
            Error::INTERNAL_SERVER_ERROR
        })
    }
}
