//! The lists of a dialog that a message is in: one bit of `tags` each.

use tl_api::types::{DocumentAttribute, Message, MessageAction, MessageEntity, MessageMedia};

/// Photos.
pub const PHOTO: u8 = 0;
/// Videos that are neither round nor animations.
pub const VIDEO: u8 = 1;
/// Documents of no other kind.
pub const DOCUMENT: u8 = 2;
/// Texts with addresses.
pub const URL: u8 = 3;
/// Animations.
pub const GIF: u8 = 4;
/// Voice messages.
pub const VOICE: u8 = 5;
/// Music.
pub const MUSIC: u8 = 6;
/// Changes of a group's photo.
pub const CHAT_PHOTO: u8 = 7;
/// Calls.
pub const PHONE_CALL: u8 = 8;
/// Round videos.
pub const ROUND_VIDEO: u8 = 9;
/// Places.
pub const GEO: u8 = 10;
/// Contacts.
pub const CONTACT: u8 = 11;
/// Polls.
pub const POLL: u8 = 12;
/// Pinned messages.
pub const PINNED: u8 = 13;
/// Messages that mention the owner of the mailbox.
pub const MENTION: u8 = 14;
/// Those of them that have not been looked at.
pub const UNREAD_MENTION: u8 = 15;
/// Photos and videos together.
pub const PHOTO_VIDEO: u8 = 16;
/// Voice messages and round videos together.
pub const ROUND_VOICE: u8 = 17;

/// Own messages with reactions that have not been looked at.
pub const UNREAD_REACTION: u8 = 18;
/// Own messages that were sent by the queue: they count as unread.
pub const FROM_SCHEDULED: u8 = 19;

/// The bit of a list.
#[must_use]
pub const fn bit(tag: u8) -> u32 {
    1 << tag
}

/// The lists that a message is in.
#[must_use]
pub fn of(message: &Message) -> u32 {
    match message {
        Message::Message(message) => {
            let mut tags = message.media.as_ref().map_or(0, of_media);
            let has_address = message.entities.iter().flatten().any(|entity| {
                matches!(
                    entity,
                    MessageEntity::Url { .. } | MessageEntity::TextUrl { .. }
                )
            });
            if has_address {
                tags |= bit(URL);
            }
            if message.pinned {
                tags |= bit(PINNED);
            }
            if let Some(reactions) = &message.reactions {
                let mut recent = reactions.recent_reactions.iter().flatten();
                if recent.any(|reaction| reaction.unread) {
                    tags |= bit(UNREAD_REACTION);
                }
            }
            if message.from_scheduled {
                tags |= bit(FROM_SCHEDULED);
            }
            if message.mentioned {
                tags |= bit(MENTION);
                if message.media_unread {
                    tags |= bit(UNREAD_MENTION);
                }
            }
            tags
        }
        Message::Service(message) => {
            let mut tags = of_action(&message.action);
            if message.mentioned {
                tags |= bit(MENTION);
                if message.media_unread {
                    tags |= bit(UNREAD_MENTION);
                }
            }
            tags
        }
        Message::Empty { .. } => 0,
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "most actions are in no list"
)]
fn of_action(action: &MessageAction) -> u32 {
    match action {
        MessageAction::ChatEditPhoto { .. } => bit(CHAT_PHOTO),
        MessageAction::PhoneCall(_) => bit(PHONE_CALL),
        _ => 0,
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "most media are in no list")]
fn of_media(media: &MessageMedia) -> u32 {
    match media {
        MessageMedia::Photo(_) => bit(PHOTO) | bit(PHOTO_VIDEO),
        MessageMedia::Geo { .. } | MessageMedia::GeoLive(_) | MessageMedia::Venue(_) => bit(GEO),
        MessageMedia::Contact(_) => bit(CONTACT),
        MessageMedia::Poll { .. } => bit(POLL),
        MessageMedia::WebPage { .. } => bit(URL),
        MessageMedia::Document(document) => match &document.document {
            Some(tl_api::types::Document::Document(document)) => of_document(&document.attributes),
            _ => 0,
        },
        _ => 0,
    }
}

/// The kind of a document (C.3), as the list it is in.
fn of_document(attributes: &[DocumentAttribute]) -> u32 {
    let has = |wanted: fn(&DocumentAttribute) -> bool| attributes.iter().any(wanted);
    if has(|attribute| {
        matches!(
            attribute,
            DocumentAttribute::Sticker(_) | DocumentAttribute::CustomEmoji(_)
        )
    }) {
        return 0;
    }
    if has(|attribute| matches!(attribute, DocumentAttribute::Animated {})) {
        return bit(GIF);
    }
    for attribute in attributes {
        match attribute {
            DocumentAttribute::Video(video) if video.round_message => {
                return bit(ROUND_VIDEO) | bit(ROUND_VOICE);
            }
            DocumentAttribute::Video(_) => return bit(VIDEO) | bit(PHOTO_VIDEO),
            DocumentAttribute::Audio(audio) if audio.voice => {
                return bit(VOICE) | bit(ROUND_VOICE);
            }
            DocumentAttribute::Audio(_) => return bit(MUSIC),
            DocumentAttribute::Animated {}
            | DocumentAttribute::CustomEmoji(_)
            | DocumentAttribute::Filename { .. }
            | DocumentAttribute::HasStickers {}
            | DocumentAttribute::ImageSize { .. }
            | DocumentAttribute::Sticker(_) => {}
        }
    }
    bit(DOCUMENT)
}

/// What a search finds a message by (S1).
#[must_use]
#[allow(clippy::wildcard_enum_match_arm, reason = "other media have no words")]
pub fn search_text(message: &Message) -> String {
    let Message::Message(message) = message else {
        return String::new();
    };
    let mut text = message.message.as_str().to_owned();
    let mut add = |word: &str| {
        if !word.is_empty() {
            text.push('\n');
            text.push_str(word);
        }
    };
    match &message.media {
        Some(MessageMedia::Document(document)) => {
            if let Some(tl_api::types::Document::Document(document)) = &document.document {
                for attribute in &document.attributes {
                    match attribute {
                        DocumentAttribute::Filename { file_name } => add(file_name),
                        DocumentAttribute::Audio(audio) => {
                            add(audio.title.as_deref().unwrap_or(""));
                            add(audio.performer.as_deref().unwrap_or(""));
                        }
                        _ => {}
                    }
                }
            }
        }
        Some(MessageMedia::Contact(contact)) => {
            add(&contact.first_name);
            add(&contact.last_name);
        }
        Some(MessageMedia::Venue(venue)) => add(&venue.title),
        Some(MessageMedia::Poll { poll, .. }) => {
            add(&poll.question.text);
            for answer in &poll.answers {
                if let tl_api::types::PollAnswer::PollAnswer(answer) = answer {
                    add(&answer.text.text);
                }
            }
        }
        _ => {}
    }
    text
}
