//! Updates in order, without gaps and without repetitions, without I/O (F2–F11).
//!
//! Give it what arrives, do what it says: deliver an update, or ask for a difference. Time is an
//! argument.

use std::collections::{BTreeMap, VecDeque};

use minicbor::{Decode, Encode};
use tl_api::types;

/// How long a gap may close by itself before a difference is asked for, milliseconds (F9).
pub const GAP_WAIT_MS: u64 = 500;

/// Where the updates of an account stand; `pts` 0 when that is not known yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct State {
    /// Messages and the like.
    #[n(0)]
    pub pts: i32,
    /// Secret chats.
    #[n(1)]
    pub qts: i32,
    /// Unix seconds.
    #[n(2)]
    pub date: i32,
    /// Containers.
    #[n(3)]
    pub seq: i32,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Give this to the program.
    Deliver(Box<types::Update>),
    /// Call `updates.getDifference` from this state and hand the answer in.
    Difference(State),
    /// Call `updates.getChannelDifference` from this `pts` and hand the answer in.
    ChannelDifference {
        /// The channel.
        channel_id: i64,
        /// Where its updates stand.
        pts: i32,
    },
}

/// Which box an update counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Common,
    Channel(i64),
}

/// An update that came too early.
#[derive(Debug)]
struct Early {
    counted: Counted,
    pts: i32,
    pts_count: i32,
    update: Box<types::Update>,
}

/// Keeps updates in order.
#[derive(Debug, Default)]
pub struct Gaps {
    state: State,
    channels: BTreeMap<i64, i32>,
    early: Vec<Early>,
    /// When gaps are given up on, milliseconds.
    deadlines: BTreeMap<Counted, u64>,
    /// Differences that were asked for and not handed in yet.
    asked: Vec<Counted>,
    actions: VecDeque<Action>,
}

