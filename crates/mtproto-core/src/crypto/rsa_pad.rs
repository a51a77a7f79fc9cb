//! The two paddings of the handshake's RSA step: `RSA_PAD` and the older one (C20–C24).

use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use super::hash::{sha1, sha256};
use super::ige::{ige_decrypt, ige_encrypt};
use super::kdf::AesKeyIv;
use super::rsa_key::{RSA_LEN, RsaPrivateKey, RsaPublicKey};

/// The longest inner data that `RSA_PAD` takes, bytes.
pub const RSA_PAD_DATA_MAX: usize = 144;

const PADDED_LEN: usize = 192;
const LEGACY_LEN: usize = 255;
/// Lengths that inner data can have when pq takes eight bytes and p and q four (C23).
const INNER_LENS: [u8; 3] = [96, 100, 104];

/// Whether a server reads the older padding with this key (C24, H24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyPadding {
    /// Both paddings: Telethon, Pyrogram and their relatives know only the older one.
    Accepted,
    /// `RSA_PAD` alone.
    Refused,
}

/// Encrypts `data`, at most 144 bytes, with `RSA_PAD` (C20).
///
/// # Panics
/// `data` is longer.
pub fn rsa_pad(
    key: &RsaPublicKey,
    data: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> [u8; RSA_LEN] {
    let mut padding = [0u8; PADDED_LEN];
    rng.fill_bytes(&mut padding);
    loop {
        let mut temp_key = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(&mut *temp_key);
        if let Some(encrypted) = rsa_pad_with(key, data, &padding[data.len()..], &temp_key) {
            return encrypted;
        }
    }
}

/// The deterministic inside of [`rsa_pad`]; `None` if the number is not below n and another
/// `temp_key` must be drawn.
///
/// # Panics
/// `data` and `padding` are not 192 bytes together.
pub fn rsa_pad_with(
    key: &RsaPublicKey,
    data: &[u8],
    padding: &[u8],
    temp_key: &[u8; 32],
) -> Option<[u8; RSA_LEN]> {
    assert!(data.len() <= RSA_PAD_DATA_MAX && data.len() + padding.len() == PADDED_LEN);
    let mut number = Zeroizing::new([0u8; RSA_LEN]);
    let (key_part, body) = number.split_at_mut(32);
    body[..data.len()].copy_from_slice(data);
    body[data.len()..PADDED_LEN].copy_from_slice(padding);
    let hash = sha256(&[temp_key, &body[..PADDED_LEN]]);
    body[..PADDED_LEN].reverse();
    body[PADDED_LEN..].copy_from_slice(&hash);
    ige_encrypt(body, &AesKeyIv::new(*temp_key, [0; 32]));
    let mask = sha256(&[body]);
    for ((out, key), mask) in key_part.iter_mut().zip(temp_key).zip(mask) {
        *out = key ^ mask;
    }
    key.raw_encrypt(&number)
}

/// Encrypts `data` with the older padding: SHA-1, data, random bytes (C22).
///
/// # Panics
/// `data` is longer than 235 bytes.
pub fn legacy_pad(key: &RsaPublicKey, data: &[u8], padding: &[u8]) -> [u8; RSA_LEN] {
    assert!(data.len() + padding.len() + 20 == LEGACY_LEN);
    let mut number = Zeroizing::new([0u8; RSA_LEN]);
    number[1..21].copy_from_slice(&sha1(&[data]));
    number[21..21 + data.len()].copy_from_slice(data);
    number[21 + data.len()..].copy_from_slice(padding);
    key.raw_encrypt(&number)
        .expect("a number of 255 bytes is below a modulus of 256")
}

/// Verified inner data: a hash vouches for it, the content is not looked at yet.
pub struct InnerData {
    bytes: Zeroizing<[u8; PADDED_LEN]>,
    /// The length the hash vouched for; `RSA_PAD` covers everything and knows none.
    len: Option<usize>,
}

impl InnerData {
    /// The data, followed by padding unless the length is known.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len.unwrap_or(PADDED_LEN)]
    }

    /// How long the data is, if the hash says so (older padding, C23).
    pub fn vouched_len(&self) -> Option<usize> {
        self.len
    }
}

/// Decrypts `encrypted_data` with either padding (C17, C21, C23).
///
/// Both verdicts are always computed, in the same time, and before anything is parsed; failures are
/// alike (C24, H23).
pub fn recover_inner(
    key: &RsaPrivateKey,
    encrypted: &[u8; RSA_LEN],
    legacy: LegacyPadding,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Option<InnerData> {
    // A number that is not below n still costs one private operation.
    let outside = encrypted >= key.public().modulus();
    let number = if outside {
        key.raw_decrypt(&[1; RSA_LEN], rng)?
    } else {
        key.raw_decrypt(encrypted, rng)?
    };
    let (mut bytes, padded) = verdict_of_rsa_pad(&number);
    let (legacy_len, legacy_verdict) = verdict_of_legacy(&number);
    let legacy_verdict = legacy_verdict & Choice::from(u8::from(legacy == LegacyPadding::Accepted));
    for (out, byte) in bytes.iter_mut().zip(&number[21..21 + PADDED_LEN]) {
        out.conditional_assign(byte, legacy_verdict & !padded);
    }
    let valid = (padded | legacy_verdict) & Choice::from(u8::from(!outside));
    if !bool::from(valid) {
        return None;
    }
    let len = (!bool::from(padded)).then(|| usize::from(legacy_len));
    Some(InnerData { bytes, len })
}

/// C21.
fn verdict_of_rsa_pad(number: &[u8; RSA_LEN]) -> (Zeroizing<[u8; PADDED_LEN]>, Choice) {
    let (key_part, body) = number.split_at(32);
    let mask = sha256(&[body]);
    let mut temp_key = Zeroizing::new([0u8; 32]);
    for ((out, key), mask) in temp_key.iter_mut().zip(key_part).zip(mask) {
        *out = key ^ mask;
    }
    let mut plain = Zeroizing::new([0u8; RSA_LEN - 32]);
    plain.copy_from_slice(body);
    ige_decrypt(&mut *plain, &AesKeyIv::new(*temp_key, [0; 32]));
    let mut bytes = Zeroizing::new([0u8; PADDED_LEN]);
    bytes.copy_from_slice(&plain[..PADDED_LEN]);
    bytes.reverse();
    let hash = sha256(&[&*temp_key, &*bytes]);
    let verdict = hash.ct_eq(&plain[PADDED_LEN..]);
    (bytes, verdict)
}

/// C23: SHA-1 over each length that the data can have; only then is anything parsed.
fn verdict_of_legacy(number: &[u8; RSA_LEN]) -> (u8, Choice) {
    let mut len = 0u8;
    let mut verdict = Choice::from(0);
    for candidate in INNER_LENS {
        let matches = sha1(&[&number[21..21 + usize::from(candidate)]]).ct_eq(&number[1..21]);
        len.conditional_assign(&candidate, matches);
        verdict |= matches;
    }
    (len, verdict & number[0].ct_eq(&0))
}
