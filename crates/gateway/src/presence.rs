//! Who has a connection here, told in order.

use crate::Gateway;

/// What the services were told of a user.
#[derive(Default)]
pub(crate) struct Told {
    connected: bool,
    /// A task tells them.
    is_running: bool,
    /// Something changed while it did.
    is_stale: bool,
}

impl Gateway {
    /// Connections of a user have come or gone: tells the services when it was the first or the
    /// last.
    pub(crate) fn presence_changed(&self, user: bus::UserId) {
        let Some(gateway) = self.own.upgrade() else {
            return;
        };
        let connected = self.is_connected(user);
        {
            let mut told = self.presence.entry(user).or_default();
            if told.is_running {
                told.is_stale = true;
                return;
            }
            if told.connected != connected {
                told.connected = connected;
                told.is_running = true;
                self.calls
                    .spawn(async move { gateway.tell_presence(user, connected).await });
            }
        }
        self.forget_presence(user);
    }

    async fn tell_presence(&self, user: bus::UserId, mut connected: bool) {
        loop {
            self.services.presence(user, connected).await;
            if let Some(mut told) = self.presence.get_mut(&user) {
                told.is_stale = false;
            }
            // Looks at other maps, so no entry of this one may be held.
            connected = self.is_connected(user);
            let Some(mut told) = self.presence.get_mut(&user) else {
                return;
            };
            if told.connected == connected && !told.is_stale {
                told.is_running = false;
                break;
            }
            told.connected = connected;
        }
        self.forget_presence(user);
    }

    fn forget_presence(&self, user: bus::UserId) {
        self.presence
            .remove_if(&user, |_, told| !told.connected && !told.is_running);
    }
}
