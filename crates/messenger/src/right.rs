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

/// Looking at messages at all; never denied to all.
pub const VIEW_MESSAGES: u32 = 1;
/// Sending games.
pub const SEND_GAMES: u32 = 1 << 5;
/// Sending what inline bots make.
pub const SEND_INLINE: u32 = 1 << 6;
/// Links that are shown as pages.
pub const EMBED_LINKS: u32 = 1 << 7;
/// Making topics.
pub const MANAGE_TOPICS: u32 = 1 << 18;
/// Changing one's own rank.
pub const EDIT_RANK: u32 = 1 << 26;
/// Reacting to messages.
pub const SEND_REACTIONS: u32 = 1 << 27;

/// The kinds of media that came out of [`SEND_MEDIA`].
const MEDIA_KINDS: u32 =
    SEND_PHOTOS | SEND_VIDEOS | SEND_ROUND_VIDEOS | SEND_AUDIOS | SEND_VOICES | SEND_DOCUMENTS;

/// All bits that mean something in a channel.
pub(crate) const CHANNEL_BITS: u32 = 0x1ff | 1 << 10 | 1 << 15 | 0x7ff << 17;

/// Denied rights with those that they take along (1.4).
#[must_use]
pub fn with_implied(denied: u32) -> u32 {
    let mut all = denied & CHANNEL_BITS;
    if all & VIEW_MESSAGES != 0 {
        all |= SEND_MESSAGES;
    }
    if all & SEND_MESSAGES != 0 {
        all |= SEND_MEDIA
            | SEND_STICKERS
            | SEND_GIFS
            | SEND_GAMES
            | SEND_INLINE
            | EMBED_LINKS
            | SEND_POLLS
            | SEND_PLAIN;
    }
    if all & SEND_MEDIA != 0 {
        all |= MEDIA_KINDS;
    }
    all
}

/// The right that somebody lacks to send this message, by what is denied to them.
#[must_use]
pub fn denied_to_send(denied: u32, message: &Message) -> Option<u32> {
    let needed = needed(message);
    [SEND_MESSAGES, needed]
        .into_iter()
        .find(|right| *right != 0 && denied & right != 0)
}

/// The bits of `chatAdminRights#5fb224d5`.
pub mod admin {
    /// Changing title, photo and description.
    pub const CHANGE_INFO: u32 = 1;
    /// Posting into a channel.
    pub const POST_MESSAGES: u32 = 1 << 1;
    /// Editing and pinning what others have posted.
    pub const EDIT_MESSAGES: u32 = 1 << 2;
    /// Deleting messages of others.
    pub const DELETE_MESSAGES: u32 = 1 << 3;
    /// Restricting and banning.
    pub const BAN_USERS: u32 = 1 << 4;
    /// Bringing in members.
    pub const INVITE_USERS: u32 = 1 << 5;
    /// Pinning messages of a supergroup.
    pub const PIN_MESSAGES: u32 = 1 << 7;
    /// Making others admins.
    pub const ADD_ADMINS: u32 = 1 << 9;
    /// Writing as the group.
    pub const ANONYMOUS: u32 = 1 << 10;
    /// Managing calls.
    pub const MANAGE_CALL: u32 = 1 << 11;
    /// An admin without any other right.
    pub const OTHER: u32 = 1 << 12;
    /// Managing topics.
    pub const MANAGE_TOPICS: u32 = 1 << 13;
    /// Stories in the name of the channel.
    pub const STORIES: u32 = 0b111 << 14;
    /// Direct messages of the channel.
    pub const MANAGE_DIRECT_MESSAGES: u32 = 1 << 17;
    /// The ranks of others.
    pub const MANAGE_RANKS: u32 = 1 << 18;

    const BOTH: u32 = CHANGE_INFO
        | DELETE_MESSAGES
        | BAN_USERS
        | INVITE_USERS
        | ADD_ADMINS
        | MANAGE_CALL
        | OTHER
        | STORIES;

    /// The rights that there are in a kind of channel (1.3).
    #[must_use]
    pub fn mask(megagroup: bool) -> u32 {
        if megagroup {
            BOTH | PIN_MESSAGES | ANONYMOUS | MANAGE_TOPICS | MANAGE_RANKS
        } else {
            BOTH | POST_MESSAGES | EDIT_MESSAGES | MANAGE_DIRECT_MESSAGES
        }
    }

    /// What the owner may, which is all but to be anonymous without having said so.
    #[must_use]
    pub fn of_creator(megagroup: bool) -> u32 {
        mask(megagroup) & !ANONYMOUS
    }
}
