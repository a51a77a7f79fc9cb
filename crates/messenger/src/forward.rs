//! Forwarding messages, and the headers that say where they came from (A.6).

use store::{PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::Result;
use crate::mailbox::Letter;
use crate::peer::tl_peer;

impl Messenger {
    /// The header of a forwarded message; that of a message that was forwarded before stays as it
    /// is.
    pub(crate) async fn forward_header(
        &self,
        forwarder: UserId,
        letter: &Letter,
        message: &constructors::Message,
    ) -> Result<types::MessageFwdHeader> {
        if let Some(header) = &message.fwd_from {
            let mut header = header.as_ref().clone();
            header.saved_out = false;
            header.saved_from_peer = None;
            header.saved_from_msg_id = None;
            header.saved_from_id = None;
            header.saved_from_name = None;
            header.saved_date = None;
            return Ok(header);
        }
        let mut header = types::MessageFwdHeader::new(message.date);
        match letter.from {
            PeerId::User(author) => match self.user(author).await? {
                Some(user) if user.deleted => {
                    header.from_name = Some("Deleted Account".into());
                }
                Some(user) if !self.may_link_forwards(forwarder, author).await? => {
                    let name = format!("{} {}", user.first_name, user.last_name);
                    header.from_name = Some(name.trim().into());
                }
                _ => header.from_id = Some(tl_peer(letter.from)),
            },
            PeerId::Chat(_) | PeerId::Channel(_) => header.from_id = Some(tl_peer(letter.from)),
        }
        Ok(header)
    }

    /// Whether messages of `author` that `forwarder` takes elsewhere may name the account.
    pub(crate) async fn may_link_forwards(
        &self,
        forwarder: UserId,
        author: UserId,
    ) -> Result<bool> {
        self.may(forwarder, author, crate::privacy::PrivacyKey::Forwards)
            .await
    }
}
