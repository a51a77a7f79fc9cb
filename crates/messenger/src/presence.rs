//! Who is online, and who may see what of whom (4.3).

use bytes::Bytes;
use dashmap::DashMap;
use store::{AuthKeyId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::Result;
use crate::privacy::PrivacyKey;
use crate::publish::Actor;
use crate::record::{ContactFacts, User};
use crate::time::Now;

/// How long a client that says it is online is believed, seconds (S1).
pub const ONLINE_S: u32 = 300;

/// The scope of the last-seen times among the settings; the key is the user.
const SCOPE: &str = "last-seen";
/// More last-seen times than these are not kept in memory.
const SEEN_MAX: usize = 500_000;

const DAY_S: u32 = 86_400;
/// How long after being seen a user was there "recently", "last week" and "last month" (S5).
const RECENTLY_S: u32 = 3 * DAY_S;
const WEEK_S: u32 = 7 * DAY_S;
const MONTH_S: u32 = 30 * DAY_S;

/// Who is online.
#[derive(Default)]
pub(crate) struct Presence {
    seen: DashMap<UserId, Seen>,
}

/// When a user was there: the best of all devices counts (S2).
#[derive(Debug, Default)]
struct Seen {
    /// Last seen, Unix seconds; 0 for never.
    last: u32,
    /// Until when devices are believed to be online, Unix seconds.
    online: Vec<(AuthKeyId, u32)>,
}

impl Seen {
    /// Until when the user is online, or since when not; 0 for never.
    fn until(&self) -> u32 {
        let online = self.online.iter().map(|(_, until)| *until);
        online.fold(self.last, u32::max)
    }

    fn set(&mut self, device: AuthKeyId, online: bool, now_s: u32) {
        self.last = self.last.max(now_s);
        // A time that has come is when the device was seen last.
        let over = |until: u32| until <= now_s;
        let ended = self.online.iter().map(|(_, until)| *until);
        self.last = ended.filter(|until| over(*until)).fold(self.last, u32::max);
        self.online
            .retain(|(other, until)| *other != device && !over(*until));
        if device == AuthKeyId(0) {
            self.online.clear();
        }
        if online {
            self.online.push((device, now_s + ONLINE_S));
        }
    }
}

impl Messenger {
    /// The user does something now: seen, though perhaps not online.
    pub fn touch(&self, user: UserId, now: Now) {
        let mut seen = self.presence.seen.entry(user).or_default();
        seen.last = seen.last.max(now.unix_s());
    }

    /// The device of the actor is online from now on, or not any more; as the server the actor says
    /// it of all devices. Tells who may see it (S1, S7).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change_status(&self, actor: Actor, online: bool, now: Now) -> Result<()> {
        self.presence.seen.entry(actor.user).or_default().set(
            actor.auth_key_id,
            online,
            now.unix_s(),
        );
        if online {
            self.send_waiting(actor.user, now).await?;
        } else {
            self.keep_last_seen(actor.user, now).await?;
        }
        for viewer in self.audience(actor.user).await? {
            if self.sees_status(viewer, actor.user).await? {
                self.show_status(viewer, actor.user, now).await?;
            }
        }
        let status = self.status(actor.user, actor.user, now).await?;
        self.publish_short(
            actor.user,
            Some(actor),
            user_status(actor.user, status),
            now,
        );
        Ok(())
    }

    /// Shows `viewer` the status of `user`, as far as they may see it.
    pub(crate) async fn show_status(&self, viewer: UserId, user: UserId, now: Now) -> Result<()> {
        if self.publisher().is_watched(viewer) {
            let status = self.status(viewer, user, now).await?;
            self.publish_short(viewer, None, user_status(user, status), now);
        }
        Ok(())
    }

    /// Keeps when a user was seen last beyond the life of the process.
    async fn keep_last_seen(&self, user: UserId, now: Now) -> Result<()> {
        let body = Bytes::copy_from_slice(&now.unix_s().to_le_bytes());
        self.overwrite_setting(SCOPE, &user.to_string(), body).await
    }

    /// Until when a user is online, or since when not; 0 when never seen.
    pub(crate) async fn seen(&self, user: UserId) -> Result<u32> {
        if let Some(seen) = self.presence.seen.get(&user) {
            return Ok(seen.until());
        }
        let stored = self.store.setting(SCOPE.into(), user.to_string()).await?;
        let kept = stored
            .and_then(|setting| Some(u32::from_le_bytes(*setting.body.first_chunk()?)))
            .unwrap_or(0);
        if self.presence.seen.len() > SEEN_MAX {
            self.presence.seen.clear();
        }
        // Whoever came online meanwhile is.
        let mut seen = self.presence.seen.entry(user).or_default();
        seen.last = seen.last.max(kept);
        Ok(seen.until())
    }

    /// Whether `viewer` sees exactly when `user` is online: both must show it (S6).
    pub(crate) async fn sees_status(&self, viewer: UserId, user: UserId) -> Result<bool> {
        let key = PrivacyKey::StatusTimestamp;
        Ok(self.may(viewer, user, key).await? && self.may(user, viewer, key).await?)
    }

    /// The status of a user as `viewer` is shown it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(
        &self,
        viewer: UserId,
        user: UserId,
        now: Now,
    ) -> Result<types::UserStatus> {
        let seen = self.seen(user).await?;
        let now_s = now.unix_s();
        let key = PrivacyKey::StatusTimestamp;
        let shown = self.may(viewer, user, key).await?;
        if shown && self.may(user, viewer, key).await? && seen != 0 {
            return Ok(if seen > now_s {
                types::UserStatus::Online {
                    expires: seen.cast_signed(),
                }
            } else {
                types::UserStatus::Offline {
                    was_online: seen.cast_signed(),
                }
            });
        }
        if self.has_blocked(user, viewer).await? {
            return Ok(types::UserStatus::Empty {});
        }
        Ok(vague(seen, now_s, shown))
    }

    /// Whether `viewer` finds the user by the phone number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_find_by_phone(&self, viewer: UserId, user: UserId) -> Result<bool> {
        self.may(viewer, user, PrivacyKey::AddedByPhone).await
    }

    /// Whether `viewer` is shown the phone number (C6, V7).
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn may_see_phone(
        &self,
        viewer: UserId,
        user: &User,
        contact: Option<&ContactFacts>,
    ) -> Result<bool> {
        if contact.is_some_and(|contact| contact.phone == user.phone) {
            return Ok(true);
        }
        let is_bot = self.user(viewer).await?.is_some_and(|viewer| viewer.bot);
        Ok(!is_bot && self.may_with(viewer, user, PrivacyKey::PhoneNumber).await?)
    }

    /// Whether `viewer` is shown the profile photo.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_see_photo(&self, viewer: UserId, user: &User) -> Result<bool> {
        self.may_with(viewer, user, PrivacyKey::ProfilePhoto).await
    }
}

/// A status that tells no time (S5). `by_me`: the viewer would see it if they showed their own.
fn vague(seen: u32, now_s: u32, by_me: bool) -> types::UserStatus {
    let ago = now_s.saturating_sub(seen);
    match seen {
        0 => types::UserStatus::Empty {},
        _ if ago <= RECENTLY_S => types::UserStatus::Recently { by_me },
        _ if ago <= WEEK_S => types::UserStatus::LastWeek { by_me },
        _ if ago <= MONTH_S => types::UserStatus::LastMonth { by_me },
        _ => types::UserStatus::Empty {},
    }
}

fn user_status(user: UserId, status: types::UserStatus) -> types::Update {
    types::Update::UserStatus {
        user_id: user.0,
        status,
    }
}
