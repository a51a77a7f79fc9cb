//! The TL schema parser, and for what it takes, the whole generator.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    tlgen::fuzzing::schema(data);
});
