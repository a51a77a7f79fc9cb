//! Secret chats (B.13).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{File, SecretChat, SecretFile, SecretMessage};
use mtproto_core::crypto::{DhGroup, known_prime};
use store::DocumentId;
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The version of the numbers that clients make keys with.
const DH_VERSION: i32 = 1;
/// The most random bytes that a client may ask for.
const RANDOM_LEN_MAX: i32 = 1024;
/// The longest message, bytes.
const DATA_LEN_MAX: usize = 64 * 1024;
/// How the kind of a file of a secret chat begins; the fingerprint of its key follows.
const MIME_TYPE: &str = "x-encrypted/";

/// messages.getDhConfig
pub(super) async fn get_dh_config(
    context: &Context<'_>,
    request: functions::messages::GetDhConfig,
) -> Result<types::messages::DhConfig> {
    let len = request.random_length;
    if !(0..=RANDOM_LEN_MAX).contains(&len) {
        return Err(Error::RANDOM_LENGTH_INVALID);
    }
    let mut random = vec![0; usize::try_from(len).unwrap_or(0)];
    context.services.world.random(&mut random);
    let random = random.into();
    if request.version == DH_VERSION {
        return Ok(types::messages::DhConfig::NotModified { random });
    }
    Ok(types::messages::DhConfig::DhConfig(Box::new(
        constructors::messages::DhConfig {
            g: DhGroup::known().generator().cast_signed(),
            p: Bytes::copy_from_slice(&known_prime()),
            version: DH_VERSION,
            random,
        },
    )))
}

/// G75: a public number is within its bounds.
fn check_public(public: &[u8], wrong: Error) -> Result<()> {
    DhGroup::known().check(public).map_err(|_| wrong)
}

/// messages.requestEncryption
pub(super) async fn request_encryption(
    context: &Context<'_>,
    request: functions::messages::RequestEncryption,
) -> Result<types::EncryptedChat> {
    let actor = context.actor()?;
    let other = context.input_user(&request.user_id).await?;
    check_public(&request.g_a, Error::DH_G_A_INVALID)?;
    let id = i32::try_from(context.services.random_id() & i64::from(i32::MAX)).unwrap_or(1);
    let messenger = context.messenger();
    let chat = messenger
        .request_secret(
            actor,
            other,
            id.max(1),
            request.random_id,
            &request.g_a,
            context.now,
        )
        .await?;
    Ok(messenger.show_secret(actor.user, &chat))
}

async fn named(context: &Context<'_>, peer: &types::InputEncryptedChat) -> Result<SecretChat> {
    let user = context.user()?;
    let chat = context
        .messenger()
        .secret_chat(user, peer.chat_id, Some(peer.access_hash))
        .await?;
    Ok(chat)
}

/// messages.acceptEncryption
pub(super) async fn accept_encryption(
    context: &Context<'_>,
    request: functions::messages::AcceptEncryption,
) -> Result<types::EncryptedChat> {
    let actor = context.actor()?;
    named(context, &request.peer).await?;
    check_public(&request.g_b, Error::DH_G_A_INVALID)?;
    let devices = context.services.devices(actor.user).await?;
    let keys: Vec<_> = devices.iter().map(|device| device.key).collect();
    let messenger = context.messenger();
    let chat = messenger
        .accept_secret(
            actor,
            request.peer.chat_id,
            &request.g_b,
            request.key_fingerprint,
            &keys,
            context.now,
        )
        .await?;
    Ok(messenger.show_secret(actor.user, &chat))
}

/// messages.discardEncryption
pub(super) async fn discard_encryption(
    context: &Context<'_>,
    request: functions::messages::DiscardEncryption,
) -> Result<bool> {
    let actor = context.actor()?;
    if request.chat_id == 0 {
        return Err(Error::CHAT_ID_EMPTY);
    }
    let discarded = context
        .messenger()
        .discard_secret(actor, request.chat_id, request.delete_history, context.now)
        .await;
    match discarded {
        Ok(()) => Ok(true),
        Err(messenger::Error::Secret(messenger::SecretError::Unknown)) => {
            Err(Error::ENCRYPTION_ID_INVALID)
        }
        Err(messenger::Error::Secret(messenger::SecretError::Declined)) => {
            Err(Error::ENCRYPTION_ALREADY_DECLINED)
        }
        Err(error) => Err(error.into()),
    }
}

