//! The suites are in `benches/`; this crate has no code of its own.
