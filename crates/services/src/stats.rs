//! stats.*: statistics of channels. There are none, and no group says that it has any.

use crate::dispatch::methods;

methods! {
    refused {
        StatsGetBroadcastRevenueStats => CHAT_ADMIN_REQUIRED,
        StatsGetBroadcastRevenueTransactions => CHAT_ADMIN_REQUIRED,
        StatsGetBroadcastRevenueWithdrawalUrl => CHAT_ADMIN_REQUIRED,
        StatsGetBroadcastStats => CHAT_ADMIN_REQUIRED,
        StatsGetMegagroupStats => CHAT_ADMIN_REQUIRED,
        StatsGetMessagePublicForwards => CHANNEL_INVALID,
        StatsGetMessageStats => CHAT_ADMIN_REQUIRED,
        StatsGetPollStats => PEER_ID_INVALID,
        StatsGetStoryPublicForwards => PEER_ID_INVALID,
        StatsGetStoryStats => STORIES_NEVER_CREATED,
        StatsLoadAsyncGraph => GRAPH_INVALID_RELOAD,
    }
}
