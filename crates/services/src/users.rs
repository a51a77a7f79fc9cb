//! users.*: other users.

mod full;
mod list;

use crate::dispatch::methods;

methods! {
    works {
        UsersGetFullUser => full::get_full_user,
        UsersGetRequirementsToContact => full::get_requirements_to_contact,
        UsersGetUsers => list::get_users,
    }
    empty {
        UsersGetSavedMusic => full::get_saved_music,
        UsersGetSavedMusicByID => full::get_saved_music_by_id,
    }
    refused {
        UsersSuggestBirthday => USER_ID_INVALID,
    }
}
