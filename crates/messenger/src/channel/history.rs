//! Reading channels: pages of history, messages by id, what was missed (1.8).

use std::collections::{BTreeMap, BTreeSet};

use store::{ChannelId, List, LogPosition, MailboxId, Message, MsgId, PAGE_LIMIT_MAX, Pts, UserId};
use tl_api::types;

use super::member::Standing;
use crate::Messenger;
use crate::difference::{DifferenceQuery, Piece, pieces};
use crate::error::Result;
use crate::event::Event;
use crate::history::{MessagePage, Window};
use crate::peer::Peers;
use crate::show::Shown;
use crate::time::Now;

/// Behind by so many times its limit, a client had better start anew.
const TOO_LONG: u32 = 10;
/// When members ask again, seconds: they are shown everything meanwhile.
const MEMBER_TIMEOUT_S: i32 = 30;
/// When others ask again, seconds.
const GUEST_TIMEOUT_S: i32 = 5;

/// What somebody missed in a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelDifference {
    /// The client is ahead of the channel: it is wrong.
    Ahead,
    /// Nothing; the `pts`.
    Empty(i32),
    /// Some of it, or all.
    Part(Box<ChannelEvents>),
    /// Too much: the channel as it is now.
    TooLong(Box<ChannelSnapshot>),
}

/// Events of a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelEvents {
    /// That was all.
    pub is_final: bool,
    /// The `pts` after them.
    pub pts: i32,
    /// New messages that are still there, as they are now.
    pub new_messages: Vec<types::Message>,
    /// Everything else.
    pub other_updates: Vec<types::Update>,
    /// Whom they name.
    pub shown: Shown,
}

/// A channel as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSnapshot {
    /// Its dialog.
    pub dialog: types::Dialog,
    /// Its newest message.
    pub messages: Vec<types::Message>,
    /// Whom they name.
    pub shown: Shown,
}

/// When a client shall ask again, seconds (D7).
#[must_use]
pub fn difference_timeout_s(standing: &Standing) -> i32 {
    if standing.is_member() {
        MEMBER_TIMEOUT_S
    } else {
        GUEST_TIMEOUT_S
    }
}

impl Messenger {
    /// A window of a channel's messages, or of one of its lists.
    ///
    /// # Errors
    /// `Private`, or when the store fails.
    pub async fn channel_history(
        &self,
        user: UserId,
        id: ChannelId,
        list: List,
        window: Window,
        now: Now,
    ) -> Result<MessagePage> {
        let standing = self.reading(user, id, now).await?;
        let mailbox = MailboxId::Channel(id);
        let peer = standing.channel.peer();
        let min = standing.available_min();
        let count = if min > 1 {
            let below = MsgId(min - 1);
            self.store
                .count_newer(mailbox, peer, list, below, PAGE_LIMIT_MAX)
                .await?
        } else {
            self.store.count(mailbox, peer, list).await?
        };
        let messages = self.window(mailbox, peer, list, window).await?;
        let offset = self
            .window_offset(mailbox, peer, list, window, messages.first())
            .await?;
        self.channel_page(&standing, count, offset, messages, now)
            .await
    }

    /// Messages of a channel with everything that comes along.
    pub(crate) async fn channel_page(
        &self,
        standing: &Standing,
        count: u32,
        offset: Option<u32>,
        messages: Vec<Message>,
        now: Now,
    ) -> Result<MessagePage> {
        let mut peers = Peers::default();
        peers.add(standing.channel.peer());
        let letters = self.view(standing, &messages).await?;
        let shown: Vec<types::Message> = letters
            .into_iter()
            .map(|letter| letter.message)
            .inspect(|message| peers.add_message(message))
            .collect();
        Ok(MessagePage {
            count,
            whole: shown.len() as u64 >= u64::from(count),
            offset,
            pts: Some(self.channel_pts(standing.channel.channel_id()).await?),
            shown: self.show(standing.user, &peers, now).await?,
            messages: shown,
        })
    }

