//! Two peers and a simulated network: whole conversations, and random sequences of operations.
#![allow(
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests too"
)]

mod corpus;
mod faults;
#[path = "../harness.rs"]
mod harness;
mod lifecycle;
mod memory;
mod oracle;
mod rules;
mod timing;
mod world;
