//! A server's connection.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rand_core::CryptoRng;

use crate::crypto::{
    AuthKey, AuthKeyId, OUTER_HEAD_LEN, Opened, PLAIN_HEAD_LEN, QuickAckToken, Sealing, Side, open,
    packet_key_id, seal_batch,
};
use crate::error::{
    Error, Misuse, PeerIncompatible, PeerMisbehaved, Reaction, TransportCode, reaction,
};
use crate::handshake::{plain_message, read_plain_message};
use crate::session::{SaltSecret, ServerSession, SessionEvent, SessionInput};
use crate::time::{MsgId, MsgIdSource, Now, Origin};
use crate::transport::{
    Foreign, FrameKind, ServerTransport, ServerTransportConfig, TransportEvent,
};

/// How long a client may take for its first packet, milliseconds (B49).
pub const FIRST_PACKET_MAX_MS: u64 = 10_000;
/// How long a connection may be silent if the client asked for nothing else, milliseconds (B49).
pub const IDLE_MAX_MS: u64 = 600_000;
/// The most sessions on one connection.
const SESSIONS_MAX: usize = 16;
/// The most keys on one connection: a permanent and a few temporary ones.
const KEYS_MAX: usize = 4;

/// Settings that all connections of a server share.
#[derive(Clone)]
pub struct ServerConnectionConfig {
    /// What is accepted.
    pub transport: ServerTransportConfig,
    /// What salts are made from.
    pub salt_secret: SaltSecret,
}

/// A key as connections use it; shared by all of them.
pub struct ServerKey {
    /// The key.
    pub auth_key: AuthKey,
    /// When a temporary key dies, Unix seconds (C52).
    pub expires_at_s: Option<i64>,
    /// The salt of the handshake and when that was, Unix seconds (C47).
    pub first_salt: Option<(i64, i64)>,
}

impl ServerKey {
    fn is_alive(&self, now: Now) -> bool {
        self.expires_at_s.is_none_or(|end| now.unix_s() < end)
    }
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer, or this end, broke the rules.
    Fault(Error),
    /// Nothing came for too long.
    Silence,
    /// The server said so in place of a packet.
    TransportCode(TransportCode),
}

/// What a connection wants from its shell.
#[derive(Debug)]
pub enum ServerEvent {
    /// It is over: transmit what is left, close the socket, take the sessions out with
    /// [`ServerConnection::detach_all`].
    Closed(CloseReason),
    /// The stream is none of ours; serve it, these bytes first.
    HandOver {
        /// What it is.
        foreign: Foreign,
        /// Everything received so far.
        received: Bytes,
    },
    /// Give the object to the [`crate::handshake::ServerHandshakes`]; answers go out by
    /// [`ServerConnection::send_plain`], errors by [`ServerConnection::fail`].
    Handshake(Bytes),
    /// Ask the [`crate::transport::HelloMemory`] and call [`ServerConnection::accept_hello`].
    Hello {
        /// The random to remember.
        random: [u8; 32],
    },
    /// Look the key up and call [`ServerConnection::provide_key`]. Nothing more is read before.
    KeyNeeded(AuthKeyId),
    /// The framing is known; `dc_id` is for proxies (B18).
    Opened {
        /// The framing.
        kind: FrameKind,
        /// The wanted data centre.
        dc_id: Option<i16>,
    },
    /// Find the session, or make it, and call [`ServerConnection::attach`]. Nothing more is read
    /// before.
    SessionNeeded {
        /// The key.
        key: Arc<ServerKey>,
        /// The session of that key.
        session_id: i64,
    },
    /// Something for the program above the protocol.
    Session {
        /// The key it came with.
        auth_key_id: AuthKeyId,
        /// The session it came in.
        session_id: i64,
        /// What.
        event: SessionEvent,
    },
}

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.auth_key.id().fmt(f)
    }
}

