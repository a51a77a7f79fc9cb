//! Reads, and changes under conditions.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use scylla::statement::batch::{Batch, BatchType};
use scylla::value::{CqlValue, Row};
use tokio::task::JoinSet;

use super::note::Notes;
use super::place::{
    Family, Follower, Mode, PEER_BYTES, Place, history_bucket, history_partition, number,
    search_partition,
};
use super::session::{Session, all, damaged, read_error, single, write_error};
use crate::codec::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::id::{MsgId, OpId};
use crate::record::Head;
use crate::rows::{
    BoxFuture, Change, Found, Home, Key, KeyReader, NoteId, Order, Plan, RowEngine, Scan, Table,
    View,
};
use crate::token::Word;

/// How often a change is decided again because another one came before it.
const ATTEMPTS_MAX: u32 = 40;
/// How often a change is looked for after its outcome was lost.
const INQUIRIES_MAX: u32 = 5;
/// How often rows that may be written twice are written until the server says that it has them.
const WRITES_MAX: u32 = 3;
/// Postings read for one word of a search, at most.
const POSTINGS_MAX: usize = 50_000;
/// Versions remembered whose followers are known to be written.
const SETTLED_MAX: usize = 100_000;
/// Rows of one partition written at once.
const BATCH_ROWS_MAX: usize = 100;

/// The engine behind [`CqlStore`](crate::CqlStore).
pub struct CqlEngine {
    shared: Arc<Shared>,
    notes: Notes,
}

impl std::fmt::Debug for CqlEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CqlEngine").finish_non_exhaustive()
    }
}

pub(super) struct Shared {
    session: Arc<Session>,
    /// The last version of a partition whose followers this process has written.
    settled: Mutex<HashMap<(Family, Home), i64>>,
    clock: AtomicI64,
    chance: RandomState,
}

/// The static columns of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Version {
    /// `None` before the first change.
    number: Option<i64>,
    tag: i64,
    redo: Option<Bytes>,
}

impl CqlEngine {
    pub(super) fn new(session: Arc<Session>) -> Self {
        let shared = Shared {
            session,
            settled: Mutex::default(),
            clock: AtomicI64::new(0),
            chance: RandomState::new(),
        };
        Self {
            shared: Arc::new(shared),
            notes: Notes::default(),
        }
    }
}

#[async_trait]
impl RowEngine for CqlEngine {
    const ATOMIC_GROUPS: bool = false;

    async fn read<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a dyn View) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        operation(&CqlView {
            shared: &self.shared,
            versions: None,
        })
        .await
    }

    async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a dyn View) -> BoxFuture<'a, Result<Plan<T>>> + Send + Sync + 'static,
    {
        let shared = &self.shared;
        let tag = shared.random();
        // The last attempt whose answer was lost; and one that had not happened when asked for,
        // but may still be on its way to the server.
        let mut unknown: Option<(Attempt, T)> = None;
        let mut late: Option<(Attempt, T)> = None;
        for attempt in 0..ATTEMPTS_MAX {
            if let Some((tried, answer)) = unknown.take() {
                match shared.inquire(&tried, tag).await? {
                    Outcome::Applied => {
                        shared.follow(&tried).await?;
                        return Ok(answer);
                    }
                    Outcome::Open => late = Some((tried, answer)),
                    Outcome::Lost => late = None,
                }
            }
            let view = CqlView {
                shared,
                versions: Some(Mutex::default()),
            };
            let Plan { answer, changes } = operation(&view).await?;
            let mut changes = changes.into_iter();
            let Some(change) = changes.next() else {
                return Ok(answer);
            };
            if changes.next().is_some() {
                return Err(Error::Invalid("one change at a time"));
            }
            if Family::of_change(&change).mode() == Mode::Plain {
                shared.write_plain(change).await?;
                return Ok(answer);
            }
            let family = Family::of_change(&change);
            let version = view.version(family, &change.home).await?;
            let tried = Attempt::new(family, change, version);
            match shared.try_change(&tried, tag).await {
                Ok(true) => {
                    shared.follow(&tried).await?;
                    return Ok(answer);
                }
                Ok(false) => {
                    shared.pause(attempt).await;
                    unknown = late.take();
                }
                Err(Error::Unknown(_)) => unknown = Some((tried, answer)),
                Err(other) => return Err(other),
            }
        }
        match unknown {
            Some(_) => Err(Error::Unknown(
                "the server does not tell what has happened".into(),
            )),
            None => Err(Error::Unavailable(
                "too many change the same at once".into(),
            )),
        }
    }

    async fn note_group(&self, op: OpId, body: Bytes) -> Result<NoteId> {
        self.notes.put(&self.shared, op, body).await
    }

    async fn forget_group(&self, note: NoteId) -> Result<()> {
        self.notes.remove(&self.shared, note).await
    }

    async fn noted_groups(&self) -> Result<Vec<(NoteId, Bytes)>> {
        self.notes.all(&self.shared).await
    }
}

