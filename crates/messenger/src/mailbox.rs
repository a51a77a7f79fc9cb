//! Changing mailboxes: locked, decided, appended durably, then shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_lock::{Mutex, MutexGuardArc};
use bytes::Bytes;
use dashmap::DashMap;
use store::{
    Append, Dialog, DialogWrite, MailboxId, Message, MessageWrite, MsgId, OpId, OperationResult,
    PeerId, Pts, UserId,
};
use tl::{Decode as _, Layer, Reader};
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::access::AccessHashes;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::link::{Link, Shared};
use crate::peer::Peers;
use crate::publish::Actor;
use crate::tag;
use crate::time::Now;

/// Locks that nobody holds are forgotten when there are so many.
const SLOTS_MAX: usize = 200_000;

/// Dialogs of one mailbox that are known in memory.
const KNOWN_DIALOGS: usize = 4;

/// What is known of a mailbox without asking the store.
#[derive(Debug, Default)]
struct Slot {
    /// Where it stands; `None` when the store has to be asked.
    head: Option<Place>,
    /// The dialogs used last, the latest at the end; none while `head` is not known. Nobody else
    /// writes dialogs.
    dialogs: Vec<(PeerId, Option<Dialog>)>,
}

impl Slot {
    /// Nothing is known from here on, in case the append ends half-way; what was known.
    fn forget(&mut self) -> Vec<(PeerId, Option<Dialog>)> {
        self.head = None;
        std::mem::take(&mut self.dialogs)
    }

    fn dialog(&self, peer: PeerId) -> Option<&Option<Dialog>> {
        let mut known = self.dialogs.iter();
        known
            .find(|(other, _)| *other == peer)
            .map(|(_, dialog)| dialog)
    }

    fn know(&mut self, dialogs: BTreeMap<PeerId, Option<Dialog>>) {
        for (peer, dialog) in dialogs {
            self.dialogs.retain(|(other, _)| *other != peer);
            self.dialogs.push((peer, dialog));
        }
        let surplus = self.dialogs.len().saturating_sub(KNOWN_DIALOGS);
        self.dialogs.drain(..surplus);
    }
}

/// The counters that the next append goes on from.
#[derive(Clone, Copy, Debug)]
struct Place {
    pts: Pts,
    top: MsgId,
}

/// The locks of all mailboxes. One process owns them all.
pub(crate) struct Mailboxes {
    slots: DashMap<MailboxId, Arc<Mutex<Slot>>>,
    boot_nonce: u128,
    operations: AtomicU64,
}

impl Mailboxes {
    pub(crate) fn new(boot_nonce: [u8; 16]) -> Self {
        Self {
            slots: DashMap::new(),
            boot_nonce: u128::from_le_bytes(boot_nonce),
            operations: AtomicU64::new(0),
        }
    }

    /// An id for an operation that nobody will send again.
    fn fresh_operation(&self) -> OpId {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        OpId(self.boot_nonce.wrapping_add(u128::from(number)))
    }

    async fn lock(&self, mailbox: MailboxId) -> MutexGuardArc<Slot> {
        if self.slots.len() > SLOTS_MAX {
            self.slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = Arc::clone(&self.slots.entry(mailbox).or_default());
        slot.lock_arc().await
    }
}

/// Locked mailboxes and what shall change in them.
pub struct Batch<'a> {
    messenger: &'a Messenger,
    now: Now,
    drafts: BTreeMap<MailboxId, Draft>,
    told: Vec<(UserId, types::Update)>,
}

/// What shall change in one mailbox.
pub struct Draft {
    mailbox: MailboxId,
    slot: MutexGuardArc<Slot>,
    place: Place,
    append: Append,
    updates: Vec<types::Update>,
    peers: Peers,
    dialogs: BTreeMap<PeerId, Option<Dialog>>,
    shared: BTreeMap<i32, Shared>,
    access: Arc<AccessHashes>,
}

