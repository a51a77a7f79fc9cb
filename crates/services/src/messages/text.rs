//! Texts and captions of requests (A.3).

use messenger::CleanText;
use store::PeerId;
use tl::Str;
use tl_api::types;

use crate::context::Context;
use crate::error::{Error, Result};

/// The most characters of a message.
pub(super) const TEXT_CHARS_MAX: usize = 4096;
/// The most characters of a caption.
pub(super) const CAPTION_CHARS_MAX: usize = 1024;
/// The most bytes of any text, blanks at its ends included.
const TEXT_LEN_MAX: usize = 35_000;

impl Context<'_> {
    /// The text of a message: cleaned, with what the server finds in it.
    pub(super) async fn text(
        &self,
        text: &Str,
        entities: Option<Vec<types::MessageEntity>>,
    ) -> Result<CleanText> {
        self.clean_text(text, entities, TEXT_CHARS_MAX, Error::MESSAGE_TOO_LONG)
            .await
    }

    /// A caption.
    pub(super) async fn caption(
        &self,
        text: &Str,
        entities: Option<Vec<types::MessageEntity>>,
    ) -> Result<CleanText> {
        self.clean_text(
            text,
            entities,
            CAPTION_CHARS_MAX,
            Error::MEDIA_CAPTION_TOO_LONG,
        )
        .await
    }

    async fn clean_text(
        &self,
        text: &Str,
        entities: Option<Vec<types::MessageEntity>>,
        chars_max: usize,
        too_long: Error,
    ) -> Result<CleanText> {
        if text.len() > TEXT_LEN_MAX {
            return Err(too_long);
        }
        let entities = self.named_in(entities.unwrap_or_default()).await?;
        let clean = CleanText::new(text, entities)?;
        if clean.text.len() > chars_max && clean.text.chars().count() > chars_max {
            return Err(too_long);
        }
        Ok(clean)
    }

    /// A24: a mention by name names somebody the caller may name, or is none.
    #[allow(clippy::wildcard_enum_match_arm, reason = "other entities name nobody")]
    pub(super) async fn named_in(
        &self,
        entities: Vec<types::MessageEntity>,
    ) -> Result<Vec<types::MessageEntity>> {
        let named = |entity: &types::MessageEntity| {
            matches!(
                entity,
                types::MessageEntity::InputMessageEntityMentionName { .. }
                    | types::MessageEntity::MentionName { .. }
            )
        };
        if !entities.iter().any(named) {
            return Ok(entities);
        }
        let mut usable = Vec::with_capacity(entities.len());
        for entity in entities {
            match entity {
                types::MessageEntity::InputMessageEntityMentionName {
                    offset,
                    length,
                    user_id,
                } => {
                    if let Ok(user) = self.input_user(&user_id).await {
                        usable.push(types::MessageEntity::MentionName {
                            offset,
                            length,
                            user_id: user.0,
                        });
                    }
                }
                types::MessageEntity::MentionName { user_id, .. } => {
                    let peer = types::InputPeer::User {
                        user_id,
                        access_hash: 0,
                    };
                    if let Ok(PeerId::User(_)) = self.peer(&peer).await {
                        usable.push(entity);
                    }
                }
                other => usable.push(other),
            }
        }
        Ok(usable)
    }
}
