//! The RPC methods.
