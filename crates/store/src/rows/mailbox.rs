//! Mailboxes as rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;

use super::{Change, Home, Key, KeyReader, Order, Plan, Posting, Scan, Table, View};
use crate::codec::{from_bytes, record, to_bytes};
use crate::error::{Error, Result};
use crate::id::{LogPosition, MailboxId, MsgId, OpId, PeerId, Pts};
use crate::mailbox::{
    Append, Appended, DialogWrite, Direction, HistoryQuery, List, LogEntry, LogSlice, MessageWrite,
    OutboxRow, PAGE_LIMIT_MAX,
};
use crate::record::{Dialog, Head, Message, OperationResult};
use crate::token::tokens;

record! {
    /// A dialog, if it is on the list, and how many messages it has in all and by tag.
    pub(super) struct DialogRow, version 1 {
        dialog: Option<Dialog>,
        pub(super) messages: u32,
        pub(super) tags: Vec<(u8, u32)>,
    }
}

record! {
    /// A log entry and the operation that goes when it is trimmed.
    pub(super) struct LogRow, version 1 {
        pub(super) pts_count: i32,
        date: u32,
        op: Option<OpId>,
        body: Bytes,
    }
}

record! {
    /// What is known of a message by id: where it is, and all that a search asks for.
    pub(crate) struct Fact, version 1 {
        pub(crate) peer: PeerId,
        pub(crate) from: PeerId,
        pub(crate) date: u32,
        pub(crate) thread: MsgId,
        pub(crate) tags: u32,
        pub(crate) tokens: Bytes,
    }
}

/// The tokens of a fact.
pub(crate) fn token_list(tokens: &[u8]) -> impl Iterator<Item = &[u8]> {
    tokens
        .split(|byte| *byte == 0)
        .filter(|token| !token.is_empty())
}

/// An append whose texts are already cut into tokens, one list for each message.
#[derive(Clone, Debug)]
pub(super) struct PreparedAppend {
    append: Append,
    tokens: Vec<Bytes>,
}

impl PreparedAppend {
    pub(super) fn new(append: Append) -> Self {
        let tokens = append.messages.iter().map(|write| match write {
            MessageWrite::Delete(_) => Bytes::new(),
            MessageWrite::Put { text, .. } => {
                let mut list = Vec::with_capacity(text.len() + 8);
                for token in tokens(text) {
                    list.extend_from_slice(token.as_bytes());
                    list.push(0);
                }
                list.into()
            }
        });
        Self {
            tokens: tokens.collect(),
            append,
        }
    }
}

pub(super) async fn head(view: &dyn View, mailbox: &MailboxId) -> Result<Head> {
    load_head(view, &Home::mailbox(*mailbox)).await
}

pub(super) async fn open(view: &dyn View, mailbox: &MailboxId, epoch: &u64) -> Result<Plan<Head>> {
    let home = Home::mailbox(*mailbox);
    let mut head = load_head(view, &home).await?;
    fence(&head, *epoch)?;
    head.epoch = *epoch;
    let mut change = Change::new(home);
    change.put(Table::Head, Vec::new(), to_bytes(&head));
    Ok(Plan::one(head, change))
}

pub(super) async fn append_group(
    view: &dyn View,
    appends: &[PreparedAppend],
) -> Result<Plan<Vec<Appended>>> {
    let mut plan = Plan::nothing(Vec::with_capacity(appends.len()));
    for append in appends {
        let (appended, change) = append_one(view, append).await?;
        plan.answer.push(appended);
        plan.changes.extend(change);
    }
    Ok(plan)
}

async fn append_one(
    view: &dyn View,
    prepared: &PreparedAppend,
) -> Result<(Appended, Option<Change>)> {
    let append = &prepared.append;
    let home = Home::mailbox(append.mailbox);
    let mut head = load_head(view, &home).await?;
    fence(&head, append.epoch)?;
    if let Some(op) = append.op
        && let Some(repeated) = load_operation(view, &home, op).await?
    {
        return Ok((
            Appended {
                head,
                repeated: Some(repeated),
            },
            None,
        ));
    }
    if append.expect != head.pts {
        return Err(Error::Conflict("the mailbox has another pts"));
    }
    let mut change = Change::new(home);
    let mut dialogs = Dialogs::default();
    write_messages(view, prepared, head.top, &mut dialogs, &mut change).await?;
    write_dialogs(view, append, &mut dialogs, &mut change).await?;
    write_log(append, &mut head, &mut change)?;
    for (key, value) in &append.settings {
        let (key, value) = (key.to_vec(), value.clone());
        change.rows.push(super::RowWrite {
            table: Table::MailboxSetting,
            key,
            value,
        });
    }
    for row in &append.outbox {
        change.put(
            Table::Outbox,
            Key::new().u128(row.id.0).done(),
            row.payload.clone(),
        );
    }
    for id in &append.delivered {
        change.remove(Table::Outbox, Key::new().u128(id.0).done());
    }
    head.epoch = append.epoch;
    head.date = head.date.max(append.date);
    head.qts = head.qts.max(append.qts);
    head.seq = head.seq.max(append.seq);
    head.top = head.top.max(
        append
            .messages
            .iter()
            .filter_map(put_id)
            .max()
            .unwrap_or_default(),
    );
    change.put(Table::Head, Vec::new(), to_bytes(&head));
    Ok((
        Appended {
            head,
            repeated: None,
        },
        Some(change),
    ))
}

