//! The key exchange of a server, step by step.
#![no_main]
#![allow(dead_code, reason = "the harness holds the functions of all targets")]

#[path = "../../crates/mtproto-core/tests/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::handshake(data));
