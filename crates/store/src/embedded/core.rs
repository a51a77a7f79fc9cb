//! What the threads of the embedded engine share, and the two that write.
//!
//! The *committer* runs the deciding operations one after the other, so each sees the ones before
//! it, and makes them durable a group at a time: one log row, one `fdatasync`. Then it publishes
//! their rows in the overlay and answers. The *projector* goes round all homes whenever the overlay
//! is full: it writes all that has come together of some homes into the tables, then of the next.
//! A log row goes when the round has passed all its homes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::fold;
use super::frontier::Frontier;
use super::kv::{Durability, OrderedKv, Snapshot, Write};
use super::log::{Group, Meta, log_key};
use super::options::EmbeddedOptions;
use super::overlay::{Generation, HomeRows, Overlay, OverlayView, Stretch};
use crate::error::{Error, Result};
use crate::rows::{Change, Home};

/// Log rows removed with one commit, at most.
const LOG_ROWS_REMOVED_MAX: usize = 32;
/// Bytes of one group commit, about.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// The longest a group waits for the tables to catch up, as long as there is room.
const PACE_MAX: Duration = Duration::from_millis(4);
/// The part of an overlay that may fill beyond its size while the projector works.
const SURPLUS_PART: usize = 4;

/// Where the tables go once they hold what was asked for.
pub(super) type Checkpoint = oneshot::Sender<Result<Arc<dyn Snapshot>>>;

/// Tells whoever sent the operation how the commit went.
pub(super) type Reply = Box<dyn FnOnce(Result<()>) + Send>;

