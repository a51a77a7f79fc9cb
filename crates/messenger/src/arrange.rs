//! How a user arranges the list of dialogs: pinned, archived, marked, filtered (B.4).

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use store::{MailboxId, PeerId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use crate::Messenger;
use crate::dialog::{self, BAR_HIDDEN, MAIN, UNREAD_MARK, UNTRANSLATED};
use crate::error::{Error, Result};
use crate::peer::{Peers, tl_peer};
use crate::publish::Actor;
use crate::time::Now;

/// The most pinned dialogs of a folder.
const PINNED_MAX: usize = 100;
/// The most filters.
const FILTERS_MAX: usize = 30;

const FILTER: &[u8] = b"filter/";
const FILTER_ORDER: &[u8] = b"filters";

/// Why dialogs are not arranged so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrangeError {
    /// The dialog has no messages.
    #[error("the dialog is empty")]
    Empty,
    /// So many dialogs cannot be pinned.
    #[error("too many pinned dialogs")]
    TooManyPinned,
    /// So many chats of saved messages cannot be pinned.
    #[error("too many pinned chats of saved messages")]
    TooManySavedPinned,
    /// So many filters cannot be kept.
    #[error("too many filters")]
    TooManyFilters,
}

impl Messenger {
    /// Pins a dialog before all others, or unpins it.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn pin_dialog(
        &self,
        actor: Actor,
        peer: PeerId,
        pinned: bool,
        now: Now,
    ) -> Result<()> {
        let mailbox = MailboxId::User(actor.user);
        let mut batch = self.open([mailbox], now).await?;
        let all = self.listed(actor.user).await?;
        let Some(dialog) = all.iter().find(|dialog| dialog.peer == peer) else {
            return Err(ArrangeError::Empty.into());
        };
        if (dialog.pinned > 0) == pinned {
            return Ok(());
        }
        let folder = dialog.folder;
        let mut dialog = dialog.clone();
        if pinned {
            let mut others: Vec<_> = all
                .iter()
                .filter(|other| other.pinned > 0 && other.folder == folder)
                .cloned()
                .collect();
            if others.len() >= PINNED_MAX {
                return Err(ArrangeError::TooManyPinned.into());
            }
            others.sort_unstable_by_key(|other| other.pinned);
            for (place, mut other) in (2..).zip(others) {
                other.pinned = place;
                batch.user(actor.user).put_dialog(other);
            }
        }
        dialog.pinned = u32::from(pinned);
        let draft = batch.user(actor.user);
        draft.put_dialog(dialog);
        draft.note(types::Update::DialogPinned {
            pinned,
            folder_id: folder_id(folder),
            peer: dialog_peer(peer),
        })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Brings the pinned dialogs of a folder into an order; with `force` no others are pinned.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn order_pinned_dialogs(
        &self,
        actor: Actor,
        folder: u32,
        order: &[PeerId],
        force: bool,
        now: Now,
    ) -> Result<()> {
        if order.len() > PINNED_MAX {
            return Err(ArrangeError::TooManyPinned.into());
        }
        let mailbox = MailboxId::User(actor.user);
        let mut batch = self.open([mailbox], now).await?;
        let mut all = self.listed(actor.user).await?;
        all.retain(|dialog| dialog.folder == folder);
        all.sort_unstable_by_key(|dialog| {
            let place = order.iter().position(|peer| *peer == dialog.peer);
            (place.unwrap_or(usize::MAX), dialog.pinned)
        });
        let mut place = 0;
        let mut told = Vec::new();
        for mut dialog in all {
            let named = order.contains(&dialog.peer);
            let stays = named || (!force && dialog.pinned > 0);
            let pinned = if stays {
                place += 1;
                told.push(dialog_peer(dialog.peer));
                place
            } else {
                0
            };
            if dialog.pinned != pinned {
                dialog.pinned = pinned;
                batch.user(actor.user).put_dialog(dialog);
            }
        }
        batch.user(actor.user).note(types::Update::PinnedDialogs {
            folder_id: folder_id(folder),
            order: Some(told),
        })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Moves dialogs into folders; those that are there already are left alone.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn move_dialogs(
        &self,
        actor: Actor,
        moves: &[(PeerId, u32)],
        now: Now,
    ) -> Result<tl_api::constructors::Updates> {
        let mailbox = MailboxId::User(actor.user);
        let mut batch = self.open([mailbox], now).await?;
        let mut moved: Vec<(PeerId, u32)> = Vec::new();
        for (peer, folder) in moves {
            let dialog = batch.find_dialog(mailbox, *peer).await?;
            let Some(mut dialog) = dialog.filter(|dialog| dialog.top.0 > 0) else {
                return Err(Error::PeerUnknown);
            };
            if dialog.folder == *folder {
                continue;
            }
            dialog.folder = *folder;
            dialog.pinned = 0;
            batch.user(actor.user).put_dialog(dialog);
            moved.retain(|(other, _)| other != peer);
            moved.push((*peer, *folder));
        }
        if !moved.is_empty() {
            let count = i32::try_from(moved.len()).unwrap_or(i32::MAX);
            batch
                .user(actor.user)
                .update(count, |pts| dialog::folder_update(&moved, pts))?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Marks a dialog as unread by hand, or takes the mark off.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mark_dialog_unread(
        &self,
        actor: Actor,
        peer: PeerId,
        unread: bool,
        now: Now,
    ) -> Result<()> {
        let update = dialog::unread_mark_update(peer, unread);
        self.set_flag(actor, peer, UNREAD_MARK, unread, Some(update), now)
            .await
    }

    /// The dialogs that are marked as unread by hand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unread_marks(&self, user: UserId) -> Result<Vec<PeerId>> {
        let mut dialogs = self.store.dialogs(MailboxId::User(user)).await?;
        dialogs.retain(|dialog| dialog.flags & UNREAD_MARK != 0);
        Ok(dialogs.into_iter().map(|dialog| dialog.peer).collect())
    }

    /// The offers about a stranger are not wanted any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hide_bar(&self, actor: Actor, peer: PeerId, now: Now) -> Result<()> {
        let update = types::Update::PeerSettings {
            peer: tl_peer(peer),
            settings: Box::new(types::PeerSettings::new()),
        };
        self.set_flag(actor, peer, BAR_HIDDEN, true, Some(update), now)
            .await
    }

    /// Whether the offers about a stranger are not wanted any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_bar_hidden(&self, user: UserId, peer: PeerId) -> Result<bool> {
        let dialog = self.store.dialog(MailboxId::User(user), peer).await?;
        Ok(dialog.is_some_and(|dialog| dialog.flags & BAR_HIDDEN != 0))
    }

    /// Offers to translate a chat, or does not any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn translate_peer(
        &self,
        actor: Actor,
        peer: PeerId,
        disabled: bool,
        now: Now,
    ) -> Result<()> {
        self.set_flag(actor, peer, UNTRANSLATED, disabled, None, now)
            .await
    }

    /// Whether a chat is not offered to be translated.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_untranslated(&self, user: UserId, peer: PeerId) -> Result<bool> {
        let dialog = self.store.dialog(MailboxId::User(user), peer).await?;
        Ok(dialog.is_some_and(|dialog| dialog.flags & UNTRANSLATED != 0))
    }

    async fn set_flag(
        &self,
        actor: Actor,
        peer: PeerId,
        flag: u32,
        on: bool,
        update: Option<types::Update>,
        now: Now,
    ) -> Result<()> {
        let mailbox = MailboxId::User(actor.user);
        let mut batch = self.open([mailbox], now).await?;
        let mut dialog = batch.dialog(mailbox, peer).await?;
        if (dialog.flags & flag != 0) == on {
            return Ok(());
        }
        dialog.flags ^= flag;
        let draft = batch.user(actor.user);
        draft.put_dialog(dialog);
        if let Some(update) = update {
            draft.note(update)?;
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// The filters of a user, in their order, with everybody whom they name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn filters(&self, user: UserId) -> Result<Vec<types::DialogFilter>> {
        let mailbox = MailboxId::User(user);
        let rows = self
            .store
            .mailbox_settings(mailbox, Bytes::from_static(FILTER))
            .await?;
        let mut filters = Vec::with_capacity(rows.len());
        for (_, value) in &rows {
            filters.push(read_filter(value)?);
        }
        let order = self.filter_order(user).await?;
        filters.sort_by_key(|filter| {
            let place = order.iter().position(|id| Some(*id) == filter_id(filter));
            place.unwrap_or(usize::MAX)
        });
        Ok(filters)
    }

    /// The order of the filters; 0 is the list of all chats.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn filter_order(&self, user: UserId) -> Result<Vec<i32>> {
        let mailbox = MailboxId::User(user);
        let key = Bytes::from_static(FILTER_ORDER);
        let rows = self.store.mailbox_settings(mailbox, key).await?;
        let mut order = Vec::new();
        if let Some((_, value)) = rows.first() {
            let mut value = value.clone();
            while value.remaining() >= 4 {
                order.push(value.get_i32_le());
            }
        }
        Ok(order)
    }

    /// Keeps a filter over the one before with its id; `None` removes it.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_filter(
        &self,
        actor: Actor,
        id: i32,
        filter: Option<types::DialogFilter>,
        named: &Peers,
        now: Now,
    ) -> Result<()> {
        let known = self.filters(actor.user).await?;
        let is_new = !known.iter().any(|filter| filter_id(filter) == Some(id));
        if is_new && filter.is_some() && known.len() >= FILTERS_MAX {
            return Err(ArrangeError::TooManyFilters.into());
        }
        let mut order = self.filter_order(actor.user).await?;
        order.retain(|other| *other != id || filter.is_some());
        if filter.is_some() && !order.contains(&id) {
            order.push(id);
        }
        let value = match &filter {
            Some(filter) => Some(
                tl::to_bytes(filter, Layer(NEWEST_LAYER))
                    .map_err(|_| Error::Damaged("a filter without a form"))?,
            ),
            None => None,
        };
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let draft = batch.user(actor.user);
        draft.put_setting(filter_key(id), value);
        draft.put_setting(Bytes::from_static(FILTER_ORDER), Some(order_bytes(&order)));
        draft.name(named);
        draft.note(types::Update::DialogFilter { id, filter })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Brings the filters into an order; unknown ids do not count.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn order_filters(&self, actor: Actor, order: &[i32], now: Now) -> Result<()> {
        let known = self.filters(actor.user).await?;
        let mut kept: Vec<i32> = Vec::new();
        for id in order {
            let exists = *id == 0 || known.iter().any(|filter| filter_id(filter) == Some(*id));
            if exists && !kept.contains(id) {
                kept.push(*id);
            }
        }
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        let draft = batch.user(actor.user);
        draft.put_setting(Bytes::from_static(FILTER_ORDER), Some(order_bytes(&kept)));
        draft.note(types::Update::DialogFilterOrder { order: kept })?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }
}

fn read_filter(value: &Bytes) -> Result<types::DialogFilter> {
    tl::from_bytes(value).map_err(|_| Error::Damaged("a filter"))
}

fn filter_id(filter: &types::DialogFilter) -> Option<i32> {
    match filter {
        types::DialogFilter::DialogFilter(filter) => Some(filter.id),
        types::DialogFilter::Chatlist(filter) => Some(filter.id),
        types::DialogFilter::Default {} => None,
    }
}

fn filter_key(id: i32) -> Bytes {
    let mut key = BytesMut::from(FILTER);
    key.put_i32(id);
    key.freeze()
}

fn order_bytes(order: &[i32]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(order.len() * 4);
    order.iter().for_each(|id| bytes.put_i32_le(*id));
    bytes.freeze()
}

fn folder_id(folder: u32) -> Option<i32> {
    (folder != MAIN).then(|| folder.cast_signed())
}

fn dialog_peer(peer: PeerId) -> types::DialogPeer {
    types::DialogPeer::DialogPeer {
        peer: tl_peer(peer),
    }
}
