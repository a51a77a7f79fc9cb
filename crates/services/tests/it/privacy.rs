//! Who may see and do what: privacy and blocking.

use tl_api::{functions, types};

use crate::account::{befriend, seen_by, subscribe};
use crate::harness::{Client, Server, refused};

type Key = types::InputPrivacyKey;
type Rule = types::InputPrivacyRule;

fn set(key: Key, rules: Vec<Rule>) -> functions::account::SetPrivacy {
    functions::account::SetPrivacy { key, rules }
}

fn input(user_id: i64) -> types::InputUser {
    types::InputUser::InputUser {
        user_id,
        access_hash: 0,
    }
}

async fn full(viewer: &Client, user_id: i64) -> Box<types::UserFull> {
    let request = functions::users::GetFullUser { id: input(user_id) };
    viewer.call(request).await.unwrap().full_user
}

#[tokio::test]
async fn rules_are_kept_in_their_order() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    server.sign_up("15550000002", "Bob").await;
    let bob = befriend(&alice, "15550000002").await;
    subscribe(&other).await;
    let get = functions::account::GetPrivacy {
        key: Key::PhoneNumber {},
    };
    let rules = alice.call(get.clone()).await.unwrap().rules;
    assert_eq!(rules, [types::PrivacyRule::PrivacyValueAllowContacts {}]);
    let given = vec![
        Rule::InputPrivacyValueAllowUsers {
            users: vec![input(bob)],
        },
        Rule::InputPrivacyValueDisallowContacts {},
        Rule::InputPrivacyValueAllowAll {},
    ];
    let kept = [
        types::PrivacyRule::PrivacyValueAllowUsers { users: vec![bob] },
        types::PrivacyRule::PrivacyValueDisallowContacts {},
        types::PrivacyRule::PrivacyValueAllowAll {},
    ];
    let answer = alice.call(set(Key::PhoneNumber {}, given)).await.unwrap();
    assert_eq!(answer.rules, kept);
    assert_eq!(answer.users.len(), 1);
    assert_eq!(
        other.take_updates(),
        [types::Update::Privacy {
            key: types::PrivacyKey::PhoneNumber {},
            rules: kept.to_vec()
        }]
    );
    // An empty list is nobody, not a mistake (V1).
    let answer = alice
        .call(set(Key::PhoneNumber {}, Vec::new()))
        .await
        .unwrap();
    assert!(answer.rules.is_empty());
    assert!(other.call(get).await.unwrap().rules.is_empty());

    let wrong = [
        (
            Rule::InputPrivacyValueAllowCloseFriends {},
            "PRIVACY_VALUE_INVALID",
        ),
        (
            Rule::InputPrivacyValueAllowChatParticipants { chats: vec![5] },
            "PRIVACY_VALUE_INVALID",
        ),
        (
            Rule::InputPrivacyValueAllowUsers {
                users: vec![input(5)],
            },
            "USER_ID_INVALID",
        ),
    ];
    for (rule, name) in wrong {
        let error = alice.call(set(Key::About {}, vec![rule])).await;
        assert_eq!(error.unwrap_err(), refused(400, name));
    }
    let many = vec![Rule::InputPrivacyValueAllowAll {}; 21];
    let error = alice.call(set(Key::About {}, many)).await.unwrap_err();
    assert_eq!(error, refused(400, "PRIVACY_TOO_LONG"));
}

