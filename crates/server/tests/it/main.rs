//! The program as operators and clients meet it: a process of its own, and the server inside this one.
#![allow(clippy::unwrap_used, reason = "tests")]

mod admin;
mod figures;
mod harness;
mod kills;
mod life;
mod settings;
mod webhook;
