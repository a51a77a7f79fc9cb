//! Who is told that a user has changed: those who have them as contact or have a private dialog with
//! them, and their own other sessions.

use std::collections::BTreeSet;

use store::{MailboxId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::publish::Actor;
use crate::time::Now;

impl Messenger {
    /// The users who may be shown a change of `user` right now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audience(&self, user: UserId) -> Result<BTreeSet<UserId>> {
        let mut audience = self.contact_owners(user).await?;
        for dialog in self.store.dialogs(MailboxId::User(user)).await? {
            if let PeerId::User(other) = dialog.peer {
                audience.insert(other);
            }
        }
        audience.remove(&user);
        // Bots are told nothing of what people do but write.
        let mut bots = Vec::new();
        for other in &audience {
            if self.is_bot(*other).await? {
                bots.push(*other);
            }
        }
        audience.retain(|other| !bots.contains(other));
        audience.retain(|other| self.publisher.is_watched(*other));
        Ok(audience)
    }

    /// Tells a user's audience and own other sessions that the user is not what they knew:
    /// `updateUser`, with the user as each of them sees it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user_changed(&self, actor: Actor, now: Now) -> Result<()> {
        let update = || {
            vec![types::Update::User {
                user_id: actor.user.0,
            }]
        };
        for other in self.audience(actor.user).await? {
            self.publish_unlogged(other, None, update(), now).await?;
        }
        self.publish_unlogged(actor.user, Some(actor), update(), now)
            .await
    }
}