#[tokio::test]
async fn a_number_is_shown_to_whom_its_owner_allows() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let carol = server.sign_up_at(158, "15550000003", "Carol").await;
    // Bob knows the number, Carol only the name.
    let alice_id = befriend(&bob, "15550000001").await;
    alice
        .call(functions::account::UpdateUsername {
            username: "wonderland".into(),
        })
        .await
        .unwrap();
    let resolve = functions::contacts::ResolveUsername::new("wonderland".into());
    let seen = |found: types::contacts::ResolvedPeer| match found.users.into_iter().next() {
        Some(types::User::User(user)) => user.phone,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        seen_by(&bob, alice_id).await.phone.as_deref(),
        Some("15550000001")
    );
    assert_eq!(seen(carol.call(resolve.clone()).await.unwrap()), None);
    // Her contacts see it.
    befriend(&alice, "15550000003").await;
    let found = carol.call(resolve.clone()).await.unwrap();
    assert_eq!(seen(found).as_deref(), Some("15550000001"));
    // Nobody sees it, but for whoever has it in their list.
    alice
        .call(set(Key::PhoneNumber {}, Vec::new()))
        .await
        .unwrap();
    assert_eq!(seen(carol.call(resolve.clone()).await.unwrap()), None);
    assert!(seen_by(&bob, alice_id).await.phone.is_some());
    // She shows it to Carol alone.
    let carol_id = carol.user_id();
    subscribe(&carol).await;
    let mut add =
        functions::contacts::AddContact::new(input(carol_id), "Carol".into(), "".into(), "".into());
    add.add_phone_privacy_exception = true;
    alice.call(add).await.unwrap();
    assert!(carol.take_updates().iter().any(
        |update| matches!(update, types::Update::UserPhone { user_id, .. } if *user_id == alice_id)
    ));
    let found = carol.call(resolve).await.unwrap();
    assert_eq!(seen(found).as_deref(), Some("15550000001"));
}

#[tokio::test]
async fn whoever_may_not_be_found_by_number_is_not() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    alice
        .call(set(
            Key::AddedByPhone {},
            vec![Rule::InputPrivacyValueAllowContacts {}],
        ))
        .await
        .unwrap();
    let resolve = || functions::contacts::ResolvePhone {
        phone: "15550000001".into(),
    };
    let import = || functions::contacts::ImportContacts {
        contacts: vec![types::InputContact::new(
            1,
            "15550000001".into(),
            "A".into(),
            "".into(),
        )],
    };
    let hidden = refused(400, "PHONE_NOT_OCCUPIED");
    assert_eq!(bob.call(resolve()).await.unwrap_err(), hidden);
    assert!(bob.call(import()).await.unwrap().imported.is_empty());
    befriend(&alice, "15550000002").await;
    bob.call(resolve()).await.unwrap();
    assert_eq!(bob.call(import()).await.unwrap().imported.len(), 1);
    let nobody = functions::contacts::ResolvePhone {
        phone: "15559999999".into(),
    };
    assert_eq!(bob.call(nobody).await.unwrap_err(), hidden);
}

#[tokio::test]
async fn last_seen_is_mutual() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let alice_id = befriend(&bob, "15550000001").await;
    let bob_id = befriend(&alice, "15550000002").await;
    let online = functions::account::UpdateStatus { offline: false };
    alice.call(online.clone()).await.unwrap();
    bob.call(online).await.unwrap();
    subscribe(&bob).await;
    let status = Key::StatusTimestamp {};
    alice.call(set(status.clone(), Vec::new())).await.unwrap();
    // Both are vague now: she because she hides hers, he because she does.
    let recently = |by_me| types::UserStatus::Recently { by_me };
    let told = |status| types::Update::UserStatus {
        user_id: alice_id,
        status,
    };
    assert_eq!(bob.take_updates(), [told(recently(false))]);
    assert_eq!(seen_by(&bob, alice_id).await.status, Some(recently(false)));
    assert_eq!(seen_by(&alice, bob_id).await.status, Some(recently(true)));
    // Days later it is vaguer, and at last nothing.
    for (days, expected) in [
        (4, types::UserStatus::LastWeek { by_me: false }),
        (10, types::UserStatus::LastMonth { by_me: false }),
        (30, types::UserStatus::Empty {}),
    ] {
        server.world.advance_s(days * 86_400);
        assert_eq!(seen_by(&bob, alice_id).await.status, Some(expected));
    }
    // He is told nothing more while it is hidden.
    bob.take_updates();
    let online = functions::account::UpdateStatus { offline: false };
    alice.call(online).await.unwrap();
    assert!(bob.take_updates().is_empty());
}

