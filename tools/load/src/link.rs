//! One connection with one session, as light as it gets: no task and no buffer of its own.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::{Buf as _, Bytes, BytesMut};
use mtproto_core::connection::{ClientConnection, ClientConnectionConfig, ConnectionEvent};
use mtproto_core::crypto::{FullAuthKey, RsaPublicKey};
use mtproto_core::handshake::{ClientHandshakeConfig, InnerKind, Padding};
use mtproto_core::session::{
    ClientEvent, ClientSession, ClientSessionConfig, RequestId, RpcFailure,
};
use mtproto_core::time::Now;
use mtproto_core::transport::ClientTransportConfig;
use tl::{Function, Layer, Reader, Rest, Writer};
use tl_api::functions;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Bytes read at once.
const READ_LEN: usize = 256 * 1024;
/// Far beyond any run: a connection pings only when it is told to.
const NEVER_MS: u64 = 86_400_000;

thread_local! {
    /// One for all connections of a thread.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_LEN]);
}

/// Nanoseconds since the process began to measure.
#[must_use]
pub fn clock_ns() -> u64 {
    u64::try_from(start().elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn start() -> Instant {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    *START
}

fn now() -> Now {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        instant_ms: clock_ns() / 1_000_000,
        unix_ns: i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX),
    }
}

/// Where to connect and how.
#[derive(Clone)]
pub struct Endpoint {
    /// The server.
    pub address: SocketAddr,
    /// The RSA keys that it may have.
    pub keys: Arc<[RsaPublicKey]>,
    /// The data centre.
    pub dc_id: i32,
    /// The layer spoken.
    pub layer: u16,
    /// Framing and obfuscation.
    pub transport: ClientTransportConfig,
    /// The login code that the server accepts.
    pub code: String,
}

impl Endpoint {
    fn config(&self) -> ClientConnectionConfig {
        ClientConnectionConfig {
            transport: self.transport.clone(),
            handshake: ClientHandshakeConfig {
                keys: Arc::clone(&self.keys),
                kind: InnerKind::Dc(self.dc_id),
                padding: Padding::RsaPad,
            },
            ping_interval_ms: NEVER_MS,
            pong_wait_ms: NEVER_MS,
            quick_acks: false,
        }
    }
}

/// A key that the server knows, with a salt.
#[derive(Clone)]
pub struct Key {
    /// `auth_key`
    pub bytes: Box<[u8; 256]>,
    /// The last known salt.
    pub salt: i64,
}

/// What comes from the server.
#[derive(Debug)]
pub enum Told {
    /// A call is over.
    Answer(RequestId, Result<Bytes, RpcFailure>),
    /// The answer to a ping.
    Pong(i64),
    /// Updates, undecoded.
    Update(Bytes),
}

/// A connection.
pub struct Link {
    core: ClientConnection,
    stream: TcpStream,
    endpoint: Arc<Endpoint>,
    /// Sealed and not written yet.
    out: BytesMut,
    key: Option<Key>,
    /// The server has answered a call on this connection.
    introduced: bool,
}

impl Link {
    /// Connects with a new session. Without a key, one is made by [`Link::make_key`].
    ///
    /// # Errors
    /// There is no server.
    pub async fn connect(endpoint: &Arc<Endpoint>, key: Option<Key>) -> Result<Self> {
        let salt = key.as_ref().map_or(0, |key| key.salt);
        let session = ClientSession::new(ClientSessionConfig::default(), salt, 0, &mut rand::rng());
        Self::carry(endpoint, key, Box::new(session)).await
    }

    async fn carry(
        endpoint: &Arc<Endpoint>,
        key: Option<Key>,
        session: Box<ClientSession>,
    ) -> Result<Self> {
        let stream = TcpStream::connect(endpoint.address)
            .await
            .with_context(|| format!("connecting to {}", endpoint.address))?;
        stream.set_nodelay(true)?;
        let auth_key = key
            .as_ref()
            .map(|key| FullAuthKey::new(*key.bytes).message_key());
        let core = ClientConnection::new(
            endpoint.config(),
            auth_key,
            session,
            now(),
            &mut rand::rng(),
        );
        Ok(Self {
            core,
            stream,
            endpoint: Arc::clone(endpoint),
            out: BytesMut::new(),
            key,
            introduced: false,
        })
    }

    /// Cuts the connection and carries the session on with another one.
    ///
    /// # Errors
    /// There is no server.
    pub async fn reconnect(self) -> Result<Self> {
        let Self {
            core,
            stream,
            endpoint,
            key,
            ..
        } = self;
        drop(stream);
        Self::carry(&endpoint, key, core.into_session()).await
    }

    /// Runs the key exchange.
    ///
    /// # Errors
    /// The server refuses, or closes.
    pub async fn make_key(&mut self) -> Result<Key> {
        while self.key.is_none() {
            while let Some(event) = self.core.poll_event() {
                if let ConnectionEvent::Work(work) = event {
                    let run = move || work.run(&mut rand::rng());
                    let result = tokio::task::spawn_blocking(run).await?;
                    self.core.handle_result(now(), result, &mut rand::rng());
                } else {
                    self.take(event)?;
                }
            }
            if self.key.is_none() {
                self.exchange().await?;
            }
        }
        self.key().cloned().context("made just now")
    }