/// A message as it lies in one mailbox: beside its API form what the store and other copies have to
/// know. The lists it is in, and what a search finds it by, follow from the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The message as the owner of the mailbox sees it; its id is one of [`Draft::next_id`].
    pub message: types::Message,
    /// The dialog it is in.
    pub peer: PeerId,
    /// Who sent it.
    pub from: PeerId,
    /// The other copies.
    pub link: Link,
}

impl Letter {
    /// From what is kept.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn read(message: &Message) -> Result<Self> {
        const DAMAGED: Error = Error::Damaged("a message");
        let mut reader = Reader::new(&message.body);
        let api = types::Message::decode(&mut reader).map_err(|_| DAMAGED)?;
        Ok(Self {
            message: api,
            peer: message.peer,
            from: message.from,
            link: Link::read(&reader.rest())?,
        })
    }

    /// Its id in this mailbox.
    #[must_use]
    pub fn id(&self) -> MsgId {
        message_id(&self.message)
    }

    /// When it was sent, Unix seconds.
    #[must_use]
    pub fn date(&self) -> u32 {
        message_date(&self.message).cast_unsigned()
    }

    /// The id of the sender's copy, when this is another one.
    pub(crate) fn senders_id(&self) -> Option<MsgId> {
        match &self.link {
            Link::Pair(id) | Link::Spoke(_, id) => Some(*id),
            Link::Alone | Link::Hub(_) | Link::Shared(_) => None,
        }
    }

    fn to_store(&self) -> Result<Message> {
        let body = tl::to_bytes(&self.message, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("a message without a form"))?;
        Ok(Message {
            id: self.id(),
            peer: self.peer,
            from: self.from,
            date: self.date(),
            // Only channels have threads that are read by themselves.
            thread: match &self.link {
                Link::Shared(_) => thread_of(&self.message),
                Link::Alone | Link::Hub(_) | Link::Pair(_) | Link::Spoke(..) => MsgId(0),
            },
            tags: tag::of(&self.message),
            layer: NEWEST_LAYER,
            body: self.link.append_to(body),
        })
    }
}

/// What a commit came to.
#[derive(Debug)]
pub enum Commit {
    /// It is done. The updates are those of the actor, complete with users and chats.
    Done(Box<constructors::Updates>),
    /// It had been done before; this is what was kept then.
    Repeated(OperationResult),
}

impl Commit {
    /// The updates of an operation that nobody can send again.
    ///
    /// # Errors
    /// `Damaged` when it had been done before all the same.
    pub fn updates(self) -> Result<constructors::Updates> {
        match self {
            Self::Done(updates) => Ok(*updates),
            Self::Repeated(_) => Err(Error::Damaged("an operation id was used twice")),
        }
    }
}

impl Messenger {
    /// Locks mailboxes to change them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(
        &self,
        mailboxes: impl IntoIterator<Item = MailboxId> + Send,
        now: Now,
    ) -> Result<Batch<'_>> {
        let mut ids: Vec<_> = mailboxes.into_iter().collect();
        // One order for all, so that nobody waits in a circle.
        ids.sort_unstable();
        ids.dedup();
        let mut drafts = BTreeMap::new();
        for mailbox in ids {
            let mut slot = self.mailboxes.lock(mailbox).await;
            let place = match slot.head.take() {
                Some(place) => place,
                None => {
                    let head = self.store.head(mailbox).await?;
                    Place {
                        // pts starts at 1 for clients: 0 means unknown to them.
                        pts: head.pts,
                        top: head.top,
                    }
                }
            };
            slot.head = Some(place);
            drafts.insert(
                mailbox,
                Draft {
                    mailbox,
                    slot,
                    place,
                    append: Append {
                        mailbox,
                        expect: place.pts,
                        date: now.unix_s(),
                        ..Append::default()
                    },
                    updates: Vec::new(),
                    peers: Peers::default(),
                    dialogs: BTreeMap::new(),
                    shared: BTreeMap::new(),
                    access: Arc::clone(&self.access),
                },
            );
        }
        Ok(Batch {
            messenger: self,
            now,
            drafts,
            told: Vec::new(),
        })
    }
}