/// A packet that cannot be read yet.
enum Waiting {
    Hello,
    Key(AuthKeyId, BytesMut, bool),
    Session(Arc<ServerKey>, Box<Opened>, Bytes, bool),
}

struct Attached {
    key: Arc<ServerKey>,
    session: Box<ServerSession>,
}

/// A plaintext packet of a session.
struct Unsealed {
    key: Arc<ServerKey>,
    packet: Vec<u8>,
    sealed: bool,
}

/// One connection of a server.
pub struct ServerConnection {
    transport: ServerTransport,
    keys: Vec<Arc<ServerKey>>,
    sessions: Vec<Attached>,
    waiting: Option<Waiting>,
    events: VecDeque<ServerEvent>,
    out: BytesMut,
    unsealed: Vec<Unsealed>,
    /// Sent before everything else (B39).
    quick_acks: Vec<QuickAckToken>,
    plain_ids: MsgIdSource,
    last_input_ms: u64,
    /// Silence longer than this ends the connection (B49, E50).
    silence_max_ms: u64,
    closed: bool,
}

impl ServerConnection {
    /// A connection that was just accepted.
    pub fn new(transport: ServerTransport, now: Now) -> Self {
        Self {
            transport,
            keys: Vec::new(),
            sessions: Vec::new(),
            waiting: None,
            events: VecDeque::new(),
            out: BytesMut::new(),
            unsealed: Vec::new(),
            quick_acks: Vec::new(),
            plain_ids: MsgIdSource::default(),
            last_input_ms: now.instant_ms,
            silence_max_ms: FIRST_PACKET_MAX_MS,
            closed: false,
        }
    }

    /// Whether the shell should read from the socket: not while an answer to an event is due.
    pub fn wants_input(&self) -> bool {
        self.waiting.is_none() && !self.closed
    }

    /// Takes bytes from the socket.
    pub fn handle_input(&mut self, now: Now, received: &[u8], config: &ServerConnectionConfig) {
        if self.closed {
            return;
        }
        self.last_input_ms = now.instant_ms;
        if let Err(error) = self.transport.handle_input(received) {
            return self.fail(&error);
        }
        self.read_on(now, config);
    }

    fn read_on(&mut self, now: Now, config: &ServerConnectionConfig) {
        while self.waiting.is_none() && !self.closed {
            match self.transport.poll_event(&config.transport, now.unix_s()) {
                Ok(Some(event)) => self.handle_transport(now, event, config),
                Ok(None) => break,
                Err(error) => self.fail(&error),
            }
        }
    }

    fn handle_transport(
        &mut self,
        now: Now,
        event: TransportEvent,
        config: &ServerConnectionConfig,
    ) {
        match event {
            TransportEvent::Packet { payload, quick_ack } => {
                if self.silence_max_ms == FIRST_PACKET_MAX_MS {
                    self.silence_max_ms = IDLE_MAX_MS;
                }
                let result = match packet_key_id(&payload) {
                    Some(AuthKeyId(0)) => self.handle_plain(payload),
                    Some(key_id) => self.handle_encrypted(now, key_id, payload, quick_ack, config),
                    None => Err(PeerMisbehaved::PacketLen.into()),
                };
                if let Err(error) = result {
                    self.fail(&error);
                }
            }
            TransportEvent::Opened { kind, dc_id } => {
                self.events.push_back(ServerEvent::Opened { kind, dc_id });
            }
            TransportEvent::Hello { random } => {
                self.waiting = Some(Waiting::Hello);
                self.events.push_back(ServerEvent::Hello { random });
            }
            TransportEvent::HandOver { foreign, received } => {
                self.closed = true;
                let event = ServerEvent::HandOver { foreign, received };
                self.events.push_back(event);
            }
        }
    }

    fn handle_plain(&mut self, packet: BytesMut) -> Result<(), Error> {
        let data = read_plain_message(&packet.freeze())?;
        self.events.push_back(ServerEvent::Handshake(data));
        Ok(())
    }

