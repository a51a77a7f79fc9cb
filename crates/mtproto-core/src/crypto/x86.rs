//! The same as `ige` and the stitched hash, in the instructions of x86-64: AES-NI and SHA-NI.
//!
//! Portable code calls the cipher once a block through memory, and the compiler may not move a
//! hash's instructions between a cipher's. Written out, eight streams stay in registers and the
//! hash of a block runs while the next is decrypted. Measured on a Zen 4 core against the portable
//! code of this crate: eight streams of 1 KiB twice as fast, opening 64 KiB 1.5 times as fast.
//!
//! The functions are safe but for one thing: the processor must have the instructions, which
//! [`Features`] proves.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128,
    _mm_aesenclast_si128, _mm_aesimc_si128, _mm_aeskeygenassist_si128, _mm_alignr_epi8,
    _mm_blend_epi16, _mm_set_epi64x, _mm_setzero_si128, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32,
    _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_slli_si128, _mm_xor_si128,
};

use zeroize::Zeroize as _;

use super::hash::{BLOCK_LEN as HASH_BLOCK_LEN, SHA256_START};
use super::ige::LANES;
use super::kdf::AesKeyIv;

const ROUNDS: usize = 14;

/// Proof that the processor has AES-NI, SHA-NI and SSE4.1.
#[derive(Clone, Copy)]
pub(super) struct Features(());

impl Features {
    #[inline]
    pub(super) fn detect() -> Option<Self> {
        let present = std::is_x86_feature_detected!("aes")
            && std::is_x86_feature_detected!("sha")
            && std::is_x86_feature_detected!("sse4.1")
            && std::is_x86_feature_detected!("ssse3");
        present.then_some(Self(()))
    }

    /// Encrypts one stream.
    pub(super) fn encrypt(self, data: &mut [u8], key_iv: &AesKeyIv) {
        // SAFETY: `self` exists only if the processor has the instructions.
        #[allow(
            unsafe_code,
            reason = "calls code that was compiled for detected features"
        )]
        unsafe {
            encrypt_one(data, key_iv);
        }
    }

    /// Encrypts up to eight streams side by side.
    pub(super) fn encrypt_many(self, streams: [Option<(&mut [u8], &AesKeyIv)>; LANES]) {
        // SAFETY: `self` exists only if the processor has the instructions.
        #[allow(
            unsafe_code,
            reason = "calls code that was compiled for detected features"
        )]
        unsafe {
            encrypt_lanes(streams);
        }
    }

    /// Decrypts `data` and hashes `key_part` and the plaintext, but for the bytes behind the last
    /// whole block of the hash; gives its state.
    pub(super) fn decrypt_hashing(
        self,
        data: &mut [u8],
        key_iv: &AesKeyIv,
        key_part: &[u8; 32],
    ) -> [u32; 8] {
        // SAFETY: `self` exists only if the processor has the instructions.
        #[allow(
            unsafe_code,
            reason = "calls code that was compiled for detected features"
        )]
        unsafe {
            decrypt_hashing(data, key_iv, key_part)
        }
    }
}

/// Round keys; erased when dropped.
struct Schedule([__m128i; ROUNDS + 1]);

impl Drop for Schedule {
    fn drop(&mut self) {
        bytemuck::cast_mut::<_, [u64; 2 * (ROUNDS + 1)]>(&mut self.0).zeroize();
    }
}

#[inline(always)]
fn load(bytes: [u8; 16]) -> __m128i {
    bytemuck::cast(bytes)
}

#[inline(always)]
fn store(vector: __m128i) -> [u8; 16] {
    bytemuck::cast(vector)
}

#[inline(always)]
fn half(bytes: &[u8; 32], second: bool) -> __m128i {
    let mut block = [0u8; 16];
    block.copy_from_slice(if second { &bytes[16..] } else { &bytes[..16] });
    load(block)
}

#[inline]
#[target_feature(enable = "aes,sse4.1")]
fn mix(key: __m128i, word: __m128i) -> __m128i {
    let key = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
    let key = _mm_xor_si128(key, _mm_slli_si128::<8>(key));
    _mm_xor_si128(key, word)
}