impl<'a> Batch<'a> {
    /// When it is done.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// Whose mailboxes they are.
    pub(crate) fn messenger(&self) -> &'a Messenger {
        self.messenger
    }
}

impl Batch<'_> {
    /// The changes of one of the locked mailboxes.
    ///
    /// # Panics
    /// When the mailbox was not among those that [`Messenger::open`] was given.
    pub fn draft(&mut self, mailbox: MailboxId) -> &mut Draft {
        self.drafts
            .get_mut(&mailbox)
            .unwrap_or_else(|| panic!("{mailbox:?} was not opened"))
    }

    /// The changes of a locked user's mailbox.
    ///
    /// # Panics
    /// As [`Batch::draft`].
    pub fn user(&mut self, user: UserId) -> &mut Draft {
        self.draft(MailboxId::User(user))
    }

    /// Tells a user something when all is done that is in no log.
    pub fn tell(&mut self, user: UserId, update: types::Update) {
        self.told.push((user, update));
    }

    /// A dialog of a locked mailbox as it will be; a fresh one when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dialog(&mut self, mailbox: MailboxId, peer: PeerId) -> Result<Dialog> {
        Ok(self
            .find_dialog(mailbox, peer)
            .await?
            .unwrap_or_else(|| Dialog {
                peer,
                ..Dialog::default()
            }))
    }

    /// A dialog of a locked mailbox as it will be.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_dialog(
        &mut self,
        mailbox: MailboxId,
        peer: PeerId,
    ) -> Result<Option<Dialog>> {
        let store = Arc::clone(&self.messenger.store);
        let draft = self.draft(mailbox);
        if let Some(dialog) = draft.dialogs.get(&peer) {
            return Ok(dialog.clone());
        }
        let dialog = match draft.slot.dialog(peer) {
            Some(known) => known.clone(),
            None => store.dialog(mailbox, peer).await?,
        };
        draft.dialogs.insert(peer, dialog.clone());
        Ok(dialog)
    }

    /// Appends everything durably, shows it to everybody whose mailbox changed, and gives back what
    /// the actor's own session is to be answered. `op` makes it happen once however often it is
    /// sent; `result` is what a repetition is given.
    ///
    /// # Errors
    /// When the store fails: nothing was changed then, or (`Unknown`) it may have been.
    pub async fn commit(mut self, actor: Actor, op: Option<OpId>, result: Bytes) -> Result<Commit> {
        let now = self.now;
        let messenger = self.messenger;
        let mut appends = Vec::with_capacity(self.drafts.len());
        let mut known = Vec::with_capacity(self.drafts.len());
        let home = MailboxId::User(actor.user);
        // The actor's mailbox first: it is the one that knows the operation.
        let mut order: Vec<MailboxId> = self.drafts.keys().copied().collect();
        order.sort_unstable_by_key(|mailbox| (*mailbox != home, *mailbox));
        let operation = op.unwrap_or_else(|| messenger.mailboxes.fresh_operation());
        for mailbox in &order {
            let draft = self.draft(*mailbox);
            known.push(draft.slot.forget());
            let mut append = std::mem::take(&mut draft.append);
            append.op = Some(operation);
            append.result = result.clone();
            appends.push(append);
        }
        let appended = messenger.store.append_group(appends).await?;
        if let Some(repeated) = appended.first().and_then(|first| first.repeated.clone()) {
            return Ok(Commit::Repeated(repeated));
        }
        let mut own = (Vec::new(), Peers::default());
        let mut in_channels = Vec::new();
        for (mailbox, known) in order.into_iter().zip(known) {
            let draft = self.draft(mailbox);
            draft.slot.head = Some(draft.place);
            draft.slot.dialogs = known;
            let dialogs = std::mem::take(&mut draft.dialogs);
            draft.slot.know(dialogs);
            let updates = std::mem::take(&mut draft.updates);
            let peers = std::mem::take(&mut draft.peers);
            match mailbox {
                MailboxId::User(user) if user == actor.user => own = (updates, peers),
                MailboxId::User(user) => {
                    if !updates.is_empty() && messenger.publisher.is_watched(user) {
                        messenger.show_to(user, updates, &peers, now).await?;
                    }
                }
                MailboxId::Channel(channel) => {
                    messenger.forget_tip(channel);
                    let shared = std::mem::take(&mut draft.shared);
                    in_channels.push((channel, updates, shared));
                }
            }
        }
        let (mut updates, peers) = own;
        let mut others: Vec<(UserId, Vec<types::Update>)> = Vec::new();
        for (user, update) in std::mem::take(&mut self.told) {
            if user == actor.user {
                updates.push(update);
            } else if let Some((_, told)) = others.iter_mut().find(|(other, _)| *other == user) {
                told.push(update);
            } else {
                others.push((user, vec![update]));
            }
        }
        for (channel, posted, shared) in &in_channels {
            let personal = messenger
                .personal(actor.user, *channel, posted, shared, true, now)
                .await?;
            updates.extend(personal);
        }
        let mut answer = none(now);
        if !updates.is_empty() {
            answer = messenger.updates(actor.user, updates, &peers, now).await?;
            let mut shown = answer.clone();
            // Random ids mean something only to the session that made them.
            shown
                .updates
                .retain(|update| !matches!(update, types::Update::MessageID { .. }));
            messenger.publisher.publish(
                actor.user,
                Some(actor),
                types::Updates::Updates(Box::new(shown)),
            );
        }
        for (user, updates) in others {
            if messenger.publisher.is_watched(user) {
                messenger
                    .show_to(user, updates, &Peers::default(), now)
                    .await?;
            }
        }
        for (channel, posted, shared) in in_channels {
            messenger
                .show_to_watchers(actor.user, channel, &posted, &shared, now)
                .await?;
        }
        Ok(Commit::Done(Box::new(answer)))
    }
}

