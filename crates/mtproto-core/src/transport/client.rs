//! The client's end: speaks the transport that was chosen.

use bytes::{Buf as _, BytesMut};
use rand_core::CryptoRng;

use super::fake_tls::{TlsReader, client_hello, verify_server_hello, write_records};
use super::framing::{Frame, FrameKind, Framing};
use super::obfuscation::{Obfuscation, obfuscated_head};
use super::secret::{ProxySecret, SecretKind};
use crate::crypto::Side;
use crate::error::Error;

/// What a client speaks.
#[derive(Clone)]
pub struct ClientTransportConfig {
    /// The framing.
    pub kind: FrameKind,
    /// Whether to obfuscate; a secret implies it.
    pub obfuscated: bool,
    /// The secret of the proxy or server.
    pub secret: Option<ProxySecret>,
    /// The data centre, told to proxies (B18).
    pub dc_id: i16,
}

impl ClientTransportConfig {
    /// A framing without anything around it.
    pub fn plain(kind: FrameKind) -> Self {
        Self {
            kind,
            obfuscated: false,
            secret: None,
            dc_id: 0,
        }
    }
}

/// A hello that waits for its answer.
struct PendingHello {
    secret: [u8; 16],
    random: [u8; 32],
}

/// One connection of a client.
pub struct ClientTransport {
    framing: Framing,
    input: BytesMut,
    obfuscation: Option<Box<Obfuscation>>,
    tls: Option<Box<TlsReader>>,
    pending_hello: Option<Box<PendingHello>>,
    /// Frames that wait for the server's hello.
    delayed: BytesMut,
}

impl ClientTransport {
    /// Starts a connection; what it begins with is appended to `out`.
    pub fn new(
        config: &ClientTransportConfig,
        now_unix_s: i64,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Self {
        let secret = config.secret.as_ref();
        let kind = match secret.map(ProxySecret::kind) {
            Some(SecretKind::Padded | SecretKind::FakeTls { .. }) => FrameKind::PaddedIntermediate,
            Some(SecretKind::Plain) | None => config.kind,
        };
        let mut transport = Self {
            framing: Framing::new(kind, Side::Client),
            input: BytesMut::new(),
            obfuscation: None,
            tls: None,
            pending_hello: None,
            delayed: BytesMut::new(),
        };
        let obfuscated = secret.is_some() || config.obfuscated;
        if !obfuscated || kind.tag().is_none() {
            out.extend_from_slice(kind.init());
            return transport;
        }
        let key = secret.map(ProxySecret::key);
        let (head, obfuscation) = obfuscated_head(kind, key, config.dc_id, rng);
        transport.obfuscation = Some(Box::new(obfuscation));
        if let Some((SecretKind::FakeTls { domain }, key)) =
            secret.map(|secret| (secret.kind(), secret.key()))
        {
            let hello = client_hello(domain, key, now_unix_s, rng);
            let mut random = [0u8; 32];
            random.copy_from_slice(&hello[11..43]);
            out.extend_from_slice(&hello);
            transport.pending_hello = Some(Box::new(PendingHello {
                secret: *key,
                random,
            }));
            transport.tls = Some(Box::default());
            transport.delayed.extend_from_slice(&head);
        } else {
            out.extend_from_slice(&head);
        }
        transport
    }

    /// Its framing.
    pub fn kind(&self) -> FrameKind {
        self.framing.kind()
    }

    /// Takes bytes from the socket; what has to be sent at once is appended to `out`.
    ///
    /// # Errors
    /// The server does not know the secret, or its records are broken: close.
    pub fn handle_input(&mut self, received: &[u8], out: &mut BytesMut) -> Result<(), Error> {
        if let Some(pending) = &self.pending_hello {
            self.input.extend_from_slice(received);
            let answer = verify_server_hello(&self.input, &pending.random, &pending.secret)?;
            let Some(answer_len) = answer else {
                return Ok(());
            };
            self.pending_hello = None;
            let mut rest = std::mem::take(&mut self.input);
            rest.advance(answer_len);
            write_records(&std::mem::take(&mut self.delayed), true, out);
            return self.handle_input(&rest, out);
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

    /// The next frame in what was received.
    ///
    /// # Errors
    /// The stream is broken: close.
    pub fn poll_frame(&mut self) -> Result<Option<Frame>, Error> {
        if self.pending_hello.is_some() {
            return Ok(None);
        }
        let frame = self.framing.decode(&mut self.input)?;
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(frame)
    }

    /// Appends a packet to `out`, or keeps it until the hello is answered; `fill` writes it in place.
    pub fn write_packet(
        &mut self,
        len: usize,
        quick_ack: bool,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
        fill: impl FnOnce(&mut [u8]),
    ) {
        let wrapped = self.tls.is_some();
        let mut records = BytesMut::new();
        let target = if wrapped { &mut records } else { &mut *out };
        let at = target.len();
        self.framing.encode(len, quick_ack, target, rng, fill);
        if let Some(obfuscation) = &mut self.obfuscation {
            obfuscation.encrypt(&mut target[at..]);
        }
        if self.pending_hello.is_some() {
            self.delayed.extend_from_slice(&records);
        } else if wrapped {
            write_records(&records, false, out);
        }
    }
}
