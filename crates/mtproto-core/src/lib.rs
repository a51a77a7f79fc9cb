//! MTProto 2.0 for both roles, without I/O.
//!
//! Everything here is a state machine that is driven by hand: no socket, no clock, no thread and no
//! randomness of the operating system. Bytes, time ([`time::Now`]) and a random generator
//! (`rand_core::CryptoRng`) are arguments; bytes and events are results. So a test replays any
//! conversation, a fuzzer reaches every state, and a program chooses its own runtime.
//!
//! ```text
//!            ┌───────────────────────── connection ─────────────────────────┐
//! socket ─▶  │ transport ─▶ packets ─▶ crypto::open ─▶ session ─▶ events    │ ─▶ program
//!        ◀─  │ transport ◀─ packets ◀─ crypto::seal ◀─ session ◀─ answers   │ ◀─
//!            └──────────────────────────────────────────────────────────────┘
//! ```
//!
//! * [`connection`]: one connection of either role: `handle_input`, `handle_timeout`,
//!   `poll_transmit`, `poll_event`, `poll_timeout`. Expensive steps come out as values to run
//!   anywhere.
//! * [`session`]: what outlives connections: ids, acknowledgements, what must be sent again.
//!   A server holds one for each (auth_key_id, session_id) and moves it between connections.
//! * [`handshake`]: how a key is made. [`transport`]: framings, obfuscation, what looks like TLS.
//! * [`message`] and [`service`]: containers, compression, the messages of the protocol itself.
//! * [`crypto`]: sealing and opening, many messages at once, RSA, Diffie–Hellman, passwords.
//! * [`error`]: whose fault it was, and the one function that says what follows ([`reaction`]).
//!
//! What a peer sends can be wrong in any way: it is bounded before it is stored, it cannot cause a
//! panic, and what fails on a secret fails in the same time and with the same answer whatever was
//! wrong. Secrets are erased when dropped and have no `Debug` form.
//!
//! `examples/drive_by_hand.rs` shows a key exchange and a ping, each message as hex.
//!
//! ```
//! use mtproto_core::crypto::{FullAuthKey, Side, open, seal};
//!
//! let key = FullAuthKey::new([7; 256]).message_key();
//! // 24 bytes of room, then the plaintext: inner head, data, padding.
//! let mut packet = vec![0; 24 + 64];
//! packet[24 + 28] = 16;
//! let token = seal(&key, Side::Client, &mut packet);
//! let opened = open(&key, Side::Client, &mut packet)?;
//! assert_eq!((opened.data_len, opened.quick_ack), (16, token));
//! # Ok::<(), mtproto_core::Error>(())
//! ```

pub mod connection;
pub mod crypto;
pub mod error;
pub mod handshake;
pub mod message;
pub mod service;
pub mod session;
pub mod time;
pub mod transport;

pub use error::{Error, Reaction, reaction};

#[cfg(test)]
mod vector;
