//! Who may see or do what with an account (V1–V10).

use std::sync::Arc;

use minicbor::{Decode, Encode};
use store::{ChannelId, ChatId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::account::AccountError;
use crate::error::{Error, Result};
use crate::publish::Actor;
use crate::record::User;
use crate::time::Now;

/// The most users and groups that all rules of one key name.
const NAMED_MAX: usize = 1000;
/// The most users and groups that all rules of an account name: they are kept in its record.
const NAMED_IN_ALL_MAX: usize = 8000;
/// The most rules of one key.
const RULES_MAX: usize = 20;

/// What rules are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum PrivacyKey {
    /// The text about the user.
    #[n(0)]
    About,
    /// Being found by the number.
    #[n(1)]
    AddedByPhone,
    /// The birthday.
    #[n(2)]
    Birthday,
    /// Being brought into groups.
    #[n(3)]
    ChatInvite,
    /// The link to the account in forwarded messages.
    #[n(4)]
    Forwards,
    /// Writing without paying.
    #[n(5)]
    NoPaidMessages,
    /// Being called.
    #[n(6)]
    PhoneCall,
    /// The number.
    #[n(7)]
    PhoneNumber,
    /// Calls from address to address.
    #[n(8)]
    PhoneP2P,
    /// The profile photo.
    #[n(9)]
    ProfilePhoto,
    /// Music on the profile.
    #[n(10)]
    SavedMusic,
    /// Gifts that show by themselves.
    #[n(11)]
    StarGiftsAutoSave,
    /// Last seen and online.
    #[n(12)]
    StatusTimestamp,
    /// Being sent voice messages.
    #[n(13)]
    VoiceMessages,
}

