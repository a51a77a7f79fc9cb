//! AES-256 in IGE mode (D4): one stream inside the cipher's backend, or many streams interleaved.
//!
//! IGE is serial within a stream, so one stream is bound by the latency of fourteen AES rounds a
//! block. Streams of different messages are independent: interleaving eight of them fills the
//! pipeline without any instruction the crate `aes` does not give.

use aes::Aes256Dec;
use aes::Aes256Enc;
use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt as _,
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt as _, BlockSizeUser,
    KeyInit as _,
};

use super::kdf::AesKeyIv;
#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
use super::x86::Features;

pub(super) type Block = Array<u8, U16>;

/// Streams that run side by side.
pub(super) const LANES: usize = 8;

/// Encrypts `data` in place.
///
/// # Panics
/// The length is no multiple of 16; callers check what they received before.
pub fn ige_encrypt(data: &mut [u8], key_iv: &AesKeyIv) {
    #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
    if let Some(features) = Features::detect() {
        assert_whole_blocks(data);
        return features.encrypt(data, key_iv);
    }
    encrypt_portably(as_blocks(data), key_iv);
}

/// [`ige_encrypt`] in code that every processor runs.
pub(super) fn encrypt_portably(blocks: &mut [Block], key_iv: &AesKeyIv) {
    let (previous_cipher, previous_plain) = key_iv.iv_blocks();
    Aes256Enc::new(key_iv.key().into()).encrypt_with_backend(Encrypt {
        blocks,
        previous_cipher,
        previous_plain,
    });
}

/// Decrypts `data` in place.
///
/// # Panics
/// The length is no multiple of 16; callers check what they received before.
pub fn ige_decrypt(data: &mut [u8], key_iv: &AesKeyIv) {
    decrypt_watched(data, key_iv, Unwatched);
}

/// One of several messages that are encrypted together.
pub struct IgeStream<'a> {
    /// What to encrypt, in place; a multiple of 16 bytes.
    pub data: &'a mut [u8],
    /// Key and initialization vector of this message alone.
    pub key_iv: AesKeyIv,
}

/// Encrypts all streams, eight at a time. Fastest if neighbours are of similar length.
///
/// # Panics
/// The length of a stream is no multiple of 16.
pub fn ige_encrypt_many(streams: &mut [IgeStream<'_>]) {
    for group in streams.chunks_mut(LANES) {
        let mut lanes = Lanes::default();
        for stream in group {
            lanes.push(stream.data, &stream.key_iv);
        }
        lanes.encrypt();
    }
}

/// Up to eight streams that are encrypted together.
#[derive(Default)]
pub(super) struct Lanes<'a> {
    streams: [Option<(&'a mut [u8], &'a AesKeyIv)>; LANES],
    len: usize,
}

impl<'a> Lanes<'a> {
    /// Adds a stream; the ninth is refused by a panic.
    pub(super) fn push(&mut self, data: &'a mut [u8], key_iv: &'a AesKeyIv) {
        assert_whole_blocks(data);
        self.streams[self.len] = Some((data, key_iv));
        self.len += 1;
    }

    pub(super) fn encrypt(self) {
        #[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
        if let Some(features) = Features::detect() {
            return features.encrypt_many(self.streams);
        }
        self.encrypt_portably();
    }

    /// [`Lanes::encrypt`] in code that every processor runs.
    pub(super) fn encrypt_portably(self) {
        let lanes = self
            .streams
            .map(|stream| stream.map(|(data, key_iv)| Lane::new(data, key_iv)));
        encrypt_lanes(lanes);
    }
}

/// One stream on its way through the interleaved loop.
struct Lane<'a> {
    cipher: Aes256Enc,
    previous_cipher: Block,
    previous_plain: Block,
    blocks: &'a mut [Block],
}

impl<'a> Lane<'a> {
    #[inline]
    fn new(data: &'a mut [u8], key_iv: &AesKeyIv) -> Self {
        let (previous_cipher, previous_plain) = key_iv.iv_blocks();
        Self {
            cipher: Aes256Enc::new(key_iv.key().into()),
            previous_cipher,
            previous_plain,
            blocks: as_blocks(data),
        }
    }

