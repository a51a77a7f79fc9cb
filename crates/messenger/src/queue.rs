//! Updates with a `qts`: what a bot, or one device of a user, must not miss and no `pts` counts.
//!
//! Each device of a user has its own counter; all devices of a bot share one, that of key 0. What is
//! queued stands in the settings of the mailbox, under keys that end in the `qts`.

use bytes::{BufMut as _, Bytes, BytesMut};
use store::{AuthKeyId, MailboxId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Batch;

const COUNTER: u8 = b'Q';
const ITEM: u8 = b'q';
/// Updates beyond these are forgotten, the oldest first.
const KEPT: i32 = 100_000;
/// The most updates of one answer.
const SLICE_LEN: usize = 500;

/// The counter of a device.
fn counter_key(key: AuthKeyId) -> Bytes {
    let mut bytes = BytesMut::with_capacity(9);
    bytes.put_u8(COUNTER);
    bytes.put_i64(key.0);
    bytes.freeze()
}

fn item_key(key: AuthKeyId, qts: i32) -> Bytes {
    let mut bytes = BytesMut::with_capacity(13);
    bytes.put_u8(ITEM);
    bytes.put_i64(key.0);
    bytes.put_i32(qts);
    bytes.freeze()
}

fn read_counter(value: &[u8]) -> i32 {
    value
        .first_chunk()
        .map_or(0, |bytes| i32::from_le_bytes(*bytes))
}

impl Messenger {
    /// The `qts` that a device, or all devices of a bot (key 0), stand at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn qts(&self, user: UserId, key: AuthKeyId) -> Result<i32> {
        let found = self
            .store
            .mailbox_settings(MailboxId::User(user), counter_key(key))
            .await?;
        Ok(found.first().map_or(0, |(_, value)| read_counter(value)))
    }

    /// What was queued behind `qts`, in order, and whether that is all.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queued(
        &self,
        user: UserId,
        key: AuthKeyId,
        qts: i32,
    ) -> Result<(Vec<(i32, types::Update)>, bool)> {
        let end = self.qts(user, key).await?;
        let mut updates = Vec::new();
        let mut next = qts.max(0).saturating_add(1).max(end.saturating_sub(KEPT));
        while next <= end {
            // One prefix covers 256 numbers.
            let block = item_key(key, next);
            let prefix = block.slice(..block.len() - 1);
            let found = self
                .store
                .mailbox_settings(MailboxId::User(user), prefix)
                .await?;
            for (item, value) in found {
                let number = item
                    .last_chunk()
                    .map_or(0, |bytes| i32::from_be_bytes(*bytes));
                if number < next || number > end {
                    continue;
                }
                if updates.len() == SLICE_LEN {
                    return Ok((updates, false));
                }
                let update =
                    tl::from_bytes(&value).map_err(|_| Error::Damaged("a queued update"))?;
                updates.push((number, update));
            }
            next = (next | 0xff).saturating_add(1);
        }
        Ok((updates, true))
    }

    /// Forgets what a device has received, up to `qts`; gives it back.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn received(
        &self,
        user: UserId,
        key: AuthKeyId,
        qts: i32,
        now: crate::Now,
    ) -> Result<Vec<types::Update>> {
        /// An append has room for no more.
        const AT_ONCE: usize = 200;
        let end = self.qts(user, key).await?;
        let mut gone = Vec::new();
        let mut from = end.saturating_sub(KEPT);
        loop {
            let (mut found, complete) = self.queued(user, key, from).await?;
            found.retain(|(number, _)| *number <= qts);
            let Some((last, _)) = found.last() else {
                return Ok(gone);
            };
            from = *last;
            for some in found.chunks(AT_ONCE) {
                let mut batch = self.open([MailboxId::User(user)], now).await?;
                for (number, _) in some {
                    batch.user(user).put_setting(item_key(key, *number), None);
                }
                let actor = crate::Actor::server(user);
                batch.commit(actor, None, Bytes::new()).await?;
            }
            gone.extend(found.into_iter().map(|(_, update)| update));
            if complete {
                return Ok(gone);
            }
        }
    }
}

impl Batch<'_> {
    /// Queues an update that is told its `qts`, and shows it; for one device it is not shown here.
    /// The mailbox must be open.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue(
        &mut self,
        user: UserId,
        key: AuthKeyId,
        update: impl FnOnce(i32) -> types::Update + Send,
    ) -> Result<types::Update> {
        let counter = counter_key(key);
        let last = match self.user(user).pending_setting(&counter) {
            Some(value) => read_counter(&value),
            None => self.messenger().qts(user, key).await?,
        };
        let qts = last + 1;
        let update = update(qts);
        let body = tl::to_bytes(&update, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("an update without a form"))?;
        let draft = self.user(user);
        draft.put_setting(counter, Some(Bytes::copy_from_slice(&qts.to_le_bytes())));
        draft.put_setting(item_key(key, qts), Some(body));
        if qts > KEPT {
            draft.put_setting(item_key(key, qts - KEPT), None);
        }
        if key == AuthKeyId(0) {
            draft.say(update.clone());
        }
        Ok(update)
    }
}
