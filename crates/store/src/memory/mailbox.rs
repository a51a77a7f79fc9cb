//! Mailboxes in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;

use super::MemoryStore;
use crate::error::{Error, Result};
use crate::id::{LogPosition, MailboxId, MsgId, OpId, PeerId, Pts};
use crate::mailbox::{
    Append, Appended, DialogWrite, Direction, HistoryQuery, List, LogEntry, LogSlice, Mailboxes,
    MessageWrite, OutboxRow, PAGE_LIMIT_MAX, SearchPage, SearchQuery, check_group, check_page,
};
use crate::record::{Dialog, Head, Message, OperationResult};
use crate::token::{tokens, words};

#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    head: Head,
    operations: BTreeMap<OpId, OperationResult>,
    log: BTreeMap<LogPosition, (LogEntry, Option<OpId>)>,
    dialogs: BTreeMap<PeerId, Dialog>,
    settings: BTreeMap<Bytes, Bytes>,
    outbox: BTreeMap<OpId, OutboxRow>,
    messages: BTreeMap<MsgId, (Message, Vec<String>)>,
}

impl Mailbox {
    fn fence(&self, epoch: u64) -> Result<()> {
        if epoch < self.head.epoch {
            return Err(Error::Fenced {
                epoch: self.head.epoch,
            });
        }
        Ok(())
    }

    /// What the append would do: the answer, or the repeated one. Nothing is changed.
    fn check(&self, append: &Append) -> Result<Option<Appended>> {
        self.fence(append.epoch)?;
        if let Some(result) = append.op.and_then(|op| self.operations.get(&op)) {
            return Ok(Some(Appended {
                head: self.head.clone(),
                repeated: Some(result.clone()),
            }));
        }
        if append.expect != self.head.pts {
            return Err(Error::Conflict("the mailbox has another pts"));
        }
        let moved: i64 = append
            .events
            .iter()
            .map(|event| i64::from(event.pts_count))
            .sum();
        if i64::from(self.head.pts.0) + moved > i64::from(i32::MAX) {
            return Err(Error::Invalid("pts would overflow"));
        }
        for write in &append.messages {
            if let MessageWrite::Put { message, .. } = write
                && self
                    .messages
                    .get(&message.id)
                    .is_some_and(|(old, _)| old.peer != message.peer)
            {
                return Err(Error::Invalid("a message cannot move to another dialog"));
            }
        }
        Ok(None)
    }

    fn apply(&mut self, append: &Append) -> Appended {
        let head = &mut self.head;
        head.epoch = append.epoch;
        head.date = head.date.max(append.date);
        head.qts = head.qts.max(append.qts);
        head.seq = head.seq.max(append.seq);
        for (at, event) in append.events.iter().enumerate() {
            head.pts.0 += event.pts_count;
            head.index = if event.pts_count > 0 {
                0
            } else {
                head.index + 1
            };
            let position = LogPosition {
                pts: head.pts,
                index: head.index,
            };
            let entry = LogEntry {
                position,
                pts_count: event.pts_count,
                date: append.date,
                body: event.body.clone(),
            };
            let op = append.op.filter(|_| at + 1 == append.events.len());
            self.log.insert(position, (entry, op));
        }
        if let Some(op) = append.op {
            let result = OperationResult {
                pts: head.pts,
                result: append.result.clone(),
            };
            self.operations.insert(op, result);
        }
        for write in &append.messages {
            match write {
                MessageWrite::Delete(id) => {
                    self.messages.remove(id);
                }
                MessageWrite::Put { message, text } => {
                    self.head.top = self.head.top.max(message.id);
                    self.messages
                        .insert(message.id, (message.clone(), tokens(text)));
                }
            }
        }
        for write in &append.dialogs {
            match write {
                DialogWrite::Delete(peer) => {
                    self.dialogs.remove(peer);
                }
                DialogWrite::Put(dialog) => {
                    let mut dialog = dialog.clone();
                    if let Some(old) = self.dialogs.get(&dialog.peer) {
                        dialog.read_inbox = dialog.read_inbox.max(old.read_inbox);
                        dialog.read_outbox = dialog.read_outbox.max(old.read_outbox);
                    }
                    self.dialogs.insert(dialog.peer, dialog);
                }
            }
        }
        for (key, value) in &append.settings {
            match value {
                None => self.settings.remove(key),
                Some(value) => self.settings.insert(key.clone(), value.clone()),
            };
        }
        for row in &append.outbox {
            self.outbox.insert(row.id, row.clone());
        }
        for id in &append.delivered {
            self.outbox.remove(id);
        }
        Appended {
            head: self.head.clone(),
            repeated: None,
        }
    }

