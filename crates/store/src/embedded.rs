//! The store of one machine: a folder with two redb files, `log.redb` and `data.redb`.
//!
//! A commit writes what its operations changed into the log, at once and in one piece. Rows lie in
//! memory over the tables in `data.redb` for as long as there is room; then the tables take them,
//! home by home, round and round. So the sync of a commit has little to write, and a page of the
//! tables takes all that its home has come to since the round before. After a crash what the
//! tables do not have is read from the log again.
//!
//! | what | where |
//! |---|---|
//! | log rows, one for each group commit | `log` |
//! | the two writing threads and what they share | `core` |
//! | rows in memory, laid over the tables | `overlay` |
//! | the key of a row in memory | `key` |
//! | how far the tables have come | `frontier` |
//! | the inverted index | `fold` |
//! | the ordered map below, and redb as that map | `kv`, `redb` |
//! | backup and restore | `backup` |
//! | the check of a closed store | `check` |

mod backup;
mod check;
mod core;
mod fold;
mod frontier;
mod key;
mod kv;
mod log;
mod options;
mod overlay;
mod readers;
mod redb;

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use ::redb::StorageBackend;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

pub use self::check::CheckReport;
use self::core::{Core, Job};
use self::frontier::Frontier;
use self::kv::{Durability, OrderedKv, Snapshot};
use self::log::{Meta, log_key, log_number, number};
pub use self::options::EmbeddedOptions;
use self::overlay::{Generation, OverlayView};
use self::readers::Readers;
use self::redb::RedbKv;
use crate::codec::from_bytes;
use crate::error::{Error, Result};
use crate::rows::{BoxFuture, Plan, RowEngine, RowStore, View};

/// The layout this program writes, of both files together.
const FORMAT: u32 = 1;
/// The file with the log.
const LOG_FILE: &str = "log.redb";
/// The file with the tables.
const DATA_FILE: &str = "data.redb";
/// Pages of the log kept in memory; they are written once and read only after a crash.
const LOG_CACHE_BYTES: usize = 16 << 20;

/// The store in a folder.
pub type EmbeddedStore = RowStore<EmbeddedEngine>;

