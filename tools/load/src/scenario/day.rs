//! A day of many people, compressed: everybody does something now and then, mostly write.

use std::collections::HashMap;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use mtproto_core::session::RequestId;
use tl_api::{constructors, functions, types};

use super::Day;
use super::chat::{text, times};
use super::group::create_basic;
use super::history::page;
use crate::Run;
use crate::account::meet;
use crate::link::{Link, Told, clock_ns};
use crate::meter::{Meter, Worker, micros};
use crate::outcome::Outcome;

/// People in a group.
const GROUP_LEN: usize = 10;
/// Bytes of a small file.
const FILE_LEN: usize = 64 * 1024;

/// What people do, and how often in a hundred.
const KINDS: &[(Kind, &str, u32)] = &[
    (Kind::Text, "text", 50),
    (Kind::GroupText, "text to a group", 10),
    (Kind::Read, "read mark", 12),
    (Kind::Page, "page of history", 12),
    (Kind::Dialogs, "list of chats", 5),
    (Kind::Typing, "typing", 8),
    (Kind::File, "small file", 1),
    (Kind::Reconnect, "reconnect", 2),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    GroupText,
    Read,
    Page,
    Dialogs,
    Typing,
    File,
    Reconnect,
}

/// Counts by kind.
struct Tally {
    kinds: Vec<Mutex<Histogram<u64>>>,
    /// Copies of messages that arrived.
    arrived: Mutex<Histogram<u64>>,
}

/// Somebody.
struct Person {
    link: Option<Link>,
    other: types::InputPeer,
    group: types::InputPeer,
    running: HashMap<RequestId, (Kind, u64)>,
    /// Files of which the only part is on its way.
    files: HashMap<RequestId, i64>,
}

