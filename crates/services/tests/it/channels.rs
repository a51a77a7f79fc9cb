//! Channels and supergroups: members, rights, what each is shown.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, Refused, Server, as_user, refused};
use crate::messages::{peer_of, text, updates};

/// A channel that Alice owns and Bob is a member of; Carol is a stranger.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) alice: Client,
    pub(crate) bob: Client,
    pub(crate) carol: Client,
    pub(crate) id: i64,
    /// Bob and Carol as Alice names them.
    pub(crate) bob_user: types::InputUser,
    pub(crate) carol_user: types::InputUser,
}

pub(crate) fn peer_of_user(user: &types::InputUser) -> types::InputPeer {
    match *user {
        types::InputUser::InputUser {
            user_id,
            access_hash,
        } => types::InputPeer::User {
            user_id,
            access_hash,
        },
        _ => types::InputPeer::Self_ {},
    }
}

/// The channel among chats.
pub(crate) fn channel(chats: &[types::Chat]) -> constructors::Channel {
    chats
        .iter()
        .find_map(|chat| match chat {
            types::Chat::Channel(channel) => Some(channel.as_ref().clone()),
            _ => None,
        })
        .unwrap()
}

/// The new message of a channel among updates.
pub(crate) fn new_post(updates: &[types::Update]) -> types::Message {
    updates
        .iter()
        .find_map(|update| match update {
            types::Update::NewChannelMessage { message, .. } => Some(message.clone()),
            _ => None,
        })
        .unwrap()
}

/// What was pushed, by name.
pub(crate) fn names(updates: &[types::Update]) -> Vec<&'static str> {
    updates
        .iter()
        .map(|update| match update {
            types::Update::Channel { .. } => "channel",
            types::Update::NewChannelMessage { .. } => "new",
            types::Update::EditChannelMessage { .. } => "edit",
            types::Update::DeleteChannelMessages { .. } => "delete",
            types::Update::PinnedChannelMessages(_) => "pinned",
            types::Update::ReadChannelInbox { .. } => "inbox",
            types::Update::ReadChannelOutbox { .. } => "outbox",
            types::Update::MessageID { .. } => "id",
            types::Update::ChannelUserTyping(_) => "typing",
            types::Update::ChannelReadMessagesContents(_) => "contents",
            types::Update::ChatDefaultBannedRights(_) => "rights",
            types::Update::PendingJoinRequests(_) => "pending",
            types::Update::ChannelAvailableMessages { .. } => "available",
            _ => "other",
        })
        .collect()
}

impl Place {
    pub(crate) async fn start(megagroup: bool) -> Self {
        let server = Server::start();
        let alice = server.sign_up("15550000001", "Alice").await;
        let bob = server.sign_up_at(158, "15550000002", "Bob").await;
        let carol = server.sign_up("15550000003", "Carol").await;
        for client in [&alice, &bob, &carol] {
            client.call(functions::updates::GetState {}).await.unwrap();
        }
        let bob_user = as_user(&peer_of(&alice, &bob, "15550000002").await);
        let carol_user = as_user(&peer_of(&alice, &carol, "15550000003").await);
        let mut create =
            functions::channels::CreateChannel::new(" Place ".into(), "about it".into());
        create.megagroup = megagroup;
        create.broadcast = !megagroup;
        let made = updates(alice.call(create).await.unwrap());
        let id = channel(&made.chats).id;
        let place = Self {
            server,
            alice,
            bob,
            carol,
            id,
            bob_user,
            carol_user,
        };
        place
            .invite(&place.alice, place.bob_user.clone())
            .await
            .unwrap();
        for client in [&place.alice, &place.bob, &place.carol] {
            client.take_updates();
        }
        place
    }

    pub(crate) fn input(&self) -> types::InputChannel {
        types::InputChannel::InputChannel {
            channel_id: self.id,
            access_hash: 0,
        }
    }

    pub(crate) fn peer(&self) -> types::InputPeer {
        types::InputPeer::Channel {
            channel_id: self.id,
            access_hash: 0,
        }
    }

    pub(crate) async fn invite(
        &self,
        by: &Client,
        user: types::InputUser,
    ) -> Result<types::messages::InvitedUsers, Refused> {
        by.call(functions::channels::InviteToChannel {
            channel: self.input(),
            users: vec![user],
        })
        .await
    }

