//! A gateway over real sockets, between clients and services that a test scripts.
#![allow(clippy::unwrap_used, reason = "tests")]

mod calls;
mod framings;
mod harness;
mod hostile;
mod sessions;
mod updates;
mod web;
