//! `auth.bindTempAuthKey`: the one place where MTProto 1.0 is still spoken (C54, C55, D6).

use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use super::auth_key::{AuthKey, AuthKeyId};
use super::hash::sha1;
use super::ige::{ige_decrypt, ige_encrypt};
use super::kdf::v1_key_iv;
use crate::error::{Error, PeerMisbehaved};
use crate::service::id;

/// Length of `encrypted_message`, bytes.
pub const BIND_MESSAGE_LEN: usize = 104;

const HEAD_LEN: usize = 24;
const INNER_LEN: usize = 40;
const HASHED_LEN: usize = 32 + INNER_LEN;

/// `bind_auth_key_inner`: what the owner of the permanent key vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAuthKeyInner {
    /// The nonce of the call.
    pub nonce: i64,
    /// The temporary key, over which the call comes.
    pub temp_auth_key_id: AuthKeyId,
    /// The permanent key that it acts for.
    pub perm_auth_key_id: AuthKeyId,
    /// The session of the call.
    pub temp_session_id: i64,
    /// When the temporary key dies, Unix seconds.
    pub expires_at: i32,
}

/// Encrypts `inner` with the permanent key; `msg_id` is the one of the call that will carry it.
pub fn seal_bind(
    perm_key: &AuthKey,
    inner: &BindAuthKeyInner,
    msg_id: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> [u8; BIND_MESSAGE_LEN] {
    let mut message = [0u8; BIND_MESSAGE_LEN];
    let (head, plain) = message.split_at_mut(HEAD_LEN);
    rng.fill_bytes(&mut plain[..16]);
    plain[16..24].copy_from_slice(&msg_id.to_le_bytes());
    // seq_no is 0 already.
    plain[28..32].copy_from_slice(&40i32.to_le_bytes());
    plain[32..36].copy_from_slice(&id::BIND_AUTH_KEY_INNER.to_le_bytes());
    plain[36..44].copy_from_slice(&inner.nonce.to_le_bytes());
    plain[44..52].copy_from_slice(&inner.temp_auth_key_id.to_bytes());
    plain[52..60].copy_from_slice(&inner.perm_auth_key_id.to_bytes());
    plain[60..68].copy_from_slice(&inner.temp_session_id.to_le_bytes());
    plain[68..72].copy_from_slice(&inner.expires_at.to_le_bytes());
    rng.fill_bytes(&mut plain[HASHED_LEN..]);
    let msg_key = v1_msg_key(&plain[..HASHED_LEN]);
    ige_encrypt(plain, &v1_key_iv(perm_key.material(), &msg_key));
    head[..8].copy_from_slice(&perm_key.id().to_bytes());
    head[8..].copy_from_slice(&msg_key);
    message
}

/// Decrypts what the call carried, and checks that it was made for this very call.
///
/// The caller compares the fields with the key, the session and the arguments of the call (C55).
///
/// # Errors
/// [`PeerMisbehaved::Bind`], whatever is wrong.
pub fn open_bind(
    perm_key: &AuthKey,
    encrypted_message: &[u8],
    msg_id: i64,
) -> Result<BindAuthKeyInner, Error> {
    let mut message: [u8; BIND_MESSAGE_LEN] = encrypted_message
        .try_into()
        .map_err(|_| PeerMisbehaved::Bind)?;
    let (head, plain) = message.split_at_mut(HEAD_LEN);
    let mut msg_key = [0u8; 16];
    msg_key.copy_from_slice(&head[8..]);
    ige_decrypt(plain, &v1_key_iv(perm_key.material(), &msg_key));
    let genuine = v1_msg_key(&plain[..HASHED_LEN]).ct_eq(&msg_key)
        & head[..8].ct_eq(&perm_key.id().to_bytes());
    if !bool::from(genuine) {
        return Err(PeerMisbehaved::Bind.into());
    }
    if plain[16..24] != msg_id.to_le_bytes()
        || plain[28..32] != 40i32.to_le_bytes()
        || plain[32..36] != id::BIND_AUTH_KEY_INNER.to_le_bytes()
    {
        return Err(PeerMisbehaved::Bind.into());
    }
    Ok(BindAuthKeyInner {
        nonce: long_at(plain, 36),
        temp_auth_key_id: AuthKeyId(long_at(plain, 44)),
        perm_auth_key_id: AuthKeyId(long_at(plain, 52)),
        temp_session_id: long_at(plain, 60),
        expires_at: i32::from_le_bytes([plain[68], plain[69], plain[70], plain[71]]),
    })
}

fn long_at(data: &[u8], at: usize) -> i64 {
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(&data[at..at + 8]);
    i64::from_le_bytes(bytes)
}

/// The message key of MTProto 1.0 leaves the padding out.
pub(super) fn v1_msg_key(plain: &[u8]) -> [u8; 16] {
    let digest = sha1(&[plain]);
    let mut msg_key = [0u8; 16];
    msg_key.copy_from_slice(&digest[4..]);
    msg_key
}
