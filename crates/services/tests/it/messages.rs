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

/// Alice and Bob, who are each other's contacts, and what each calls the other.
pub(crate) struct Pair {
    pub(crate) server: Server,
    pub(crate) alice: Client,
    pub(crate) bob: Client,
    /// Bob for Alice.
    pub(crate) to_bob: types::InputPeer,
    /// Alice for Bob.
    pub(crate) to_alice: types::InputPeer,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let server = Server::start();
        let alice = server.sign_up("15550000001", "Alice").await;
        let bob = server.sign_up("15550000002", "Bob").await;
        bob.call(functions::updates::GetState {}).await.unwrap();
        let to_bob = peer_of(&alice, &bob, "15550000002").await;
        let to_alice = peer_of(&bob, &alice, "15550000001").await;
        alice.take_updates();
        bob.take_updates();
        Self {
            server,
            alice,
            bob,
            to_bob,
            to_alice,
        }
    }

    /// Alice sends Bob a text; its ids for her and for him.
    pub(crate) async fn say(&self, what: &str, random_id: i64) -> (i32, i32) {
        let sent = self.alice.call(text(&self.to_bob, what, random_id)).await;
        let own = new_message(&updates(sent.unwrap()).updates);
        let theirs = new_message(&self.bob.take_updates());
        (own.id, theirs.id)
    }
}

#[tokio::test]
async fn sending_is_checked_in_order() {
    let pair = Pair::start().await;
    let nobody = types::InputPeer::User {
        user_id: 42,
        access_hash: 1,
    };
    // The random id comes before the peer, the peer before the text.
    let refusal = |result: Result<types::Updates, _>| result.unwrap_err();
    let send = |request| pair.alice.call(request);
    assert_eq!(
        refusal(send(text(&nobody, "", 0)).await),
        refused(400, "RANDOM_ID_EMPTY")
    );
    assert_eq!(
        refusal(send(text(&nobody, "", 1)).await),
        refused(400, "PEER_ID_INVALID")
    );
    assert_eq!(
        refusal(send(text(&pair.to_bob, " \n ", 1)).await),
        refused(400, "MESSAGE_EMPTY")
    );
    let long = "x".repeat(4097);
    assert_eq!(
        refusal(send(text(&pair.to_bob, &long, 1)).await),
        refused(400, "MESSAGE_TOO_LONG")
    );
    let mut bold = text(&pair.to_bob, "hi", 1);
    bold.entities = Some(vec![types::MessageEntity::Bold {
        offset: 1,
        length: 5,
    }]);
    assert_eq!(
        refusal(send(bold).await),
        refused(400, "ENTITY_BOUNDS_INVALID")
    );
    // A hash that is another's is of no use.
    let types::InputPeer::User { access_hash, .. } = pair.to_alice else {
        panic!();
    };
    let stranger = types::InputPeer::User {
        user_id: pair.bob.user_id(),
        access_hash,
    };
    assert_eq!(
        refusal(send(text(&stranger, "hi", 1)).await),
        refused(400, "PEER_ID_INVALID")
    );
    assert!(pair.bob.take_updates().is_empty());
}

#[tokio::test]
async fn blocked_sender_notices_nothing() {
    let pair = Pair::start().await;
    pair.bob
        .call(functions::contacts::Block::new(pair.to_alice.clone()))
        .await
        .unwrap();
    let sent = updates(pair.alice.call(text(&pair.to_bob, "hi", 1)).await.unwrap());
    assert!(new_message(&sent.updates).out);
    assert!(
        pair.bob
            .take_updates()
            .iter()
            .all(|update| !matches!(update, types::Update::NewMessage { .. }))
    );
    let refusal = pair
        .bob
        .call(text(&pair.to_alice, "hi", 1))
        .await
        .unwrap_err();
    assert_eq!(refusal, refused(400, "YOU_BLOCKED_USER"));
}

#[tokio::test]
async fn saved_messages_have_no_direction() {
    let pair = Pair::start().await;
    let sent = pair
        .alice
        .call(text(&types::InputPeer::Self_ {}, "note", 1))
        .await;
    let note = new_message(&updates(sent.unwrap()).updates);
    let own = types::Peer::User {
        user_id: pair.alice.user_id(),
    };
    assert!(!note.out);
    assert_eq!(note.from_id.as_ref(), Some(&own));
    assert_eq!(note.peer_id, own);
    assert_eq!(note.saved_peer_id, Some(own));
}

