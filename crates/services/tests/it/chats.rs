//! Basic groups: members, rights, copies for everybody.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, Server, as_user, refused};
use crate::messages::{new_message, peer_of, text, updates};

/// A group that Alice made with Bob; Carol is a stranger.
pub(crate) struct Group {
    pub(crate) server: Server,
    pub(crate) alice: Client,
    pub(crate) bob: Client,
    pub(crate) carol: Client,
    pub(crate) chat_id: i64,
    pub(crate) bob_user: types::InputUser,
    pub(crate) carol_user: types::InputUser,
}

impl Group {
    pub(crate) async fn start() -> Self {
        let server = Server::start();
        let alice = server.sign_up("15550000001", "Alice").await;
        let bob = server.sign_up_at(158, "15550000002", "Bob").await;
        let carol = server.sign_up("15550000003", "Carol").await;
        bob.call(functions::updates::GetState {}).await.unwrap();
        carol.call(functions::updates::GetState {}).await.unwrap();
        let bob_user = as_user(&peer_of(&alice, &bob, "15550000002").await);
        let carol_user = as_user(&peer_of(&alice, &carol, "15550000003").await);
        bob.take_updates();
        carol.take_updates();
        let create = functions::messages::CreateChat::new(vec![bob_user.clone()], " Group ".into());
        let made = updates(alice.call(create).await.unwrap().updates);
        let types::Chat::Chat(chat) = &made.chats[0] else {
            panic!();
        };
        assert_eq!(
            (chat.title.as_str(), chat.participants_count, chat.version),
            ("Group", 2, 1)
        );
        let new = made
            .updates
            .iter()
            .filter(|update| matches!(update, types::Update::NewMessage { .. }));
        assert_eq!(new.count(), 1);
        assert!(
            made.updates
                .iter()
                .any(|update| matches!(update, types::Update::MessageID { .. }))
        );
        let chat_id = chat.id;
        assert_eq!(
            bob.take_updates()
                .iter()
                .filter(|update| matches!(
                    update,
                    types::Update::NewMessage {
                        message: types::Message::Service(_),
                        ..
                    }
                ))
                .count(),
            1
        );
        Self {
            server,
            alice,
            bob,
            carol,
            chat_id,
            bob_user,
            carol_user,
        }
    }

    pub(crate) fn peer(&self) -> types::InputPeer {
        types::InputPeer::Chat {
            chat_id: self.chat_id,
        }
    }

    async fn add_carol(
        &self,
        by: &Client,
        who: types::InputUser,
    ) -> Result<(), crate::harness::Refused> {
        let add = functions::messages::AddChatUser {
            chat_id: self.chat_id,
            user_id: who,
            fwd_limit: 0,
        };
        by.call(add).await.map(|_| ())
    }

