//! Disks and files that let the store down: each ends in a clear error and loses nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use store::*;
use tempfile::TempDir;

use crate::embedded::small;
use crate::laws::{append_until_done, message};
use crate::writers::{judge, write_once};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A file on a disk that has room for so many bytes more, and keeps what it has when it is full.
#[derive(Clone, Debug)]
struct SmallDisk {
    inner: Arc<InMemoryBackend>,
    room: Arc<AtomicI64>,
}

impl SmallDisk {
    fn new(room: &Arc<AtomicI64>) -> Self {
        Self {
            inner: Arc::default(),
            room: Arc::clone(room),
        }
    }
}

impl StorageBackend for SmallDisk {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let len = i64::try_from(data.len()).unwrap();
        if self.room.fetch_sub(len, Ordering::SeqCst) < len {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.inner.write(offset, data)
    }
}

#[test]
fn full_disk_stops_writes_and_loses_nothing() {
    for (log_room, data_room) in [(4_000_000, i64::MAX), (i64::MAX, 4_000_000)] {
        let (log_room, data_room) = (
            Arc::new(AtomicI64::new(log_room)),
            Arc::new(AtomicI64::new(data_room)),
        );
        let (log, data) = (SmallDisk::new(&log_room), SmallDisk::new(&data_room));
        let store = EmbeddedStore::open_on(log.clone(), data.clone(), small()).unwrap();
        let mut acknowledged = BTreeSet::new();
        let mut number = 0;
        let error = block_on(async {
            loop {
                number += 1;
                let operation = (number % 5, number);
                if write_once(&store, operation).await.is_some() {
                    acknowledged.insert(operation);
                    continue;
                }
                let append = Append {
                    expect: Pts(0),
                    ..Append::default()
                };
                break store.append(append).await.unwrap_err();
            }
        });
        assert!(acknowledged.len() > 20, "the disk was full too early");
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.is_retryable());
        // What is there can still be read.
        block_on(judge(&store, &acknowledged));
        assert!(matches!(store.close(), Err(Error::Unavailable(_))));
        for room in [&log_room, &data_room] {
            room.store(i64::MAX, Ordering::SeqCst);
        }
        let store = EmbeddedStore::open_on(log, data, small()).unwrap();
        block_on(async {
            judge(&store, &acknowledged).await;
            assert!(
                write_once(&store, (0, number + 1)).await.is_some(),
                "it writes again"
            );
        });
    }
}

fn filled() -> TempDir {
    let folder = TempDir::new().unwrap();
    let store = EmbeddedStore::open(folder.path(), small()).unwrap();
    block_on(async {
        for number in 0..300 {
            write_once(&store, (number % 5, number)).await.unwrap();
        }
    });
    store.close().unwrap();
    folder
}

#[test]
fn second_opening_is_refused() {
    let folder = filled();
    let first = EmbeddedStore::open(folder.path(), small()).unwrap();
    let second = EmbeddedStore::open(folder.path(), small()).unwrap_err();
    assert!(
        matches!(&second, Error::Unavailable(why) if why.contains("another process")),
        "{second}"
    );
    assert!(matches!(
        EmbeddedStore::check(folder.path()),
        Err(Error::Unavailable(_))
    ));
    first.close().unwrap();
    EmbeddedStore::check(folder.path()).unwrap();
}

#[test]
fn read_only_folder_is_unavailable() {
    let folder = filled();
    // Root may write anywhere; what it may not do is open a folder as a file.
    let blocked = folder.path().join("blocked");
    fs::create_dir_all(blocked.join("log.redb")).unwrap();
    let error = EmbeddedStore::open(&blocked, small()).unwrap_err();
    assert!(
        matches!(&error, Error::Unavailable(why) if why.contains("log.redb")),
        "{error}"
    );
    let file = folder.path().join("file");
    fs::write(&file, b"x").unwrap();
    let error = EmbeddedStore::open(file.join("store"), small()).unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let read_only = |mode| {
        for name in ["log.redb", "data.redb"] {
            let path = folder.path().join(name);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    read_only(0o444);
    let opened = EmbeddedStore::open(folder.path(), small());
    let is_root = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("log.redb"))
        .is_ok();
    match opened {
        Ok(_) => assert!(is_root, "only root can write to read-only files"),
        Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
    }
    read_only(0o644);
}

#[test]
fn missing_file_is_corrupt() {
    for name in ["log.redb", "data.redb"] {
        let folder = filled();
        fs::remove_file(folder.path().join(name)).unwrap();
        assert!(matches!(
            EmbeddedStore::check(folder.path()),
            Err(Error::Corrupt(_))
        ));
        let error = EmbeddedStore::open(folder.path(), small()).unwrap_err();
        assert!(matches!(error, Error::Corrupt(_)), "{error}");
    }
}

#[test]
fn files_of_two_stores_are_not_mixed() {
    let (one, other) = (filled(), filled());
    fs::copy(other.path().join("log.redb"), one.path().join("log.redb")).unwrap();
    let error = EmbeddedStore::open(one.path(), small()).unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt(why) if why.contains("different stores")),
        "{error}"
    );
}

#[test]
fn truncated_file_is_corrupt() {
    for part in [0, 1, 2, 3] {
        let folder = filled();
        let path = folder.path().join("data.redb");
        let len = fs::metadata(&path).unwrap().len();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(len * part / 4).unwrap();
        let checked = EmbeddedStore::check(folder.path());
        assert!(
            matches!(&checked, Err(Error::Corrupt(_))),
            "{part}: {checked:?}"
        );
    }
}

