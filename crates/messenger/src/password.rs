//! The second factor: what is kept of an account's password (G.2, sheet 3.2).

use minicbor::{Decode, Encode};
use store::UserId;

use crate::Messenger;
use crate::error::Result;
use crate::record::Record;

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
