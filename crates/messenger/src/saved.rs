//! Saved Messages by the chats they were taken from (B.12).

use std::collections::BTreeMap;

use store::{Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::history::{MessagePage, Window};
use crate::mailbox::Letter;
use crate::peer::{Peers, peer_id, tl_peer};
use crate::show::Shown;
use crate::time::Now;

/// The most of one's Saved Messages that are looked through for their origins.
const SAVED_MAX: usize = 10_000;

/// A list of the chats that saved messages were taken from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedPage {
    /// All such chats.
    pub count: usize,
    /// The page goes to the end of the list from its start.
    pub whole: bool,
    /// The chats.
    pub dialogs: Vec<types::SavedDialog>,
    /// Their newest messages.
    pub messages: Vec<types::Message>,
    /// Whom they name.
    pub shown: Shown,
}

/// The chat that a saved message was taken from; oneself for notes.
fn origin(owner: UserId, letter: &Letter) -> PeerId {
    match &letter.message {
        types::Message::Message(message) => message
            .saved_peer_id
            .as_ref()
            .map_or(PeerId::User(owner), peer_id),
        types::Message::Service(_) | types::Message::Empty { .. } => PeerId::User(owner),
    }
}

impl Messenger {
    /// The chats that saved messages were taken from, newest first, strictly after the one with
    /// this date and message.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn saved_dialogs(
        &self,
        user: UserId,
        only: Option<&[PeerId]>,
        after: Option<(u32, MsgId)>,
        limit: usize,
        now: Now,
    ) -> Result<SavedPage> {
        let mut newest: BTreeMap<PeerId, Letter> = BTreeMap::new();
        for letter in self.saved_letters(user).await? {
            newest.entry(origin(user, &letter)).or_insert(letter);
        }
        let mut listed: Vec<(PeerId, Letter)> = newest.into_iter().collect();
        if let Some(only) = only {
            listed.retain(|(peer, _)| only.contains(peer));
        }
        let count = listed.len();
        listed.sort_unstable_by_key(|(_, letter)| std::cmp::Reverse((letter.date(), letter.id())));
        if let Some(after) = after {
            listed.retain(|(_, letter)| (letter.date(), letter.id()) < after);
        }
        let whole = after.is_none() && listed.len() <= limit;
        listed.truncate(limit);
        let mut page = SavedPage {
            count,
            whole,
            ..SavedPage::default()
        };
        let mut peers = Peers::default();
        for (peer, letter) in listed {
            peers.add(peer);
            peers.add_message(&letter.message);
            page.dialogs.push(types::SavedDialog::SavedDialog {
                pinned: false,
                peer: tl_peer(peer),
                top_message: letter.id().0,
            });
            page.messages.push(letter.message);
        }
        page.shown = self.show(user, &peers, now).await?;
        Ok(page)
    }

    /// The saved messages that were taken from one chat.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn saved_history(
        &self,
        user: UserId,
        peer: PeerId,
        window: Window,
        now: Now,
    ) -> Result<MessagePage> {
        let mut letters = self.saved_letters(user).await?;
        letters.retain(|letter| origin(user, letter) == peer);
        let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
        let (place, kept) = window.cut(letters, |letter| (letter.id(), letter.date()));
        let mut peers = Peers::default();
        peers.add(peer);
        let messages: Vec<_> = kept.into_iter().map(|letter| letter.message).collect();
        messages
            .iter()
            .for_each(|message| peers.add_message(message));
        Ok(MessagePage {
            count,
            whole: messages.len() as u64 >= u64::from(count),
            offset: (place > 0).then(|| u32::try_from(place).unwrap_or(u32::MAX)),
            pts: None,
            messages,
            shown: self.show(user, &peers, now).await?,
        })
    }

    /// The newest saved messages that were taken from one chat.
    pub(crate) async fn saved_from(&self, user: UserId, peer: PeerId) -> Result<Vec<Letter>> {
        let mut letters = self.saved_letters(user).await?;
        letters.retain(|letter| origin(user, letter) == peer);
        Ok(letters)
    }

    async fn saved_letters(&self, user: UserId) -> Result<Vec<Letter>> {
        let mut letters = Vec::new();
        let mut from = None;
        while letters.len() < SAVED_MAX {
            let query = HistoryQuery {
                peer: PeerId::User(user),
                list: List::All,
                from,
                direction: Direction::Older,
                limit: 1000,
            };
            let page = self.store.history(MailboxId::User(user), query).await?;
            for message in &page {
                letters.push(Letter::read(message)?);
            }
            match page.last() {
                Some(last) if page.len() == 1000 => from = Some(last.id),
                _ => break,
            }
        }
        Ok(letters)
    }
}
