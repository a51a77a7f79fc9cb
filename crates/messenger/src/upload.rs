//! Uploads: parts in any order, put together once (G40–G45, U1–U8).
//!
//! A part is a piece of its own in the blob storage. Putting a file together copies nothing: the
//! stored blob is the list of its pieces, named by the SHA-256 of the whole, so that equal files
//! are kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_lock::Mutex;
use bytes::{Bytes, BytesMut};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use store::{Blob, FileId, UploadPart, UserId};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::time::Now;

/// The most bytes of one part.
pub const PART_LEN_MAX: usize = 512 * 1024;
/// The most parts of one file.
pub const PARTS_MAX: u32 = 8000;
/// How long parts are kept after the last one, seconds.
const UPLOAD_LIFE_S: u32 = 24 * 3600;
/// The most bytes of parts that one user may have waiting.
const PENDING_BYTES_MAX: u64 = 6 << 30;

/// Why a part or a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The part has no bytes.
    #[error("the part is empty")]
    Empty,
    /// The part is longer than [`PART_LEN_MAX`].
    #[error("the part is too long")]
    TooBig,
    /// There is no such part.
    #[error("no file has such a part")]
    PartInvalid,
    /// The file has too few or too many parts, or is of the other kind.
    #[error("no file has so many parts")]
    PartsInvalid,
    /// Parts that are not the last have different lengths, or the total changed.
    #[error("the parts differ in length")]
    SizeChanged,
    /// No part but a last one may be that long.
    #[error("no part is that long")]
    SizeInvalid,
    /// A part that is not the last has another length than the first (at assembly).
    #[error("a part is of another length than the first")]
    LengthInvalid,
    /// A part is missing.
    #[error("part {0} is missing")]
    Missing(u32),
    /// The MD5 is not that of the file.
    #[error("the checksum is wrong")]
    Checksum,
    /// The user has too much waiting.
    #[error("too much is waiting to be used")]
    Quota,
}

/// A part on its way in.
#[derive(Clone, Debug)]
pub struct IncomingPart {
    /// The file, named by the client.
    pub file: FileId,
    /// The part, from 0.
    pub part: i32,
    /// For big files the number of parts, −1 while it is not known.
    pub total: Option<i32>,
    /// Its bytes.
    pub bytes: Bytes,
    /// A random number that names the piece.
    pub piece: u64,
}

/// A file put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub size: u64,
}

/// Where the bytes of a blob are: all pieces but the last are equally long.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(crate) struct Pieces {
    #[n(0)]
    pub(crate) piece_len: u32,
    #[n(1)]
    pub(crate) names: Vec<u64>,
    #[n(2)]
    pub(crate) size: u64,
}

impl Record for Pieces {}

/// What is kept beside a part.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct PartFacts {
    #[n(0)]
    piece: u64,
    /// The part came for a big file.
    #[n(1)]
    big: bool,
    /// The number of parts as announced; 0 for not.
    #[n(2)]
    total: u32,
}

impl Record for PartFacts {}

/// An upload as it is known in memory.
#[derive(Default)]
pub(crate) struct Upload {
    parts: BTreeMap<u32, (u32, PartFacts)>,
    total: u32,
    /// The length of all parts together.
    bytes: u64,
}

/// The name of a piece.
pub(crate) fn piece_name(piece: u64) -> String {
    format!("{:02x}/{piece:016x}", piece >> 56)
}

impl Messenger {
    async fn upload(&self, user: UserId, file: FileId, now: Now) -> Result<Arc<Mutex<Upload>>> {
        // Whoever comes while it is being read waits for the same one.
        self.uploads
            .get_or_insert_async(&(user, file), self.read_upload(user, file, now))
            .await
    }

    async fn read_upload(
        &self,
        user: UserId,
        file: FileId,
        now: Now,
    ) -> Result<Arc<Mutex<Upload>>> {
        let mut upload = Upload::default();
        for part in self.store.upload_parts(user, file, now.unix_s()).await? {
            let facts = PartFacts::from_bytes(&part.facts)?;
            upload.total = upload.total.max(facts.total);
            upload.bytes += u64::from(part.size);
            upload.parts.insert(part.part, (part.size, facts));
        }
        Ok(Arc::new(Mutex::new(upload)))
    }

