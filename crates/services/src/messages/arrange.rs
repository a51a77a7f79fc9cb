//! How dialogs are arranged: pinned, marked, filtered (B.4).

use messenger::Peers;
use store::PeerId;
use tl_api::{functions, types};

use super::dialog::folder;
use crate::context::Context;
use crate::error::{Error, Result};

/// The ids that filters may have.
const FILTER_IDS: std::ops::RangeInclusive<i32> = 2..=255;
/// The most characters of a filter's title.
const FILTER_TITLE_CHARS_MAX: usize = 12;
/// The most chats of a filter, of each kind.
const FILTER_PEERS_MAX: usize = 200;

/// The peer of a dialog; folders and communities have no dialog of their own.
pub(super) async fn dialog_peer(
    context: &Context<'_>,
    peer: &types::InputDialogPeer,
) -> Result<PeerId> {
    match peer {
        types::InputDialogPeer::InputDialogPeer { peer } => context.peer(peer).await,
        types::InputDialogPeer::Folder { .. } => Err(Error::PEER_ID_INVALID),
        types::InputDialogPeer::Community { .. } => Err(Error::CHANNEL_INVALID),
    }
}

/// messages.toggleDialogPin
pub(super) async fn toggle_dialog_pin(
    context: &Context<'_>,
    request: functions::messages::ToggleDialogPin,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = dialog_peer(context, &request.peer).await?;
    context
        .messenger()
        .pin_dialog(actor, peer, request.pinned, context.now)
        .await?;
    Ok(true)
}

/// messages.reorderPinnedDialogs
pub(super) async fn reorder_pinned_dialogs(
    context: &Context<'_>,
    request: functions::messages::ReorderPinnedDialogs,
) -> Result<bool> {
    let actor = context.actor()?;
    let folder = folder(request.folder_id)?;
    let mut order = Vec::with_capacity(request.order.len().min(100));
    for peer in request.order.iter().take(200) {
        // The archive may stand among the pinned dialogs.
        if !matches!(peer, types::InputDialogPeer::Folder { .. }) {
            order.push(dialog_peer(context, peer).await?);
        }
    }
    context
        .messenger()
        .order_pinned_dialogs(actor, folder, &order, request.force, context.now)
        .await?;
    Ok(true)
}

/// messages.markDialogUnread
pub(super) async fn mark_dialog_unread(
    context: &Context<'_>,
    request: functions::messages::MarkDialogUnread,
) -> Result<bool> {
    let actor = context.actor()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let peer = dialog_peer(context, &request.peer).await?;
    context
        .messenger()
        .mark_dialog_unread(actor, peer, request.unread, context.now)
        .await?;
    Ok(true)
}

/// messages.getDialogUnreadMarks
pub(super) async fn get_dialog_unread_marks(
    context: &Context<'_>,
    request: functions::messages::GetDialogUnreadMarks,
) -> Result<Vec<types::DialogPeer>> {
    let user = context.user()?;
    if request.parent_peer.is_some() {
        return Err(Error::PARENT_PEER_INVALID);
    }
    let marked = context.messenger().unread_marks(user).await?;
    Ok(marked
        .into_iter()
        .map(|peer| types::DialogPeer::DialogPeer {
            peer: messenger::tl_peer(peer),
        })
        .collect())
}

/// messages.getPeerSettings
pub(super) async fn get_peer_settings(
    context: &Context<'_>,
    request: functions::messages::GetPeerSettings,
) -> Result<types::messages::PeerSettings> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    let hidden = messenger.is_bar_hidden(user, peer).await?;
    let settings = match peer {
        PeerId::User(other) if !hidden => messenger.peer_settings(user, other).await?,
        PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => types::PeerSettings::new(),
    };
    let mut peers = Peers::default();
    peers.add(peer);
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::messages::PeerSettings {
        settings: Box::new(settings),
        chats: shown.chats,
        users: shown.users,
    })
}