#[tokio::test]
async fn reply_is_translated_for_both() {
    let pair = Pair::start().await;
    // Bob's ids run ahead of Alice's.
    let note = text(&types::InputPeer::Self_ {}, "note", 5);
    pair.bob.call(note).await.unwrap();
    let (own, theirs) = pair.say("to be replied to", 1).await;
    assert_ne!(own, theirs);
    let mut reply = text(&pair.to_alice, "reply", 2);
    let mut header = constructors::InputReplyToMessage::new(theirs);
    header.quote_text = Some("be replied".into());
    header.quote_offset = Some(2);
    reply.reply_to = Some(types::InputReplyTo::Message(Box::new(header.clone())));
    pair.alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let sent = new_message(&updates(pair.bob.call(reply.clone()).await.unwrap()).updates);
    let received = new_message(&pair.alice.take_updates());
    let id = |message: &constructors::Message| match &message.reply_to {
        Some(types::MessageReplyHeader::MessageReplyHeader(header)) => {
            assert!(header.quote);
            assert_eq!(header.quote_offset, Some(3));
            header.reply_to_msg_id
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(id(&sent), Some(theirs));
    assert_eq!(id(&received), Some(own));
    header.quote_text = Some("never said".into());
    reply.reply_to = Some(types::InputReplyTo::Message(Box::new(header)));
    reply.random_id = 3;
    assert_eq!(
        pair.bob.call(reply.clone()).await.unwrap_err(),
        refused(400, "QUOTE_TEXT_INVALID")
    );
    // What is not there is not replied to.
    let gone = constructors::InputReplyToMessage::new(999);
    reply.reply_to = Some(types::InputReplyTo::Message(Box::new(gone)));
    let sent = new_message(&updates(pair.bob.call(reply).await.unwrap()).updates);
    assert_eq!(sent.reply_to, None);
}

#[tokio::test]
async fn edit_reaches_both_and_only_the_author_may() {
    let pair = Pair::start().await;
    let (own, theirs) = pair.say("first", 1).await;
    let mut edit = functions::messages::EditMessage::new(pair.to_bob.clone(), own);
    edit.message = Some("second".into());
    let answer = updates(pair.alice.call(edit.clone()).await.unwrap());
    assert!(matches!(
        answer.updates[..],
        [types::Update::EditMessage { .. }]
    ));
    let pushed = pair.bob.take_updates();
    let [
        types::Update::EditMessage {
            message: types::Message::Message(edited),
            ..
        },
    ] = &pushed[..]
    else {
        panic!("{pushed:?}");
    };
    assert_eq!((edited.id, edited.message.as_str()), (theirs, "second"));
    assert!(edited.edit_date.is_some());
    assert_eq!(
        pair.alice.call(edit.clone()).await.unwrap_err(),
        refused(400, "MESSAGE_NOT_MODIFIED")
    );
    let mut foreign = functions::messages::EditMessage::new(pair.to_alice.clone(), theirs);
    foreign.message = Some("mine".into());
    assert_eq!(
        pair.bob.call(foreign).await.unwrap_err(),
        refused(403, "MESSAGE_AUTHOR_REQUIRED")
    );
    edit.id = 999;
    assert_eq!(
        pair.alice.call(edit.clone()).await.unwrap_err(),
        refused(400, "MESSAGE_ID_INVALID")
    );
    pair.server.world.advance_s(3 * 86_400);
    edit.id = own;
    edit.message = Some("third".into());
    assert_eq!(
        pair.alice.call(edit).await.unwrap_err(),
        refused(400, "MESSAGE_EDIT_TIME_EXPIRED")
    );
}

#[tokio::test]
async fn deleting_is_for_oneself_or_for_both() {
    let pair = Pair::start().await;
    let (first, theirs_first) = pair.say("first", 1).await;
    let (second, theirs_second) = pair.say("second", 2).await;
    let delete = |id, revoke| functions::messages::DeleteMessages {
        revoke,
        id: vec![id],
    };
    let affected = pair.alice.call(delete(first, false)).await.unwrap();
    assert_eq!(affected.pts_count, 1);
    assert!(pair.bob.take_updates().is_empty());
    // Nothing is there any more.
    let again = pair.alice.call(delete(first, true)).await.unwrap();
    assert_eq!((again.pts, again.pts_count), (affected.pts, 0));
    pair.bob.call(delete(theirs_second, true)).await.unwrap();
    let difference = functions::updates::GetDifference::new(affected.pts, 1, 0);
    let types::updates::Difference::Difference(difference) =
        pair.alice.call(difference).await.unwrap()
    else {
        panic!();
    };
    assert!(matches!(&difference.other_updates[..],
        [types::Update::DeleteMessages { messages, .. }] if *messages == [second]));
    // Others' messages are not Alice's to name.
    let foreign = pair
        .alice
        .call(delete(theirs_first + 100, true))
        .await
        .unwrap();
    assert_eq!(foreign.pts_count, 0);
}

#[tokio::test]
async fn forwards_tell_where_they_come_from() {
    let pair = Pair::start().await;
    let (own, theirs) = pair.say("forward me", 1).await;
    let saved = types::InputPeer::Self_ {};
    let forward = functions::messages::ForwardMessages::new(
        pair.to_alice.clone(),
        vec![theirs],
        vec![7],
        saved.clone(),
    );
    let kept = new_message(&updates(pair.bob.call(forward.clone()).await.unwrap()).updates);
    let header = kept.fwd_from.unwrap();
    let alice = types::Peer::User {
        user_id: pair.alice.user_id(),
    };
    assert_eq!(header.from_id.as_ref(), Some(&alice));
    assert_eq!(header.saved_from_peer.as_ref(), Some(&alice));
    assert_eq!(header.saved_from_msg_id, Some(theirs));
    assert_eq!(kept.saved_peer_id, Some(alice));
    // Again: the same message.
    let again = new_message(&updates(pair.bob.call(forward).await.unwrap()).updates);
    assert_eq!(again.id, kept.id);
    let dialogs =
        functions::messages::GetSavedDialogs::new(0, 0, types::InputPeer::Empty {}, 10, 0);
    let types::messages::SavedDialogs::SavedDialogs(dialogs) =
        pair.bob.call(dialogs).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(dialogs.dialogs.len(), 1);
    // A stranger's id is no message of this chat.
    let wrong = functions::messages::ForwardMessages::new(
        pair.to_bob.clone(),
        vec![own + 50],
        vec![8],
        saved,
    );
    assert_eq!(
        pair.alice.call(wrong).await.unwrap_err(),
        refused(400, "MESSAGE_ID_INVALID")
    );
}

#[tokio::test]
async fn draft_goes_with_the_message() {
    let pair = Pair::start().await;
    let phone = pair.server.log_in_at(158, "15550000001").await;
    phone.call(functions::updates::GetState {}).await.unwrap();
    let draft = functions::messages::SaveDraft::new(pair.to_bob.clone(), "half a".into());
    pair.alice.call(draft).await.unwrap();
    assert!(
        matches!(&phone.take_updates()[..], [types::Update::DraftMessage(draft)]
        if matches!(&draft.draft, types::DraftMessage::DraftMessage(draft) if draft.message == "half a"))
    );
    let types::Updates::Updates(all) = pair
        .alice
        .call(functions::messages::GetAllDrafts {})
        .await
        .unwrap()
    else {
        panic!();
    };
    assert_eq!(all.updates.len(), 1);
    let mut send = text(&pair.to_bob, "half a sentence", 1);
    send.clear_draft = true;
    pair.alice.call(send).await.unwrap();
    assert!(
        phone
            .take_updates()
            .iter()
            .any(|update| matches!(update, types::Update::DraftMessage(draft)
        if matches!(draft.draft, types::DraftMessage::Empty { .. })))
    );
    let types::Updates::Updates(all) = pair
        .alice
        .call(functions::messages::GetAllDrafts {})
        .await
        .unwrap()
    else {
        panic!();
    };
    assert!(all.updates.is_empty());
}

#[tokio::test]
async fn typing_is_shown_to_the_other_side_only() {
    let pair = Pair::start().await;
    let typing = functions::messages::SetTyping::new(
        pair.to_bob.clone(),
        types::SendMessageAction::SendMessageTypingAction {},
    );
    assert!(pair.alice.call(typing.clone()).await.unwrap());
    assert!(
        matches!(&pair.bob.take_updates()[..], [types::Update::UserTyping(typing)]
        if typing.user_id == pair.alice.user_id())
    );
    pair.bob
        .call(functions::contacts::Block::new(pair.to_alice.clone()))
        .await
        .unwrap();
    pair.bob.take_updates();
    pair.alice.call(typing).await.unwrap();
    assert!(
        !pair
            .bob
            .take_updates()
            .iter()
            .any(|update| matches!(update, types::Update::UserTyping(_)))
    );
}

#[tokio::test]
async fn media_without_files_are_sent() {
    let pair = Pair::start().await;
    let send =
        |media, id| functions::messages::SendMedia::new(pair.to_bob.clone(), media, "".into(), id);
    let point = types::InputGeoPoint::InputGeoPoint {
        lat: 48.2,
        long: 16.4,
        accuracy_radius: None,
    };
    let geo = types::InputMedia::GeoPoint { geo_point: point };
    let sent = new_message(&updates(pair.alice.call(send(geo, 1)).await.unwrap()).updates);
    assert!(matches!(sent.media, Some(types::MessageMedia::Geo { .. })));
    let dice = types::InputMedia::Dice {
        emoticon: "🎲".into(),
    };
    let sent = new_message(&updates(pair.alice.call(send(dice, 2)).await.unwrap()).updates);
    assert!(
        matches!(sent.media, Some(types::MessageMedia::Dice(dice)) if (1..=6).contains(&dice.value))
    );
    let empty = pair.alice.call(send(types::InputMedia::Empty {}, 3)).await;
    assert_eq!(empty.unwrap_err(), refused(400, "MEDIA_EMPTY"));
}