impl Messenger {
    /// Updates for a user, complete with whom they name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn updates(
        &self,
        viewer: UserId,
        updates: Vec<types::Update>,
        peers: &Peers,
        now: Now,
    ) -> Result<constructors::Updates> {
        let mut updates = updates;
        for update in &mut updates {
            if let types::Update::NewMessage { message, .. }
            | types::Update::EditMessage { message, .. }
            | types::Update::NewChannelMessage { message, .. }
            | types::Update::EditChannelMessage { message, .. } = update
            {
                self.dress(viewer, [message]).await?;
            }
        }
        let mut named = peers.clone();
        updates.iter().for_each(|update| named.add_update(update));
        let shown = self.show(viewer, &named, now).await?;
        Ok(constructors::Updates {
            updates,
            users: shown.users,
            chats: shown.chats,
            ..none(now)
        })
    }

    async fn show_to(
        &self,
        user: UserId,
        updates: Vec<types::Update>,
        peers: &Peers,
        now: Now,
    ) -> Result<()> {
        let updates = self.updates(user, updates, peers, now).await?;
        self.publisher
            .publish(user, None, types::Updates::Updates(Box::new(updates)));
        Ok(())
    }

    /// Shows updates that are in no log (typing, statuses) to all sessions of a user but the
    /// actor's own.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn publish_unlogged(
        &self,
        user: UserId,
        except: Option<Actor>,
        updates: Vec<types::Update>,
        now: Now,
    ) -> Result<()> {
        if self.publisher.is_watched(user) {
            let updates = self.updates(user, updates, &Peers::default(), now).await?;
            self.publisher
                .publish(user, except, types::Updates::Updates(Box::new(updates)));
        }
        Ok(())
    }
}

impl Messenger {
    /// Shows one update that names nobody the viewer does not know, in its shortest form.
    pub(crate) fn publish_short(
        &self,
        user: UserId,
        except: Option<Actor>,
        update: types::Update,
        now: Now,
    ) {
        if self.publisher.is_watched(user) {
            let short = constructors::UpdateShort {
                update,
                date: now.date(),
            };
            self.publisher
                .publish(user, except, types::Updates::UpdateShort(Box::new(short)));
        }
    }
}

impl Draft {
    /// The id that the next new message of this mailbox has.
    pub fn next_id(&mut self) -> MsgId {
        self.place.top.0 += 1;
        self.place.top
    }