impl Family {
    fn of_change(change: &Change) -> Self {
        let families = change.rows.iter().map(|row| Self::of(row.table));
        let truth = families
            .clone()
            .find(|family| family.mode() == Mode::Conditional);
        truth
            .or_else(|| families.clone().next())
            .unwrap_or(Self::Documents)
    }
}

/// A change about to be tried on a version.
struct Attempt {
    family: Family,
    home: Home,
    version: Version,
    rows: Vec<(Vec<u8>, Option<Bytes>)>,
    followers: Vec<Follower>,
}

impl Attempt {
    fn new(family: Family, change: Change, version: Version) -> Self {
        let mut rows = Vec::new();
        let mut followers = Vec::new();
        let own = change
            .rows
            .into_iter()
            .map(|row| (change.home.clone(), row));
        for (home, row) in own.chain(change.away) {
            let place = Place::of(&home, row.table, &row.key);
            if place.family == family {
                rows.push((place.key, row.value));
            } else {
                followers.push(Follower {
                    place,
                    value: row.value,
                });
            }
        }
        for posting in change.postings {
            let message = Key::new().i32(posting.message.0).done();
            let place = Place::posting(&change.home, &posting.token, &message);
            followers.push(Follower {
                place,
                value: posting.present.then(Bytes::new),
            });
        }
        Self {
            family,
            home: change.home,
            version,
            rows,
            followers,
        }
    }

    fn next_version(&self) -> i64 {
        self.version.number.unwrap_or(0) + 1
    }
}

/// What has become of an attempt.
enum Outcome {
    /// It has happened.
    Applied,
    /// Another change has taken its version: it never will.
    Lost,
    /// Not yet, and perhaps never.
    Open,
}

// === changes ===

impl Shared {
    fn random(&self) -> i64 {
        self.chance.hash_one(self.now_us()).cast_signed()
    }

