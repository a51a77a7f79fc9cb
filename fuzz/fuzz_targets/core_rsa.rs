//! Numbers that are no inner data, in either padding.
#![no_main]
#![allow(dead_code, reason = "the harness holds the functions of all targets")]

#[path = "../../crates/mtproto-core/tests/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::rsa(data));
