//! Drafts: what a user has begun to write, for all of their devices (A43).

use bytes::Bytes;
use store::{Dialog, MailboxId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::dialog::Extra;
use crate::error::Result;
use crate::mailbox::Batch;
use crate::peer::tl_peer;
use crate::publish::Actor;
use crate::time::Now;

impl Messenger {
    /// Keeps the draft of a dialog over the one before; `None` removes it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save_draft(
        &self,
        actor: Actor,
        peer: PeerId,
        draft: Option<constructors::DraftMessage>,
        now: Now,
    ) -> Result<()> {
        let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
        match draft {
            None => {
                self.clear_draft_in(&mut batch, actor.user, peer, now)
                    .await?;
            }
            Some(draft) => {
                let mailbox = MailboxId::User(actor.user);
                let dialog = batch.dialog(mailbox, peer).await?;
                let draft = types::DraftMessage::DraftMessage(Box::new(draft));
                put_draft(&mut batch, actor.user, dialog, Some(draft.clone()), draft)?;
            }
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Removes the draft of a dialog, if there is one.
    pub(crate) async fn clear_draft_in(
        &self,
        batch: &mut Batch<'_>,
        user: UserId,
        peer: PeerId,
        now: Now,
    ) -> Result<()> {
        let Some(dialog) = batch.find_dialog(MailboxId::User(user), peer).await? else {
            return Ok(());
        };
        if Extra::read(&dialog)?.draft.is_none() {
            return Ok(());
        }
        let empty = types::DraftMessage::Empty {
            date: Some(now.date()),
        };
        put_draft(batch, user, dialog, None, empty)
    }

    /// The drafts of all dialogs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn drafts(&self, user: UserId) -> Result<Vec<types::Update>> {
        let mut updates = Vec::new();
        for dialog in self.store.dialogs(MailboxId::User(user)).await? {
            if let Some(draft) = Extra::read(&dialog)?.draft {
                updates.push(draft_update(dialog.peer, draft));
            }
        }
        Ok(updates)
    }

    /// Removes the drafts of all dialogs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn clear_drafts(&self, actor: Actor, now: Now) -> Result<()> {
        let mut with_draft = Vec::new();
        for dialog in self.store.dialogs(MailboxId::User(actor.user)).await? {
            if !dialog.extra.is_empty() {
                with_draft.push(dialog.peer);
            }
        }
        // An append holds no more than so many changes.
        for some in with_draft.chunks(100) {
            let mut batch = self.open([MailboxId::User(actor.user)], now).await?;
            for peer in some {
                self.clear_draft_in(&mut batch, actor.user, *peer, now)
                    .await?;
            }
            batch.commit(actor, None, Bytes::new()).await?;
        }
        Ok(())
    }
}

fn put_draft(
    batch: &mut Batch<'_>,
    user: UserId,
    mut dialog: Dialog,
    kept: Option<types::DraftMessage>,
    told: types::DraftMessage,
) -> Result<()> {
    let ttl_period = Extra::read(&dialog)?.ttl_period;
    let extra = Extra {
        draft: kept,
        ttl_period,
    };
    dialog.extra = extra.to_bytes()?;
    let peer = dialog.peer;
    let draft = batch.user(user);
    draft.put_dialog(dialog);
    draft.note(draft_update(peer, told))
}

fn draft_update(peer: PeerId, draft: types::DraftMessage) -> types::Update {
    types::Update::DraftMessage(Box::new(constructors::UpdateDraftMessage {
        peer: tl_peer(peer),
        top_msg_id: None,
        saved_peer_id: None,
        draft,
    }))
}