fn put_id(write: &MessageWrite) -> Option<MsgId> {
    match write {
        MessageWrite::Delete(_) => None,
        MessageWrite::Put { message, .. } => Some(message.id),
    }
}

fn write_log(append: &Append, head: &mut Head, change: &mut Change) -> Result<()> {
    for (at, event) in append.events.iter().enumerate() {
        let pts = head.pts.0.checked_add(event.pts_count);
        head.pts = Pts(pts.ok_or(Error::Invalid("pts would overflow"))?);
        head.index = if event.pts_count > 0 {
            0
        } else {
            head.index + 1
        };
        let row = LogRow {
            pts_count: event.pts_count,
            date: append.date,
            op: append.op.filter(|_| at + 1 == append.events.len()),
            body: event.body.clone(),
        };
        let position = LogPosition {
            pts: head.pts,
            index: head.index,
        };
        change.put(Table::Log, log_key(position), to_bytes(&row));
    }
    if let Some(op) = append.op {
        let result = OperationResult {
            pts: head.pts,
            result: append.result.clone(),
        };
        change.put(
            Table::Operation,
            Key::new().u128(op.0).done(),
            to_bytes(&result),
        );
    }
    Ok(())
}

/// The dialog rows an append touches.
#[derive(Default)]
struct Dialogs(BTreeMap<PeerId, DialogRow>);

impl Dialogs {
    async fn row(&mut self, view: &dyn View, home: &Home, peer: PeerId) -> Result<&mut DialogRow> {
        Ok(match self.0.entry(peer) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(row) => row.insert(load_dialog(view, home, peer).await?),
        })
    }
}

impl DialogRow {
    /// Counts one message that goes from one set of tags to another; `None` is not there.
    pub(super) fn count(&mut self, old: Option<u32>, new: Option<u32>) {
        self.messages = self.messages + u32::from(new.is_some()) - u32::from(old.is_some());
        let (old, new) = (old.unwrap_or(0), new.unwrap_or(0));
        for tag in bits(old & !new) {
            if let Some((_, count)) = self.tags.iter_mut().find(|(of, _)| *of == tag) {
                *count -= 1;
            }
        }
        for tag in bits(new & !old) {
            match self.tags.iter_mut().find(|(of, _)| *of == tag) {
                Some((_, count)) => *count += 1,
                None => self.tags.push((tag, 1)),
            }
        }
        self.tags.retain(|(_, count)| *count > 0);
    }
}

fn bits(set: u32) -> impl Iterator<Item = u8> {
    (0..32).filter(move |bit| set >> bit & 1 == 1)
}

async fn write_messages(
    view: &dyn View,
    prepared: &PreparedAppend,
    top: MsgId,
    dialogs: &mut Dialogs,
    change: &mut Change,
) -> Result<()> {
    for (write, tokens) in prepared.append.messages.iter().zip(&prepared.tokens) {
        let id = write.id();
        // Ids only grow, so an id above the highest one cannot be there.
        let old = if id > top {
            None
        } else {
            load_fact(view, &change.home, id).await?
        };
        let (new, message) = match write {
            MessageWrite::Delete(_) => (None, None),
            MessageWrite::Put { message, .. } => (
                Some(Fact {
                    peer: message.peer,
                    from: message.from,
                    date: message.date,
                    thread: message.thread,
                    tags: message.tags,
                    tokens: tokens.clone(),
                }),
                Some(message),
            ),
        };
        let Some(peer) = new.as_ref().or(old.as_ref()).map(|fact| fact.peer) else {
            continue;
        };
        if old.as_ref().is_some_and(|old| old.peer != peer) {
            return Err(Error::Invalid("a message cannot move to another dialog"));
        }
        let row = dialogs.row(view, &change.home, peer).await?;
        row.count(
            old.as_ref().map(|fact| fact.tags),
            new.as_ref().map(|fact| fact.tags),
        );
        index_lists(peer, id, old.as_ref(), new.as_ref(), change);
        index_tokens(id, old.as_ref(), new.as_ref(), change);
        let fact_key = Key::new().i32(id.0).done();
        let history_key = Key::new().peer(peer).i32(id.0).done();
        match (new, message) {
            (Some(fact), Some(message)) => {
                change.put(Table::Fact, fact_key, to_bytes(&fact));
                change.put(Table::History, history_key, to_bytes(message));
            }
            _ => {
                change.remove(Table::Fact, fact_key);
                change.remove(Table::History, history_key);
            }
        }
    }
    Ok(())
}

