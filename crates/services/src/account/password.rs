//! The password of the account (G.2, sheet 3.2).

use messenger::{PasswordRecord, Verifier};
use mtproto_core::crypto::{DH_LEN, KNOWN_GENERATOR, known_prime};
use store::UserId;
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::{PASSWORD_CHALLENGES, WRONG_PASSWORDS};

/// Bytes of the beginning of `salt1` that the server chooses; clients append their own (G29).
const SALT1_LEN: usize = 16;
/// Bytes of `salt2`.
const SALT2_LEN: usize = 16;
/// What clients append at least.
const OWN_SALT_LEN_MIN: usize = 8;
/// The longest `salt1` that is kept.
const SALT1_LEN_MAX: usize = 256;
/// The most characters of a hint.
const HINT_CHARS_MAX: usize = 255;
/// Bytes of `secure_random`: one client takes them for its secret exponent (clients-js-rust).
const SECURE_RANDOM_LEN: usize = 256;
/// How long a code that was right waits for the password, seconds (L11).
const PENDING_LIFE_S: u32 = 3600;
/// A forgotten password is removed so many seconds after it was asked for.
const RESET_AFTER_S: u32 = 7 * 86_400;
/// After a refusal it may not be asked for again so long.
const RESET_BARRED_S: u32 = 86_400;

/// What the hashes that salts are made from are for.
const SALT1_KIND: u8 = 48;
const SALT2_KIND: u8 = 50;

impl Services {
    /// Whether the account asks for a password.
    pub(crate) async fn has_password(&self, user: UserId) -> Result<bool> {
        Ok(self.messenger.password(user).await?.verifier.is_some())
    }

    /// The caller's key has given a right code; now it has to give the password of `user`.
    pub(crate) async fn await_password(&self, context: &Context<'_>, user: UserId) -> Result<()> {
        let until = context.now.unix_s() + PENDING_LIFE_S;
        self.change_key(context.auth_key_id(), |_, record| {
            record.password_pending = user.0;
            record.pending_until = until;
        })
        .await?;
        Ok(())
    }

    /// Whose password the caller's key has to give.
    pub(crate) async fn password_pending(&self, context: &Context<'_>) -> Result<Option<UserId>> {
        let found = self.key_record(context.auth_key_id()).await?;
        Ok(found.and_then(|(_, record)| record.pending(context.now)))
    }

    fn random_bytes(&self, len: usize) -> Bytes {
        let mut bytes = vec![0; len];
        self.world.random(&mut bytes);
        bytes.into()
    }

    /// The salts that a new password of the account must be made with. Others for each password.
    fn new_salts(&self, user: UserId, record: &PasswordRecord) -> (Bytes, Bytes) {
        let half = |kind: u8| {
            let hash = self
                .messenger
                .access
                .other(kind, user, i64::from(record.version));
            hash.to_le_bytes()
        };
        let whole = |kind: u8| [half(kind), half(kind + 1)].concat().into();
        (whole(SALT1_KIND), whole(SALT2_KIND))
    }
}

/// Whose password it is about: the one who is logged in, or who has yet to give it.
async fn owner(context: &Context<'_>) -> Result<UserId> {
    match context.caller.user {
        Some(user) => Ok(UserId(user.0)),
        None => context
            .services
            .password_pending(context)
            .await?
            .ok_or(Error::AUTH_KEY_UNREGISTERED),
    }
}

/// account.getPassword
pub(super) async fn get_password(
    context: &Context<'_>,
    _: functions::account::GetPassword,
) -> Result<types::account::Password> {
    let services = context.services;
    let user = owner(context).await?;
    let record = services.messenger.password(user).await?;
    let (salt1, salt2) = services.new_salts(user, &record);
    let new_secure_algo = types::SecurePasswordKdfAlgo::PBKDF2HMACSHA512iter100000 {
        salt: services.random_bytes(OWN_SALT_LEN_MIN),
    };
    let mut password = types::account::Password::new(
        algo(salt1, salt2),
        new_secure_algo,
        services.random_bytes(SECURE_RANDOM_LEN),
    );
    if let Some(verifier) = &record.verifier {
        context.limit(PASSWORD_CHALLENGES, &user.to_string())?;
        let question = services.ask_password(user, verifier, context.now).await?;
        password.has_password = true;
        password.current_algo = Some(algo(
            verifier.salt1.clone().into(),
            verifier.salt2.clone().into(),
        ));
        password.srp_b = Some(question.srp_b.to_vec().into());
        password.srp_id = Some(question.srp_id);
        password.hint = (!verifier.hint.is_empty()).then(|| verifier.hint.as_str().into());
    }
    if record.reset_at != 0 {
        password.pending_reset_date = Some(record.reset_at.cast_signed());
    }
    Ok(password)
}

