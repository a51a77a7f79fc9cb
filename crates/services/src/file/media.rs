//! Media of messages that carry files.

use messenger::File;
use store::DocumentId;
use tl_api::{constructors, types};

use super::PhotoKind;
use crate::context::Context;
use crate::error::{Error, Result};

/// How long self-destructing media may show, seconds, and the value for "once".
const TTL_MAX_S: i32 = 60;
const TTL_ONCE: i32 = i32::MAX;

impl Context<'_> {
    /// The media that an input with a file becomes; `None` for inputs without one.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other inputs carry no files"
    )]
    pub(crate) async fn file_media(
        &self,
        media: &types::InputMedia,
    ) -> Result<Option<types::MessageMedia>> {
        Ok(Some(match media {
            types::InputMedia::UploadedPhoto(input) => {
                let (id, file) = self.new_photo(&input.file, PhotoKind::Message).await?;
                self.photo_media(id, &file, input.spoiler, input.ttl_seconds)?
            }
            types::InputMedia::Photo(input) => {
                let (id, file) = self.named_photo(&input.id).await?;
                self.photo_media(id, &file, input.spoiler, input.ttl_seconds)?
            }
            types::InputMedia::UploadedDocument(input) => {
                let (id, file) = self.new_document(input).await?;
                self.document_media(id, &file, input.spoiler, input.ttl_seconds)?
            }
            types::InputMedia::Document(input) => {
                let (id, file) = self.named_document(&input.id).await?;
                self.document_media(id, &file, input.spoiler, input.ttl_seconds)?
            }
            _ => return Ok(None),
        }))
    }

    /// The media of a message that a known file becomes.
    pub(crate) fn media_of_file(&self, id: DocumentId, file: &File) -> Result<types::MessageMedia> {
        if file.is_photo {
            self.photo_media(id, file, false, None)
        } else {
            self.document_media(id, file, false, None)
        }
    }

    fn photo_media(
        &self,
        id: DocumentId,
        file: &File,
        spoiler: bool,
        ttl_seconds: Option<i32>,
    ) -> Result<types::MessageMedia> {
        let mut media = constructors::MessageMediaPhoto::new();
        media.spoiler = spoiler;
        media.photo = Some(self.messenger().show_photo(self.user()?, id, file));
        media.ttl_seconds = ttl(ttl_seconds)?;
        Ok(types::MessageMedia::Photo(Box::new(media)))
    }

    fn document_media(
        &self,
        id: DocumentId,
        file: &File,
        spoiler: bool,
        ttl_seconds: Option<i32>,
    ) -> Result<types::MessageMedia> {
        let document = self.messenger().show_document(self.user()?, id, file)?;
        let mut media = constructors::MessageMediaDocument::new();
        media.spoiler = spoiler;
        media.ttl_seconds = ttl(ttl_seconds)?;
        if let types::Document::Document(document) = &document {
            for attribute in &document.attributes {
                match attribute {
                    types::DocumentAttribute::Video(video) => {
                        media.video = !video.round_message;
                        media.round = video.round_message;
                    }
                    types::DocumentAttribute::Audio(audio) => media.voice = audio.voice,
                    types::DocumentAttribute::Animated {}
                    | types::DocumentAttribute::CustomEmoji(_)
                    | types::DocumentAttribute::Filename { .. }
                    | types::DocumentAttribute::HasStickers {}
                    | types::DocumentAttribute::ImageSize { .. }
                    | types::DocumentAttribute::Sticker(_) => {}
                }
            }
        }
        media.document = Some(document);
        Ok(types::MessageMedia::Document(Box::new(media)))
    }
}

fn ttl(seconds: Option<i32>) -> Result<Option<i32>> {
    match seconds {
        None | Some(1..=TTL_MAX_S | TTL_ONCE) => Ok(seconds),
        Some(_) => Err(Error::TTL_MEDIA_INVALID),
    }
}
