//! Logging in by another device's camera, taking data out, sounds of one's own.

use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::harness::{Client, Refused, Server, refused};
use crate::password::set_password;

fn export(except: &[i64]) -> functions::auth::ExportLoginToken {
    functions::auth::ExportLoginToken {
        api_id: 4,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        except_ids: except.to_vec(),
    }
}

async fn token(client: &Client, except: &[i64]) -> Bytes {
    match client.call(export(except)).await.unwrap() {
        types::auth::LoginToken::LoginToken { token, .. } => token,
        other => panic!("{other:?}"),
    }
}

async fn accept(client: &Client, token: &Bytes) -> Result<types::Authorization, Refused> {
    let token = token.clone();
    client
        .call(functions::auth::AcceptLoginToken { token })
        .await
}

#[tokio::test]
async fn device_is_let_in_by_another_one() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    alice.call(functions::updates::GetState {}).await.unwrap();
    let new = server.client(158).await;
    let mut without = export(&[]);
    without.api_id = 0;
    let error = new.call(without).await.unwrap_err();
    assert_eq!(error, refused(400, "API_ID_INVALID"));
    let shown = token(&new, &[]).await;
    let error = accept(&alice, &Bytes::from_static(b"wrong"))
        .await
        .unwrap_err();
    assert_eq!(error, refused(400, "AUTH_TOKEN_INVALID"));
    let excepted = token(&new, &[alice.user_id()]).await;
    let error = accept(&alice, &excepted).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTH_TOKEN_EXCEPTION"));
    let late = token(&server.client(158).await, &[]).await;
    server.world.advance_s(20);
    let import = |token: &Bytes| functions::auth::ImportLoginToken {
        token: token.clone(),
    };
    let error = new.call(import(&shown)).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTH_TOKEN_INVALID"));
    let authorization = accept(&alice, &shown).await.unwrap();
    assert!(!authorization.current && authorization.hash != 0);
    assert!(matches!(
        &new.take_pushed()[..],
        [types::Updates::UpdateShort(short)] if short.update == types::Update::LoginToken {}
    ));
    let error = accept(&alice, &shown).await.unwrap_err();
    assert_eq!(error, refused(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
    let done = new.call(export(&[])).await.unwrap();
    assert!(matches!(done, types::auth::LoginToken::Success { .. }));
    assert_eq!(new.user_id(), alice.user_id());
    // The others are told of a login that needs no confirmation, under the same name.
    let told = alice.take_updates();
    assert!(told.iter().any(|update| matches!(update,
        types::Update::NewAuthorization(new) if !new.unconfirmed && new.hash == authorization.hash)));
    server.world.advance_s(11);
    let error = accept(&alice, &late).await.unwrap_err();
    assert!(
        [
            refused(400, "AUTH_TOKEN_EXPIRED"),
            refused(400, "AUTH_TOKEN_INVALID")
        ]
        .contains(&error)
    );
}

#[tokio::test]
async fn password_is_asked_for_all_the_same() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    set_password(&alice, "", "secret").await;
    let new = server.client(158).await;
    let shown = token(&new, &[]).await;
    accept(&alice, &shown).await.unwrap();
    let error = new.call(export(&[])).await.unwrap_err();
    assert_eq!(error, refused(401, "SESSION_PASSWORD_NEEDED"));
    new.call(functions::account::GetPassword {}).await.unwrap();
}

#[tokio::test]
async fn data_are_taken_out_and_the_others_know() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    alice.call(functions::updates::GetState {}).await.unwrap();
    let laptop = server.log_in_at(230, "15550000001").await;
    let contact = types::InputContact::new(1, "15550000077".into(), "Later".into(), "".into());
    let import = functions::contacts::ImportContacts {
        contacts: vec![contact],
    };
    laptop.call(import).await.unwrap();
    let saved = functions::contacts::GetSaved {};
    let finish = functions::account::FinishTakeoutSession { success: true };
    let required = refused(400, "TAKEOUT_REQUIRED");
    assert_eq!(laptop.call(saved).await.unwrap_err(), required);
    assert_eq!(laptop.call(finish.clone()).await.unwrap_err(), required);
    alice.take_updates();
    laptop
        .call(functions::account::InitTakeoutSession::new())
        .await
        .unwrap();
    assert!(
        alice
            .take_updates()
            .iter()
            .any(|update| matches!(update, types::Update::ServiceNotification(_)))
    );
    let phones = laptop.call(functions::contacts::GetSaved {}).await.unwrap();
    assert_eq!(phones.len(), 1);
    // It is that device's alone.
    let error = alice.call(functions::contacts::GetSaved {}).await;
    assert_eq!(error.unwrap_err(), required);
    laptop.call(finish.clone()).await.unwrap();
    assert_eq!(laptop.call(finish).await.unwrap_err(), required);
}

#[tokio::test]
async fn sounds_are_uploaded_and_kept() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let part = functions::upload::SaveFilePart {
        file_id: 1,
        file_part: 0,
        bytes: Bytes::from_static(b"ding"),
    };
    alice.call(part).await.unwrap();
    let upload = |mime_type: &str| functions::account::UploadRingtone {
        file: types::InputFile::InputFile(Box::new(constructors::InputFile {
            id: 1,
            parts: 1,
            name: "ding.mp3".into(),
            md5_checksum: "".into(),
        })),
        file_name: "ding.mp3".into(),
        mime_type: mime_type.into(),
    };
    let error = alice.call(upload("text/plain")).await.unwrap_err();
    assert_eq!(error, refused(400, "RINGTONE_MIME_INVALID"));
    let types::Document::Document(sound) = alice.call(upload("audio/mpeg")).await.unwrap() else {
        panic!("no document");
    };
    let save = |unsave| functions::account::SaveRingtone {
        id: types::InputDocument::InputDocument(Box::new(constructors::InputDocument {
            id: sound.id,
            access_hash: sound.access_hash,
            file_reference: sound.file_reference.clone(),
        })),
        unsave,
    };
    alice.call(save(false)).await.unwrap();
    let listed = async |hash| {
        let get = functions::account::GetSavedRingtones { hash };
        alice.call(get).await.unwrap()
    };
    let types::account::SavedRingtones::SavedRingtones { hash, ringtones } = listed(0).await else {
        panic!("not modified");
    };
    assert_eq!(ringtones.len(), 1);
    assert!(matches!(
        listed(hash).await,
        types::account::SavedRingtones::NotModified {}
    ));
    alice.call(save(true)).await.unwrap();
    assert!(matches!(
        listed(0).await,
        types::account::SavedRingtones::SavedRingtones { ringtones, .. } if ringtones.is_empty()
    ));
}
