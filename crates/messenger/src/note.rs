//! Telling the other devices of an account what one of them has changed.

use bytes::Bytes;
use store::{MailboxId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::publish::Actor;
use crate::time::Now;

impl Messenger {
    /// Tells the actor's other sessions, now or by their next difference (D9).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_to_others(
        &self,
        actor: Actor,
        update: types::Update,
        now: Now,
    ) -> Result<()> {
        self.note_all_to_others(actor, vec![update], now).await
    }

    /// As [`Messenger::note_to_others`], for several updates at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_all_to_others(
        &self,
        actor: Actor,
        updates: Vec<types::Update>,
        now: Now,
    ) -> Result<()> {
        if updates.is_empty() {
            return Ok(());
        }
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        for update in updates {
            batch.user(actor.user).note(update)?;
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Tells all sessions of a user, now or by their next difference.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_to(&self, user: UserId, update: types::Update, now: Now) -> Result<()> {
        self.note_to_others(Actor::server(user), update, now).await
    }
}
