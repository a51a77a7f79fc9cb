//! channels.*: there are none yet. What lists them says so; what names one is refused.

mod empty;

use crate::dispatch::methods;

methods! {
    works {}
    empty {
        ChannelsGetAdminedPublicChannels => empty::get_admined_public_channels,
        ChannelsGetChannelRecommendations => empty::get_channel_recommendations,
        ChannelsGetGroupsForDiscussion => empty::get_groups_for_discussion,
        ChannelsGetInactiveChannels => empty::get_inactive_channels,
        ChannelsGetLeftChannels => empty::get_left_channels,
        ChannelsGetSendAs => empty::get_send_as,
    }
}
