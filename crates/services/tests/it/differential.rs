//! What was pushed, what a difference tells and what is stored are the same, whatever happens.
//!
//! Accounts do random things to each other. Each has a device that is pushed everything, one that
//! loses pushes and catches up by differences, and one that asks for a difference only at the
//! end. All of them must come to know the same, and what the server shows.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tl_api::{constructors, functions, types};

use crate::harness::{Client, Server, as_user};
use crate::messages::{peer_of, updates};

/// A dialog as a device knows it: what is read on both sides.
type Marks = BTreeMap<String, (i32, i32)>;

/// What a device has made of the updates that it got.
#[derive(Clone, Debug, Default, PartialEq)]
struct Device {
    pts: i32,
    messages: BTreeMap<i32, types::Message>,
    marks: Marks,
    folders: BTreeMap<String, i32>,
}

fn name(peer: &types::Peer) -> String {
    format!("{peer:?}")
}

/// `pts` and `pts_count` of an update that has them.
fn pts_of(update: &types::Update) -> Option<(i32, i32)> {
    use types::Update;
    Some(match update {
        Update::NewMessage { pts, pts_count, .. }
        | Update::EditMessage { pts, pts_count, .. }
        | Update::DeleteMessages { pts, pts_count, .. }
        | Update::ReadMessagesContents { pts, pts_count, .. }
        | Update::ReadHistoryOutbox { pts, pts_count, .. }
        | Update::FolderPeers { pts, pts_count, .. } => (*pts, *pts_count),
        Update::ReadHistoryInbox(read) => (read.pts, read.pts_count),
        Update::PinnedMessages(pinned) => (pinned.pts, pinned.pts_count),
        _ => return None,
    })
}

fn id_of(message: &types::Message) -> i32 {
    match message {
        types::Message::Message(message) => message.id,
        types::Message::Service(message) => message.id,
        types::Message::Empty { id, .. } => *id,
    }
}

impl Device {
    /// Takes an update in; the caller has checked its `pts`.
    fn apply(&mut self, update: types::Update) {
        use types::Update;
        match update {
            Update::NewMessage { message, .. } | Update::EditMessage { message, .. } => {
                self.messages.insert(id_of(&message), message);
            }
            Update::DeleteMessages { messages, .. } => {
                for id in messages {
                    self.messages.remove(&id);
                }
            }
            Update::ReadMessagesContents { messages, .. } => {
                for id in messages {
                    match self.messages.get_mut(&id) {
                        Some(types::Message::Message(message)) => message.media_unread = false,
                        Some(types::Message::Service(message)) => message.media_unread = false,
                        _ => {}
                    }
                }
            }
            Update::PinnedMessages(update) => {
                for id in update.messages {
                    if let Some(types::Message::Message(message)) = self.messages.get_mut(&id) {
                        message.pinned = update.pinned;
                    }
                }
            }
            Update::ReadHistoryInbox(read) => {
                self.marks.entry(name(&read.peer)).or_default().0 = read.max_id;
            }
            Update::ReadHistoryOutbox { peer, max_id, .. } => {
                self.marks.entry(name(&peer)).or_default().1 = max_id;
            }
            Update::FolderPeers { folder_peers, .. } => {
                for folder in folder_peers {
                    self.folders.insert(name(&folder.peer), folder.folder_id);
                }
            }
            _ => {}
        }
    }

    /// Takes in what was pushed; false when something is missing before it.
    fn push(&mut self, updates: Vec<types::Update>) -> bool {
        for update in updates {
            if let Some((pts, count)) = pts_of(&update) {
                if pts <= self.pts {
                    continue;
                }
                if self.pts + count != pts {
                    return false;
                }
                self.pts = pts;
            }
            self.apply(update);
        }
        true
    }

    /// Catches up by differences of at most `limit` events.
    async fn catch_up(&mut self, client: &Client, limit: Option<i32>) {
        loop {
            let mut request = functions::updates::GetDifference::new(self.pts, 1, 0);
            request.pts_limit = limit;
            match client.call(request).await.unwrap() {
                types::updates::Difference::Empty { .. } => return,
                types::updates::Difference::Difference(whole) => {
                    check_named(
                        &whole.new_messages,
                        &whole.other_updates,
                        &whole.users,
                        &whole.chats,
                    );
                    self.take(whole.new_messages, whole.other_updates);
                    self.pts = whole.state.pts;
                    return;
                }
                types::updates::Difference::Slice(slice) => {
                    check_named(
                        &slice.new_messages,
                        &slice.other_updates,
                        &slice.users,
                        &slice.chats,
                    );
                    assert!(slice.intermediate_state.pts > self.pts, "no way on");
                    self.take(slice.new_messages, slice.other_updates);
                    self.pts = slice.intermediate_state.pts;
                }
                types::updates::Difference::TooLong { .. } => panic!("nothing was trimmed"),
            }
        }
    }

