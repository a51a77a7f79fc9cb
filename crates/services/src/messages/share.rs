//! Peers that people choose for bots (2.5).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use store::{MsgId, PeerId};
use tl_api::types::{ButtonType, KeyboardButton, ReplyMarkup, RequestPeerType};
use tl_api::{functions, types};

use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// messages.sendBotRequestedPeer
pub(super) async fn send_bot_requested_peer(
    context: &Context<'_>,
    request: functions::messages::SendBotRequestedPeer,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let PeerId::User(bot) = context.peer(&request.peer).await? else {
        return Err(Error::PEER_ID_INVALID);
    };
    let messenger = context.messenger();
    if !messenger.is_bot(bot).await? {
        return Err(Error::PEER_ID_INVALID);
    }
    let id = request.msg_id.ok_or(Error::MESSAGE_ID_INVALID)?;
    let letter = messenger.letter(actor.user, MsgId(id)).await?;
    let letter = letter.filter(|letter| letter.peer == PeerId::User(bot));
    let Some(types::Message::Message(message)) = letter.map(|letter| letter.message) else {
        return Err(Error::MESSAGE_ID_INVALID);
    };
    let button = button(message.reply_markup.as_ref(), request.button_id);
    let (kind, most) = button.ok_or(Error::MESSAGE_ID_INVALID)?;
    let most = usize::try_from(most).unwrap_or(0);
    if !(1..=most).contains(&request.requested_peers.len()) {
        return Err(Error::PEER_ID_INVALID);
    }
    let mut peers = Vec::with_capacity(request.requested_peers.len());
    for peer in &request.requested_peers {
        let peer = context.peer(peer).await?;
        if !fits(context, kind, peer).await? || peers.contains(&peer) {
            return Err(Error::PEER_ID_INVALID);
        }
        peers.push(peer);
    }
    let updates = messenger
        .share_peers(actor, bot, request.button_id, &peers, context.now)
        .await?;
    Ok(answer(updates))
}

/// What a button asks for, and for how many.
fn button(markup: Option<&ReplyMarkup>, wanted: i32) -> Option<(&RequestPeerType, i32)> {
    let ReplyMarkup::ReplyKeyboardMarkup(keyboard) = markup? else {
        return None;
    };
    let mut buttons = keyboard.rows.iter().flat_map(|row| &row.buttons);
    buttons.find_map(|button| match button {
        KeyboardButton::KeyboardButton(button) => match &button.type_ {
            ButtonType::RequestPeer {
                button_id,
                peer_type,
                max_quantity,
            } if *button_id == wanted => Some((peer_type, *max_quantity)),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a peer is of the kind that is asked for.
async fn fits(context: &Context<'_>, kind: &RequestPeerType, peer: PeerId) -> Result<bool> {
    let messenger = context.messenger();
    Ok(match (kind, peer) {
        (RequestPeerType::User { bot, premium }, PeerId::User(id)) => {
            // Nobody has more than others here.
            let is_bot = messenger.is_bot(id).await?;
            bot.is_none_or(|bot| bot == is_bot) && !premium.unwrap_or(false)
        }
        (RequestPeerType::Chat(_), PeerId::Chat(_)) => true,
        (RequestPeerType::Chat(_), PeerId::Channel(id)) => {
            let channel = messenger.channel(id).await?;
            channel.is_some_and(|channel| channel.megagroup)
        }
        (RequestPeerType::Broadcast(_), PeerId::Channel(id)) => {
            let channel = messenger.channel(id).await?;
            channel.is_some_and(|channel| !channel.megagroup)
        }
        _ => false,
    })
}