    fn list(&self, peer: PeerId, list: List) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages
            .values()
            .map(|(message, _)| message)
            .filter(move |message| {
                message.peer == peer
                    && match list {
                        List::All => true,
                        List::Tag(tag) => message.tags >> tag & 1 == 1,
                        List::Thread(thread) => message.thread == thread && thread != MsgId(0),
                    }
            })
    }
}

/// Refuses lists that cannot be.
pub(crate) fn check_list(list: List) -> Result<()> {
    match list {
        List::Tag(32..) => Err(Error::Invalid("there are tags 0 to 31")),
        List::All | List::Tag(_) | List::Thread(_) => Ok(()),
    }
}

impl MemoryStore {
    fn with<T>(&self, id: MailboxId, read: impl FnOnce(&Mailbox) -> T) -> T {
        let state = self.state();
        match state.mailboxes.get(&id) {
            Some(mailbox) => read(mailbox),
            None => read(&Mailbox::default()),
        }
    }
}

#[async_trait]
impl Mailboxes for MemoryStore {
    async fn open_mailbox(&self, id: MailboxId, epoch: u64) -> Result<Head> {
        let mut state = self.state();
        let mailbox = state.mailboxes.entry(id).or_default();
        mailbox.fence(epoch)?;
        mailbox.head.epoch = epoch;
        Ok(mailbox.head.clone())
    }

    async fn head(&self, id: MailboxId) -> Result<Head> {
        Ok(self.with(id, |mailbox| mailbox.head.clone()))
    }

    async fn append_group(&self, appends: Vec<Append>) -> Result<Vec<Appended>> {
        check_group(&appends)?;
        let mut state = self.state();
        if self.atomic_groups {
            for append in &appends {
                state
                    .mailboxes
                    .entry(append.mailbox)
                    .or_default()
                    .check(append)?;
            }
        }
        let mut done = Vec::with_capacity(appends.len());
        for append in &appends {
            let mailbox = state.mailboxes.entry(append.mailbox).or_default();
            let repeated = mailbox.check(append)?;
            done.push(repeated.unwrap_or_else(|| mailbox.apply(append)));
        }
        Ok(done)
    }

