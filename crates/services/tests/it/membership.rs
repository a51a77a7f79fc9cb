//! What bots are told of the members of basic groups (B4).

use tl_api::{constructors, functions, types};

use crate::bots::Workshop;
use crate::harness::{Client, as_user};
use crate::messages::{peer_of, updates};

type Change = constructors::UpdateChatParticipant;

fn changes(updates: &[types::Update]) -> Vec<Change> {
    updates
        .iter()
        .filter_map(|update| match update {
            types::Update::ChatParticipant(change) => Some((**change).clone()),
            _ => None,
        })
        .collect()
}

fn is_admin(participant: Option<&types::ChatParticipant>) -> Option<bool> {
    participant.map(|participant| matches!(participant, types::ChatParticipant::Admin(_)))
}

#[tokio::test]
async fn bot_is_told_of_members_as_far_as_it_may_know() {
    let shop = Workshop::start().await;
    let alice: &Client = &shop.alice;
    let bot: &Client = &shop.bot;
    let bot_user = as_user(&shop.peer);
    let bob = as_user(&peer_of(alice, &shop.bob, "15550000002").await);
    let state = bot.call(functions::updates::GetState {}).await.unwrap();
    let create = functions::messages::CreateChat::new(vec![bot_user.clone()], "Group".into());
    let made = updates(alice.call(create).await.unwrap().updates);
    let types::Chat::Chat(chat) = &made.chats[0] else {
        panic!();
    };
    let chat_id = chat.id;
    // Its own coming.
    let told = changes(&bot.take_updates());
    let [come] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (come.chat_id, come.actor_id, come.user_id, come.qts),
        (chat_id, alice.user_id(), bot.user_id(), state.qts + 1)
    );
    assert!(come.date > 0 && come.prev_participant.is_none());
    assert_eq!(is_admin(come.new_participant.as_ref()), Some(false));
    // Others are nothing to a plain member.
    let add = functions::messages::AddChatUser {
        chat_id,
        user_id: bob.clone(),
        fwd_limit: 0,
    };
    alice.call(add.clone()).await.unwrap();
    assert_eq!(changes(&bot.take_updates()), []);
    let remove = |user_id: &types::InputUser| {
        functions::messages::DeleteChatUser::new(chat_id, user_id.clone())
    };
    alice.call(remove(&bob)).await.unwrap();
    assert_eq!(changes(&bot.take_updates()), []);
    // As an admin it hears of everybody.
    let promote = functions::messages::EditChatAdmin {
        chat_id,
        user_id: bot_user.clone(),
        is_admin: true,
    };
    alice.call(promote).await.unwrap();
    alice.call(add).await.unwrap();
    alice.call(remove(&bob)).await.unwrap();
    let told = changes(&bot.take_updates());
    let seen: Vec<_> = told
        .iter()
        .map(|change| {
            let before = is_admin(change.prev_participant.as_ref());
            let after = is_admin(change.new_participant.as_ref());
            (change.user_id, before, after)
        })
        .collect();
    let bob_id = shop.bob.user_id();
    let wanted = [
        (bot.user_id(), Some(false), Some(true)),
        (bob_id, None, Some(false)),
        (bob_id, Some(false), None),
    ];
    assert_eq!(seen, wanted);
    // Its own going is the last that it hears.
    alice.call(remove(&bot_user)).await.unwrap();
    let told = changes(&bot.take_updates());
    let [gone] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(gone.prev_participant.is_some() && gone.new_participant.is_none());
    assert_eq!(gone.qts, state.qts + 5);
    // Whoever was away learns the same from the difference.
    let difference = functions::updates::GetDifference::new(state.pts, state.date, state.qts);
    let types::updates::Difference::Difference(difference) = bot.call(difference).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(changes(&difference.other_updates).len(), 5);
    assert_eq!(difference.state.qts, state.qts + 5);
    // People are not told so.
    assert_eq!(changes(&shop.bob.take_updates()), []);
}
