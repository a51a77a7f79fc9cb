//! Diffie–Hellman over 2048 bits (C30–C36): constant-time powers, a table for the fixed base, and
//! the checks of groups and public values.

use std::sync::OnceLock;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048};
use crypto_primes::Flavor;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Error, PeerMisbehaved};

/// Length of the prime and of all values modulo it, bytes.
pub const DH_LEN: usize = 256;

/// The generator that goes with [`known_prime`] here (C34).
pub const KNOWN_GENERATOR: u32 = 3;

const LIMBS: usize = U2048::LIMBS;
/// Values closer to 0 or p than 2^1984 are refused (C32).
const MARGIN_BITS: u32 = 1984;

/// The prime every server uses and every client knows (C33): big-endian.
pub fn known_prime() -> [u8; DH_LEN] {
    known().prime_bytes()
}

const KNOWN_PRIME: &str = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f\
    48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37\
    20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
    2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4\
    a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754\
    fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
    e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f\
    0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

/// A secret exponent of 2048 bits, for one exchange (C36). Zeroized, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DhSecret(U2048);

impl DhSecret {
    /// Draws an exponent.
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = Zeroizing::new([0u8; DH_LEN]);
        rng.fill_bytes(&mut *bytes);
        Self::from_be_bytes(&bytes)
    }

    /// Takes a given exponent, big-endian.
    pub fn from_be_bytes(bytes: &[u8; DH_LEN]) -> Self {
        Self(U2048::from_be_slice(bytes))
    }

    pub(super) fn value(&self) -> U2048 {
        self.0
    }
}

/// A prime and a generator, with what makes powers fast.
pub struct DhGroup {
    generator: u32,
    params: FixedMontyParams<LIMBS>,
    table: OnceLock<FixedBase>,
}

fn known() -> &'static DhGroup {
    static KNOWN: OnceLock<DhGroup> = OnceLock::new();
    KNOWN.get_or_init(|| DhGroup::unchecked(U2048::from_be_hex(KNOWN_PRIME), KNOWN_GENERATOR))
}

impl DhGroup {
    /// The group every server uses: C71CAEB9…, generator 3.
    pub fn known() -> &'static Self {
        known()
    }

    /// A group that a server offers; the checks of C30 and C31 are made, for a prime that is not
    /// the known one by a primality test (some hundred milliseconds: cache the verdict).
    ///
    /// # Errors
    /// [`PeerMisbehaved::DhGroup`].
    pub fn checked(prime: &[u8], generator: i32) -> Result<Self, Error> {
        let refused = PeerMisbehaved::DhGroup;
        if prime.len() != DH_LEN || prime[0] < 0x80 {
            return Err(refused.into());
        }
        let p = U2048::from_be_slice(prime);
        let generator = u32::try_from(generator).map_err(|_| refused)?;
        if !generator_fits(&p, generator) {
            return Err(refused.into());
        }
        if *known().params.modulus().as_ref() != p && !crypto_primes::is_prime(Flavor::Safe, &p) {
            return Err(refused.into());
        }
        Ok(Self::unchecked(p, generator))
    }

    fn unchecked(prime: U2048, generator: u32) -> Self {
        let odd = Odd::new(prime).expect("a prime of 2048 bits is odd");
        Self {
            generator,
            params: FixedMontyParams::new_vartime(odd),
            table: OnceLock::new(),
        }
    }

    /// The prime, big-endian.
    pub fn prime_bytes(&self) -> [u8; DH_LEN] {
        to_bytes(self.params.modulus().as_ref())
    }

    /// The generator.
    pub fn generator(&self) -> u32 {
        self.generator
    }

    /// Builds the table for powers of the generator now (5.6 MB, some 30 ms) and not at the first
    /// use.
    pub fn prepare(&self) {
        self.table
            .get_or_init(|| FixedBase::new(self.generator, &self.params));
    }

    /// g^secret from the table, big-endian. Constant time.
    pub fn generator_pow(&self, secret: &DhSecret) -> [u8; DH_LEN] {
        let table = self
            .table
            .get_or_init(|| FixedBase::new(self.generator, &self.params));
        to_bytes(&table.pow(&secret.0, &self.params).retrieve())
    }

    /// g^secret without a table: for clients, which do it once or twice in their life.
    pub fn generator_pow_once(&self, secret: &DhSecret) -> [u8; DH_LEN] {
        self.pow(&U2048::from_u32(self.generator), secret)
    }

    /// public^secret, big-endian, left-padded (C43). Constant time.
    ///
    /// # Errors
    /// [`PeerMisbehaved::DhPublic`] if the value fails the checks of C32.
    pub fn shared(&self, public: &[u8], secret: &DhSecret) -> Result<[u8; DH_LEN], Error> {
        let public = self.check_public(public)?;
        Ok(self.pow(&public, secret))
    }

    /// Whether 2^1984 ≤ public ≤ p − 2^1984; leading zeros may be missing (C32, C42).
    ///
    /// # Errors
    /// [`PeerMisbehaved::DhPublic`].
    pub fn check(&self, public: &[u8]) -> Result<(), Error> {
        self.check_public(public).map(|_| ())
    }

    fn check_public(&self, public: &[u8]) -> Result<U2048, Error> {
        let value = from_bytes(public).ok_or(PeerMisbehaved::DhPublic)?;
        let margin = U2048::ONE.shl_vartime(MARGIN_BITS);
        let prime = self.params.modulus().as_ref();
        if value < margin || value > prime.wrapping_sub(&margin) {
            return Err(PeerMisbehaved::DhPublic.into());
        }
        Ok(value)
    }

    fn pow(&self, base: &U2048, secret: &DhSecret) -> [u8; DH_LEN] {
        let form = FixedMontyForm::new(base, &self.params);
        to_bytes(&form.pow_amm(&secret.0).retrieve())
    }

    pub(super) fn params(&self) -> &FixedMontyParams<LIMBS> {
        &self.params
    }

    pub(super) fn prime(&self) -> &U2048 {
        self.params.modulus().as_ref()
    }
}

