//! Sealing and opening of messages (D1–D4, D10–D14), in place.

use std::fmt;

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq as _};

use super::auth_key::{AuthKey, AuthKeyId};
use super::hash::{BLOCK_LEN as HASH_BLOCK_LEN, BlockHash};
use super::ige::{Block, LANES, Lanes, Watch, decrypt_watched, ige_encrypt};
use super::kdf::{AesKeyIv, message_key_iv};
use crate::error::{Error, PeerMisbehaved};

/// Length of what precedes the encrypted part: auth_key_id and msg_key, bytes.
pub const OUTER_HEAD_LEN: usize = 24;
/// Length of the inner head: salt, session_id, msg_id, seq_no, length, bytes.
pub const PLAIN_HEAD_LEN: usize = 32;
/// The least padding after the data, bytes (D14).
pub const PADDING_LEN_MIN: usize = 12;
/// The most padding after the data, bytes (D14).
pub const PADDING_LEN_MAX: usize = 1024;
/// How many messages [`seal_batch`] works on at the same time.
pub const BATCH_LANES: usize = LANES;

/// The smallest encrypted packet: both heads, four bytes of data, padding (B48).
const PACKET_LEN_MIN: usize = 72;

/// Who sends a message; the two directions use different parts of the key (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Client to server.
    Client,
    /// Server to client.
    Server,
}

impl Side {
    #[inline]
    pub(crate) fn x(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 8,
        }
    }

    /// The other one.
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a quick ack repeats: the first 32 bits of the message's hash, with bit 31 set (B38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuickAckToken(pub u32);

impl QuickAckToken {
    fn from_hash(msg_key_large: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *msg_key_large;
        Self(u32::from_le_bytes([a, b, c, d]) | 1 << 31)
    }
}

/// One message of a batch: its key and its packet.
pub struct Sealing<'a> {
    /// The key of the session that sends the message.
    pub auth_key: &'a AuthKey,
    /// As for [`seal`].
    pub packet: &'a mut [u8],
}

/// Seals one message of `sender` in place.
///
/// `packet` holds 24 bytes of room, then the plaintext: inner head, data and padding, a multiple of
/// 16 bytes and at least 32. Afterwards it is the packet to frame.
///
/// # Panics
/// The length is not as described.
pub fn seal(auth_key: &AuthKey, sender: Side, packet: &mut [u8]) -> QuickAckToken {
    let (msg_key, token) = write_head(auth_key, sender, packet);
    let key_iv = message_key_iv(auth_key, &msg_key, sender);
    ige_encrypt(&mut packet[OUTER_HEAD_LEN..], &key_iv);
    token
}

