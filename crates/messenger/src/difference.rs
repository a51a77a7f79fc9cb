//! What an account missed (F.2, rows D1–D9).

use std::collections::BTreeSet;

use store::{LogEntry, LogPosition, MailboxId, MsgId, Pts, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::event::Event;
use crate::mailbox::read_message;
use crate::peer::Peers;
use crate::show::Shown;
use crate::time::Now;

/// What a client knows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifferenceQuery {
    /// The `pts` it has; `i32::MAX` to be told the true state (D4).
    pub pts: Pts,
    /// The date it has, Unix seconds.
    pub date: u32,
    /// Events in one answer.
    pub limit: u32,
    /// It would rather start anew than catch up on more events than these (D3).
    pub total_limit: Option<u32>,
}

/// What an account missed.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// The client is ahead of the account: it is wrong.
    Ahead,
    /// Nothing.
    Empty(types::updates::State),
    /// Some of it: ask again from the state.
    Slice(Events, types::updates::State),
    /// More than it wants, or than is kept.
    TooLong(Pts),
    /// All of it.
    Whole(Events, types::updates::State),
}

/// Events in the form of a difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// New messages that are still there, as they are now.
    pub new_messages: Vec<types::Message>,
    /// Everything else.
    pub other_updates: Vec<types::Update>,
    /// Whom they name.
    pub shown: Shown,
}

impl Messenger {
    /// Where an account stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn state(&self, user: UserId, now: Now) -> Result<types::updates::State> {
        let head = self.store.head(MailboxId::User(user)).await?;
        Ok(types::updates::State {
            pts: head.pts.0.max(1),
            qts: head.qts,
            date: now.date(),
            seq: 0,
            unread_count: 0,
        })
    }

    /// What an account missed since `query`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn difference(
        &self,
        user: UserId,
        query: DifferenceQuery,
        now: Now,
    ) -> Result<Difference> {
        let mailbox = MailboxId::User(user);
        let state = self.state(user, now).await?;
        if query.pts.0 == i32::MAX {
            return Ok(Difference::Whole(Events::default(), state));
        }
        if query.pts.0 > state.pts {
            return Ok(Difference::Ahead);
        }
        let missed = (state.pts - query.pts.0).unsigned_abs();
        if query.total_limit.is_some_and(|limit| missed > limit) {
            return Ok(Difference::TooLong(Pts(state.pts)));
        }
        let slice = self
            .store
            .log(mailbox, LogPosition::from(query.pts), query.limit)
            .await?;
        if slice.too_old {
            return Ok(Difference::TooLong(Pts(state.pts)));
        }
        let last = slice
            .entries
            .last()
            .map(|entry| (entry.position.pts, entry.date));
        let events = self.events(user, query, slice.entries, now).await?;
        if slice.complete {
            if events.new_messages.is_empty()
                && events.other_updates.is_empty()
                && last.is_none_or(|(pts, _)| pts == query.pts)
            {
                return Ok(Difference::Empty(state));
            }
            // What was appended meanwhile is not in these events.
            let pts = last.map_or(query.pts, |(pts, _)| pts);
            let state = types::updates::State {
                pts: pts.0,
                ..state
            };
            return Ok(Difference::Whole(events, state));
        }
        let (pts, date) = last.unwrap_or((query.pts, now.unix_s()));
        let state = types::updates::State {
            pts: pts.0,
            date: date.cast_signed(),
            ..state
        };
        Ok(Difference::Slice(events, state))
    }

    async fn events(
        &self,
        user: UserId,
        query: DifferenceQuery,
        entries: Vec<LogEntry>,
        now: Now,
    ) -> Result<Events> {
        let mut events = Events::default();
        let mut new = BTreeSet::new();
        let mut edited = Vec::new();
        for entry in entries {
            match Event::decode(&entry.body)? {
                Event::NewMessage(id) => {
                    new.insert(id);
                }
                Event::EditedMessage(id) => {
                    edited.push((id, entry.position.pts, entry.pts_count));
                }
                // What takes no pts stands behind the pts that a client may have had it with.
                Event::Update(_) if entry.position.pts == query.pts && entry.date < query.date => {}
                Event::Update(update) => events.other_updates.push(*update),
            }
        }
        let mailbox = MailboxId::User(user);
        let messages = self
            .store
            .messages(mailbox, new.iter().copied().collect())
            .await?;
        for message in messages.into_iter().flatten() {
            events.new_messages.push(read_message(&message)?);
        }
        // An edit of a message that is new in the same difference shows in it already.
        edited.retain(|(id, _, _)| !new.contains(id));
        let ids: Vec<MsgId> = edited.iter().map(|(id, _, _)| *id).collect();
        let messages = self.store.messages(mailbox, ids).await?;
        for ((_, pts, pts_count), message) in edited.into_iter().zip(messages) {
            if let Some(message) = message {
                events.other_updates.push(types::Update::EditMessage {
                    message: read_message(&message)?,
                    pts: pts.0,
                    pts_count,
                });
            }
        }
        let mut peers = Peers::default();
        events
            .new_messages
            .iter()
            .for_each(|message| peers.add_message(message));
        events
            .other_updates
            .iter()
            .for_each(|update| peers.add_update(update));
        events.shown = self.show(user, &peers, now).await?;
        Ok(events)
    }
}
