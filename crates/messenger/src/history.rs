//! Reading the messages of one dialog (H1–H7).

use store::{
    Direction, HistoryQuery, List, MailboxId, Message, MsgId, PAGE_LIMIT_MAX, PeerId, UserId,
};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::mailbox::Letter;
use crate::peer::Peers;
use crate::show::Shown;
use crate::time::Now;

/// The most messages that a window may be moved by.
const SKIP_MAX: u32 = 20_000;

/// A window of a list of messages, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Before this message; 0 for the newest.
    pub offset_id: i32,
    /// If there is no id: before this time, Unix seconds; 0 for none.
    pub offset_date: i32,
    /// Moved by so many messages, to newer ones when negative.
    pub add_offset: i32,
    /// How many.
    pub limit: u32,
    /// Only ids below; 0 for any.
    pub max_id: i32,
    /// Only ids above; 0 for any.
    pub min_id: i32,
}

impl Window {
    /// The part of a list that is all there, newest first (H1, H2), and where it begins.
    pub(crate) fn cut<T>(
        self,
        list: Vec<T>,
        id_and_date: impl Fn(&T) -> (MsgId, u32),
    ) -> (usize, Vec<T>) {
        let before = |item: &&T| {
            let (id, date) = id_and_date(item);
            if self.offset_id > 0 {
                id.0 >= self.offset_id
            } else {
                self.offset_date > 0 && date >= self.offset_date.cast_unsigned()
            }
        };
        let index = list.iter().filter(before).count();
        let start = i64::try_from(index).unwrap_or(i64::MAX) + i64::from(self.add_offset);
        let end = start + i64::from(self.limit);
        let start = usize::try_from(start.max(0)).unwrap_or(usize::MAX);
        let end = usize::try_from(end.max(0)).unwrap_or(usize::MAX);
        let kept = list
            .into_iter()
            .take(end)
            .skip(start)
            .filter(|item| {
                let (id, _) = id_and_date(item);
                (self.min_id <= 0 || id.0 > self.min_id) && (self.max_id <= 0 || id.0 < self.max_id)
            })
            .collect();
        (start, kept)
    }
}

/// Messages of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessagePage {
    /// All messages of the list.
    pub count: u32,
    /// The page is the whole list.
    pub whole: bool,
    /// The place of the first message in the list, from the newest, when an offset was given and
    /// it is not too far down to be counted.
    pub offset: Option<u32>,
    /// The `pts` of the channel, when it is one.
    pub pts: Option<i32>,
    /// The messages, newest first.
    pub messages: Vec<types::Message>,
    /// Whom they name.
    pub shown: Shown,
}

