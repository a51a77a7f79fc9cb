//! Two-step verification.

use mtproto_core::crypto::{DhGroup, DhSecret, SrpPassword, srp_client_proof, srp_verifier};
use tl_api::{constructors, functions, types};

use crate::harness::{CODE, Client, Refused, Server, refused, sign_in};

type Algo = constructors::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow;

fn algo(algo: &types::PasswordKdfAlgo) -> Algo {
    match algo {
        types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(algo) => {
            (**algo).clone()
        }
        types::PasswordKdfAlgo::Unknown {} => panic!("no algorithm"),
    }
}

async fn get_password(client: &Client) -> types::account::Password {
    client
        .call(functions::account::GetPassword {})
        .await
        .unwrap()
}

/// The answer to what the server asks for now.
pub(crate) async fn answer(client: &Client, password: &str) -> types::InputCheckPasswordSRP {
    let asked = get_password(client).await;
    let Some(current) = &asked.current_algo else {
        return types::InputCheckPasswordSRP::InputCheckPasswordEmpty {};
    };
    let current = algo(current);
    let password = SrpPassword {
        password: password.as_bytes(),
        salt1: &current.salt1,
        salt2: &current.salt2,
    };
    let secret = DhSecret::from_be_bytes(&[9; 256]);
    let proof =
        srp_client_proof(DhGroup::known(), &password, &asked.srp_b.unwrap(), &secret).unwrap();
    types::InputCheckPasswordSRP::InputCheckPasswordSRP(Box::new(
        constructors::InputCheckPasswordSRP {
            srp_id: asked.srp_id.unwrap(),
            a: proof.a.to_vec().into(),
            m1: proof.m1.to_vec().into(),
        },
    ))
}

/// What a client sends to set a password.
async fn new_settings(client: &Client, password: &str) -> types::account::PasswordInputSettings {
    let mut algo = algo(&get_password(client).await.new_algo);
    let mut salt1 = algo.salt1.to_vec();
    salt1.extend([5; 32]);
    algo.salt1 = salt1.into();
    let v = srp_verifier(
        DhGroup::known(),
        &SrpPassword {
            password: password.as_bytes(),
            salt1: &algo.salt1,
            salt2: &algo.salt2,
        },
    );
    let mut settings = types::account::PasswordInputSettings::new();
    settings.new_algo = Some(
        types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(Box::new(algo)),
    );
    settings.new_password_hash = Some(v.to_vec().into());
    settings.hint = Some("a hint".into());
    settings
}

async fn update(
    client: &Client,
    old: &str,
    new_settings: types::account::PasswordInputSettings,
) -> Result<bool, Refused> {
    let password = answer(client, old).await;
    client
        .call(functions::account::UpdatePasswordSettings {
            password,
            new_settings: Box::new(new_settings),
        })
        .await
}

pub(crate) async fn set_password(client: &Client, old: &str, new: &str) {
    let settings = new_settings(client, new).await;
    assert!(update(client, old, settings).await.unwrap());
}

fn no_password() -> types::account::PasswordInputSettings {
    let mut settings = types::account::PasswordInputSettings::new();
    settings.new_algo = Some(types::PasswordKdfAlgo::Unknown {});
    settings.new_password_hash = Some(tl::Bytes::new());
    settings.hint = Some("".into());
    settings
}

pub(crate) async fn check(
    client: &Client,
    password: &str,
) -> Result<types::auth::Authorization, Refused> {
    let password = answer(client, password).await;
    client
        .call(functions::auth::CheckPassword { password })
        .await
}

#[tokio::test]
async fn a_password_is_asked_for_at_login() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let before = get_password(&alice).await;
    assert!(!before.has_password && before.srp_id.is_none());
    assert_eq!(before.secure_random.len(), 256);
    set_password(&alice, "", "correct horse").await;

    for layer in [158, 230] {
        let device = server.client(layer).await;
        let error = device.sign_in("15550000001").await.unwrap_err();
        assert_eq!(error, refused(401, "SESSION_PASSWORD_NEEDED"));
        // Nothing else is open to it.
        let error = device.call(functions::updates::GetState {}).await;
        assert_eq!(error.unwrap_err(), refused(401, "SESSION_PASSWORD_NEEDED"));
        let asked = get_password(&device).await;
        assert_eq!(asked.hint.as_deref(), Some("a hint"));

        let error = check(&device, "wrong").await.unwrap_err();
        assert_eq!(error, refused(400, "PASSWORD_HASH_INVALID"));
        check(&device, "correct horse").await.unwrap();
        assert_eq!(device.user_id(), alice.user_id());
        device.call(functions::updates::GetState {}).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_is_good_once_and_for_its_account() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let mallory = server.sign_up("15550000002", "Mallory").await;
    set_password(&alice, "", "alice's").await;
    set_password(&mallory, "", "mallory's").await;

    let settings = |password| functions::account::GetPasswordSettings { password };
    let good = answer(&alice, "alice's").await;
    let stale = refused(400, "SRP_ID_INVALID");
    // Somebody else's challenge is not theirs, and is not used up by them.
    let error = mallory.call(settings(good.clone())).await.unwrap_err();
    assert_eq!(error, stale);
    alice.call(settings(good.clone())).await.unwrap();
    assert_eq!(alice.call(settings(good)).await.unwrap_err(), stale);
    // Not too late either.
    let late = answer(&alice, "alice's").await;
    server.world.advance_s(601);
    assert_eq!(alice.call(settings(late)).await.unwrap_err(), stale);
    // Nor after the password is another one.
    let old = answer(&alice, "alice's").await;
    set_password(&alice, "alice's", "another").await;
    assert_eq!(
        alice.call(settings(old)).await.unwrap_err(),
        refused(400, "SRP_PASSWORD_CHANGED")
    );
}

