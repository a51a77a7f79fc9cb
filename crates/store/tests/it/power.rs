//! Power cuts, simulated: every write and sync to both files is recorded, then the files are put
//! together again as a disk might hold them that lost power at some moment.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use store::{EmbeddedOptions, EmbeddedStore};

use crate::random::{Random, seed};
use crate::subject::count;
use crate::writers::{Operation, judge, write_once};

/// The unit a disk writes as a whole.
const PAGE_BYTES: u64 = 4096;

/// One thing done to one of the files.
#[derive(Clone, Debug)]
enum Event {
    Write {
        file: usize,
        offset: u64,
        data: Vec<u8>,
    },
    Resize {
        file: usize,
        len: u64,
    },
    Sync {
        file: usize,
    },
    /// The new store is open. Before that a file system shows no files at all, because new ones
    /// get their names when they are whole.
    Opened,
    /// An operation was acknowledged.
    Acknowledge(Operation),
}

type Recording = Arc<Mutex<Vec<Event>>>;

/// A file in memory that notes what is done to it.
#[derive(Debug)]
struct Recorder {
    file: usize,
    inner: InMemoryBackend,
    recording: Recording,
}

impl Recorder {
    fn new(file: usize, recording: &Recording) -> Self {
        Self {
            file,
            inner: InMemoryBackend::new(),
            recording: Arc::clone(recording),
        }
    }

    fn note(&self, event: Event) {
        self.recording.lock().unwrap().push(event);
    }
}

impl StorageBackend for Recorder {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)?;
        self.note(Event::Resize {
            file: self.file,
            len,
        });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.note(Event::Sync { file: self.file });
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)?;
        self.note(Event::Write {
            file: self.file,
            offset,
            data: data.to_vec(),
        });
        Ok(())
    }
}

/// What happens to writes that no sync has covered.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// All are lost.
    LoseAll,
    /// The first ones are kept, the last of them up to some page.
    KeepPrefix,
    /// Each page of each is kept or lost by chance.
    KeepSome,
}

fn options() -> EmbeddedOptions {
    EmbeddedOptions {
        cache_bytes: 1 << 20,
        overlay_bytes: 30_000,
        slice_bytes: 5_000,
        ..EmbeddedOptions::default()
    }
}

/// Writes for a while and returns all that was done to the files.
fn record(operations: u64) -> Vec<Event> {
    let recording = Recording::default();
    let (log, data) = (Recorder::new(0, &recording), Recorder::new(1, &recording));
    let store = Arc::new(EmbeddedStore::open_on(log, data, options()).unwrap());
    recording.lock().unwrap().push(Event::Opened);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (store, recording) = (Arc::clone(&store), Arc::clone(&recording));
                tokio::spawn(async move {
                    for number in 0..operations / 6 {
                        if write_once(store.as_ref(), (writer, number)).await.is_some() {
                            let event = Event::Acknowledge((writer, number));
                            recording.lock().unwrap().push(event);
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
    drop(store);
    Arc::into_inner(recording).unwrap().into_inner().unwrap()
}

/// A file as it is on the disk for certain, and what may or may not have got there.
#[derive(Clone, Debug, Default)]
struct Disk {
    pages: BTreeMap<u64, Vec<u8>>,
    len: u64,
    unsynced: Vec<(u64, Vec<u8>)>,
}

impl Disk {
    fn apply(&mut self, offset: u64, data: &[u8]) {
        let mut at = offset;
        let end = offset + data.len() as u64;
        while at < end {
            let page = at / PAGE_BYTES;
            let stop = end.min((page + 1) * PAGE_BYTES);
            let within = usize::try_from(at % PAGE_BYTES).unwrap();
            let from = usize::try_from(at - offset).unwrap();
            let to = usize::try_from(stop - offset).unwrap();
            let bytes = self.pages.entry(page).or_insert_with(|| vec![0; 4096]);
            bytes[within..within + to - from].copy_from_slice(&data[from..to]);
            at = stop;
        }
    }

    fn sync(&mut self) {
        for (offset, data) in std::mem::take(&mut self.unsynced) {
            self.apply(offset, &data);
        }
    }

    fn cut(mut self, cut: Cut, random: &mut Random) -> InMemoryBackend {
        let mut pages: Vec<(u64, Vec<u8>)> = Vec::new();
        for (offset, data) in std::mem::take(&mut self.unsynced) {
            let mut at = 0;
            while at < data.len() {
                let room = PAGE_BYTES - (offset + at as u64) % PAGE_BYTES;
                let stop = data.len().min(at + usize::try_from(room).unwrap());
                pages.push((offset + at as u64, data[at..stop].to_vec()));
                at = stop;
            }
        }
        let kept = match cut {
            Cut::LoseAll => 0,
            Cut::KeepPrefix => usize::try_from(random.below(pages.len() as u64 + 1)).unwrap(),
            Cut::KeepSome => pages.len(),
        };
        for (offset, data) in pages.into_iter().take(kept) {
            if !matches!(cut, Cut::KeepSome) || random.one_in(2) {
                self.apply(offset, &data);
            }
        }
        let backend = InMemoryBackend::new();
        backend.set_len(self.len).unwrap();
        for (page, bytes) in self.pages {
            let offset = page * PAGE_BYTES;
            if offset < self.len {
                let len = usize::try_from((self.len - offset).min(PAGE_BYTES)).unwrap();
                backend.write(offset, &bytes[..len]).unwrap();
            }
        }
        backend
    }
}

#[test]
fn power_cut_loses_nothing_acknowledged() {
    let cuts = count("STORE_CUTS", 24);
    let seed = seed();
    println!("STORE_SEED={seed}, {cuts} cuts");
    let mut random = Random(seed);
    let events = record(count("STORE_CUT_OPERATIONS", 600));
    let opened = events
        .iter()
        .position(|event| matches!(event, Event::Opened));
    let opened = opened.unwrap() as u64 + 1;
    let mut moments: Vec<usize> = (0..cuts)
        .map(|_| usize::try_from(opened + random.below(events.len() as u64 + 1 - opened)).unwrap())
        .collect();
    moments.sort_unstable();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut disks = [Disk::default(), Disk::default()];
    let mut acknowledged = BTreeSet::new();
    let mut done = 0;
    for (number, moment) in moments.into_iter().enumerate() {
        for event in &events[done..moment] {
            match event {
                Event::Write { file, offset, data } => {
                    disks[*file].unsynced.push((*offset, data.clone()));
                }
                // Sizes are kept in order with the syncs, as journaling file systems do.
                Event::Resize { file, len } => disks[*file].len = *len,
                Event::Sync { file } => disks[*file].sync(),
                Event::Opened => {}
                Event::Acknowledge(operation) => {
                    acknowledged.insert(*operation);
                }
            }
        }
        done = moment;
        let cut = [Cut::LoseAll, Cut::KeepPrefix, Cut::KeepSome][number % 3];
        let [log, data] = disks.clone().map(|disk| disk.cut(cut, &mut random));
        let store = EmbeddedStore::open_on(log, data, options())
            .unwrap_or_else(|error| panic!("cut {number} at {moment}, {cut:?}: {error}"));
        runtime.block_on(judge(&store, &acknowledged));
    }
    assert!(!acknowledged.is_empty(), "nothing was acknowledged");
    println!(
        "{cuts} cuts over {} events, {} acknowledged",
        events.len(),
        acknowledged.len()
    );
}
