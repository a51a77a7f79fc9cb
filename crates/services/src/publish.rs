//! Showing changes to clients by way of the gateways.

use std::sync::Arc;

use messenger::{Actor, Publisher};
use store::{AuthKeyId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

/// Sends what shall be shown to the gateways.
pub(crate) struct ToGateways(pub(crate) Arc<dyn bus::Gateways>);

impl ToGateways {
    fn push(
        &self,
        target: bus::Target,
        except: Option<(bus::AuthKeyId, bus::SessionId)>,
        updates: &types::Updates,
    ) {
        let Ok(updates) = tl::to_bytes(updates, Layer(NEWEST_LAYER)) else {
            tracing::error!("updates without a form in the newest layer");
            return;
        };
        self.0.tell(bus::Notice::Push(bus::Push {
            target,
            except,
            updates,
        }));
    }
}

impl Publisher for ToGateways {
    fn is_watched(&self, user: UserId) -> bool {
        self.0.may_be_watching(bus::UserId(user.0))
    }

    fn publish(&self, user: UserId, except: Option<Actor>, updates: types::Updates) {
        let except = except.map(|actor| {
            (
                bus::AuthKeyId(actor.auth_key_id.0),
                bus::SessionId(actor.session_id),
            )
        });
        let target = bus::Target::User(bus::UserId(user.0));
        self.push(target, except, &updates);
    }

    fn publish_to_key(&self, key: AuthKeyId, updates: types::Updates) {
        self.push(bus::Target::Key(bus::AuthKeyId(key.0)), None, &updates);
    }
}