    /// The key of the connection, with the newest salt.
    pub fn key(&mut self) -> Option<&Key> {
        let salt = self.core.session().salt();
        if let Some(key) = &mut self.key {
            key.salt = salt;
        }
        self.key.as_ref()
    }

    /// Queues a call.
    ///
    /// # Errors
    /// The call is too long, or too many wait.
    pub fn start<F: Function>(&mut self, function: &F) -> Result<RequestId> {
        let body = tl::to_bytes(function, Layer(self.endpoint.layer))
            .map_err(|error| anyhow!("{}: {error}", F::NAME))?;
        self.start_raw(body)
    }

    /// Queues a call that is encoded already.
    ///
    /// # Errors
    /// As [`Link::start`].
    pub fn start_raw(&mut self, body: Bytes) -> Result<RequestId> {
        let body = if self.introduced {
            body
        } else {
            self.introduction(body)
        };
        Ok(self.core.session().call(body)?)
    }

    /// Queues a ping in a packet of its own.
    pub fn ping(&mut self, ping_id: i64) {
        self.core.session().ping(ping_id, None);
        self.seal();
    }

    /// Calls and waits. What else arrives meanwhile is dropped.
    ///
    /// # Errors
    /// The server refuses, or closes.
    pub async fn call<F: Function>(&mut self, function: &F) -> Result<F::Result> {
        let layer = Layer(self.endpoint.layer);
        let answer = self.call_raw(function).await?;
        let mut reader = Reader::new(&answer);
        F::decode_result(&mut reader, layer).map_err(|error| anyhow!("{}: {error}", F::NAME))
    }

    /// Calls and waits; the answer is not decoded.
    ///
    /// # Errors
    /// The server refuses, or closes.
    pub async fn call_raw<F: Function>(&mut self, function: &F) -> Result<Bytes> {
        let request = self.start(function)?;
        loop {
            if let Told::Answer(other, result) = self.next().await?
                && other == request
            {
                return result.map_err(|failure| anyhow!("{}: {failure:?}", F::NAME));
            }
        }
    }

    /// The next thing from the server; writes what is queued. A future that is dropped loses
    /// nothing.
    ///
    /// # Errors
    /// The connection is over.
    pub async fn next(&mut self) -> Result<Told> {
        loop {
            while let Some(event) = self.core.poll_event() {
                if let Some(told) = self.take(event)? {
                    return Ok(told);
                }
            }
            self.exchange().await?;
        }
    }

    fn take(&mut self, event: ConnectionEvent) -> Result<Option<Told>> {
        match event {
            ConnectionEvent::Closed(reason) => bail!("the connection is over: {reason:?}"),
            ConnectionEvent::KeyReady(finished) => {
                self.key = Some(Key {
                    bytes: Box::new(*finished.auth_key.as_bytes()),
                    salt: finished.first_salt,
                });
                Ok(None)
            }
            ConnectionEvent::Work(_) => bail!("a key exchange where none was begun"),
            ConnectionEvent::QuickAck(_) => Ok(None),
            ConnectionEvent::Session(event) => Ok(match event {
                ClientEvent::Answer { request, result } => {
                    self.introduced |= result.is_ok();
                    Some(Told::Answer(request, result))
                }
                ClientEvent::Pong { ping_id } => Some(Told::Pong(ping_id)),
                ClientEvent::Update(update) => Some(Told::Update(update)),
                ClientEvent::KeyDestroyed(_) | ClientEvent::NewSession => None,
            }),
        }
    }

    fn seal(&mut self) {
        while let Some(bytes) = self.core.poll_transmit(now(), &mut rand::rng()) {
            if self.out.is_empty() {
                self.out = bytes;
            } else {
                self.out.extend_from_slice(&bytes);
            }
        }
    }

    /// Writes what there is, then waits for the socket or the time and takes what came.
    async fn exchange(&mut self) -> Result<()> {
        self.seal();
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(len) => self.out.advance(len),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("writing"),
            }
        }
        if self.out.is_empty() {
            self.out = BytesMut::new();
        }
        let interest = if self.out.is_empty() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        let wait = self.core.poll_timeout().map_or(Duration::MAX, |at| {
            Duration::from_millis(at.saturating_sub(now().instant_ms))
        });
        let Ok(ready) = tokio::time::timeout(wait, self.stream.ready(interest)).await else {
            self.core.handle_timeout(now());
            return Ok(());
        };
        ready?;
        BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
            Ok(0) => bail!("the server has closed the connection"),
            Ok(len) => {
                self.core
                    .handle_input(now(), &buffer[..len], &mut rand::rng());
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error).context("reading"),
        })
    }

    /// The call in `invokeWithLayer(initConnection(…))`.
    fn introduction(&self, body: Bytes) -> Bytes {
        let init = functions::InitConnection::new(
            1,
            "chappe-load".into(),
            std::env::consts::OS.into(),
            env!("CARGO_PKG_VERSION").into(),
            "en".into(),
            "".into(),
            "en".into(),
            Rest(body),
        );
        let layer = self.endpoint.layer;
        let mut writer = Writer::new(Layer(layer));
        tl::Encode::encode(
            &functions::InvokeWithLayer {
                layer: layer.into(),
                query: init,
            },
            &mut writer,
        );
        writer.into_bytes()
    }
}
