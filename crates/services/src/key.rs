//! Authorization keys: what gateways ask of them, and what is kept beside their bytes.

use std::net::IpAddr;

use async_trait::async_trait;
use messenger::Record;
use minicbor::{Decode, Encode};
use store::{AuthKey, AuthKeyId, UserId};
use tl::Bytes;
use zeroize::Zeroizing;

use crate::Services;

/// The kinds of [`AuthKey::kind`].
pub(crate) const PERMANENT: u8 = 0;
const TEMPORARY: u8 = 1;

/// What is kept beside the bytes of a key.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(crate) struct KeyRecord {
    /// The first salt, from the handshake (C47).
    #[n(0)]
    pub(crate) first_salt: i64,
    /// When the key was made, Unix seconds.
    #[n(1)]
    pub(crate) created: u32,
    /// The layer announced last, as announced; 0 for never.
    #[n(2)]
    #[cbor(default)]
    pub(crate) layer: i32,
    /// The permanent key that a temporary one is bound to; 0 for none.
    #[n(3)]
    #[cbor(default)]
    pub(crate) bound_to: i64,
    /// What the client says of itself.
    #[n(5)]
    pub(crate) client: Option<ClientRecord>,
    /// The user who has given a right code but not yet the password; 0 for none.
    #[n(6)]
    #[cbor(default)]
    pub(crate) password_pending: i64,
    /// The temporary keys bound to this one, the newest last.
    #[n(7)]
    #[cbor(default)]
    pub(crate) temp_keys: Vec<i64>,
    /// Until when the password may be given, Unix seconds.
    #[n(8)]
    #[cbor(default)]
    pub(crate) pending_until: u32,
}

/// What a client said of itself in `initConnection`.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(crate) struct ClientRecord {
    #[n(0)]
    pub(crate) api_id: i32,
    #[n(1)]
    pub(crate) device_model: String,
    #[n(2)]
    pub(crate) system_version: String,
    #[n(3)]
    pub(crate) app_version: String,
    #[n(4)]
    pub(crate) system_lang_code: String,
    #[n(5)]
    pub(crate) lang_pack: String,
    #[n(6)]
    pub(crate) lang_code: String,
    /// The address of the connection.
    #[n(7)]
    pub(crate) address: String,
}

impl Record for KeyRecord {}

impl KeyRecord {
    /// Whose password is waited for.
    pub(crate) fn pending(&self, now: messenger::Now) -> Option<UserId> {
        let waits = self.password_pending != 0 && now.unix_s() < self.pending_until;
        waits.then_some(UserId(self.password_pending))
    }
}

/// Locks for the changes of keys: a change reads, and then writes.
#[derive(Debug)]
pub(crate) struct KeyLocks([tokio::sync::Mutex<()>; 64]);

impl Default for KeyLocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| tokio::sync::Mutex::default()))
    }
}

impl KeyLocks {
    async fn lock(&self, id: AuthKeyId) -> tokio::sync::MutexGuard<'_, ()> {
        // Ids are hashes already.
        let [slot, ..] = id.0.to_le_bytes();
        self.0[usize::from(slot) % self.0.len()].lock().await
    }
}

impl Services {
    /// What is kept beside a key.
    pub(crate) async fn key_record(
        &self,
        id: AuthKeyId,
    ) -> Result<Option<(AuthKey, KeyRecord)>, messenger::Error> {
        let now = self.world.now().unix_s();
        let Some(key) = self.store.auth_key(id, now).await? else {
            return Ok(None);
        };
        let record = KeyRecord::from_bytes(&key.facts)?;
        Ok(Some((key, record)))
    }

    /// Changes what is kept beside a key, and its user.
    pub(crate) async fn change_key(
        &self,
        id: AuthKeyId,
        change: impl FnOnce(&mut UserId, &mut KeyRecord) + Send,
    ) -> Result<bool, messenger::Error> {
        let _lock = self.key_locks.lock(id).await;
        let Some((mut key, mut record)) = self.key_record(id).await? else {
            return Ok(false);
        };
        let before = (key.user, record.clone());
        change(&mut key.user, &mut record);
        if (key.user, &record) == (before.0, &before.1) {
            return Ok(true);
        }
        let now = self.world.now().unix_s();
        let changed = self
            .store
            .update_auth_key(id, key.user, record.to_bytes(), now)
            .await?;
        Ok(changed)
    }