#[tokio::test]
async fn passwords_are_set_changed_and_removed() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    // Each rule of the new one.
    let good = new_settings(&alice, "first").await;
    let mut salt = good.clone();
    let mut foreign = algo(salt.new_algo.as_ref().unwrap());
    foreign.salt1 = vec![1; 40].into();
    salt.new_algo = Some(
        types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(Box::new(
            foreign,
        )),
    );
    let error = update(&alice, "", salt).await.unwrap_err();
    assert_eq!(error, refused(400, "NEW_SALT_INVALID"));
    for v in [vec![0; 256], vec![255; 256], vec![1; 255]] {
        let mut settings = good.clone();
        settings.new_password_hash = Some(v.into());
        let error = update(&alice, "", settings).await.unwrap_err();
        assert_eq!(error, refused(400, "NEW_SETTINGS_INVALID"));
    }
    // No password, whatever algorithm is named beside it.
    let mut removal = good.clone();
    removal.new_password_hash = Some(tl::Bytes::new());
    for nothing in [types::account::PasswordInputSettings::new(), removal] {
        let error = update(&alice, "", nothing).await.unwrap_err();
        assert_eq!(error, refused(400, "NEW_SETTINGS_EMPTY"));
    }
    let mut mail = good.clone();
    mail.email = Some("a@b.example".into());
    let error = update(&alice, "", mail).await.unwrap_err();
    assert_eq!(error, refused(400, "EMAIL_INVALID"));
    assert!(!get_password(&alice).await.has_password);

    assert!(update(&alice, "", good.clone()).await.unwrap());
    // The salts of before are no good any more, nor is no password.
    let error = update(&alice, "first", good).await.unwrap_err();
    assert_eq!(error, refused(400, "NEW_SALT_INVALID"));
    let empty = functions::account::UpdatePasswordSettings {
        password: types::InputCheckPasswordSRP::InputCheckPasswordEmpty {},
        new_settings: Box::new(no_password()),
    };
    let error = alice.call(empty).await.unwrap_err();
    assert_eq!(error, refused(400, "PASSWORD_HASH_INVALID"));
    set_password(&alice, "first", "second").await;
    assert!(update(&alice, "second", no_password()).await.unwrap());
    assert!(!get_password(&alice).await.has_password);
    server.log_in_at(230, "15550000001").await;
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let server = Server::start_with(|options| options.loopback_is_unlimited = false);
    let alice = server.sign_up("15550000001", "Alice").await;
    set_password(&alice, "", "secret").await;
    let device = server.client(230).await;
    device.sign_in("15550000001").await.unwrap_err();
    for _ in 0..5 {
        let error = check(&device, "guess").await.unwrap_err();
        assert_eq!(error, refused(400, "PASSWORD_HASH_INVALID"));
    }
    let error = check(&device, "secret").await.unwrap_err();
    assert_eq!(error, refused(420, "FLOOD_WAIT_600"));
    server.world.advance_s(600);
    check(&device, "secret").await.unwrap();
}

#[tokio::test]
async fn a_code_waits_an_hour_for_the_password() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    set_password(&alice, "", "secret").await;
    let device = server.client(230).await;
    device.sign_in("15550000001").await.unwrap_err();
    server.world.advance_s(3600);
    let error = device.call(functions::account::GetPassword {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
    // Logging out ends it at once.
    let hash = device.send_code("15550000001").await.unwrap();
    let error = device.call(sign_in("15550000001", &hash, CODE)).await;
    assert_eq!(error.unwrap_err(), refused(401, "SESSION_PASSWORD_NEEDED"));
    device.call(functions::auth::LogOut {}).await.unwrap();
    let error = device.call(functions::account::GetPassword {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
}

#[tokio::test]
async fn a_forgotten_password_goes_after_a_week() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let reset = functions::account::ResetPassword {};
    let decline = functions::account::DeclinePasswordReset {};
    let error = alice.call(reset.clone()).await.unwrap_err();
    assert_eq!(error, refused(400, "PASSWORD_EMPTY"));
    set_password(&alice, "", "secret").await;
    let error = alice.call(decline.clone()).await.unwrap_err();
    assert_eq!(error, refused(400, "RESET_REQUEST_MISSING"));
    let until_date = server.world.now_s() + 7 * 86_400;
    let waits = types::account::ResetPasswordResult::ResetPasswordRequestedWait { until_date };
    assert_eq!(alice.call(reset.clone()).await.unwrap(), waits);
    server.world.advance_s(100);
    assert_eq!(alice.call(reset.clone()).await.unwrap(), waits);
    assert_eq!(
        get_password(&alice).await.pending_reset_date,
        Some(until_date)
    );
    alice.call(decline).await.unwrap();
    let retry_date = server.world.now_s() + 86_400;
    assert_eq!(
        alice.call(reset.clone()).await.unwrap(),
        types::account::ResetPasswordResult::ResetPasswordFailedWait { retry_date }
    );
    server.world.advance_s(86_400);
    alice.call(reset.clone()).await.unwrap();
    server.world.advance_s(7 * 86_400);
    assert_eq!(
        alice.call(reset).await.unwrap(),
        types::account::ResetPasswordResult::ResetPasswordOk {}
    );
    assert!(!get_password(&alice).await.has_password);
}
