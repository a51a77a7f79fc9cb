//! Pages of a history.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use tl_api::{functions, types};

use super::History;
use super::chat::send;
use crate::Run;
use crate::link::{Link, Told, clock_ns};
use crate::meter::{Meter, Pace, Worker};
use crate::outcome::Outcome;

/// Accounts whose histories are read.
const READERS_MAX: usize = 8;
/// Messages sent at once beforehand.
const AT_ONCE: usize = 50;

pub(super) async fn run(run: &Run, history: History) -> Result<Outcome> {
    ensure!(
        history.connections > 0 && history.messages > 0 && history.page > 0,
        "nothing to read"
    );
    let accounts = run.accounts(history.connections.min(READERS_MAX)).await?;
    let bar = run
        .progress
        .bar("messages", accounts.len() * history.messages);
    let mut newest = Vec::with_capacity(accounts.len());
    for account in &accounts {
        let mut link = Link::connect(&run.target.endpoint, Some(account.key.clone())).await?;
        fill(&mut link, history.messages, &bar).await?;
        newest.push(newest_id(&mut link).await?);
    }
    bar.finish_and_clear();
    let meter = Meter::new(&run.bounds)?;
    let mut workers = Vec::with_capacity(history.connections);
    for at in 0..history.connections {
        let account = &accounts[at % accounts.len()];
        let newest = newest[at % accounts.len()];
        let link = Link::connect(&run.target.endpoint, Some(account.key.clone())).await?;
        let pace = history
            .rate
            .map(|rate| Pace::new(rate, history.connections, at));
        let meter = Arc::clone(&meter);
        let worker: Worker =
            Box::pin(async move { read(link, &meter, history, newest, pace).await });
        workers.push(worker);
    }
    let measured = run.measure(&meter, "pages", workers).await?;
    let outcome = Outcome::new("history", "a page at a random place of a history", measured)
        .set("connections", history.connections)
        .set("messages in each history", history.messages)
        .set("messages in a page", history.page);
    Ok(match history.rate {
        Some(rate) => outcome.set("a second", rate),
        None => outcome,
    })
}

/// Messages to oneself.
async fn fill(link: &mut Link, count: usize, bar: &indicatif::ProgressBar) -> Result<()> {
    let (mut sent, mut answered) = (0, 0);
    while answered < count {
        while sent < count && sent - answered < AT_ONCE {
            send(link, &types::InputPeer::Self_ {}, clock_ns())?;
            sent += 1;
        }
        match link.next().await? {
            Told::Answer(_, Ok(_)) => {
                answered += 1;
                bar.inc(1);
            }
            Told::Answer(_, Err(failure)) => bail!("a message was refused: {failure:?}"),
            Told::Pong(_) | Told::Update(_) => {}
        }
    }
    Ok(())
}

pub(super) fn page(
    peer: types::InputPeer,
    offset_id: i32,
    limit: i32,
) -> functions::messages::GetHistory {
    functions::messages::GetHistory {
        peer,
        offset_id,
        offset_date: 0,
        add_offset: 0,
        limit,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

async fn newest_id(link: &mut Link) -> Result<i32> {
    let messages = match link.call(&page(types::InputPeer::Self_ {}, 0, 1)).await? {
        types::messages::Messages::Messages(page) => page.messages,
        types::messages::Messages::Slice(page) => page.messages,
        types::messages::Messages::ChannelMessages(_)
        | types::messages::Messages::NotModified { .. } => bail!("no page"),
    };
    match messages.first() {
        Some(types::Message::Message(message)) => Ok(message.id),
        other => bail!("the newest message is {other:?}"),
    }
}

async fn read(
    mut link: Link,
    meter: &Meter,
    history: History,
    newest: i32,
    mut pace: Option<Pace>,
) -> Result<()> {
    // So that each page is a full one.
    let oldest = history.page.min(newest);
    while !meter.is_over() {
        let due = Pace::due(&mut pace).await;
        let offset_id = rand::random_range(oldest..=newest) + 1;
        let request = page(types::InputPeer::Self_ {}, offset_id, history.page);
        match link.call_raw(&request).await {
            Ok(_) => meter.done(due),
            Err(error) => meter.failed(format!("{error:#}")),
        }
    }
    Ok(())
}
