//! Both sides in one process.

use std::sync::{Arc, OnceLock};

use crate::call::Services;
use crate::id::UserId;
use crate::notice::{Gateways, Notice};

/// Joins one gateway and the services of the same process: each is made with a handle of this, and
/// set once it exists.
#[derive(Default)]
pub struct Local {
    gateway: OnceLock<Arc<dyn Gateways>>,
    services: OnceLock<Arc<dyn Services>>,
}

impl Local {
    /// Sets the gateway that notices go to. Only the first one counts.
    pub fn set_gateway(&self, gateway: Arc<dyn Gateways>) {
        let _ = self.gateway.set(gateway);
    }

    /// Sets the services that calls go to. Only the first ones count.
    pub fn set_services(&self, services: Arc<dyn Services>) {
        let _ = self.services.set(services);
    }

    /// The services, once set.
    pub fn services(&self) -> Option<&Arc<dyn Services>> {
        self.services.get()
    }
}

impl Gateways for Local {
    fn tell(&self, notice: Notice) {
        if let Some(gateway) = self.gateway.get() {
            gateway.tell(notice);
        }
    }

    fn may_be_watching(&self, user: UserId) -> bool {
        self.gateway
            .get()
            .is_some_and(|gateway| gateway.may_be_watching(user))
    }
}
