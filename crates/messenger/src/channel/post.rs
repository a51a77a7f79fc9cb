//! Writing into channels: one message, one copy (1.9).

use std::collections::BTreeSet;

use bytes::{BufMut as _, Bytes, BytesMut};
use store::{ChannelId, Dialog, MailboxId, MsgId, OpId, PeerId, UserId};
use tl_api::{constructors, types};

use super::ChannelError;
use super::member::Standing;
use super::view::{author, mention_key};
use crate::Messenger;
use crate::error::{Error, Result};
use crate::link::{Link, Shared};
use crate::mailbox::{Batch, Commit, Letter, thread_of};
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::right::{self, admin};
use crate::send::{Parcel, Reply, SendError, SendOptions, wants_opening};
use crate::text::CleanText;
use crate::time::Now;

/// Stands before the ids in the result of an operation in a channel.
pub(crate) const IN_CHANNEL: i32 = i32::MIN;

impl Messenger {
    /// What a user is to a channel that they may write into (chain Wr).
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn writing(&self, user: UserId, id: ChannelId, now: Now) -> Result<Standing> {
        let standing = self.reading(user, id, now).await?;
        let channel = &standing.channel;
        if !channel.megagroup {
            standing.need(admin::POST_MESSAGES)?;
            return Ok(standing);
        }
        if !standing.is_member() {
            // Whoever reads the channel may comment in its discussion group.
            if channel.linked == 0 || channel.is_public() && !self.is_guest(&standing, now).await? {
                return Err(Error::ChatWriteForbidden);
            }
            if channel.join_to_send {
                return Err(ChannelError::GuestForbidden.into());
            }
        }
        if standing.denied() & right::SEND_MESSAGES != 0 {
            return Err(Error::ChatWriteForbidden);
        }
        Ok(standing)
    }

    /// Whether somebody comes into a discussion group from its channel.
    async fn is_guest(&self, standing: &Standing, now: Now) -> Result<bool> {
        let linked = ChannelId(standing.channel.linked);
        let other = self.standing(standing.user, linked, now).await?;
        self.may_read(&other, now).await
    }

    /// Refuses a message of a kind that the member may not send (chain Kd).
    pub(crate) fn check_kind(standing: &Standing, message: &types::Message) -> Result<()> {
        match right::denied_to_send(standing.denied(), message) {
            Some(right) => Err(SendError::Forbidden(right).into()),
            None => Ok(()),
        }
    }

    /// Puts messages into a channel, all at once.
    pub(crate) async fn post_parcels(
        &self,
        actor: Actor,
        id: ChannelId,
        parcels: Vec<Parcel>,
        options: SendOptions,
        op: Option<OpId>,
        now: Now,
    ) -> Result<Commit> {
        let mut users = BTreeSet::from([actor.user]);
        for parcel in &parcels {
            users.extend(&parcel.mentioned);
        }
        let mut batch = self.lock_channel(id, users, now).await?;
        let standing = self.writing(actor.user, id, now).await?;
        self.check_slow_mode(&standing, &parcels, now).await?;
        if options.clear_draft {
            let peer = standing.channel.peer();
            self.clear_draft_in(&mut batch, actor.user, peer, now)
                .await?;
        }
        let mut result = BytesMut::with_capacity(16 + parcels.len() * 8);
        result.put_i32_le(IN_CHANNEL);
        result.put_i32_le(0);
        result.put_i64_le(id.0);
        for parcel in parcels {
            let (id, pts) = self.put_post(&mut batch, &standing, parcel).await?;
            result.put_i32_le(id.0);
            result.put_i32_le(pts);
        }
        batch.commit(actor, op, result.freeze()).await
    }

    /// Chain Sl.
    async fn check_slow_mode(
        &self,
        standing: &Standing,
        parcels: &[Parcel],
        now: Now,
    ) -> Result<()> {
        let channel = &standing.channel;
        if channel.slowmode_s == 0 || standing.is_admin() {
            return Ok(());
        }
        if let Some(next) = self.next_send_date(standing, now).await? {
            return Err(ChannelError::SlowMode(next - now.unix_s()).into());
        }
        let album = |parcel: &Parcel| match &parcel.message {
            types::Message::Message(message) => message.grouped_id,
            types::Message::Empty { .. } | types::Message::Service(_) => None,
        };
        let first = parcels.first().and_then(album);
        let one = parcels.len() <= 1
            || first.is_some() && parcels.iter().all(|parcel| album(parcel) == first);
        if one {
            Ok(())
        } else {
            Err(ChannelError::SlowModeMany.into())
        }
    }