    /// Microseconds of the clock, never the same twice.
    pub(super) fn now_us(&self) -> i64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let last = self.clock.fetch_max(now, Ordering::Relaxed);
        if last < now {
            now
        } else {
            self.clock.fetch_add(1, Ordering::Relaxed) + 1
        }
    }

    async fn pause(&self, attempt: u32) {
        let most_ms = 2 << attempt.min(6);
        let ms = self.random().unsigned_abs() % most_ms;
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    async fn read_version(&self, family: Family, home: &Home) -> Result<Version> {
        let statement = &self.session.version_statements(family)?.read;
        let result = self
            .session
            .driver
            .execute_unpaged(statement, (home.0.to_vec(),))
            .await;
        let row =
            single::<(Option<i64>, Option<i64>, Option<Vec<u8>>)>(result.map_err(read_error)?)?;
        Ok(
            row.map_or_else(Version::default, |(number, tag, redo)| Version {
                number,
                tag: tag.unwrap_or_default(),
                redo: redo.map(Bytes::from),
            }),
        )
    }

    /// Tries a change; false when the partition has another version.
    async fn try_change(&self, attempt: &Attempt, tag: i64) -> Result<bool> {
        let statements = self.session.statements(attempt.family)?;
        let version = self.session.version_statements(attempt.family)?;
        let partition = || Some(CqlValue::Blob(attempt.home.0.to_vec()));
        let redo = (!attempt.followers.is_empty())
            .then(|| CqlValue::Blob(to_bytes(&attempt.followers).to_vec()));
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_execution_profile_handle(Some(self.session.conditional.clone()));
        let mut raise = vec![
            Some(CqlValue::BigInt(attempt.next_version())),
            Some(CqlValue::BigInt(tag)),
            redo,
            partition(),
        ];
        match attempt.version.number {
            None => batch.append_statement(version.begin.clone()),
            Some(number) => {
                batch.append_statement(version.raise.clone());
                raise.push(Some(CqlValue::BigInt(number)));
            }
        }
        let mut values = vec![raise];
        for (key, value) in &attempt.rows {
            let mut row = vec![partition(), Some(CqlValue::Blob(key.clone()))];
            match value {
                None => batch.append_statement(statements.remove.clone()),
                Some(value) => {
                    batch.append_statement(statements.put.clone());
                    row.push(Some(CqlValue::Blob(value.to_vec())));
                }
            }
            values.push(row);
        }
        let result = self.session.driver.batch(&batch, values).await;
        let result = result.map_err(|error| write_error(&error))?;
        let rows = result.into_rows_result().map_err(damaged)?;
        let column = rows
            .column_specs()
            .get_by_name("[applied]")
            .map(|(at, _)| at);
        let row = rows.first_row::<Row>().map_err(damaged)?;
        match column.and_then(|at| row.columns.get(at)) {
            Some(Some(CqlValue::Boolean(applied))) => Ok(*applied),
            _ => Err(Error::Unknown(
                "the server did not say whether it applied".into(),
            )),
        }
    }

    /// Finds out whether a change whose answer was lost has happened.
    async fn inquire(&self, tried: &Attempt, tag: i64) -> Result<Outcome> {
        let mut last = Error::Unknown("the server does not tell what has happened".into());
        for attempt in 0..INQUIRIES_MAX {
            match self.read_version(tried.family, &tried.home).await {
                Err(error) => {
                    last = Error::Unknown(error.to_string());
                    self.pause(attempt + 4).await;
                }
                Ok(version) if version.number == tried.version.number => {
                    return Ok(Outcome::Open);
                }
                Ok(version) if version.number == Some(tried.next_version()) => {
                    return Ok(if version.tag == tag {
                        Outcome::Applied
                    } else {
                        Outcome::Lost
                    });
                }
                // Others have come since; who took the version in question can no longer be seen.
                Ok(_) => return Err(last),
            }
        }
        Err(last)
    }

    /// Writes the rows that follow a change.
    async fn follow(&self, done: &Attempt) -> Result<()> {
        if done.followers.is_empty() {
            return Ok(());
        }
        let written = self
            .write_rows(done.followers.clone(), done.next_version())
            .await;
        // The change itself has happened; whoever comes next will write them from its redo.
        written.map_err(|error| Error::Unknown(error.to_string()))?;
        self.note_settled(done.family, &done.home, done.next_version());
        Ok(())
    }

    fn note_settled(&self, family: Family, home: &Home, version: i64) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if settled.len() >= SETTLED_MAX {
            settled.clear();
        }
        settled.insert((family, home.clone()), version);
    }

    /// Writes what the last change of a partition may have left unwritten.
    async fn settle(&self, family: Family, home: &Home, version: &Version) -> Result<()> {
        let (Some(number), Some(redo)) = (version.number, &version.redo) else {
            return Ok(());
        };
        let known = {
            let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            settled.get(&(family, home.clone())) == Some(&number)
        };
        if !known {
            let followers: Vec<Follower> = from_bytes(redo.clone())?;
            let written = self.write_rows(followers, number).await;
            written.map_err(|error| Error::Unavailable(error.to_string()))?;
            self.note_settled(family, home, number);
        }
        Ok(())
    }

    async fn write_plain(&self, change: Change) -> Result<()> {
        let home = change.home;
        let place = |row: crate::rows::RowWrite| Follower {
            place: Place::of(&home, row.table, &row.key),
            value: row.value,
        };
        let rows = change.rows.into_iter().map(place).collect();
        self.write_rows(rows, self.now_us()).await
    }

    /// Upserts rows with a timestamp, those of each partition together, all partitions at once.
    pub(super) async fn write_rows(&self, rows: Vec<Follower>, timestamp: i64) -> Result<()> {
        let mut partitions: HashMap<(Family, Vec<u8>), Vec<Follower>> = HashMap::new();
        for row in rows {
            let partition = (row.place.family, row.place.partition.clone());
            partitions.entry(partition).or_default().push(row);
        }
        let mut writes = JoinSet::new();
        for rows in partitions.into_values() {
            for rows in rows.chunks(BATCH_ROWS_MAX) {
                writes.spawn(write_partition(
                    Arc::clone(&self.session),
                    rows.to_vec(),
                    timestamp,
                ));
            }
        }
        let mut result = Ok(());
        while let Some(written) = writes.join_next().await {
            let written = written.unwrap_or_else(|error| Err(Error::Unknown(error.to_string())));
            result = result.and(written);
        }
        result
    }
}

