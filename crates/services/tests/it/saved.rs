//! Saved Messages by the chats they come from: pins (B.12); chats that are not translated.

use tl_api::{functions, types};

use crate::harness::{Client, as_user, refused};
use crate::messages::{Pair, text};

/// A new group and a message in it that is kept among the Saved Messages.
async fn keep_from_new_group(pair: &Pair, number: i64) -> types::InputPeer {
    let created = functions::messages::CreateChat::new(
        vec![as_user(&pair.to_bob)],
        format!("{number}").into(),
    );
    let created = pair.alice.call(created).await.unwrap();
    let types::Updates::Updates(updates) = &created.updates else {
        panic!("{created:?}");
    };
    let types::Chat::Chat(chat) = &updates.chats[0] else {
        panic!("{updates:?}");
    };
    let group = types::InputPeer::Chat { chat_id: chat.id };
    let said = pair
        .alice
        .call(text(&group, "to be kept", number))
        .await
        .unwrap();
    let id = crate::messages::new_message(&crate::messages::updates(said).updates).id;
    let saved = types::InputPeer::Self_ {};
    let random = vec![1_000 + number];
    let kept = functions::messages::ForwardMessages::new(group.clone(), vec![id], random, saved);
    pair.alice.call(kept).await.unwrap();
    group
}

fn dialog(peer: &types::InputPeer) -> types::InputDialogPeer {
    types::InputDialogPeer::InputDialogPeer { peer: peer.clone() }
}

fn toggle(peer: &types::InputPeer, pinned: bool) -> functions::messages::ToggleSavedDialogPin {
    let mut toggle = functions::messages::ToggleSavedDialogPin::new(dialog(peer));
    toggle.pinned = pinned;
    toggle
}

fn parts(dialogs: types::messages::SavedDialogs) -> Vec<(types::Peer, bool)> {
    let dialogs = match dialogs {
        types::messages::SavedDialogs::SavedDialogs(dialogs) => dialogs.dialogs,
        types::messages::SavedDialogs::Slice(slice) => slice.dialogs,
        types::messages::SavedDialogs::NotModified { .. } => panic!(),
    };
    let parts = dialogs.into_iter().map(|dialog| match dialog {
        types::SavedDialog::SavedDialog { peer, pinned, .. } => (peer, pinned),
        types::SavedDialog::MonoForumDialog(_) => panic!(),
    });
    parts.collect()
}

async fn pinned(client: &Client) -> Vec<types::Peer> {
    let asked = functions::messages::GetPinnedSavedDialogs {};
    let listed = parts(client.call(asked).await.unwrap());
    assert!(listed.iter().all(|(_, pinned)| *pinned));
    listed.into_iter().map(|(peer, _)| peer).collect()
}

fn all(exclude_pinned: bool) -> functions::messages::GetSavedDialogs {
    let empty = types::InputPeer::Empty {};
    let mut asked = functions::messages::GetSavedDialogs::new(0, 0, empty, 10, 0);
    asked.exclude_pinned = exclude_pinned;
    asked
}