    /// The highest id in use, those of this change included.
    #[must_use]
    pub fn top(&self) -> MsgId {
        self.place.top
    }

    /// The `pts` after what was added up to now.
    #[must_use]
    pub fn pts(&self) -> Pts {
        self.place.pts
    }

    fn take_pts(&mut self, count: i32) -> i32 {
        self.place.pts.0 += count;
        self.place.pts.0
    }

    /// What the owner of the mailbox is shown carries hashes that only they can use.
    fn show_files(&self, new: &mut Letter) {
        if let MailboxId::User(owner) = self.mailbox {
            self.access.show_files_to(owner, &mut new.message);
        }
    }

    fn event(&mut self, pts_count: i32, event: &Event) -> Result<()> {
        self.append.events.push(store::Event {
            pts_count,
            body: event.encode()?,
        });
        Ok(())
    }

    /// Adds a new message: a row, a log entry, an update.
    ///
    /// # Errors
    /// `Damaged` for a message without a form.
    pub fn put_new(&mut self, mut new: Letter) -> Result<()> {
        self.show_files(&mut new);
        let id = message_id(&new.message);
        let pts = self.take_pts(1);
        self.event(1, &Event::NewMessage(id))?;
        self.write(&new)?;
        let (message, pts_count) = (new.message, 1);
        self.updates.push(match self.mailbox {
            MailboxId::User(_) => types::Update::NewMessage {
                message,
                pts,
                pts_count,
            },
            MailboxId::Channel(_) => types::Update::NewChannelMessage {
                message,
                pts,
                pts_count,
            },
        });
        Ok(())
    }

    /// Writes a message over an old one and says so: a row, a log entry, an update.
    ///
    /// # Errors
    /// `Damaged` for a message without a form.
    pub fn put_edited(&mut self, mut edited: Letter) -> Result<()> {
        self.show_files(&mut edited);
        let id = message_id(&edited.message);
        let pts = self.take_pts(1);
        self.event(1, &Event::EditedMessage(id))?;
        self.write(&edited)?;
        let (message, pts_count) = (edited.message, 1);
        self.updates.push(match self.mailbox {
            MailboxId::User(_) => types::Update::EditMessage {
                message,
                pts,
                pts_count,
            },
            MailboxId::Channel(_) => types::Update::EditChannelMessage {
                message,
                pts,
                pts_count,
            },
        });
        Ok(())
    }

    /// Writes a message without a word of it: some other update tells what changed.
    ///
    /// # Errors
    /// `Damaged` for a message without a form.
    pub fn put(&mut self, new: Letter) -> Result<()> {
        self.write(&new)
    }

