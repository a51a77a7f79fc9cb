//! Everything about one user.

use messenger::{Peers, PrivacyKey, User};
use store::{DocumentId, PeerId, UserId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// users.getFullUser
pub(super) async fn get_full_user(
    context: &Context<'_>,
    request: functions::users::GetFullUser,
) -> Result<types::users::UserFull> {
    let viewer = context.user()?;
    let id = context.input_user(&request.id).await?;
    let messenger = context.messenger();
    let user = messenger.user(id).await?.ok_or(Error::USER_ID_INVALID)?;
    let settings = messenger.peer_settings(viewer, id).await?;
    let notify_settings = messenger.notify_settings(viewer, PeerId::User(id)).await?;
    let common = if viewer == id {
        0
    } else {
        messenger.common_chats(viewer, id).await?.len()
    };
    let mut full = types::UserFull::new(
        id.0,
        Box::new(settings),
        Box::new(notify_settings),
        i32::try_from(common).unwrap_or(i32::MAX),
    );
    full.can_pin_message = !user.deleted;
    full.translations_disabled = messenger.is_untranslated(viewer, PeerId::User(id)).await?;
    if !user.deleted {
        add_profile(context, viewer, &user, &mut full).await?;
        add_relation(context, viewer, &user, &mut full).await?;
    }
    let mut peers = Peers::default();
    peers.add_user(id.0);
    let shown = messenger.show(viewer, &peers, context.now).await?;
    Ok(types::users::UserFull {
        full_user: Box::new(full),
        chats: shown.chats,
        users: shown.users,
    })
}

/// What the user tells, as far as the viewer may know it.
async fn add_profile(
    context: &Context<'_>,
    viewer: UserId,
    user: &User,
    full: &mut types::UserFull,
) -> Result<()> {
    let messenger = context.messenger();
    if user.bot {
        let id = user.user_id();
        let info = crate::bots::bot_info(context, id, PeerId::User(id)).await?;
        full.bot_info = Some(Box::new(info));
        let facts = user.bot_facts.clone().unwrap_or_default();
        full.bot_group_admin_rights = tl::from_bytes(&facts.group_rights.into()).ok();
        full.bot_broadcast_admin_rights = tl::from_bytes(&facts.broadcast_rights.into()).ok();
    }
    if messenger.may_with(viewer, user, PrivacyKey::About).await? {
        full.about = user.about.as_deref().map(Into::into);
    }
    if messenger
        .may_with(viewer, user, PrivacyKey::Birthday)
        .await?
    {
        full.birthday = user.birthday.map(|birthday| types::Birthday {
            day: birthday.day.into(),
            month: birthday.month.into(),
            year: birthday.year.map(Into::into),
        });
    }
    if let Some(photo) = &user.photo
        && messenger.may_see_photo(viewer, user).await?
    {
        let id = DocumentId(photo.id);
        full.profile_photo = messenger
            .file(id)
            .await?
            .map(|file| messenger.show_photo(viewer, id, &file));
    }
    if !messenger
        .may_with(viewer, user, PrivacyKey::Forwards)
        .await?
    {
        let name = format!("{} {}", user.first_name, user.last_name);
        full.private_forward_name = Some(name.trim().into());
    }
    full.voice_messages_forbidden = !messenger
        .may_with(viewer, user, PrivacyKey::VoiceMessages)
        .await?;
    full.phone_calls_available = !user.bot && viewer != user.user_id();
    full.video_calls_available = full.phone_calls_available;
    full.phone_calls_private = !messenger
        .may_with(viewer, user, PrivacyKey::PhoneCall)
        .await?;
    Ok(())
}

/// What is between the viewer and the user.
async fn add_relation(
    context: &Context<'_>,
    viewer: UserId,
    user: &User,
    full: &mut types::UserFull,
) -> Result<()> {
    let messenger = context.messenger();
    let id = user.user_id();
    let blocked = messenger.blocked(viewer).await?;
    if let Some(record) = blocked.get(&id) {
        full.blocked = record.all;
        full.blocked_my_stories_from = record.stories;
    }
    let contacts = messenger.contacts(viewer).await?;
    full.note = contacts
        .get(&id)
        .filter(|facts| !facts.note.is_empty())
        .map(|facts| types::TextWithEntities {
            text: facts.note.as_str().into(),
            entities: Vec::new(),
        });
    let own = contacts.get(&id).and_then(|facts| facts.photo.as_ref());
    if let Some(photo) = own {
        let photo = DocumentId(photo.id);
        full.personal_photo = messenger
            .file(photo)
            .await?
            .map(|file| messenger.show_photo(viewer, photo, &file));
    }
    let peer = PeerId::User(id);
    let dialog = context
        .services
        .store
        .dialog(store::MailboxId::User(viewer), peer)
        .await?;
    full.has_scheduled = messenger.has_scheduled(viewer, peer).await?;
    if let Some(dialog) = dialog {
        let ttl = messenger.history_ttl(viewer, peer).await?;
        full.ttl_period = (ttl > 0).then(|| ttl.cast_signed());
        full.folder_id = (dialog.folder != 0).then_some(dialog.folder.cast_signed());
        let pinned = messenger.pinned_message(viewer, peer).await?;
        full.pinned_msg_id = pinned.map(|id| id.0);
    }
    Ok(())
}

/// users.getRequirementsToContact: nothing is required of anybody.
pub(super) async fn get_requirements_to_contact(
    context: &Context<'_>,
    request: functions::users::GetRequirementsToContact,
) -> Result<Vec<types::RequirementToContact>> {
    /// The most users in one call.
    const USERS_MAX: usize = 100;
    context.user()?;
    if request.id.len() > USERS_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    Ok(request
        .id
        .iter()
        .map(|_| types::RequirementToContact::Empty {})
        .collect())
}

/// users.getSavedMusic
pub(super) async fn get_saved_music(
    context: &Context<'_>,
    request: functions::users::GetSavedMusic,
) -> Result<types::users::SavedMusic> {
    context.input_user(&request.id).await?;
    Ok(no_music())
}

/// users.getSavedMusicByID
pub(super) async fn get_saved_music_by_id(
    context: &Context<'_>,
    request: functions::users::GetSavedMusicByID,
) -> Result<types::users::SavedMusic> {
    context.input_user(&request.id).await?;
    Ok(no_music())
}

fn no_music() -> types::users::SavedMusic {
    types::users::SavedMusic::SavedMusic {
        count: 0,
        documents: Vec::new(),
    }
}
