//! Contact lists (C1–C7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{Contact, ContactList, MailboxId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::account::AccountError;
use crate::error::Result;
use crate::name::{clean_name, phone_digits};
use crate::peer::{Peers, tl_peer};
use crate::publish::Actor;
use crate::record::{ContactFacts, Photo, Record};
use crate::show::ContactMap;
use crate::time::Now;

/// More changes at once are told as "load all contacts anew" (C7).
const CHANGES_TOLD_MAX: usize = 20;
/// The most bytes of a note about a contact.
pub const NOTE_BYTES_MAX: usize = 128;

/// Scopes of settings: who has a user as contact, and who has saved a number. Keys are the owners.
const OWNERS: &str = "contact-of";
const SAVERS: &str = "saved-by";
/// What the keys of saved numbers begin with in the mailbox of their owner.
const SAVED: &str = "saved-phone/";

/// One entry of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedPhone {
    /// As the client wrote it.
    pub phone: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
}

/// A number without an account in somebody's list.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct SavedPhone {
    /// Digits only.
    #[n(0)]
    pub phone: String,
    /// First name.
    #[n(1)]
    pub first_name: String,
    /// Last name.
    #[n(2)]
    pub last_name: String,
    /// When it was saved, Unix seconds.
    #[n(3)]
    pub date: u32,
}

impl Record for SavedPhone {}

/// What a change of contacts came to: what the asking session is answered.
pub type ContactChange = constructors::Updates;

