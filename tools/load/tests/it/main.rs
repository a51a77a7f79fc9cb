//! Every scenario, briefly, against a server.

#![allow(clippy::unwrap_used, reason = "tests")]

mod scenarios;
