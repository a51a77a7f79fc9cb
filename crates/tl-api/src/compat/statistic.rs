//! Statistics of channels.

use tl::{Bytes, Layer, Str, from_bytes, to_bytes};

use crate::{
    constructors as c,
    types::{
        self, InputPeer, MessageInteractionCounters, PostInteractionCounters, PublicForward,
        StatsAbsValueAndPrev, StatsGraph,
    },
};

/// A number that did not change.
pub(crate) fn no_change() -> StatsAbsValueAndPrev {
    StatsAbsValueAndPrev {
        current: 0.0,
        previous: 0.0,
    }
}

/// A graph that an old form lacks.
pub(crate) fn no_graph() -> StatsGraph {
    StatsGraph::Error {
        error: Str::default(),
    }
}

/// How often messages were seen; stories cannot be shown.
pub(crate) fn message_interactions(
    posts: &[PostInteractionCounters],
) -> Vec<MessageInteractionCounters> {
    let message = |post: &PostInteractionCounters| match *post {
        PostInteractionCounters::Message {
            msg_id,
            views,
            forwards,
            ..
        } => Some(MessageInteractionCounters {
            msg_id,
            views,
            forwards,
        }),
        PostInteractionCounters::Story { .. } => None,
    };
    posts.iter().filter_map(message).collect()
}

/// How often messages were seen, without the reactions.
pub(crate) fn post_interactions(
    messages: Vec<MessageInteractionCounters>,
) -> Vec<PostInteractionCounters> {
    let post = |message: MessageInteractionCounters| {
        let MessageInteractionCounters {
            msg_id,
            views,
            forwards,
        } = message;
        PostInteractionCounters::Message {
            msg_id,
            views,
            forwards,
            reactions: 0,
        }
    };
    messages.into_iter().map(post).collect()
}

/// Rate, peer and id as one opaque offset; empty at the start.
pub(crate) fn joined_forward_offset(rate: i32, peer: &InputPeer, id: i32) -> Str {
    if (rate, peer, id) == (0, &InputPeer::Empty {}, 0) {
        return Str::default();
    }
    let peer = to_bytes(peer, Layer::NEWEST).unwrap_or_default();
    let peer: String = peer.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{rate}:{id}:{peer}").into()
}

/// What [`joined_forward_offset`] joined.
pub(crate) fn forward_offset(offset: &Str) -> (i32, InputPeer, i32) {
    let parts = || {
        let (rate, tail) = offset.split_once(':')?;
        let (id, peer) = tail.split_once(':')?;
        let byte = |at: usize| u8::from_str_radix(peer.get(at..at + 2)?, 16).ok();
        let peer: Option<Vec<u8>> = (0..peer.len()).step_by(2).map(byte).collect();
        let peer = from_bytes(&Bytes::from(peer?)).ok()?;
        Some((rate.parse().ok()?, peer, id.parse().ok()?))
    };
    parts().unwrap_or((0, InputPeer::Empty {}, 0))
}

/// Public forwards as a slice of messages; forwarded stories cannot be shown.
pub(crate) fn forwards_as_messages(
    forwards: &types::stats::PublicForwards,
) -> types::messages::Messages {
    let message = |forward: &PublicForward| match forward {
        PublicForward::Message { message } => Some(message.clone()),
        PublicForward::Story { .. } => None,
    };
    let mut slice = c::messages::MessagesSlice::new(
        forwards.count,
        forwards.forwards.iter().filter_map(message).collect(),
        Vec::new(),
        forwards.chats.clone(),
        forwards.users.clone(),
    );
    slice.next_rate = forwards
        .next_offset
        .as_ref()
        .map(|offset| forward_offset(offset).0);
    types::messages::Messages::Slice(Box::new(slice))
}

/// A slice of messages as public forwards.
pub(crate) fn messages_as_forwards(
    messages: types::messages::Messages,
) -> types::stats::PublicForwards {
    use types::messages::Messages;
    let (count, next_rate, messages, chats, users) = match messages {
        Messages::Slice(slice) => (
            slice.count,
            slice.next_rate,
            slice.messages,
            slice.chats,
            slice.users,
        ),
        Messages::Messages(all) => {
            let count = i32::try_from(all.messages.len()).unwrap_or(i32::MAX);
            (count, None, all.messages, all.chats, all.users)
        }
        Messages::ChannelMessages(all) => (all.count, None, all.messages, all.chats, all.users),
        Messages::NotModified { count } => (count, None, Vec::new(), Vec::new(), Vec::new()),
    };
    let next = |rate| joined_forward_offset(rate, &InputPeer::Empty {}, 0);
    types::stats::PublicForwards {
        count,
        forwards: messages
            .into_iter()
            .map(|message| PublicForward::Message { message })
            .collect(),
        next_offset: next_rate.map(next),
        chats,
        users,
    }
}
