//! Every constructor and function at every layer, and hostile bytes.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these tests tell what they walked"
)]

mod allocation;
mod fuzzing;
mod hostile;
mod layers;
mod lenient;
mod lossy;
mod replay;
mod results;
mod schema;
mod shape;
