//! contacts.*

use tl_api::{functions, types};

use crate::harness::{Client, Server, refused};

fn input(phone: &str, first_name: &str, client_id: i64) -> types::InputContact {
    types::InputContact::new(client_id, phone.into(), first_name.into(), "".into())
}

async fn contact_ids(client: &Client) -> Vec<i64> {
    match client
        .call(functions::contacts::GetContacts { hash: 0 })
        .await
        .unwrap()
    {
        types::contacts::Contacts::Contacts(list) => list
            .contacts
            .iter()
            .map(|contact| contact.user_id)
            .collect(),
        other @ types::contacts::Contacts::NotModified {} => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn imported_numbers_become_contacts() {
    let server = Server::start();
    for (layer, phone) in [(158, "15550000010"), (230, "15550000020")] {
        let alice = server.sign_up_at(layer, phone, "Alice").await;
        let bob = server.sign_up(&format!("{phone}1"), "Bob").await;
        let imported = alice
            .call(functions::contacts::ImportContacts {
                contacts: vec![
                    input(&format!("+{phone}1"), "Bobby", 5),
                    input("15559999999", "Nobody", 6),
                    input(phone, "Myself", 7),
                    input("1", "Nonsense", 8),
                ],
            })
            .await
            .unwrap();
        assert_eq!(imported.imported.len(), 1);
        assert_eq!(imported.imported[0].client_id, 5);
        assert_eq!(imported.imported[0].user_id, bob.user_id());
        assert!(imported.retry_contacts.is_empty());
        let [types::User::User(shown)] = &imported.users[..] else {
            panic!("{:?}", imported.users)
        };
        assert_eq!(shown.first_name.as_deref(), Some("Bobby"));
        assert_eq!(shown.phone.as_deref(), Some(&*format!("{phone}1")));
        assert!(shown.contact && !shown.mutual_contact);
        assert_eq!(contact_ids(&alice).await, [bob.user_id()]);
        assert!(contact_ids(&bob).await.is_empty());
    }
}

#[tokio::test]
async fn whoever_signs_up_is_a_contact_of_those_who_saved_the_number() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    alice.call(functions::updates::GetState {}).await.unwrap();
    alice
        .call(functions::contacts::ImportContacts {
            contacts: vec![input("15550000002", "Bobby", 1)],
        })
        .await
        .unwrap();
    assert!(contact_ids(&alice).await.is_empty());
    let bob = server.sign_up("15550000002", "Bob").await;
    assert_eq!(contact_ids(&alice).await, [bob.user_id()]);
    let updates = alice.take_updates();
    assert!(
        updates
            .iter()
            .any(|update| matches!(update, types::Update::PeerSettings { .. })),
        "{updates:?}"
    );
}

#[tokio::test]
async fn usernames_are_found() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up_at(158, "15550000002", "Bob").await;
    alice
        .call(functions::account::UpdateUsername {
            username: "Alice_1".into(),
        })
        .await
        .unwrap();
    let resolve = |name: &str| functions::contacts::ResolveUsername::new(name.into());
    let found = bob.call(resolve("@alice_1")).await.unwrap();
    let [types::User::User(user)] = &found.users[..] else {
        panic!("{:?}", found.users)
    };
    assert_eq!(user.id, alice.user_id());
    // The hash is good for bob, and for nobody else.
    let get = |user_id, access_hash| functions::users::GetUsers {
        id: vec![types::InputUser::InputUser {
            user_id,
            access_hash,
        }],
    };
    let hash = user.access_hash.unwrap();
    assert_eq!(bob.call(get(user.id, hash)).await.unwrap().len(), 1);
    let carol = server.sign_up("15550000003", "Carol").await;
    let stranger = carol.call(get(user.id, hash)).await.unwrap_err();
    assert_eq!(stranger, refused(400, "PEER_ID_INVALID"));
    let error = bob.call(resolve("nobody_at_all")).await.unwrap_err();
    assert_eq!(error, refused(400, "USERNAME_NOT_OCCUPIED"));
    let error = bob.call(resolve("no body")).await.unwrap_err();
    assert_eq!(error, refused(400, "USERNAME_INVALID"));
}

fn add(user_id: i64, first_name: &str) -> functions::contacts::AddContact {
    functions::contacts::AddContact::new(
        types::InputUser::InputUser {
            user_id,
            access_hash: 0,
        },
        first_name.into(),
        "".into(),
        "".into(),
    )
}