    /// Keeps a part (U1–U3). The same part again replaces it.
    ///
    /// # Errors
    /// Why it is not taken, or when the store fails.
    pub async fn save_part(&self, user: UserId, incoming: IncomingPart, now: Now) -> Result<()> {
        let (part, total) = check_part(&incoming)?;
        let size = u32::try_from(incoming.bytes.len()).map_err(|_| UploadError::TooBig)?;
        let upload = self.upload(user, incoming.file, now).await?;
        {
            let upload = upload.lock().await;
            upload.check(part, size, total)?;
        }
        self.blobs
            .put(&piece_name(incoming.piece), incoming.bytes)
            .await?;
        let facts = PartFacts {
            piece: incoming.piece,
            big: incoming.total.is_some(),
            total,
        };
        let row = UploadPart {
            part,
            size,
            expires_at: now.unix_s().saturating_add(UPLOAD_LIFE_S),
            facts: facts.to_bytes(),
        };
        let mut upload = upload.lock().await;
        self.store.put_upload_part(user, incoming.file, row).await?;
        upload.total = upload.total.max(total);
        upload.bytes += u64::from(size);
        if let Some((old, _)) = upload.parts.insert(part, (size, facts)) {
            upload.bytes -= u64::from(old);
        }
        Ok(())
    }

    /// Puts the parts of a file together (U5, U6). May be done again while the parts live.
    ///
    /// # Errors
    /// What is wrong with the parts, or when the store fails.
    pub async fn assemble(
        &self,
        user: UserId,
        file: FileId,
        parts: i32,
        big: bool,
        now: Now,
    ) -> Result<Assembled> {
        let upload = self.upload(user, file, now).await?;
        let upload = upload.lock().await;
        let count = u32::try_from(parts)
            .ok()
            .filter(|parts| (1..=PARTS_MAX).contains(parts))
            .ok_or(UploadError::PartsInvalid)?;
        let pieces = upload.pieces(count, big)?;
        let sha256 = self.hash_pieces(&pieces).await?;
        let blob = Blob {
            size: pieces.size,
            created: now.unix_s(),
            facts: pieces.to_bytes(),
        };
        // Whoever was first stays; pieces of the others go when their parts expire.
        self.store.claim_blob(sha256, blob).await?;
        Ok(Assembled {
            sha256,
            size: pieces.size,
        })
    }

    /// Stores bytes made by the server, like a smaller copy of a photo.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn store_bytes(&self, bytes: Bytes, piece: u64, now: Now) -> Result<Assembled> {
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        let size = bytes.len() as u64;
        if self.store.blob(sha256).await?.is_none() {
            self.blobs.put(&piece_name(piece), bytes).await?;
            let pieces = Pieces {
                piece_len: u32::try_from(size).unwrap_or(u32::MAX),
                names: vec![piece],
                size,
            };
            let blob = Blob {
                size,
                created: now.unix_s(),
                facts: pieces.to_bytes(),
            };
            self.store.claim_blob(sha256, blob).await?;
        }
        Ok(Assembled { sha256, size })
    }

    async fn hash_pieces(&self, pieces: &Pieces) -> Result<[u8; 32]> {
        let mut hasher = Sha256::new();
        for name in &pieces.names {
            let bytes = self
                .blobs
                .read(&piece_name(*name), 0, u64::from(pieces.piece_len))
                .await?;
            hasher.update(&bytes);
        }
        Ok(hasher.finalize().into())
    }

    /// Reads from a blob; fewer bytes, or none, at its end.
    ///
    /// # Errors
    /// When there is no such blob or the store fails.
    pub async fn read_blob(&self, sha256: [u8; 32], offset: u64, len: u64) -> Result<Bytes> {
        let pieces = self.pieces(sha256).await?;
        let end = offset.saturating_add(len).min(pieces.size);
        let piece_len = u64::from(pieces.piece_len.max(1));
        let mut at = offset;
        let mut read = Vec::new();
        while at < end {
            let index = usize::try_from(at / piece_len).unwrap_or(usize::MAX);
            let name = pieces.names.get(index).ok_or(Error::Damaged("a blob"))?;
            let within = at % piece_len;
            let wanted = (piece_len - within).min(end - at);
            let bytes = self.blobs.read(&piece_name(*name), within, wanted).await?;
            if bytes.len() as u64 != wanted {
                return Err(Error::Damaged("a piece of a file is too short"));
            }
            at += wanted;
            read.push(bytes);
        }
        Ok(joined(read))
    }

    /// The length of a blob.
    ///
    /// # Errors
    /// When there is no such blob or the store fails.
    pub async fn blob_size(&self, sha256: [u8; 32]) -> Result<u64> {
        Ok(self.pieces(sha256).await?.size)
    }

    async fn pieces(&self, sha256: [u8; 32]) -> Result<Arc<Pieces>> {
        if let Some(pieces) = self.blob_pieces.get(&sha256) {
            return Ok(pieces);
        }
        let blob = self.store.blob(sha256).await?;
        let blob = blob.ok_or(Error::Damaged("a blob is missing"))?;
        let pieces = Arc::new(Pieces::from_bytes(&blob.facts)?);
        self.blob_pieces.insert(sha256, Arc::clone(&pieces));
        Ok(pieces)
    }
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() < 2 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    pieces
        .iter()
        .for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}