async fn send(
    context: &Context<'_>,
    peer: &types::InputEncryptedChat,
    message: SecretMessage,
) -> Result<i32> {
    let actor = context.actor()?;
    let chat = named(context, peer).await?;
    Ok(context
        .messenger()
        .send_secret(actor, &chat, message, context.now)
        .await?)
}

fn judge(random_id: i64, data: &Bytes) -> Result<Bytes> {
    if random_id == 0 {
        return Err(Error::RANDOM_ID_EMPTY);
    }
    if data.is_empty() {
        return Err(Error::DATA_INVALID);
    }
    if data.len() > DATA_LEN_MAX {
        return Err(Error::DATA_TOO_LONG);
    }
    Ok(Bytes::copy_from_slice(data))
}

/// messages.sendEncrypted
pub(super) async fn send_encrypted(
    context: &Context<'_>,
    request: functions::messages::SendEncrypted,
) -> Result<types::messages::SentEncryptedMessage> {
    let message = SecretMessage {
        random_id: request.random_id,
        data: judge(request.random_id, &request.data)?,
        file: None,
        service: false,
    };
    let date = send(context, &request.peer, message).await?;
    Ok(types::messages::SentEncryptedMessage::SentEncryptedMessage { date })
}

/// messages.sendEncryptedService
pub(super) async fn send_encrypted_service(
    context: &Context<'_>,
    request: functions::messages::SendEncryptedService,
) -> Result<types::messages::SentEncryptedMessage> {
    let message = SecretMessage {
        random_id: request.random_id,
        data: judge(request.random_id, &request.data)?,
        file: None,
        service: true,
    };
    let date = send(context, &request.peer, message).await?;
    Ok(types::messages::SentEncryptedMessage::SentEncryptedMessage { date })
}

/// messages.sendEncryptedFile
pub(super) async fn send_encrypted_file(
    context: &Context<'_>,
    request: functions::messages::SendEncryptedFile,
) -> Result<types::messages::SentEncryptedMessage> {
    let user = context.user()?;
    let data = judge(request.random_id, &request.data)?;
    named(context, &request.peer).await?;
    let file = file(context, &request.file).await?;
    let message = SecretMessage {
        random_id: request.random_id,
        data,
        file,
        service: false,
    };
    let date = send(context, &request.peer, message).await?;
    let file = file.map_or(types::EncryptedFile::Empty {}, |file| {
        context.messenger().show_secret_file(user, file)
    });
    let sent = constructors::messages::SentEncryptedFile { date, file };
    Ok(types::messages::SentEncryptedMessage::SentEncryptedFile(
        Box::new(sent),
    ))
}

/// messages.uploadEncryptedFile
pub(super) async fn upload_encrypted_file(
    context: &Context<'_>,
    request: functions::messages::UploadEncryptedFile,
) -> Result<types::EncryptedFile> {
    let user = context.user()?;
    named(context, &request.peer).await?;
    let file = file(context, &request.file).await?;
    Ok(file.map_or(types::EncryptedFile::Empty {}, |file| {
        context.messenger().show_secret_file(user, file)
    }))
}

