//! Services that are scripted, and a client over a real socket.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use gateway::{Config, Gateway, Limits};
use mtproto_core::connection::{ClientConnection, ClientConnectionConfig, ConnectionEvent};
use mtproto_core::crypto::{AuthKey, LegacyPadding, RsaPrivateKey};
use mtproto_core::handshake::{ClientHandshakeConfig, HandshakeKey, InnerKind, Padding};
use mtproto_core::session::{
    ClientEvent, ClientSession, ClientSessionConfig, RequestId, RpcFailure,
};
use mtproto_core::time::Now;
use mtproto_core::transport::{ClientTransportConfig, FrameKind, ProxySecret};
use tl::{Layer, Rest, to_bytes};
use tl_api::functions;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One RSA key for all tests: making one takes long.
static KEY: LazyLock<Arc<HandshakeKey>> = LazyLock::new(|| {
    Arc::new(HandshakeKey {
        key: RsaPrivateKey::generate(&mut rand::rng()).unwrap(),
        legacy: LegacyPadding::Accepted,
    })
});

/// Long enough for a loaded machine; nothing waits so long unless it is broken.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Services that a test scripts: the body of a call says what becomes of it.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) keys: Mutex<HashMap<bus::AuthKeyId, bus::KeyFacts>>,
    pub(crate) calls: Mutex<Vec<bus::Call>>,
    pub(crate) announced: Mutex<Vec<bus::ConnectionFacts>>,
    pub(crate) gone: Mutex<Vec<bus::UserId>>,
    /// Calls of [`HELD`] wait for this.
    pub(crate) release: Notify,
    pub(crate) change: Notify,
}

/// Bodies of calls: they come back as they are, but for these two.
pub(crate) const HELD: u32 = 0x4845_4c44;
pub(crate) const REFUSED: u32 = 0x5245_4655;

#[async_trait]
impl bus::Services for Script {
    async fn call(&self, call: bus::Call) -> Bytes {
        let id = call
            .body
            .first_chunk()
            .map_or(0, |id| u32::from_le_bytes(*id));
        let body = call.body.clone();
        self.calls.lock().unwrap().push(call);
        self.change.notify_waiters();
        match id {
            HELD => {
                self.release.notified().await;
                body
            }
            REFUSED => {
                let mut error = 0x2144_ca19_u32.to_le_bytes().to_vec();
                error.extend(400_u32.to_le_bytes());
                error.extend(b"\x03BAD");
                error.into()
            }
            _ => body,
        }
    }

    async fn create_key(&self, key: bus::NewKey) -> Result<bool, bus::Unavailable> {
        let facts = bus::KeyFacts {
            key: key.key,
            first_salt: key.first_salt,
            created: key.created,
            expires_at: key.expires_at,
            bound_to: None,
            user: None,
            layer: 0,
        };
        Ok(self.keys.lock().unwrap().insert(key.id, facts).is_none())
    }

    async fn key(&self, id: bus::AuthKeyId) -> Result<Option<bus::KeyFacts>, bus::Unavailable> {
        Ok(self.keys.lock().unwrap().get(&id).cloned())
    }

    async fn destroy_key(&self, id: bus::AuthKeyId) -> Result<bool, bus::Unavailable> {
        Ok(self.keys.lock().unwrap().remove(&id).is_some())
    }

    async fn announce(
        &self,
        _: bus::AuthKeyId,
        _: IpAddr,
        facts: bus::ConnectionFacts,
    ) -> Result<(), bus::Unavailable> {
        self.announced.lock().unwrap().push(facts);
        Ok(())
    }

    async fn presence(&self, user: bus::UserId, connected: bool) {
        if !connected {
            self.gone.lock().unwrap().push(user);
            self.change.notify_waiters();
        }
    }
}

/// A gateway on a port of its own.
pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) script: Arc<Script>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: tokio::task::JoinHandle<()>,
}

pub(crate) async fn world() -> World {
    world_with(Limits {
        loopback_is_unlimited: true,
        ..Limits::default()
    })
    .await
}

pub(crate) async fn world_with(limits: Limits) -> World {
    let script = Arc::new(Script::default());
    let config = Config {
        handshake_keys: vec![Arc::clone(&KEY)],
        dc_id: None,
        salt_secret: [7; 32],
        proxy_secrets: vec![ProxySecret::parse("00112233445566778899aabbccddeeff").unwrap()],
        secret_required: false,
        limits,
    };
    let gateway = Gateway::new(config, Arc::clone(&script) as Arc<dyn bus::Services>);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn({
        let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
        async move { gateway.serve(listener, stop).await }
    });
    World {
        gateway,
        script,
        address,
        stop,
        served,
    }
}

fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        instant_ms: u64::try_from(START.elapsed().as_millis()).unwrap(),
        unix_ns: i64::try_from(unix.as_nanos()).unwrap(),
    }
}

/// A client over a socket.
pub(crate) struct Client {
    core: ClientConnection,
    pub(crate) stream: TcpStream,
    pub(crate) key: Option<[u8; 256]>,
    pub(crate) key_id: bus::AuthKeyId,
    answers: HashMap<RequestId, Result<Bytes, RpcFailure>>,
    pub(crate) updates: Vec<Bytes>,
    pub(crate) pongs: u32,
    pub(crate) closed: bool,
}

pub(crate) fn config(transport: ClientTransportConfig) -> ClientConnectionConfig {
    ClientConnectionConfig {
        transport,
        handshake: ClientHandshakeConfig {
            keys: [KEY.key.public().clone()].into(),
            kind: InnerKind::Plain,
            padding: Padding::RsaPad,
        },
        ping_interval_ms: 60_000,
        pong_wait_ms: 60_000,
        quick_acks: false,
    }
}

