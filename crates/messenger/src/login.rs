//! Login codes and new accounts (rules L1–L20).

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use store::{AuthKeyId, LoginCode, NameKind, PeerId, UserId};

use crate::Messenger;
use crate::account::AccountError;
use crate::counter::Counter;
use crate::error::{Error, Result};
use crate::name::clean_name;
use crate::record::{Record, User};
use crate::time::Now;

/// How long a code is good for, seconds (L7).
pub const CODE_LIFE_S: u32 = 900;
/// A code is not sent again before so many seconds have gone (L7).
pub const CODE_PAUSE_S: u32 = 60;
/// The scope of the times up to which all codes of a number are over; the key is the number.
const ENDED: &str = "codes-ended";
/// Wrong answers that end a code.
const ATTEMPTS: u32 = 5;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CodePurpose {
    /// Logging in.
    #[n(0)]
    LogIn,
    /// Moving an account to this number.
    #[n(1)]
    ChangePhone,
    /// Keeping an account from being deleted.
    #[n(2)]
    KeepAccount,
}

/// Whose code: every key that asks for one has its own, so that nobody can spoil another's (L9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSlot {
    /// The number, digits only.
    pub phone: String,
    /// The key that asked.
    pub key: AuthKeyId,
}

impl CodeSlot {
    fn name(&self) -> String {
        format!("{}/{:016x}", self.phone, self.key.0)
    }
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SentCode {
    /// The name by which the client refers to it.
    #[n(0)]
    pub hash: String,
    /// A keyed hash of the code.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    digest: Vec<u8>,
    /// When it was sent last, Unix seconds.
    #[n(2)]
    pub sent_at: u32,
    /// What it is for.
    #[n(3)]
    pub purpose: CodePurpose,
    /// It was entered rightly, and a name is all that is missing.
    #[n(4)]
    pub confirmed: bool,
    /// Its number of digits.
    #[n(5)]
    pub len: u8,
    /// How often it was sent.
    #[n(6)]
    pub times: u32,
}

impl Record for SentCode {}

impl Messenger {
    /// The code of a slot, if one is alive.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sent_code(&self, slot: &CodeSlot, now: Now) -> Result<Option<SentCode>> {
        let code = self.store.login_code(slot.name(), now.unix_s()).await?;
        code.map(|code| SentCode::from_bytes(&code.facts))
            .transpose()
    }

