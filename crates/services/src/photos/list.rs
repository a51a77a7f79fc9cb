//! The photos of a user, page by page (account sheet 4.2).

use messenger::Peers;
use store::{DocumentId, PeerId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// Photos in one answer.
const LIMIT_MAX: usize = 100;

/// photos.getUserPhotos
pub(super) async fn get_user_photos(
    context: &Context<'_>,
    request: functions::photos::GetUserPhotos,
) -> Result<types::photos::Photos> {
    let viewer = context.user()?;
    let user = context.input_user(&request.user_id).await?;
    let messenger = context.messenger();
    let profile = messenger.user(user).await?.ok_or(Error::USER_ID_INVALID)?;
    let all = if messenger.may_see_photo(viewer, &profile).await? {
        messenger.photos(PeerId::User(user)).await?
    } else {
        Vec::new()
    };
    let page = page(&all, &request);
    let mut photos = Vec::with_capacity(page.len());
    for id in page {
        if let Some(file) = messenger.file(*id).await? {
            photos.push(messenger.show_photo(viewer, *id, &file));
        }
    }
    let mut peers = Peers::default();
    peers.add(PeerId::User(user));
    let users = messenger.show(viewer, &peers, context.now).await?.users;
    if photos.len() == all.len() {
        let photos = constructors::photos::Photos { photos, users };
        return Ok(types::photos::Photos::Photos(Box::new(photos)));
    }
    Ok(types::photos::Photos::Slice(Box::new(
        constructors::photos::PhotosSlice {
            count: i32::try_from(all.len()).unwrap_or(i32::MAX),
            photos,
            users,
        },
    )))
}

/// `max_id` alone: older ones; with offset −1: that one and older ones; none: from `offset` on.
fn page<'a>(all: &'a [DocumentId], request: &functions::photos::GetUserPhotos) -> &'a [DocumentId] {
    let limit = usize::try_from(request.limit).unwrap_or(0).min(LIMIT_MAX);
    let after = match request.max_id {
        0 => 0,
        max_id => all
            .iter()
            .position(|id| id.0 == max_id)
            .map_or(all.len(), |at| at + 1),
    };
    let start = i64::try_from(after)
        .unwrap_or(i64::MAX)
        .saturating_add(i64::from(request.offset));
    let start = usize::try_from(start).unwrap_or(0).min(all.len());
    &all[start..(start + limit).min(all.len())]
}