    pub(crate) async fn full(&self, client: &Client) -> constructors::ChatFull {
        let full = functions::messages::GetFullChat {
            chat_id: self.chat_id,
        };
        match client.call(full).await.unwrap().full_chat {
            types::ChatFull::ChatFull(full) => *full,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn group_needs_a_title_and_people() {
    let group = Group::start().await;
    let empty = functions::messages::CreateChat::new(vec![], "  ".into());
    assert_eq!(
        group.alice.call(empty).await.unwrap_err(),
        refused(400, "CHAT_TITLE_EMPTY")
    );
    let nobody = types::InputUser::InputUser {
        user_id: 5,
        access_hash: 5,
    };
    let wrong = functions::messages::CreateChat::new(vec![nobody], "x".into());
    assert_eq!(
        group.alice.call(wrong).await.unwrap_err(),
        refused(400, "USER_ID_INVALID")
    );
    // Alone is fine.
    let alone = functions::messages::CreateChat::new(vec![], "x".into());
    group.alice.call(alone).await.unwrap();
}

#[tokio::test]
async fn every_member_has_a_copy_and_strangers_nothing() {
    let group = Group::start().await;
    let sent = updates(
        group
            .alice
            .call(text(&group.peer(), "hi all", 1))
            .await
            .unwrap(),
    );
    let own = new_message(&sent.updates);
    let theirs = new_message(&group.bob.take_updates());
    assert_eq!(theirs.message, own.message);
    assert_eq!(
        theirs.peer_id,
        types::Peer::Chat {
            chat_id: group.chat_id
        }
    );
    assert!(group.carol.take_updates().is_empty());
    let send = group.carol.call(text(&group.peer(), "me too", 1)).await;
    assert_eq!(send.unwrap_err(), refused(400, "CHAT_ID_INVALID"));
    let full = functions::messages::GetFullChat {
        chat_id: group.chat_id,
    };
    assert_eq!(
        group.carol.call(full).await.unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
    let chats = functions::messages::GetChats {
        id: vec![group.chat_id],
    };
    assert_eq!(
        group.carol.call(chats).await.unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
    let history = functions::messages::GetHistory {
        peer: group.peer(),
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    assert_eq!(
        group.carol.call(history).await.unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
}

#[tokio::test]
async fn members_come_and_go() {
    let group = Group::start().await;
    assert_eq!(
        group
            .add_carol(&group.carol, types::InputUser::Self_ {})
            .await
            .unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
    group
        .add_carol(&group.alice, group.carol_user.clone())
        .await
        .unwrap();
    assert_eq!(
        group
            .add_carol(&group.alice, group.carol_user.clone())
            .await
            .unwrap_err(),
        refused(400, "USER_ALREADY_PARTICIPANT")
    );
    let full = group.full(&group.carol).await;
    let types::ChatParticipants::ChatParticipants {
        participants,
        version,
        ..
    } = full.participants
    else {
        panic!();
    };
    assert_eq!((participants.len(), version), (3, 2));
    // A member may leave, but not put others out.
    let remove = |user_id| functions::messages::DeleteChatUser::new(group.chat_id, user_id);
    let bobs_carol = as_user(&peer_of(&group.bob, &group.carol, "15550000003").await);
    assert_eq!(
        group.bob.call(remove(bobs_carol)).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    group.carol.take_updates();
    group
        .alice
        .call(remove(group.carol_user.clone()))
        .await
        .unwrap();
    assert!(group.carol.take_updates().iter().any(|update| matches!(
        update,
        types::Update::NewMessage {
            message: types::Message::Service(_),
            ..
        }
    )));
    let send = group.carol.call(text(&group.peer(), "still here", 1)).await;
    assert_eq!(send.unwrap_err(), refused(403, "CHAT_WRITE_FORBIDDEN"));
    // Whoever was put out may still read what they have.
    let chats = functions::messages::GetChats {
        id: vec![group.chat_id],
    };
    let types::messages::Chats::Chats { chats } = group.carol.call(chats).await.unwrap() else {
        panic!();
    };
    assert!(matches!(chats[0], types::Chat::Forbidden { .. }));
    // But not what has become of the group since.
    let about = functions::messages::EditChatAbout {
        peer: group.peer(),
        about: "without Carol".into(),
    };
    group.alice.call(about).await.unwrap();
    assert_eq!(group.full(&group.carol).await.about, "");
    let onlines = functions::messages::GetOnlines { peer: group.peer() };
    assert_eq!(
        group.carol.call(onlines).await.unwrap_err(),
        refused(400, "USER_NOT_PARTICIPANT")
    );
    group
        .bob
        .call(remove(types::InputUser::Self_ {}))
        .await
        .unwrap();
    let full = group.full(&group.bob).await;
    assert!(matches!(
        full.participants,
        types::ChatParticipants::Forbidden(_)
    ));
    assert_eq!(
        group
            .alice
            .call(remove(group.bob_user.clone()))
            .await
            .unwrap_err(),
        refused(400, "USER_NOT_PARTICIPANT")
    );
}

#[tokio::test]
async fn rights_of_members_are_kept() {
    let group = Group::start().await;
    let title = |title: &str| functions::messages::EditChatTitle {
        chat_id: group.chat_id,
        title: title.into(),
    };
    group.bob.call(title("Bob's")).await.unwrap();
    assert_eq!(
        group.bob.call(title("Bob's")).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    let mut banned_rights = types::ChatBannedRights::new(0);
    banned_rights.change_info = true;
    banned_rights.send_plain = true;
    banned_rights.invite_users = true;
    let ban = functions::messages::EditChatDefaultBannedRights {
        peer: group.peer(),
        banned_rights,
    };
    assert_eq!(
        group.bob.call(ban.clone()).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    group.alice.call(ban.clone()).await.unwrap();
    assert_eq!(
        group.alice.call(ban).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    assert_eq!(
        group.bob.call(title("again")).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    assert_eq!(
        group
            .bob
            .call(text(&group.peer(), "hi", 1))
            .await
            .unwrap_err(),
        refused(403, "CHAT_SEND_PLAIN_FORBIDDEN")
    );
    let bobs_carol = as_user(&peer_of(&group.bob, &group.carol, "15550000003").await);
    assert_eq!(
        group.add_carol(&group.bob, bobs_carol).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    let admin = functions::messages::EditChatAdmin {
        chat_id: group.chat_id,
        user_id: group.bob_user.clone(),
        is_admin: true,
    };
    assert_eq!(
        group.bob.call(admin.clone()).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    assert!(group.alice.call(admin).await.unwrap());
    group.bob.call(text(&group.peer(), "hi", 2)).await.unwrap();
    let about = functions::messages::EditChatAbout {
        peer: group.peer(),
        about: "what it is about".into(),
    };
    assert!(group.bob.call(about).await.unwrap());
    assert_eq!(group.full(&group.alice).await.about, "what it is about");
}

#[tokio::test]
async fn mention_is_unread_until_it_was_looked_at() {
    let group = Group::start().await;
    let mut send = text(&group.peer(), "you there", 1);
    send.entities = Some(vec![types::MessageEntity::InputMessageEntityMentionName {
        offset: 0,
        length: 3,
        user_id: group.bob_user.clone(),
    }]);
    let own = new_message(&updates(group.alice.call(send).await.unwrap()).updates);
    assert!(!own.mentioned);
    let theirs = new_message(&group.bob.take_updates());
    assert!(theirs.mentioned && theirs.media_unread);
    let unread = || {
        group.bob.call(functions::messages::GetUnreadMentions::new(
            group.peer(),
            0,
            0,
            10,
            0,
            0,
        ))
    };
    let types::messages::Messages::Messages(page) = unread().await.unwrap() else {
        panic!();
    };
    assert_eq!(page.messages.len(), 1);
    let read = group
        .bob
        .call(functions::messages::ReadMentions::new(group.peer()))
        .await
        .unwrap();
    assert_eq!((read.pts_count, read.offset), (1, 0));
    let types::messages::Messages::Messages(page) = unread().await.unwrap() else {
        panic!();
    };
    assert!(page.messages.is_empty());
    // A reply is a mention of the author.
    let mut reply = text(&group.peer(), "yes", 2);
    let header = constructors::InputReplyToMessage::new(theirs.id);
    reply.reply_to = Some(types::InputReplyTo::Message(Box::new(header)));
    group
        .alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    group.alice.take_updates();
    group.bob.call(reply).await.unwrap();
    let received = new_message(&group.alice.take_updates());
    assert!(received.mentioned);
    assert!(
        matches!(received.reply_to, Some(types::MessageReplyHeader::MessageReplyHeader(header))
        if header.reply_to_msg_id == Some(own.id))
    );
}

#[tokio::test]
async fn first_reader_marks_the_message_as_read() {
    let group = Group::start().await;
    group
        .add_carol(&group.alice, group.carol_user.clone())
        .await
        .unwrap();
    group
        .alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let own = new_message(
        &updates(
            group
                .alice
                .call(text(&group.peer(), "hi", 1))
                .await
                .unwrap(),
        )
        .updates,
    );
    group.alice.take_updates();
    let read = functions::messages::ReadHistory {
        peer: group.peer(),
        max_id: 0,
    };
    group.bob.call(read.clone()).await.unwrap();
    assert!(
        matches!(group.alice.take_updates()[..], [types::Update::ReadHistoryOutbox { max_id, .. }] if max_id == own.id)
    );
    group.carol.call(read).await.unwrap();
    assert!(group.alice.take_updates().is_empty());
    let participants = functions::messages::GetMessageReadParticipants {
        peer: group.peer(),
        msg_id: own.id,
    };
    let readers = group.alice.call(participants).await.unwrap();
    assert_eq!(readers.len(), 2);
    assert_eq!(readers[0].date, group.server.world.now_s());
}

#[tokio::test]
async fn admin_deletes_for_all_and_members_their_own() {
    let group = Group::start().await;
    group
        .alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let sent = group.bob.call(text(&group.peer(), "hi", 1)).await.unwrap();
    let own = new_message(&updates(sent).updates);
    let at_alice = new_message(&group.alice.take_updates());
    group.bob.take_updates();
    let delete = |id| functions::messages::DeleteMessages {
        revoke: true,
        id: vec![id],
    };
    group.alice.call(delete(at_alice.id)).await.unwrap();
    assert!(
        matches!(&group.bob.take_updates()[..], [types::Update::DeleteMessages { messages, .. }] if *messages == [own.id])
    );
    // Bob is no admin: what Alice wrote goes for him alone.
    group
        .alice
        .call(text(&group.peer(), "stays", 2))
        .await
        .unwrap();
    let theirs = new_message(&group.bob.take_updates());
    group.alice.take_updates();
    group.bob.call(delete(theirs.id)).await.unwrap();
    assert!(group.alice.take_updates().is_empty());
}

#[tokio::test]
async fn common_chats_are_listed() {
    let group = Group::start().await;
    let common = functions::messages::GetCommonChats {
        user_id: group.bob_user.clone(),
        max_id: 0,
        limit: 10,
    };
    let types::messages::Chats::Chats { chats } = group.alice.call(common).await.unwrap() else {
        panic!();
    };
    assert_eq!(chats.len(), 1);
    let common = functions::messages::GetCommonChats {
        user_id: group.carol_user.clone(),
        max_id: 0,
        limit: 10,
    };
    let types::messages::Chats::Chats { chats } = group.alice.call(common).await.unwrap() else {
        panic!();
    };
    assert!(chats.is_empty());
}

#[tokio::test]
async fn link_brings_people_in_until_it_is_revoked() {
    let group = Group::start().await;
    let export = functions::messages::ExportChatInvite::new(group.peer());
    assert_eq!(
        group.carol.call(export.clone()).await.unwrap_err(),
        refused(400, "CHAT_ID_INVALID")
    );
    let types::ExportedChatInvite::ChatInviteExported(invite) =
        group.alice.call(export).await.unwrap()
    else {
        panic!();
    };
    assert!(invite.permanent);
    let hash = invite.link.rsplit('+').next().unwrap().to_owned();
    let check = functions::messages::CheckChatInvite {
        hash: hash.as_str().into(),
    };
    assert!(
        matches!(group.carol.call(check.clone()).await.unwrap(), types::ChatInvite::ChatInvite(invite)
        if invite.participants_count == 2 && invite.title == "Group")
    );
    assert!(matches!(
        group.bob.call(check.clone()).await.unwrap(),
        types::ChatInvite::Already(_)
    ));
    let import = functions::messages::ImportChatInvite {
        hash: hash.as_str().into(),
    };
    let types::messages::ChatInviteJoinResult::Ok { updates: joined } =
        group.carol.call(import.clone()).await.unwrap()
    else {
        panic!();
    };
    assert!(
        matches!(&updates(joined).chats[0], types::Chat::Chat(chat) if chat.id == group.chat_id)
    );
    assert_eq!(
        group.carol.call(import.clone()).await.unwrap_err(),
        refused(400, "USER_ALREADY_PARTICIPANT")
    );
    let importers = functions::messages::GetChatInviteImporters::new(
        group.peer(),
        0,
        types::InputUser::Empty {},
        10,
    );
    let mut by_link = importers.clone();
    by_link.link = Some(invite.link.clone());
    assert_eq!(group.alice.call(by_link).await.unwrap().importers.len(), 1);
    let leave = functions::messages::DeleteChatUser::new(group.chat_id, types::InputUser::Self_ {});
    group.carol.call(leave).await.unwrap();
    let mut revoke = functions::messages::EditExportedChatInvite::new(group.peer(), invite.link);
    revoke.revoked = true;
    assert!(matches!(
        group.alice.call(revoke).await.unwrap(),
        types::messages::ExportedChatInvite::Replaced(_)
    ));
    assert_eq!(
        group.carol.call(import).await.unwrap_err(),
        refused(406, "INVITE_HASH_EXPIRED")
    );
    assert_eq!(
        group.carol.call(check).await.unwrap_err(),
        refused(406, "INVITE_HASH_EXPIRED")
    );
}

/// Members send at once from many threads while somebody comes and goes; nobody waits for ever,
/// nothing is lost or doubled, and what is pushed has no gaps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_send_at_once_while_members_change() {
    const MESSAGES: i64 = 40;
    let group = Group::start().await;
    let (alice, bob) = (
        std::sync::Arc::new(group.alice),
        std::sync::Arc::new(group.bob),
    );
    let watcher = group
        .server
        .log_in_at(tl_api::NEWEST_LAYER, "15550000002")
        .await;
    let before = watcher.call(functions::updates::GetState {}).await.unwrap();
    watcher.take_updates();
    let peer = types::InputPeer::Chat {
        chat_id: group.chat_id,
    };
    let mut tasks = tokio::task::JoinSet::new();
    for (sender, client) in [(1, &alice), (2, &alice), (3, &bob), (4, &bob)] {
        let (client, peer) = (std::sync::Arc::clone(client), peer.clone());
        tasks.spawn(async move {
            for number in 0..MESSAGES {
                let id = sender * 1000 + number;
                client
                    .call(text(&peer, &format!("{id}"), id))
                    .await
                    .unwrap();
            }
        });
    }
    let (chat_id, carol) = (group.chat_id, group.carol_user);
    tasks.spawn(async move {
        for _ in 0..10 {
            let add = functions::messages::AddChatUser {
                chat_id,
                user_id: carol.clone(),
                fwd_limit: 0,
            };
            alice.call(add).await.unwrap();
            let remove = functions::messages::DeleteChatUser::new(chat_id, carol.clone());
            alice.call(remove).await.unwrap();
        }
    });
    tasks.join_all().await;
    let mut pts = before.pts;
    let mut texts = std::collections::BTreeSet::new();
    for update in watcher.take_updates() {
        if let types::Update::NewMessage {
            message,
            pts: at,
            pts_count,
        } = update
        {
            pts += pts_count;
            assert_eq!(at, pts, "a gap in what is pushed");
            if let types::Message::Message(message) = message {
                assert!(
                    texts.insert(message.message.as_str().to_owned()),
                    "sent twice"
                );
            }
        }
    }
    assert_eq!(i64::try_from(texts.len()).unwrap(), 4 * MESSAGES);
    let after = watcher.call(functions::updates::GetState {}).await.unwrap();
    assert_eq!(after.pts, pts);
}
