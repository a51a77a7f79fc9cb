//! Server salts (D30–D36): computed, not stored.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::crypto::AuthKeyId;
use crate::service::FutureSalt;

/// How long a salt is the current one, seconds (D30).
pub const SALT_EPOCH_S: i64 = 1800;
/// How long the first salt of a key is accepted, seconds (D36).
const FIRST_SALT_LIFE_S: i64 = 3600;
/// The most salts given out at once (E51).
const FUTURE_SALTS_MAX: i32 = 64;

/// What all salts of a server are made from. Zeroized, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SaltSecret([u8; 32]);

impl SaltSecret {
    /// Takes the secret. Another one makes all salts given out invalid: so do servers that lost
    /// their memory of received ids (H48).
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The salt of a key in one epoch (D36).
    fn salt(&self, auth_key_id: AuthKeyId, epoch: i64) -> i64 {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(&auth_key_id.to_bytes());
        mac.update(&epoch.to_le_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Whether a client's salt is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltVerdict {
    /// It is accepted now.
    Valid,
    /// It is not: code 48 with the current one.
    Wrong,
}

/// The salts of one key around the present: computed once an epoch and not for every message.
#[derive(Clone)]
pub struct Salts {
    auth_key_id: AuthKeyId,
    /// The salt of the handshake and until when it is taken, Unix seconds.
    first: Option<(i64, i64)>,
    epoch: i64,
    /// Of the epoch before, this and the next.
    around: [i64; 3],
}

impl Salts {
    /// The salts of a key; `first` is the one of its handshake and when that was, Unix seconds.
    pub fn new(auth_key_id: AuthKeyId, first: Option<(i64, i64)>) -> Self {
        Self {
            auth_key_id,
            first: first.map(|(salt, made_at_s)| (salt, made_at_s + FIRST_SALT_LIFE_S)),
            epoch: i64::MIN,
            around: [0; 3],
        }
    }

    /// The salt for outgoing messages (D33).
    pub fn current(&mut self, secret: &SaltSecret, now_unix_s: i64) -> i64 {
        self.refresh(secret, now_unix_s);
        self.around[1]
    }

    /// Judges a client's salt.
    pub fn judge(&mut self, secret: &SaltSecret, salt: i64, now_unix_s: i64) -> SaltVerdict {
        self.refresh(secret, now_unix_s);
        let is_first = self
            .first
            .is_some_and(|(first, until_s)| first == salt && now_unix_s < until_s);
        if is_first || self.around.contains(&salt) {
            SaltVerdict::Valid
        } else {
            SaltVerdict::Wrong
        }
    }

    /// The salts from now on (E51): each is really taken from `valid_since` on (D35).
    pub fn future(&mut self, secret: &SaltSecret, num: i32, now_unix_s: i64) -> Vec<FutureSalt> {
        let first = now_unix_s.div_euclid(SALT_EPOCH_S);
        let wire = |seconds: i64| i32::try_from(seconds).unwrap_or(i32::MAX);
        (first..first + i64::from(num.clamp(1, FUTURE_SALTS_MAX)))
            .map(|epoch| FutureSalt {
                valid_since_s: wire(epoch * SALT_EPOCH_S),
                valid_until_s: wire((epoch + 2) * SALT_EPOCH_S),
                salt: secret.salt(self.auth_key_id, epoch),
            })
            .collect()
    }

    fn refresh(&mut self, secret: &SaltSecret, now_unix_s: i64) {
        let epoch = now_unix_s.div_euclid(SALT_EPOCH_S);
        if epoch != self.epoch {
            self.epoch = epoch;
            self.around = [-1, 0, 1].map(|offset| secret.salt(self.auth_key_id, epoch + offset));
        }
    }
}
