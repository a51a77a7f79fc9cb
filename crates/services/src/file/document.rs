//! Documents from uploads (3.2, C.3).

use messenger::{File, FileSize, attributes_to_bytes};
use store::DocumentId;
use tl_api::{constructors, types};

use super::picture::Cut;
use crate::context::Context;
use crate::error::Result;

/// The most bytes of a preview that a client made.
const THUMB_LEN_MAX: u64 = 200 * 1024;
/// MIME types of stickers.
const STICKER_TYPES: &[&str] = &["application/x-tgsticker", "image/webp", "video/webm"];

impl Context<'_> {
    /// A new document from an uploaded file.
    pub(crate) async fn new_document(
        &self,
        media: &constructors::InputMediaUploadedDocument,
    ) -> Result<(DocumentId, File)> {
        let uploaded = self.uploaded(&media.file).await?;
        let mime_type = clean_mime_type(&media.mime_type);
        let attributes = clean_attributes(media, &mime_type, &uploaded.name);
        let mut file = File {
            is_photo: false,
            date: self.now.unix_s(),
            mime_type,
            sha256: uploaded.bytes.sha256,
            size: uploaded.bytes.size,
            attributes: attributes_to_bytes(&attributes)?,
            sizes: Vec::new(),
            stripped: Vec::new(),
        };
        if let Some(thumb) = &media.thumb {
            self.add_thumb(&mut file, thumb).await?;
        }
        let id = self.new_file_id();
        self.messenger().create_file(id, &file).await?;
        Ok((id, file))
    }

    /// Adds the preview that came along; one that is no small picture is left out.
    async fn add_thumb(&self, file: &mut File, thumb: &types::InputFile) -> Result<()> {
        let uploaded = self.uploaded(thumb).await?;
        if uploaded.bytes.size > THUMB_LEN_MAX {
            return Ok(());
        }
        let messenger = self.messenger();
        let bytes = messenger
            .read_blob(uploaded.bytes.sha256, 0, uploaded.bytes.size)
            .await?;
        let Ok(made) = self.services.pictures.make(bytes, Cut::Boxes).await else {
            return Ok(());
        };
        let Some(picture) = made.pictures.into_iter().next() else {
            return Ok(());
        };
        let stored = messenger
            .store_bytes(picture.jpeg, self.new_piece(), self.now)
            .await?;
        file.stripped = made.stripped;
        file.sizes.push(FileSize {
            letter: "m".into(),
            width: picture.width,
            height: picture.height,
            sha256: stored.sha256,
            size: u32::try_from(stored.size).unwrap_or(u32::MAX),
        });
        Ok(())
    }
}

/// A type and a subtype, else bytes of any kind.
fn clean_mime_type(mime_type: &str) -> String {
    let is_token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match mime_type.split_once('/') {
        Some((kind, subtype)) if mime_type.len() <= 127 && is_token(kind) && is_token(subtype) => {
            mime_type.to_ascii_lowercase()
        }
        _ => "application/octet-stream".into(),
    }
}

/// The attributes that hold for a document made by a client.
fn clean_attributes(
    media: &constructors::InputMediaUploadedDocument,
    mime_type: &str,
    name: &str,
) -> Vec<types::DocumentAttribute> {
    use types::DocumentAttribute as Attribute;
    let mut attributes = Vec::with_capacity(media.attributes.len() + 1);
    let mut named = false;
    for attribute in &media.attributes {
        let keep = match attribute {
            Attribute::Filename { file_name } => {
                named = true;
                attributes.push(Attribute::Filename {
                    file_name: super::clean_name(file_name).into(),
                });
                false
            }
            Attribute::Sticker(_) => !media.force_file && STICKER_TYPES.contains(&mime_type),
            Attribute::CustomEmoji(_) => false,
            Attribute::HasStickers {} => media.stickers.is_some(),
            Attribute::Animated {} | Attribute::Audio(_) | Attribute::Video(_) => !media.force_file,
            Attribute::ImageSize { w, h } => *w > 0 && *h > 0,
        };
        if keep {
            attributes.push(attribute.clone());
        }
    }
    if !named && !name.is_empty() {
        attributes.push(Attribute::Filename {
            file_name: name.into(),
        });
    }
    attributes
}