impl Client {
    /// A client with a new key.
    pub(crate) async fn connect(world: &World) -> Self {
        Self::connect_by(world, ClientTransportConfig::plain(FrameKind::Intermediate)).await
    }

    pub(crate) async fn connect_by(world: &World, transport: ClientTransportConfig) -> Self {
        Self::make_key(world.address, config(transport)).await
    }

    /// A client with a new key of any kind, connected to any address.
    pub(crate) async fn make_key(address: SocketAddr, config: ClientConnectionConfig) -> Self {
        let session = ClientSession::new(ClientSessionConfig::default(), 0, 0, &mut rand::rng());
        let mut client = Self::open(address, config, None, Box::new(session)).await;
        client.run_until(|client| client.key.is_some()).await;
        client
    }

    async fn open(
        address: SocketAddr,
        config: ClientConnectionConfig,
        key: Option<[u8; 256]>,
        session: Box<ClientSession>,
    ) -> Self {
        let auth_key = key.map(|key| mtproto_core::crypto::FullAuthKey::new(key).message_key());
        let stream = TcpStream::connect(address).await.unwrap();
        let id = auth_key.as_ref().map_or(0, |key: &AuthKey| key.id().0);
        Self {
            core: ClientConnection::new(config, auth_key, session, now(), &mut rand::rng()),
            stream,
            key,
            key_id: bus::AuthKeyId(id),
            answers: HashMap::new(),
            updates: Vec::new(),
            pongs: 0,
            closed: false,
        }
    }

    /// The same key and session on another connection; the old socket stays open until dropped.
    pub(crate) async fn move_to_new_connection(self, world: &World) -> (Self, TcpStream) {
        let transport = ClientTransportConfig::plain(FrameKind::Abridged);
        let session = self.core.into_session();
        let mut client = Self::open(world.address, config(transport), self.key, session).await;
        client.answers = self.answers;
        (client, self.stream)
    }

    /// The same key, another session.
    pub(crate) async fn another_session(&self, world: &World) -> Self {
        let session = ClientSession::new(ClientSessionConfig::default(), 0, 0, &mut rand::rng());
        let transport = ClientTransportConfig::plain(FrameKind::Full);
        Self::open(
            world.address,
            config(transport),
            self.key,
            Box::new(session),
        )
        .await
    }

    pub(crate) fn call(&mut self, body: impl Into<Bytes>) -> RequestId {
        self.core.session().call(body.into()).unwrap()
    }

    /// A call in `invokeWithLayer(initConnection(…))`.
    pub(crate) fn call_at(&mut self, layer: i32, body: &[u8]) -> RequestId {
        let query = Rest(Bytes::copy_from_slice(body));
        let text = || "x".into();
        let init = functions::InitConnection::new(
            1,
            text(),
            text(),
            text(),
            text(),
            text(),
            text(),
            query,
        );
        let mut wire = 0xda9b_0d0d_u32.to_le_bytes().to_vec();
        wire.extend(layer.to_le_bytes());
        wire.extend(wrap(&init));
        self.call(wire)
    }

    pub(crate) fn ping(&mut self) {
        self.core.session().ping(1, None);
    }

    pub(crate) async fn answer(&mut self, request: RequestId) -> Result<Bytes, RpcFailure> {
        self.run_until(|client| client.answers.contains_key(&request))
            .await;
        self.answers.remove(&request).unwrap()
    }

    /// Sends what there is and reads until `done`.
    pub(crate) async fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let run = async {
            while !done(self) {
                self.send().await;
                if done(self) || self.closed {
                    break;
                }
                self.receive().await;
            }
            self.send().await;
        };
        tokio::time::timeout(PATIENCE, run)
            .await
            .expect("nothing came");
    }

    pub(crate) async fn send(&mut self) {
        use tokio::io::AsyncWriteExt as _;
        while let Some(bytes) = self.core.poll_transmit(now(), &mut rand::rng()) {
            let _ = self.stream.write_all(&bytes).await;
        }
    }

    async fn receive(&mut self) {
        use tokio::io::AsyncReadExt as _;
        let mut buffer = vec![0; 65_536];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => self.closed = true,
            Ok(len) => self
                .core
                .handle_input(now(), &buffer[..len], &mut rand::rng()),
        }
        while let Some(event) = self.core.poll_event() {
            match event {
                ConnectionEvent::Closed(_) => self.closed = true,
                ConnectionEvent::KeyReady(finished) => {
                    self.key = Some(*finished.auth_key.as_bytes());
                    self.key_id = bus::AuthKeyId(finished.auth_key.id().0);
                }
                ConnectionEvent::QuickAck(_) => {}
                ConnectionEvent::Session(event) => self.note(event),
                ConnectionEvent::Work(work) => {
                    let result = work.run(&mut rand::rng());
                    self.core.handle_result(now(), result, &mut rand::rng());
                }
            }
        }
    }

    fn note(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Answer { request, result } => {
                assert!(
                    self.answers.insert(request, result).is_none(),
                    "answered twice"
                );
            }
            ClientEvent::Pong { .. } => self.pongs += 1,
            ClientEvent::Update(update) => self.updates.push(update),
            ClientEvent::KeyDestroyed(_) | ClientEvent::NewSession => {}
        }
    }
}

/// The fields of a wrapper around bytes.
fn wrap(init: &functions::InitConnection<Rest>) -> Vec<u8> {
    to_bytes(init, Layer::NEWEST).unwrap().to_vec()
}

/// A call that comes back as it is.
pub(crate) fn echo(number: u32) -> Vec<u8> {
    let mut body = 0x4543_484f_u32.to_le_bytes().to_vec();
    body.extend(number.to_le_bytes());
    body
}
