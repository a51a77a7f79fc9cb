//! What looks like TLS from outside (B27–B29d): hellos that prove a secret, then records.

use std::collections::{HashSet, VecDeque};

use bytes::{BufMut as _, BytesMut};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::error::{Error, PeerMisbehaved};

/// How old a hello may be, seconds (B29).
pub const HELLO_AGE_MAX_S: i64 = 600;
/// How far ahead the clock of a client may be, seconds (B29).
pub const HELLO_LEAD_MAX_S: i64 = 3;

/// The longest record read, bytes: what TLS allows with its overhead.
const RECORD_LEN_MAX: usize = 16384 + 256;
/// The longest record written, bytes (B29d).
const RECORD_WRITE_LEN_MAX: usize = 2878;
const RECORD_HEAD_LEN: usize = 5;
const RANDOM_AT: usize = 11;
const HELLO_LEN_MIN: usize = 76 + 4;
/// ChangeCipherSpec, sent once by either side.
const CHANGE_CIPHER_SPEC: [u8; 6] = [0x14, 0x03, 0x03, 0x00, 0x01, 0x01];

/// A verified hello of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Its random, to be remembered: a repeat is a probe (B29, H30).
    pub random: [u8; 32],
    session_id: [u8; 32],
    cipher_suite: [u8; 2],
}

impl ClientHello {
    /// The length of the whole record, once its head is there.
    pub(super) fn record_len(start: &[u8]) -> Option<usize> {
        let &[_, _, _, a, b] = start.first_chunk()?;
        Some(RECORD_HEAD_LEN + usize::from(u16::from_be_bytes([a, b])))
    }

    /// Verifies a record against a secret (B27–B29a).
    ///
    /// # Errors
    /// [`PeerMisbehaved::TlsHello`], whatever is wrong.
    pub fn verify(record: &[u8], secret: &[u8; 16], now_unix_s: i64) -> Result<Self, Error> {
        Self::check(record, secret, now_unix_s).ok_or_else(|| PeerMisbehaved::TlsHello.into())
    }

    fn check(record: &[u8], secret: &[u8; 16], now_unix_s: i64) -> Option<Self> {
        if record.len() < HELLO_LEN_MIN
            || Self::record_len(record) != Some(record.len())
            || record[..3] != [0x16, 0x03, 0x01]
            || record[5] != 0x01
            || record[9..11] != [0x03, 0x03]
            || record[43] != 0x20
        {
            return None;
        }
        let random: [u8; 32] = *record[RANDOM_AT..].first_chunk()?;
        let mut digest = hmac(
            secret,
            &[&record[..RANDOM_AT], &[0; 32], &record[RANDOM_AT + 32..]],
        );
        if !bool::from(digest[..28].ct_eq(&random[..28])) {
            return None;
        }
        for (out, byte) in digest.iter_mut().zip(random) {
            *out ^= byte;
        }
        let [.., a, b, c, d] = digest;
        let sent_at = i64::from(u32::from_le_bytes([a, b, c, d]));
        if !(now_unix_s - HELLO_AGE_MAX_S..=now_unix_s + HELLO_LEAD_MAX_S).contains(&sent_at) {
            return None;
        }
        Some(Self {
            random,
            session_id: *record[44..].first_chunk()?,
            cipher_suite: cipher_suite(&record[76..])?,
        })
    }
}

/// B29a: the first suite that is no GREASE must be one of TLS 1.3.
fn cipher_suite(after_session_id: &[u8]) -> Option<[u8; 2]> {
    let (len, suites) = after_session_id.split_first_chunk()?;
    let suites = suites.get(..usize::from(u16::from_be_bytes(*len)))?;
    let (pairs, _) = suites.as_chunks::<2>();
    let first = pairs.iter().find(|[a, b]| a != b || a & 0x0f != 0x0a)?;
    matches!(first, [0x13, 0x01..=0x03]).then_some(*first)
}

/// Randoms of recent hellos (B29). Bounded: the oldest are forgotten first.
#[derive(Default)]
pub struct HelloMemory {
    seen: HashSet<[u8; 32]>,
    order: VecDeque<(i64, [u8; 32])>,
}

impl HelloMemory {
    /// How many are kept.
    const LEN_MAX: usize = 100_000;
    /// How long they are kept, seconds: far beyond the window in which a hello is accepted.
    const AGE_MAX_S: i64 = 2 * 86_400;

    /// Remembers a random; `false` if it was there already.
    pub fn insert(&mut self, random: [u8; 32], now_unix_s: i64) -> bool {
        while let Some((at, oldest)) = self.order.front().copied() {
            if self.order.len() < Self::LEN_MAX && now_unix_s - at < Self::AGE_MAX_S {
                break;
            }
            self.order.pop_front();
            self.seen.remove(&oldest);
        }
        let new = self.seen.insert(random);
        if new {
            self.order.push_back((now_unix_s, random));
        }
        new
    }
}

