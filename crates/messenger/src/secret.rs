//! Secret chats: the server carries what it cannot read (B.13, G70–G77).

use bytes::{BufMut as _, Bytes, BytesMut};
use minicbor::{Decode, Encode};
use store::{AuthKeyId, MailboxId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Commit;
use crate::peer::Peers;
use crate::publish::Actor;
use crate::record::Record;
use crate::send::{SendError, operation};
use crate::time::Now;

/// The key of a chat within its scope.
const CHAT: &str = "chat";
/// What the hash of a chat is for, among the keyed hashes.
const HASH: u8 = 42;

/// Why something is not done with a secret chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Another device was faster.
    #[error("the chat was accepted")]
    AlreadyAccepted,
    /// It is over.
    #[error("the chat was ended")]
    Declined,
    /// There is none, or not for this device.
    #[error("no such chat")]
    Unknown,
}

/// How far a chat has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SecretState {
    /// Nobody has accepted it yet.
    #[default]
    #[n(0)]
    Requested,
    /// Two devices talk.
    #[n(1)]
    Accepted,
    /// It is over.
    #[n(2)]
    Discarded,
}

/// A secret chat.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct SecretChat {
    /// Its id.
    #[n(0)]
    pub id: i32,
    /// Who asked for it.
    #[n(1)]
    pub admin: i64,
    /// By which device.
    #[n(2)]
    pub admin_key: i64,
    /// Who was asked.
    #[n(3)]
    pub participant: i64,
    /// The device that accepted; 0 for none yet.
    #[n(4)]
    pub participant_key: i64,
    /// When, Unix seconds.
    #[n(5)]
    pub date: u32,
    /// The public number of the one who asked.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub g_a: Vec<u8>,
    /// The public number of the other one.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub g_b: Vec<u8>,
    /// The fingerprint of the key.
    #[n(8)]
    pub fingerprint: i64,
    /// How far it has come.
    #[n(9)]
    pub state: SecretState,
    /// Whoever ended it wants the history gone.
    #[n(10)]
    pub history_deleted: bool,
    /// By what the request is known when it is sent again.
    #[n(11)]
    pub random_id: i32,
}

impl Record for SecretChat {}

/// One message on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretMessage {
    /// Named by the client, for once.
    pub random_id: i64,
    /// What only the two devices can read.
    pub data: Bytes,
    /// A file that came along.
    pub file: Option<SecretFile>,
    /// No message but a notice of the protocol.
    pub service: bool,
}

/// A file that only the two devices can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretFile {
    /// The file.
    pub id: i64,
    /// Its length, bytes.
    pub size: i64,
    /// The fingerprint of its key.
    pub key_fingerprint: i32,
}

fn scope(id: i32) -> String {
    format!("secret-chat/{id}")
}

fn device_scope(key: AuthKeyId) -> String {
    format!("secret-chats-of/{}", key.0)
}

impl SecretChat {
    /// The other side of `user`.
    fn other(&self, user: UserId) -> UserId {
        UserId(if user.0 == self.admin {
            self.participant
        } else {
            self.admin
        })
    }

    /// The device of the other side; 0 for none.
    fn other_key(&self, user: UserId) -> AuthKeyId {
        AuthKeyId(if user.0 == self.admin {
            self.participant_key
        } else {
            self.admin_key
        })
    }
}

impl Messenger {
    /// The hash by which a user names a secret chat.
    #[must_use]
    pub fn secret_hash(&self, user: UserId, id: i32) -> i64 {
        self.access.other(HASH, user, id.into())
    }

    /// A file of a secret chat as a user names it.
    #[must_use]
    pub fn show_secret_file(&self, viewer: UserId, file: SecretFile) -> types::EncryptedFile {
        types::EncryptedFile::EncryptedFile {
            id: file.id,
            access_hash: self.secret_file_hash(viewer, file.id),
            size: file.size,
            dc_id: self.dc_id(),
            key_fingerprint: file.key_fingerprint,
        }
    }

    /// The hash by which a user names a file of a secret chat.
    #[must_use]
    pub fn secret_file_hash(&self, viewer: UserId, id: i64) -> i64 {
        /// Apart from the hashes of chats.
        const FILE: u8 = 43;
        self.access.other(FILE, viewer, id)
    }

