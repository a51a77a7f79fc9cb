//! What is pushed to members, what a difference tells and what is stored are the same.
//!
//! Members of channels write, edit, delete, pin, come, go and are banned at random. Each has a device that
//! is pushed everything, one that loses pushes and catches up, and one that asks only at the end.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tl_api::{constructors, functions, types};

use crate::channels::channel;
use crate::harness::{Client, Server, as_user};
use crate::messages::{peer_of, text, updates};

/// What a device has made of the updates of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
struct Device {
    pts: i32,
    messages: BTreeMap<i32, types::Message>,
}

fn id_of(message: &types::Message) -> i32 {
    messenger::message_id(message).0
}

/// Counters are told by no update, and what is looked at by one without `pts`.
fn plain(mut message: types::Message) -> types::Message {
    match &mut message {
        types::Message::Message(message) => {
            message.replies = None;
            message.views = None;
            message.forwards = None;
            message.media_unread = false;
        }
        types::Message::Service(message) => message.media_unread = false,
        types::Message::Empty { .. } => {}
    }
    message
}

/// `pts` and `pts_count` of an update of a channel.
fn pts_of(update: &types::Update) -> Option<(i64, i32, i32)> {
    use types::Update;
    let channel_of = |message: &types::Message| {
        let peer = match message {
            types::Message::Message(message) => &message.peer_id,
            types::Message::Service(message) => &message.peer_id,
            types::Message::Empty { .. } => panic!("never pushed"),
        };
        match peer {
            types::Peer::Channel { channel_id } => *channel_id,
            other => panic!("{other:?}"),
        }
    };
    Some(match update {
        Update::NewChannelMessage {
            message,
            pts,
            pts_count,
        }
        | Update::EditChannelMessage {
            message,
            pts,
            pts_count,
        } => (channel_of(message), *pts, *pts_count),
        Update::DeleteChannelMessages {
            channel_id,
            pts,
            pts_count,
            ..
        } => (*channel_id, *pts, *pts_count),
        Update::PinnedChannelMessages(pinned) => (pinned.channel_id, pinned.pts, pinned.pts_count),
        _ => return None,
    })
}

