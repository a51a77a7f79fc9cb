//! auth.*: logging in and out.

mod bind;
mod bot;
pub(crate) mod code;
mod password;
pub(crate) mod qr;
pub(crate) mod sign_in;
mod transfer;

use crate::dispatch::methods;

methods! {
    works {
        AuthAcceptLoginToken => qr::accept_login_token,
        AuthBindTempAuthKey => bind::bind_temp_auth_key,
        AuthCancelCode => code::cancel_code,
        AuthCheckPassword => password::check_password,
        AuthDropTempAuthKeys => bind::drop_temp_auth_keys,
        AuthExportAuthorization => transfer::export_authorization,
        AuthExportLoginToken => qr::export_login_token,
        AuthImportAuthorization => transfer::import_authorization,
        AuthImportBotAuthorization => bot::import_bot_authorization,
        AuthImportLoginToken => qr::import_login_token,
        AuthLogOut => sign_in::log_out,
        AuthReportMissingCode => code::report_missing_code,
        AuthRequestPasswordRecovery => password::request_password_recovery,
        AuthResendCode => code::resend_code,
        AuthResetAuthorizations => crate::account::device::reset_authorizations,
        AuthSendCode => code::send_code,
        AuthSignIn => sign_in::sign_in,
        AuthSignUp => sign_in::sign_up,
    }
    refused {
        AuthCheckRecoveryPassword => PASSWORD_RECOVERY_EXPIRED,
        AuthFinishPasskeyLogin => CREDENTIAL_INVALID,
        AuthImportWebTokenAuthorization => WEBAUTH_TOKEN_EXPIRED,
        AuthRecoverPassword => PASSWORD_RECOVERY_EXPIRED,
        AuthRequestFirebaseSms => PHONE_CODE_EMPTY,
        AuthResetLoginEmail => EMAIL_INSTALL_MISSING,
    }
}
