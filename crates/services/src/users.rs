//! users.*: other users.

mod full;
mod list;

use crate::dispatch::methods;

methods! {
    works {
        UsersGetFullUser => full::get_full_user,
        UsersGetUsers => list::get_users,
    }
}
