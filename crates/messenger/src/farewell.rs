//! Deleting an account, and moving it to another number (sheet 3.3).

use std::sync::Arc;

use store::{ContactList, NameKind, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::account::AccountError;
use crate::error::Result;
use crate::name::username_key;
use crate::privacy::PrivacyKey;
use crate::publish::Actor;
use crate::record::User;
use crate::time::Now;

impl Messenger {
    /// Deletes an account: what it is, its names, its lists. Messages stay with those who have
    /// them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_account(&self, id: UserId, now: Now) -> Result<()> {
        let Some(user) = self.user(id).await? else {
            return Ok(());
        };
        let audience = self.audience(id).await?;
        // First the account: whoever finds its names afterwards finds nobody.
        self.change_user(id, |user| {
            *user = User {
                id: user.id,
                created: user.created,
                deleted: true,
                bot: user.bot,
                ..User::default()
            };
            Ok(())
        })
        .await?;
        let owner = PeerId::User(id);
        if !user.phone.is_empty() {
            self.store
                .release_name(NameKind::Phone, user.phone.clone(), owner)
                .await?;
        }
        if let Some(username) = &user.username {
            self.store
                .release_name(NameKind::Username, username_key(username), owner)
                .await?;
        }
        let contacts: Vec<UserId> = self.contacts(id).await?.keys().copied().collect();
        self.delete_contacts(Actor::server(id), &contacts, now)
            .await?;
        self.reset_saved_phones(Actor::server(id), now).await?;
        for blocked in self.blocked(id).await?.keys() {
            self.store
                .remove_contact(id, ContactList::Blocked, *blocked)
                .await?;
        }
        self.forget_blocked(id);
        let photos = self.photos(owner).await?;
        self.remove_photos(owner, &photos).await?;
        self.change_password(id, |record| {
            record.replace(None, now);
            Ok(())
        })
        .await?;
        for viewer in audience {
            let update = types::Update::User { user_id: id.0 };
            self.publish_unlogged(viewer, None, vec![update], now)
                .await?;
        }
        Ok(())
    }

    /// Moves an account to another number.
    ///
    /// # Errors
    /// `PhoneOccupied`, or when the store fails.
    pub async fn change_phone(&self, actor: Actor, phone: &str, now: Now) -> Result<Arc<User>> {
        let owner = PeerId::User(actor.user);
        let before = self.user(actor.user).await?;
        let old = before.map(|user| user.phone.clone()).unwrap_or_default();
        let claimed = self
            .store
            .claim_name(NameKind::Phone, phone.to_owned(), owner)
            .await?;
        if claimed != owner {
            return Err(AccountError::PhoneOccupied.into());
        }
        let user = self
            .change_user(actor.user, |user| {
                phone.clone_into(&mut user.phone);
                Ok(())
            })
            .await?;
        if !old.is_empty() && old != phone {
            self.store.release_name(NameKind::Phone, old, owner).await?;
        }
        let update = || types::Update::UserPhone {
            user_id: actor.user.0,
            phone: phone.into(),
        };
        self.note_to_others(actor, update(), now).await?;
        for viewer in self.audience(actor.user).await? {
            if self
                .may_with(viewer, &user, PrivacyKey::PhoneNumber)
                .await?
            {
                self.publish_unlogged(viewer, None, vec![update()], now)
                    .await?;
            }
        }
        Ok(user)
    }
}