/// The engine behind [`EmbeddedStore`].
pub struct EmbeddedEngine {
    jobs: Option<mpsc::Sender<Job>>,
    readers: Option<Readers<RedbKv>>,
    core: Option<Arc<Core<RedbKv>>>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for EmbeddedEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedEngine").finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// Opens the store in a folder, or creates both. Blocks while it reads the files.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be used: no permission, no space, another process has
    /// it open. `Corrupt` when a file is damaged or missing. `Newer` when a later program wrote it.
    pub fn open(folder: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self> {
        let folder = folder.as_ref();
        let cannot =
            |error: std::io::Error| Error::Unavailable(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let data = folder.join(DATA_FILE);
        if data.exists() && !folder.join(LOG_FILE).exists() {
            return Err(Error::Corrupt(format!(
                "{} has lost its log",
                folder.display()
            )));
        }
        for name in [LOG_FILE, DATA_FILE] {
            create_missing(folder, name).map_err(cannot)??;
        }
        let log = RedbKv::open(&folder.join(LOG_FILE), LOG_CACHE_BYTES, false)?;
        let tables = RedbKv::open(&data, options.cache_bytes, false)?;
        Self::start(log, tables, options)
    }

    /// Opens the store on two things that behave like files: for simulations of failing disks.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        log: impl StorageBackend,
        data: impl StorageBackend,
        options: EmbeddedOptions,
    ) -> Result<Self> {
        let log = RedbKv::open_on(log, LOG_CACHE_BYTES)?;
        let tables = RedbKv::open_on(data, options.cache_bytes)?;
        Self::start(log, tables, options)
    }

    /// Brings everything into its tables and closes the files, so that the next start is quick.
    /// Blocks; dropping the store does the same without telling how it went.
    ///
    /// # Errors
    /// `Unavailable` when not all could be written. Nothing is lost: it is in the log.
    pub fn close(mut self) -> Result<()> {
        self.engine.stop();
        let Some(core) = self.engine.core.take().and_then(Arc::into_inner) else {
            return Err(Error::Unavailable("the store is still in use".into()));
        };
        core.close()
    }

    /// Why the store has stopped writing, if it has. Only opening it anew helps.
    pub fn failure(&self) -> Option<Error> {
        self.engine.core.as_ref()?.failure()
    }

    fn start(log: RedbKv, tables: RedbKv, options: EmbeddedOptions) -> Result<Self> {
        let frontier = agree(&log, &tables)?;
        let mut active = Generation::default();
        visit_log(&*log.snapshot()?, &mut |row, value| {
            if row > frontier.lowest() {
                log::replay(row, value, &frontier, &mut active)?;
            }
            Ok(())
        })?;
        let core = Arc::new(Core::new(options, (log, tables), active, &frontier)?);
        let (jobs, queue) = mpsc::channel(core.options.queue_len.max(1));
        let mut threads = Vec::new();
        let run = Arc::clone(&core);
        threads.push(spawn("store-commit", move || {
            run.guard(|| run.run_committer(queue))
        })?);
        let run = Arc::clone(&core);
        threads.push(spawn("store-project", move || {
            run.guard(|| run.run_projector(frontier))
        })?);
        let readers = Readers::start(&core)?;
        Ok(Self::new(EmbeddedEngine {
            jobs: Some(jobs),
            readers: Some(readers),
            core: Some(core),
            threads,
        }))
    }
}

/// Makes an empty file of the store unless it is there. It gets its name when it is whole, so that
/// a crash here leaves nothing that looks like a damaged store.
fn create_missing(folder: &Path, name: &str) -> std::io::Result<Result<()>> {
    let path = folder.join(name);
    if path.exists() {
        return Ok(Ok(()));
    }
    let partial = path.with_extension("partial");
    if partial.exists() {
        std::fs::remove_file(&partial)?;
    }
    if let Err(error) = RedbKv::open(&partial, LOG_CACHE_BYTES, false).and_then(RedbKv::close) {
        return Ok(Err(error));
    }
    std::fs::rename(&partial, &path)?;
    std::fs::File::open(folder)?.sync_all()?;
    Ok(Ok(()))
}

/// Starts a thread of the store.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name(name.into());
    builder
        .spawn(run)
        .map_err(|error| Error::Unavailable(error.to_string()))
}

/// Checks that both files are of this layout and of one store, or makes them so when they are
/// new. Returns how far the tables hold what the log says.
fn agree(log: &RedbKv, tables: &RedbKv) -> Result<Frontier> {
    let (log_view, table_view) = (log.snapshot()?, tables.snapshot()?);
    let log_identity = identity(&*log_view)?;
    let table_identity = identity(&*table_view)?;
    match (log_identity, table_identity) {
        (None, Some(_)) => Err(Error::Corrupt("the log has lost its contents".into())),
        (Some(of_log), Some(of_tables)) if of_log != of_tables => Err(Error::Corrupt(
            "log and data belong to different stores".into(),
        )),
        (Some(_), Some(_)) => {
            if log_view.get(Meta::Complete.key())?.is_none() {
                complete(log)?;
            }
            let projected = table_view.get(Meta::Projected.key())?;
            projected.map_or(Ok(Frontier::all(0)), Frontier::decode)
        }
        (of_log, None) => {
            let mut rows = 0;
            visit_log(&*log_view, &mut |_, _| {
                rows += 1;
                Ok(())
            })?;
            if rows > 0 || log_view.get(Meta::Complete.key())?.is_some() {
                return Err(Error::Corrupt("the data has lost its contents".into()));
            }
            let id = of_log.unwrap_or_else(new_identity);
            drop((log_view, table_view));
            // The log first: data without a log is a loss, a log without data a crash right here.
            name(log, &id)?;
            name(tables, &id)?;
            complete(log)?;
            Ok(Frontier::all(0))
        }
    }
}

