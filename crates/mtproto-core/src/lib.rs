//! MTProto 2.0 for both roles, without I/O.

pub mod crypto;
pub mod error;
pub mod handshake;
pub mod service;
pub mod transport;

pub use error::{Error, Reaction, reaction};

#[cfg(test)]
mod vector;
