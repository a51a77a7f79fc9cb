//! Reactions: emoticons up to layer 144, values of their own since.

use tl::Str;

use crate::types::{
    ChatReactions, MessagePeerReaction, MessageUserReaction, PaidReactionPrivacy, Peer, Reaction,
};

use super::peer::user_id;

/// What "all reactions" meant when the list was sent in full.
const DEFAULT_EMOTICONS: &[&str] = &[
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩", "🤮", "💩",
];

/// The emoticon of a reaction that is one.
pub(crate) fn emoticon(reaction: &Reaction) -> Option<Str> {
    match reaction {
        Reaction::Emoji { emoticon } => Some(emoticon.clone()),
        Reaction::CustomEmoji { .. } | Reaction::Empty {} | Reaction::Paid {} => None,
    }
}

/// An emoticon as a reaction.
pub(crate) fn emoji(emoticon: Str) -> Reaction {
    Reaction::Emoji { emoticon }
}

/// The emoticons that a chat allows.
pub(crate) fn emoticons(reactions: &ChatReactions) -> Vec<Str> {
    match reactions {
        ChatReactions::All { .. } => DEFAULT_EMOTICONS
            .iter()
            .map(|emoticon| Str::from_static(emoticon))
            .collect(),
        ChatReactions::None {} => Vec::new(),
        ChatReactions::Some { reactions } => reactions.iter().filter_map(emoticon).collect(),
    }
}

/// The same where a missing list says that none are allowed.
pub(crate) fn some_emoticons(reactions: &Option<ChatReactions>) -> Option<Vec<Str>> {
    match reactions {
        None | Some(ChatReactions::None {}) => None,
        Some(reactions) => Some(emoticons(reactions)),
    }
}

/// A list of emoticons as what a chat allows.
pub(crate) fn emoji_reactions(emoticons: Vec<Str>) -> ChatReactions {
    if emoticons.is_empty() {
        return ChatReactions::None {};
    }
    ChatReactions::Some {
        reactions: emoticons.into_iter().map(emoji).collect(),
    }
}

/// The emoticon of the first of several sent reactions.
pub(crate) fn first_emoticon(reactions: &Option<Vec<Reaction>>) -> Option<Str> {
    reactions.iter().flatten().find_map(emoticon)
}

/// The list that one sent emoticon is; nothing, or an empty one, removes the reaction.
pub(crate) fn sent_reaction(emoticon: Option<Str>) -> Vec<Reaction> {
    emoticon
        .filter(|emoticon| !emoticon.is_empty())
        .into_iter()
        .map(emoji)
        .collect()
}

/// Who reacted, as far as they are users who reacted with an emoticon.
pub(crate) fn user_reactions(reactions: &[MessagePeerReaction]) -> Vec<MessageUserReaction> {
    let user_reaction = |reaction: &MessagePeerReaction| {
        let (user_id, reaction) = (user_id(&reaction.peer_id)?, emoticon(&reaction.reaction)?);
        Some(MessageUserReaction { user_id, reaction })
    };
    reactions.iter().filter_map(user_reaction).collect()
}

/// Who reacted, without the time, which layers 136 and 137 do not tell.
pub(crate) fn peer_reactions(reactions: Vec<MessageUserReaction>) -> Vec<MessagePeerReaction> {
    let peer_reaction = |reaction: MessageUserReaction| MessagePeerReaction {
        big: false,
        unread: false,
        my: false,
        peer_id: Peer::User {
            user_id: reaction.user_id,
        },
        date: 0,
        reaction: emoji(reaction.reaction),
    };
    reactions.into_iter().map(peer_reaction).collect()
}

/// Whether a paid reaction hides its sender.
pub(crate) fn is_anonymous(privacy: &PaidReactionPrivacy) -> bool {
    matches!(privacy, PaidReactionPrivacy::Anonymous {})
}

/// The privacy that a flag says.
pub(crate) fn paid_privacy(private: bool) -> PaidReactionPrivacy {
    if private {
        PaidReactionPrivacy::Anonymous {}
    } else {
        PaidReactionPrivacy::Default {}
    }
}
