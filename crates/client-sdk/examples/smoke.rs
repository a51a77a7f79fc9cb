//! What the scripts of other clients do, with this one: two people sign up, chat, make a group and
//! share a file. `cargo xtask interop smoke sdk` runs it.
//!
//! Environment: HOST, PORT, DC_ID, RSA_PUBLIC_KEY_PEM_PATH, CODE.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "of all updates a few are waited for"
)]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a script that says what it does and stops at the first thing that is wrong"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chappe_client::tl_api::{constructors, functions, types};
use chappe_client::{Client, Error, GroupKind, Options, SignIn, new_text};
use tokio::sync::Notify;

/// How long an update may take.
const PATIENCE: Duration = Duration::from_secs(15);

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Somebody with everything that happened to them.
struct Person {
    client: Client,
    id: i64,
    seen: Arc<Mutex<Vec<types::Update>>>,
    more: Arc<Notify>,
}

impl Person {
    async fn sign_up(phone: &str, name: &str) -> Self {
        let key = std::fs::read_to_string(env("RSA_PUBLIC_KEY_PEM_PATH")).unwrap();
        let address = format!("{}:{}", env("HOST"), env("PORT"));
        let mut options = Options::new(address.parse().unwrap(), &key).unwrap();
        options.dc_id = env("DC_ID").parse().unwrap();
        let client = Client::connect(options).await.unwrap();
        let sent = client.request_login_code(phone).await.unwrap();
        let signed_in = client.sign_in(&sent, &env("CODE")).await.unwrap();
        assert_eq!(signed_in, SignIn::SignUpNeeded);
        client.sign_up(&sent, name, "Smoke").await.unwrap();
        let (seen, more) = (Arc::default(), Arc::new(Notify::new()));
        let person = Self {
            id: client.user_id().unwrap(),
            client,
            seen,
            more,
        };
        person.listen().await;
        person
    }

    /// Takes the updates from now on.
    async fn listen(&self) {
        let mut updates = self.client.updates().unwrap();
        updates.begin(&self.client).await.unwrap();
        let (seen, more) = (Arc::clone(&self.seen), Arc::clone(&self.more));
        let client = self.client.clone();
        tokio::spawn(async move {
            while let Ok(Some(update)) = updates.next(&client).await {
                seen.lock().unwrap().push(update);
                more.notify_waiters();
            }
        });
    }

    /// Waits for an update.
    async fn until<T>(&self, what: &str, find: impl Fn(&types::Update) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let more = self.more.notified();
                let found = self.seen.lock().unwrap().iter().find_map(&find);
                if let Some(found) = found {
                    return found;
                }
                more.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("no update: {what}"))
    }

    async fn text(&self, text: &str) -> constructors::Message {
        let wanted = |update: &types::Update| {
            new_text(update)
                .filter(|message| message.message.as_str() == text)
                .cloned()
        };
        self.until(text, wanted).await
    }
}

/// Seven digits that differ from run to run.
fn digits() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher.finish() % 10_000_000
}

fn step(name: &str) {
    println!("STEP {name} ok");
}

fn id_of(message: &types::Message) -> i32 {
    match message {
        types::Message::Message(message) => message.id,
        types::Message::Service(message) => message.id,
        types::Message::Empty { id, .. } => *id,
    }
}

#[tokio::main]
async fn main() {
    let a = Person::sign_up(&format!("+1555{:07}", digits()), "Alice").await;
    let b = Person::sign_up(&format!("+1556{:07}", digits()), "Bob").await;
    step("sign_up");
    let name = format!("bob_{:07}", digits());
    let update = functions::account::UpdateUsername {
        username: name.as_str().into(),
    };
    b.client.invoke(update).await.unwrap();
    let to_b = a.client.find(&name).await.unwrap();
    assert!(matches!(to_b, types::InputPeer::User { user_id, .. } if user_id == b.id));
    assert!(a.client.find("nobody_has_this_name").await.is_err());
    step("resolve_username");
    private_chat(&a, &b, &to_b).await;
    groups(&a, &b, &name).await;
    files(&a, &b, &to_b).await;
    cancellation(&a).await;
    bot(&a).await;
    b.client.log_out().await.unwrap();
    step("log_out");
    println!("DONE");
}