async fn write_partition(session: Arc<Session>, rows: Vec<Follower>, timestamp: i64) -> Result<()> {
    let mut batch = Batch::new(BatchType::Unlogged);
    batch.set_is_idempotent(true);
    let mut values = Vec::with_capacity(rows.len());
    for Follower { place, value } in rows {
        let statements = session.statements(place.family)?;
        let (partition, key) = (CqlValue::Blob(place.partition), CqlValue::Blob(place.key));
        let timestamp = CqlValue::BigInt(timestamp);
        match value {
            None => {
                batch.append_statement(statements.remove.clone());
                values.push(vec![timestamp, partition, key]);
            }
            Some(value) => {
                batch.append_statement(statements.put.clone());
                values.push(vec![
                    partition,
                    key,
                    CqlValue::Blob(value.to_vec()),
                    timestamp,
                ]);
            }
        }
    }
    // Rows with a timestamp may be written twice: a lost answer is no reason to give up.
    let mut attempt = 1;
    loop {
        let written = session.driver.batch(&batch, &values).await.map(drop);
        match written.map_err(|error| write_error(&error)) {
            Err(error) if error.is_retryable() && attempt < WRITES_MAX => attempt += 1,
            result => return result,
        }
    }
}

// === reads ===

impl Shared {
    /// Rows of one partition with keys from `low` up to `high`, that one excluded.
    pub(super) async fn range(
        &self,
        (family, partition): (Family, Vec<u8>),
        (low, high): (Vec<u8>, Vec<u8>),
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let session = &self.session;
        let statements = session.statements(family)?;
        let statement = match order {
            Order::Ascending => &statements.ascending,
            Order::Descending => &statements.descending,
        };
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let values = (partition, low, high, limit);
        let result = session
            .driver
            .execute_unpaged(statement, values)
            .await
            .map_err(read_error)?;
        let rows = all::<(Vec<u8>, Option<Vec<u8>>)>(result)?;
        Ok(rows
            .into_iter()
            .map(|(key, value)| (key, value.unwrap_or_default()))
            .collect())
    }
}

/// The rows as they are, or, for a deciding operation, as of versions that are noted.
struct CqlView<'a> {
    shared: &'a Shared,
    versions: Option<Mutex<HashMap<(Family, Home), Version>>>,
}

