//! Sockets, MTProto sessions, and who is online.
//!
//! A [`Gateway`] speaks MTProto with clients and [`bus`] with services. It knows no API method but
//! the wrappers around calls (`router`); what a call does and what an update says is bytes to it.
//!
//! ```text
//! socket ─▶ connection ─▶ mtproto_core ─▶ router ─▶ bus::Services::call ─▶ slot of the session ─▶ connection ─▶ socket
//!                              bus::Gateways::tell ─▶ fan-out, one form per layer ─▶ slots ─▶ connections
//! ```
//!
//! A connection is one task. A session outlives its connection: it lives in a slot that the
//! answers of its calls and the updates of its user go to, whether a connection has it or not.

mod call;
mod clock;
mod connection;
mod fan_out;
mod handshake;
mod key;
mod limit;
mod metrics;
mod presence;
mod refusal;
mod registry;
mod router;
mod signal;
mod slot;
mod socket;
mod sweep;
mod web;

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use dashmap::DashMap;
use mtproto_core::connection::ServerConnectionConfig;
use mtproto_core::handshake::HandshakeKey;
use mtproto_core::session::SaltSecret;
use mtproto_core::transport::{HelloMemory, ProxySecret, ServerTransportConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use clock::Clock;
use handshake::Handshakes;
pub use limit::Limits;
pub use metrics::{CALL_TIME_BOUNDS_US, Count, Level, Metrics};
use registry::Registry;
use signal::Signal;

/// How long ending takes for what has outlived the grace period.
const KILL_MAX: Duration = Duration::from_secs(1);

/// Settings of a gateway.
#[derive(Clone)]
pub struct Config {
    /// The RSA keys of the server.
    pub handshake_keys: Vec<Arc<HandshakeKey>>,
    /// The data centre that clients may name; `None` accepts any.
    pub dc_id: Option<i32>,
    /// What salts are made from. Must stay the same for ever.
    pub salt_secret: [u8; 32],
    /// Secrets with which obfuscated clients are accepted.
    pub proxy_secrets: Vec<ProxySecret>,
    /// Whether clients must use one of the secrets.
    pub secret_required: bool,
    /// Everything that is bounded.
    pub limits: Limits,
}

/// A gateway.
pub struct Gateway {
    own: Weak<Self>,
    limits: Limits,
    connection_config: ServerConnectionConfig,
    services: Arc<dyn bus::Services>,
    registry: Registry,
    handshakes: Handshakes,
    hellos: std::sync::Mutex<HelloMemory>,
    clock: Clock,
    metrics: Arc<Metrics>,
    addresses: DashMap<IpAddr, limit::Address>,
    presence: DashMap<bus::UserId, presence::Told>,
    /// The connections, to be woken when the server stops; by the address of their signals.
    open: DashMap<usize, Arc<Signal>>,
    calls: TaskTracker,
    /// Ends what the grace period did not.
    kill: CancellationToken,
}

impl Gateway {
    /// A gateway that asks `services`.
    #[must_use]
    pub fn new(config: Config, services: Arc<dyn bus::Services>) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            connection_config: ServerConnectionConfig {
                transport: ServerTransportConfig {
                    secrets: config.proxy_secrets,
                    secret_required: config.secret_required,
                },
                salt_secret: SaltSecret::new(config.salt_secret),
            },
            services,
            registry: Registry::default(),
            handshakes: Handshakes::new(config.handshake_keys, config.dc_id, &config.limits),
            hellos: std::sync::Mutex::default(),
            clock: Clock::default(),
            metrics: Arc::default(),
            addresses: DashMap::new(),
            presence: DashMap::new(),
            open: DashMap::new(),
            kill: CancellationToken::new(),
            calls: TaskTracker::new(),
            limits: config.limits,
        })
    }

    /// Accepts connections until `stop` is cancelled; then finishes what runs, for at most the
    /// grace period of the limits, and returns.
    pub async fn serve(self: &Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let connections = TaskTracker::new();
        connections.spawn(sweep::run(Arc::clone(self), stop.clone()));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: those who are here stay served.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(self.limits.accept_pause()).await;
                    continue;
                }
            };
            let Some(guard) = limit::admit(self, address.ip()) else {
                continue;
            };
            let gateway = Arc::clone(self);
            let stop = stop.clone();
            connections.spawn(async move {
                let _guard = guard;
                connection::run(gateway, stream, address.ip(), stop).await;
            });
        }
        drop(listener);
        connections.close();
        self.wake_all();
        let ended = async {
            connections.wait().await;
            self.calls.close();
            self.calls.wait().await;
        };
        tokio::pin!(ended);
        let in_time = tokio::time::timeout(self.limits.grace(), &mut ended).await;
        if in_time.is_err() {
            tracing::warn!(calls = self.calls.len(), "the grace period is over");
            self.kill.cancel();
            self.wake_all();
            let _ = tokio::time::timeout(KILL_MAX, ended).await;
        }
    }

    fn wake_all(&self) {
        self.open.iter().for_each(|signal| signal.set());
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }
}
