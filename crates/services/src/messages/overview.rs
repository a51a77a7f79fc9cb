//! Where in a chat its media lie: by day, and by place in the list.

use messenger::{Window, message_date, message_id};
use store::List;
use tl_api::{functions, types};

use super::search::list_of;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most messages that one overview looks at.
const LOOKED_AT_MAX: u32 = 1000;
/// The most days of one answer.
const DAYS_MAX: usize = 100;
/// The most positions of one answer.
const POSITIONS_MAX: usize = 100;
/// A day, seconds.
const DAY_S: i32 = 86_400;

/// The list of a filter that has an overview.
fn overview_of(filter: &types::MessagesFilter) -> Result<List> {
    let mentions = matches!(
        filter,
        types::MessagesFilter::InputMessagesFilterMyMentions {}
    );
    match list_of(filter) {
        Some(list) if !mentions => Ok(List::Tag(list)),
        _ => Err(Error::FILTER_NOT_SUPPORTED),
    }
}

/// messages.getSearchResultsPositions
pub(super) async fn get_search_results_positions(
    context: &Context<'_>,
    request: functions::messages::GetSearchResultsPositions,
) -> Result<types::messages::SearchResultsPositions> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let list = overview_of(&request.filter)?;
    let window = Window {
        offset_id: request.offset_id,
        limit: LOOKED_AT_MAX,
        ..Window::default()
    };
    let page = context
        .messenger()
        .history(user, peer, list, window, context.now)
        .await?;
    let first = page.offset.unwrap_or(0);
    let limit = usize::try_from(request.limit)
        .unwrap_or(0)
        .clamp(1, POSITIONS_MAX);
    let step = page.messages.len().div_ceil(limit).max(1);
    let positions = (first..)
        .zip(&page.messages)
        .step_by(step)
        .map(|(place, message)| types::SearchResultsPosition {
            msg_id: message_id(message).0,
            date: message_date(message),
            offset: i32::try_from(place).unwrap_or(i32::MAX),
        })
        .collect();
    Ok(types::messages::SearchResultsPositions {
        count: i32::try_from(page.count).unwrap_or(i32::MAX),
        positions,
    })
}

/// messages.getSearchResultsCalendar
pub(super) async fn get_search_results_calendar(
    context: &Context<'_>,
    request: functions::messages::GetSearchResultsCalendar,
) -> Result<types::messages::SearchResultsCalendar> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let list = overview_of(&request.filter)?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: request.offset_date,
        limit: LOOKED_AT_MAX,
        ..Window::default()
    };
    let messenger = context.messenger();
    let page = messenger
        .history(user, peer, list, window, context.now)
        .await?;
    let mut periods: Vec<types::SearchResultsCalendarPeriod> = Vec::new();
    let mut messages = Vec::new();
    let (mut min_date, mut min_msg_id) = (0, 0);
    for message in page.messages {
        let (id, date) = (message_id(&message).0, message_date(&message));
        let day = date - date.rem_euclid(DAY_S);
        let days = periods.len();
        match periods.last_mut() {
            Some(period) if period.date == day => {
                period.min_msg_id = id;
                period.count += 1;
            }
            _ if days == DAYS_MAX => break,
            _ => {
                periods.push(types::SearchResultsCalendarPeriod {
                    date: day,
                    min_msg_id: id,
                    max_msg_id: id,
                    count: 1,
                });
                messages.push(message);
            }
        }
        (min_date, min_msg_id) = (date, id);
    }
    let mut peers = messenger::Peers::default();
    messages
        .iter()
        .for_each(|message| peers.add_message(message));
    let shown = messenger.show(user, &peers, context.now).await?;
    let mut calendar = types::messages::SearchResultsCalendar::new(
        i32::try_from(page.count).unwrap_or(i32::MAX),
        min_date,
        min_msg_id,
        periods,
        messages,
        shown.chats,
        shown.users,
    );
    calendar.offset_id_offset = page.offset.and_then(|offset| i32::try_from(offset).ok());
    Ok(calendar)
}