#[tokio::test]
async fn the_text_and_the_name_in_forwards_are_hidden() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let alice_id = befriend(&bob, "15550000001").await;
    let mut profile = functions::account::UpdateProfile::new();
    profile.about = Some("secretive".into());
    alice.call(profile).await.unwrap();
    assert_eq!(
        full(&bob, alice_id).await.about.as_deref(),
        Some("secretive")
    );
    for key in [Key::About {}, Key::Forwards {}] {
        alice.call(set(key, Vec::new())).await.unwrap();
    }
    let hidden = full(&bob, alice_id).await;
    assert_eq!(hidden.about, None);
    assert_eq!(hidden.private_forward_name.as_deref(), Some("Alice"));
    assert!(full(&alice, alice_id).await.about.is_some());
    // Friends of hers may, by name.
    let bob_id = befriend(&alice, "15550000002").await;
    alice
        .call(set(
            Key::About {},
            vec![
                Rule::InputPrivacyValueAllowUsers {
                    users: vec![input(bob_id)],
                },
                Rule::InputPrivacyValueDisallowAll {},
            ],
        ))
        .await
        .unwrap();
    assert!(full(&bob, alice_id).await.about.is_some());
}

fn peer(user_id: i64) -> types::InputPeer {
    types::InputPeer::User {
        user_id,
        access_hash: 0,
    }
}

async fn blocked(client: &Client) -> Vec<i64> {
    let request = functions::contacts::GetBlocked::new(0, 40);
    let list = match client.call(request).await.unwrap() {
        types::contacts::Blocked::Blocked(list) => list.blocked,
        types::contacts::Blocked::Slice(list) => list.blocked,
    };
    list.into_iter()
        .map(|entry| match entry.peer_id {
            types::Peer::User { user_id } => user_id,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn whoever_is_blocked_sees_less() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let alice_id = befriend(&bob, "15550000001").await;
    let bob_id = befriend(&alice, "15550000002").await;
    let mut profile = functions::account::UpdateProfile::new();
    profile.about = Some("hello".into());
    alice.call(profile).await.unwrap();
    let online = functions::account::UpdateStatus { offline: false };
    alice.call(online.clone()).await.unwrap();
    bob.call(online).await.unwrap();
    subscribe(&other).await;

    let block = functions::contacts::Block::new;
    alice.call(block(peer(bob_id))).await.unwrap();
    // Once more is fine, and not told again.
    alice.call(block(peer(bob_id))).await.unwrap();
    let told = other.take_updates();
    let changes = told
        .iter()
        .filter(|update| matches!(update, types::Update::PeerBlocked { blocked: true, .. }));
    assert_eq!(changes.count(), 1, "{told:?}");
    assert_eq!(blocked(&alice).await, [bob_id]);
    assert!(blocked(&bob).await.is_empty());
    assert!(full(&alice, bob_id).await.blocked);

    let seen = seen_by(&bob, alice_id).await;
    assert_eq!(seen.status, Some(types::UserStatus::Empty {}));
    assert_eq!(full(&bob, alice_id).await.about, None);
    // She sees as much of him as before.
    assert_ne!(
        seen_by(&alice, bob_id).await.status,
        Some(types::UserStatus::Empty {})
    );

    let unblock = functions::contacts::Unblock::new(peer(bob_id));
    alice.call(unblock).await.unwrap();
    assert!(full(&bob, alice_id).await.about.is_some());
    assert!(blocked(&alice).await.is_empty());
    // Oneself, strangers and nobody cannot be blocked.
    let error = alice.call(block(peer(alice_id))).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_ID_INVALID"));
    let error = alice.call(block(peer(5))).await.unwrap_err();
    assert_eq!(error, refused(400, "PEER_ID_INVALID"));
}

#[tokio::test]
async fn the_whole_list_of_blocked_users_is_replaced() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let mut ids = Vec::new();
    for number in 2..6 {
        let phone = format!("1555000000{number}");
        server.sign_up(&phone, "Somebody").await;
        ids.push(befriend(&alice, &phone).await);
        server.world.advance_s(1);
    }
    let set = |ids: &[i64]| {
        functions::contacts::SetBlocked::new(ids.iter().map(|id| peer(*id)).collect(), 100)
    };
    alice.call(set(&ids[..3])).await.unwrap();
    alice.call(set(&ids[1..])).await.unwrap();
    let mut list = blocked(&alice).await;
    list.sort_unstable();
    assert_eq!(list, ids[1..]);
    // The page says how many there are.
    let request = functions::contacts::GetBlocked::new(1, 1);
    let types::contacts::Blocked::Slice(page) = alice.call(request).await.unwrap() else {
        panic!("not a slice")
    };
    assert_eq!(
        (page.count, page.blocked.len(), page.users.len()),
        (3, 1, 1)
    );
}
