//! What happens later: scheduled messages, messages that go by themselves, idle accounts.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, refused};
use crate::messages::{Pair, new_message, text, updates};

fn at(
    peer: &types::InputPeer,
    what: &str,
    random_id: i64,
    date: i32,
) -> functions::messages::SendMessage {
    let mut request = text(peer, what, random_id);
    request.schedule_date = Some(date);
    request
}

async fn queue(client: &Client, peer: &types::InputPeer) -> Vec<constructors::Message> {
    let get = functions::messages::GetScheduledHistory {
        peer: peer.clone(),
        hash: 0,
    };
    let types::messages::Messages::Messages(page) = client.call(get).await.unwrap() else {
        panic!("not a list");
    };
    page.messages
        .into_iter()
        .map(|message| match message {
            types::Message::Message(message) => *message,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn scheduled_message_is_sent_in_time() {
    let pair = Pair::start().await;
    let now = pair.server.world.now_s();
    for (date, name) in [
        (-1, "SCHEDULE_DATE_INVALID"),
        (now + 400 * 86_400, "SCHEDULE_DATE_TOO_LATE"),
    ] {
        let error = pair.alice.call(at(&pair.to_bob, "x", 1, date)).await;
        assert_eq!(error.unwrap_err(), refused(400, name));
    }
    // So soon is now.
    let sent = pair
        .alice
        .call(at(&pair.to_bob, "now", 2, now + 10))
        .await
        .unwrap();
    new_message(&updates(sent).updates);
    assert_eq!(new_message(&pair.bob.take_updates()).message, "now");
    let kept = updates(
        pair.alice
            .call(at(&pair.to_bob, "later", 3, now + 60))
            .await
            .unwrap(),
    );
    let [
        types::Update::MessageID { id, random_id: 3 },
        types::Update::NewScheduledMessage {
            message: types::Message::Message(message),
        },
    ] = &kept.updates[..]
    else {
        panic!("{kept:?}");
    };
    assert_eq!(
        (message.id, message.date, message.out),
        (*id, now + 60, true)
    );
    // Sent again it is one message all the same.
    let again = updates(
        pair.alice
            .call(at(&pair.to_bob, "later", 3, now + 60))
            .await
            .unwrap(),
    );
    assert_eq!(again.updates, kept.updates);
    assert_eq!(queue(&pair.alice, &pair.to_bob).await.len(), 1);
    assert!(queue(&pair.bob, &pair.to_alice).await.is_empty());
    let full = functions::users::GetFullUser {
        id: crate::harness::as_user(&pair.to_bob),
    };
    assert!(pair.alice.call(full).await.unwrap().full_user.has_scheduled);
    assert_eq!(pair.server.services.run_due().await, 0);
    assert!(pair.bob.take_updates().is_empty());
    pair.alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    pair.alice.take_updates();
    pair.server.world.advance_s(60);
    assert_eq!(pair.server.services.run_due().await, 1);
    let received = new_message(&pair.bob.take_updates());
    assert_eq!(
        (received.message.as_str(), received.from_scheduled),
        ("later", false)
    );
    let told = pair.alice.take_updates();
    let own = new_message(&told);
    assert!(own.from_scheduled && own.date == now + 60);
    assert!(told.iter().any(|update| matches!(update,
        types::Update::DeleteScheduledMessages(deleted)
            if deleted.messages == [*id] && deleted.sent_messages == Some(vec![own.id]))));
    assert!(queue(&pair.alice, &pair.to_bob).await.is_empty());
    assert_eq!(pair.server.services.run_due().await, 0);
    assert!(pair.bob.take_updates().is_empty());
}

#[tokio::test]
async fn scheduled_messages_are_edited_sent_early_and_deleted() {
    let pair = Pair::start().await;
    let now = pair.server.world.now_s();
    for random_id in 1..=3 {
        let what = format!("message {random_id}");
        let request = at(&pair.to_bob, &what, random_id, now + 3_600);
        pair.alice.call(request).await.unwrap();
    }
    let queued = queue(&pair.alice, &pair.to_bob).await;
    let ids: Vec<i32> = queued.iter().map(|message| message.id).collect();
    assert_eq!(ids, [3, 2, 1]);
    let mut edit = functions::messages::EditMessage::new(pair.to_bob.clone(), 2);
    edit.message = Some("changed".into());
    edit.schedule_date = Some(now + 7_200);
    let edited = updates(pair.alice.call(edit.clone()).await.unwrap());
    assert!(matches!(
        &edited.updates[..],
        [types::Update::NewScheduledMessage { .. }]
    ));
    assert_eq!(
        pair.alice.call(edit.clone()).await.unwrap_err(),
        refused(400, "MESSAGE_NOT_MODIFIED")
    );
    edit.id = 9;
    assert_eq!(
        pair.alice.call(edit).await.unwrap_err(),
        refused(400, "MESSAGE_ID_INVALID")
    );
    let send = |id: Vec<i32>| functions::messages::SendScheduledMessages {
        peer: pair.to_bob.clone(),
        id,
    };
    assert_eq!(
        pair.alice.call(send(vec![9])).await.unwrap_err(),
        refused(400, "MESSAGE_ID_INVALID")
    );
    pair.alice.call(send(vec![3])).await.unwrap();
    assert_eq!(new_message(&pair.bob.take_updates()).message, "message 3");
    let delete = functions::messages::DeleteScheduledMessages {
        peer: pair.to_bob.clone(),
        id: vec![1],
    };
    let deleted = updates(pair.alice.call(delete).await.unwrap());
    assert!(matches!(
        &deleted.updates[..],
        [types::Update::DeleteScheduledMessages(deleted)] if deleted.sent_messages.is_none()
    ));
    pair.server.world.advance_s(3_600);
    pair.server.services.run_due().await;
    assert!(pair.bob.take_updates().is_empty());
    pair.server.world.advance_s(3_600);
    pair.server.services.run_due().await;
    assert_eq!(new_message(&pair.bob.take_updates()).message, "changed");
}

#[tokio::test]
async fn message_waits_until_the_other_one_is_online() {
    let pair = Pair::start().await;
    const WHEN_ONLINE: i32 = 0x7fff_fffe;
    let own = types::InputPeer::Self_ {};
    let error = pair.alice.call(at(&own, "x", 1, WHEN_ONLINE)).await;
    assert_eq!(error.unwrap_err(), refused(400, "SCHEDULE_DATE_INVALID"));
    let hide = functions::account::SetPrivacy {
        key: types::InputPrivacyKey::StatusTimestamp {},
        rules: vec![types::InputPrivacyRule::InputPrivacyValueDisallowAll {}],
    };
    pair.bob.call(hide.clone()).await.unwrap();
    let error = pair.alice.call(at(&pair.to_bob, "x", 1, WHEN_ONLINE)).await;
    assert_eq!(error.unwrap_err(), refused(400, "SCHEDULE_STATUS_PRIVATE"));
    let show = functions::account::SetPrivacy {
        rules: vec![types::InputPrivacyRule::InputPrivacyValueAllowAll {}],
        ..hide
    };
    pair.bob.call(show).await.unwrap();
    pair.alice
        .call(at(&pair.to_bob, "you are here", 2, WHEN_ONLINE))
        .await
        .unwrap();
    pair.server.world.advance_s(86_400);
    pair.server.services.run_due().await;
    pair.bob.take_updates();
    assert_eq!(queue(&pair.alice, &pair.to_bob).await[0].date, WHEN_ONLINE);
    pair.bob
        .call(functions::account::UpdateStatus { offline: false })
        .await
        .unwrap();
    assert_eq!(
        new_message(&pair.bob.take_updates()).message,
        "you are here"
    );
    assert!(queue(&pair.alice, &pair.to_bob).await.is_empty());
}

#[tokio::test]
async fn scheduled_message_without_a_right_is_dropped() {
    let pair = Pair::start().await;
    let now = pair.server.world.now_s();
    pair.alice
        .call(at(&pair.to_bob, "late", 1, now + 60))
        .await
        .unwrap();
    let block = functions::contacts::Block {
        my_stories_from: false,
        id: pair.to_bob.clone(),
    };
    pair.alice.call(block).await.unwrap();
    pair.bob.take_updates();
    pair.server.world.advance_s(60);
    pair.server.services.run_due().await;
    assert!(pair.bob.take_updates().is_empty());
    assert!(queue(&pair.alice, &pair.to_bob).await.is_empty());
}

#[tokio::test]
async fn messages_go_after_the_period_of_their_chat() {
    let pair = Pair::start().await;
    let (before, _) = pair.say("stays", 1).await;
    let set = |period| functions::messages::SetHistoryTTL {
        peer: pair.to_bob.clone(),
        period,
    };
    for period in [1, -86_400, 400 * 86_400] {
        assert_eq!(
            pair.alice.call(set(period)).await.unwrap_err(),
            refused(400, "TTL_PERIOD_INVALID")
        );
    }
    let own = functions::messages::SetHistoryTTL {
        peer: types::InputPeer::Self_ {},
        period: 86_400,
    };
    assert_eq!(
        pair.alice.call(own).await.unwrap_err(),
        refused(400, "PEER_ID_INVALID")
    );
    pair.alice.call(set(86_400)).await.unwrap();
    assert_eq!(
        pair.alice.call(set(86_400)).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    let told = pair.bob.take_updates();
    assert!(told.iter().any(|update| matches!(
        update,
        types::Update::PeerHistoryTTL {
            ttl_period: Some(86_400),
            ..
        }
    )));
    // Both sides write so from now on; drafts do not change that.
    let draft = functions::messages::SaveDraft::new(pair.to_alice.clone(), "draft".into());
    pair.bob.call(draft).await.unwrap();
    let sent = pair
        .bob
        .call(text(&pair.to_alice, "goes", 2))
        .await
        .unwrap();
    let theirs = new_message(&updates(sent).updates);
    assert_eq!(theirs.ttl_period, Some(86_400));
    let full = functions::users::GetFullUser {
        id: crate::harness::as_user(&pair.to_bob),
    };
    let full = pair.alice.call(full).await.unwrap().full_user;
    assert_eq!(full.ttl_period, Some(86_400));
    pair.alice.take_updates();
    pair.bob.take_updates();
    pair.server.world.advance_s(86_399);
    pair.server.services.run_due().await;
    assert!(pair.alice.take_updates().is_empty());
    pair.server.world.advance_s(1);
    // The notice of the period, and the message.
    assert_eq!(pair.server.services.run_due().await, 2);
    let gone = |updates: Vec<types::Update>| -> usize {
        let deletions = updates.iter().map(|update| match update {
            types::Update::DeleteMessages { messages, .. } => messages.len(),
            other => panic!("{other:?}"),
        });
        deletions.sum()
    };
    assert_eq!(gone(pair.bob.take_updates()), 2);
    pair.alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let left = crate::bots::newest(&pair.alice, &pair.to_bob).await;
    assert_eq!(left.id, before);
}

#[tokio::test]
async fn new_chats_begin_with_the_period_of_ones_choice() {
    let pair = Pair::start().await;
    let set = functions::messages::SetDefaultHistoryTTL { period: 86_400 };
    pair.alice.call(set).await.unwrap();
    let kept = functions::messages::GetDefaultHistoryTTL {};
    assert_eq!(pair.alice.call(kept).await.unwrap().period, 86_400);
    pair.alice
        .call(text(&pair.to_bob, "hello", 1))
        .await
        .unwrap();
    let pushed = pair.bob.take_updates();
    assert!(pushed.iter().any(|update| matches!(update,
        types::Update::NewMessage { message: types::Message::Service(message), .. }
            if matches!(message.action, types::MessageAction::SetMessagesTTL { period: 86_400, auto_setting_from: Some(_) }))));
    assert_eq!(new_message(&pushed).ttl_period, Some(86_400));
}

#[tokio::test]
async fn idle_account_goes_in_time() {
    let pair = Pair::start().await;
    let ttl = functions::account::SetAccountTTL {
        ttl: types::AccountDaysTTL { days: 30 },
    };
    pair.bob.call(ttl).await.unwrap();
    pair.server.world.advance_s(29 * 86_400);
    pair.server.services.run_due().await;
    pair.alice
        .call(text(&pair.to_bob, "hello?", 1))
        .await
        .unwrap();
    pair.server.world.advance_s(3 * 86_400);
    pair.server.services.run_due().await;
    let error = pair.alice.call(text(&pair.to_bob, "gone?", 2)).await;
    assert_eq!(error.unwrap_err(), refused(400, "INPUT_USER_DEACTIVATED"));
    let error = pair.bob.call(functions::updates::GetState {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
}