    /// Keeps a code over whatever was in the slot, with all its attempts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_code(
        &self,
        slot: &CodeSlot,
        purpose: CodePurpose,
        hash: &str,
        code: &str,
        times: u32,
        now: Now,
    ) -> Result<SentCode> {
        let sent = SentCode {
            hash: hash.to_owned(),
            digest: self.code_digest(slot, hash, code),
            sent_at: now.unix_s(),
            purpose,
            confirmed: false,
            len: u8::try_from(code.len()).unwrap_or(u8::MAX),
            times,
        };
        self.store_code(slot, &sent, now).await?;
        Ok(sent)
    }

    async fn store_code(&self, slot: &CodeSlot, sent: &SentCode, now: Now) -> Result<()> {
        let code = LoginCode {
            attempts_left: ATTEMPTS,
            expires_at: now.unix_s() + CODE_LIFE_S,
            facts: sent.to_bytes(),
        };
        self.store.put_login_code(slot.name(), code).await?;
        Ok(())
    }

    /// The code that `hash` names, alive and for this purpose (L8).
    ///
    /// # Errors
    /// `CodeExpired` when there is none.
    pub async fn named_code(
        &self,
        slot: &CodeSlot,
        purpose: CodePurpose,
        hash: &str,
        now: Now,
    ) -> Result<SentCode> {
        self.sent_code(slot, now)
            .await?
            .filter(|sent| sent.hash == hash && sent.purpose == purpose)
            .ok_or_else(|| AccountError::CodeExpired.into())
    }

    /// Judges a code that was entered (L10); a right one stays until [`Messenger::end_code`].
    ///
    /// # Errors
    /// `CodeExpired`, `CodeEmpty`, `CodeInvalid`.
    pub async fn enter_code(
        &self,
        slot: &CodeSlot,
        purpose: CodePurpose,
        hash: &str,
        entered: &str,
        now: Now,
    ) -> Result<SentCode> {
        let sent = self.named_code(slot, purpose, hash, now).await?;
        if entered.is_empty() {
            return Err(AccountError::CodeEmpty.into());
        }
        if self.codes_ended_at(&slot.phone).await? >= sent.sent_at {
            return Err(AccountError::CodeExpired.into());
        }
        self.store
            .take_login_attempt(slot.name(), now.unix_s())
            .await?
            .ok_or(AccountError::CodeExpired)?;
        self.code_mac(slot, hash, entered)
            .verify_slice(&sent.digest)
            .map_err(|_| AccountError::CodeInvalid)?;
        Ok(sent)
    }

    /// The code was right; the owner of the number has yet to say a name or a password.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn confirm_code(&self, slot: &CodeSlot, sent: SentCode, now: Now) -> Result<()> {
        let confirmed = SentCode {
            confirmed: true,
            ..sent
        };
        self.store_code(slot, &confirmed, now).await
    }

    /// Forgets a code.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_code(&self, slot: &CodeSlot) -> Result<()> {
        self.store.remove_login_code(slot.name()).await?;
        Ok(())
    }

    /// Ends all codes of a number sent up to now, by whatever key (L19).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_codes(&self, phone: &str, now: Now) -> Result<()> {
        let body = Bytes::copy_from_slice(&now.unix_s().to_le_bytes());
        self.overwrite_setting(ENDED, phone, body).await
    }

    async fn codes_ended_at(&self, phone: &str) -> Result<u32> {
        let stored = self.store.setting(ENDED.into(), phone.to_owned()).await?;
        Ok(stored
            .and_then(|setting| Some(u32::from_le_bytes(*setting.body.first_chunk()?)))
            .unwrap_or(0))
    }

    fn code_mac(&self, slot: &CodeSlot, hash: &str, code: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.options.secret)
            .unwrap_or_else(|_| unreachable!("any length is a key"));
        for part in [&slot.name(), hash, code] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac
    }

    fn code_digest(&self, slot: &CodeSlot, hash: &str, code: &str) -> Vec<u8> {
        let tag: Bytes = self
            .code_mac(slot, hash, code)
            .finalize()
            .into_bytes()
            .to_vec()
            .into();
        tag.to_vec()
    }

    /// The account that a phone number belongs to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user_of_phone(&self, phone: &str) -> Result<Option<UserId>> {
        let owner = self
            .store
            .resolve_name(NameKind::Phone, phone.to_owned())
            .await?;
        let Some(PeerId::User(id)) = owner else {
            return Ok(None);
        };
        // A number whose account was never finished is free.
        let user = self.user(id).await?;
        Ok(user.filter(|user| !user.deleted).map(|_| id))
    }

    /// Makes an account for a phone number.
    ///
    /// # Errors
    /// `PhoneOccupied`, `FirstNameInvalid`, `LastNameInvalid`.
    pub async fn sign_up(
        &self,
        phone: &str,
        first_name: &str,
        last_name: &str,
        now: Now,
    ) -> Result<UserId> {
        let first_name = clean_name(first_name)
            .filter(|name| !name.is_empty())
            .ok_or(AccountError::FirstNameInvalid)?;
        let last_name = clean_name(last_name).ok_or(AccountError::LastNameInvalid)?;
        let id = self.claim_phone(phone).await?;
        let user = User {
            id: id.0,
            phone: phone.to_owned(),
            first_name,
            last_name,
            created: now.unix_s(),
            ..User::default()
        };
        match self.create_user(user, now).await {
            Ok(_) => Ok(id),
            Err(Error::Store(store::Error::Conflict(_))) => Err(AccountError::PhoneOccupied.into()),
            Err(error) => Err(error),
        }
    }

    /// An id whose number is `phone`: a new one, or the one of an account that was never finished.
    async fn claim_phone(&self, phone: &str) -> Result<UserId> {
        let claimed = self
            .store
            .resolve_name(NameKind::Phone, phone.to_owned())
            .await?;
        let owner = match claimed {
            Some(owner) => owner,
            None => {
                let id = PeerId::User(UserId(self.next_id(Counter::Users).await?));
                self.store
                    .claim_name(NameKind::Phone, phone.to_owned(), id)
                    .await?
            }
        };
        match owner {
            PeerId::User(id) if self.user(id).await?.is_none() => Ok(id),
            PeerId::User(_) | PeerId::Chat(_) | PeerId::Channel(_) => {
                Err(AccountError::PhoneOccupied.into())
            }
        }
    }
}
