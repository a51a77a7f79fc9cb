//! Members of channels: who they are, what they may do (1.3–1.5).

use messenger::{
    MemberList, admin_rights_flags, banned_rights_flags, names_of, right::with_implied,
};
use store::{PeerId, UserId};
use tl_api::{constructors, functions, types};

use super::in_403;
use super::message::answer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::hash_of;

/// The most members of one answer.
const PAGE_MAX: usize = 200;

/// A user among the participants of a channel.
async fn participant(context: &Context<'_>, peer: &types::InputPeer) -> Result<UserId> {
    match context.peer(peer).await {
        Ok(PeerId::User(user)) => Ok(user),
        _ => Err(Error::PARTICIPANT_ID_INVALID),
    }
}

/// channels.getParticipant
pub(super) async fn get_participant(
    context: &Context<'_>,
    request: functions::channels::GetParticipant,
) -> Result<types::channels::ChannelParticipant> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    let wanted = participant(context, &request.participant).await?;
    let row = messenger.participant_row(&standing, wanted).await?;
    let shown = messenger
        .show(user, &names_of([&*row]), context.now)
        .await?;
    Ok(types::channels::ChannelParticipant {
        participant: messenger.show_member(&standing, &row, context.now),
        chats: shown.chats,
        users: shown.users,
    })
}

fn list_of(filter: &types::ChannelParticipantsFilter) -> MemberList {
    use types::ChannelParticipantsFilter as Filter;
    let text = |q: &tl::Str| q.as_str().to_owned();
    match filter {
        Filter::ChannelParticipantsAdmins {} => MemberList::Admins,
        Filter::ChannelParticipantsBanned { q } => MemberList::Banned(text(q)),
        Filter::ChannelParticipantsBots {} => MemberList::Bots,
        Filter::ChannelParticipantsContacts { q } => MemberList::Contacts(text(q)),
        Filter::ChannelParticipantsKicked { q } => MemberList::Kicked(text(q)),
        Filter::ChannelParticipantsMentions { q, .. } => {
            MemberList::Mentions(q.as_ref().map(text).unwrap_or_default())
        }
        Filter::ChannelParticipantsRecent {} => MemberList::Recent,
        Filter::ChannelParticipantsSearch { q } => MemberList::Search(text(q)),
    }
}

/// channels.getParticipants
pub(super) async fn get_participants(
    context: &Context<'_>,
    request: functions::channels::GetParticipants,
) -> Result<types::channels::ChannelParticipants> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    let offset = usize::try_from(request.offset).unwrap_or(0);
    let limit = usize::try_from(request.limit)
        .unwrap_or(0)
        .clamp(1, PAGE_MAX);
    let list = list_of(&request.filter);
    let page = messenger
        .members_page(&standing, list, offset, limit, context.now)
        .await
        .map_err(in_403)?;
    let hash = hash_of(page.members.iter().map(|row| row.user));
    if request.hash != 0 && request.hash == hash {
        return Ok(types::channels::ChannelParticipants::NotModified {});
    }
    let rows = page.members.iter().map(|row| &**row);
    let shown = messenger.show(user, &names_of(rows), context.now).await?;
    let participants = page
        .members
        .iter()
        .map(|row| messenger.show_member(&standing, row, context.now))
        .collect();
    Ok(types::channels::ChannelParticipants::ChannelParticipants(
        Box::new(constructors::channels::ChannelParticipants {
            count: i32::try_from(page.count).unwrap_or(i32::MAX),
            participants,
            chats: shown.chats,
            users: shown.users,
        }),
    ))
}

/// channels.editAdmin
pub(super) async fn edit_admin(
    context: &Context<'_>,
    request: functions::channels::EditAdmin,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    messenger.reading(actor.user, id, context.now).await?;
    let user = context.input_user(&request.user_id).await?;
    let rights = admin_rights_flags(&request.admin_rights);
    let rank = request.rank.as_deref();
    let updates = messenger
        .set_channel_admin(actor, id, user, rights, rank, context.now)
        .await
        .map_err(in_403)?;
    Ok(answer(updates))
}

/// channels.editBanned
pub(super) async fn edit_banned(
    context: &Context<'_>,
    request: functions::channels::EditBanned,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    messenger.reading(actor.user, id, context.now).await?;
    let user = participant(context, &request.participant).await?;
    let rights = banned_rights_flags(&request.banned_rights);
    // What old clients know by one bit is many now.
    let rights = if rights & messenger::right::VIEW_MESSAGES == 0 {
        with_implied(rights)
    } else {
        rights
    };
    let until = request.banned_rights.until_date;
    let updates = messenger
        .set_channel_banned(actor, id, user, rights, until, context.now)
        .await
        .map_err(in_403)?;
    Ok(answer(updates))
}
