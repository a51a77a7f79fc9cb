//! Two people each, who write to each other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tl_api::{functions, types};

use crate::Run;
use crate::account::meet;
use crate::link::{Link, Told, clock_ns};
use crate::meter::{Meter, Pace, Worker};
use crate::outcome::Outcome;

/// What stands before the time in a text.
const MARK: &[u8] = b"#load:";
/// Somebody who hears nothing for so long has lost a message.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A text that says when it should have been sent.
pub(super) fn text(due_ns: u64) -> String {
    format!("#load:{due_ns:016x} and about as much text as messages of people have")
}

/// The times in the texts of something that was received.
pub(super) fn times(received: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = received[from..]
            .windows(MARK.len())
            .position(|window| window == MARK)?;
        from += found + MARK.len();
        let digits = received.get(from..from + 16)?;
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    })
}

/// Starts to send a text to `peer`.
pub(super) fn send(link: &mut Link, peer: &types::InputPeer, due_ns: u64) -> Result<()> {
    let text = text(due_ns);
    let request =
        functions::messages::SendMessage::new(peer.clone(), text.as_str().into(), rand::random());
    link.start(&request)?;
    Ok(())
}

/// One of two.
struct Side {
    link: Link,
    other: types::InputPeer,
    /// Messages that it begins with.
    balls: usize,
    pace: Option<Pace>,
}

pub(super) async fn run(
    run: &Run,
    pairs: usize,
    window: usize,
    rate: Option<f64>,
) -> Result<Outcome> {
    ensure!(pairs > 0 && window > 0, "nobody writes");
    let accounts = run.accounts(pairs * 2).await?;
    let mut sides = Vec::with_capacity(pairs * 2);
    for (at, account) in accounts.iter().enumerate() {
        let mut link = Link::connect(&run.target.endpoint, Some(account.key.clone())).await?;
        let met = meet(&mut link, &[&accounts[at ^ 1].phone]).await?;
        let (user_id, access_hash) = met[0];
        sides.push(Side {
            link,
            other: types::InputPeer::User {
                user_id,
                access_hash,
            },
            // The first of two serves.
            balls: if at % 2 == 0 { window } else { 0 },
            pace: rate.map(|rate| Pace::new(rate, pairs * 2, at)),
        });
    }
    let meter = Meter::new(&run.bounds)?;
    let workers = sides.into_iter().map(|side| {
        let meter = Arc::clone(&meter);
        let worker: Worker = Box::pin(async move { chatting(side, &meter).await });
        worker
    });
    let workers = workers.collect();
    let measured = run.measure(&meter, "messages", workers).await?;
    let outcome = Outcome::new(
        "pairs",
        "a message sent, answered, and arrived at the other one",
        measured,
    )
    .set("pairs", pairs);
    Ok(match rate {
        Some(rate) => outcome.set("a second", rate),
        None => outcome.set("on their way in a pair", window),
    })
}

async fn chatting(mut side: Side, meter: &Meter) -> Result<()> {
    let Side {
        link,
        other,
        balls,
        pace,
    } = &mut side;
    for _ in 0..*balls {
        if pace.is_none() {
            send(link, other, clock_ns())?;
        }
    }
    while !meter.is_over() {
        let told = match pace {
            Some(pace) => tokio::select! {
                told = link.next() => told?,
                () = pace.wait() => {
                    send(link, other, pace.next_ns())?;
                    pace.step();
                    continue;
                }
            },
            None => match tokio::time::timeout(SILENCE_MAX, link.next()).await {
                Ok(told) => told?,
                Err(_) => bail!("a message did not arrive in {SILENCE_MAX:?}"),
            },
        };
        match told {
            Told::Update(update) => {
                for due in times(&update) {
                    meter.done(due);
                    if pace.is_none() {
                        send(link, other, clock_ns())?;
                    }
                }
            }
            Told::Answer(_, Err(failure)) => {
                meter.failed(format!("{failure:?}"));
                if pace.is_none() {
                    send(link, other, clock_ns())?;
                }
            }
            Told::Answer(_, Ok(_)) | Told::Pong(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        let both = format!("..{}..{}", text(77), text(u64::MAX));
        assert_eq!(times(both.as_bytes()).collect::<Vec<_>>(), [77, u64::MAX]);
        assert_eq!(times(b"#load:12").count(), 0);
    }
}
