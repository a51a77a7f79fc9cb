//! What a gateway costs, beside a bare tokio echo: CPU of a ping, CPU of a reconnect, memory of an
//! idle connection.
//!
//! `cargo run --release -p gateway --example cost [-- CONNECTIONS]`
//!
//! Both servers are processes of their own with the same runtime; what is told is theirs, read from
//! `/proc`, not the client's. Ratios of one run count, times of different runs do not.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for measuring"
)]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use gateway::{Config, Gateway, Limits};
use mtproto_core::connection::{ClientConnection, ClientConnectionConfig, ConnectionEvent};
use mtproto_core::crypto::FullAuthKey;
use mtproto_core::handshake::{ClientHandshakeConfig, InnerKind, Padding};
use mtproto_core::session::{ClientEvent, ClientSession, ClientSessionConfig};
use mtproto_core::time::Now;
use mtproto_core::transport::{ClientTransportConfig, FrameKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Connections that ping.
const PINGING: usize = 64;
/// Pings of each, one after the other.
const ROUNDS: usize = 4000;
/// Reconnects.
const RECONNECTS: usize = 4000;

/// The bytes of a key, by its number: both processes make the same.
fn key(number: u32) -> [u8; 256] {
    std::array::from_fn(|at| {
        let mixed = (u64::from(number) << 8 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.to_be_bytes()[0] ^ mixed.to_be_bytes()[3]
    })
}

/// Services that know the keys and give calls back.
struct Known {
    numbers: HashMap<i64, u32>,
}

#[async_trait]
impl bus::Services for Known {
    async fn call(&self, call: bus::Call) -> Bytes {
        call.body
    }

    async fn create_key(&self, _: bus::NewKey) -> Result<bool, bus::Unavailable> {
        Ok(false)
    }

    async fn key(&self, id: bus::AuthKeyId) -> Result<Option<bus::KeyFacts>, bus::Unavailable> {
        Ok(self.numbers.get(&id.0).map(|number| bus::KeyFacts {
            key: key(*number).into(),
            first_salt: 0,
            created: 0,
            expires_at: 0,
            bound_to: None,
            user: Some(bus::UserId(i64::from(*number) + 1)),
            layer: 200,
        }))
    }

    async fn destroy_key(&self, _: bus::AuthKeyId) -> Result<bool, bus::Unavailable> {
        Ok(false)
    }

    async fn announce(
        &self,
        _: bus::AuthKeyId,
        _: IpAddr,
        _: bus::ConnectionFacts,
    ) -> Result<(), bus::Unavailable> {
        Ok(())
    }

    async fn presence(&self, _: bus::UserId, _: bool) {}
}

async fn serve_gateway(listener: TcpListener, keys: u32) {
    let numbers = (0..keys)
        .map(|number| (FullAuthKey::new(key(number)).id().0, number))
        .collect();
    let config = Config {
        handshake_keys: Vec::new(),
        dc_id: None,
        salt_secret: [7; 32],
        proxy_secrets: Vec::new(),
        secret_required: false,
        limits: Limits {
            loopback_is_unlimited: true,
            ..Limits::default()
        },
    };
    let gateway = Gateway::new(config, Arc::new(Known { numbers }));
    announce(&listener);
    gateway.serve(listener, CancellationToken::new()).await;
}

/// The bare echo: waits with nothing in hand, reads into a buffer of the thread, as a gateway does.
async fn serve_echo(listener: TcpListener) {
    thread_local! {
        static BUFFER: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; 65_536]);
    }
    announce(&listener);
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            loop {
                if stream.readable().await.is_err() {
                    return;
                }
                let goes_on = BUFFER.with_borrow_mut(|buffer| match stream.try_read(buffer) {
                    Ok(0) => false,
                    Ok(len) => stream.try_write(&buffer[..len]).is_ok(),
                    Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
                });
                if !goes_on {
                    return;
                }
            }
        });
    }
}

fn announce(listener: &TcpListener) {
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
}