    fn handle_encrypted(
        &mut self,
        now: Now,
        key_id: AuthKeyId,
        packet: BytesMut,
        quick_ack: bool,
        config: &ServerConnectionConfig,
    ) -> Result<(), Error> {
        let known = self.keys.iter().find(|key| key.auth_key.id() == key_id);
        match known.cloned() {
            Some(key) => self.handle_sealed(now, key, packet, quick_ack, config),
            None => {
                self.waiting = Some(Waiting::Key(key_id, packet, quick_ack));
                self.events.push_back(ServerEvent::KeyNeeded(key_id));
                Ok(())
            }
        }
    }

    /// D10–D15.
    fn handle_sealed(
        &mut self,
        now: Now,
        key: Arc<ServerKey>,
        mut packet: BytesMut,
        quick_ack: bool,
        config: &ServerConnectionConfig,
    ) -> Result<(), Error> {
        if !key.is_alive(now) {
            return Err(PeerIncompatible::UnknownAuthKey.into());
        }
        let opened = open(&key.auth_key, Side::Client, &mut packet)?;
        if opened.session_id == 0 {
            return Err(PeerMisbehaved::Session.into());
        }
        let start = OUTER_HEAD_LEN + PLAIN_HEAD_LEN;
        let body = packet.freeze().slice(start..start + opened.data_len);
        if self
            .position(key.auth_key.id(), opened.session_id)
            .is_some()
        {
            return self.deliver(now, key.auth_key.id(), &opened, body, quick_ack, config);
        }
        if self.sessions.len() >= SESSIONS_MAX {
            return Err(PeerMisbehaved::Count.into());
        }
        self.events.push_back(ServerEvent::SessionNeeded {
            key: Arc::clone(&key),
            session_id: opened.session_id,
        });
        self.waiting = Some(Waiting::Session(key, Box::new(opened), body, quick_ack));
        Ok(())
    }

    fn deliver(
        &mut self,
        now: Now,
        auth_key_id: AuthKeyId,
        opened: &Opened,
        body: Bytes,
        quick_ack: bool,
        config: &ServerConnectionConfig,
    ) -> Result<(), Error> {
        let session_id = opened.session_id;
        let at = self
            .position(auth_key_id, session_id)
            .ok_or(Misuse::Session)?;
        let mut events = Vec::new();
        let input = SessionInput {
            salt: opened.salt,
            msg_id: MsgId(opened.msg_id),
            seq_no: opened.seq_no,
            body,
        };
        let session = &mut self.sessions[at].session;
        let result = session.handle_message(now, input, &config.salt_secret, &mut events);
        for event in events {
            if let SessionEvent::DisconnectDelay { seconds } = event {
                self.silence_max_ms = u64::from(seconds) * 1000;
            }
            self.events.push_back(ServerEvent::Session {
                auth_key_id,
                session_id,
                event,
            });
        }
        if result? && quick_ack {
            self.quick_acks.push(opened.quick_ack);
        }
        Ok(())
    }

    /// Answers [`ServerEvent::Hello`].
    pub fn accept_hello(
        &mut self,
        now: Now,
        fresh: bool,
        config: &ServerConnectionConfig,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        if !matches!(self.waiting, Some(Waiting::Hello)) {
            return;
        }
        self.waiting = None;
        match self.transport.accept_hello(fresh, &mut self.out, rng) {
            Ok(Some(event)) => self.handle_transport(now, event, config),
            Ok(None) => self.read_on(now, config),
            Err(error) => self.fail(&error),
        }
    }

