//! What is durable in the log but not yet in its tables, and the view that lays it over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::fold;
use super::key::RowKey;
use super::kv::Snapshot;
use crate::error::Result;
use crate::id::MsgId;
use crate::rows::{Found, Home, Order, Scan, Table, View};
use crate::token::Word;

/// Rows of one home: table and key to value, `None` for removed.
pub(super) type HomeRows = BTreeMap<RowKey, Option<Bytes>>;

/// What one row costs beside its bytes: map nodes, reference counts, allocations.
const ROW_OVERHEAD_BYTES: usize = 96;

/// The rows of a stretch of the log, newest values only.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) homes: HashMap<Home, HomeRows>,
    /// Memory held, about.
    pub(super) bytes: usize,
    /// The last log row that went in.
    pub(super) last: u64,
}

impl Generation {
    pub(super) fn put(&mut self, home: &Home, key: RowKey, value: Option<Bytes>) {
        let (key_len, value_len) = (key.as_slice().len(), value.as_ref().map_or(0, Bytes::len));
        let rows = match self.homes.get_mut(home) {
            Some(rows) => rows,
            None => self.homes.entry(home.clone()).or_default(),
        };
        match rows.insert(key, value) {
            None => self.bytes += key_len + value_len + ROW_OVERHEAD_BYTES,
            Some(old) => self.bytes = self.bytes + value_len - old.map_or(0, |old| old.len()),
        }
    }

    /// Moves everything of a newer generation into this one.
    pub(super) fn absorb(&mut self, newer: Self) {
        for (home, rows) in newer.homes {
            if !self.homes.contains_key(&home) {
                self.bytes += bytes_of(&rows);
                self.homes.insert(home, rows);
                continue;
            }
            for (key, value) in rows {
                self.put(&home, key, value);
            }
        }
        self.last = self.last.max(newer.last);
    }
}

/// Memory that rows hold, about.
fn bytes_of(rows: &HomeRows) -> usize {
    let bytes = |(key, value): (&RowKey, &Option<Bytes>)| {
        key.as_slice().len() + value.as_ref().map_or(0, Bytes::len) + ROW_OVERHEAD_BYTES
    };
    rows.iter().map(bytes).sum()
}

/// Everything a reader needs, exchanged as a whole.
pub(super) struct Overlay {
    /// Takes what is committed.
    pub(super) active: Generation,
    /// The homes of `active` in order.
    order: BTreeSet<Home>,
    /// Goes into the tables now.
    pub(super) frozen: Option<Arc<Stretch>>,
    /// The tables as they were before `frozen`.
    pub(super) tables: Arc<dyn Snapshot>,
}

/// All rows of the homes behind one up to another.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) rows: Generation,
    /// The home before the first one; `None` from the beginning.
    pub(super) after: Option<Home>,
    /// The last home; `None` to the end.
    pub(super) end: Option<Home>,
}

impl Overlay {
    pub(super) fn new(active: Generation, tables: Arc<dyn Snapshot>) -> Self {
        Self {
            order: active.homes.keys().cloned().collect(),
            active,
            frozen: None,
            tables,
        }
    }

    /// Takes what has been committed.
    pub(super) fn absorb(&mut self, committed: Generation) {
        for home in committed.homes.keys() {
            if !self.active.homes.contains_key(home) {
                self.order.insert(home.clone());
            }
        }
        self.active.absorb(committed);
    }

    /// Freezes the rows of the homes behind `after`, so many that they have `bytes` or there are no
    /// more.
    pub(super) fn freeze(&mut self, after: Option<Home>, bytes: usize) {
        let mut rows = Generation {
            last: self.active.last,
            ..Generation::default()
        };
        let begin = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut end = None;
        for home in self.order.range((begin, Bound::Unbounded)) {
            if rows.bytes >= bytes {
                end = rows.homes.keys().max().cloned();
                break;
            }
            if let Some(of_home) = self.active.homes.remove(home) {
                rows.bytes += bytes_of(&of_home);
                rows.homes.insert(home.clone(), of_home);
            }
        }
        for home in rows.homes.keys() {
            self.order.remove(home);
        }
        self.active.bytes = self.active.bytes.saturating_sub(rows.bytes);
        self.frozen = Some(Arc::new(Stretch { rows, after, end }));
    }
}

