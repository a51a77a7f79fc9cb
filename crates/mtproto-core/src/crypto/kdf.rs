//! Key derivations: from a message key (2.0 and 1.0) and from the nonces of a handshake.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::auth_key::AuthKey;
use super::hash::{sha1, sha256_short};
use super::ige::Block;
use super::seal::Side;

/// An AES-256 key with the two blocks that IGE starts from. Secret: zeroized, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AesKeyIv {
    key: [u8; 32],
    iv: [u8; 32],
}

impl AesKeyIv {
    /// Takes the parts; `iv[..16]` acts as the previous ciphertext, `iv[16..]` as the previous
    /// plaintext (D4).
    pub fn new(key: [u8; 32], iv: [u8; 32]) -> Self {
        Self { key, iv }
    }

    /// The key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Both starting blocks.
    pub fn iv(&self) -> &[u8; 32] {
        &self.iv
    }

    #[inline]
    pub(super) fn iv_blocks(&self) -> (Block, Block) {
        let mut blocks = [[0u8; 16]; 2];
        blocks.as_flattened_mut().copy_from_slice(&self.iv);
        (blocks[0].into(), blocks[1].into())
    }
}

/// The key of one message of `sender` (D3).
#[inline]
pub fn message_key_iv(auth_key: &AuthKey, msg_key: &[u8; 16], sender: Side) -> AesKeyIv {
    let x = sender.x();
    let secret = auth_key.material();
    let a = sha256_short([msg_key, &secret[x..x + 36]]);
    let b = sha256_short([&secret[40 + x..76 + x], msg_key]);
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&a[..8]);
    key[8..24].copy_from_slice(&b[8..24]);
    key[24..].copy_from_slice(&a[24..]);
    let mut iv = [0u8; 32];
    iv[..8].copy_from_slice(&b[..8]);
    iv[8..24].copy_from_slice(&a[8..24]);
    iv[24..].copy_from_slice(&b[24..]);
    AesKeyIv { key, iv }
}

/// The key of MTProto 1.0 (C.9), from the part of the authorization key that starts at `x`.
/// Only `auth.bindTempAuthKey` still uses it (D6).
pub(super) fn v1_key_iv(secret_from_x: &[u8; 128], msg_key: &[u8; 16]) -> AesKeyIv {
    let k = secret_from_x;
    let a = sha1(&[msg_key, &k[..32]]);
    let b = sha1(&[&k[32..48], msg_key, &k[48..64]]);
    let c = sha1(&[&k[64..96], msg_key]);
    let d = sha1(&[msg_key, &k[96..]]);
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&a[..8]);
    key[8..20].copy_from_slice(&b[8..20]);
    key[20..].copy_from_slice(&c[4..16]);
    let mut iv = [0u8; 32];
    iv[..12].copy_from_slice(&a[8..20]);
    iv[12..20].copy_from_slice(&b[..8]);
    iv[20..24].copy_from_slice(&c[16..20]);
    iv[24..].copy_from_slice(&d[..8]);
    AesKeyIv { key, iv }
}

/// The key that hides the Diffie–Hellman values of a handshake (C37). Nonces are byte strings:
/// their leading zeros count.
pub fn nonce_key_iv(server_nonce: &[u8; 16], new_nonce: &[u8; 32]) -> AesKeyIv {
    let new_server = sha1(&[new_nonce, server_nonce]);
    let server_new = sha1(&[server_nonce, new_nonce]);
    let new_new = sha1(&[new_nonce, new_nonce]);
    let mut key = [0u8; 32];
    key[..20].copy_from_slice(&new_server);
    key[20..].copy_from_slice(&server_new[..12]);
    let mut iv = [0u8; 32];
    iv[..8].copy_from_slice(&server_new[12..]);
    iv[8..28].copy_from_slice(&new_new);
    iv[28..].copy_from_slice(&new_nonce[..4]);
    AesKeyIv { key, iv }
}