/// What never depends on other parts; the part and the announced total, 0 for none.
fn check_part(incoming: &IncomingPart) -> Result<(u32, u32), UploadError> {
    if incoming.bytes.is_empty() {
        return Err(UploadError::Empty);
    }
    if incoming.bytes.len() > PART_LEN_MAX {
        return Err(UploadError::TooBig);
    }
    let part = u32::try_from(incoming.part)
        .ok()
        .filter(|part| *part < PARTS_MAX)
        .ok_or(UploadError::PartInvalid)?;
    let total = match incoming.total {
        None | Some(-1) => 0,
        Some(total) => u32::try_from(total)
            .ok()
            .filter(|total| (1..=PARTS_MAX).contains(total))
            .ok_or(UploadError::PartsInvalid)?,
    };
    if total != 0 && part >= total {
        return Err(UploadError::PartInvalid);
    }
    Ok((part, total))
}

/// Whether a part that is not the last may have this length (G40).
fn is_part_len(size: u32) -> bool {
    size.is_multiple_of(1024) && PART_LEN_MAX.is_multiple_of(size as usize)
}

impl Upload {
    /// U2: all parts are equally long but one, which may be shorter and must be the last.
    fn check(&self, part: u32, size: u32, total: u32) -> Result<(), UploadError> {
        if total != 0 && self.total != 0 && total != self.total {
            return Err(UploadError::SizeChanged);
        }
        let total = total.max(self.total);
        if !is_part_len(size) && total != 0 && part + 1 != total {
            return Err(UploadError::SizeInvalid);
        }
        let others = || self.parts.iter().filter(|(other, _)| **other != part);
        let longest = others()
            .map(|(_, (size, _))| *size)
            .max()
            .unwrap_or(0)
            .max(size);
        let highest = others()
            .map(|(other, _)| *other)
            .max()
            .unwrap_or(0)
            .max(part);
        let mut shorter = others()
            .map(|(other, (size, _))| (*other, *size))
            .chain([(part, size)])
            .filter(|(_, size)| *size < longest);
        if shorter.next().is_some_and(|(other, _)| other != highest) || shorter.next().is_some() {
            return Err(UploadError::SizeChanged);
        }
        if self.bytes + u64::from(size) > PENDING_BYTES_MAX {
            return Err(UploadError::Quota);
        }
        Ok(())
    }

    fn pieces(&self, count: u32, big: bool) -> Result<Pieces, UploadError> {
        let mut names = Vec::with_capacity(count as usize);
        let mut whole = 0;
        let piece_len = self.parts.get(&0).map_or(0, |(size, _)| *size);
        for part in 0..count {
            let (size, facts) = self.parts.get(&part).ok_or(UploadError::Missing(part))?;
            if facts.big != big {
                return Err(UploadError::PartsInvalid);
            }
            let last = part + 1 == count;
            if *size > piece_len || (!last && *size != piece_len) {
                return Err(UploadError::LengthInvalid);
            }
            if !last && !is_part_len(*size) {
                return Err(UploadError::SizeInvalid);
            }
            whole += u64::from(*size);
            names.push(facts.piece);
        }
        Ok(Pieces {
            piece_len,
            names,
            size: whole,
        })
    }
}
