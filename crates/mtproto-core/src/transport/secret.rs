//! Secrets of proxies (B26).

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Error, Misuse};

/// The longest domain in a secret, bytes.
const DOMAIN_LEN_MAX: usize = 182;

/// What a secret asks for beside the 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Any framing.
    Plain,
    /// Padded intermediate alone (`dd`).
    Padded,
    /// Inside what looks like TLS to this domain (`ee`).
    FakeTls {
        /// The domain that is named in the hello.
        domain: Vec<u8>,
    },
}

/// A secret. Zeroized, its key is never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ProxySecret {
    key: [u8; 16],
    #[zeroize(skip)]
    kind: SecretKind,
}

impl ProxySecret {
    /// From its parts.
    pub fn new(key: [u8; 16], kind: SecretKind) -> Self {
        Self { key, kind }
    }

    /// From what stands in a link: hex or base64url.
    ///
    /// # Errors
    /// [`Misuse::Secret`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = from_hex(text)
            .or_else(|| from_base64(text))
            .ok_or(Misuse::Secret)?;
        let (kind, key) = match &*bytes {
            key if key.len() == 16 => (SecretKind::Plain, key),
            [0xdd, key @ ..] if key.len() == 16 => (SecretKind::Padded, key),
            [0xee, rest @ ..] if rest.len() > 16 && rest.len() <= 16 + DOMAIN_LEN_MAX => {
                let (key, domain) = rest.split_at(16);
                let domain = domain.to_vec();
                (SecretKind::FakeTls { domain }, key)
            }
            _ => return Err(Misuse::Secret.into()),
        };
        Ok(Self {
            key: key.try_into().map_err(|_| Misuse::Secret)?,
            kind,
        })
    }

    /// The 16 bytes.
    pub fn key(&self) -> &[u8; 16] {
        &self.key
    }

    /// What else it says.
    pub fn kind(&self) -> &SecretKind {
        &self.kind
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let digit = |c: u8| char::from(c).to_digit(16);
            u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
        })
        .collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 & 0xffff | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}
