//! Who is online, as far as services see it.

use messenger::Actor;
use store::UserId;

use crate::Services;

impl Services {
    /// The last connection of a user is gone.
    pub(crate) async fn went_offline(&self, user: UserId) {
        let now = self.world.now();
        let shown = self
            .messenger
            .change_status(Actor::server(user), false, now)
            .await;
        if let Err(error) = shown {
            tracing::error!(%error, "nobody is told that a user went offline");
        }
    }
}
