//! Settings of an account that nobody else sees.

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::UserId;

use crate::Messenger;
use crate::error::Result;
use crate::record::Record;

/// The scope of account settings among the settings of the store; the key is the user.
const SCOPE: &str = "account";

/// Settings of an account that nobody else sees.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AccountSettings {
    /// The account goes after so many days without a call.
    #[n(0)]
    pub account_ttl_days: u32,
    /// A device is logged out after so many days without a call.
    #[n(1)]
    pub authorization_ttl_days: u32,
    /// No message when a contact signs up.
    #[n(2)]
    pub silent_sign_ups: bool,
    /// Unmuted dialogs stay in the archive when a message comes.
    #[n(3)]
    pub keep_archived_unmuted: bool,
    /// Dialogs that are in folders stay in the archive when a message comes.
    #[n(4)]
    pub keep_archived_folders: bool,
    /// `reactionsNotifySettings` at the newest layer; empty while nothing is set.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub reactions_notify: Vec<u8>,
    /// People met often are not counted.
    #[n(6)]
    #[cbor(default)]
    pub top_peers_off: bool,
    /// `Reaction` for a double tap; empty for the one of all.
    #[n(7)]
    #[cbor(default, with = "minicbor::bytes")]
    pub default_reaction: Vec<u8>,
    /// After how many seconds messages of new chats go; 0 for never.
    #[n(8)]
    #[cbor(default)]
    pub default_ttl: u32,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            account_ttl_days: 548,
            authorization_ttl_days: 180,
            silent_sign_ups: false,
            keep_archived_unmuted: false,
            keep_archived_folders: false,
            reactions_notify: Vec::new(),
            top_peers_off: false,
            default_reaction: Vec::new(),
            default_ttl: 0,
        }
    }
}

impl Record for AccountSettings {}

impl Messenger {
    /// Writes a setting over whatever is there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn overwrite_setting(&self, scope: &str, key: &str, body: Bytes) -> Result<()> {
        loop {
            let stored = self.store.setting(scope.to_owned(), key.to_owned()).await?;
            let version = stored.map_or(0, |setting| setting.version);
            let put = self
                .store
                .put_setting(scope.to_owned(), key.to_owned(), version, body.clone())
                .await;
            match put {
                Err(store::Error::Conflict(_)) => {}
                other => return Ok(other.map(|_| ())?),
            }
        }
    }

    /// The settings of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_settings(&self, user: UserId) -> Result<AccountSettings> {
        let stored = self.store.setting(SCOPE.into(), user.to_string()).await?;
        stored.map_or_else(
            || Ok(AccountSettings::default()),
            |setting| AccountSettings::from_bytes(&setting.body),
        )
    }

    /// Changes the settings of an account. `change` may be called more than once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change_account_settings(
        &self,
        user: UserId,
        mut change: impl FnMut(&mut AccountSettings) + Send,
    ) -> Result<AccountSettings> {
        loop {
            let stored = self.store.setting(SCOPE.into(), user.to_string()).await?;
            let (mut settings, version) = match stored {
                Some(setting) => (AccountSettings::from_bytes(&setting.body)?, setting.version),
                None => (AccountSettings::default(), 0),
            };
            let before = settings.clone();
            change(&mut settings);
            if settings == before {
                return Ok(settings);
            }
            let put = self
                .store
                .put_setting(SCOPE.into(), user.to_string(), version, settings.to_bytes())
                .await;
            match put {
                Ok(_) => return Ok(settings),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
