//! `gzip_packed` (E34, E35, E42, H53).

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;
use tl::{Layer, Reader, Writer};

use crate::error::{Error, PeerMisbehaved};
use crate::service::id;

/// The most that one message may decompress to, bytes (E42).
pub const GZIP_OUTPUT_LEN_MAX: usize = 8 << 20;

/// Decompresses a `gzip_packed` object; gzip and zlib are accepted, nesting is not (E35).
///
/// # Errors
/// [`PeerMisbehaved::Compressed`] if the data is broken, larger than `len_max` or packed again.
pub fn gunzip(object: &Bytes, len_max: usize) -> Result<Bytes, Error> {
    let fault = PeerMisbehaved::Compressed;
    let mut reader = Reader::new(object);
    if reader.u32() != Ok(id::GZIP_PACKED) {
        return Err(fault.into());
    }
    let packed = reader.bytes().map_err(|_| fault)?;
    reader.finish().map_err(|_| fault)?;
    let limit = len_max as u64 + 1;
    let mut plain = Vec::new();
    let result = if packed.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(&*packed)
            .take(limit)
            .read_to_end(&mut plain)
    } else {
        ZlibDecoder::new(&*packed)
            .take(limit)
            .read_to_end(&mut plain)
    };
    result.map_err(|_| fault)?;
    if plain.len() > len_max || plain.starts_with(&id::GZIP_PACKED.to_le_bytes()) {
        return Err(fault.into());
    }
    Ok(plain.into())
}

/// Compresses an object to `gzip_packed`; `None` if that does not make it shorter.
pub fn gzip(object: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(object).ok()?;
    let packed = encoder.finish().ok()?;
    if packed.len() + 8 >= object.len() || packed.len() > tl::BYTES_LEN_MAX {
        return None;
    }
    let mut writer = Writer::new(Layer::NEWEST);
    writer.u32(id::GZIP_PACKED);
    writer.bytes(&packed);
    Some(writer.into_bytes())
}
