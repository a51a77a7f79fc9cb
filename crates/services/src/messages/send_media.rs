//! Sending media, alone and as albums (B.1).

use messenger::{Outgoing, PrivacyKey, SendOptions, tag};
use store::PeerId;
use tl_api::{constructors, functions, types};

use super::media;
use super::send::{Extras, answer, check_extras, check_random_id, deliver};
use crate::context::Context;
use crate::error::{Error, Result};

/// The most messages of an album.
const ALBUM_LEN_MAX: usize = 10;

/// messages.sendMedia
pub(super) async fn send_media(
    context: &Context<'_>,
    request: functions::messages::SendMedia,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    check_random_id(request.random_id)?;
    let peer = context.peer(&request.peer).await?;
    check_extras(
        context,
        &Extras {
            peer,
            send_as: request.send_as.as_ref(),
            shortcut: request.quick_reply_shortcut.is_some(),
            effect: request.effect,
        },
    )
    .await?;
    let reply_to = context.reply_to(request.reply_to.as_ref()).await?;
    let is_page = matches!(request.media, types::InputMedia::WebPage { .. });
    let text = if is_page {
        context.text(&request.message, request.entities).await?
    } else {
        context.caption(&request.message, request.entities).await?
    };
    let media = media::from_input(context, &request.media).await?;
    if media.is_none() && text.text.is_empty() {
        return Err(if is_page {
            Error::MESSAGE_EMPTY
        } else {
            Error::MEDIA_EMPTY
        });
    }
    let message = Outgoing {
        random_id: request.random_id,
        text,
        media,
        reply_to,
        markup: context.markup(request.reply_markup, peer).await?,
        silent: request.silent,
        invert_media: request.invert_media,
        effect: request.effect,
        ..Outgoing::default()
    };
    check_voice(context, peer, &message).await?;
    let options = SendOptions {
        clear_draft: request.clear_draft,
    };
    let messages = vec![message];
    let updates = deliver(
        context,
        actor,
        peer,
        messages,
        options,
        request.schedule_date,
    )
    .await?;
    Ok(answer(updates))
}

/// The tags that a message of these media has.
fn tags_of(media: &types::MessageMedia) -> u32 {
    let nowhere = types::Peer::User { user_id: 0 };
    let mut message = constructors::Message::new(0, nowhere, 0, "".into());
    message.media = Some(media.clone());
    tag::of(&types::Message::Message(Box::new(message)))
}

/// Some do not want to be sent voice messages (chain Kd).
async fn check_voice(context: &Context<'_>, peer: PeerId, message: &Outgoing) -> Result<()> {
    let (PeerId::User(other), Some(media)) = (peer, &message.media) else {
        return Ok(());
    };
    let user = context.user()?;
    if other == user || tags_of(media) & tag::bit(tag::ROUND_VOICE) == 0 {
        return Ok(());
    }
    let messenger = context.messenger();
    if messenger
        .may(user, other, PrivacyKey::VoiceMessages)
        .await?
    {
        Ok(())
    } else {
        Err(Error::VOICE_MESSAGES_FORBIDDEN)
    }
}

/// messages.sendMultiMedia
pub(super) async fn send_multi_media(
    context: &Context<'_>,
    request: functions::messages::SendMultiMedia,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    if request.multi_media.is_empty() {
        return Err(Error::MEDIA_EMPTY);
    }
    if request.multi_media.len() > ALBUM_LEN_MAX {
        return Err(Error::MULTI_MEDIA_TOO_LONG);
    }
    for (at, item) in request.multi_media.iter().enumerate() {
        check_random_id(item.random_id)?;
        let others = &request.multi_media[..at];
        if others.iter().any(|other| other.random_id == item.random_id) {
            return Err(Error::RANDOM_ID_INVALID);
        }
    }
    let peer = context.peer(&request.peer).await?;
    check_extras(
        context,
        &Extras {
            peer,
            send_as: request.send_as.as_ref(),
            shortcut: request.quick_reply_shortcut.is_some(),
            effect: request.effect,
        },
    )
    .await?;
    let reply_to = context.reply_to(request.reply_to.as_ref()).await?;
    let grouped_id = (request.multi_media.len() > 1).then(|| context.services.random_id());
    let mut messages = Vec::with_capacity(request.multi_media.len());
    for item in request.multi_media {
        let text = context.caption(&item.message, item.entities).await?;
        let media = media::from_input(context, &item.media).await?;
        let fits = matches!(
            media,
            Some(types::MessageMedia::Photo(_) | types::MessageMedia::Document(_))
        );
        if !fits {
            return Err(Error::MEDIA_INVALID);
        }
        let message = Outgoing {
            random_id: item.random_id,
            text,
            media,
            reply_to: reply_to.clone(),
            silent: request.silent,
            invert_media: request.invert_media,
            grouped_id,
            effect: request.effect,
            ..Outgoing::default()
        };
        check_voice(context, peer, &message).await?;
        messages.push(message);
    }
    check_kinds(&messages)?;
    let options = SendOptions {
        clear_draft: request.clear_draft,
    };
    let updates = deliver(
        context,
        actor,
        peer,
        messages,
        options,
        request.schedule_date,
    )
    .await?;
    Ok(answer(updates))
}

/// Photos and videos go together, documents and music only with their like.
fn check_kinds(messages: &[Outgoing]) -> Result<()> {
    let kinds = messages
        .iter()
        .filter_map(|message| message.media.as_ref())
        .map(|media| {
            let tags = tags_of(media);
            [tag::PHOTO_VIDEO, tag::DOCUMENT, tag::MUSIC]
                .into_iter()
                .find(|kind| tags & tag::bit(*kind) != 0)
        });
    let mut kinds = kinds.peekable();
    let first = kinds.peek().copied().flatten();
    if messages.len() > 1 && (first.is_none() || !kinds.all(|kind| kind == first)) {
        return Err(Error::MEDIA_GROUPED_INVALID);
    }
    Ok(())
}

/// messages.uploadMedia
pub(super) async fn upload_media(
    context: &Context<'_>,
    request: functions::messages::UploadMedia,
) -> Result<types::MessageMedia> {
    context.peer(&request.peer).await?;
    let media = media::from_input(context, &request.media).await?;
    media
        .filter(|media| {
            matches!(
                media,
                types::MessageMedia::Photo(_) | types::MessageMedia::Document(_)
            )
        })
        .ok_or(Error::MEDIA_INVALID)
}
