//! A basic group becomes a supergroup (1.11).

use bytes::Bytes;
use store::{ChannelId, ChatId, MailboxId, UserId};
use tl_api::{constructors, types};

use super::record::{Channel, ChannelMember};
use crate::Messenger;
use crate::chat::{audience, members_of};
use crate::error::{Error, Result};
use crate::peer::Peers;
use crate::publish::Actor;
use crate::record::{Chat, Record as _};
use crate::right::admin;
use crate::send::Parcel;
use crate::time::Now;

/// What an admin of a basic group may do in the supergroup it becomes.
const GROUP_ADMIN: u32 = admin::CHANGE_INFO
    | admin::DELETE_MESSAGES
    | admin::BAN_USERS
    | admin::INVITE_USERS
    | admin::PIN_MESSAGES
    | admin::MANAGE_CALL
    | admin::OTHER;

impl Messenger {
    /// Makes a supergroup of a basic group; `new` is a new id.
    ///
    /// # Errors
    /// `AdminRequired` for who did not make the group, or when the store fails.
    pub async fn migrate_chat(
        &self,
        actor: Actor,
        id: ChatId,
        new: ChannelId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let chat = self.chat_of(actor.user, id).await?;
        if chat.creator != actor.user.0 {
            return Err(Error::AdminRequired);
        }
        let mut updates = Vec::new();
        let mut new = new;
        if chat.migrated_to == 0 {
            if chat.deactivated {
                return Err(Error::ChatUnknown);
            }
            updates.extend(self.end_chat(actor, id, new, now).await?);
            updates.extend(self.begin_supergroup(actor, &chat, new, now).await?);
        } else {
            new = ChannelId(chat.migrated_to);
            updates.push(types::Update::Channel { channel_id: new.0 });
        }
        let mut peers = Peers::default();
        peers.add(store::PeerId::Chat(id));
        peers.add(store::PeerId::Channel(new));
        self.updates(actor.user, updates, &peers, now).await
    }

    /// The last message of the basic group, in all copies: from here on nobody writes into it.
    async fn end_chat(
        &self,
        actor: Actor,
        id: ChatId,
        new: ChannelId,
        now: Now,
    ) -> Result<Vec<types::Update>> {
        let close = |chat: &mut Chat| {
            if chat.deactivated {
                return Err(Error::ChatUnknown);
            }
            chat.deactivated = true;
            chat.migrated_to = new.0;
            chat.version += 1;
            Ok(())
        };
        let (mut batch, chat) = self.change_with_mailboxes(id, &[], close, now).await?;
        let action = types::MessageAction::ChatMigrateTo { channel_id: new.0 };
        let audience = audience(&chat, members_of(&chat));
        let parcel = Parcel::service(action, now);
        self.put(&mut batch, actor.user, &audience, parcel).await?;
        let updates = batch.commit(actor, None, Bytes::new()).await?.updates()?;
        Ok(updates.updates)
    }

    async fn begin_supergroup(
        &self,
        actor: Actor,
        chat: &Chat,
        id: ChannelId,
        now: Now,
    ) -> Result<Vec<types::Update>> {
        let others = chat
            .members
            .iter()
            .filter(|member| member.user != chat.creator);
        let channel = Channel {
            id: id.0,
            title: chat.title.clone(),
            about: chat.about.clone(),
            creator: chat.creator,
            created: now.unix_s(),
            megagroup: true,
            photo: chat.photo.clone(),
            banned_rights: chat.banned_rights,
            participants: u32::try_from(chat.members.len()).unwrap_or(u32::MAX),
            admins: others
                .clone()
                .filter(|member| member.admin)
                .map(|member| member.user)
                .collect(),
            bots: others
                .filter(|member| member.bot)
                .map(|member| member.user)
                .collect(),
            migrated_from: chat.id,
            ttl_period: chat.ttl_period,
            noforwards: chat.noforwards,
            reactions: chat.reactions.clone(),
            ..Channel::default()
        };
        let users = chat.members.iter().map(|member| UserId(member.user));
        let users: Vec<UserId> = users.collect();
        let mut batch = self.lock_channel(id, users, now).await?;
        batch.draft(MailboxId::Channel(id)).begin()?;
        self.store
            .put_profile(channel.peer(), 0, channel.to_bytes())
            .await?;
        for member in &chat.members {
            let user = UserId(member.user);
            let is_admin = member.admin && member.user != chat.creator;
            let row = ChannelMember {
                present: true,
                inviter: member.inviter,
                date: now.unix_s(),
                admin_rights: if is_admin { GROUP_ADMIN } else { 0 },
                promoted_by: if is_admin { chat.creator } else { 0 },
                promoted_at: now.unix_s(),
                bot: member.bot,
                ..ChannelMember::new(user)
            };
            self.put_channel_member(id, row, now).await?;
            let dialog = super::post::new_dialog(id, store::MsgId(0));
            batch.user(user).put_dialog(dialog);
            let update = types::Update::Channel { channel_id: id.0 };
            batch.user(user).note(update)?;
        }
        let standing = self.standing(actor.user, id, now).await?;
        let action = types::MessageAction::ChannelMigrateFrom {
            title: chat.title.as_str().into(),
            chat_id: chat.id,
        };
        self.put_service(&mut batch, &standing, action, now).await?;
        let updates = batch.commit(actor, None, Bytes::new()).await?.updates()?;
        Ok(updates.updates)
    }
}
