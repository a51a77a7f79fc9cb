//! A client's connection.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use rand_core::CryptoRng;

use super::server::CloseReason;
use crate::crypto::{AuthKey, OUTER_HEAD_LEN, PLAIN_HEAD_LEN, QuickAckToken, Side, open, seal};
use crate::error::{Error, PeerMisbehaved};
use crate::handshake::{
    ClientHandshake, ClientHandshakeConfig, ClientOutcome, ClientResult, ClientWork, Finished,
    plain_message, read_plain_message,
};
use crate::session::{ClientEvent, ClientSession, SessionInput};
use crate::time::{MsgId, MsgIdSource, Now, Origin};
use crate::transport::{ClientTransport, ClientTransportConfig, Frame};

/// Settings of a connection.
#[derive(Clone)]
pub struct ClientConnectionConfig {
    /// What it speaks.
    pub transport: ClientTransportConfig,
    /// How a key is made if there is none.
    pub handshake: ClientHandshakeConfig,
    /// How often the server is pinged, milliseconds; it closes the connection if pings stop.
    pub ping_interval_ms: u64,
    /// How long the server may take for any answer to a ping, milliseconds.
    pub pong_wait_ms: u64,
    /// Whether packets with calls ask for a quick ack.
    pub quick_acks: bool,
}

/// What a connection tells its shell.
pub enum ConnectionEvent {
    /// It is over: close the socket, take the session out with [`ClientConnection::into_session`].
    Closed(CloseReason),
    /// The key is made: store it. Calls go out from now on.
    KeyReady(Box<Finished>),
    /// The server has the message with this token.
    QuickAck(QuickAckToken),
    /// Something happened in the session.
    Session(ClientEvent),
    /// Call `run`, wherever there is time, then [`ClientConnection::handle_result`].
    Work(Box<ClientWork>),
}

/// One connection of a client.
pub struct ClientConnection {
    config: ClientConnectionConfig,
    transport: ClientTransport,
    session: Box<ClientSession>,
    auth_key: Option<Box<AuthKey>>,
    handshake: Option<Box<ClientHandshake>>,
    plain_ids: MsgIdSource,
    out: BytesMut,
    events: VecDeque<ConnectionEvent>,
    next_ping_ms: u64,
    pong_due_ms: Option<u64>,
    closed: bool,
}

