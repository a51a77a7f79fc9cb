//! Who is logged in where: keys, their users and the list of devices (2.3, 2.4).

use messenger::Record as _;
use minicbor::{Decode, Encode};
use store::{AuthKeyId, Authorization, UserId};
use tl_api::{constructors, types};

use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::key::{ClientRecord, KeyRecord};

/// How exactly the last use of a device is kept, seconds.
const ACTIVE_GRAIN_S: u32 = 60;

/// What is kept of a device beside its key.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub(crate) struct DeviceRecord {
    /// What clients name it by. Never 0, tells nothing of the key.
    #[n(0)]
    pub(crate) hash: i64,
    /// When it was logged in, Unix seconds.
    #[n(1)]
    pub(crate) created: u32,
    /// What the client said of itself.
    #[n(2)]
    pub(crate) client: ClientRecord,
    /// The key whose login this one was made from; 0 for none. It is not listed and ends with it.
    #[n(3)]
    #[cbor(default)]
    pub(crate) parent: i64,
    /// Nobody has confirmed yet that it may be there.
    #[n(4)]
    #[cbor(default)]
    pub(crate) unconfirmed: bool,
    /// It takes no secret chats.
    #[n(5)]
    #[cbor(default)]
    pub(crate) encrypted_requests_disabled: bool,
    /// It takes no calls.
    #[n(6)]
    #[cbor(default)]
    pub(crate) call_requests_disabled: bool,
}

impl messenger::Record for DeviceRecord {}

/// One device of a user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Device {
    pub(crate) key: AuthKeyId,
    /// Last use, Unix seconds.
    pub(crate) active_at: u32,
    pub(crate) record: DeviceRecord,
}

impl Services {
    /// All devices of a user, those made from others included.
    pub(crate) async fn devices(&self, user: UserId) -> Result<Vec<Device>> {
        let stored = self.store.authorizations(user).await?;
        stored
            .into_iter()
            .map(|authorization| {
                Ok(Device {
                    key: authorization.key,
                    active_at: authorization.active_at,
                    record: DeviceRecord::from_bytes(&authorization.facts)?,
                })
            })
            .collect()
    }

    pub(crate) async fn put_device(&self, user: UserId, device: &Device) -> Result<()> {
        let authorization = Authorization {
            key: device.key,
            active_at: device.active_at,
            facts: device.record.to_bytes(),
        };
        Ok(self.store.put_authorization(user, authorization).await?)
    }

    /// Logs a user in by the caller's key. `parent` is the key this login is made from, if it is.
    pub(crate) async fn log_in(
        &self,
        context: &Context<'_>,
        user: UserId,
        parent: Option<AuthKeyId>,
    ) -> Result<()> {
        self.log_in_with(context, user, parent, None).await
    }

    /// Logs a user in by the caller's key, as another device has allowed: nobody has to confirm it.
    /// `hash` is what the new device is called.
    pub(crate) async fn log_in_as(
        &self,
        context: &Context<'_>,
        user: UserId,
        hash: i64,
    ) -> Result<()> {
        self.log_in_with(context, user, None, Some(hash)).await
    }

    async fn log_in_with(
        &self,
        context: &Context<'_>,
        user: UserId,
        parent: Option<AuthKeyId>,
        allowed: Option<i64>,
    ) -> Result<()> {
        let id = context.auth_key_id();
        let (key, record) = self
            .key_record(id)
            .await?
            .ok_or(Error::AUTH_KEY_UNREGISTERED)?;
        if key.user.0 != 0 && key.user != user {
            self.log_out(key.user, id).await?;
        }
        let devices = self.devices(user).await?;
        let known = devices.iter().any(|device| device.key == id);
        if !known {
            let mut device = self.new_device(context, &record, parent, &devices);
            if let Some(hash) = allowed {
                device.record.hash = hash;
                device.record.unconfirmed = false;
            }
            self.put_device(user, &device).await?;
            if parent.is_none() {
                self.tell_of_login(user, context, &device).await?;
            }
        }
        self.change_key(id, |logged_in, record| {
            *logged_in = user;
            record.password_pending = 0;
        })
        .await?;
        self.messenger.touch(user, context.now);
        self.gateways.tell(bus::Notice::KeyUser(
            context.caller.auth_key_id,
            Some(bus::UserId(user.0)),
        ));
        Ok(())
    }

    fn new_device(
        &self,
        context: &Context<'_>,
        key: &KeyRecord,
        parent: Option<AuthKeyId>,
        others: &[Device],
    ) -> Device {
        let mut client = key.client.clone().unwrap_or_default();
        client.address = context.caller.address.to_string();
        let now = context.now.unix_s();
        Device {
            key: context.auth_key_id(),
            active_at: now,
            record: DeviceRecord {
                hash: self.random_id(),
                created: now,
                client,
                parent: parent.map_or(0, |parent| parent.0),
                unconfirmed: parent.is_none()
                    && others.iter().any(|device| device.record.parent == 0),
                ..DeviceRecord::default()
            },
        }
    }

