//! Photos from uploads.

use messenger::{File, FileSize, Photo};
use store::DocumentId;
use tl_api::types;

use super::SMALL_LEN_MAX;
use super::picture::Cut;
use crate::context::Context;
use crate::error::{Error, Result};

/// What a photo is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhotoKind {
    /// In a message.
    Message,
    /// Of a user or a group.
    Profile,
}

impl Context<'_> {
    /// A new photo from an uploaded file (3.2).
    pub(crate) async fn new_photo(
        &self,
        file: &types::InputFile,
        kind: PhotoKind,
    ) -> Result<(DocumentId, File)> {
        let uploaded = self.uploaded(file).await?;
        if uploaded.bytes.size > SMALL_LEN_MAX {
            return Err(Error::PHOTO_SAVE_FILE_INVALID);
        }
        let messenger = self.messenger();
        let bytes = messenger
            .read_blob(uploaded.bytes.sha256, 0, uploaded.bytes.size)
            .await?;
        let cut = match kind {
            PhotoKind::Message => Cut::Boxes,
            PhotoKind::Profile => Cut::Squares,
        };
        let made = self.services.pictures.make(bytes, cut).await?;
        let mut sizes = Vec::with_capacity(made.pictures.len());
        for picture in made.pictures {
            let stored = messenger
                .store_bytes(picture.jpeg, self.new_piece(), self.now)
                .await?;
            sizes.push(FileSize {
                letter: picture.letter.into(),
                width: picture.width,
                height: picture.height,
                sha256: stored.sha256,
                size: u32::try_from(stored.size).unwrap_or(u32::MAX),
            });
        }
        let largest = sizes.last().ok_or(Error::IMAGE_PROCESS_FAILED)?;
        let file = File {
            is_photo: true,
            date: self.now.unix_s(),
            mime_type: "image/jpeg".into(),
            sha256: largest.sha256,
            size: u64::from(largest.size),
            attributes: Vec::new(),
            stripped: made.stripped,
            sizes,
        };
        let id = self.new_file_id();
        messenger.create_file(id, &file).await?;
        Ok((id, file))
    }

    /// The photo that a group or channel shall have, as it is kept and as the caller is shown it;
    /// `None` for none. `no_file` is the answer to an upload without a file.
    pub(crate) async fn chosen_photo(
        &self,
        photo: &types::InputChatPhoto,
        no_file: Error,
    ) -> Result<Option<(Photo, types::Photo)>> {
        let (id, file) = match photo {
            types::InputChatPhoto::Empty {} => return Ok(None),
            types::InputChatPhoto::InputChatPhoto { id } => self
                .named_photo(id)
                .await
                .map_err(|_| Error::PHOTO_INVALID)?,
            types::InputChatPhoto::InputChatUploadedPhoto(upload) => {
                let file = upload.file.as_ref().ok_or(no_file)?;
                self.new_photo(file, PhotoKind::Profile).await?
            }
        };
        let shown = self.messenger().show_photo(self.user()?, id, &file);
        Ok(Some((mention(id, &file), shown)))
    }
}

/// A photo as every mention of its owner carries it.
pub(crate) fn mention(id: DocumentId, file: &File) -> Photo {
    Photo {
        id: id.0,
        stripped: file.stripped.clone(),
    }
}
