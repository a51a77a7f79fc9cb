//! What rows must look like, and what the rows of one mailbox say about each other.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::mailbox::{DialogRow, LogRow};
use super::{Fact, KeyReader, Table};
use crate::codec::{Codec, from_bytes};
use crate::error::{Error, Result};
use crate::id::{AuthKeyId, LogPosition, MsgId, PeerId, Pts};
use crate::record::{
    AuthKey, Authorization, Blob, Contact, DueTask, Head, Lease, LoginCode, Member, Message,
    OperationResult, Profile, Setting, UploadPart,
};

/// The rows of one mailbox as they come by, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    head: Option<Head>,
    dialogs: BTreeMap<PeerId, DialogRow>,
    log: Vec<(LogPosition, i32)>,
    facts: BTreeMap<MsgId, (PeerId, u32)>,
    history: u64,
    members: u32,
    member_count: u32,
}

impl Mail {
    /// Whether it is a mailbox at all.
    pub(crate) fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// How many messages it has.
    pub(crate) fn messages(&self) -> u64 {
        self.facts.len() as u64
    }

    /// Judges the whole mailbox.
    pub(crate) fn finish(self) -> std::result::Result<(), &'static str> {
        if self.members != self.member_count {
            return Err("has another number of members than it counts");
        }
        if self.facts.len() as u64 != self.history {
            return Err("has another number of messages than of facts");
        }
        let head = self.head.unwrap_or_default();
        if self
            .facts
            .last_key_value()
            .is_some_and(|(id, _)| *id > head.top)
        {
            return Err("has a message above its highest id");
        }
        let mut counted: BTreeMap<PeerId, DialogRow> = BTreeMap::new();
        for (peer, tags) in self.facts.into_values() {
            counted.entry(peer).or_default().count(None, Some(tags));
        }
        for (peer, row) in &self.dialogs {
            let real = counted.remove(peer).unwrap_or_default();
            let sorted = |mut tags: Vec<(u8, u32)>| {
                tags.sort_unstable();
                tags
            };
            if real.messages != row.messages || sorted(real.tags) != sorted(row.tags.clone()) {
                return Err("counts the messages of a dialog wrongly");
            }
        }
        if !counted.is_empty() {
            return Err("has messages without a dialog row");
        }
        check_log(&head, &self.log)
    }
}

fn check_log(head: &Head, log: &[(LogPosition, i32)]) -> std::result::Result<(), &'static str> {
    let mut last = LogPosition::from(head.trimmed);
    for (position, pts_count) in log {
        // A trim may have stopped between an event and those without a pts behind it.
        if position.pts > last.pts {
            if position.index != 0 || position.pts.0 - pts_count != last.pts.0 {
                return Err("has a gap in its log");
            }
        } else if position.pts < last.pts {
            return Err("has a log entry below the trimmed ones");
        }
        last = *position;
    }
    if last.pts == head.pts {
        Ok(())
    } else {
        Err("has a log that does not end at its pts")
    }
}

/// Checks the form of one row; `inner` is its key behind the home.
pub(crate) fn check_row(inner: &[u8], value: Bytes, mail: Option<&mut Mail>) -> Result<()> {
    let mut key = KeyReader(inner);
    let number = key.u8()?;
    let mut nothing = Mail::default();
    let mail = mail.unwrap_or(&mut nothing);
    let table = TABLES.into_iter().find(|table| *table as u8 == number);
    let table = table.ok_or_else(|| Error::Corrupt("is of an unknown kind".into()))?;
    match table {
        Table::Head => mail.head = Some(from_bytes(value)?),
        Table::Dialog => {
            mail.dialogs.insert(key.peer()?, from_bytes(value)?);
        }
        Table::Log => {
            let position = LogPosition {
                pts: Pts(key.i32()?),
                index: key.u32()?,
            };
            mail.log
                .push((position, from_bytes::<LogRow>(value)?.pts_count));
        }
        Table::Fact => {
            let fact: Fact = from_bytes(value)?;
            mail.facts.insert(MsgId(key.i32()?), (fact.peer, fact.tags));
        }
        Table::History => {
            let (peer, id) = (key.peer()?, MsgId(key.i32()?));
            let message: Message = from_bytes(value)?;
            let fact = mail.facts.get(&id);
            if (message.peer, message.id) != (peer, id)
                || fact != Some(&(message.peer, message.tags))
            {
                return Err(Error::Corrupt(
                    "is a message that its fact does not know".into(),
                ));
            }
            mail.history += 1;
        }
        Table::Member => {
            check::<Member>(value)?;
            mail.members += 1;
        }
        Table::MemberCount => mail.member_count = from_bytes(value)?,
        Table::Operation => check::<OperationResult>(value)?,
        Table::Profile => check::<Profile>(value)?,
        Table::Name => check::<PeerId>(value)?,
        Table::AuthKey => check::<AuthKey>(value)?,
        Table::TempKey => check::<AuthKeyId>(value)?,
        Table::Authorization => check::<Authorization>(value)?,
        Table::LoginCode => check::<LoginCode>(value)?,
        Table::Contact => check::<Contact>(value)?,
        Table::UploadPart => check::<UploadPart>(value)?,
        Table::Blob => check::<Blob>(value)?,
        Table::Due => check::<DueTask>(value)?,
        Table::Lease => check::<Lease>(value)?,
        Table::Setting => check::<Setting>(value)?,
        Table::BlobReference
        | Table::Document
        | Table::Fold
        | Table::ListIndex
        | Table::MailboxSetting
        | Table::Membership
        | Table::Outbox
        | Table::Refold
        | Table::Segment => {}
    }
    Ok(())
}

/// Every table there is.
const TABLES: [Table; 29] = [
    Table::Head,
    Table::Dialog,
    Table::Fold,
    Table::Log,
    Table::Fact,
    Table::History,
    Table::Operation,
    Table::MailboxSetting,
    Table::Outbox,
    Table::ListIndex,
    Table::Segment,
    Table::Refold,
    Table::Profile,
    Table::Name,
    Table::AuthKey,
    Table::TempKey,
    Table::Authorization,
    Table::LoginCode,
    Table::Contact,
    Table::Member,
    Table::MemberCount,
    Table::Membership,
    Table::UploadPart,
    Table::Blob,
    Table::BlobReference,
    Table::Document,
    Table::Due,
    Table::Lease,
    Table::Setting,
];

fn check<T: Codec>(value: Bytes) -> Result<()> {
    from_bytes::<T>(value).map(|_| ())
}