    pub(crate) async fn full(&self, client: &Client) -> constructors::ChannelFull {
        let full = functions::channels::GetFullChannel {
            channel: self.input(),
        };
        match client.call(full).await.unwrap().full_chat {
            types::ChatFull::ChannelFull(full) => *full,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn send(&self, by: &Client, words: &str, random_id: i64) -> i32 {
        let sent = by.call(text(&self.peer(), words, random_id)).await.unwrap();
        messenger::message_id(&new_post(&updates(sent).updates)).0
    }

    pub(crate) async fn ban(
        &self,
        by: &Client,
        user: &types::InputUser,
        change: impl FnOnce(&mut types::ChatBannedRights),
    ) -> Result<constructors::Updates, Refused> {
        let mut banned_rights = types::ChatBannedRights::new(0);
        change(&mut banned_rights);
        let ban = functions::channels::EditBanned {
            channel: self.input(),
            participant: peer_of_user(user),
            banned_rights,
        };
        by.call(ban).await.map(updates)
    }

    pub(crate) async fn promote(
        &self,
        by: &Client,
        user: &types::InputUser,
        change: impl FnOnce(&mut types::ChatAdminRights),
    ) -> Result<constructors::Updates, Refused> {
        let mut rights = types::ChatAdminRights::new();
        change(&mut rights);
        let mut edit = functions::channels::EditAdmin::new(self.input(), user.clone(), rights);
        edit.rank = Some("boss".into());
        by.call(edit).await.map(updates)
    }

    pub(crate) async fn history(&self, client: &Client) -> constructors::messages::ChannelMessages {
        let history = functions::messages::GetHistory {
            peer: self.peer(),
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 100,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        match client.call(history).await.unwrap() {
            types::messages::Messages::ChannelMessages(page) => *page,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn difference(
        &self,
        client: &Client,
        pts: i32,
        limit: i32,
    ) -> Result<types::updates::ChannelDifference, Refused> {
        let mut request = functions::updates::GetChannelDifference::new(
            self.input(),
            types::ChannelMessagesFilter::Empty {},
            pts,
            limit,
        );
        request.force = true;
        client.call(request).await
    }

    pub(crate) async fn dialog(&self, client: &Client) -> Option<constructors::Dialog> {
        let dialogs =
            functions::messages::GetDialogs::new(0, 0, types::InputPeer::Empty {}, 100, 0);
        let types::messages::Dialogs::Dialogs(all) = client.call(dialogs).await.unwrap() else {
            panic!("so many dialogs");
        };
        all.dialogs.into_iter().find_map(|dialog| match dialog {
            types::Dialog::Dialog(dialog)
                if dialog.peer
                    == types::Peer::Channel {
                        channel_id: self.id,
                    } =>
            {
                Some(*dialog)
            }
            _ => None,
        })
    }

    pub(crate) async fn make_public(&self, name: &str) {
        self.alice
            .call(functions::channels::UpdateUsername {
                channel: self.input(),
                username: name.into(),
            })
            .await
            .unwrap();
        for client in [&self.alice, &self.bob, &self.carol] {
            client.take_updates();
        }
    }

    /// The channel as somebody who finds it by its username names it.
    pub(crate) async fn found(&self, client: &Client, name: &str) -> types::InputChannel {
        let resolve = functions::contacts::ResolveUsername::new(name.into());
        let found = channel(&client.call(resolve).await.unwrap().chats);
        types::InputChannel::InputChannel {
            channel_id: found.id,
            access_hash: found.access_hash.unwrap(),
        }
    }
}

#[tokio::test]
async fn channel_is_made_by_its_owner() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    alice.call(functions::updates::GetState {}).await.unwrap();
    let create = |title: &str| {
        let mut create = functions::channels::CreateChannel::new(title.into(), "about".into());
        create.broadcast = true;
        create
    };
    assert_eq!(
        alice.call(create("  ")).await.unwrap_err(),
        refused(400, "CHAT_TITLE_EMPTY")
    );
    let mut long = create("Title");
    long.about = "a".repeat(256).into();
    assert_eq!(
        alice.call(long).await.unwrap_err(),
        refused(400, "CHAT_ABOUT_TOO_LONG")
    );
    let mut period = create("Title");
    period.ttl_period = Some(5);
    assert_eq!(
        alice.call(period).await.unwrap_err(),
        refused(400, "TTL_PERIOD_INVALID")
    );
    let made = updates(alice.call(create(" Title ")).await.unwrap());
    let shown = channel(&made.chats);
    assert_eq!(shown.title, "Title");
    assert!(shown.creator && shown.broadcast && !shown.megagroup && !shown.left);
    assert!(
        shown
            .admin_rights
            .is_some_and(|rights| rights.post_messages)
    );
    // The first event has pts 2: clients refuse one that is not above its count.
    let new = made.updates.iter().find_map(|update| match update {
        types::Update::NewChannelMessage {
            message: types::Message::Service(message),
            pts,
            pts_count,
        } => Some((message.id, message.post, *pts, *pts_count)),
        _ => None,
    });
    assert_eq!(new, Some((1, true, 2, 1)));
    assert_eq!(names(&made.updates), ["id", "channel", "new"]);
    let other = made
        .users
        .iter()
        .any(|user| matches!(user, types::User::User(user) if user.id != alice.user_id()));
    assert!(!other);
}

#[tokio::test]
async fn members_are_invited_and_told() {
    let place = Place::start(true).await;
    // Nobody else names a channel that they never met.
    let stranger = functions::channels::GetChannels {
        id: vec![place.input()],
    };
    assert_eq!(
        place.carol.call(stranger).await.unwrap_err(),
        refused(400, "CHANNEL_INVALID")
    );
    let invited = place
        .invite(&place.alice, place.carol_user.clone())
        .await
        .unwrap();
    assert!(invited.missing_invitees.is_empty());
    let answer = updates(invited.updates);
    assert_eq!(names(&answer.updates), ["channel", "new"]);
    assert_eq!(names(&place.bob.take_updates()), ["new"]);
    let told = place.carol.take_pushed();
    let told = updates(told.into_iter().next().unwrap());
    assert_eq!(names(&told.updates), ["channel"]);
    assert!(!channel(&told.chats).left);
    assert_eq!(place.full(&place.carol).await.participants_count, Some(3));
    // Who is there already is not brought in again.
    assert_eq!(
        place
            .invite(&place.alice, place.carol_user.clone())
            .await
            .unwrap_err(),
        refused(400, "USER_ALREADY_PARTICIPANT")
    );
    let own = functions::channels::GetParticipant {
        channel: place.input(),
        participant: types::InputPeer::Self_ {},
    };
    let own = place.carol.call(own).await.unwrap().participant;
    let types::ChannelParticipant::Self_(own) = own else {
        panic!("{own:?}");
    };
    assert_eq!(own.inviter_id, place.alice.user_id());
    let dialog = place.dialog(&place.carol).await.unwrap();
    assert_eq!((dialog.unread_count, dialog.pts), (1, Some(4)));
}

#[tokio::test]
async fn public_channel_is_found_joined_and_left() {
    let place = Place::start(true).await;
    let check = |name: &str| functions::channels::CheckUsername {
        channel: place.input(),
        username: name.into(),
    };
    assert_eq!(
        place.bob.call(check("placename")).await.unwrap_err(),
        refused(400, "CHAT_ADMIN_REQUIRED")
    );
    assert_eq!(
        place.alice.call(check("1")).await.unwrap_err(),
        refused(400, "USERNAME_INVALID")
    );
    assert!(place.alice.call(check("placename")).await.unwrap());
    place.make_public("placename").await;
    let update = functions::channels::UpdateUsername {
        channel: place.input(),
        username: "placename".into(),
    };
    assert_eq!(
        place.alice.call(update.clone()).await.unwrap_err(),
        refused(400, "USERNAME_NOT_MODIFIED")
    );
    assert_eq!(
        place.bob.call(update).await.unwrap_err(),
        refused(403, "CHAT_ADMIN_REQUIRED")
    );
    let input = place.found(&place.carol, "placename").await;
    let types::InputChannel::InputChannel {
        channel_id,
        access_hash,
    } = input
    else {
        panic!();
    };
    let peer = types::InputPeer::Channel {
        channel_id,
        access_hash,
    };
    // Everybody may read, only members write.
    let id = place.send(&place.alice, "hello", 1).await;
    let types::messages::Messages::ChannelMessages(read) = place
        .carol
        .call(functions::channels::GetMessages {
            channel: input.clone(),
            id: vec![types::InputMessage::ID { id }],
        })
        .await
        .unwrap()
    else {
        panic!();
    };
    assert!(
        matches!(&read.messages[0], types::Message::Message(message) if message.message == "hello")
    );
    assert_eq!(
        place.carol.call(text(&peer, "hi", 2)).await.unwrap_err(),
        refused(403, "CHAT_WRITE_FORBIDDEN")
    );
    let own = functions::channels::GetParticipant {
        channel: input.clone(),
        participant: types::InputPeer::Self_ {},
    };
    assert_eq!(
        place.carol.call(own).await.unwrap_err(),
        refused(400, "USER_NOT_PARTICIPANT")
    );
    assert_eq!(
        place
            .carol
            .call(functions::channels::LeaveChannel {
                channel: input.clone()
            })
            .await
            .unwrap_err(),
        refused(400, "USER_NOT_PARTICIPANT")
    );
    place.bob.take_updates();
    let join = functions::channels::JoinChannel {
        channel: input.clone(),
    };
    let types::messages::ChatInviteJoinResult::Ok { updates: joined } =
        place.carol.call(join.clone()).await.unwrap()
    else {
        panic!();
    };
    let joined = updates(joined);
    assert_eq!(joined.chats.len(), 1);
    assert_eq!(names(&joined.updates), ["channel", "new"]);
    assert_eq!(names(&place.bob.take_updates()), ["new"]);
    assert_eq!(
        place.carol.call(join).await.unwrap_err(),
        refused(400, "USER_ALREADY_PARTICIPANT")
    );
    place.carol.call(text(&peer, "hi", 3)).await.unwrap();
    assert_eq!(names(&place.bob.take_updates()), ["new"]);
    let left = place
        .carol
        .call(functions::channels::LeaveChannel { channel: input })
        .await
        .unwrap();
    let left = updates(left);
    assert!(channel(&left.chats).left);
    assert_eq!(names(&place.bob.take_updates()), ["new"]);
    assert!(place.dialog(&place.carol).await.is_none());
    assert_eq!(place.full(&place.bob).await.participants_count, Some(2));
    place.carol.take_updates();
    place.send(&place.alice, "gone", 4).await;
    assert!(place.carol.take_updates().is_empty());
}

#[tokio::test]
async fn messages_reach_members_with_their_pts() {
    let place = Place::start(true).await;
    let before = place.full(&place.alice).await.pts;
    let sent = updates(
        place
            .alice
            .call(text(&place.peer(), "hello", 7))
            .await
            .unwrap(),
    );
    let own = new_post(&sent.updates);
    let types::Message::Message(own) = own else {
        panic!();
    };
    assert!(own.out && !own.post && own.from_id.is_some());
    let pushed = place.bob.take_updates();
    let types::Message::Message(theirs) = new_post(&pushed) else {
        panic!();
    };
    assert!(!theirs.out && theirs.id == own.id);
    assert!(place.carol.take_updates().is_empty());
    // Sent again it is the same message.
    let again = updates(
        place
            .alice
            .call(text(&place.peer(), "hello", 7))
            .await
            .unwrap(),
    );
    assert_eq!(new_post(&again.updates), new_post(&sent.updates));
    assert!(place.bob.take_updates().is_empty());
    let mut edit = functions::messages::EditMessage::new(place.peer(), own.id);
    edit.message = Some("bye".into());
    assert_eq!(
        place.bob.call(edit.clone()).await.unwrap_err(),
        refused(403, "MESSAGE_AUTHOR_REQUIRED")
    );
    place.alice.call(edit).await.unwrap();
    assert_eq!(names(&place.bob.take_updates()), ["edit"]);
    let pin = functions::messages::UpdatePinnedMessage::new(place.peer(), own.id);
    place.bob.call(pin.clone()).await.unwrap();
    assert_eq!(
        place.alice.call(pin).await.unwrap_err(),
        refused(400, "CHAT_NOT_MODIFIED")
    );
    assert_eq!(names(&place.alice.take_updates()), ["pinned", "new"]);
    assert_eq!(place.full(&place.bob).await.pinned_msg_id, Some(own.id));
    let delete = functions::channels::DeleteMessages {
        channel: place.input(),
        id: vec![own.id, 999],
    };
    assert_eq!(
        place.bob.call(delete.clone()).await.unwrap_err(),
        refused(403, "MESSAGE_DELETE_FORBIDDEN")
    );
    place.bob.take_updates();
    let affected = place.alice.call(delete).await.unwrap();
    assert_eq!((affected.pts, affected.pts_count), (before + 5, 1));
    assert_eq!(names(&place.bob.take_updates()), ["delete"]);
    assert_eq!(place.full(&place.bob).await.pts, before + 5);
}

#[tokio::test]
async fn difference_follows_its_rows() {
    let place = Place::start(true).await;
    let start = place.full(&place.bob).await.pts;
    assert_eq!(
        place.difference(&place.bob, 0, 10).await.unwrap_err(),
        refused(400, "PERSISTENT_TIMESTAMP_EMPTY")
    );
    assert_eq!(
        place
            .difference(&place.bob, start + 1, 10)
            .await
            .unwrap_err(),
        refused(400, "PERSISTENT_TIMESTAMP_INVALID")
    );
    assert!(matches!(
        place.difference(&place.bob, start, 10).await.unwrap(),
        types::updates::ChannelDifference::Empty { final_: true, pts, timeout: Some(30) } if pts == start
    ));
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(place.send(&place.alice, "text", 100 + number).await);
    }
    let mut edit = functions::messages::EditMessage::new(place.peer(), ids[0]);
    edit.message = Some("edited".into());
    place.alice.call(edit).await.unwrap();
    let delete = functions::channels::DeleteMessages {
        channel: place.input(),
        id: vec![ids[1], ids[2]],
    };
    place.alice.call(delete).await.unwrap();
    // Slices: none is final but the last, and only that one has a timeout.
    let mut pts = start;
    let mut known = Vec::new();
    loop {
        let types::updates::ChannelDifference::ChannelDifference(part) =
            place.difference(&place.bob, pts, 2).await.unwrap()
        else {
            panic!();
        };
        assert!(part.pts > pts);
        assert_eq!(part.final_, part.timeout.is_some());
        pts = part.pts;
        known.extend(
            part.new_messages
                .iter()
                .map(|message| messenger::message_id(message).0),
        );
        if part.final_ {
            break;
        }
    }
    assert_eq!(pts, start + 8);
    assert_eq!(known, [ids[0], ids[3], ids[4]]);
    let types::updates::ChannelDifference::ChannelDifference(whole) =
        place.difference(&place.bob, start, 100).await.unwrap()
    else {
        panic!();
    };
    // Made and edited: once, edited. Made and deleted: only the deletion.
    assert_eq!(whole.new_messages.len(), 3);
    assert!(
        matches!(&whole.new_messages[0], types::Message::Message(message) if message.message == "edited")
    );
    assert_eq!(names(&whole.other_updates), ["delete"]);
    // A client that knows nothing gets the channel as it is.
    let types::updates::ChannelDifference::TooLong(long) =
        place.difference(&place.bob, 1, 1).await.unwrap()
    else {
        panic!();
    };
    let types::Dialog::Dialog(dialog) = &long.dialog else {
        panic!();
    };
    assert!(long.final_ && long.timeout.is_some());
    assert_eq!(dialog.pts, Some(pts));
    assert_eq!(
        messenger::message_id(&long.messages[0]).0,
        dialog.top_message
    );
    assert_eq!(
        place.difference(&place.carol, 1, 1).await.unwrap_err(),
        refused(400, "CHANNEL_INVALID")
    );
}

#[tokio::test]
async fn away_from_a_channel_one_is_told_that_it_moved() {
    let place = Place::start(true).await;
    let state = place
        .bob
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    place.server.world.advance_s(10);
    place.send(&place.alice, "text", 1).await;
    let request = functions::updates::GetDifference::new(state.pts, state.date, state.qts.max(0));
    let types::updates::Difference::Difference(missed) = place.bob.call(request).await.unwrap()
    else {
        panic!();
    };
    let pts = place.full(&place.bob).await.pts;
    assert!(missed.other_updates.iter().any(|update| matches!(
        update,
        types::Update::ChannelTooLong { channel_id, pts: Some(now) } if *channel_id == place.id && *now == pts
    )));
    assert_eq!(channel(&missed.chats).id, place.id);
}
