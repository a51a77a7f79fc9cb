//! Users and groups as somebody is shown them (P2, P8).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use store::{ChatId, ContactList, MailboxId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::peer::Peers;
use crate::publish::Actor;
use crate::record::{Chat, ContactFacts, Photo, Record as _, User};
use crate::time::Now;

/// The contacts of one user.
pub type ContactMap = BTreeMap<UserId, ContactFacts>;

/// Users and groups for one viewer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Users.
    pub users: Vec<types::User>,
    /// Groups and channels.
    pub chats: Vec<types::Chat>,
}

impl Messenger {
    /// A user; `None` when there never was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user(&self, id: UserId) -> Result<Option<Arc<User>>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(Some(user));
        }
        let before = self.changes();
        let Some(profile) = self.store.profile(PeerId::User(id)).await? else {
            return Ok(None);
        };
        let user = Arc::new(User::from_bytes(&profile.body)?);
        self.users.insert(id, Arc::clone(&user));
        if self.changes() != before {
            self.users.remove(&id);
        }
        Ok(Some(user))
    }

    /// Changes a user and returns what it is now; `None` from `change` leaves it as it is. `change` may be called more
    /// than once.
    ///
    /// # Errors
    /// `UserUnknown`, or when the store fails.
    pub async fn change_user(
        &self,
        id: UserId,
        mut change: impl FnMut(&mut User) -> Result<()> + Send,
    ) -> Result<Arc<User>> {
        loop {
            let stored = self.store.profile(PeerId::User(id)).await?;
            let profile = stored.ok_or(Error::UserUnknown)?;
            let mut user = User::from_bytes(&profile.body)?;
            change(&mut user)?;
            let put = self
                .store
                .put_profile(PeerId::User(id), profile.version, user.to_bytes())
                .await;
            match put {
                Err(store::Error::Conflict(_)) => {}
                other => {
                    // Whatever came of it: the next one to ask reads it anew.
                    self.changed();
                    self.users.remove(&id);
                    other?;
                    return Ok(Arc::new(user));
                }
            }
        }
    }

    /// Stores a new user. Its `pts` starts at 1: to clients 0 means that it is not known.
    ///
    /// # Errors
    /// When the store fails or the id is taken.
    pub async fn create_user(&self, user: User, now: Now) -> Result<Arc<User>> {
        let id = user.user_id();
        let mut batch = self.open([MailboxId::User(id)], now).await?;
        if batch.user(id).pts().0 == 0 {
            batch.user(id).update(1, |_| types::Update::Config {})?;
            batch.commit(Actor::server(id), None, Bytes::new()).await?;
        }
        self.store
            .put_profile(PeerId::User(id), 0, user.to_bytes())
            .await?;
        let user = Arc::new(user);
        self.users.insert(id, Arc::clone(&user));
        Ok(user)
    }

    /// A basic group; `None` when there never was one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn chat(&self, id: ChatId) -> Result<Option<Arc<Chat>>> {
        if let Some(chat) = self.chats.get(&id) {
            return Ok(Some(chat));
        }
        let before = self.changes();
        let Some(profile) = self.store.profile(PeerId::Chat(id)).await? else {
            return Ok(None);
        };
        let chat = Arc::new(Chat::from_bytes(&profile.body)?);
        self.chats.insert(id, Arc::clone(&chat));
        if self.changes() != before {
            self.chats.remove(&id);
        }
        Ok(Some(chat))
    }

    /// Changes a basic group and returns what it is now. `change` may be called more than once.
    ///
    /// # Errors
    /// What `change` says, `ChatUnknown`, or when the store fails.
    pub async fn change_chat(
        &self,
        id: ChatId,
        mut change: impl FnMut(&mut Chat) -> Result<()> + Send,
    ) -> Result<Arc<Chat>> {
        loop {
            let stored = self.store.profile(PeerId::Chat(id)).await?;
            let profile = stored.ok_or(Error::ChatUnknown)?;
            let mut chat = Chat::from_bytes(&profile.body)?;
            change(&mut chat)?;
            let put = self
                .store
                .put_profile(PeerId::Chat(id), profile.version, chat.to_bytes())
                .await;
            match put {
                Err(store::Error::Conflict(_)) => {}
                other => {
                    self.changed();
                    self.chats.remove(&id);
                    other?;
                    return Ok(Arc::new(chat));
                }
            }
        }
    }

    /// Stores a new basic group.
    ///
    /// # Errors
    /// When the store fails or the id is taken.
    pub async fn create_chat(&self, chat: Chat) -> Result<Arc<Chat>> {
        let id = chat.chat_id();
        self.store
            .put_profile(PeerId::Chat(id), 0, chat.to_bytes())
            .await?;
        let chat = Arc::new(chat);
        self.chats.insert(id, Arc::clone(&chat));
        Ok(chat)
    }

    /// The contacts of a user.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn contacts(&self, owner: UserId) -> Result<Arc<ContactMap>> {
        if let Some(contacts) = self.contacts.get(&owner) {
            return Ok(contacts);
        }
        let before = self.changes();
        let mut map = ContactMap::new();
        for contact in self.store.contacts(owner, ContactList::Contacts).await? {
            map.insert(contact.user, ContactFacts::from_bytes(&contact.facts)?);
        }
        let map = Arc::new(map);
        self.contacts.insert(owner, Arc::clone(&map));
        if self.changes() != before {
            self.contacts.remove(&owner);
        }
        Ok(map)
    }

    /// Forgets the cached contacts of a user: they were changed in the store.
    pub fn forget_contacts(&self, owner: UserId) {
        self.changed();
        self.contacts.remove(&owner);
    }

    /// How many changes of what is cached there have been: whoever has put into a cache what they had
    /// read before such a change takes it out again.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Something that is cached was changed in the store.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Users and groups as `viewer` is shown them. Whoever does not exist is left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn show(&self, viewer: UserId, peers: &Peers, now: Now) -> Result<Shown> {
        let mut users = peers.users.clone();
        let mut chats = Vec::with_capacity(peers.chats.len());
        for id in &peers.chats {
            if let Some(chat) = self.chat(*id).await? {
                users.insert(UserId(chat.creator));
                chats.push(self.show_chat(viewer, &chat));
            }
        }
        for id in &peers.channels {
            chats.extend(self.show_channel_to(viewer, *id, now).await?);
        }
        let mut shown = Vec::with_capacity(users.len());
        for id in &users {
            if let Some(user) = self.user(*id).await? {
                shown.push(self.show_user(viewer, &user, now).await?);
            }
        }
        Ok(Shown {
            users: shown,
            chats,
        })
    }

    /// A user as `viewer` is shown them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn show_user(&self, viewer: UserId, user: &User, now: Now) -> Result<types::User> {
        let id = user.user_id();
        let contacts = self.contacts(viewer).await?;
        let contact = contacts.get(&id);
        let mut shown = constructors::User::new(user.id);
        shown.self_ = id == viewer;
        shown.access_hash = Some(self.access.peer(viewer, PeerId::User(id)));
        if user.deleted {
            shown.deleted = true;
            return Ok(types::User::User(Box::new(shown)));
        }
        shown.contact = contact.is_some();
        if contact.is_some() {
            let theirs = self.contacts(id).await?;
            shown.mutual_contact = theirs.contains_key(&viewer);
        }
        let (first_name, last_name) = contact
            .filter(|contact| !contact.first_name.is_empty() && id != viewer)
            .map_or((&user.first_name, &user.last_name), |contact| {
                (&contact.first_name, &contact.last_name)
            });
        shown.first_name = text(first_name);
        shown.last_name = text(last_name);
        shown.username = user.username.as_deref().map(Into::into);
        shown.bot = user.bot;
        if user.bot {
            show_bot(&mut shown, user, viewer);
        }
        if self.may_see_phone(viewer, user, contact).await? {
            shown.phone = text(&user.phone);
        }
        if let Some(photo) = contact.and_then(|contact| contact.photo.as_ref()) {
            shown.photo = Some(self.profile_photo(photo, true));
        } else if self.may_see_photo(viewer, user).await? {
            shown.photo = user
                .photo
                .as_ref()
                .map(|photo| self.profile_photo(photo, false));
        }
        shown.close_friend = contact.is_some_and(|contact| contact.close_friend);
        let viewer_is_bot = match id == viewer {
            true => user.bot,
            false => self.user(viewer).await?.is_some_and(|viewer| viewer.bot),
        };
        if !user.bot && !viewer_is_bot {
            shown.status = Some(self.status(viewer, id, now).await?);
        }
        Ok(types::User::User(Box::new(shown)))
    }

    fn profile_photo(&self, photo: &Photo, personal: bool) -> types::UserProfilePhoto {
        let mut shown = constructors::UserProfilePhoto::new(photo.id, self.dc_id());
        shown.personal = personal;
        shown.stripped_thumb = stripped(photo);
        types::UserProfilePhoto::UserProfilePhoto(Box::new(shown))
    }

    /// The photo of a group or channel as every mention of it has it.
    pub(crate) fn chat_photo(&self, photo: Option<&Photo>) -> types::ChatPhoto {
        photo.map_or(types::ChatPhoto::Empty {}, |photo| {
            let mut shown = constructors::ChatPhoto::new(photo.id, self.dc_id());
            shown.stripped_thumb = stripped(photo);
            types::ChatPhoto::ChatPhoto(Box::new(shown))
        })
    }

    /// A basic group as `viewer` is shown it.
    pub fn show_chat(&self, viewer: UserId, chat: &Chat) -> types::Chat {
        if !chat.knows(viewer) {
            return types::Chat::Forbidden {
                id: chat.id,
                title: chat.title.as_str().into(),
            };
        }
        let photo = self.chat_photo(chat.photo.as_ref());
        let count = i32::try_from(chat.members.len()).unwrap_or(i32::MAX);
        let mut shown = constructors::Chat::new(
            chat.id,
            chat.title.as_str().into(),
            photo,
            count,
            chat.created.cast_signed(),
            chat.version.cast_signed(),
        );
        let member = chat.member(viewer);
        shown.creator = chat.creator == viewer.0;
        shown.left = member.is_none();
        shown.deactivated = chat.deactivated;
        shown.noforwards = chat.noforwards;
        if chat.migrated_to != 0 {
            let channel = store::ChannelId(chat.migrated_to);
            shown.migrated_to = Some(types::InputChannel::InputChannel {
                channel_id: chat.migrated_to,
                access_hash: self.access.peer(viewer, PeerId::Channel(channel)),
            });
        }
        if member.is_some_and(|member| member.admin) {
            shown.admin_rights = Some(basic_group_admin_rights());
        }
        shown.default_banned_rights = Some(banned_rights(chat.banned_rights));
        types::Chat::Chat(Box::new(shown))
    }
}

