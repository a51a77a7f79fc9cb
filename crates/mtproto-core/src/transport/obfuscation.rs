//! The obfuscated transport (B16–B25): AES-256-CTR over everything, keyed by the first 64 bytes.

use aes::Aes256Enc;
use cipher::{KeyIvInit as _, StreamCipher as _};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::framing::FrameKind;
use crate::crypto::sha256;

/// What a client sends first, bytes.
pub const OBFUSCATED_HEAD_LEN: usize = 64;

// `Aes256Enc` alone: with the decryption keys too, a connection would hold 480 bytes more.
type Stream = ctr::Ctr128BE<Aes256Enc>;

/// The two streams of a connection.
pub struct Obfuscation {
    read: Stream,
    write: Stream,
}

impl Obfuscation {
    /// Decrypts what was received.
    pub fn decrypt(&mut self, data: &mut [u8]) {
        self.read.apply_keystream(data);
    }

    /// Encrypts what is to be sent.
    pub fn encrypt(&mut self, data: &mut [u8]) {
        self.write.apply_keystream(data);
    }
}

/// What the head of a client says.
pub struct ObfuscatedHead {
    /// The framing that follows.
    pub kind: FrameKind,
    /// The data centre the client wants; random from some clients, so only a proxy may use it (B19).
    pub dc_id: i16,
    /// The streams, as the server uses them.
    pub obfuscation: Obfuscation,
}

impl ObfuscatedHead {
    /// Reads a head with a secret or without; `None` if the tag is none (B8, B24).
    pub fn read(head: &[u8; OBFUSCATED_HEAD_LEN], secret: Option<&[u8; 16]>) -> Option<Self> {
        let (mut read, write) = streams(head, secret);
        let mut plain = *head;
        read.apply_keystream(&mut plain);
        let [a, b, c, d, dc_low, dc_high, ..] = *plain[56..].first_chunk::<8>()?;
        Some(Self {
            kind: FrameKind::from_tag([a, b, c, d])?,
            dc_id: i16::from_le_bytes([dc_low, dc_high]),
            obfuscation: Obfuscation { read, write },
        })
    }
}

/// Makes the head of a client (B16–B23); gives the bytes to send and the client's streams.
///
/// `kind` must be one that has a tag; others are taken as padded intermediate.
pub fn obfuscated_head(
    kind: FrameKind,
    secret: Option<&[u8; 16]>,
    dc_id: i16,
    rng: &mut (impl CryptoRng + ?Sized),
) -> ([u8; OBFUSCATED_HEAD_LEN], Obfuscation) {
    let mut head = [0u8; OBFUSCATED_HEAD_LEN];
    loop {
        rng.fill_bytes(&mut head);
        if is_allowed(&head) {
            return finish_head(head, kind, secret, dc_id);
        }
    }
}

/// The deterministic inside of [`obfuscated_head`].
pub(super) fn finish_head(
    mut head: [u8; OBFUSCATED_HEAD_LEN],
    kind: FrameKind,
    secret: Option<&[u8; 16]>,
    dc_id: i16,
) -> ([u8; OBFUSCATED_HEAD_LEN], Obfuscation) {
    head[56..60].copy_from_slice(&kind.tag().unwrap_or([0xdd; 4]));
    head[60..62].copy_from_slice(&dc_id.to_le_bytes());
    let (mut write, read) = streams(&head, secret);
    let mut encrypted = head;
    write.apply_keystream(&mut encrypted);
    head[56..].copy_from_slice(&encrypted[56..]);
    (head, Obfuscation { read, write })
}

/// B16: a head must not look like the beginning of another transport.
pub(super) fn is_allowed(head: &[u8; OBFUSCATED_HEAD_LEN]) -> bool {
    const FORBIDDEN: [&[u8]; 9] = [
        &[0xef],
        b"HEAD",
        b"POST",
        b"GET ",
        b"OPTI",
        // How one client library spells POST.
        b"PVrG",
        &[0x16, 0x03, 0x01],
        &[0xdd; 4],
        &[0xee; 4],
    ];
    !FORBIDDEN.iter().any(|start| head.starts_with(start)) && head[4..8] != [0; 4]
}

/// Client-to-server and server-to-client stream (B20–B22).
fn streams(head: &[u8; OBFUSCATED_HEAD_LEN], secret: Option<&[u8; 16]>) -> (Stream, Stream) {
    let mut reversed = *head;
    reversed.reverse();
    (stream(head, secret), stream(&reversed, secret))
}

fn stream(head: &[u8; OBFUSCATED_HEAD_LEN], secret: Option<&[u8; 16]>) -> Stream {
    let mut key = Zeroizing::new([0u8; 32]);
    key.copy_from_slice(&head[8..40]);
    if let Some(secret) = secret {
        *key = sha256(&[&*key, secret]);
    }
    let mut iv = [0u8; 16];
    iv.copy_from_slice(&head[40..56]);
    Stream::new((&*key).into(), (&iv).into())
}
