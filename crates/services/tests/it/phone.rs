//! Numbers that change, accounts that end, codes that are delivered.

use tl_api::{functions, types};

use crate::account::{befriend, me, seen_by, subscribe};
use crate::harness::{CODE, Client, Server, refused, send_code, sign_in};
use crate::password::{check, set_password};

async fn change_code(client: &Client, phone: &str) -> String {
    let request = functions::account::SendChangePhoneCode {
        phone_number: phone.into(),
        settings: types::CodeSettings::new(),
    };
    match client.call(request).await.unwrap() {
        types::auth::SentCode::SentCode(sent) => sent.phone_code_hash.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_account_moves_to_another_number() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    server.sign_up("15550000002", "Bob").await;
    subscribe(&other).await;
    let taken = functions::account::SendChangePhoneCode {
        phone_number: "15550000002".into(),
        settings: types::CodeSettings::new(),
    };
    let error = alice.call(taken).await.unwrap_err();
    assert_eq!(error, refused(400, "PHONE_NUMBER_OCCUPIED"));

    let hash = change_code(&alice, "15550000009").await;
    let change = |hash: &str, code: &str| functions::account::ChangePhone {
        phone_number: "15550000009".into(),
        phone_code_hash: hash.into(),
        phone_code: code.into(),
    };
    let error = alice.call(change(&hash, "")).await.unwrap_err();
    assert_eq!(error, refused(400, "PHONE_CODE_EMPTY"));
    let error = alice.call(change(&hash, "00000")).await.unwrap_err();
    assert_eq!(error, refused(400, "PHONE_CODE_INVALID"));
    // A code for one thing is no code for another.
    let login = server.client(230).await;
    let error = login.call(sign_in("15550000009", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), refused(400, "PHONE_CODE_EXPIRED"));
    let error = alice.call(sign_in("15550000009", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), refused(400, "PHONE_CODE_EXPIRED"));

    alice.call(change(&hash, CODE)).await.unwrap();
    assert_eq!(me(&alice).await.phone.as_deref(), Some("15550000009"));
    assert!(
        other
            .take_updates()
            .iter()
            .any(|update| matches!(update, types::Update::UserPhone { .. }))
    );
    assert_eq!(
        server.log_in_at(230, "15550000009").await.user_id(),
        alice.user_id()
    );
    // The old number is free.
    let new = server.sign_up("15550000001", "Somebody else").await;
    assert_ne!(new.user_id(), alice.user_id());
}

#[tokio::test]
async fn a_deleted_account_is_nobody() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(158, "15550000001").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let id = befriend(&bob, "15550000001").await;
    alice
        .call(functions::account::UpdateUsername {
            username: "wonderland".into(),
        })
        .await
        .unwrap();
    subscribe(&bob).await;
    let delete = functions::account::DeleteAccount::new("enough".into());
    // Nobody deletes what is not theirs.
    let stranger = server.client(230).await;
    let error = stranger.call(delete.clone()).await.unwrap_err();
    assert_eq!(error, refused(401, "AUTH_KEY_UNREGISTERED"));

    alice.call(delete).await.unwrap();
    for client in [&alice, &other] {
        let error = client.call(functions::updates::GetState {}).await;
        assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
    }
    assert!(
        bob.take_updates()
            .contains(&types::Update::User { user_id: id })
    );
    let seen = seen_by(&bob, id).await;
    assert!(seen.deleted && seen.first_name.is_none() && seen.phone.is_none());
    let resolve = functions::contacts::ResolveUsername::new("wonderland".into());
    let error = bob.call(resolve).await.unwrap_err();
    assert_eq!(error, refused(400, "USERNAME_NOT_OCCUPIED"));
    let again = server.sign_up("15550000001", "Alice").await;
    assert_ne!(again.user_id(), id);
}

#[tokio::test]
async fn a_code_alone_deletes_nothing_in_use() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    set_password(&alice, "", "secret").await;
    let thief = server.client(230).await;
    thief.sign_in("15550000001").await.unwrap_err();
    subscribe(&alice).await;
    let delete = functions::account::DeleteAccount::new("mine".into());
    let week = 7 * 86_400;
    let error = thief.call(delete.clone()).await.unwrap_err();
    assert_eq!(error, refused(420, &format!("2FA_CONFIRM_WAIT_{week}")));
    // The owner hears of it, with what it takes to stop it.
    let told = alice.take_updates();
    let link = told
        .iter()
        .find_map(|update| match update {
            types::Update::ServiceNotification(note) => Some(note.message.as_str().to_owned()),
            _ => None,
        })
        .unwrap();
    let hash = link.rsplit("hash=").next().unwrap().to_owned();
    let confirm = |hash: &str| functions::account::SendConfirmPhoneCode {
        hash: hash.into(),
        settings: types::CodeSettings::new(),
    };
    let error = alice.call(confirm("0")).await.unwrap_err();
    assert_eq!(error, refused(400, "HASH_INVALID"));
    let types::auth::SentCode::SentCode(sent) = alice.call(confirm(&hash)).await.unwrap() else {
        panic!("no code")
    };
    let keep = functions::account::ConfirmPhone {
        phone_code_hash: sent.phone_code_hash,
        phone_code: CODE.into(),
    };
    alice.call(keep).await.unwrap();
    // The week begins anew.
    server.world.advance_s(100);
    thief.sign_in("15550000001").await.unwrap_err();
    let error = thief.call(delete.clone()).await.unwrap_err();
    assert_eq!(error, refused(420, &format!("2FA_CONFIRM_WAIT_{week}")));
    // With the password it needs no wait.
    let mut with_password = delete;
    with_password.password = Some(crate::password::answer(&thief, "secret").await);
    thief.call(with_password).await.unwrap();
    let error = check(&thief, "secret").await.unwrap_err();
    assert_eq!(error.code, 400);
}

