//! contacts.*: the contact list, and finding people.

mod block;
mod find;
mod list;
mod nothing;

use crate::dispatch::methods;

methods! {
    works {
        ContactsAcceptContact => list::accept_contact,
        ContactsAddContact => list::add_contact,
        ContactsBlock => block::block,
        ContactsDeleteByPhones => list::delete_by_phones,
        ContactsDeleteContacts => list::delete_contacts,
        ContactsEditCloseFriends => list::edit_close_friends,
        ContactsGetBirthdays => list::get_birthdays,
        ContactsGetBlocked => block::get_blocked,
        ContactsGetContactIDs => list::get_contact_ids,
        ContactsGetContacts => list::get_contacts,
        ContactsGetSaved => list::get_saved,
        ContactsGetStatuses => list::get_statuses,
        ContactsImportContacts => list::import_contacts,
        ContactsResetSaved => list::reset_saved,
        ContactsResolvePhone => find::resolve_phone,
        ContactsResolveUsername => find::resolve_username,
        ContactsSearch => find::search,
        ContactsSetBlocked => block::set_blocked,
        ContactsUnblock => block::unblock,
        ContactsUpdateContactNote => list::update_contact_note,
    }
    empty {
        ContactsGetLocated => nothing::get_located,
        ContactsGetSponsoredPeers => nothing::get_sponsored_peers,
        ContactsGetTopPeers => nothing::get_top_peers,
        ContactsResetTopPeerRating => nothing::reset_top_peer_rating,
        ContactsToggleTopPeers => nothing::toggle_top_peers,
    }
    refused {
        ContactsBlockFromReplies => MSG_ID_INVALID,
        ContactsImportContactToken => IMPORT_TOKEN_INVALID,
    }
}
