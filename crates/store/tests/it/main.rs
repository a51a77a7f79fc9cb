//! One suite for all engines, and what each of them has to bear beyond it.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "test code: seeds are printed, failures are panics"
)]

mod bad_days;
#[cfg(feature = "cql")]
mod cql;
mod embedded;
mod kill;
mod laws;
mod memory;
mod operations;
mod power;
#[cfg(feature = "cql")]
mod proxy;
mod random;
mod subject;
mod writers;
