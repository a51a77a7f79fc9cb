//! One connection, either role: bytes in, bytes and events out. The shell around it owns the
//! socket, the timer, the randomness and the threads; nothing here waits.

mod client;
mod server;

pub use client::{ClientConnection, ClientConnectionConfig, ConnectionEvent};
pub use server::{
    CloseReason, FIRST_PACKET_MAX_MS, IDLE_MAX_MS, ServerConnection, ServerConnectionConfig,
    ServerEvent, ServerKey, seal_connections,
};
