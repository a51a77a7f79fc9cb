//! A server that is killed again and again while people chat. `KILLS=50 PAIRS=50` for the long run.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chappe_client::tl_api::{functions, types};
use chappe_client::{
    Client, Error, MemorySession, SessionData, SessionStorage as _, State, UpdateStream,
};
use tokio::sync::watch;

use crate::harness::{PATIENCE, Process, chappe, folder, run, sign_up};

/// The last text of each pair.
const LAST: u32 = u32::MAX;

fn count(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_pairs_chat_lose_and_double_nothing() {
    let (kills, pairs) = (count("KILLS", 3), count("PAIRS", 5));
    let data = folder();
    let mut server = Process::start(data.path(), &[]).await;
    let address = server.address.to_string();
    let told = watch::Sender::new(0_usize);
    let stop = watch::Sender::new(false);
    let mut chats = Vec::new();
    for pair in 0..pairs {
        let reader = subscriber(&server, &format!("+1555100{pair:04}")).await;
        let writer = sign_up(server.options(), &format!("+1555200{pair:04}")).await;
        let to = find(&writer, &format!("1555100{pair:04}")).await;
        let from = find(&reader, &format!("1555200{pair:04}")).await;
        let written = tokio::spawn(write(writer, to, told.clone(), stop.subscribe()));
        let updates = reader.updates().unwrap();
        let read = tokio::spawn(read(reader.clone(), updates));
        chats.push((written, read, reader, from));
    }
    let mut acknowledged = told.subscribe();
    for _ in 0..kills {
        let until = *acknowledged.borrow() + 4 * pairs;
        let more = acknowledged.wait_for(|count| *count >= until);
        tokio::time::timeout(PATIENCE, more).await.unwrap().unwrap();
        server.signal("KILL").await;
        server.end().await;
        server = again(&address, data.path()).await;
    }
    stop.send_replace(true);
    let mut sum = 0;
    for (written, read, reader, from) in chats {
        let written = tokio::time::timeout(PATIENCE, written).await;
        let Written { told, lost } = written.unwrap().unwrap();
        let read = tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        let mut kept = history(&reader, from).await;
        kept.reverse();
        assert_eq!(read, kept, "the updates differ from the history");
        let once: BTreeSet<_> = kept.iter().copied().collect();
        assert_eq!(once.len(), kept.len(), "one came twice: {kept:?}");
        let missing: Vec<_> = told.difference(&once).collect();
        assert!(missing.is_empty(), "{missing:?} were acknowledged");
        let unknown: Vec<_> = once.difference(&told).copied().collect();
        assert!(unknown.iter().all(|number| lost.contains(number)));
        sum += told.len();
    }
    println!("{kills} kills, {pairs} pairs, {sum} messages acknowledged");
    server.stop().await;
    let checked = run(&["check", "--data", data.path().to_str().unwrap()]).await;
    assert!(checked.status.success(), "{}", checked.stderr);
}

async fn again(address: &str, data: &Path) -> Process {
    let mut command = chappe();
    command.args(["serve", "--dev", "--listen", address, "--data"]);
    command.arg(data);
    Process::of(command, data).await
}

/// A new user whose updates begin with the first of all.
async fn subscriber(server: &Process, phone: &str) -> Client {
    let session = MemorySession::default();
    let first = SessionData {
        state: State {
            pts: 1,
            date: 1,
            ..State::default()
        },
        ..SessionData::default()
    };
    session.save(&first).await.unwrap();
    let mut options = server.options();
    options.storage = Arc::new(session);
    sign_up(options, phone).await
}

async fn find(client: &Client, phone: &str) -> types::InputPeer {
    let phone = phone.into();
    let request = functions::contacts::ResolvePhone { phone };
    let found = client.invoke(request).await.unwrap();
    let Some(types::User::User(user)) = found.users.into_iter().next() else {
        panic!("nobody has that number");
    };
    types::InputPeer::User {
        user_id: user.id,
        access_hash: user.access_hash.unwrap(),
    }
}

/// What a writer knows.
struct Written {
    /// The server said that it has them.
    told: BTreeSet<u32>,
    /// The server may have them.
    lost: BTreeSet<u32>,
}

/// Sends one number after the other, each when the one before was answered.
async fn write(
    client: Client,
    to: types::InputPeer,
    count: watch::Sender<usize>,
    stop: watch::Receiver<bool>,
) -> Written {
    let mut written = Written {
        told: BTreeSet::new(),
        lost: BTreeSet::new(),
    };
    let mut number = 0;
    while number != LAST {
        number = if *stop.borrow() { LAST } else { number + 1 };
        match client.send_text(&to, &number.to_string()).await {
            Ok(_) => {
                written.told.insert(number);
                count.send_modify(|count| *count += 1);
            }
            Err(Error::Lost) if number != LAST => {
                written.lost.insert(number);
            }
            Err(error) => panic!("{number}: {error}"),
        }
    }
    written
}

/// The numbers that the updates tell, to the last.
async fn read(client: Client, mut updates: UpdateStream) -> Vec<u32> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&LAST) {
        let update = updates.next(&client).await;
        match update {
            Ok(Some(types::Update::NewMessage { message, .. })) => numbers.extend(number(message)),
            // A difference that was lost is asked for again.
            Ok(Some(_)) | Err(Error::Lost) => {}
            other => panic!("{other:?}"),
        }
    }
    numbers
}

fn number(message: types::Message) -> Option<u32> {
    let types::Message::Message(message) = message else {
        return None;
    };
    message.message.as_str().parse().ok()
}

/// The numbers in the chat with `from`, newest first.
async fn history(client: &Client, from: types::InputPeer) -> Vec<u32> {
    let mut history = client.history(from);
    let mut numbers = Vec::new();
    while let Some(message) = history.next().await.unwrap() {
        numbers.extend(number(message));
    }
    numbers
}
