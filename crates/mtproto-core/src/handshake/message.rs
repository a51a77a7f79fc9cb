//! The messages of the exchange: reading and writing, no decisions.

use bytes::Bytes;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use tl::{Layer, Reader, Writer};
use zeroize::Zeroizing;

use crate::crypto::{AesKeyIv, ige_decrypt, ige_encrypt, sha1};
use crate::error::{Error, PeerMisbehaved};
use crate::service::id;

/// Length of the head of a plain message, bytes (C1).
const PLAIN_HEAD_LEN: usize = 20;
/// The longest plain message read, bytes: the longest request with TDLib's filler (C4) fits twice.
const PLAIN_LEN_MAX: usize = 2048;

/// A nonce of 16 bytes: not a number, its leading zeros count (C37).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// Draws one; never zero (C8).
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0u8; 16];
        while bytes == [0; 16] {
            rng.fill_bytes(&mut bytes);
        }
        Self(bytes)
    }
}

/// A plain message (C1): `msg_id` is the sender's, `data` one object.
pub fn plain_message(msg_id: i64, data: &[u8]) -> Bytes {
    let mut writer = Writer::new(Layer::NEWEST);
    writer.reserve(PLAIN_HEAD_LEN + data.len());
    writer.i64(0);
    writer.i64(msg_id);
    writer.u32(u32::try_from(data.len()).unwrap_or(u32::MAX));
    writer.raw(data);
    writer.into_bytes()
}

/// Takes the data out of a plain message; the sender's id is not looked at (C3).
///
/// # Errors
/// [`PeerMisbehaved::Plain`].
pub fn read_plain_message(packet: &Bytes) -> Result<Bytes, Error> {
    let fault = PeerMisbehaved::Plain;
    let head = packet.get(..PLAIN_HEAD_LEN).ok_or(fault)?;
    let len = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
    let len = usize::try_from(len).map_err(|_| fault)?;
    // C4: filler may stand inside or after the declared length.
    if head[..8] != [0; 8] || len < 4 || len > packet.len() - PLAIN_HEAD_LEN {
        return Err(fault.into());
    }
    if packet.len() > PLAIN_LEN_MAX {
        return Err(fault.into());
    }
    Ok(packet.slice(PLAIN_HEAD_LEN..PLAIN_HEAD_LEN + len))
}

/// Which of the four inner constructors a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerKind {
    /// `p_q_inner_data`
    Plain,
    /// `p_q_inner_data_dc`
    Dc(i32),
    /// `p_q_inner_data_temp`, with the life of the key in seconds.
    Temp(i32),
    /// `p_q_inner_data_temp_dc`: data centre, life of the key in seconds.
    TempDc(i32, i32),
}

impl InnerKind {
    /// The data centre, if the constructor names one.
    pub fn dc_id(self) -> Option<i32> {
        match self {
            Self::Dc(dc_id) | Self::TempDc(dc_id, _) => Some(dc_id),
            Self::Plain | Self::Temp(_) => None,
        }
    }

    /// The life of the key, seconds; `None` for a permanent key.
    pub fn expires_in_s(self) -> Option<i32> {
        match self {
            Self::Temp(expires_in_s) | Self::TempDc(_, expires_in_s) => Some(expires_in_s),
            Self::Plain | Self::Dc(_) => None,
        }
    }
}

/// `p_q_inner_data…`
pub(super) struct PqInner {
    pub(super) pq: Bytes,
    pub(super) p: Bytes,
    pub(super) q: Bytes,
    pub(super) nonce: Nonce,
    pub(super) server_nonce: Nonce,
    pub(super) new_nonce: Zeroizing<[u8; 32]>,
    pub(super) kind: InnerKind,
}

impl PqInner {
    /// Reads one from the beginning of `data`; gives its length too.
    pub(super) fn read(data: &Bytes) -> Option<(Self, usize)> {
        let mut reader = Reader::new(data);
        let constructor = reader.u32().ok()?;
        let mut inner = Self {
            pq: reader.bytes().ok()?,
            p: reader.bytes().ok()?,
            q: reader.bytes().ok()?,
            nonce: Nonce(reader.array().ok()?),
            server_nonce: Nonce(reader.array().ok()?),
            new_nonce: Zeroizing::new(reader.array().ok()?),
            kind: InnerKind::Plain,
        };
        inner.kind = match constructor {
            id::P_Q_INNER_DATA => InnerKind::Plain,
            id::P_Q_INNER_DATA_DC => InnerKind::Dc(reader.i32().ok()?),
            id::P_Q_INNER_DATA_TEMP => InnerKind::Temp(reader.i32().ok()?),
            id::P_Q_INNER_DATA_TEMP_DC => InnerKind::TempDc(reader.i32().ok()?, reader.i32().ok()?),
            _ => return None,
        };
        Some((inner, data.len() - reader.remaining()))
    }

    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new(Layer::NEWEST);
        writer.u32(match self.kind {
            InnerKind::Plain => id::P_Q_INNER_DATA,
            InnerKind::Dc(_) => id::P_Q_INNER_DATA_DC,
            InnerKind::Temp(_) => id::P_Q_INNER_DATA_TEMP,
            InnerKind::TempDc(..) => id::P_Q_INNER_DATA_TEMP_DC,
        });
        writer.bytes(&self.pq);
        writer.bytes(&self.p);
        writer.bytes(&self.q);
        writer.raw(&self.nonce.0);
        writer.raw(&self.server_nonce.0);
        writer.raw(&*self.new_nonce);
        for number in [self.kind.dc_id(), self.kind.expires_in_s()]
            .into_iter()
            .flatten()
        {
            writer.i32(number);
        }
        Zeroizing::new(writer.into_vec())
    }
}

