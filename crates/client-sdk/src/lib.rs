//! A client for native apps, and for whoever tests servers.
//!
//! A [`Client`] is a handle: clone it, call it from anywhere. Behind it one task owns the connection,
//! connects again when it breaks, sends again what was not answered, and keeps the key in a
//! [`SessionStorage`].
//!
//! ```no_run
//! use chappe_client::{Client, Options, SignIn};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = std::fs::read_to_string("data/rsa.pub.pem")?;
//! let client = Client::connect(Options::new("127.0.0.1:4430".parse()?, &key)?).await?;
//! let sent = client.request_login_code("+15550001").await?;
//! if let SignIn::SignUpNeeded = client.sign_in(&sent, "12345").await? {
//!     client.sign_up(&sent, "Ada", "").await?;
//! }
//! let me = client.saved_messages();
//! client.send_text(&me, "hello").await?;
//! let mut history = client.history(me);
//! while let Some(message) = history.next().await? {
//!     println!("{message:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! * [`Client::invoke`] calls any function of the API with its typed result.
//! * [`Client::updates`] is everything that happens to the account, in order, gaps filled.
//! * [`Client::upload`] and [`Client::download`] move files in parallel parts.
//! * [`Client::create_group`] and its like are for groups and channels, [`Client::sign_in_bot`] and
//!   [`Client::request_qr_login`] for other ways to log in.
//! * [`Error`] says what the caller can do.

mod auth;
mod client;
mod dialog;
mod error;
mod file;
mod gap;
mod group;
mod login;
mod message;
mod options;
mod peer;
mod runner;
mod session;
mod update;

pub use auth::{LoginCode, SignIn};
pub use client::Client;
pub use dialog::{DialogEntry, Dialogs};
pub use error::{Error, Result};
pub use file::{DOWNLOAD_PART_LEN, Progress, UPLOAD_PART_LEN, document_of};
pub use gap::{Action, GAP_WAIT_MS, Gaps, State};
pub use group::{Group, GroupKind};
pub use login::QrLogin;
pub use message::{History, new_text};
pub use options::Options;
pub use session::{FileSession, MemorySession, SessionData, SessionStorage};
pub use tl_api;
pub use update::UpdateStream;