fn algo(salt1: Bytes, salt2: Bytes) -> types::PasswordKdfAlgo {
    types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(Box::new(
        constructors::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow {
            salt1,
            salt2,
            g: KNOWN_GENERATOR.cast_signed(),
            p: known_prime().to_vec().into(),
        },
    ))
}

/// Judges the password that came with a request: the right one where there is one, none where there
/// is none.
pub(crate) async fn check_password(
    context: &Context<'_>,
    user: UserId,
    given: &types::InputCheckPasswordSRP,
) -> Result<PasswordRecord> {
    let services = context.services;
    let record = services.messenger.password(user).await?;
    match (&record.verifier, given) {
        (None, types::InputCheckPasswordSRP::InputCheckPasswordEmpty {}) => {}
        (None, types::InputCheckPasswordSRP::InputCheckPasswordSRP(_))
        | (Some(_), types::InputCheckPasswordSRP::InputCheckPasswordEmpty {}) => {
            return Err(Error::PASSWORD_HASH_INVALID);
        }
        (Some(verifier), types::InputCheckPasswordSRP::InputCheckPasswordSRP(answer)) => {
            let who = user.to_string();
            // Counted before it is judged, so that many at once are no way around; a right one
            // clears the slate.
            context.limit(WRONG_PASSWORDS, &who)?;
            services
                .judge_password(user, verifier, answer, context.now)
                .await?;
            services.messenger.floods.forget(WRONG_PASSWORDS, &who);
        }
    }
    Ok(record)
}

/// account.getPasswordSettings
pub(super) async fn get_password_settings(
    context: &Context<'_>,
    request: functions::account::GetPasswordSettings,
) -> Result<types::account::PasswordSettings> {
    check_password(context, context.user()?, &request.password).await?;
    Ok(types::account::PasswordSettings::new())
}

/// account.getTmpPassword: nothing here is paid for with passwords.
pub(super) async fn get_tmp_password(
    context: &Context<'_>,
    request: functions::account::GetTmpPassword,
) -> Result<types::account::TmpPassword> {
    check_password(context, context.user()?, &request.password).await?;
    Err(Error::TMP_PASSWORD_DISABLED)
}

/// account.updatePasswordSettings: sets, changes or removes the password.
pub(super) async fn update_password_settings(
    context: &Context<'_>,
    request: functions::account::UpdatePasswordSettings,
) -> Result<bool> {
    let user = context.user()?;
    let record = check_password(context, user, &request.password).await?;
    let settings = request.new_settings;
    if settings
        .email
        .as_ref()
        .is_some_and(|email| !email.is_empty())
    {
        // There is no way to send mail, so no address can be confirmed.
        return Err(Error::EMAIL_INVALID);
    }
    if settings.new_secure_settings.is_some() {
        return Err(Error::NEW_SETTINGS_INVALID);
    }
    let Some(algo) = &settings.new_algo else {
        // Taking back an address that was never given.
        return match settings.email {
            Some(_) => Ok(true),
            None => Err(Error::NEW_SETTINGS_EMPTY),
        };
    };
    let hash = settings.new_password_hash.unwrap_or_default();
    let verifier = match algo {
        // Telethon names the algorithm even so.
        _ if hash.is_empty() => None,
        types::PasswordKdfAlgo::Unknown {} => return Err(Error::NEW_SETTINGS_INVALID),
        types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(algo) => {
            let salts = context.services.new_salts(user, &record);
            let hint = settings.hint.as_deref().unwrap_or_default().trim();
            Some(new_verifier(algo, &salts, &hash, hint)?)
        }
    };
    let text = match (&record.verifier, &verifier) {
        (None, None) => return Err(Error::NEW_SETTINGS_EMPTY),
        (None, Some(_)) => "A password was set for your account.",
        (Some(_), Some(_)) => "The password of your account was changed.",
        (Some(_), None) => "The password of your account was removed.",
    };
    let version = record.version;
    let changed = context
        .messenger()
        .change_password(user, |record| {
            // Somebody else was faster: what was checked does not hold any more.
            if record.version == version {
                record.replace(verifier.clone(), context.now);
            }
            Ok(())
        })
        .await?;
    if changed.version != version + 1 {
        return Err(Error::SRP_PASSWORD_CHANGED);
    }
    context
        .services
        .service_notification(user, "password", text, context.now)
        .await?;
    Ok(true)
}