/// A request, as a server reads it.
pub(super) enum Request {
    Pq {
        nonce: Nonce,
    },
    DhParams(DhParamsRequest),
    SetDhParams(SetDhParamsRequest),
    /// A plain `msgs_ack`, which some clients send (C2).
    Ack,
}

pub(super) struct DhParamsRequest {
    pub(super) nonce: Nonce,
    pub(super) server_nonce: Nonce,
    pub(super) p: Bytes,
    pub(super) q: Bytes,
    pub(super) fingerprint: i64,
    pub(super) encrypted_data: Bytes,
}

pub(super) struct SetDhParamsRequest {
    pub(super) nonce: Nonce,
    pub(super) server_nonce: Nonce,
    pub(super) encrypted_data: Bytes,
}

impl Request {
    /// C2: these four functions and nothing else.
    pub(super) fn read(data: &Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(data);
        let request = match reader.u32()? {
            id::REQ_PQ | id::REQ_PQ_MULTI => Self::Pq {
                nonce: Nonce(reader.array()?),
            },
            id::REQ_DH_PARAMS => Self::DhParams(DhParamsRequest {
                nonce: Nonce(reader.array()?),
                server_nonce: Nonce(reader.array()?),
                p: reader.bytes()?,
                q: reader.bytes()?,
                fingerprint: reader.i64()?,
                encrypted_data: reader.bytes()?,
            }),
            id::SET_CLIENT_DH_PARAMS => Self::SetDhParams(SetDhParamsRequest {
                nonce: Nonce(reader.array()?),
                server_nonce: Nonce(reader.array()?),
                encrypted_data: reader.bytes()?,
            }),
            id::MSGS_ACK => Self::Ack,
            _ => return Err(PeerMisbehaved::Handshake.into()),
        };
        Ok(request)
    }
}

/// `req_pq_multi`
pub(super) fn req_pq(nonce: Nonce) -> Bytes {
    let mut writer = Writer::new(Layer::NEWEST);
    writer.u32(id::REQ_PQ_MULTI);
    writer.raw(&nonce.0);
    writer.into_bytes()
}

/// `req_DH_params`
pub(super) fn req_dh_params(request: &DhParamsRequest) -> Bytes {
    let mut writer = Writer::new(Layer::NEWEST);
    writer.u32(id::REQ_DH_PARAMS);
    writer.raw(&request.nonce.0);
    writer.raw(&request.server_nonce.0);
    writer.bytes(&request.p);
    writer.bytes(&request.q);
    writer.i64(request.fingerprint);
    writer.bytes(&request.encrypted_data);
    writer.into_bytes()
}

/// A constructor that begins with both nonces and ends with one byte string.
pub(super) fn nonces_and_bytes(
    constructor: u32,
    nonce: Nonce,
    server_nonce: Nonce,
    bytes: &[u8],
) -> Bytes {
    let mut writer = nonces(constructor, nonce, server_nonce);
    writer.bytes(bytes);
    writer.into_bytes()
}

/// `dh_gen_…`
pub(super) fn dh_gen(
    constructor: u32,
    nonce: Nonce,
    server_nonce: Nonce,
    new_nonce_hash: &[u8; 16],
) -> Bytes {
    let mut writer = nonces(constructor, nonce, server_nonce);
    writer.raw(new_nonce_hash);
    writer.into_bytes()
}

pub(super) fn nonces(constructor: u32, nonce: Nonce, server_nonce: Nonce) -> Writer {
    let mut writer = Writer::new(Layer::NEWEST);
    writer.u32(constructor);
    writer.raw(&nonce.0);
    writer.raw(&server_nonce.0);
    writer
}

/// Reads constructor and both nonces, and compares the nonces.
pub(super) fn expect_nonces(
    reader: &mut Reader<'_>,
    nonce: Nonce,
    server_nonce: Nonce,
) -> Result<u32, Error> {
    let constructor = reader.u32()?;
    let theirs: [u8; 32] = reader.array()?;
    let same = theirs[..16].ct_eq(&nonce.0) & theirs[16..].ct_eq(&server_nonce.0);
    if bool::from(same) {
        Ok(constructor)
    } else {
        Err(PeerMisbehaved::Handshake.into())
    }
}

/// SHA-1, data and under 16 random bytes, encrypted (C38, C41).
pub(super) fn encrypt_hashed(
    data: &[u8],
    key_iv: &AesKeyIv,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<u8> {
    let mut encrypted = Vec::with_capacity(data.len() + 36);
    encrypted.extend_from_slice(&sha1(&[data]));
    encrypted.extend_from_slice(data);
    let end = encrypted.len();
    encrypted.resize(end.next_multiple_of(16), 0);
    rng.fill_bytes(&mut encrypted[end..]);
    ige_encrypt(&mut encrypted, key_iv);
    encrypted
}

/// The inverse: gives the object that `read` reads, if the hash vouches for exactly its bytes and
/// under 16 bytes follow. The hash is compared whatever `read` says.
pub(super) fn decrypt_hashed<T>(
    encrypted: &[u8],
    key_iv: &AesKeyIv,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Option<T> {
    const HASH_LEN: usize = 20;
    if encrypted.len() <= HASH_LEN || !encrypted.len().is_multiple_of(16) {
        return None;
    }
    let mut plain = encrypted.to_vec();
    ige_decrypt(&mut plain, key_iv);
    let plain = Bytes::from(plain);
    let body = plain.slice(HASH_LEN..);
    let mut reader = Reader::new(&body);
    let object = read(&mut reader);
    let padding = reader.remaining();
    let len = if padding < 16 {
        body.len() - padding
    } else {
        body.len()
    };
    let genuine = bool::from(sha1(&[&body[..len]]).ct_eq(&plain[..HASH_LEN]));
    object.filter(|_| genuine && padding < 16)
}
