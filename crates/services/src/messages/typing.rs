//! Who is typing.

use store::{PeerId, UserId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// messages.setTyping
pub(super) async fn set_typing(
    context: &Context<'_>,
    request: functions::messages::SetTyping,
) -> Result<bool> {
    use types::SendMessageAction as Action;
    let actor = context.actor()?;
    let messenger = context.messenger();
    let peer = context.peer(&request.peer).await?;
    if matches!(request.action, Action::SpeakingInGroupCallAction {}) {
        return Err(Error::GROUPCALL_FORBIDDEN);
    }
    let private_only = matches!(
        request.action,
        Action::SendMessageEmojiInteraction(_) | Action::SendMessageEmojiInteractionSeen { .. }
    );
    match peer {
        PeerId::User(other) if other != actor.user => {
            // Bots are not told.
            let blocked = messenger.is_bot(other).await?
                || messenger.has_blocked(other, actor.user).await?
                || messenger.has_blocked(actor.user, other).await?;
            if !blocked {
                let update = constructors::UpdateUserTyping {
                    user_id: actor.user.0,
                    top_msg_id: None,
                    action: request.action,
                };
                let update = types::Update::UserTyping(Box::new(update));
                messenger
                    .publish_unlogged(other, None, vec![update], context.now)
                    .await?;
            }
        }
        PeerId::Chat(id) if !private_only => {
            let chat = messenger.chat_of(actor.user, id).await?;
            if chat.deactivated || chat.member(actor.user).is_none() {
                return Err(Error::CHAT_WRITE_FORBIDDEN);
            }
            for member in chat
                .members
                .iter()
                .filter(|member| member.user != actor.user.0 && !member.bot)
            {
                let update = constructors::UpdateChatUserTyping {
                    chat_id: id.0,
                    from_id: types::Peer::User {
                        user_id: actor.user.0,
                    },
                    action: request.action.clone(),
                };
                let update = types::Update::ChatUserTyping(Box::new(update));
                messenger
                    .publish_unlogged(UserId(member.user), None, vec![update], context.now)
                    .await?;
            }
        }
        PeerId::Channel(id) if !private_only => {
            let standing = messenger.reading(actor.user, id, context.now).await?;
            if standing.channel.megagroup {
                messenger.writing(actor.user, id, context.now).await?;
                let update = constructors::UpdateChannelUserTyping {
                    channel_id: id.0,
                    top_msg_id: request.top_msg_id,
                    from_id: types::Peer::User {
                        user_id: actor.user.0,
                    },
                    action: request.action,
                };
                let update = types::Update::ChannelUserTyping(Box::new(update));
                messenger
                    .tell_other_watchers(actor.user, id, &update, context.now)
                    .await?;
            }
        }
        PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => {}
    }
    Ok(true)
}
