//! Saved Messages by the chats they were taken from (B.12).

use std::collections::BTreeMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{Direction, HistoryQuery, List, MailboxId, MsgId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::arrange::ArrangeError;
use crate::error::Result;
use crate::history::{MessagePage, Window};
use crate::mailbox::Letter;
use crate::peer::{Peers, peer_id, tl_peer};
use crate::publish::Actor;
use crate::show::Shown;
use crate::time::Now;

/// The most of one's Saved Messages that are looked through for their origins.
const SAVED_MAX: usize = 10_000;
/// The most pinned chats among them.
const PINNED_MAX: usize = 5;
/// Where the pinned ones are kept, in their order.
const PINNED: &[u8] = b"saved_pins";

/// Which of the chats that saved messages were taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedQuery {
    /// These alone, if they are there.
    pub only: Option<Vec<PeerId>>,
    /// Without the pinned ones.
    pub exclude_pinned: bool,
    /// The pinned ones alone.
    pub only_pinned: bool,
    /// Strictly after the one with this date and newest message.
    pub after: Option<(u32, MsgId)>,
    /// How many.
    pub limit: usize,
}

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

fn pins_to_bytes(pins: &[PeerId]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(pins.len() * 9);
    for pin in pins {
        let (kind, id) = pin.parts();
        bytes.put_u8(kind);
        bytes.put_i64_le(id);
    }
    bytes.freeze()
}

impl Messenger {
    /// The chats that saved messages were taken from: pinned ones in their order, then newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn saved_dialogs(
        &self,
        user: UserId,
        query: SavedQuery,
        now: Now,
    ) -> Result<SavedPage> {
        let pinned = self.pinned_saved(user).await?;
        let place = |peer: &PeerId| pinned.iter().position(|other| other == peer);
        let mut newest: BTreeMap<PeerId, Letter> = BTreeMap::new();
        for letter in self.saved_letters(user).await? {
            newest.entry(origin(user, &letter)).or_insert(letter);
        }
        let mut listed: Vec<(PeerId, Letter)> = newest.into_iter().collect();
        listed.retain(|(peer, _)| match place(peer) {
            Some(_) => !query.exclude_pinned,
            None => !query.only_pinned,
        });
        if let Some(only) = &query.only {
            listed.retain(|(peer, _)| only.contains(peer));
        }
        let count = listed.len();
        listed.sort_unstable_by_key(|(peer, letter)| {
            let place = place(peer).unwrap_or(usize::MAX);
            (place, std::cmp::Reverse((letter.date(), letter.id())))
        });
        if let Some(after) = query.after {
            // The pinned ones stood on the page before.
            listed.retain(|(peer, letter)| {
                place(peer).is_none() && (letter.date(), letter.id()) < after
            });
        }
        let whole = query.after.is_none() && listed.len() <= query.limit;
        listed.truncate(query.limit);
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
                pinned: place(&peer).is_some(),
                peer: tl_peer(peer),
                top_message: letter.id().0,
            });
            page.messages.push(letter.message);
        }
        page.shown = self.show(user, &peers, now).await?;
        Ok(page)
    }

    /// Pins one of the chats that saved messages were taken from before all others, or unpins it.
    ///
    /// # Errors
    /// `TooManySavedPinned`, or when the store fails.
    pub async fn pin_saved(
        &self,
        actor: Actor,
        peer: PeerId,
        pinned: bool,
        now: Now,
    ) -> Result<()> {
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let mut order = self.pinned_saved(actor.user).await?;
        if order.contains(&peer) == pinned {
            return Ok(());
        }
        if pinned {
            if order.len() >= PINNED_MAX {
                return Err(ArrangeError::TooManySavedPinned.into());
            }
            order.insert(0, peer);
        } else {
            order.retain(|other| *other != peer);
        }
        let mut named = Peers::default();
        named.add(peer);
        let draft = batch.user(actor.user);
        draft.put_setting(Bytes::from_static(PINNED), Some(pins_to_bytes(&order)));
        draft.name(&named);
        draft.note(types::Update::SavedDialogPinned {
            pinned,
            peer: types::DialogPeer::DialogPeer {
                peer: tl_peer(peer),
            },
        })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Brings the pinned ones into an order; with `force` no others are pinned.
    ///
    /// # Errors
    /// `TooManySavedPinned`, or when the store fails.
    pub async fn order_pinned_saved(
        &self,
        actor: Actor,
        order: &[PeerId],
        force: bool,
        now: Now,
    ) -> Result<()> {
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let before = self.pinned_saved(actor.user).await?;
        let mut pins: Vec<PeerId> = Vec::new();
        let others = before.iter().filter(|_| !force);
        for peer in order.iter().chain(others) {
            if !pins.contains(peer) {
                pins.push(*peer);
            }
        }
        if pins.len() > PINNED_MAX {
            return Err(ArrangeError::TooManySavedPinned.into());
        }
        if pins == before {
            return Ok(());
        }
        let mut named = Peers::default();
        let mut told = Vec::with_capacity(pins.len());
        for peer in &pins {
            named.add(*peer);
            told.push(types::DialogPeer::DialogPeer {
                peer: tl_peer(*peer),
            });
        }
        let draft = batch.user(actor.user);
        draft.put_setting(Bytes::from_static(PINNED), Some(pins_to_bytes(&pins)));
        draft.name(&named);
        draft.note(types::Update::PinnedSavedDialogs { order: Some(told) })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    async fn pinned_saved(&self, user: UserId) -> Result<Vec<PeerId>> {
        let key = Bytes::from_static(PINNED);
        let rows = self
            .store
            .mailbox_settings(MailboxId::User(user), key)
            .await?;
        let mut pins = Vec::new();
        if let Some((_, value)) = rows.first() {
            let mut value = value.clone();
            while value.remaining() >= 9 {
                let kind = value.get_u8();
                pins.extend(PeerId::from_parts(kind, value.get_i64_le()));
            }
        }
        Ok(pins)
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
