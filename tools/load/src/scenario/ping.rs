//! Pings: what the protocol costs without anything behind it.

use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::Run;
use crate::link::{Link, Told};
use crate::meter::{Meter, Pace, Worker};
use crate::outcome::Outcome;

/// The numbers of our pings: above those that a connection sends by itself.
const FIRST_ID: i64 = 1 << 56;

pub(super) async fn run(
    run: &Run,
    connections: usize,
    pipelined: usize,
    rate: Option<f64>,
) -> Result<Outcome> {
    ensure!(connections > 0 && pipelined > 0, "no pings");
    let keys = run.keys(connections.min(64)).await?;
    let meter = Meter::new(&run.bounds)?;
    let mut workers = Vec::with_capacity(connections);
    for at in 0..connections {
        let key = keys[at % keys.len()].clone();
        let mut link = Link::connect(&run.target.endpoint, Some(key)).await?;
        let pace = rate.map(|rate| {
            #[allow(clippy::cast_precision_loss, reason = "a few at once")]
            let batches = rate / pipelined as f64;
            Pace::new(batches, connections, at)
        });
        let meter = Arc::clone(&meter);
        let worker: Worker =
            Box::pin(async move { pinging(&mut link, &meter, pipelined, pace).await });
        workers.push(worker);
    }
    let measured = run.measure(&meter, "pings", workers).await?;
    let outcome = Outcome::new("ping", "a ping and its pong", measured)
        .set("connections", connections)
        .set("pipelined", pipelined);
    Ok(match rate {
        Some(rate) => outcome.set("a second", rate),
        None => outcome,
    })
}

async fn pinging(
    link: &mut Link,
    meter: &Meter,
    pipelined: usize,
    mut pace: Option<Pace>,
) -> Result<()> {
    let mut number = FIRST_ID;
    while !meter.is_over() {
        let due = Pace::due(&mut pace).await;
        let first = number;
        for _ in 0..pipelined {
            link.ping(number);
            number += 1;
        }
        let mut back = 0;
        while back < pipelined {
            if let Told::Pong(ping_id) = link.next().await?
                && ping_id >= first
            {
                back += 1;
                meter.done(due);
            }
        }
    }
    Ok(())
}
