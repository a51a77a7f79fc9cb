//! Devices: who is logged in where, and who ends it.

use mtproto_core::crypto;
use tl_api::{functions, types};

use crate::account::subscribe;
use crate::harness::{CODE, Client, Server, refused, send_code, sign_in};

async fn list(client: &Client) -> Vec<types::Authorization> {
    client
        .call(functions::account::GetAuthorizations {})
        .await
        .unwrap()
        .authorizations
}

async fn is_out(client: &Client) -> bool {
    let state = client.call(functions::updates::GetState {}).await;
    match state {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error, refused(401, "AUTH_KEY_UNREGISTERED"));
            true
        }
    }
}

#[tokio::test]
async fn devices_are_listed_and_ended() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    subscribe(&alice).await;
    let phone = server.log_in_at(158, "15550000001").await;
    // The others hear of a new one.
    let told = alice.take_updates();
    assert!(
        matches!(&told[..], [types::Update::NewAuthorization(new)] if new.unconfirmed),
        "{told:?}"
    );
    let devices = list(&alice).await;
    assert_eq!(devices.len(), 2);
    assert!(devices[0].current && devices[0].hash == 0);
    assert!(!devices[1].current && devices[1].hash != 0);
    assert_eq!(devices[1].device_model.as_str(), "Test");
    let hash = devices[1].hash;
    assert_ne!(hash, phone.key.0, "the key must not be told");

    let reset = |hash| functions::account::ResetAuthorization { hash };
    for bad in [0, 1] {
        let error = alice.call(reset(bad)).await.unwrap_err();
        assert_eq!(error, refused(400, "HASH_INVALID"));
    }
    // Nobody else's device.
    let mallory = server.sign_up("15550000002", "Mallory").await;
    let error = mallory.call(reset(hash)).await.unwrap_err();
    assert_eq!(error, refused(400, "HASH_INVALID"));
    assert!(!is_out(&phone).await);

    subscribe(&phone).await;
    alice.call(reset(hash)).await.unwrap();
    assert_eq!(phone.take_pushed(), [types::Updates::TooLong {}]);
    assert!(is_out(&phone).await);
    assert!(!is_out(&alice).await);
    assert_eq!(list(&alice).await.len(), 1);
}

#[tokio::test]
async fn all_others_end_at_once() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let others = [
        server.log_in_at(158, "15550000001").await,
        server.log_in_at(230, "15550000001").await,
    ];
    // A device that nobody has confirmed may not.
    let error = others[0]
        .call(functions::auth::ResetAuthorizations {})
        .await
        .unwrap_err();
    assert_eq!(error, refused(406, "FRESH_RESET_AUTHORISATION_FORBIDDEN"));
    alice
        .call(functions::auth::ResetAuthorizations {})
        .await
        .unwrap();
    for other in &others {
        assert!(is_out(other).await);
    }
    assert!(!is_out(&alice).await);
}

#[tokio::test]
async fn a_confirmed_device_is_no_question_any_more() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let phone = server.log_in_at(230, "15550000001").await;
    subscribe(&alice).await;
    subscribe(&phone).await;
    let hash = list(&alice).await[1].hash;
    let mut request = functions::account::ChangeAuthorizationSettings::new(hash);
    request.confirmed = true;
    request.call_requests_disabled = Some(true);
    alice.call(request).await.unwrap();
    let told = phone.take_updates();
    assert!(
        matches!(&told[..], [types::Update::NewAuthorization(new)] if !new.unconfirmed && new.hash == hash),
        "{told:?}"
    );
    let device = list(&alice).await.remove(1);
    assert!(!device.unconfirmed && device.call_requests_disabled);
}

#[tokio::test]
async fn idle_devices_are_logged_out() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let ttl = |days| functions::account::SetAuthorizationTTL {
        authorization_ttl_days: days,
    };
    for days in [0, 367] {
        let error = alice.call(ttl(days)).await.unwrap_err();
        assert_eq!(error, refused(400, "TTL_DAYS_INVALID"));
    }
    alice.call(ttl(7)).await.unwrap();
    server.world.advance_s(7 * 86_400);
    alice.connect_again().await;
    assert!(!is_out(&alice).await);
    server.world.advance_s(7 * 86_400 + 1);
    alice.connect_again().await;
    assert!(is_out(&alice).await);
}

