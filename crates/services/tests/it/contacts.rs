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