    /// A chat as a user is shown it.
    #[must_use]
    pub fn show_secret(&self, viewer: UserId, chat: &SecretChat) -> types::EncryptedChat {
        let access_hash = self.secret_hash(viewer, chat.id);
        let date = chat.date.cast_signed();
        match chat.state {
            SecretState::Discarded => types::EncryptedChat::Discarded {
                id: chat.id,
                history_deleted: chat.history_deleted,
            },
            SecretState::Requested if viewer.0 == chat.admin => types::EncryptedChat::Waiting {
                id: chat.id,
                access_hash,
                date,
                admin_id: chat.admin,
                participant_id: chat.participant,
            },
            SecretState::Requested => {
                let shown = constructors::EncryptedChatRequested::new(
                    chat.id,
                    access_hash,
                    date,
                    chat.admin,
                    chat.participant,
                    Bytes::copy_from_slice(&chat.g_a),
                );
                types::EncryptedChat::Requested(Box::new(shown))
            }
            SecretState::Accepted => {
                let theirs = if viewer.0 == chat.admin {
                    &chat.g_b
                } else {
                    &chat.g_a
                };
                types::EncryptedChat::EncryptedChat(Box::new(constructors::EncryptedChat {
                    id: chat.id,
                    access_hash,
                    date,
                    admin_id: chat.admin,
                    participant_id: chat.participant,
                    g_a_or_b: Bytes::copy_from_slice(theirs),
                    key_fingerprint: chat.fingerprint,
                }))
            }
        }
    }

    fn encryption(&self, viewer: UserId, chat: &SecretChat, now: Now) -> types::Update {
        types::Update::Encryption(Box::new(constructors::UpdateEncryption {
            chat: self.show_secret(viewer, chat),
            date: now.date(),
        }))
    }

    async fn stored_secret(&self, id: i32) -> Result<Option<(SecretChat, u64)>> {
        let stored = self.store.setting(scope(id), CHAT.into()).await?;
        stored
            .map(|setting| Ok((SecretChat::from_bytes(&setting.body)?, setting.version)))
            .transpose()
    }

    /// A chat that a user takes part in; with a hash, it must be the right one.
    ///
    /// # Errors
    /// `Unknown`, or when the store fails.
    pub async fn secret_chat(
        &self,
        user: UserId,
        id: i32,
        access_hash: Option<i64>,
    ) -> Result<SecretChat> {
        let named = access_hash.is_none_or(|hash| hash == self.secret_hash(user, id));
        let stored = self.stored_secret(id).await?;
        stored
            .map(|(chat, _)| chat)
            .filter(|chat| named && (chat.admin == user.0 || chat.participant == user.0))
            .ok_or_else(|| SecretError::Unknown.into())
    }

