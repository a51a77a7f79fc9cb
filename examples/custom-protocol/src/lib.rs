//! A protocol of its own: the schema `inventory.tl`, the crate that `tlgen build` makes of it, and on
//! top of that what is left to write by hand, a server ([`Warehouse`]) and a client ([`Connection`]).
//!
//! A frame is four bytes with its length, little-endian, and one value. See README.md for how to do
//! the same with another schema.

mod connection;
mod frame;
mod warehouse;

pub use connection::{CallError, Connection};
pub use frame::{FRAME_LEN_MAX, read_frame, write_frame};
pub use inventory_api as api;
pub use warehouse::{Caller, Failure, Warehouse, serve};
