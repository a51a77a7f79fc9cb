//! Deleting messages, for oneself and for others (A.7, A75, A76).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use store::{ChatId, Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::dialog;
use crate::error::{Error, Result};
use crate::link::{Link, lost_hub_key};
use crate::mailbox::{Batch, Letter};
use crate::publish::Actor;
use crate::read::Affected;
use crate::tag;
use crate::time::Now;

/// Messages of a history that are deleted at once.
const BATCH_LEN: usize = 100;
/// Messages of one mailbox that are deleted at once: an append has room for no more changes, and
/// each may take its dialog and its link along.
const OWN_MAX: usize = 80;
/// Copies in all mailboxes that are deleted at once.
const COPIES_MAX: usize = 1_000;

/// Which part of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clearing {
    /// The dialog stays in the list.
    pub just_clear: bool,
    /// Copies of others go as well, as far as that is allowed.
    pub revoke: bool,
    /// Only messages up to this one; 0 for all.
    pub max_id: MsgId,
    /// Only messages of this time, Unix seconds.
    pub dates: Option<(u32, u32)>,
}

/// What clearing a history has done yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// The change of the caller's mailbox.
    pub affected: Affected,
    /// There is more to delete: ask again.
    pub more: bool,
}

impl Messenger {
    /// Deletes messages of the actor's mailbox; with `revoke` the other copies as well, where
    /// the actor may.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_messages(
        &self,
        actor: Actor,
        ids: &[MsgId],
        revoke: bool,
        now: Now,
    ) -> Result<Affected> {
        let unique: BTreeSet<MsgId> = ids.iter().copied().collect();
        let mut letters = Vec::new();
        for message in self
            .store
            .messages(MailboxId::User(actor.user), unique.into_iter().collect())
            .await?
            .into_iter()
            .flatten()
        {
            letters.push(Letter::read(&message)?);
        }
        self.delete_letters(actor, letters, revoke, now).await
    }

    /// Deletes these messages.
    pub(crate) async fn delete_letters(
        &self,
        actor: Actor,
        letters: Vec<Letter>,
        revoke: bool,
        now: Now,
    ) -> Result<Affected> {
        let mut affected = self.unaffected(actor.user).await?;
        let mut doomed: BTreeMap<UserId, Vec<MsgId>> = BTreeMap::new();
        let mut count = 0;
        for letter in letters {
            let mut copies = Vec::new();
            if revoke && self.may_revoke(actor.user, &letter).await? {
                copies = self.copies(actor.user, &letter).await?;
            }
            count += copies.len() + 1;
            doomed.entry(actor.user).or_default().push(letter.id());
            for (user, id) in copies {
                doomed.entry(user).or_default().push(id);
            }
            let own = doomed.get(&actor.user).map_or(0, Vec::len);
            if own >= OWN_MAX || count >= COPIES_MAX {
                let some = std::mem::take(&mut doomed);
                affected = add(affected, self.delete_copies(actor, some, now).await?);
                count = 0;
            }
        }
        if count > 0 {
            affected = add(affected, self.delete_copies(actor, doomed, now).await?);
        }
        Ok(affected)
    }

    /// Deletes notices of calls, at most as many as fit into one request; which ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_call_history(
        &self,
        actor: Actor,
        revoke: bool,
        now: Now,
    ) -> Result<(Cleared, Vec<MsgId>)> {
        let mailbox = MailboxId::User(actor.user);
        let mut letters = Vec::new();
        let mut more = false;
        for dialog in self.store.dialogs(mailbox).await? {
            if !matches!(dialog.peer, PeerId::User(_)) {
                continue;
            }
            let query = HistoryQuery {
                peer: dialog.peer,
                list: List::Tag(tag::PHONE_CALL),
                from: None,
                direction: Direction::Older,
                limit: 500,
            };
            for message in self.store.history(mailbox, query).await? {
                letters.push(Letter::read(&message)?);
            }
            if letters.len() > BATCH_LEN {
                letters.truncate(BATCH_LEN);
                more = true;
                break;
            }
        }
        let ids = letters.iter().map(Letter::id).collect();
        let mut affected = self.unaffected(actor.user).await?;
        for some in letters.chunks(OWN_MAX) {
            let mut doomed: BTreeMap<UserId, Vec<MsgId>> = BTreeMap::new();
            for letter in some {
                doomed.entry(actor.user).or_default().push(letter.id());
                // Other notices stay with the other side; those of calls may go.
                if revoke {
                    for (user, id) in self.copies(actor.user, letter).await? {
                        doomed.entry(user).or_default().push(id);
                    }
                }
            }
            affected = add(affected, self.delete_copies(actor, doomed, now).await?);
        }
        Ok((Cleared { affected, more }, ids))
    }

    /// Deletes a message in all of its copies, whoever may or may not.
    pub(crate) async fn delete_everywhere(
        &self,
        owner: UserId,
        letter: Letter,
        now: Now,
    ) -> Result<()> {
        let mut copies = self.copies(owner, &letter).await?;
        copies.push((owner, letter.id()));
        self.delete_orphans(owner, copies, now).await
    }

    /// Deletes these copies of a message.
    pub(crate) async fn delete_orphans(
        &self,
        owner: UserId,
        copies: Vec<(UserId, MsgId)>,
        now: Now,
    ) -> Result<()> {
        let mut doomed: BTreeMap<UserId, Vec<MsgId>> = BTreeMap::new();
        doomed.insert(owner, Vec::new());
        for (user, id) in copies {
            doomed.entry(user).or_default().push(id);
        }
        self.delete_copies(Actor::server(owner), doomed, now)
            .await?;
        Ok(())
    }

    /// A.7: both sides of a private chat may take back everything but service messages of
    /// others; in a group one's own messages, and admins all.
    async fn may_revoke(&self, user: UserId, letter: &Letter) -> Result<bool> {
        let is_service = matches!(letter.message, types::Message::Service(_));
        let own = letter.from == PeerId::User(user);
        Ok(match letter.peer {
            PeerId::User(other) => other != user && !is_service,
            PeerId::Chat(id) => match self.chat(id).await? {
                Some(chat) if chat.is_admin(user) => true,
                Some(chat) => chat.member(user).is_some() && own && !is_service,
                None => false,
            },
            PeerId::Channel(_) => false,
        })
    }

    /// Deletes copies in many mailboxes; tells what happened to the actor's.
    async fn delete_copies(
        &self,
        actor: Actor,
        doomed: BTreeMap<UserId, Vec<MsgId>>,
        now: Now,
    ) -> Result<Affected> {
        let mailboxes = doomed.keys().map(|user| MailboxId::User(*user));
        let mut batch = self.open(mailboxes, now).await?;
        let mut affected = Affected {
            pts: batch.user(actor.user).pts().0,
            pts_count: 0,
        };
        for (user, ids) in doomed {
            let count = self.delete_in(&mut batch, user, ids).await?;
            if user == actor.user {
                affected = Affected {
                    pts: batch.user(user).pts().0,
                    pts_count: count,
                };
            }
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(affected)
    }

    /// Deletes what is there of these messages of one mailbox; gives back how many.
    async fn delete_in(&self, batch: &mut Batch<'_>, user: UserId, ids: Vec<MsgId>) -> Result<i32> {
        let mailbox = MailboxId::User(user);
        let mut by_dialog: BTreeMap<PeerId, Vec<Letter>> = BTreeMap::new();
        for message in self
            .store
            .messages(mailbox, ids)
            .await?
            .into_iter()
            .flatten()
        {
            let letter = Letter::read(&message)?;
            by_dialog.entry(letter.peer).or_default().push(letter);
        }
        let mut gone: Vec<MsgId> = Vec::new();
        for (peer, letters) in by_dialog {
            let ids: Vec<MsgId> = letters.iter().map(Letter::id).collect();
            if let Some(mut dialog) = batch.find_dialog(mailbox, peer).await? {
                for letter in &letters {
                    forget(&mut dialog, user, letter);
                }
                self.retop(user, &mut dialog, &ids).await?;
                batch.user(user).put_dialog(dialog);
            }
            for letter in &letters {
                if let Link::Hub(_) = &letter.link {
                    // The other copies still find each other through it.
                    let kept = letter.link.append_to(Bytes::new());
                    batch
                        .user(user)
                        .put_setting(lost_hub_key(letter.id()), Some(kept));
                }
            }
            gone.extend(ids);
        }
        gone.sort_unstable();
        batch.user(user).delete(&gone)?;
        Ok(i32::try_from(gone.len()).unwrap_or(i32::MAX))
    }

    /// Clears a history, as much of it as fits in one step.
    ///
    /// # Errors
    /// `AdminRequired` to clear a group for all, or when the store fails.
    pub async fn clear_history(
        &self,
        actor: Actor,
        peer: PeerId,
        clearing: Clearing,
        now: Now,
    ) -> Result<Cleared> {
        if let (PeerId::Chat(id), true) = (peer, clearing.revoke) {
            let chat = self.chat(id).await?.ok_or(Error::ChatUnknown)?;
            if chat.creator != actor.user.0 {
                return Err(Error::AdminRequired);
            }
        }
        let (letters, more) = self.doomed(actor.user, peer, clearing).await?;
        let keeps_place = clearing.just_clear && clearing.max_id.0 == 0 && clearing.dates.is_none();
        let mut affected = self.unaffected(actor.user).await?;
        if clearing.max_id.0 == 0 && clearing.dates.is_none() {
            affected = self.read_silently(actor, peer, now).await?;
        }
        let top = letters.first().cloned();
        let rest = if keeps_place && !more {
            letters.get(1..).unwrap_or_default().to_vec()
        } else {
            letters
        };
        if !rest.is_empty() {
            let deleted = self
                .delete_letters(actor, rest, clearing.revoke, now)
                .await?;
            affected = add(affected, deleted);
        }
        if !more {
            let whole = clearing.max_id.0 == 0 && clearing.dates.is_none();
            let end = self
                .finish_clearing(
                    actor,
                    peer,
                    top.filter(|_| keeps_place),
                    clearing,
                    whole,
                    now,
                )
                .await?;
            affected = add(affected, end);
        }
        Ok(Cleared { affected, more })
    }

    /// Deletes the saved messages that were taken from one chat.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_saved(
        &self,
        actor: Actor,
        from: PeerId,
        max_id: MsgId,
        now: Now,
    ) -> Result<Cleared> {
        let mut letters = self.saved_from(actor.user, from).await?;
        letters.retain(|letter| max_id.0 == 0 || letter.id() <= max_id);
        let more = letters.len() > BATCH_LEN;
        letters.truncate(BATCH_LEN);
        let affected = self.delete_letters(actor, letters, false, now).await?;
        Ok(Cleared { affected, more })
    }

    /// Deletes for all what a member of a group has written.
    pub(crate) async fn revoke_messages_of(
        &self,
        actor: Actor,
        chat: ChatId,
        author: UserId,
        now: Now,
    ) -> Result<()> {
        let mut from = None;
        loop {
            let query = HistoryQuery {
                peer: PeerId::Chat(chat),
                list: List::All,
                from,
                direction: Direction::Older,
                limit: 500,
            };
            let page = self
                .store
                .history(MailboxId::User(actor.user), query)
                .await?;
            let mut letters = Vec::new();
            for message in &page {
                if message.from == PeerId::User(author) {
                    let letter = Letter::read(message)?;
                    if matches!(letter.message, types::Message::Message(_)) {
                        letters.push(letter);
                    }
                }
            }
            self.delete_letters(actor, letters, true, now).await?;
            match page.last() {
                Some(last) if page.len() == 500 => from = Some(last.id),
                _ => return Ok(()),
            }
        }
    }

    /// The newest messages to be deleted, and whether there are more.
    async fn doomed(
        &self,
        user: UserId,
        peer: PeerId,
        clearing: Clearing,
    ) -> Result<(Vec<Letter>, bool)> {
        let mut from = (clearing.max_id.0 > 0).then(|| MsgId(clearing.max_id.0.saturating_add(1)));
        let mut letters = Vec::new();
        loop {
            let query = HistoryQuery {
                peer,
                list: List::All,
                from,
                direction: Direction::Older,
                limit: 500,
            };
            let page = self.store.history(MailboxId::User(user), query).await?;
            for message in &page {
                if let Some((first, last)) = clearing.dates {
                    if message.date > last {
                        continue;
                    }
                    if message.date < first {
                        return Ok((letters, false));
                    }
                }
                if letters.len() > BATCH_LEN {
                    return Ok((letters, true));
                }
                letters.push(Letter::read(message)?);
            }
            match page.last() {
                Some(last) if page.len() == 500 => from = Some(last.id),
                _ => return Ok((letters, false)),
            }
        }
    }

    /// The last step: the dialog keeps its place by an empty message, or leaves the list.
    async fn finish_clearing(
        &self,
        actor: Actor,
        peer: PeerId,
        top: Option<Letter>,
        clearing: Clearing,
        whole: bool,
        now: Now,
    ) -> Result<Affected> {
        let user = actor.user;
        let mailbox = MailboxId::User(user);
        let mut mailboxes = vec![mailbox];
        if let (PeerId::User(other), true, true) = (peer, clearing.revoke, whole) {
            mailboxes.push(MailboxId::User(other));
        }
        let mut batch = self.open(mailboxes.iter().copied(), now).await?;
        let before = batch.user(user).pts().0;
        if let Some(top) = top
            && self.letter(user, top.id()).await?.is_some()
        {
            let mut letter = top;
            let already = matches!(
                &letter.message,
                types::Message::Service(message)
                    if matches!(message.action, types::MessageAction::HistoryClear {})
            );
            if !already {
                let action = types::MessageAction::HistoryClear {};
                let message = constructors::MessageService::new(
                    letter.id().0,
                    crate::peer::tl_peer(peer),
                    letter.date().cast_signed(),
                    action,
                );
                letter.message = types::Message::Service(Box::new(message));
                letter.link = Link::Alone;
                letter.from = PeerId::User(user);
                batch.user(user).put_edited(letter)?;
            }
        }
        for mailbox in mailboxes {
            let MailboxId::User(owner) = mailbox else {
                continue;
            };
            let named = if owner == user {
                peer
            } else {
                PeerId::User(user)
            };
            let Some(mut dialog) = batch.find_dialog(mailbox, named).await? else {
                continue;
            };
            let leaves = whole && !clearing.just_clear && self.is_gone(owner, named).await?;
            if leaves {
                // The row stays for its read marks; without messages it is in no list.
                dialog.top = MsgId(0);
                dialog.top_date = 0;
                dialog.pinned = 0;
                let extra = dialog::Extra {
                    draft: None,
                    ttl_period: crate::lifetime::ttl_of(&dialog),
                };
                dialog.extra = extra.to_bytes()?;
                dialog.flags = 0;
            }
            if whole && owner == user {
                dialog.unread = 0;
                dialog.mentions = 0;
                dialog.flags &= !dialog::UNREAD_MARK;
            }
            batch.user(owner).put_dialog(dialog);
        }
        let pts = batch.user(user).pts().0;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(Affected {
            pts,
            pts_count: pts - before,
        })
    }

    async fn is_gone(&self, owner: UserId, peer: PeerId) -> Result<bool> {
        let count = self
            .store
            .count(MailboxId::User(owner), peer, List::All)
            .await?;
        Ok(count == 0)
    }
}

/// A deleted message is not unread any more.
fn forget(dialog: &mut store::Dialog, owner: UserId, letter: &Letter) {
    if letter.from != PeerId::User(owner) && letter.id() > dialog.read_inbox {
        dialog.unread = dialog.unread.saturating_sub(1);
    }
    if tag::of(&letter.message) & tag::bit(tag::UNREAD_MENTION) != 0 {
        dialog.mentions = dialog.mentions.saturating_sub(1);
    }
    if tag::of(&letter.message) & tag::bit(tag::UNREAD_REACTION) != 0 {
        dialog.reactions = dialog.reactions.saturating_sub(1);
    }
}

/// One change after another.
fn add(first: Affected, then: Affected) -> Affected {
    Affected {
        pts: then.pts,
        pts_count: first.pts_count + then.pts_count,
    }
}
