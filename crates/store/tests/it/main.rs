//! One suite for all engines, and what each of them has to bear beyond it.
//!
//! | variable | meaning |
//! |---|---|
//! | `STORE_SEED` | repeats a run; every run prints its seed |
//! | `STORE_OPERATIONS` | random operations on memory and on the embedded engine |
//! | `STORE_KILLS` | `kill -9` in the middle of writes |
//! | `STORE_CUTS`, `STORE_CUT_OPERATIONS` | simulated power cuts, and operations they hit |
//! | `CHAPPE_CQL` | the CQL server, `127.0.0.1:9042`; needs the feature `cql` |
//! | `STORE_CQL_OPERATIONS` | random operations on it |
//! | `STORE_CQL_FAULT_OPERATIONS` | operations of each writer through the fault proxy |
//! | `STORE_CQL_RESTARTS`, `CHAPPE_CQL_RESTART` | kills of the server, and the command for one |
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
