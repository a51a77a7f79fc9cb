//! Who is online, as far as services see it.

use store::UserId;

use crate::Services;

impl Services {
    /// The last connection of a user is gone.
    pub(crate) async fn went_offline(&self, user: UserId) {
        let now = self.world.now();
        self.messenger.set_online(user, false, now);
    }
}