    /// Messages of a channel by id, in the order asked for; what is not there is empty.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_messages(
        &self,
        standing: &Standing,
        ids: Vec<MsgId>,
        now: Now,
    ) -> Result<MessagePage> {
        let id = standing.channel.channel_id();
        let found = self
            .store
            .messages(MailboxId::Channel(id), ids.clone())
            .await?;
        let found: Vec<Message> = found.into_iter().flatten().collect();
        let mut letters: BTreeMap<MsgId, types::Message> = BTreeMap::new();
        for letter in self.view(standing, &found).await? {
            letters.insert(letter.id(), letter.message);
        }
        let mut peers = Peers::default();
        peers.add(standing.channel.peer());
        let mut messages = Vec::with_capacity(ids.len());
        for wanted in ids {
            let message = letters
                .get(&wanted)
                .cloned()
                .unwrap_or(types::Message::Empty {
                    id: wanted.0,
                    peer_id: None,
                });
            peers.add_message(&message);
            messages.push(message);
        }
        Ok(MessagePage {
            count: u32::try_from(messages.len()).unwrap_or(u32::MAX),
            whole: true,
            offset: None,
            pts: Some(self.channel_pts(id).await?),
            shown: self.show(standing.user, &peers, now).await?,
            messages,
        })
    }

    /// What a reader of a channel missed since `pts` (D3–D8).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_difference(
        &self,
        standing: &Standing,
        pts: i32,
        limit: u32,
        now: Now,
    ) -> Result<ChannelDifference> {
        let id = standing.channel.channel_id();
        let mailbox = MailboxId::Channel(id);
        let current = self.channel_pts(id).await?;
        if pts > current {
            return Ok(ChannelDifference::Ahead);
        }
        if pts == current {
            return Ok(ChannelDifference::Empty(current));
        }
        let limit = limit.max(1);
        let gap = (current - pts).unsigned_abs();
        let is_bot = self.is_bot(standing.user).await?;
        // With the limit 1 clients ask for channels that they know nothing of.
        let too_long = if limit == 1 {
            gap > 1
        } else {
            gap > limit.saturating_mul(TOO_LONG)
        };
        if too_long && !is_bot {
            return self.channel_snapshot(standing, now).await;
        }
        let slice = self
            .store
            .log(
                mailbox,
                LogPosition::from(Pts(pts)),
                limit.min(PAGE_LIMIT_MAX),
            )
            .await?;
        if slice.too_old {
            return self.channel_snapshot(standing, now).await;
        }
        let query = DifferenceQuery {
            pts: Pts(pts),
            qts: 0,
            key: store::AuthKeyId(0),
            date: 0,
            limit,
            total_limit: None,
        };
        let complete = slice.complete;
        let (pieces, last, cut) = pieces(slice.entries, query)?;
        let mut events = self.channel_events(standing, pieces, now).await?;
        events.is_final = complete && !cut;
        events.pts = last.map_or(pts, |(pts, _)| pts.0);
        Ok(ChannelDifference::Part(Box::new(events)))
    }

    async fn channel_events(
        &self,
        standing: &Standing,
        pieces: Vec<Piece>,
        now: Now,
    ) -> Result<ChannelEvents> {
        let id = standing.channel.channel_id();
        let mut new = BTreeSet::new();
        let mut edited: BTreeMap<MsgId, (i32, i32)> = BTreeMap::new();
        let mut events = ChannelEvents::default();
        let mut others: Vec<(i32, types::Update)> = Vec::new();
        for piece in pieces {
            match piece.event {
                Event::NewMessage(id) => {
                    new.insert(id);
                }
                Event::EditedMessage(id) => {
                    edited.insert(id, (piece.pts.0, piece.pts_count));
                }
                Event::Update(update) => {
                    // The making of the channel is no news.
                    if !matches!(*update, types::Update::Config {}) {
                        others.push((piece.pts.0, *update));
                    }
                }
            }
        }
        let ids = new.iter().copied().collect();
        events.new_messages = self.readable(standing, ids).await?;
        edited.retain(|id, _| !new.contains(id));
        let ids = edited.keys().copied().collect();
        for message in self.readable(standing, ids).await? {
            if let Some((pts, pts_count)) = edited.get(&crate::mailbox::message_id(&message)) {
                let (pts, pts_count) = (*pts, *pts_count);
                let update = types::Update::EditChannelMessage {
                    message,
                    pts,
                    pts_count,
                };
                others.push((pts, update));
            }
        }
        others.sort_by_key(|(pts, _)| *pts);
        events.other_updates = others.into_iter().map(|(_, update)| update).collect();
        let mut peers = Peers::default();
        peers.add(store::PeerId::Channel(id));
        for message in &events.new_messages {
            peers.add_message(message);
        }
        for update in &events.other_updates {
            peers.add_update(update);
        }
        events.shown = self.show(standing.user, &peers, now).await?;
        Ok(events)
    }

    async fn readable(&self, standing: &Standing, ids: Vec<MsgId>) -> Result<Vec<types::Message>> {
        let mailbox = MailboxId::Channel(standing.channel.channel_id());
        let found = self.store.messages(mailbox, ids).await?;
        let found: Vec<Message> = found.into_iter().flatten().collect();
        let letters = self.view(standing, &found).await?;
        Ok(letters.into_iter().map(|letter| letter.message).collect())
    }

    /// The channel as it is now (D8).
    async fn channel_snapshot(&self, standing: &Standing, now: Now) -> Result<ChannelDifference> {
        let id = standing.channel.channel_id();
        let user = standing.user;
        let dialog = match self.channel_marks(user, id).await? {
            Some(dialog) => dialog,
            None => {
                let (top, date) = self.tip(id).await?;
                store::Dialog {
                    top,
                    top_date: date,
                    ..super::post::new_dialog(id, MsgId(0))
                }
            }
        };
        let (mut dialogs, messages, shown) = self.show_dialogs(user, &[dialog], now).await?;
        let Some(dialog) = dialogs.pop() else {
            return Ok(ChannelDifference::Empty(self.channel_pts(id).await?));
        };
        Ok(ChannelDifference::TooLong(Box::new(ChannelSnapshot {
            dialog,
            messages,
            shown,
        })))
    }

    /// `updateChannelTooLong` for the channels of a user in which something has happened since a
    /// time, Unix seconds (D12).
    pub(crate) async fn moved_channels(
        &self,
        user: UserId,
        since: u32,
    ) -> Result<Vec<types::Update>> {
        let mut moved = Vec::new();
        for id in self.channels_of(user).await? {
            let channel = self.channel(id).await?;
            if channel.is_none_or(|channel| channel.deleted) {
                continue;
            }
            let head = self.store.head(MailboxId::Channel(id)).await?;
            if head.date >= since {
                moved.push(types::Update::ChannelTooLong {
                    channel_id: id.0,
                    pts: Some(head.pts.0),
                });
            }
        }
        Ok(moved)
    }
}