/// The state as of the last commit, with what the current batch has decided laid on top.
pub(super) struct OverlayView<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) pending: Option<&'a Generation>,
}

impl OverlayView<'_> {
    /// The newest first.
    fn layers(&self) -> impl Iterator<Item = &Generation> {
        self.pending
            .into_iter()
            .chain([&self.overlay.active])
            .chain(self.overlay.frozen.as_deref().map(|frozen| &frozen.rows))
    }

    fn get_row(&self, home: &Home, inner: &[u8]) -> Result<Option<Bytes>> {
        for layer in self.layers() {
            if let Some(value) = layer.homes.get(home).and_then(|rows| rows.get(inner)) {
                return Ok(value.clone());
            }
        }
        let full: Vec<u8> = [home.0.as_ref(), inner].concat();
        self.overlay.tables.get(&full)
    }

    fn scan_rows(&self, scan: &Scan<'_>) -> Result<Vec<Found>> {
        let prefix = [&[scan.table as u8], scan.prefix].concat();
        let begin = [prefix.as_slice(), scan.from.unwrap_or_default()].concat();
        let end = end_of(&prefix);
        let descending = scan.order == Order::Descending;
        let (low, high) = match (descending, scan.from) {
            (false, Some(_)) => (Bound::Excluded(begin.as_slice()), bound(&end)),
            (true, Some(_)) => (
                Bound::Included(prefix.as_slice()),
                Bound::Excluded(begin.as_slice()),
            ),
            (_, None) => (Bound::Included(prefix.as_slice()), bound(&end)),
        };
        let mut page = Page::new(prefix.len(), scan.limit);
        if scan.limit == 0 {
            return Ok(page.done());
        }
        let layers = self.layers().filter_map(|layer| layer.homes.get(scan.home));
        let mut over = Layers::new(layers, (low, high), descending);
        let full = |inner: Bound<&[u8]>| inner.map(|inner| [scan.home.0.as_ref(), inner].concat());
        let (low, high) = (full(low), full(high));
        let range = (
            low.as_ref().map(Vec::as_slice),
            high.as_ref().map(Vec::as_slice),
        );
        let skip = scan.home.0.len();
        self.overlay
            .tables
            .scan(range, descending, &mut |key, value| {
                let inner = &key[skip..];
                while let Some(order) = over.peek_order(inner) {
                    let before = if descending {
                        order.is_gt()
                    } else {
                        order.is_lt()
                    };
                    if !before && order.is_ne() {
                        break;
                    }
                    let (key, value) = over.take();
                    if let (Some(key), Some(value)) = (key, value)
                        && !page.push_shared(key.as_slice(), value)
                    {
                        return Ok(false);
                    }
                    if order.is_eq() {
                        return Ok(true);
                    }
                }
                Ok(page.push_copy(inner, value))
            })?;
        while !page.is_full() && over.peek().is_some() {
            if let (Some(key), Some(value)) = over.take() {
                page.push_shared(key.as_slice(), value);
            }
        }
        Ok(page.done())
    }
}

#[async_trait]
impl View for OverlayView<'_> {
    async fn get(&self, home: &Home, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        let mut inner = [0_u8; 64];
        if key.len() < inner.len() {
            inner[0] = table as u8;
            inner[1..=key.len()].copy_from_slice(key);
            return self.get_row(home, &inner[..=key.len()]);
        }
        self.get_row(home, &[&[table as u8], key].concat())
    }

    async fn scan(&self, scan: Scan<'_>) -> Result<Vec<Found>> {
        self.scan_rows(&scan)
    }

    async fn candidates(
        &self,
        home: &Home,
        word: &Word,
        most: usize,
    ) -> Result<(Vec<MsgId>, bool)> {
        let mut found = Vec::new();
        for rows in self.layers().filter_map(|layer| layer.homes.get(home)) {
            fold::collect_facts(rows, word, &mut found)?;
        }
        fold::collect_tables(self.overlay.tables.as_ref(), home, word, &mut found)?;
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        let complete = found.len() <= most;
        found.truncate(most);
        Ok((found, complete))
    }
}

