//! What the threads of the embedded engine share, and the two that write.
//!
//! The *committer* runs the deciding operations one after the other, so each sees the ones before
//! it, and makes them durable a group at a time: one log row, one `fdatasync`. Then it publishes
//! their rows in the overlay and answers. The *projector* takes a full overlay and writes it into
//! the tables in sorted slices; the log rows go once that is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::fold;
use super::kv::{Durability, OrderedKv, Snapshot};
use super::log::{Group, Meta, log_key, number};
use super::options::EmbeddedOptions;
use super::overlay::{Generation, HomeRows, Overlay, OverlayView};
use crate::error::{Error, Result};
use crate::rows::{Change, Home};

/// Log rows removed with one commit, at most.
const LOG_ROWS_REMOVED_MAX: usize = 32;
/// Bytes of one group commit, about.
const GROUP_BYTES_MAX: usize = 1 << 20;

/// The longest a group waits for the tables to catch up.
const PACE_STEP_MAX: Duration = Duration::from_millis(4);
/// So much of an overlay, per mille, may fill before the tables are looked at.
const PACE_AHEAD: usize = 100;

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
    /// The last log row whose rows are durable in their tables.
    projected: AtomicU64,
    /// How much of the frozen generation has gone into the tables, per mille.
    progress: AtomicUsize,
    /// Set for good by the first failure of a commit: nothing more is written.
    failed: Mutex<Option<Error>>,
    turn: Mutex<Turn>,
    changed: Condvar,
}

/// Who is waiting for what.
#[derive(Default)]
struct Turn {
    /// A frozen generation waits for the projector.
    frozen: bool,
    /// The projector shall end when nothing is frozen.
    closing: bool,
    /// Wait for the tables to hold this log row.
    checkpoints: Vec<(u64, Checkpoint)>,
}

