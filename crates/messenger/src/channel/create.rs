//! Making and deleting channels (1.7).

use bytes::Bytes;
use store::{ChannelId, MailboxId, NameKind, UserId};
use tl_api::{constructors, types};

use super::ChannelError;
use super::record::{Channel, ChannelMember};
use crate::Messenger;
use crate::error::Result;
use crate::mailbox::Batch;
use crate::name::{clean_group_about, clean_title, username_key};
use crate::publish::Actor;
use crate::record::Record as _;
use crate::send::Parcel;
use crate::time::Now;

/// A channel to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewChannel {
    /// A new id.
    pub id: ChannelId,
    /// For the answer.
    pub random_id: i64,
    /// A supergroup.
    pub megagroup: bool,
    /// With topics.
    pub forum: bool,
    /// Title.
    pub title: String,
    /// The text about it.
    pub about: String,
    /// Seconds after which messages go; 0 for never.
    pub ttl_period: u32,
}

impl Messenger {
    /// Makes a channel that the actor owns.
    ///
    /// # Errors
    /// `TitleEmpty`, `AboutTooLong`, `TooMany`, or when the store fails.
    pub async fn found_channel(
        &self,
        actor: Actor,
        new: NewChannel,
        now: Now,
    ) -> Result<constructors::Updates> {
        let title = clean_title(&new.title).ok_or(ChannelError::TitleEmpty)?;
        let about = clean_group_about(&new.about)
            .ok_or(ChannelError::AboutTooLong)?
            .to_owned();
        if self.channels_of(actor.user).await?.len() >= super::JOINED_MAX {
            return Err(ChannelError::TooMany.into());
        }
        let id = new.id;
        let channel = Channel {
            id: id.0,
            title: title.clone(),
            about,
            creator: actor.user.0,
            created: now.unix_s(),
            megagroup: new.megagroup,
            forum: new.forum,
            ttl_period: new.ttl_period,
            participants: 1,
            ..Channel::default()
        };
        let mut batch = self.begin_channel(actor.user, channel, now).await?;
        let action = types::MessageAction::ChannelCreate {
            title: title.as_str().into(),
        };
        let mut parcel = Parcel::service(action, now);
        parcel.random_id = new.random_id;
        let standing = self.standing(actor.user, id, now).await?;
        self.put_post(&mut batch, &standing, parcel).await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Stores a new channel with its owner and locks the mailboxes of both.
    pub(crate) async fn begin_channel(
        &self,
        owner: UserId,
        channel: Channel,
        now: Now,
    ) -> Result<Batch<'_>> {
        let id = channel.channel_id();
        let mailbox = MailboxId::Channel(id);
        let mut batch = self.open([mailbox, MailboxId::User(owner)], now).await?;
        batch.draft(mailbox).begin()?;
        self.store
            .put_profile(channel.peer(), 0, channel.to_bytes())
            .await?;
        let row = ChannelMember {
            present: true,
            inviter: owner.0,
            date: now.unix_s(),
            ..ChannelMember::new(owner)
        };
        self.put_channel_member(id, row, now).await?;
        batch
            .user(owner)
            .put_dialog(super::post::new_dialog(id, store::MsgId(0)));
        batch.tell(owner, types::Update::Channel { channel_id: id.0 });
        Ok(batch)
    }

    /// Deletes a channel for all.
    ///
    /// # Errors
    /// `AdminRequired` for who does not own it, or when the store fails.
    pub async fn delete_channel(
        &self,
        actor: Actor,
        id: ChannelId,
        now: Now,
    ) -> Result<constructors::Updates> {
        self.acting(actor.user, id, now).await?.need_creator()?;
        let mut batch = self.lock_channel(id, [actor.user], now).await?;
        let before = self.acting(actor.user, id, now).await?.channel;
        if before.linked != 0 {
            self.change_channel(ChannelId(before.linked), |other| {
                other.linked = 0;
                Ok(())
            })
            .await?;
        }
        self.change_channel(id, |channel| {
            channel.deleted = true;
            channel.username = None;
            channel.linked = 0;
            channel.requests.clear();
            Ok(())
        })
        .await?;
        if let Some(name) = &before.username {
            self.store
                .release_name(NameKind::Username, username_key(name), before.peer())
                .await?;
        }
        let update = types::Update::Channel { channel_id: id.0 };
        batch.draft(MailboxId::Channel(id)).say(update);
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Locks a channel, and mailboxes of users.
    pub(crate) async fn lock_channel(
        &self,
        id: ChannelId,
        users: impl IntoIterator<Item = UserId> + Send,
        now: Now,
    ) -> Result<Batch<'_>> {
        let mut mailboxes: Vec<MailboxId> = users.into_iter().map(MailboxId::User).collect();
        mailboxes.push(MailboxId::Channel(id));
        self.open(mailboxes, now).await
    }
}