/// Seals messages of any number of sessions together, eight interleaved.
///
/// The same bytes as [`seal`] gives for each, in a third of the time and less. The order of
/// `messages` may change: messages of similar length run side by side.
///
/// # Panics
/// The length of a packet is not as [`seal`] wants it.
pub fn seal_batch(sender: Side, messages: &mut [Sealing<'_>]) {
    if let [message] = messages {
        seal(message.auth_key, sender, message.packet);
        return;
    }
    messages.sort_unstable_by_key(|message| message.packet.len());
    for group in messages.chunks_mut(LANES) {
        let mut keys: [Option<AesKeyIv>; LANES] = [const { None }; LANES];
        for (key_iv, message) in keys.iter_mut().zip(&mut *group) {
            let (msg_key, _) = write_head(message.auth_key, sender, message.packet);
            *key_iv = Some(message_key_iv(message.auth_key, &msg_key, sender));
        }
        let mut lanes = Lanes::default();
        for (key_iv, message) in keys.iter().flatten().zip(group) {
            lanes.push(&mut message.packet[OUTER_HEAD_LEN..], key_iv);
        }
        lanes.encrypt();
    }
}

/// Hashes the plaintext and writes the outer head before it.
#[inline]
fn write_head(auth_key: &AuthKey, sender: Side, packet: &mut [u8]) -> ([u8; 16], QuickAckToken) {
    assert!(
        packet.len() >= OUTER_HEAD_LEN + PLAIN_HEAD_LEN
            && (packet.len() - OUTER_HEAD_LEN).is_multiple_of(16),
        "a packet to seal is 24 bytes and whole blocks, 32 bytes at least"
    );
    let (head, plain) = packet.split_at_mut(OUTER_HEAD_LEN);
    let large = msg_key_large(auth_key, sender, plain);
    let mut msg_key = [0u8; 16];
    msg_key.copy_from_slice(&large[8..24]);
    head[..8].copy_from_slice(&auth_key.id().to_bytes());
    head[8..].copy_from_slice(&msg_key);
    (msg_key, QuickAckToken::from_hash(&large))
}

/// D2. The inner head fills the first hash block together with the part of the key, so the rest is
/// hashed where it lies.
#[inline]
fn msg_key_large(auth_key: &AuthKey, sender: Side, plain: &[u8]) -> [u8; 32] {
    let mut hash = BlockHash::new();
    let (head, data) = plain.split_at(PLAIN_HEAD_LEN);
    let mut first = [0u8; HASH_BLOCK_LEN];
    first[..32].copy_from_slice(auth_key.hash_part(sender.x()));
    first[32..].copy_from_slice(head);
    hash.blocks(&[first]);
    let (blocks, tail) = data.as_chunks();
    hash.blocks(blocks);
    hash.finish(tail)
}

/// What stands in the inner head of an opened message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The salt the sender used.
    pub salt: i64,
    /// The session it belongs to.
    pub session_id: i64,
    /// Its id.
    pub msg_id: i64,
    /// Its sequence number.
    pub seq_no: i32,
    /// Length of the data behind the inner head, bytes; checked.
    pub data_len: usize,
    /// What a quick ack of this message repeats.
    pub quick_ack: QuickAckToken,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Salts stay out of logs (H62).
        f.debug_struct("Opened")
            .field("session_id", &self.session_id)
            .field("msg_id", &self.msg_id)
            .field("seq_no", &self.seq_no)
            .field("data_len", &self.data_len)
            .finish_non_exhaustive()
    }
}

/// The key that a packet names; none if it is too short for that.
pub fn packet_key_id(packet: &[u8]) -> Option<AuthKeyId> {
    packet.first_chunk().map(|id| AuthKeyId::from_bytes(*id))
}

/// Opens a packet of `sender` in place: afterwards `packet[24..]` is plain.
///
/// The hash is computed while decrypting. All that can be wrong is judged together and without
/// branches on the content, so that neither answer nor time tells causes apart (D12–D14, H22).
///
/// # Errors
/// [`PeerMisbehaved::PacketLen`] if this cannot be an encrypted packet at all (D10), and
/// [`PeerMisbehaved::Undecipherable`] for everything that is found after decrypting.
pub fn open(auth_key: &AuthKey, sender: Side, packet: &mut [u8]) -> Result<Opened, Error> {
    if packet.len() < PACKET_LEN_MIN || !(packet.len() - OUTER_HEAD_LEN).is_multiple_of(16) {
        return Err(PeerMisbehaved::PacketLen.into());
    }
    let (head, body) = packet.split_at_mut(OUTER_HEAD_LEN);
    let mut msg_key = [0u8; 16];
    msg_key.copy_from_slice(&head[8..]);
    let key_iv = message_key_iv(auth_key, &msg_key, sender);
    let hash = decrypt_hashing(body, &key_iv, auth_key.hash_part(sender.x()));
    let (_, tail) = body[PLAIN_HEAD_LEN..].as_chunks::<HASH_BLOCK_LEN>();
    let large = hash.finish(tail);
    let key_matches = large[8..24].ct_eq(&msg_key) & head[..8].ct_eq(&auth_key.id().to_bytes());

    let declared = i32::from_le_bytes(bytes_at(body, 28));
    let data_len = usize::try_from(declared).unwrap_or(usize::MAX);
    let padding = (body.len() - PLAIN_HEAD_LEN).wrapping_sub(data_len);
    let length_fits = Choice::from(u8::from(data_len.is_multiple_of(4)))
        & Choice::from(u8::from(padding >= PADDING_LEN_MIN))
        & Choice::from(u8::from(padding <= PADDING_LEN_MAX));
    if !bool::from(key_matches & length_fits) {
        return Err(PeerMisbehaved::Undecipherable.into());
    }
    Ok(Opened {
        salt: i64::from_le_bytes(bytes_at(body, 0)),
        session_id: i64::from_le_bytes(bytes_at(body, 8)),
        msg_id: i64::from_le_bytes(bytes_at(body, 16)),
        seq_no: i32::from_le_bytes(bytes_at(body, 24)),
        data_len,
        quick_ack: QuickAckToken::from_hash(&large),
    })
}

