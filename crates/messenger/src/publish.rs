//! Showing changes to clients.

use store::{AuthKeyId, UserId};
use tl_api::types;

/// Who does something: the account, and the session that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub user: UserId,
    /// The key of the device.
    pub auth_key_id: AuthKeyId,
    /// The session of that key. Updates it gets in its answer are not pushed to it (F20).
    pub session_id: i64,
}

impl Actor {
    /// The server itself acting for an account: all of its sessions are shown the change.
    #[must_use]
    pub fn server(user: UserId) -> Self {
        Self {
            user,
            auth_key_id: AuthKeyId(0),
            session_id: 0,
        }
    }
}

/// Shows updates to the sessions of users. Never waits; updates to one user stay in order.
pub trait Publisher: Send + Sync {
    /// Whether anybody of the user may be looking. When not, updates need not be built.
    fn is_watched(&self, user: UserId) -> bool;

    /// Shows updates to all subscribed sessions of a user but the one of `except`.
    fn publish(&self, user: UserId, except: Option<Actor>, updates: types::Updates);

    /// Shows updates to all sessions of one device.
    fn publish_to_key(&self, key: AuthKeyId, updates: types::Updates);
}
