//! MTProto 2.0 for both roles, without I/O.

pub mod connection;
pub mod crypto;
pub mod error;
pub mod handshake;
pub mod message;
pub mod service;
pub mod session;
pub mod time;
pub mod transport;

pub use error::{Error, Reaction, reaction};

#[cfg(test)]
mod vector;
