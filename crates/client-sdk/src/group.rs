//! Groups, supergroups and channels.

use tl_api::{constructors, functions, types};

use crate::client::Client;
use crate::error::{Error, Result};

/// Kinds of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Up to 200 members.
    Basic,
    /// Only its admins write.
    Broadcast,
    /// A supergroup: many members, one history.
    Super,
}

/// A group, as its maker sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How it is named in requests.
    pub peer: types::InputPeer,
    /// The group itself.
    pub chat: types::Chat,
}

impl Client {
    /// Makes a group. `users` are invited; who does not allow that is not in it.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, GroupKind, Result};
    /// # async fn example(client: Client) -> Result<()> {
    /// let bob = client.find_user("bob").await?;
    /// let group = client.create_group(GroupKind::Super, "Boats", &[bob]).await?;
    /// client.send_text(&group.peer, "hello, everybody").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_group(
        &self,
        kind: GroupKind,
        title: &str,
        users: &[types::InputUser],
    ) -> Result<Group> {
        if kind == GroupKind::Basic {
            let request = functions::messages::CreateChat::new(users.to_vec(), title.into());
            return self.group_in(self.invoke(request).await?.updates);
        }
        let mut request = functions::channels::CreateChannel::new(title.into(), "".into());
        request.megagroup = kind == GroupKind::Super;
        request.broadcast = kind == GroupKind::Broadcast;
        let group = self.group_in(self.invoke(request).await?)?;
        if !users.is_empty() {
            self.invite(&group.peer, users).await?;
        }
        Ok(group)
    }

    /// Invites into a group.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result, tl_api::types};
    /// # async fn example(client: Client, group: types::InputPeer) -> Result<()> {
    /// let bob = client.find_user("bob").await?;
    /// client.invite(&group, &[bob]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn invite(&self, group: &types::InputPeer, users: &[types::InputUser]) -> Result<()> {
        if let types::InputPeer::Chat { chat_id } = *group {
            for user_id in users {
                self.invoke(functions::messages::AddChatUser {
                    chat_id,
                    user_id: user_id.clone(),
                    fwd_limit: 100,
                })
                .await?;
            }
            return Ok(());
        }
        self.invoke(functions::channels::InviteToChannel {
            channel: channel(group)?,
            users: users.to_vec(),
        })
        .await?;
        Ok(())
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result, tl_api::types};
    /// # async fn example(client: Client, group: types::InputPeer) -> Result<()> {
    /// client.leave(&group).await
    /// # }
    /// ```
    pub async fn leave(&self, group: &types::InputPeer) -> Result<()> {
        if let types::InputPeer::Chat { chat_id } = *group {
            self.invoke(functions::messages::DeleteChatUser {
                revoke_history: false,
                chat_id,
                user_id: types::InputUser::Self_ {},
            })
            .await?;
            return Ok(());
        }
        let channel = channel(group)?;
        self.invoke(functions::channels::LeaveChannel { channel })
            .await?;
        Ok(())
    }

    /// Gives a supergroup or channel a public name.
    ///
    /// # Errors
    /// The name is taken, or the server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result, tl_api::types};
    /// # async fn example(client: Client, group: types::InputPeer) -> Result<()> {
    /// client.publish(&group, "boats").await
    /// # }
    /// ```
    pub async fn publish(&self, group: &types::InputPeer, username: &str) -> Result<()> {
        self.invoke(functions::channels::UpdateUsername {
            channel: channel(group)?,
            username: username.into(),
        })
        .await?;
        Ok(())
    }

    /// The user, group or channel with a public name.
    ///
    /// # Errors
    /// Nobody has it.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result};
    /// # async fn example(client: Client) -> Result<()> {
    /// let boats = client.find("boats").await?;
    /// client.send_text(&boats, "ahoy").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn find(&self, username: &str) -> Result<types::InputPeer> {
        let request = functions::contacts::ResolveUsername::new(username.into());
        let found = self.invoke(request).await?;
        self.remember_peers(&found.users, &found.chats);
        Ok(self.input_peer(&found.peer))
    }

    /// The user with a public name.
    ///
    /// # Errors
    /// Nobody has it, or a group has.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result};
    /// # async fn example(client: Client) -> Result<()> {
    /// let bob = client.find_user("bob").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn find_user(&self, username: &str) -> Result<types::InputUser> {
        match self.find(username).await? {
            types::InputPeer::User {
                user_id,
                access_hash,
            } => Ok(types::InputUser::InputUser {
                user_id,
                access_hash,
            }),
            types::InputPeer::Channel { .. }
            | types::InputPeer::ChannelFromMessage { .. }
            | types::InputPeer::Chat { .. }
            | types::InputPeer::Empty {}
            | types::InputPeer::Self_ {}
            | types::InputPeer::UserFromMessage { .. } => Err(Error::Refused {
                code: 400,
                name: "USERNAME_NOT_OCCUPIED".into(),
            }),
        }
    }

    /// Adds the owner of a phone number to the contacts.
    ///
    /// # Errors
    /// Nobody has the number, or the server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result};
    /// # async fn example(client: Client) -> Result<()> {
    /// let ada = client.add_contact("+15550001", "Ada", "").await?;
    /// client.send_text(&ada, "hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn add_contact(
        &self,
        phone_number: &str,
        first_name: &str,
        last_name: &str,
    ) -> Result<types::InputPeer> {
        let contact =
            types::InputContact::new(1, phone_number.into(), first_name.into(), last_name.into());
        let request = functions::contacts::ImportContacts {
            contacts: vec![contact],
        };
        let imported = self.invoke(request).await?;
        self.remember_peers(&imported.users, &[]);
        let found = imported.imported.first().map(|found| found.user_id);
        let user_id = found.ok_or_else(|| Error::Refused {
            code: 400,
            name: "PHONE_NOT_OCCUPIED".into(),
        })?;
        Ok(self.input_peer(&types::Peer::User { user_id }))
    }

    /// Joins a public supergroup or channel.
    ///
    /// # Errors
    /// It does not exist, or the server refuses.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result};
    /// # async fn example(client: Client) -> Result<()> {
    /// let boats = client.find("boats").await?;
    /// client.join(&boats).await
    /// # }
    /// ```
    pub async fn join(&self, group: &types::InputPeer) -> Result<()> {
        let channel = channel(group)?;
        self.invoke(functions::channels::JoinChannel { channel })
            .await?;
        Ok(())
    }

    fn group_in(&self, updates: types::Updates) -> Result<Group> {
        let types::Updates::Updates(updates) = updates else {
            return Err(Error::Unreadable);
        };
        let constructors::Updates { users, chats, .. } = *updates;
        self.remember_peers(&users, &chats);
        let chat = chats.into_iter().next().ok_or(Error::Unreadable)?;
        let peer = match &chat {
            types::Chat::Chat(chat) => types::Peer::Chat { chat_id: chat.id },
            types::Chat::Channel(channel) => types::Peer::Channel {
                channel_id: channel.id,
            },
            types::Chat::ChannelForbidden(_)
            | types::Chat::Community(_)
            | types::Chat::CommunityForbidden(_)
            | types::Chat::Empty { .. }
            | types::Chat::Forbidden { .. } => return Err(Error::Unreadable),
        };
        Ok(Group {
            peer: self.input_peer(&peer),
            chat,
        })
    }
}

fn channel(group: &types::InputPeer) -> Result<types::InputChannel> {
    match *group {
        types::InputPeer::Channel {
            channel_id,
            access_hash,
        } => Ok(types::InputChannel::InputChannel {
            channel_id,
            access_hash,
        }),
        types::InputPeer::ChannelFromMessage { .. }
        | types::InputPeer::Chat { .. }
        | types::InputPeer::Empty {}
        | types::InputPeer::Self_ {}
        | types::InputPeer::User { .. }
        | types::InputPeer::UserFromMessage { .. } => Err(Error::Refused {
            code: 400,
            name: "CHANNEL_INVALID".into(),
        }),
    }
}
