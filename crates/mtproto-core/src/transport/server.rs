//! The server's end: recognises what the client speaks (B1–B8) and takes packets out of it.

use bytes::{Buf as _, Bytes, BytesMut};
use rand_core::CryptoRng;

use super::fake_tls::{ClientHello, TlsReader, server_hello, write_records};
use super::framing::{Frame, FrameKind, Framing};
use super::obfuscation::{OBFUSCATED_HEAD_LEN, ObfuscatedHead, Obfuscation};
use super::secret::{ProxySecret, SecretKind};
use crate::crypto::{QuickAckToken, Side};
use crate::error::{Error, PeerMisbehaved, TransportCode};

/// What a listening port accepts.
#[derive(Clone, Default)]
pub struct ServerTransportConfig {
    /// Secrets with which obfuscated clients are accepted.
    pub secrets: Vec<ProxySecret>,
    /// Whether clients must use one of the secrets. Strangers then get no answer and no close that
    /// tells anything (B8, H29).
    pub secret_required: bool,
}

/// A client that speaks something else on the same port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// HTTP, a WebSocket upgrade included (B4).
    Http,
    /// TLS without our secret (B5, B29).
    Tls,
}

/// What the transport found in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// A packet, plain or encrypted.
    Packet {
        /// The packet without framing.
        payload: BytesMut,
        /// Whether the client wants a quick ack.
        quick_ack: bool,
    },
    /// The framing is known now; `dc_id` is what an obfuscated head said (B18, B19).
    Opened {
        /// The framing.
        kind: FrameKind,
        /// The wanted data centre, for proxies.
        dc_id: Option<i16>,
    },
    /// A hello with our secret. If its random was seen before it is a probe (H30): the caller asks
    /// its [`super::HelloMemory`] and answers with [`ServerTransport::accept_hello`].
    Hello {
        /// The random of the hello.
        random: [u8; 32],
    },
    /// The stream is of another kind: the caller serves it, these bytes first. Nothing else comes.
    HandOver {
        /// What it is.
        foreign: Foreign,
        /// Everything received so far.
        received: Bytes,
    },
}

enum State {
    /// Not enough bytes to tell.
    Detecting,
    /// Only an obfuscated head may come: inside WebSocket (B35) and fake TLS (B29d).
    AwaitingHead,
    /// A hello waits for the caller's verdict.
    HelloPending(Box<(ClientHello, [u8; 16])>),
    Open(Framing),
    /// A stranger: read and thrown away (B8).
    Swallowing,
    /// Handed over, or closed.
    Ended,
}

/// One connection of a server.
pub struct ServerTransport {
    state: State,
    input: BytesMut,
    tls: Option<Box<TlsReader>>,
    obfuscation: Option<Box<Obfuscation>>,
    /// The secret of the hello; the head inside must use it too.
    hello_secret: Option<Box<[u8; 16]>>,
}

impl Default for ServerTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerTransport {
    /// A connection of which nothing is known yet.
    pub fn new() -> Self {
        Self::in_state(State::Detecting)
    }

    /// A WebSocket: what binary frames hold is an obfuscated stream (B35).
    pub fn websocket() -> Self {
        Self::in_state(State::AwaitingHead)
    }

    /// An HTTP connection: each input is the body of one request (B30).
    pub fn http() -> Self {
        Self::in_state(State::Open(Framing::new(FrameKind::Bare, Side::Server)))
    }

    fn in_state(state: State) -> Self {
        Self {
            state,
            input: BytesMut::new(),
            tls: None,
            obfuscation: None,
            hello_secret: None,
        }
    }

    /// The framing, once it is known.
    pub fn kind(&self) -> Option<FrameKind> {
        match &self.state {
            State::Open(framing) => Some(framing.kind()),
            State::Detecting
            | State::AwaitingHead
            | State::HelloPending(_)
            | State::Swallowing
            | State::Ended => None,
        }
    }