/// A server in a process of its own.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(kind: &str, keys: u32) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([kind, &keys.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        Self {
            child,
            address: line.trim().parse().unwrap(),
        }
    }

    /// Time on a processor, all threads.
    fn cpu(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.child.id());
        let ns = std::fs::read_dir(tasks).unwrap().map(|task| {
            let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat"));
            let stat = stat.unwrap_or_default();
            stat.split(' ')
                .next()
                .and_then(|ns| ns.parse::<u64>().ok())
                .unwrap_or(0)
        });
        Duration::from_nanos(ns.sum())
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let value = line.unwrap().trim().trim_end_matches("kB").trim();
        value.parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn now() -> Now {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        instant_ms: u64::try_from(START.elapsed().as_millis()).unwrap(),
        unix_ns: i64::try_from(unix.as_nanos()).unwrap(),
    }
}

/// A client with one session.
struct Client {
    core: ClientConnection,
    stream: TcpStream,
    buffer: Vec<u8>,
    pongs: usize,
    answers: usize,
}

impl Client {
    async fn connect(
        address: SocketAddr,
        number: u32,
        session: Option<Box<ClientSession>>,
    ) -> Self {
        let config = ClientConnectionConfig {
            transport: ClientTransportConfig::plain(FrameKind::Intermediate),
            handshake: ClientHandshakeConfig {
                keys: [].into(),
                kind: InnerKind::Plain,
                padding: Padding::RsaPad,
            },
            ping_interval_ms: 3_600_000,
            pong_wait_ms: 3_600_000,
            quick_acks: false,
        };
        let session = session.unwrap_or_else(|| {
            let session =
                ClientSession::new(ClientSessionConfig::default(), 0, 0, &mut rand::rng());
            Box::new(session)
        });
        let auth_key = FullAuthKey::new(key(number)).message_key();
        let core = ClientConnection::new(config, Some(auth_key), session, now(), &mut rand::rng());
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            core,
            stream,
            buffer: vec![0; 65_536],
            pongs: 0,
            answers: 0,
        }
    }

    /// Pings so often at once, each in a packet of its own, and waits for all.
    async fn ping(&mut self, count: usize) {
        let wanted = self.pongs + count;
        let mut out = Vec::new();
        for _ in 0..count {
            self.core.session().ping(1, None);
            self.collect(&mut out);
        }
        self.stream.write_all(&out).await.unwrap();
        while self.pongs < wanted {
            self.exchange().await;
        }
    }

    async fn call(&mut self) {
        let wanted = self.answers + 1;
        self.core
            .session()
            .call(Bytes::from_static(&[7; 8]))
            .unwrap();
        let mut out = Vec::new();
        self.collect(&mut out);
        self.stream.write_all(&out).await.unwrap();
        while self.answers < wanted {
            self.exchange().await;
        }
    }

    fn collect(&mut self, out: &mut Vec<u8>) {
        while let Some(bytes) = self.core.poll_transmit(now(), &mut rand::rng()) {
            out.extend_from_slice(&bytes);
        }
    }

    async fn exchange(&mut self) {
        let len = self.stream.read(&mut self.buffer).await.unwrap();
        assert!(len > 0, "the server has closed");
        self.core
            .handle_input(now(), &self.buffer[..len], &mut rand::rng());
        while let Some(event) = self.core.poll_event() {
            match event {
                ConnectionEvent::Session(ClientEvent::Pong { .. }) => self.pongs += 1,
                ConnectionEvent::Session(ClientEvent::Answer { .. }) => self.answers += 1,
                ConnectionEvent::Closed(reason) => panic!("{reason:?}"),
                ConnectionEvent::Session(_)
                | ConnectionEvent::KeyReady(_)
                | ConnectionEvent::QuickAck(_)
                | ConnectionEvent::Work(_) => {}
            }
        }
        // What was refused for its salt goes out again.
        let mut out = Vec::new();
        self.collect(&mut out);
        if !out.is_empty() {
            self.stream.write_all(&out).await.unwrap();
        }
    }
}