pub(super) async fn run(run: &Run, day: Day) -> Result<Outcome> {
    ensure!(day.users >= 2 && day.rate > 0.0, "nobody does anything");
    let users = day.users / 2 * 2;
    let accounts = run.accounts(users).await?;
    let mut people: Vec<Person> = Vec::with_capacity(users);
    let bar = run.progress.bar("people", users);
    let mut group = types::InputPeer::Empty {};
    for (at, account) in accounts.iter().enumerate() {
        let mut link = Link::connect(&run.target.endpoint, Some(account.key.clone())).await?;
        let founds = at % GROUP_LEN == 0;
        // Whoever founds a group has an even number: the next one is the other of the two.
        let known = if founds {
            &accounts[at + 1..(at + GROUP_LEN).min(users)]
        } else {
            std::slice::from_ref(&accounts[at ^ 1])
        };
        let phones: Vec<&str> = known.iter().map(|other| other.phone.as_str()).collect();
        let met = meet(&mut link, &phones).await?;
        let (user_id, access_hash) = met[0];
        if founds {
            let users = met
                .iter()
                .map(|&(user_id, access_hash)| types::InputUser::InputUser {
                    user_id,
                    access_hash,
                })
                .collect();
            group = create_basic(&mut link, users).await?;
        }
        people.push(Person {
            link: Some(link),
            other: types::InputPeer::User {
                user_id,
                access_hash,
            },
            group: group.clone(),
            running: HashMap::new(),
            files: HashMap::new(),
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    let histogram = || Histogram::new(3).map(Mutex::new);
    let tally = Arc::new(Tally {
        kinds: KINDS
            .iter()
            .map(|_| histogram())
            .collect::<Result<_, _>>()?,
        arrived: histogram()?,
    });
    let meter = Meter::new(&run.bounds)?;
    #[allow(clippy::cast_precision_loss, reason = "people")]
    let each = day.rate / users as f64;
    let workers = people.into_iter().map(|person| {
        let (meter, tally) = (Arc::clone(&meter), Arc::clone(&tally));
        let worker: Worker = Box::pin(async move { live(person, &meter, &tally, each).await });
        worker
    });
    let workers = workers.collect();
    let measured = run.measure(&meter, "a day", workers).await?;
    let mut outcome = Outcome::new("day", "something that somebody does, answered", measured)
        .set("people", users)
        .set("actions a second", day.rate);
    for ((_, name, _), histogram) in KINDS.iter().zip(&tally.kinds) {
        outcome = tell(outcome, name, histogram);
    }
    outcome = tell(outcome, "a copy arrived", &tally.arrived);
    Ok(outcome)
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn tell(outcome: Outcome, name: &str, histogram: &Mutex<Histogram<u64>>) -> Outcome {
    let histogram = histogram.lock().unwrap_or_else(PoisonError::into_inner);
    let at = |quantile| micros(histogram.value_at_quantile(quantile));
    outcome
        .figure(&format!("{name}: count"), histogram.len() as f64)
        .figure(&format!("{name}: p50, µs"), at(0.5))
        .figure(&format!("{name}: p99, µs"), at(0.99))
}

fn record(histogram: &Mutex<Histogram<u64>>, due_ns: u64) {
    let taken = clock_ns().saturating_sub(due_ns).max(1);
    histogram
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .saturating_record(taken);
}

/// Nanoseconds until somebody does something again: without a memory, as people are.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "nanoseconds, positive"
)]
fn pause_ns(per_second: f64) -> u64 {
    let even: f64 = rand::random_range(f64::EPSILON..1.0);
    (-even.ln() / per_second * 1e9) as u64
}

fn choose() -> usize {
    let mut at = rand::random_range(0..KINDS.iter().map(|(_, _, weight)| weight).sum());
    KINDS
        .iter()
        .position(|(_, _, weight)| {
            let here = at < *weight;
            at = at.saturating_sub(*weight);
            here
        })
        .unwrap_or(0)
}

async fn live(mut person: Person, meter: &Meter, tally: &Tally, per_second: f64) -> Result<()> {
    let mut due = clock_ns() + pause_ns(per_second);
    while !meter.is_over() {
        let Some(link) = &mut person.link else {
            bail!("somebody without a connection");
        };
        let wait = Duration::from_nanos(due.saturating_sub(clock_ns()));
        tokio::select! {
            told = link.next() => person.hear(told?, meter, tally)?,
            () = tokio::time::sleep(wait) => {
                person.act(KINDS[choose()].0, due).await?;
                due += pause_ns(per_second);
            }
        }
    }
    Ok(())
}

impl Person {
    fn hear(&mut self, told: Told, meter: &Meter, tally: &Tally) -> Result<()> {
        match told {
            Told::Update(update) => {
                for due in times(&update) {
                    if meter.is_measuring() {
                        record(&tally.arrived, due);
                    }
                }
            }
            Told::Answer(request, result) => self.answered(request, result.err(), meter, tally)?,
            Told::Pong(_) => {}
        }
        Ok(())
    }

    fn answered(
        &mut self,
        request: RequestId,
        failure: Option<mtproto_core::session::RpcFailure>,
        meter: &Meter,
        tally: &Tally,
    ) -> Result<()> {
        let Some((kind, due)) = self.running.remove(&request) else {
            return Ok(());
        };
        let file = self.files.remove(&request);
        if let Some(failure) = failure {
            meter.failed(format!("{kind:?}: {failure:?}"));
            return Ok(());
        }
        if let (Some(id), Some(link)) = (file, &mut self.link) {
            let request = link.start(&send_file(self.other.clone(), id))?;
            self.running.insert(request, (kind, due));
            return Ok(());
        }
        if meter.is_measuring()
            && let Some(at) = KINDS.iter().position(|(other, ..)| *other == kind)
        {
            record(&tally.kinds[at], due);
        }
        meter.done(due);
        Ok(())
    }

    /// Begins something.
    async fn act(&mut self, kind: Kind, due: u64) -> Result<()> {
        let Some(mut link) = self.link.take() else {
            bail!("somebody without a connection");
        };
        let other = self.other.clone();
        let message = |peer: types::InputPeer| {
            let text = text(due);
            functions::messages::SendMessage::new(peer, text.as_str().into(), rand::random())
        };
        let request = match kind {
            Kind::Text => link.start(&message(other))?,
            Kind::GroupText => link.start(&message(self.group.clone()))?,
            Kind::Read => link.start(&functions::messages::ReadHistory {
                peer: other,
                max_id: 0,
            })?,
            Kind::Page => link.start(&page(other, 0, 50))?,
            Kind::Dialogs => link.start(&functions::messages::GetDialogs {
                exclude_pinned: false,
                folder_id: None,
                offset_date: 0,
                offset_id: 0,
                offset_peer: types::InputPeer::Empty {},
                limit: 20,
                hash: 0,
            })?,
            Kind::Typing => {
                let typing = types::SendMessageAction::SendMessageTypingAction {};
                link.start(&functions::messages::SetTyping::new(other, typing))?
            }
            Kind::File => {
                let id = rand::random();
                let mut bytes = vec![0; FILE_LEN];
                rand::fill(&mut bytes[..]);
                let request = link.start(&functions::upload::SaveFilePart {
                    file_id: id,
                    file_part: 0,
                    bytes: Bytes::from(bytes),
                })?;
                self.files.insert(request, id);
                request
            }
            Kind::Reconnect => {
                link = link.reconnect().await?;
                link.start(&functions::updates::GetState {})?
            }
        };
        self.running.insert(request, (kind, due));
        self.link = Some(link);
        Ok(())
    }
}

fn send_file(peer: types::InputPeer, id: i64) -> functions::messages::SendMedia {
    let file = types::InputFile::InputFile(Box::new(constructors::InputFile {
        id,
        parts: 1,
        name: "day.bin".into(),
        md5_checksum: "".into(),
    }));
    let media = constructors::InputMediaUploadedDocument::new(
        file,
        "application/octet-stream".into(),
        Vec::new(),
    );
    functions::messages::SendMedia::new(
        peer,
        types::InputMedia::UploadedDocument(Box::new(media)),
        "".into(),
        rand::random(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_happens_as_often_as_it_should() {
        let mut counts = vec![0_u32; KINDS.len()];
        for _ in 0..20_000 {
            counts[choose()] += 1;
        }
        for ((_, name, weight), count) in KINDS.iter().zip(counts) {
            let expected = 200 * weight;
            assert!(
                count.abs_diff(expected) < expected / 4 + 100,
                "{name}: {count}"
            );
        }
    }
}
