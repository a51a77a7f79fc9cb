//! MTProto 2.0 for both roles, without I/O.

pub mod crypto;
pub mod error;
pub mod service;

pub use error::{Error, Reaction, reaction};

#[cfg(test)]
mod vector;