fn new_verifier(
    algo: &constructors::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow,
    (salt1, salt2): &(Bytes, Bytes),
    v: &[u8],
    hint: &str,
) -> Result<Verifier> {
    debug_assert_eq!((salt1.len(), salt2.len()), (SALT1_LEN, SALT2_LEN));
    let fits = algo.salt1.starts_with(salt1)
        && algo.salt1.len() >= salt1.len() + OWN_SALT_LEN_MIN
        && algo.salt1.len() <= SALT1_LEN_MAX
        && algo.salt2 == salt2;
    if !fits {
        return Err(Error::NEW_SALT_INVALID);
    }
    let prime = known_prime();
    if algo.g != KNOWN_GENERATOR.cast_signed() || *algo.p != prime {
        return Err(Error::NEW_SETTINGS_INVALID);
    }
    // 1 < v < p − 1, both as 256 bytes in big-endian order.
    let mut one = [0; DH_LEN];
    one[DH_LEN - 1] = 1;
    let mut most = prime;
    most[DH_LEN - 1] -= 1;
    if v.len() != DH_LEN || v <= &one[..] || v >= &most[..] {
        return Err(Error::NEW_SETTINGS_INVALID);
    }
    if hint.chars().count() > HINT_CHARS_MAX {
        return Err(Error::NEW_SETTINGS_INVALID);
    }
    Ok(Verifier {
        salt1: algo.salt1.to_vec(),
        salt2: algo.salt2.to_vec(),
        v: v.to_vec(),
        hint: hint.to_owned(),
    })
}

/// account.resetPassword: for whoever is logged in but has forgotten it.
pub(super) async fn reset_password(
    context: &Context<'_>,
    _: functions::account::ResetPassword,
) -> Result<types::account::ResetPasswordResult> {
    use types::account::ResetPasswordResult as Answer;
    let user = context.user()?;
    let messenger = context.messenger();
    let record = messenger.password(user).await?;
    let now_s = context.now.unix_s();
    if record.verifier.is_none() {
        return Err(Error::PASSWORD_EMPTY);
    }
    if record.reset_at != 0 && record.reset_at <= now_s {
        messenger
            .change_password(user, |record| {
                record.replace(None, context.now);
                Ok(())
            })
            .await?;
        return Ok(Answer::ResetPasswordOk {});
    }
    if record.reset_at != 0 {
        return Ok(Answer::ResetPasswordRequestedWait {
            until_date: record.reset_at.cast_signed(),
        });
    }
    if record.reset_barred_until > now_s {
        return Ok(Answer::ResetPasswordFailedWait {
            retry_date: record.reset_barred_until.cast_signed(),
        });
    }
    let reset_at = now_s + RESET_AFTER_S;
    messenger
        .change_password(user, |record| {
            record.reset_at = reset_at;
            Ok(())
        })
        .await?;
    let text = "Somebody asked to remove the password of your account. It will be gone in seven \
                days. If it was not you, cancel this in the settings of two-step verification.";
    context
        .services
        .service_notification(user, "password_reset", text, context.now)
        .await?;
    Ok(Answer::ResetPasswordRequestedWait {
        until_date: reset_at.cast_signed(),
    })
}

/// account.declinePasswordReset
pub(super) async fn decline_password_reset(
    context: &Context<'_>,
    _: functions::account::DeclinePasswordReset,
) -> Result<bool> {
    let user = context.user()?;
    let messenger = context.messenger();
    if messenger.password(user).await?.reset_at == 0 {
        return Err(Error::RESET_REQUEST_MISSING);
    }
    let until = context.now.unix_s() + RESET_BARRED_S;
    messenger
        .change_password(user, |record| {
            record.reset_at = 0;
            record.reset_barred_until = until;
            Ok(())
        })
        .await?;
    Ok(true)
}
