//! The password check of two-step verification: SRP, both sides (G20–G29).

use crypto_bigint::U2048;
use crypto_bigint::modular::FixedMontyForm;
use rand_core::CryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::dh::{DH_LEN, DhGroup, DhSecret, from_bytes, to_bytes};
use super::hash::sha256;
use crate::error::{Error, PeerMisbehaved};

const PBKDF2_ROUNDS: u32 = 100_000;

/// A password with the salts of its account.
#[derive(Clone, Copy)]
pub struct SrpPassword<'a> {
    /// The password, UTF-8.
    pub password: &'a [u8],
    /// `salt1` of the algorithm.
    pub salt1: &'a [u8],
    /// `salt2` of the algorithm.
    pub salt2: &'a [u8],
}

impl SrpPassword<'_> {
    /// x (G21): 100,000 rounds of PBKDF2, 60 ms and more. Run it off the event loop.
    pub(super) fn exponent(&self) -> Zeroizing<[u8; 32]> {
        let salted = |data: &[u8], salt: &[u8]| Zeroizing::new(sha256(&[salt, data, salt]));
        let first = salted(&*salted(self.password, self.salt1), self.salt2);
        let mut stretched = Zeroizing::new([0u8; 64]);
        pbkdf2::pbkdf2_hmac::<Sha512>(&*first, self.salt1, PBKDF2_ROUNDS, &mut *stretched);
        salted(&*stretched, self.salt2)
    }
}

/// v = g^x: what the server keeps instead of a password (G21, G29). Expensive.
pub fn srp_verifier(group: &DhGroup, password: &SrpPassword<'_>) -> [u8; DH_LEN] {
    group.generator_pow_once(&wide(&password.exponent()))
}

/// What the client answers with: `inputCheckPasswordSRP.A` and `.M1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SrpClientProof {
    /// g^a.
    pub a: [u8; DH_LEN],
    /// The proof that both know the same key.
    pub m1: [u8; 32],
}

/// The client's side (G24, G26): answers the server's `srp_B`. Expensive.
///
/// # Errors
/// [`PeerMisbehaved::Srp`] if B is out of range or u is zero.
pub fn srp_client_proof(
    group: &DhGroup,
    password: &SrpPassword<'_>,
    srp_b: &[u8],
    secret: &DhSecret,
) -> Result<SrpClientProof, Error> {
    let params = group.params();
    let b = from_bytes(srp_b)
        .filter(|b| b < group.prime())
        .ok_or(PeerMisbehaved::Srp)?;
    let b_bytes = to_bytes(&b);
    let a = group.generator_pow_once(secret);
    let u = sha256(&[&a, &b_bytes]);
    if u == [0; 32] {
        return Err(PeerMisbehaved::Srp.into());
    }
    let x = password.exponent();
    let verifier = FixedMontyForm::new(&from_be(&group.generator_pow_once(&wide(&x))), params);
    let k = FixedMontyForm::new(&from_be_short(&multiplier(group)), params);
    let base = FixedMontyForm::new(&b, params) - k * verifier;
    // (B − kv)^(a + ux) as two powers: the sum of the exponents may pass 2048 bits.
    let ux = product(&u, &x);
    let shared = base.pow_amm(&secret.value()) * base.pow_amm(&ux);
    let shared_bytes = Zeroizing::new(to_bytes(&shared.retrieve()));
    let m1 = proof(
        group,
        password.salt1,
        password.salt2,
        &a,
        &b_bytes,
        &shared_bytes,
    );
    Ok(SrpClientProof { a, m1 })
}

/// One challenge of the server: b and the B that goes with it. For one answer, a few minutes long
/// (G28). Zeroized, never printed.
pub struct SrpServer {
    secret: DhSecret,
    b: [u8; DH_LEN],
    verifier: Zeroizing<[u8; DH_LEN]>,
}

