//! Dialogs: what stands in a list of chats (B.4.1).

use bytes::{BufMut as _, Bytes, BytesMut};
use store::{Dialog, MailboxId, MsgId, PeerId, UserId};
use tl::{Decode as _, Layer, Reader};
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Letter;
use crate::peer::{Peers, tl_peer};
use crate::show::Shown;
use crate::time::Now;

/// The main list.
pub const MAIN: u32 = 0;
/// The archive.
pub const ARCHIVE: u32 = 1;

/// The dialog is marked as unread by hand.
pub const UNREAD_MARK: u32 = 1;
/// The offer to block or add a stranger is not wanted any more.
pub const BAR_HIDDEN: u32 = 1 << 1;
/// Its messages are not offered to be translated.
pub(crate) const UNTRANSLATED: u32 = 1 << 2;

/// What stands in [`Dialog::extra`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra {
    /// The draft.
    pub draft: Option<types::DraftMessage>,
    /// New messages go after so many seconds; 0 for never.
    pub ttl_period: u32,
}

/// Stands before the period, where there is one; no draft begins like this.
const TTL: u32 = 0x7474_6c00;

impl Extra {
    /// From what is kept.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn read(dialog: &Dialog) -> Result<Self> {
        if dialog.extra.is_empty() {
            return Ok(Self::default());
        }
        const DAMAGED: Error = Error::Damaged("what is kept of a dialog");
        let mut extra = Self::default();
        let mut rest = dialog.extra.clone();
        if rest.starts_with(&TTL.to_le_bytes()) {
            let period = rest.get(4..8).and_then(|bytes| bytes.first_chunk());
            extra.ttl_period = u32::from_le_bytes(*period.ok_or(DAMAGED)?);
            rest = rest.slice(8..);
        }
        if !rest.is_empty() {
            let draft = types::DraftMessage::decode(&mut Reader::new(&rest));
            extra.draft = Some(draft.map_err(|_| DAMAGED)?);
        }
        Ok(extra)
    }

    /// As it is kept.
    ///
    /// # Errors
    /// `Damaged` for a draft without a form.
    pub fn to_bytes(&self) -> Result<Bytes> {
        let mut bytes = BytesMut::new();
        if self.ttl_period > 0 {
            bytes.put_u32_le(TTL);
            bytes.put_u32_le(self.ttl_period);
        }
        if let Some(draft) = &self.draft {
            let draft = tl::to_bytes(draft, Layer(NEWEST_LAYER))
                .map_err(|_| Error::Damaged("a draft without a form"))?;
            bytes.put(draft);
        }
        Ok(bytes.freeze())
    }
}

/// `updateFolderPeers` with one `pts` for each dialog.
pub(crate) fn folder_update(moved: &[(PeerId, u32)], pts: i32) -> types::Update {
    let folder_peers = moved
        .iter()
        .map(|(peer, folder)| types::FolderPeer {
            peer: tl_peer(*peer),
            folder_id: folder.cast_signed(),
        })
        .collect::<Vec<_>>();
    let pts_count = i32::try_from(folder_peers.len()).unwrap_or(i32::MAX);
    types::Update::FolderPeers {
        folder_peers,
        pts,
        pts_count,
    }
}

/// A part of a list of dialogs.
#[derive(Clone, Debug, PartialEq)]
pub struct DialogPage {
    /// All dialogs of the list.
    pub count: usize,
    /// The page goes to the end of the list from its start.
    pub whole: bool,
    /// The dialogs, in order.
    pub dialogs: Vec<types::Dialog>,
    /// Their newest messages.
    pub messages: Vec<types::Message>,
    /// Whom they name.
    pub shown: Shown,
}

/// Which part of a list of dialogs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DialogQuery {
    /// Only this folder; `None` for all.
    pub folder: Option<u32>,
    /// Without the pinned ones.
    pub exclude_pinned: bool,
    /// Strictly after the dialog with this date, newest message and peer.
    pub after: Option<(u32, MsgId, Option<PeerId>)>,
    /// How many.
    pub limit: usize,
}