/// What is shown of a bot besides (2.1).
fn show_bot(shown: &mut constructors::User, user: &User, viewer: UserId) {
    let facts = user.bot_facts.clone().unwrap_or_default();
    shown.bot_info_version = Some(i32::try_from(facts.version.max(1)).unwrap_or(i32::MAX));
    shown.bot_chat_history = facts.sees_all;
    shown.bot_nochats = facts.no_groups;
    shown.bot_inline_geo = facts.inline_geo;
    shown.bot_inline_placeholder = facts.inline_placeholder.as_deref().map(Into::into);
    shown.bot_can_edit = facts.owner == viewer.0;
    shown.bot_can_manage_bots = user.user_id() == crate::bot::BOT_FATHER;
}

fn text(text: &str) -> Option<tl::Str> {
    (!text.is_empty()).then(|| text.into())
}

pub(crate) fn stripped(photo: &Photo) -> Option<Bytes> {
    (!photo.stripped.is_empty()).then(|| Bytes::copy_from_slice(&photo.stripped))
}

/// The rights that every admin of a basic group has.
fn basic_group_admin_rights() -> types::ChatAdminRights {
    let mut rights = types::ChatAdminRights::new();
    rights.change_info = true;
    rights.delete_messages = true;
    rights.ban_users = true;
    rights.invite_users = true;
    rights.pin_messages = true;
    rights.manage_call = true;
    rights.other = true;
    rights
}

