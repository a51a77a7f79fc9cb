//! Files that requests bring along or name: photos, documents, pictures made of them.

mod document;
mod media;
mod photo;
mod picture;

pub(crate) use photo::{PhotoKind, mention};
pub(crate) use picture::Pictures;

use messenger::{Assembled, FileName};
use store::{DocumentId, FileId};
use tl_api::types;

use crate::context::Context;
use crate::error::{Error, Result};

/// The most bytes of a file whose MD5 is looked at, and of a photo.
const SMALL_LEN_MAX: u64 = 10 << 20;
/// The most bytes of a file name.
const NAME_LEN_MAX: usize = 255;

/// An uploaded file.
pub(crate) struct Uploaded {
    pub(crate) bytes: Assembled,
    pub(crate) name: String,
}

impl Context<'_> {
    /// Puts an uploaded file together (U5).
    pub(crate) async fn uploaded(&self, file: &types::InputFile) -> Result<Uploaded> {
        let user = self.user()?;
        let (id, parts, name, md5, big) = match file {
            types::InputFile::InputFile(file) => (
                file.id,
                file.parts,
                &file.name,
                file.md5_checksum.as_str(),
                false,
            ),
            types::InputFile::Big(file) => (file.id, file.parts, &file.name, "", true),
            types::InputFile::StoryDocument { .. } => return Err(Error::MEDIA_INVALID),
        };
        let messenger = self.messenger();
        let bytes = messenger
            .assemble(user, FileId(id), parts, big, self.now)
            .await?;
        if !big && bytes.size > SMALL_LEN_MAX {
            return Err(Error::FILE_PARTS_INVALID);
        }
        if !md5.is_empty() {
            let whole = messenger.read_blob(bytes.sha256, 0, bytes.size).await?;
            if !md5_is(&whole, md5) {
                return Err(Error::MD5_CHECKSUM_INVALID);
            }
        }
        Ok(Uploaded {
            bytes,
            name: clean_name(name),
        })
    }

    /// The photo that the caller names.
    pub(crate) async fn named_photo(
        &self,
        photo: &types::InputPhoto,
    ) -> Result<(DocumentId, messenger::File)> {
        let types::InputPhoto::InputPhoto(photo) = photo else {
            return Err(Error::MEDIA_EMPTY);
        };
        let name = FileName {
            id: photo.id,
            access_hash: photo.access_hash,
            reference: &photo.file_reference,
        };
        let file = self.messenger().named_file(self.user()?, name).await?;
        if !file.is_photo {
            return Err(Error::MEDIA_INVALID);
        }
        Ok((DocumentId(photo.id), file))
    }

    /// The document that the caller names.
    pub(crate) async fn named_document(
        &self,
        document: &types::InputDocument,
    ) -> Result<(DocumentId, messenger::File)> {
        let types::InputDocument::InputDocument(document) = document else {
            return Err(Error::MEDIA_EMPTY);
        };
        let name = FileName {
            id: document.id,
            access_hash: document.access_hash,
            reference: &document.file_reference,
        };
        let file = self.messenger().named_file(self.user()?, name).await?;
        if file.is_photo {
            return Err(Error::MEDIA_INVALID);
        }
        Ok((DocumentId(document.id), file))
    }

    /// A random id for a new file.
    pub(crate) fn new_file_id(&self) -> DocumentId {
        DocumentId(self.services.random_id())
    }

    /// A random name for a piece of a file.
    pub(crate) fn new_piece(&self) -> u64 {
        let mut bytes = [0; 8];
        self.services.world.random(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

fn md5_is(bytes: &[u8], hex: &str) -> bool {
    use md5::Digest as _;
    let sum = md5::Md5::digest(bytes);
    let written: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    written.eq_ignore_ascii_case(hex)
}

/// U8: the last component, without control characters.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut clean: String = last.chars().filter(|c| !c.is_control()).collect();
    while clean.len() > NAME_LEN_MAX {
        clean.pop();
    }
    clean
}
