//! One connection: a task that owns a socket and the state machine of `mtproto_core`.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use dashmap::Entry;
use mtproto_core::connection::{CloseReason, ServerConnection, ServerEvent, ServerKey};
use mtproto_core::crypto::AuthKeyId;
use mtproto_core::error::{
    Error, PeerIncompatible, PeerMisbehaved, Reaction, TransportCode, reaction,
};
use mtproto_core::session::{ServerSession, SessionEvent};
use mtproto_core::transport::{Foreign, ServerTransport};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::key::KeyState;
use crate::signal::Signal;
use crate::slot::{Attach, Item, Slot};
use crate::socket::Socket;
use crate::{Gateway, call, handshake, limit, web};

/// How long another connection may take to give a session away.
const MOVE_MAX: Duration = Duration::from_secs(2);

/// Serves an accepted socket to its end.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    address: IpAddr,
    stop: CancellationToken,
) {
    // Without it answers wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(Arc::clone(&gateway), ServerTransport::new(), address);
    let mut socket = Socket::Tcp(stream);
    let end = connection.serve(&mut socket, &stop).await;
    connection.close();
    if let (End::Web(received), Socket::Tcp(stream)) = (end, socket) {
        // Boxed, so that other connections hold no room for it.
        Box::pin(web::run(gateway, stream, received, address, &stop)).await;
    }
}

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is over.
    Closed,
    /// It is HTTP; these bytes came already.
    Web(Bytes),
}

/// What comes after an event.
enum Next {
    /// This must be asked of others first.
    Ask(ServerEvent),
    /// The next event.
    Done,
    /// The end.
    End(End),
}

/// Where a session is.
enum Place {
    /// In this slot.
    Known(Arc<Slot>),
    /// In a slot that was made for it just now.
    New,
}

/// A connection and what it has.
pub(crate) struct Connection {
    gateway: Arc<Gateway>,
    pub(crate) core: ServerConnection,
    /// Wakes the task when there is something in a slot.
    signal: Arc<Signal>,
    slots: Vec<Arc<Slot>>,
    keys: Vec<Arc<KeyState>>,
    address: IpAddr,
    /// What the client last said about waiting responses; for HTTP.
    pub(crate) http_wait_ms: Option<u32>,
    /// What it was closed with; over HTTP that is the status (B32).
    pub(crate) code: Option<TransportCode>,
}

impl Connection {
    pub(crate) fn new(gateway: Arc<Gateway>, transport: ServerTransport, address: IpAddr) -> Self {
        let core = ServerConnection::new(transport, gateway.clock.now());
        let signal = Arc::new(Signal::default());
        gateway
            .open
            .insert(Arc::as_ptr(&signal).addr(), Arc::clone(&signal));
        Self {
            gateway,
            core,
            signal,
            slots: Vec::new(),
            keys: Vec::new(),
            address,
            http_wait_ms: None,
            code: None,
        }
    }