impl Gaps {
    /// From what was known before; the default for nothing.
    #[must_use]
    pub fn new(state: State, channels: impl IntoIterator<Item = (i64, i32)>) -> Self {
        Self {
            state,
            channels: channels.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Where the account stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Where the channels stand.
    pub fn channels(&self) -> impl Iterator<Item = (i64, i32)> + '_ {
        self.channels.iter().map(|(id, pts)| (*id, *pts))
    }

    /// Takes the state that `updates.getState` told.
    pub fn set_state(&mut self, state: State) {
        self.state = state;
    }

    /// Something may have been missed: asks for the difference.
    pub fn doubt(&mut self) {
        self.ask(Counted::Common);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Gaps::handle_timeout`] wants to be called, milliseconds.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.deadlines.values().min().copied()
    }

    /// Gives up on gaps that did not close by themselves.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        let due: Vec<Counted> = self
            .deadlines
            .iter()
            .filter(|(_, deadline)| **deadline <= now_ms)
            .map(|(counted, _)| *counted)
            .collect();
        for counted in due {
            self.deadlines.remove(&counted);
            self.ask(counted);
        }
    }

    /// Takes a container of updates.
    pub fn handle(&mut self, now_ms: u64, updates: types::Updates) {
        match updates {
            types::Updates::Updates(updates) => {
                self.container(
                    now_ms,
                    updates.updates,
                    updates.date,
                    updates.seq,
                    updates.seq,
                );
            }
            types::Updates::Combined(updates) => self.container(
                now_ms,
                updates.updates,
                updates.date,
                updates.seq_start,
                updates.seq,
            ),
            types::Updates::UpdateShort(short) => {
                self.container(now_ms, vec![short.update], short.date, 0, 0);
            }
            // They name users whom nobody may know: the difference brings them along (F18).
            types::Updates::TooLong {}
            | types::Updates::UpdateShortMessage(_)
            | types::Updates::UpdateShortChatMessage(_) => self.doubt(),
            types::Updates::UpdateShortSentMessage(sent) => {
                self.count(now_ms, sent.pts, sent.pts_count);
            }
        }
    }

    fn container(
        &mut self,
        now_ms: u64,
        mut updates: Vec<types::Update>,
        date: i32,
        seq_start: i32,
        seq: i32,
    ) {
        if seq_start != 0 {
            let expected = self.state.seq + 1;
            if seq_start < expected {
                return;
            }
            if seq_start > expected && self.state.seq != 0 {
                return self.doubt();
            }
            self.state.seq = seq;
        }
        // F8
        updates.sort_by_key(|update| counted(update).map_or(0, |(_, pts, count)| pts - count));
        for update in updates {
            self.update(now_ms, Box::new(update));
        }
        self.state.date = self.state.date.max(date);
    }

    fn update(&mut self, now_ms: u64, update: Box<types::Update>) {
        if let types::Update::ChannelTooLong { channel_id, .. } = *update {
            return self.ask(Counted::Channel(channel_id));
        }
        let Some((counted, pts, pts_count)) = counted(&update) else {
            return self.actions.push_back(Action::Deliver(update));
        };
        if self.asked.contains(&counted) {
            // The difference will bring it.
            return;
        }
        match self.judge(counted, pts, pts_count) {
            Judged::Known => {}
            Judged::Next => {
                self.advance(counted, pts);
                self.actions.push_back(Action::Deliver(update));
                self.retry(counted);
            }
            Judged::Early => {
                self.early.push(Early {
                    counted,
                    pts,
                    pts_count,
                    update,
                });
                self.deadlines
                    .entry(counted)
                    .or_insert(now_ms + GAP_WAIT_MS);
            }
        }
    }

    /// Takes a `pts` that came in the answer of a call, with nothing to deliver.
    pub fn count(&mut self, now_ms: u64, pts: i32, pts_count: i32) {
        match self.judge(Counted::Common, pts, pts_count) {
            Judged::Known => {}
            Judged::Next => {
                self.advance(Counted::Common, pts);
                self.retry(Counted::Common);
            }
            Judged::Early => {
                self.deadlines
                    .entry(Counted::Common)
                    .or_insert(now_ms + GAP_WAIT_MS);
            }
        }
    }

    fn judge(&self, counted: Counted, pts: i32, pts_count: i32) -> Judged {
        let local = match counted {
            Counted::Common => self.state.pts,
            Counted::Channel(id) => self.channels.get(&id).copied().unwrap_or(0),
        };
        // F2; a box that is not known yet begins with the first update seen.
        if local == 0 || local + pts_count == pts {
            Judged::Next
        } else if local + pts_count > pts {
            Judged::Known
        } else {
            Judged::Early
        }
    }

    fn advance(&mut self, counted: Counted, pts: i32) {
        match counted {
            Counted::Common => self.state.pts = pts,
            Counted::Channel(id) => {
                self.channels.insert(id, pts);
            }
        }
    }

    /// Delivers what came early and fits now.
    fn retry(&mut self, counted: Counted) {
        self.early.sort_by_key(|early| early.pts - early.pts_count);
        while let Some(at) = self.early.iter().position(|early| {
            early.counted == counted
                && !matches!(
                    self.judge(counted, early.pts, early.pts_count),
                    Judged::Early
                )
        }) {
            let early = self.early.remove(at);
            if let Judged::Next = self.judge(counted, early.pts, early.pts_count) {
                self.advance(counted, early.pts);
                self.actions.push_back(Action::Deliver(early.update));
            }
        }
        if !self.early.iter().any(|early| early.counted == counted) {
            self.deadlines.remove(&counted);
        }
    }

    fn ask(&mut self, counted: Counted) {
        self.deadlines.remove(&counted);
        if self.asked.contains(&counted) {
            return;
        }
        self.asked.push(counted);
        self.early.retain(|early| early.counted != counted);
        self.actions.push_back(match counted {
            Counted::Common => Action::Difference(self.state),
            Counted::Channel(channel_id) => Action::ChannelDifference {
                channel_id,
                pts: self.channels.get(&channel_id).copied().unwrap_or(1),
            },
        });
    }

    /// Takes the answer to [`Action::Difference`].
    pub fn handle_difference(&mut self, difference: types::updates::Difference) {
        use types::updates::Difference;
        self.asked.retain(|asked| *asked != Counted::Common);
        match difference {
            Difference::Empty { date, seq } => {
                self.state.date = date;
                self.state.seq = seq;
            }
            Difference::Difference(difference) => {
                self.take_state(&difference.state);
                self.take(difference.new_messages, difference.other_updates);
            }
            Difference::Slice(slice) => {
                self.take_state(&slice.intermediate_state);
                self.take(slice.new_messages, slice.other_updates);
                self.ask(Counted::Common);
            }
            Difference::TooLong { pts } => {
                self.state.pts = pts;
                self.ask(Counted::Common);
            }
        }
    }

    fn take_state(&mut self, state: &types::updates::State) {
        self.state = State {
            pts: state.pts,
            qts: state.qts,
            date: state.date,
            seq: state.seq,
        };
    }

    fn take(&mut self, messages: Vec<types::Message>, updates: Vec<types::Update>) {
        let pts = self.state.pts;
        for message in messages {
            // It has a place of its own, which nobody told; that of the whole will do.
            let update = types::Update::NewMessage {
                message,
                pts,
                pts_count: 0,
            };
            self.actions.push_back(Action::Deliver(Box::new(update)));
        }
        for update in updates {
            if let types::Update::ChannelTooLong { channel_id, .. } = update {
                self.ask(Counted::Channel(channel_id));
            } else {
                self.actions.push_back(Action::Deliver(Box::new(update)));
            }
        }
    }

    /// Takes the answer to [`Action::ChannelDifference`].
    pub fn handle_channel_difference(
        &mut self,
        channel_id: i64,
        difference: types::updates::ChannelDifference,
    ) {
        use types::updates::ChannelDifference;
        let counted = Counted::Channel(channel_id);
        self.asked.retain(|asked| *asked != counted);
        let (is_final, pts, messages, updates) = match difference {
            ChannelDifference::ChannelDifference(difference) => (
                difference.final_,
                difference.pts,
                difference.new_messages,
                difference.other_updates,
            ),
            ChannelDifference::Empty { pts, .. } => (true, pts, Vec::new(), Vec::new()),
            ChannelDifference::TooLong(difference) => {
                let pts = match &difference.dialog {
                    types::Dialog::Dialog(dialog) => dialog.pts.unwrap_or(1),
                    types::Dialog::Folder(_) | types::Dialog::Community { .. } => 1,
                };
                (true, pts, difference.messages, Vec::new())
            }
        };
        self.channels.insert(channel_id, pts);
        for message in messages {
            let update = types::Update::NewChannelMessage {
                message,
                pts,
                pts_count: 0,
            };
            self.actions.push_back(Action::Deliver(Box::new(update)));
        }
        for update in updates {
            self.actions.push_back(Action::Deliver(Box::new(update)));
        }
        if !is_final {
            self.ask(counted);
        }
    }

    /// A difference could not be had: it is asked for again when something new comes.
    pub fn handle_failure(&mut self, channel_id: Option<i64>) {
        let counted = channel_id.map_or(Counted::Common, Counted::Channel);
        self.asked.retain(|asked| *asked != counted);
    }
}

enum Judged {
    Early,
    Known,
    Next,
}

/// The box an update counts in, its `pts` and `pts_count`; `None` if it does not count.
#[allow(clippy::wildcard_enum_match_arm, reason = "most updates do not count")]
fn counted(update: &types::Update) -> Option<(Counted, i32, i32)> {
    use types::Update;
    let common = |pts: &i32, count: &i32| Some((Counted::Common, *pts, *count));
    let channel = |id: &i64, pts: &i32, count: &i32| Some((Counted::Channel(*id), *pts, *count));
    match update {
        Update::NewMessage { pts, pts_count, .. }
        | Update::EditMessage { pts, pts_count, .. }
        | Update::DeleteMessages { pts, pts_count, .. }
        | Update::ReadHistoryOutbox { pts, pts_count, .. }
        | Update::ReadMessagesContents { pts, pts_count, .. }
        | Update::FolderPeers { pts, pts_count, .. } => common(pts, pts_count),
        Update::WebPage(page) => common(&page.pts, &page.pts_count),
        Update::ReadHistoryInbox(read) => common(&read.pts, &read.pts_count),
        Update::PinnedMessages(pinned) => common(&pinned.pts, &pinned.pts_count),
        Update::NewChannelMessage {
            message,
            pts,
            pts_count,
        }
        | Update::EditChannelMessage {
            message,
            pts,
            pts_count,
        } => channel(&channel_of(message)?, pts, pts_count),
        Update::DeleteChannelMessages {
            channel_id,
            pts,
            pts_count,
            ..
        } => channel(channel_id, pts, pts_count),
        Update::PinnedChannelMessages(pinned) => {
            channel(&pinned.channel_id, &pinned.pts, &pinned.pts_count)
        }
        _ => None,
    }
}

fn channel_of(message: &types::Message) -> Option<i64> {
    let peer = match message {
        types::Message::Message(message) => &message.peer_id,
        types::Message::Service(message) => &message.peer_id,
        types::Message::Empty { peer_id, .. } => peer_id.as_ref()?,
    };
    match peer {
        types::Peer::Channel { channel_id } => Some(*channel_id),
        types::Peer::Chat { .. } | types::Peer::User { .. } => None,
    }
}

#[cfg(test)]
mod tests;
