//! Peers that people choose for bots (2.5).

use tl_api::{constructors, functions, types};

use crate::bots::{Workshop, newest, resolve, with_markup};
use crate::harness::{Client, refused};
use crate::messages::{peer_of, updates};

fn keyboard(max_quantity: i32) -> types::ReplyMarkup {
    let kind = types::ButtonType::InputButtonTypeRequestPeer {
        name_requested: false,
        username_requested: false,
        photo_requested: false,
        button_id: 5,
        peer_type: types::RequestPeerType::User {
            bot: Some(false),
            premium: None,
        },
        max_quantity,
    };
    let button = constructors::KeyboardButton::new("Choose".into(), kind);
    let row = types::KeyboardButtonRow {
        buttons: vec![types::KeyboardButton::KeyboardButton(Box::new(button))],
    };
    types::ReplyMarkup::ReplyKeyboardMarkup(Box::new(constructors::ReplyKeyboardMarkup::new(vec![
        row,
    ])))
}

fn action(updates: &[types::Update]) -> Option<types::MessageAction> {
    updates.iter().find_map(|update| match update {
        types::Update::NewMessage {
            message: types::Message::Service(message),
            ..
        } => Some(message.action.clone()),
        _ => None,
    })
}

#[tokio::test]
async fn peers_are_chosen_for_a_bot_with_its_button() {
    let shop = Workshop::start().await;
    let alice: &Client = &shop.alice;
    let (to_alice, _) = shop.meet().await;
    let asked = with_markup(&to_alice, "Whom?", 2, keyboard(2));
    shop.bot.call(asked).await.unwrap();
    let question = newest(alice, &shop.peer).await;
    let bob = peer_of(alice, &shop.bob, "15550000002").await;
    let share = |peers: Vec<types::InputPeer>| {
        let peer = shop.peer.clone();
        let mut share = functions::messages::SendBotRequestedPeer::new(peer, 5, peers);
        share.msg_id = Some(question.id);
        share
    };
    let mut nowhere = share(vec![bob.clone()]);
    nowhere.peer = bob.clone();
    let mut no_message = share(vec![bob.clone()]);
    no_message.msg_id = Some(question.id + 1);
    let mut no_button = share(vec![bob.clone()]);
    no_button.button_id = 6;
    let many = vec![bob.clone(), types::InputPeer::Self_ {}, shop.peer.clone()];
    for (request, name) in [
        (nowhere, "PEER_ID_INVALID"),
        (no_message, "MESSAGE_ID_INVALID"),
        (no_button, "MESSAGE_ID_INVALID"),
        (share(vec![]), "PEER_ID_INVALID"),
        (share(many), "PEER_ID_INVALID"),
        (share(vec![shop.peer.clone()]), "PEER_ID_INVALID"),
        (share(vec![bob.clone(), bob.clone()]), "PEER_ID_INVALID"),
    ] {
        assert_eq!(alice.call(request).await.unwrap_err(), refused(400, name));
    }
    shop.bot.take_updates();
    let told = updates(alice.call(share(vec![bob.clone()])).await.unwrap());
    let user_id = shop.bob.user_id();
    let own = types::MessageAction::RequestedPeer {
        button_id: 5,
        peers: vec![types::Peer::User { user_id }],
    };
    assert_eq!(action(&told.updates), Some(own));
    // The bot is told the same in its own words, now and in its history.
    let theirs = types::MessageAction::RequestedPeerSentMe {
        button_id: 5,
        peers: vec![types::RequestedPeer::User(Box::new(
            constructors::RequestedPeerUser::new(user_id),
        ))],
    };
    assert_eq!(action(&shop.bot.take_updates()), Some(theirs));
    // A stranger has no such message.
    let carol = shop.server.sign_up("15550000003", "Carol").await;
    let peer = resolve(&carol, "alpha_bot").await;
    let mut foreign =
        functions::messages::SendBotRequestedPeer::new(peer, 5, vec![types::InputPeer::Self_ {}]);
    foreign.msg_id = Some(question.id);
    let error = carol.call(foreign).await.unwrap_err();
    assert_eq!(error, refused(400, "MESSAGE_ID_INVALID"));
}