impl CqlView<'_> {
    /// The version a change of the partition has to build on: read before any of its rows, with
    /// all that its last change left to be written in place.
    async fn version(&self, family: Family, home: &Home) -> Result<Version> {
        let key = (family, home.clone());
        if let Some(versions) = &self.versions
            && let Some(known) = versions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&key)
        {
            return Ok(known.clone());
        }
        let version = self.shared.read_version(family, home).await?;
        self.shared.settle(family, home, &version).await?;
        if let Some(versions) = &self.versions {
            let mut versions = versions.lock().unwrap_or_else(PoisonError::into_inner);
            versions.insert(key, version.clone());
        }
        Ok(version)
    }

    async fn note_version(&self, home: &Home, table: Table) -> Result<()> {
        match Family::of(table).truth() {
            Some(truth) if self.versions.is_some() => self.version(truth, home).await.map(drop),
            _ => Ok(()),
        }
    }

    /// A page over the partitions of a dialog.
    async fn scan_history(&self, scan: &Scan<'_>) -> Result<Vec<Found>> {
        let peer = &scan.prefix[..PEER_BYTES.min(scan.prefix.len())];
        let top = self.get(scan.home, Table::Head, &[]).await?;
        let top = top.map_or_else(|| Ok(Head::default()), from_bytes)?.top;
        let first = history_bucket(number(&Key::new().i32(0).done()));
        let last = history_bucket(number(&Key::new().i32(top.0).done()));
        let from = scan.from.map(|from| history_bucket(number(from)));
        let buckets: Vec<u32> = match scan.order {
            Order::Ascending => (from.unwrap_or(first).max(first)..=last).collect(),
            Order::Descending => (first..=from.unwrap_or(last).min(last)).rev().collect(),
        };
        let mut found = Vec::new();
        for bucket in buckets {
            if found.len() >= scan.limit {
                break;
            }
            let partition = (Family::History, history_partition(scan.home, peer, bucket));
            let range = bounds(&[], scan.from, scan.order, &[u8::MAX; 5]);
            let rest = scan.limit - found.len();
            let rows = self
                .shared
                .range(partition, range, scan.order, rest)
                .await?;
            found.extend(
                rows.into_iter()
                    .map(|(key, value)| (key.into(), value.into())),
            );
        }
        Ok(found)
    }
}

/// The keys a scan covers, in one partition.
fn bounds(prefix: &[u8], from: Option<&[u8]>, order: Order, end: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match (order, from) {
        // The next key there can be behind `from`.
        (Order::Ascending, Some(from)) => ([prefix, from, &[0]].concat(), end.to_vec()),
        (Order::Descending, Some(from)) => (prefix.to_vec(), [prefix, from].concat()),
        (_, None) => (prefix.to_vec(), end.to_vec()),
    }
}

/// The end of all keys that begin with `prefix`. Its last byte is never the highest one.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}

#[async_trait]
impl View for CqlView<'_> {
    async fn get(&self, home: &Home, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        self.note_version(home, table).await?;
        let place = Place::of(home, table, key);
        let session = &self.shared.session;
        let statement = &session.statements(place.family)?.get;
        let result = session
            .driver
            .execute_unpaged(statement, (place.partition, place.key))
            .await;
        let row = single::<(Option<Vec<u8>>,)>(result.map_err(read_error)?)?;
        Ok(row.map(|(value,)| value.unwrap_or_default().into()))
    }

    async fn scan(&self, scan: Scan<'_>) -> Result<Vec<Found>> {
        self.note_version(scan.home, scan.table).await?;
        if scan.limit == 0 {
            return Ok(Vec::new());
        }
        if scan.table == Table::History {
            return self.scan_history(&scan).await;
        }
        let place = Place::of(scan.home, scan.table, scan.prefix);
        let range = bounds(&place.key, scan.from, scan.order, &end_of(&place.key));
        let partition = (place.family, place.partition);
        let rows = self
            .shared
            .range(partition, range, scan.order, scan.limit)
            .await?;
        let skip = place.key.len();
        Ok(rows
            .into_iter()
            .map(|(key, value)| (Bytes::from(key).slice(skip..), value.into()))
            .collect())
    }

    async fn candidates(
        &self,
        home: &Home,
        word: &Word,
        most: usize,
    ) -> Result<(Vec<MsgId>, bool)> {
        let text = word.text.as_bytes();
        let low = text.to_vec();
        let high = if word.exact {
            [text, &[1]].concat()
        } else {
            end_of(text)
        };
        let partition = (Family::Search, search_partition(home, &word.text));
        let rows = self
            .shared
            .range(partition, (low, high), Order::Ascending, POSTINGS_MAX)
            .await?;
        let cut = rows.len() >= POSTINGS_MAX;
        let id = |(key, _): (Vec<u8>, _)| {
            let id = key.len().checked_sub(4).map(|at| key[at..].to_vec());
            Ok(MsgId(KeyReader(&id.unwrap_or_default()).i32()?))
        };
        let mut found = rows.into_iter().map(id).collect::<Result<Vec<_>>>()?;
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        let complete = found.len() <= most && !cut;
        found.truncate(most);
        Ok((found, complete))
    }
}
