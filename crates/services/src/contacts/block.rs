//! Blocked users (sheet 5.3).

use std::collections::BTreeSet;

use messenger::Peers;
use store::{PeerId, UserId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The most blocked users in one answer.
const PAGE_MAX: usize = 100;

/// contacts.block
pub(super) async fn block(
    context: &Context<'_>,
    request: functions::contacts::Block,
) -> Result<bool> {
    let user = blockable(context, &request.id).await?;
    let known = context.messenger().user(user).await?;
    if known.is_none_or(|user| user.deleted) {
        return Err(Error::INPUT_USER_DEACTIVATED);
    }
    set(context, user, true, request.my_stories_from).await
}

/// contacts.unblock
pub(super) async fn unblock(
    context: &Context<'_>,
    request: functions::contacts::Unblock,
) -> Result<bool> {
    let user = blockable(context, &request.id).await?;
    set(context, user, false, request.my_stories_from).await
}

async fn set(context: &Context<'_>, user: UserId, block: bool, stories: bool) -> Result<bool> {
    context
        .messenger()
        .set_blocked(context.actor()?, user, block, stories, context.now)
        .await?;
    Ok(true)
}

/// A user, other than oneself. Groups are left, not blocked.
async fn blockable(context: &Context<'_>, peer: &types::InputPeer) -> Result<UserId> {
    match context.peer(peer).await? {
        PeerId::User(user) if user == context.user()? => Err(Error::CONTACT_ID_INVALID),
        PeerId::User(user) => Ok(user),
        PeerId::Chat(_) | PeerId::Channel(_) => Err(Error::PEER_ID_INVALID),
    }
}

/// contacts.setBlocked: these and no others.
pub(super) async fn set_blocked(
    context: &Context<'_>,
    request: functions::contacts::SetBlocked,
) -> Result<bool> {
    let owner = context.user()?;
    let stories = request.my_stories_from;
    let mut wanted = BTreeSet::new();
    for peer in &request.id {
        wanted.insert(blockable(context, peer).await?);
    }
    let blocked = context.messenger().blocked(owner).await?;
    let before: BTreeSet<UserId> = blocked
        .iter()
        .filter(|(_, record)| if stories { record.stories } else { record.all })
        .map(|(user, _)| *user)
        .collect();
    for user in before.difference(&wanted) {
        set(context, *user, false, stories).await?;
    }
    for user in wanted.difference(&before) {
        set(context, *user, true, stories).await?;
    }
    Ok(true)
}

/// contacts.getBlocked: newest first.
pub(super) async fn get_blocked(
    context: &Context<'_>,
    request: functions::contacts::GetBlocked,
) -> Result<types::contacts::Blocked> {
    let owner = context.user()?;
    let all = context.messenger().blocked(owner).await?;
    let mut blocked: Vec<(u32, UserId)> = all
        .iter()
        .filter(|(_, record)| {
            if request.my_stories_from {
                record.stories
            } else {
                record.all
            }
        })
        .map(|(user, record)| (record.date, *user))
        .collect();
    blocked.sort_unstable_by_key(|(date, user)| std::cmp::Reverse((*date, *user)));
    let count = i32::try_from(blocked.len()).unwrap_or(i32::MAX);
    let offset = usize::try_from(request.offset).unwrap_or(0);
    let limit = usize::try_from(request.limit).unwrap_or(0).min(PAGE_MAX);
    let page: Vec<_> = blocked.into_iter().skip(offset).take(limit).collect();
    let mut peers = Peers::default();
    for (_, user) in &page {
        peers.add_user(user.0);
    }
    let shown = context.messenger().show(owner, &peers, context.now).await?;
    let whole = usize::try_from(count).is_ok_and(|count| count == page.len());
    let blocked = page
        .into_iter()
        .map(|(date, user)| types::PeerBlocked {
            peer_id: types::Peer::User { user_id: user.0 },
            date: date.cast_signed(),
        })
        .collect();
    Ok(if whole {
        types::contacts::Blocked::Blocked(Box::new(constructors::contacts::Blocked {
            blocked,
            chats: shown.chats,
            users: shown.users,
        }))
    } else {
        types::contacts::Blocked::Slice(Box::new(constructors::contacts::BlockedSlice {
            count,
            blocked,
            chats: shown.chats,
            users: shown.users,
        }))
    })
}