impl Device {
    fn apply(&mut self, update: &types::Update) {
        use types::Update;
        match update {
            Update::NewChannelMessage { message, .. }
            | Update::EditChannelMessage { message, .. } => {
                self.messages.insert(id_of(message), plain(message.clone()));
            }
            Update::DeleteChannelMessages { messages, .. } => {
                for id in messages {
                    self.messages.remove(id);
                }
            }
            Update::PinnedChannelMessages(update) => {
                for id in &update.messages {
                    if let Some(types::Message::Message(message)) = self.messages.get_mut(id) {
                        message.pinned = update.pinned;
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes in a push; false when something is missing before it.
    fn push(&mut self, update: &types::Update, pts: i32, count: i32) -> bool {
        if pts <= self.pts {
            return true;
        }
        if self.pts + count != pts {
            return false;
        }
        self.pts = pts;
        self.apply(update);
        true
    }

    /// Catches up by differences of at most `limit` events.
    async fn catch_up(&mut self, client: &Client, channel_id: i64, limit: i32) {
        loop {
            let request = functions::updates::GetChannelDifference::new(
                types::InputChannel::InputChannel {
                    channel_id,
                    access_hash: 0,
                },
                types::ChannelMessagesFilter::Empty {},
                self.pts,
                limit,
            );
            match client.call(request).await.unwrap() {
                types::updates::ChannelDifference::Empty { pts, .. } => {
                    assert_eq!(pts, self.pts);
                    return;
                }
                types::updates::ChannelDifference::ChannelDifference(part) => {
                    assert!(part.pts > self.pts, "no way on");
                    let ids: Vec<i32> = part.new_messages.iter().map(id_of).collect();
                    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
                    for message in part.new_messages {
                        self.messages.insert(id_of(&message), plain(message));
                    }
                    for update in &part.other_updates {
                        assert!(pts_of(update).is_some(), "{update:?}");
                        self.apply(update);
                    }
                    self.pts = part.pts;
                    if part.final_ {
                        return;
                    }
                }
                types::updates::ChannelDifference::TooLong(long) => {
                    let types::Dialog::Dialog(dialog) = long.dialog else {
                        panic!();
                    };
                    self.pts = dialog.pts.unwrap();
                    self.messages = stored(client, channel_id).await;
                    return;
                }
            }
        }
    }
}

/// All messages of a channel as the server shows them.
async fn stored(client: &Client, channel_id: i64) -> BTreeMap<i32, types::Message> {
    let mut all = BTreeMap::new();
    let mut offset_id = 0;
    loop {
        let history = functions::messages::GetHistory {
            peer: types::InputPeer::Channel {
                channel_id,
                access_hash: 0,
            },
            offset_id,
            offset_date: 0,
            add_offset: 0,
            limit: 50,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let types::messages::Messages::ChannelMessages(page) = client.call(history).await.unwrap()
        else {
            panic!();
        };
        let Some(last) = page.messages.last() else {
            return all;
        };
        offset_id = id_of(last);
        for message in page.messages {
            all.insert(id_of(&message), plain(message));
        }
    }
}

struct Account {
    active: Client,
    watcher: Client,
    /// By channel, while a member.
    pushed: BTreeMap<i64, Device>,
    lossy: BTreeMap<i64, Device>,
}

struct Run {
    server: Server,
    accounts: Vec<Account>,
    peers: BTreeMap<(usize, usize), types::InputPeer>,
    channels: Vec<i64>,
    random: ChaCha8Rng,
    next_id: i64,
    lost: usize,
}

fn phone(at: usize) -> String {
    format!("1555200{at:04}")
}

impl Run {
    async fn start(seed: u64, count: usize) -> Self {
        let server = Server::start();
        let mut accounts = Vec::new();
        for at in 0..count {
            let active = server.sign_up(&phone(at), &format!("User{at}")).await;
            let watcher = server.log_in_at(tl_api::NEWEST_LAYER, &phone(at)).await;
            watcher.call(functions::updates::GetState {}).await.unwrap();
            accounts.push(Account {
                active,
                watcher,
                pushed: BTreeMap::new(),
                lossy: BTreeMap::new(),
            });
        }
        let mut peers = BTreeMap::new();
        for from in 0..count {
            for to in 0..count {
                let peer = if from == to {
                    types::InputPeer::Self_ {}
                } else {
                    peer_of(&accounts[from].active, &accounts[to].active, &phone(to)).await
                };
                peers.insert((from, to), peer);
            }
        }
        let mut run = Self {
            server,
            accounts,
            peers,
            channels: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            next_id: 1,
            lost: 0,
        };
        for megagroup in [true, false] {
            let mut create = functions::channels::CreateChannel::new("It".into(), "".into());
            create.megagroup = megagroup;
            create.broadcast = !megagroup;
            let made = updates(run.accounts[0].active.call(create).await.unwrap());
            let id = channel(&made.chats).id;
            run.channels.push(id);
            for (number, other) in (1..count).enumerate() {
                let invite = functions::channels::InviteToChannel {
                    channel: input(id),
                    users: vec![as_user(&run.peers[&(0, other)])],
                };
                run.accounts[0].active.call(invite).await.unwrap();
                let mut rights = types::ChatAdminRights::new();
                rights.post_messages = true;
                rights.delete_messages = number == 0;
                rights.ban_users = number == 0;
                if number < 2 {
                    let edit = functions::channels::EditAdmin::new(
                        input(id),
                        as_user(&run.peers[&(0, other)]),
                        rights,
                    );
                    run.accounts[0].active.call(edit).await.unwrap();
                }
            }
            let name = functions::channels::UpdateUsername {
                channel: input(id),
                username: format!("channel{id}").into(),
            };
            run.accounts[0].active.call(name).await.unwrap();
        }
        run.see_members().await;
        for account in &mut run.accounts {
            account.watcher.take_updates();
        }
        run
    }

    fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.random.next_u64() % below as u64).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn random_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Devices of new members begin with what there is; those of former ones end.
    async fn see_members(&mut self) {
        for account in &mut self.accounts {
            for id in &self.channels {
                let own = functions::channels::GetParticipant {
                    channel: input(*id),
                    participant: types::InputPeer::Self_ {},
                };
                let is_member = match account.active.call(own).await {
                    Ok(row) => !matches!(
                        row.participant,
                        types::ChannelParticipant::Left { .. }
                            | types::ChannelParticipant::Banned(_)
                    ),
                    Err(_) => false,
                };
                if !is_member {
                    account.pushed.remove(id);
                    account.lossy.remove(id);
                } else if !account.pushed.contains_key(id) {
                    let full = functions::channels::GetFullChannel {
                        channel: input(*id),
                    };
                    let full = account.active.call(full).await.unwrap().full_chat;
                    let types::ChatFull::ChannelFull(full) = full else {
                        panic!();
                    };
                    let device = Device {
                        pts: full.pts,
                        messages: stored(&account.active, *id).await,
                    };
                    account.pushed.insert(*id, device.clone());
                    account.lossy.insert(*id, device);
                }
            }
        }
    }

    fn message(&mut self, account: usize, id: i64) -> Option<i32> {
        let count = self.accounts[account].pushed.get(&id)?.messages.len();
        if count == 0 {
            return None;
        }
        let at = self.below(count);
        self.accounts[account].pushed[&id]
            .messages
            .keys()
            .nth(at)
            .copied()
    }

    /// One random deed; refusals are fine, they must only leave no trace.
    async fn step(&mut self) {
        let account = self.below(self.accounts.len());
        let at = self.below(self.channels.len());
        let id = self.channels[at];
        let peer = types::InputPeer::Channel {
            channel_id: id,
            access_hash: 0,
        };
        let deed = self.below(14);
        let message = self.message(account, id);
        let random_id = self.random_id();
        let other = self.below(self.accounts.len());
        let other_peer = self.peers[&(account, other)].clone();
        let other_id = self.accounts[other].active.user_id();
        let coin = self.chance(50);
        let active = &self.accounts[account].active;
        let mut answer = None;
        match deed {
            0..=4 => {
                let mut request = text(&peer, "some words", random_id);
                if let (Some(id), true) = (message, coin) {
                    request.reply_to = Some(types::InputReplyTo::Message(Box::new(
                        constructors::InputReplyToMessage::new(id),
                    )));
                }
                if !coin {
                    request.entities = Some(vec![types::MessageEntity::MentionName {
                        offset: 0,
                        length: 4,
                        user_id: other_id,
                    }]);
                }
                answer = active.call(request).await.ok();
            }
            5 => {
                if let Some(message) = message {
                    let mut edit = functions::messages::EditMessage::new(peer, message);
                    edit.message = Some(format!("edited {random_id}").into());
                    answer = active.call(edit).await.ok();
                }
            }
            6 | 7 => {
                let delete = functions::channels::DeleteMessages {
                    channel: input(id),
                    id: message.into_iter().collect(),
                };
                let _ = active.call(delete).await;
            }
            8 => {
                if let Some(message) = message {
                    let mut pin = functions::messages::UpdatePinnedMessage::new(peer, message);
                    pin.unpin = coin;
                    answer = active.call(pin).await.ok();
                }
            }
            9 => {
                let read = functions::channels::ReadHistory {
                    channel: input(id),
                    max_id: message.unwrap_or(0),
                };
                let _ = active.call(read).await;
            }
            10 => {
                let mut banned_rights = types::ChatBannedRights::new(0);
                banned_rights.view_messages = coin;
                let ban = functions::channels::EditBanned {
                    channel: input(id),
                    participant: other_peer,
                    banned_rights,
                };
                let _ = active.call(ban).await;
            }
            11 => {
                let leave = functions::channels::LeaveChannel { channel: input(id) };
                if coin {
                    let _ = active.call(leave).await;
                }
            }
            12 => {
                let resolve = functions::contacts::ResolveUsername::new(
                    format!("channel{id}").as_str().into(),
                );
                let found = active.call(resolve).await.unwrap();
                if let types::Chat::Channel(found) = &found.chats[0] {
                    let join = functions::channels::JoinChannel {
                        channel: types::InputChannel::InputChannel {
                            channel_id: found.id,
                            access_hash: found.access_hash.unwrap(),
                        },
                    };
                    let _ = active.call(join).await;
                }
            }
            _ => {
                let invite = functions::channels::InviteToChannel {
                    channel: input(id),
                    users: vec![as_user(&other_peer)],
                };
                let _ = active.call(invite).await;
            }
        }
        self.observe(account, answer).await;
    }

    async fn observe(&mut self, actor: usize, answer: Option<types::Updates>) {
        self.server.world.advance_s(1);
        let mut pushes = Vec::new();
        for account in &self.accounts {
            pushes.push(account.watcher.take_updates());
        }
        if let Some(answer) = answer {
            let mut own = updates(answer).updates;
            own.retain(|update| !matches!(update, types::Update::MessageID { .. }));
            assert_eq!(own, pushes[actor], "answer and push differ");
        }
        for (at, told) in pushes.into_iter().enumerate() {
            let loses = self.chance(25);
            for update in told {
                let Some((id, pts, count)) = pts_of(&update) else {
                    continue;
                };
                let account = &mut self.accounts[at];
                if let Some(device) = account.pushed.get_mut(&id) {
                    assert!(device.push(&update, pts, count), "a gap in what is pushed");
                }
                if loses {
                    self.lost += 1;
                    continue;
                }
                let Some(device) = account.lossy.get_mut(&id) else {
                    continue;
                };
                if !device.push(&update, pts, count) {
                    // Whoever was put out meanwhile may not ask.
                    let is_member = account.pushed.contains_key(&id);
                    let full = functions::channels::GetFullChannel { channel: input(id) };
                    if is_member && account.watcher.call(full).await.is_ok() {
                        device.catch_up(&account.watcher, id, 3).await;
                    }
                }
            }
        }
        self.see_members().await;
    }

    /// All devices know what is stored, and dialogs count it right.
    async fn compare(&mut self) {
        for account in &mut self.accounts {
            for (id, device) in &account.pushed {
                let messages = stored(&account.watcher, *id).await;
                let mut lossy = account.lossy[id].clone();
                lossy.catch_up(&account.watcher, *id, 7).await;
                assert_eq!(device.messages, messages, "pushed");
                assert_eq!(lossy.messages, messages, "pushed with losses");
                assert_eq!(device.pts, lossy.pts);
                for limit in [2, 100] {
                    let mut late = Device {
                        pts: 1,
                        ..Device::default()
                    };
                    late.catch_up(&account.watcher, *id, limit).await;
                    assert_eq!(late.messages, messages, "differences of {limit}");
                    assert_eq!(late.pts, device.pts);
                }
                check_dialog(&account.watcher, *id, &messages).await;
            }
        }
    }
}

async fn check_dialog(client: &Client, id: i64, messages: &BTreeMap<i32, types::Message>) {
    let peers = functions::messages::GetPeerDialogs {
        peers: vec![types::InputDialogPeer::InputDialogPeer {
            peer: types::InputPeer::Channel {
                channel_id: id,
                access_hash: 0,
            },
        }],
    };
    let types::Dialog::Dialog(dialog) = client.call(peers).await.unwrap().dialogs.remove(0) else {
        panic!();
    };
    assert_eq!(Some(&dialog.top_message), messages.keys().next_back());
    let unread = messages.range(dialog.read_inbox_max_id + 1..).count();
    assert_eq!(dialog.unread_count, i32::try_from(unread).unwrap());
    let mentions = functions::messages::GetUnreadMentions::new(
        types::InputPeer::Channel {
            channel_id: id,
            access_hash: 0,
        },
        0,
        0,
        100,
        0,
        0,
    );
    let types::messages::Messages::ChannelMessages(page) = client.call(mentions).await.unwrap()
    else {
        panic!();
    };
    assert_eq!(
        dialog.unread_mentions_count,
        i32::try_from(page.messages.len()).unwrap()
    );
}

fn input(channel_id: i64) -> types::InputChannel {
    types::InputChannel::InputChannel {
        channel_id,
        access_hash: 0,
    }
}

/// `DIFFERENTIAL_RUNS` runs (default 3), the first with the seed of `SEED` (default 1).
#[tokio::test]
async fn members_come_to_know_what_is_stored() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let first = number("SEED", 1);
    for seed in first..first + number("DIFFERENTIAL_RUNS", 3) {
        println!("SEED={seed}");
        let mut run = Run::start(seed, 4).await;
        for step in 0..200 {
            println!("step {step}");
            run.step().await;
            if step % 50 == 49 {
                run.compare().await;
            }
        }
        assert!(run.lost > 0, "nothing was lost");
    }
}
