//! Members of basic groups as others are told of them.

use store::{AuthKeyId, UserId};
use tl_api::{constructors, types};

use crate::error::Result;
use crate::mailbox::Batch;
use crate::record::{Chat, ChatMember};

/// A member as clients see them.
pub(crate) fn participant(chat: &Chat, member: &ChatMember) -> types::ChatParticipant {
    let date = member.date.cast_signed();
    if member.user == chat.creator {
        types::ChatParticipant::Creator {
            user_id: member.user,
            rank: None,
        }
    } else if member.admin {
        let admin = constructors::ChatParticipantAdmin::new(member.user, member.inviter, date);
        types::ChatParticipant::Admin(Box::new(admin))
    } else {
        let member = constructors::ChatParticipant::new(member.user, member.inviter, date);
        types::ChatParticipant::ChatParticipant(Box::new(member))
    }
}

/// Tells bots what a user is in a group now: the bot that it is about, and those that are admins.
/// The mailboxes of all of them must be open.
pub(crate) async fn tell_bots(
    batch: &mut Batch<'_>,
    chat: &Chat,
    by: UserId,
    before: Option<&ChatMember>,
    after: Option<&ChatMember>,
) -> Result<()> {
    let Some(about) = after.or(before) else {
        return Ok(());
    };
    let mut bots: Vec<i64> = chat
        .members
        .iter()
        .filter(|member| member.bot && (member.admin || member.user == about.user))
        .map(|member| member.user)
        .collect();
    if about.bot && after.is_none() {
        bots.push(about.user);
    }
    let date = batch.now().date();
    for bot in bots {
        let queued = batch.queue(UserId(bot), AuthKeyId(0), |qts| {
            types::Update::ChatParticipant(Box::new(constructors::UpdateChatParticipant {
                chat_id: chat.id,
                date,
                actor_id: by.0,
                user_id: about.user,
                prev_participant: before.map(|member| participant(chat, member)),
                new_participant: after.map(|member| participant(chat, member)),
                invite: None,
                qts,
            }))
        });
        queued.await?;
    }
    Ok(())
}
