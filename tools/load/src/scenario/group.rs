//! One who sends to many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tl_api::{functions, types};
use tokio::sync::Notify;

use super::chat::{send, times};
use super::{Group, GroupKind};
use crate::Run;
use crate::account::meet;
use crate::link::{Link, Told, clock_ns};
use crate::meter::{Meter, Pace, Worker};
use crate::outcome::Outcome;

/// Members of a basic group, the creator included.
const BASIC_MAX: usize = 200;
/// Users in one invitation.
const INVITED_MAX: usize = 100;
/// Rounds of bare writes, few enough that nobody has to read.
const BARE_ROUNDS: usize = 50;
/// A message that has not reached all after so long has not reached somebody.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Deliveries, and whoever waits for them.
#[derive(Default)]
struct Arrived {
    count: AtomicU64,
    some: Notify,
}

pub(super) async fn run(run: &Run, group: Group) -> Result<Outcome> {
    ensure!(group.members > 0 && group.window > 0, "nobody to send to");
    ensure!(
        group.kind == GroupKind::Channel || group.members < BASIC_MAX,
        "a basic group has {BASIC_MAX} members at most"
    );
    let accounts = run.accounts(group.members + 1).await?;
    let key = accounts[0].key.clone();
    let mut creator = Link::connect(&run.target.endpoint, Some(key)).await?;
    let phones: Vec<&str> = accounts[1..]
        .iter()
        .map(|account| account.phone.as_str())
        .collect();
    let met = meet(&mut creator, &phones).await?;
    let users = met
        .into_iter()
        .map(|(user_id, access_hash)| types::InputUser::InputUser {
            user_id,
            access_hash,
        })
        .collect();
    let peer = create(&mut creator, group.kind, users).await?;
    let meter = Meter::new(&run.bounds)?;
    let arrived = Arc::new(Arrived::default());
    let members = group.members as u64;
    let mut workers = Vec::with_capacity(group.members + 1);
    for account in &accounts[1..] {
        let mut link = Link::connect(&run.target.endpoint, Some(account.key.clone())).await?;
        link.call_raw(&functions::updates::GetState {}).await?;
        let (meter, arrived) = (Arc::clone(&meter), Arc::clone(&arrived));
        let worker: Worker = Box::pin(async move { listen(link, &meter, &arrived, members).await });
        workers.push(worker);
    }
    {
        let meter = Arc::clone(&meter);
        let pace = group.rate.map(|rate| Pace::new(rate, 1, 0));
        workers.push(Box::pin(async move {
            publish(creator, &peer, &meter, &arrived, group, pace).await
        }));
    }
    let measured = run.measure(&meter, "deliveries", workers).await?;
    let bare = bare_write_us(group.members)?;
    let mut outcome = Outcome::new("group", "a message arrived at one member", measured)
        .figure("a bare write to as many connections, µs", bare)
        .set("members", group.members)
        .set("kind", format!("{:?}", group.kind).to_lowercase());
    if let Some(server) = outcome.server {
        let name = "CPU of a delivery, of a bare write";
        outcome = outcome.figure(name, server.us_each / bare);
    }
    Ok(match group.rate {
        Some(rate) => outcome.set("messages a second", rate),
        None => outcome.set("on their way", group.window),
    })
}

/// What it costs to write 200 bytes to each of so many connections, microseconds for each: the
/// kernel does the receivers' part in the same call.
fn bare_write_us(count: usize) -> Result<f64> {
    use std::io::Write as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let client = std::net::TcpStream::connect(address)?;
        pairs.push((listener.accept()?.0, client));
    }
    let mut best = Duration::MAX;
    for _ in 0..BARE_ROUNDS {
        let begun = std::time::Instant::now();
        for (server, _) in &mut pairs {
            server.write_all(&[7; 200])?;
        }
        best = best.min(begun.elapsed());
    }
    #[allow(clippy::cast_precision_loss, reason = "connections")]
    Ok(best.as_secs_f64() * 1e6 / count as f64)
}

