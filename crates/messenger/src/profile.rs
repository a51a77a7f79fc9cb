//! Changing one's own profile.

use std::sync::Arc;

use store::{NameKind, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::account::AccountError;
use crate::error::Result;
use crate::name::{clean_about, clean_name, is_username, username_key};
use crate::publish::Actor;
use crate::record::{Birthday, User};
use crate::time::Now;

/// Usernames are found by so many letters that they begin with (Q2).
pub const USERNAME_PREFIX_LEN: usize = 4;

/// What shall change in a profile; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The text about the user.
    pub about: Option<String>,
}

impl Messenger {
    /// Changes names and the text about a user, and tells who may see it.
    ///
    /// # Errors
    /// `FirstNameInvalid`, `LastNameInvalid`, `AboutTooLong`.
    pub async fn change_profile(
        &self,
        actor: Actor,
        change: ProfileChange,
        now: Now,
    ) -> Result<Arc<User>> {
        let first_name = match change.first_name {
            Some(name) => Some(
                clean_name(&name)
                    .filter(|name| !name.is_empty())
                    .ok_or(AccountError::FirstNameInvalid)?,
            ),
            None => None,
        };
        let last_name = match change.last_name {
            Some(name) => Some(clean_name(&name).ok_or(AccountError::LastNameInvalid)?),
            None => None,
        };
        let about = match change.about {
            Some(about) => Some(clean_about(&about).ok_or(AccountError::AboutTooLong)?),
            None => None,
        };
        let before = self.user(actor.user).await?;
        let user = self
            .change_user(actor.user, |user| {
                if let Some(name) = &first_name {
                    user.first_name.clone_from(name);
                }
                if let Some(name) = &last_name {
                    user.last_name.clone_from(name);
                }
                if let Some(about) = &about {
                    user.about = (!about.is_empty()).then(|| about.clone());
                }
                Ok(())
            })
            .await?;
        let name_of = |user: &User| (user.first_name.clone(), user.last_name.clone());
        if before.as_deref().map(name_of) != Some(name_of(&user)) {
            self.name_changed(actor, &user, now).await?;
        }
        if before.as_deref().map(|user| &user.about) != Some(&user.about) {
            self.user_changed(actor, now).await?;
        }
        Ok(user)
    }

    /// Whether a username is free for `user`.
    ///
    /// # Errors
    /// `UsernameInvalid`, or when the store fails.
    pub async fn is_username_free(&self, user: UserId, username: &str) -> Result<bool> {
        if !is_username(username) {
            return Err(AccountError::UsernameInvalid.into());
        }
        let owner = self.peer_of_username(username).await?;
        Ok(owner.is_none_or(|owner| owner == PeerId::User(user)))
    }

    /// Who has a username.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn peer_of_username(&self, username: &str) -> Result<Option<PeerId>> {
        if username.is_empty() || username.len() > store::NAME_BYTES_MAX {
            return Ok(None);
        }
        Ok(self
            .store
            .resolve_name(NameKind::Username, username_key(username))
            .await?)
    }

    /// Gives a user another username; none when it is empty.
    ///
    /// # Errors
    /// `UsernameInvalid`, `UsernameNotModified`, `UsernameOccupied`.
    pub async fn change_username(
        &self,
        actor: Actor,
        username: &str,
        now: Now,
    ) -> Result<Arc<User>> {
        if !username.is_empty() && !is_username(username) {
            return Err(AccountError::UsernameInvalid.into());
        }
        let user = self.user(actor.user).await?;
        let old = user.and_then(|user| user.username.clone());
        if old.as_deref().unwrap_or_default() == username {
            return Err(AccountError::UsernameNotModified.into());
        }
        let owner = PeerId::User(actor.user);
        let key = username_key(username);
        if !username.is_empty() {
            self.claim_username(&key, owner).await?;
        }
        let user = self
            .change_user(actor.user, |user| {
                user.username = (!username.is_empty()).then(|| username.to_owned());
                Ok(())
            })
            .await?;
        if let Some(old) = old.map(|old| username_key(&old)).filter(|old| *old != key) {
            self.store
                .release_name(NameKind::Username, old, owner)
                .await?;
        }
        self.name_changed(actor, &user, now).await?;
        Ok(user)
    }

    /// Takes a username, and notes it where it is found by how it begins. What is found is looked up
    /// again, so a name that was given back does no harm.
    pub(crate) async fn claim_username(&self, key: &str, owner: PeerId) -> Result<()> {
        let claimed = self
            .store
            .claim_name(NameKind::Username, key.to_owned(), owner)
            .await?;
        if claimed != owner {
            return Err(AccountError::UsernameOccupied.into());
        }
        let (kind, id) = owner.parts();
        let mut body = vec![kind];
        body.extend(id.to_le_bytes());
        self.overwrite_setting(&listed_under(key), key, body.into())
            .await
    }

    /// The owners of usernames that begin with `prefix`, which has at least
    /// [`USERNAME_PREFIX_LEN`] letters; the shortest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn peers_by_username(&self, prefix: &str) -> Result<Vec<PeerId>> {
        let prefix = username_key(prefix);
        if prefix.len() < USERNAME_PREFIX_LEN || !prefix.is_ascii() {
            return Ok(Vec::new());
        }
        let mut names: Vec<String> = self
            .store
            .settings(listed_under(&prefix))
            .await?
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with(&prefix))
            .collect();
        names.sort_unstable_by_key(|name| (name.len(), name.clone()));
        let mut owners = Vec::new();
        for name in names {
            owners.extend(self.peer_of_username(&name).await?);
        }
        Ok(owners)
    }

    /// Sets or clears the birthday.
    ///
    /// # Errors
    /// `BirthdayInvalid`, or when the store fails.
    pub async fn change_birthday(
        &self,
        actor: Actor,
        birthday: Option<Birthday>,
        now: Now,
    ) -> Result<()> {
        if birthday.is_some_and(|birthday| !birthday.is_real(now)) {
            return Err(AccountError::BirthdayInvalid.into());
        }
        self.change_user(actor.user, |user| {
            user.birthday = birthday;
            Ok(())
        })
        .await?;
        self.user_changed(actor, now).await
    }

    /// Tells a user's audience and own other sessions of new names (U6).
    async fn name_changed(&self, actor: Actor, user: &User, now: Now) -> Result<()> {
        for other in self.audience(actor.user).await? {
            // A contact keeps the name its owner gave it.
            let contacts = self.contacts(other).await?;
            let own = contacts
                .get(&actor.user)
                .filter(|contact| !contact.first_name.is_empty());
            let (first_name, last_name) = own
                .map_or((&user.first_name, &user.last_name), |contact| {
                    (&contact.first_name, &contact.last_name)
                });
            let update = user_name(user, first_name, last_name);
            self.publish_unlogged(other, None, vec![update], now)
                .await?;
        }
        self.note_to_others(
            actor,
            user_name(user, &user.first_name, &user.last_name),
            now,
        )
        .await
    }
}

/// The scope among the settings in which a username is noted.
fn listed_under(key: &str) -> String {
    let beginning = key.get(..USERNAME_PREFIX_LEN).unwrap_or(key);
    format!("username/{beginning}")
}

fn user_name(user: &User, first_name: &str, last_name: &str) -> types::Update {
    let usernames = user
        .username
        .iter()
        .map(|username| {
            let mut name = types::Username::new(username.as_str().into());
            name.editable = true;
            name.active = true;
            name
        })
        .collect();
    types::Update::UserName(Box::new(constructors::UpdateUserName {
        user_id: user.id,
        first_name: first_name.into(),
        last_name: last_name.into(),
        usernames,
    }))
}
