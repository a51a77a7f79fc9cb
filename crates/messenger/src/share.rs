//! Peers that people choose for bots (2.5).

use store::{PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::Result;
use crate::peer::{peer_id, tl_peer};
use crate::publish::Actor;
use crate::send::{Parcel, SendOptions};
use crate::time::Now;

impl Messenger {
    /// Tells a bot which peers the actor has chosen with one of its buttons.
    ///
    /// # Errors
    /// Why it may not be told, or when the store fails.
    pub async fn share_peers(
        &self,
        actor: Actor,
        bot: UserId,
        button_id: i32,
        peers: &[PeerId],
        now: Now,
    ) -> Result<constructors::Updates> {
        let action = types::MessageAction::RequestedPeer {
            button_id,
            peers: peers.iter().copied().map(tl_peer).collect(),
        };
        let peer = PeerId::User(bot);
        loop {
            let audience = self.audience_of(actor.user, peer, now).await?;
            let parcels = vec![Parcel::service(action.clone(), now)];
            let options = SendOptions::default();
            let sent = self
                .send_parcels(actor, &audience, parcels, options, None, now)
                .await?;
            if let Some(commit) = sent {
                return commit.updates();
            }
        }
    }
}

/// What the other side is told by an action that is not the same in both copies.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all other actions are the same for both"
)]
pub(crate) fn tell_other(action: &mut types::MessageAction) {
    let (button_id, peers) = match action {
        types::MessageAction::RequestedPeer { button_id, peers } => (*button_id, peers),
        _ => return,
    };
    let shared = peers.iter().map(|peer| match peer_id(peer) {
        PeerId::User(id) => {
            let shared = constructors::RequestedPeerUser::new(id.0);
            types::RequestedPeer::User(Box::new(shared))
        }
        PeerId::Chat(id) => {
            let shared = constructors::RequestedPeerChat::new(id.0);
            types::RequestedPeer::Chat(Box::new(shared))
        }
        PeerId::Channel(id) => {
            let shared = constructors::RequestedPeerChannel::new(id.0);
            types::RequestedPeer::Channel(Box::new(shared))
        }
    });
    *action = types::MessageAction::RequestedPeerSentMe {
        button_id,
        peers: shared.collect(),
    };
}

/// The peer that a bot was told of.
pub(crate) fn shared_peer(peer: &types::RequestedPeer) -> types::Peer {
    match peer {
        types::RequestedPeer::User(user) => types::Peer::User {
            user_id: user.user_id,
        },
        types::RequestedPeer::Chat(chat) => types::Peer::Chat {
            chat_id: chat.chat_id,
        },
        types::RequestedPeer::Channel(channel) => types::Peer::Channel {
            channel_id: channel.channel_id,
        },
    }
}
