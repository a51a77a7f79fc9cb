//! Views of posts: one for each reader and post (1.9).

use std::ops::RangeInclusive;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{ChannelId, MailboxId, MsgId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::mailbox::Letter;
use crate::publish::Actor;
use crate::time::Now;

/// What the keys begin with in the mailbox of a reader.
const KEY: &[u8] = b"viewed";
/// The most pieces of what a reader has seen of one channel; the oldest grow together.
const RANGES_MAX: usize = 200;

fn key(channel: ChannelId) -> Bytes {
    let mut key = BytesMut::from(KEY);
    key.put_i64(channel.0);
    key.freeze()
}

/// Which posts of a channel somebody has seen, in rising order.
#[derive(Debug, Default, PartialEq)]
struct Seen(Vec<RangeInclusive<i32>>);

impl Seen {
    fn read(mut bytes: &[u8]) -> Self {
        let mut ranges = Vec::with_capacity(bytes.len() / 8);
        while bytes.remaining() >= 8 {
            ranges.push(bytes.get_i32_le()..=bytes.get_i32_le());
        }
        Self(ranges)
    }

    fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.0.len() * 8);
        for range in &self.0 {
            bytes.put_i32_le(*range.start());
            bytes.put_i32_le(*range.end());
        }
        bytes.freeze()
    }

    /// Adds a post; false when it was seen before.
    fn add(&mut self, id: i32) -> bool {
        let at = self.0.partition_point(|range| *range.end() < id);
        if self.0.get(at).is_some_and(|range| range.contains(&id)) {
            return false;
        }
        self.0.insert(at, id..=id);
        self.0.dedup_by(|next, range| {
            let touches = *range.end() + 1 >= *next.start();
            if touches {
                *range = *range.start()..=*next.end();
            }
            touches
        });
        while self.0.len() > RANGES_MAX {
            let first = self.0.remove(0);
            if let Some(next) = self.0.first_mut() {
                *next = *first.start()..=*next.end();
            }
        }
        true
    }
}

impl Messenger {
    /// How often messages of a channel were seen, and whether by now by the caller as well; in the
    /// order asked for.
    ///
    /// # Errors
    /// `Private`, or when the store fails.
    pub async fn views(
        &self,
        actor: Actor,
        channel: ChannelId,
        ids: &[MsgId],
        increment: bool,
        now: Now,
    ) -> Result<Vec<types::MessageViews>> {
        let standing = self.reading(actor.user, channel, now).await?;
        if increment && !standing.channel.megagroup && !self.is_bot(actor.user).await? {
            self.see(actor.user, channel, ids, now).await?;
        }
        let found = self
            .store
            .messages(MailboxId::Channel(channel), ids.to_vec())
            .await?;
        let found: Vec<_> = found.into_iter().flatten().collect();
        let letters = self.view(&standing, &found).await?;
        let views_of = |letter: &Letter| {
            let mut views = types::MessageViews::new();
            if let types::Message::Message(message) = &letter.message {
                views.views = message.views;
                views.forwards = message.forwards;
                views.replies.clone_from(&message.replies);
            }
            views
        };
        Ok(ids
            .iter()
            .map(|id| {
                let letter = letters.iter().find(|letter| letter.id() == *id);
                letter.map_or_else(types::MessageViews::new, views_of)
            })
            .collect())
    }

    async fn see(&self, user: UserId, channel: ChannelId, ids: &[MsgId], now: Now) -> Result<()> {
        let mut batch = self.lock_channel(channel, [user], now).await?;
        let key = key(channel);
        let found = self
            .store
            .mailbox_settings(MailboxId::User(user), key.clone())
            .await?;
        let mut seen = found
            .first()
            .map_or_else(Seen::default, |(_, body)| Seen::read(body));
        let mut new = Vec::new();
        for id in ids {
            let letter = self.kept_post(channel, *id).await?;
            let counts = letter.is_some_and(|letter| super::author(&letter) != user);
            if counts && seen.add(id.0) {
                new.push(*id);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        batch.user(user).put_setting(key, Some(seen.to_bytes()));
        let draft = batch.draft(MailboxId::Channel(channel));
        self.count(draft, channel, &new, |counters| {
            counters.views = counters.views.saturating_add(1);
        })
        .await?;
        batch
            .commit(Actor::server(user), None, Bytes::new())
            .await?;
        Ok(())
    }

    /// Posts were taken elsewhere.
    pub(crate) async fn count_forwards(
        &self,
        actor: Actor,
        channel: ChannelId,
        ids: &[MsgId],
        now: Now,
    ) -> Result<()> {
        let mut posts = Vec::new();
        for id in ids {
            let letter = self.kept_post(channel, *id).await?;
            let is_post = letter.is_some_and(
                |letter| matches!(letter.message, types::Message::Message(message) if message.post),
            );
            if is_post {
                posts.push(*id);
            }
        }
        if posts.is_empty() {
            return Ok(());
        }
        let mut batch = self.lock_channel(channel, [], now).await?;
        let draft = batch.draft(MailboxId::Channel(channel));
        self.count(draft, channel, &posts, |counters| {
            counters.forwards = counters.forwards.saturating_add(1);
        })
        .await?;
        batch
            .commit(Actor::server(UserId(0)), None, Bytes::new())
            .await?;
        let counters = self.counters(channel, &posts).await?;
        for (id, counters) in counters {
            let update = types::Update::ChannelMessageForwards {
                channel_id: channel.0,
                id: id.0,
                forwards: i32::try_from(counters.forwards).unwrap_or(i32::MAX),
            };
            self.tell_watchers(actor, channel, &update, now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_post_is_seen_once() {
        let mut seen = Seen::default();
        for id in [5, 7, 6, 1, 9] {
            assert!(seen.add(id));
            assert!(!seen.add(id));
        }
        assert_eq!(seen.0, [1..=1, 5..=7, 9..=9]);
        assert_eq!(Seen::read(&seen.to_bytes()), seen);
        for id in 0..1000 {
            seen.add(id * 2 + 100);
        }
        assert_eq!(seen.0.len(), RANGES_MAX);
    }
}
