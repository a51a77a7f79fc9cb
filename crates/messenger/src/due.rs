//! Work that waits for its time, in the queue of the store: done at least once, whatever restarts.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use store::{DueTask, MsgId, OpId, PeerId, ShardId, UserId};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::time::Now;

/// The queues that tasks are spread over, by their owner.
const SHARDS: u32 = 8;
/// Tasks of one queue that are done in one go.
const AT_ONCE: u32 = 100;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(crate) enum Task {
    /// Scheduled messages of a user to a peer may be due.
    #[n(0)]
    SendScheduled {
        #[n(0)]
        owner: i64,
        #[n(1)]
        kind: u8,
        #[n(2)]
        peer: i64,
    },
    /// A message has reached its end, in all copies.
    #[n(1)]
    Expire {
        #[n(0)]
        owner: i64,
        #[n(1)]
        id: i32,
    },
    /// Media that destroy themselves were open for their time.
    #[n(2)]
    Burn {
        #[n(0)]
        owner: i64,
        #[n(1)]
        id: i32,
    },
    /// A poll ends.
    #[n(3)]
    ClosePoll {
        #[n(0)]
        owner: i64,
        #[n(1)]
        id: i32,
    },
    /// An account may have been idle for too long.
    #[n(4)]
    IdleAccount {
        #[n(0)]
        user: i64,
    },
}

impl Record for Task {}

/// What is due and is not the messenger's to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The account was idle for as long as its owner allows: it goes.
    IdleAccount(UserId),
}

/// What a round of due work came to.
#[derive(Debug, Default)]
pub struct Round {
    /// What is left to be done.
    pub due: Vec<Due>,
    /// What failed and stays in the queue.
    pub failed: Vec<Error>,
    /// How much was done.
    pub done: usize,
}

impl Task {
    fn owner(&self) -> i64 {
        match self {
            Self::SendScheduled { owner, .. }
            | Self::Expire { owner, .. }
            | Self::Burn { owner, .. }
            | Self::ClosePoll { owner, .. } => *owner,
            Self::IdleAccount { user } => *user,
        }
    }
}

fn shard(owner: i64) -> ShardId {
    ShardId(u32::try_from(owner.rem_euclid(i64::from(SHARDS))).unwrap_or(0))
}

impl Messenger {
    /// Has something done at a time. The same for the same time is done once.
    pub(crate) async fn put_task(&self, at_ms: u64, task: &Task) -> Result<()> {
        let payload = task.to_bytes();
        let sum = Sha256::digest(&payload);
        let id = sum
            .first_chunk()
            .map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let due = DueTask {
            at_ms,
            id: OpId(id),
            payload,
        };
        self.store.put_due(shard(task.owner()), due).await?;
        Ok(())
    }

    /// Does what is due by now.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn run_due(&self, now: Now) -> Result<Round> {
        let mut round = Round::default();
        for shard in (0..SHARDS).map(ShardId) {
            for task in self.store.due(shard, now.0, AT_ONCE).await? {
                let done = match Task::from_bytes(&task.payload) {
                    Ok(what) => self.run_task(&what, &mut round, now).await,
                    Err(error) => Err(error),
                };
                match done {
                    // Whether the store comes back is a matter of time.
                    Err(error @ Error::Store(_)) => {
                        round.failed.push(error);
                        continue;
                    }
                    // Anything else stays as wrong as it is.
                    Err(error) => round.failed.push(error),
                    Ok(()) => round.done += 1,
                }
                self.store.remove_due(shard, task.at_ms, task.id).await?;
            }
        }
        Ok(round)
    }

    async fn run_task(&self, task: &Task, round: &mut Round, now: Now) -> Result<()> {
        match *task {
            Task::SendScheduled { owner, kind, peer } => {
                let peer = PeerId::from_parts(kind, peer).ok_or(Error::Damaged("a task"))?;
                self.send_due(UserId(owner), peer, now).await
            }
            Task::Expire { owner, id } => self.expire(UserId(owner), MsgId(id), now).await,
            Task::Burn { owner, id } => self.burn(UserId(owner), &[MsgId(id)], now).await,
            Task::ClosePoll { owner, id } => {
                self.close_due_poll(UserId(owner), MsgId(id), now).await
            }
            Task::IdleAccount { user } => {
                let user = UserId(user);
                if let Some(until) = self.idle_until(user).await? {
                    if until <= now.unix_s() {
                        round.due.push(Due::IdleAccount(user));
                    } else {
                        self.watch_idle(user).await?;
                    }
                }
                Ok(())
            }
        }
    }

    /// When an account will have been idle for as long as its owner allows, Unix seconds; `None`
    /// when there is no such account.
    async fn idle_until(&self, user: UserId) -> Result<Option<u32>> {
        let account = self.user(user).await?;
        let Some(account) = account.filter(|account| !account.deleted && !account.bot) else {
            return Ok(None);
        };
        let seen = self.seen(user).await?.max(account.created);
        let settings = self.account_settings(user).await?;
        let days = settings.account_ttl_days;
        Ok(Some(seen.saturating_add(days.saturating_mul(86_400))))
    }

    /// Looks again when an account may have been idle for too long.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn watch_idle(&self, user: UserId) -> Result<()> {
        if let Some(until) = self.idle_until(user).await? {
            // A day more or less does not matter, and saves as many tasks.
            let day = u64::from(until / 86_400) + 1;
            let task = Task::IdleAccount { user: user.0 };
            self.put_task(day * 86_400_000, &task).await?;
        }
        Ok(())
    }
}