fn index_lists(
    peer: PeerId,
    id: MsgId,
    old: Option<&Fact>,
    new: Option<&Fact>,
    change: &mut Change,
) {
    let key = |list| Key::new().bytes(&list_prefix(peer, list)).i32(id.0).done();
    let (old_tags, new_tags) = (
        old.map_or(0, |fact| fact.tags),
        new.map_or(0, |fact| fact.tags),
    );
    for tag in bits(old_tags & !new_tags) {
        change.remove(Table::ListIndex, key(List::Tag(tag)));
    }
    for tag in bits(new_tags & !old_tags) {
        change.put(Table::ListIndex, key(List::Tag(tag)), Bytes::new());
    }
    let old_thread = old.map_or(MsgId(0), |fact| fact.thread);
    let new_thread = new.map_or(MsgId(0), |fact| fact.thread);
    if old_thread != new_thread {
        if old_thread != MsgId(0) {
            change.remove(Table::ListIndex, key(List::Thread(old_thread)));
        }
        if new_thread != MsgId(0) {
            change.put(
                Table::ListIndex,
                key(List::Thread(new_thread)),
                Bytes::new(),
            );
        }
    }
}

fn index_tokens(id: MsgId, old: Option<&Fact>, new: Option<&Fact>, change: &mut Change) {
    if !cfg!(feature = "cql") {
        return;
    }
    let list = |fact: Option<&Fact>| -> Vec<Vec<u8>> {
        fact.map_or_else(Vec::new, |fact| {
            token_list(&fact.tokens).map(<[u8]>::to_vec).collect()
        })
    };
    let (old, new) = (list(old), list(new));
    let mut post = |token: &[u8], present| {
        let token = String::from_utf8_lossy(token).into_owned();
        change.postings.push(Posting {
            token,
            message: id,
            present,
        });
    };
    old.iter()
        .filter(|token| !new.contains(token))
        .for_each(|token| post(token, false));
    new.iter()
        .filter(|token| !old.contains(token))
        .for_each(|token| post(token, true));
}

async fn write_dialogs(
    view: &dyn View,
    append: &Append,
    dialogs: &mut Dialogs,
    change: &mut Change,
) -> Result<()> {
    for write in &append.dialogs {
        let row = dialogs.row(view, &change.home, write.peer()).await?;
        row.dialog = match (write, &row.dialog) {
            (DialogWrite::Delete(_), _) => None,
            (DialogWrite::Put(new), None) => Some(new.clone()),
            (DialogWrite::Put(new), Some(old)) => Some(Dialog {
                read_inbox: new.read_inbox.max(old.read_inbox),
                read_outbox: new.read_outbox.max(old.read_outbox),
                ..new.clone()
            }),
        };
    }
    for (peer, row) in &dialogs.0 {
        let key = Key::new().peer(*peer).done();
        if row.dialog.is_none() && row.messages == 0 {
            change.remove(Table::Dialog, key);
        } else {
            change.put(Table::Dialog, key, to_bytes(row));
        }
    }
    Ok(())
}

