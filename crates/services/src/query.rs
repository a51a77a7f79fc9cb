//! Questions that a user's call asks a bot and waits to be answered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use messenger::Now;
use store::UserId;
use tokio::sync::oneshot;

/// How long a bot may take (2.6, 2.7).
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Answers beyond these are not kept.
const CACHED_MAX: usize = 10_000;

/// Questions of one kind that wait, and answers that may be given again.
#[derive(Debug)]
pub(crate) struct Queries<K, A> {
    waiting: Mutex<HashMap<i64, Waiting<A>>>,
    cached: Mutex<HashMap<K, (u64, A)>>,
}

#[derive(Debug)]
struct Waiting<A> {
    bot: UserId,
    answer: oneshot::Sender<A>,
}

impl<K, A> Default for Queries<K, A> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            cached: Mutex::default(),
        }
    }
}

/// Takes a question back when the call that asked it ends, however it ends.
struct Asked<'a, K, A>(&'a Queries<K, A>, i64);

impl<K, A> Drop for Asked<'_, K, A> {
    fn drop(&mut self) {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.1);
    }
}

impl<K: std::hash::Hash + Eq, A: Clone> Queries<K, A> {
    /// Asks `bot` by `ask` and waits; `None` when it does not answer in time.
    pub(crate) async fn ask<E>(
        &self,
        id: i64,
        bot: UserId,
        ask: impl Future<Output = Result<(), E>>,
    ) -> Result<Option<A>, E> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked(self, id);
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Waiting { bot, answer });
        ask.await?;
        let answer = tokio::time::timeout(ANSWER_MAX, answered).await;
        drop(asked);
        Ok(answer.ok().and_then(Result::ok))
    }

    /// Whether a question to `bot` still waits.
    pub(crate) fn is_open(&self, id: i64, bot: UserId) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&id).is_some_and(|waiting| waiting.bot == bot)
    }

    /// Answers a question to `bot`; false when there is none any more.
    pub(crate) fn answer(&self, id: i64, bot: UserId, answer: A) -> bool {
        if !self.is_open(id, bot) {
            return false;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = waiting.remove(&id);
        asked.is_some_and(|asked| asked.answer.send(answer).is_ok())
    }

    /// An answer that still holds.
    pub(crate) fn cached(&self, key: &K, now: Now) -> Option<A> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = cached.get(key)?;
        (*until > now.0).then(|| answer.clone())
    }

    /// Keeps an answer for so many seconds.
    pub(crate) fn keep(&self, key: K, answer: A, life_s: i32, now: Now) {
        let Some(life_s) = u64::try_from(life_s).ok().filter(|life| *life > 0) else {
            return;
        };
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= CACHED_MAX {
            cached.retain(|_, (until, _)| *until > now.0);
        }
        if cached.len() < CACHED_MAX {
            cached.insert(
                key,
                (now.0.saturating_add(life_s.saturating_mul(1000)), answer),
            );
        }
    }
}