impl Messenger {
    /// A page of dialogs: pinned ones first, then by the date of the newest message (D2, D3).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dialogs(&self, user: UserId, query: DialogQuery, now: Now) -> Result<DialogPage> {
        let mut listed = self.listed(user).await?;
        listed.retain(|dialog| {
            query.folder.is_none_or(|folder| dialog.folder == folder)
                && !(query.exclude_pinned && dialog.pinned > 0)
        });
        let count = listed.len();
        let mut pinned: Vec<Dialog> = Vec::new();
        if query.after.is_none() {
            pinned = listed
                .iter()
                .filter(|dialog| dialog.pinned > 0)
                .cloned()
                .collect();
            pinned.sort_unstable_by_key(|dialog| dialog.pinned);
        }
        listed.retain(|dialog| dialog.pinned == 0);
        listed.sort_unstable_by_key(|dialog| std::cmp::Reverse(place(dialog)));
        if let Some((date, id, peer)) = query.after {
            listed.retain(|dialog| {
                let other = place(dialog);
                match peer {
                    Some(peer) => other < (date, id, peer),
                    None => (other.0, other.1) < (date, id),
                }
            });
        }
        pinned.append(&mut listed);
        let mut page = pinned;
        let whole = query.after.is_none() && page.len() <= query.limit;
        page.truncate(query.limit);
        let (dialogs, messages, shown) = self.show_dialogs(user, &page, now).await?;
        Ok(DialogPage {
            count,
            whole,
            dialogs,
            messages,
            shown,
        })
    }

    /// All dialogs that have messages.
    pub(crate) async fn listed(&self, user: UserId) -> Result<Vec<Dialog>> {
        let mut listed = Vec::new();
        for dialog in self.store.dialogs(MailboxId::User(user)).await? {
            let dialog = match dialog.peer {
                PeerId::Channel(id) => self.channel_dialog(user, id, dialog).await?,
                // What a group has become stands in the list instead (D9).
                PeerId::Chat(id) => {
                    let chat = self.chat(id).await?;
                    let moved = chat.is_some_and(|chat| chat.migrated_to != 0);
                    (!moved).then_some(dialog)
                }
                PeerId::User(_) => Some(dialog),
            };
            listed.extend(dialog.filter(|dialog| dialog.top.0 > 0));
        }
        Ok(listed)
    }

    /// Dialogs with these peers, with or without messages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn peer_dialogs(
        &self,
        user: UserId,
        peers: &[PeerId],
        now: Now,
    ) -> Result<DialogPage> {
        let mut dialogs = Vec::with_capacity(peers.len());
        for peer in peers {
            let dialog = match peer {
                PeerId::Channel(id) => self.channel_marks(user, *id).await?,
                PeerId::Chat(_) | PeerId::User(_) => {
                    self.store.dialog(MailboxId::User(user), *peer).await?
                }
            };
            dialogs.push(dialog.unwrap_or_else(|| Dialog {
                peer: *peer,
                ..Dialog::default()
            }));
        }
        let (shown_dialogs, messages, shown) = self.show_dialogs(user, &dialogs, now).await?;
        Ok(DialogPage {
            count: dialogs.len(),
            whole: true,
            dialogs: shown_dialogs,
            messages,
            shown,
        })
    }

    /// The pinned dialogs of a folder, in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pinned_dialogs(&self, user: UserId, folder: u32, now: Now) -> Result<DialogPage> {
        let mut pinned = self.listed(user).await?;
        pinned.retain(|dialog| dialog.pinned > 0 && dialog.folder == folder);
        pinned.sort_unstable_by_key(|dialog| dialog.pinned);
        let archive = if folder == MAIN {
            self.archive(user, now).await?
        } else {
            None
        };
        if let Some((_, newest)) = &archive {
            // The archive shows the newest message of its dialogs.
            pinned.push(newest.clone());
        }
        let (mut dialogs, messages, shown) = self.show_dialogs(user, &pinned, now).await?;
        if let Some((archive, _)) = archive {
            dialogs.pop();
            dialogs.insert(0, archive);
        }
        Ok(DialogPage {
            count: dialogs.len(),
            whole: true,
            dialogs,
            messages,
            shown,
        })
    }

    /// The archive as one entry of the main list, and its newest dialog; `None` when it is empty.
    async fn archive(&self, user: UserId, now: Now) -> Result<Option<(types::Dialog, Dialog)>> {
        let mut archived = self.listed(user).await?;
        archived.retain(|dialog| dialog.folder == ARCHIVE);
        let Some(newest) = archived.iter().max_by_key(|dialog| place(dialog)).cloned() else {
            return Ok(None);
        };
        let mut shown = constructors::DialogFolder::new(
            types::Folder::new(ARCHIVE.cast_signed(), "Archived Chats".into()),
            tl_peer(newest.peer),
            newest.top.0,
            0,
            0,
            0,
            0,
        );
        shown.pinned = true;
        for dialog in archived.iter().filter(|dialog| dialog.unread > 0) {
            let unread = i32::try_from(dialog.unread).unwrap_or(i32::MAX);
            if self.is_muted(user, dialog.peer, now.unix_s()).await? {
                shown.unread_muted_peers_count += 1;
                shown.unread_muted_messages_count += unread;
            } else {
                shown.unread_unmuted_peers_count += 1;
                shown.unread_unmuted_messages_count += unread;
            }
        }
        Ok(Some((types::Dialog::Folder(Box::new(shown)), newest)))
    }

    /// Dialogs as clients see them, with their newest messages and whom all of it names.
    pub(crate) async fn show_dialogs(
        &self,
        user: UserId,
        dialogs: &[Dialog],
        now: Now,
    ) -> Result<(Vec<types::Dialog>, Vec<types::Message>, Shown)> {
        let mut peers = Peers::default();
        let tops: Vec<MsgId> = dialogs
            .iter()
            .filter(|dialog| !matches!(dialog.peer, PeerId::Channel(_)))
            .map(|dialog| dialog.top)
            .filter(|top| top.0 > 0)
            .collect();
        let mut messages = Vec::with_capacity(tops.len());
        for message in self
            .store
            .messages(MailboxId::User(user), tops)
            .await?
            .into_iter()
            .flatten()
        {
            let mut message = Letter::read(&message)?.message;
            self.dress(user, [&mut message]).await?;
            peers.add_message(&message);
            messages.push(message);
        }
        for dialog in dialogs {
            if let PeerId::Channel(id) = dialog.peer
                && dialog.top.0 > 0
            {
                let standing = self.standing(user, id, now).await?;
                if let Some(letter) = self.post(&standing, dialog.top).await? {
                    peers.add_message(&letter.message);
                    messages.push(letter.message);
                }
            }
        }
        let mut shown_dialogs = Vec::with_capacity(dialogs.len());
        for dialog in dialogs {
            peers.add(dialog.peer);
            shown_dialogs.push(self.show_dialog(user, dialog).await?);
        }
        let shown = self.show(user, &peers, now).await?;
        Ok((shown_dialogs, messages, shown))
    }

    async fn show_dialog(&self, user: UserId, dialog: &Dialog) -> Result<types::Dialog> {
        let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let extra = Extra::read(dialog)?;
        let mut shown = constructors::Dialog::new(
            tl_peer(dialog.peer),
            dialog.top.0,
            dialog.read_inbox.0,
            dialog.read_outbox.0,
            count(dialog.unread),
            count(dialog.mentions),
            count(dialog.reactions),
            0,
            Box::new(self.notify_settings(user, dialog.peer).await?),
        );
        if let PeerId::Channel(id) = dialog.peer {
            shown.pts = Some(self.channel_pts(id).await?);
        }
        shown.pinned = dialog.pinned > 0;
        shown.unread_mark = dialog.flags & UNREAD_MARK != 0;
        shown.draft = extra.draft;
        let ttl = match dialog.peer {
            PeerId::Chat(_) => self.history_ttl(user, dialog.peer).await?,
            PeerId::User(_) | PeerId::Channel(_) => extra.ttl_period,
        };
        shown.ttl_period = (ttl > 0).then(|| ttl.cast_signed());
        shown.folder_id = (dialog.folder != MAIN).then(|| count(dialog.folder));
        Ok(types::Dialog::Dialog(Box::new(shown)))
    }

    /// Makes the newest message that is left the top of its dialog, when messages of it go.
    pub(crate) async fn retop(
        &self,
        user: UserId,
        dialog: &mut Dialog,
        gone: &[MsgId],
    ) -> Result<()> {
        if !gone.contains(&dialog.top) {
            return Ok(());
        }
        let mut from = None;
        loop {
            let page = self
                .store
                .history(
                    MailboxId::User(user),
                    store::HistoryQuery {
                        peer: dialog.peer,
                        list: store::List::All,
                        from,
                        direction: store::Direction::Older,
                        limit: 100,
                    },
                )
                .await?;
            if let Some(top) = page.iter().find(|message| !gone.contains(&message.id)) {
                dialog.top = top.id;
                dialog.top_date = top.date;
                return Ok(());
            }
            match page.last() {
                Some(last) => from = Some(last.id),
                None => {
                    dialog.top = MsgId(0);
                    dialog.top_date = 0;
                    return Ok(());
                }
            }
        }
    }
}

/// What dialogs are ordered by.
fn place(dialog: &Dialog) -> (u32, MsgId, PeerId) {
    (dialog.top_date, dialog.top, dialog.peer)
}

/// `updateDialogUnreadMark`
pub(crate) fn unread_mark_update(peer: PeerId, unread: bool) -> types::Update {
    let peer = types::DialogPeer::DialogPeer {
        peer: tl_peer(peer),
    };
    let mut update = constructors::UpdateDialogUnreadMark::new(peer);
    update.unread = unread;
    types::Update::DialogUnreadMark(Box::new(update))
}
