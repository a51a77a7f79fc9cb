//! auth.*: logging in and out.

use tl_api::{functions, types};

use crate::harness::{CODE, Server, refused, send_code, sign_in};

#[tokio::test]
async fn a_new_number_becomes_an_account() {
    let server = Server::start();
    for (layer, phone) in [(158, "15550000001"), (230, "+1 555 000 0002")] {
        let client = server.client(layer).await;
        client.sign_up(phone, "Alice").await;
        let me = client
            .call(functions::users::GetUsers {
                id: vec![types::InputUser::Self_ {}],
            })
            .await
            .unwrap();
        let [types::User::User(me)] = &me[..] else {
            panic!("{me:?}")
        };
        assert!(me.self_);
        assert_eq!(me.first_name.as_deref(), Some("Alice"));
        assert_eq!(me.id, client.user_id());
        // Nobody gets in between.
        let state = client.call(functions::updates::GetState {}).await.unwrap();
        assert!(state.pts >= 1);
        let again = server.log_in_at(layer, phone).await;
        assert_eq!(again.user_id(), client.user_id());
    }
}

#[tokio::test]
async fn every_step_is_checked_in_order() {
    let server = Server::start();
    let client = server.client(230).await;
    let mut request = send_code("15550000001");
    request.api_id = 0;
    let error = client.call(request).await.unwrap_err();
    assert_eq!(error, refused(400, "API_ID_INVALID"));
    for phone in ["", "1234", "abc", "12345678901234567"] {
        let error = client.call(send_code(phone)).await.unwrap_err();
        assert_eq!(error, refused(400, "PHONE_NUMBER_INVALID"));
    }

    let hash = client.send_code("15550000001").await.unwrap();
    // The same code is meant when it is asked for again.
    assert_eq!(client.send_code("15550000001").await.unwrap(), hash);
    let error = |request| async { client.call(request).await.unwrap_err() };
    assert_eq!(
        error(sign_in("1", &hash, CODE)).await,
        refused(400, "PHONE_NUMBER_INVALID")
    );
    assert_eq!(
        error(sign_in("15550000001", "0000", CODE)).await,
        refused(400, "PHONE_CODE_EXPIRED")
    );
    assert_eq!(
        error(sign_in("15550000002", &hash, CODE)).await,
        refused(400, "PHONE_CODE_EXPIRED")
    );
    assert_eq!(
        error(sign_in("15550000001", &hash, "")).await,
        refused(400, "PHONE_CODE_EMPTY")
    );
    assert_eq!(
        error(sign_in("15550000001", &hash, "54321")).await,
        refused(400, "PHONE_CODE_INVALID")
    );
    let sign_up = |first: &str| {
        functions::auth::SignUp::new(
            "15550000001".into(),
            hash.as_str().into(),
            first.into(),
            "".into(),
        )
    };
    // Not before the code was right.
    let refusal = client.call(sign_up("Alice")).await.unwrap_err();
    assert_eq!(refusal, refused(400, "PHONE_CODE_INVALID"));
    client
        .call(sign_in("15550000001", &hash, CODE))
        .await
        .unwrap();
    for name in ["", " \n", &"a".repeat(65)] {
        let refusal = client.call(sign_up(name)).await.unwrap_err();
        assert_eq!(refusal, refused(400, "FIRSTNAME_INVALID"));
    }
    // The code belongs to the key that asked for it.
    let thief = server.client(230).await;
    let refusal = thief.call(sign_up("Mallory")).await.unwrap_err();
    assert_eq!(refusal, refused(400, "PHONE_CODE_EXPIRED"));
    client.call(sign_up("Alice")).await.unwrap();
    let refusal = client.call(sign_up("Alice")).await.unwrap_err();
    assert_eq!(refusal, refused(400, "PHONE_CODE_EXPIRED"));
}

#[tokio::test]
async fn a_code_ends() {
    let server = Server::start();
    let client = server.client(230).await;
    let expired = refused(400, "PHONE_CODE_EXPIRED");
    // After too many wrong answers.
    let hash = client.send_code("15550000001").await.unwrap();
    for _ in 0..5 {
        let error = client.call(sign_in("15550000001", &hash, "00000")).await;
        assert_eq!(error.unwrap_err(), refused(400, "PHONE_CODE_INVALID"));
    }
    let error = client.call(sign_in("15550000001", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), expired);
    // After its time.
    let hash = client.send_code("15550000002").await.unwrap();
    server.world.advance_s(901);
    let error = client.call(sign_in("15550000002", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), expired);
    // When it is taken back.
    let hash = client.send_code("15550000003").await.unwrap();
    let cancel = functions::auth::CancelCode {
        phone_number: "15550000003".into(),
        phone_code_hash: hash.as_str().into(),
    };
    assert!(client.call(cancel.clone()).await.unwrap());
    let error = client.call(sign_in("15550000003", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), expired);
    assert_eq!(client.call(cancel).await.unwrap_err(), expired);
}

#[tokio::test]
async fn whoever_logs_out_is_out() {
    let server = Server::start();
    let client = server.sign_up("15550000001", "Alice").await;
    client.call(functions::updates::GetState {}).await.unwrap();
    client.call(functions::auth::LogOut {}).await.unwrap();
    let error = client.call(functions::updates::GetState {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
    // Once more is fine.
    client.call(functions::auth::LogOut {}).await.unwrap();
    client.sign_in("15550000001").await.unwrap();
    client.call(functions::updates::GetState {}).await.unwrap();
}