    // Encrypts where the block lies: streams that shared one temporary would wait for each other's
    // stores to it.
    #[inline(always)]
    fn step(&mut self, at: usize) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        let plain = *block;
        *block = xor(plain, self.previous_cipher);
        self.cipher.encrypt_block(block);
        let cipher = xor(*block, self.previous_plain);
        *block = cipher;
        self.previous_cipher = cipher;
        self.previous_plain = plain;
    }
}

/// Runs up to eight streams to their ends; shorter ones drop out on the way.
fn encrypt_lanes(mut lanes: [Option<Lane<'_>>; LANES]) {
    let mut at = 0;
    loop {
        let shortest = lanes
            .iter()
            .flatten()
            .map(|lane| lane.blocks.len())
            .filter(|len| *len > at)
            .min();
        let Some(end) = shortest else { return };
        for lane in &mut lanes {
            lane.take_if(|lane| lane.blocks.len() <= at);
        }
        if let [
            Some(a),
            Some(b),
            Some(c),
            Some(d),
            Some(e),
            Some(f),
            Some(g),
            Some(h),
        ] = &mut lanes
        {
            let mut full = [a, b, c, d, e, f, g, h];
            for at in at..end {
                for lane in &mut full {
                    lane.step(at);
                }
            }
        } else {
            for at in at..end {
                for lane in lanes.iter_mut().flatten() {
                    lane.step(at);
                }
            }
        }
        at = end;
    }
}

/// Looks at the plaintext while it is decrypted: `plain` are the blocks decrypted so far.
pub(super) trait Watch {
    fn decrypted(&mut self, plain: &[Block]);
}

struct Unwatched;

impl Watch for Unwatched {
    #[inline(always)]
    fn decrypted(&mut self, _plain: &[Block]) {}
}

/// Decrypts `data` in place and shows it to `watch` block by block.
pub(super) fn decrypt_watched(data: &mut [u8], key_iv: &AesKeyIv, watch: impl Watch) {
    let blocks = as_blocks(data);
    let (previous_cipher, previous_plain) = key_iv.iv_blocks();
    Aes256Dec::new(key_iv.key().into()).decrypt_with_backend(Decrypt {
        blocks,
        previous_cipher,
        previous_plain,
        watch,
    });
}

struct Encrypt<'a> {
    blocks: &'a mut [Block],
    previous_cipher: Block,
    previous_plain: Block,
}

impl BlockSizeUser for Encrypt<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Encrypt<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(mut self, backend: &B) {
        for block in self.blocks {
            let plain = *block;
            let mut next = xor(plain, self.previous_cipher);
            backend.encrypt_block_inplace(&mut next);
            let next = xor(next, self.previous_plain);
            *block = next;
            self.previous_cipher = next;
            self.previous_plain = plain;
        }
    }
}

struct Decrypt<'a, W> {
    blocks: &'a mut [Block],
    previous_cipher: Block,
    previous_plain: Block,
    watch: W,
}

impl<W> BlockSizeUser for Decrypt<'_, W> {
    type BlockSize = U16;
}

impl<W: Watch> BlockCipherDecClosure for Decrypt<'_, W> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(mut self, backend: &B) {
        for at in 0..self.blocks.len() {
            let cipher = self.blocks[at];
            let mut next = xor(cipher, self.previous_plain);
            backend.decrypt_block_inplace(&mut next);
            let next = xor(next, self.previous_cipher);
            self.blocks[at] = next;
            self.previous_cipher = cipher;
            self.previous_plain = next;
            self.watch.decrypted(&self.blocks[..=at]);
        }
    }
}

// On arrays of bytes and not on `u128`: the compiler then stays in vector registers; two 8-byte
// stores cannot be forwarded to the 16-byte load of the cipher.
#[inline(always)]
fn xor(a: Block, b: Block) -> Block {
    Array(std::array::from_fn(|i| a.0[i] ^ b.0[i]))
}

#[inline]
fn as_blocks(data: &mut [u8]) -> &mut [Block] {
    assert_whole_blocks(data);
    Block::slice_as_chunks_mut(data).0
}

#[inline]
fn assert_whole_blocks(data: &[u8]) {
    assert!(
        data.len().is_multiple_of(16),
        "IGE takes whole blocks of 16 bytes"
    );
}
