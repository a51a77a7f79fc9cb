//! account.*: profile, usernames, presence, settings.

use tl_api::{functions, types};

use crate::harness::{Client, Refused, Server, refused};

pub(crate) async fn me(client: &Client) -> Box<tl_api::constructors::User> {
    let users = client
        .call(functions::users::GetUsers {
            id: vec![types::InputUser::Self_ {}],
        })
        .await
        .unwrap();
    match users.into_iter().next() {
        Some(types::User::User(user)) => user,
        other => panic!("{other:?}"),
    }
}

/// A user as another one sees them, if they may name them without a hash.
pub(crate) async fn seen_by(viewer: &Client, user_id: i64) -> Box<tl_api::constructors::User> {
    let request = functions::users::GetUsers {
        id: vec![types::InputUser::InputUser {
            user_id,
            access_hash: 0,
        }],
    };
    match viewer.call(request).await.unwrap().into_iter().next() {
        Some(types::User::User(user)) => user,
        other => panic!("{other:?}"),
    }
}

/// Puts users into each other's contact lists.
pub(crate) async fn befriend(one: &Client, phone: &str) -> i64 {
    let contact = types::InputContact::new(1, phone.into(), "Friend".into(), "".into());
    let imported = one
        .call(functions::contacts::ImportContacts {
            contacts: vec![contact],
        })
        .await
        .unwrap();
    imported.imported[0].user_id
}

/// Makes the session one that updates are pushed to.
pub(crate) async fn subscribe(client: &Client) {
    client.call(functions::updates::GetState {}).await.unwrap();
    assert!(client.is_subscribed());
    client.take_pushed();
}

async fn set_username(client: &Client, username: &str) -> Result<types::User, Refused> {
    client
        .call(functions::account::UpdateUsername {
            username: username.into(),
        })
        .await
}

#[tokio::test]
async fn names_are_cleaned_and_told() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    befriend(&bob, "15550000001").await;
    for client in [&alice, &other, &bob] {
        subscribe(client).await;
    }
    let mut request = functions::account::UpdateProfile::new();
    request.first_name = Some(" Alice\n ".into());
    request.last_name = Some("Liddell".into());
    request.about = Some("down\nthe hole".into());
    let types::User::User(user) = alice.call(request).await.unwrap() else {
        panic!("no user")
    };
    assert_eq!(user.first_name.as_deref(), Some("Alice"));
    assert_eq!(user.last_name.as_deref(), Some("Liddell"));
    // The session that asked has the answer already.
    assert!(alice.take_updates().is_empty());
    let told = other.take_updates();
    let name = told.iter().find_map(|update| match update {
        types::Update::UserName(name) => Some(name),
        _ => None,
    });
    assert_eq!(name.unwrap().last_name.as_str(), "Liddell");
    // Bob goes on seeing the name that he gave.
    let told = bob.take_updates();
    let name = told.iter().find_map(|update| match update {
        types::Update::UserName(name) => Some(name),
        _ => None,
    });
    assert_eq!(name.unwrap().first_name.as_str(), "Friend");

    let full = alice
        .call(functions::users::GetFullUser {
            id: types::InputUser::Self_ {},
        })
        .await
        .unwrap();
    assert_eq!(full.full_user.about.as_deref(), Some("down the hole"));
    let refusals = [
        ("first", "", "FIRSTNAME_INVALID"),
        ("last", &*"x".repeat(65), "LASTNAME_INVALID"),
        ("about", &*"x".repeat(71), "ABOUT_TOO_LONG"),
    ];
    for (field, text, name) in refusals {
        let mut request = functions::account::UpdateProfile::new();
        let slot = match field {
            "first" => &mut request.first_name,
            "last" => &mut request.last_name,
            _ => &mut request.about,
        };
        *slot = Some(text.into());
        assert_eq!(alice.call(request).await.unwrap_err(), refused(400, name));
    }
    // What another device missed stands in its difference.
    let state = functions::updates::GetDifference::new(1, 0, 0);
    let difference = other.call(state).await.unwrap();
    let types::updates::Difference::Difference(difference) = difference else {
        panic!("{difference:?}")
    };
    assert!(
        difference
            .other_updates
            .iter()
            .any(|update| matches!(update, types::Update::UserName(_)))
    );
}

#[tokio::test]
async fn a_username_has_one_owner() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up_at(158, "15550000002", "Bob").await;
    for bad in ["ab", "1alice", "a__bcd", "support1"] {
        let error = set_username(&alice, bad).await.unwrap_err();
        assert_eq!(error, refused(400, "USERNAME_INVALID"), "{bad}");
    }
    set_username(&alice, "Wonder_land").await.unwrap();
    assert_eq!(me(&alice).await.username.as_deref(), Some("Wonder_land"));
    let error = set_username(&alice, "Wonder_land").await.unwrap_err();
    assert_eq!(error, refused(400, "USERNAME_NOT_MODIFIED"));
    // Case does not make another name.
    let taken = refused(400, "USERNAME_OCCUPIED");
    assert_eq!(set_username(&bob, "wonder_LAND").await.unwrap_err(), taken);
    let check = |username: &str| functions::account::CheckUsername {
        username: username.into(),
    };
    let error = bob.call(check("wonder_land")).await.unwrap_err();
    assert_eq!(error, taken);
    assert!(bob.call(check("wonder_land2")).await.unwrap());
    // Only the spelling changes.
    set_username(&alice, "wonder_land").await.unwrap();
    // Given back, it is free at once.
    set_username(&alice, "").await.unwrap();
    assert_eq!(me(&alice).await.username, None);
    set_username(&bob, "Wonder_Land").await.unwrap();
}

