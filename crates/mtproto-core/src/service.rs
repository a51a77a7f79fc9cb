//! Service messages: those of the protocol itself (E.1), read and written without generated types.

pub mod id;
mod message;

pub use message::{FutureSalt, IDS_LEN_MAX, Service};
