//! Transports (part B): a byte stream on one side, packets on the other.
//!
//! ```text
//! socket ─▶ [TLS records] ─▶ [obfuscation] ─▶ framing ─▶ packets
//! ```
//!
//! A server recognises the layers by the first bytes ([`ServerTransport`]); a client chooses them
//! ([`ClientTransport`]). Bytes may arrive in chunks of any size; a packet is a slice of the buffer
//! that it arrived in. Between packets no buffer is held.

mod client;
#[cfg(feature = "codec")]
mod codec;
mod fake_tls;
mod framing;
mod obfuscation;
mod secret;
mod server;
#[cfg(test)]
mod tests;

pub use client::{ClientTransport, ClientTransportConfig};
#[cfg(feature = "codec")]
pub use codec::{CodecError, PacketCodec};
pub use fake_tls::{
    ClientHello, HELLO_AGE_MAX_S, HELLO_LEAD_MAX_S, HelloMemory, TlsReader, client_hello,
    server_hello, verify_server_hello, write_records,
};
pub use framing::{CLIENT_PACKET_LEN_MAX, Frame, FrameKind, Framing, SERVER_PACKET_LEN_MAX};
pub use obfuscation::{OBFUSCATED_HEAD_LEN, ObfuscatedHead, Obfuscation, obfuscated_head};
pub use secret::{ProxySecret, SecretKind};
pub use server::{Foreign, ServerTransport, ServerTransportConfig, TransportEvent};