/// One rule. The first one that fits the viewer decides (V1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PrivacyRule {
    /// Everybody may.
    #[n(0)]
    AllowAll,
    /// Bots may.
    #[n(1)]
    AllowBots,
    /// Members of these groups may.
    #[n(2)]
    AllowMembers(#[n(0)] Vec<i64>),
    /// Contacts may.
    #[n(3)]
    AllowContacts,
    /// Users with premium may; nobody has it.
    #[n(4)]
    AllowPremium,
    /// These users may.
    #[n(5)]
    AllowUsers(#[n(0)] Vec<i64>),
    /// Nobody may.
    #[n(6)]
    DisallowAll,
    /// Bots may not.
    #[n(7)]
    DisallowBots,
    /// Members of these groups may not.
    #[n(8)]
    DisallowMembers(#[n(0)] Vec<i64>),
    /// Contacts may not.
    #[n(9)]
    DisallowContacts,
    /// These users may not.
    #[n(10)]
    DisallowUsers(#[n(0)] Vec<i64>),
}

/// The rules of one key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PrivacySetting {
    /// What they are about.
    #[n(0)]
    pub key: PrivacyKey,
    /// In the order given.
    #[n(1)]
    pub rules: Vec<PrivacyRule>,
}

impl PrivacyKey {
    /// From the form of the API.
    #[must_use]
    pub fn from_tl(key: &types::InputPrivacyKey) -> Self {
        use types::InputPrivacyKey as Key;
        match key {
            Key::About {} => Self::About,
            Key::AddedByPhone {} => Self::AddedByPhone,
            Key::Birthday {} => Self::Birthday,
            Key::ChatInvite {} => Self::ChatInvite,
            Key::Forwards {} => Self::Forwards,
            Key::NoPaidMessages {} => Self::NoPaidMessages,
            Key::PhoneCall {} => Self::PhoneCall,
            Key::PhoneNumber {} => Self::PhoneNumber,
            Key::PhoneP2P {} => Self::PhoneP2P,
            Key::ProfilePhoto {} => Self::ProfilePhoto,
            Key::SavedMusic {} => Self::SavedMusic,
            Key::StarGiftsAutoSave {} => Self::StarGiftsAutoSave,
            Key::StatusTimestamp {} => Self::StatusTimestamp,
            Key::VoiceMessages {} => Self::VoiceMessages,
        }
    }

    /// In the form of the API.
    #[must_use]
    pub fn to_tl(self) -> types::PrivacyKey {
        use types::PrivacyKey as Key;
        match self {
            Self::About => Key::About {},
            Self::AddedByPhone => Key::AddedByPhone {},
            Self::Birthday => Key::Birthday {},
            Self::ChatInvite => Key::ChatInvite {},
            Self::Forwards => Key::Forwards {},
            Self::NoPaidMessages => Key::NoPaidMessages {},
            Self::PhoneCall => Key::PhoneCall {},
            Self::PhoneNumber => Key::PhoneNumber {},
            Self::PhoneP2P => Key::PhoneP2P {},
            Self::ProfilePhoto => Key::ProfilePhoto {},
            Self::SavedMusic => Key::SavedMusic {},
            Self::StarGiftsAutoSave => Key::StarGiftsAutoSave {},
            Self::StatusTimestamp => Key::StatusTimestamp {},
            Self::VoiceMessages => Key::VoiceMessages {},
        }
    }

    /// What holds while nothing is set.
    fn unset(self) -> &'static [PrivacyRule] {
        let for_contacts = matches!(
            self,
            Self::PhoneNumber | Self::Birthday | Self::PhoneP2P | Self::NoPaidMessages
        );
        if for_contacts {
            &[PrivacyRule::AllowContacts]
        } else {
            &[PrivacyRule::AllowAll]
        }
    }

    /// Whether blocked users are refused, whatever the rules say (V5).
    fn is_closed_to_blocked(self) -> bool {
        matches!(
            self,
            Self::StatusTimestamp
                | Self::ProfilePhoto
                | Self::About
                | Self::Birthday
                | Self::ChatInvite
                | Self::PhoneCall
        )
    }
}

impl PrivacyRule {
    /// In the form of the API.
    #[must_use]
    pub fn to_tl(&self) -> types::PrivacyRule {
        use types::PrivacyRule as Rule;
        match self {
            Self::AllowAll => Rule::PrivacyValueAllowAll {},
            Self::AllowBots => Rule::PrivacyValueAllowBots {},
            Self::AllowMembers(chats) => Rule::PrivacyValueAllowChatParticipants {
                chats: chats.clone(),
            },
            Self::AllowContacts => Rule::PrivacyValueAllowContacts {},
            Self::AllowPremium => Rule::PrivacyValueAllowPremium {},
            Self::AllowUsers(users) => Rule::PrivacyValueAllowUsers {
                users: users.clone(),
            },
            Self::DisallowAll => Rule::PrivacyValueDisallowAll {},
            Self::DisallowBots => Rule::PrivacyValueDisallowBots {},
            Self::DisallowMembers(chats) => Rule::PrivacyValueDisallowChatParticipants {
                chats: chats.clone(),
            },
            Self::DisallowContacts => Rule::PrivacyValueDisallowContacts {},
            Self::DisallowUsers(users) => Rule::PrivacyValueDisallowUsers {
                users: users.clone(),
            },
        }
    }

    /// The users it names.
    #[must_use]
    pub fn users(&self) -> &[i64] {
        if let Self::AllowUsers(users) | Self::DisallowUsers(users) = self {
            users
        } else {
            &[]
        }
    }

    /// The groups it names.
    #[must_use]
    pub fn chats(&self) -> &[i64] {
        if let Self::AllowMembers(chats) | Self::DisallowMembers(chats) = self {
            chats
        } else {
            &[]
        }
    }

    fn named(&self) -> usize {
        self.users().len() + self.chats().len()
    }
}

impl User {
    /// The rules of a key.
    #[must_use]
    pub fn privacy(&self, key: PrivacyKey) -> &[PrivacyRule] {
        self.privacy
            .iter()
            .find(|setting| setting.key == key)
            .map_or_else(|| key.unset(), |setting| &setting.rules)
    }
}

impl Messenger {
    /// Whether the privacy of `owner` lets `viewer` see or do what `key` is about.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may(&self, viewer: UserId, owner: UserId, key: PrivacyKey) -> Result<bool> {
        match self.user(owner).await? {
            Some(owner) => self.may_with(viewer, &owner, key).await,
            None => Ok(false),
        }
    }

    /// As [`Messenger::may`], with the record of the owner at hand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_with(&self, viewer: UserId, owner: &User, key: PrivacyKey) -> Result<bool> {
        let id = owner.user_id();
        if viewer == id {
            return Ok(true);
        }
        if key.is_closed_to_blocked() && self.has_blocked(id, viewer).await? {
            return Ok(false);
        }
        for rule in owner.privacy(key) {
            if let Some(may) = self.judge(rule, viewer, id).await? {
                return Ok(may);
            }
        }
        Ok(false)
    }

    /// What one rule says about a viewer; `None` when it does not fit.
    async fn judge(
        &self,
        rule: &PrivacyRule,
        viewer: UserId,
        owner: UserId,
    ) -> Result<Option<bool>> {
        Ok(match rule {
            PrivacyRule::AllowAll => Some(true),
            PrivacyRule::DisallowAll => Some(false),
            PrivacyRule::AllowPremium => None,
            PrivacyRule::AllowUsers(users) => users.contains(&viewer.0).then_some(true),
            PrivacyRule::DisallowUsers(users) => users.contains(&viewer.0).then_some(false),
            PrivacyRule::AllowContacts => self.is_contact(owner, viewer).await?.then_some(true),
            PrivacyRule::DisallowContacts => self.is_contact(owner, viewer).await?.then_some(false),
            PrivacyRule::AllowBots => self.is_bot(viewer).await?.then_some(true),
            PrivacyRule::DisallowBots => self.is_bot(viewer).await?.then_some(false),
            PrivacyRule::AllowMembers(chats) => {
                self.is_in_one_of(viewer, chats).await?.then_some(true)
            }
            PrivacyRule::DisallowMembers(chats) => {
                self.is_in_one_of(viewer, chats).await?.then_some(false)
            }
        })
    }

    async fn is_contact(&self, owner: UserId, user: UserId) -> Result<bool> {
        Ok(self.contacts(owner).await?.contains_key(&user))
    }

    async fn is_in_one_of(&self, user: UserId, chats: &[i64]) -> Result<bool> {
        for id in chats {
            if let Some(chat) = self.chat(ChatId(*id)).await? {
                if chat.member(user).is_some() {
                    return Ok(true);
                }
                continue;
            }
            let channel = PeerId::Channel(ChannelId(*id));
            if self.store.member(channel, user).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Replaces the rules of a key and tells the other devices.
    ///
    /// # Errors
    /// `PrivacyTooLong`, or when the store fails.
    pub async fn set_privacy(
        &self,
        actor: Actor,
        key: PrivacyKey,
        rules: Vec<PrivacyRule>,
        now: Now,
    ) -> Result<Arc<User>> {
        let named: usize = rules.iter().map(PrivacyRule::named).sum();
        if named > NAMED_MAX || rules.len() > RULES_MAX {
            return Err(AccountError::PrivacyTooLong.into());
        }
        let user = self
            .change_user(actor.user, |user| {
                user.privacy.retain(|setting| setting.key != key);
                user.privacy.push(PrivacySetting {
                    key,
                    rules: rules.clone(),
                });
                let all: usize = user
                    .privacy
                    .iter()
                    .flat_map(|setting| &setting.rules)
                    .map(PrivacyRule::named)
                    .sum();
                if all > NAMED_IN_ALL_MAX {
                    return Err(Error::Account(AccountError::PrivacyTooLong));
                }
                Ok(())
            })
            .await?;
        let update = privacy_update(&user, key);
        self.note_to_others(actor, update, now).await?;
        self.tell_of_privacy(actor, key, now).await?;
        Ok(user)
    }

    /// Lets `other` see the number of the actor (V6).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn share_phone(&self, actor: Actor, other: UserId, now: Now) -> Result<()> {
        let key = PrivacyKey::PhoneNumber;
        if self.may(other, actor.user, key).await? {
            return Ok(());
        }
        let user = self
            .change_user(actor.user, |user| {
                let mut rules = user.privacy(key).to_vec();
                for rule in &mut rules {
                    if let PrivacyRule::DisallowUsers(users) = rule {
                        users.retain(|user| *user != other.0);
                    }
                }
                let allowed = rules.iter_mut().find_map(|rule| {
                    if let PrivacyRule::AllowUsers(users) = rule {
                        Some(users)
                    } else {
                        None
                    }
                });
                match allowed {
                    Some(users) => users.push(other.0),
                    None => rules.insert(0, PrivacyRule::AllowUsers(vec![other.0])),
                }
                user.privacy.retain(|setting| setting.key != key);
                user.privacy.push(PrivacySetting { key, rules });
                Ok(())
            })
            .await?;
        self.note_to(actor.user, privacy_update(&user, key), now)
            .await?;
        let update = types::Update::UserPhone {
            user_id: actor.user.0,
            phone: user.phone.as_str().into(),
        };
        self.publish_unlogged(other, None, vec![update], now).await
    }

    /// Shows the audience what it may see now, or may not see any more.
    async fn tell_of_privacy(&self, actor: Actor, key: PrivacyKey, now: Now) -> Result<()> {
        if key == PrivacyKey::StatusTimestamp {
            for viewer in self.audience(actor.user).await? {
                self.show_status(viewer, actor.user, now).await?;
            }
        }
        if matches!(key, PrivacyKey::PhoneNumber | PrivacyKey::ProfilePhoto) {
            for viewer in self.audience(actor.user).await? {
                let update = types::Update::User {
                    user_id: actor.user.0,
                };
                self.publish_unlogged(viewer, None, vec![update], now)
                    .await?;
            }
        }
        Ok(())
    }
}

fn privacy_update(user: &User, key: PrivacyKey) -> types::Update {
    types::Update::Privacy {
        key: key.to_tl(),
        rules: user.privacy(key).iter().map(PrivacyRule::to_tl).collect(),
    }
}