/// The end of all keys that begin with `prefix`; empty when there is none.
pub(super) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    end
}

fn bound(end: &[u8]) -> Bound<&[u8]> {
    if end.is_empty() {
        Bound::Unbounded
    } else {
        Bound::Excluded(end)
    }
}

/// Rows of a page. What comes out of the tables shares one buffer.
struct Page {
    rows: Vec<PageRow>,
    buffer: BytesMut,
    prefix: usize,
    limit: usize,
}

enum PageRow {
    Copied {
        key: std::ops::Range<usize>,
        value: std::ops::Range<usize>,
    },
    Shared {
        key: std::ops::Range<usize>,
        value: Bytes,
    },
}

impl Page {
    fn new(prefix: usize, limit: usize) -> Self {
        let expected = limit.min(64);
        let (rows, buffer) = (
            Vec::with_capacity(expected),
            BytesMut::with_capacity(256 * expected),
        );
        Self {
            rows,
            buffer,
            prefix,
            limit,
        }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    fn push_shared(&mut self, inner: &[u8], value: &Bytes) -> bool {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&inner[self.prefix..]);
        self.rows.push(PageRow::Shared {
            key: start..self.buffer.len(),
            value: value.clone(),
        });
        !self.is_full()
    }

    fn push_copy(&mut self, inner: &[u8], value: &[u8]) -> bool {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&inner[self.prefix..]);
        let middle = self.buffer.len();
        self.buffer.extend_from_slice(value);
        let (key, value) = (start..middle, middle..self.buffer.len());
        self.rows.push(PageRow::Copied { key, value });
        !self.is_full()
    }

    fn done(self) -> Vec<Found> {
        let buffer = self.buffer.freeze();
        let row = |row| match row {
            PageRow::Copied { key, value } => (buffer.slice(key), buffer.slice(value)),
            PageRow::Shared { key, value } => (buffer.slice(key), value),
        };
        self.rows.into_iter().map(row).collect()
    }
}

type LayerRange<'a> = std::collections::btree_map::Range<'a, RowKey, Option<Bytes>>;
type LayerRow<'a> = (&'a RowKey, &'a Option<Bytes>);

/// The rows of several layers in order; where several have a key, the newest counts.
struct Layers<'a> {
    layers: Vec<Peekable<DirectedRange<'a>>>,
    descending: bool,
}

struct DirectedRange<'a> {
    range: LayerRange<'a>,
    descending: bool,
}

impl<'a> Iterator for DirectedRange<'a> {
    type Item = LayerRow<'a>;

    fn next(&mut self) -> Option<LayerRow<'a>> {
        if self.descending {
            self.range.next_back()
        } else {
            self.range.next()
        }
    }
}

impl<'a> Layers<'a> {
    fn new(
        layers: impl Iterator<Item = &'a HomeRows>,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        descending: bool,
    ) -> Self {
        let directed = |rows: &'a HomeRows| {
            let range = rows.range::<[u8], _>(range);
            DirectedRange { range, descending }.peekable()
        };
        Self {
            layers: layers.map(directed).collect(),
            descending,
        }
    }

    /// The next key of all layers.
    fn peek(&mut self) -> Option<&'a RowKey> {
        let descending = self.descending;
        let keys = self
            .layers
            .iter_mut()
            .filter_map(|layer| layer.peek().map(|row| row.0));
        if descending { keys.max() } else { keys.min() }
    }

    /// How the next key stands to another one.
    fn peek_order(&mut self, other: &[u8]) -> Option<std::cmp::Ordering> {
        self.peek().map(|key| key.as_slice().cmp(other))
    }

    /// Takes the next row: its key, and its value unless it is removed.
    fn take(&mut self) -> (Option<&'a RowKey>, Option<&'a Bytes>) {
        let Some(key) = self.peek() else {
            return (None, None);
        };
        let mut taken = None;
        for layer in &mut self.layers {
            if let Some((_, value)) = layer.next_if(|row| row.0 == key) {
                taken.get_or_insert(value);
            }
        }
        (Some(key), taken.and_then(Option::as_ref))
    }
}
