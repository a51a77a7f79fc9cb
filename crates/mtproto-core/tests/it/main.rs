//! Two peers and a simulated network: whole conversations, and random sequences of operations.

mod faults;
mod lifecycle;
mod memory;
mod rules;
mod timing;
mod world;