    /// Tells the other devices of a new one (L16).
    async fn tell_of_login(
        &self,
        user: UserId,
        context: &Context<'_>,
        device: &Device,
    ) -> Result<()> {
        let update = new_authorization(&device.record);
        // The new device itself is not logged in yet: it is not told.
        self.messenger
            .note_to(user, update, context.now)
            .await
            .map_err(Error::from)
    }

    /// Logs a user out of a key and of all keys that were logged in from it.
    pub(crate) async fn log_out(&self, user: UserId, id: AuthKeyId) -> Result<()> {
        let children: Vec<AuthKeyId> = self
            .devices(user)
            .await?
            .into_iter()
            .filter(|device| device.record.parent == id.0)
            .map(|device| device.key)
            .collect();
        for key in children.into_iter().chain([id]) {
            let now = self.world.now();
            self.messenger.discard_secrets_of(user, key, now).await?;
            self.takeouts.close(key);
            self.change_key(key, |logged_in, record| {
                if *logged_in == user {
                    *logged_in = UserId(0);
                }
                record.password_pending = 0;
            })
            .await?;
            self.store.remove_authorization(user, key).await?;
            self.gateways
                .tell(bus::Notice::KeyUser(bus::AuthKeyId(key.0), None));
        }
        Ok(())
    }

    /// A device connects again: it is as its client says it is now, and was idle up to here. One
    /// that was idle for too long is logged out (R3).
    pub(crate) async fn device_is_back(
        &self,
        user: UserId,
        id: AuthKeyId,
        client: ClientRecord,
    ) -> Result<()> {
        let now_s = self.world.now().unix_s();
        let devices = self.devices(user).await?;
        let Some(mut device) = devices.into_iter().find(|device| device.key == id) else {
            return Ok(());
        };
        let settings = self.messenger.account_settings(user).await?;
        let idle_s = now_s.saturating_sub(device.active_at);
        if idle_s > settings.authorization_ttl_days.saturating_mul(86_400) {
            return self.log_out(user, id).await;
        }
        let before = device.clone();
        if !client.device_model.is_empty() {
            device.record.client = client;
        }
        if idle_s >= ACTIVE_GRAIN_S {
            device.active_at = now_s;
        }
        if device != before {
            self.put_device(user, &device).await?;
        }
        Ok(())
    }

    /// As [`Services::log_out`], for a device that others want gone: it is woken so that its next
    /// call tells it (R2).
    pub(crate) async fn kick_out(&self, user: UserId, id: AuthKeyId) -> Result<()> {
        self.log_out(user, id).await?;
        let updates = types::Updates::TooLong {};
        if let Ok(updates) = tl::to_bytes(&updates, tl::Layer(tl_api::NEWEST_LAYER)) {
            self.gateways.tell(bus::Notice::Push(bus::Push {
                target: bus::Target::Key(bus::AuthKeyId(id.0)),
                except: None,
                updates,
            }));
        }
        Ok(())
    }

    /// Ends the logins of all devices but one.
    pub(crate) async fn kick_out_others(&self, user: UserId, keep: AuthKeyId) -> Result<()> {
        let devices = self.devices(user).await?;
        // A login made from another one stays with it.
        let root = devices
            .iter()
            .find(|device| device.key == keep)
            .filter(|device| device.record.parent != 0)
            .map_or(keep, |device| AuthKeyId(device.record.parent));
        for device in devices {
            if device.key != root && device.record.parent != root.0 {
                self.kick_out(user, device.key).await?;
            }
        }
        Ok(())
    }

    /// A user as they see themselves.
    pub(crate) async fn show_self(&self, context: &Context<'_>, id: UserId) -> Result<types::User> {
        let user = self
            .messenger
            .user(id)
            .await?
            .ok_or(Error::USER_ID_INVALID)?;
        Ok(self.messenger.show_user(id, &user, context.now).await?)
    }
}

/// `updateNewAuthorization` for a device.
pub(crate) fn new_authorization(device: &DeviceRecord) -> types::Update {
    let mut update = constructors::UpdateNewAuthorization::new(device.hash);
    if device.unconfirmed {
        update.unconfirmed = true;
        update.date = Some(device.created.cast_signed());
        update.device = Some(describe(&device.client).into());
        update.location = Some(device.client.address.as_str().into());
    }
    types::Update::NewAuthorization(Box::new(update))
}

/// A device in a few words.
pub(crate) fn describe(client: &ClientRecord) -> String {
    let words = [
        &client.device_model,
        &client.system_version,
        &client.app_version,
    ];
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(", ")
}