    /// When a member may write again, Unix seconds; `None` for at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_send_date(&self, standing: &Standing, now: Now) -> Result<Option<u32>> {
        if standing.channel.slowmode_s == 0 || standing.is_admin() {
            return Ok(None);
        }
        let found = self
            .store
            .mailbox_settings(
                MailboxId::User(standing.user),
                posted_key(standing.channel.channel_id()),
            )
            .await?;
        let last = found
            .first()
            .and_then(|(_, body)| Some(u32::from_le_bytes(*body.first_chunk()?)))
            .unwrap_or(0);
        let next = last.saturating_add(standing.channel.slowmode_s);
        Ok((last != 0 && next > now.unix_s()).then_some(next))
    }

    /// Puts one message into a locked channel; the mailboxes of its author and of who is mentioned
    /// are locked as well. Gives back its id and the `pts` of it.
    pub(crate) async fn put_post(
        &self,
        batch: &mut Batch<'_>,
        standing: &Standing,
        parcel: Parcel,
    ) -> Result<(MsgId, i32)> {
        let channel = &standing.channel;
        let channel_id = channel.channel_id();
        let mailbox = MailboxId::Channel(channel_id);
        let author = standing.user;
        let id = batch.draft(mailbox).next_id();
        let mut mentioned: Vec<UserId> = parcel.mentioned.iter().copied().collect();
        mentioned.retain(|user| *user != author);
        let from = self.shown_author(standing).await?;
        let reply = parcel.reply.as_ref().and_then(|reply| reply.header(author));
        let message = self
            .posted(standing, parcel.message, id, from, reply)
            .await?;
        let letter = Letter {
            message,
            peer: channel.peer(),
            from,
            link: Link::Shared(Shared {
                author,
                mentioned: mentioned.clone(),
            }),
        };
        if parcel.random_id != 0 {
            batch.user(author).say(types::Update::MessageID {
                id: id.0,
                random_id: parcel.random_id,
            });
        }
        self.count_reply(batch, channel_id, &letter).await?;
        let is_service = matches!(letter.message, types::Message::Service(_));
        let wrote = (!is_service).then(|| letter.date());
        batch.draft(mailbox).put_new(letter)?;
        let pts = batch.draft(mailbox).pts().0;
        if standing.is_member() {
            self.read_own(batch, standing, id, wrote, pts).await?;
        }
        for user in mentioned {
            let row = self.channel_member(channel_id, user).await?;
            if row.is_none_or(|row| !row.present) {
                continue;
            }
            let home = MailboxId::User(user);
            let mut dialog = batch.dialog(home, channel.peer()).await?;
            dialog.mentions += 1;
            batch.user(user).put_dialog(dialog);
            let key = mention_key(channel_id, id);
            batch.user(user).put_setting(key, Some(Bytes::new()));
        }
        Ok((id, pts))
    }

    /// In whose name somebody writes.
    async fn shown_author(&self, standing: &Standing) -> Result<PeerId> {
        let channel = &standing.channel;
        if !channel.megagroup {
            return Ok(if channel.signature_profiles {
                PeerId::User(standing.user)
            } else {
                channel.peer()
            });
        }
        if standing.may_as_admin(admin::ANONYMOUS) {
            return Ok(channel.peer());
        }
        let send_as = standing.member.as_ref().map_or(0, |member| member.send_as);
        if send_as != 0 {
            let id = ChannelId(send_as);
            let owned = self.channel(id).await?;
            let owned = owned.is_some_and(|other| {
                !other.deleted && (other.creator == standing.user.0 || id.0 == channel.id)
            });
            if owned {
                return Ok(PeerId::Channel(id));
            }
        }
        Ok(PeerId::User(standing.user))
    }

    /// A message in the form that it has in the channel.
    async fn posted(
        &self,
        standing: &Standing,
        mut message: types::Message,
        id: MsgId,
        from: PeerId,
        reply: Option<types::MessageReplyHeader>,
    ) -> Result<types::Message> {
        let channel = &standing.channel;
        let rank = standing
            .member
            .as_ref()
            .and_then(|member| member.rank.as_deref())
            .map(tl::Str::from);
        // Posts come from their channel, which needs no saying.
        let from_id = (from != channel.peer() || channel.megagroup).then(|| tl_peer(from));
        match &mut message {
            types::Message::Message(message) => {
                message.id = id.0;
                message.peer_id = tl_peer(channel.peer());
                message.from_id = from_id;
                message.reply_to = reply;
                message.post = !channel.megagroup;
                message.ttl_period =
                    (channel.ttl_period > 0).then(|| channel.ttl_period.cast_signed());
                message.media_unread = channel.megagroup && wants_opening(message);
                message.post_author = None;
                if channel.megagroup {
                    if from == channel.peer() {
                        message.post_author = rank;
                    } else {
                        message.from_rank = rank;
                    }
                    message.replies = Some(Box::new(types::MessageReplies::new(0, 0)));
                } else {
                    message.views = Some(1);
                    message.forwards = Some(0);
                    if channel.signatures {
                        message.post_author = self.signature(standing.user).await?;
                    }
                    if channel.linked != 0 {
                        let mut replies = types::MessageReplies::new(0, 0);
                        replies.comments = true;
                        replies.channel_id = Some(channel.linked);
                        message.replies = Some(Box::new(replies));
                    }
                }
            }
            types::Message::Service(message) => {
                message.id = id.0;
                message.peer_id = tl_peer(channel.peer());
                message.from_id = from_id;
                message.reply_to = reply;
                message.post = !channel.megagroup;
            }
            types::Message::Empty { .. } => {}
        }
        Ok(message)
    }

    async fn signature(&self, user: UserId) -> Result<Option<tl::Str>> {
        let user = self.user(user).await?;
        Ok(user.map(|user| {
            let name = format!("{} {}", user.first_name, user.last_name);
            name.trim().into()
        }))
    }

    /// Whoever writes has read what stands above.
    async fn read_own(
        &self,
        batch: &mut Batch<'_>,
        standing: &Standing,
        id: MsgId,
        wrote: Option<u32>,
        pts: i32,
    ) -> Result<()> {
        let author = standing.user;
        let peer = standing.channel.peer();
        let mut dialog = batch.dialog(MailboxId::User(author), peer).await?;
        let (tip, _) = self.tip(standing.channel.channel_id()).await?;
        if dialog.read_inbox < tip && tip < id {
            let folder_id = (dialog.folder != crate::MAIN).then(|| dialog.folder.cast_signed());
            batch.tell(
                author,
                types::Update::ReadChannelInbox {
                    folder_id,
                    channel_id: standing.channel.id,
                    max_id: id.0,
                    still_unread_count: 0,
                    pts,
                },
            );
        }
        dialog.read_inbox = dialog.read_inbox.max(id);
        let channel = standing.channel.channel_id();
        let draft = batch.draft(MailboxId::Channel(channel));
        self.note_reader(draft, channel, author, id).await?;
        if let (Some(date), true) = (wrote, standing.channel.slowmode_s > 0) {
            let body = Bytes::copy_from_slice(&date.to_le_bytes());
            batch
                .user(author)
                .put_setting(posted_key(channel), Some(body));
        }
        batch.user(author).put_dialog(dialog);
        Ok(())
    }

    /// A message of a thread counts for its root.
    async fn count_reply(
        &self,
        batch: &mut Batch<'_>,
        channel: ChannelId,
        letter: &Letter,
    ) -> Result<()> {
        let root = thread_of(&letter.message);
        if root.0 <= 0 {
            return Ok(());
        }
        let id = letter.id();
        let draft = batch.draft(MailboxId::Channel(channel));
        self.count(draft, channel, &[root], |counters| {
            counters.replies += 1;
            counters.newest_reply = counters.newest_reply.max(id.0);
        })
        .await
    }

    /// The answer to what was sent into a channel before.
    pub(crate) async fn repeated_posts(
        &self,
        actor: Actor,
        channel: ChannelId,
        random_ids: &[i64],
        sent: &[(MsgId, i32)],
        now: Now,
    ) -> Result<constructors::Updates> {
        let standing = self.standing(actor.user, channel, now).await?;
        let mut updates = Vec::new();
        for (random_id, (id, pts)) in random_ids.iter().zip(sent) {
            updates.push(types::Update::MessageID {
                id: id.0,
                random_id: *random_id,
            });
            if let Some(letter) = self.post(&standing, *id).await? {
                updates.push(types::Update::NewChannelMessage {
                    message: letter.message,
                    pts: *pts,
                    pts_count: 1,
                });
            }
        }
        self.updates(actor.user, updates, &crate::Peers::default(), now)
            .await
    }

    /// The members of a channel whom a text mentions (A27).
    pub(crate) async fn mentioned_members(
        &self,
        text: &CleanText,
        channel: ChannelId,
    ) -> Result<BTreeSet<UserId>> {
        let mut mentioned = BTreeSet::new();
        for user in self.named_in_text(text).await? {
            let row = self.channel_member(channel, user).await?;
            if row.is_some_and(|row| row.present) {
                mentioned.insert(user);
            }
        }
        Ok(mentioned)
    }

    /// A reply in a channel belongs to the thread of what it replies to, whose author is alerted.
    pub(crate) async fn add_thread(
        &self,
        reply: &mut Reply,
        parcel: &mut Parcel,
        channel: ChannelId,
        target: &Letter,
    ) -> Result<()> {
        let root = thread_of(&target.message);
        reply.header.reply_to_top_id = (root.0 > 0).then_some(root.0);
        let wrote = author(target);
        let row = self.channel_member(channel, wrote).await?;
        if row.is_some_and(|row| row.present) {
            parcel.mentioned.insert(wrote);
        }
        Ok(())
    }

    /// Puts a service message of a member into a locked channel.
    pub(crate) async fn put_service(
        &self,
        batch: &mut Batch<'_>,
        standing: &Standing,
        action: types::MessageAction,
        now: Now,
    ) -> Result<MsgId> {
        let parcel = Parcel::service(action, now);
        Ok(self.put_post(batch, standing, parcel).await?.0)
    }
}

/// Under which a member keeps when they have written last into a slow group.
fn posted_key(channel: ChannelId) -> Bytes {
    let mut key = BytesMut::from(&b"posted"[..]);
    key.put_i64(channel.0);
    key.freeze()
}

/// The dialog of a new member: what was before is read. What stands on top the channel itself
/// knows; here it only says that there is something.
pub(crate) fn new_dialog(channel: ChannelId, read: MsgId) -> Dialog {
    Dialog {
        peer: PeerId::Channel(channel),
        read_inbox: read,
        top: MsgId(1),
        ..Dialog::default()
    }
}
