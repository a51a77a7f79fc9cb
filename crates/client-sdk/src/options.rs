//! How a client connects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mtproto_core::crypto::RsaPublicKey;
use mtproto_core::transport::{ClientTransportConfig, FrameKind, ProxySecret};
use tl_api::NEWEST_LAYER;

use crate::error::{Error, Result};
use crate::session::{MemorySession, SessionStorage};

/// How a client connects, and what it says of itself.
#[derive(Clone)]
pub struct Options {
    /// Where the server is.
    pub address: SocketAddr,
    /// The data centre, named in the key exchange and to proxies.
    pub dc_id: i32,
    /// The RSA keys that the server may have.
    pub keys: Vec<RsaPublicKey>,
    /// The framing.
    pub framing: FrameKind,
    /// Whether to obfuscate; a secret implies it.
    pub obfuscated: bool,
    /// The secret of the proxy or server.
    pub secret: Option<ProxySecret>,
    /// The layer to speak: 133 to the newest.
    pub layer: u16,
    /// The application's id.
    pub api_id: i32,
    /// The application's hash.
    pub api_hash: String,
    /// What the list of sessions shows.
    pub device_model: String,
    /// The version of the system.
    pub system_version: String,
    /// The version of the application.
    pub app_version: String,
    /// The language, like `en`.
    pub lang_code: String,
    /// Where key and state are kept.
    pub storage: Arc<dyn SessionStorage>,
    /// A call that must wait for no longer than this waits and is repeated by itself.
    pub flood_wait_max: Duration,
    /// How long to wait before connecting again: doubled with each failure, from the first to the
    /// second, and spread at random.
    pub reconnect_wait: (Duration, Duration),
    /// How long connecting may take.
    pub connect_max: Duration,
    /// How often the server is pinged.
    pub ping_interval: Duration,
    /// How long the server may take for any answer to a ping.
    pub pong_wait: Duration,
}

impl Options {
    /// For a server at `address` whose RSA key is `public_key`, PKCS#1 in PEM. The session is kept in
    /// memory.
    ///
    /// # Errors
    /// `Stopped` when that is no such key.
    pub fn new(address: SocketAddr, public_key: &str) -> Result<Self> {
        let key = RsaPublicKey::from_pkcs1_pem(public_key)
            .map_err(|error| Error::Stopped(error.to_string()))?;
        Ok(Self {
            address,
            dc_id: 2,
            keys: vec![key],
            framing: FrameKind::Intermediate,
            obfuscated: false,
            secret: None,
            layer: NEWEST_LAYER,
            api_id: 1,
            api_hash: "0".repeat(32),
            device_model: "Chappe client".into(),
            system_version: std::env::consts::OS.into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
            lang_code: "en".into(),
            storage: Arc::new(MemorySession::default()),
            flood_wait_max: Duration::from_secs(60),
            reconnect_wait: (Duration::from_millis(200), Duration::from_secs(30)),
            connect_max: Duration::from_secs(10),
            ping_interval: Duration::from_secs(60),
            pong_wait: Duration::from_secs(15),
        })
    }

    pub(crate) fn transport(&self) -> ClientTransportConfig {
        ClientTransportConfig {
            kind: self.framing,
            obfuscated: self.obfuscated || self.secret.is_some(),
            secret: self.secret.clone(),
            dc_id: i16::try_from(self.dc_id).unwrap_or(0),
        }
    }
}
