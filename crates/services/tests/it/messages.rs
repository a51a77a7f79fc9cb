//! Messages: sent, read, edited, deleted.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, Server, refused};

/// `inputPeerUser` of another client as `viewer` knows them.
pub(crate) async fn peer_of(viewer: &Client, other: &Client, phone: &str) -> types::InputPeer {
    let contact = types::InputContact::new(1, phone.into(), "Name".into(), String::new().into());
    let imported = viewer
        .call(functions::contacts::ImportContacts {
            contacts: vec![contact],
        })
        .await
        .unwrap();
    let types::User::User(user) = imported
        .users
        .iter()
        .find(|user| matches!(user, types::User::User(user) if user.id == other.user_id()))
        .unwrap()
    else {
        panic!("no such user");
    };
    types::InputPeer::User {
        user_id: user.id,
        access_hash: user.access_hash.unwrap(),
    }
}

pub(crate) fn text(
    peer: &types::InputPeer,
    text: &str,
    random_id: i64,
) -> functions::messages::SendMessage {
    functions::messages::SendMessage::new(peer.clone(), text.into(), random_id)
}

/// The updates of an answer.
pub(crate) fn updates(updates: types::Updates) -> constructors::Updates {
    match updates {
        types::Updates::Updates(updates) => *updates,
        other => panic!("{other:?}"),
    }
}

/// The new message of an answer or a push.
pub(crate) fn new_message(updates: &[types::Update]) -> constructors::Message {
    updates
        .iter()
        .find_map(|update| match update {
            types::Update::NewMessage {
                message: types::Message::Message(message),
                ..
            } => Some(message.as_ref().clone()),
            _ => None,
        })
        .unwrap()
}

#[tokio::test]
async fn text_reaches_the_other_side() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up_at(158, "15550000002", "Bob").await;
    bob.call(functions::updates::GetState {}).await.unwrap();
    let peer = peer_of(&alice, &bob, "15550000002").await;
    bob.take_updates();
    let sent = updates(alice.call(text(&peer, "  hello  ", 7)).await.unwrap());
    let own = new_message(&sent.updates);
    assert!(
        matches!(sent.updates[0], types::Update::MessageID { random_id: 7, id } if id == own.id)
    );
    assert_eq!(own.message, "hello");
    assert!(own.out);
    let pushed = bob.take_updates();
    let received = new_message(&pushed);
    assert_eq!(received.message, "hello");
    assert!(!received.out);
    // Once more with the same random id: the same answer, and nobody is told.
    let again = updates(alice.call(text(&peer, "hello", 7)).await.unwrap());
    assert_eq!(new_message(&again.updates), own);
    assert_eq!(again.updates.len(), 2);
    assert!(bob.take_updates().is_empty());
}
