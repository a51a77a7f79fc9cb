//! RSA keys of a server (C9, I.4) and the raw operations.

use std::fmt;

use crypto_bigint::BoxedUint;
use rand_core::CryptoRng;
use rsa::hazmat::{rsa_decrypt, rsa_encrypt};
use rsa::pkcs1::{
    DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _, EncodeRsaPrivateKey as _,
    EncodeRsaPublicKey as _,
};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use zeroize::Zeroizing;

use super::hash::sha1;
use crate::error::{Error, Misuse};

/// Length of the modulus and of everything encrypted with it, bytes.
pub const RSA_LEN: usize = 256;

const RSA_BITS: u32 = 2048;

/// The public half of a server's key: what clients are built with.
#[derive(Clone)]
pub struct RsaPublicKey {
    key: rsa::PublicKey,
    modulus: [u8; RSA_LEN],
    fingerprint: i64,
}

impl RsaPublicKey {
    /// From modulus and exponent, big-endian.
    ///
    /// # Errors
    /// [`Misuse::RsaKey`] if this is no key of 2048 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, Error> {
        let n = BoxedUint::from_be_slice(n, RSA_BITS).map_err(|_| Misuse::RsaKey)?;
        let e = BoxedUint::from_be_slice(e, 64).map_err(|_| Misuse::RsaKey)?;
        Self::from_key(rsa::PublicKey::new(n, e).map_err(|_| Misuse::RsaKey)?)
    }

    /// From PKCS#1 text: `-----BEGIN RSA PUBLIC KEY-----`.
    ///
    /// # Errors
    /// [`Misuse::RsaKey`].
    pub fn from_pkcs1_pem(pem: &str) -> Result<Self, Error> {
        Self::from_key(rsa::PublicKey::from_pkcs1_pem(pem).map_err(|_| Misuse::RsaKey)?)
    }

    /// As PKCS#1 text, which every client library reads.
    ///
    /// # Errors
    /// [`Misuse::RsaKey`].
    pub fn to_pkcs1_pem(&self) -> Result<String, Error> {
        let pem = self.key.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF);
        Ok(pem.map_err(|_| Misuse::RsaKey)?)
    }

    fn from_key(key: rsa::PublicKey) -> Result<Self, Error> {
        let n = key.n_bytes();
        let modulus: [u8; RSA_LEN] = (&*n).try_into().map_err(|_| Misuse::RsaKey)?;
        if modulus[0] < 0x80 {
            return Err(Misuse::RsaKey.into());
        }
        let fingerprint = fingerprint(&n, &key.e_bytes());
        Ok(Self {
            key,
            modulus,
            fingerprint,
        })
    }

    /// The name of the key in `resPQ`: the low 64 bits of SHA-1 over the TL strings n and e.
    pub fn fingerprint(&self) -> i64 {
        self.fingerprint
    }

    /// The modulus, big-endian.
    pub fn modulus(&self) -> &[u8; RSA_LEN] {
        &self.modulus
    }

    /// The exponent, big-endian, without leading zeros.
    pub fn exponent(&self) -> Vec<u8> {
        self.key.e_bytes().into()
    }

    /// message^e mod n; `None` if the message is not below n.
    pub(super) fn raw_encrypt(&self, message: &[u8; RSA_LEN]) -> Option<[u8; RSA_LEN]> {
        if message >= &self.modulus {
            return None;
        }
        let message = BoxedUint::from_be_slice(message, RSA_BITS).ok()?;
        to_bytes(&rsa_encrypt(&self.key, &message).ok()?)
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({:016x})", self.fingerprint)
    }
}

/// A server's key. Secret: zeroized, never printed.
#[derive(Clone)]
pub struct RsaPrivateKey {
    key: rsa::PrivateKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Makes a new key of 2048 bits; takes a second or so.
    ///
    /// # Errors
    /// [`Error::Internal`] if the library fails.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, Error> {
        let key =
            rsa::PrivateKey::new(&mut &mut *rng, RSA_BITS as usize).map_err(|_| Error::Internal)?;
        Self::from_key(key)
    }

    /// From PKCS#1 (`BEGIN RSA PRIVATE KEY`) or PKCS#8 (`BEGIN PRIVATE KEY`) text.
    ///
    /// # Errors
    /// [`Misuse::RsaKey`] if this is no key of 2048 bits.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let key = rsa::PrivateKey::from_pkcs1_pem(pem)
            .or_else(|_| rsa::PrivateKey::from_pkcs8_pem(pem))
            .map_err(|_| Misuse::RsaKey)?;
        Self::from_key(key)
    }

    /// The key as PKCS#1 text, to be stored.
    ///
    /// # Errors
    /// [`Error::Internal`] if the library fails.
    pub fn to_pkcs1_pem(&self) -> Result<Zeroizing<String>, Error> {
        self.key
            .to_pkcs1_pem(rsa::pkcs1::LineEnding::LF)
            .map_err(|_| Error::Internal)
    }

    fn from_key(key: rsa::PrivateKey) -> Result<Self, Error> {
        let public = RsaPublicKey::from_key(key.to_public_key())?;
        Ok(Self { key, public })
    }

    /// The half to give away.
    pub fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// cipher^d mod n, blinded (C17, H32); `None` if the number is not below n.
    pub(super) fn raw_decrypt(
        &self,
        cipher: &[u8; RSA_LEN],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Zeroizing<[u8; RSA_LEN]>> {
        if cipher >= &self.public.modulus {
            return None;
        }
        let cipher = BoxedUint::from_be_slice(cipher, RSA_BITS).ok()?;
        let plain = Zeroizing::new(rsa_decrypt(Some(rng), &self.key, &cipher).ok()?);
        to_bytes(&plain).map(Zeroizing::new)
    }
}

fn to_bytes(value: &BoxedUint) -> Option<[u8; RSA_LEN]> {
    (&*value.to_be_bytes()).try_into().ok()
}

fn fingerprint(n: &[u8], e: &[u8]) -> i64 {
    let mut writer = tl::Writer::new(tl::Layer::NEWEST);
    writer.bytes(n);
    writer.bytes(e);
    let [.., a, b, c, d, e, f, g, h] = sha1(&[writer.as_slice()]);
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}
