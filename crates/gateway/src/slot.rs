//! The place of a session: where its answers and updates go, whoever has it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use mtproto_core::crypto::AuthKeyId;
use mtproto_core::session::ServerSession;
use mtproto_core::time::MsgId;
use tokio::sync::oneshot;

use crate::key::{KeyState, lock};
use crate::signal::Signal;

/// Calls that are remembered after they ended, for those that must run after them.
const ENDED_LEN: usize = 128;

/// The place of a session.
pub(crate) struct Slot {
    pub(crate) key: Arc<KeyState>,
    pub(crate) session_id: i64,
    /// Updates go here.
    subscribed: AtomicBool,
    state: Mutex<State>,
}

struct State {
    home: Home,
    inbox: Vec<Item>,
    inbox_bytes: usize,
    /// Too much waited: what is missing is lost, so the session is given up.
    overflown: bool,
    calls: Calls,
}

/// Who has the session.
enum Home {
    /// A connection, woken by this.
    Connection(Arc<Signal>),
    /// Nobody, since this moment on the clock of the gateway, milliseconds.
    Detached(Box<ServerSession>, u64),
    /// It is on its way from one connection to another, or gone.
    Away,
}

/// Something for a session.
pub(crate) enum Item {
    /// The answer of a call.
    Answer(MsgId, Bytes),
    /// The key does not exist any more.
    KeyGone,
    /// Another connection speaks for the session now.
    Move(oneshot::Sender<Box<ServerSession>>),
    /// Updates.
    Update(Bytes),
}

/// Calls of a session that run or have ended.
#[derive(Default)]
struct Calls {
    running: HashMap<i64, Vec<oneshot::Sender<bool>>>,
    /// With whether they succeeded.
    ended: VecDeque<(i64, bool)>,
    /// Others wait for these, which have not come yet.
    expected: HashMap<i64, Vec<oneshot::Sender<bool>>>,
}

/// What becomes of a wait for a call.
pub(crate) enum Awaited {
    /// It has ended, and succeeded or not.
    Ended(bool),
    /// It runs.
    Running(oneshot::Receiver<bool>),
    /// It has not come yet; told when it has ended.
    Unknown(oneshot::Receiver<bool>),
}

/// How a connection gets the session.
pub(crate) enum Attach {
    /// Here it is.
    Session(Box<ServerSession>),
    /// The connection that has it is asked for it.
    Coming(oneshot::Receiver<Box<ServerSession>>),
    /// It is lost: make a new one.
    Lost,
}

impl Slot {
    /// The slot of a new session, which the connection that makes it keeps.
    pub(crate) fn new(key: Arc<KeyState>, session_id: i64, connection: Arc<Signal>) -> Self {
        Self {
            key,
            session_id,
            subscribed: AtomicBool::new(false),
            state: Mutex::new(State {
                home: Home::Connection(connection),
                inbox: Vec::new(),
                inbox_bytes: 0,
                overflown: false,
                calls: Calls::default(),
            }),
        }
    }

    pub(crate) fn key_id(&self) -> AuthKeyId {
        self.key.core_id()
    }

    pub(crate) fn is_subscribed(&self) -> bool {
        self.subscribed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_subscribed(&self, subscribed: bool) {
        self.subscribed.store(subscribed, Ordering::Relaxed);
    }

    /// Whether a connection has it.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(lock(&self.state).home, Home::Connection(_))
    }

    /// Since when nobody has it.
    pub(crate) fn detached_since_ms(&self) -> Option<u64> {
        match lock(&self.state).home {
            Home::Detached(_, since_ms) => Some(since_ms),
            Home::Connection(_) | Home::Away => None,
        }
    }

    /// Gives the session to a connection.
    pub(crate) fn attach(&self, connection: &Arc<Signal>) -> Attach {
        let mut state = lock(&self.state);
        match std::mem::replace(&mut state.home, Home::Connection(Arc::clone(connection))) {
            Home::Detached(session, _) => Attach::Session(session),
            Home::Connection(other) => {
                let (give, take) = oneshot::channel();
                // In front of everything: the rest goes to the new connection.
                state.inbox.insert(0, Item::Move(give));
                other.set();
                Attach::Coming(take)
            }
            Home::Away => Attach::Lost,
        }
    }

    /// Keeps the session of a connection that ends, unless another one has the slot by now.
    pub(crate) fn detach(
        &self,
        session: Box<ServerSession>,
        connection: &Arc<Signal>,
        now_ms: u64,
    ) {
        let mut state = lock(&self.state);
        let waits = state
            .inbox
            .iter()
            .position(|item| matches!(item, Item::Move(_)));
        if let Some(at) = waits {
            if let Item::Move(give) = state.inbox.remove(at) {
                // Whoever asked may be gone too; the session is lost then, which costs a difference.
                let _ = give.send(session);
            }
            return;
        }
        match &state.home {
            Home::Connection(home) if Arc::ptr_eq(home, connection) => {}
            Home::Connection(_) | Home::Detached(..) | Home::Away => return,
        }
        state.home = Home::Detached(session, now_ms);
        let items = std::mem::take(&mut state.inbox);
        state.inbox_bytes = 0;
        for item in items {
            state.put_away(item);
        }
    }