    /// Forgets a key; whoever uses it is told.
    pub(crate) async fn drop_key(&self, id: AuthKeyId) -> Result<(), messenger::Error> {
        self.store.remove_auth_key(id).await?;
        self.gateways
            .tell(bus::Notice::KeyGone(bus::AuthKeyId(id.0)));
        Ok(())
    }
}

fn unavailable(error: impl std::fmt::Display) -> bus::Unavailable {
    tracing::error!(%error, "a key cannot be used");
    bus::Unavailable(error.to_string())
}

#[async_trait]
impl bus::Services for Services {
    async fn call(&self, call: bus::Call) -> Bytes {
        self.run(&call).await
    }

    async fn create_key(&self, key: bus::NewKey) -> Result<bool, bus::Unavailable> {
        let record = KeyRecord {
            first_salt: key.first_salt,
            created: key.created,
            ..KeyRecord::default()
        };
        let stored = AuthKey {
            id: AuthKeyId(key.id.0),
            key: Bytes::copy_from_slice(key.key.as_slice()),
            kind: if key.expires_at == 0 {
                PERMANENT
            } else {
                TEMPORARY
            },
            user: UserId(0),
            expires_at: key.expires_at,
            facts: record.to_bytes(),
        };
        self.store
            .create_auth_key(stored, self.world.now().unix_s())
            .await
            .map_err(unavailable)
    }

    async fn key(&self, id: bus::AuthKeyId) -> Result<Option<bus::KeyFacts>, bus::Unavailable> {
        let found = self
            .key_record(AuthKeyId(id.0))
            .await
            .map_err(unavailable)?;
        let Some((key, record)) = found else {
            return Ok(None);
        };
        let mut bytes = Zeroizing::new([0; 256]);
        let stored: &[u8; 256] = key
            .key
            .as_ref()
            .try_into()
            .map_err(|_| unavailable("a stored key is not 256 bytes long"))?;
        bytes.copy_from_slice(stored);
        Ok(Some(bus::KeyFacts {
            key: bytes,
            first_salt: record.first_salt,
            created: record.created,
            expires_at: key.expires_at,
            bound_to: (record.bound_to != 0).then_some(bus::AuthKeyId(record.bound_to)),
            user: (key.user.0 != 0).then_some(bus::UserId(key.user.0)),
            layer: record.layer,
        }))
    }

    async fn destroy_key(&self, id: bus::AuthKeyId) -> Result<bool, bus::Unavailable> {
        let id = AuthKeyId(id.0);
        let found = self.key_record(id).await.map_err(unavailable)?;
        let Some((key, record)) = found else {
            return Ok(false);
        };
        if key.user.0 != 0 {
            self.log_out(key.user, id)
                .await
                .map_err(|error| unavailable(error.name()))?;
        }
        for temporary in record.temp_keys {
            let temporary = AuthKeyId(temporary);
            self.drop_key(temporary).await.map_err(unavailable)?;
        }
        self.drop_key(id).await.map_err(unavailable)?;
        Ok(true)
    }

    async fn announce(
        &self,
        id: bus::AuthKeyId,
        address: IpAddr,
        facts: bus::ConnectionFacts,
    ) -> Result<(), bus::Unavailable> {
        let client = ClientRecord {
            api_id: facts.api_id,
            device_model: facts.device_model,
            system_version: facts.system_version,
            app_version: facts.app_version,
            system_lang_code: facts.system_lang_code,
            lang_pack: facts.lang_pack,
            lang_code: facts.lang_code,
            address: address.to_string(),
        };
        let id = AuthKeyId(id.0);
        let mut user = UserId(0);
        self.change_key(id, |logged_in, record| {
            user = *logged_in;
            record.layer = facts.layer;
            if !client.device_model.is_empty() {
                record.client = Some(client.clone());
            }
        })
        .await
        .map_err(unavailable)?;
        if user.0 != 0 {
            self.device_is_back(user, id, client)
                .await
                .map_err(|error| unavailable(error.name()))?;
        }
        Ok(())
    }

    async fn presence(&self, user: bus::UserId, connected: bool) {
        if !connected {
            self.went_offline(UserId(user.0)).await;
        }
    }
}
