//! Searching (B.5).

use messenger::{GlobalSearch, Search, Window, tag};
use store::{MsgId, PeerId};
use tl_api::{constructors, functions, types};

use super::dialog::folder;
use super::history::{page_limit, shown};
use crate::context::Context;
use crate::error::{Error, Result};

/// The most bytes of what is searched for.
const QUERY_LEN_MAX: usize = 1024;

/// The list that a filter names; `None` for no filter.
pub(super) fn list_of(filter: &types::MessagesFilter) -> Option<u8> {
    use types::MessagesFilter as Filter;
    match filter {
        Filter::InputMessagesFilterEmpty {} => None,
        Filter::InputMessagesFilterChatPhotos {} => Some(tag::CHAT_PHOTO),
        Filter::InputMessagesFilterContacts {} => Some(tag::CONTACT),
        Filter::InputMessagesFilterDocument {} => Some(tag::DOCUMENT),
        Filter::InputMessagesFilterGeo {} => Some(tag::GEO),
        Filter::InputMessagesFilterGif {} => Some(tag::GIF),
        Filter::InputMessagesFilterMusic {} => Some(tag::MUSIC),
        Filter::InputMessagesFilterMyMentions {} => Some(tag::MENTION),
        Filter::InputMessagesFilterPhoneCalls { .. } => Some(tag::PHONE_CALL),
        Filter::InputMessagesFilterPhotos {} => Some(tag::PHOTO),
        Filter::InputMessagesFilterPhotoVideo {} => Some(tag::PHOTO_VIDEO),
        Filter::InputMessagesFilterPinned {} => Some(tag::PINNED),
        Filter::InputMessagesFilterPoll {} => Some(tag::POLL),
        Filter::InputMessagesFilterRoundVideo {} => Some(tag::ROUND_VIDEO),
        Filter::InputMessagesFilterRoundVoice {} => Some(tag::ROUND_VOICE),
        Filter::InputMessagesFilterUrl {} => Some(tag::URL),
        Filter::InputMessagesFilterVideo {} => Some(tag::VIDEO),
        Filter::InputMessagesFilterVoice {} => Some(tag::VOICE),
    }
}

fn words(query: &str) -> String {
    let mut end = query.len().min(QUERY_LEN_MAX);
    while !query.is_char_boundary(end) {
        end -= 1;
    }
    query[..end].trim().to_owned()
}

/// messages.search
pub(super) async fn search(
    context: &Context<'_>,
    request: functions::messages::Search,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = if matches!(request.peer, types::InputPeer::Empty {}) {
        None
    } else {
        Some(context.peer(&request.peer).await?)
    };
    let from = match &request.from_id {
        None | Some(types::InputPeer::Empty {}) => None,
        Some(from) => Some(
            context
                .peer(from)
                .await
                .map_err(|_| Error::FROM_PEER_INVALID)?,
        ),
    };
    let window = Window {
        offset_id: request.offset_id,
        offset_date: 0,
        add_offset: request.add_offset,
        limit: if request.limit == 0 {
            0
        } else {
            page_limit(request.limit)
        },
        max_id: request.max_id,
        min_id: request.min_id,
    };
    if let (Some(saved), Some(PeerId::User(own))) = (&request.saved_peer_id, peer)
        && own == user
        && request.q.trim().is_empty()
        && list_of(&request.filter).is_none()
    {
        let saved = context.peer(saved).await?;
        let page = context
            .messenger()
            .saved_history(user, saved, window, context.now)
            .await?;
        return Ok(shown(page, request.hash));
    }
    let search = Search {
        peer,
        text: words(&request.q),
        from,
        list: list_of(&request.filter),
        min_date: request.min_date.max(0).unsigned_abs(),
        max_date: request.max_date.max(0).unsigned_abs(),
    };
    if search.peer.is_none() && search.text.is_empty() && search.list.is_none() {
        return Err(Error::SEARCH_QUERY_EMPTY);
    }
    let page = context
        .messenger()
        .search(user, &search, window, context.now)
        .await?;
    Ok(shown(page, request.hash))
}

/// messages.searchGlobal
pub(super) async fn search_global(
    context: &Context<'_>,
    request: functions::messages::SearchGlobal,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let folder = request.folder_id.map(folder).transpose()?;
    let search = Search {
        text: words(&request.q),
        list: list_of(&request.filter),
        min_date: request.min_date.max(0).unsigned_abs(),
        max_date: request.max_date.max(0).unsigned_abs(),
        ..Search::default()
    };
    if search.text.is_empty() && search.list.is_none() {
        return Err(Error::SEARCH_QUERY_EMPTY);
    }
    let after_peer = context.peer(&request.offset_peer).await.ok();
    let users = match (request.users_only, request.groups_only) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let limit = page_limit(request.limit);
    if request.broadcasts_only {
        return Ok(shown(messenger::MessagePage::default(), 0));
    }
    let global = GlobalSearch {
        search,
        users,
        folder,
        after: (
            request.offset_rate.max(0).unsigned_abs(),
            after_peer,
            MsgId(request.offset_id.max(0)),
        ),
        limit,
    };
    let (page, more) = context
        .messenger()
        .search_all(user, &global, context.now)
        .await?;
    let is_start = request.offset_rate <= 0 && request.offset_id <= 0;
    if !more && is_start {
        return Ok(types::messages::Messages::Messages(Box::new(
            constructors::messages::Messages {
                messages: page.messages,
                topics: Vec::new(),
                chats: page.shown.chats,
                users: page.shown.users,
            },
        )));
    }
    let next_rate = page.messages.last().map(messenger::message_date);
    let mut slice = constructors::messages::MessagesSlice::new(
        i32::try_from(page.count).unwrap_or(i32::MAX),
        page.messages,
        Vec::new(),
        page.shown.chats,
        page.shown.users,
    );
    slice.next_rate = next_rate.filter(|_| more);
    Ok(types::messages::Messages::Slice(Box::new(slice)))
}

/// messages.getSearchCounters
pub(super) async fn get_search_counters(
    context: &Context<'_>,
    request: functions::messages::GetSearchCounters,
) -> Result<Vec<types::messages::SearchCounter>> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let mut counters = Vec::with_capacity(request.filters.len().min(20));
    for filter in request.filters.into_iter().take(20) {
        let count = match list_of(&filter) {
            Some(list) => context.messenger().list_count(user, peer, list).await?,
            None => 0,
        };
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        counters.push(types::messages::SearchCounter::new(filter, count));
    }
    Ok(counters)
}

/// messages.searchSentMedia
pub(super) async fn search_sent_media(
    context: &Context<'_>,
    request: functions::messages::SearchSentMedia,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let sent = [tag::DOCUMENT, tag::GIF, tag::MUSIC, tag::VIDEO, tag::VOICE];
    let list = list_of(&request.filter)
        .filter(|list| sent.contains(list))
        .ok_or(Error::FILTER_NOT_SUPPORTED)?;
    let search = Search {
        text: words(&request.q),
        from: Some(PeerId::User(user)),
        list: Some(list),
        ..Search::default()
    };
    let window = Window {
        limit: page_limit(request.limit),
        ..Window::default()
    };
    let page = context
        .messenger()
        .search(user, &search, window, context.now)
        .await?;
    Ok(shown(page, 0))
}
