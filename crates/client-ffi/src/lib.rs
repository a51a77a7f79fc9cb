//! `chappe-client` for Kotlin, Swift and Python.
//!
//! One object, [`Messenger`], with the calls an app begins with: connect, sign in, send, read, files,
//! and updates by a [`Listener`]. All calls are `async` on the other side. `cargo xtask bindings`
//! writes the code; `tools/interop/smoke/smoke_ffi.py` uses it.
#![allow(
    unsafe_code,
    reason = "what UniFFI generates crosses the boundary of languages"
)]

use std::path::Path;
use std::sync::Arc;

use chappe_client::tl_api::types;
use chappe_client::{Client, FileSession, GroupKind, LoginCode, Options, SignIn};

uniffi::setup_scaffolding!();

/// What went wrong, by what the app can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum MessengerError {
    /// Wait so many seconds, then ask again.
    #[error("wait {seconds} seconds")]
    Wait {
        /// How long.
        seconds: u32,
    },
    /// Log in again.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// Give the password.
    #[error("the account has a password")]
    PasswordNeeded,
    /// The server refuses.
    #[error("refused: {name}")]
    Refused {
        /// The name of the refusal.
        name: String,
    },
    /// Anything else.
    #[error("{why}")]
    Failed {
        /// In words.
        why: String,
    },
}

impl From<chappe_client::Error> for MessengerError {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "what is not told apart is told in words"
    )]
    fn from(error: chappe_client::Error) -> Self {
        match error {
            chappe_client::Error::FloodWait { seconds } => Self::Wait { seconds },
            chappe_client::Error::NotLoggedIn(_) => Self::NotLoggedIn,
            chappe_client::Error::PasswordNeeded => Self::PasswordNeeded,
            chappe_client::Error::Refused { name, .. } => Self::Refused { name },
            other => Self::Failed {
                why: other.to_string(),
            },
        }
    }
}

type Result<T> = std::result::Result<T, MessengerError>;

fn failed(why: impl ToString) -> MessengerError {
    MessengerError::Failed {
        why: why.to_string(),
    }
}

/// Kinds of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ChatKind {
    /// A supergroup or channel.
    Channel,
    /// A basic group.
    Group,
    /// With somebody.
    User,
}

/// Names a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Chat {
    /// Its kind.
    pub kind: ChatKind,
    /// Its id.
    pub id: i64,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Message {
    /// Its id in the chat.
    pub id: i32,
    /// Where it is.
    pub chat: Chat,
    /// Unix seconds.
    pub date: i32,
    /// Whether it is one's own.
    pub outgoing: bool,
    /// Its text, or the caption of its file.
    pub text: String,
    /// Bytes of its file, if it has one.
    pub file_len: Option<u64>,
}

/// Told what happens.
#[uniffi::export(with_foreign)]
pub trait Listener: Send + Sync {
    /// A new message, one's own from other devices included.
    fn message(&self, message: Message);
    /// Messages were deleted.
    fn deleted(&self, ids: Vec<i32>);
    /// The updates have ended; nothing more comes.
    fn ended(&self, why: String);
}

/// A client of one account.
#[derive(uniffi::Object)]
pub struct Messenger {
    client: Client,
}

/// Connects to `address`, an IP and a port, whose RSA key is `public_key` in PEM. Key and state are
/// kept in the file `session`, or nowhere.
#[uniffi::export(async_runtime = "tokio")]
pub async fn connect(
    address: String,
    public_key: String,
    session: Option<String>,
) -> Result<Arc<Messenger>> {
    let mut options = Options::new(address.parse().map_err(failed)?, &public_key)?;
    if let Some(session) = session {
        options.storage = Arc::new(FileSession::new(session));
    }
    let client = Client::connect(options).await?;
    Ok(Arc::new(Messenger { client }))
}

#[uniffi::export(async_runtime = "tokio")]
impl Messenger {
    /// Who is logged in.
    pub fn user_id(&self) -> Option<i64> {
        self.client.user_id()
    }

    /// Asks for a login code; what comes back belongs to the next call.
    pub async fn request_login_code(&self, phone_number: String) -> Result<String> {
        let sent = self.client.request_login_code(&phone_number).await?;
        Ok(sent.phone_code_hash)
    }

    /// Logs in; false when nobody has the number: [`Messenger::sign_up`].
    pub async fn sign_in(
        &self,
        phone_number: String,
        phone_code_hash: String,
        code: String,
    ) -> Result<bool> {
        let sent = LoginCode {
            phone_number,
            phone_code_hash,
        };
        Ok(matches!(
            self.client.sign_in(&sent, &code).await?,
            SignIn::Done(_)
        ))
    }

    /// Makes an account for the number whose code was right.
    pub async fn sign_up(
        &self,
        phone_number: String,
        phone_code_hash: String,
        first_name: String,
        last_name: String,
    ) -> Result<()> {
        let sent = LoginCode {
            phone_number,
            phone_code_hash,
        };
        self.client.sign_up(&sent, &first_name, &last_name).await?;
        Ok(())
    }

    /// Logs a bot in.
    pub async fn sign_in_bot(&self, token: String) -> Result<()> {
        self.client.sign_in_bot(&token).await?;
        Ok(())
    }

    /// Gives the password of the account.
    pub async fn check_password(&self, password: String) -> Result<()> {
        self.client.check_password(&password).await?;
        Ok(())
    }

    /// Logs out.
    pub async fn log_out(&self) -> Result<()> {
        Ok(self.client.log_out().await?)
    }

    /// The chat with the owner of a public name.
    pub async fn find(&self, username: String) -> Result<Chat> {
        chat_of(&self.client.find(&username).await?)
    }

