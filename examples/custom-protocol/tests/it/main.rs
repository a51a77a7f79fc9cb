//! The example as its users run it: calls both ways, two layers, hostile bytes, the generator.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod calls;
mod fresh;
mod hostile;
mod layers;
