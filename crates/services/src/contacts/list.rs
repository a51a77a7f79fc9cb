//! The contact list (sheet 5.1, 5.2).

use messenger::{ContactFacts, ImportedPhone, NOTE_BYTES_MAX, Peers, PrivacyKey, contacts_hash};
use store::UserId;
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::IMPORTS;

/// The most entries that one import looks at; the rest is to be sent again (C3).
const IMPORT_MAX: usize = 500;
/// The most contacts in one call.
const CONTACTS_MAX: usize = 100;

/// contacts.getContacts
pub(super) async fn get_contacts(
    context: &Context<'_>,
    request: functions::contacts::GetContacts,
) -> Result<types::contacts::Contacts> {
    let user = context.user()?;
    let messenger = context.messenger();
    let contacts = messenger.contacts(user).await?;
    let saved = messenger.saved_phones(user).await?.len();
    let hash = contacts_hash(saved, &contacts);
    if request.hash != 0 && request.hash == hash {
        return Ok(types::contacts::Contacts::NotModified {});
    }
    let mut peers = Peers::default();
    peers.users.extend(contacts.keys());
    let shown = messenger.show(user, &peers, context.now).await?;
    let contacts = shown
        .users
        .iter()
        .filter_map(|user| match user {
            types::User::User(user) => Some(types::Contact {
                user_id: user.id,
                mutual: user.mutual_contact,
            }),
            types::User::Empty { .. } => None,
        })
        .collect();
    Ok(types::contacts::Contacts::Contacts(Box::new(
        constructors::contacts::Contacts {
            contacts,
            saved_count: i32::try_from(saved).unwrap_or(i32::MAX),
            users: shown.users,
        },
    )))
}

/// contacts.importContacts
pub(super) async fn import_contacts(
    context: &Context<'_>,
    request: functions::contacts::ImportContacts,
) -> Result<types::contacts::ImportedContacts> {
    let actor = context.actor()?;
    context.limit(IMPORTS, &actor.user.to_string())?;
    let looked_at = request.contacts.len().min(IMPORT_MAX);
    let (now, later) = request.contacts.split_at(looked_at);
    let entries: Vec<ImportedPhone> = now
        .iter()
        .map(|contact| ImportedPhone {
            phone: contact.phone.as_str().to_owned(),
            first_name: contact.first_name.as_str().to_owned(),
            last_name: contact.last_name.as_str().to_owned(),
        })
        .collect();
    let messenger = context.messenger();
    let found = messenger
        .import_contacts(actor, &entries, context.now)
        .await?;
    let mut peers = Peers::default();
    let mut imported = Vec::new();
    for (contact, user) in now.iter().zip(found) {
        if let Some(user) = user {
            peers.add_user(user.0);
            imported.push(types::ImportedContact {
                user_id: user.0,
                client_id: contact.client_id,
            });
        }
    }
    let shown = messenger.show(actor.user, &peers, context.now).await?;
    Ok(types::contacts::ImportedContacts {
        imported,
        popular_invites: Vec::new(),
        retry_contacts: later.iter().map(|contact| contact.client_id).collect(),
        users: shown.users,
    })
}

/// contacts.addContact
pub(super) async fn add_contact(
    context: &Context<'_>,
    request: functions::contacts::AddContact,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let user = contact_id(context, &request.id).await?;
    let note = request
        .note
        .map_or_else(String::new, |note| note.text.as_str().trim().to_owned());
    if note.len() > NOTE_BYTES_MAX {
        return Err(Error::CONTACT_NOTE_TOO_LONG);
    }
    let facts = ContactFacts {
        first_name: request.first_name.as_str().to_owned(),
        last_name: request.last_name.as_str().to_owned(),
        phone: request.phone.as_str().to_owned(),
        note,
        close_friend: false,
        photo: None,
    };
    let messenger = context.messenger();
    let change = messenger
        .add_contact(actor, user, facts, context.now)
        .await?;
    if request.add_phone_privacy_exception {
        messenger.share_phone(actor, user, context.now).await?;
    }
    Ok(types::Updates::Updates(Box::new(change)))
}

/// contacts.deleteContacts: strangers are skipped.
pub(super) async fn delete_contacts(
    context: &Context<'_>,
    request: functions::contacts::DeleteContacts,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    if request.id.len() > CONTACTS_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    let mut users = Vec::with_capacity(request.id.len());
    for input in &request.id {
        if let Ok(user) = context.input_user(input).await {
            users.push(user);
        }
    }
    let change = context
        .messenger()
        .delete_contacts(actor, &users, context.now)
        .await?;
    Ok(types::Updates::Updates(Box::new(change)))
}

/// contacts.acceptContact
pub(super) async fn accept_contact(
    context: &Context<'_>,
    request: functions::contacts::AcceptContact,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let user = contact_id(context, &request.id).await?;
    let change = context
        .messenger()
        .accept_contact(actor, user, context.now)
        .await;
    if let Err(messenger::Error::Account(messenger::AccountError::ContactUnknown)) = change {
        return Err(Error::CONTACT_ADD_MISSING);
    }
    let change = change?;
    Ok(types::Updates::Updates(Box::new(change)))
}

