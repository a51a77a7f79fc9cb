//! Access hashes: who may name whom (P1).
//!
//! A hash is a keyed MAC of viewer, kind and target: nothing is stored, and a hash that leaks is of
//! no use to another account.

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use store::{DocumentId, PeerId, UserId};

/// Makes and checks access hashes.
#[derive(Clone)]
pub struct AccessHashes {
    mac: Hmac<Sha256>,
}

/// What kind of thing a hash is for; part of what is hashed.
const FILE: u8 = 16;
const FILE_REFERENCE: u8 = 17;

impl AccessHashes {
    /// From a secret that never changes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        let mac =
            Hmac::new_from_slice(&secret).unwrap_or_else(|_| unreachable!("any length is a key"));
        Self { mac }
    }

    /// The hash by which `viewer` names `peer`. Never 0.
    #[must_use]
    pub fn peer(&self, viewer: UserId, peer: PeerId) -> i64 {
        let (kind, id) = peer.parts();
        self.hash(kind, viewer.0, id)
    }

    /// The hash by which `viewer` names a photo or a document. Never 0.
    #[must_use]
    pub fn file(&self, viewer: UserId, id: DocumentId) -> i64 {
        self.hash(FILE, viewer.0, id.0)
    }

    /// The reference that `viewer` must give along with the hash. It does not expire (F2).
    #[must_use]
    pub fn file_reference(&self, viewer: UserId, id: DocumentId) -> Bytes {
        let mut reference = Vec::with_capacity(9);
        reference.push(1);
        reference.extend(self.hash(FILE_REFERENCE, viewer.0, id.0).to_le_bytes());
        reference.into()
    }

    /// A keyed hash of anything else; `kind` is from 32 on.
    #[must_use]
    pub fn other(&self, kind: u8, viewer: UserId, id: i64) -> i64 {
        self.hash(kind, viewer.0, id)
    }

    fn hash(&self, kind: u8, viewer: i64, id: i64) -> i64 {
        let mut mac = self.mac.clone();
        let mut text = [0; 17];
        text[0] = kind;
        text[1..9].copy_from_slice(&viewer.to_le_bytes());
        text[9..].copy_from_slice(&id.to_le_bytes());
        mac.update(&text);
        let tag = mac.finalize().into_bytes();
        let hash = tag
            .first_chunk()
            .map_or(0, |bytes| i64::from_le_bytes(*bytes));
        if hash == 0 { 1 } else { hash }
    }
}
