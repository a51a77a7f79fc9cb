//! The inverted index of a mailbox.
//!
//! Every message has a fact row with its tokens. Once enough of them have gone into the tables,
//! they are folded into a *segment*: tokens in order, each with its messages, cut into chunks
//! named by their first token. Eight segments of a level make one of the next. Segments are never
//! changed: they only name candidates, and the fact row decides. A message edited after it was
//! folded goes into the next segment again.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use super::key::RowKey;
use super::kv::{Snapshot, Write};
use super::overlay::{HomeRows, end_of};
use crate::codec::{Codec, from_bytes, record, to_bytes};
use crate::error::Result;
use crate::id::MsgId;
use crate::rows::{Fact, Home, Key, KeyReader, Table, token_list};
use crate::token::Word;

/// So many unfolded facts are folded.
const FOLD_FACTS: u32 = 512;
/// At most so many at once.
const FOLD_FACTS_MAX: usize = 4096;
/// So many segments of a level become one of the next.
const MERGE_SEGMENTS: usize = 8;
/// Segments of this level stay: 32,768 messages, a merge of more would take too long.
const LEVEL_MAX: u8 = 2;
/// A chunk is closed when it has this many bytes.
const CHUNK_BYTES: usize = 3000;

record! {
    /// How far folding has come.
    struct FoldState, version 1 {
        /// Facts up to this message are in segments.
        folded: MsgId,
        /// Facts written since, about.
        waiting: u32,
        /// The number of the next segment.
        next: u32,
        /// Level and number of each segment.
        segments: Vec<(u8, u32)>,
    }
}

/// Tokens with their messages.
type Postings = BTreeMap<Bytes, Vec<MsgId>>;

/// Follows the facts of a home that have just been written to its tables.
pub(super) fn follow(write: &mut dyn Write, home: &Home, rows: &HomeRows) -> Result<()> {
    let mut state: Option<FoldState> = None;
    for (key, value) in facts(rows) {
        if value.is_none() {
            continue;
        }
        let state = match &mut state {
            Some(state) => state,
            None => state.insert(load_state(write, home)?),
        };
        state.waiting += 1;
        let id = message_of(key.as_slice())?;
        if id <= state.folded {
            write.put(
                &full(home, Table::Refold, &Key::new().i32(id.0).done()),
                &[],
            )?;
        }
    }
    let Some(mut state) = state else {
        return Ok(());
    };
    while state.waiting >= FOLD_FACTS {
        fold(write, home, &mut state)?;
        merge(write, home, &mut state)?;
    }
    write.put(&full(home, Table::Fold, &[]), &to_bytes(&state))
}

fn fold(write: &mut dyn Write, home: &Home, state: &mut FoldState) -> Result<()> {
    let mut postings = Postings::new();
    let mut taken = 0;
    visit_unfolded(write, home, state.folded, &mut |id, fact| {
        state.folded = id;
        post(&mut postings, id, &fact);
        taken += 1;
        Ok(taken < FOLD_FACTS_MAX)
    })?;
    for id in refolds(write, home)? {
        let key = Key::new().i32(id.0).done();
        if let Some(fact) = write.get(&full(home, Table::Fact, &key))? {
            post(&mut postings, id, &from_bytes(fact)?);
        }
        write.remove(&full(home, Table::Refold, &key))?;
    }
    state.waiting = if taken < FOLD_FACTS_MAX {
        0
    } else {
        FOLD_FACTS
    };
    write_segment(write, home, state, 0, postings)
}

fn post(postings: &mut Postings, id: MsgId, fact: &Fact) {
    for token in token_list(&fact.tokens) {
        postings
            .entry(fact.tokens.slice_ref(token))
            .or_default()
            .push(id);
    }
}

fn merge(write: &mut dyn Write, home: &Home, state: &mut FoldState) -> Result<()> {
    for level in 0..LEVEL_MAX {
        let (old, kept): (Vec<_>, Vec<_>) = state
            .segments
            .iter()
            .copied()
            .partition(|segment| segment.0 == level);
        if old.len() < MERGE_SEGMENTS {
            continue;
        }
        let mut postings = Postings::new();
        for (level, number) in old {
            let prefix = full(
                home,
                Table::Segment,
                &Key::new().u8(level).u32(number).done(),
            );
            let mut chunks = Vec::new();
            scan_prefix(write, &prefix, &mut |key, value| {
                chunks.push(key.to_vec());
                for_tokens(Bytes::copy_from_slice(value), &mut |token, ids| {
                    postings.entry(token).or_default().extend(ids);
                    true
                })?;
                Ok(true)
            })?;
            chunks.iter().try_for_each(|key| write.remove(key))?;
        }
        state.segments = kept;
        write_segment(write, home, state, level + 1, postings)?;
    }
    Ok(())
}

fn write_segment(
    write: &mut dyn Write,
    home: &Home,
    state: &mut FoldState,
    level: u8,
    postings: Postings,
) -> Result<()> {
    let number = state.next;
    state.next += 1;
    state.segments.push((level, number));
    let prefix = Key::new().u8(level).u32(number).done();
    let mut chunk = Vec::new();
    let mut first = Bytes::new();
    for (token, mut ids) in postings {
        ids.sort_unstable();
        ids.dedup();
        if chunk.is_empty() {
            first = token.clone();
        }
        token.encode(&mut chunk);
        ids.encode(&mut chunk);
        if chunk.len() >= CHUNK_BYTES {
            let key = [prefix.as_slice(), &first].concat();
            write.put(&full(home, Table::Segment, &key), &chunk)?;
            chunk.clear();
        }
    }
    if !chunk.is_empty() {
        let key = [prefix.as_slice(), &first].concat();
        write.put(&full(home, Table::Segment, &key), &chunk)?;
    }
    Ok(())
}

