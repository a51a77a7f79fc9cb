//! The password of the account: SRP (G.2, sheet 3.2).

use mtproto_core::crypto::{KNOWN_GENERATOR, known_prime};
use store::UserId;
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};

/// Bytes of the salt that the server chooses; clients append their own.
const SALT_LEN: usize = 8;
/// Bytes of `secure_random`: one client takes them for its secret exponent (clients-js-rust).
const SECURE_RANDOM_LEN: usize = 256;

impl Services {
    /// Whether the account asks for a password.
    pub(crate) async fn has_password(&self, user: UserId) -> Result<bool> {
        Ok(self.messenger.password(user).await?.verifier.is_some())
    }

    /// The caller's key has given a right code; now it has to give the password of `user`.
    pub(crate) async fn await_password(&self, context: &Context<'_>, user: UserId) -> Result<()> {
        self.change_key(context.auth_key_id(), |_, record| {
            record.password_pending = user.0;
        })
        .await?;
        Ok(())
    }

    fn random_bytes(&self, len: usize) -> Bytes {
        let mut bytes = vec![0; len];
        self.world.random(&mut bytes);
        bytes.into()
    }
}

/// account.getPassword
pub(super) async fn get_password(
    context: &Context<'_>,
    _: functions::account::GetPassword,
) -> Result<types::account::Password> {
    let services = context.services;
    let user = match context.caller.user {
        Some(user) => UserId(user.0),
        None => {
            let record = services.key_record(context.auth_key_id()).await?;
            record
                .map(|(_, record)| record.password_pending)
                .filter(|user| *user != 0)
                .map(UserId)
                .ok_or(Error::AUTH_KEY_UNREGISTERED)?
        }
    };
    let _ = services.messenger.password(user).await?;
    let new_algo = algo(
        services.random_bytes(SALT_LEN),
        services.random_bytes(SALT_LEN),
    );
    let new_secure_algo = types::SecurePasswordKdfAlgo::PBKDF2HMACSHA512iter100000 {
        salt: services.random_bytes(SALT_LEN),
    };
    Ok(types::account::Password::new(
        new_algo,
        new_secure_algo,
        services.random_bytes(SECURE_RANDOM_LEN),
    ))
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
