//! What somebody missed in a channel (rows D3–D8).

use messenger::{ChannelDifference, difference_timeout_s};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// Events in one answer to people.
const SLICE_LEN_MAX: u32 = 100;
/// Events in one answer to bots.
const BOT_SLICE_LEN_MAX: u32 = 1000;

/// updates.getChannelDifference
pub(super) async fn get_channel_difference(
    context: &Context<'_>,
    request: functions::updates::GetChannelDifference,
) -> Result<types::updates::ChannelDifference> {
    let user = context.user()?;
    let id = context.channel(&request.channel).await?;
    let messenger = context.messenger();
    let standing = messenger.reading(user, id, context.now).await?;
    if let types::ChannelMessagesFilter::ChannelMessagesFilter { ranges, .. } = &request.filter
        && ranges.iter().any(|range| range.min_id > range.max_id)
    {
        return Err(Error::RANGES_INVALID);
    }
    if request.pts < 1 {
        return Err(Error::PERSISTENT_TIMESTAMP_EMPTY);
    }
    let most = if messenger.is_bot(user).await? {
        BOT_SLICE_LEN_MAX
    } else {
        SLICE_LEN_MAX
    };
    let limit = u32::try_from(request.limit).unwrap_or(1).clamp(1, most);
    let timeout = difference_timeout_s(&standing);
    let difference = messenger
        .channel_difference(&standing, request.pts, limit, context.now)
        .await?;
    Ok(match difference {
        ChannelDifference::Ahead => return Err(Error::PERSISTENT_TIMESTAMP_INVALID),
        ChannelDifference::Empty(pts) => types::updates::ChannelDifference::Empty {
            final_: true,
            pts,
            timeout: Some(timeout),
        },
        ChannelDifference::Part(events) => types::updates::ChannelDifference::ChannelDifference(
            Box::new(constructors::updates::ChannelDifference {
                final_: events.is_final,
                pts: events.pts,
                timeout: events.is_final.then_some(timeout),
                new_messages: events.new_messages,
                other_updates: events.other_updates,
                chats: events.shown.chats,
                users: events.shown.users,
            }),
        ),
        ChannelDifference::TooLong(snapshot) => types::updates::ChannelDifference::TooLong(
            Box::new(constructors::updates::ChannelDifferenceTooLong {
                final_: true,
                timeout: Some(timeout),
                dialog: snapshot.dialog,
                messages: snapshot.messages,
                chats: snapshot.shown.chats,
                users: snapshot.shown.users,
            }),
        ),
    })
}
