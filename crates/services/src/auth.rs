//! auth.*: logging in and out.

mod bind;
mod bot;
pub(crate) mod code;
mod password;
pub(crate) mod sign_in;
mod transfer;

use crate::dispatch::methods;

methods! {
    works {
        AuthBindTempAuthKey => bind::bind_temp_auth_key,
        AuthCancelCode => code::cancel_code,
        AuthCheckPassword => password::check_password,
        AuthDropTempAuthKeys => bind::drop_temp_auth_keys,
        AuthExportAuthorization => transfer::export_authorization,
        AuthImportBotAuthorization => bot::import_bot_authorization,
        AuthImportAuthorization => transfer::import_authorization,
        AuthLogOut => sign_in::log_out,
        AuthReportMissingCode => code::report_missing_code,
        AuthRequestPasswordRecovery => password::request_password_recovery,
        AuthResetAuthorizations => crate::account::device::reset_authorizations,
        AuthResendCode => code::resend_code,
        AuthSendCode => code::send_code,
        AuthSignIn => sign_in::sign_in,
        AuthSignUp => sign_in::sign_up,
    }
    refused {
        AuthAcceptLoginToken => AUTH_TOKEN_INVALID,
        AuthCheckRecoveryPassword => PASSWORD_RECOVERY_EXPIRED,
        AuthFinishPasskeyLogin => CREDENTIAL_INVALID,
        AuthImportLoginToken => AUTH_TOKEN_INVALID,
        AuthImportWebTokenAuthorization => WEBAUTH_TOKEN_EXPIRED,
        AuthRecoverPassword => PASSWORD_RECOVERY_EXPIRED,
        AuthRequestFirebaseSms => PHONE_CODE_EMPTY,
        AuthResetLoginEmail => EMAIL_INSTALL_MISSING,
    }
}
