//! What members of basic groups may do: the bits of `chatBannedRights#9f120418`.

use store::UserId;
use tl_api::types::Message;

use crate::record::Chat;
use crate::tag;

/// Sending messages of any kind.
pub const SEND_MESSAGES: u32 = 1 << 1;
/// Sending media of any kind.
pub const SEND_MEDIA: u32 = 1 << 2;
/// Sending stickers.
pub const SEND_STICKERS: u32 = 1 << 3;
/// Sending animations.
pub const SEND_GIFS: u32 = 1 << 4;
/// Sending polls.
pub const SEND_POLLS: u32 = 1 << 8;
/// Changing title, photo and description.
pub const CHANGE_INFO: u32 = 1 << 10;
/// Bringing in new members.
pub const INVITE_USERS: u32 = 1 << 15;
/// Pinning messages.
pub const PIN_MESSAGES: u32 = 1 << 17;
/// Sending photos.
pub const SEND_PHOTOS: u32 = 1 << 19;
/// Sending videos.
pub const SEND_VIDEOS: u32 = 1 << 20;
/// Sending round videos.
pub const SEND_ROUND_VIDEOS: u32 = 1 << 21;
/// Sending music.
pub const SEND_AUDIOS: u32 = 1 << 22;
/// Sending voice messages.
pub const SEND_VOICES: u32 = 1 << 23;
/// Sending documents.
pub const SEND_DOCUMENTS: u32 = 1 << 24;
/// Sending plain texts.
pub const SEND_PLAIN: u32 = 1 << 25;

/// The right that a message of this kind needs, besides [`SEND_MESSAGES`].
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all other media need the same right"
)]
fn needed(message: &Message) -> u32 {
    let Message::Message(content) = message else {
        return 0;
    };
    let Some(media) = &content.media else {
        return SEND_PLAIN;
    };
    let tags = tag::of(message);
    let kinds = [
        (tag::PHOTO, SEND_PHOTOS),
        (tag::VIDEO, SEND_VIDEOS),
        (tag::ROUND_VIDEO, SEND_ROUND_VIDEOS),
        (tag::MUSIC, SEND_AUDIOS),
        (tag::VOICE, SEND_VOICES),
        (tag::DOCUMENT, SEND_DOCUMENTS),
        (tag::GIF, SEND_GIFS),
        (tag::POLL, SEND_POLLS),
    ];
    for (kind, right) in kinds {
        if tags & tag::bit(kind) != 0 {
            return right;
        }
    }
    match media {
        tl_api::types::MessageMedia::Document(_) => SEND_STICKERS,
        tl_api::types::MessageMedia::WebPage { .. } => SEND_PLAIN,
        _ => SEND_MEDIA,
    }
}

/// The right that a member lacks to send this message; `None` when it may be sent.
#[must_use]
pub fn lacking(chat: &Chat, user: UserId, message: &Message) -> Option<u32> {
    if chat.is_admin(user) {
        return None;
    }
    let needed = needed(message);
    [SEND_MESSAGES, needed]
        .into_iter()
        .find(|right| *right != 0 && chat.banned_rights & right != 0)
        .or_else(|| {
            let is_media = !matches!(needed, 0 | SEND_PLAIN);
            (is_media && chat.banned_rights & SEND_MEDIA != 0).then_some(SEND_MEDIA)
        })
}

/// Whether a member may do what only admins may when it is banned.
#[must_use]
pub fn may(chat: &Chat, user: UserId, right: u32) -> bool {
    chat.is_admin(user) || chat.member(user).is_some() && chat.banned_rights & right == 0
}