pub(super) async fn log(
    view: &dyn View,
    mailbox: &MailboxId,
    after: &LogPosition,
    limit: &u32,
) -> Result<LogSlice> {
    let home = Home::mailbox(*mailbox);
    let limit = *limit as usize;
    let from = log_key(*after);
    // The log is read before the head: a trim in between then shows as too old, never as a gap.
    let scan = Scan::all(&home, Table::Log)
        .after(Some(&from))
        .limit(limit + 1);
    let rows = view.scan(scan).await?;
    if after.pts < load_head(view, &home).await?.trimmed {
        return Ok(LogSlice {
            too_old: true,
            ..LogSlice::default()
        });
    }
    let complete = rows.len() <= limit;
    let entries = rows.into_iter().take(limit).map(|(key, value)| {
        let mut key = KeyReader(&key);
        let position = LogPosition {
            pts: Pts(key.i32()?),
            index: key.u32()?,
        };
        let row: LogRow = from_bytes(value)?;
        Ok(LogEntry {
            position,
            pts_count: row.pts_count,
            date: row.date,
            body: row.body,
        })
    });
    Ok(LogSlice {
        entries: entries.collect::<Result<_>>()?,
        complete,
        too_old: false,
    })
}

pub(super) async fn trim_log(
    view: &dyn View,
    mailbox: &MailboxId,
    epoch: &u64,
    up_to: &Pts,
    limit: &u32,
) -> Result<Plan<Head>> {
    let home = Home::mailbox(*mailbox);
    let mut head = load_head(view, &home).await?;
    fence(&head, *epoch)?;
    head.epoch = *epoch;
    // Nothing is left at or below `trimmed` but entries without a pts of their own.
    let from = log_key(LogPosition::from(Pts(head.trimmed.0.saturating_sub(1))));
    let scan = Scan::all(&home, Table::Log)
        .after(Some(&from))
        .limit(*limit as usize);
    let rows = view.scan(scan).await?;
    let mut change = Change::new(home);
    for (key, value) in rows {
        let pts = Pts(KeyReader(&key).i32()?);
        if pts > *up_to {
            break;
        }
        head.trimmed = pts;
        if let Some(op) = from_bytes::<LogRow>(value)?.op {
            change.remove(Table::Operation, Key::new().u128(op.0).done());
        }
        change.remove(Table::Log, key.to_vec());
    }
    change.put(Table::Head, Vec::new(), to_bytes(&head));
    Ok(Plan::one(head, change))
}

pub(super) async fn operation(
    view: &dyn View,
    mailbox: &MailboxId,
    op: &OpId,
) -> Result<Option<OperationResult>> {
    load_operation(view, &Home::mailbox(*mailbox), *op).await
}

pub(super) async fn dialogs(view: &dyn View, mailbox: &MailboxId) -> Result<Vec<Dialog>> {
    let home = Home::mailbox(*mailbox);
    let rows = view.scan(Scan::all(&home, Table::Dialog)).await?;
    let dialogs = rows
        .into_iter()
        .map(|(_, value)| Ok(from_bytes::<DialogRow>(value)?.dialog));
    dialogs.filter_map(Result::transpose).collect()
}

pub(super) async fn dialog(
    view: &dyn View,
    mailbox: &MailboxId,
    peer: &PeerId,
) -> Result<Option<Dialog>> {
    Ok(load_dialog(view, &Home::mailbox(*mailbox), *peer)
        .await?
        .dialog)
}

pub(super) async fn settings(
    view: &dyn View,
    mailbox: &MailboxId,
    prefix: &Bytes,
) -> Result<Vec<(Bytes, Bytes)>> {
    let home = Home::mailbox(*mailbox);
    let scan = Scan::all(&home, Table::MailboxSetting).prefix(prefix);
    let rows = view.scan(scan).await?;
    let whole = |rest: Bytes| Bytes::from([prefix.as_ref(), rest.as_ref()].concat());
    Ok(rows
        .into_iter()
        .map(|(rest, value)| (whole(rest), value))
        .collect())
}

pub(super) async fn outbox(
    view: &dyn View,
    mailbox: &MailboxId,
    limit: &u32,
) -> Result<Vec<OutboxRow>> {
    let home = Home::mailbox(*mailbox);
    let rows = view
        .scan(Scan::all(&home, Table::Outbox).limit(*limit as usize))
        .await?;
    let row = |(key, payload): (Bytes, Bytes)| {
        Ok(OutboxRow {
            id: OpId(KeyReader(&key).u128()?),
            payload,
        })
    };
    rows.into_iter().map(row).collect()
}

pub(super) async fn history(
    view: &dyn View,
    mailbox: &MailboxId,
    query: &HistoryQuery,
) -> Result<Vec<Message>> {
    let home = Home::mailbox(*mailbox);
    let (table, prefix) = list_rows(query.peer, query.list);
    let from = query.from.map(|from| Key::new().i32(from.0).done());
    let order = match query.direction {
        Direction::Newer => Order::Ascending,
        Direction::Older => Order::Descending,
    };
    let scan = Scan {
        home: &home,
        table,
        prefix: &prefix,
        from: from.as_deref(),
        order,
        limit: query.limit as usize,
    };
    let rows = view.scan(scan).await?;
    if table == Table::History {
        return rows
            .into_iter()
            .map(|(_, value)| from_bytes(value))
            .collect();
    }
    let mut page = Vec::with_capacity(rows.len());
    for (key, _) in rows {
        let id = MsgId(KeyReader(&key).i32()?);
        page.extend(load_message(view, &home, query.peer, id).await?);
    }
    Ok(page)
}

