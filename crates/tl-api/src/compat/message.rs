//! Replies, polls, media and stickers.

use tl::{Bytes, Layer, Rest, Str, to_bytes};

use crate::{
    constructors as c,
    types::{
        Document, DocumentAttribute, InputReplyTo, MessagePeerVote, MessageUserVote,
        NotificationSound, Peer, Poll, PollAnswer, StickerSet,
    },
};

use super::peer::user_id;

/// The message that a request replies to.
pub(crate) fn reply_msg_id(reply_to: &Option<InputReplyTo>) -> Option<i32> {
    match reply_to {
        Some(InputReplyTo::Message(message)) => Some(message.reply_to_msg_id),
        Some(
            InputReplyTo::EphemeralMessage { .. }
            | InputReplyTo::MonoForum { .. }
            | InputReplyTo::Story { .. },
        )
        | None => None,
    }
}

/// The topic that a request replies in.
pub(crate) fn reply_top_id(reply_to: &Option<InputReplyTo>) -> Option<i32> {
    if let Some(InputReplyTo::Message(message)) = reply_to {
        message.top_msg_id
    } else {
        None
    }
}

/// The reply in a draft, unless it is to a message of another chat.
pub(crate) fn draft_reply_msg_id(reply_to: &Option<InputReplyTo>) -> Option<i32> {
    match reply_to {
        Some(InputReplyTo::Message(message)) if message.reply_to_peer_id.is_none() => {
            Some(message.reply_to_msg_id)
        }
        Some(_) | None => None,
    }
}

/// The reply that two ids of old requests say. No message, or message 0, is no reply; a topic alone
/// is a reply to its first message.
pub(crate) fn reply_to(msg_id: Option<i32>, top_msg_id: Option<i32>) -> Option<InputReplyTo> {
    let msg_id = msg_id.filter(|msg_id| *msg_id != 0).or(top_msg_id)?;
    Some(reply_to_message(msg_id, top_msg_id))
}

/// A reply to a message.
pub(crate) fn reply_to_message(msg_id: i32, top_msg_id: Option<i32>) -> InputReplyTo {
    let mut reply = c::InputReplyToMessage::new(msg_id);
    reply.top_msg_id = top_msg_id;
    InputReplyTo::Message(Box::new(reply))
}

/// The first of the alternatives to a document.
pub(crate) fn first_boxed(documents: &Option<Vec<Document>>) -> Option<Document> {
    documents.iter().flatten().next().cloned()
}

/// Votes of users; other voters cannot be shown.
pub(crate) fn user_votes(votes: &[MessagePeerVote]) -> Vec<MessageUserVote> {
    votes.iter().filter_map(user_vote).collect()
}

fn user_vote(vote: &MessagePeerVote) -> Option<MessageUserVote> {
    Some(match vote {
        MessagePeerVote::MessagePeerVote(vote) => {
            let c::MessagePeerVote { peer, option, date } = &**vote;
            let (user_id, option, date) = (user_id(peer)?, option.clone(), *date);
            MessageUserVote::MessageUserVote(Box::new(c::MessageUserVote {
                user_id,
                option,
                date,
            }))
        }
        MessagePeerVote::InputOption { peer, date } => MessageUserVote::InputOption {
            user_id: user_id(peer)?,
            date: *date,
        },
        MessagePeerVote::Multiple(vote) => {
            let c::MessagePeerVoteMultiple {
                peer,
                options,
                date,
            } = &**vote;
            let (user_id, options, date) = (user_id(peer)?, options.clone(), *date);
            MessageUserVote::Multiple {
                user_id,
                options,
                date,
            }
        }
    })
}

/// Votes of users as votes of peers.
pub(crate) fn peer_votes(votes: Vec<MessageUserVote>) -> Vec<MessagePeerVote> {
    votes.into_iter().map(peer_vote).collect()
}

