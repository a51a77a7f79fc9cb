//! account.*: one's own account.

mod password;
mod profile;

use crate::dispatch::methods;

methods! {
    works {
        AccountCheckUsername => profile::check_username,
        AccountGetPassword => password::get_password,
        AccountUpdateProfile => profile::update_profile,
        AccountUpdateStatus => profile::update_status,
        AccountUpdateUsername => profile::update_username,
    }
}