impl Messenger {
    /// A window of a dialog's messages, or of one of its lists.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn history(
        &self,
        user: UserId,
        peer: PeerId,
        list: List,
        window: Window,
        now: Now,
    ) -> Result<MessagePage> {
        if let PeerId::Channel(id) = peer {
            return self.channel_history(user, id, list, window, now).await;
        }
        let mailbox = MailboxId::User(user);
        let count = self.store.count(mailbox, peer, list).await?;
        let messages = self.window(mailbox, peer, list, window).await?;
        let offset = self
            .window_offset(mailbox, peer, list, window, messages.first())
            .await?;
        self.page(user, count, offset, messages, now).await
    }

    /// How many messages of a list are newer than the first one of a page, if somebody who asked
    /// for a page farther down can be told; beyond [`PAGE_LIMIT_MAX`] nobody counts.
    pub(crate) async fn window_offset(
        &self,
        mailbox: MailboxId,
        peer: PeerId,
        list: List,
        window: Window,
        first: Option<&Message>,
    ) -> Result<Option<u32>> {
        let has_offset = window.offset_id != 0 || window.offset_date != 0 || window.add_offset != 0;
        let Some(first) = first.filter(|_| has_offset) else {
            return Ok(None);
        };
        let newer = self
            .store
            .count_newer(mailbox, peer, list, first.id, PAGE_LIMIT_MAX)
            .await?;
        Ok((newer < PAGE_LIMIT_MAX).then_some(newer))
    }

    /// Messages with everything that comes along.
    pub(crate) async fn page(
        &self,
        user: UserId,
        count: u32,
        offset: Option<u32>,
        messages: Vec<Message>,
        now: Now,
    ) -> Result<MessagePage> {
        let mut peers = Peers::default();
        let mut shown = Vec::with_capacity(messages.len());
        for message in &messages {
            let mut message = Letter::read(message)?.message;
            self.dress(user, [&mut message]).await?;
            peers.add_message(&message);
            shown.push(message);
        }
        Ok(MessagePage {
            count,
            whole: shown.len() as u64 >= u64::from(count),
            offset,
            pts: None,
            shown: self.show(user, &peers, now).await?,
            messages: shown,
        })
    }

    pub(crate) async fn window(
        &self,
        mailbox: MailboxId,
        peer: PeerId,
        list: List,
        window: Window,
    ) -> Result<Vec<Message>> {
        let limit = window.limit.min(PAGE_LIMIT_MAX);
        let from = if window.offset_id > 0 {
            Some(MsgId(window.offset_id))
        } else if window.offset_date > 0 {
            let date = window.offset_date.cast_unsigned();
            Some(self.first_since(mailbox, peer, date).await?)
        } else {
            None
        };
        let mut messages = Vec::new();
        let ahead = window.add_offset.min(0).unsigned_abs();
        let mut left = limit;
        if ahead > 0 {
            // Places before the newest message stay empty.
            let newer = match from {
                Some(from) => {
                    let query = HistoryQuery {
                        peer,
                        list,
                        from: Some(MsgId(from.0.saturating_sub(1))),
                        direction: Direction::Newer,
                        limit: ahead.min(PAGE_LIMIT_MAX),
                    };
                    self.store.history(mailbox, query).await?
                }
                None => Vec::new(),
            };
            let found = u32::try_from(newer.len()).unwrap_or(u32::MAX);
            let missing = ahead - found.min(ahead);
            left = limit.saturating_sub(missing);
            messages.extend(newer.into_iter().rev().take(left as usize));
            left = limit.saturating_sub(ahead);
        }
        if left > 0 {
            let skip = window.add_offset.max(0).unsigned_abs();
            let older = self.older(mailbox, peer, list, from, skip, left).await?;
            messages.extend(older);
        }
        messages.retain(|message| {
            (window.min_id <= 0 || message.id.0 > window.min_id)
                && (window.max_id <= 0 || message.id.0 < window.max_id)
        });
        Ok(messages)
    }

    /// Messages from `from` on to older ones, the first `skip` left out.
    async fn older(
        &self,
        mailbox: MailboxId,
        peer: PeerId,
        list: List,
        mut from: Option<MsgId>,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Message>> {
        if skip > SKIP_MAX {
            return Ok(Vec::new());
        }
        let mut skip = skip;
        loop {
            let asked = (skip + limit).min(PAGE_LIMIT_MAX);
            let query = HistoryQuery {
                peer,
                list,
                from,
                direction: Direction::Older,
                limit: asked,
            };
            let mut page = self.store.history(mailbox, query).await?;
            let got = u32::try_from(page.len()).unwrap_or(u32::MAX);
            if skip + limit <= PAGE_LIMIT_MAX || got < asked {
                page.drain(..(skip.min(got) as usize));
                page.truncate(limit as usize);
                return Ok(page);
            }
            let passed = skip.min(got);
            from = page.get(passed as usize - 1).map(|message| message.id);
            skip -= passed;
        }
    }

    /// The lowest id from which on all messages of a dialog were sent at `date` or later: dates
    /// grow with ids.
    async fn first_since(&self, mailbox: MailboxId, peer: PeerId, date: u32) -> Result<MsgId> {
        let (mut low, mut high) = (1, self.store.head(mailbox).await?.top.0 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let query = HistoryQuery {
                peer,
                list: List::All,
                from: Some(MsgId(middle - 1)),
                direction: Direction::Newer,
                limit: 1,
            };
            match self.store.history(mailbox, query).await?.first() {
                Some(message) if message.date < date => low = message.id.0 + 1,
                _ => high = middle,
            }
        }
        Ok(MsgId(low))
    }

    /// Messages of a user's mailbox by id, in the order asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn messages_by_id(
        &self,
        user: UserId,
        ids: Vec<MsgId>,
        now: Now,
    ) -> Result<(Vec<types::Message>, Shown)> {
        let mut peers = Peers::default();
        let mut messages = Vec::with_capacity(ids.len());
        let found = self
            .store
            .messages(MailboxId::User(user), ids.clone())
            .await?;
        for (id, message) in ids.into_iter().zip(found) {
            messages.push(match message {
                Some(message) => {
                    let mut message = Letter::read(&message)?.message;
                    self.dress(user, [&mut message]).await?;
                    peers.add_message(&message);
                    message
                }
                None => types::Message::Empty {
                    id: id.0,
                    peer_id: None,
                },
            });
        }
        let shown = self.show(user, &peers, now).await?;
        Ok((messages, shown))
    }
}