    /// Takes bytes from the socket.
    ///
    /// # Errors
    /// [`PeerMisbehaved::FrameLen`] for broken TLS records; the connection is to be closed.
    pub fn handle_input(&mut self, received: &[u8]) -> Result<(), Error> {
        if matches!(self.state, State::Swallowing | State::Ended) {
            return Ok(());
        }
        let at = self.input.len();
        match &mut self.tls {
            Some(tls) => tls.unwrap(received, &mut self.input)?,
            None => self.input.extend_from_slice(received),
        }
        if let Some(obfuscation) = &mut self.obfuscation {
            obfuscation.decrypt(&mut self.input[at..]);
        }
        Ok(())
    }

    /// The next thing found in what was received.
    ///
    /// # Errors
    /// The stream is broken or of no known kind; the connection is to be closed.
    pub fn poll_event(
        &mut self,
        config: &ServerTransportConfig,
        now_unix_s: i64,
    ) -> Result<Option<TransportEvent>, Error> {
        match &mut self.state {
            State::Detecting => self.detect(config, now_unix_s),
            State::AwaitingHead => self.open_obfuscated(config),
            State::HelloPending(_) | State::Ended => Ok(None),
            State::Open(framing) => {
                let frame = framing.decode(&mut self.input)?;
                if self.input.is_empty() {
                    // Idle connections hold no buffer.
                    self.input = BytesMut::new();
                }
                Ok(match frame {
                    Some(Frame::Packet { payload, quick_ack }) => {
                        Some(TransportEvent::Packet { payload, quick_ack })
                    }
                    Some(Frame::QuickAck(_) | Frame::TransportCode(_)) | None => None,
                })
            }
            State::Swallowing => {
                self.input = BytesMut::new();
                Ok(None)
            }
        }
    }

    fn detect(
        &mut self,
        config: &ServerTransportConfig,
        now_unix_s: i64,
    ) -> Result<Option<TransportEvent>, Error> {
        let direct = !config.secret_required;
        match *self.input {
            [] => Ok(None),
            [0xef, ..] if direct => Ok(Some(self.open(FrameKind::Abridged))),
            [a, b, c, d, ..] => match [a, b, c, d] {
                [0xee, 0xee, 0xee, 0xee] if direct => Ok(Some(self.open(FrameKind::Intermediate))),
                [0xdd, 0xdd, 0xdd, 0xdd] if direct => {
                    Ok(Some(self.open(FrameKind::PaddedIntermediate)))
                }
                [b'H', b'E', b'A', b'D']
                | [b'P', b'O', b'S', b'T']
                | [b'G', b'E', b'T', b' ']
                | [b'O', b'P', b'T', b'I'] => Ok(Some(self.hand_over(Foreign::Http))),
                [0x16, 0x03, 0x01, _] => Ok(self.read_hello(config, now_unix_s)),
                _ if self.input.len() < 8 => Ok(None),
                _ if self.input[4..8] == [0; 4] && direct => Ok(Some(self.open(FrameKind::Full))),
                _ => self.open_obfuscated(config),
            },
            _ => Ok(None),
        }
    }

    fn open(&mut self, kind: FrameKind) -> TransportEvent {
        self.input.advance(kind.init().len());
        self.state = State::Open(Framing::new(kind, Side::Server));
        TransportEvent::Opened { kind, dc_id: None }
    }

    fn hand_over(&mut self, foreign: Foreign) -> TransportEvent {
        self.state = State::Ended;
        TransportEvent::HandOver {
            foreign,
            received: std::mem::take(&mut self.input).freeze(),
        }
    }

    fn read_hello(
        &mut self,
        config: &ServerTransportConfig,
        now_unix_s: i64,
    ) -> Option<TransportEvent> {
        let len = ClientHello::record_len(&self.input)?;
        let record = self.input.get(..len)?;
        let found = config
            .secrets
            .iter()
            .filter(|secret| matches!(secret.kind(), SecretKind::FakeTls { .. }))
            .find_map(|secret| {
                let hello = ClientHello::verify(record, secret.key(), now_unix_s).ok()?;
                Some((hello, *secret.key()))
            });
        let Some((hello, secret)) = found else {
            return Some(self.hand_over(Foreign::Tls));
        };
        let random = hello.random;
        self.state = State::HelloPending(Box::new((hello, secret)));
        Some(TransportEvent::Hello { random })
    }