/// Decides on a state; the changes, and what to do when they are durable.
pub(super) type Decide = Box<dyn FnOnce(&OverlayView<'_>) -> (Result<Vec<Change>>, Reply) + Send>;

/// What the committer is asked for.
pub(super) enum Job {
    /// Decide and commit.
    Decide(Decide),
    /// Hand out the tables with everything committed so far in them.
    Checkpoint(Checkpoint),
}

/// Shared by all threads of one store.
pub(super) struct Core<K> {
    pub(super) options: EmbeddedOptions,
    pub(super) log: K,
    pub(super) tables: K,
    overlay: RwLock<Overlay>,
    /// The last log row whose rows are all durable in their tables.
    projected: AtomicU64,
    /// Set for good by the first failure of a commit: nothing more is written.
    failed: Mutex<Option<Error>>,
    turn: Mutex<Turn>,
    changed: Condvar,
}

/// Who is waiting for what.
#[derive(Default)]
struct Turn {
    /// Where the round of the projector has come; `None` when it begins anew.
    round: Option<Home>,
    /// Something is frozen.
    frozen: bool,
    /// The projector shall end when nothing is frozen.
    closing: bool,
    /// The one who waits for all that is frozen now to be in the tables.
    checkpoint: Option<Checkpoint>,
}

impl<K: OrderedKv> Core<K> {
    pub(super) fn new(
        options: EmbeddedOptions,
        (log, tables): (K, K),
        mut active: Generation,
        frontier: &Frontier,
    ) -> Result<Self> {
        active.last = active.last.max(frontier.highest());
        let overlay = Overlay::new(active, tables.snapshot()?.into());
        Ok(Self {
            options,
            log,
            tables,
            overlay: RwLock::new(overlay),
            projected: AtomicU64::new(frontier.lowest()),
            failed: Mutex::default(),
            turn: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Closes both files after their threads have ended.
    pub(super) fn close(self) -> Result<()> {
        let Self {
            log,
            tables,
            failed,
            ..
        } = self;
        if let Some(error) = failed.into_inner().unwrap_or_default() {
            return Err(error);
        }
        log.close()?;
        tables.close()
    }

    pub(super) fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        // Writers only move whole generations, so a panic in between leaves nothing half done.
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, turn: MutexGuard<'a, Turn>) -> MutexGuard<'a, Turn> {
        self.changed
            .wait(turn)
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failure(&self) -> Option<Error> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs a thread; if it panics, the store stops writing instead of waiting for it for ever.
    pub(super) fn guard(&self, run: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            self.turn().closing = true;
            self.fail(Error::Corrupt(
                "a thread of the store has ended in a panic".into(),
            ));
        }
    }

    fn fail(&self, error: Error) {
        tracing::error!(%error, "the store stops writing");
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(Error::Unavailable(format!(
            "writing failed, the store must be reopened: {error}"
        )));
        drop(failed);
        if let Some(waiting) = self.turn().checkpoint.take() {
            let _ = waiting.send(Err(error));
        }
        self.changed.notify_all();
    }
}

// === the committer ===

impl<K: OrderedKv> Core<K> {
    /// Commits jobs until the last sender is gone, then empties the overlay into the tables.
    pub(super) fn run_committer(&self, mut jobs: mpsc::Receiver<Job>) {
        let mut next = self.overlay().active.last + 1;
        let mut removed = 0;
        let mut patience = Patience::default();
        while let Some(first) = jobs.blocking_recv() {
            self.wait_for_room();
            let mut first = Some(first);
            let mut group = Group::default();
            let mut replies = Vec::new();
            let mut checkpoints = Vec::new();
            let overlay = self.overlay();
            let mut waiting = patience.begin();
            loop {
                match first.take().or_else(|| jobs.try_recv().ok()) {
                    Some(Job::Decide(decide)) => {
                        self.decide(decide, &overlay, &mut group, &mut replies);
                    }
                    Some(Job::Checkpoint(reply)) => checkpoints.push(reply),
                    None if waiting.more(replies.len()) => {}
                    None => break,
                }
                if replies.len() >= self.options.group_operations_max
                    || group.len() >= GROUP_BYTES_MAX
                    || !checkpoints.is_empty()
                {
                    break;
                }
            }
            drop(overlay);
            if group.is_empty() {
                replies.into_iter().for_each(|reply| reply(Ok(())));
            } else {
                let start = Instant::now();
                let committed = self.commit_group(next, group, &mut removed);
                patience.learn(waiting, replies.len(), start.elapsed());
                next += 1;
                for reply in replies {
                    reply(committed.clone());
                }
            }
            for reply in checkpoints {
                self.begin_checkpoint(reply);
            }
        }
        self.finish();
    }

    fn decide(
        &self,
        decide: Decide,
        overlay: &Overlay,
        group: &mut Group,
        replies: &mut Vec<Reply>,
    ) {
        let (decision, reply) = decide(&OverlayView {
            overlay,
            pending: Some(&group.rows),
        });
        match decision {
            Err(error) => reply(Err(error)),
            Ok(changes) => match self.failure() {
                Some(error) if !changes.is_empty() => reply(Err(error)),
                // An answer that changes nothing may rest on what is not durable yet: it waits too.
                _ => {
                    if !changes.is_empty() {
                        group.push(changes);
                    }
                    replies.push(reply);
                }
            },
        }
    }

    fn commit_group(&self, row: u64, mut group: Group, removed: &mut u64) -> Result<()> {
        let encoded = group.encode();
        let projected = self.projected.load(Ordering::Acquire);
        let first_kept = projected.min(*removed + LOG_ROWS_REMOVED_MAX as u64) + 1;
        let written = self.log.commit(Durability::Fast, &mut |write| {
            for old in *removed + 1..first_kept {
                write.remove(&log_key(old))?;
            }
            write.put(&log_key(row), &encoded)
        });
        if let Err(error) = written {
            self.fail(error.clone());
            return Err(Error::Unknown(error.to_string()));
        }
        *removed = first_kept - 1;
        group.rows.last = row;
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        overlay.absorb(std::mem::take(&mut group.rows));
        let is_full = self.is_full(&overlay);
        drop(overlay);
        if is_full {
            // With the lock: between its look at the overlay and its sleep the projector would not
            // hear it.
            let turn = self.turn();
            self.changed.notify_all();
            drop(turn);
        }
        Ok(())
    }

    fn is_full(&self, overlay: &Overlay) -> bool {
        overlay.active.bytes >= self.options.overlay_bytes.max(1)
    }

    /// Writers are faster than the tables: slower and slower as the room ends, then wait.
    fn wait_for_room(&self) {
        let size = self.options.overlay_bytes;
        let surplus = (size / SURPLUS_PART).max(1);
        let over = self.overlay().active.bytes.saturating_sub(size);
        // The first half is there to be used.
        let pressed = over.saturating_sub(surplus / 2).min(surplus);
        if pressed > 0 {
            let part = u32::try_from(pressed.saturating_mul(256) / surplus).unwrap_or(256);
            std::thread::sleep(PACE_MAX * part / 128);
        }
        let mut turn = self.turn();
        while self.failure().is_none() && self.overlay().active.bytes >= size + surplus {
            turn = self.wait(turn);
        }
    }

    /// Waits until nothing is frozen. As long as the turn is held, nothing will be.
    fn wait_for_projector(&self) -> Result<MutexGuard<'_, Turn>> {
        let mut turn = self.turn();
        loop {
            if let Some(error) = self.failure() {
                return Err(error);
            }
            if !turn.frozen {
                return Ok(turn);
            }
            turn = self.wait(turn);
        }
    }

    /// Freezes everything at once, for tables that show one moment.
    fn begin_checkpoint(&self, reply: Checkpoint) {
        match self.wait_for_projector() {
            Err(error) => drop(reply.send(Err(error))),
            Ok(mut turn) => {
                // A failure from here on answers it.
                turn.checkpoint = Some(reply);
                self.freeze(&mut turn, usize::MAX);
                drop(turn);
                self.changed.notify_all();
            }
        }
    }

    /// Brings everything into the tables, so that nothing has to be replayed.
    fn finish(&self) {
        if let Ok(mut turn) = self.wait_for_projector() {
            self.freeze(&mut turn, usize::MAX);
        }
        self.turn().closing = true;
        self.changed.notify_all();
        if self.wait_for_projector().is_err() {
            return;
        }
        let projected = self.projected.load(Ordering::Acquire);
        let emptied = self.log.commit(Durability::QuickReopen, &mut |write| {
            let mut rows = Vec::new();
            super::visit_log(write, &mut |row, _| {
                rows.extend((row <= projected).then_some(row));
                Ok(())
            })?;
            rows.into_iter()
                .try_for_each(|row| write.remove(&log_key(row)))
        });
        if let Err(error) = emptied {
            self.fail(error);
        }
    }

    /// Freezes the next homes of the round, or with all bytes there are everything.
    fn freeze(&self, turn: &mut Turn, bytes: usize) {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        let after = turn.round.take().filter(|_| bytes < usize::MAX);
        overlay.freeze(after, bytes);
        turn.round = overlay
            .frozen
            .as_ref()
            .and_then(|frozen| frozen.end.clone());
        turn.frozen = true;
    }
}

/// How long a group waits for writers that have just been answered and will be back at once.
///
/// Without it writers fall into two halves, each waiting while the other one is committed, and a
/// slow disk gets half its due. A single writer must not pay for that: waiting that brings nothing
/// is left off for a while.
#[derive(Default)]
struct Patience {
    last_group: usize,
    last_commit: Duration,
    /// Groups still to go without waiting.
    pause: u32,
}

/// One group's waiting.
struct Waiting {
    until: Option<Instant>,
    budget: Duration,
    last_group: usize,
    /// The size of the group when it began to wait.
    begun_at: Option<usize>,
}

impl Patience {
    const PAUSE_GROUPS: u32 = 30;
    const BUDGET_MAX: Duration = Duration::from_millis(2);
    const STEP: Duration = Duration::from_micros(60);

    fn begin(&mut self) -> Waiting {
        let waits = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        let budget = if waits {
            (self.last_commit / 4).min(Self::BUDGET_MAX)
        } else {
            Duration::ZERO
        };
        Waiting {
            until: None,
            budget,
            last_group: self.last_group,
            begun_at: None,
        }
    }

    fn learn(&mut self, waited: Waiting, group: usize, commit: Duration) {
        if waited.begun_at.is_some_and(|before| group <= before + 1) {
            self.pause = Self::PAUSE_GROUPS;
        }
        self.last_group = group;
        self.last_commit = commit;
    }
}

impl Waiting {
    /// Waits a little, if more operations are to be expected in time.
    fn more(&mut self, group: usize) -> bool {
        let now = Instant::now();
        let begun_at = *self.begun_at.get_or_insert(group);
        let until = *self.until.get_or_insert(now + self.budget);
        if group == 0 || now >= until || group >= self.last_group.max(begun_at + self.last_group) {
            return false;
        }
        std::thread::sleep(Patience::STEP);
        true
    }
}

// === the projector ===

impl<K: OrderedKv> Core<K> {
    /// Projects whenever there is too much, until told to end.
    pub(super) fn run_projector(&self, mut frontier: Frontier) {
        loop {
            let mut turn = self.turn();
            while !turn.frozen && !turn.closing {
                if self.is_full(&self.overlay()) {
                    self.freeze(&mut turn, self.options.slice_bytes);
                    break;
                }
                turn = self.wait(turn);
            }
            if !turn.frozen || self.failure().is_some() {
                return;
            }
            drop(turn);
            let frozen = self.overlay().frozen.clone();
            let Some(frozen) = frozen else { return };
            match self.project(&frozen, &mut frontier) {
                Ok(tables) => self.publish(tables),
                Err(error) => return self.fail(error),
            }
        }
    }

    fn project(&self, stretch: &Stretch, frontier: &mut Frontier) -> Result<Arc<dyn Snapshot>> {
        frontier.raise(
            stretch.after.as_ref(),
            stretch.end.as_ref(),
            stretch.rows.last,
        );
        let mut homes: Vec<(&Home, &HomeRows)> = stretch.rows.homes.iter().collect();
        homes.sort_unstable_by_key(|(home, _)| *home);
        let mut homes = homes.into_iter().peekable();
        loop {
            self.tables.commit(Durability::QuickReopen, &mut |write| {
                let mut bytes = 0;
                while bytes < self.options.slice_bytes {
                    let Some((home, rows)) = homes.next() else {
                        break;
                    };
                    bytes += write_home(write, home, rows)?;
                }
                if homes.peek().is_none() {
                    write.put(Meta::Projected.key(), &frontier.encode())?;
                }
                Ok(())
            })?;
            if homes.peek().is_none() {
                break;
            }
        }
        self.projected.store(frontier.lowest(), Ordering::Release);
        Ok(self.tables.snapshot()?.into())
    }

    fn publish(&self, tables: Arc<dyn Snapshot>) {
        let mut turn = self.turn();
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        overlay.tables = Arc::clone(&tables);
        let old = overlay.frozen.take();
        drop(overlay);
        turn.frozen = false;
        if let Some(waiting) = turn.checkpoint.take() {
            let _ = waiting.send(Ok(tables));
        }
        drop(turn);
        self.changed.notify_all();
        // Freeing rows takes a while; nobody waits for it here.
        drop(old);
    }
}

/// Writes all rows of a home; how many bytes they have.
fn write_home(write: &mut dyn Write, home: &Home, rows: &HomeRows) -> Result<usize> {
    let mut bytes = 0;
    let mut full = home.0.to_vec();
    for (key, value) in rows {
        full.truncate(home.0.len());
        full.extend_from_slice(key.as_slice());
        match value {
            None => write.remove(&full)?,
            Some(value) => write.put(&full, value)?,
        }
        bytes += full.len() + value.as_ref().map_or(0, |value| value.len());
    }
    fold::follow(write, home, rows)?;
    Ok(bytes)
}