/// Draws a challenge for the account whose verifier is `verifier` (G23). Expensive.
///
/// # Errors
/// [`PeerMisbehaved::Srp`] if the verifier is out of range.
pub fn srp_server_challenge(
    group: &DhGroup,
    verifier: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<SrpServer, Error> {
    SrpServer::with_secret(group, verifier, DhSecret::random(rng))
}

impl SrpServer {
    /// The deterministic inside of [`srp_server_challenge`].
    ///
    /// # Errors
    /// [`PeerMisbehaved::Srp`] if the verifier is not between 1 and p − 1 (G29).
    pub fn with_secret(group: &DhGroup, verifier: &[u8], secret: DhSecret) -> Result<Self, Error> {
        let params = group.params();
        let v = in_range(group, verifier)?;
        let k = FixedMontyForm::new(&from_be_short(&multiplier(group)), params);
        let power = FixedMontyForm::new(&from_be(&group.generator_pow(&secret)), params);
        let b = to_bytes(&(k * FixedMontyForm::new(&v, params) + power).retrieve());
        Ok(Self {
            secret,
            b,
            verifier: Zeroizing::new(to_bytes(&v)),
        })
    }

    /// `srp_B`.
    pub fn b(&self) -> &[u8; DH_LEN] {
        &self.b
    }

    /// Whether the client knows the password (G25, G26, G28). Expensive, constant time.
    ///
    /// # Errors
    /// [`PeerMisbehaved::Srp`] for a wrong proof and for an A out of range alike.
    pub fn verify(
        &self,
        group: &DhGroup,
        salt1: &[u8],
        salt2: &[u8],
        srp_a: &[u8],
        m1: &[u8],
    ) -> Result<(), Error> {
        let params = group.params();
        let a = in_range(group, srp_a)?;
        let a_bytes = to_bytes(&a);
        let u = sha256(&[&a_bytes, &self.b]);
        if u == [0; 32] {
            return Err(PeerMisbehaved::Srp.into());
        }
        let verifier = FixedMontyForm::new(&from_be(&self.verifier), params);
        let base =
            FixedMontyForm::new(&a, params) * verifier.pow_amm_bounded_exp(&from_be_short(&u), 256);
        let mut shared = base.pow_amm(&self.secret.value()).retrieve();
        let shared_bytes = Zeroizing::new(to_bytes(&shared));
        shared.zeroize();
        let expected = proof(group, salt1, salt2, &a_bytes, &self.b, &shared_bytes);
        if bool::from(expected.ct_eq(m1)) {
            Ok(())
        } else {
            Err(PeerMisbehaved::Srp.into())
        }
    }
}

/// 1 < value < p − 1 (G28): a multiple of p would make the shared key zero.
fn in_range(group: &DhGroup, value: &[u8]) -> Result<U2048, Error> {
    let value = from_bytes(value).ok_or(PeerMisbehaved::Srp)?;
    if value <= U2048::ONE || value >= group.prime().wrapping_sub(&U2048::ONE) {
        return Err(PeerMisbehaved::Srp.into());
    }
    Ok(value)
}

/// k (G22).
pub(super) fn multiplier(group: &DhGroup) -> [u8; 32] {
    sha256(&[&group.prime_bytes(), &generator_bytes(group)])
}

fn generator_bytes(group: &DhGroup) -> [u8; DH_LEN] {
    to_bytes(&U2048::from_u32(group.generator()))
}

/// M1 (G26).
fn proof(
    group: &DhGroup,
    salt1: &[u8],
    salt2: &[u8],
    a: &[u8; DH_LEN],
    b: &[u8; DH_LEN],
    shared: &[u8; DH_LEN],
) -> [u8; 32] {
    let mut mixed = sha256(&[&group.prime_bytes()]);
    for (out, byte) in mixed.iter_mut().zip(sha256(&[&generator_bytes(group)])) {
        *out ^= byte;
    }
    let key = Zeroizing::new(sha256(&[shared]));
    sha256(&[&mixed, &sha256(&[salt1]), &sha256(&[salt2]), a, b, &*key])
}

fn from_be(bytes: &[u8; DH_LEN]) -> U2048 {
    U2048::from_be_slice(bytes)
}

fn from_be_short(bytes: &[u8; 32]) -> U2048 {
    let mut padded = Zeroizing::new([0u8; DH_LEN]);
    padded[DH_LEN - 32..].copy_from_slice(bytes);
    U2048::from_be_slice(&*padded)
}

fn wide(bytes: &[u8; 32]) -> DhSecret {
    DhSecret::from_be_bytes(&to_bytes(&from_be_short(bytes)))
}

/// u·x, 512 bits at most.
fn product(u: &[u8; 32], x: &[u8; 32]) -> U2048 {
    from_be_short(u).wrapping_mul(&from_be_short(x))
}
