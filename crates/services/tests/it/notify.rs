//! Notification settings.

use tl_api::{functions, types};

use crate::account::{befriend, subscribe};
use crate::harness::{Client, Server, refused};

type Peer = types::InputNotifyPeer;

fn muted(until: i32) -> types::InputPeerNotifySettings {
    let mut settings = types::InputPeerNotifySettings::new();
    settings.mute_until = Some(until);
    settings
}

async fn update(client: &Client, peer: Peer, settings: types::InputPeerNotifySettings) {
    let request = functions::account::UpdateNotifySettings { peer, settings };
    assert!(client.call(request).await.unwrap());
}

async fn get(client: &Client, peer: Peer) -> types::PeerNotifySettings {
    client
        .call(functions::account::GetNotifySettings { peer })
        .await
        .unwrap()
}

fn user(user_id: i64) -> Peer {
    Peer::InputNotifyPeer {
        peer: types::InputPeer::User {
            user_id,
            access_hash: 0,
        },
    }
}

#[tokio::test]
async fn settings_replace_those_of_before() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    server.sign_up("15550000002", "Bob").await;
    let bob = befriend(&alice, "15550000002").await;
    subscribe(&other).await;
    let unset = types::PeerNotifySettings::new();
    for peer in [
        Peer::InputNotifyUsers {},
        Peer::InputNotifyChats {},
        Peer::InputNotifyBroadcasts {},
        user(bob),
    ] {
        assert_eq!(get(&alice, peer).await, unset);
    }
    let mut first = muted(i32::MAX);
    first.show_previews = Some(false);
    first.sound = Some(types::NotificationSound::None {});
    update(&alice, user(bob), first).await;
    let kept = get(&other, user(bob)).await;
    assert_eq!(kept.mute_until, Some(i32::MAX));
    assert_eq!(kept.show_previews, Some(false));
    let told = other.take_updates();
    assert!(
        matches!(&told[..], [types::Update::NotifySettings { notify_settings, .. }] if notify_settings.mute_until == Some(i32::MAX)),
        "{told:?}"
    );
    // What is left out is not kept from before (N1).
    update(&alice, user(bob), muted(0)).await;
    let kept = get(&alice, user(bob)).await;
    assert_eq!((kept.mute_until, kept.show_previews), (Some(0), None));
    // Nothing of it is for the scope, nor for anybody else.
    assert_eq!(get(&alice, Peer::InputNotifyUsers {}).await, unset);

    let refusal = alice
        .call(functions::account::UpdateNotifySettings {
            peer: user(5),
            settings: muted(0),
        })
        .await
        .unwrap_err();
    assert_eq!(refusal, refused(400, "PEER_ID_INVALID"));
    let refusal = alice
        .call(functions::account::UpdateNotifySettings {
            peer: user(bob),
            settings: muted(-1),
        })
        .await
        .unwrap_err();
    assert_eq!(refusal, refused(400, "SETTINGS_INVALID"));
}

#[tokio::test]
async fn exceptions_are_listed_and_forgotten() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    server.sign_up("15550000002", "Bob").await;
    server.sign_up("15550000003", "Carol").await;
    let bob = befriend(&alice, "15550000002").await;
    let carol = befriend(&alice, "15550000003").await;
    update(&alice, Peer::InputNotifyUsers {}, muted(5)).await;
    update(&alice, user(bob), muted(0)).await;
    let mut sound = types::InputPeerNotifySettings::new();
    sound.sound = Some(types::NotificationSound::None {});
    update(&alice, user(carol), sound).await;

    let exceptions = async |compare_sound: bool, peer: Option<Peer>| {
        let mut request = functions::account::GetNotifyExceptions::new();
        request.compare_sound = compare_sound;
        request.peer = peer;
        let types::Updates::Updates(updates) = alice.call(request).await.unwrap() else {
            panic!("no updates")
        };
        assert_eq!(updates.updates.len(), updates.users.len());
        updates.updates.len()
    };
    assert_eq!(exceptions(false, None).await, 1);
    assert_eq!(exceptions(true, None).await, 2);
    assert_eq!(exceptions(true, Some(Peer::InputNotifyUsers {})).await, 2);
    assert_eq!(exceptions(true, Some(Peer::InputNotifyChats {})).await, 0);
    alice
        .call(functions::account::ResetNotifySettings {})
        .await
        .unwrap();
    assert_eq!(exceptions(true, None).await, 0);
    let unset = types::PeerNotifySettings::new();
    assert_eq!(get(&alice, Peer::InputNotifyUsers {}).await, unset);
    assert_eq!(get(&alice, user(bob)).await, unset);
}

#[tokio::test]
async fn settings_of_reactions_are_kept() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let get = functions::account::GetReactionsNotifySettings {};
    let mut settings = alice.call(get.clone()).await.unwrap();
    assert!(settings.show_previews);
    settings.show_previews = false;
    settings.messages_notify_from = None;
    let set = functions::account::SetReactionsNotifySettings {
        settings: settings.clone(),
    };
    assert_eq!(alice.call(set).await.unwrap(), settings);
    assert_eq!(alice.call(get).await.unwrap(), settings);
}
