//! Messages: sending and reading back.

use rand::RngExt as _;
use tl_api::{functions, types};

use crate::client::Client;
use crate::error::{Error, Result};

/// Messages in one page of a history.
const PAGE_LEN: i32 = 100;

impl Client {
    /// Sends a text and returns the message as the server keeps it.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn send_text(&self, peer: &types::InputPeer, text: &str) -> Result<types::Message> {
        let request =
            functions::messages::SendMessage::new(peer.clone(), text.into(), rand::rng().random());
        let updates = self.invoke(request).await?;
        self.sent_message(updates)
    }

    /// The message among the updates that sending was answered with.
    pub(crate) fn sent_message(&self, updates: types::Updates) -> Result<types::Message> {
        let types::Updates::Updates(updates) = updates else {
            return Err(Error::Unreadable);
        };
        self.remember_peers(&updates.users, &updates.chats);
        updates
            .updates
            .into_iter()
            .find_map(new_message)
            .ok_or(Error::Unreadable)
    }

    /// Sends a file that was uploaded.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn send_file(
        &self,
        peer: &types::InputPeer,
        file: types::InputFile,
        mime_type: &str,
        caption: &str,
    ) -> Result<types::Message> {
        let media = tl_api::constructors::InputMediaUploadedDocument::new(
            file,
            mime_type.into(),
            Vec::new(),
        );
        let request = functions::messages::SendMedia::new(
            peer.clone(),
            types::InputMedia::UploadedDocument(Box::new(media)),
            caption.into(),
            rand::rng().random(),
        );
        let updates = self.invoke(request).await?;
        self.sent_message(updates)
    }

    /// Answers a message with a text.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let me = client.saved_messages();
    /// client.reply(&me, 7, "to the seventh").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reply(
        &self,
        peer: &types::InputPeer,
        message_id: i32,
        text: &str,
    ) -> Result<types::Message> {
        let mut request =
            functions::messages::SendMessage::new(peer.clone(), text.into(), rand::rng().random());
        let to = tl_api::constructors::InputReplyToMessage::new(message_id);
        request.reply_to = Some(types::InputReplyTo::Message(Box::new(to)));
        let updates = self.invoke(request).await?;
        self.sent_message(updates)
    }

    /// Changes the text of a message.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let me = client.saved_messages();
    /// client.edit_text(&me, 7, "better so").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn edit_text(
        &self,
        peer: &types::InputPeer,
        message_id: i32,
        text: &str,
    ) -> Result<()> {
        let mut request = functions::messages::EditMessage::new(peer.clone(), message_id);
        request.message = Some(text.into());
        self.invoke(request).await?;
        Ok(())
    }

    /// Deletes messages, of a channel or of all other chats, for everybody.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let me = client.saved_messages();
    /// client.delete_messages(&me, &[7, 8]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_messages(&self, peer: &types::InputPeer, ids: &[i32]) -> Result<()> {
        let id = ids.to_vec();
        if let types::InputPeer::Channel {
            channel_id,
            access_hash,
        } = *peer
        {
            let channel = types::InputChannel::InputChannel {
                channel_id,
                access_hash,
            };
            self.invoke(functions::channels::DeleteMessages { channel, id })
                .await?;
        } else {
            self.invoke(functions::messages::DeleteMessages { revoke: true, id })
                .await?;
        }
        Ok(())
    }

    /// Marks everything up to a message as read.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn read_history(&self, peer: &types::InputPeer, max_id: i32) -> Result<()> {
        let peer = peer.clone();
        self.invoke(functions::messages::ReadHistory { peer, max_id })
            .await?;
        Ok(())
    }

    /// The messages of a chat, newest first, page by page.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let mut history = client.history(client.saved_messages());
    /// while let Some(message) = history.next().await? {
    ///     println!("{message:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn history(&self, peer: types::InputPeer) -> History {
        self.history_before(peer, 0)
    }

    /// The messages of a chat that are older than one, newest first; 0 for all.
    #[must_use]
    pub fn history_before(&self, peer: types::InputPeer, message_id: i32) -> History {
        History {
            client: self.clone(),
            peer,
            page: Vec::new(),
            offset_id: message_id,
            ended: false,
        }
    }
}

/// The message that an update brings, if it is new and not one about the chat itself.
///
/// ```
/// use chappe_client::tl_api::types;
/// let typing = types::Update::DeleteMessages { messages: vec![1], pts: 1, pts_count: 1 };
/// assert!(chappe_client::new_text(&typing).is_none());
/// ```
#[must_use]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "other updates carry no new message"
)]
pub fn new_text(update: &types::Update) -> Option<&tl_api::constructors::Message> {
    match update {
        types::Update::NewMessage {
            message: types::Message::Message(message),
            ..
        }
        | types::Update::NewChannelMessage {
            message: types::Message::Message(message),
            ..
        } => Some(message),
        _ => None,
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "other updates carry no new message"
)]
fn new_message(update: types::Update) -> Option<types::Message> {
    match update {
        types::Update::NewMessage { message, .. }
        | types::Update::NewChannelMessage { message, .. } => Some(message),
        _ => None,
    }
}

/// The messages of a chat, newest first.
pub struct History {
    client: Client,
    peer: types::InputPeer,
    /// What is left of the page, oldest first.
    page: Vec<types::Message>,
    offset_id: i32,
    ended: bool,
}

impl History {
    /// The next message; `None` after the first one of the chat.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn next(&mut self) -> Result<Option<types::Message>> {
        if self.page.is_empty() && !self.ended {
            self.load().await?;
        }
        Ok(self.page.pop())
    }

    async fn load(&mut self) -> Result<()> {
        let request = functions::messages::GetHistory {
            peer: self.peer.clone(),
            offset_id: self.offset_id,
            offset_date: 0,
            add_offset: 0,
            limit: PAGE_LEN,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let (messages, users, chats) = match self.client.invoke(request).await? {
            types::messages::Messages::Messages(page) => (page.messages, page.users, page.chats),
            types::messages::Messages::Slice(page) => (page.messages, page.users, page.chats),
            types::messages::Messages::ChannelMessages(page) => {
                (page.messages, page.users, page.chats)
            }
            types::messages::Messages::NotModified { .. } => return Err(Error::Unreadable),
        };
        self.client.remember_peers(&users, &chats);
        match messages.last() {
            Some(oldest) => self.offset_id = id_of(oldest),
            None => self.ended = true,
        }
        self.page = messages;
        self.page.reverse();
        Ok(())
    }
}

fn id_of(message: &types::Message) -> i32 {
    match message {
        types::Message::Message(message) => message.id,
        types::Message::Service(message) => message.id,
        types::Message::Empty { id, .. } => *id,
    }
}