/// C31: whether g generates the subgroup of prime order, by the residues of p.
fn generator_fits(prime: &U2048, generator: u32) -> bool {
    let residue = |divisor: u32| prime.rem_vartime(&nonzero(divisor)).as_words()[0];
    match generator {
        2 => residue(8) == 7,
        3 => residue(3) == 2,
        4 => true,
        5 => matches!(residue(5), 1 | 4),
        6 => matches!(residue(24), 19 | 23),
        7 => matches!(residue(7), 3 | 5 | 6),
        _ => false,
    }
}

fn nonzero(divisor: u32) -> crypto_bigint::NonZero<U2048> {
    crypto_bigint::NonZero::new(U2048::from_u32(divisor)).expect("divisors of C31 are not zero")
}

/// A number of at most 2048 bits; longer strings may only have leading zeros.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<U2048> {
    let start = bytes.iter().position(|byte| *byte != 0)?;
    let digits = &bytes[start..];
    let mut padded = Zeroizing::new([0u8; DH_LEN]);
    let at = DH_LEN.checked_sub(digits.len())?;
    padded[at..].copy_from_slice(digits);
    Some(U2048::from_be_slice(&*padded))
}

pub(super) fn to_bytes(value: &U2048) -> [u8; DH_LEN] {
    let mut bytes = [0u8; DH_LEN];
    for (chunk, word) in bytes.rchunks_exact_mut(8).zip(value.as_words()) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

const WINDOW_BITS: usize = 6;
const WINDOW_LEN: usize = 1 << WINDOW_BITS;
const WINDOWS: usize = 2048usize.div_ceil(WINDOW_BITS);

/// g^(d·64^w) for each digit d of each window w: one product a window and no squarings.
struct FixedBase {
    /// `WINDOWS` rows of `WINDOW_LEN` values in Montgomery form.
    rows: Box<[[u64; LIMBS]]>,
}

impl FixedBase {
    fn new(generator: u32, params: &FixedMontyParams<LIMBS>) -> Self {
        let mut rows = Vec::with_capacity(WINDOWS * WINDOW_LEN);
        let mut base = FixedMontyForm::new(&U2048::from_u32(generator), params);
        for _ in 0..WINDOWS {
            let mut power = FixedMontyForm::one(params);
            for _ in 0..WINDOW_LEN {
                rows.push(*power.as_montgomery().as_words());
                power *= &base;
            }
            base = power;
        }
        Self { rows: rows.into() }
    }

    fn pow(&self, exponent: &U2048, params: &FixedMontyParams<LIMBS>) -> FixedMontyForm<LIMBS> {
        let mut product = FixedMontyForm::one(params);
        for (window, row) in self.rows.chunks_exact(WINDOW_LEN).enumerate() {
            let factor = U2048::from_words(select(row, digit(exponent, window)));
            product *= &FixedMontyForm::from_montgomery(factor, params);
        }
        product
    }
}

/// The six bits of window `window`; which bits are read does not depend on their values.
fn digit(exponent: &U2048, window: usize) -> u64 {
    let words = exponent.as_words();
    let (word, bit) = (window * WINDOW_BITS / 64, window * WINDOW_BITS % 64);
    let mut value = words[word] >> bit;
    if bit > 64 - WINDOW_BITS && word + 1 < LIMBS {
        value |= words[word + 1] << (64 - bit);
    }
    value & (WINDOW_LEN as u64 - 1)
}

/// Reads the whole row and keeps one value: the address does not depend on the exponent.
fn select(row: &[[u64; LIMBS]], digit: u64) -> [u64; LIMBS] {
    let mut selected = [0u64; LIMBS];
    for (index, value) in row.iter().enumerate() {
        let chosen = (index as u64).ct_eq(&digit).unwrap_u8();
        let mask = u64::from(chosen).wrapping_neg();
        for (out, word) in selected.iter_mut().zip(value) {
            *out |= word & mask;
        }
    }
    selected
}