async fn private_chat(a: &Person, b: &Person, to_b: &types::InputPeer) {
    let sent = a.client.send_text(to_b, "hello, Bob").await.unwrap();
    let got = b.text("hello, Bob").await;
    step("text");
    let to_a = b.client.input_peer(&types::Peer::User { user_id: a.id });
    b.client.reply(&to_a, got.id, "hello, Alice").await.unwrap();
    let reply = a.text("hello, Alice").await;
    let Some(types::MessageReplyHeader::MessageReplyHeader(header)) = reply.reply_to else {
        panic!("no reply header");
    };
    assert_eq!(header.reply_to_msg_id, Some(id_of(&sent)));
    step("reply");
    let edited = "hello, Bob, edited";
    a.client
        .edit_text(to_b, id_of(&sent), edited)
        .await
        .unwrap();
    let is_edit = |update: &types::Update| match update {
        types::Update::EditMessage {
            message: types::Message::Message(message),
            ..
        } if message.message.as_str() == edited => Some(()),
        _ => None,
    };
    b.until("edit", is_edit).await;
    step("edit");
    b.client.read_history(&to_a, got.id).await.unwrap();
    let is_read = |update: &types::Update| {
        matches!(update, types::Update::ReadHistoryOutbox { .. }).then_some(())
    };
    a.until("read", is_read).await;
    step("read");
    let mut history = a.client.history(to_b.clone());
    let mut texts = Vec::new();
    while let Some(message) = history.next().await.unwrap() {
        if let types::Message::Message(message) = message {
            texts.push(message.message.as_str().to_owned());
        }
    }
    assert_eq!(texts, ["hello, Alice", edited]);
    let mut dialogs = a.client.dialogs();
    assert!(dialogs.next().await.unwrap().is_some());
    step("history_dialogs");
    a.client
        .delete_messages(to_b, &[id_of(&sent)])
        .await
        .unwrap();
    let is_deleted = |update: &types::Update| match update {
        types::Update::DeleteMessages { messages, .. } if messages.contains(&got.id) => Some(()),
        _ => None,
    };
    b.until("delete", is_deleted).await;
    step("delete");
}

async fn groups(a: &Person, b: &Person, name: &str) {
    let bob = a.client.find_user(name).await.unwrap();
    let group = a
        .client
        .create_group(GroupKind::Basic, "boats", std::slice::from_ref(&bob))
        .await
        .unwrap();
    a.client
        .send_text(&group.peer, "in the group")
        .await
        .unwrap();
    let got = b.text("in the group").await;
    let there = b.client.input_peer(&got.peer_id);
    b.client.send_text(&there, "and back").await.unwrap();
    a.text("and back").await;
    b.client.leave(&there).await.unwrap();
    step("basic_group");
    let group = a
        .client
        .create_group(GroupKind::Super, "ships", &[])
        .await
        .unwrap();
    let public = format!("ships_{:07}", digits());
    a.client.publish(&group.peer, &public).await.unwrap();
    let there = b.client.find(&public).await.unwrap();
    b.client.join(&there).await.unwrap();
    let sent = a.client.send_text(&group.peer, "all ships").await.unwrap();
    let got = b.text("all ships").await;
    assert_eq!(got.id, id_of(&sent));
    b.client.send_text(&there, "aye").await.unwrap();
    a.text("aye").await;
    let first = b.client.history(there.clone()).next().await.unwrap();
    assert!(
        matches!(&first, Some(types::Message::Message(message)) if message.message.as_str() == "aye")
    );
    b.client.leave(&there).await.unwrap();
    step("supergroup");
}

async fn files(a: &Person, b: &Person, to_b: &types::InputPeer) {
    let folder = std::env::temp_dir().join(format!("sdk-smoke-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let content: Vec<u8> = (0..3_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
        .collect();
    let (from, to) = (folder.join("from.bin"), folder.join("to.bin"));
    std::fs::write(&from, &content).unwrap();
    let file = a.client.upload(&from, None).await.unwrap();
    a.client
        .send_file(to_b, file, "application/octet-stream", "a file")
        .await
        .unwrap();
    step("upload");
    let message = b.text("a file").await;
    let (location, size) = chappe_client::document_of(&message).unwrap();
    assert_eq!(size, content.len() as u64);
    // Half of it is there already.
    std::fs::write(&to, &content[..content.len() / 2]).unwrap();
    b.client.download(location, size, &to, None).await.unwrap();
    assert!(std::fs::read(&to).unwrap() == content);
    std::fs::remove_dir_all(&folder).unwrap();
    step("download");
}

/// A call that nobody waits for any more, and a connection that is cut.
async fn cancellation(a: &Person) {
    let call = a.client.invoke(functions::updates::GetState {});
    let _ = tokio::time::timeout(Duration::ZERO, call).await;
    a.client.reconnect().await;
    a.client
        .invoke(functions::updates::GetState {})
        .await
        .unwrap();
    step("cancel_reconnect");
}

/// A bot is made, logged in with its token, and answers.
async fn bot(a: &Person) {
    let name = format!("smoke{:07}_bot", digits());
    let father = match a.client.find("botfather").await {
        Ok(father) => father,
        Err(Error::Refused { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    for text in ["/newbot", "Smoke", &name] {
        a.client.send_text(&father, text).await.unwrap();
    }
    let token = |update: &types::Update| {
        let text = new_text(update)?.message.as_str().to_owned();
        text.split_whitespace()
            .map(|word| word.trim_matches('`'))
            .find(|word| {
                word.split_once(':')
                    .is_some_and(|(id, rest)| id.parse::<i64>().is_ok() && rest.len() > 20)
            })
            .map(str::to_owned)
    };
    let token = a.until("the token", token).await;
    let key = std::fs::read_to_string(env("RSA_PUBLIC_KEY_PEM_PATH")).unwrap();
    let address = format!("{}:{}", env("HOST"), env("PORT"));
    let options = Options::new(address.parse().unwrap(), &key).unwrap();
    let client = Client::connect(options).await.unwrap();
    let types::User::User(user) = client.sign_in_bot(&token).await.unwrap() else {
        panic!("no bot");
    };
    assert!(user.bot);
    step("bot");
}