async fn create(
    creator: &mut Link,
    kind: GroupKind,
    users: Vec<types::InputUser>,
) -> Result<types::InputPeer> {
    if kind == GroupKind::Basic {
        return create_basic(creator, users).await;
    }
    let mut request = functions::channels::CreateChannel::new("load".into(), "".into());
    request.megagroup = true;
    let updates = creator.call(&request).await?;
    let chats = chats(updates)?;
    let Some(types::Chat::Channel(channel)) = chats.first() else {
        bail!("the group is {chats:?}");
    };
    let access_hash = channel.access_hash.context("a channel without its hash")?;
    let channel_id = channel.id;
    for some in users.chunks(INVITED_MAX) {
        let request = functions::channels::InviteToChannel {
            channel: types::InputChannel::InputChannel {
                channel_id,
                access_hash,
            },
            users: some.to_vec(),
        };
        let invited = creator.call(&request).await?;
        ensure!(invited.missing_invitees.is_empty(), "somebody is missing");
    }
    Ok(types::InputPeer::Channel {
        channel_id,
        access_hash,
    })
}

pub(super) async fn create_basic(
    creator: &mut Link,
    users: Vec<types::InputUser>,
) -> Result<types::InputPeer> {
    let request = functions::messages::CreateChat::new(users, "load".into());
    let invited = creator.call(&request).await?;
    ensure!(invited.missing_invitees.is_empty(), "somebody is missing");
    match chats(invited.updates)?.first() {
        Some(types::Chat::Chat(chat)) => Ok(types::InputPeer::Chat { chat_id: chat.id }),
        other => bail!("the group is {other:?}"),
    }
}

fn chats(updates: types::Updates) -> Result<Vec<types::Chat>> {
    match updates {
        types::Updates::Updates(updates) => Ok(updates.chats),
        types::Updates::Combined(updates) => Ok(updates.chats),
        types::Updates::TooLong {}
        | types::Updates::UpdateShort(_)
        | types::Updates::UpdateShortChatMessage(_)
        | types::Updates::UpdateShortMessage(_)
        | types::Updates::UpdateShortSentMessage(_) => bail!("no chats in the answer"),
    }
}

async fn listen(mut link: Link, meter: &Meter, arrived: &Arrived, members: u64) -> Result<()> {
    while !meter.is_over() {
        if let Told::Update(update) = link.next().await? {
            for due in times(&update) {
                meter.done(due);
                let count = arrived.count.fetch_add(1, Ordering::Relaxed) + 1;
                if count.is_multiple_of(members) {
                    arrived.some.notify_one();
                }
            }
        }
    }
    Ok(())
}

async fn publish(
    mut link: Link,
    peer: &types::InputPeer,
    meter: &Meter,
    arrived: &Arrived,
    group: Group,
    mut pace: Option<Pace>,
) -> Result<()> {
    let (members, window) = (group.members as u64, group.window as u64);
    let mut sent = 0;
    while !meter.is_over() {
        let may_send = match &pace {
            Some(_) => false,
            None => (sent - arrived.count.load(Ordering::Relaxed) / members) < window,
        };
        if may_send {
            send(&mut link, peer, clock_ns())?;
            sent += 1;
        }
        let paced = async {
            match &pace {
                Some(pace) => pace.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = link.next() => {
                if let Told::Answer(_, Err(failure)) = told? {
                    meter.failed(format!("{failure:?}"));
                    arrived.count.fetch_add(members, Ordering::Relaxed);
                }
            }
            () = arrived.some.notified() => {}
            () = paced => {
                if let Some(pace) = &mut pace {
                    send(&mut link, peer, pace.next_ns())?;
                    pace.step();
                }
            }
            () = tokio::time::sleep(SILENCE_MAX), if pace.is_none() => {
                bail!("a message did not reach everybody in {SILENCE_MAX:?}");
            }
        }
    }
    Ok(())
}