impl<K: OrderedKv> Core<K> {
    pub(super) fn new(
        options: EmbeddedOptions,
        (log, tables): (K, K),
        active: Generation,
        projected: u64,
    ) -> Result<Self> {
        let overlay = Overlay {
            active,
            frozen: None,
            tables: tables.snapshot()?.into(),
        };
        Ok(Self {
            options,
            log,
            tables,
            overlay: RwLock::new(overlay),
            projected: AtomicU64::new(projected),
            progress: AtomicUsize::new(0),
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
        for (_, waiting) in self.turn().checkpoints.drain(..) {
            let _ = waiting.send(Err(error.clone()));
        }
        self.changed.notify_all();
    }
}

// === the committer ===

impl<K: OrderedKv> Core<K> {
    /// Commits jobs until the last sender is gone, then empties the overlay into the tables.
    pub(super) fn run_committer(&self, mut jobs: mpsc::Receiver<Job>) {
        let mut next = self
            .overlay()
            .active
            .last
            .max(self.projected.load(Ordering::Acquire))
            + 1;
        let mut removed = 0;
        self.freeze_if_over(self.options.overlay_bytes);
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
        overlay.active.absorb(std::mem::take(&mut group.rows));
        drop(overlay);
        self.freeze_if_over(self.options.overlay_bytes);
        Ok(())
    }

    /// Hands the active generation to the projector if it is large enough and the projector idle.
    fn freeze_if_over(&self, bytes: usize) {
        let mut turn = self.turn();
        if turn.frozen || self.overlay().active.bytes < bytes.max(1) {
            return;
        }
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        overlay.frozen = Some(Arc::new(std::mem::take(&mut overlay.active)));
        drop(overlay);
        turn.frozen = true;
        self.changed.notify_all();
    }

    /// Lets the overlay fill no faster than the one before it goes into the tables, a little at a
    /// time, so that no writer has to wait for a whole overlay.
    fn keep_pace(&self) {
        let start = Instant::now();
        while start.elapsed() < PACE_STEP_MAX {
            let overlay = self.overlay();
            let filled =
                overlay.active.bytes.saturating_mul(1000) / self.options.overlay_bytes.max(1);
            let is_ahead = filled > self.progress.load(Ordering::Relaxed) + PACE_AHEAD;
            if overlay.frozen.is_none() || !is_ahead {
                return;
            }
            drop(overlay);
            std::thread::sleep(PACE_STEP_MAX / 8);
        }
    }

    /// Writers are faster than the tables: wait until the projector is through.
    fn wait_for_room(&self) {
        self.keep_pace();
        while self.failure().is_none() && self.overlay().active.bytes >= self.options.overlay_bytes
        {
            self.freeze_if_over(self.options.overlay_bytes);
            self.wait_for_projector();
        }
    }

    fn wait_for_projector(&self) {
        let mut turn = self.turn();
        while turn.frozen && self.failure().is_none() {
            turn = self.wait(turn);
        }
    }

    fn begin_checkpoint(&self, reply: Checkpoint) {
        if let Some(error) = self.failure() {
            let _ = reply.send(Err(error));
            return;
        }
        self.wait_for_projector();
        let mut turn = self.turn();
        let overlay = self.overlay();
        if overlay.active.bytes == 0 {
            let _ = reply.send(Ok(Arc::clone(&overlay.tables)));
            return;
        }
        turn.checkpoints.push((overlay.active.last, reply));
        drop((turn, overlay));
        self.freeze_if_over(0);
        // A failure since the question above has seen no checkpoint to answer.
        if let Some(error) = self.failure() {
            self.fail(error);
        }
    }

    /// Brings everything into the tables, so that nothing has to be replayed.
    fn finish(&self) {
        self.wait_for_projector();
        self.freeze_if_over(0);
        self.wait_for_projector();
        self.turn().closing = true;
        self.changed.notify_all();
        if self.failure().is_some() {
            return;
        }
        let emptied = self.log.commit(Durability::QuickReopen, &mut |write| {
            let mut rows = Vec::new();
            super::visit_log(write, &mut |row, _| {
                rows.push(row);
                Ok(())
            })?;
            rows.into_iter()
                .try_for_each(|row| write.remove(&log_key(row)))
        });
        if let Err(error) = emptied {
            self.fail(error);
        }
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
    /// Projects frozen generations until told to end.
    pub(super) fn run_projector(&self) {
        loop {
            let mut turn = self.turn();
            while !turn.frozen && !turn.closing {
                turn = self.wait(turn);
            }
            if !turn.frozen || self.failure().is_some() {
                return;
            }
            drop(turn);
            let frozen = self.overlay().frozen.clone();
            let Some(frozen) = frozen else { return };
            match self.project(&frozen) {
                Ok(tables) => self.publish(frozen.last, tables),
                Err(error) => return self.fail(error),
            }
        }
    }

    fn project(&self, generation: &Generation) -> Result<Arc<dyn Snapshot>> {
        let mut homes: Vec<(&Home, &HomeRows)> = generation.homes.iter().collect();
        homes.sort_unstable_by_key(|(home, _)| *home);
        let (total, mut done) = (homes.len().max(1), 0);
        let mut homes = homes.into_iter().peekable();
        while homes.peek().is_some() {
            self.tables.commit(Durability::QuickReopen, &mut |write| {
                let mut bytes = 0;
                while bytes < self.options.slice_bytes {
                    let Some((home, rows)) = homes.next() else {
                        break;
                    };
                    for (key, value) in rows {
                        let full = [home.0.as_ref(), key].concat();
                        match value {
                            None => write.remove(&full)?,
                            Some(value) => write.put(&full, value)?,
                        }
                        bytes += full.len() + value.as_ref().map_or(0, |value| value.len());
                    }
                    fold::follow(write, home, rows)?;
                    done += 1;
                    self.progress.store(done * 1000 / total, Ordering::Relaxed);
                }
                if homes.peek().is_none() {
                    write.put(Meta::Projected.key(), &number(generation.last))?;
                }
                Ok(())
            })?;
        }
        Ok(self.tables.snapshot()?.into())
    }

    fn publish(&self, last: u64, tables: Arc<dyn Snapshot>) {
        let mut turn = self.turn();
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        overlay.tables = Arc::clone(&tables);
        let old = overlay.frozen.take();
        drop(overlay);
        self.projected.store(last, Ordering::Release);
        self.progress.store(0, Ordering::Relaxed);
        turn.frozen = false;
        for (row, reply) in std::mem::take(&mut turn.checkpoints) {
            if row <= last {
                let _ = reply.send(Ok(Arc::clone(&tables)));
            } else {
                turn.checkpoints.push((row, reply));
            }
        }
        drop(turn);
        self.changed.notify_all();
        // Freeing a generation takes a while; nobody waits for it here.
        drop(old);
    }
}