impl ClientConnection {
    /// Starts a connection for `session`; without a key one is made first.
    pub fn new(
        config: ClientConnectionConfig,
        auth_key: Option<AuthKey>,
        mut session: Box<ClientSession>,
        now: Now,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Self {
        let mut out = BytesMut::new();
        let transport = ClientTransport::new(&config.transport, now.unix_s(), &mut out, rng);
        session.attach();
        let next_ping_ms = now.instant_ms + config.ping_interval_ms;
        let mut connection = Self {
            config,
            transport,
            session,
            auth_key: auth_key.map(Box::new),
            handshake: None,
            plain_ids: MsgIdSource::default(),
            out,
            events: VecDeque::new(),
            next_ping_ms,
            pong_due_ms: None,
            closed: false,
        };
        if connection.is_ready() {
            connection.ping(now);
        } else {
            let config = connection.config.handshake.clone();
            let (handshake, request) = ClientHandshake::start(config, rng);
            connection.handshake = Some(Box::new(handshake));
            connection.send_plain(&request, now, rng);
        }
        connection
    }

    /// The session, to call functions with.
    pub fn session(&mut self) -> &mut ClientSession {
        &mut self.session
    }

    /// The session, for the next connection.
    pub fn into_session(self) -> Box<ClientSession> {
        self.session
    }

    /// Whether there is a key to talk with.
    pub fn is_ready(&self) -> bool {
        self.auth_key.is_some()
    }

    /// Takes bytes from the socket.
    pub fn handle_input(&mut self, now: Now, received: &[u8], rng: &mut (impl CryptoRng + ?Sized)) {
        if self.closed {
            return;
        }
        if let Err(error) = self.transport.handle_input(received, &mut self.out) {
            return self.close(CloseReason::Fault(error));
        }
        while !self.closed {
            match self.transport.poll_frame() {
                Ok(Some(frame)) => self.handle_frame(now, frame, rng),
                Ok(None) => break,
                Err(error) => self.close(CloseReason::Fault(error)),
            }
        }
        let session_events = std::mem::take(&mut self.session.events);
        for event in session_events {
            if matches!(event, ClientEvent::Pong { .. }) {
                self.pong_due_ms = None;
            }
            self.events.push_back(ConnectionEvent::Session(event));
        }
    }

    fn handle_frame(&mut self, now: Now, frame: Frame, rng: &mut (impl CryptoRng + ?Sized)) {
        let result = match frame {
            Frame::Packet { payload, .. } => self.handle_packet(now, payload, rng),
            Frame::QuickAck(token) => {
                self.events.push_back(ConnectionEvent::QuickAck(token));
                Ok(())
            }
            Frame::TransportCode(code) => {
                self.close(CloseReason::TransportCode(code));
                Ok(())
            }
        };
        if let Err(error) = result {
            self.close(CloseReason::Fault(error));
        }
    }

    fn handle_packet(
        &mut self,
        now: Now,
        mut packet: BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(), Error> {
        let Some(auth_key) = &self.auth_key else {
            let data = read_plain_message(&packet.freeze())?;
            let handshake = self.handshake.as_mut().ok_or(PeerMisbehaved::Plain)?;
            let outcome = handshake.handle_answer(&data)?;
            self.advance(outcome, now, rng);
            return Ok(());
        };
        let opened = open(auth_key, Side::Server, &mut packet)?;
        if opened.session_id != self.session.session_id() {
            // D15: dropped, not an error: a session given up may still get answers.
            return Ok(());
        }
        let start = OUTER_HEAD_LEN + PLAIN_HEAD_LEN;
        let body = packet.freeze().slice(start..start + opened.data_len);
        let input = SessionInput {
            salt: opened.salt,
            msg_id: MsgId(opened.msg_id),
            seq_no: opened.seq_no,
            body,
        };
        self.session.handle_message(now, input);
        Ok(())
    }

    /// Takes the result of a [`ClientWork`].
    pub fn handle_result(
        &mut self,
        now: Now,
        result: ClientResult,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        let Some(handshake) = self.handshake.as_mut() else {
            return;
        };
        match handshake.handle_result(result) {
            Ok(outcome) => self.advance(outcome, now, rng),
            Err(error) => self.close(CloseReason::Fault(error)),
        }
    }

    fn advance(&mut self, outcome: ClientOutcome, now: Now, rng: &mut (impl CryptoRng + ?Sized)) {
        match outcome {
            ClientOutcome::Send(request) => self.send_plain(&request, now, rng),
            ClientOutcome::Work(work) => self.events.push_back(ConnectionEvent::Work(work)),
            ClientOutcome::Finished(finished) => {
                let server_ns = i64::from(finished.server_time_s) * 1_000_000_000;
                self.session.begin(finished.first_salt, now, server_ns);
                self.auth_key = Some(Box::new(finished.auth_key.message_key()));
                self.handshake = None;
                self.events.push_back(ConnectionEvent::KeyReady(finished));
                self.ping(now);
            }
        }
    }

    fn send_plain(&mut self, data: &Bytes, now: Now, rng: &mut (impl CryptoRng + ?Sized)) {
        let msg_id = self.plain_ids.next(now.unix_ns, Origin::Client);
        let packet = plain_message(msg_id.0, data);
        self.transport
            .write_packet(packet.len(), false, &mut self.out, rng, |at| {
                at.copy_from_slice(&packet);
            });
    }

    /// What is to be written to the socket now; all that is queued, coalesced.
    pub fn poll_transmit(
        &mut self,
        now: Now,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<BytesMut> {
        if let Some(auth_key) = &self.auth_key {
            while !self.closed
                && let Some(mut packet) = self.session.poll_packet(now, rng)
            {
                seal(auth_key, Side::Client, &mut packet);
                let quick_ack = self.config.quick_acks;
                self.transport
                    .write_packet(packet.len(), quick_ack, &mut self.out, rng, |at| {
                        at.copy_from_slice(&packet);
                    });
            }
        }
        (!self.out.is_empty()).then(|| std::mem::take(&mut self.out))
    }

    /// The next thing to tell the shell.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    /// When [`ClientConnection::handle_timeout`] wants to be called, on the clock of
    /// [`Now::instant_ms`].
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.closed {
            return None;
        }
        let ping = self.auth_key.as_ref().map(|_| self.next_ping_ms);
        [ping, self.pong_due_ms, self.session.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due; afterwards there may be something to transmit.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.closed || self.auth_key.is_none() {
            return;
        }
        if self.pong_due_ms.is_some_and(|due| due <= now.instant_ms) {
            return self.close(CloseReason::Silence);
        }
        if self.next_ping_ms <= now.instant_ms {
            self.ping(now);
        }
    }

    /// Also the first thing said on a connection: only then does the server know which session it
    /// carries, and sends what it held back.
    fn ping(&mut self, now: Now) {
        self.next_ping_ms = now.instant_ms + self.config.ping_interval_ms;
        self.pong_due_ms
            .get_or_insert(now.instant_ms + self.config.pong_wait_ms);
        let lifetime_ms = self.config.ping_interval_ms + self.config.pong_wait_ms;
        let delay_s = i32::try_from(lifetime_ms / 1000).unwrap_or(i32::MAX);
        let ping_id = now.instant_ms.cast_signed();
        self.session.ping(ping_id, Some(delay_s.max(1)));
    }

    fn close(&mut self, reason: CloseReason) {
        if !self.closed {
            self.closed = true;
            self.events.push_back(ConnectionEvent::Closed(reason));
        }
    }
}
