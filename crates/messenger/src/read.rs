//! Read marks, both ways (B.3).

use std::collections::BTreeMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{Dialog, Direction, HistoryQuery, List, MailboxId, Message, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::dialog::{self, UNREAD_MARK};
use crate::error::Result;
use crate::mailbox::{Batch, Letter};
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::tag;
use crate::time::Now;

/// How many messages of a group are looked through for authors who have not been read yet.
const READ_RANGE_MAX: u32 = 500;
/// How many read marks of a dialog are remembered with their time.
const READ_DATES_MAX: usize = 100;
/// How long it is remembered when something was read, seconds.
pub const READ_DATE_LIFE_S: u32 = 7 * 86_400;

/// What a change did to the caller's mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// The `pts` after it.
    pub pts: i32,
    /// How far it moved it.
    pub pts_count: i32,
}

impl Messenger {
    /// Everything up to `max_id` is read (0: everything). Whoever wrote it is told.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_history(
        &self,
        actor: Actor,
        peer: PeerId,
        max_id: MsgId,
        now: Now,
    ) -> Result<Affected> {
        let reader = actor.user;
        let mailbox = MailboxId::User(reader);
        let before = self.store.dialog(mailbox, peer).await?;
        let Some(before) = before else {
            return self.unaffected(reader).await;
        };
        let up_to = clip(max_id, before.top);
        let authors = if peer == PeerId::User(reader) || up_to <= before.read_inbox {
            BTreeMap::new()
        } else {
            self.authors_read(reader, peer, before.read_inbox, up_to)
                .await?
        };
        let mut authors = authors;
        for author in authors.keys().copied().collect::<Vec<_>>() {
            // Bots do not care who reads them.
            if self.is_bot(author).await? {
                authors.remove(&author);
            }
        }
        let mailboxes = authors.keys().map(|author| MailboxId::User(*author));
        let mut batch = self.open(mailboxes.chain([mailbox]), now).await?;
        let mut dialog = batch.dialog(mailbox, peer).await?;
        let had_mark = dialog.flags & UNREAD_MARK != 0;
        let moved = up_to > dialog.read_inbox;
        if !moved && !had_mark {
            return self.unaffected(reader).await;
        }
        if had_mark {
            dialog.flags &= !UNREAD_MARK;
            let draft = batch.user(reader);
            draft.put_dialog(dialog.clone());
            draft.note(dialog::unread_mark_update(peer, false))?;
        }
        let mut affected = Affected {
            pts: batch.user(reader).pts().0,
            pts_count: 0,
        };
        if moved {
            dialog.read_inbox = up_to;
            dialog.unread = self.unread_after(reader, &dialog, up_to).await?;
            put_inbox_mark(&mut batch, reader, dialog)?;
            affected = Affected {
                pts: batch.user(reader).pts().0,
                pts_count: 1,
            };
            let dates = self.read_dates(reader, peer).await?;
            let dates = with_read_date(dates, up_to, now.unix_s());
            batch
                .user(reader)
                .put_setting(read_dates_key(peer), Some(dates));
        }
        for (author, id) in authors {
            // In a group the first reader counts; the author knows the chat by another name else.
            let seen_as = match peer {
                PeerId::User(_) => PeerId::User(reader),
                PeerId::Chat(_) | PeerId::Channel(_) => peer,
            };
            put_outbox_mark(&mut batch, author, seen_as, id).await?;
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(affected)
    }

    /// Everything in a dialog counts as read, but nobody is told that it was.
    pub(crate) async fn read_silently(
        &self,
        actor: Actor,
        peer: PeerId,
        now: Now,
    ) -> Result<Affected> {
        let reader = actor.user;
        let mailbox = MailboxId::User(reader);
        let mut batch = self.open([mailbox], now).await?;
        let dialog = batch.find_dialog(mailbox, peer).await?;
        let Some(mut dialog) = dialog.filter(|dialog| dialog.read_inbox < dialog.top) else {
            return self.unaffected(reader).await;
        };
        dialog.read_inbox = dialog.top;
        dialog.unread = 0;
        put_inbox_mark(&mut batch, reader, dialog)?;
        let pts = batch.user(reader).pts().0;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(Affected { pts, pts_count: 1 })
    }

    /// Nothing has changed: where the mailbox stands.
    pub(crate) async fn unaffected(&self, user: UserId) -> Result<Affected> {
        let head = self.store.head(MailboxId::User(user)).await?;
        Ok(Affected {
            pts: head.pts.0,
            pts_count: 0,
        })
    }

    /// Whose messages lie in a range, with the highest id that each of them knows one by.
    async fn authors_read(
        &self,
        reader: UserId,
        peer: PeerId,
        above: MsgId,
        up_to: MsgId,
    ) -> Result<BTreeMap<UserId, MsgId>> {
        let query = HistoryQuery {
            peer,
            list: List::All,
            from: Some(MsgId(up_to.0.saturating_add(1))),
            direction: Direction::Older,
            limit: match peer {
                // The newest one tells it all; a few own ones may stand above it.
                PeerId::User(_) => 16,
                PeerId::Chat(_) | PeerId::Channel(_) => READ_RANGE_MAX,
            },
        };
        let mut authors = BTreeMap::new();
        let mut from = query.from;
        loop {
            let page = self
                .store
                .history(MailboxId::User(reader), HistoryQuery { from, ..query })
                .await?;
            for message in &page {
                if message.id <= above {
                    return Ok(authors);
                }
                let Some((author, id)) = copy_of_author(reader, message)? else {
                    continue;
                };
                authors.entry(author).or_insert(id);
                if matches!(peer, PeerId::User(_)) {
                    return Ok(authors);
                }
            }
            match page.last() {
                Some(last) if matches!(peer, PeerId::User(_)) => from = Some(last.id),
                _ => return Ok(authors),
            }
        }
    }

    /// Incoming messages above the read mark.
    async fn unread_after(&self, reader: UserId, dialog: &Dialog, up_to: MsgId) -> Result<u32> {
        let mut unread = 0;
        let mut from = up_to;
        // What stands above the top is not there yet.
        while from < dialog.top {
            let page = self
                .store
                .history(
                    MailboxId::User(reader),
                    HistoryQuery {
                        peer: dialog.peer,
                        list: List::All,
                        from: Some(from),
                        direction: Direction::Newer,
                        limit: 500,
                    },
                )
                .await?;
            let incoming = page.iter().filter(|message| {
                message.from != PeerId::User(reader)
                    || message.tags & tag::bit(tag::FROM_SCHEDULED) != 0
            });
            unread += u32::try_from(incoming.count()).unwrap_or(0);
            match page.last() {
                Some(last) if page.len() == 500 => from = last.id,
                _ => break,
            }
        }
        Ok(unread)
    }

    /// Who has read a message that `author` wrote, and when, as far as that is known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_by(&self, author: UserId, letter: &Letter) -> Result<Vec<(UserId, u32)>> {
        let mut read = Vec::new();
        for (reader, id) in self.copies(author, letter).await? {
            let peer = match letter.peer {
                PeerId::User(_) => PeerId::User(author),
                PeerId::Chat(_) | PeerId::Channel(_) => letter.peer,
            };
            let dates = self.read_dates(reader, peer).await?;
            // The first mark at or above the message is when it was read.
            if let Some((_, date)) = dates.into_iter().find(|(mark, _)| *mark >= id) {
                read.push((reader, date));
            }
        }
        Ok(read)
    }

    /// When which marks of a dialog were set, oldest first.
    pub(crate) async fn read_dates(
        &self,
        reader: UserId,
        peer: PeerId,
    ) -> Result<Vec<(MsgId, u32)>> {
        let key = read_dates_key(peer);
        let found = self
            .store
            .mailbox_settings(MailboxId::User(reader), key.clone())
            .await?;
        let value = found.into_iter().find(|(other, _)| *other == key);
        let mut dates = Vec::new();
        if let Some((_, mut value)) = value {
            while value.remaining() >= 8 {
                dates.push((MsgId(value.get_i32_le()), value.get_u32_le()));
            }
        }
        Ok(dates)
    }
}

