//! The RPC methods: one folder for each TL namespace, one function for each method.
//!
//! [`Services`] is what gateways ask: it decodes a call, checks who may make it
//! (`access`), runs the one function that its namespace has for it and encodes the result for the
//! caller's layer. A function is
//!
//! ```text
//! async fn get_state(context: &Context<'_>, request: functions::updates::GetState) -> Result<types::updates::State>
//! ```
//!
//! and its namespace's `methods!` table names it. What a messenger is and does lives in
//! `messenger`; here arguments are judged, values are translated, and errors get the names that clients know
//! (`error`, the only file that spells them).

#![allow(
    clippy::unused_async,
    reason = "the functions of all methods have one shape"
)]

mod access;
mod account;
mod auth;
mod blob;
mod bots;
mod channels;
mod chatlists;
mod contacts;
mod context;
mod delivery;
mod device;
mod dispatch;
mod due;
mod error;
mod file;
mod flood;
mod folders;
mod help;
mod key;
mod langpack;
mod messages;
mod nothing;
mod payments;
mod peer;
mod phone;
mod photos;
mod premium;
mod presence;
mod publish;
mod query;
mod refusal;
mod service_notice;
mod srp;
mod stats;
mod stickers;
mod stories;
mod updates;
mod upload;
mod users;

use std::sync::Arc;

use messenger::{Messenger, Now};
use store::Store;

pub use blob::ObjectBlobs;
pub use delivery::{CodeDelivery, CodeToDeliver, code_queue};
pub use dispatch::{METHODS, State};
pub use error::{Error, Result};
pub use phone::Relay;

/// The time and randomness that services use; simulated in tests.
pub trait World: Send + Sync {
    /// The time.
    fn now(&self) -> Now;

    /// Fills with random bytes that nobody can guess.
    fn random(&self, bytes: &mut [u8]);
}

/// Settings of the services.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data centre that the server says it is.
    pub dc_id: i32,
    /// Where clients reach it: a literal IP address and the port, as `help.getConfig` tells it.
    pub address: std::net::SocketAddr,
    /// What access hashes and file references are made from.
    pub secret: [u8; 32],
    /// Accept this login code for any phone number and send none.
    pub fixed_code: Option<String>,
    /// Who brings login codes to people that have no other device.
    pub code_delivery: Option<Arc<dyn CodeDelivery>>,
    /// What carries the media of calls; without it only neighbours reach each other.
    pub relay: Option<Relay>,
    /// The short name of the set of stickers that reactions are drawn with; without it clients show
    /// none of their own.
    pub reaction_set: Option<String>,
    /// Callers from loopback addresses are not slowed down.
    pub loopback_is_unlimited: bool,
}

/// All services of one process.
pub struct Services {
    pub(crate) options: Options,
    pub(crate) messenger: Messenger,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) gateways: Arc<dyn bus::Gateways>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) pictures: file::Pictures,
    pub(crate) key_locks: key::KeyLocks,
    pub(crate) challenges: srp::Challenges,
    pub(crate) callbacks: messages::Callbacks,
    pub(crate) inline_queries: messages::InlineQueries,
    pub(crate) shown_results: messages::ShownResults,
    pub(crate) calls: phone::call::Calls,
    pub(crate) login_tokens: auth::qr::LoginTokens,
    pub(crate) takeouts: account::takeout::Takeouts,
    /// The bot that makes bots answers one at a time.
    pub(crate) father: tokio::sync::Mutex<()>,
}

impl Services {
    /// The services over one store and the storage of files.
    pub fn new(
        options: Options,
        store: Arc<dyn Store>,
        blobs: Arc<dyn messenger::Blobs>,
        gateways: Arc<dyn bus::Gateways>,
        world: Arc<dyn World>,
    ) -> Self {
        let mut boot_nonce = [0; 16];
        world.random(&mut boot_nonce);
        let messenger = Messenger::new(
            messenger::Options {
                secret: options.secret,
                boot_nonce,
                dc_id: options.dc_id,
            },
            Arc::clone(&store),
            blobs,
            Arc::new(publish::ToGateways(Arc::clone(&gateways))),
        );
        Self {
            options,
            messenger,
            store,
            gateways,
            world,
            pictures: file::Pictures::default(),
            key_locks: key::KeyLocks::default(),
            challenges: srp::Challenges::default(),
            callbacks: messages::Callbacks::default(),
            inline_queries: messages::InlineQueries::default(),
            shown_results: messages::ShownResults::default(),
            calls: phone::call::Calls::default(),
            login_tokens: auth::qr::LoginTokens::default(),
            takeouts: account::takeout::Takeouts::default(),
            father: tokio::sync::Mutex::default(),
        }
    }

    /// A positive random number, for ids that nobody can guess.
    pub(crate) fn random_id(&self) -> i64 {
        let mut bytes = [0; 8];
        self.world.random(&mut bytes);
        (i64::from_le_bytes(bytes) & i64::MAX).max(1)
    }
}
