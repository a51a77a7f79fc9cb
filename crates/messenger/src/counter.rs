//! Ids of new accounts and groups: dense counters, one for each range.
//!
//! Users, basic groups and channels never share a number: some clients keep all of them in one map.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::Messenger;
use crate::error::{Error, Result};

/// The scope of the counters among the settings.
const SCOPE: &str = "counter";

/// Numbers of users that clients know by heart; no account gets them (P9).
const WELL_KNOWN: &[i64] = &[crate::bot::BOT_FATHER.0, 136_817_688];

/// Which ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Basic groups, channels and supergroups: at most 31 bits, because one client stores them so.
    Groups,
    /// Users and bots.
    Users,
}

impl Counter {
    fn key(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Users => "users",
        }
    }

    fn range(self) -> RangeInclusive<i64> {
        match self {
            Self::Groups => 1_300_000_001..=2_147_483_647,
            Self::Users => 1_000_001..=999_999_999,
        }
    }
}

impl Messenger {
    /// An id that nobody has and nobody else will be given.
    ///
    /// # Errors
    /// When the store fails, or when all ids are taken.
    pub async fn next_id(&self, counter: Counter) -> Result<i64> {
        let range = counter.range();
        loop {
            let key = counter.key().to_owned();
            let stored = self.store.setting(SCOPE.to_owned(), key.clone()).await?;
            let (last, version) = match stored {
                Some(setting) => (read(&setting.body)?, setting.version),
                None => (range.start() - 1, 0),
            };
            let mut next = last + 1;
            while WELL_KNOWN.contains(&next) {
                next += 1;
            }
            if !range.contains(&next) {
                return Err(Error::IdsExhausted);
            }
            let body = Bytes::copy_from_slice(&next.to_le_bytes());
            let put = self
                .store
                .put_setting(SCOPE.to_owned(), key, version, body)
                .await;
            match put {
                Ok(_) => return Ok(next),
                // Somebody else took it.
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn read(body: &[u8]) -> Result<i64> {
    body.try_into()
        .map(i64::from_le_bytes)
        .map_err(|_| Error::Damaged("a counter"))
}