fn peer_vote(vote: MessageUserVote) -> MessagePeerVote {
    match vote {
        MessageUserVote::MessageUserVote(vote) => {
            let c::MessageUserVote {
                user_id,
                option,
                date,
            } = *vote;
            let peer = Peer::User { user_id };
            MessagePeerVote::MessagePeerVote(Box::new(c::MessagePeerVote { peer, option, date }))
        }
        MessageUserVote::InputOption { user_id, date } => MessagePeerVote::InputOption {
            peer: Peer::User { user_id },
            date,
        },
        MessageUserVote::Multiple {
            user_id,
            options,
            date,
        } => {
            let peer = Peer::User { user_id };
            MessagePeerVote::Multiple(Box::new(c::MessagePeerVoteMultiple {
                peer,
                options,
                date,
            }))
        }
    }
}

/// The options of the right answers, given by their places.
pub(crate) fn option_bytes(places: &Option<Vec<i32>>, poll: &Poll) -> Option<Vec<Bytes>> {
    let option = |place: &i32| {
        let answer = poll.answers.get(usize::try_from(*place).ok()?)?;
        answer_option(answer)
    };
    Some(places.as_ref()?.iter().filter_map(option).collect())
}

/// The places of the right answers, given by their options; `None` if one is no option.
#[allow(
    clippy::option_option,
    reason = "an optional field of a rule that can fail"
)]
pub(crate) fn option_indices(options: Option<Vec<Bytes>>, poll: &Poll) -> Option<Option<Vec<i32>>> {
    let Some(options) = options else {
        return Some(None);
    };
    let place = |option: &Bytes| {
        let is_it = |answer: &PollAnswer| answer_option(answer).as_ref() == Some(option);
        poll.answers
            .iter()
            .position(is_it)
            .and_then(|place| i32::try_from(place).ok())
    };
    options
        .iter()
        .map(place)
        .collect::<Option<Vec<_>>>()
        .map(Some)
}

fn answer_option(answer: &PollAnswer) -> Option<Bytes> {
    match answer {
        PollAnswer::PollAnswer(answer) => Some(answer.option.clone()),
        PollAnswer::InputPollAnswer(_) => None,
    }
}

/// A set with the two flags that said of what kind all its stickers are (layers 133 to 143).
pub(crate) fn sticker_set_with_kind(
    set: &StickerSet,
    documents: &[Document],
    layer: Layer,
) -> Rest {
    const ANIMATED: u8 = 1 << 5;
    const VIDEOS: u8 = 1 << 6;
    let all_are = |mime_type: &str| {
        let is = |document: &Document| matches!(document, Document::Document(document) if document.mime_type == mime_type);
        !documents.is_empty() && documents.iter().all(is)
    };
    let mut bytes = to_bytes(set, layer).map(Vec::from).unwrap_or_default();
    // The lowest byte of the flags stands behind the id.
    if let Some(flags) = bytes.get_mut(4) {
        if all_are("application/x-tgsticker") {
            *flags |= ANIMATED;
        }
        if all_are("video/webm") {
            *flags |= VIDEOS;
        }
    }
    Rest(bytes.into())
}

/// A custom emoji as the sticker that it looks like.
pub(crate) fn emoji_as_sticker(attribute: &DocumentAttribute) -> Option<DocumentAttribute> {
    let DocumentAttribute::CustomEmoji(emoji) = attribute else {
        return None;
    };
    let (alt, stickerset) = (emoji.alt.clone(), emoji.stickerset.clone());
    Some(DocumentAttribute::Sticker(Box::new(
        c::DocumentAttributeSticker::new(alt, stickerset),
    )))
}

/// A sound by the name that it had: `default`, nothing for none, or that of a local file. The
/// outer `None` is the default of the client.
pub(crate) fn sound_name(sound: &NotificationSound) -> Option<Str> {
    match sound {
        NotificationSound::Default {} => None,
        NotificationSound::None {} => Some(Str::default()),
        NotificationSound::Local(sound) => Some(sound.data.clone()),
        NotificationSound::Ringtone { .. } => Some(Str::from_static("default")),
    }
}

/// A sound by its name in a request.
pub(crate) fn sound_text(sound: &NotificationSound) -> Str {
    sound_name(sound).unwrap_or(Str::from_static("default"))
}

/// The sound that a name says.
pub(crate) fn named_sound(name: Str) -> NotificationSound {
    match name.as_str() {
        "default" => NotificationSound::Default {},
        "" => NotificationSound::None {},
        _ => {
            let title = Str::default();
            NotificationSound::Local(Box::new(c::NotificationSoundLocal { title, data: name }))
        }
    }
}