    /// Adds the owner of a phone number to the contacts.
    pub async fn add_contact(&self, phone_number: String, first_name: String) -> Result<Chat> {
        let found = self
            .client
            .add_contact(&phone_number, &first_name, "")
            .await?;
        chat_of(&found)
    }

    /// Makes a group with these users.
    pub async fn create_group(&self, title: String, user_ids: Vec<i64>) -> Result<Chat> {
        let users: Vec<_> = user_ids
            .into_iter()
            .map(|id| self.client.input_user(id))
            .collect();
        let group = self
            .client
            .create_group(GroupKind::Basic, &title, &users)
            .await?;
        chat_of(&group.peer)
    }

    /// Sends a text.
    pub async fn send_text(&self, chat: Chat, text: String) -> Result<Message> {
        let sent = self.client.send_text(&self.peer(chat), &text).await?;
        message_of(&sent).ok_or_else(|| failed("a message of another kind"))
    }

    /// Sends a file.
    pub async fn send_file(&self, chat: Chat, path: String, caption: String) -> Result<Message> {
        let file = self.client.upload(Path::new(&path), None).await?;
        let sent = self
            .client
            .send_file(&self.peer(chat), file, "application/octet-stream", &caption)
            .await?;
        message_of(&sent).ok_or_else(|| failed("a message of another kind"))
    }

    /// Fetches the file of a message into `path`; what is there already is not fetched again.
    pub async fn download(&self, chat: Chat, message_id: i32, path: String) -> Result<()> {
        let mut history = self.client.history_before(self.peer(chat), message_id + 1);
        let found = history.next().await?;
        let Some(types::Message::Message(message)) = found else {
            return Err(failed("no such message"));
        };
        let file = chappe_client::document_of(&message).filter(|_| message.id == message_id);
        let (location, size) = file.ok_or_else(|| failed("the message has no file"))?;
        let path = Path::new(&path);
        Ok(self.client.download(location, size, path, None).await?)
    }

    /// The newest messages of a chat, newest first; before a message, if one is given.
    pub async fn history(
        &self,
        chat: Chat,
        before_id: Option<i32>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let mut history = self
            .client
            .history_before(self.peer(chat), before_id.unwrap_or(0));
        let mut messages = Vec::new();
        while messages.len() < limit as usize
            && let Some(message) = history.next().await?
        {
            messages.extend(message_of(&message));
        }
        Ok(messages)
    }

    /// Marks everything up to a message as read.
    pub async fn read(&self, chat: Chat, message_id: i32) -> Result<()> {
        Ok(self
            .client
            .read_history(&self.peer(chat), message_id)
            .await?)
    }

    /// Tells a listener what happens, from now on or from where the session stopped. Once.
    pub async fn listen(&self, listener: Arc<dyn Listener>) -> Result<()> {
        let taken = || failed("somebody listens already");
        let mut updates = self.client.updates().ok_or_else(taken)?;
        updates.begin(&self.client).await?;
        let client = self.client.clone();
        tokio::spawn(async move {
            loop {
                match updates.next(&client).await {
                    Ok(Some(update)) => tell(&*listener, &update),
                    Ok(None) => return listener.ended("the client is gone".into()),
                    Err(error @ chappe_client::Error::NotLoggedIn(_)) => {
                        return listener.ended(error.to_string());
                    }
                    // The next update asks again.
                    Err(_) => {}
                }
            }
        });
        Ok(())
    }

    /// Keeps where the updates stand.
    pub async fn save(&self) -> Result<()> {
        Ok(self.client.save().await?)
    }
}

impl Messenger {
    fn peer(&self, chat: Chat) -> types::InputPeer {
        if Some(chat.id) == self.client.user_id() && chat.kind == ChatKind::User {
            return self.client.saved_messages();
        }
        self.client.input_peer(&match chat.kind {
            ChatKind::Channel => types::Peer::Channel {
                channel_id: chat.id,
            },
            ChatKind::Group => types::Peer::Chat { chat_id: chat.id },
            ChatKind::User => types::Peer::User { user_id: chat.id },
        })
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "an app is told of messages alone"
)]
fn tell(listener: &dyn Listener, update: &types::Update) {
    match update {
        types::Update::NewMessage { message, .. }
        | types::Update::NewChannelMessage { message, .. } => {
            if let Some(message) = message_of(message) {
                listener.message(message);
            }
        }
        types::Update::DeleteMessages { messages, .. }
        | types::Update::DeleteChannelMessages { messages, .. } => {
            listener.deleted(messages.clone());
        }
        _ => {}
    }
}

fn message_of(message: &types::Message) -> Option<Message> {
    let types::Message::Message(message) = message else {
        return None;
    };
    let (kind, id) = match message.peer_id {
        types::Peer::Channel { channel_id } => (ChatKind::Channel, channel_id),
        types::Peer::Chat { chat_id } => (ChatKind::Group, chat_id),
        types::Peer::User { user_id } => (ChatKind::User, user_id),
    };
    Some(Message {
        id: message.id,
        chat: Chat { kind, id },
        date: message.date,
        outgoing: message.out,
        text: message.message.as_str().to_owned(),
        file_len: chappe_client::document_of(message).map(|(_, len)| len),
    })
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "other forms name no chat by itself"
)]
fn chat_of(peer: &types::InputPeer) -> Result<Chat> {
    let (kind, id) = match peer {
        types::InputPeer::Channel { channel_id, .. } => (ChatKind::Channel, *channel_id),
        types::InputPeer::Chat { chat_id } => (ChatKind::Group, *chat_id),
        types::InputPeer::User { user_id, .. } => (ChatKind::User, *user_id),
        _ => return Err(failed("no chat")),
    };
    Ok(Chat { kind, id })
}
