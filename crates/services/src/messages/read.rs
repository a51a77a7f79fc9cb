//! Read marks (B.3).

use messenger::{Affected, Cleared, Letter, PrivacyKey, READ_DATE_LIFE_S};
use store::{MsgId, PeerId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// messages.readHistory
pub(super) async fn read_history(
    context: &Context<'_>,
    request: functions::messages::ReadHistory,
) -> Result<types::messages::AffectedMessages> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if matches!(peer, PeerId::Channel(_)) {
        return Err(Error::PEER_ID_INVALID);
    }
    let affected = context
        .messenger()
        .read_history(actor, peer, MsgId(request.max_id.max(0)), context.now)
        .await?;
    Ok(affected_messages(affected))
}

pub(super) fn affected_messages(affected: Affected) -> types::messages::AffectedMessages {
    types::messages::AffectedMessages {
        pts: affected.pts,
        pts_count: affected.pts_count,
    }
}

pub(super) fn affected_history(cleared: Cleared) -> types::messages::AffectedHistory {
    types::messages::AffectedHistory {
        pts: cleared.affected.pts,
        pts_count: cleared.affected.pts_count,
        offset: i32::from(cleared.more),
    }
}

/// messages.readMessageContents
pub(super) async fn read_message_contents(
    context: &Context<'_>,
    request: functions::messages::ReadMessageContents,
) -> Result<types::messages::AffectedMessages> {
    let actor = context.actor()?;
    let ids = request.id.iter().take(100).map(|id| MsgId(*id)).collect();
    let affected = context
        .messenger()
        .read_contents(actor, ids, context.now)
        .await?;
    Ok(affected_messages(affected))
}

/// messages.readMentions
pub(super) async fn read_mentions(
    context: &Context<'_>,
    request: functions::messages::ReadMentions,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if let PeerId::Channel(id) = peer {
        let messenger = context.messenger();
        let ids = messenger.unread_mentions(actor.user, id).await?;
        let more = ids.len() > 100;
        let ids: Vec<MsgId> = ids.into_iter().take(100).collect();
        messenger
            .read_channel_contents(actor, id, &ids, context.now)
            .await?;
        return Ok(types::messages::AffectedHistory {
            pts: messenger.channel_pts(id).await?,
            pts_count: 0,
            offset: i32::from(more),
        });
    }
    let cleared = context
        .messenger()
        .read_mentions(actor, peer, context.now)
        .await?;
    Ok(affected_history(cleared))
}

/// messages.getOutboxReadDate
pub(super) async fn get_outbox_read_date(
    context: &Context<'_>,
    request: functions::messages::GetOutboxReadDate,
) -> Result<types::OutboxReadDate> {
    let user = context.user()?;
    let messenger = context.messenger();
    let peer = context.peer(&request.peer).await?;
    let PeerId::User(other) = peer else {
        return Err(Error::PEER_ID_INVALID);
    };
    let letter = own_letter(context, peer, request.msg_id).await?;
    if letter.date().saturating_add(READ_DATE_LIFE_S) < context.now.unix_s() {
        return Err(Error::MESSAGE_TOO_OLD);
    }
    if !messenger
        .may(user, other, PrivacyKey::StatusTimestamp)
        .await?
    {
        return Err(Error::USER_PRIVACY_RESTRICTED);
    }
    if !messenger
        .may(other, user, PrivacyKey::StatusTimestamp)
        .await?
    {
        return Err(Error::YOUR_PRIVACY_RESTRICTED);
    }
    let dates = messenger.read_by(user, &letter).await?;
    let (_, date) = dates.first().ok_or(Error::MESSAGE_NOT_READ_YET)?;
    Ok(types::OutboxReadDate {
        date: date.cast_signed(),
    })
}

/// messages.getMessageReadParticipants
pub(super) async fn get_message_read_participants(
    context: &Context<'_>,
    request: functions::messages::GetMessageReadParticipants,
) -> Result<Vec<types::ReadParticipantDate>> {
    let user = context.user()?;
    let messenger = context.messenger();
    let peer = context.peer(&request.peer).await?;
    let PeerId::Chat(id) = peer else {
        return Err(Error::PEER_ID_INVALID);
    };
    let letter = own_letter(context, peer, request.msg_id)
        .await
        .map_err(|_| Error::MSG_ID_INVALID)?;
    let chat = messenger.chat_of(user, id).await?;
    if chat.member(user).is_none() {
        return Err(Error::USER_NOT_PARTICIPANT);
    }
    if chat.members.len() > 100 {
        return Err(Error::CHAT_TOO_BIG);
    }
    if letter.date().saturating_add(READ_DATE_LIFE_S) < context.now.unix_s() {
        return Err(Error::MSG_TOO_OLD);
    }
    let dates = messenger.read_by(user, &letter).await?;
    Ok(dates
        .into_iter()
        .map(|(user, date)| types::ReadParticipantDate {
            user_id: user.0,
            date: date.cast_signed(),
        })
        .collect())
}

/// A message of a dialog that the caller wrote.
async fn own_letter(context: &Context<'_>, peer: PeerId, id: i32) -> Result<Letter> {
    let user = context.user()?;
    let letter = context.messenger().letter(user, MsgId(id)).await?;
    letter
        .filter(|letter| letter.peer == peer && letter.from == PeerId::User(user))
        .ok_or(Error::MESSAGE_ID_INVALID)
}