#[tokio::test]
async fn codes_reach_their_owners() {
    let (queue, mut codes) = services::code_queue(1);
    let server = Server::start_with(|options| {
        options.fixed_code = None;
        options.code_delivery = Some(queue);
    });
    let sent = async |client: &Client| match client.call(send_code("15550000001")).await.unwrap() {
        types::auth::SentCode::SentCode(sent) => sent,
        other => panic!("{other:?}"),
    };
    let alice = server.client(158).await;
    let first = sent(&alice).await;
    assert_eq!(first.type_, types::auth::SentCodeType::Sms { length: 5 });
    assert_eq!(first.next_type, None);
    // Asked for again at once it is the same one, and not sent again.
    assert_eq!(sent(&alice).await, first);
    let code = codes.try_recv().unwrap().code;
    assert!(codes.try_recv().is_err());
    assert!(code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()));
    let hash = first.phone_code_hash.as_str();
    alice
        .call(sign_in("15550000001", hash, &code))
        .await
        .unwrap();
    alice
        .call(functions::auth::SignUp::new(
            "15550000001".into(),
            hash.into(),
            "Alice".into(),
            "".into(),
        ))
        .await
        .unwrap();
    subscribe(&alice).await;

    // Now a device shows it, and the telephone is the second choice.
    let phone = server.client(230).await;
    let shown = sent(&phone).await;
    assert_eq!(shown.type_, types::auth::SentCodeType::App { length: 5 });
    assert_eq!(shown.next_type, Some(types::auth::CodeType::Sms {}));
    assert!(codes.try_recv().is_err());
    let told = alice.take_updates();
    assert!(
        matches!(&told[..], [types::Update::ServiceNotification(_)]),
        "{told:?}"
    );
    let resend = functions::auth::ResendCode::new("15550000001".into(), shown.phone_code_hash);
    let error = phone.call(resend.clone()).await.unwrap_err();
    assert_eq!(error, refused(420, "FLOOD_WAIT_60"));
    server.world.advance_s(60);
    phone.call(resend.clone()).await.unwrap();
    let code = codes.try_recv().unwrap().code;
    let hash = resend.phone_code_hash.as_str();
    phone
        .call(sign_in("15550000001", hash, &code))
        .await
        .unwrap();
    assert_eq!(phone.user_id(), alice.user_id());

    // Whoever carries them out does not keep up.
    let other = server.client(230).await;
    other.call(send_code("15550000002")).await.unwrap();
    let error = other.call(send_code("15550000003")).await.unwrap_err();
    assert_eq!(error, refused(420, "FLOOD_WAIT_30"));
}

#[tokio::test]
async fn without_a_way_there_is_no_code() {
    let server = Server::start_with(|options| options.fixed_code = None);
    let client = server.client(230).await;
    let error = client.call(send_code("15550000001")).await.unwrap_err();
    assert_eq!(error, refused(406, "SEND_CODE_UNAVAILABLE"));
}

#[tokio::test]
async fn codes_are_not_asked_for_all_the_time() {
    let server = Server::start_with(|options| options.loopback_is_unlimited = false);
    let client = server.client(230).await;
    for number in 0..3 {
        client
            .send_code(&format!("1555000000{number}"))
            .await
            .unwrap();
    }
    let error = client.send_code("15550000009").await.unwrap_err();
    assert_eq!(error, refused(420, "FLOOD_WAIT_100"));
    // By another key it is the number that counts.
    for _ in 0..5 {
        let other = server.client(230).await;
        other.send_code("15550000001").await.unwrap();
    }
    let other = server.client(230).await;
    let error = other.send_code("15550000001").await.unwrap_err();
    assert_eq!(error, refused(420, "FLOOD_WAIT_600"));
    server.world.advance_s(600);
    other.send_code("15550000001").await.unwrap();
}

#[tokio::test]
async fn codes_that_somebody_saw_are_over() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let thief = server.client(230).await;
    let hash = thief.send_code("15550000001").await.unwrap();
    alice
        .call(functions::account::InvalidateSignInCodes {
            codes: vec![CODE.into()],
        })
        .await
        .unwrap();
    let error = thief.call(sign_in("15550000001", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), refused(400, "PHONE_CODE_EXPIRED"));
    // Later ones are good.
    server.world.advance_s(61);
    server.log_in_at(230, "15550000001").await;
}
