//! Read marks of channels, and mentions (D2).

use std::collections::BTreeMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{ChannelId, Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use super::member::Standing;
use super::view::{author, mention_key};
use crate::Messenger;
use crate::dialog::{UNREAD_MARK, unread_mark_update};
use crate::error::Result;
use crate::link::Link;
use crate::mailbox::{Draft, Letter};
use crate::publish::Actor;
use crate::time::Now;

/// The two members who have read farthest, in the mailbox of the channel.
const READERS: &[u8] = b"readers";
/// How many messages are looked through for authors who have not been read yet.
const READ_RANGE_MAX: u32 = 100;

/// How far the two members have read who have read farthest: so it is known how far others than
/// any one member have.
type Readers = Vec<(UserId, MsgId)>;

fn read_readers(mut bytes: &[u8]) -> Readers {
    let mut readers = Vec::with_capacity(2);
    while bytes.remaining() >= 12 {
        readers.push((UserId(bytes.get_i64_le()), MsgId(bytes.get_i32_le())));
    }
    readers
}

/// The readers after one more has read up to a message; `None` when that makes no difference.
fn with_reader(mut readers: Readers, user: UserId, id: MsgId) -> Option<Readers> {
    let before = readers.clone();
    if let Some((_, mark)) = readers.iter_mut().find(|(other, _)| *other == user) {
        *mark = (*mark).max(id);
    } else {
        readers.push((user, id));
    }
    readers.sort_unstable_by_key(|(_, mark)| std::cmp::Reverse(*mark));
    readers.truncate(2);
    (readers != before).then_some(readers)
}

impl Messenger {
    async fn readers(&self, channel: ChannelId) -> Result<Readers> {
        let found = self
            .store
            .mailbox_settings(MailboxId::Channel(channel), Bytes::from_static(READERS))
            .await?;
        Ok(found
            .first()
            .map(|(_, body)| read_readers(body))
            .unwrap_or_default())
    }

    /// How far others than this member have read.
    pub(crate) async fn read_by_others(&self, channel: ChannelId, user: UserId) -> Result<MsgId> {
        let readers = self.readers(channel).await?;
        let others = readers.into_iter().filter(|(other, _)| *other != user);
        Ok(others.map(|(_, id)| id).max().unwrap_or(MsgId(0)))
    }

    /// A member has read up to a message of a locked channel.
    pub(crate) async fn note_reader(
        &self,
        draft: &mut Draft,
        channel: ChannelId,
        user: UserId,
        id: MsgId,
    ) -> Result<()> {
        let key = Bytes::from_static(READERS);
        let readers = match draft.pending_setting(&key) {
            Some(body) => read_readers(&body),
            None => self.readers(channel).await?,
        };
        if let Some(readers) = with_reader(readers, user, id) {
            let mut body = BytesMut::with_capacity(24);
            for (user, id) in readers {
                body.put_i64_le(user.0);
                body.put_i32_le(id.0);
            }
            draft.put_setting(key, Some(body.freeze()));
        }
        Ok(())
    }

    /// Everything up to a message (0: everything) is read; whether that is news.
    ///
    /// # Errors
    /// `Private`, or when the store fails.
    pub async fn read_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        max_id: MsgId,
        now: Now,
    ) -> Result<bool> {
        let reader = actor.user;
        let standing = self.reading(reader, id, now).await?;
        if !standing.is_member() {
            return Ok(false);
        }
        let peer = standing.channel.peer();
        let home = MailboxId::User(reader);
        let mut batch = self.open([home], now).await?;
        let mut dialog = batch.dialog(home, peer).await?;
        let (tip, _) = self.tip(id).await?;
        let up_to = if max_id.0 <= 0 { tip } else { max_id.min(tip) };
        let before = dialog.read_inbox;
        let had_mark = dialog.flags & UNREAD_MARK != 0;
        if up_to <= before && !had_mark {
            return Ok(false);
        }
        dialog.flags &= !UNREAD_MARK;
        dialog.read_inbox = before.max(up_to);
        let folder_id = (dialog.folder != crate::MAIN).then(|| dialog.folder.cast_signed());
        let mark = dialog.read_inbox;
        batch.user(reader).put_dialog(dialog);
        if had_mark {
            batch.user(reader).note(unread_mark_update(peer, false))?;
        }
        let unread = self.unread_in(id, mark, standing.available_min()).await?;
        let head = self.store.head(MailboxId::Channel(id)).await?;
        batch.user(reader).say(types::Update::ReadChannelInbox {
            folder_id,
            channel_id: id.0,
            max_id: mark.0,
            still_unread_count: i32::try_from(unread).unwrap_or(i32::MAX),
            pts: head.pts.0,
        });
        batch.commit(actor, None, Bytes::new()).await?;
        if standing.channel.megagroup && up_to > before {
            self.tell_authors(&standing, before, up_to, now).await?;
        }
        Ok(true)
    }

    /// Tells the authors of what was read, each the first time.
    async fn tell_authors(
        &self,
        standing: &Standing,
        above: MsgId,
        up_to: MsgId,
        now: Now,
    ) -> Result<()> {
        let id = standing.channel.channel_id();
        let mut authors: BTreeMap<UserId, MsgId> = BTreeMap::new();
        let query = HistoryQuery {
            peer: standing.channel.peer(),
            list: List::All,
            from: Some(MsgId(up_to.0.saturating_add(1))),
            direction: Direction::Older,
            limit: READ_RANGE_MAX,
        };
        for message in self.store.history(MailboxId::Channel(id), query).await? {
            if message.id <= above {
                break;
            }
            let author = author(&Letter::read(&message)?);
            if author != standing.user && author.0 != 0 {
                authors.entry(author).or_insert(message.id);
            }
        }
        let readers = self.readers(id).await?;
        if with_reader(readers, standing.user, up_to).is_none() {
            return Ok(());
        }
        let mut batch = self.lock_channel(id, [], now).await?;
        for (author, read) in authors {
            if self.read_by_others(id, author).await? < read {
                batch.tell(
                    author,
                    types::Update::ReadChannelOutbox {
                        channel_id: id.0,
                        max_id: read.0,
                    },
                );
            }
        }
        let draft = batch.draft(MailboxId::Channel(id));
        self.note_reader(draft, id, standing.user, up_to).await?;
        batch
            .commit(Actor::server(UserId(0)), None, Bytes::new())
            .await?;
        Ok(())
    }

    /// Messages of a channel were opened: what mentions the actor is looked at, what was recorded is
    /// listened to.
    ///
    /// # Errors
    /// `Private`, or when the store fails.
    pub async fn read_channel_contents(
        &self,
        actor: Actor,
        id: ChannelId,
        ids: &[MsgId],
        now: Now,
    ) -> Result<()> {
        let user = actor.user;
        let standing = self.reading(user, id, now).await?;
        let mut batch = self.lock_channel(id, [user], now).await?;
        let unread = self.unread_mentions(user, id).await?;
        let mut opened = Vec::new();
        let mut looked_at = 0;
        for wanted in ids {
            let Some(mut letter) = self.kept_post(id, *wanted).await? else {
                continue;
            };
            let mut is_new = false;
            if unread.contains(wanted) {
                let key = mention_key(id, *wanted);
                batch.user(user).put_setting(key, None);
                looked_at += 1;
                is_new = true;
            }
            let wrote_it = author(&letter);
            if let types::Message::Message(message) = &mut letter.message
                && message.media_unread
                && wrote_it != user
            {
                message.media_unread = false;
                batch.draft(MailboxId::Channel(id)).put(letter)?;
                batch.tell(wrote_it, contents_update(id, vec![wanted.0]));
                is_new = true;
            }
            if is_new {
                opened.push(wanted.0);
            }
        }
        if opened.is_empty() {
            return Ok(());
        }
        if looked_at > 0 {
            let home = MailboxId::User(user);
            let mut dialog = batch.dialog(home, standing.channel.peer()).await?;
            dialog.mentions = dialog.mentions.saturating_sub(looked_at);
            batch.user(user).put_dialog(dialog);
        }
        batch.user(user).note(contents_update(id, opened))?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// The `pts` of a channel.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_pts(&self, id: ChannelId) -> Result<i32> {
        let head = self.store.head(MailboxId::Channel(id)).await?;
        Ok(head.pts.0.max(1))
    }

    /// Marks a channel's messages for a user, as a dialog has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_marks(
        &self,
        user: UserId,
        id: ChannelId,
    ) -> Result<Option<store::Dialog>> {
        let peer = PeerId::Channel(id);
        let dialog = self.store.dialog(MailboxId::User(user), peer).await?;
        let dialog = dialog.unwrap_or_else(|| super::post::new_dialog(id, MsgId(0)));
        self.channel_dialog(user, id, dialog).await
    }
}

fn contents_update(id: ChannelId, messages: Vec<i32>) -> types::Update {
    types::Update::ChannelReadMessagesContents(Box::new(
        constructors::UpdateChannelReadMessagesContents::new(id.0, messages),
    ))
}

/// Members whose attention a message wanted.
pub(crate) fn mentioned(letter: &Letter) -> &[UserId] {
    match &letter.link {
        Link::Shared(shared) => &shared.mentioned,
        Link::Alone | Link::Hub(_) | Link::Pair(_) | Link::Spoke(..) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readers_tell_what_others_have_read() {
        let one = with_reader(Vec::new(), UserId(1), MsgId(5)).unwrap();
        let two = with_reader(one, UserId(2), MsgId(9)).unwrap();
        assert_eq!(two, [(UserId(2), MsgId(9)), (UserId(1), MsgId(5))]);
        assert_eq!(with_reader(two.clone(), UserId(3), MsgId(4)), None);
        assert_eq!(with_reader(two.clone(), UserId(1), MsgId(3)), None);
        let three = with_reader(two, UserId(3), MsgId(7)).unwrap();
        assert_eq!(three, [(UserId(2), MsgId(9)), (UserId(3), MsgId(7))]);
    }
}
