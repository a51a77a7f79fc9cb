//! The second factor: what is kept of an account's password (G.2, sheet 3.2).

use minicbor::{Decode, Encode};
use store::UserId;

use crate::Messenger;
use crate::error::Result;
use crate::record::Record;
use crate::time::Now;

/// The scope of passwords among the settings; the key is the user.
const SCOPE: &str = "password";

/// What is kept of a password, and what is going on with it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct PasswordRecord {
    /// The password; `None` when there is none.
    #[n(0)]
    pub verifier: Option<Verifier>,
    /// When it was set, changed or removed last, Unix seconds.
    #[n(1)]
    #[cbor(default)]
    pub changed_at: u32,
    /// When it will be removed because its owner has forgotten it, Unix seconds; 0 for never.
    #[n(2)]
    #[cbor(default)]
    pub reset_at: u32,
    /// Until when its removal may not be asked for again, Unix seconds.
    #[n(3)]
    #[cbor(default)]
    pub reset_barred_until: u32,
    /// Grows with every change: salts are made from it.
    #[n(4)]
    #[cbor(default)]
    pub version: u32,
    /// When the account will be deleted because nobody knew the password, Unix seconds; 0 for
    /// never.
    #[n(5)]
    #[cbor(default)]
    pub delete_at: u32,
    /// What the owner names to keep the account from being deleted.
    #[n(6)]
    #[cbor(default)]
    pub delete_hash: String,
}

/// What proves a password without telling it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Verifier {
    /// `salt1` of the algorithm.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub salt1: Vec<u8>,
    /// `salt2` of the algorithm.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub salt2: Vec<u8>,
    /// v = g^x, 256 bytes.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub v: Vec<u8>,
    /// The hint.
    #[n(3)]
    pub hint: String,
}

impl Record for PasswordRecord {}

impl PasswordRecord {
    /// Sets, changes or removes the password. Whatever was going on with the old one is over.
    pub fn replace(&mut self, verifier: Option<Verifier>, now: Now) {
        *self = Self {
            verifier,
            changed_at: now.unix_s(),
            version: self.version + 1,
            reset_barred_until: self.reset_barred_until,
            ..Self::default()
        };
    }
}

impl Messenger {
    /// What is kept of a user's password.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn password(&self, user: UserId) -> Result<PasswordRecord> {
        let stored = self
            .store
            .setting(SCOPE.to_owned(), user.to_string())
            .await?;
        stored.map_or_else(
            || Ok(PasswordRecord::default()),
            |setting| PasswordRecord::from_bytes(&setting.body),
        )
    }

    /// Changes what is kept of a user's password. `change` may be called more than once.
    ///
    /// # Errors
    /// What `change` says, or when the store fails.
    pub async fn change_password(
        &self,
        user: UserId,
        mut change: impl FnMut(&mut PasswordRecord) -> Result<()> + Send,
    ) -> Result<PasswordRecord> {
        loop {
            let stored = self
                .store
                .setting(SCOPE.to_owned(), user.to_string())
                .await?;
            let (mut record, version) = match stored {
                Some(setting) => (PasswordRecord::from_bytes(&setting.body)?, setting.version),
                None => (PasswordRecord::default(), 0),
            };
            change(&mut record)?;
            let put = self
                .store
                .put_setting(
                    SCOPE.to_owned(),
                    user.to_string(),
                    version,
                    record.to_bytes(),
                )
                .await;
            match put {
                Ok(_) => return Ok(record),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