/// CPU of one ping, so many at once.
async fn ping_cost(server: &Server, at_once: usize) -> Duration {
    let rounds = ROUNDS / at_once;
    let mut clients = Vec::new();
    for number in 0..PINGING {
        let number = u32::try_from(number).unwrap();
        let mut client = Client::connect(server.address, number, None).await;
        client.ping(4).await;
        clients.push(client);
    }
    let before = server.cpu();
    let running: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                for _ in 0..rounds {
                    client.ping(at_once).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    (server.cpu() - before) / u32::try_from(rounds * at_once * PINGING).unwrap()
}

/// CPU of one echo of as many bytes as a ping has, so many at once.
async fn echo_cost(server: &Server, at_once: usize) -> Duration {
    /// A ping in an encrypted packet with its frame.
    const LEN: usize = 4 + 24 + 32 + 16 + 16;
    let rounds = ROUNDS / at_once;
    let mut streams = Vec::new();
    for _ in 0..PINGING {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let before = server.cpu();
    let running: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let out = vec![5; LEN * at_once];
                let mut back = vec![0; LEN * at_once];
                for _ in 0..rounds {
                    stream.write_all(&out).await.unwrap();
                    stream.read_exact(&mut back).await.unwrap();
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    (server.cpu() - before) / u32::try_from(rounds * at_once * PINGING).unwrap()
}

async fn reconnect_cost(server: &Server) -> Duration {
    let mut client = Client::connect(server.address, 0, None).await;
    client.call().await;
    let before = server.cpu();
    for _ in 0..RECONNECTS {
        let session = client.core.into_session();
        drop(client.stream);
        client = Client::connect(server.address, 0, Some(session)).await;
        client.call().await;
    }
    (server.cpu() - before) / u32::try_from(RECONNECTS).unwrap()
}

async fn echo_reconnect_cost(server: &Server) -> Duration {
    let before = server.cpu();
    for _ in 0..RECONNECTS {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[5; 120]).await.unwrap();
        stream.read_exact(&mut [0; 120]).await.unwrap();
    }
    (server.cpu() - before) / u32::try_from(RECONNECTS).unwrap()
}

/// Bytes of memory for each of so many idle connections; the server is a fresh one.
async fn idle_cost(server: &Server, count: u32) -> u64 {
    let before = server.resident_kib();
    let mut held = Vec::new();
    for number in 0..count {
        let mut client = Client::connect(server.address, number, None).await;
        client.call().await;
        // What follows the answer: the acknowledgement.
        client.ping(1).await;
        held.push(client.stream);
    }
    (server.resident_kib() - before) * 1024 / u64::from(count)
}

async fn echo_idle_cost(server: &Server, count: u32) -> u64 {
    let before = server.resident_kib();
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[5; 120]).await.unwrap();
        stream.read_exact(&mut [0; 120]).await.unwrap();
        held.push(stream);
    }
    (server.resident_kib() - before) * 1024 / u64::from(count)
}

fn tell(what: &str, gateway: Duration, echo: Duration) {
    println!(
        "{what}: {gateway:.1?}, echo {echo:.1?}, {:.2}x",
        gateway.as_secs_f64() / echo.as_secs_f64()
    );
}

async fn measure(connections: u32) {
    let bare = echo_idle_cost(&Server::start("echo", 0), connections).await;
    let ours = idle_cost(&Server::start("gateway", connections), connections).await;
    println!("an idle connection of {connections}: {ours} B, echo {bare} B");
    let (gateway, echo) = (Server::start("gateway", 64), Server::start("echo", 0));
    for _ in 0..3 {
        for at_once in [1, 16] {
            let bare = echo_cost(&echo, at_once).await;
            let ours = ping_cost(&gateway, at_once).await;
            tell(&format!("a ping, {at_once} at once"), ours, bare);
        }
        let bare = echo_reconnect_cost(&echo).await;
        tell(
            "a reconnect with a call",
            reconnect_cost(&gateway).await,
            bare,
        );
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next();
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match kind.as_deref() {
            Some("gateway") => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                serve_gateway(listener, number(arguments.next()).unwrap_or(0)).await;
            }
            Some("echo") => serve_echo(TcpListener::bind("127.0.0.1:0").await.unwrap()).await,
            other => measure(number(other.map(str::to_owned)).unwrap_or(10_000)).await,
        }
    });
}
