//! Keys as all connections share them.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use mtproto_core::connection::ServerKey;
use mtproto_core::crypto::{AuthKeyId, FullAuthKey};

use crate::limit::Bucket;
use crate::slot::Slot;

/// A key in memory. User, layer and subscription of a temporary key are those of the permanent one
/// it is bound to.
pub(crate) struct KeyState {
    pub(crate) id: bus::AuthKeyId,
    /// What connections seal and open with.
    pub(crate) server_key: Arc<ServerKey>,
    is_temporary: bool,
    bound_to: RwLock<Option<Arc<Self>>>,
    /// 0 for nobody.
    user: AtomicI64,
    layer: AtomicI32,
    /// The permanent key it is bound to, but that is not in memory; 0 for none.
    to_bind: AtomicI64,
    /// It does not exist any more.
    is_gone: AtomicBool,
    sessions: Mutex<Vec<Arc<Slot>>>,
    bucket: Mutex<Bucket>,
    announced: Mutex<Option<bus::ConnectionFacts>>,
}

/// No lock of this crate is held while anything can panic that matters to what it guards.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KeyState {
    /// From what the services know.
    pub(crate) fn new(
        id: bus::AuthKeyId,
        facts: &bus::KeyFacts,
        bound_to: Option<Arc<Self>>,
    ) -> Self {
        let expires_at_s = (facts.expires_at != 0).then_some(i64::from(facts.expires_at));
        Self {
            id,
            server_key: Arc::new(ServerKey {
                auth_key: FullAuthKey::new(*facts.key).message_key(),
                expires_at_s,
                first_salt: Some((facts.first_salt, i64::from(facts.created))),
            }),
            is_temporary: facts.expires_at != 0,
            bound_to: RwLock::new(bound_to),
            user: AtomicI64::new(facts.user.map_or(0, |user| user.0)),
            layer: AtomicI32::new(facts.layer),
            to_bind: AtomicI64::new(0),
            is_gone: AtomicBool::new(false),
            sessions: Mutex::default(),
            bucket: Mutex::default(),
            announced: Mutex::default(),
        }
    }

    /// The key that user, layer and subscription belong to.
    pub(crate) fn owner(self: &Arc<Self>) -> Arc<Self> {
        let bound_to = self.bound_to.read().unwrap_or_else(PoisonError::into_inner);
        bound_to
            .as_ref()
            .map_or_else(|| Arc::clone(self), Arc::clone)
    }

    /// Binds a temporary key. Its sessions are sessions of the permanent one from now on.
    pub(crate) fn bind(self: &Arc<Self>, permanent: Arc<Self>) {
        let before = self.owner();
        self.to_bind.store(0, Ordering::Release);
        if Arc::ptr_eq(&before, &permanent) {
            return;
        }
        let mut moved = Vec::new();
        before.sessions().retain(|slot| {
            let is_own = Arc::ptr_eq(&slot.key, self);
            if is_own {
                moved.push(Arc::clone(slot));
            }
            !is_own
        });
        permanent.sessions().append(&mut moved);
        let mut bound_to = self
            .bound_to
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *bound_to = Some(permanent);
    }

    /// Notes what it is bound to, to be bound at the next call.
    pub(crate) fn bind_later(&self, permanent: bus::AuthKeyId) {
        self.to_bind.store(permanent.0, Ordering::Release);
    }

    /// What [`bind_later`](Self::bind_later) has noted.
    pub(crate) fn to_bind(&self) -> Option<bus::AuthKeyId> {
        let id = self.to_bind.load(Ordering::Acquire);
        (id != 0).then_some(bus::AuthKeyId(id))
    }

    /// It does not exist any more.
    pub(crate) fn set_gone(&self) {
        self.is_gone.store(true, Ordering::Release);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    /// What the client has said of itself with this key since it is in memory.
    pub(crate) fn announced(&self) -> Option<bus::ConnectionFacts> {
        lock(&self.announced).clone()
    }

    /// Whether it is a temporary one.
    pub(crate) fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    pub(crate) fn core_id(&self) -> AuthKeyId {
        self.server_key.auth_key.id()
    }

    pub(crate) fn user(&self) -> Option<bus::UserId> {
        let user = self.user.load(Ordering::Acquire);
        (user != 0).then_some(bus::UserId(user))
    }

    /// Sets the user and returns the one before.
    pub(crate) fn set_user(&self, user: Option<bus::UserId>) -> Option<bus::UserId> {
        let before = self
            .user
            .swap(user.map_or(0, |user| user.0), Ordering::AcqRel);
        (before != 0).then_some(bus::UserId(before))
    }

    /// The layer as announced; 0 for never.
    pub(crate) fn layer(&self) -> i32 {
        self.layer.load(Ordering::Relaxed)
    }

    /// Takes what the client says of itself; gives it back when it is news.
    pub(crate) fn announce(
        &self,
        layer: Option<i32>,
        connection: Option<bus::ConnectionFacts>,
    ) -> Option<bus::ConnectionFacts> {
        let layer = layer.unwrap_or_else(|| self.layer());
        let news = self.layer.swap(layer, Ordering::Relaxed) != layer;
        let mut announced = lock(&self.announced);
        let facts = match connection {
            Some(facts) => bus::ConnectionFacts { layer, ..facts },
            None if news => bus::ConnectionFacts {
                layer,
                ..announced.clone().unwrap_or_default()
            },
            None => return None,
        };
        if announced.as_ref() == Some(&facts) {
            return None;
        }
        *announced = Some(facts.clone());
        Some(facts)
    }

    /// The sessions of this key and, if it is permanent, of those bound to it.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        lock(&self.sessions)
    }

    pub(crate) fn bucket(&self) -> MutexGuard<'_, Bucket> {
        lock(&self.bucket)
    }
}
