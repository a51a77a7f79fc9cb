//! Recognition of transports and every framing, in chunks and whole.
#![no_main]
#![allow(dead_code, reason = "the harness holds the functions of all targets")]

#[path = "../../crates/mtproto-core/tests/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::transport(data));
