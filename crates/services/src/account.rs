//! account.*: one's own account.

pub(crate) mod password;
mod profile;

use crate::dispatch::methods;

methods! {
    works {
        AccountCheckUsername => profile::check_username,
        AccountDeclinePasswordReset => password::decline_password_reset,
        AccountGetPassword => password::get_password,
        AccountGetPasswordSettings => password::get_password_settings,
        AccountGetTmpPassword => password::get_tmp_password,
        AccountResetPassword => password::reset_password,
        AccountUpdatePasswordSettings => password::update_password_settings,
        AccountUpdateProfile => profile::update_profile,
        AccountUpdateStatus => profile::update_status,
        AccountUpdateUsername => profile::update_username,
    }
}