fn new_identity() -> Bytes {
    let mut id = Vec::with_capacity(16);
    for _ in 0..2 {
        // The only source of chance in the standard library; two stores must differ, no more.
        id.extend_from_slice(
            &RandomState::new()
                .hash_one(std::process::id())
                .to_be_bytes(),
        );
    }
    id.into()
}

fn identity(file: &dyn Snapshot) -> Result<Option<Bytes>> {
    let Some(format) = file.get(Meta::Format.key())? else {
        return Ok(None);
    };
    let found: u32 = from_bytes(format)?;
    if found > FORMAT {
        return Err(Error::Newer {
            what: "the store",
            found,
            known: FORMAT,
        });
    }
    file.get(Meta::Identity.key())
}

fn name(file: &RedbKv, id: &[u8]) -> Result<()> {
    file.commit(Durability::QuickReopen, &mut |write| {
        write.put(Meta::Format.key(), &number(u64::from(FORMAT)))?;
        write.put(Meta::Identity.key(), id)
    })
}

/// Notes in the log that both files are in place.
fn complete(log: &RedbKv) -> Result<()> {
    log.commit(Durability::QuickReopen, &mut |write| {
        write.put(Meta::Complete.key(), &[])
    })
}

/// Visits the rows of a log in order.
fn visit_log<S: Snapshot + ?Sized>(
    log: &S,
    visit: &mut dyn FnMut(u64, Bytes) -> Result<()>,
) -> Result<()> {
    let (first, last) = (log_key(0), log_key(u64::MAX));
    let all = (
        Bound::Included(first.as_slice()),
        Bound::Included(last.as_slice()),
    );
    log.scan(all, false, &mut |key, value| {
        visit(log_number(key)?, Bytes::copy_from_slice(value))?;
        Ok(true)
    })
}

/// Runs a row function on a view that never waits.
fn run_now<T>(
    operation: impl for<'a> FnOnce(&'a dyn View) -> BoxFuture<'a, Result<T>>,
    view: &OverlayView<'_>,
) -> Result<T> {
    let run = || {
        let mut future = operation(view);
        let polled = Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(result) => result,
            Poll::Pending => Err(Error::Invalid("a row function waits for something else")),
        }
    };
    // redb may panic on a damaged page. That must not take the thread with it.
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Error::Corrupt("reading a row failed beyond repair".into())))
}

impl EmbeddedEngine {
    /// Lets the threads finish what is queued and waits for them.
    fn stop(&mut self) {
        self.jobs = None;
        self.readers = None;
        for thread in self.threads.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl Drop for EmbeddedEngine {
    fn drop(&mut self) {
        self.stop();
    }
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}

#[async_trait]
impl RowEngine for EmbeddedEngine {
    const ATOMIC_GROUPS: bool = true;

    async fn read<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a dyn View) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let readers = self.readers.as_ref().ok_or_else(closed)?;
        let job = Box::new(move |view: &OverlayView<'_>| {
            // Nobody waits any more when sending fails.
            let _ = reply.send(run_now(operation, view));
        });
        readers.submit(job).await?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a dyn View) -> BoxFuture<'a, Result<Plan<T>>> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel::<Result<T>>();
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        let decide = move |view: &OverlayView<'_>| -> (Result<_>, core::Reply) {
            match run_now(operation, view) {
                Err(error) => {
                    let send = move |given: Result<()>| {
                        let _ = reply.send(given.and(Err(Error::Invalid("an error was lost"))));
                    };
                    (Err(error), Box::new(send))
                }
                Ok(plan) => {
                    let send = move |committed: Result<()>| {
                        let _ = reply.send(committed.map(|()| plan.answer));
                    };
                    (Ok(plan.changes), Box::new(send))
                }
            }
        };
        jobs.send(Job::Decide(Box::new(decide)))
            .await
            .map_err(|_| closed())?;
        let lost = || Err(Error::Unknown("the committer has ended".into()));
        answer.await.unwrap_or_else(|_| lost())
    }
}
