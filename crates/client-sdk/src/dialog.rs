//! The list of chats.

use tl_api::{functions, types};

use crate::client::Client;
use crate::error::{Error, Result};

/// Dialogs in one page.
const PAGE_LEN: i32 = 100;

/// One entry of the list of chats.
#[derive(Clone, Debug, PartialEq)]
pub struct DialogEntry {
    /// The entry.
    pub dialog: types::Dialog,
    /// Its newest message, if it has one.
    pub message: Option<types::Message>,
}

/// The list of chats, page by page.
pub struct Dialogs {
    client: Client,
    page: Vec<DialogEntry>,
    offset_date: i32,
    offset_id: i32,
    offset_peer: types::InputPeer,
    ended: bool,
}

impl Client {
    /// The list of chats: pinned ones first, then by date.
    #[must_use]
    pub fn dialogs(&self) -> Dialogs {
        Dialogs {
            client: self.clone(),
            page: Vec::new(),
            offset_date: 0,
            offset_id: 0,
            offset_peer: types::InputPeer::Empty {},
            ended: false,
        }
    }
}

impl Dialogs {
    /// The next entry; `None` after the last.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn next(&mut self) -> Result<Option<DialogEntry>> {
        if self.page.is_empty() && !self.ended {
            self.load().await?;
        }
        Ok(self.page.pop())
    }

    async fn load(&mut self) -> Result<()> {
        let request = functions::messages::GetDialogs {
            exclude_pinned: self.offset_date != 0,
            folder_id: None,
            offset_date: self.offset_date,
            offset_id: self.offset_id,
            offset_peer: self.offset_peer.clone(),
            limit: PAGE_LEN,
            hash: 0,
        };
        let (dialogs, messages, chats, users) = match self.client.invoke(request).await? {
            types::messages::Dialogs::Dialogs(all) => {
                self.ended = true;
                (all.dialogs, all.messages, all.chats, all.users)
            }
            types::messages::Dialogs::Slice(page) => {
                (page.dialogs, page.messages, page.chats, page.users)
            }
            types::messages::Dialogs::NotModified { .. } => return Err(Error::Unreadable),
        };
        self.client.remember_peers(&users, &chats);
        self.ended |= dialogs.is_empty();
        for dialog in dialogs {
            let types::Dialog::Dialog(entry) = &dialog else {
                continue;
            };
            let message = messages
                .iter()
                .find(|message| place(message) == Some((entry.peer.clone(), entry.top_message)))
                .cloned();
            if let Some(message) = &message {
                self.offset_date = date(message);
            }
            self.offset_id = entry.top_message;
            self.offset_peer = self.client.input_peer(&entry.peer);
            self.page.push(DialogEntry { dialog, message });
        }
        self.page.reverse();
        Ok(())
    }
}

fn place(message: &types::Message) -> Option<(types::Peer, i32)> {
    match message {
        types::Message::Message(message) => Some((message.peer_id.clone(), message.id)),
        types::Message::Service(message) => Some((message.peer_id.clone(), message.id)),
        types::Message::Empty { .. } => None,
    }
}

fn date(message: &types::Message) -> i32 {
    match message {
        types::Message::Message(message) => message.date,
        types::Message::Service(message) => message.date,
        types::Message::Empty { .. } => 0,
    }
}
