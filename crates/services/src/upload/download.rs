//! Bytes of files on their way out (G46–G50, 3.4).

use messenger::{File, FileName};
use sha2::{Digest as _, Sha256};
use store::{DocumentId, PeerId};
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

const MIB: i64 = 1 << 20;
/// The steps of offsets and limits (G46, G47).
const STEP: i64 = 4096;
const PRECISE_STEP: i64 = 1024;
/// How many bytes one hash is of.
const HASHED_LEN: u64 = 128 * 1024;
/// Hashes in one answer.
const HASHES_MAX: u64 = 32;

/// upload.getFile
pub(super) async fn get_file(
    context: &Context<'_>,
    request: functions::upload::GetFile,
) -> Result<types::upload::File> {
    let limit = i64::from(request.limit);
    let step = if request.precise { PRECISE_STEP } else { STEP };
    if !(1..=MIB).contains(&limit) || limit % step != 0 || (!request.precise && MIB % limit != 0) {
        return Err(Error::LIMIT_INVALID);
    }
    let offset = request.offset;
    if offset < 0 || offset % step != 0 {
        return Err(Error::OFFSET_INVALID);
    }
    if offset / MIB != (offset + limit - 1) / MIB {
        return Err(Error::LIMIT_INVALID);
    }
    let (sha256, type_, date) = locate(context, &request.location).await?;
    let bytes = context
        .messenger()
        .read_blob(sha256, offset.unsigned_abs(), limit.unsigned_abs())
        .await?;
    Ok(types::upload::File::File(Box::new(
        constructors::upload::File {
            type_,
            mtime: date.cast_signed(),
            bytes,
        },
    )))
}

/// upload.getFileHashes
pub(super) async fn get_file_hashes(
    context: &Context<'_>,
    request: functions::upload::GetFileHashes,
) -> Result<Vec<types::FileHash>> {
    let offset = u64::try_from(request.offset).map_err(|_| Error::OFFSET_INVALID)?;
    let (sha256, _, _) = locate(context, &request.location).await?;
    let messenger = context.messenger();
    let mut hashes = Vec::new();
    let first = offset / HASHED_LEN;
    for block in first..first + HASHES_MAX {
        let at = block.saturating_mul(HASHED_LEN);
        let bytes = messenger.read_blob(sha256, at, HASHED_LEN).await?;
        if bytes.is_empty() {
            break;
        }
        hashes.push(types::FileHash {
            offset: i64::try_from(at).unwrap_or(i64::MAX),
            limit: i32::try_from(bytes.len()).unwrap_or(i32::MAX),
            hash: Bytes::copy_from_slice(&Sha256::digest(&bytes)),
        });
    }
    Ok(hashes)
}

/// The bytes that a location names, their kind and date.
#[allow(clippy::wildcard_enum_match_arm, reason = "the others are not served")]
async fn locate(
    context: &Context<'_>,
    location: &types::InputFileLocation,
) -> Result<([u8; 32], types::storage::FileType, u32)> {
    let user = context.user()?;
    let messenger = context.messenger();
    match location {
        types::InputFileLocation::InputDocumentFileLocation(location) => {
            let name = FileName {
                id: location.id,
                access_hash: location.access_hash,
                reference: &location.file_reference,
            };
            let file = messenger.named_file(user, name).await?;
            if location.thumb_size.is_empty() {
                return Ok((file.sha256, file_type(&file.mime_type), file.date));
            }
            sized(&file, &location.thumb_size)
        }
        types::InputFileLocation::InputPhotoFileLocation(location) => {
            let name = FileName {
                id: location.id,
                access_hash: location.access_hash,
                reference: &location.file_reference,
            };
            let file = messenger.named_file(user, name).await?;
            sized(&file, &location.thumb_size)
        }
        types::InputFileLocation::InputEncryptedFileLocation { id, access_hash } => {
            let messenger = context.messenger();
            if messenger.secret_file_hash(user, *id) != *access_hash {
                return Err(Error::LOCATION_INVALID);
            }
            let file = messenger.file(DocumentId(*id)).await?;
            let file = file.ok_or(Error::LOCATION_INVALID)?;
            let kind = types::storage::FileType::FileUnknown {};
            Ok((file.sha256, kind, file.date))
        }
        types::InputFileLocation::InputPeerPhotoFileLocation(location) => {
            let peer = context.peer(&location.peer).await?;
            peer_photo(context, peer, location.photo_id, location.big).await
        }
        _ => Err(Error::LOCATION_INVALID),
    }
}

/// A present or former photo of a user or a group.
async fn peer_photo(
    context: &Context<'_>,
    peer: PeerId,
    photo_id: i64,
    big: bool,
) -> Result<([u8; 32], types::storage::FileType, u32)> {
    let id = DocumentId(photo_id);
    let of_ones_own = match peer {
        PeerId::User(user) => {
            let contacts = context.messenger().contacts(context.user()?).await?;
            let photo = contacts.get(&user).and_then(|facts| facts.photo.as_ref());
            photo.is_some_and(|photo| photo.id == photo_id)
        }
        PeerId::Chat(_) | PeerId::Channel(_) => false,
    };
    if !of_ones_own && !context.messenger().has_photo(peer, id).await? {
        return Err(Error::LOCATION_INVALID);
    }
    let file = context.messenger().file(id).await?;
    let file = file.ok_or(Error::LOCATION_INVALID)?;
    let letters: &[&str] = if big { &["c", "y", "x"] } else { &["a", "m"] };
    let size = file
        .sizes
        .iter()
        .find(|size| letters.contains(&size.letter.as_str()))
        .or_else(|| file.sizes.last())
        .ok_or(Error::LOCATION_INVALID)?;
    Ok((
        size.sha256,
        types::storage::FileType::FileJpeg {},
        file.date,
    ))
}

fn sized(file: &File, letter: &str) -> Result<([u8; 32], types::storage::FileType, u32)> {
    let size = file
        .sizes
        .iter()
        .find(|size| size.letter == letter)
        .ok_or(Error::LOCATION_INVALID)?;
    Ok((
        size.sha256,
        types::storage::FileType::FileJpeg {},
        file.date,
    ))
}

fn file_type(mime_type: &str) -> types::storage::FileType {
    use types::storage::FileType as Type;
    match mime_type {
        "application/pdf" => Type::FilePdf {},
        "audio/mpeg" => Type::FileMp3 {},
        "image/gif" => Type::FileGif {},
        "image/jpeg" => Type::FileJpeg {},
        "image/png" => Type::FilePng {},
        "image/webp" => Type::FileWebp {},
        "video/mp4" => Type::FileMp4 {},
        "video/quicktime" => Type::FileMov {},
        _ => Type::FileUnknown {},
    }
}