impl Messenger {
    /// Who has `user` as contact.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn contact_owners(&self, user: UserId) -> Result<BTreeSet<UserId>> {
        self.owners_in(format!("{OWNERS}/{user}")).await
    }

    async fn owners_in(&self, scope: String) -> Result<BTreeSet<UserId>> {
        let entries = self.store.settings(scope).await?;
        Ok(entries
            .into_iter()
            .filter(|(_, setting)| !setting.body.is_empty())
            .filter_map(|(key, _)| key.parse().ok().map(UserId))
            .collect())
    }

    /// Notes in a scope whether `owner` belongs to it.
    async fn note_owner(&self, scope: String, owner: UserId, belongs: bool) -> Result<()> {
        let key = owner.to_string();
        loop {
            let stored = self.store.setting(scope.clone(), key.clone()).await?;
            let noted = stored
                .as_ref()
                .is_some_and(|setting| !setting.body.is_empty());
            if noted == belongs {
                return Ok(());
            }
            let version = stored.map_or(0, |setting| setting.version);
            let body = Bytes::from_static(if belongs { b"1" } else { b"" });
            let put = self
                .store
                .put_setting(scope.clone(), key.clone(), version, body)
                .await;
            match put {
                Err(store::Error::Conflict(_)) => {}
                other => return Ok(other.map(|_| ())?),
            }
        }
    }

    async fn put_contact(&self, owner: UserId, user: UserId, facts: &ContactFacts) -> Result<()> {
        self.note_owner(format!("{OWNERS}/{user}"), owner, true)
            .await?;
        let contact = Contact {
            user,
            facts: facts.to_bytes(),
        };
        self.store
            .put_contact(owner, ContactList::Contacts, contact)
            .await?;
        self.forget_contacts(owner);
        Ok(())
    }

    async fn remove_contact(&self, owner: UserId, user: UserId) -> Result<bool> {
        let was = self
            .store
            .remove_contact(owner, ContactList::Contacts, user)
            .await?;
        self.forget_contacts(owner);
        self.note_owner(format!("{OWNERS}/{user}"), owner, false)
            .await?;
        Ok(was)
    }

    /// Adds a contact or changes its names.
    ///
    /// # Errors
    /// `ContactNameEmpty`, or when the store fails.
    pub async fn add_contact(
        &self,
        actor: Actor,
        user: UserId,
        facts: ContactFacts,
        now: Now,
    ) -> Result<ContactChange> {
        let first_name = clean_name(&facts.first_name)
            .filter(|name| !name.is_empty())
            .ok_or(AccountError::ContactNameEmpty)?;
        let last_name = clean_name(&facts.last_name).ok_or(AccountError::ContactNameEmpty)?;
        let before = self.contacts(actor.user).await?.get(&user).cloned();
        let before = before.unwrap_or_default();
        let facts = ContactFacts {
            first_name,
            last_name,
            phone: phone_digits(&facts.phone).unwrap_or(before.phone),
            note: if facts.note.is_empty() {
                before.note
            } else {
                facts.note
            },
            close_friend: before.close_friend,
            photo: before.photo,
        };
        self.put_contact(actor.user, user, &facts).await?;
        self.tell_contacts(actor, &[user], now).await
    }

    /// Adds whom these numbers belong to and saves the rest (C2). Gives back whom it found, by
    /// index.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn import_contacts(
        &self,
        actor: Actor,
        entries: &[ImportedPhone],
        now: Now,
    ) -> Result<Vec<Option<UserId>>> {
        let me = self.user(actor.user).await?;
        let own = me.map(|me| me.phone.clone()).unwrap_or_default();
        // The last name of a number counts.
        let mut by_phone = BTreeMap::new();
        for entry in entries {
            if let Some(phone) = phone_digits(&entry.phone).filter(|phone| *phone != own) {
                by_phone.insert(phone, entry);
            }
        }
        let contacts = self.contacts(actor.user).await?;
        let mut found = BTreeMap::new();
        let mut changed = Vec::new();
        let mut saved = Vec::new();
        for (phone, entry) in &by_phone {
            let names = (
                clean_name(&entry.first_name).unwrap_or_default(),
                clean_name(&entry.last_name).unwrap_or_default(),
            );
            let owner = match self.user_of_phone(phone).await? {
                Some(user) if self.may_find_by_phone(actor.user, user).await? => Some(user),
                _ => None,
            };
            let Some(user) = owner else {
                saved.push(SavedPhone {
                    phone: phone.clone(),
                    first_name: names.0,
                    last_name: names.1,
                    date: now.unix_s(),
                });
                continue;
            };
            found.insert(phone.clone(), user);
            let before = contacts.get(&user).cloned().unwrap_or_default();
            let facts = ContactFacts {
                first_name: names.0,
                last_name: names.1,
                phone: phone.clone(),
                ..before
            };
            if contacts.get(&user) != Some(&facts) {
                self.put_contact(actor.user, user, &facts).await?;
                changed.push(user);
            }
        }
        self.save_phones(actor.user, saved, now).await?;
        self.tell_contacts(actor, &changed, now).await?;
        Ok(entries
            .iter()
            .map(|entry| phone_digits(&entry.phone).and_then(|phone| found.get(&phone).copied()))
            .collect())
    }

    /// Answers whoever has the actor as contact but not the number: from now on they see it (V6).
    ///
    /// # Errors
    /// `ContactMissing` when they do not have the actor, `ContactUnknown` when the actor does not
    /// have them.
    pub async fn accept_contact(
        &self,
        actor: Actor,
        user: UserId,
        now: Now,
    ) -> Result<ContactChange> {
        if !self.contacts(actor.user).await?.contains_key(&user) {
            return Err(AccountError::ContactUnknown.into());
        }
        if !self.contacts(user).await?.contains_key(&actor.user) {
            return Err(AccountError::ContactMissing.into());
        }
        self.share_phone(actor, user, now).await?;
        self.tell_contacts(actor, &[user], now).await
    }

    /// Writes the note about a contact.
    ///
    /// # Errors
    /// `ContactUnknown`.
    pub async fn note_contact(
        &self,
        actor: Actor,
        user: UserId,
        note: &str,
        now: Now,
    ) -> Result<()> {
        let contacts = self.contacts(actor.user).await?;
        let facts = contacts.get(&user).ok_or(AccountError::ContactUnknown)?;
        let facts = ContactFacts {
            note: note.to_owned(),
            ..facts.clone()
        };
        self.put_contact(actor.user, user, &facts).await?;
        let update = types::Update::User { user_id: user.0 };
        self.note_to_others(actor, update, now).await
    }

    /// Sets the photo that the actor sees in place of the one of a contact; `None` for theirs.
    ///
    /// # Errors
    /// `ContactUnknown`.
    pub async fn picture_contact(
        &self,
        actor: Actor,
        user: UserId,
        photo: Option<Photo>,
        now: Now,
    ) -> Result<()> {
        let contacts = self.contacts(actor.user).await?;
        let facts = contacts.get(&user).ok_or(AccountError::ContactUnknown)?;
        let facts = ContactFacts {
            photo,
            ..facts.clone()
        };
        self.put_contact(actor.user, user, &facts).await?;
        let update = types::Update::User { user_id: user.0 };
        self.note_to_others(actor, update, now).await
    }

    /// Makes these contacts the close friends, and no others.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_close_friends(
        &self,
        actor: Actor,
        friends: &BTreeSet<UserId>,
        now: Now,
    ) -> Result<()> {
        let contacts = self.contacts(actor.user).await?;
        let mut updates = Vec::new();
        for (user, facts) in contacts.iter() {
            let close_friend = friends.contains(user);
            if facts.close_friend != close_friend {
                let facts = ContactFacts {
                    close_friend,
                    ..facts.clone()
                };
                self.put_contact(actor.user, *user, &facts).await?;
                updates.push(types::Update::User { user_id: user.0 });
            }
        }
        updates.truncate(store::APPEND_ITEMS_MAX / 2);
        self.note_all_to_others(actor, updates, now).await
    }

    /// Takes users off the contact list; strangers are skipped.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_contacts(
        &self,
        actor: Actor,
        users: &[UserId],
        now: Now,
    ) -> Result<ContactChange> {
        let contacts = self.contacts(actor.user).await?;
        let mut changed = Vec::new();
        for user in users {
            if contacts.contains_key(user) && self.remove_contact(actor.user, *user).await? {
                changed.push(*user);
            }
        }
        self.tell_contacts(actor, &changed, now).await
    }

    /// Takes numbers off the list, saved ones and those of contacts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_by_phones(&self, actor: Actor, phones: &[String], now: Now) -> Result<()> {
        let phones: BTreeSet<String> = phones.iter().filter_map(|p| phone_digits(p)).collect();
        let contacts = self.contacts(actor.user).await?;
        let users: Vec<UserId> = contacts
            .iter()
            .filter(|(_, facts)| phones.contains(&facts.phone))
            .map(|(user, _)| *user)
            .collect();
        self.forget_phones(actor.user, phones.into_iter().collect(), now)
            .await?;
        self.delete_contacts(actor, &users, now).await?;
        Ok(())
    }

    /// Forgets all numbers without an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reset_saved_phones(&self, actor: Actor, now: Now) -> Result<()> {
        let phones = self.saved_phones(actor.user).await?;
        let phones = phones.into_iter().map(|saved| saved.phone).collect();
        self.forget_phones(actor.user, phones, now).await?;
        self.note_to_others(actor, types::Update::ContactsReset {}, now)
            .await
    }

    /// Numbers without an account that a user has saved.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn saved_phones(&self, owner: UserId) -> Result<Vec<SavedPhone>> {
        let rows = self
            .store
            .mailbox_settings(MailboxId::User(owner), Bytes::from_static(SAVED.as_bytes()))
            .await?;
        rows.into_iter()
            .map(|(_, body)| SavedPhone::from_bytes(&body))
            .collect()
    }

    async fn save_phones(&self, owner: UserId, phones: Vec<SavedPhone>, now: Now) -> Result<()> {
        // A chunk leaves room for what else an append may hold.
        for chunk in phones.chunks(store::APPEND_ITEMS_MAX / 2) {
            for saved in chunk {
                self.note_owner(format!("{SAVERS}/{}", saved.phone), owner, true)
                    .await?;
            }
            let mut batch = self.open([MailboxId::User(owner)], now).await?;
            for saved in chunk {
                batch
                    .user(owner)
                    .put_setting(saved_key(&saved.phone), Some(saved.to_bytes()));
            }
            batch
                .commit(Actor::server(owner), None, Bytes::new())
                .await?;
        }
        Ok(())
    }

    async fn forget_phones(&self, owner: UserId, phones: Vec<String>, now: Now) -> Result<()> {
        for chunk in phones.chunks(store::APPEND_ITEMS_MAX / 2) {
            let mut batch = self.open([MailboxId::User(owner)], now).await?;
            for phone in chunk {
                batch.user(owner).put_setting(saved_key(phone), None);
            }
            batch
                .commit(Actor::server(owner), None, Bytes::new())
                .await?;
            for phone in chunk {
                self.note_owner(format!("{SAVERS}/{phone}"), owner, false)
                    .await?;
            }
        }
        Ok(())
    }

    /// The number of a new account becomes a contact of everybody who had saved it (C4). Gives
    /// back who they are.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn join_contacts(
        &self,
        user: UserId,
        phone: &str,
        now: Now,
    ) -> Result<BTreeSet<UserId>> {
        let savers = self.owners_in(format!("{SAVERS}/{phone}")).await?;
        for owner in &savers {
            let saved = self.saved_phones(*owner).await?;
            let Some(saved) = saved.into_iter().find(|saved| saved.phone == phone) else {
                continue;
            };
            let facts = ContactFacts {
                first_name: saved.first_name,
                last_name: saved.last_name,
                phone: saved.phone,
                ..ContactFacts::default()
            };
            self.put_contact(*owner, user, &facts).await?;
            self.forget_phones(*owner, vec![phone.to_owned()], now)
                .await?;
            self.tell_contacts(Actor::server(*owner), &[user], now)
                .await?;
        }
        Ok(savers)
    }

    /// Tells everybody concerned that `users` came onto or went off the contact list of the actor.
    async fn tell_contacts(
        &self,
        actor: Actor,
        users: &[UserId],
        now: Now,
    ) -> Result<ContactChange> {
        let mut updates = Vec::new();
        for user in users {
            updates.push(self.peer_settings_update(actor.user, *user).await?);
        }
        if users.len() > CHANGES_TOLD_MAX {
            self.note_to_others(actor, types::Update::ContactsReset {}, now)
                .await?;
        } else {
            self.note_all_to_others(actor, updates.clone(), now).await?;
        }
        for user in users {
            // Those who have the actor as contact see another `mutual_contact` (C5).
            if self.contacts(*user).await?.contains_key(&actor.user) {
                let update = self.peer_settings_update(*user, actor.user).await?;
                self.publish_unlogged(*user, None, vec![update], now)
                    .await?;
            }
        }
        let mut change = self
            .updates(actor.user, updates, &Peers::default(), now)
            .await?;
        // Some clients take the first user for the contact (clients-python 1.17).
        if let [only] = users {
            change
                .users
                .sort_by_key(|user| !matches!(user, types::User::User(user) if user.id == only.0));
        }
        Ok(change)
    }

    async fn peer_settings_update(&self, viewer: UserId, user: UserId) -> Result<types::Update> {
        Ok(types::Update::PeerSettings {
            peer: tl_peer(PeerId::User(user)),
            settings: Box::new(self.peer_settings(viewer, user).await?),
        })
    }

    /// What `viewer` may be offered to do about `user` (the action bar).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn peer_settings(&self, viewer: UserId, user: UserId) -> Result<types::PeerSettings> {
        let mut settings = types::PeerSettings::new();
        let known = self.user(user).await?;
        if viewer == user || known.is_none_or(|user| user.deleted || user.bot) {
            return Ok(settings);
        }
        let contacts = self.contacts(viewer).await?;
        if contacts.contains_key(&user) {
            let theirs = self.contacts(user).await?;
            settings.share_contact = theirs
                .get(&viewer)
                .is_some_and(|facts| facts.phone.is_empty());
            return Ok(settings);
        }
        let dialog = self
            .store
            .dialog(MailboxId::User(viewer), PeerId::User(user))
            .await?;
        if dialog.is_some() {
            settings.add_contact = true;
            settings.block_contact = true;
        }
        Ok(settings)
    }
}

fn saved_key(phone: &str) -> Bytes {
    format!("{SAVED}{phone}").into()
}

/// The hash of a contact list by which a client says what it has (C1).
#[must_use]
pub fn contacts_hash(saved_count: usize, contacts: &Arc<ContactMap>) -> i64 {
    let saved = u64::try_from(saved_count).unwrap_or(u64::MAX);
    let ids = contacts.keys().map(|id| id.0.cast_unsigned());
    vector_hash(std::iter::once(saved).chain(ids)).cast_signed()
}

/// The hash that the API has for lists of numbers.
#[must_use]
pub fn vector_hash(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = 0_u64;
    for number in numbers {
        hash ^= hash >> 21;
        hash ^= hash << 35;
        hash ^= hash >> 4;
        hash = hash.wrapping_add(number);
    }
    hash
}
