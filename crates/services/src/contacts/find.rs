//! Finding people by name or number (sheet 5.4).

use messenger::{Peers, phone_digits, tl_peer};
use store::PeerId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::{PHONES_RESOLVED, SEARCHES, USERNAMES_RESOLVED};

/// The most results of each kind.
const SEARCH_MAX: usize = 50;
/// The longest query, bytes.
const SEARCH_BYTES_MAX: usize = 256;

/// contacts.resolveUsername
pub(super) async fn resolve_username(
    context: &Context<'_>,
    request: functions::contacts::ResolveUsername,
) -> Result<types::contacts::ResolvedPeer> {
    let caller = context.user()?;
    let username = request.username.as_str();
    let username = username.strip_prefix('@').unwrap_or(username);
    let fits = (1..=32).contains(&username.len())
        && username
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits {
        return Err(Error::USERNAME_INVALID);
    }
    context.limit(USERNAMES_RESOLVED, &caller.to_string())?;
    context.messenger().bot_father(context.now).await?;
    let owner = context.messenger().peer_of_username(username).await?;
    resolved(context, owner)
        .await?
        .ok_or(Error::USERNAME_NOT_OCCUPIED)
}

/// contacts.resolvePhone
pub(super) async fn resolve_phone(
    context: &Context<'_>,
    request: functions::contacts::ResolvePhone,
) -> Result<types::contacts::ResolvedPeer> {
    let caller = context.user()?;
    let phone = phone_digits(&request.phone).ok_or(Error::PHONE_NOT_OCCUPIED)?;
    context.limit(PHONES_RESOLVED, &caller.to_string())?;
    let messenger = context.messenger();
    let owner = match messenger.user_of_phone(&phone).await? {
        Some(user) if messenger.may_find_by_phone(caller, user).await? => Some(PeerId::User(user)),
        _ => None,
    };
    resolved(context, owner)
        .await?
        .ok_or(Error::PHONE_NOT_OCCUPIED)
}

/// contacts.search
pub(super) async fn search(
    context: &Context<'_>,
    request: functions::contacts::Search,
) -> Result<types::contacts::Found> {
    let viewer = context.user()?;
    let query = request.q.trim();
    if query.is_empty() {
        return Err(Error::SEARCH_QUERY_EMPTY);
    }
    if query.len() > SEARCH_BYTES_MAX {
        return Err(Error::QUERY_TOO_LONG);
    }
    context.limit(SEARCHES, &viewer.to_string())?;
    let limit = usize::try_from(request.limit)
        .unwrap_or(0)
        .clamp(1, SEARCH_MAX);
    let messenger = context.messenger();
    let mut found = messenger.find_peers(viewer, query, limit).await?;
    if request.broadcasts {
        for peers in [&mut found.mine, &mut found.others] {
            let mut channels = Vec::new();
            for peer in peers.drain(..) {
                if let PeerId::Channel(id) = peer
                    && messenger
                        .channel(id)
                        .await?
                        .is_some_and(|channel| !channel.megagroup)
                {
                    channels.push(peer);
                }
            }
            *peers = channels;
        }
    }
    if request.bots {
        for peers in [&mut found.mine, &mut found.others] {
            let mut bots = Vec::new();
            for peer in peers.drain(..) {
                if let PeerId::User(user) = peer
                    && messenger.is_bot(user).await?
                {
                    bots.push(peer);
                }
            }
            *peers = bots;
        }
    }
    let mut peers = Peers::default();
    for peer in found.mine.iter().chain(&found.others) {
        peers.add(*peer);
    }
    let shown = messenger.show(viewer, &peers, context.now).await?;
    let tl = |peers: Vec<PeerId>| peers.into_iter().map(tl_peer).collect();
    Ok(types::contacts::Found {
        my_results: tl(found.mine),
        results: tl(found.others),
        chats: shown.chats,
        users: shown.users,
    })
}

async fn resolved(
    context: &Context<'_>,
    owner: Option<PeerId>,
) -> Result<Option<types::contacts::ResolvedPeer>> {
    let Some(owner) = owner else {
        return Ok(None);
    };
    let mut peers = Peers::default();
    peers.add(owner);
    let shown = context
        .messenger()
        .show(context.user()?, &peers, context.now)
        .await?;
    if shown.users.is_empty() && shown.chats.is_empty() {
        return Ok(None);
    }
    Ok(Some(types::contacts::ResolvedPeer {
        peer: tl_peer(owner),
        chats: shown.chats,
        users: shown.users,
    }))
}
