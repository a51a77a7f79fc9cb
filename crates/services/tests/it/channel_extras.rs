//! Channels and supergroups: views, reactions, sender names, the way from a basic group.

use tl_api::{constructors, functions, types};

use crate::channels::{Place, channel, names, new_post};
use crate::harness::{Server, as_user, refused};
use crate::messages::{peer_of, text, updates};

#[tokio::test]
async fn views_and_forwards_are_counted_once() {
    let place = Place::start(false).await;
    let id = place.send(&place.alice, "news", 1).await;
    let views = |increment| functions::messages::GetMessagesViews {
        peer: place.peer(),
        id: vec![id, 77],
        increment,
    };
    assert_eq!(
        place.carol.call(views(true)).await.unwrap_err(),
        refused(400, "CHANNEL_INVALID")
    );
    for _ in 0..2 {
        let seen = place.bob.call(views(true)).await.unwrap().views;
        assert_eq!((seen[0].views, seen[0].forwards), (Some(2), Some(0)));
        assert_eq!(seen[1].views, None);
    }
    let own = place.alice.call(views(true)).await.unwrap().views;
    assert_eq!(own[0].views, Some(2));
    place.bob.take_updates();
    let forward = functions::messages::ForwardMessages::new(
        place.peer(),
        vec![id],
        vec![5],
        peer_of(&place.alice, &place.bob, "15550000002").await,
    );
    place.alice.call(forward).await.unwrap();
    let counted = place.bob.take_updates();
    assert!(counted.iter().any(|update| matches!(
        update,
        types::Update::ChannelMessageForwards { forwards: 1, .. }
    )));
    let history = place.history(&place.bob).await;
    assert!(matches!(
        &history.messages[0],
        types::Message::Message(message) if message.views == Some(2) && message.forwards == Some(1)
    ));
}