    /// Changes a chat; `change` may be called more than once.
    async fn change_secret(
        &self,
        id: i32,
        mut change: impl FnMut(&mut SecretChat) -> Result<()> + Send,
    ) -> Result<SecretChat> {
        loop {
            let stored = self.stored_secret(id).await?;
            let (mut chat, version) = stored.ok_or(SecretError::Unknown)?;
            change(&mut chat)?;
            let put = self
                .store
                .put_setting(scope(id), CHAT.into(), version, chat.to_bytes())
                .await;
            match put {
                Ok(_) => return Ok(chat),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn list_secret(&self, key: AuthKeyId, id: i32, listed: bool) -> Result<()> {
        let body = if listed {
            Bytes::from_static(&[1])
        } else {
            Bytes::new()
        };
        self.overwrite_setting(&device_scope(key), &id.to_string(), body)
            .await
    }

    /// Asks somebody for a secret chat: all of their devices are told. `id` is random.
    ///
    /// # Errors
    /// `Deleted`, `BotStopped` when the other one has blocked the actor, `UserUnknown`.
    pub async fn request_secret(
        &self,
        actor: Actor,
        other: UserId,
        id: i32,
        random_id: i32,
        g_a: &[u8],
        now: Now,
    ) -> Result<SecretChat> {
        let user = self.user(other).await?.ok_or(Error::UserUnknown)?;
        if user.deleted {
            return Err(SendError::Deleted.into());
        }
        if user.bot || other == actor.user {
            return Err(Error::UserUnknown);
        }
        if self.has_blocked(other, actor.user).await? {
            return Err(SendError::BotStopped.into());
        }
        // Sent again, it is the same chat.
        for known in self.secrets_of(actor.auth_key_id).await? {
            if known.random_id == random_id && known.participant == other.0 {
                return Ok(known);
            }
        }
        let chat = SecretChat {
            id,
            admin: actor.user.0,
            admin_key: actor.auth_key_id.0,
            participant: other.0,
            date: now.unix_s(),
            g_a: g_a.to_vec(),
            random_id,
            ..SecretChat::default()
        };
        self.store
            .put_setting(scope(id), CHAT.into(), 0, chat.to_bytes())
            .await?;
        self.list_secret(actor.auth_key_id, id, true).await?;
        self.note_to(other, self.encryption(other, &chat, now), now)
            .await?;
        Ok(chat)
    }

    /// The living chats of a device.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn secrets_of(&self, key: AuthKeyId) -> Result<Vec<SecretChat>> {
        let mut chats = Vec::new();
        for (id, setting) in self.store.settings(device_scope(key)).await? {
            let Some(id) = id.parse().ok().filter(|_| !setting.body.is_empty()) else {
                continue;
            };
            if let Some((chat, _)) = self.stored_secret(id).await? {
                chats.push(chat);
            }
        }
        Ok(chats)
    }

    /// Accepts a chat by the actor's device; the others are told that it is over for them.
    ///
    /// # Errors
    /// `Unknown`, `AlreadyAccepted`, `Declined`.
    pub async fn accept_secret(
        &self,
        actor: Actor,
        id: i32,
        g_b: &[u8],
        fingerprint: i64,
        devices: &[AuthKeyId],
        now: Now,
    ) -> Result<SecretChat> {
        let chat = self
            .change_secret(id, |chat| {
                if chat.participant != actor.user.0 {
                    return Err(SecretError::Unknown.into());
                }
                match chat.state {
                    SecretState::Requested => {}
                    SecretState::Accepted => return Err(SecretError::AlreadyAccepted.into()),
                    SecretState::Discarded => return Err(SecretError::Declined.into()),
                }
                chat.state = SecretState::Accepted;
                chat.participant_key = actor.auth_key_id.0;
                chat.g_b = g_b.to_vec();
                chat.fingerprint = fingerprint;
                Ok(())
            })
            .await?;
        self.list_secret(actor.auth_key_id, id, true).await?;
        let admin = UserId(chat.admin);
        self.note_to(admin, self.encryption(admin, &chat, now), now)
            .await?;
        let over = SecretChat {
            state: SecretState::Discarded,
            ..chat.clone()
        };
        for key in devices.iter().filter(|key| **key != actor.auth_key_id) {
            let update = self.encryption(actor.user, &over, now);
            self.publish_to_device(actor.user, *key, vec![update], now)
                .await?;
        }
        Ok(chat)
    }

    /// Shows updates to one device of a user.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn publish_to_device(
        &self,
        user: UserId,
        key: AuthKeyId,
        updates: Vec<types::Update>,
        now: Now,
    ) -> Result<()> {
        if self.publisher.is_watched(user) {
            let updates = self.updates(user, updates, &Peers::default(), now).await?;
            self.publisher
                .publish_to_key(key, types::Updates::Updates(Box::new(updates)));
        }
        Ok(())
    }

    /// Ends a chat; both sides are told.
    ///
    /// # Errors
    /// `Unknown`, `Declined` when it is over, or when the store fails.
    pub async fn discard_secret(
        &self,
        actor: Actor,
        id: i32,
        history_deleted: bool,
        now: Now,
    ) -> Result<()> {
        let chat = self
            .change_secret(id, |chat| {
                if chat.admin != actor.user.0 && chat.participant != actor.user.0 {
                    return Err(SecretError::Unknown.into());
                }
                if chat.state == SecretState::Discarded {
                    return Err(SecretError::Declined.into());
                }
                chat.state = SecretState::Discarded;
                chat.history_deleted = history_deleted;
                Ok(())
            })
            .await?;
        for key in [chat.admin_key, chat.participant_key] {
            if key != 0 {
                self.list_secret(AuthKeyId(key), id, false).await?;
            }
        }
        let other = chat.other(actor.user);
        self.note_to(other, self.encryption(other, &chat, now), now)
            .await?;
        // The other devices of whom it was asked may still be ringing.
        let update = self.encryption(actor.user, &chat, now);
        self.publish_unlogged(actor.user, Some(actor), vec![update], now)
            .await
    }

    /// A device is gone, and its chats with it (G76).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn discard_secrets_of(&self, user: UserId, key: AuthKeyId, now: Now) -> Result<()> {
        for chat in self.secrets_of(key).await? {
            match self
                .discard_secret(Actor::server(user), chat.id, false, now)
                .await
            {
                Ok(()) | Err(Error::Secret(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The chat through which the actor's device may send, and the device of the other side.
    async fn open_secret(&self, actor: Actor, chat: &SecretChat) -> Result<(UserId, AuthKeyId)> {
        let own = if actor.user.0 == chat.admin {
            chat.admin_key
        } else {
            chat.participant_key
        };
        if chat.state == SecretState::Discarded {
            return Err(SecretError::Declined.into());
        }
        if own != actor.auth_key_id.0 || chat.state != SecretState::Accepted {
            return Err(SecretError::Unknown.into());
        }
        let other = chat.other(actor.user);
        let user = self.user(other).await?;
        if user.is_none_or(|user| user.deleted) {
            return Err(SendError::Deleted.into());
        }
        if self.has_blocked(other, actor.user).await? {
            return Err(SendError::BotStopped.into());
        }
        Ok((other, chat.other_key(actor.user)))
    }

    /// Queues a message for the device of the other side; gives back its date. Sent again with the
    /// same random id it is not sent again.
    ///
    /// # Errors
    /// `Unknown`, `Declined`, or when the store fails.
    pub async fn send_secret(
        &self,
        actor: Actor,
        chat: &SecretChat,
        message: SecretMessage,
        now: Now,
    ) -> Result<i32> {
        let (other, key) = self.open_secret(actor, chat).await?;
        let op = operation(actor, [message.random_id, i64::from(chat.id)]);
        let (chat_id, date) = (chat.id, now.date());
        let SecretMessage {
            random_id, data, ..
        } = message;
        let shown = if message.service {
            types::EncryptedMessage::Service(Box::new(constructors::EncryptedMessageService {
                random_id,
                chat_id,
                date,
                bytes: data,
            }))
        } else {
            let file = message.file;
            types::EncryptedMessage::EncryptedMessage(Box::new(constructors::EncryptedMessage {
                random_id,
                chat_id,
                date,
                bytes: data,
                file: file.map_or(types::EncryptedFile::Empty {}, |file| {
                    self.show_secret_file(other, file)
                }),
            }))
        };
        let mut batch = self.open([MailboxId::User(other)], now).await?;
        let update = batch
            .queue(other, key, |qts| types::Update::NewEncryptedMessage {
                message: shown,
                qts,
            })
            .await?;
        let mut result = BytesMut::new();
        result.put_i32_le(date);
        let sent = batch
            .commit(Actor::server(other), Some(op), result.freeze())
            .await?;
        match sent {
            Commit::Done(_) => {
                self.publish_to_device(other, key, vec![update], now)
                    .await?;
                Ok(date)
            }
            Commit::Repeated(kept) => Ok(kept
                .result
                .first_chunk()
                .map_or(date, |bytes| i32::from_le_bytes(*bytes))),
        }
    }

    /// Shows something that is not kept to the device of the other side.
    ///
    /// # Errors
    /// `Unknown`, `Declined`, or when the store fails.
    pub async fn signal_secret(
        &self,
        actor: Actor,
        chat: &SecretChat,
        update: types::Update,
        now: Now,
    ) -> Result<()> {
        let (other, key) = self.open_secret(actor, chat).await?;
        self.publish_to_device(other, key, vec![update], now).await
    }
}