#[tokio::test]
async fn a_login_can_be_taken_along() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let export = |dc_id| functions::auth::ExportAuthorization { dc_id };
    let error = alice.call(export(99)).await.unwrap_err();
    assert_eq!(error, refused(400, "DC_ID_INVALID"));
    let exported = alice.call(export(2)).await.unwrap();
    let import = |id, bytes: &tl::Bytes| functions::auth::ImportAuthorization {
        id,
        bytes: bytes.clone(),
    };
    let media = server.client(158).await;
    let error = media.call(import(exported.id + 1, &exported.bytes)).await;
    assert_eq!(error.unwrap_err(), refused(400, "USER_ID_INVALID"));
    let wrong = tl::Bytes::from_static(b"0123456789abcdef0123456789abcdef");
    let error = media.call(import(exported.id, &wrong)).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTH_BYTES_INVALID"));
    // The same key as often as it likes, no other key.
    for _ in 0..2 {
        media
            .call(import(exported.id, &exported.bytes))
            .await
            .unwrap();
    }
    let thief = server.client(230).await;
    let error = thief.call(import(exported.id, &exported.bytes)).await;
    assert_eq!(error.unwrap_err(), refused(400, "AUTH_BYTES_INVALID"));
    // It is part of the login it came from, and ends with it.
    assert_eq!(media.user_id(), alice.user_id());
    assert_eq!(list(&alice).await.len(), 1);
    assert_eq!(list(&media).await.len(), 1);
    alice.call(functions::auth::LogOut {}).await.unwrap();
    assert!(is_out(&media).await);
    // Not after its time.
    alice.sign_in("15550000001").await.unwrap();
    let late = alice.call(export(2)).await.unwrap();
    server.world.advance_s(61);
    let error = media.call(import(late.id, &late.bytes)).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTH_BYTES_INVALID"));
}

#[tokio::test]
async fn another_user_takes_the_key_over() {
    let server = Server::start();
    let client = server.sign_up("15550000001", "Alice").await;
    server.sign_up("15550000002", "Bob").await;
    let alice = client.user_id();
    client.sign_in("15550000002").await.unwrap();
    assert_ne!(client.user_id(), alice);
    assert_eq!(list(&client).await.len(), 2);
    // Alice's device is gone.
    let back = server.log_in_at(230, "15550000001").await;
    assert_eq!(list(&back).await.len(), 1);
}

#[tokio::test]
async fn a_destroyed_key_takes_its_login_along() {
    use bus::Services as _;
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let other = server.log_in_at(230, "15550000001").await;
    assert!(server.services.destroy_key(other.key).await.unwrap());
    assert!(other.key_is_gone());
    assert!(!server.services.destroy_key(other.key).await.unwrap());
    assert!(server.services.key(other.key).await.unwrap().is_none());
    assert_eq!(list(&alice).await.len(), 1);
}

/// A client that comes over a temporary key.
async fn bind(server: &Server, client: &Client, expires_at: u32) -> (Client, bus::AuthKeyId) {
    let temporary = server.new_key(expires_at).await;
    let unbound = client.over(server, temporary);
    (unbound, temporary)
}

