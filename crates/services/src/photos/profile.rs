//! One's own profile photo.

use messenger::{Actor, Peers, Photo};
use store::{DocumentId, PeerId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::file::{PhotoKind, mention};

/// photos.uploadProfilePhoto
pub(super) async fn upload_profile_photo(
    context: &Context<'_>,
    request: functions::photos::UploadProfilePhoto,
) -> Result<types::photos::Photo> {
    let user = context.user()?;
    if request.bot.is_some() {
        return Err(Error::BOT_INVALID);
    }
    let file = request.file.as_ref().ok_or(Error::PHOTO_FILE_MISSING)?;
    let (id, file) = context.new_photo(file, PhotoKind::Profile).await?;
    context
        .messenger()
        .put_photo_first(PeerId::User(user), id)
        .await?;
    set_current(context, Some(mention(id, &file))).await?;
    answer(context, Some(id)).await
}

/// photos.uploadContactProfilePhoto: one for one's own eyes, or one that is suggested to them.
pub(super) async fn upload_contact_profile_photo(
    context: &Context<'_>,
    request: functions::photos::UploadContactProfilePhoto,
) -> Result<types::photos::Photo> {
    let actor = context.actor()?;
    let user = context.input_user(&request.user_id).await?;
    if user == actor.user {
        return Err(Error::USER_ID_INVALID);
    }
    let messenger = context.messenger();
    if !messenger.contacts(actor.user).await?.contains_key(&user) {
        return Err(Error::CONTACT_MISSING);
    }
    if request.suggest == request.save {
        return Err(Error::NEED_ACTION_MISSING);
    }
    let moves = request.video.is_some() || request.video_emoji_markup.is_some();
    let made = match &request.file {
        Some(file) => Some(context.new_photo(file, PhotoKind::Profile).await?),
        None if moves || request.suggest => return Err(Error::PHOTO_FILE_MISSING),
        None => None,
    };
    if request.save {
        let photo = made.as_ref().map(|(id, file)| mention(*id, file));
        messenger
            .picture_contact(actor, user, photo, context.now)
            .await?;
    } else if let Some((id, file)) = &made {
        let photo = messenger.show_photo(actor.user, *id, file);
        let action = types::MessageAction::SuggestProfilePhoto { photo };
        // The answer has no room for the message: the caller is told like everybody.
        messenger
            .send_service(
                Actor::server(actor.user),
                PeerId::User(user),
                action,
                None,
                context.services.random_id(),
                context.now,
            )
            .await?;
    }
    let mut peers = Peers::default();
    peers.add(PeerId::User(user));
    let users = messenger.show(actor.user, &peers, context.now).await?.users;
    let photo = made.map_or(types::Photo::Empty { id: 0 }, |(id, file)| {
        messenger.show_photo(actor.user, id, &file)
    });
    Ok(types::photos::Photo { photo, users })
}

/// photos.updateProfilePhoto
pub(super) async fn update_profile_photo(
    context: &Context<'_>,
    request: functions::photos::UpdateProfilePhoto,
) -> Result<types::photos::Photo> {
    let user = context.user()?;
    if request.bot.is_some() {
        return Err(Error::BOT_INVALID);
    }
    let owner = PeerId::User(user);
    let messenger = context.messenger();
    if let types::InputPhoto::Empty {} = request.id {
        let current = messenger
            .user(user)
            .await?
            .and_then(|user| user.photo.clone());
        if let Some(current) = current {
            messenger
                .remove_photos(owner, &[DocumentId(current.id)])
                .await?;
        }
        return fall_back(context).await;
    }
    let (id, file) = context
        .named_photo(&request.id)
        .await
        .map_err(|_| Error::PHOTO_ID_INVALID)?;
    if !messenger.has_photo(owner, id).await? {
        return Err(Error::PHOTO_ID_INVALID);
    }
    messenger.put_photo_first(owner, id).await?;
    set_current(context, Some(mention(id, &file))).await?;
    answer(context, Some(id)).await
}

/// photos.deletePhotos
pub(super) async fn delete_photos(
    context: &Context<'_>,
    request: functions::photos::DeletePhotos,
) -> Result<Vec<i64>> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut named = Vec::with_capacity(request.id.len());
    for photo in &request.id {
        // Photos of others are skipped.
        if let Ok((id, _)) = context.named_photo(photo).await {
            named.push(id);
        }
    }
    let removed = messenger.remove_photos(PeerId::User(user), &named).await?;
    let current = messenger
        .user(user)
        .await?
        .and_then(|user| user.photo.clone());
    if current.is_some_and(|current| removed.contains(&DocumentId(current.id))) {
        fall_back(context).await?;
    }
    Ok(removed.into_iter().map(|id| id.0).collect())
}

/// The newest photo that is left becomes the current one.
async fn fall_back(context: &Context<'_>) -> Result<types::photos::Photo> {
    let messenger = context.messenger();
    let next = messenger
        .photos(PeerId::User(context.user()?))
        .await?
        .first()
        .copied();
    let photo = match next {
        Some(id) => messenger.file(id).await?.map(|file| mention(id, &file)),
        None => None,
    };
    set_current(context, photo).await?;
    answer(context, next).await
}

async fn set_current(context: &Context<'_>, photo: Option<Photo>) -> Result<()> {
    let user = context.user()?;
    let messenger = context.messenger();
    messenger
        .change_user(user, |user| {
            user.photo.clone_from(&photo);
            Ok(())
        })
        .await?;
    messenger
        .user_changed(context.actor()?, context.now)
        .await?;
    Ok(())
}

async fn answer(context: &Context<'_>, photo: Option<DocumentId>) -> Result<types::photos::Photo> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut peers = Peers::default();
    peers.add(PeerId::User(user));
    let users = messenger.show(user, &peers, context.now).await?.users;
    let file = match photo {
        Some(id) => messenger.file(id).await?.map(|file| (id, file)),
        None => None,
    };
    let photo = file.map_or(types::Photo::Empty { id: 0 }, |(id, file)| {
        messenger.show_photo(user, id, &file)
    });
    Ok(types::photos::Photo { photo, users })
}
