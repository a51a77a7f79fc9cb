//! Sounds of one's own for notifications (3.6).

use messenger::{File, KeptList, attributes_to_bytes};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::hash_of;
use crate::stickers::show;

/// The most bytes of a sound.
const SIZE_MAX: u64 = 300 << 10;

/// account.getSavedRingtones
pub(super) async fn get_saved_ringtones(
    context: &Context<'_>,
    request: functions::account::GetSavedRingtones,
) -> Result<types::account::SavedRingtones> {
    let user = context.user()?;
    let mut ringtones = Vec::new();
    let mut ids = Vec::new();
    for kept in context
        .messenger()
        .kept_documents(user, KeptList::Ringtones)
        .await?
    {
        if let Some(document) = show::document(context, user, kept.document).await? {
            ids.push(kept.document);
            ringtones.push(document);
        }
    }
    let hash = hash_of(ids);
    if request.hash != 0 && request.hash == hash {
        return Ok(types::account::SavedRingtones::NotModified {});
    }
    Ok(types::account::SavedRingtones::SavedRingtones { hash, ringtones })
}

fn is_sound(mime_type: &str) -> bool {
    matches!(mime_type, "audio/mpeg" | "audio/mp3" | "audio/ogg")
}

/// account.saveRingtone
pub(super) async fn save_ringtone(
    context: &Context<'_>,
    request: functions::account::SaveRingtone,
) -> Result<types::account::SavedRingtone> {
    let actor = context.actor()?;
    let (id, file) = context
        .named_document(&request.id)
        .await
        .map_err(|_| Error::RINGTONE_INVALID)?;
    if !is_sound(&file.mime_type) || file.size > SIZE_MAX {
        return Err(Error::RINGTONE_INVALID);
    }
    let messenger = context.messenger();
    messenger
        .keep_document(
            actor.user,
            KeptList::Ringtones,
            Some(id),
            !request.unsave,
            context.now,
        )
        .await?;
    messenger
        .note_to_others(actor, types::Update::SavedRingtones {}, context.now)
        .await?;
    Ok(types::account::SavedRingtone::SavedRingtone {})
}

/// account.uploadRingtone
pub(super) async fn upload_ringtone(
    context: &Context<'_>,
    request: functions::account::UploadRingtone,
) -> Result<types::Document> {
    let user = context.user()?;
    let mime_type = request.mime_type.to_ascii_lowercase();
    if !is_sound(&mime_type) {
        return Err(Error::RINGTONE_MIME_INVALID);
    }
    let uploaded = context.uploaded(&request.file).await?;
    if uploaded.bytes.size > SIZE_MAX {
        return Err(Error::RINGTONE_INVALID);
    }
    let mut audio = constructors::DocumentAttributeAudio::new(0);
    audio.title = Some(request.file_name.detached());
    let attributes = vec![
        types::DocumentAttribute::Audio(Box::new(audio)),
        types::DocumentAttribute::Filename {
            file_name: request.file_name.detached(),
        },
    ];
    let file = File {
        date: context.now.unix_s(),
        mime_type,
        sha256: uploaded.bytes.sha256,
        size: uploaded.bytes.size,
        attributes: attributes_to_bytes(&attributes)?,
        ..File::default()
    };
    let id = context.new_file_id();
    context.messenger().create_file(id, &file).await?;
    Ok(context.messenger().show_document(user, id, &file)?)
}
