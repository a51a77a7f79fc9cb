//! Everything put together, started and stopped.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use gateway::Gateway;
use mtproto_core::transport::ProxySecret;
use services::{Options, Services};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::folder::Folder;
use crate::keep::{self, Engine};
use crate::world::Machine;
use crate::{admin, banner, cli, webhook};

/// Connections that wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;
/// How many login codes may wait for the webhook.
const CODES_WAITING_MAX: usize = 1024;
/// How often it is looked what is due.
const DUE_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether the store can be written.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// A server that runs.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its admin port listens.
    pub admin: Option<SocketAddr>,
    advertised: SocketAddr,
    folder: Folder,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
    engine: Engine,
    parts: Parts,
}

/// What holds the store; given up before it is closed.
struct Parts {
    gateway: Arc<Gateway>,
    services: Arc<Services>,
}

/// The gateway as the services see it, without keeping it.
struct Held(Weak<Gateway>);

impl bus::Gateways for Held {
    fn tell(&self, notice: bus::Notice) {
        if let Some(gateway) = self.0.upgrade() {
            gateway.tell(notice);
        }
    }

    fn may_be_watching(&self, user: bus::UserId) -> bool {
        self.0
            .upgrade()
            .is_some_and(|gateway| gateway.may_be_watching(user))
    }
}

/// Starts a server. It accepts connections when this returns.
///
/// # Errors
/// A port is taken, the data folder or the cluster cannot be used, a setting is wrong.
pub async fn start(config: Config) -> Result<Server> {
    keep::judge(&config)?;
    let proxy_secrets = config
        .proxy_secrets
        .iter()
        .map(|text| ProxySecret::parse(text).context("proxy_secrets"))
        .collect::<Result<Vec<_>>>()?;
    let listener =
        listen(config.listen).with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let data = config.data.clone();
    let folder = tokio::task::spawn_blocking(move || Folder::open(&data)).await??;
    let engine = keep::open_store(&config).await?;
    let blobs = keep::open_blobs(&config, &folder)?;
    let stop = CancellationToken::new();
    let mut others = Vec::new();
    let code_delivery = match &config.login.webhook {
        Some(url) => {
            let (delivery, codes) = services::code_queue(CODES_WAITING_MAX);
            let webhook = webhook::Webhook::new(url, &config.login)?;
            others.push(tokio::spawn(webhook.run(codes, stop.clone())));
            Some(delivery)
        }
        None => None,
    };
    let advertised = config
        .advertise
        .unwrap_or_else(|| SocketAddr::new(reachable(address.ip()), address.port()));
    let local = Arc::new(bus::Local::default());
    let services = Arc::new(Services::new(
        Options {
            dc_id: config.dc,
            address: advertised,
            secret: folder.access_secret,
            fixed_code: config.login.fixed_code.clone(),
            code_delivery,
            relay: config.calls.relay(),
            reaction_set: config.reaction_set.clone(),
            loopback_is_unlimited: config.limits.loopback_is_unlimited,
        },
        engine.store(),
        blobs,
        Arc::clone(&local) as Arc<dyn bus::Gateways>,
        Arc::new(Machine),
    ));
    let gateway = Gateway::new(
        gateway::Config {
            handshake_keys: vec![Arc::clone(&folder.key)],
            // TDLib begins with data centre 1, whatever it is told later.
            dc_id: None,
            salt_secret: folder.salt_secret,
            proxy_secrets,
            secret_required: config.proxy_secret_required,
            limits: config.limits.for_gateway(config.grace_ms),
        },
        Arc::clone(&services) as Arc<dyn bus::Services>,
    );
    local.set_gateway(Arc::new(Held(Arc::downgrade(&gateway))));
    others.push(tokio::spawn(run_due(Arc::clone(&services), stop.clone())));
    let admin = match config.admin.listen {
        Some(address) => {
            let port = admin::Port {
                gateway: Arc::clone(&gateway),
                backup: engine
                    .embedded()
                    .map(|store| (Arc::clone(store), folder.path.clone())),
                stop: stop.clone(),
            };
            let (address, task) = port.start(address).await?;
            others.push(task);
            Some(address)
        }
        None => None,
    };
    let serving = tokio::spawn({
        let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
        async move { gateway.serve(listener, stop).await }
    });
    Ok(Server {
        address,
        admin,
        advertised,
        folder,
        stop,
        serving,
        others,
        engine,
        parts: Parts { gateway, services },
    })
}

/// Does what is due, until the server stops.
async fn run_due(services: Arc<Services>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(DUE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        services.run_due().await;
    }
}

/// An address of this machine that others may reach, for one that means all of them.
fn reachable(ip: IpAddr) -> IpAddr {
    if !ip.is_unspecified() {
        return ip;
    }
    // Nothing is sent: the system only says which interface it would take.
    let outside = || -> std::io::Result<IpAddr> {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        socket.connect(("192.0.2.1", 9))?;
        Ok(socket.local_addr()?.ip())
    };
    outside().unwrap_or_else(|_| IpAddr::from([127, 0, 0, 1]))
}

impl Server {
    /// The file with the public key, for clients.
    #[must_use]
    pub fn public_key_file(&self) -> std::path::PathBuf {
        self.folder.public_key_file()
    }

    /// Waits until the store cannot be written any more: the server should be stopped then.
    pub async fn failed(&self) -> store::Error {
        let mut ticks = tokio::time::interval(WATCH_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(failure) = self.engine.failure() {
                return failure;
            }
        }
    }

    /// Stops accepting, lets running calls finish, closes the store.
    ///
    /// # Errors
    /// The store could not be closed; nothing is lost then, but the next start takes longer.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.serving.await?;
        for other in self.others {
            other.await?;
        }
        let Parts { gateway, services } = self.parts;
        drop(gateway);
        drop(services);
        self.engine.close().await
    }
}

/// Runs a server until a signal asks it to stop.
pub(crate) async fn run(config: Config) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let begun = Instant::now();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let banner = banner::Facts::of(&config);
    let server = tokio::select! {
        started = start(config) => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    banner.print(
        &server.folder,
        &banner::Addresses {
            listen: server.address,
            advertised: server.advertised,
            admin: server.admin,
        },
    );
    tracing::info!(address = %server.address, took = ?begun.elapsed(), "ready");
    cli::say(&format!("listening on {}", server.address));
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = server.failed() => Some(failure),
    };
    tracing::info!("stopping: no more connections, running calls are finished");
    let stopping = server.stop();
    let stopped = tokio::select! {
        stopped = stopping => stopped,
        // Whoever asks twice is in a hurry.
        _ = interrupt.recv() => Err(anyhow::anyhow!("stopped at once")),
    };
    if let Some(failure) = failure {
        // Whoever watches the process starts it anew; what was acknowledged is in the log.
        return Err(failure).context("the store cannot be written");
    }
    stopped?;
    tracing::info!("stopped");
    Ok(())
}

/// A listener for many who connect at once, as after a restart: with the 128 that are usual, the
/// rest would try again a second later.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