    /// Answers [`ServerEvent::KeyNeeded`]; `None` if there is no such key (D11).
    pub fn provide_key(
        &mut self,
        now: Now,
        key: Option<Arc<ServerKey>>,
        config: &ServerConnectionConfig,
    ) {
        let (key_id, packet, quick_ack) = match self.waiting.take() {
            Some(Waiting::Key(key_id, packet, quick_ack)) => (key_id, packet, quick_ack),
            other => {
                self.waiting = other;
                return;
            }
        };
        let Some(key) = key.filter(|key| key.auth_key.id() == key_id) else {
            return self.fail(&PeerIncompatible::UnknownAuthKey.into());
        };
        if self.keys.len() >= KEYS_MAX {
            self.keys.remove(0);
        }
        self.keys.push(Arc::clone(&key));
        if let Err(error) = self.handle_sealed(now, key, packet, quick_ack, config) {
            self.fail(&error);
        }
        self.read_on(now, config);
    }

    /// Answers [`ServerEvent::SessionNeeded`].
    pub fn attach(
        &mut self,
        now: Now,
        mut session: Box<ServerSession>,
        config: &ServerConnectionConfig,
    ) {
        let (key, opened, body, quick_ack) = match self.waiting.take() {
            Some(Waiting::Session(key, opened, body, quick_ack))
                if opened.session_id == session.session_id() =>
            {
                (key, opened, body, quick_ack)
            }
            other => {
                self.waiting = other;
                return;
            }
        };
        session.attach(now);
        let key_id = key.auth_key.id();
        self.sessions.push(Attached { key, session });
        if let Err(error) = self.deliver(now, key_id, &opened, body, quick_ack, config) {
            self.fail(&error);
        }
        self.read_on(now, config);
    }

    /// A session on this connection, to answer its calls and push updates.
    pub fn session(
        &mut self,
        auth_key_id: AuthKeyId,
        session_id: i64,
    ) -> Option<&mut ServerSession> {
        let at = self.position(auth_key_id, session_id)?;
        Some(&mut self.sessions[at].session)
    }

    /// Takes a session away, because another connection speaks for it now or it was destroyed.
    pub fn detach(
        &mut self,
        auth_key_id: AuthKeyId,
        session_id: i64,
    ) -> Option<Box<ServerSession>> {
        let at = self.position(auth_key_id, session_id)?;
        Some(self.sessions.swap_remove(at).session)
    }

    /// Takes all sessions away, with the keys they belong to.
    pub fn detach_all(&mut self) -> Vec<(AuthKeyId, Box<ServerSession>)> {
        std::mem::take(&mut self.sessions)
            .into_iter()
            .map(|attached| (attached.key.auth_key.id(), attached.session))
            .collect()
    }

    /// Forgets a key that was destroyed or expired (H52, C60): the next packet with it asks again.
    pub fn forget_key(&mut self, auth_key_id: AuthKeyId) {
        self.keys.retain(|key| key.auth_key.id() != auth_key_id);
        self.sessions
            .retain(|attached| attached.key.auth_key.id() != auth_key_id);
    }

    fn position(&self, auth_key_id: AuthKeyId, session_id: i64) -> Option<usize> {
        self.sessions.iter().position(|attached| {
            attached.session.session_id() == session_id && attached.key.auth_key.id() == auth_key_id
        })
    }

    /// Sends an answer of the handshake in a plain message (C5).
    pub fn send_plain(&mut self, now: Now, data: &Bytes, rng: &mut (impl CryptoRng + ?Sized)) {
        let msg_id = self.plain_ids.next(now.unix_ns, Origin::ServerAnswer);
        let packet = plain_message(msg_id.0, data);
        self.transport
            .write_packet(packet.len(), &mut self.out, rng, |at| {
                at.copy_from_slice(&packet);
            });
    }

    /// Ends the connection as [`reaction`] says.
    pub fn fail(&mut self, error: &Error) {
        if self.closed {
            return;
        }
        let code = match reaction(error) {
            Reaction::Ignore => {
                if !matches!(error, Error::Misuse(Misuse::QueueFull)) {
                    return;
                }
                None
            }
            Reaction::TransportCode(code) => Some(code),
            Reaction::BadMsg(_) | Reaction::Close | Reaction::RpcError => None,
        };
        if let Some(code) = code {
            self.transport.write_code(code, &mut self.out);
        }
        self.close(CloseReason::Fault(*error));
    }

