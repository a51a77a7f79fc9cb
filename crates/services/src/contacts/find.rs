//! Finding people by name or number (sheet 5.4).

use messenger::{Peers, phone_digits, tl_peer};
use store::PeerId;
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::{PHONES_RESOLVED, USERNAMES_RESOLVED};

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