/// Candidates among the facts of a layer.
pub(super) fn collect_facts(rows: &HomeRows, word: &Word, found: &mut Vec<MsgId>) -> Result<()> {
    for (key, value) in facts(rows) {
        if let Some(value) = value
            && has(&from_bytes(value.clone())?, word)
        {
            found.push(message_of(key.as_slice())?);
        }
    }
    Ok(())
}

/// Candidates in the tables: segments, facts not folded yet, facts changed since.
pub(super) fn collect_tables(
    tables: &dyn Snapshot,
    home: &Home,
    word: &Word,
    found: &mut Vec<MsgId>,
) -> Result<()> {
    let state = load_state(tables, home)?;
    for (level, number) in &state.segments {
        let prefix = full(
            home,
            Table::Segment,
            &Key::new().u8(*level).u32(*number).done(),
        );
        collect_segment(tables, &prefix, word, found)?;
    }
    visit_unfolded(tables, home, state.folded, &mut |id, fact| {
        if has(&fact, word) {
            found.push(id);
        }
        Ok(true)
    })?;
    found.extend(refolds(tables, home)?);
    Ok(())
}

fn collect_segment(
    tables: &dyn Snapshot,
    prefix: &[u8],
    word: &Word,
    found: &mut Vec<MsgId>,
) -> Result<()> {
    let wanted = word.text.as_bytes();
    // The chunk that begins at or before the word may hold its first tokens.
    let mut start = [prefix, wanted].concat();
    let before = (Bound::Included(prefix), Bound::Included(start.as_slice()));
    let mut first = None;
    tables.scan(before, true, &mut |key, _| {
        first = Some(key.to_vec());
        Ok(false)
    })?;
    start = first.unwrap_or(start);
    let end = end_of(&[prefix, wanted].concat());
    let chunks = (
        Bound::Included(start.as_slice()),
        Bound::Excluded(end.as_slice()),
    );
    tables.scan(chunks, false, &mut |_, value| {
        for_tokens(Bytes::copy_from_slice(value), &mut |token, ids| {
            if word.matches(&token) {
                found.extend(ids);
            }
            token.as_ref() <= wanted || token.starts_with(wanted)
        })?;
        Ok(true)
    })
}

/// Visits the tokens of a chunk until `visit` has seen enough.
fn for_tokens(mut chunk: Bytes, visit: &mut dyn FnMut(Bytes, Vec<MsgId>) -> bool) -> Result<()> {
    while !chunk.is_empty() {
        let token = Bytes::decode(&mut chunk)?;
        if !visit(token, Vec::decode(&mut chunk)?) {
            break;
        }
    }
    Ok(())
}

fn visit_unfolded<S: Snapshot + ?Sized>(
    tables: &S,
    home: &Home,
    folded: MsgId,
    visit: &mut dyn FnMut(MsgId, Fact) -> Result<bool>,
) -> Result<()> {
    let (from, end) = (
        full(home, Table::Fact, &Key::new().i32(folded.0).done()),
        end_of(&full(home, Table::Fact, &[])),
    );
    let range = (
        Bound::Excluded(from.as_slice()),
        Bound::Excluded(end.as_slice()),
    );
    let skip = home.0.len();
    tables.scan(range, false, &mut |key, value| {
        visit(
            message_of(&key[skip..])?,
            from_bytes(Bytes::copy_from_slice(value))?,
        )
    })
}

fn refolds<S: Snapshot + ?Sized>(tables: &S, home: &Home) -> Result<Vec<MsgId>> {
    let prefix = full(home, Table::Refold, &[]);
    let mut found = Vec::new();
    scan_prefix(tables, &prefix, &mut |key, _| {
        found.push(message_of(&key[home.0.len()..])?);
        Ok(true)
    })?;
    Ok(found)
}

fn has(fact: &Fact, word: &Word) -> bool {
    token_list(&fact.tokens).any(|token| word.matches(token))
}

fn load_state<S: Snapshot + ?Sized>(tables: &S, home: &Home) -> Result<FoldState> {
    let stored = tables.get(&full(home, Table::Fold, &[]))?;
    stored.map_or_else(|| Ok(FoldState::default()), from_bytes)
}

fn message_of(inner: &[u8]) -> Result<MsgId> {
    Ok(MsgId(KeyReader(inner.get(1..).unwrap_or_default()).i32()?))
}

fn full(home: &Home, table: Table, key: &[u8]) -> Vec<u8> {
    [home.0.as_ref(), &[table as u8], key].concat()
}

/// The fact rows of a layer.
fn facts(rows: &HomeRows) -> impl Iterator<Item = (&RowKey, &Option<Bytes>)> {
    const FACTS: &[u8] = &[Table::Fact as u8];
    const END: &[u8] = &[Table::Fact as u8 + 1];
    rows.range::<[u8], _>((Bound::Included(FACTS), Bound::Excluded(END)))
}

fn scan_prefix<S: Snapshot + ?Sized>(
    tables: &S,
    prefix: &[u8],
    visit: &mut super::kv::Visit<'_>,
) -> Result<()> {
    let end = end_of(prefix);
    tables.scan(
        (Bound::Included(prefix), Bound::Excluded(end.as_slice())),
        false,
        visit,
    )
}
