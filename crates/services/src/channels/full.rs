//! Everything about one channel (1.2).

use messenger::{Peers, Standing, right::admin};
use store::{ChatId, DocumentId, PeerId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::Result;

fn number(number: usize) -> Option<i32> {
    Some(i32::try_from(number).unwrap_or(i32::MAX))
}

/// channels.getFullChannel
pub(super) async fn get_full_channel(
    context: &Context<'_>,
    request: functions::channels::GetFullChannel,
) -> Result<types::messages::ChatFull> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    let channel = &standing.channel;
    let peer = PeerId::Channel(id);
    let marks = messenger.channel_marks(user, id).await?;
    let marks = marks.unwrap_or_default();
    let photo = match &channel.photo {
        Some(photo) => {
            let id = DocumentId(photo.id);
            match messenger.file(id).await? {
                Some(file) => messenger.show_photo(user, id, &file),
                None => types::Photo::Empty { id: 0 },
            }
        }
        None => types::Photo::Empty { id: 0 },
    };
    let mut peers = Peers::default();
    peers.add(peer);
    let mut bots = Vec::new();
    if channel.megagroup {
        for bot in &channel.bots {
            peers.add_user(*bot);
            let mut info = types::BotInfo::new();
            info.user_id = Some(*bot);
            bots.push(info);
        }
    }
    let mut full = constructors::ChannelFull::new(
        id.0,
        channel.about.as_str().into(),
        marks.read_inbox.0,
        marks.read_outbox.0,
        i32::try_from(marks.unread).unwrap_or(i32::MAX),
        photo,
        Box::new(messenger.notify_settings(user, peer).await?),
        bots,
        messenger.channel_pts(id).await?,
    );
    add_settings(context, &standing, &mut full).await?;
    add_admins_part(context, &standing, &mut full, &mut peers).await?;
    full.folder_id = (marks.folder != messenger::MAIN).then(|| marks.folder.cast_signed());
    full.pinned_msg_id = messenger.pinned_message(user, peer).await?.map(|id| id.0);
    full.available_min_id = Some(standing.available_min()).filter(|min| *min > 0);
    if channel.linked != 0 {
        full.linked_chat_id = Some(channel.linked);
        peers.add(PeerId::Channel(store::ChannelId(channel.linked)));
    }
    if channel.migrated_from != 0 && standing.is_member() {
        let old = ChatId(channel.migrated_from);
        if let Some(top) = messenger.last_of_dialog(user, PeerId::Chat(old)).await? {
            full.migrated_from_chat_id = Some(old.0);
            full.migrated_from_max_id = Some(top.0);
            peers.add(PeerId::Chat(old));
        }
    }
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::messages::ChatFull {
        full_chat: types::ChatFull::ChannelFull(Box::new(full)),
        chats: shown.chats,
        users: shown.users,
    })
}

async fn add_settings(
    context: &Context<'_>,
    standing: &Standing,
    full: &mut constructors::ChannelFull,
) -> Result<()> {
    let channel = &standing.channel;
    let messenger = context.messenger();
    full.can_view_participants = standing.sees_members();
    full.can_set_username = standing.is_creator();
    full.can_set_stickers = channel.megagroup && standing.may_as_admin(admin::CHANGE_INFO);
    full.hidden_prehistory = channel.prehistory_hidden;
    full.can_delete_channel = standing.is_creator();
    full.participants_hidden = channel.participants_hidden;
    full.participants_count = number(channel.participants as usize);
    if channel.megagroup || standing.is_admin() {
        full.admins_count = number(channel.admins.len() + 1);
    }
    if channel.megagroup {
        full.online_count = Some(messenger.channel_onlines(standing, context.now).await?);
    }
    if channel.slowmode_s != 0 {
        full.slowmode_seconds = Some(channel.slowmode_s.cast_signed());
        let next = messenger.next_send_date(standing, context.now).await?;
        full.slowmode_next_send_date = next.map(u32::cast_signed);
    }
    full.ttl_period = (channel.ttl_period > 0).then(|| channel.ttl_period.cast_signed());
    full.available_reactions = Some(channel.shown_reactions());
    let send_as = standing.member.as_ref().map_or(0, |member| member.send_as);
    full.default_send_as = (send_as != 0).then_some(types::Peer::Channel {
        channel_id: send_as,
    });
    Ok(())
}

/// What only admins are told.
async fn add_admins_part(
    context: &Context<'_>,
    standing: &Standing,
    full: &mut constructors::ChannelFull,
    peers: &mut Peers,
) -> Result<()> {
    if !standing.is_admin() {
        return Ok(());
    }
    let channel = &standing.channel;
    let (kicked, restricted) = context
        .messenger()
        .banned_counts(channel.channel_id())
        .await?;
    full.kicked_count = number(kicked);
    full.banned_count = number(restricted);
    if !standing.may_as_admin(admin::INVITE_USERS) {
        return Ok(());
    }
    let invite = crate::messages::primary_link(context, standing.channel.peer()).await?;
    full.exported_invite = Some(invite);
    if !channel.requests.is_empty() {
        full.requests_pending = number(channel.requests.len());
        let recent: Vec<i64> = channel
            .requests
            .iter()
            .rev()
            .take(3)
            .map(|request| request.user)
            .collect();
        recent.iter().for_each(|user| peers.add_user(*user));
        full.recent_requesters = Some(recent);
    }
    Ok(())
}