#[tokio::test]
async fn chats_of_saved_messages_are_pinned_and_ordered() {
    let pair = Pair::start().await;
    let mut groups = Vec::new();
    for number in 1..=6 {
        groups.push(keep_from_new_group(&pair, number).await);
    }
    let peers: Vec<types::Peer> = groups
        .iter()
        .map(|group| match group {
            types::InputPeer::Chat { chat_id } => types::Peer::Chat { chat_id: *chat_id },
            other => panic!("{other:?}"),
        })
        .collect();
    let tablet = pair.server.log_in_at(230, "15550000001").await;
    tablet.call(functions::updates::GetState {}).await.unwrap();
    assert_eq!(pinned(&pair.alice).await, []);
    for group in &groups[..5] {
        assert!(pair.alice.call(toggle(group, true)).await.unwrap());
        // Twice is once.
        assert!(pair.alice.call(toggle(group, true)).await.unwrap());
    }
    let too_many = pair.alice.call(toggle(&groups[5], true)).await;
    assert_eq!(too_many.unwrap_err(), refused(400, "PINNED_TOO_MUCH"));
    let stranger = types::InputPeer::Chat { chat_id: 999_999 };
    let unknown = pair.alice.call(toggle(&stranger, true)).await;
    assert_eq!(unknown.unwrap_err(), refused(400, "CHAT_ID_INVALID"));
    let told: Vec<types::Peer> = tablet
        .take_updates()
        .into_iter()
        .filter_map(|update| match update {
            types::Update::SavedDialogPinned {
                pinned: true,
                peer: types::DialogPeer::DialogPeer { peer },
            } => Some(peer),
            _ => None,
        })
        .collect();
    assert_eq!(told, peers[..5]);
    let newest_first: Vec<_> = peers[..5].iter().rev().cloned().collect();
    assert_eq!(pinned(&tablet).await, newest_first);
    // They stand first among all, and are left out when they are not wanted.
    let listed = parts(tablet.call(all(false)).await.unwrap());
    let shown: Vec<_> = listed.iter().map(|(peer, _)| peer.clone()).collect();
    assert_eq!(shown[..5], newest_first);
    assert_eq!(listed[5], (peers[5].clone(), false));
    let others = parts(tablet.call(all(true)).await.unwrap());
    assert_eq!(others, [(peers[5].clone(), false)]);
    // Two alone, in another order.
    let mut order = functions::messages::ReorderPinnedSavedDialogs::new(vec![
        dialog(&groups[0]),
        dialog(&groups[4]),
    ]);
    order.force = true;
    assert!(pair.alice.call(order).await.unwrap());
    let wanted = vec![peers[0].clone(), peers[4].clone()];
    assert_eq!(pinned(&pair.alice).await, wanted);
    let told = tablet.take_updates();
    let order = told.iter().find_map(|update| match update {
        types::Update::PinnedSavedDialogs { order } => order.clone(),
        _ => None,
    });
    let shown = wanted
        .into_iter()
        .map(|peer| types::DialogPeer::DialogPeer { peer });
    assert_eq!(order, Some(shown.collect()));
    let many =
        functions::messages::ReorderPinnedSavedDialogs::new(groups.iter().map(dialog).collect());
    let many = pair.alice.call(many).await.unwrap_err();
    assert_eq!(many, refused(400, "PINNED_TOO_MUCH"));
    assert!(pair.alice.call(toggle(&groups[0], false)).await.unwrap());
    assert_eq!(pinned(&pair.alice).await, [peers[4].clone()]);
    // Nobody else's list has changed.
    assert_eq!(pinned(&pair.bob).await, []);
}

#[tokio::test]
async fn chat_is_not_translated_for_who_asked_for_it() {
    let pair = Pair::start().await;
    let mut asked = functions::messages::TogglePeerTranslations::new(pair.to_bob.clone());
    asked.disabled = true;
    assert!(pair.alice.call(asked.clone()).await.unwrap());
    let full = |client, id| async move {
        let client: &Client = client;
        let full = functions::users::GetFullUser { id };
        client
            .call(full)
            .await
            .unwrap()
            .full_user
            .translations_disabled
    };
    assert!(full(&pair.alice, as_user(&pair.to_bob)).await);
    assert!(!full(&pair.bob, as_user(&pair.to_alice)).await);
    asked.disabled = false;
    assert!(pair.alice.call(asked).await.unwrap());
    assert!(!full(&pair.alice, as_user(&pair.to_bob)).await);
    let nobody = types::InputPeer::Chat { chat_id: 999_999 };
    let refusal = functions::messages::TogglePeerTranslations::new(nobody);
    let refusal = pair.alice.call(refusal).await.unwrap_err();
    assert_eq!(refusal, refused(400, "CHAT_ID_INVALID"));
}