/// `chatBannedRights#9f120418` with these flags and no end.
pub fn banned_rights(flags: u32) -> types::ChatBannedRights {
    banned_rights_until(flags, 0)
}

/// `chatBannedRights#9f120418` with these flags until a time, Unix seconds.
pub fn banned_rights_until(flags: u32, until: u32) -> types::ChatBannedRights {
    let mut wire = Vec::with_capacity(12);
    wire.extend(0x9f12_0418_u32.to_le_bytes());
    wire.extend(flags.to_le_bytes());
    wire.extend(until.to_le_bytes());
    tl::from_bytes(&wire.into()).unwrap_or_else(|_| types::ChatBannedRights::new(0))
}

/// `chatAdminRights#5fb224d5` with these flags.
pub fn admin_rights(flags: u32) -> types::ChatAdminRights {
    let mut wire = Vec::with_capacity(8);
    wire.extend(0x5fb2_24d5_u32.to_le_bytes());
    wire.extend(flags.to_le_bytes());
    tl::from_bytes(&wire.into()).unwrap_or_else(|_| types::ChatAdminRights::new())
}

/// The flags word of admin rights.
pub fn admin_rights_flags(rights: &types::ChatAdminRights) -> u32 {
    tl::to_bytes(rights, tl::Layer(tl_api::NEWEST_LAYER))
        .ok()
        .and_then(|wire| wire.get(4..8)?.try_into().ok().map(u32::from_le_bytes))
        .unwrap_or(0)
}

/// The flags word of banned rights.
pub fn banned_rights_flags(rights: &types::ChatBannedRights) -> u32 {
    tl::to_bytes(rights, tl::Layer(tl_api::NEWEST_LAYER))
        .ok()
        .and_then(|wire| wire.get(4..8)?.try_into().ok().map(u32::from_le_bytes))
        .unwrap_or(0)
}