    /// Takes what waits, in order, if it is for this connection; whether the session is to be given
    /// up.
    pub(crate) fn take(&self, connection: &Arc<Signal>, items: &mut Vec<Item>) -> bool {
        let mut state = lock(&self.state);
        let is_home =
            matches!(&state.home, Home::Connection(home) if Arc::ptr_eq(home, connection));
        if is_home {
            // A move that is still in the inbox is meant for the connection before.
            state.inbox_bytes = 0;
            let inbox = std::mem::take(&mut state.inbox);
            let (moves, rest): (Vec<_>, Vec<_>) = inbox
                .into_iter()
                .partition(|item| matches!(item, Item::Move(_)));
            state.inbox = moves;
            items.extend(rest);
        } else if let Some(at) = state
            .inbox
            .iter()
            .position(|item| matches!(item, Item::Move(_)))
        {
            items.push(state.inbox.remove(at));
        }
        state.overflown
    }

    /// Whether another connection wants the session of this one.
    pub(crate) fn take_move(
        &self,
        connection: &Arc<Signal>,
    ) -> Option<oneshot::Sender<Box<ServerSession>>> {
        let mut state = lock(&self.state);
        if matches!(&state.home, Home::Connection(home) if Arc::ptr_eq(home, connection)) {
            return None;
        }
        let at = state
            .inbox
            .iter()
            .position(|item| matches!(item, Item::Move(_)))?;
        match state.inbox.remove(at) {
            Item::Move(give) => Some(give),
            Item::Answer(..) | Item::KeyGone | Item::Update(_) => None,
        }
    }

    /// Whether no call runs and nothing waits.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = lock(&self.state);
        state.inbox.is_empty() && state.calls.running.is_empty()
    }

    /// Puts something for the session and wakes whoever has it.
    pub(crate) fn put(&self, item: Item, inbox_bytes_max: usize) {
        lock(&self.state).put(item, inbox_bytes_max);
    }

    /// Gives the session up; whoever has it is woken.
    pub(crate) fn give_up(&self) {
        let mut state = lock(&self.state);
        if let Home::Connection(home) = std::mem::replace(&mut state.home, Home::Away) {
            home.set();
        }
        state.overflown = true;
        state.inbox = Vec::new();
    }

    /// A call begins; false when too many run.
    pub(crate) fn begin_call(&self, msg_id: MsgId, max: usize) -> bool {
        let calls = &mut lock(&self.state).calls;
        if calls.running.len() >= max {
            return false;
        }
        let waiting = calls.expected.remove(&msg_id.0).unwrap_or_default();
        calls.running.insert(msg_id.0, waiting);
        true
    }

    /// A call has ended with this answer, which waits for the session at the same moment: whoever
    /// sees that nothing runs sees the answer too.
    pub(crate) fn end_call(
        &self,
        msg_id: MsgId,
        answer: Bytes,
        succeeded: bool,
        inbox_bytes_max: usize,
    ) {
        let mut state = lock(&self.state);
        state.put(Item::Answer(msg_id, answer), inbox_bytes_max);
        let calls = &mut state.calls;
        for waiting in calls.running.remove(&msg_id.0).into_iter().flatten() {
            let _ = waiting.send(succeeded);
        }
        if calls.running.is_empty() {
            // A session that calls nothing holds nothing.
            calls.running = HashMap::new();
        }
        if calls.ended.len() >= ENDED_LEN {
            calls.ended.pop_front();
        }
        calls.ended.push_back((msg_id.0, succeeded));
    }

    /// Waits for another call of the session.
    pub(crate) fn await_call(&self, msg_id: i64) -> Awaited {
        let calls = &mut lock(&self.state).calls;
        let ended = calls.ended.iter().rev().find(|(id, _)| *id == msg_id);
        if let Some((_, succeeded)) = ended {
            return Awaited::Ended(*succeeded);
        }
        let (tell, told) = oneshot::channel();
        if let Some(waiting) = calls.running.get_mut(&msg_id) {
            waiting.push(tell);
            return Awaited::Running(told);
        }
        if calls.expected.len() >= ENDED_LEN {
            calls
                .expected
                .retain(|_, waiting| waiting.iter().any(|tell| !tell.is_closed()));
        }
        if calls.expected.len() < ENDED_LEN {
            calls.expected.entry(msg_id).or_default().push(tell);
        }
        // Else the sender is dropped: whoever waits is told that it cannot be.
        Awaited::Unknown(told)
    }

    /// Whether a call runs.
    pub(crate) fn is_running(&self, msg_id: i64) -> bool {
        lock(&self.state).calls.running.contains_key(&msg_id)
    }

    /// Bytes of memory that a session without a connection holds.
    pub(crate) fn detached_len(&self) -> usize {
        match &lock(&self.state).home {
            Home::Detached(session, _) => session.heap_len(),
            Home::Connection(_) | Home::Away => 0,
        }
    }
}

impl State {
    fn put(&mut self, item: Item, inbox_bytes_max: usize) {
        if self.overflown || matches!(self.home, Home::Away) {
            return;
        }
        if let Home::Detached(..) = self.home {
            self.put_away(item);
            return;
        }
        self.inbox_bytes += item.len();
        if self.inbox_bytes > inbox_bytes_max {
            self.overflown = true;
            self.inbox = Vec::new();
        } else {
            self.inbox.push(item);
        }
        if let Home::Connection(home) = &self.home {
            home.set();
        }
    }

    /// Into a session that nobody has.
    fn put_away(&mut self, item: Item) {
        let Home::Detached(session, _) = &mut self.home else {
            return;
        };
        let put = match item {
            Item::Answer(msg_id, bytes) => session.answer(msg_id, bytes),
            Item::Update(bytes) => session.send_update(bytes),
            Item::KeyGone | Item::Move(_) => Ok(()),
        };
        if put.is_err() {
            self.home = Home::Away;
            self.overflown = true;
        }
    }
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Answer(_, bytes) | Self::Update(bytes) => bytes.len() + 64,
            Self::KeyGone | Self::Move(_) => 0,
        }
    }
}
