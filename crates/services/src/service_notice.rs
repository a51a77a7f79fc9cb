//! What the server itself tells a user.

use messenger::Now;
use store::UserId;
use tl_api::{constructors, types};

use crate::Services;
use crate::error::Result;

impl Services {
    /// Shows a text on all devices of a user, now or when they come back.
    pub(crate) async fn service_notification(
        &self,
        user: UserId,
        kind: &str,
        text: &str,
        now: Now,
    ) -> Result<()> {
        let mut update = constructors::UpdateServiceNotification::new(
            kind.into(),
            text.into(),
            types::MessageMedia::Empty {},
            Vec::new(),
        );
        update.inbox_date = Some(now.date());
        let update = types::Update::ServiceNotification(Box::new(update));
        Ok(self.messenger.note_to(user, update, now).await?)
    }
}
