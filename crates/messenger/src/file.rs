//! Photos and documents: what is known of them, and how somebody is shown them.

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{DocumentId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::access::AccessHashes;
use crate::error::{Error, Result};
use crate::record::Record;

/// A photo or a document.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct File {
    /// A photo, not a document.
    #[n(0)]
    pub is_photo: bool,
    /// When it was made, Unix seconds.
    #[n(1)]
    pub date: u32,
    /// The MIME type.
    #[n(2)]
    pub mime_type: String,
    /// The bytes of a document; for a photo those of its largest size.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// Their length.
    #[n(4)]
    pub size: u64,
    /// `Vector<DocumentAttribute>` at the newest layer; empty for photos.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub attributes: Vec<u8>,
    /// Smaller pictures, ascending.
    #[n(6)]
    pub sizes: Vec<FileSize>,
    /// A tiny preview in the stripped form of JPEG; may be empty.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub stripped: Vec<u8>,
}

/// One of the pictures of a file.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct FileSize {
    /// The letter of the size (G52).
    #[n(0)]
    pub letter: String,
    /// Width, pixels.
    #[n(1)]
    pub width: u32,
    /// Height, pixels.
    #[n(2)]
    pub height: u32,
    /// Its bytes.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// Their length.
    #[n(4)]
    pub size: u32,
}

impl Record for File {}

/// How a file is named by somebody who was shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName<'a> {
    /// The file.
    pub id: i64,
    /// The access hash that was shown.
    pub access_hash: i64,
    /// The reference that was shown.
    pub reference: &'a [u8],
}

/// Why a file may not be named so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file, or its hash is wrong.
    #[error("no such file")]
    Unknown,
    /// No reference was given.
    #[error("the file reference is missing")]
    ReferenceEmpty,
    /// The reference is not one that was shown to this viewer.
    #[error("the file reference is wrong")]
    ReferenceInvalid,
}

impl Messenger {
    /// Stores a new file.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_file(&self, id: DocumentId, file: &File) -> Result<()> {
        Ok(self.store.put_document(id, file.to_bytes()).await?)
    }

    /// A file by its id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn file(&self, id: DocumentId) -> Result<Option<File>> {
        match self.store.document(id).await? {
            Some(body) => File::from_bytes(&body).map(Some),
            None => Ok(None),
        }
    }

    /// The file that a viewer names, if it was shown to them (3.4).
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn named_file(&self, viewer: UserId, name: FileName<'_>) -> Result<File> {
        let id = DocumentId(name.id);
        let file = self.file(id).await?.ok_or(FileError::Unknown)?;
        if self.access.file(viewer, id) != name.access_hash {
            return Err(FileError::Unknown.into());
        }
        if name.reference.is_empty() {
            return Err(FileError::ReferenceEmpty.into());
        }
        if self.access.file_reference(viewer, id) != name.reference {
            return Err(FileError::ReferenceInvalid.into());
        }
        Ok(file)
    }

    /// A photo as `viewer` is shown it.
    #[must_use]
    pub fn show_photo(&self, viewer: UserId, id: DocumentId, file: &File) -> types::Photo {
        types::Photo::Photo(Box::new(constructors::Photo {
            has_stickers: false,
            id: id.0,
            access_hash: self.access.file(viewer, id),
            file_reference: self.access.file_reference(viewer, id),
            date: file.date.cast_signed(),
            sizes: photo_sizes(file),
            video_sizes: None,
            dc_id: self.dc_id(),
        }))
    }

    /// A document as `viewer` is shown it.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn show_document(
        &self,
        viewer: UserId,
        id: DocumentId,
        file: &File,
    ) -> Result<types::Document> {
        let attributes = Bytes::copy_from_slice(&file.attributes);
        let thumbs = photo_sizes(file);
        Ok(types::Document::Document(Box::new(
            constructors::Document {
                id: id.0,
                access_hash: self.access.file(viewer, id),
                file_reference: self.access.file_reference(viewer, id),
                date: file.date.cast_signed(),
                mime_type: file.mime_type.as_str().into(),
                size: i64::try_from(file.size).unwrap_or(i64::MAX),
                thumbs: (!thumbs.is_empty()).then_some(thumbs),
                video_thumbs: None,
                dc_id: self.dc_id(),
                attributes: tl::from_bytes(&attributes)
                    .map_err(|_| Error::Damaged("the attributes of a document"))?,
            },
        )))
    }
}