    /// Reads, runs and writes until the end.
    pub(crate) async fn serve(&mut self, socket: &mut Socket, stop: &CancellationToken) -> End {
        let mut alarm = pin!(tokio::time::sleep_until(self.due()));
        loop {
            if let Some(end) = self.turn().await {
                // The last words, if the socket takes them.
                let _ = self.flush(socket).await;
                return end;
            }
            if self.flush(socket).await.is_err() || self.has_to_go(stop) {
                return End::Closed;
            }
            // What is due later may ring too early: setting it anew for each packet costs more.
            let due = self.due();
            if due < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(due);
            }
            let came = std::future::poll_fn(|context| self.poll(socket, alarm.as_mut(), context));
            if !came.await {
                return End::Closed;
            }
        }
    }

    /// When the state machine wants to be called.
    fn due(&self) -> tokio::time::Instant {
        let due_ms = self.core.poll_timeout();
        self.gateway.clock.at(due_ms.unwrap_or(u64::MAX >> 20))
    }

    /// Waits for something to happen; false when the peer has closed.
    fn poll(
        &mut self,
        socket: &mut Socket,
        alarm: Pin<&mut Sleep>,
        context: &mut Context<'_>,
    ) -> Poll<bool> {
        let (core, gateway) = (&mut self.core, &self.gateway);
        if core.wants_input() {
            let now = gateway.clock.now();
            let read = socket.poll_read(context, |bytes| {
                gateway.metrics.bytes_in.add(bytes.len() as u64);
                core.handle_input(now, bytes, &gateway.connection_config);
            });
            if let Poll::Ready(read) = read {
                return Poll::Ready(read.unwrap_or(false));
            }
        }
        if self.signal.poll(context).is_ready() {
            return Poll::Ready(true);
        }
        ready!(alarm.poll(context));
        core.handle_timeout(gateway.clock.now());
        Poll::Ready(true)
    }

    /// Whether the server stops and nothing more is to be done here.
    fn has_to_go(&self, stop: &CancellationToken) -> bool {
        stop.is_cancelled() && (self.gateway.kill.is_cancelled() || !self.has_calls())
    }

    /// Takes what waits in the slots and does what the state machine asks for.
    pub(crate) async fn turn(&mut self) -> Option<End> {
        self.take_items();
        while let Some(event) = self.core.poll_event() {
            let end = match self.handle(event) {
                Next::Done => None,
                Next::End(end) => Some(end),
                // Boxed, because idle connections shall hold no room for it.
                Next::Ask(event) => Box::pin(self.ask(event)).await,
            };
            if end.is_some() {
                return end;
            }
        }
        None
    }

    /// Hands what waits for the sessions of this connection to them.
    fn take_items(&mut self) {
        let mut items = Vec::new();
        let mut at = 0;
        while let Some(slot) = self.slots.get(at).map(Arc::clone) {
            at += 1;
            let given_up = slot.take(&self.signal, &mut items);
            if given_up {
                self.core.detach(slot.key_id(), slot.session_id);
                self.gateway.remove_slot(&slot);
                self.slots.retain(|known| !Arc::ptr_eq(known, &slot));
                self.core
                    .fail(&mtproto_core::error::Misuse::QueueFull.into());
                return;
            }
            for item in items.drain(..) {
                self.put(&slot, item);
            }
        }
        self.slots
            .retain(|slot| self.core.session(slot.key_id(), slot.session_id).is_some());
    }

    fn put(&mut self, slot: &Slot, item: Item) {
        let (key_id, session_id) = (slot.key_id(), slot.session_id);
        let put = match item {
            Item::Answer(msg_id, answer) => self
                .core
                .session(key_id, session_id)
                .map(|session| session.answer(msg_id, answer)),
            Item::Update(update) => self
                .core
                .session(key_id, session_id)
                .map(|session| session.send_update(update)),
            Item::KeyGone => Some(Err(PeerIncompatible::UnknownAuthKey.into())),
            Item::Move(give) => {
                if let Some(session) = self.core.detach(key_id, session_id) {
                    let _ = give.send(session);
                }
                None
            }
        };
        if let Some(Err(error)) = put {
            self.core.fail(&error);
        }
    }

    /// Does what needs nobody else.
    fn handle(&mut self, event: ServerEvent) -> Next {
        match event {
            ServerEvent::Closed(reason) => {
                if let CloseReason::Fault(error) = reason {
                    self.gateway.metrics.faults.add_one();
                    if let Reaction::TransportCode(code) = reaction(&error) {
                        self.code = Some(code);
                    }
                    tracing::debug!(?error, address = %self.address, "a connection is closed");
                }
                return Next::End(End::Closed);
            }
            ServerEvent::HandOver { foreign, received } => {
                return Next::End(match foreign {
                    Foreign::Http => End::Web(received),
                    Foreign::Tls => End::Closed,
                });
            }
            ServerEvent::Handshake(_)
            | ServerEvent::KeyNeeded(_)
            | ServerEvent::SessionNeeded { .. }
            | ServerEvent::Session {
                event: SessionEvent::DestroyAuthKey,
                ..
            } => return Next::Ask(event),
            ServerEvent::Hello { random } => {
                let now = self.gateway.clock.now();
                let mut hellos = self
                    .gateway
                    .hellos
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let fresh = hellos.insert(random, now.unix_s());
                drop(hellos);
                let config = &self.gateway.connection_config;
                self.core.accept_hello(now, fresh, config, &mut rand::rng());
            }
            ServerEvent::Opened { .. } => {}
            ServerEvent::Session {
                auth_key_id,
                session_id,
                event,
            } => self.handle_session(auth_key_id, session_id, event),
        }
        Next::Done
    }

    /// Does what has to wait for others.
    async fn ask(&mut self, event: ServerEvent) -> Option<End> {
        match event {
            ServerEvent::Handshake(data) => self.step(&data).await,
            ServerEvent::KeyNeeded(id) => return self.find_key(id).await,
            ServerEvent::SessionNeeded { key, session_id } => {
                self.find_session(&key, session_id).await;
            }
            ServerEvent::Session {
                auth_key_id,
                session_id,
                event: SessionEvent::DestroyAuthKey,
            } => {
                let id = bus::AuthKeyId(auth_key_id.0);
                let existed = self.gateway.services.destroy_key(id).await;
                if let Some(session) = self.core.session(auth_key_id, session_id) {
                    session.answer_destroy_auth_key(existed.unwrap_or(false));
                }
            }
            ServerEvent::Closed(_)
            | ServerEvent::HandOver { .. }
            | ServerEvent::Hello { .. }
            | ServerEvent::Opened { .. }
            | ServerEvent::Session { .. } => {}
        }
        None
    }

    async fn step(&mut self, data: &Bytes) {
        let now = self.gateway.clock.now();
        if !limit::admit_handshake(&self.gateway, self.address, now.instant_ms) {
            return self.core.fail(&PeerMisbehaved::Count.into());
        }
        match handshake::step(&self.gateway, data).await {
            handshake::Step::Ignore => {}
            handshake::Step::Reply(answer) => {
                let now = self.gateway.clock.now();
                self.core.send_plain(now, &answer, &mut rand::rng());
            }
            handshake::Step::Busy => self.core.fail(&PeerMisbehaved::Count.into()),
            handshake::Step::Failed(error) => self.core.fail(&error),
        }
    }

    async fn find_key(&mut self, id: AuthKeyId) -> Option<End> {
        let Ok(found) = self.gateway.key(bus::AuthKeyId(id.0)).await else {
            // Not −404: the client would throw a good key away.
            return Some(End::Closed);
        };
        let server_key = found.as_ref().map(|key| Arc::clone(&key.server_key));
        if let Some(key) = found {
            self.keys.retain(|known| known.id != key.id);
            self.keys.push(key);
        }
        let now = self.gateway.clock.now();
        self.core
            .provide_key(now, server_key, &self.gateway.connection_config);
        None
    }

    async fn find_session(&mut self, key: &ServerKey, session_id: i64) {
        let key_id = bus::AuthKeyId(key.auth_key.id().0);
        let Some(key) = self
            .keys
            .iter()
            .find(|known| known.id == key_id)
            .map(Arc::clone)
        else {
            return self.core.fail(&Error::Internal);
        };
        if key.is_gone() {
            return self.core.fail(&PeerIncompatible::UnknownAuthKey.into());
        }
        let mut session = None;
        while session.is_none() {
            session = match self.place(&key, session_id) {
                Place::New => Some(self.new_session(&key, session_id)),
                Place::Known(slot) => self.take_over(slot).await,
            };
        }
        let Some(session) = session else { return };
        if let Some(user) = key.owner().user() {
            self.gateway.presence_changed(user);
        }
        let now = self.gateway.clock.now();
        self.core
            .attach(now, session, &self.gateway.connection_config);
    }

    /// The session of a slot, from wherever it is.
    async fn take_over(&mut self, slot: Arc<Slot>) -> Option<Box<ServerSession>> {
        let session = match slot.attach(&self.signal) {
            Attach::Session(session) => Some(session),
            Attach::Coming(coming) => tokio::time::timeout(MOVE_MAX, coming)
                .await
                .ok()
                .and_then(Result::ok),
            Attach::Lost => None,
        };
        if session.is_some() {
            self.slots.push(slot);
            // What came for it while another connection had it waits in its slot.
            self.signal.set();
        } else {
            self.gateway.remove_slot(&slot);
        }
        session
    }

    /// The place of a session, made when there is none: two connections may ask at once.
    fn place(&mut self, key: &Arc<KeyState>, session_id: i64) -> Place {
        let slots = &self.gateway.registry.slots;
        let slot = match slots.entry((key.id, session_id)) {
            Entry::Occupied(known) => return Place::Known(Arc::clone(known.get())),
            Entry::Vacant(place) => {
                let signal = Arc::clone(&self.signal);
                let slot = Arc::new(Slot::new(Arc::clone(key), session_id, signal));
                place.insert(Arc::clone(&slot));
                slot
            }
        };
        self.gateway.add_session(key, &slot);
        self.slots.push(slot);
        Place::New
    }

    fn new_session(&self, key: &KeyState, session_id: i64) -> Box<ServerSession> {
        Box::new(ServerSession::new(
            session_id,
            key.core_id(),
            key.server_key.first_salt,
            self.gateway.clock.now(),
            &mut rand::rng(),
        ))
    }

    fn handle_session(&mut self, auth_key_id: AuthKeyId, session_id: i64, event: SessionEvent) {
        match event {
            SessionEvent::Call { msg_id, body } => {
                let slot = self
                    .slots
                    .iter()
                    .find(|slot| slot.session_id == session_id && slot.key_id() == auth_key_id);
                if let Some(slot) = slot {
                    call::start(&self.gateway, Arc::clone(slot), self.address, msg_id, body);
                }
            }
            // Its answer will find that nobody wants it.
            SessionEvent::CallDropped { .. }
            | SessionEvent::DestroyAuthKey
            | SessionEvent::DisconnectDelay { .. } => {}
            SessionEvent::DestroySession { session_id: other } => {
                let key = (bus::AuthKeyId(auth_key_id.0), other);
                let slot = self
                    .gateway
                    .registry
                    .slots
                    .get(&key)
                    .map(|slot| Arc::clone(&slot));
                if let Some(slot) = &slot {
                    self.gateway.remove_slot(slot);
                }
                if let Some(session) = self.core.session(auth_key_id, session_id) {
                    session.answer_destroy_session(other, slot.is_some());
                }
            }
            SessionEvent::HttpWait { max_wait_ms, .. } => self.http_wait_ms = Some(max_wait_ms),
        }
    }

    /// Writes everything there is to write; a client that does not read ends it.
    async fn flush(&mut self, socket: &mut Socket) -> io::Result<()> {
        while let Some(mut rest) = self.transmit() {
            if !socket.write(&mut rest)? {
                Box::pin(self.write_slowly(socket, rest)).await?;
            }
        }
        Ok(())
    }

    /// Writes what the socket did not take at once.
    async fn write_slowly(&mut self, socket: &mut Socket, mut rest: Bytes) -> io::Result<()> {
        let patience = Duration::from_millis(self.gateway.limits.slow_reader_ms);
        let mut was_woken = false;
        let mut deadline = tokio::time::Instant::now() + patience;
        let written = loop {
            tokio::select! {
                writable = socket.writable() => writable?,
                () = tokio::time::sleep_until(deadline) => {
                    self.gateway.metrics.slow_readers.add_one();
                    break Err(io::ErrorKind::TimedOut.into());
                }
                () = self.signal.wait() => {
                    if self.gateway.kill.is_cancelled() {
                        break Err(io::ErrorKind::TimedOut.into());
                    }
                    self.give_moved();
                    was_woken = true;
                    continue;
                }
            }
            let len = rest.len();
            match socket.write(&mut rest) {
                Ok(true) => break Ok(()),
                Ok(false) if rest.len() < len => {
                    deadline = tokio::time::Instant::now() + patience;
                }
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        if was_woken {
            // What was not taken then is taken at the next turn.
            self.signal.set();
        }
        written
    }

    pub(crate) fn transmit(&mut self) -> Option<Bytes> {
        let config = &self.gateway.connection_config;
        let now = self.gateway.clock.now();
        let bytes = self.core.poll_transmit(now, config, &mut rand::rng())?;
        self.gateway.metrics.writes.add_one();
        self.gateway.metrics.bytes_out.add(bytes.len() as u64);
        Some(bytes.freeze())
    }

    /// While nothing can be written: sessions that another connection wants are given away.
    fn give_moved(&mut self) {
        let slots = self.slots.clone();
        for slot in slots {
            if let Some(give) = slot.take_move(&self.signal) {
                self.put(&slot, Item::Move(give));
            }
        }
    }

    /// Waits for something in the slots.
    pub(crate) async fn wait(&mut self, until: tokio::time::Instant) {
        // What it was that came is seen at the next turn.
        let _ = tokio::time::timeout_at(until, self.signal.wait()).await;
    }

    /// Makes sure that there is something to transmit, if there is a session to do so.
    pub(crate) fn send_something(&mut self) {
        let now = self.gateway.clock.now();
        if let Some(slot) = self.slots.last()
            && let Some(session) = self.core.session(slot.key_id(), slot.session_id)
        {
            session.send_something(now);
        }
    }

    /// Whether any call of its sessions runs or waits to be sent.
    pub(crate) fn has_calls(&self) -> bool {
        self.slots.iter().any(|slot| !slot.is_quiet())
    }

    /// Leaves the sessions in their slots for the next connection.
    pub(crate) fn close(&mut self) {
        let now_ms = self.gateway.clock.now().instant_ms;
        for (key_id, session) in self.core.detach_all() {
            let slot = self
                .slots
                .iter()
                .find(|slot| slot.key_id() == key_id && slot.session_id == session.session_id());
            if let Some(slot) = slot {
                slot.detach(session, &self.signal, now_ms);
            }
        }
        let mut users: Vec<bus::UserId> = self
            .slots
            .drain(..)
            .filter_map(|slot| slot.key.owner().user())
            .collect();
        users.dedup();
        for user in users {
            self.gateway.presence_changed(user);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.gateway.open.remove(&Arc::as_ptr(&self.signal).addr());
    }
}