    fn take(&mut self, messages: Vec<types::Message>, updates: Vec<types::Update>) {
        let ids: Vec<i32> = messages.iter().map(id_of).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        for message in messages {
            self.messages.insert(id_of(&message), message);
        }
        let order: Vec<i32> = updates
            .iter()
            .filter_map(pts_of)
            .map(|(pts, _)| pts)
            .collect();
        assert!(order.windows(2).all(|pair| pair[0] <= pair[1]), "{order:?}");
        for update in updates {
            self.apply(update);
        }
    }
}

/// Everybody who is named comes along (F21).
fn check_named(
    messages: &[types::Message],
    updates: &[types::Update],
    users: &[types::User],
    chats: &[types::Chat],
) {
    let mut peers = messenger::Peers::default();
    messages
        .iter()
        .for_each(|message| peers.add_message(message));
    updates.iter().for_each(|update| peers.add_update(update));
    let users: BTreeSet<i64> = users
        .iter()
        .map(|user| match user {
            types::User::User(user) => {
                assert!(user.access_hash.is_some() && !user.min);
                user.id
            }
            types::User::Empty { id } => *id,
        })
        .collect();
    let chats: BTreeSet<i64> = chats
        .iter()
        .map(|chat| match chat {
            types::Chat::Chat(chat) => chat.id,
            types::Chat::Forbidden { id, .. } => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    for user in peers.users {
        assert!(users.contains(&user.0), "{user} is not there");
    }
    for chat in peers.chats {
        assert!(chats.contains(&chat.0), "{chat} is not there");
    }
}

/// One account with its devices.
struct Account {
    /// Does things.
    active: Client,
    /// Is pushed everything.
    watcher: Client,
    pushed: Device,
    lossy: Device,
    lost: usize,
}

struct Run {
    server: Server,
    accounts: Vec<Account>,
    /// `inputPeer` of the second account for the first one.
    peers: BTreeMap<(usize, usize), types::InputPeer>,
    chats: Vec<i64>,
    random: ChaCha8Rng,
    next_id: i64,
}

impl Run {
    async fn start(server: Server, seed: u64, count: usize) -> Self {
        let mut accounts = Vec::new();
        for at in 0..count {
            let phone = phone(at);
            let active = server.sign_up(&phone, &format!("User{at}")).await;
            let watcher = server.log_in_at(tl_api::NEWEST_LAYER, &phone).await;
            watcher.call(functions::updates::GetState {}).await.unwrap();
            accounts.push(Account {
                active,
                watcher,
                pushed: Device::default(),
                lossy: Device::default(),
                lost: 0,
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
        for account in &mut accounts {
            let state = account
                .watcher
                .call(functions::updates::GetState {})
                .await
                .unwrap();
            account.watcher.take_updates();
            account.pushed.pts = state.pts;
            // Service messages of the login are known to all.
            account.pushed.messages = stored(&account.watcher).await.0;
            account.lossy = account.pushed.clone();
        }
        Self {
            server,
            accounts,
            peers,
            chats: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            next_id: 1,
        }
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

    /// A dialog of an account: another account, itself or a group.
    fn dialog(&mut self, account: usize) -> types::InputPeer {
        if !self.chats.is_empty() && self.chance(50) {
            let at = self.below(self.chats.len());
            return types::InputPeer::Chat {
                chat_id: self.chats[at],
            };
        }
        let other = self.below(self.accounts.len());
        self.peers[&(account, other)].clone()
    }

    /// A message that the account has, if it has any.
    fn message(&mut self, account: usize) -> Option<(i32, types::Message)> {
        let count = self.accounts[account].pushed.messages.len();
        if count == 0 {
            return None;
        }
        let at = self.below(count);
        let (id, message) = self.accounts[account]
            .pushed
            .messages
            .iter()
            .nth(at)
            .unwrap();
        Some((*id, message.clone()))
    }

    /// The dialog that a message is in, as its owner names it.
    fn dialog_of(&self, account: usize, message: &types::Message) -> types::InputPeer {
        let peer = match message {
            types::Message::Message(message) => &message.peer_id,
            types::Message::Service(message) => &message.peer_id,
            types::Message::Empty { .. } => panic!("never kept"),
        };
        match *peer {
            types::Peer::Chat { chat_id } => types::InputPeer::Chat { chat_id },
            types::Peer::User { user_id } => (0..self.accounts.len())
                .find(|other| self.accounts[*other].active.user_id() == user_id)
                .map_or(types::InputPeer::Empty {}, |other| {
                    self.peers[&(account, other)].clone()
                }),
            types::Peer::Channel { .. } => panic!("there are none"),
        }
    }

    /// One random deed; refusals are fine, they must only leave no trace.
    async fn step(&mut self) {
        let account = self.below(self.accounts.len());
        let answered = match self.below(16) {
            0..=4 => self.send(account).await,
            5 => self.forward(account).await,
            6 => self.edit(account).await,
            7 | 8 => self.delete(account).await,
            9 | 10 => self.read(account).await,
            11 => self.pin(account).await,
            12 => self.group(account).await,
            13 => self.mentions(account).await,
            14 => self.clear(account).await,
            _ => self.archive(account).await,
        };
        self.observe(account, answered).await;
    }

    async fn send(&mut self, account: usize) -> Option<types::Updates> {
        let peer = self.dialog(account);
        let reply = self.message(account);
        let words = ["hello", "see example.com", "@all of you", "😀 #tag"];
        let text = words[self.below(words.len())];
        let mut request =
            functions::messages::SendMessage::new(peer, text.into(), self.random_id());
        request.silent = self.chance(10);
        if let Some((id, _)) = reply.filter(|_| self.chance(40)) {
            let reply = constructors::InputReplyToMessage::new(id);
            request.reply_to = Some(types::InputReplyTo::Message(Box::new(reply)));
        }
        if self.chance(30) {
            let other = self.below(self.accounts.len());
            let user_id = self.accounts[other].active.user_id();
            request.entities = Some(vec![types::MessageEntity::MentionName {
                offset: 0,
                length: 2,
                user_id,
            }]);
        }
        self.accounts[account].active.call(request).await.ok()
    }

    async fn forward(&mut self, account: usize) -> Option<types::Updates> {
        let (id, message) = self.message(account)?;
        let from = self.dialog_of(account, &message);
        let to = self.dialog(account);
        let request =
            functions::messages::ForwardMessages::new(from, vec![id], vec![self.random_id()], to);
        self.accounts[account].active.call(request).await.ok()
    }

    async fn edit(&mut self, account: usize) -> Option<types::Updates> {
        let (id, message) = self.message(account)?;
        let peer = self.dialog_of(account, &message);
        let mut request = functions::messages::EditMessage::new(peer, id);
        request.message = Some(format!("edited {}", self.random_id()).into());
        self.accounts[account].active.call(request).await.ok()
    }

    async fn delete(&mut self, account: usize) -> Option<types::Updates> {
        let mut id = Vec::new();
        for _ in 0..=self.below(4) {
            id.extend(self.message(account).map(|(id, _)| id));
        }
        let revoke = self.chance(50);
        let request = functions::messages::DeleteMessages { revoke, id };
        self.accounts[account].active.call(request).await.unwrap();
        None
    }

    async fn read(&mut self, account: usize) -> Option<types::Updates> {
        let (id, message) = self.message(account)?;
        let peer = self.dialog_of(account, &message);
        let max_id = if self.chance(50) { 0 } else { id };
        let request = functions::messages::ReadHistory { peer, max_id };
        let _ = self.accounts[account].active.call(request).await;
        None
    }

    async fn pin(&mut self, account: usize) -> Option<types::Updates> {
        let (id, message) = self.message(account)?;
        let peer = self.dialog_of(account, &message);
        if self.chance(10) {
            let request = functions::messages::UnpinAllMessages::new(peer);
            let _ = self.accounts[account].active.call(request).await;
            return None;
        }
        let mut request = functions::messages::UpdatePinnedMessage::new(peer, id);
        request.unpin = self.chance(40);
        request.pm_oneside = self.chance(20);
        self.accounts[account].active.call(request).await.ok()
    }

    async fn group(&mut self, account: usize) -> Option<types::Updates> {
        let other = self.below(self.accounts.len());
        let user = as_user(&self.peers[&(account, other)]);
        let active = &self.accounts[account].active;
        if self.chats.len() < 2 {
            let request = functions::messages::CreateChat::new(vec![user], "Group".into());
            let made = active.call(request).await.ok()?.updates;
            let types::Updates::Updates(made) = made else {
                panic!("{made:?}");
            };
            let types::Chat::Chat(chat) = &made.chats[0] else {
                panic!("{made:?}");
            };
            self.chats.push(chat.id);
            return Some(types::Updates::Updates(made));
        }
        let at = self.below(self.chats.len());
        let chat_id = self.chats[at];
        let deed = self.below(4);
        let active = &self.accounts[account].active;
        match deed {
            0 | 1 => {
                let request = functions::messages::AddChatUser {
                    chat_id,
                    user_id: user,
                    fwd_limit: 0,
                };
                Some(active.call(request).await.ok()?.updates)
            }
            2 => {
                let request = functions::messages::DeleteChatUser::new(chat_id, user);
                active.call(request).await.ok()
            }
            _ => {
                let title = format!("Group {}", self.next_id).as_str().into();
                let request = functions::messages::EditChatTitle { chat_id, title };
                active.call(request).await.ok()
            }
        }
    }

    async fn mentions(&mut self, account: usize) -> Option<types::Updates> {
        let (id, message) = self.message(account)?;
        let peer = self.dialog_of(account, &message);
        let all = self.chance(50);
        let active = &self.accounts[account].active;
        if all {
            let _ = active
                .call(functions::messages::ReadMentions::new(peer))
                .await;
        } else {
            let request = functions::messages::ReadMessageContents { id: vec![id] };
            active.call(request).await.unwrap();
        }
        None
    }

    async fn clear(&mut self, account: usize) -> Option<types::Updates> {
        if !self.chance(30) {
            return None;
        }
        let peer = self.dialog(account);
        let mut request = functions::messages::DeleteHistory::new(peer, 0);
        request.just_clear = self.chance(50);
        request.revoke = self.chance(30);
        loop {
            match self.accounts[account].active.call(request.clone()).await {
                Ok(affected) if affected.offset > 0 => {}
                _ => return None,
            }
        }
    }

    async fn archive(&mut self, account: usize) -> Option<types::Updates> {
        let peer = self.dialog(account);
        let folder_id = i32::from(self.chance(70));
        let request = functions::folders::EditPeerFolders {
            folder_peers: vec![types::InputFolderPeer { peer, folder_id }],
        };
        self.accounts[account].active.call(request).await.ok()
    }

    /// Takes in what was pushed to whom, and compares it with the answer.
    async fn observe(&mut self, actor: usize, answer: Option<types::Updates>) {
        self.server.world.advance_s(1);
        for at in 0..self.accounts.len() {
            let loses = self.chance(25);
            let limit = [None, Some(1), Some(3)][self.below(3)];
            let account = &mut self.accounts[at];
            let pushed = account.watcher.take_pushed();
            let mut told = Vec::new();
            for push in pushed {
                let push = updates(push);
                check_named(&[], &push.updates, &push.users, &push.chats);
                told.extend(push.updates);
            }
            if at == actor
                && let Some(types::Updates::Updates(answer)) = &answer
            {
                let mut own = answer.updates.clone();
                own.retain(|update| !matches!(update, types::Update::MessageID { .. }));
                assert_eq!(own, told, "answer and push differ");
            }
            assert!(account.pushed.push(told.clone()), "a gap in what is pushed");
            if loses && !told.is_empty() {
                account.lost += 1;
            } else if !account.lossy.push(told) {
                account.lossy.catch_up(&account.watcher, limit).await;
            }
        }
    }

    /// All devices know what is stored.
    async fn compare(&mut self) {
        for account in &mut self.accounts {
            let (messages, marks, folders) = stored(&account.watcher).await;
            account.lossy.catch_up(&account.watcher, Some(7)).await;
            let mut late = Device {
                pts: 1,
                ..Device::default()
            };
            late.catch_up(&account.watcher, None).await;
            let mut slow = Device {
                pts: 1,
                ..Device::default()
            };
            slow.catch_up(&account.watcher, Some(1)).await;
            assert_eq!(account.pushed.pts, late.pts);
            assert_eq!(account.pushed.pts, account.lossy.pts);
            assert_eq!(account.pushed.messages, messages, "pushed");
            assert_eq!(account.lossy.messages, messages, "pushed with losses");
            assert_eq!(late.messages, messages, "one difference");
            assert_eq!(slow.messages, messages, "small differences");
            for device in [&account.pushed, &account.lossy, &late, &slow] {
                // Marks that no update has told are those of the own messages.
                for (peer, (inbox, outbox)) in &device.marks {
                    let Some((stored_inbox, stored_outbox)) = marks.get(peer) else {
                        continue;
                    };
                    assert!(inbox <= stored_inbox, "{peer}");
                    assert_eq!(outbox, stored_outbox, "{peer}");
                }
                for (peer, folder) in &device.folders {
                    if let Some(stored) = folders.get(peer) {
                        assert_eq!(folder, stored, "{peer}");
                    }
                }
            }
        }
    }
}

fn phone(at: usize) -> String {
    format!("1555100{at:04}")
}

/// All messages, read marks and folders as the server shows them, with counters that fit them.
async fn stored(client: &Client) -> (BTreeMap<i32, types::Message>, Marks, BTreeMap<String, i32>) {
    let mut messages = BTreeMap::new();
    let mut marks = Marks::new();
    let mut folders = BTreeMap::new();
    let mut request =
        functions::messages::GetDialogs::new(0, 0, types::InputPeer::Empty {}, 100, 0);
    request.exclude_pinned = false;
    let types::messages::Dialogs::Dialogs(all) = client.call(request).await.unwrap() else {
        panic!("so many dialogs");
    };
    check_named(&all.messages, &[], &all.users, &all.chats);
    for dialog in all.dialogs {
        let types::Dialog::Dialog(dialog) = dialog else {
            panic!("{dialog:?}");
        };
        let peer = match dialog.peer {
            types::Peer::User { user_id } if user_id == client.user_id() => {
                types::InputPeer::Self_ {}
            }
            types::Peer::User { user_id } => types::InputPeer::User {
                user_id,
                access_hash: 0,
            },
            types::Peer::Chat { chat_id } => types::InputPeer::Chat { chat_id },
            types::Peer::Channel { .. } => panic!("there are none"),
        };
        marks.insert(
            name(&dialog.peer),
            (dialog.read_inbox_max_id, dialog.read_outbox_max_id),
        );
        folders.insert(name(&dialog.peer), dialog.folder_id.unwrap_or(0));
        let mut listed = Vec::new();
        let mut offset_id = 0;
        loop {
            let page = client
                .call(functions::messages::GetHistory {
                    peer: peer.clone(),
                    offset_id,
                    offset_date: 0,
                    add_offset: 0,
                    limit: 100,
                    max_id: 0,
                    min_id: 0,
                    hash: 0,
                })
                .await
                .unwrap();
            let page = match page {
                types::messages::Messages::Messages(page) => page.messages,
                types::messages::Messages::Slice(page) => page.messages,
                other => panic!("{other:?}"),
            };
            let Some(last) = page.last() else {
                break;
            };
            offset_id = id_of(last);
            listed.extend(page);
        }
        assert_eq!(listed.first().map(id_of), Some(dialog.top_message));
        let unread = listed.iter().filter(|message| {
            let out = match message {
                types::Message::Message(message) => message.out || message.saved_peer_id.is_some(),
                types::Message::Service(message) => {
                    message.out || matches!(message.action, types::MessageAction::HistoryClear {})
                }
                types::Message::Empty { .. } => true,
            };
            !out && id_of(message) > dialog.read_inbox_max_id
        });
        assert_eq!(
            i32::try_from(unread.count()).unwrap(),
            dialog.unread_count,
            "{:?}",
            dialog.peer
        );
        let mentions = listed.iter().filter(|message| match message {
            types::Message::Message(message) => message.mentioned && message.media_unread,
            types::Message::Service(message) => message.mentioned && message.media_unread,
            types::Message::Empty { .. } => false,
        });
        assert_eq!(
            i32::try_from(mentions.count()).unwrap(),
            dialog.unread_mentions_count,
            "{:?}",
            dialog.peer
        );
        for message in listed {
            messages.insert(id_of(&message), message);
        }
    }
    (messages, marks, folders)
}

/// `DIFFERENTIAL_RUNS` runs (default 3), the first with the seed of `SEED` (default 1).
#[tokio::test]
async fn what_is_pushed_is_what_is_told_later_is_what_is_stored() {
    differ(Server::start).await;
}

/// The same over a store on disk whose memory is so small that nothing stays in it for long.
#[tokio::test]
async fn what_is_pushed_is_what_is_told_later_is_what_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    differ(|| {
        count += 1;
        let options = store::EmbeddedOptions {
            overlay_bytes: 20_000,
            slice_bytes: 5000,
            ..store::EmbeddedOptions::default()
        };
        let folder = folder.path().join(count.to_string());
        let store = store::EmbeddedStore::open(folder, options).unwrap();
        Server::start_on(std::sync::Arc::new(store), |_| {})
    })
    .await;
}

async fn differ(mut start: impl FnMut() -> Server) {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let first = number("SEED", 1);
    for seed in first..first + number("DIFFERENTIAL_RUNS", 3) {
        println!("SEED={seed}");
        let mut run = Run::start(start(), seed, 4).await;
        for step in 0..150 {
            println!("step {step}");
            run.step().await;
            if step % 50 == 49 {
                run.compare().await;
            }
        }
        let lost: usize = run.accounts.iter().map(|account| account.lost).sum();
        assert!(lost > 0, "nothing was lost");
    }
}