#[inline]
#[target_feature(enable = "aes,sse4.1")]
fn expand(key: &[u8; 32]) -> Schedule {
    let (mut even, mut odd) = (half(key, false), half(key, true));
    let mut keys = [_mm_setzero_si128(); ROUNDS + 1];
    (keys[0], keys[1]) = (even, odd);
    macro_rules! pair {
        ($at:literal, $constant:literal) => {
            let word = _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<$constant>(odd));
            even = mix(even, word);
            let word = _mm_shuffle_epi32::<0xaa>(_mm_aeskeygenassist_si128::<0>(even));
            odd = mix(odd, word);
            (keys[$at], keys[$at + 1]) = (even, odd);
        };
    }
    pair!(2, 0x01);
    pair!(4, 0x02);
    pair!(6, 0x04);
    pair!(8, 0x08);
    pair!(10, 0x10);
    pair!(12, 0x20);
    let word = _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<0x40>(odd));
    keys[14] = mix(even, word);
    Schedule(keys)
}

#[target_feature(enable = "aes,sse4.1")]
fn encrypt_one(data: &mut [u8], key_iv: &AesKeyIv) {
    let keys = expand(key_iv.key());
    let keys = &keys.0;
    let mut cipher = half(key_iv.iv(), false);
    let mut previous_plain = half(key_iv.iv(), true);
    for block in data.as_chunks_mut::<16>().0 {
        let plain = load(*block);
        // The xor with the previous ciphertext is all that is added to the chain of rounds.
        let mut x = _mm_xor_si128(cipher, _mm_xor_si128(plain, keys[0]));
        for key in &keys[1..ROUNDS] {
            x = _mm_aesenc_si128(x, *key);
        }
        cipher = _mm_aesenclast_si128(x, _mm_xor_si128(keys[ROUNDS], previous_plain));
        previous_plain = plain;
        *block = store(cipher);
    }
}

/// A stream with its keys and what the next block is mixed with.
struct Lane<'a> {
    keys: Schedule,
    cipher: __m128i,
    previous_plain: __m128i,
    blocks: &'a mut [[u8; 16]],
}