async fn found(client: &Client, username: &str) -> types::InputUser {
    let request = functions::contacts::ResolveUsername::new(username.into());
    let found = client.call(request).await.unwrap();
    match &found.users[..] {
        [types::User::User(user)] => types::InputUser::InputUser {
            user_id: user.id,
            access_hash: user.access_hash.unwrap(),
        },
        other => panic!("{other:?}"),
    }
}

async fn set_username(client: &Client, username: &str) {
    client
        .call(functions::account::UpdateUsername {
            username: username.into(),
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn contacts_are_added_renamed_and_deleted() {
    let server = Server::start();
    let alice = server.sign_up_at(158, "15550000001", "Alice").await;
    let other = server.log_in_at(230, "15550000001").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    set_username(&bob, "builder").await;
    for client in [&other, &bob] {
        client.call(functions::updates::GetState {}).await.unwrap();
        client.take_pushed();
    }
    let id = found(&alice, "builder").await;
    let mut request = add(0, "Bobby");
    request.id = id.clone();
    let types::Updates::Updates(answer) = alice.call(request.clone()).await.unwrap() else {
        panic!("no updates")
    };
    // The contact is the first user (clients-python 1.17).
    let types::User::User(first) = &answer.users[0] else {
        panic!("no user")
    };
    assert_eq!(first.id, bob.user_id());
    assert_eq!(first.first_name.as_deref(), Some("Bobby"));
    assert!(first.contact && !first.mutual_contact);
    assert!(
        other
            .take_updates()
            .iter()
            .any(|update| matches!(update, types::Update::PeerSettings { .. }))
    );
    assert_eq!(contact_ids(&other).await, [bob.user_id()]);
    // Both have each other: the first is told.
    alice.call(functions::updates::GetState {}).await.unwrap();
    alice.take_pushed();
    set_username(&alice, "wonderland").await;
    let back = found(&bob, "wonderland").await;
    request.id = back.clone();
    bob.call(request.clone()).await.unwrap();
    let pushed = alice.take_pushed();
    let types::Updates::Updates(pushed) = &pushed[0] else {
        panic!("{pushed:?}")
    };
    assert!(
        pushed
            .users
            .iter()
            .any(|user| matches!(user, types::User::User(user) if user.mutual_contact))
    );

    // Each rule.
    request.first_name = " ".into();
    let error = bob.call(request.clone()).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_NAME_EMPTY"));
    request.id = types::InputUser::Self_ {};
    let error = bob.call(request).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_ID_INVALID"));
    let error = bob.call(add(5, "Nobody")).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_ID_INVALID"));

    let delete = functions::contacts::DeleteContacts {
        id: vec![id, types::InputUser::Self_ {}],
    };
    alice.call(delete).await.unwrap();
    assert!(contact_ids(&alice).await.is_empty());
    assert_eq!(contact_ids(&bob).await, [alice.user_id()]);
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    alice
        .call(functions::contacts::ImportContacts {
            contacts: vec![
                input("15550000002", "Bob", 0),
                input("15550000077", "Later", 1),
            ],
        })
        .await
        .unwrap();
    // One saved number, then the ids.
    let mut hash = 0_u64;
    for number in [1, bob.user_id().cast_unsigned()] {
        hash ^= hash >> 21;
        hash ^= hash << 35;
        hash ^= hash >> 4;
        hash = hash.wrapping_add(number);
    }
    let get = |hash: u64| functions::contacts::GetContacts {
        hash: hash.cast_signed(),
    };
    assert_eq!(
        alice.call(get(hash)).await.unwrap(),
        types::contacts::Contacts::NotModified {}
    );
    let types::contacts::Contacts::Contacts(list) = alice.call(get(hash + 1)).await.unwrap() else {
        panic!("no list")
    };
    assert_eq!(list.saved_count, 1);
    alice
        .call(functions::contacts::ResetSaved {})
        .await
        .unwrap();
    alice
        .call(functions::contacts::DeleteByPhones {
            phones: vec!["+1 555 000 0002".into()],
        })
        .await
        .unwrap();
    let types::contacts::Contacts::Contacts(list) = alice.call(get(hash)).await.unwrap() else {
        panic!("no list")
    };
    assert_eq!((list.saved_count, list.contacts.len()), (0, 0));
}

#[tokio::test]
async fn who_is_added_without_a_number_may_answer_with_theirs() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    set_username(&alice, "wonderland").await;
    set_username(&bob, "builder").await;
    let mut request = add(0, "Bobby");
    request.id = found(&alice, "builder").await;
    let bob_id = request.id.clone();
    alice.call(request.clone()).await.unwrap();
    let alice_id = found(&bob, "wonderland").await;
    let accept = |id: &types::InputUser| functions::contacts::AcceptContact { id: id.clone() };
    let error = alice.call(accept(&bob_id)).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_REQ_MISSING"));
    let error = bob.call(accept(&alice_id)).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_ADD_MISSING"));
    bob.call(functions::account::SetPrivacy {
        key: types::InputPrivacyKey::PhoneNumber {},
        rules: Vec::new(),
    })
    .await
    .unwrap();
    request.id = alice_id.clone();
    bob.call(request).await.unwrap();
    let phone = async || match &alice
        .call(functions::users::GetUsers {
            id: vec![bob_id.clone()],
        })
        .await
        .unwrap()[..]
    {
        [types::User::User(user)] => user.phone.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(phone().await, None);
    bob.call(accept(&alice_id)).await.unwrap();
    assert_eq!(phone().await.as_deref(), Some("15550000002"));
}

#[tokio::test]
async fn notes_and_close_friends_are_ones_own() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let note = |text: &str| functions::contacts::UpdateContactNote {
        id: types::InputUser::InputUser {
            user_id: bob.user_id(),
            access_hash: 0,
        },
        note: types::TextWithEntities {
            text: text.into(),
            entities: Vec::new(),
        },
    };
    let error = alice.call(note("x")).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_ID_INVALID"));
    crate::account::befriend(&alice, "15550000002").await;
    let error = alice.call(note(&"x".repeat(129))).await.unwrap_err();
    assert_eq!(error, refused(400, "CONTACT_NOTE_TOO_LONG"));
    alice.call(note("from school")).await.unwrap();
    let full = alice
        .call(functions::users::GetFullUser {
            id: types::InputUser::InputUser {
                user_id: bob.user_id(),
                access_hash: 0,
            },
        })
        .await
        .unwrap();
    assert_eq!(
        full.full_user.note.as_ref().map(|note| note.text.as_str()),
        Some("from school")
    );
    alice
        .call(functions::contacts::EditCloseFriends {
            id: vec![bob.user_id(), 5],
        })
        .await
        .unwrap();
    let seen = crate::account::seen_by(&alice, bob.user_id()).await;
    assert!(seen.close_friend);
    crate::account::befriend(&bob, "15550000001").await;
    let seen = crate::account::seen_by(&bob, alice.user_id()).await;
    assert!(!seen.close_friend);
}

#[tokio::test]
async fn people_are_found_by_what_they_are_called() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Émile").await;
    let carol = server.sign_up("15550000003", "Carol").await;
    set_username(&carol, "Carolina_of_the_north").await;
    crate::account::befriend(&alice, "15550000002").await;
    let search = async |q: &str| {
        let request = functions::contacts::Search::new(q.into(), 20);
        let found = alice.call(request).await.unwrap();
        assert_eq!(
            found.users.len(),
            found.my_results.len() + found.results.len()
        );
        let ids = |peers: Vec<types::Peer>| -> Vec<i64> {
            peers
                .into_iter()
                .map(|peer| match peer {
                    types::Peer::User { user_id } => user_id,
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        (ids(found.my_results), ids(found.results))
    };
    // By the name she gave, and by the name he has.
    assert_eq!(search("frie").await, (vec![bob.user_id()], vec![]));
    assert_eq!(search("EMI").await, (vec![bob.user_id()], vec![]));
    assert_eq!(search("mile").await, (vec![], vec![]));
    assert_eq!(
        search("@carolina_OF").await,
        (vec![], vec![carol.user_id()])
    );
    assert_eq!(search("car").await, (vec![], vec![]));
    // Who was blocked does not find.
    crate::account::befriend(&carol, "15550000001").await;
    carol
        .call(functions::contacts::Block::new(types::InputPeer::User {
            user_id: alice.user_id(),
            access_hash: 0,
        }))
        .await
        .unwrap();
    assert_eq!(search("carolina").await, (vec![], vec![]));
    let empty = functions::contacts::Search::new("  ".into(), 20);
    let error = alice.call(empty).await.unwrap_err();
    assert_eq!(error, refused(400, "SEARCH_QUERY_EMPTY"));
}