    /// The first `pts` of a mailbox stands for its making.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.take_pts(1);
        self.event(1, &Event::Update(Box::new(types::Update::Config {})))
    }

    fn write(&mut self, new: &Letter) -> Result<()> {
        if let Link::Shared(shared) = &new.link {
            self.shared.insert(new.id().0, shared.clone());
        }
        self.append.messages.push(MessageWrite::Put {
            message: new.to_store()?,
            text: tag::search_text(&new.message),
        });
        Ok(())
    }

    /// Deletes messages and says so in one update.
    ///
    /// # Errors
    /// `Damaged` for an update without a form.
    pub fn delete(&mut self, ids: &[MsgId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.append
            .messages
            .extend(ids.iter().map(|id| MessageWrite::Delete(*id)));
        let messages: Vec<i32> = ids.iter().map(|id| id.0).collect();
        let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        let mailbox = self.mailbox;
        self.update(count, |pts| match mailbox {
            MailboxId::User(_) => types::Update::DeleteMessages {
                messages,
                pts,
                pts_count: count,
            },
            MailboxId::Channel(channel) => types::Update::DeleteChannelMessages {
                channel_id: channel.0,
                messages,
                pts,
                pts_count: count,
            },
        })
    }

    /// Adds an update that takes `pts_count` and is told the `pts` after it.
    ///
    /// # Errors
    /// `Damaged` for an update without a form.
    pub fn update(
        &mut self,
        pts_count: i32,
        update: impl FnOnce(i32) -> types::Update,
    ) -> Result<()> {
        let pts = self.take_pts(pts_count);
        let update = update(pts);
        self.event(pts_count, &Event::Update(Box::new(update.clone())))?;
        self.updates.push(update);
        Ok(())
    }

    /// Adds an update without `pts` that other devices are told, now or by their next difference.
    ///
    /// # Errors
    /// `Damaged` for an update without a form.
    pub fn note(&mut self, update: types::Update) -> Result<()> {
        self.event(0, &Event::Update(Box::new(update.clone())))?;
        self.updates.push(update);
        Ok(())
    }

    /// Adds an update that is shown now and told by no difference.
    pub fn say(&mut self, update: types::Update) {
        self.updates.push(update);
    }

    /// Adds an update in front of all others.
    pub fn say_first(&mut self, update: types::Update) {
        self.updates.insert(0, update);
    }

    /// Adds users and groups that must come along though no update names them.
    pub fn name(&mut self, peers: &Peers) {
        self.peers.extend(peers);
    }

    /// Writes a dialog.
    pub fn put_dialog(&mut self, dialog: Dialog) {
        self.append
            .dialogs
            .retain(|write| write.peer() != dialog.peer);
        self.dialogs.insert(dialog.peer, Some(dialog.clone()));
        self.append.dialogs.push(DialogWrite::Put(dialog));
    }

    /// Takes a dialog off the list.
    pub fn delete_dialog(&mut self, peer: PeerId) {
        self.append.dialogs.retain(|write| write.peer() != peer);
        self.dialogs.insert(peer, None);
        self.append.dialogs.push(DialogWrite::Delete(peer));
    }

    /// Writes a small value of the mailbox; `None` removes it.
    pub fn put_setting(&mut self, key: Bytes, value: Option<Bytes>) {
        self.append.settings.retain(|(other, _)| *other != key);
        self.append.settings.push((key, value));
    }

    /// What a small value of the mailbox will be, if this change writes it.
    pub(crate) fn pending_setting(&self, key: &Bytes) -> Option<Bytes> {
        let mut settings = self.append.settings.iter();
        settings.find(|(other, _)| other == key)?.1.clone()
    }

    /// Whose mailbox it is.
    #[must_use]
    pub fn mailbox(&self) -> MailboxId {
        self.mailbox
    }
}

fn none(now: Now) -> constructors::Updates {
    constructors::Updates {
        updates: Vec::new(),
        users: Vec::new(),
        chats: Vec::new(),
        date: now.date(),
        seq: 0,
    }
}

/// The first message of the thread that a message is in; 0 for none.
pub(crate) fn thread_of(message: &types::Message) -> MsgId {
    let header = match message {
        types::Message::Message(message) => message.reply_to.as_ref(),
        types::Message::Service(message) => message.reply_to.as_ref(),
        types::Message::Empty { .. } => None,
    };
    match (header, message) {
        (
            Some(types::MessageReplyHeader::MessageReplyHeader(header)),
            types::Message::Message(_) | types::Message::Service(_),
        ) if header.reply_to_peer_id.is_none() => MsgId(
            header
                .reply_to_top_id
                .or(header.reply_to_msg_id)
                .unwrap_or(0),
        ),
        _ => MsgId(0),
    }
}

/// The id of a message.
#[must_use]
pub fn message_id(message: &types::Message) -> MsgId {
    MsgId(match message {
        types::Message::Message(message) => message.id,
        types::Message::Service(message) => message.id,
        types::Message::Empty { id, .. } => *id,
    })
}

/// The date of a message, Unix seconds.
#[must_use]
pub fn message_date(message: &types::Message) -> i32 {
    match message {
        types::Message::Message(message) => message.date,
        types::Message::Service(message) => message.date,
        types::Message::Empty { .. } => 0,
    }
}

/// The API form of a stored message.
///
/// # Errors
/// `Damaged`.
pub fn read_message(message: &Message) -> Result<types::Message> {
    Ok(Letter::read(message)?.message)
}
