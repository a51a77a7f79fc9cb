//! The contact list (sheet 5.1, 5.2).

use messenger::{ContactFacts, ImportedPhone, NOTE_BYTES_MAX, Peers, contacts_hash};
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
    };
    let change = context
        .messenger()
        .add_contact(actor, user, facts, context.now)
        .await?;
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
