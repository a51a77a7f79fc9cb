//! Polls: asked, answered, counted, closed.

use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::chats::Group;
use crate::harness::{Client, refused};
use crate::messages::{new_message, updates};

fn words(text: &str) -> types::TextWithEntities {
    types::TextWithEntities {
        text: text.into(),
        entities: Vec::new(),
    }
}

fn poll(answers: &[&str]) -> types::Poll {
    let answers = answers.iter().enumerate().map(|(place, text)| {
        let option = Bytes::from(place.to_string());
        types::PollAnswer::PollAnswer(Box::new(constructors::PollAnswer::new(words(text), option)))
    });
    types::Poll::new(0, words("Which?"), answers.collect(), 0)
}

fn send(
    peer: &types::InputPeer,
    random_id: i64,
    poll: types::Poll,
    change: impl FnOnce(&mut constructors::InputMediaPoll),
) -> functions::messages::SendMedia {
    let mut media = constructors::InputMediaPoll::new(Box::new(poll));
    change(&mut media);
    let media = types::InputMedia::Poll(Box::new(media));
    functions::messages::SendMedia::new(peer.clone(), media, "".into(), random_id)
}

fn vote(
    peer: &types::InputPeer,
    msg_id: i32,
    options: &[&'static str],
) -> functions::messages::SendVote {
    functions::messages::SendVote {
        peer: peer.clone(),
        msg_id,
        options: options
            .iter()
            .map(|option| Bytes::from_static(option.as_bytes()))
            .collect(),
    }
}

fn of_message(message: &constructors::Message) -> (types::Poll, types::PollResults) {
    match &message.media {
        Some(types::MessageMedia::Poll { poll, results, .. }) => (*poll.clone(), *results.clone()),
        other => panic!("{other:?}"),
    }
}

fn told(updates: &[types::Update]) -> types::PollResults {
    updates
        .iter()
        .find_map(|update| match update {
            types::Update::MessagePoll(update) => Some(*update.results.clone()),
            _ => None,
        })
        .unwrap()
}

async fn message(client: &Client, id: i32) -> constructors::Message {
    let get = functions::messages::GetMessages {
        id: vec![types::InputMessage::ID { id }],
    };
    let types::messages::Messages::Messages(page) = client.call(get).await.unwrap() else {
        panic!("not a list");
    };
    match page.messages.into_iter().next() {
        Some(types::Message::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn poll_is_judged() {
    let group = Group::start().await;
    let peer = group.peer();
    let mut nameless = poll(&["a", "b"]);
    nameless.question = words(" ");
    let mut twice = poll(&["a", "b"]);
    twice.answers[1] = twice.answers[0].clone();
    let mut quiz = poll(&["a", "b"]);
    quiz.quiz = true;
    let table: Vec<(functions::messages::SendMedia, &str)> = vec![
        (send(&peer, 1, nameless, |_| {}), "POLL_QUESTION_INVALID"),
        (send(&peer, 1, poll(&["a"]), |_| {}), "POLL_ANSWERS_INVALID"),
        (
            send(&peer, 1, poll(&["a"; 13]), |_| {}),
            "POLL_ANSWERS_INVALID",
        ),
        (
            send(&peer, 1, poll(&["a", ""]), |_| {}),
            "POLL_ANSWER_INVALID",
        ),
        (send(&peer, 1, twice, |_| {}), "POLL_OPTION_DUPLICATE"),
        (
            send(&peer, 1, quiz.clone(), |_| {}),
            "QUIZ_CORRECT_ANSWERS_EMPTY",
        ),
        (
            send(&peer, 1, quiz.clone(), |media| {
                media.correct_answers = Some(vec![2])
            }),
            "QUIZ_CORRECT_ANSWER_INVALID",
        ),
        (
            send(&peer, 1, quiz, |media| {
                media.correct_answers = Some(vec![0, 1])
            }),
            "QUIZ_CORRECT_ANSWERS_TOO_MUCH",
        ),
    ];
    for (request, name) in table {
        assert_eq!(
            group.alice.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
}

#[tokio::test]
async fn votes_are_counted_for_whoever_may_see_them() {
    let group = Group::start().await;
    let peer = group.peer();
    let mut public = poll(&["a", "b", "c"]);
    public.public_voters = true;
    let sent = group
        .alice
        .call(send(&peer, 1, public, |_| {}))
        .await
        .unwrap();
    let own = new_message(&updates(sent).updates);
    let (shown, results) = of_message(&own);
    assert!(shown.creator && shown.id != 0 && !shown.closed);
    assert_eq!((results.total_voters, results.results), (Some(0), None));
    let theirs = new_message(&group.bob.take_updates());
    assert!(!of_message(&theirs).0.creator);
    for (request, name) in [
        (vote(&peer, 999, &["0"]), "MESSAGE_ID_INVALID"),
        (vote(&peer, theirs.id, &["7"]), "OPTION_INVALID"),
        (vote(&peer, theirs.id, &["0", "0"]), "OPTION_INVALID"),
        (vote(&peer, theirs.id, &["0", "1"]), "OPTIONS_TOO_MUCH"),
    ] {
        assert_eq!(
            group.bob.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let stranger = group.carol.call(vote(&peer, own.id, &["0"])).await;
    assert_eq!(stranger.unwrap_err(), refused(400, "CHAT_ID_INVALID"));
    let votes = functions::messages::GetPollVotes::new(peer.clone(), own.id, 10);
    let error = group.alice.call(votes.clone()).await.unwrap_err();
    assert_eq!(error, refused(403, "POLL_VOTE_REQUIRED"));
    group.alice.take_updates();
    let voted = group
        .bob
        .call(vote(&peer, theirs.id, &["1"]))
        .await
        .unwrap();
    let results = told(&updates(voted).updates);
    let voters: Vec<_> = results
        .results
        .as_ref()
        .unwrap()
        .iter()
        .map(|answer| (answer.voters.unwrap(), answer.chosen))
        .collect();
    assert_eq!(voters, [(0, false), (1, true), (0, false)]);
    // Alice has not voted: she is told how many have.
    let pushed = told(&group.alice.take_updates());
    assert_eq!((pushed.total_voters, pushed.results), (Some(1), None));
    let (_, now) = of_message(&message(&group.alice, own.id).await);
    assert_eq!((now.total_voters, now.results), (Some(1), None));
    group.alice.call(vote(&peer, own.id, &["0"])).await.unwrap();
    let listed = group.alice.call(votes).await.unwrap();
    assert_eq!((listed.count, listed.users.len()), (2, 2));
    // Changed, then taken back.
    group
        .bob
        .call(vote(&peer, theirs.id, &["0"]))
        .await
        .unwrap();
    let (_, now) = of_message(&message(&group.alice, own.id).await);
    assert_eq!(now.results.unwrap()[0].voters, Some(2));
    group.bob.call(vote(&peer, theirs.id, &[])).await.unwrap();
    let results = functions::messages::GetPollResults {
        peer: peer.clone(),
        msg_id: own.id,
        poll_hash: shown.hash,
    };
    let answer = updates(group.alice.call(results).await.unwrap());
    let [types::Update::MessagePoll(update)] = &answer.updates[..] else {
        panic!("{answer:?}");
    };
    assert!(update.poll.is_none());
    assert_eq!(update.results.total_voters, Some(1));
}

#[tokio::test]
async fn quiz_tells_what_is_right_once() {
    let group = Group::start().await;
    let peer = group.peer();
    let mut quiz = poll(&["wrong", "right"]);
    quiz.quiz = true;
    let quiz = send(&peer, 1, quiz, |media| {
        media.correct_answers = Some(vec![1]);
        media.solution = Some("because".into());
        media.solution_entities = Some(Vec::new());
    });
    group.alice.call(quiz).await.unwrap();
    let theirs = new_message(&group.bob.take_updates());
    assert_eq!(of_message(&theirs).1.solution, None);
    let voted = group
        .bob
        .call(vote(&peer, theirs.id, &["0"]))
        .await
        .unwrap();
    let results = told(&updates(voted).updates);
    assert_eq!(results.solution.as_deref(), Some("because"));
    let answers = results.results.unwrap();
    assert!(answers[0].chosen && !answers[0].correct && answers[1].correct);
    let error = group.bob.call(vote(&peer, theirs.id, &["1"])).await;
    assert_eq!(error.unwrap_err(), refused(400, "REVOTE_NOT_ALLOWED"));
    // Nobody is told how others voted in an anonymous one.
    let votes = functions::messages::GetPollVotes::new(peer.clone(), theirs.id, 10);
    let error = group.bob.call(votes).await.unwrap_err();
    assert_eq!(error, refused(403, "BROADCAST_FORBIDDEN"));
}

#[tokio::test]
async fn poll_is_closed_by_its_author_or_by_time() {
    let group = Group::start().await;
    let peer = group.peer();
    let sent = group
        .alice
        .call(send(&peer, 1, poll(&["a", "b"]), |_| {}))
        .await
        .unwrap();
    let own = new_message(&updates(sent).updates);
    let theirs = new_message(&group.bob.take_updates());
    let close = |id, closed: bool| {
        let mut edit = functions::messages::EditMessage::new(peer.clone(), id);
        let mut poll = poll(&["a", "b"]);
        poll.closed = closed;
        let media = constructors::InputMediaPoll::new(Box::new(poll));
        edit.media = Some(types::InputMedia::Poll(Box::new(media)));
        edit
    };
    let error = group.bob.call(close(theirs.id, true)).await.unwrap_err();
    assert_eq!(error, refused(403, "MESSAGE_AUTHOR_REQUIRED"));
    let error = group.alice.call(close(own.id, false)).await.unwrap_err();
    assert_eq!(error, refused(400, "MEDIA_PREV_INVALID"));
    group.alice.call(close(own.id, true)).await.unwrap();
    let edited = group.bob.take_updates();
    assert!(
        matches!(&edited[..], [types::Update::EditMessage { message: types::Message::Message(message), .. }]
            if of_message(message).0.closed && of_message(message).1.results.is_some()),
        "{edited:?}"
    );
    let error = group.bob.call(vote(&peer, theirs.id, &["0"])).await;
    assert_eq!(error.unwrap_err(), refused(400, "MESSAGE_POLL_CLOSED"));
    // The second one ends after a minute.
    let mut short = poll(&["a", "b"]);
    short.close_period = Some(60);
    group
        .alice
        .call(send(&peer, 2, short, |_| {}))
        .await
        .unwrap();
    let theirs = new_message(&group.bob.take_updates());
    let shown = of_message(&theirs).0;
    assert_eq!(shown.close_date, Some(group.server.world.now_s() + 60));
    assert_eq!(group.server.services.run_due().await, 0);
    group.server.world.advance_s(60);
    assert_eq!(group.server.services.run_due().await, 1);
    let edited = group.bob.take_updates();
    assert!(matches!(&edited[..], [types::Update::EditMessage { .. }]));
    assert!(of_message(&message(&group.bob, theirs.id).await).0.closed);
    assert_eq!(group.server.services.run_due().await, 0);
}
