//! Who may call what.

use tl_api::{functions, types};

use crate::harness::{Server, refused};
use crate::password::set_password;

#[tokio::test]
async fn strangers_may_do_next_to_nothing() {
    let server = Server::start();
    let stranger = server.client(230).await;
    stranger.call(functions::help::GetConfig {}).await.unwrap();
    let unknown = refused(401, "AUTH_KEY_UNREGISTERED");
    macro_rules! closed {
        ($($request:expr),* $(,)?) => {$(
            assert_eq!(stranger.call($request).await.unwrap_err(), unknown, "{}", stringify!($request));
        )*};
    }
    closed!(
        functions::users::GetUsers {
            id: vec![types::InputUser::Self_ {}]
        },
        functions::updates::GetState {},
        functions::contacts::GetContacts { hash: 0 },
        functions::contacts::ResolveUsername::new("wonderland".into()),
        functions::account::GetPassword {},
        functions::account::GetAuthorizations {},
        functions::account::UpdateStatus { offline: false },
        functions::account::DeleteAccount::new("".into()),
        functions::auth::ResetAuthorizations {},
        functions::auth::ExportAuthorization { dc_id: 2 },
        functions::auth::CheckPassword {
            password: types::InputCheckPasswordSRP::InputCheckPasswordEmpty {},
        },
        functions::auth::AcceptLoginToken {
            token: tl::Bytes::new()
        },
        functions::help::GetPromoData {},
    );
}

#[tokio::test]
async fn a_code_without_the_password_opens_little() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    set_password(&alice, "", "secret").await;
    let device = server.client(158).await;
    device.sign_in("15550000001").await.unwrap_err();
    let needed = refused(401, "SESSION_PASSWORD_NEEDED");
    let error = device
        .call(functions::users::GetUsers {
            id: vec![types::InputUser::Self_ {}],
        })
        .await
        .unwrap_err();
    assert_eq!(error, needed);
    let error = device.call(functions::auth::ResetAuthorizations {}).await;
    assert_eq!(error.unwrap_err(), needed);
    device
        .call(functions::account::GetPassword {})
        .await
        .unwrap();
    let error = device
        .call(functions::auth::RequestPasswordRecovery {})
        .await
        .unwrap_err();
    assert_eq!(error, refused(400, "PASSWORD_RECOVERY_NA"));
    // And says nothing to the others.
    assert_eq!(
        alice
            .call(functions::account::GetAuthorizations {})
            .await
            .unwrap()
            .authorizations
            .len(),
        1
    );
}

#[tokio::test]
async fn bots_have_methods_of_their_own() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let error = alice
        .call(functions::help::SetBotUpdatesStatus {
            pending_updates_count: 0,
            message: "".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(error, refused(400, "USER_BOT_REQUIRED"));
}

#[tokio::test]
async fn nonsense_is_refused_and_nothing_breaks() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let answer = async |body: &'static [u8]| {
        let answer = alice.send(tl::Bytes::from_static(body)).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        ["METHOD_INVALID", "INPUT_FETCH_ERROR"]
            .into_iter()
            .find(|name| text.contains(name))
    };
    assert_eq!(answer(b"").await, Some("METHOD_INVALID"));
    assert_eq!(answer(b"\x01\x02\x03\x04").await, Some("METHOD_INVALID"));
    // help.getConfig with something behind it, users.getUsers without what it needs.
    assert_eq!(
        answer(b"\x6b\x18\xf9\xc4\x00\x00\x00\x00").await,
        Some("INPUT_FETCH_ERROR")
    );
    assert_eq!(answer(b"\x48\xa5\x91\x0d").await, Some("INPUT_FETCH_ERROR"));
    alice.call(functions::updates::GetState {}).await.unwrap();
}

#[tokio::test]
async fn refusals_have_the_names_that_clients_know() {
    use functions::{account, auth, contacts, stats};
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let slug = || tl::Str::from("slug");
    macro_rules! refuses {
        ($($request:expr => $code:literal $name:literal),* $(,)?) => {$(
            assert_eq!(alice.call($request).await.unwrap_err(), refused($code, $name));
        )*};
    }
    refuses!(
        account::ResolveBusinessChatLink { slug: slug() } => 400 "CHATLINK_SLUG_EXPIRED",
        account::ConfirmPasswordEmail { code: "1".into() } => 400 "EMAIL_HASH_EXPIRED",
        account::CancelPasswordEmail {} => 400 "EMAIL_HASH_EXPIRED",
        account::InitPasskeyRegistration {} => 403 "ACCESS_DENIED",
        account::ResetWebAuthorization { hash: 1 } => 400 "HASH_INVALID",
        account::FinishTakeoutSession { success: true } => 400 "TAKEOUT_REQUIRED",
        account::ToggleUsername { username: slug(), active: true } => 400 "USERNAME_INVALID",
        auth::AcceptLoginToken { token: tl::Bytes::new() } => 400 "AUTH_TOKEN_INVALID",
        contacts::ImportContactToken { token: slug() } => 400 "IMPORT_TOKEN_INVALID",
        contacts::GetSaved {} => 400 "TAKEOUT_REQUIRED",
        contacts::ExportContactToken {} => 400 "METHOD_INVALID",
        stats::LoadAsyncGraph::new(slug()) => 400 "GRAPH_INVALID_RELOAD",
    );
}