/// 0 and everything beyond the newest message mean all.
fn clip(max_id: MsgId, top: MsgId) -> MsgId {
    if max_id.0 <= 0 { top } else { max_id.min(top) }
}

/// Who wrote an incoming message, and the id of their own copy.
fn copy_of_author(reader: UserId, message: &Message) -> Result<Option<(UserId, MsgId)>> {
    let PeerId::User(author) = message.from else {
        return Ok(None);
    };
    if author == reader {
        return Ok(None);
    }
    let id = Letter::read(message)?.senders_id();
    Ok(id.map(|id| (author, id)))
}

/// Moves the mark of what others have read of a user's messages.
async fn put_outbox_mark(
    batch: &mut Batch<'_>,
    author: UserId,
    peer: PeerId,
    id: MsgId,
) -> Result<()> {
    let mailbox = MailboxId::User(author);
    let Some(mut dialog) = batch.find_dialog(mailbox, peer).await? else {
        return Ok(());
    };
    if dialog.read_outbox >= id {
        return Ok(());
    }
    dialog.read_outbox = id;
    let draft = batch.user(author);
    draft.put_dialog(dialog);
    draft.update(1, |pts| types::Update::ReadHistoryOutbox {
        peer: tl_peer(peer),
        max_id: id.0,
        pts,
        pts_count: 1,
    })
}

/// Keeps a dialog whose read mark has moved, and says so.
fn put_inbox_mark(batch: &mut Batch<'_>, reader: UserId, dialog: Dialog) -> Result<()> {
    let folder_id = (dialog.folder != dialog::MAIN).then(|| dialog.folder.cast_signed());
    let still_unread_count = i32::try_from(dialog.unread).unwrap_or(i32::MAX);
    let (peer, max_id) = (tl_peer(dialog.peer), dialog.read_inbox.0);
    let draft = batch.user(reader);
    draft.put_dialog(dialog);
    draft.update(1, |pts| {
        types::Update::ReadHistoryInbox(Box::new(constructors::UpdateReadHistoryInbox {
            folder_id,
            peer,
            top_msg_id: None,
            max_id,
            still_unread_count,
            pts,
            pts_count: 1,
        }))
    })
}

fn read_dates_key(peer: PeerId) -> Bytes {
    let (kind, id) = peer.parts();
    let mut key = BytesMut::from(&b"read"[..]);
    key.put_u8(kind);
    key.put_i64(id);
    key.freeze()
}

fn with_read_date(mut dates: Vec<(MsgId, u32)>, id: MsgId, now_s: u32) -> Bytes {
    dates.retain(|(_, date)| date.saturating_add(READ_DATE_LIFE_S) > now_s);
    dates.push((id, now_s));
    let first = dates.len().saturating_sub(READ_DATES_MAX);
    let mut bytes = BytesMut::new();
    for (id, date) in &dates[first..] {
        bytes.put_i32_le(id.0);
        bytes.put_u32_le(*date);
    }
    bytes.freeze()
}