#[tokio::test]
async fn a_temporary_key_acts_for_the_permanent_one() {
    use bus::Services as _;
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let expires_at = server.world.now_s() + 86_400;
    let (unbound, temporary) = bind(&server, &alice, expires_at.cast_unsigned()).await;
    // Before it is bound it is good for next to nothing.
    let error = unbound.call(functions::updates::GetState {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_PERM_EMPTY"));
    let error = unbound.call(send_code("15550000001")).await.unwrap_err();
    assert_eq!(error, refused(401, "AUTH_KEY_PERM_EMPTY"));
    unbound.call(functions::help::GetConfig {}).await.unwrap();

    let msg_id = 77 << 32;
    let permanent = server.services.key(alice.key).await.unwrap().unwrap();
    let key = crypto::FullAuthKey::new(*permanent.key).message_key();
    let inner = crypto::BindAuthKeyInner {
        nonce: 5,
        temp_auth_key_id: crypto::AuthKeyId(temporary.0),
        perm_auth_key_id: crypto::AuthKeyId(alice.key.0),
        temp_session_id: unbound.session.0,
        expires_at,
    };
    let request = |inner: &crypto::BindAuthKeyInner| functions::auth::BindTempAuthKey {
        perm_auth_key_id: alice.key.0,
        nonce: 5,
        expires_at,
        encrypted_message: crypto::seal_bind(&key, inner, msg_id, &mut server.rng())
            .to_vec()
            .into(),
    };
    let invalid = refused(400, "ENCRYPTED_MESSAGE_INVALID");
    // Each thing that is vouched for must be so.
    let wrong = [
        crypto::BindAuthKeyInner { nonce: 6, ..inner },
        crypto::BindAuthKeyInner {
            temp_auth_key_id: crypto::AuthKeyId(9),
            ..inner
        },
        crypto::BindAuthKeyInner {
            temp_session_id: 9,
            ..inner
        },
    ];
    for wrong in &wrong {
        let error = unbound.call_as(request(wrong), msg_id).await.unwrap_err();
        assert_eq!(error, invalid);
    }
    let wrong = crypto::BindAuthKeyInner {
        expires_at: expires_at + 1,
        ..inner
    };
    let error = unbound.call_as(request(&wrong), msg_id).await.unwrap_err();
    assert_eq!(error, refused(400, "EXPIRES_AT_INVALID"));
    let error = unbound.call_as(request(&inner), msg_id + 4).await;
    assert_eq!(error.unwrap_err(), invalid);
    let error = alice.call_as(request(&inner), msg_id).await.unwrap_err();
    assert_eq!(error, refused(400, "TEMP_AUTH_KEY_EMPTY"));
    assert!(unbound.call_as(request(&inner), msg_id).await.unwrap());

    let facts = server.services.key(temporary).await.unwrap().unwrap();
    assert_eq!(facts.bound_to, Some(alice.key));
    let bound = alice.bound(&server, temporary);
    assert!(!is_out(&bound).await);
    // Another permanent key is none of its business from now on.
    let mallory = server.sign_up("15550000002", "Mallory").await;
    let other = server.services.key(mallory.key).await.unwrap().unwrap();
    let other = crypto::FullAuthKey::new(*other.key).message_key();
    let stolen = crypto::BindAuthKeyInner {
        perm_auth_key_id: crypto::AuthKeyId(mallory.key.0),
        ..inner
    };
    let request = functions::auth::BindTempAuthKey {
        perm_auth_key_id: mallory.key.0,
        nonce: 5,
        expires_at,
        encrypted_message: crypto::seal_bind(&other, &stolen, msg_id, &mut server.rng())
            .to_vec()
            .into(),
    };
    let error = unbound.call_as(request, msg_id).await.unwrap_err();
    assert_eq!(error, refused(400, "TEMP_AUTH_KEY_ALREADY_BOUND"));

    let drop = |keep: Vec<i64>| functions::auth::DropTempAuthKeys {
        except_auth_keys: keep,
    };
    alice.call(drop(vec![temporary.0])).await.unwrap();
    assert!(server.services.key(temporary).await.unwrap().is_some());
    alice.call(drop(Vec::new())).await.unwrap();
    assert!(server.services.key(temporary).await.unwrap().is_none());
}

#[tokio::test]
async fn young_logins_do_not_lock_others_out() {
    let (queue, mut codes) = services::code_queue(8);
    let server = Server::start_with(|options| {
        options.fixed_code = None;
        options.code_delivery = Some(queue);
    });
    let alice = server.client(230).await;
    let hash = alice.send_code("15550000001").await.unwrap();
    let code = codes.try_recv().unwrap();
    assert_eq!(code.phone, "15550000001");
    alice
        .call(sign_in("15550000001", &hash, &code.code))
        .await
        .unwrap();
    alice
        .call(functions::auth::SignUp::new(
            "15550000001".into(),
            hash.as_str().into(),
            "Alice".into(),
            "".into(),
        ))
        .await
        .unwrap();
    let fresh = refused(406, "FRESH_RESET_AUTHORISATION_FORBIDDEN");
    let reset = functions::auth::ResetAuthorizations {};
    assert_eq!(alice.call(reset.clone()).await.unwrap_err(), fresh);
    server.world.advance_s(86_400);
    alice.call(reset).await.unwrap();
    assert_ne!(code.code, CODE);
}
