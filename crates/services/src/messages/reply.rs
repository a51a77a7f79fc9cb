//! What a message of a request replies to.

use messenger::{CleanText, ReplyTo};
use store::MsgId;
use tl_api::types;

use crate::context::Context;
use crate::error::{Error, Result};

/// The most characters of a quote.
const QUOTE_CHARS_MAX: usize = 1024;

impl Context<'_> {
    /// What the request replies to.
    pub(super) async fn reply_to(
        &self,
        reply_to: Option<&types::InputReplyTo>,
    ) -> Result<Option<ReplyTo>> {
        let reply = match reply_to {
            None => return Ok(None),
            Some(types::InputReplyTo::Message(reply)) => reply,
            Some(types::InputReplyTo::Story { .. }) => return Err(Error::STORY_ID_INVALID),
            Some(types::InputReplyTo::MonoForum { .. }) => {
                return Err(Error::REPLY_TO_MONOFORUM_PEER_INVALID);
            }
            Some(types::InputReplyTo::EphemeralMessage { .. }) => {
                return Err(Error::REPLY_TO_INVALID);
            }
        };
        if reply.monoforum_peer_id.is_some() {
            return Err(Error::REPLY_TO_MONOFORUM_PEER_INVALID);
        }
        if reply.reply_to_msg_id <= 0 {
            return Ok(None);
        }
        let peer = match &reply.reply_to_peer_id {
            Some(peer) => Some(self.peer(peer).await?),
            None => None,
        };
        let quote = match reply.quote_text.as_ref().filter(|text| !text.is_empty()) {
            Some(text) if text.chars().count() > QUOTE_CHARS_MAX => {
                return Err(Error::QUOTE_TEXT_INVALID);
            }
            Some(text) => {
                let entities = reply.quote_entities.clone().unwrap_or_default();
                Some(CleanText::without_detection(text, entities)?)
            }
            None => None,
        };
        Ok(Some(ReplyTo {
            id: MsgId(reply.reply_to_msg_id),
            peer,
            quote,
            quote_offset: reply.quote_offset,
        }))
    }
}
