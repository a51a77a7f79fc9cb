//! contacts.*: the contact list, and finding people.

mod find;
mod list;

use crate::dispatch::methods;

methods! {
    works {
        ContactsAddContact => list::add_contact,
        ContactsDeleteContacts => list::delete_contacts,
        ContactsGetContacts => list::get_contacts,
        ContactsImportContacts => list::import_contacts,
        ContactsResolvePhone => find::resolve_phone,
        ContactsResolveUsername => find::resolve_username,
    }
}
