//! Frames of any kind: what decodes can be written and read again.
#![no_main]

#[path = "../../crates/tl-api/tests/it/fuzzing.rs"]
#[allow(dead_code, reason = "the other target uses the rest")]
mod fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzzing::decode(data);
});