/// Flips one bit of each page in turn; whatever happens must be an error or the truth.
#[test]
fn flipped_bit_is_found_by_the_check() {
    let folder = filled();
    let path = folder.path().join("data.redb");
    let whole = fs::read(&path).unwrap();
    let mut found = 0;
    let used: Vec<usize> = (0..whole.len() / 4096)
        .filter(|page| whole[page * 4096..][..4096].iter().any(|byte| *byte != 0))
        .collect();
    for page in used.iter().step_by(used.len() / 24 + 1) {
        let mut flipped = whole.clone();
        let offset = (page * 4096..)
            .take(4096)
            .find(|at| flipped[*at] != 0)
            .unwrap();
        flipped[offset] ^= 0x10;
        let copy = TempDir::new().unwrap();
        fs::copy(folder.path().join("log.redb"), copy.path().join("log.redb")).unwrap();
        fs::write(copy.path().join("data.redb"), flipped).unwrap();
        match EmbeddedStore::check(copy.path()) {
            Err(Error::Corrupt(_) | Error::Newer { .. }) => found += 1,
            Err(other) => panic!("page {page}: {other}"),
            // A page nothing refers to any more.
            Ok(report) => assert_eq!(report.messages, 300, "page {page}"),
        }
    }
    assert!(found > 5, "only {found} flips were found");
}

#[test]
fn newer_format_is_named() {
    let folder = filled();
    set_format(&folder.path().join("data.redb"), 2);
    let error = EmbeddedStore::open(folder.path(), small()).unwrap_err();
    assert_eq!(
        error,
        Error::Newer {
            what: "the store",
            found: 2,
            known: 1
        }
    );
}

fn set_format(path: &Path, version: u8) {
    let table: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("rows");
    let file = redb::Database::open(path).unwrap();
    let write = file.begin_write().unwrap();
    write
        .open_table(table)
        .unwrap()
        .insert(b"\0format".as_slice(), [version].as_slice())
        .unwrap();
    write.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn backup_under_load_is_whole_and_holds_what_was_there() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path(), small()).unwrap());
    let acknowledged = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    if write_once(store.as_ref(), (writer, number)).await.is_some() {
                        acknowledged.lock().unwrap().insert((writer, number));
                    }
                }
            })
        })
        .collect();
    for round in 0..3 {
        while acknowledged.lock().unwrap().len() < 200 * (round + 1) {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().unwrap().clone();
        let file = folder.path().join(format!("backup{round}"));
        store.backup(&file).await.unwrap();
        assert!(
            matches!(store.backup(&file).await, Err(Error::Unavailable(_))),
            "it exists"
        );
        let restored = TempDir::new().unwrap();
        let target = restored.path().join("store");
        tokio::task::block_in_place(|| {
            EmbeddedStore::restore(&file, &target).unwrap();
            assert!(matches!(
                EmbeddedStore::restore(&file, &target),
                Err(Error::Unavailable(_))
            ));
            EmbeddedStore::check(&target).unwrap();
        });
        let copy = EmbeddedStore::open(&target, small()).unwrap();
        judge(&copy, &before).await;
        assert!(
            write_once(&copy, (0, 1_000_000)).await.is_some(),
            "the copy goes on"
        );
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Enough messages for several segments and a merge of them, edits and deletions included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_over_many_segments_agrees_with_the_model() {
    let folder = TempDir::new().unwrap();
    let options = EmbeddedOptions {
        overlay_bytes: 150_000,
        ..small()
    };
    let store = EmbeddedStore::open(folder.path(), options).unwrap();
    let model = MemoryStore::new();
    let mailbox = MailboxId::Channel(ChannelId(5));
    let peer = PeerId::Channel(ChannelId(5));
    let text = |n: i32| format!("all w{} x{} y{n}", n % 7, n % 501);
    for batch in 0..30 {
        let mut messages: Vec<_> = (1..=200)
            .map(|n| batch * 200 + n)
            .map(|n| message(n, peer, &text(n)))
            .collect();
        if batch > 0 {
            let old = batch * 100;
            messages.push(message(old, peer, &format!("edited w1 y{old}")));
            messages.push(MessageWrite::Delete(MsgId(old + 1)));
        }
        let append = Append {
            mailbox,
            messages,
            ..Append::default()
        };
        append_until_done(&store, append.clone()).await;
        append_until_done(&model, append).await;
    }
    for text in [
        "all", "w1", "x5", "x500", "y1", "y5999", "edited", "w6 x1 y", "all w", "none",
    ] {
        let query = SearchQuery {
            text: text.into(),
            limit: 100,
            ..SearchQuery::default()
        };
        let found = store.search(mailbox, query.clone()).await.unwrap();
        assert_eq!(found, model.search(mailbox, query).await.unwrap(), "{text}");
    }
    store.close().unwrap();
    EmbeddedStore::check(folder.path()).unwrap();
}

/// What is acknowledged at once fills the memory many times over, and the store is closed while the
/// tables are far behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_while_the_tables_are_behind_loses_nothing() {
    const MAILBOXES: i64 = 200;
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(EmbeddedStore::open(folder.path(), small()).unwrap());
        let mailbox = |number: i64| MailboxId::User(UserId(number));
        let mut appends = tokio::task::JoinSet::new();
        for number in 0..MAILBOXES {
            let store = Arc::clone(&store);
            let append = Append {
                mailbox: mailbox(number),
                messages: vec![message(1, PeerId::User(UserId(1)), &"text ".repeat(40))],
                ..Append::default()
            };
            appends.spawn(async move { store.append(append).await });
        }
        while let Some(done) = appends.join_next().await {
            done.unwrap().unwrap();
        }
        Arc::into_inner(store).unwrap().close().unwrap();
        let store = EmbeddedStore::open(folder.path(), small()).unwrap();
        for number in 0..MAILBOXES {
            let head = store.head(mailbox(number)).await.unwrap();
            assert_eq!(head.top, MsgId(1), "mailbox {number}");
        }
    }
}
