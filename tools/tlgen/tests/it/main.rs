//! The generator from outside: what it reads, what it refuses and where, which ids it computes.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod command;
mod corpus;
mod emitted;
mod faults;
mod ids;
mod parse;
