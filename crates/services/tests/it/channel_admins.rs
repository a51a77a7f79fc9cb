//! Channels and supergroups: rights, settings, links.

use tl_api::{functions, types};

use crate::channels::{Place, channel, names, new_post};
use crate::harness::{as_user, refused};
use crate::messages::{peer_of, text, updates};

#[tokio::test]
async fn rights_are_given_and_taken_bit_by_bit() {
    let place = Place::start(true).await;
    place
        .invite(&place.alice, place.carol_user.clone())
        .await
        .unwrap();
    // A plain member makes nobody an admin and bans nobody.
    let carol_for_bob = as_user(&peer_of(&place.bob, &place.carol, "15550000003").await);
    assert_eq!(
        place
            .promote(&place.bob, &carol_for_bob, |rights| rights.ban_users = true)
            .await
            .unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    assert_eq!(
        place
            .ban(&place.bob, &carol_for_bob, |rights| rights.view_messages =
                true)
            .await
            .unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    place
        .promote(&place.alice, &place.bob_user, |rights| {
            rights.ban_users = true;
            rights.add_admins = true;
            rights.post_messages = true;
        })
        .await
        .unwrap();
    let shown = channel(&updates(place.bob.take_pushed().pop().unwrap()).chats);
    let rights = shown.admin_rights.unwrap();
    // What there is not in a supergroup is not given.
    assert!(rights.ban_users && rights.add_admins && !rights.post_messages);
    assert_eq!(
        place
            .promote(&place.bob, &carol_for_bob, |rights| rights
                .delete_messages =
                true)
            .await
            .unwrap_err(),
        refused(403, "RIGHT_FORBIDDEN")
    );
    let alice_for_bob = as_user(&peer_of(&place.bob, &place.alice, "15550000001").await);
    assert_eq!(
        place
            .ban(&place.bob, &alice_for_bob, |rights| rights.send_messages =
                true)
            .await
            .unwrap_err(),
        refused(400, "USER_ADMIN_INVALID")
    );
    place
        .ban(&place.bob, &carol_for_bob, |rights| {
            rights.send_plain = true
        })
        .await
        .unwrap();
    assert_eq!(
        place
            .carol
            .call(text(&place.peer(), "no", 1))
            .await
            .unwrap_err(),
        refused(403, "CHAT_SEND_PLAIN_FORBIDDEN")
    );
    let participants = |filter| functions::channels::GetParticipants {
        channel: place.input(),
        filter,
        offset: 0,
        limit: 200,
        hash: 0,
    };
    let banned = || types::ChannelParticipantsFilter::ChannelParticipantsBanned { q: "".into() };
    let types::channels::ChannelParticipants::ChannelParticipants(list) =
        place.bob.call(participants(banned())).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(list.count, 1);
    assert!(matches!(&list.participants[0], types::ChannelParticipant::Banned(row) if !row.left));
    assert_eq!(
        place.carol.call(participants(banned())).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    // Put out: told so, and shown nothing more.
    place.carol.take_updates();
    place.alice.take_updates();
    place
        .ban(&place.bob, &carol_for_bob, |rights| {
            rights.view_messages = true
        })
        .await
        .unwrap();
    assert_eq!(names(&place.alice.take_updates()), ["new"]);
    let told = updates(place.carol.take_pushed().pop().unwrap());
    assert!(matches!(told.chats[0], types::Chat::ChannelForbidden(_)));
    let full = functions::channels::GetFullChannel {
        channel: place.input(),
    };
    assert_eq!(
        place.carol.call(full).await.unwrap_err(),
        refused(406, "CHANNEL_PRIVATE")
    );
    assert_eq!(
        place.difference(&place.carol, 1, 10).await.unwrap_err(),
        refused(406, "CHANNEL_PRIVATE")
    );
    // Unbanning brings nobody back.
    place.ban(&place.bob, &carol_for_bob, |_| {}).await.unwrap();
    assert_eq!(place.full(&place.alice).await.participants_count, Some(2));
    let admins = participants(types::ChannelParticipantsFilter::ChannelParticipantsAdmins {});
    let types::channels::ChannelParticipants::ChannelParticipants(list) =
        place.bob.call(admins).await.unwrap()
    else {
        panic!();
    };
    assert!(matches!(
        &list.participants[0],
        types::ChannelParticipant::Creator(_)
    ));
    assert!(
        matches!(&list.participants[1], types::ChannelParticipant::Admin(admin) if admin.self_ && admin.rank.as_deref() == Some("boss"))
    );
    // Demoted by the owner, an admin is a member.
    place
        .promote(&place.alice, &place.bob_user, |_| {})
        .await
        .unwrap();
    assert_eq!(place.full(&place.alice).await.admins_count, Some(1));
}

#[tokio::test]
async fn only_admins_post_into_a_broadcast() {
    let place = Place::start(false).await;
    // Nobody is told of who comes and goes.
    assert_eq!(place.history(&place.bob).await.messages.len(), 1);
    assert_eq!(
        place
            .bob
            .call(text(&place.peer(), "no", 1))
            .await
            .unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    let sent = updates(
        place
            .alice
            .call(text(&place.peer(), "news", 2))
            .await
            .unwrap(),
    );
    let types::Message::Message(post) = new_post(&sent.updates) else {
        panic!();
    };
    assert!(post.post && post.out && post.from_id.is_none());
    assert_eq!((post.views, post.forwards), (Some(1), Some(0)));
    place.bob.take_updates();
    place
        .alice
        .call({
            let mut signatures = functions::channels::ToggleSignatures::new(place.input());
            signatures.signatures_enabled = true;
            signatures
        })
        .await
        .unwrap();
    place.send(&place.alice, "signed", 3).await;
    let types::Message::Message(post) = new_post(&place.bob.take_updates()) else {
        panic!();
    };
    assert_eq!(post.post_author.as_deref(), Some("Alice"));
    let recent = functions::channels::GetParticipants {
        channel: place.input(),
        filter: types::ChannelParticipantsFilter::ChannelParticipantsRecent {},
        offset: 0,
        limit: 10,
        hash: 0,
    };
    assert_eq!(
        place.bob.call(recent.clone()).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    let types::channels::ChannelParticipants::ChannelParticipants(all) =
        place.alice.call(recent).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(all.count, 2);
    assert_eq!(
        place
            .alice
            .call(functions::channels::LeaveChannel {
                channel: place.input()
            })
            .await
            .unwrap_err(),
        refused(400, "USER_CREATOR")
    );
    // A post taken elsewhere says where it is from.
    let forward = functions::messages::ForwardMessages::new(
        place.peer(),
        vec![post.id],
        vec![9],
        types::InputPeer::Self_ {},
    );
    let saved = updates(place.bob.call(forward).await.unwrap());
    let saved = crate::messages::new_message(&saved.updates);
    let header = saved.fwd_from.unwrap();
    assert_eq!(header.channel_post, Some(post.id));
    assert_eq!(
        header.from_id,
        Some(types::Peer::Channel {
            channel_id: place.id
        })
    );
}

#[tokio::test]
async fn read_marks_and_mentions_are_each_ones_own() {
    let place = Place::start(true).await;
    let first = place.send(&place.alice, "one", 1).await;
    let mut request = text(&place.peer(), "look", 2);
    request.entities = Some(vec![types::MessageEntity::MentionName {
        offset: 0,
        length: 4,
        user_id: place.bob.user_id(),
    }]);
    let sent = updates(place.alice.call(request).await.unwrap());
    let second = messenger::message_id(&new_post(&sent.updates)).0;
    let pushed = place.bob.take_updates();
    assert!(pushed.iter().any(|update| matches!(
        update,
        types::Update::NewChannelMessage { message: types::Message::Message(message), .. }
            if message.mentioned && message.media_unread && message.id == second
    )));
    let dialog = place.dialog(&place.bob).await.unwrap();
    assert_eq!((dialog.unread_count, dialog.unread_mentions_count), (3, 1));
    let own = place.dialog(&place.alice).await.unwrap();
    assert_eq!((own.unread_count, own.read_outbox_max_id), (0, 0));
    let read = |max_id| functions::channels::ReadHistory {
        channel: place.input(),
        max_id,
    };
    place.alice.take_updates();
    assert!(place.bob.call(read(first)).await.unwrap());
    assert!(!place.bob.call(read(first)).await.unwrap());
    assert_eq!(names(&place.alice.take_updates()), ["outbox"]);
    let dialog = place.dialog(&place.bob).await.unwrap();
    assert_eq!((dialog.unread_count, dialog.read_inbox_max_id), (1, first));
    assert_eq!(
        place.dialog(&place.alice).await.unwrap().read_outbox_max_id,
        first
    );
    let unread = functions::messages::GetUnreadMentions::new(place.peer(), 0, 0, 10, 0, 0);
    let types::messages::Messages::ChannelMessages(page) = place.bob.call(unread).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(page.messages.len(), 1);
    let opened = functions::channels::ReadMessageContents {
        channel: place.input(),
        id: vec![second],
    };
    assert!(place.bob.call(opened).await.unwrap());
    let dialog = place.dialog(&place.bob).await.unwrap();
    assert_eq!(dialog.unread_mentions_count, 0);
    // Whoever writes has read.
    place.send(&place.bob, "mine", 3).await;
    assert_eq!(place.dialog(&place.bob).await.unwrap().unread_count, 0);
}

#[tokio::test]
async fn settings_of_a_group_are_told_and_logged() {
    let place = Place::start(true).await;
    let title = |title: &str| functions::channels::EditTitle {
        channel: place.input(),
        title: title.into(),
    };
    assert_eq!(
        place.alice.call(title("Place")).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    let changed = updates(place.alice.call(title("Other")).await.unwrap());
    assert_eq!(names(&changed.updates), ["new", "channel"]);
    assert_eq!(names(&place.bob.take_updates()), ["new", "channel"]);
    let mut rights = types::ChatBannedRights::new(0);
    rights.change_info = true;
    let default = |rights| functions::messages::EditChatDefaultBannedRights {
        peer: place.peer(),
        banned_rights: rights,
    };
    assert_eq!(
        place.bob.call(default(rights.clone())).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    place.bob.call(title("Bobs")).await.unwrap();
    place.alice.call(default(rights.clone())).await.unwrap();
    assert_eq!(
        place.alice.call(default(rights)).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    assert_eq!(
        place.bob.call(title("Again")).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    let slow = |seconds| functions::channels::ToggleSlowMode {
        channel: place.input(),
        seconds,
    };
    assert_eq!(
        place.alice.call(slow(7)).await.unwrap_err(),
        refused(400, "SECONDS_INVALID")
    );
    place.alice.call(slow(60)).await.unwrap();
    place.send(&place.bob, "one", 1).await;
    place.server.world.advance_s(20);
    assert_eq!(
        place
            .bob
            .call(text(&place.peer(), "two", 2))
            .await
            .unwrap_err(),
        refused(420, "SLOWMODE_WAIT_40")
    );
    assert!(
        place
            .full(&place.bob)
            .await
            .slowmode_next_send_date
            .is_some()
    );
    place.send(&place.alice, "admins do not wait", 3).await;
    place.send(&place.alice, "at all", 4).await;
    place.server.world.advance_s(40);
    place.send(&place.bob, "two", 5).await;
    let log = functions::channels::GetAdminLog::new(place.input(), "".into(), 0, 0, 100);
    assert_eq!(
        place.bob.call(log.clone()).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    let events = place.alice.call(log).await.unwrap().events;
    assert!(events.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert!(matches!(
        events[0].action,
        types::ChannelAdminLogEventAction::ToggleSlowMode {
            prev_value: 0,
            new_value: 60
        }
    ));
    // Created, invited, named twice, rights, slow mode.
    assert_eq!(events.len(), 5);
}

#[tokio::test]
async fn history_before_the_join_may_be_hidden() {
    let place = Place::start(true).await;
    place.send(&place.alice, "before", 1).await;
    let hide = |enabled| functions::channels::TogglePreHistoryHidden {
        channel: place.input(),
        enabled,
    };
    place.alice.call(hide(true)).await.unwrap();
    assert_eq!(
        place.alice.call(hide(true)).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    place
        .invite(&place.alice, place.carol_user.clone())
        .await
        .unwrap();
    let seen = place.history(&place.carol).await;
    assert_eq!((seen.count, seen.messages.len()), (1, 1));
    assert_eq!(place.history(&place.bob).await.messages.len(), 4);
    let types::updates::ChannelDifference::ChannelDifference(missed) =
        place.difference(&place.carol, 1, 100).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(missed.new_messages.len(), 1);
    assert!(place.full(&place.carol).await.available_min_id.is_some());
    // Cleared for oneself, others keep it.
    let clear = functions::channels::DeleteHistory {
        for_everyone: false,
        channel: place.input(),
        max_id: 0,
    };
    let cleared = updates(place.bob.call(clear).await.unwrap());
    assert_eq!(names(&cleared.updates), ["available"]);
    assert!(place.history(&place.bob).await.messages.is_empty());
    assert_eq!(place.history(&place.alice).await.messages.len(), 4);
}

#[tokio::test]
async fn deleted_channel_is_gone_for_all() {
    let place = Place::start(true).await;
    let delete = functions::channels::DeleteChannel {
        channel: place.input(),
    };
    assert_eq!(
        place.bob.call(delete.clone()).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    place.alice.call(delete).await.unwrap();
    let told = updates(place.bob.take_pushed().pop().unwrap());
    assert!(matches!(told.chats[0], types::Chat::ChannelForbidden(_)));
    for client in [&place.alice, &place.bob] {
        assert!(place.dialog(client).await.is_none());
        assert_eq!(
            client.call(text(&place.peer(), "no", 1)).await.unwrap_err(),
            refused(406, "CHANNEL_PRIVATE")
        );
    }
}

#[tokio::test]
async fn links_lead_into_channels() {
    let place = Place::start(true).await;
    let export = functions::messages::ExportChatInvite::new(place.peer());
    assert_eq!(
        place.bob.call(export.clone()).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    let types::ExportedChatInvite::ChatInviteExported(link) =
        place.alice.call(export.clone()).await.unwrap()
    else {
        panic!();
    };
    assert!(link.permanent);
    let hash = link.link.rsplit('+').next().unwrap().to_owned();
    let check = |hash: &str| functions::messages::CheckChatInvite { hash: hash.into() };
    let types::ChatInvite::ChatInvite(shown) = place.carol.call(check(&hash)).await.unwrap() else {
        panic!();
    };
    assert!(shown.channel && shown.megagroup && !shown.broadcast && !shown.request_needed);
    assert!(matches!(
        place.bob.call(check(&hash)).await.unwrap(),
        types::ChatInvite::Already(_)
    ));
    let import = |hash: &str| functions::messages::ImportChatInvite { hash: hash.into() };
    let types::messages::ChatInviteJoinResult::Ok { updates: joined } =
        place.carol.call(import(&hash)).await.unwrap()
    else {
        panic!();
    };
    let joined = updates(joined);
    assert_eq!(joined.chats.len(), 1);
    assert!(matches!(
        new_post(&joined.updates),
        types::Message::Service(message)
            if matches!(message.action, types::MessageAction::ChatJoinedByLink { inviter_id } if inviter_id == place.alice.user_id())
    ));
    place
        .carol
        .call(functions::channels::LeaveChannel {
            channel: place.input(),
        })
        .await
        .unwrap();
    // By request: asked once, answered by an admin.
    let mut asking = export;
    asking.request_needed = true;
    let types::ExportedChatInvite::ChatInviteExported(link) =
        place.alice.call(asking).await.unwrap()
    else {
        panic!();
    };
    let hash = link.link.rsplit('+').next().unwrap().to_owned();
    place.alice.take_updates();
    for _ in 0..2 {
        assert_eq!(
            place.carol.call(import(&hash)).await.unwrap_err(),
            refused(400, "INVITE_REQUEST_SENT")
        );
    }
    assert!(names(&place.alice.take_updates()).contains(&"pending"));
    let mut waiting = functions::messages::GetChatInviteImporters::new(
        place.peer(),
        0,
        types::InputUser::Empty {},
        10,
    );
    waiting.requested = true;
    let waiting = place.alice.call(waiting).await.unwrap();
    assert_eq!(
        (waiting.count, waiting.importers[0].user_id),
        (1, place.carol.user_id())
    );
    let hide = |approved| {
        let mut hide =
            functions::messages::HideChatJoinRequest::new(place.peer(), place.carol_user.clone());
        hide.approved = approved;
        hide
    };
    place.carol.take_updates();
    place.alice.call(hide(true)).await.unwrap();
    assert!(names(&place.carol.take_updates()).contains(&"channel"));
    assert_eq!(
        place.alice.call(hide(true)).await.unwrap_err(),
        refused(400, "USER_ALREADY_PARTICIPANT")
    );
    place
        .ban(&place.alice, &place.carol_user, |rights| {
            rights.view_messages = true
        })
        .await
        .unwrap();
    assert_eq!(
        place.alice.call(hide(true)).await.unwrap_err(),
        refused(400, "HIDE_REQUESTER_MISSING")
    );
    assert_eq!(
        place.carol.call(check(&hash)).await.unwrap_err(),
        refused(406, "INVITE_HASH_EXPIRED")
    );
}
