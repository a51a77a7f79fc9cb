//! Users, channels and peers in place of each other.

use tl::Str;

use crate::{
    constructors as c,
    types::{self, InputChannel, InputPeer, InputUser, Peer, PeerColor, RecentStory, SendAsPeer},
};

/// The user that a peer is.
pub(crate) fn user_id(peer: &Peer) -> Option<i64> {
    match peer {
        Peer::User { user_id } => Some(*user_id),
        Peer::Chat { .. } | Peer::Channel { .. } => None,
    }
}

/// The channel that a peer is.
pub(crate) fn channel_id(peer: &Peer) -> Option<i64> {
    match peer {
        Peer::Channel { channel_id } => Some(*channel_id),
        Peer::Chat { .. } | Peer::User { .. } => None,
    }
}

/// The positive id of a group or channel.
pub(crate) fn bare_chat_id(peer: &Peer) -> i64 {
    match peer {
        Peer::Channel { channel_id: id }
        | Peer::Chat { chat_id: id }
        | Peer::User { user_id: id } => *id,
    }
}

/// Those of the peers that are users.
pub(crate) fn user_ids(peers: &[Peer]) -> Vec<i64> {
    peers.iter().filter_map(user_id).collect()
}

/// Users as peers.
pub(crate) fn user_peers(user_ids: Vec<i64>) -> Vec<Peer> {
    user_ids
        .into_iter()
        .map(|user_id| Peer::User { user_id })
        .collect()
}

/// The id of a user of any kind.
pub(crate) fn user_id_of(user: &types::User) -> i64 {
    match user {
        types::User::User(user) => user.id,
        types::User::Empty { id } => *id,
    }
}

/// A user as the peer that it is.
pub(crate) fn user_peer(user: InputUser) -> InputPeer {
    match user {
        InputUser::Empty {} => InputPeer::Empty {},
        InputUser::Self_ {} => InputPeer::Self_ {},
        InputUser::InputUser {
            user_id,
            access_hash,
        } => InputPeer::User {
            user_id,
            access_hash,
        },
        InputUser::FromMessage(user) => {
            let c::InputUserFromMessage {
                peer,
                msg_id,
                user_id,
            } = *user;
            InputPeer::UserFromMessage {
                peer: Box::new(peer),
                msg_id,
                user_id,
            }
        }
    }
}

/// The user that a peer is; an empty peer is an empty user.
pub(crate) fn peer_as_user(peer: InputPeer) -> Option<InputUser> {
    Some(match peer {
        InputPeer::Empty {} => InputUser::Empty {},
        InputPeer::Self_ {} => InputUser::Self_ {},
        InputPeer::User {
            user_id,
            access_hash,
        } => InputUser::InputUser {
            user_id,
            access_hash,
        },
        InputPeer::UserFromMessage {
            peer,
            msg_id,
            user_id,
        } => InputUser::FromMessage(Box::new(c::InputUserFromMessage {
            peer: *peer,
            msg_id,
            user_id,
        })),
        InputPeer::Chat { .. }
        | InputPeer::Channel { .. }
        | InputPeer::ChannelFromMessage { .. } => return None,
    })
}

/// As [`peer_as_user`].
pub(crate) fn input_user(peer: &InputPeer) -> Option<InputUser> {
    peer_as_user(peer.clone())
}

/// A channel as the peer that it is.
pub(crate) fn channel_peer(channel: InputChannel) -> InputPeer {
    match channel {
        InputChannel::Empty {} => InputPeer::Empty {},
        InputChannel::InputChannel {
            channel_id,
            access_hash,
        } => InputPeer::Channel {
            channel_id,
            access_hash,
        },
        InputChannel::FromMessage(channel) => {
            let c::InputChannelFromMessage {
                peer,
                msg_id,
                channel_id,
            } = *channel;
            InputPeer::ChannelFromMessage {
                peer: Box::new(peer),
                msg_id,
                channel_id,
            }
        }
    }
}

/// The channel that a peer is; an empty peer is an empty channel.
pub(crate) fn peer_as_channel(peer: InputPeer) -> Option<InputChannel> {
    Some(match peer {
        InputPeer::Empty {} => InputChannel::Empty {},
        InputPeer::Channel {
            channel_id,
            access_hash,
        } => InputChannel::InputChannel {
            channel_id,
            access_hash,
        },
        InputPeer::ChannelFromMessage {
            peer,
            msg_id,
            channel_id,
        } => InputChannel::FromMessage(Box::new(c::InputChannelFromMessage {
            peer: *peer,
            msg_id,
            channel_id,
        })),
        InputPeer::Chat { .. }
        | InputPeer::Self_ {}
        | InputPeer::User { .. }
        | InputPeer::UserFromMessage { .. } => return None,
    })
}

/// As [`peer_as_channel`].
pub(crate) fn input_channel(peer: &InputPeer) -> Option<InputChannel> {
    peer_as_channel(peer.clone())
}

/// The two numbers of a colour in layer 166.
pub(crate) fn plain_color(color: &Option<PeerColor>) -> (Option<i32>, Option<i64>) {
    match color {
        Some(PeerColor::PeerColor {
            color,
            background_emoji_id,
        }) => (*color, *background_emoji_id),
        Some(PeerColor::Collectible(_) | PeerColor::InputPeerColorCollectible { .. }) | None => {
            (None, None)
        }
    }
}

/// The colour that two numbers of layer 166 are.
pub(crate) fn peer_color(
    color: Option<i32>,
    background_emoji_id: Option<i64>,
) -> Option<PeerColor> {
    (color.is_some() || background_emoji_id.is_some()).then_some(PeerColor::PeerColor {
        color,
        background_emoji_id,
    })
}

/// A story id as the story that it became.
pub(crate) fn recent_story(max_id: i32) -> RecentStory {
    RecentStory {
        live: false,
        max_id: Some(max_id),
    }
}

/// The id of a story; 0 for none.
pub(crate) fn recent_max_id(story: &RecentStory) -> i32 {
    story.max_id.unwrap_or(0)
}

/// The peers that anybody may send as.
pub(crate) fn free_peers(peers: &[SendAsPeer]) -> Vec<Peer> {
    peers
        .iter()
        .filter(|peer| !peer.premium_required)
        .map(|peer| peer.peer.clone())
        .collect()
}

/// A peer that anybody may send as.
pub(crate) fn send_as(peer: Peer) -> SendAsPeer {
    SendAsPeer {
        premium_required: false,
        peer,
    }
}

/// The emoticon of a theme that has one.
pub(crate) fn theme_emoticon(theme: &Option<types::ChatTheme>) -> Option<Str> {
    match theme {
        Some(types::ChatTheme::ChatTheme { emoticon }) => Some(emoticon.clone()),
        Some(types::ChatTheme::UniqueGift { .. }) | None => None,
    }
}

/// The emoticon of a theme that is to be set; empty to remove it.
pub(crate) fn input_theme_emoticon(theme: &types::InputChatTheme) -> Option<Str> {
    match theme {
        types::InputChatTheme::InputChatTheme { emoticon } => Some(emoticon.clone()),
        types::InputChatTheme::Empty {} => Some(Str::default()),
        types::InputChatTheme::UniqueGift { .. } => None,
    }
}

/// The theme of an emoticon; an empty one removes it.
pub(crate) fn input_theme(emoticon: Str) -> types::InputChatTheme {
    if emoticon.is_empty() {
        types::InputChatTheme::Empty {}
    } else {
        types::InputChatTheme::InputChatTheme { emoticon }
    }
}
