//! Which keys, sessions and users are here.

use std::sync::Arc;

use dashmap::DashMap;

use crate::Gateway;
use crate::key::KeyState;
use crate::slot::Slot;

/// Which keys, sessions and users are here.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) keys: DashMap<bus::AuthKeyId, Arc<KeyState>>,
    /// By the key of the connection, temporary or not, and the session of it.
    pub(crate) slots: DashMap<(bus::AuthKeyId, i64), Arc<Slot>>,
    /// The permanent keys of users.
    pub(crate) users: DashMap<bus::UserId, Vec<Arc<KeyState>>>,
    /// Who watches a channel.
    pub(crate) channels: DashMap<bus::ChannelId, Vec<bus::UserId>>,
}

impl Gateway {
    /// A key by its id; `None` when there is none.
    pub(crate) async fn key(
        &self,
        id: bus::AuthKeyId,
    ) -> Result<Option<Arc<KeyState>>, bus::Unavailable> {
        if let Some(key) = self.registry.keys.get(&id) {
            return Ok(Some(Arc::clone(&key)));
        }
        let Some(facts) = self.services.key(id).await? else {
            return Ok(None);
        };
        let permanent = match facts.bound_to {
            // Boxed, because a key may lead to another one.
            Some(bound_to) => Box::pin(self.key(bound_to)).await?,
            None => None,
        };
        let key = Arc::new(KeyState::new(id, &facts, permanent));
        // Whoever was first stays.
        let key = Arc::clone(&self.registry.keys.entry(id).or_insert(key));
        if let Some(user) = key.user() {
            self.add_user_key(user, &key);
        }
        Ok(Some(key))
    }

    /// The key that user, layer and subscription of another belong to.
    pub(crate) async fn owner(
        &self,
        key: &Arc<KeyState>,
    ) -> Result<Arc<KeyState>, bus::Unavailable> {
        if let Some(id) = key.to_bind()
            && let Some(permanent) = self.key(id).await?
        {
            let user = permanent.user();
            key.bind(permanent);
            user.into_iter()
                .for_each(|user| self.presence_changed(user));
        }
        Ok(key.owner())
    }

    pub(crate) fn add_user_key(&self, user: bus::UserId, key: &Arc<KeyState>) {
        let mut keys = self.registry.users.entry(user).or_default();
        if !keys.iter().any(|known| known.id == key.id) {
            keys.push(Arc::clone(key));
        }
    }

    pub(crate) fn remove_user_key(&self, user: bus::UserId, key: bus::AuthKeyId) {
        if let Some(mut keys) = self.registry.users.get_mut(&user) {
            keys.retain(|known| known.id != key);
        }
        self.registry
            .users
            .remove_if(&user, |_, keys| keys.is_empty());
    }

    /// A session of a key is new. Of the many that one key may have without a connection, the
    /// oldest gives way.
    pub(crate) fn add_session(&self, key: &Arc<KeyState>, slot: &Arc<Slot>) {
        let owner = key.owner();
        let surplus = {
            let mut sessions = owner.sessions();
            sessions.push(Arc::clone(slot));
            if sessions.len() > self.limits.sessions_per_key_max {
                let detached = sessions
                    .iter()
                    .filter_map(|slot| slot.detached_since_ms().map(|since_ms| (since_ms, slot)));
                detached
                    .min_by_key(|(since_ms, _)| *since_ms)
                    .map(|(_, slot)| Arc::clone(slot))
            } else {
                None
            }
        };
        if let Some(surplus) = surplus {
            self.remove_slot(&surplus);
        }
    }

    /// Forgets a session.
    pub(crate) fn remove_slot(&self, slot: &Arc<Slot>) {
        slot.give_up();
        self.registry
            .slots
            .remove_if(&(slot.key.id, slot.session_id), |_, known| {
                Arc::ptr_eq(known, slot)
            });
        let owner = slot.key.owner();
        owner.sessions().retain(|known| !Arc::ptr_eq(known, slot));
        slot.key
            .sessions()
            .retain(|known| !Arc::ptr_eq(known, slot));
    }

    /// Whether any session of the user has a connection.
    pub(crate) fn is_connected(&self, user: bus::UserId) -> bool {
        self.registry.users.get(&user).is_some_and(|keys| {
            keys.iter()
                .any(|key| key.sessions().iter().any(|slot| slot.is_connected()))
        })
    }
}