    fn close(&mut self, reason: CloseReason) {
        self.closed = true;
        self.waiting = None;
        self.events.push_back(ServerEvent::Closed(reason));
    }

    /// Collects the packets of all sessions, still plain: [`seal_connections`] seals those of many
    /// connections together.
    pub fn prepare(
        &mut self,
        now: Now,
        config: &ServerConnectionConfig,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        if self.closed {
            return;
        }
        for attached in &mut self.sessions {
            while let Some(packet) = attached.session.poll_packet(now, &config.salt_secret, rng) {
                self.unsealed.push(Unsealed {
                    key: Arc::clone(&attached.key),
                    packet,
                    sealed: false,
                });
            }
        }
    }

    /// What is to be written to the socket now; all that is queued, coalesced. For HTTP this is the
    /// body of one response, so call it once for each.
    pub fn poll_transmit(
        &mut self,
        now: Now,
        config: &ServerConnectionConfig,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<BytesMut> {
        for token in std::mem::take(&mut self.quick_acks) {
            self.transport.write_quick_ack(token, &mut self.out, rng);
        }
        self.prepare(now, config, rng);
        seal_connections(&mut [self]);
        let single = self.transport.kind() == Some(FrameKind::Bare);
        let count = if single { 1 } else { self.unsealed.len() };
        for unsealed in self.unsealed.drain(..count.min(self.unsealed.len())) {
            let packet = unsealed.packet;
            self.transport
                .write_packet(packet.len(), &mut self.out, rng, |at| {
                    at.copy_from_slice(&packet);
                });
        }
        if self.unsealed.is_empty() {
            self.unsealed = Vec::new();
        }
        (!self.out.is_empty()).then(|| std::mem::take(&mut self.out))
    }

    /// The next thing to tell the shell.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        let event = self.events.pop_front();
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
        event
    }

    /// When [`ServerConnection::handle_timeout`] wants to be called, on the clock of
    /// [`Now::instant_ms`].
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.closed {
            return None;
        }
        self.sessions
            .iter()
            .filter_map(|attached| attached.session.poll_timeout())
            .chain([self.last_input_ms + self.silence_max_ms])
            .min()
    }

    /// Does what is due; afterwards there may be something to transmit.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.closed {
            return;
        }
        if now.instant_ms >= self.last_input_ms + self.silence_max_ms {
            return self.close(CloseReason::Silence);
        }
        for attached in &mut self.sessions {
            attached.session.handle_timeout(now);
        }
    }

    /// Bytes of memory beside the value itself, the shared keys left out.
    pub fn heap_len(&self) -> usize {
        self.transport.heap_len()
            + self.keys.capacity() * size_of::<Arc<ServerKey>>()
            + self.sessions.capacity() * size_of::<Attached>()
            + self
                .sessions
                .iter()
                .map(|attached| size_of::<ServerSession>() + attached.session.heap_len())
                .sum::<usize>()
            + self.events.capacity() * size_of::<ServerEvent>()
            + self.out.capacity()
            + self.unsealed.capacity() * size_of::<Unsealed>()
    }
}

/// Seals what [`ServerConnection::prepare`] collected in any number of connections as one batch.
pub fn seal_connections(connections: &mut [&mut ServerConnection]) {
    let mut batch: Vec<Sealing<'_>> = connections
        .iter_mut()
        .flat_map(|connection| &mut connection.unsealed)
        .filter(|unsealed| !unsealed.sealed)
        .map(|unsealed| {
            unsealed.sealed = true;
            Sealing {
                auth_key: &unsealed.key.auth_key,
                packet: &mut unsealed.packet,
            }
        })
        .collect();
    seal_batch(Side::Server, &mut batch);
}
