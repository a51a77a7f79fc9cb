//! Starting bots by links (2.4).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{Outgoing, SendOptions};
use store::PeerId;
use tl_api::{functions, types};

use super::send::{answer, check_random_id};
use crate::context::Context;
use crate::error::{Error, Result};

/// The longest parameter, bytes.
const PARAM_LEN_MAX: usize = 64;

/// messages.startBot
pub(super) async fn start_bot(
    context: &Context<'_>,
    request: functions::messages::StartBot,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    check_random_id(request.random_id)?;
    let bot = context
        .input_user(&request.bot)
        .await
        .map_err(|_| Error::BOT_INVALID)?;
    let messenger = context.messenger();
    let (user, _) = messenger.bot(bot).await?.ok_or(Error::BOT_INVALID)?;
    let param = request.start_param.as_str();
    check_param(param)?;
    let peer = match &request.peer {
        types::InputPeer::Empty {} => PeerId::User(bot),
        peer => context.peer(peer).await?,
    };
    let name = user.username.as_deref().unwrap_or_default();
    let text = match peer {
        PeerId::User(other) if other == bot => {
            if messenger.has_blocked(actor.user, bot).await? {
                messenger
                    .set_blocked(actor, bot, false, false, context.now)
                    .await?;
            }
            format!("/start {param}")
        }
        PeerId::User(_) => return Err(Error::PEER_ID_INVALID),
        PeerId::Chat(id) => {
            let chat = messenger.chat_of(actor.user, id).await?;
            if chat.member(bot).is_none() {
                messenger.add_chat_user(actor, id, bot, context.now).await?;
            }
            format!("/start@{name} {param}")
        }
        PeerId::Channel(_) => format!("/start@{name} {param}"),
    };
    let message = Outgoing {
        random_id: request.random_id,
        text: context.text(&text.trim_end().into(), None).await?,
        ..Outgoing::default()
    };
    let updates = messenger
        .send(
            actor,
            peer,
            vec![message],
            SendOptions::default(),
            context.now,
        )
        .await?;
    crate::bots::father::heard(context, peer, &updates).await?;
    Ok(answer(updates))
}

/// Whether a parameter is one: letters, digits, `_` and `-`.
pub(super) fn check_param(param: &str) -> Result<()> {
    if param.len() > PARAM_LEN_MAX {
        return Err(Error::START_PARAM_TOO_LONG);
    }
    let fits = param
        .bytes()
        .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    if fits {
        Ok(())
    } else {
        Err(Error::START_PARAM_INVALID)
    }
}
