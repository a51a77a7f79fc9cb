//! Channels and supergroups: one shared mailbox, members that watch it (sheet 1).

mod admin;
mod change;
mod counter;
mod create;
mod dialog;
mod history;
mod join;
mod log;
mod member;
mod migrate;
mod post;
mod reaction;
mod read;
mod record;
mod roster;
mod seen;
mod setting;
mod show;
mod view;
mod watch;

pub use counter::Counters;
pub use create::NewChannel;
pub use history::{ChannelDifference, ChannelEvents, ChannelSnapshot, difference_timeout_s};
pub(crate) use join::Entry;
pub use log::{LogQuery, names_of};
pub use member::{ADMINS_MAX, Standing};
pub(crate) use post::IN_CHANNEL;
pub use record::{Channel, ChannelMember, JoinRequest};
pub(crate) use roster::Roster;
pub use roster::{MemberList, MemberPage};
pub use setting::Switch;
pub use show::named_by;
pub(crate) use view::author;
pub(crate) use watch::Watchers;

/// The most members of a supergroup.
pub(crate) const MEMBERS_MAX: u32 = 200_000;
/// The most channels that a user may be in.
pub(crate) const JOINED_MAX: usize = 500;
/// The most public channels that a user may own.
pub(crate) const PUBLIC_MAX: usize = 10;
/// The most bots of a group.
pub(crate) const BOTS_MAX: usize = 20;

/// Why something is not done with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The admin may not be changed by the caller.
    #[error("the admin may not be changed by the caller")]
    AdminFixed,
    /// There are as many admins as there may be.
    #[error("too many admins")]
    AdminsTooMany,
    /// Messages of others may not be deleted.
    #[error("somebody else wrote a message")]
    DeleteForbidden,
    /// There is too much to be done at once.
    #[error("the channel is too big")]
    TooBig,
    /// Only a channel has that.
    #[error("only a broadcast channel has that")]
    NotBroadcast,
    /// Only a supergroup has that.
    #[error("only a supergroup has that")]
    NotMegagroup,
    /// The user is no member.
    #[error("the user is no member")]
    NotMember,
    /// There is no row of the user.
    #[error("the user was never there")]
    NotParticipant,
    /// Nothing would change.
    #[error("the channel is the same")]
    Same,
    /// The channel may not be read by the caller.
    #[error("the channel is private")]
    Private,
    /// The user owns as many public channels as one may.
    #[error("too many public channels")]
    PublicTooMany,
    /// The join was asked for.
    #[error("the request to join was sent")]
    RequestSent,
    /// The right to be given is none of the caller's.
    #[error("the caller lacks a right that is to be given")]
    RightForbidden,
    /// Next message after so many seconds.
    #[error("slow mode: wait {0} seconds")]
    SlowMode(u32),
    /// Only one message at a time.
    #[error("slow mode: one message at a time")]
    SlowModeMany,
    /// The title is empty.
    #[error("a channel needs a title")]
    TitleEmpty,
    /// The text about the channel is too long.
    #[error("the text about the channel is too long")]
    AboutTooLong,
    /// The user is in as many channels as one may be.
    #[error("the caller is in too many channels")]
    TooMany,
    /// The other user is in as many channels as one may be.
    #[error("the user is in too many channels")]
    UserTooMany,
    /// There is no such channel.
    #[error("no such channel")]
    Unknown,
    /// The user is banned.
    #[error("the user is banned")]
    Kicked,
    /// The owner cannot be changed so.
    #[error("the user owns the channel")]
    Creator,
    /// A discussion group is linked, or none is.
    #[error("the linked chat is in the way")]
    LinkExists,
    /// The topic is not as it should be.
    #[error("the forum is in the way")]
    Forum,
    /// Only a public or linked group has that.
    #[error("only a public or linked group has that")]
    PublicRequired,
    /// There are too many bots.
    #[error("too many bots")]
    BotsTooMany,
    /// Bots come into channels only as admins.
    #[error("bots come into channels only as admins")]
    BotOnlyAdmin,
    /// The rank is too long.
    #[error("the rank is too long")]
    RankInvalid,
    /// The rank has emoji.
    #[error("the rank has emoji")]
    RankEmoji,
    /// The user does not want to be brought into channels by the caller.
    #[error("the user does not want to be brought in")]
    PrivacyRestricted,
    /// Guests may not write.
    #[error("only members may write")]
    GuestForbidden,
    /// There is no request of that user.
    #[error("no such request")]
    RequesterMissing,
    /// The account is a member of no such peer.
    #[error("no such sender")]
    SendAsInvalid,
    /// The caller may not see who is in it.
    #[error("the members are hidden")]
    MembersHidden,
    /// The linked chat is not as it should be.
    #[error("the group cannot be linked")]
    GroupInvalid,
    /// The history of a linked group must be visible.
    #[error("the history of the group is hidden")]
    PrehistoryHidden,
    /// The topic is closed.
    #[error("the topic is closed")]
    TopicClosed,
    /// There is no such topic.
    #[error("no such topic")]
    TopicInvalid,
}
