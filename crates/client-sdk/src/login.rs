//! Logging in without a phone number: bots by their token, devices by a code to scan.

use bytes::Bytes;
use tl_api::{functions, types};

use crate::auth::SignIn;
use crate::client::Client;
use crate::error::{Error, Result};

/// A login that another device of the account may accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrLogin {
    /// What the other device hands to the server.
    pub token: Bytes,
    /// When it becomes worthless, unix seconds.
    pub expires_at: i32,
}

impl QrLogin {
    /// What the code to be scanned says.
    ///
    /// ```
    /// let login = chappe_client::QrLogin { token: vec![255, 239, 1].into(), expires_at: 0 };
    /// assert_eq!(login.url(), "tg://login?token=_-8B");
    /// ```
    #[must_use]
    pub fn url(&self) -> String {
        format!("tg://login?token={}", base64_url(&self.token))
    }
}

impl Client {
    /// Logs a bot in.
    ///
    /// # Errors
    /// The token is wrong.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let bot = client.sign_in_bot("1000000:AAEx…").await?;
    /// println!("{bot:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_in_bot(&self, token: &str) -> Result<types::User> {
        let options = &self.0.options;
        let request = functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: options.api_id,
            api_hash: options.api_hash.as_str().into(),
            bot_auth_token: token.into(),
        };
        match self.logged_in(self.invoke(request).await?).await? {
            SignIn::Done(user) => Ok(*user),
            SignIn::SignUpNeeded => Err(Error::Unreadable),
        }
    }

    /// Asks for a login to be shown as a code. When another device has accepted it, which an
    /// `updateLoginToken` says, or when it has expired, ask again.
    ///
    /// # Errors
    /// [`Error::PasswordNeeded`] after it was accepted, or the server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// match client.request_qr_login().await? {
    ///     Ok(user) => println!("logged in: {user:?}"),
    ///     Err(login) => println!("scan {}", login.url()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn request_qr_login(&self) -> Result<std::result::Result<types::User, QrLogin>> {
        let options = &self.0.options;
        let request = functions::auth::ExportLoginToken {
            api_id: options.api_id,
            api_hash: options.api_hash.as_str().into(),
            except_ids: Vec::new(),
        };
        match self.invoke(request).await? {
            types::auth::LoginToken::LoginToken { expires, token } => Ok(Err(QrLogin {
                token,
                expires_at: expires,
            })),
            types::auth::LoginToken::Success { authorization } => {
                match self.logged_in(authorization).await? {
                    SignIn::Done(user) => Ok(Ok(*user)),
                    SignIn::SignUpNeeded => Err(Error::Unreadable),
                }
            }
            types::auth::LoginToken::MigrateTo { dc_id, .. } => Err(Error::Stopped(format!(
                "the account lives in data centre {dc_id}"
            ))),
        }
    }

    /// Lets a device in that shows a login: the token out of the code that was scanned.
    ///
    /// # Errors
    /// It has expired, or the server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client, token: bytes::Bytes) -> chappe_client::Result<()> {
    /// client.accept_qr_login(token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn accept_qr_login(&self, token: Bytes) -> Result<()> {
        self.invoke(functions::auth::AcceptLoginToken { token })
            .await?;
        Ok(())
    }
}

/// Base64 with `-` and `_`, without padding.
fn base64_url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for some in bytes.chunks(3) {
        let at = |index: usize| u32::from(some.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..=some.len() {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(char::from(DIGITS[index as usize]));
        }
    }
    text
}
