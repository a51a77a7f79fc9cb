//! Saved Messages by the chats they were taken from (B.12).

use messenger::{SavedPage, SavedQuery, Window};
use store::{List, MsgId, PeerId};
use tl_api::{constructors, functions, types};

use super::arrange::dialog_peer;
use super::history::{page_limit, shown};
use super::read::affected_history;
use crate::context::Context;
use crate::error::{Error, Result};

/// messages.getSavedDialogs
pub(super) async fn get_saved_dialogs(
    context: &Context<'_>,
    request: functions::messages::GetSavedDialogs,
) -> Result<types::messages::SavedDialogs> {
    let user = context.user()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let after = (request.offset_date > 0 || request.offset_id > 0).then(|| {
        let date = match request.offset_date {
            ..=0 => u32::MAX,
            date => date.cast_unsigned(),
        };
        (date, MsgId(request.offset_id.max(0)))
    });
    let limit = page_limit(request.limit) as usize;
    let page = context
        .messenger()
        .saved_dialogs(
            user,
            SavedQuery {
                exclude_pinned: request.exclude_pinned,
                after,
                limit,
                ..SavedQuery::default()
            },
            context.now,
        )
        .await?;
    Ok(saved(page))
}

fn saved(page: SavedPage) -> types::messages::SavedDialogs {
    if page.whole {
        return types::messages::SavedDialogs::SavedDialogs(Box::new(
            constructors::messages::SavedDialogs {
                dialogs: page.dialogs,
                messages: page.messages,
                chats: page.shown.chats,
                users: page.shown.users,
            },
        ));
    }
    types::messages::SavedDialogs::Slice(Box::new(constructors::messages::SavedDialogsSlice {
        count: i32::try_from(page.count).unwrap_or(i32::MAX),
        dialogs: page.dialogs,
        messages: page.messages,
        chats: page.shown.chats,
        users: page.shown.users,
    }))
}

/// messages.getPinnedSavedDialogs
pub(super) async fn get_pinned_saved_dialogs(
    context: &Context<'_>,
    _: functions::messages::GetPinnedSavedDialogs,
) -> Result<types::messages::SavedDialogs> {
    let user = context.user()?;
    let query = SavedQuery {
        only_pinned: true,
        limit: 100,
        ..SavedQuery::default()
    };
    let messenger = context.messenger();
    let page = messenger.saved_dialogs(user, query, context.now).await?;
    Ok(saved(page))
}

/// messages.toggleSavedDialogPin
pub(super) async fn toggle_saved_dialog_pin(
    context: &Context<'_>,
    request: functions::messages::ToggleSavedDialogPin,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = dialog_peer(context, &request.peer).await?;
    context
        .messenger()
        .pin_saved(actor, peer, request.pinned, context.now)
        .await?;
    Ok(true)
}

/// messages.reorderPinnedSavedDialogs
pub(super) async fn reorder_pinned_saved_dialogs(
    context: &Context<'_>,
    request: functions::messages::ReorderPinnedSavedDialogs,
) -> Result<bool> {
    let actor = context.actor()?;
    let mut order = Vec::new();
    for peer in request.order.iter().take(100) {
        order.push(dialog_peer(context, peer).await?);
    }
    context
        .messenger()
        .order_pinned_saved(actor, &order, request.force, context.now)
        .await?;
    Ok(true)
}

/// messages.getSavedDialogsByID
pub(super) async fn get_saved_dialogs_by_id(
    context: &Context<'_>,
    request: functions::messages::GetSavedDialogsByID,
) -> Result<types::messages::SavedDialogs> {
    let user = context.user()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let mut peers = Vec::new();
    for peer in request.ids.iter().take(100) {
        peers.push(context.peer(peer).await?);
    }
    let page = context
        .messenger()
        .saved_dialogs(
            user,
            SavedQuery {
                only: Some(peers),
                limit: 100,
                ..SavedQuery::default()
            },
            context.now,
        )
        .await?;
    Ok(saved(page))
}

/// messages.getSavedHistory
pub(super) async fn get_saved_history(
    context: &Context<'_>,
    request: functions::messages::GetSavedHistory,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let peer = context.peer(&request.peer).await?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: request.offset_date,
        add_offset: request.add_offset,
        limit: page_limit(request.limit),
        max_id: request.max_id,
        min_id: request.min_id,
    };
    let page = context
        .messenger()
        .saved_history(user, peer, window, context.now)
        .await?;
    Ok(shown(page, request.hash))
}

/// messages.deleteSavedHistory
pub(super) async fn delete_saved_history(
    context: &Context<'_>,
    request: functions::messages::DeleteSavedHistory,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let peer = context.peer(&request.peer).await?;
    let cleared = context
        .messenger()
        .delete_saved(actor, peer, MsgId(request.max_id.max(0)), context.now)
        .await?;
    Ok(affected_history(cleared))
}

/// messages.getUnreadMentions
pub(super) async fn get_unread_mentions(
    context: &Context<'_>,
    request: functions::messages::GetUnreadMentions,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: 0,
        add_offset: request.add_offset,
        limit: page_limit(request.limit),
        max_id: request.max_id,
        min_id: request.min_id,
    };
    let list = match peer {
        PeerId::Chat(_) => List::Tag(messenger::tag::UNREAD_MENTION),
        PeerId::Channel(id) => {
            let messenger = context.messenger();
            let standing = messenger.reading(user, id, context.now).await?;
            let mut ids = messenger.unread_mentions(user, id).await?;
            ids.reverse();
            ids.retain(|id| request.offset_id <= 0 || id.0 < request.offset_id);
            let count = ids.len();
            ids.truncate(page_limit(request.limit) as usize);
            let mut page = messenger
                .channel_messages(&standing, ids, context.now)
                .await?;
            page.count = u32::try_from(count).unwrap_or(u32::MAX);
            page.messages
                .retain(|message| !matches!(message, types::Message::Empty { .. }));
            return Ok(shown(page, 0));
        }
        // Nobody is mentioned in private.
        PeerId::User(_) => {
            return Ok(shown(
                messenger::MessagePage {
                    whole: true,
                    ..messenger::MessagePage::default()
                },
                0,
            ));
        }
    };
    let page = context
        .messenger()
        .history(user, peer, list, window, context.now)
        .await?;
    Ok(shown(page, 0))
}

/// messages.getUnreadReactions
pub(super) async fn get_unread_reactions(
    context: &Context<'_>,
    request: functions::messages::GetUnreadReactions,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: 0,
        add_offset: request.add_offset,
        limit: page_limit(request.limit),
        max_id: request.max_id,
        min_id: request.min_id,
    };
    let list = List::Tag(messenger::tag::UNREAD_REACTION);
    let page = context
        .messenger()
        .history(user, peer, list, window, context.now)
        .await?;
    Ok(shown(page, 0))
}
