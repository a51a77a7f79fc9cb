//! What channels and their members are, as it is kept.

use minicbor::{Decode, Encode};
use store::{ChannelId, PeerId, UserId};

use crate::record::{Photo, Record};

/// A channel or supergroup.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Channel {
    /// The channel.
    #[n(0)]
    pub id: i64,
    /// Title.
    #[n(1)]
    pub title: String,
    /// The text about it.
    #[n(2)]
    #[cbor(default)]
    pub about: String,
    /// Who owns it.
    #[n(3)]
    pub creator: i64,
    /// When it was made, Unix seconds.
    #[n(4)]
    pub created: u32,
    /// A supergroup; else a broadcast channel.
    #[n(5)]
    #[cbor(default)]
    pub megagroup: bool,
    /// The photo.
    #[n(6)]
    pub photo: Option<Photo>,
    /// The username that makes it public.
    #[n(7)]
    pub username: Option<String>,
    /// What plain members may not do: the bits of `chatBannedRights`.
    #[n(8)]
    #[cbor(default)]
    pub banned_rights: u32,
    /// Members, the owner and restricted ones included.
    #[n(9)]
    #[cbor(default)]
    pub participants: u32,
    /// Admins without the owner, in the order of their promotion.
    #[n(10)]
    #[cbor(default)]
    pub admins: Vec<i64>,
    /// Bots among the members.
    #[n(11)]
    #[cbor(default)]
    pub bots: Vec<i64>,
    /// Seconds between two messages of a member; 0 for none.
    #[n(12)]
    #[cbor(default)]
    pub slowmode_s: u32,
    /// The discussion group of a channel, or the channel of such a group; 0 for none.
    #[n(13)]
    #[cbor(default)]
    pub linked: i64,
    /// The basic group that it was; 0 for none.
    #[n(14)]
    #[cbor(default)]
    pub migrated_from: i64,
    /// Seconds after which messages go; 0 for never.
    #[n(15)]
    #[cbor(default)]
    pub ttl_period: u32,
    /// Messages may not be forwarded or saved.
    #[n(16)]
    #[cbor(default)]
    pub noforwards: bool,
    /// Posts name their author.
    #[n(17)]
    #[cbor(default)]
    pub signatures: bool,
    /// Posts come from their author.
    #[n(18)]
    #[cbor(default)]
    pub signature_profiles: bool,
    /// Who joins does not see what was before.
    #[n(19)]
    #[cbor(default)]
    pub prehistory_hidden: bool,
    /// Only members write into a discussion group.
    #[n(20)]
    #[cbor(default)]
    pub join_to_send: bool,
    /// Whoever wants to join has to be approved.
    #[n(21)]
    #[cbor(default)]
    pub join_request: bool,
    /// Only admins see who is in it.
    #[n(22)]
    #[cbor(default)]
    pub participants_hidden: bool,
    /// The group has topics.
    #[n(23)]
    #[cbor(default)]
    pub forum: bool,
    /// The topics are shown as tabs.
    #[n(24)]
    #[cbor(default)]
    pub forum_tabs: bool,
    /// It does not exist any more.
    #[n(25)]
    #[cbor(default)]
    pub deleted: bool,
    /// Who waits to be let in, the oldest first.
    #[n(26)]
    #[cbor(default)]
    pub requests: Vec<JoinRequest>,
    /// Grows with each change.
    #[n(27)]
    #[cbor(default)]
    pub version: u32,
    /// `ChatReactions`; empty for all.
    #[n(28)]
    #[cbor(default, with = "minicbor::bytes")]
    pub reactions: Vec<u8>,
}

/// Somebody who waits to be let in.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct JoinRequest {
    /// Who.
    #[n(0)]
    pub user: i64,
    /// Since when, Unix seconds.
    #[n(1)]
    pub date: u32,
    /// By which link; empty for none.
    #[n(2)]
    #[cbor(default)]
    pub link: String,
}

impl Record for Channel {}

impl Channel {
    /// The channel as a peer.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        PeerId::Channel(self.channel_id())
    }

    /// Its id.
    #[must_use]
    pub fn channel_id(&self) -> ChannelId {
        ChannelId(self.id)
    }

    /// Whether everybody may find and read it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.username.is_some()
    }
}

/// What a user is to a channel. There is a row of whoever was ever a member or banned.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ChannelMember {
    /// The user.
    #[n(0)]
    pub user: i64,
    /// Is a member now.
    #[n(1)]
    #[cbor(default)]
    pub present: bool,
    /// Who brought them in; themselves when nobody did.
    #[n(2)]
    #[cbor(default)]
    pub inviter: i64,
    /// Since when, Unix seconds.
    #[n(3)]
    #[cbor(default)]
    pub date: u32,
    /// The bits of `chatAdminRights`; 0 for no admin.
    #[n(4)]
    #[cbor(default)]
    pub admin_rights: u32,
    /// Who made them an admin.
    #[n(5)]
    #[cbor(default)]
    pub promoted_by: i64,
    /// When, Unix seconds.
    #[n(6)]
    #[cbor(default)]
    pub promoted_at: u32,
    /// What is written behind the name.
    #[n(7)]
    pub rank: Option<String>,
    /// The bits of `chatBannedRights` that were taken away.
    #[n(8)]
    #[cbor(default)]
    pub banned_rights: u32,
    /// Until when, Unix seconds; 0 for ever.
    #[n(9)]
    #[cbor(default)]
    pub banned_until: u32,
    /// By whom.
    #[n(10)]
    #[cbor(default)]
    pub banned_by: i64,
    /// When, Unix seconds.
    #[n(11)]
    #[cbor(default)]
    pub banned_at: u32,
    /// Messages below are hidden.
    #[n(12)]
    #[cbor(default)]
    pub available_min: i32,
    /// Was let in by an admin.
    #[n(13)]
    #[cbor(default)]
    pub via_request: bool,
    /// Is a bot.
    #[n(14)]
    #[cbor(default)]
    pub bot: bool,
    /// The channel that they send as; 0 for themselves.
    #[n(15)]
    #[cbor(default)]
    pub send_as: i64,
}

impl Record for ChannelMember {}

impl ChannelMember {
    /// A new row.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self {
            user: user.0,
            ..Self::default()
        }
    }

    /// What is taken away now.
    #[must_use]
    pub fn restrictions(&self, now_s: u32) -> u32 {
        let over = self.banned_until != 0 && self.banned_until <= now_s;
        if over { 0 } else { self.banned_rights }
    }
}