/// contacts.deleteByPhones
pub(super) async fn delete_by_phones(
    context: &Context<'_>,
    request: functions::contacts::DeleteByPhones,
) -> Result<bool> {
    if request.phones.len() > IMPORT_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    let phones: Vec<String> = request
        .phones
        .iter()
        .map(|phone| phone.as_str().to_owned())
        .collect();
    context
        .messenger()
        .delete_by_phones(context.actor()?, &phones, context.now)
        .await?;
    Ok(true)
}

/// contacts.resetSaved
pub(super) async fn reset_saved(
    context: &Context<'_>,
    _: functions::contacts::ResetSaved,
) -> Result<bool> {
    context
        .messenger()
        .reset_saved_phones(context.actor()?, context.now)
        .await?;
    Ok(true)
}

/// contacts.updateContactNote
pub(super) async fn update_contact_note(
    context: &Context<'_>,
    request: functions::contacts::UpdateContactNote,
) -> Result<bool> {
    let actor = context.actor()?;
    let user = contact_id(context, &request.id).await?;
    let note = request.note.text.as_str().trim();
    if note.len() > NOTE_BYTES_MAX {
        return Err(Error::CONTACT_NOTE_TOO_LONG);
    }
    context
        .messenger()
        .note_contact(actor, user, note, context.now)
        .await?;
    Ok(true)
}

/// contacts.editCloseFriends: who is no contact is skipped.
pub(super) async fn edit_close_friends(
    context: &Context<'_>,
    request: functions::contacts::EditCloseFriends,
) -> Result<bool> {
    let friends = request.id.iter().map(|id| UserId(*id)).collect();
    context
        .messenger()
        .set_close_friends(context.actor()?, &friends, context.now)
        .await?;
    Ok(true)
}

/// contacts.getStatuses
pub(super) async fn get_statuses(
    context: &Context<'_>,
    _: functions::contacts::GetStatuses,
) -> Result<Vec<types::ContactStatus>> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut statuses = Vec::new();
    for contact in messenger.contacts(user).await?.keys() {
        let known = messenger.user(*contact).await?;
        if known.is_some_and(|user| !user.deleted && !user.bot) {
            statuses.push(types::ContactStatus {
                user_id: contact.0,
                status: messenger.status(user, *contact, context.now).await?,
            });
        }
    }
    Ok(statuses)
}

/// contacts.getContactIDs: those that fit the numbers of before.
pub(super) async fn get_contact_ids(
    context: &Context<'_>,
    _: functions::contacts::GetContactIDs,
) -> Result<Vec<i32>> {
    let contacts = context.messenger().contacts(context.user()?).await?;
    Ok(contacts
        .keys()
        .filter_map(|user| i32::try_from(user.0).ok())
        .collect())
}

/// contacts.getBirthdays: of yesterday, today and tomorrow.
pub(super) async fn get_birthdays(
    context: &Context<'_>,
    _: functions::contacts::GetBirthdays,
) -> Result<types::contacts::ContactBirthdays> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut contacts = Vec::new();
    let mut peers = Peers::default();
    for contact in messenger.contacts(user).await?.keys() {
        let Some(known) = messenger.user(*contact).await? else {
            continue;
        };
        let Some(birthday) = known.birthday else {
            continue;
        };
        if birthday.is_near(context.now)
            && messenger
                .may_with(user, &known, PrivacyKey::Birthday)
                .await?
        {
            peers.add_user(contact.0);
            contacts.push(types::ContactBirthday {
                contact_id: contact.0,
                birthday: types::Birthday {
                    day: birthday.day.into(),
                    month: birthday.month.into(),
                    year: birthday.year.map(Into::into),
                },
            });
        }
    }
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::contacts::ContactBirthdays {
        contacts,
        users: shown.users,
    })
}

/// A user, other than oneself, who may be a contact.
pub(super) async fn contact_id(context: &Context<'_>, input: &types::InputUser) -> Result<UserId> {
    let caller = context.user()?;
    context
        .input_user(input)
        .await
        .ok()
        .filter(|user| *user != caller)
        .ok_or(Error::CONTACT_ID_INVALID)
}

/// contacts.getSaved: while the data of the account are taken out.
pub(super) async fn get_saved(
    context: &Context<'_>,
    _: functions::contacts::GetSaved,
) -> Result<Vec<types::SavedContact>> {
    let user = context.user()?;
    if !context.services.takeouts.is_open(context.auth_key_id()) {
        return Err(Error::TAKEOUT_REQUIRED);
    }
    let saved = context.messenger().saved_phones(user).await?;
    Ok(saved
        .into_iter()
        .map(|saved| types::SavedContact {
            phone: saved.phone.into(),
            first_name: saved.first_name.into(),
            last_name: saved.last_name.into(),
            date: saved.date.cast_signed(),
        })
        .collect())
}