/// The file that a request sends: uploaded just now, or one that the caller was shown.
async fn file(
    context: &Context<'_>,
    input: &types::InputEncryptedFile,
) -> Result<Option<SecretFile>> {
    let messenger = context.messenger();
    let (upload, key_fingerprint) = match input {
        types::InputEncryptedFile::Empty {} => return Err(Error::FILE_EMTPY),
        types::InputEncryptedFile::InputEncryptedFile { id, access_hash } => {
            if messenger.secret_file_hash(context.user()?, *id) != *access_hash {
                return Err(Error::FILE_ID_INVALID);
            }
            let file = messenger.file(DocumentId(*id)).await?;
            let file = file.ok_or(Error::FILE_ID_INVALID)?;
            let fingerprint = file.mime_type.strip_prefix(MIME_TYPE);
            return Ok(Some(SecretFile {
                id: *id,
                size: i64::try_from(file.size).unwrap_or(i64::MAX),
                key_fingerprint: fingerprint
                    .and_then(|text| text.parse().ok())
                    .ok_or(Error::FILE_ID_INVALID)?,
            }));
        }
        types::InputEncryptedFile::Uploaded(upload) => {
            let file = constructors::InputFile {
                id: upload.id,
                parts: upload.parts,
                name: "".into(),
                md5_checksum: upload.md5_checksum.clone(),
            };
            (
                types::InputFile::InputFile(Box::new(file)),
                upload.key_fingerprint,
            )
        }
        types::InputEncryptedFile::BigUploaded {
            id,
            parts,
            key_fingerprint,
        } => {
            let file = constructors::InputFileBig {
                id: *id,
                parts: *parts,
                name: "".into(),
            };
            (types::InputFile::Big(Box::new(file)), *key_fingerprint)
        }
    };
    let uploaded = context.uploaded(&upload).await?;
    let file = File {
        date: context.now.unix_s(),
        mime_type: format!("{MIME_TYPE}{key_fingerprint}"),
        sha256: uploaded.bytes.sha256,
        size: uploaded.bytes.size,
        ..File::default()
    };
    let id = context.new_file_id();
    messenger.create_file(id, &file).await?;
    Ok(Some(SecretFile {
        id: id.0,
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        key_fingerprint,
    }))
}

/// messages.setEncryptedTyping
pub(super) async fn set_encrypted_typing(
    context: &Context<'_>,
    request: functions::messages::SetEncryptedTyping,
) -> Result<bool> {
    let actor = context.actor()?;
    let chat = named(context, &request.peer).await?;
    if request.typing {
        let update = types::Update::EncryptedChatTyping { chat_id: chat.id };
        context
            .messenger()
            .signal_secret(actor, &chat, update, context.now)
            .await?;
    }
    Ok(true)
}

/// messages.readEncryptedHistory
pub(super) async fn read_encrypted_history(
    context: &Context<'_>,
    request: functions::messages::ReadEncryptedHistory,
) -> Result<bool> {
    let actor = context.actor()?;
    let chat = named(context, &request.peer).await?;
    if request.max_date <= 0 || request.max_date > context.now.date().saturating_add(60) {
        return Err(Error::MAX_DATE_INVALID);
    }
    let update = types::Update::EncryptedMessagesRead {
        chat_id: chat.id,
        max_date: request.max_date,
        date: context.now.date(),
    };
    context
        .messenger()
        .signal_secret(actor, &chat, update, context.now)
        .await?;
    Ok(true)
}

/// messages.receivedQueue: the random ids of what is forgotten now.
pub(super) async fn received_queue(
    context: &Context<'_>,
    request: functions::messages::ReceivedQueue,
) -> Result<Vec<i64>> {
    let user = context.user()?;
    let key = context.auth_key_id();
    let messenger = context.messenger();
    if request.max_qts < 0 || request.max_qts > messenger.qts(user, key).await? {
        return Err(Error::MAX_QTS_INVALID);
    }
    let gone = messenger
        .received(user, key, request.max_qts, context.now)
        .await?;
    Ok(gone
        .into_iter()
        .filter_map(|update| match update {
            types::Update::NewEncryptedMessage { message, .. } => Some(match message {
                types::EncryptedMessage::EncryptedMessage(message) => message.random_id,
                types::EncryptedMessage::Service(message) => message.random_id,
            }),
            _ => None,
        })
        .collect())
}

/// messages.reportEncryptedSpam
pub(super) async fn report_encrypted_spam(
    context: &Context<'_>,
    request: functions::messages::ReportEncryptedSpam,
) -> Result<bool> {
    let chat = named(context, &request.peer).await?;
    tracing::debug!(chat = chat.id, "a secret chat was reported");
    Ok(true)
}
