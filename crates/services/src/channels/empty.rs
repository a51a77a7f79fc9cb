//! What no channel has: answered truthfully.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;

macro_rules! nothing {
    ($($name:ident($request:ident) -> $result:ty { $value:expr })*) => {
        $(pub(super) async fn $name(
            _: &Context<'_>,
            _: functions::channels::$request,
        ) -> Result<$result> {
            Ok($value)
        })*
    };
}

nothing! {
    get_channel_recommendations(GetChannelRecommendations) -> types::messages::Chats { no_chats() }
    get_groups_for_discussion(GetGroupsForDiscussion) -> types::messages::Chats { no_chats() }
    get_left_channels(GetLeftChannels) -> types::messages::Chats { no_chats() }
    get_inactive_channels(GetInactiveChannels) -> types::messages::InactiveChats {
        types::messages::InactiveChats {
            dates: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        }
    }
    deactivate_all_usernames(DeactivateAllUsernames) -> bool { true }
    report_anti_spam_false_positive(ReportAntiSpamFalsePositive) -> bool { true }
    report_spam(ReportSpam) -> bool { true }
    check_search_posts_flood(CheckSearchPostsFlood) -> types::SearchPostsFlood {
        types::SearchPostsFlood {
            query_is_free: true,
            total_daily: 10,
            remains: 10,
            wait_till: None,
            stars_amount: 0,
        }
    }
}

fn no_chats() -> types::messages::Chats {
    types::messages::Chats::Chats { chats: Vec::new() }
}