/// messages.hidePeerSettingsBar
pub(super) async fn hide_peer_settings_bar(
    context: &Context<'_>,
    request: functions::messages::HidePeerSettingsBar,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    context
        .messenger()
        .hide_bar(actor, peer, context.now)
        .await?;
    Ok(true)
}

/// messages.togglePeerTranslations
pub(super) async fn toggle_peer_translations(
    context: &Context<'_>,
    request: functions::messages::TogglePeerTranslations,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    context
        .messenger()
        .translate_peer(actor, peer, request.disabled, context.now)
        .await?;
    Ok(true)
}

/// messages.reportSpam
pub(super) async fn report_spam(
    context: &Context<'_>,
    request: functions::messages::ReportSpam,
) -> Result<bool> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    tracing::debug!(reporter = actor.user.0, ?peer, "reported as spam");
    context
        .messenger()
        .hide_bar(actor, peer, context.now)
        .await?;
    Ok(true)
}

/// messages.getDialogFilters
pub(super) async fn get_dialog_filters(
    context: &Context<'_>,
    _: functions::messages::GetDialogFilters,
) -> Result<types::messages::DialogFilters> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut filters = messenger.filters(user).await?;
    let order = messenger.filter_order(user).await?;
    // The list of all chats stands where the user has put it.
    let at = order.iter().position(|id| *id == 0).unwrap_or(0);
    filters.insert(at.min(filters.len()), types::DialogFilter::Default {});
    Ok(types::messages::DialogFilters {
        tags_enabled: false,
        filters,
    })
}

/// messages.updateDialogFilter
pub(super) async fn update_dialog_filter(
    context: &Context<'_>,
    request: functions::messages::UpdateDialogFilter,
) -> Result<bool> {
    let actor = context.actor()?;
    if !FILTER_IDS.contains(&request.id) {
        return Err(Error::FILTER_ID_INVALID);
    }
    let mut named = Peers::default();
    let filter = match request.filter {
        None => None,
        Some(types::DialogFilter::DialogFilter(mut filter)) => {
            if filter.title.text.trim().is_empty() {
                return Err(Error::FILTER_TITLE_EMPTY);
            }
            if filter.title.text.chars().count() > FILTER_TITLE_CHARS_MAX {
                return Err(Error::MESSAGE_TOO_LONG);
            }
            let takes_kinds = filter.contacts
                || filter.non_contacts
                || filter.groups
                || filter.broadcasts
                || filter.bots;
            let takes_peers = !filter.include_peers.is_empty() || !filter.pinned_peers.is_empty();
            if !takes_kinds && !takes_peers {
                return Err(Error::FILTER_INCLUDE_EMPTY);
            }
            let lists = [
                &filter.pinned_peers,
                &filter.include_peers,
                &filter.exclude_peers,
            ];
            for list in lists {
                if list.len() > FILTER_PEERS_MAX {
                    return Err(Error::FILTER_INCLUDE_EMPTY);
                }
                for peer in list {
                    named.add(context.peer(peer).await?);
                }
            }
            filter.id = request.id;
            Some(types::DialogFilter::DialogFilter(filter))
        }
        Some(types::DialogFilter::Chatlist(_) | types::DialogFilter::Default {}) => {
            return Err(Error::FILTER_ID_INVALID);
        }
    };
    context
        .messenger()
        .set_filter(actor, request.id, filter, &named, context.now)
        .await?;
    Ok(true)
}

/// messages.updateDialogFiltersOrder
pub(super) async fn update_dialog_filters_order(
    context: &Context<'_>,
    request: functions::messages::UpdateDialogFiltersOrder,
) -> Result<bool> {
    let actor = context.actor()?;
    let order: Vec<i32> = request.order.into_iter().take(256).collect();
    context
        .messenger()
        .order_filters(actor, &order, context.now)
        .await?;
    Ok(true)
}
