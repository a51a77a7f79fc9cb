//! What nobody has here: answered truthfully.

use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// contacts.getLocated
pub(super) async fn get_located(
    context: &Context<'_>,
    request: functions::contacts::GetLocated,
) -> Result<types::Updates> {
    if let types::InputGeoPoint::Empty {} = request.geo_point {
        return Err(Error::GEO_POINT_INVALID);
    }
    let updates = vec![types::Update::PeerLocated { peers: Vec::new() }];
    let updates = context
        .messenger()
        .updates(
            context.user()?,
            updates,
            &messenger::Peers::default(),
            context.now,
        )
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}

/// contacts.getSponsoredPeers
pub(super) async fn get_sponsored_peers(
    _: &Context<'_>,
    request: functions::contacts::GetSponsoredPeers,
) -> Result<types::contacts::SponsoredPeers> {
    if request.q.trim().is_empty() {
        return Err(Error::SEARCH_QUERY_EMPTY);
    }
    Ok(types::contacts::SponsoredPeers::Empty {})
}

/// contacts.getTopPeers: nobody is rated.
pub(super) async fn get_top_peers(
    context: &Context<'_>,
    request: functions::contacts::GetTopPeers,
) -> Result<types::contacts::TopPeers> {
    let asked = request.correspondents
        || request.bots_pm
        || request.bots_inline
        || request.phone_calls
        || request.forward_users
        || request.forward_chats
        || request.groups
        || request.channels
        || request.bots_app
        || request.bots_guestchat;
    if !asked {
        return Err(Error::TYPES_EMPTY);
    }
    let settings = context
        .messenger()
        .account_settings(context.user()?)
        .await?;
    if settings.top_peers_off {
        return Ok(types::contacts::TopPeers::Disabled {});
    }
    Ok(types::contacts::TopPeers::TopPeers(Box::new(
        constructors::contacts::TopPeers {
            categories: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        },
    )))
}

/// contacts.resetTopPeerRating
pub(super) async fn reset_top_peer_rating(
    context: &Context<'_>,
    request: functions::contacts::ResetTopPeerRating,
) -> Result<bool> {
    context.peer(&request.peer).await?;
    Ok(true)
}

/// contacts.toggleTopPeers
pub(super) async fn toggle_top_peers(
    context: &Context<'_>,
    request: functions::contacts::ToggleTopPeers,
) -> Result<bool> {
    context
        .messenger()
        .change_account_settings(context.user()?, |settings| {
            settings.top_peers_off = !request.enabled;
        })
        .await?;
    Ok(true)
}