/// Decrypts, and hashes `key_part` and the plaintext up to the last whole block of the hash.
pub(super) fn decrypt_hashing(
    body: &mut [u8],
    key_iv: &AesKeyIv,
    key_part: &[u8; 32],
) -> BlockHash {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    if let Some(features) = super::x86::Features::detect() {
        let len = (32 + body.len()) / HASH_BLOCK_LEN * HASH_BLOCK_LEN;
        let state = features.decrypt_hashing(body, key_iv, key_part);
        return BlockHash::resume(state, len);
    }
    decrypt_hashing_portably(body, key_iv, key_part)
}

/// [`decrypt_hashing`] in code that every processor runs.
pub(super) fn decrypt_hashing_portably(
    body: &mut [u8],
    key_iv: &AesKeyIv,
    key_part: &[u8; 32],
) -> BlockHash {
    let mut hash = BlockHash::new();
    let stitch = Stitch {
        hash: &mut hash,
        key_part,
    };
    decrypt_watched(body, key_iv, stitch);
    hash
}

/// Hashes each 64 bytes as soon as they are plain; the two chains of instructions overlap.
struct Stitch<'a> {
    hash: &'a mut BlockHash,
    key_part: &'a [u8; 32],
}

impl Watch for Stitch<'_> {
    #[inline(always)]
    fn decrypted(&mut self, plain: &[Block]) {
        // The inner head, two cipher blocks, ends the first hash block; then four make one.
        if plain.len() % 4 != 2 {
            return;
        }
        let mut block = [0u8; HASH_BLOCK_LEN];
        if let [a, b] = plain {
            block[..32].copy_from_slice(self.key_part);
            block[32..48].copy_from_slice(a);
            block[48..].copy_from_slice(b);
        } else if let [.., a, b, c, d] = plain {
            block[..16].copy_from_slice(a);
            block[16..32].copy_from_slice(b);
            block[32..48].copy_from_slice(c);
            block[48..].copy_from_slice(d);
        }
        self.hash.blocks(&[block]);
    }
}

#[inline]
fn bytes_at<const N: usize>(data: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0u8; N];
    bytes.copy_from_slice(&data[at..at + N]);
    bytes
}

/// How much padding a message of `data_len` bytes gets: 12 bytes at least, up to the end of a block,
/// and at random up to `extra_blocks_max` blocks more (D5, H73).
pub(crate) fn padding_len(
    data_len: usize,
    extra_blocks_max: u32,
    rng: &mut (impl CryptoRng + ?Sized),
) -> usize {
    let least = (PLAIN_HEAD_LEN + data_len + PADDING_LEN_MIN).wrapping_neg() & 15;
    let extra = if extra_blocks_max == 0 {
        0
    } else {
        rng.next_u32() % (extra_blocks_max + 1)
    };
    let len = PADDING_LEN_MIN + least + 16 * extra as usize;
    debug_assert!(len <= PADDING_LEN_MAX);
    len
}
