//! Authorization keys.

use std::fmt;

use subtle::{Choice, ConstantTimeEq as _};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::hash::sha1;

/// Length of the key as the handshake makes it, bytes.
pub const AUTH_KEY_LEN: usize = 256;

/// The part of a key that messages use, bytes (D5a).
const MATERIAL_LEN: usize = 128;

/// The 64-bit name of an authorization key (C44). Zero marks plain messages and names no key (C51).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthKeyId(pub i64);

impl AuthKeyId {
    /// The eight bytes on the wire.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// From the eight bytes on the wire.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(i64::from_le_bytes(bytes))
    }
}

impl fmt::Debug for AuthKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthKeyId({:016x})", self.0)
    }
}

/// What seals and opens messages: the first 128 bytes of the key and its id. Secret: zeroized,
/// never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AuthKey {
    material: [u8; MATERIAL_LEN],
    #[zeroize(skip)]
    id: AuthKeyId,
}

impl AuthKey {
    /// A key from the store: its first 128 bytes and its id. The id cannot be computed from them.
    pub fn from_stored(id: AuthKeyId, material: [u8; MATERIAL_LEN]) -> Self {
        Self { material, id }
    }

    /// The name of the key.
    pub fn id(&self) -> AuthKeyId {
        self.id
    }

    /// The secret to store.
    pub fn material(&self) -> &[u8; MATERIAL_LEN] {
        &self.material
    }

    /// `auth_key[88+x..120+x]`, which starts every hash of a message (D2).
    #[inline]
    pub(super) fn hash_part(&self, x: usize) -> &[u8; 32] {
        self.material[88 + x..]
            .first_chunk()
            .expect("x is 0 or 8: 32 bytes follow")
    }
}

/// A key fresh from the handshake, whole. Secret: zeroized, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct FullAuthKey {
    bytes: [u8; AUTH_KEY_LEN],
}

impl FullAuthKey {
    /// Takes g^ab, left-padded to 256 bytes (C43).
    pub fn new(bytes: [u8; AUTH_KEY_LEN]) -> Self {
        Self { bytes }
    }

    /// The whole key; only clients that also speak with older software need it.
    pub fn as_bytes(&self) -> &[u8; AUTH_KEY_LEN] {
        &self.bytes
    }

    /// Its name (C44).
    pub fn id(&self) -> AuthKeyId {
        let [.., a, b, c, d, e, f, g, h] = self.digest();
        AuthKeyId::from_bytes([a, b, c, d, e, f, g, h])
    }

    /// The aux hash (C44): the server proves with it that both made the same key.
    pub fn aux_hash(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.digest();
        [a, b, c, d, e, f, g, h]
    }

    /// `new_nonce_hash` number 1 (ok), 2 (retry) or 3 (fail) (C45).
    pub fn new_nonce_hash(&self, new_nonce: &[u8; 32], number: u8) -> [u8; 16] {
        let digest = sha1(&[new_nonce, &[number], &self.aux_hash()]);
        let mut hash = [0u8; 16];
        hash.copy_from_slice(&digest[4..]);
        hash
    }

    /// The part that messages use.
    pub fn message_key(&self) -> AuthKey {
        let mut material = [0u8; MATERIAL_LEN];
        material.copy_from_slice(&self.bytes[..MATERIAL_LEN]);
        AuthKey {
            material,
            id: self.id(),
        }
    }

    /// Constant-time comparison.
    pub fn ct_eq(&self, other: &Self) -> Choice {
        self.bytes.ct_eq(&other.bytes)
    }

    fn digest(&self) -> [u8; 20] {
        sha1(&[&self.bytes])
    }
}