#[tokio::test]
async fn friends_see_who_is_online() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let stranger = server.sign_up("15550000003", "Mallory").await;
    let id = befriend(&bob, "15550000001").await;
    for client in [&alice, &bob, &stranger] {
        subscribe(client).await;
    }
    let status = |offline| functions::account::UpdateStatus { offline };
    alice.call(status(false)).await.unwrap();
    let online = types::UserStatus::Online {
        expires: server.world.now_s() + 300,
    };
    let told = |user_id, status| vec![types::Update::UserStatus { user_id, status }];
    assert_eq!(bob.take_updates(), told(id, online.clone()));
    assert!(stranger.take_updates().is_empty());
    assert_eq!(seen_by(&bob, id).await.status, Some(online));

    server.world.advance_s(10);
    alice.call(status(true)).await.unwrap();
    let offline = types::UserStatus::Offline {
        was_online: server.world.now_s(),
    };
    assert_eq!(bob.take_updates(), told(id, offline.clone()));
    server.world.advance_s(86_400);
    let statuses = bob.call(functions::contacts::GetStatuses {}).await.unwrap();
    assert_eq!(
        statuses,
        [types::ContactStatus {
            user_id: id,
            status: offline
        }]
    );
}

#[tokio::test]
async fn one_device_online_is_enough() {
    use bus::Services as _;
    let server = Server::start();
    let desk = server.sign_up("15550000001", "Alice").await;
    let phone = server.log_in_at(158, "15550000001").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let id = befriend(&bob, "15550000001").await;
    let status = |offline| functions::account::UpdateStatus { offline };
    desk.call(status(false)).await.unwrap();
    server.world.advance_s(100);
    phone.call(status(false)).await.unwrap();
    let online = |expires| Some(types::UserStatus::Online { expires });
    let start = server.world.now_s();
    assert_eq!(seen_by(&bob, id).await.status, online(start + 300));
    phone.call(status(true)).await.unwrap();
    assert_eq!(seen_by(&bob, id).await.status, online(start + 200));
    // Nobody says that it ends: it ends by itself.
    server.world.advance_s(250);
    let offline = |was_online| Some(types::UserStatus::Offline { was_online });
    assert_eq!(seen_by(&bob, id).await.status, offline(start + 200));
    // When the last connection is gone no device is online.
    desk.call(status(false)).await.unwrap();
    phone.call(status(false)).await.unwrap();
    server.services.presence(bus::UserId(id), false).await;
    let now = server.world.now_s();
    assert_eq!(seen_by(&bob, id).await.status, offline(now));
}

#[tokio::test]
async fn settings_are_kept() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let ttl = |days| functions::account::SetAccountTTL {
        ttl: types::AccountDaysTTL { days },
    };
    for days in [29, 731] {
        let error = alice.call(ttl(days)).await.unwrap_err();
        assert_eq!(error, refused(400, "TTL_DAYS_INVALID"));
    }
    alice.call(ttl(90)).await.unwrap();
    let kept = alice
        .call(functions::account::GetAccountTTL {})
        .await
        .unwrap();
    assert_eq!(kept.days, 90);
    alice
        .call(functions::account::SetContactSignUpNotification { silent: true })
        .await
        .unwrap();
    assert!(
        alice
            .call(functions::account::GetContactSignUpNotification {})
            .await
            .unwrap()
    );
    let mut settings = types::GlobalPrivacySettings::new();
    settings.keep_archived_unmuted = true;
    let set = |settings| functions::account::SetGlobalPrivacySettings { settings };
    let kept = alice.call(set(settings.clone())).await.unwrap();
    assert!(kept.keep_archived_unmuted);
    settings.archive_and_mute_new_noncontact_peers = true;
    let error = alice.call(set(settings)).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTOARCHIVE_NOT_AVAILABLE"));

    let birthday = |day, month, year| functions::account::UpdateBirthday {
        birthday: Some(types::Birthday { day, month, year }),
    };
    let error = alice.call(birthday(30, 2, None)).await.unwrap_err();
    assert_eq!(error, refused(400, "BIRTHDAY_INVALID"));
    alice.call(birthday(29, 2, Some(2000))).await.unwrap();
    let full = alice
        .call(functions::users::GetFullUser {
            id: types::InputUser::Self_ {},
        })
        .await
        .unwrap();
    assert_eq!(full.full_user.birthday.as_ref().unwrap().month, 2);
}
