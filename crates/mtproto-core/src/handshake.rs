//! The key exchange (part C), both roles.
//!
//! Three requests make a key: `req_pq_multi`, `req_DH_params`, `set_client_DH_params`. What takes
//! long (RSA, powers, factoring) is handed out as a value whose `run` may be called on any thread;
//! its result is handed back. All else takes microseconds.
//!
//! ```text
//! server:  handle_request ─▶ Reply | Work ─ run ─▶ handle_result ─▶ Reply | NewKey ─ store ─▶ confirm
//! client:  start ─▶ handle_answer ─▶ Work ─ run ─▶ handle_result ─▶ request | Finished
//! ```

mod client;
mod message;
mod server;
#[cfg(test)]
mod tests;

pub use client::{
    ClientHandshake, ClientHandshakeConfig, ClientOutcome, ClientResult, ClientWork, Padding,
};
pub use message::{InnerKind, Nonce, plain_message, read_plain_message};
pub use server::{
    EXCHANGE_AGE_MAX_S, ExchangeId, HandshakeKey, KeyVerdict, NewKey, ServerHandshakeConfig,
    ServerHandshakes, ServerOutcome, ServerResult, ServerWork,
};

use crate::crypto::FullAuthKey;

/// The first salt of a key (C47).
pub(crate) fn first_salt(new_nonce: &[u8; 32], server_nonce: &Nonce) -> i64 {
    let mut salt = [0u8; 8];
    for ((out, a), b) in salt.iter_mut().zip(new_nonce).zip(server_nonce.0) {
        *out = a ^ b;
    }
    i64::from_le_bytes(salt)
}

/// A finished exchange, as the client knows it. Secret; never printed.
#[derive(Clone)]
pub struct Finished {
    /// The key.
    pub auth_key: FullAuthKey,
    /// The salt to begin with.
    pub first_salt: i64,
    /// The server's clock when it answered, Unix seconds (C39).
    pub server_time_s: i32,
    /// How long the key lives, seconds; `None` for a permanent one.
    pub expires_in_s: Option<i32>,
}