    /// The verdict on a hello: appends the answer to `out`, or hands the stream over as foreign.
    pub fn accept_hello(
        &mut self,
        fresh: bool,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Option<TransportEvent>, Error> {
        let State::HelloPending(pending) = &self.state else {
            return Ok(None);
        };
        if !fresh {
            return Ok(Some(self.hand_over(Foreign::Tls)));
        }
        let (hello, secret) = &**pending;
        out.extend_from_slice(&server_hello(hello, secret, rng));
        self.hello_secret = Some(Box::new(*secret));
        let record_len = ClientHello::record_len(&self.input).unwrap_or(0);
        let mut received = std::mem::take(&mut self.input);
        received.advance(record_len.min(received.len()));
        self.tls = Some(Box::default());
        self.state = State::AwaitingHead;
        self.handle_input(&received)?;
        Ok(None)
    }

    fn open_obfuscated(
        &mut self,
        config: &ServerTransportConfig,
    ) -> Result<Option<TransportEvent>, Error> {
        let Some(head) = self.input.first_chunk::<OBFUSCATED_HEAD_LEN>().copied() else {
            return Ok(None);
        };
        let Some(found) = self.read_head(&head, config) else {
            self.input = BytesMut::new();
            if config.secret_required {
                self.state = State::Swallowing;
                return Ok(None);
            }
            self.state = State::Ended;
            return Err(PeerMisbehaved::Transport.into());
        };
        self.input.advance(OBFUSCATED_HEAD_LEN);
        let mut obfuscation = found.obfuscation;
        obfuscation.decrypt(&mut self.input);
        self.obfuscation = Some(Box::new(obfuscation));
        self.state = State::Open(Framing::new(found.kind, Side::Server));
        Ok(Some(TransportEvent::Opened {
            kind: found.kind,
            dc_id: Some(found.dc_id),
        }))
    }

    fn read_head(
        &self,
        head: &[u8; OBFUSCATED_HEAD_LEN],
        config: &ServerTransportConfig,
    ) -> Option<ObfuscatedHead> {
        if let Some(secret) = &self.hello_secret {
            return ObfuscatedHead::read(head, Some(secret))
                .filter(|found| found.kind == FrameKind::PaddedIntermediate);
        }
        let without_secret = (!config.secret_required)
            .then(|| ObfuscatedHead::read(head, None))
            .flatten();
        without_secret.or_else(|| {
            config.secrets.iter().find_map(|secret| {
                let found = ObfuscatedHead::read(head, Some(secret.key()))?;
                let allowed = match secret.kind() {
                    SecretKind::Plain => true,
                    SecretKind::Padded => found.kind == FrameKind::PaddedIntermediate,
                    SecretKind::FakeTls { .. } => false,
                };
                allowed.then_some(found)
            })
        })
    }

    /// Bytes of memory beside the value itself.
    pub fn heap_len(&self) -> usize {
        self.input.capacity()
            + self.tls.as_ref().map_or(0, |_| size_of::<TlsReader>())
            + self
                .obfuscation
                .as_ref()
                .map_or(0, |_| size_of::<Obfuscation>())
            + self.hello_secret.as_ref().map_or(0, |_| 16)
    }

    /// Appends a packet to `out`; `fill` writes it in place.
    pub fn write_packet(
        &mut self,
        len: usize,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
        fill: impl FnOnce(&mut [u8]),
    ) {
        self.write(out, |framing, out| {
            framing.encode(len, false, out, rng, fill);
        });
    }

    /// Appends a quick ack to `out` (B39).
    pub fn write_quick_ack(
        &mut self,
        token: QuickAckToken,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        self.write(out, |framing, out| {
            framing.encode_quick_ack(token, out, rng)
        });
    }

    /// Appends a transport error to `out` (B40).
    pub fn write_code(&mut self, code: TransportCode, out: &mut BytesMut) {
        self.write(out, |framing, out| framing.encode_code(code, out));
    }

    fn write(&mut self, out: &mut BytesMut, encode: impl FnOnce(&mut Framing, &mut BytesMut)) {
        let State::Open(framing) = &mut self.state else {
            return;
        };
        let at = out.len();
        encode(framing, out);
        if let Some(obfuscation) = &mut self.obfuscation {
            obfuscation.encrypt(&mut out[at..]);
        }
        if self.tls.is_some() {
            let plain = out.split_off(at);
            write_records(&plain, false, out);
        }
    }
}
