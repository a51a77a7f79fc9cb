//! Files: parts up, parts down.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use mtproto_core::crypto::{AesKeyIv, ige_encrypt};
use tl_api::{constructors, functions, types};

use super::{Direction, File};
use crate::Run;
use crate::link::{Link, Told, clock_ns};
use crate::meter::{Meter, Worker};
use crate::outcome::Outcome;

/// Bytes of a part.
const PART_LEN: usize = 512 * 1024;
const MIB: f64 = 1_048_576.0;

/// What parts are filled with: each begins with its number.
#[derive(Clone)]
struct Parts(Bytes);

impl Parts {
    fn new() -> Self {
        let mut filling = vec![0; PART_LEN];
        rand::fill(&mut filling[..]);
        Self(filling.into())
    }

    fn part(&self, number: usize) -> Bytes {
        let mut part = BytesMut::from(&self.0[..]);
        part[..8].copy_from_slice(&(number as u64).to_le_bytes());
        part.freeze()
    }

    fn is_part(&self, number: usize, bytes: &[u8]) -> bool {
        bytes.len() == PART_LEN
            && bytes[..8] == (number as u64).to_le_bytes()
            && bytes[8..] == self.0[8..]
    }
}

pub(super) async fn run(run: &Run, file: File) -> Result<Outcome> {
    ensure!(
        file.size_mib > 0 && file.at_once > 0 && file.connections > 0,
        "nothing to move"
    );
    let accounts = run.accounts(file.connections).await?;
    let count = (file.size_mib << 20) / PART_LEN;
    let parts = Parts::new();
    let meter = Meter::new(&run.bounds)?;
    let mut workers = Vec::new();
    for account in accounts {
        let mut link = Link::connect(&run.target.endpoint, Some(account.key)).await?;
        let (parts, meter) = (parts.clone(), Arc::clone(&meter));
        let at_once = file.at_once;
        let worker: Worker = match file.direction {
            Direction::Down => {
                let bar = run.progress.bar("upload", count);
                let id = upload(&mut link, &parts, count, at_once, |_| bar.inc(1)).await?;
                bar.finish_and_clear();
                let location = share(&mut link, id, count).await?;
                Box::pin(async move {
                    while !meter.is_over() {
                        download(&mut link, &location, &parts, count, at_once, &meter).await?;
                    }
                    Ok(())
                })
            }
            Direction::Up => Box::pin(async move {
                while !meter.is_over() {
                    upload(&mut link, &parts, count, at_once, |due| meter.done(due)).await?;
                }
                Ok(())
            }),
        };
        workers.push(worker);
    }
    let cipher = cipher_rate();
    let measured = run.measure(&meter, "parts", workers).await?;
    let direction = format!("{:?}", file.direction).to_lowercase();
    let outcome = Outcome::new(&format!("file-{direction}"), "a part of 512 KiB", measured)
        .set("MiB of a file", file.size_mib)
        .set("parts at once", file.at_once)
        .set("connections", file.connections);
    let part_mib = PART_LEN as f64 / MIB;
    let rate = outcome.per_second * part_mib;
    let mut outcome = outcome
        .figure("MiB a second", rate)
        .figure("one stream of AES-256-IGE, MiB a second", cipher);
    if let Some(server) = outcome.server {
        let core_rate = part_mib / (server.us_each / 1e6);
        outcome = outcome
            .figure("MiB a second of a server core", core_rate)
            .figure("share of the cipher's rate, %", core_rate / cipher * 100.0);
    }
    Ok(outcome)
}

/// MiB a second that one core encrypts in one stream: the bound of every part.
fn cipher_rate() -> f64 {
    let mut data = vec![7; PART_LEN];
    let key = AesKeyIv::new([3; 32], [5; 32]);
    let best = (0..40)
        .map(|_| {
            let begun = Instant::now();
            ige_encrypt(&mut data, &key);
            begun.elapsed()
        })
        .min()
        .unwrap_or_default();
    PART_LEN as f64 / MIB / best.as_secs_f64()
}

