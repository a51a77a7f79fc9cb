//! Who is online, and who may see what of whom.

use dashmap::DashMap;
use store::UserId;
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::publish::Actor;
use crate::record::{ContactFacts, User};
use crate::time::Now;

/// How long a client that says it is online is believed, seconds.
pub const ONLINE_S: u32 = 300;

/// Who is online. Lost with the process.
#[derive(Default)]
pub(crate) struct Presence {
    /// Unix seconds until which a user is, or since when a user is not.
    seen: DashMap<UserId, u32>,
}

impl Messenger {
    /// The user is online from now on, or not any more.
    pub fn set_online(&self, user: UserId, online: bool, now: Now) {
        let until = if online {
            now.unix_s() + ONLINE_S
        } else {
            now.unix_s()
        };
        self.presence.seen.insert(user, until);
    }

    /// As [`Messenger::set_online`], and tells who may see it (S1, S7).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change_status(&self, actor: Actor, online: bool, now: Now) -> Result<()> {
        self.set_online(actor.user, online, now);
        for viewer in self.audience(actor.user).await? {
            let status = self.status(viewer, actor.user, now).await?;
            self.publish_unlogged(viewer, None, vec![user_status(actor.user, status)], now)
                .await?;
        }
        let status = self.status(actor.user, actor.user, now).await?;
        self.publish_unlogged(
            actor.user,
            Some(actor),
            vec![user_status(actor.user, status)],
            now,
        )
        .await
    }

    /// The status of a user as `viewer` is shown it.
    ///
    /// # Errors
    /// When the store fails.
    #[allow(clippy::unused_async, reason = "privacy rules are read from the store")]
    pub async fn status(
        &self,
        _viewer: UserId,
        user: UserId,
        now: Now,
    ) -> Result<types::UserStatus> {
        Ok(match self.presence.seen.get(&user).map(|seen| *seen) {
            Some(until) if until > now.unix_s() => types::UserStatus::Online {
                expires: until.cast_signed(),
            },
            Some(since) => types::UserStatus::Offline {
                was_online: since.cast_signed(),
            },
            None => types::UserStatus::Recently { by_me: false },
        })
    }

    /// Whether `viewer` finds the user by the phone number.
    #[allow(clippy::unused_async, reason = "privacy rules are read from the store")]
    pub async fn may_find_by_phone(&self, _viewer: UserId, _user: UserId) -> Result<bool> {
        Ok(true)
    }

    /// Whether `viewer` is shown the phone number.
    #[allow(clippy::unused_async, reason = "privacy rules are read from the store")]
    pub(crate) async fn may_see_phone(
        &self,
        viewer: UserId,
        user: &User,
        contact: Option<&ContactFacts>,
    ) -> Result<bool> {
        Ok(user.user_id() == viewer || contact.is_some_and(|contact| contact.phone == user.phone))
    }

    /// Whether `viewer` is shown the profile photo.
    #[allow(clippy::unused_async, reason = "privacy rules are read from the store")]
    pub async fn may_see_photo(&self, _viewer: UserId, _user: &User) -> Result<bool> {
        Ok(true)
    }
}

fn user_status(user: UserId, status: types::UserStatus) -> types::Update {
    types::Update::UserStatus {
        user_id: user.0,
        status,
    }
}
