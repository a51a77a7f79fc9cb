//! auth.*: logging in and out.

mod bind;
pub(crate) mod code;
pub(crate) mod sign_in;
mod transfer;

use crate::dispatch::methods;

methods! {
    works {
        AuthBindTempAuthKey => bind::bind_temp_auth_key,
        AuthCancelCode => code::cancel_code,
        AuthDropTempAuthKeys => bind::drop_temp_auth_keys,
        AuthExportAuthorization => transfer::export_authorization,
        AuthImportAuthorization => transfer::import_authorization,
        AuthLogOut => sign_in::log_out,
        AuthReportMissingCode => code::report_missing_code,
        AuthResendCode => code::resend_code,
        AuthSendCode => code::send_code,
        AuthSignIn => sign_in::sign_in,
        AuthSignUp => sign_in::sign_up,
    }
}
