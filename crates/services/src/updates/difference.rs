//! The state of an account and the difference to it (rows D1–D9, F10–F12).

use messenger::{Difference, DifferenceQuery};
use store::Pts;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// Events in one answer.
const SLICE_LEN_MAX: u32 = 500;

/// updates.getState
pub(super) async fn get_state(
    context: &Context<'_>,
    _: functions::updates::GetState,
) -> Result<types::updates::State> {
    let user = context.user()?;
    Ok(context
        .messenger()
        .state(user, context.auth_key_id(), context.now)
        .await?)
}

/// updates.getDifference
pub(super) async fn get_difference(
    context: &Context<'_>,
    request: functions::updates::GetDifference,
) -> Result<types::updates::Difference> {
    let user = context.user()?;
    if request.pts <= 0 && request.pts != i32::MAX {
        return Err(Error::PERSISTENT_TIMESTAMP_EMPTY);
    }
    let limit = request
        .pts_limit
        .and_then(|limit| u32::try_from(limit).ok())
        .filter(|limit| *limit > 0)
        .map_or(SLICE_LEN_MAX, |limit| limit.min(SLICE_LEN_MAX));
    let query = DifferenceQuery {
        pts: Pts(request.pts),
        qts: request.qts,
        key: context.auth_key_id(),
        date: request.date.cast_unsigned(),
        limit,
        total_limit: request
            .pts_total_limit
            .and_then(|limit| u32::try_from(limit).ok()),
    };
    let difference = context
        .messenger()
        .difference(user, query, context.now)
        .await?;
    Ok(match difference {
        Difference::Empty(state) => types::updates::Difference::Empty {
            date: state.date,
            seq: state.seq,
        },
        Difference::TooLong(pts) => types::updates::Difference::TooLong { pts: pts.0 },
        Difference::Ahead => return Err(Error::PERSISTENT_TIMESTAMP_INVALID),
        Difference::Whole(events, state) => {
            types::updates::Difference::Difference(Box::new(constructors::updates::Difference {
                new_messages: events.new_messages,
                new_encrypted_messages: events.new_encrypted_messages,
                other_updates: events.other_updates,
                chats: events.shown.chats,
                users: events.shown.users,
                state,
            }))
        }
        Difference::Slice(events, state) => {
            types::updates::Difference::Slice(Box::new(constructors::updates::DifferenceSlice {
                new_messages: events.new_messages,
                new_encrypted_messages: events.new_encrypted_messages,
                other_updates: events.other_updates,
                chats: events.shown.chats,
                users: events.shown.users,
                intermediate_state: state,
            }))
        }
    })
}
