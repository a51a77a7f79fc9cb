//! Two peers and a simulated network: whole conversations, and random sequences of operations.

mod corpus;
mod faults;
#[path = "../harness.rs"]
mod harness;
mod lifecycle;
mod memory;
mod rules;
mod timing;
mod world;
