//! What an account missed (F.2, rows D1–D9).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use store::{AuthKeyId, LogEntry, LogPosition, MailboxId, MsgId, Pts, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use crate::Messenger;
use crate::error::Result;
use crate::event::Event;
use crate::mailbox::read_message;
use crate::peer::{Peers, peer_id};
use crate::show::Shown;
use crate::time::Now;

/// The most events without `pts` that are read to get past them.
const NOTES_MAX: usize = 5_000;

/// What a client knows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DifferenceQuery {
    /// The `pts` it has; `i32::MAX` to be told the true state (D4).
    pub pts: Pts,
    /// The `qts` it has.
    pub qts: i32,
    /// The device that asks.
    pub key: AuthKeyId,
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
    /// New messages of secret chats.
    pub new_encrypted_messages: Vec<types::EncryptedMessage>,
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
    pub async fn state(
        &self,
        user: UserId,
        key: AuthKeyId,
        now: Now,
    ) -> Result<types::updates::State> {
        let head = self.store.head(MailboxId::User(user)).await?;
        let key = self.queue_key(user, key).await?;
        Ok(types::updates::State {
            pts: head.pts.0.max(1),
            qts: self.qts(user, key).await?,
            date: now.date(),
            seq: 0,
            unread_count: 0,
        })
    }

    /// Whose queue a device reads: all devices of a bot read one.
    async fn queue_key(&self, user: UserId, key: AuthKeyId) -> Result<AuthKeyId> {
        Ok(if self.is_bot(user).await? {
            AuthKeyId(0)
        } else {
            key
        })
    }

    /// What an account missed since `query`.
    ///
    /// # Errors
    /// When the store fails.
    #[allow(clippy::wildcard_enum_match_arm, reason = "others come as they are")]
    pub async fn difference(
        &self,
        user: UserId,
        query: DifferenceQuery,
        now: Now,
    ) -> Result<Difference> {
        let difference = self.logged_difference(user, query, now).await?;
        let difference = self.with_channels(user, query, difference, now).await?;
        // Without a `qts` a client has no use for what it counts.
        if query.qts <= 0 && self.qts_is_new(user, query).await? {
            return Ok(difference);
        }
        let key = self.queue_key(user, query.key).await?;
        let (queued, complete) = self.queued(user, key, query.qts).await?;
        let (mut events, mut state, whole) = match difference {
            Difference::Empty(state) if !queued.is_empty() => (Events::default(), state, true),
            Difference::Whole(events, state) => (events, state, true),
            Difference::Slice(events, state) => (events, state, false),
            other => return Ok(other),
        };
        if query.pts.0 == i32::MAX {
            return Ok(Difference::Whole(events, state));
        }
        let mut peers = Peers::default();
        for (qts, update) in queued {
            if !complete || !whole {
                state.qts = qts;
            }
            peers.add_update(&update);
            match update {
                types::Update::NewEncryptedMessage { message, .. } => {
                    events.new_encrypted_messages.push(message);
                }
                other => events.other_updates.push(other),
            }
        }
        for message in &events.new_messages {
            peers.add_message(message);
        }
        for update in &events.other_updates {
            peers.add_update(update);
        }
        events.shown = self.show(user, &peers, now).await?;
        Ok(if complete && whole {
            Difference::Whole(events, state)
        } else {
            Difference::Slice(events, state)
        })
    }

    /// At the end of a difference stands in which channels something has happened (D12).
    #[allow(clippy::wildcard_enum_match_arm, reason = "others come as they are")]
    async fn with_channels(
        &self,
        user: UserId,
        query: DifferenceQuery,
        difference: Difference,
        now: Now,
    ) -> Result<Difference> {
        let (mut events, state) = match difference {
            Difference::Empty(state) => (Events::default(), state),
            Difference::Whole(events, state) if query.pts.0 != i32::MAX => (events, state),
            other => return Ok(other),
        };
        let moved = self.moved_channels(user, query.date).await?;
        let is_empty = events.new_messages.is_empty() && events.other_updates.is_empty();
        if moved.is_empty() {
            return Ok(if is_empty && state.pts == query.pts.0 {
                Difference::Empty(state)
            } else {
                Difference::Whole(events, state)
            });
        }
        events.other_updates.extend(moved);
        let mut peers = Peers::default();
        let new = events.new_messages.iter();
        new.for_each(|message| peers.add_message(message));
        let others = events.other_updates.iter();
        others.for_each(|update| peers.add_update(update));
        events.shown = self.show(user, &peers, now).await?;
        Ok(Difference::Whole(events, state))
    }

    /// Whether there never was anything with a `qts`.
    async fn qts_is_new(&self, user: UserId, query: DifferenceQuery) -> Result<bool> {
        let key = self.queue_key(user, query.key).await?;
        Ok(self.qts(user, key).await? == 0)
    }

    async fn logged_difference(
        &self,
        user: UserId,
        query: DifferenceQuery,
        now: Now,
    ) -> Result<Difference> {
        let mailbox = MailboxId::User(user);
        let state = self.state(user, query.key, now).await?;
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
        let Some((entries, complete)) = self.entries(mailbox, query).await? else {
            return Ok(Difference::TooLong(Pts(state.pts)));
        };
        let (pieces, last, cut) = pieces(entries, query)?;
        let events = self.events(user, query, pieces, now).await?;
        if complete && !cut {
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
        let (pts, date) = last.unwrap_or_else(|| (query.pts, now.unix_s()));
        let state = types::updates::State {
            pts: pts.0,
            date: date.cast_signed(),
            ..state
        };
        Ok(Difference::Slice(events, state))
    }

    /// The log behind the client's `pts`, at least so far that `pts` goes on; whether it ends
    /// there. `None` when it no longer reaches back.
    async fn entries(
        &self,
        mailbox: MailboxId,
        query: DifferenceQuery,
    ) -> Result<Option<(Vec<LogEntry>, bool)>> {
        let mut after = LogPosition::from(query.pts);
        let mut entries: Vec<LogEntry> = Vec::new();
        loop {
            let slice = self.store.log(mailbox, after, query.limit).await?;
            if slice.too_old {
                return Ok(None);
            }
            entries.extend(slice.entries);
            match entries.last() {
                // What takes no pts alone would bring the client nowhere.
                Some(last)
                    if !slice.complete
                        && last.position.pts == query.pts
                        && entries.len() < NOTES_MAX =>
                {
                    after = last.position;
                }
                _ => return Ok(Some((entries, slice.complete))),
            }
        }
    }

    async fn events(
        &self,
        user: UserId,
        query: DifferenceQuery,
        pieces: Vec<Piece>,
        now: Now,
    ) -> Result<Events> {
        let mut events = Events::default();
        let mut new = BTreeSet::new();
        let mut edited: BTreeMap<MsgId, usize> = BTreeMap::new();
        for (at, piece) in pieces.iter().enumerate() {
            match &piece.event {
                Event::NewMessage(id) => {
                    new.insert(*id);
                }
                // Only the last edit is told: it shows what the others did.
                Event::EditedMessage(id) => {
                    edited.insert(*id, at);
                }
                Event::Update(_) => {}
            }
        }
        let mailbox = MailboxId::User(user);
        let ids: Vec<MsgId> = new.iter().copied().collect();
        for message in self
            .store
            .messages(mailbox, ids)
            .await?
            .into_iter()
            .flatten()
        {
            let mut message = read_message(&message)?;
            self.dress(user, [&mut message]).await?;
            events.new_messages.push(message);
        }
        // An edit of a message that is new in the same difference shows in it already.
        edited.retain(|id, _| !new.contains(id));
        let ids: Vec<MsgId> = edited.keys().copied().collect();
        let messages = self.store.messages(mailbox, ids).await?;
        let mut shown_edits = BTreeMap::new();
        for (at, message) in edited.into_values().zip(messages) {
            if let Some(message) = message {
                let mut message = read_message(&message)?;
                self.dress(user, [&mut message]).await?;
                shown_edits.insert(at, message);
            }
        }
        for (at, piece) in pieces.into_iter().enumerate() {
            match piece.event {
                Event::NewMessage(_) => {}
                Event::EditedMessage(_) => {
                    if let Some(message) = shown_edits.remove(&at) {
                        events.other_updates.push(types::Update::EditMessage {
                            message,
                            pts: piece.pts.0,
                            pts_count: piece.pts_count,
                        });
                    }
                }
                // What takes no pts stands behind the pts that a client may have had it with.
                Event::Update(_) if piece.pts == query.pts && piece.date < query.date => {}
                Event::Update(update) => events.other_updates.push(*update),
            }
        }
        keep_last(&mut events.other_updates);
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

/// A log entry, or the part of one that the client lacks and wants.
pub(crate) struct Piece {
    pub(crate) event: Event,
    pub(crate) pts: Pts,
    pub(crate) pts_count: i32,
    date: u32,
}

/// Decodes entries as far as the client wants them. An entry that counts for many is cut where
/// the client stands in it, and where its limit is (D7). Where it ends, and whether by the limit.
#[allow(clippy::type_complexity, reason = "three results of one pass")]
pub(crate) fn pieces(
    entries: Vec<LogEntry>,
    query: DifferenceQuery,
) -> Result<(Vec<Piece>, Option<(Pts, u32)>, bool)> {
    let mut pieces = Vec::with_capacity(entries.len());
    let mut last = None;
    let mut room = i32::try_from(query.limit).unwrap_or(i32::MAX);
    for entry in entries {
        let end = entry.position.pts.0;
        let start = (end - entry.pts_count).max(query.pts.0.min(end));
        let mut event = Event::decode(&entry.body)?;
        let (mut from, mut to) = (start, end);
        if entry.pts_count > 1 && (start > end - entry.pts_count || end - start > room) {
            to = end.min(start + room.max(1));
            if !cut(&mut event, end - entry.pts_count, from, to) {
                (from, to) = (end - entry.pts_count, end);
            }
        }
        room -= to - from;
        pieces.push(Piece {
            event,
            pts: Pts(to),
            pts_count: to - from,
            date: entry.date,
        });
        last = Some((Pts(to), entry.date));
        if to < end {
            return Ok((pieces, last, true));
        }
    }
    Ok((pieces, last, false))
}

/// Leaves of an update that counts once for each of its items those from `from` to `to`; false
/// when it is none.
#[allow(clippy::wildcard_enum_match_arm, reason = "others count once")]
fn cut(event: &mut Event, start: i32, from: i32, to: i32) -> bool {
    fn part<T>(items: &mut Vec<T>, skip: i32, len: i32) {
        let skip = usize::try_from(skip).unwrap_or(0).min(items.len());
        items.drain(..skip);
        items.truncate(usize::try_from(len).unwrap_or(0));
    }
    let Event::Update(update) = event else {
        return false;
    };
    let (skip, len) = (from - start, to - from);
    match update.as_mut() {
        types::Update::DeleteMessages {
            messages,
            pts,
            pts_count,
        }
        | types::Update::ReadMessagesContents {
            messages,
            pts,
            pts_count,
            ..
        } => {
            part(messages, skip, len);
            (*pts, *pts_count) = (to, len);
        }
        types::Update::DeleteChannelMessages {
            messages,
            pts,
            pts_count,
            ..
        } => {
            part(messages, skip, len);
            (*pts, *pts_count) = (to, len);
        }
        types::Update::PinnedChannelMessages(pinned) => {
            part(&mut pinned.messages, skip, len);
            (pinned.pts, pinned.pts_count) = (to, len);
        }
        types::Update::PinnedMessages(pinned) => {
            part(&mut pinned.messages, skip, len);
            (pinned.pts, pinned.pts_count) = (to, len);
        }
        types::Update::FolderPeers {
            folder_peers,
            pts,
            pts_count,
        } => {
            part(folder_peers, skip, len);
            (*pts, *pts_count) = (to, len);
        }
        _ => return false,
    }
    true
}

/// Of updates that say the same, and of the drafts of one chat, only the last one stays (D9).
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all others are compared whole"
)]
fn keep_last(updates: &mut Vec<types::Update>) {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::with_capacity(updates.len());
    while let Some(update) = updates.pop() {
        let key = match &update {
            types::Update::DraftMessage(draft) => {
                let (kind, id) = peer_id(&draft.peer).parts();
                Some(Bytes::from(format!("{kind}/{id}")))
            }
            other => tl::to_bytes(other, Layer(NEWEST_LAYER)).ok(),
        };
        if key.is_none_or(|key| seen.insert(key)) {
            kept.push(update);
        }
    }
    kept.reverse();
    *updates = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion(ids: std::ops::RangeInclusive<i32>, pts: i32) -> LogEntry {
        let messages: Vec<i32> = ids.collect();
        let pts_count = i32::try_from(messages.len()).unwrap();
        let update = types::Update::DeleteMessages {
            messages,
            pts,
            pts_count,
        };
        LogEntry {
            position: Pts(pts).into(),
            pts_count,
            date: 1,
            body: Event::Update(Box::new(update)).encode().unwrap(),
        }
    }

    fn query(pts: i32, limit: u32) -> DifferenceQuery {
        DifferenceQuery {
            pts: Pts(pts),
            qts: 0,
            key: AuthKeyId(0),
            date: 0,
            limit,
            total_limit: None,
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "nothing else is expected")]
    fn deleted(pieces: &[Piece]) -> Vec<(Vec<i32>, i32, i32)> {
        pieces
            .iter()
            .map(|piece| match &piece.event {
                Event::Update(update) => match update.as_ref() {
                    types::Update::DeleteMessages {
                        messages,
                        pts,
                        pts_count,
                    } => (messages.clone(), *pts, *pts_count),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn deletion_of_many_is_told_in_parts() {
        let entries = || vec![deletion(1..=5, 15)];
        let (all, last, cut) = pieces(entries(), query(10, 500)).unwrap();
        assert_eq!(deleted(&all), [(vec![1, 2, 3, 4, 5], 15, 5)]);
        assert_eq!((last, cut), (Some((Pts(15), 1)), false));
        let (one, last, cut) = pieces(entries(), query(10, 1)).unwrap();
        assert_eq!(deleted(&one), [(vec![1], 11, 1)]);
        assert_eq!((last, cut), (Some((Pts(11), 1)), true));
        let (next, _, cut) = pieces(entries(), query(11, 1)).unwrap();
        assert_eq!(deleted(&next), [(vec![2], 12, 1)]);
        assert!(cut);
        let (rest, last, cut) = pieces(entries(), query(12, 500)).unwrap();
        assert_eq!(deleted(&rest), [(vec![3, 4, 5], 15, 3)]);
        assert_eq!((last, cut), (Some((Pts(15), 1)), false));
    }

    #[test]
    fn last_draft_of_a_chat_is_told() {
        let draft = |user_id: i64, date: i32| {
            types::Update::DraftMessage(Box::new(tl_api::constructors::UpdateDraftMessage {
                peer: types::Peer::User { user_id },
                top_msg_id: None,
                saved_peer_id: None,
                draft: types::DraftMessage::Empty { date: Some(date) },
            }))
        };
        let mut updates = vec![draft(1, 1), draft(2, 2), draft(1, 3)];
        keep_last(&mut updates);
        assert_eq!(updates, [draft(2, 2), draft(1, 3)]);
    }
}
