//! The suites are in `benches/`; here is what they are compared with beyond crates.

pub mod openssl;
