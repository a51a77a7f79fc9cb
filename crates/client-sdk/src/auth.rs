//! Logging in and out.

use mtproto_core::crypto::{DhGroup, DhSecret, SrpPassword, srp_client_proof};
use tl_api::{constructors, functions, types};

use crate::client::{Client, lock};
use crate::error::{Error, Result};

/// A login code on its way to its phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginCode {
    /// The number as it was given.
    pub phone_number: String,
    /// Names the code.
    pub phone_code_hash: String,
}

/// What a right code comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum SignIn {
    /// Logged in.
    Done(Box<types::User>),
    /// Nobody has the number yet: [`Client::sign_up`].
    SignUpNeeded,
}

impl Client {
    /// Asks for a login code.
    ///
    /// # Errors
    /// The server refuses the number, or asks to wait.
    pub async fn request_login_code(&self, phone_number: &str) -> Result<LoginCode> {
        let options = &self.0.options;
        let request = functions::auth::SendCode {
            phone_number: phone_number.into(),
            api_id: options.api_id,
            api_hash: options.api_hash.as_str().into(),
            settings: types::CodeSettings::new(),
        };
        match self.invoke(request).await? {
            types::auth::SentCode::SentCode(sent) => Ok(LoginCode {
                phone_number: phone_number.into(),
                phone_code_hash: sent.phone_code_hash.as_str().to_owned(),
            }),
            types::auth::SentCode::Success { .. } | types::auth::SentCode::PaymentRequired(_) => {
                Err(Error::Unreadable)
            }
        }
    }

    /// Logs in with the code.
    ///
    /// # Errors
    /// [`Error::PasswordNeeded`], or that the code is wrong.
    pub async fn sign_in(&self, sent: &LoginCode, code: &str) -> Result<SignIn> {
        let request = functions::auth::SignIn {
            phone_number: sent.phone_number.as_str().into(),
            phone_code_hash: sent.phone_code_hash.as_str().into(),
            phone_code: Some(code.into()),
            email_verification: None,
        };
        let authorization = self.invoke(request).await;
        match authorization {
            // Older layers say it so.
            Err(error) if error.name() == Some("PHONE_NUMBER_UNOCCUPIED") => {
                Ok(SignIn::SignUpNeeded)
            }
            Err(error) => Err(error),
            Ok(authorization) => self.logged_in(authorization).await,
        }
    }

    /// Makes an account for the number whose code was right.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn sign_up(
        &self,
        sent: &LoginCode,
        first_name: &str,
        last_name: &str,
    ) -> Result<types::User> {
        let request = functions::auth::SignUp {
            no_joined_notifications: false,
            phone_number: sent.phone_number.as_str().into(),
            phone_code_hash: sent.phone_code_hash.as_str().into(),
            first_name: first_name.into(),
            last_name: last_name.into(),
        };
        match self.logged_in(self.invoke(request).await?).await? {
            SignIn::Done(user) => Ok(*user),
            SignIn::SignUpNeeded => Err(Error::Unreadable),
        }
    }

    /// Proves the password of the account (SRP: it is not sent).
    ///
    /// # Errors
    /// It is wrong, or the server refuses.
    pub async fn check_password(&self, password: &str) -> Result<types::User> {
        let settings = self.invoke(functions::account::GetPassword {}).await?;
        let proof = self.password_proof(&settings, password)?;
        let request = functions::auth::CheckPassword { password: proof };
        match self.logged_in(self.invoke(request).await?).await? {
            SignIn::Done(user) => Ok(*user),
            SignIn::SignUpNeeded => Err(Error::Unreadable),
        }
    }

    /// The proof of a password for `settings`, as calls that ask for it want it.
    ///
    /// # Errors
    /// The account has no password, or the server's numbers are wrong.
    pub fn password_proof(
        &self,
        settings: &types::account::Password,
        password: &str,
    ) -> Result<types::InputCheckPasswordSRP> {
        let wrong = || Error::Unreadable;
        let Some(types::PasswordKdfAlgo::SHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(algo)) =
            &settings.current_algo
        else {
            return Err(wrong());
        };
        let group = DhGroup::checked(&algo.p, algo.g).map_err(|_| wrong())?;
        let salted = SrpPassword {
            password: password.as_bytes(),
            salt1: &algo.salt1,
            salt2: &algo.salt2,
        };
        let secret = DhSecret::random(&mut rand::rng());
        let srp_b = settings.srp_b.as_ref().ok_or_else(wrong)?;
        let proof = srp_client_proof(&group, &salted, srp_b, &secret).map_err(|_| wrong())?;
        Ok(types::InputCheckPasswordSRP::InputCheckPasswordSRP(
            Box::new(constructors::InputCheckPasswordSRP {
                srp_id: settings.srp_id.ok_or_else(wrong)?,
                a: bytes::Bytes::copy_from_slice(&proof.a),
                m1: bytes::Bytes::copy_from_slice(&proof.m1),
            }),
        ))
    }

    pub(crate) async fn logged_in(
        &self,
        authorization: types::auth::Authorization,
    ) -> Result<SignIn> {
        match authorization {
            types::auth::Authorization::Authorization(authorization) => {
                let user = authorization.user;
                let id = match &user {
                    types::User::User(user) => user.id,
                    types::User::Empty { id } => *id,
                };
                lock(&self.0.data).user_id = id;
                self.remember_peers(std::slice::from_ref(&user), &[]);
                self.save().await?;
                Ok(SignIn::Done(Box::new(user)))
            }
            types::auth::Authorization::SignUpRequired { .. } => Ok(SignIn::SignUpNeeded),
        }
    }

    /// Who is logged in; `None` for nobody.
    #[must_use]
    pub fn user_id(&self) -> Option<i64> {
        Some(lock(&self.0.data).user_id).filter(|id| *id != 0)
    }

    /// Logs out: the server forgets the key.
    ///
    /// # Errors
    /// The server refuses, or the session cannot be kept.
    pub async fn log_out(&self) -> Result<()> {
        self.invoke(functions::auth::LogOut {}).await?;
        *lock(&self.0.data) = crate::session::SessionData::default();
        self.save().await
    }
}