#[tokio::test]
async fn reactions_are_shown_to_each_reader() {
    let place = Place::start(true).await;
    let id = place.send(&place.alice, "news", 1).await;
    place.bob.take_updates();
    let react = |emoticon: &str| {
        let mut react = functions::messages::SendReaction::new(place.peer(), id);
        react.reaction = Some(vec![types::Reaction::Emoji {
            emoticon: emoticon.into(),
        }]);
        react
    };
    assert_eq!(
        place.carol.call(react("👍")).await.unwrap_err(),
        refused(400, "CHANNEL_INVALID")
    );
    let answer = updates(place.bob.call(react("👍")).await.unwrap());
    assert_eq!(answer.updates.len(), 1);
    let told = place.alice.take_updates();
    assert!(matches!(
        &told[..],
        [types::Update::MessageReactions(update)] if !update.reactions.min && update.reactions.results[0].count == 1
    ));
    let chosen = |message: &types::Message| match message {
        types::Message::Message(message) => {
            message.reactions.as_ref().unwrap().results[0].chosen_order
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        chosen(&place.history(&place.bob).await.messages[0]),
        Some(0)
    );
    assert_eq!(chosen(&place.history(&place.alice).await.messages[0]), None);
    assert_eq!(
        place.bob.call(react("👍")).await.unwrap_err(),
        refused(400, "MESSAGE_NOT_MODIFIED")
    );
    place
        .ban(&place.alice, &place.bob_user, |rights| {
            rights.send_reactions = true;
        })
        .await
        .unwrap();
    assert_eq!(
        place.bob.call(react("🔥")).await.unwrap_err(),
        refused(403, "CHAT_WRITE_FORBIDDEN")
    );
}

#[tokio::test]
async fn anonymous_admins_write_as_the_group() {
    let place = Place::start(true).await;
    place
        .promote(&place.alice, &place.bob_user, |rights| {
            rights.anonymous = true;
        })
        .await
        .unwrap();
    place.alice.take_updates();
    place.send(&place.bob, "we say", 1).await;
    let types::Message::Message(post) = new_post(&place.alice.take_updates()) else {
        panic!();
    };
    assert_eq!(
        post.from_id,
        Some(types::Peer::Channel {
            channel_id: place.id
        })
    );
    assert_eq!(post.post_author.as_deref(), Some("boss"));
    assert!(!post.out);
    let send_as = functions::channels::GetSendAs::new(place.peer());
    assert_eq!(place.bob.call(send_as).await.unwrap().peers.len(), 2);
    let save = |send_as| functions::messages::SaveDefaultSendAs {
        peer: place.peer(),
        send_as,
    };
    assert_eq!(
        place.alice.call(save(place.peer())).await.unwrap_err(),
        refused(400, "SEND_AS_PEER_INVALID")
    );
    assert!(place.bob.call(save(place.peer())).await.unwrap());
}

#[tokio::test]
async fn basic_group_becomes_a_supergroup() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    for client in [&alice, &bob] {
        client.call(functions::updates::GetState {}).await.unwrap();
    }
    let bob_user = as_user(&peer_of(&alice, &bob, "15550000002").await);
    let create = functions::messages::CreateChat::new(vec![bob_user], "Group".into());
    let made = updates(alice.call(create).await.unwrap().updates);
    let types::Chat::Chat(group) = &made.chats[0] else {
        panic!();
    };
    let old = types::InputPeer::Chat { chat_id: group.id };
    alice.call(text(&old, "before", 1)).await.unwrap();
    bob.take_updates();
    let migrate = functions::messages::MigrateChat { chat_id: group.id };
    assert_eq!(
        bob.call(migrate.clone()).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    let migrated = updates(alice.call(migrate.clone()).await.unwrap());
    let new = channel(&migrated.chats);
    assert!(new.megagroup && new.creator && new.title == "Group");
    assert!(migrated.chats.iter().any(|chat| matches!(
        chat,
        types::Chat::Chat(chat) if chat.deactivated && matches!(
            chat.migrated_to,
            Some(types::InputChannel::InputChannel { channel_id, .. }) if channel_id == new.id
        )
    )));
    let told = bob.take_updates();
    assert!(names(&told).contains(&"channel") && names(&told).contains(&"new"));
    assert!(told.iter().any(|update| matches!(
        update,
        types::Update::NewMessage { message: types::Message::Service(message), .. }
            if matches!(message.action, types::MessageAction::ChatMigrateTo { .. })
    )));
    assert!(alice.call(text(&old, "after", 2)).await.is_err());
    let again = updates(alice.call(migrate).await.unwrap());
    assert_eq!(channel(&again.chats).id, new.id);
    let peer = types::InputPeer::Channel {
        channel_id: new.id,
        access_hash: 0,
    };
    bob.call(text(&peer, "here", 3)).await.unwrap();
    let full = functions::channels::GetFullChannel {
        channel: types::InputChannel::InputChannel {
            channel_id: new.id,
            access_hash: 0,
        },
    };
    let types::ChatFull::ChannelFull(full) = bob.call(full).await.unwrap().full_chat else {
        panic!();
    };
    assert_eq!(full.migrated_from_chat_id, Some(group.id));
    assert_eq!(full.participants_count, Some(2));
    let dialogs = functions::messages::GetDialogs::new(0, 0, types::InputPeer::Empty {}, 100, 0);
    let types::messages::Dialogs::Dialogs(all) = bob.call(dialogs).await.unwrap() else {
        panic!();
    };
    let listed = |peer: types::Peer| {
        all.dialogs
            .iter()
            .any(|dialog| matches!(dialog, types::Dialog::Dialog(dialog) if dialog.peer == peer))
    };
    assert!(listed(types::Peer::Channel { channel_id: new.id }));
    assert!(!listed(types::Peer::Chat { chat_id: group.id }));
}

#[tokio::test]
async fn dialogs_of_channels_are_arranged_like_others() {
    let place = Place::start(true).await;
    let dialog_peer = || types::InputDialogPeer::InputDialogPeer { peer: place.peer() };
    let mut pin = functions::messages::ToggleDialogPin::new(dialog_peer());
    pin.pinned = true;
    place.bob.call(pin).await.unwrap();
    place.send(&place.alice, "one", 1).await;
    let dialog = place.dialog(&place.bob).await.unwrap();
    assert!(dialog.pinned && dialog.unread_count == 2);
    let archive = functions::folders::EditPeerFolders {
        folder_peers: vec![types::InputFolderPeer {
            peer: place.peer(),
            folder_id: 1,
        }],
    };
    place.bob.call(archive).await.unwrap();
    assert_eq!(place.dialog(&place.bob).await.unwrap().folder_id, Some(1));
    let mut draft = functions::messages::SaveDraft::new(place.peer(), "to be".into());
    draft.no_webpage = true;
    place.bob.call(draft).await.unwrap();
    assert!(place.dialog(&place.bob).await.unwrap().draft.is_some());
    let mut send = text(&place.peer(), "to be sent", 9);
    send.clear_draft = true;
    place.bob.call(send).await.unwrap();
    let dialog = place.dialog(&place.bob).await.unwrap();
    assert!(dialog.draft.is_none() && dialog.unread_count == 0);
    let search = functions::messages::Search::new(
        place.peer(),
        "sent".into(),
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
    let types::messages::Messages::ChannelMessages(found) = place.alice.call(search).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(found.count, 1);
    let link = functions::channels::ExportMessageLink::new(place.input(), 1);
    assert_eq!(
        place.alice.call(link).await.unwrap().link,
        format!("https://t.me/c/{}/1", place.id).as_str()
    );
}

#[tokio::test]
async fn replies_are_threads_of_their_root() {
    let place = Place::start(true).await;
    let root = place.send(&place.alice, "root", 1).await;
    let reply = |id: i32, words: &str, random_id: i64| {
        let mut request = text(&place.peer(), words, random_id);
        request.reply_to = Some(types::InputReplyTo::Message(Box::new(
            constructors::InputReplyToMessage::new(id),
        )));
        request
    };
    let sent = updates(place.bob.call(reply(root, "one", 2)).await.unwrap());
    let first = messenger::message_id(&new_post(&sent.updates)).0;
    let sent = updates(place.alice.call(reply(first, "two", 3)).await.unwrap());
    let types::Message::Message(second) = new_post(&sent.updates) else {
        panic!();
    };
    let Some(types::MessageReplyHeader::MessageReplyHeader(header)) = second.reply_to else {
        panic!();
    };
    assert_eq!(
        (header.reply_to_msg_id, header.reply_to_top_id),
        (Some(first), Some(root))
    );
    let history = place.history(&place.bob).await;
    let shown = history.messages.iter().find_map(|message| match message {
        types::Message::Message(message) if message.id == root => message.replies.clone(),
        _ => None,
    });
    let shown = shown.unwrap();
    assert_eq!((shown.replies, shown.max_id), (2, Some(second.id)));
    // Bob wrote what Alice replied to.
    assert_eq!(
        place
            .dialog(&place.bob)
            .await
            .unwrap()
            .unread_mentions_count,
        1
    );
}
