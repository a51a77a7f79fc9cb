//! Reading: histories, searches, dialogs, marks.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, refused};
use crate::messages::{Pair, new_message, text, updates};

fn ids(page: &types::messages::Messages) -> Vec<i32> {
    let messages = match page {
        types::messages::Messages::Messages(page) => &page.messages,
        types::messages::Messages::Slice(page) => &page.messages,
        other => panic!("{other:?}"),
    };
    messages
        .iter()
        .map(|message| match message {
            types::Message::Message(message) => message.id,
            types::Message::Service(message) => message.id,
            types::Message::Empty { id, .. } => *id,
        })
        .collect()
}

fn history(
    peer: &types::InputPeer,
    offset_id: i32,
    add_offset: i32,
    limit: i32,
) -> functions::messages::GetHistory {
    functions::messages::GetHistory {
        peer: peer.clone(),
        offset_id,
        offset_date: 0,
        add_offset,
        limit,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

/// The table of H3, over ids that begin at 1.
#[tokio::test]
async fn every_form_of_offset_is_honoured() {
    let pair = Pair::start().await;
    let mut dates = Vec::new();
    for id in 1..=10 {
        let (own, _) = pair.say(&format!("message {id}"), id).await;
        assert_eq!(i64::from(own), id);
        dates.push(pair.server.world.now_s());
        pair.server.world.advance_s(10);
    }
    let table: &[(i32, i32, i32, &[i32])] = &[
        (0, 0, 3, &[10, 9, 8]),
        (8, 0, 3, &[7, 6, 5]),
        (8, -1, 3, &[8, 7, 6]),
        (8, -2, 4, &[9, 8, 7, 6]),
        (8, -3, 3, &[10, 9, 8]),
        (9, -5, 5, &[10, 9]),
        (11, -3, 3, &[]),
        (5, 2, 2, &[2, 1]),
        (0, 2, 3, &[8, 7, 6]),
        (0, -2, 3, &[10]),
        (1, 0, 5, &[]),
        (0, 0, 1000, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ];
    for (offset_id, add_offset, limit, wanted) in table {
        let request = history(&pair.to_bob, *offset_id, *add_offset, *limit);
        let page = pair.alice.call(request).await.unwrap();
        assert_eq!(ids(&page), *wanted, "{offset_id} {add_offset} {limit}");
        let whole = matches!(page, types::messages::Messages::Messages(_));
        assert_eq!(whole, wanted.len() == 10);
        if let types::messages::Messages::Slice(slice) = &page {
            assert_eq!(slice.count, 10);
        }
    }
    let mut dated = history(&pair.to_bob, 0, 0, 3);
    dated.offset_date = dates[6];
    assert_eq!(ids(&pair.alice.call(dated).await.unwrap()), [6, 5, 4]);
    let mut bounded = history(&pair.to_bob, 0, 0, 10);
    (bounded.min_id, bounded.max_id) = (3, 6);
    assert_eq!(ids(&pair.alice.call(bounded).await.unwrap()), [5, 4]);
    let mut known = history(&pair.to_bob, 0, 0, 3);
    known.hash = [10, 9, 8]
        .iter()
        .fold(0_u64, |mut hash, id| {
            hash ^= hash >> 21;
            hash ^= hash << 35;
            hash ^= hash >> 4;
            hash.wrapping_add(*id)
        })
        .cast_signed();
    assert!(matches!(
        pair.alice.call(known).await.unwrap(),
        types::messages::Messages::NotModified { count: 10 }
    ));
}

#[tokio::test]
async fn messages_are_read_by_id_from_the_own_mailbox_only() {
    let pair = Pair::start().await;
    let (own, _) = pair.say("one", 1).await;
    let get = functions::messages::GetMessages {
        id: vec![
            types::InputMessage::ID { id: 99 },
            types::InputMessage::ID { id: own },
        ],
    };
    let page = pair.alice.call(get).await.unwrap();
    let types::messages::Messages::Messages(page) = page else {
        panic!();
    };
    assert!(matches!(
        page.messages[0],
        types::Message::Empty { id: 99, .. }
    ));
    assert!(
        matches!(&page.messages[1], types::Message::Message(message) if message.message == "one")
    );
    assert_eq!(page.users.len(), 2);
    let none = functions::messages::GetMessages { id: vec![] };
    assert_eq!(
        pair.alice.call(none).await.unwrap_err(),
        refused(400, "MESSAGE_IDS_EMPTY")
    );
}

async fn dialogs(
    client: &Client,
    offset: (i32, i32, types::InputPeer),
) -> (i32, Vec<constructors::Dialog>) {
    let (date, id, peer) = offset;
    let page = client
        .call(functions::messages::GetDialogs::new(date, id, peer, 2, 0))
        .await
        .unwrap();
    let (count, dialogs) = match page {
        types::messages::Dialogs::Dialogs(page) => (-1, page.dialogs),
        types::messages::Dialogs::Slice(page) => (page.count, page.dialogs),
        other => panic!("{other:?}"),
    };
    let dialogs = dialogs
        .into_iter()
        .map(|dialog| match dialog {
            types::Dialog::Dialog(dialog) => *dialog,
            other => panic!("{other:?}"),
        })
        .collect();
    (count, dialogs)
}

#[tokio::test]
async fn pages_of_dialogs_end() {
    let pair = Pair::start().await;
    pair.say("hello", 1).await;
    for title in ["A", "B"] {
        pair.server.world.advance_s(5);
        let create = functions::messages::CreateChat::new(vec![], title.into());
        pair.alice.call(create).await.unwrap();
    }
    let (count, first) = dialogs(&pair.alice, (0, 0, types::InputPeer::Empty {})).await;
    assert_eq!((count, first.len()), (3, 2));
    assert!(first[0].top_message > first[1].top_message);
    let last = &first[1];
    let types::Peer::Chat { chat_id } = last.peer else {
        panic!();
    };
    let history = history(&types::InputPeer::Chat { chat_id }, 0, 0, 1);
    let types::messages::Messages::Messages(top) = pair.alice.call(history).await.unwrap() else {
        panic!();
    };
    let types::Message::Service(top) = &top.messages[0] else {
        panic!();
    };
    let offset = (
        top.date,
        last.top_message,
        types::InputPeer::Chat { chat_id },
    );
    let (_, second) = dialogs(&pair.alice, offset).await;
    assert_eq!(second.len(), 1);
    assert_eq!(
        second[0].peer,
        types::Peer::User {
            user_id: pair.bob.user_id()
        }
    );
    let end = (1_790_000_000, second[0].top_message, pair.to_bob.clone());
    assert!(dialogs(&pair.alice, end).await.1.is_empty());
    let mut request = functions::messages::GetDialogs::new(0, 0, types::InputPeer::Empty {}, 2, 0);
    request.folder_id = Some(7);
    assert_eq!(
        pair.alice.call(request).await.unwrap_err(),
        refused(400, "FOLDER_ID_INVALID")
    );
}

#[tokio::test]
async fn peer_without_messages_has_a_dialog_when_asked_for() {
    let pair = Pair::start().await;
    let peers = vec![types::InputDialogPeer::InputDialogPeer {
        peer: pair.to_bob.clone(),
    }];
    let asked = functions::messages::GetPeerDialogs { peers };
    let answer = pair.alice.call(asked).await.unwrap();
    let types::Dialog::Dialog(dialog) = &answer.dialogs[0] else {
        panic!();
    };
    assert_eq!(dialog.top_message, 0);
    assert!(answer.state.pts >= 1);
    assert_eq!(answer.users.len(), 1);
    let none = functions::messages::GetPeerDialogs { peers: vec![] };
    assert_eq!(
        pair.alice.call(none).await.unwrap_err(),
        refused(400, "INPUT_PEERS_EMPTY")
    );
}

#[tokio::test]
async fn reading_tells_both_sides() {
    let pair = Pair::start().await;
    pair.alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let phone = pair.server.log_in_at(158, "15550000002").await;
    phone.call(functions::updates::GetState {}).await.unwrap();
    let (_, first) = pair.say("one", 1).await;
    let (own, second) = pair.say("two", 2).await;
    phone.take_updates();
    pair.alice.take_updates();
    let read = |max_id| functions::messages::ReadHistory {
        peer: pair.to_alice.clone(),
        max_id,
    };
    let affected = pair.bob.call(read(first)).await.unwrap();
    assert_eq!(affected.pts_count, 1);
    assert!(
        matches!(&phone.take_updates()[..], [types::Update::ReadHistoryInbox(read)]
        if read.max_id == first && read.still_unread_count == 1)
    );
    assert!(
        matches!(pair.alice.take_updates()[..], [types::Update::ReadHistoryOutbox { max_id, .. }] if max_id < own)
    );
    pair.server.world.advance_s(5);
    pair.bob.call(read(0)).await.unwrap();
    assert!(
        matches!(&phone.take_updates()[..], [types::Update::ReadHistoryInbox(read)]
        if read.max_id == second && read.still_unread_count == 0)
    );
    assert!(
        matches!(pair.alice.take_updates()[..], [types::Update::ReadHistoryOutbox { max_id, .. }] if max_id == own)
    );
    // Nothing moves any more.
    let again = pair.bob.call(read(first)).await.unwrap();
    assert_eq!(again.pts_count, 0);
    assert!(pair.alice.take_updates().is_empty());
    let date = functions::messages::GetOutboxReadDate {
        peer: pair.to_bob.clone(),
        msg_id: own,
    };
    let date = pair.alice.call(date).await.unwrap().date;
    assert_eq!(date, pair.server.world.now_s());
    let unread = functions::messages::GetOutboxReadDate {
        peer: pair.to_alice.clone(),
        msg_id: second,
    };
    assert_eq!(
        pair.bob.call(unread).await.unwrap_err(),
        refused(400, "MESSAGE_ID_INVALID")
    );
}

#[tokio::test]
async fn search_finds_words_and_kinds_and_ends() {
    let pair = Pair::start().await;
    for (id, what) in [
        (1, "apple pie"),
        (2, "see example.com"),
        (3, "Apples"),
        (4, "pear"),
    ] {
        pair.say(what, id).await;
        pair.server.world.advance_s(1);
    }
    let search = |q: &str, filter| {
        functions::messages::Search::new(
            pair.to_bob.clone(),
            q.into(),
            filter,
            0,
            0,
            0,
            0,
            10,
            0,
            0,
            0,
        )
    };
    let empty = types::MessagesFilter::InputMessagesFilterEmpty {};
    let found = pair
        .alice
        .call(search("apple", empty.clone()))
        .await
        .unwrap();
    assert_eq!(ids(&found), [3, 1]);
    let url = types::MessagesFilter::InputMessagesFilterUrl {};
    assert_eq!(
        ids(&pair.alice.call(search("", url.clone())).await.unwrap()),
        [2]
    );
    let counters =
        functions::messages::GetSearchCounters::new(pair.to_bob.clone(), vec![url.clone()]);
    let counters = pair.alice.call(counters).await.unwrap();
    assert_eq!((counters[0].count, &counters[0].filter), (1, &url));
    let mut only_count = search("apple", empty.clone());
    only_count.limit = 0;
    let types::messages::Messages::Slice(count) = pair.alice.call(only_count).await.unwrap() else {
        panic!();
    };
    assert_eq!((count.count, count.messages.len()), (2, 0));
    // Page by page through all chats until nothing comes.
    let mut offset = (0, types::InputPeer::Empty {}, 0);
    let mut all = Vec::new();
    for _ in 0..5 {
        let global = functions::messages::SearchGlobal::new(
            "apple".into(),
            empty.clone(),
            0,
            0,
            offset.0,
            offset.1.clone(),
            offset.2,
            1,
        );
        let page = pair.alice.call(global).await.unwrap();
        let found = ids(&page);
        let Some(last) = found.last() else {
            break;
        };
        let rate = match &page {
            types::messages::Messages::Slice(slice) => slice.next_rate.unwrap_or(1),
            _ => 1,
        };
        offset = (rate, pair.to_bob.clone(), *last);
        all.extend(found);
    }
    assert_eq!(all, [3, 1]);
    let nothing = functions::messages::SearchGlobal::new(
        "".into(),
        empty,
        0,
        0,
        0,
        types::InputPeer::Empty {},
        0,
        10,
    );
    assert_eq!(
        pair.alice.call(nothing).await.unwrap_err(),
        refused(400, "SEARCH_QUERY_EMPTY")
    );
}

#[tokio::test]
async fn pinning_is_told_and_listed() {
    let pair = Pair::start().await;
    let (own, theirs) = pair.say("pin me", 1).await;
    let mut pin = functions::messages::UpdatePinnedMessage::new(pair.to_bob.clone(), own);
    let answer = updates(pair.alice.call(pin.clone()).await.unwrap());
    assert!(
        matches!(&answer.updates[0], types::Update::PinnedMessages(pinned) if pinned.messages == [own] && pinned.pinned)
    );
    assert!(matches!(
        &answer.updates[1],
        types::Update::NewMessage {
            message: types::Message::Service(_),
            ..
        }
    ));
    assert!(
        matches!(&pair.bob.take_updates()[0], types::Update::PinnedMessages(pinned) if pinned.messages == [theirs])
    );
    assert_eq!(
        pair.alice.call(pin.clone()).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    let list = functions::messages::Search::new(
        pair.to_alice.clone(),
        "".into(),
        types::MessagesFilter::InputMessagesFilterPinned {},
        0,
        0,
        0,
        0,
        10,
        0,
        0,
        0,
    );
    assert_eq!(ids(&pair.bob.call(list).await.unwrap()), [theirs]);
    pin.unpin = true;
    let answer = updates(pair.alice.call(pin).await.unwrap());
    assert_eq!(answer.updates.len(), 1);
}

#[tokio::test]
async fn dialogs_are_pinned_archived_and_marked() {
    let pair = Pair::start().await;
    let phone = pair.server.log_in_at(158, "15550000001").await;
    phone.call(functions::updates::GetState {}).await.unwrap();
    pair.say("hello", 1).await;
    phone.take_updates();
    let peer = types::InputDialogPeer::InputDialogPeer {
        peer: pair.to_bob.clone(),
    };
    let pin = functions::messages::ToggleDialogPin {
        pinned: true,
        peer: peer.clone(),
    };
    pair.alice.call(pin).await.unwrap();
    assert!(matches!(
        &phone.take_updates()[..],
        [types::Update::DialogPinned { pinned: true, .. }]
    ));
    let pinned = functions::messages::GetPinnedDialogs { folder_id: 0 };
    assert_eq!(pair.alice.call(pinned).await.unwrap().dialogs.len(), 1);
    let archive = |folder_id| functions::folders::EditPeerFolders {
        folder_peers: vec![types::InputFolderPeer {
            peer: pair.to_bob.clone(),
            folder_id,
        }],
    };
    let moved = updates(pair.alice.call(archive(1)).await.unwrap());
    assert!(matches!(
        &moved.updates[..],
        [types::Update::FolderPeers { pts_count: 1, .. }]
    ));
    assert_eq!(
        pair.alice.call(archive(2)).await.unwrap_err(),
        refused(400, "FOLDER_ID_INVALID")
    );
    // A message brings it back.
    phone.take_updates();
    pair.bob.call(text(&pair.to_alice, "hi", 1)).await.unwrap();
    let back = phone.take_updates();
    assert!(
        matches!(&back[0], types::Update::FolderPeers { folder_peers, .. } if folder_peers[0].folder_id == 0)
    );
    let mut mark = functions::messages::MarkDialogUnread::new(peer);
    mark.unread = true;
    pair.alice.call(mark).await.unwrap();
    let marks = functions::messages::GetDialogUnreadMarks::new();
    assert_eq!(pair.alice.call(marks.clone()).await.unwrap().len(), 1);
    let read = functions::messages::ReadHistory {
        peer: pair.to_bob.clone(),
        max_id: 0,
    };
    pair.alice.call(read).await.unwrap();
    assert!(pair.alice.call(marks).await.unwrap().is_empty());
}

#[tokio::test]
async fn cleared_history_keeps_its_place_or_goes() {
    let pair = Pair::start().await;
    for id in 1..=3 {
        pair.say("text", id).await;
    }
    let mut clear = functions::messages::DeleteHistory::new(pair.to_bob.clone(), 0);
    clear.just_clear = true;
    assert_eq!(pair.alice.call(clear.clone()).await.unwrap().offset, 0);
    let page = pair
        .alice
        .call(history(&pair.to_bob, 0, 0, 10))
        .await
        .unwrap();
    let types::messages::Messages::Messages(page) = page else {
        panic!();
    };
    assert!(
        matches!(&page.messages[..], [types::Message::Service(cleared)]
        if matches!(cleared.action, types::MessageAction::HistoryClear {}))
    );
    // Bob has his copies still, until they are taken from him.
    let theirs = || pair.bob.call(history(&pair.to_alice, 0, 0, 10));
    assert_eq!(ids(&theirs().await.unwrap()).len(), 3);
    pair.say("text", 4).await;
    clear.just_clear = false;
    clear.revoke = true;
    pair.alice.call(clear).await.unwrap();
    assert_eq!(ids(&theirs().await.unwrap()).len(), 3);
    let (_, left) = dialogs(&pair.alice, (0, 0, types::InputPeer::Empty {})).await;
    assert!(left.is_empty());
}

#[tokio::test]
async fn filters_are_kept_in_order() {
    let pair = Pair::start().await;
    let filter = |id, title: &str| {
        let title = types::TextWithEntities {
            text: title.into(),
            entities: vec![],
        };
        let mut filter = constructors::DialogFilter::new(id, title, vec![], vec![], vec![]);
        filter.groups = true;
        types::DialogFilter::DialogFilter(Box::new(filter))
    };
    let get = || pair.alice.call(functions::messages::GetDialogFilters {});
    assert_eq!(
        get().await.unwrap().filters,
        [types::DialogFilter::Default {}]
    );
    for id in [2, 3] {
        let mut update = functions::messages::UpdateDialogFilter::new(id);
        update.filter = Some(filter(id, "Groups"));
        assert!(pair.alice.call(update).await.unwrap());
    }
    let order = functions::messages::UpdateDialogFiltersOrder {
        order: vec![3, 0, 2, 77],
    };
    pair.alice.call(order).await.unwrap();
    let wanted = [
        filter(3, "Groups"),
        types::DialogFilter::Default {},
        filter(2, "Groups"),
    ];
    assert_eq!(get().await.unwrap().filters, wanted);
    pair.alice
        .call(functions::messages::UpdateDialogFilter::new(3))
        .await
        .unwrap();
    assert_eq!(get().await.unwrap().filters.len(), 2);
    let mut wrong = functions::messages::UpdateDialogFilter::new(1);
    wrong.filter = Some(filter(1, "x"));
    assert_eq!(
        pair.alice.call(wrong).await.unwrap_err(),
        refused(400, "FILTER_ID_INVALID")
    );
}

#[tokio::test]
async fn new_message_shows_in_the_difference_of_every_layer() {
    let pair = Pair::start().await;
    let phone = pair.server.log_in_at(158, "15550000002").await;
    let before = phone.call(functions::updates::GetState {}).await.unwrap();
    pair.say("hello", 1).await;
    let difference = functions::updates::GetDifference::new(before.pts, before.date, 0);
    let types::updates::Difference::Difference(difference) = phone.call(difference).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(difference.new_messages.len(), 1);
    assert_eq!(difference.state.pts, before.pts + 1);
    let message = new_message(&[types::Update::NewMessage {
        message: difference.new_messages[0].clone(),
        pts: 0,
        pts_count: 0,
    }]);
    assert_eq!(message.message, "hello");
    let ahead = functions::updates::GetDifference::new(before.pts + 100, 1, 0);
    assert_eq!(
        phone.call(ahead).await.unwrap_err(),
        refused(400, "PERSISTENT_TIMESTAMP_INVALID")
    );
}

#[tokio::test]
async fn media_are_counted_by_day_and_place() {
    let pair = Pair::start().await;
    for id in 1..=4 {
        pair.say("see example.com", id).await;
        pair.server.world.advance_s(43_200);
    }
    let url = types::MessagesFilter::InputMessagesFilterUrl {};
    let positions =
        functions::messages::GetSearchResultsPositions::new(pair.to_bob.clone(), url.clone(), 0, 2);
    let found = pair.alice.call(positions).await.unwrap();
    let places: Vec<(i32, i32)> = found
        .positions
        .iter()
        .map(|position| (position.msg_id, position.offset))
        .collect();
    assert_eq!((found.count, &places[..]), (4, &[(4, 0), (2, 2)][..]));
    let calendar =
        functions::messages::GetSearchResultsCalendar::new(pair.to_bob.clone(), url, 0, 0);
    let calendar = pair.alice.call(calendar).await.unwrap();
    let counts: i32 = calendar.periods.iter().map(|period| period.count).sum();
    assert_eq!((calendar.count, counts), (4, 4));
    assert_eq!(calendar.periods.len(), calendar.messages.len());
    assert!(
        calendar
            .periods
            .windows(2)
            .all(|days| days[0].date > days[1].date)
    );
    let all = types::MessagesFilter::InputMessagesFilterEmpty {};
    let calendar =
        functions::messages::GetSearchResultsCalendar::new(pair.to_bob.clone(), all, 0, 0);
    assert_eq!(
        pair.alice.call(calendar).await.unwrap_err(),
        refused(400, "FILTER_NOT_SUPPORTED")
    );
}

#[tokio::test]
async fn search_without_words_is_a_look_at_who_wrote() {
    let pair = Pair::start().await;
    let (own, _) = pair.say("hello", 1).await;
    let answer = pair.bob.call(text(&pair.to_alice, "hello you", 2)).await;
    new_message(&updates(answer.unwrap()).updates);
    let search = |q: &str, from: Option<types::InputPeer>| {
        let mut request = functions::messages::Search::new(
            pair.to_bob.clone(),
            q.into(),
            types::MessagesFilter::InputMessagesFilterEmpty {},
            0,
            0,
            0,
            0,
            10,
            0,
            0,
            0,
        );
        request.from_id = from;
        request
    };
    let found = pair
        .alice
        .call(search("", Some(types::InputPeer::Self_ {})))
        .await;
    assert_eq!(ids(&found.unwrap()), [own]);
    let found = pair.alice.call(search("", Some(pair.to_bob.clone()))).await;
    assert_eq!(ids(&found.unwrap()).len(), 1);
    // Signs alone are found nowhere.
    let found = pair.alice.call(search("🙂", None)).await;
    assert!(ids(&found.unwrap()).is_empty());
}
