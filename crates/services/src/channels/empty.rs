//! Lists of channels, which are empty.

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
    get_admined_public_channels(GetAdminedPublicChannels) -> types::messages::Chats { no_chats() }
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
}

fn no_chats() -> types::messages::Chats {
    types::messages::Chats::Chats { chats: Vec::new() }
}

/// channels.getSendAs
pub(super) async fn get_send_as(
    context: &Context<'_>,
    request: functions::channels::GetSendAs,
) -> Result<types::channels::SendAsPeers> {
    context.peer(&request.peer).await?;
    Ok(types::channels::SendAsPeers {
        peers: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
    })
}
