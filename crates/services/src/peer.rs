//! Whom a request names (chain P of the messages sheet, P3–P5 of the account sheet).

use messenger::Peers;
use store::{ChannelId, ChatId, MsgId, PeerId, UserId};
use tl_api::types;

use crate::context::Context;
use crate::error::{Error, Result};

impl Context<'_> {
    /// The peer that a request names, if the caller may name it.
    pub(crate) async fn peer(&self, peer: &types::InputPeer) -> Result<PeerId> {
        let user = self.user()?;
        match peer {
            types::InputPeer::Self_ {} => Ok(PeerId::User(user)),
            types::InputPeer::User {
                user_id,
                access_hash,
            } => self
                .named_user(UserId(*user_id), *access_hash)
                .await?
                .map(PeerId::User)
                .ok_or(Error::PEER_ID_INVALID),
            types::InputPeer::Chat { chat_id } => self.named_chat(ChatId(*chat_id)).await,
            types::InputPeer::Empty {} => Err(Error::PEER_ID_INVALID),
            types::InputPeer::Channel {
                channel_id,
                access_hash,
            } => {
                let id = self
                    .named_channel(ChannelId(*channel_id), *access_hash)
                    .await?;
                self.readable(id).await
            }
            types::InputPeer::ChannelFromMessage {
                peer,
                msg_id,
                channel_id,
            } => {
                let id = self
                    .channel_from_message(peer, MsgId(*msg_id), ChannelId(*channel_id))
                    .await?;
                self.readable(id).await
            }
            types::InputPeer::UserFromMessage {
                peer,
                msg_id,
                user_id,
            } => self
                .user_from_message(peer, MsgId(*msg_id), UserId(*user_id))
                .await
                .map(PeerId::User),
        }
    }

    /// The user that a request names, if the caller may name them.
    pub(crate) async fn input_user(&self, user: &types::InputUser) -> Result<UserId> {
        match user {
            types::InputUser::Self_ {} => self.user(),
            types::InputUser::InputUser {
                user_id,
                access_hash,
            } => self
                .named_user(UserId(*user_id), *access_hash)
                .await?
                .ok_or(Error::USER_ID_INVALID),
            types::InputUser::Empty {} => Err(Error::USER_ID_INVALID),
            types::InputUser::FromMessage(from) => {
                self.user_from_message(&from.peer, MsgId(from.msg_id), UserId(from.user_id))
                    .await
            }
        }
    }

    /// A user whom a message that the caller can read names.
    async fn user_from_message(
        &self,
        peer: &types::InputPeer,
        id: MsgId,
        user: UserId,
    ) -> Result<UserId> {
        let named = self.named_in_message(peer, id).await?;
        let exists = self.messenger().user(user).await?.is_some();
        if named.users.contains(&user) && exists {
            Ok(user)
        } else {
            Err(Error::MSG_ID_INVALID)
        }
    }

    /// Whom a message that the caller can read names.
    async fn named_in_message(&self, peer: &types::InputPeer, id: MsgId) -> Result<Peers> {
        // One step is enough: the chat of a message has a name of its own.
        let is_step = matches!(
            peer,
            types::InputPeer::UserFromMessage { .. } | types::InputPeer::ChannelFromMessage { .. }
        );
        if is_step {
            return Err(Error::MSG_ID_INVALID);
        }
        let peer = Box::pin(self.peer(peer)).await?;
        let letter = self
            .messenger()
            .letter_in(self.user()?, peer, id, self.now)
            .await?;
        let letter = letter.ok_or(Error::MSG_ID_INVALID)?;
        let mut named = Peers::default();
        named.add_message(&letter.message);
        Ok(named)
    }

    /// A channel whom a message that the caller can read names.
    async fn channel_from_message(
        &self,
        peer: &types::InputPeer,
        id: MsgId,
        channel: ChannelId,
    ) -> Result<ChannelId> {
        let named = self.named_in_message(peer, id).await?;
        if named.channels.contains(&channel) {
            Ok(channel)
        } else {
            Err(Error::MSG_ID_INVALID)
        }
    }

    /// The channel that a request names, if the caller may name it (0.1).
    pub(crate) async fn channel(&self, channel: &types::InputChannel) -> Result<ChannelId> {
        match channel {
            types::InputChannel::InputChannel {
                channel_id,
                access_hash,
            } => {
                self.named_channel(ChannelId(*channel_id), *access_hash)
                    .await
            }
            types::InputChannel::Empty {} => Err(Error::CHANNEL_INVALID),
            types::InputChannel::FromMessage(from) => {
                self.channel_from_message(
                    &from.peer,
                    MsgId(from.msg_id),
                    ChannelId(from.channel_id),
                )
                .await
            }
        }
    }

    /// A channel named by id and hash. Hash 0 is good enough for who is or was in it (0.3).
    async fn named_channel(&self, id: ChannelId, access_hash: i64) -> Result<ChannelId> {
        let caller = self.user()?;
        let messenger = self.messenger();
        let may = messenger.access.peer(caller, PeerId::Channel(id)) == access_hash
            || access_hash == 0 && messenger.channel_member(id, caller).await?.is_some();
        if may && messenger.channel(id).await?.is_some() {
            Ok(id)
        } else {
            Err(Error::CHANNEL_INVALID)
        }
    }

    async fn readable(&self, id: ChannelId) -> Result<PeerId> {
        self.messenger().reading(self.user()?, id, self.now).await?;
        Ok(PeerId::Channel(id))
    }

    /// A user named by id and hash. Hash 0 is good enough for oneself, contacts and dialogs (P3).
    async fn named_user(&self, id: UserId, access_hash: i64) -> Result<Option<UserId>> {
        let caller = self.user()?;
        let messenger = self.messenger();
        let may = id == caller
            || messenger.access.peer(caller, PeerId::User(id)) == access_hash
            || access_hash == 0 && self.has_met(caller, id).await?;
        if !may || messenger.user(id).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(id))
    }

    async fn has_met(&self, caller: UserId, user: UserId) -> Result<bool> {
        let messenger = self.messenger();
        if messenger.contacts(caller).await?.contains_key(&user) {
            return Ok(true);
        }
        let dialog = self
            .services
            .store
            .dialog(store::MailboxId::User(caller), PeerId::User(user))
            .await?;
        Ok(dialog.is_some())
    }

    /// A basic group that the caller is or was a member of.
    pub(crate) async fn named_chat(&self, id: ChatId) -> Result<PeerId> {
        let caller = self.user()?;
        let chat = self.messenger().chat(id).await?;
        chat.filter(|chat| chat.knows(caller) || chat.removed.contains(&caller.0))
            .map(|_| PeerId::Chat(id))
            .ok_or(Error::CHAT_ID_INVALID)
    }
}
