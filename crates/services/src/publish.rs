//! Showing changes to clients by way of the gateways.

use std::sync::Arc;

use messenger::{Actor, Publisher};
use store::UserId;
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

/// Sends what shall be shown to the gateways.
pub(crate) struct ToGateways(pub(crate) Arc<dyn bus::Gateways>);

impl Publisher for ToGateways {
    fn is_watched(&self, user: UserId) -> bool {
        self.0.may_be_watching(bus::UserId(user.0))
    }

    fn publish(&self, user: UserId, except: Option<Actor>, updates: types::Updates) {
        let Ok(updates) = tl::to_bytes(&updates, Layer(NEWEST_LAYER)) else {
            tracing::error!("updates without a form in the newest layer");
            return;
        };
        let except = except.map(|actor| {
            (
                bus::AuthKeyId(actor.auth_key_id.0),
                bus::SessionId(actor.session_id),
            )
        });
        self.0.tell(bus::Notice::Push(bus::Push {
            target: bus::Target::User(bus::UserId(user.0)),
            except,
            updates,
        }));
    }
}