    async fn log(&self, id: MailboxId, after: LogPosition, limit: u32) -> Result<LogSlice> {
        check_page(limit)?;
        Ok(self.with(id, |mailbox| {
            if after.pts < mailbox.head.trimmed {
                return LogSlice {
                    too_old: true,
                    ..LogSlice::default()
                };
            }
            let mut rest = mailbox
                .log
                .range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded))
                .map(|(_, (entry, _))| entry.clone());
            let entries = rest.by_ref().take(limit as usize).collect();
            LogSlice {
                entries,
                complete: rest.next().is_none(),
                too_old: false,
            }
        }))
    }

    async fn trim_log(&self, id: MailboxId, epoch: u64, up_to: Pts, limit: u32) -> Result<Head> {
        check_page(limit)?;
        let mut state = self.state();
        let mailbox = state.mailboxes.entry(id).or_default();
        mailbox.fence(epoch)?;
        mailbox.head.epoch = epoch;
        for _ in 0..limit {
            let Some(first) = mailbox
                .log
                .first_entry()
                .filter(|row| row.key().pts <= up_to)
            else {
                break;
            };
            let (entry, op) = first.remove();
            mailbox.head.trimmed = entry.position.pts;
            if let Some(op) = op {
                mailbox.operations.remove(&op);
            }
        }
        Ok(mailbox.head.clone())
    }

    async fn operation(&self, id: MailboxId, op: OpId) -> Result<Option<OperationResult>> {
        Ok(self.with(id, |mailbox| mailbox.operations.get(&op).cloned()))
    }

    async fn dialogs(&self, id: MailboxId) -> Result<Vec<Dialog>> {
        Ok(self.with(id, |mailbox| mailbox.dialogs.values().cloned().collect()))
    }

    async fn dialog(&self, id: MailboxId, peer: PeerId) -> Result<Option<Dialog>> {
        Ok(self.with(id, |mailbox| mailbox.dialogs.get(&peer).cloned()))
    }

    async fn mailbox_settings(&self, id: MailboxId, prefix: Bytes) -> Result<Vec<(Bytes, Bytes)>> {
        Ok(self.with(id, |mailbox| {
            let found = mailbox
                .settings
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix));
            found
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        }))
    }

    async fn outbox(&self, id: MailboxId, limit: u32) -> Result<Vec<OutboxRow>> {
        check_page(limit)?;
        Ok(self.with(id, |mailbox| {
            mailbox
                .outbox
                .values()
                .take(limit as usize)
                .cloned()
                .collect()
        }))
    }

    async fn history(&self, id: MailboxId, query: HistoryQuery) -> Result<Vec<Message>> {
        check_page(query.limit)?;
        check_list(query.list)?;
        Ok(self.with(id, |mailbox| {
            let list = mailbox.list(query.peer, query.list);
            let limit = query.limit as usize;
            match query.direction {
                Direction::Newer => list
                    .filter(|message| query.from.is_none_or(|from| message.id > from))
                    .take(limit)
                    .cloned()
                    .collect(),
                Direction::Older => list
                    .rev()
                    .filter(|message| query.from.is_none_or(|from| message.id < from))
                    .take(limit)
                    .cloned()
                    .collect(),
            }
        }))
    }

    async fn messages(&self, id: MailboxId, ids: Vec<MsgId>) -> Result<Vec<Option<Message>>> {
        check_page(u32::try_from(ids.len()).unwrap_or(u32::MAX))?;
        Ok(self.with(id, |mailbox| {
            let found = ids.iter().map(|id| mailbox.messages.get(id));
            found
                .map(|found| found.map(|(message, _)| message.clone()))
                .collect()
        }))
    }

    async fn count(&self, id: MailboxId, peer: PeerId, list: List) -> Result<u32> {
        check_list(list)?;
        let count = self.with(id, |mailbox| mailbox.list(peer, list).count());
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(if matches!(list, List::Thread(_)) {
            count.min(PAGE_LIMIT_MAX)
        } else {
            count
        })
    }

    async fn count_newer(
        &self,
        id: MailboxId,
        peer: PeerId,
        list: List,
        than: MsgId,
        most: u32,
    ) -> Result<u32> {
        check_page(most)?;
        check_list(list)?;
        let count = self.with(id, |mailbox| {
            mailbox
                .list(peer, list)
                .filter(|message| message.id > than)
                .count()
        });
        Ok(u32::try_from(count).unwrap_or(u32::MAX).min(most))
    }

    async fn search(&self, id: MailboxId, query: SearchQuery) -> Result<SearchPage> {
        check_page(query.limit)?;
        let words = words(&query.text);
        if words.is_empty() {
            return Err(Error::Invalid("a search needs a word"));
        }
        Ok(self.with(id, |mailbox| {
            let found = mailbox.messages.values().rev().filter(|(message, tokens)| {
                words
                    .iter()
                    .all(|word| tokens.iter().any(|token| word.matches(token.as_bytes())))
                    && query.peer.is_none_or(|peer| message.peer == peer)
                    && query.from.is_none_or(|from| message.from == from)
                    && message.tags & query.tags == query.tags
                    && (query.thread == MsgId(0) || message.thread == query.thread)
                    && message.date >= query.min_date
                    && (query.max_date == 0 || message.date <= query.max_date)
            });
            let mut page = SearchPage {
                complete: true,
                ..SearchPage::default()
            };
            for (message, _) in found {
                page.count += 1;
                let on_page = query.before == MsgId(0) || message.id < query.before;
                if on_page && page.messages.len() < query.limit as usize {
                    page.messages.push(message.clone());
                }
            }
            page
        }))
    }
}