async fn upload(
    link: &mut Link,
    parts: &Parts,
    count: usize,
    at_once: usize,
    mut done: impl FnMut(u64),
) -> Result<i64> {
    let file_id = rand::random();
    let file_total_parts = i32::try_from(count)?;
    let (mut next, mut waiting) = (0, Vec::with_capacity(at_once));
    while next < count || !waiting.is_empty() {
        while next < count && waiting.len() < at_once {
            let due = clock_ns();
            let request = link.start(&functions::upload::SaveBigFilePart {
                file_id,
                file_part: i32::try_from(next)?,
                file_total_parts,
                bytes: parts.part(next),
            })?;
            waiting.push((request, due));
            next += 1;
        }
        if let Told::Answer(request, result) = link.next().await?
            && let Some(at) = waiting.iter().position(|(other, _)| *other == request)
        {
            let (_, due) = waiting.swap_remove(at);
            if let Err(failure) = result {
                bail!("a part was refused: {failure:?}");
            }
            done(due);
        }
    }
    Ok(file_id)
}

/// Sends the file to oneself; where it is then.
async fn share(link: &mut Link, id: i64, count: usize) -> Result<types::InputFileLocation> {
    let file = types::InputFile::Big(Box::new(constructors::InputFileBig {
        id,
        parts: i32::try_from(count)?,
        name: "load.bin".into(),
    }));
    let media = constructors::InputMediaUploadedDocument::new(
        file,
        "application/octet-stream".into(),
        Vec::new(),
    );
    let request = functions::messages::SendMedia::new(
        types::InputPeer::Self_ {},
        types::InputMedia::UploadedDocument(Box::new(media)),
        "".into(),
        rand::random(),
    );
    let types::Updates::Updates(updates) = link.call(&request).await? else {
        bail!("no message");
    };
    let document = updates
        .updates
        .into_iter()
        .find_map(document)
        .context("no document in the message")?;
    Ok(types::InputFileLocation::InputDocumentFileLocation(
        Box::new(constructors::InputDocumentFileLocation {
            id: document.id,
            access_hash: document.access_hash,
            file_reference: document.file_reference,
            thumb_size: "".into(),
        }),
    ))
}

fn document(update: types::Update) -> Option<Box<constructors::Document>> {
    let types::Update::NewMessage { message, .. } = update else {
        return None;
    };
    let types::Message::Message(message) = message else {
        return None;
    };
    let Some(types::MessageMedia::Document(media)) = message.media else {
        return None;
    };
    let Some(types::Document::Document(document)) = media.document else {
        return None;
    };
    Some(document)
}

async fn download(
    link: &mut Link,
    location: &types::InputFileLocation,
    parts: &Parts,
    count: usize,
    at_once: usize,
    meter: &Meter,
) -> Result<()> {
    let (mut next, mut waiting) = (0, Vec::with_capacity(at_once));
    while next < count || !waiting.is_empty() {
        while next < count && waiting.len() < at_once {
            let due = clock_ns();
            let request = link.start(&functions::upload::GetFile {
                precise: false,
                cdn_supported: false,
                location: location.clone(),
                offset: i64::try_from(next * PART_LEN)?,
                limit: i32::try_from(PART_LEN)?,
            })?;
            waiting.push((request, due, next));
            next += 1;
        }
        if let Told::Answer(request, result) = link.next().await?
            && let Some(at) = waiting.iter().position(|(other, ..)| *other == request)
        {
            let (_, due, number) = waiting.swap_remove(at);
            let answer = match result {
                Ok(answer) => answer,
                Err(failure) => bail!("a part was refused: {failure:?}"),
            };
            match tl::from_bytes::<types::upload::File>(&answer) {
                Ok(types::upload::File::File(file)) if parts.is_part(number, &file.bytes) => {
                    meter.done(due);
                }
                Ok(_) | Err(_) => bail!("part {number} is not what was sent"),
            }
        }
    }
    Ok(())
}
