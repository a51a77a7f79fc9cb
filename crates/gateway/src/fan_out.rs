//! What services tell, brought to the sessions it concerns.

use std::sync::Arc;

use bus::{Notice, Push, Target};
use bytes::Bytes;
use tl::{Encode as _, Layer};
use tl_api::{NEWEST_LAYER, served_layer, types};

use crate::Gateway;
use crate::key::KeyState;
use crate::slot::{Item, Slot};

impl bus::Gateways for Gateway {
    fn tell(&self, notice: Notice) {
        match notice {
            Notice::KeyBound {
                temp_key_id,
                auth_key_id,
            } => self.bind(temp_key_id, auth_key_id),
            Notice::KeyGone(key) => self.drop_key(key),
            Notice::KeySubscribed(key, session) => self.subscribe(key, session),
            Notice::KeyUser(key, user) => self.set_user(key, user),
            Notice::Push(push) => self.push(&push),
            Notice::Watch { user, channel, on } => self.watch(user, channel, on),
        }
    }

    fn may_be_watching(&self, user: bus::UserId) -> bool {
        self.registry.users.get(&user).is_some_and(|keys| {
            keys.iter()
                .any(|key| key.sessions().iter().any(|slot| slot.is_subscribed()))
        })
    }
}

impl Gateway {
    fn bind(&self, temp_key_id: bus::AuthKeyId, auth_key_id: bus::AuthKeyId) {
        let temporary = self
            .registry
            .keys
            .get(&temp_key_id)
            .map(|key| Arc::clone(&key));
        let permanent = self
            .registry
            .keys
            .get(&auth_key_id)
            .map(|key| Arc::clone(&key));
        match (temporary, permanent) {
            (Some(temporary), Some(permanent)) => {
                let user = permanent.user();
                temporary.bind(permanent);
                user.into_iter()
                    .for_each(|user| self.presence_changed(user));
            }
            (Some(temporary), None) => temporary.bind_later(auth_key_id),
            (None, _) => {}
        }
    }

    fn drop_key(&self, id: bus::AuthKeyId) {
        let Some((_, key)) = self.registry.keys.remove(&id) else {
            return;
        };
        key.set_gone();
        if let Some(user) = key.user() {
            self.remove_user_key(user, id);
        }
        // Those of a temporary key stand among those of the permanent one.
        let mut slots: Vec<Arc<Slot>> = key.owner().sessions().clone();
        if key.is_temporary() {
            slots.retain(|slot| Arc::ptr_eq(&slot.key, &key));
        }
        for slot in slots {
            if slot.key.id != id {
                self.drop_key(slot.key.id);
            }
            slot.put(Item::KeyGone, self.limits.inbox_bytes_max);
        }
    }

    fn subscribe(&self, key: bus::AuthKeyId, session: bus::SessionId) {
        let Some(key) = self.registry.keys.get(&key).map(|key| Arc::clone(&key)) else {
            return;
        };
        let sessions = key.sessions();
        if let Some(slot) = sessions.iter().find(|slot| slot.session_id == session.0) {
            slot.set_subscribed(true);
        }
    }

    fn set_user(&self, id: bus::AuthKeyId, user: Option<bus::UserId>) {
        let Some(key) = self.registry.keys.get(&id).map(|key| Arc::clone(&key)) else {
            return;
        };
        let before = key.set_user(user);
        if let Some(before) = before
            && Some(before) != user
        {
            self.remove_user_key(before, id);
            key.sessions()
                .iter()
                .for_each(|slot| slot.set_subscribed(false));
        }
        if let Some(user) = user {
            self.add_user_key(user, &key);
        }
        for user in before.into_iter().chain(user) {
            self.presence_changed(user);
        }
    }

    fn watch(&self, user: bus::UserId, channel: bus::ChannelId, on: bool) {
        let mut watchers = self.registry.channels.entry(channel).or_default();
        watchers.retain(|known| *known != user);
        if on {
            watchers.push(user);
        }
    }

    fn push(&self, push: &Push) {
        let mut forms = Forms::new(&push.updates);
        match push.target {
            Target::Channel(channel) => {
                let watchers = self
                    .registry
                    .channels
                    .get(&channel)
                    .map(|users| users.clone());
                for user in watchers.into_iter().flatten() {
                    self.push_to_user(user, push, &mut forms);
                }
            }
            Target::Key(key) => {
                if let Some(key) = self.registry.keys.get(&key).map(|key| Arc::clone(&key)) {
                    self.push_to_key(&key, push, &mut forms, true);
                }
            }
            Target::User(user) => self.push_to_user(user, push, &mut forms),
        }
    }

    fn push_to_user(&self, user: bus::UserId, push: &Push, forms: &mut Forms<'_>) {
        if let Some(keys) = self.registry.users.get(&user) {
            for key in keys.iter() {
                self.push_to_key(key, push, forms, false);
            }
        }
    }

    fn push_to_key(&self, key: &Arc<KeyState>, push: &Push, forms: &mut Forms<'_>, to_all: bool) {
        let Some(layer) = served_layer(key.layer()) else {
            return;
        };
        for slot in key.sessions().iter() {
            let is_asker = push.except == Some((key.id, bus::SessionId(slot.session_id)));
            if is_asker || !(to_all || slot.is_subscribed()) {
                continue;
            }
            if let Some(bytes) = forms.of(layer) {
                self.metrics.updates.add_one();
                slot.put(Item::Update(bytes), self.limits.inbox_bytes_max);
            }
        }
    }
}

/// One push in the forms of the layers that asked for it, each made once.
struct Forms<'a> {
    newest: &'a Bytes,
    decoded: Option<types::Updates>,
    made: Vec<(Layer, Option<Bytes>)>,
}

impl<'a> Forms<'a> {
    fn new(newest: &'a Bytes) -> Self {
        Self {
            newest,
            decoded: None,
            made: Vec::new(),
        }
    }

    /// The form of a layer; `None` when nothing of it can be shown there.
    fn of(&mut self, layer: Layer) -> Option<Bytes> {
        if layer.0 >= NEWEST_LAYER {
            return Some(self.newest.clone());
        }
        if let Some((_, form)) = self.made.iter().find(|(made, _)| *made == layer) {
            return form.clone();
        }
        let form = self.make(layer);
        self.made.push((layer, form.clone()));
        form
    }

    fn make(&mut self, layer: Layer) -> Option<Bytes> {
        if self.decoded.is_none() {
            self.decoded = tl::from_bytes(self.newest).ok();
        }
        let updates = self.decoded.as_ref()?;
        if let types::Updates::Updates(updates) = updates
            && !updates.updates.iter().any(|update| update.has_form(layer))
        {
            return None;
        }
        tl::to_bytes(updates, layer).ok()
    }
}
