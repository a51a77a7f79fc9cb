//! Lists of channels, and of what was done in one.

use messenger::{LogQuery, Peers, right::admin};
use store::{ChannelId, PeerId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The most channels, and the most log entries, of one answer.
const PAGE_MAX: usize = 100;

async fn shown(context: &Context<'_>, ids: Vec<ChannelId>) -> Result<types::messages::Chats> {
    let mut peers = Peers::default();
    ids.into_iter()
        .for_each(|id| peers.add(PeerId::Channel(id)));
    let user = context.user()?;
    let shown = context.messenger().show(user, &peers, context.now).await?;
    Ok(types::messages::Chats::Chats { chats: shown.chats })
}

/// channels.getChannels
pub(super) async fn get_channels(
    context: &Context<'_>,
    request: functions::channels::GetChannels,
) -> Result<types::messages::Chats> {
    let mut ids = Vec::with_capacity(request.id.len().min(PAGE_MAX));
    for channel in request.id.iter().take(PAGE_MAX) {
        ids.push(context.channel(channel).await?);
    }
    shown(context, ids).await
}

/// channels.getAdminedPublicChannels
pub(super) async fn get_admined_public_channels(
    context: &Context<'_>,
    request: functions::channels::GetAdminedPublicChannels,
) -> Result<types::messages::Chats> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut own = messenger.own_public_channels(user).await?;
    if request.by_location {
        own.clear();
    }
    if request.check_limit {
        if own.len() >= 10 {
            return Err(Error::CHANNELS_ADMIN_PUBLIC_TOO_MUCH);
        }
        own.clear();
    }
    if request.for_personal {
        let mut broadcasts = Vec::new();
        for id in own {
            let channel = messenger.channel(id).await?;
            if channel.is_some_and(|channel| !channel.megagroup) {
                broadcasts.push(id);
            }
        }
        own = broadcasts;
    }
    shown(context, own).await
}

/// channels.getSendAs
pub(super) async fn get_send_as(
    context: &Context<'_>,
    request: functions::channels::GetSendAs,
) -> Result<types::channels::SendAsPeers> {
    let user = context.user()?;
    let PeerId::Channel(id) = context.peer(&request.peer).await? else {
        return Ok(types::channels::SendAsPeers {
            peers: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        });
    };
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    let mut send_as = Vec::new();
    if standing.may_as_admin(admin::ANONYMOUS) || !standing.channel.megagroup {
        send_as.push(PeerId::Channel(id));
    }
    if standing.channel.megagroup {
        send_as.push(PeerId::User(user));
        for own in messenger.own_public_channels(user).await? {
            if own != id {
                send_as.push(PeerId::Channel(own));
            }
        }
    }
    let mut peers = Peers::default();
    send_as.iter().for_each(|peer| peers.add(*peer));
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::channels::SendAsPeers {
        peers: send_as
            .into_iter()
            .map(|peer| types::SendAsPeer {
                premium_required: false,
                peer: messenger::tl_peer(peer),
            })
            .collect(),
        chats: shown.chats,
        users: shown.users,
    })
}

/// channels.getAdminLog
pub(super) async fn get_admin_log(
    context: &Context<'_>,
    request: functions::channels::GetAdminLog,
) -> Result<types::channels::AdminLogResults> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    if !standing.is_admin() {
        return Err(Error::CHAT_ADMIN_REQUIRED.in_403());
    }
    let mut admins = Vec::new();
    for admin in request.admins.iter().flatten().take(PAGE_MAX) {
        admins.push(context.input_user(admin).await?);
    }
    let kinds = match &request.events_filter {
        Some(filter) => tl::to_bytes(filter, Layer(NEWEST_LAYER))
            .ok()
            .and_then(|wire| wire.get(4..8)?.try_into().ok().map(u32::from_le_bytes))
            .unwrap_or(0),
        None => 0,
    };
    let query = LogQuery {
        text: request.q.as_str().to_owned(),
        kinds,
        admins,
        max_id: request.max_id.max(0),
        min_id: request.min_id.max(0),
        limit: usize::try_from(request.limit)
            .unwrap_or(0)
            .clamp(1, PAGE_MAX),
    };
    let (events, shown) = messenger.admin_log(&standing, &query, context.now).await?;
    Ok(types::channels::AdminLogResults {
        events,
        chats: shown.chats,
        users: shown.users,
    })
}