#[target_feature(enable = "aes,sse4.1")]
fn encrypt_lanes(mut streams: [Option<(&mut [u8], &AesKeyIv)>; LANES]) {
    // Longest first: lanes that end drop off the tail.
    streams.sort_unstable_by_key(|stream| {
        std::cmp::Reverse(stream.as_ref().map_or(0, |(data, _)| data.len()))
    });
    let mut lanes: [Option<Lane<'_>>; LANES] = [const { None }; LANES];
    for (lane, stream) in lanes.iter_mut().zip(streams) {
        if let Some((data, key_iv)) = stream {
            *lane = Some(Lane {
                keys: expand(key_iv.key()),
                cipher: half(key_iv.iv(), false),
                previous_plain: half(key_iv.iv(), true),
                blocks: data.as_chunks_mut::<16>().0,
            });
        }
    }
    let mut at = 0;
    loop {
        let running =
            |lane: &&mut Option<Lane<'_>>| lane.as_ref().is_some_and(|lane| lane.blocks.len() > at);
        let count = lanes.iter_mut().filter(running).count();
        let Some(end) = count
            .checked_sub(1)
            .and_then(|last| lanes[last].as_ref().map(|lane| lane.blocks.len()))
        else {
            return;
        };
        let mut group = lanes[..count].iter_mut().flatten();
        macro_rules! run {
            ($n:literal) => {
                if let Some(group) = collect::<$n>(&mut group) {
                    encrypt_group(group, at, end);
                }
            };
        }
        match count {
            8 => run!(8),
            7 => run!(7),
            6 => run!(6),
            5 => run!(5),
            4 => run!(4),
            3 => run!(3),
            2 => run!(2),
            _ => run!(1),
        }
        at = end;
    }
}

fn collect<'a, 'b, const N: usize>(
    lanes: &mut impl Iterator<Item = &'a mut Lane<'b>>,
) -> Option<[&'a mut Lane<'b>; N]>
where
    'b: 'a,
{
    let mut group: [Option<&'a mut Lane<'b>>; N] = [const { None }; N];
    for slot in &mut group {
        *slot = lanes.next();
    }
    if group.iter().any(Option::is_none) {
        return None;
    }
    Some(group.map(|lane| lane.expect("checked above")))
}

#[inline]
#[target_feature(enable = "aes,sse4.1")]
fn encrypt_group<const N: usize>(lanes: [&mut Lane<'_>; N], from: usize, to: usize) {
    let mut cipher = [_mm_setzero_si128(); N];
    let mut previous_plain = [_mm_setzero_si128(); N];
    for i in 0..N {
        cipher[i] = lanes[i].cipher;
        previous_plain[i] = lanes[i].previous_plain;
    }
    for at in from..to {
        let mut x = [_mm_setzero_si128(); N];
        let mut last = [_mm_setzero_si128(); N];
        for i in 0..N {
            let plain = load(lanes[i].blocks[at]);
            x[i] = _mm_xor_si128(cipher[i], _mm_xor_si128(plain, lanes[i].keys.0[0]));
            last[i] = _mm_xor_si128(lanes[i].keys.0[ROUNDS], previous_plain[i]);
            previous_plain[i] = plain;
        }
        for round in 1..ROUNDS {
            for i in 0..N {
                x[i] = _mm_aesenc_si128(x[i], lanes[i].keys.0[round]);
            }
        }
        for i in 0..N {
            cipher[i] = _mm_aesenclast_si128(x[i], last[i]);
            lanes[i].blocks[at] = store(cipher[i]);
        }
    }
    for (i, lane) in lanes.into_iter().enumerate() {
        lane.cipher = cipher[i];
        lane.previous_plain = previous_plain[i];
    }
}

/// Decryption of one stream.
struct Decryption {
    keys: Schedule,
    previous_cipher: __m128i,
    plain: __m128i,
}

impl Decryption {
    #[inline]
    #[target_feature(enable = "aes,sse4.1")]
    fn new(key_iv: &AesKeyIv) -> Self {
        let forward = expand(key_iv.key());
        let mut keys = [_mm_setzero_si128(); ROUNDS + 1];
        keys[0] = forward.0[ROUNDS];
        keys[ROUNDS] = forward.0[0];
        for (round, key) in keys.iter_mut().enumerate().take(ROUNDS).skip(1) {
            *key = _mm_aesimc_si128(forward.0[ROUNDS - round]);
        }
        Self {
            keys: Schedule(keys),
            previous_cipher: half(key_iv.iv(), false),
            plain: half(key_iv.iv(), true),
        }
    }

    /// One block; four groups of rounds of a hash run between the rounds of the cipher.
    #[inline]
    #[target_feature(enable = "aes,sha,sse4.1,ssse3")]
    fn block(&mut self, block: &mut [u8; 16], hash: Option<(&mut HashState, usize)>) {
        let keys = &self.keys.0;
        let cipher = load(*block);
        let mut x = _mm_xor_si128(self.plain, _mm_xor_si128(cipher, keys[0]));
        let last = _mm_xor_si128(keys[ROUNDS], self.previous_cipher);
        if let Some((hash, group)) = hash {
            for quarter in 0..4 {
                let first = 1 + quarter * 4;
                for key in &keys[first..ROUNDS.min(first + 4)] {
                    x = _mm_aesdec_si128(x, *key);
                }
                hash_group(hash, group + quarter);
            }
        } else {
            for key in &keys[1..ROUNDS] {
                x = _mm_aesdec_si128(x, *key);
            }
        }
        self.plain = _mm_aesdeclast_si128(x, last);
        self.previous_cipher = cipher;
        *block = store(self.plain);
    }
}

/// The hash of one block on its way: two vectors of state and four of the message.
struct HashState {
    abef: __m128i,
    cdgh: __m128i,
    words: [__m128i; 4],
}

const K: [[u32; 4]; 16] = [
    [0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5],
    [0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5],
    [0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3],
    [0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174],
    [0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc],
    [0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da],
    [0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7],
    [0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967],
    [0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13],
    [0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85],
    [0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3],
    [0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070],
    [0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5],
    [0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3],
    [0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208],
    [0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2],
];

/// Rounds 4·group to 4·group + 3, and the words for four groups later.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn hash_group(hash: &mut HashState, group: usize) {
    let w = &mut hash.words;
    let (a, b, c, d) = (group & 3, (group + 1) & 3, (group + 2) & 3, (group + 3) & 3);
    let mut words = _mm_add_epi32(w[a], bytemuck::cast(K[group]));
    hash.cdgh = _mm_sha256rnds2_epu32(hash.cdgh, hash.abef, words);
    words = _mm_shuffle_epi32::<0x0e>(words);
    hash.abef = _mm_sha256rnds2_epu32(hash.abef, hash.cdgh, words);
    if group < 12 {
        let sum = _mm_add_epi32(
            _mm_sha256msg1_epu32(w[a], w[b]),
            _mm_alignr_epi8::<4>(w[d], w[c]),
        );
        w[a] = _mm_sha256msg2_epu32(sum, w[d]);
    }
}

impl HashState {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn new(state: [u32; 8]) -> Self {
        let [low, high]: [__m128i; 2] = bytemuck::cast(state);
        let low = _mm_shuffle_epi32::<0xb1>(low);
        let high = _mm_shuffle_epi32::<0x1b>(high);
        Self {
            abef: _mm_alignr_epi8::<8>(low, high),
            cdgh: _mm_blend_epi16::<0xf0>(high, low),
            words: [_mm_setzero_si128(); 4],
        }
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn state(&self) -> [u32; 8] {
        let low = _mm_shuffle_epi32::<0x1b>(self.abef);
        let high = _mm_shuffle_epi32::<0xb1>(self.cdgh);
        bytemuck::cast([
            _mm_blend_epi16::<0xf0>(low, high),
            _mm_alignr_epi8::<8>(high, low),
        ])
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn take_block(&mut self, blocks: &[[u8; 16]; 4]) {
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        for (word, block) in self.words.iter_mut().zip(blocks) {
            *word = _mm_shuffle_epi8(load(*block), swap);
        }
    }
}

#[target_feature(enable = "aes,sha,sse4.1,ssse3")]
fn decrypt_hashing(data: &mut [u8], key_iv: &AesKeyIv, key_part: &[u8; 32]) -> [u32; 8] {
    let mut decryption = Decryption::new(key_iv);
    let (blocks, _) = data.as_chunks_mut::<16>();
    let Some((head, rest)) = blocks.split_first_chunk_mut::<2>() else {
        return SHA256_START;
    };
    for block in head.iter_mut() {
        decryption.block(block, None);
    }
    let mut first = [[0u8; 16]; HASH_BLOCK_LEN / 16];
    first.as_flattened_mut()[..32].copy_from_slice(key_part);
    (first[2], first[3]) = (head[0], head[1]);
    let mut hash = HashState::new(SHA256_START);
    hash.take_block(&first);
    let (chunks, tail) = rest.as_chunks_mut::<4>();
    for chunk in chunks {
        let (abef, cdgh) = (hash.abef, hash.cdgh);
        for (i, block) in chunk.iter_mut().enumerate() {
            decryption.block(block, Some((&mut hash, 4 * i)));
        }
        hash.abef = _mm_add_epi32(hash.abef, abef);
        hash.cdgh = _mm_add_epi32(hash.cdgh, cdgh);
        hash.take_block(chunk);
    }
    let (abef, cdgh) = (hash.abef, hash.cdgh);
    for group in 0..16 {
        hash_group(&mut hash, group);
    }
    hash.abef = _mm_add_epi32(hash.abef, abef);
    hash.cdgh = _mm_add_epi32(hash.cdgh, cdgh);
    for block in tail {
        decryption.block(block, None);
    }
    hash.state()
}