pub(super) async fn messages(
    view: &dyn View,
    mailbox: &MailboxId,
    ids: &[MsgId],
) -> Result<Vec<Option<Message>>> {
    let home = Home::mailbox(*mailbox);
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(match load_fact(view, &home, *id).await? {
            None => None,
            Some(fact) => load_message(view, &home, fact.peer, *id).await?,
        });
    }
    Ok(found)
}

pub(super) async fn count(
    view: &dyn View,
    mailbox: &MailboxId,
    peer: &PeerId,
    list: &List,
) -> Result<u32> {
    let home = Home::mailbox(*mailbox);
    match *list {
        List::Thread(_) => count_newer(view, mailbox, peer, list, &MsgId(0), &PAGE_LIMIT_MAX).await,
        List::All => Ok(load_dialog(view, &home, *peer).await?.messages),
        List::Tag(tag) => {
            let row = load_dialog(view, &home, *peer).await?;
            Ok(row
                .tags
                .iter()
                .find(|(of, _)| *of == tag)
                .map_or(0, |(_, count)| *count))
        }
    }
}

pub(super) async fn count_newer(
    view: &dyn View,
    mailbox: &MailboxId,
    peer: &PeerId,
    list: &List,
    than: &MsgId,
    most: &u32,
) -> Result<u32> {
    let home = Home::mailbox(*mailbox);
    let (table, prefix) = list_rows(*peer, *list);
    let from = Key::new().i32(than.0).done();
    let scan = Scan::all(&home, table)
        .prefix(&prefix)
        .after(Some(&from))
        .limit(*most as usize);
    Ok(u32::try_from(view.scan(scan).await?.len()).unwrap_or(u32::MAX))
}

pub(super) async fn load_fact(view: &dyn View, home: &Home, id: MsgId) -> Result<Option<Fact>> {
    let value = view
        .get(home, Table::Fact, &Key::new().i32(id.0).done())
        .await?;
    value.map(from_bytes).transpose()
}

pub(super) async fn load_message(
    view: &dyn View,
    home: &Home,
    peer: PeerId,
    id: MsgId,
) -> Result<Option<Message>> {
    let key = Key::new().peer(peer).i32(id.0).done();
    view.get(home, Table::History, &key)
        .await?
        .map(from_bytes)
        .transpose()
}

async fn load_head(view: &dyn View, home: &Home) -> Result<Head> {
    let value = view.get(home, Table::Head, &[]).await?;
    value.map_or_else(|| Ok(Head::default()), from_bytes)
}

async fn load_operation(view: &dyn View, home: &Home, op: OpId) -> Result<Option<OperationResult>> {
    let value = view
        .get(home, Table::Operation, &Key::new().u128(op.0).done())
        .await?;
    value.map(from_bytes).transpose()
}

async fn load_dialog(view: &dyn View, home: &Home, peer: PeerId) -> Result<DialogRow> {
    let value = view
        .get(home, Table::Dialog, &Key::new().peer(peer).done())
        .await?;
    value.map_or_else(|| Ok(DialogRow::default()), from_bytes)
}

fn fence(head: &Head, epoch: u64) -> Result<()> {
    if epoch < head.epoch {
        Err(Error::Fenced { epoch: head.epoch })
    } else {
        Ok(())
    }
}

fn log_key(position: LogPosition) -> Vec<u8> {
    Key::new().i32(position.pts.0).u32(position.index).done()
}

fn list_rows(peer: PeerId, list: List) -> (Table, Vec<u8>) {
    match list {
        List::All => (Table::History, Key::new().peer(peer).done()),
        List::Tag(_) | List::Thread(_) => (Table::ListIndex, list_prefix(peer, list)),
    }
}

fn list_prefix(peer: PeerId, list: List) -> Vec<u8> {
    let key = Key::new().peer(peer);
    match list {
        List::All => key,
        List::Tag(tag) => key.u8(1).u32(u32::from(tag)),
        List::Thread(thread) => key.u8(2).u32(thread.0.cast_unsigned()),
    }
    .done()
}
