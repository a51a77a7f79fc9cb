//! Updates in every order.

use tl_api::constructors;

use super::*;

fn read_outbox(pts: i32) -> types::Update {
    types::Update::ReadHistoryOutbox {
        peer: types::Peer::User { user_id: 1 },
        max_id: pts,
        pts,
        pts_count: 1,
    }
}

fn container(updates: Vec<types::Update>) -> types::Updates {
    types::Updates::Updates(Box::new(constructors::Updates {
        updates,
        users: Vec::new(),
        chats: Vec::new(),
        date: 100,
        seq: 0,
    }))
}

fn at(pts: i32) -> Gaps {
    let state = State {
        pts,
        ..State::default()
    };
    Gaps::new(state, [])
}

fn delivered(gaps: &mut Gaps) -> Vec<i32> {
    std::iter::from_fn(|| gaps.poll())
        .map(|action| match action {
            Action::Deliver(update) => {
                let types::Update::ReadHistoryOutbox { pts, .. } = *update else {
                    panic!("{update:?}");
                };
                pts
            }
            Action::Difference(state) => -state.pts,
            Action::ChannelDifference { pts, .. } => -1000 - pts,
        })
        .collect()
}

#[test]
fn updates_are_delivered_once_and_in_order() {
    let mut gaps = at(10);
    gaps.handle(0, container(vec![read_outbox(12), read_outbox(11)]));
    gaps.handle(0, container(vec![read_outbox(11), read_outbox(13)]));
    assert_eq!(delivered(&mut gaps), [11, 12, 13]);
    assert_eq!(gaps.state().pts, 13);
    assert_eq!(gaps.state().date, 100);
}

#[test]
fn gap_that_closes_in_time_costs_nothing() {
    let mut gaps = at(10);
    gaps.handle(0, container(vec![read_outbox(12)]));
    assert_eq!(delivered(&mut gaps), []);
    assert_eq!(gaps.poll_timeout(), Some(GAP_WAIT_MS));
    gaps.handle(100, container(vec![read_outbox(11)]));
    assert_eq!(delivered(&mut gaps), [11, 12]);
    assert_eq!(gaps.poll_timeout(), None);
}

#[test]
fn gap_that_stays_is_filled_by_one_difference() {
    let mut gaps = at(10);
    gaps.handle(0, container(vec![read_outbox(12)]));
    gaps.handle_timeout(GAP_WAIT_MS);
    assert_eq!(delivered(&mut gaps), [-10]);
    // What comes meanwhile is in the difference.
    gaps.handle(600, container(vec![read_outbox(13)]));
    assert_eq!(delivered(&mut gaps), []);
    let slice = constructors::updates::DifferenceSlice {
        new_messages: Vec::new(),
        new_encrypted_messages: Vec::new(),
        other_updates: vec![read_outbox(11), read_outbox(12)],
        chats: Vec::new(),
        users: Vec::new(),
        intermediate_state: types::updates::State {
            pts: 12,
            qts: 0,
            date: 100,
            seq: 0,
            unread_count: 0,
        },
    };
    gaps.handle_difference(types::updates::Difference::Slice(Box::new(slice)));
    assert_eq!(delivered(&mut gaps), [11, 12, -12]);
    gaps.handle_difference(types::updates::Difference::Empty { date: 101, seq: 0 });
    gaps.handle(700, container(vec![read_outbox(13)]));
    assert_eq!(delivered(&mut gaps), [13]);
}

#[test]
fn pts_of_an_answer_counts_without_being_delivered() {
    let mut gaps = at(10);
    gaps.handle(0, container(vec![read_outbox(12)]));
    gaps.count(0, 11, 1);
    assert_eq!(delivered(&mut gaps), [12]);
}

#[test]
fn too_long_asks_once() {
    let mut gaps = at(10);
    gaps.handle(0, types::Updates::TooLong {});
    gaps.handle(0, types::Updates::TooLong {});
    assert_eq!(delivered(&mut gaps), [-10]);
}

#[test]
fn channels_count_for_themselves() {
    let mut gaps = Gaps::new(
        State {
            pts: 5,
            ..State::default()
        },
        [(7, 3)],
    );
    let deleted = |pts| types::Update::DeleteChannelMessages {
        channel_id: 7,
        messages: vec![1],
        pts,
        pts_count: 1,
    };
    gaps.handle(0, container(vec![deleted(4), deleted(6)]));
    assert!(matches!(gaps.poll(), Some(Action::Deliver(_))));
    gaps.handle_timeout(GAP_WAIT_MS);
    assert_eq!(
        gaps.poll(),
        Some(Action::ChannelDifference {
            channel_id: 7,
            pts: 4
        })
    );
    assert_eq!(gaps.state().pts, 5);
}
