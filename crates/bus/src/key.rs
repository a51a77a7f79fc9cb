//! Authorization keys, as gateways need them.

use zeroize::Zeroizing;

use crate::id::{AuthKeyId, UserId};

/// A key that a handshake made and that must be durable before the client hears of it.
#[derive(Clone)]
pub struct NewKey {
    /// The lower 64 bits of its SHA-1.
    pub id: AuthKeyId,
    /// The 256 bytes of the key.
    pub key: Zeroizing<[u8; 256]>,
    /// The first salt, from the handshake (C47).
    pub first_salt: i64,
    /// Unix seconds after which a temporary key is gone; 0 for a permanent one (C52).
    pub expires_at: u32,
    /// When it was made, Unix seconds.
    pub created: u32,
}

/// What is known of a key.
#[derive(Clone)]
pub struct KeyFacts {
    /// The 256 bytes of the key.
    pub key: Zeroizing<[u8; 256]>,
    /// The first salt, from the handshake.
    pub first_salt: i64,
    /// When it was made, Unix seconds.
    pub created: u32,
    /// Unix seconds after which a temporary key is gone; 0 for a permanent one.
    pub expires_at: u32,
    /// The permanent key that a temporary one is bound to (C54). User and layer
    /// belong to that one.
    pub bound_to: Option<AuthKeyId>,
    /// Who is logged in by it.
    pub user: Option<UserId>,
    /// The layer that the client announced last with this key; 0 when it never did. Not yet clamped to a
    /// served one.
    pub layer: i32,
}