/// The server's answer (B29b): ServerHello, ChangeCipherSpec and one record of random bytes.
pub fn server_hello(
    hello: &ClientHello,
    secret: &[u8; 16],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<u8> {
    let mut reply = Vec::with_capacity(4096);
    reply.extend_from_slice(&[
        0x16, 0x03, 0x03, 0x00, 0x7a, 0x02, 0x00, 0x00, 0x76, 0x03, 0x03,
    ]);
    reply.extend_from_slice(&[0; 32]);
    reply.push(0x20);
    reply.extend_from_slice(&hello.session_id);
    reply.extend_from_slice(&hello.cipher_suite);
    reply.extend_from_slice(&[0x00, 0x00, 0x2e]);
    reply.extend_from_slice(&[0x00, 0x33, 0x00, 0x24, 0x00, 0x1d, 0x00, 0x20]);
    push_random(&mut reply, 32, rng);
    reply.extend_from_slice(&[0x00, 0x2b, 0x00, 0x02, 0x03, 0x04]);
    reply.extend_from_slice(&CHANGE_CIPHER_SPEC);
    let certificate_len = 2500 + u16::try_from(rng.next_u32() % 1120).unwrap_or(0);
    reply.extend_from_slice(&[0x17, 0x03, 0x03]);
    reply.extend_from_slice(&certificate_len.to_be_bytes());
    push_random(&mut reply, certificate_len.into(), rng);
    let random = hmac(secret, &[&hello.random, &reply]);
    reply[RANDOM_AT..RANDOM_AT + 32].copy_from_slice(&random);
    reply
}

/// The client's check of it (B29c): `None` while more bytes are needed, then the length of the
/// answer.
///
/// # Errors
/// [`PeerMisbehaved::TlsHello`].
pub fn verify_server_hello(
    received: &[u8],
    client_random: &[u8; 32],
    secret: &[u8; 16],
) -> Result<Option<usize>, Error> {
    let wrong = || Error::from(PeerMisbehaved::TlsHello);
    let mut at = 0;
    for kind in [0x16, 0x14, 0x17] {
        let Some(head) = received.get(at..at + RECORD_HEAD_LEN) else {
            return Ok(None);
        };
        if head[..3] != [kind, 0x03, 0x03] {
            return Err(wrong());
        }
        let len = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if len > RECORD_LEN_MAX || (kind == 0x14 && len != 1) || (kind == 0x16 && len < 38) {
            return Err(wrong());
        }
        at += RECORD_HEAD_LEN + len;
    }
    let Some(reply) = received.get(..at) else {
        return Ok(None);
    };
    let expected = hmac(
        secret,
        &[
            client_random,
            &reply[..RANDOM_AT],
            &[0; 32],
            &reply[RANDOM_AT + 32..],
        ],
    );
    if !bool::from(expected.ct_eq(&reply[RANDOM_AT..RANDOM_AT + 32])) {
        return Err(wrong());
    }
    Ok(Some(at))
}

/// A hello of 517 bytes for `domain` (B27, B28).
pub fn client_hello(
    domain: &[u8],
    secret: &[u8; 16],
    now_unix_s: i64,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<u8> {
    const LEN: usize = 517;
    let grease = |rng: &mut _| {
        let value = (random_byte(rng) & 0xf0) | 0x0a;
        [value, value]
    };
    let mut record = vec![
        0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03,
    ];
    record.extend_from_slice(&[0; 32]);
    record.push(0x20);
    push_random(&mut record, 32, rng);
    record.extend_from_slice(&[0x00, 0x20]);
    record.extend_from_slice(&grease(rng));
    for suite in [
        0x1301u16, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
    ] {
        record.extend_from_slice(&suite.to_be_bytes());
    }
    record.extend_from_slice(&[0x01, 0x00]);
    let extensions_at = record.len();
    record.extend_from_slice(&[0, 0]);
    push_extensions(&mut record, domain, grease(rng), rng);
    let room = LEN.saturating_sub(record.len() + 4);
    push_extension(&mut record, 0x0015, &vec![0; room]);
    let extensions_len = record.len() - extensions_at - 2;
    put_len(&mut record, extensions_at, extensions_len);
    let total = record.len();
    put_len(&mut record, 3, total - RECORD_HEAD_LEN);
    put_len(&mut record, 7, total - 9);
    let mut random = hmac(secret, &[&record]);
    let now = u32::try_from(now_unix_s).unwrap_or(0).to_le_bytes();
    for (out, byte) in random[28..].iter_mut().zip(now) {
        *out ^= byte;
    }
    record[RANDOM_AT..RANDOM_AT + 32].copy_from_slice(&random);
    record
}

fn push_extensions(
    record: &mut Vec<u8>,
    domain: &[u8],
    grease: [u8; 2],
    rng: &mut (impl CryptoRng + ?Sized),
) {
    push_extension(record, u16::from_be_bytes(grease), &[]);
    let mut name = vec![0, 0, 0, 0, 0];
    name.extend_from_slice(domain);
    let len = name.len();
    put_len(&mut name, 0, len - 2);
    put_len(&mut name, 3, len - 5);
    push_extension(record, 0x0000, &name);
    push_extension(record, 0x0017, &[]);
    push_extension(record, 0xff01, &[0]);
    let [g, h] = grease;
    push_extension(record, 0x000a, &[0, 8, g, h, 0, 0x1d, 0, 0x17, 0, 0x18]);
    push_extension(record, 0x000b, &[1, 0]);
    push_extension(record, 0x0023, &[]);
    push_extension(record, 0x0010, b"\x00\x0c\x02h2\x08http/1.1");
    push_extension(record, 0x0005, &[1, 0, 0, 0, 0]);
    push_extension(
        record,
        0x000d,
        &[0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1],
    );
    push_extension(record, 0x0012, &[]);
    let mut share = vec![0, 0x29, g, h, 0, 1, 0, 0, 0x1d, 0, 0x20];
    push_random(&mut share, 32, rng);
    push_extension(record, 0x0033, &share);
    push_extension(record, 0x002d, &[1, 1]);
    push_extension(record, 0x002b, &[6, g, h, 3, 4, 3, 3]);
}

fn push_extension(record: &mut Vec<u8>, kind: u16, body: &[u8]) {
    record.extend_from_slice(&kind.to_be_bytes());
    let at = record.len();
    record.extend_from_slice(&[0, 0]);
    record.extend_from_slice(body);
    put_len(record, at, body.len());
}

fn put_len(record: &mut [u8], at: usize, len: usize) {
    let len = u16::try_from(len).unwrap_or(u16::MAX);
    record[at..at + 2].copy_from_slice(&len.to_be_bytes());
}

fn random_byte(rng: &mut (impl CryptoRng + ?Sized)) -> u8 {
    let [byte, ..] = rng.next_u32().to_le_bytes();
    byte
}

fn push_random(out: &mut Vec<u8>, len: usize, rng: &mut (impl CryptoRng + ?Sized)) {
    let at = out.len();
    out.resize(at + len, 0);
    rng.fill_bytes(&mut out[at..]);
}

pub(super) fn hmac(secret: &[u8; 16], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Takes records apart: gives what application data holds, in whatever pieces it arrives.
#[derive(Clone, Debug, Default)]
pub struct TlsReader {
    head: [u8; RECORD_HEAD_LEN],
    head_len: usize,
    left: usize,
}

impl TlsReader {
    /// Appends the content of `received` to `out`.
    ///
    /// # Errors
    /// [`PeerMisbehaved::FrameLen`] for a record of another kind or an impossible length.
    pub fn unwrap(&mut self, mut received: &[u8], out: &mut BytesMut) -> Result<(), Error> {
        while !received.is_empty() {
            if self.left > 0 {
                let (now, later) = received.split_at(self.left.min(received.len()));
                if self.head[0] == 0x17 {
                    out.extend_from_slice(now);
                }
                self.left -= now.len();
                received = later;
                continue;
            }
            let missing = RECORD_HEAD_LEN - self.head_len;
            let (now, later) = received.split_at(missing.min(received.len()));
            self.head[self.head_len..self.head_len + now.len()].copy_from_slice(now);
            self.head_len += now.len();
            received = later;
            if self.head_len == RECORD_HEAD_LEN {
                self.head_len = 0;
                self.left = self.checked_record_len()?;
            }
        }
        Ok(())
    }

    fn checked_record_len(&self) -> Result<usize, Error> {
        let [kind, major, minor, a, b] = self.head;
        let len = usize::from(u16::from_be_bytes([a, b]));
        let fits = match kind {
            0x14 => len == 1,
            0x17 => (1..=RECORD_LEN_MAX).contains(&len),
            _ => false,
        };
        if !fits || [major, minor] != [0x03, 0x03] {
            return Err(PeerMisbehaved::FrameLen.into());
        }
        Ok(len)
    }
}

/// Appends `data` as records; `first` puts ChangeCipherSpec before, as clients do once (B29d).
pub fn write_records(data: &[u8], first: bool, out: &mut BytesMut) {
    if first {
        out.extend_from_slice(&CHANGE_CIPHER_SPEC);
    }
    for chunk in data.chunks(RECORD_WRITE_LEN_MAX) {
        out.extend_from_slice(&[0x17, 0x03, 0x03]);
        out.put_u16(u16::try_from(chunk.len()).unwrap_or(u16::MAX));
        out.extend_from_slice(chunk);
    }
}
