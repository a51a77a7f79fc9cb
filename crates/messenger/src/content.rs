//! What was opened: voice messages listened to, mentions looked at (B.3).

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::delete::Cleared;
use crate::error::Result;
use crate::lifetime::burn_time;
use crate::mailbox::{Batch, Letter};
use crate::publish::Actor;
use crate::read::Affected;
use crate::tag;
use crate::time::Now;

/// Mentions that are read at once.
const MENTIONS_AT_ONCE: u32 = 100;

impl Messenger {
    /// The contents of these messages were looked at or listened to; whoever sent them is told.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_contents(&self, actor: Actor, ids: Vec<MsgId>, now: Now) -> Result<Affected> {
        let unread = self.unread_contents(actor.user, ids).await?;
        if unread.is_empty() {
            return self.unaffected(actor.user).await;
        }
        let burning: Vec<(MsgId, i32)> = unread
            .iter()
            .filter_map(|letter| Some((letter.id(), burn_time(&letter.message)?)))
            .collect();
        let mut of_senders: BTreeMap<UserId, Vec<MsgId>> = BTreeMap::new();
        for letter in &unread {
            if wants_opening(&letter.message)
                && let PeerId::User(sender) = letter.from
                && sender != actor.user
                && let Some(id) = letter.senders_id()
            {
                of_senders.entry(sender).or_default().push(id);
            }
        }
        let mailboxes = of_senders.keys().map(|user| MailboxId::User(*user));
        let own = MailboxId::User(actor.user);
        let mut batch = self.open(mailboxes.chain([own]), now).await?;
        let ids = unread.iter().map(Letter::id).collect();
        let count = self.open_in(&mut batch, actor.user, ids, now).await?;
        let affected = Affected {
            pts: batch.user(actor.user).pts().0,
            pts_count: count,
        };
        for (sender, ids) in of_senders {
            self.open_in(&mut batch, sender, ids, now).await?;
        }
        batch.commit(actor, None, Bytes::new()).await?;
        self.start_burning(actor.user, &burning, now).await?;
        Ok(affected)
    }

    /// All mentions of a dialog were looked at, as many of them as fit in one step.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_mentions(&self, actor: Actor, peer: PeerId, now: Now) -> Result<Cleared> {
        let query = HistoryQuery {
            peer,
            list: List::Tag(tag::UNREAD_MENTION),
            from: None,
            direction: Direction::Older,
            limit: MENTIONS_AT_ONCE,
        };
        let page = self
            .store
            .history(MailboxId::User(actor.user), query)
            .await?;
        let more = page.len() >= MENTIONS_AT_ONCE as usize;
        let ids = page.iter().map(|message| message.id).collect();
        let affected = self.read_contents(actor, ids, now).await?;
        Ok(Cleared { affected, more })
    }

    async fn unread_contents(&self, user: UserId, mut ids: Vec<MsgId>) -> Result<Vec<Letter>> {
        ids.sort_unstable();
        ids.dedup();
        let found = self.store.messages(MailboxId::User(user), ids).await?;
        let mut unread = Vec::new();
        for message in found.into_iter().flatten() {
            let letter = Letter::read(&message)?;
            // The sender of a voice message does not open it.
            let is_new = is_unread(&letter.message) && letter.from != PeerId::User(user);
            if is_new || has_unread_reaction(&letter.message) {
                unread.push(letter);
            }
        }
        Ok(unread)
    }

    /// Takes the mark off messages of one mailbox and says so; gives back of how many.
    async fn open_in(
        &self,
        batch: &mut Batch<'_>,
        user: UserId,
        ids: Vec<MsgId>,
        now: Now,
    ) -> Result<i32> {
        let mailbox = MailboxId::User(user);
        let found = self.store.messages(mailbox, ids).await?;
        let mut opened = Vec::new();
        for message in found.into_iter().flatten() {
            let mut letter = Letter::read(&message)?;
            if has_unread_reaction(&letter.message) {
                opened.push(letter.id().0);
                self.see_reactions(batch, user, &[letter.id()]).await?;
                continue;
            }
            if !is_unread(&letter.message) {
                continue;
            }
            if tag::of(&letter.message) & tag::bit(tag::UNREAD_MENTION) != 0
                && let Some(mut dialog) = batch.find_dialog(mailbox, letter.peer).await?
            {
                dialog.mentions = dialog.mentions.saturating_sub(1);
                batch.user(user).put_dialog(dialog);
            }
            match &mut letter.message {
                types::Message::Message(message) => message.media_unread = false,
                types::Message::Service(message) => message.media_unread = false,
                types::Message::Empty { .. } => {}
            }
            opened.push(letter.id().0);
            batch.user(user).put(letter)?;
        }
        let count = i32::try_from(opened.len()).unwrap_or(i32::MAX);
        if count > 0 {
            batch
                .user(user)
                .update(count, |pts| types::Update::ReadMessagesContents {
                    messages: opened,
                    pts,
                    pts_count: count,
                    date: Some(now.date()),
                })?;
        }
        Ok(count)
    }
}

fn has_unread_reaction(message: &types::Message) -> bool {
    tag::of(message) & tag::bit(tag::UNREAD_REACTION) != 0
}

fn is_unread(message: &types::Message) -> bool {
    match message {
        types::Message::Message(message) => message.media_unread,
        types::Message::Service(message) => message.media_unread,
        types::Message::Empty { .. } => false,
    }
}

fn wants_opening(message: &types::Message) -> bool {
    match message {
        types::Message::Message(message) => crate::send::wants_opening(message),
        types::Message::Service(_) | types::Message::Empty { .. } => false,
    }
}
