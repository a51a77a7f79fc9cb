//! Reactions: who may, who is told, what is unread.

use tl_api::{functions, types};

use crate::chats::Group;
use crate::harness::{Client, refused};
use crate::messages::{Pair, new_message, text, updates};

pub(crate) fn react(
    peer: &types::InputPeer,
    msg_id: i32,
    emoji: &[&str],
) -> functions::messages::SendReaction {
    let mut request = functions::messages::SendReaction::new(peer.clone(), msg_id);
    let reactions = emoji.iter().map(|emoji| types::Reaction::Emoji {
        emoticon: (*emoji).into(),
    });
    request.reaction = Some(reactions.collect());
    request
}

fn told(updates: &[types::Update]) -> Vec<(i32, types::MessageReactions)> {
    updates
        .iter()
        .filter_map(|update| match update {
            types::Update::MessageReactions(update) => {
                Some((update.msg_id, *update.reactions.clone()))
            }
            _ => None,
        })
        .collect()
}

async fn unread(client: &Client, peer: &types::InputPeer) -> i32 {
    let dialogs = client
        .call(functions::messages::GetPeerDialogs {
            peers: vec![types::InputDialogPeer::InputDialogPeer { peer: peer.clone() }],
        })
        .await
        .unwrap();
    match &dialogs.dialogs[0] {
        types::Dialog::Dialog(dialog) => dialog.unread_reactions_count,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reaction_is_seen_by_both_and_unread_by_the_author() {
    let pair = Pair::start().await;
    let (own, theirs) = pair.say("hello", 1).await;
    let state = pair
        .alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    for (request, code, name) in [
        (
            react(&pair.to_alice, 999, &["👍"]),
            400,
            "MESSAGE_ID_INVALID",
        ),
        (
            react(&pair.to_alice, theirs, &["🦴"]),
            400,
            "REACTION_INVALID",
        ),
        (
            react(&pair.to_alice, theirs, &["👍", "👎"]),
            400,
            "REACTIONS_TOO_MANY",
        ),
        (
            react(&pair.to_alice, theirs, &[]),
            400,
            "MESSAGE_NOT_MODIFIED",
        ),
    ] {
        assert_eq!(
            pair.bob.call(request).await.unwrap_err(),
            refused(code, name)
        );
    }
    let mut custom = react(&pair.to_alice, theirs, &[]);
    custom.reaction = Some(vec![types::Reaction::CustomEmoji { document_id: 1 }]);
    assert_eq!(
        pair.bob.call(custom).await.unwrap_err(),
        refused(403, "PREMIUM_ACCOUNT_REQUIRED")
    );
    pair.alice.take_updates();
    // The selector of the coloured form does not matter.
    let answer = pair
        .bob
        .call(react(&pair.to_alice, theirs, &["❤\u{fe0f}"]))
        .await
        .unwrap();
    let answer = told(&updates(answer).updates);
    assert_eq!(answer.len(), 1);
    let (id, reactions) = &answer[0];
    assert_eq!((*id, reactions.results[0].chosen_order), (theirs, Some(0)));
    let pushed = pair.alice.take_updates();
    let (id, reactions) = &told(&pushed)[0];
    assert_eq!(*id, own);
    assert_eq!(reactions.results[0].chosen_order, None);
    assert!(reactions.recent_reactions.as_ref().unwrap()[0].unread);
    assert_eq!(unread(&pair.alice, &pair.to_bob).await, 1);
    // Who was away is told the same.
    let difference = functions::updates::GetDifference::new(state.pts, state.date, state.qts);
    let types::updates::Difference::Difference(difference) =
        pair.alice.call(difference).await.unwrap()
    else {
        panic!("no difference");
    };
    assert_eq!(told(&difference.other_updates), told(&pushed));
    let again = pair.bob.call(react(&pair.to_alice, theirs, &["❤"])).await;
    assert_eq!(again.unwrap_err(), refused(400, "MESSAGE_NOT_MODIFIED"));
    // Looked at, they are read.
    let found = functions::messages::GetUnreadReactions::new(pair.to_bob.clone(), 0, 0, 10, 0, 0);
    let types::messages::Messages::Messages(page) = pair.alice.call(found).await.unwrap() else {
        panic!("not the whole list");
    };
    assert_eq!(page.messages.len(), 1);
    let read = functions::messages::ReadReactions::new(pair.to_bob.clone());
    let affected = pair.alice.call(read).await.unwrap();
    assert_eq!((affected.pts_count, affected.offset), (1, 0));
    assert_eq!(unread(&pair.alice, &pair.to_bob).await, 0);
    // Another instead of it, then none.
    pair.bob
        .call(react(&pair.to_alice, theirs, &["👎"]))
        .await
        .unwrap();
    let list = functions::messages::GetMessageReactionsList::new(pair.to_bob.clone(), own, 10);
    let list = pair.alice.call(list).await.unwrap();
    assert_eq!((list.count, list.users.len()), (1, 1));
    pair.bob
        .call(react(&pair.to_alice, theirs, &[]))
        .await
        .unwrap();
    assert_eq!(unread(&pair.alice, &pair.to_bob).await, 0);
    let now = functions::messages::GetMessagesReactions {
        peer: pair.to_bob.clone(),
        id: vec![own, 999],
    };
    let now = told(&updates(pair.alice.call(now).await.unwrap()).updates);
    assert_eq!(now.len(), 1);
    assert!(now[0].1.results.is_empty());
}

#[tokio::test]
async fn blocked_reaction_is_seen_by_its_author_only() {
    let pair = Pair::start().await;
    let (_, theirs) = pair.say("hello", 1).await;
    let block = functions::contacts::Block {
        my_stories_from: false,
        id: pair.to_bob.clone(),
    };
    pair.alice.call(block).await.unwrap();
    pair.alice.take_updates();
    pair.bob
        .call(react(&pair.to_alice, theirs, &["👍"]))
        .await
        .unwrap();
    assert!(told(&pair.alice.take_updates()).is_empty());
}

#[tokio::test]
async fn group_says_which_reactions_it_has() {
    let group = Group::start().await;
    let sent = group
        .alice
        .call(text(&group.peer(), "hello", 1))
        .await
        .unwrap();
    let own = new_message(&updates(sent).updates);
    let theirs = new_message(&group.bob.take_updates());
    let stranger = react(&group.peer(), own.id, &["👍"]);
    assert_eq!(
        group.carol.call(stranger).await.unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
    group.alice.take_updates();
    group
        .bob
        .call(react(&group.peer(), theirs.id, &["🔥"]))
        .await
        .unwrap();
    let told_alice = told(&group.alice.take_updates());
    assert_eq!(told_alice[0].0, own.id);
    assert!(told_alice[0].1.recent_reactions.as_ref().unwrap()[0].unread);
    let choose = |reactions: types::ChatReactions| {
        functions::messages::SetChatAvailableReactions::new(group.peer(), reactions)
    };
    let wrong = choose(types::ChatReactions::Some {
        reactions: vec![types::Reaction::Empty {}],
    });
    assert_eq!(
        group.alice.call(wrong).await.unwrap_err(),
        refused(400, "REACTION_INVALID")
    );
    let only = types::ChatReactions::Some {
        reactions: vec![types::Reaction::Emoji {
            emoticon: "👍".into(),
        }],
    };
    group.alice.call(choose(only.clone())).await.unwrap();
    assert_eq!(
        group.alice.call(choose(only.clone())).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    assert_eq!(
        group.full(&group.alice).await.available_reactions,
        Some(only)
    );
    let error = group
        .bob
        .call(react(&group.peer(), theirs.id, &["👎"]))
        .await;
    assert_eq!(error.unwrap_err(), refused(400, "REACTION_INVALID"));
    // An admin takes a reaction off; others may not.
    let remove =
        |participant: types::InputPeer, msg_id| functions::messages::DeleteParticipantReaction {
            peer: group.peer(),
            msg_id,
            participant,
        };
    let bob = types::InputPeer::User {
        user_id: group.bob.user_id(),
        access_hash: 0,
    };
    group.alice.call(remove(bob, own.id)).await.unwrap();
    let (_, gone) = &told(&group.bob.take_updates())[0];
    assert!(gone.results.is_empty());
}

#[tokio::test]
async fn reactions_used_lately_come_first() {
    let pair = Pair::start().await;
    let (_, theirs) = pair.say("hello", 1).await;
    let mut request = react(&pair.to_alice, theirs, &["🎉"]);
    request.add_to_recent = true;
    pair.bob.call(request).await.unwrap();
    let recent = || functions::messages::GetRecentReactions { limit: 10, hash: 0 };
    let types::messages::Reactions::Reactions { hash, reactions } =
        pair.bob.call(recent()).await.unwrap()
    else {
        panic!("not modified");
    };
    assert_eq!(reactions.len(), 1);
    let again = functions::messages::GetRecentReactions { limit: 10, hash };
    assert!(matches!(
        pair.bob.call(again).await.unwrap(),
        types::messages::Reactions::NotModified {}
    ));
    pair.bob
        .call(functions::messages::ClearRecentReactions {})
        .await
        .unwrap();
    let types::messages::Reactions::Reactions { reactions, .. } =
        pair.bob.call(recent()).await.unwrap()
    else {
        panic!("not modified");
    };
    assert!(reactions.is_empty());
    let set = |reaction| functions::messages::SetDefaultReaction { reaction };
    let error = pair.bob.call(set(types::Reaction::Paid {})).await;
    assert_eq!(error.unwrap_err(), refused(400, "REACTION_INVALID"));
    let fire = types::Reaction::Emoji {
        emoticon: "🔥".into(),
    };
    pair.bob.call(set(fire.clone())).await.unwrap();
    let config = pair.bob.call(functions::help::GetConfig {}).await.unwrap();
    assert_eq!(config.reactions_default, Some(fire));
}
