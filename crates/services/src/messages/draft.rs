//! Drafts.

use tl_api::{constructors, functions, types};

use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most bytes of a draft's text.
const DRAFT_LEN_MAX: usize = 35_000;

/// messages.saveDraft
pub(super) async fn save_draft(
    context: &Context<'_>,
    request: functions::messages::SaveDraft,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if request.message.len() > DRAFT_LEN_MAX {
        return Err(Error::MESSAGE_TOO_LONG);
    }
    let empty = request.message.is_empty() && request.reply_to.is_none();
    let draft = if empty {
        None
    } else {
        let mut draft =
            constructors::DraftMessage::new(request.message.detached(), context.now.date());
        draft.no_webpage = request.no_webpage;
        draft.invert_media = request.invert_media;
        draft.reply_to = request.reply_to;
        let entities = context
            .named_in(request.entities.unwrap_or_default())
            .await?;
        draft.entities = (!entities.is_empty()).then_some(entities);
        Some(draft)
    };
    context
        .messenger()
        .save_draft(actor, peer, draft, context.now)
        .await?;
    Ok(true)
}

/// messages.getAllDrafts
pub(super) async fn get_all_drafts(
    context: &Context<'_>,
    _: functions::messages::GetAllDrafts,
) -> Result<types::Updates> {
    let user = context.user()?;
    let messenger = context.messenger();
    let drafts = messenger.drafts(user).await?;
    let updates = messenger
        .updates(user, drafts, &messenger::Peers::default(), context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.clearAllDrafts
pub(super) async fn clear_all_drafts(
    context: &Context<'_>,
    _: functions::messages::ClearAllDrafts,
) -> Result<bool> {
    let actor = context.actor()?;
    context.messenger().clear_drafts(actor, context.now).await?;
    Ok(true)
}
