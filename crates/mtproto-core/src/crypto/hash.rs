//! SHA-1 and SHA-256 over parts, and the block-level SHA-256 that the message key needs.

use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

/// Length of a SHA-256 block, bytes.
pub(super) const BLOCK_LEN: usize = 64;

pub(super) const SHA256_START: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// SHA-1 of the concatenation of `parts`.
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 that is fed whole blocks: no buffer between the caller's memory and the compression.
pub(super) struct BlockHash {
    state: [u32; 8],
    len: u64,
}

impl BlockHash {
    #[inline]
    pub(super) fn new() -> Self {
        Self {
            state: SHA256_START,
            len: 0,
        }
    }

    /// Goes on from a state that somebody else computed over `len` bytes, whole blocks.
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    pub(super) fn resume(state: [u32; 8], len: usize) -> Self {
        Self {
            state,
            len: len as u64,
        }
    }

    #[inline]
    pub(super) fn blocks(&mut self, blocks: &[[u8; BLOCK_LEN]]) {
        compress256(&mut self.state, blocks);
        self.len += (blocks.len() * BLOCK_LEN) as u64;
    }

    /// Takes the last bytes, fewer than a block, and ends the hash.
    #[inline]
    pub(super) fn finish(mut self, tail: &[u8]) -> [u8; 32] {
        debug_assert!(tail.len() < BLOCK_LEN);
        let mut last = [[0u8; BLOCK_LEN]; 2];
        let flat = last.as_flattened_mut();
        flat[..tail.len()].copy_from_slice(tail);
        flat[tail.len()] = 0x80;
        let count = if tail.len() < BLOCK_LEN - 8 { 1 } else { 2 };
        let bits = (self.len + tail.len() as u64) * 8;
        flat[count * BLOCK_LEN - 8..count * BLOCK_LEN].copy_from_slice(&bits.to_be_bytes());
        compress256(&mut self.state, &last[..count]);
        let mut digest = [0u8; 32];
        for (out, word) in digest.chunks_exact_mut(4).zip(self.state) {
            out.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

/// SHA-256 of a message shorter than one block, in one compression.
#[inline]
pub(super) fn sha256_short(parts: [&[u8]; 2]) -> [u8; 32] {
    let mut tail = [0u8; BLOCK_LEN];
    let (head, rest) = tail.split_at_mut(parts[0].len());
    head.copy_from_slice(parts[0]);
    rest[..parts[1].len()].copy_from_slice(parts[1]);
    BlockHash::new().finish(&tail[..parts[0].len() + parts[1].len()])
}
