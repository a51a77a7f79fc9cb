//! Sessions (parts D and E): what outlives a connection.
//!
//! A session numbers what is sent, judges what arrives, and keeps what the peer has not
//! acknowledged. It knows no bytes of any transport and no keys: a connection opens packets, hands
//! the messages in, and takes packets out to seal them.

mod client;
mod received;
mod salt;
mod server;
mod server_service;
#[cfg(test)]
mod tests;

pub use client::{ClientEvent, ClientSession, ClientSessionConfig, RequestId, RpcFailure};
pub use received::{RECEIVED_LEN_MAX, Received, ReceivedIds};
pub use salt::{SALT_EPOCH_S, SaltSecret, SaltVerdict, Salts};
pub use server::{
    ACK_DELAY_MS, QUEUE_BYTES_MAX, RESEND_DELAY_MS, ServerSession, SessionEvent, SessionInput,
};