/// The attributes of a document as they are kept.
///
/// # Errors
/// `Damaged` for one without a form.
pub fn attributes_to_bytes(attributes: &Vec<types::DocumentAttribute>) -> Result<Vec<u8>> {
    tl::to_bytes(attributes, Layer(NEWEST_LAYER))
        .map(Into::into)
        .map_err(|_| Error::Damaged("an attribute without a form"))
}

fn photo_sizes(file: &File) -> Vec<types::PhotoSize> {
    let mut sizes = Vec::with_capacity(file.sizes.len() + 1);
    if !file.stripped.is_empty() {
        sizes.push(types::PhotoSize::PhotoStrippedSize(Box::new(
            constructors::PhotoStrippedSize {
                type_: "i".into(),
                bytes: Bytes::copy_from_slice(&file.stripped),
            },
        )));
    }
    sizes.extend(file.sizes.iter().map(|size| {
        types::PhotoSize::PhotoSize(Box::new(constructors::PhotoSize {
            type_: size.letter.as_str().into(),
            w: size.width.cast_signed(),
            h: size.height.cast_signed(),
            size: size.size.cast_signed(),
        }))
    }));
    sizes
}

impl AccessHashes {
    /// Makes the files in a message those that `viewer` may name: hashes and references are per
    /// viewer, so every copy of a message carries its own.
    pub(crate) fn show_files_to(&self, viewer: UserId, message: &mut types::Message) {
        match message {
            types::Message::Message(message) => {
                if let Some(media) = &mut message.media {
                    self.show_media_to(viewer, media);
                }
                if let Some(types::MessageReplyHeader::MessageReplyHeader(reply)) =
                    &mut message.reply_to
                    && let Some(media) = &mut reply.reply_media
                {
                    self.show_media_to(viewer, media);
                }
            }
            types::Message::Service(message) => {
                if let types::MessageAction::ChatEditPhoto { photo }
                | types::MessageAction::SuggestProfilePhoto { photo } = &mut message.action
                {
                    self.show_photo_to(viewer, photo);
                }
            }
            types::Message::Empty { .. } => {}
        }
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other media carry no files of ours"
    )]
    fn show_media_to(&self, viewer: UserId, media: &mut types::MessageMedia) {
        match media {
            types::MessageMedia::Photo(media) => {
                media
                    .photo
                    .iter_mut()
                    .for_each(|photo| self.show_photo_to(viewer, photo));
                media
                    .video
                    .iter_mut()
                    .for_each(|video| self.show_document_to(viewer, video));
            }
            types::MessageMedia::Document(media) => {
                media
                    .document
                    .iter_mut()
                    .chain(media.alt_documents.iter_mut().flatten())
                    .for_each(|document| self.show_document_to(viewer, document));
                media
                    .video_cover
                    .iter_mut()
                    .for_each(|photo| self.show_photo_to(viewer, photo));
            }
            _ => {}
        }
    }

    fn show_photo_to(&self, viewer: UserId, photo: &mut types::Photo) {
        if let types::Photo::Photo(photo) = photo {
            let id = DocumentId(photo.id);
            photo.access_hash = self.file(viewer, id);
            photo.file_reference = self.file_reference(viewer, id);
        }
    }

    fn show_document_to(&self, viewer: UserId, document: &mut types::Document) {
        if let types::Document::Document(document) = document {
            let id = DocumentId(document.id);
            document.access_hash = self.file(viewer, id);
            document.file_reference = self.file_reference(viewer, id);
        }
    }
}
