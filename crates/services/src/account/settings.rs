//! Settings of the account that only its owner sees.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// How long an account may be idle, days (R4).
const ACCOUNT_TTL_DAYS: std::ops::RangeInclusive<i32> = 30..=730;

/// account.getAccountTTL
pub(super) async fn get_account_ttl(
    context: &Context<'_>,
    _: functions::account::GetAccountTTL,
) -> Result<types::AccountDaysTTL> {
    let settings = context
        .messenger()
        .account_settings(context.user()?)
        .await?;
    Ok(types::AccountDaysTTL {
        days: settings.account_ttl_days.cast_signed(),
    })
}

/// account.setAccountTTL
pub(super) async fn set_account_ttl(
    context: &Context<'_>,
    request: functions::account::SetAccountTTL,
) -> Result<bool> {
    let days = request.ttl.days;
    if !ACCOUNT_TTL_DAYS.contains(&days) {
        return Err(Error::TTL_DAYS_INVALID);
    }
    context
        .messenger()
        .change_account_settings(context.user()?, |settings| {
            settings.account_ttl_days = days.cast_unsigned();
        })
        .await?;
    context.messenger().watch_idle(context.user()?).await?;
    Ok(true)
}

/// account.getContactSignUpNotification: whether there is none.
pub(super) async fn get_contact_sign_up_notification(
    context: &Context<'_>,
    _: functions::account::GetContactSignUpNotification,
) -> Result<bool> {
    let settings = context
        .messenger()
        .account_settings(context.user()?)
        .await?;
    Ok(settings.silent_sign_ups)
}

/// account.setContactSignUpNotification
pub(super) async fn set_contact_sign_up_notification(
    context: &Context<'_>,
    request: functions::account::SetContactSignUpNotification,
) -> Result<bool> {
    context
        .messenger()
        .change_account_settings(context.user()?, |settings| {
            settings.silent_sign_ups = request.silent;
        })
        .await?;
    Ok(true)
}

/// account.getGlobalPrivacySettings
pub(super) async fn get_global_privacy_settings(
    context: &Context<'_>,
    _: functions::account::GetGlobalPrivacySettings,
) -> Result<types::GlobalPrivacySettings> {
    let settings = context
        .messenger()
        .account_settings(context.user()?)
        .await?;
    Ok(show(&settings))
}

/// account.setGlobalPrivacySettings: what is for premium users is for nobody here.
pub(super) async fn set_global_privacy_settings(
    context: &Context<'_>,
    request: functions::account::SetGlobalPrivacySettings,
) -> Result<types::GlobalPrivacySettings> {
    let given = request.settings;
    if given.archive_and_mute_new_noncontact_peers {
        return Err(Error::AUTOARCHIVE_NOT_AVAILABLE);
    }
    let premium = given.hide_read_marks
        || given.new_noncontact_peers_require_premium
        || given.noncontact_peers_paid_stars.is_some()
        || given.display_gifts_button
        || given.disallowed_gifts.is_some();
    if premium {
        return Err(Error::PREMIUM_ACCOUNT_REQUIRED);
    }
    let settings = context
        .messenger()
        .change_account_settings(context.user()?, |settings| {
            settings.keep_archived_unmuted = given.keep_archived_unmuted;
            settings.keep_archived_folders = given.keep_archived_folders;
        })
        .await?;
    Ok(show(&settings))
}

fn show(settings: &messenger::AccountSettings) -> types::GlobalPrivacySettings {
    let mut shown = types::GlobalPrivacySettings::new();
    shown.keep_archived_unmuted = settings.keep_archived_unmuted;
    shown.keep_archived_folders = settings.keep_archived_folders;
    shown
}

/// account.getContentSettings: nothing is hidden, so nothing can be shown.
pub(super) async fn get_content_settings(
    _: &Context<'_>,
    _: functions::account::GetContentSettings,
) -> Result<types::account::ContentSettings> {
    Ok(types::account::ContentSettings {
        sensitive_enabled: false,
        sensitive_can_change: false,
    })
}

/// account.setContentSettings
pub(super) async fn set_content_settings(
    _: &Context<'_>,
    request: functions::account::SetContentSettings,
) -> Result<bool> {
    if request.sensitive_enabled {
        return Err(Error::SENSITIVE_CHANGE_FORBIDDEN);
    }
    Ok(true)
}

/// account.getAutoDownloadSettings
pub(super) async fn get_auto_download_settings(
    _: &Context<'_>,
    _: functions::account::GetAutoDownloadSettings,
) -> Result<types::account::AutoDownloadSettings> {
    const MIB: i32 = 1024 * 1024;
    let preset = |video_mib: i64, file_mib: i64, bitrate: i32| types::AutoDownloadSettings {
        disabled: false,
        video_preload_large: video_mib > 0,
        audio_preload_next: true,
        phonecalls_less_data: video_mib == 0,
        stories_preload: false,
        photo_size_max: MIB,
        video_size_max: video_mib * i64::from(MIB),
        file_size_max: file_mib * i64::from(MIB),
        video_upload_maxbitrate: bitrate,
        small_queue_active_operations_max: 0,
        large_queue_active_operations_max: 0,
    };
    Ok(types::account::AutoDownloadSettings {
        low: preset(0, 0, 50),
        medium: preset(10, 1, 100),
        high: preset(15, 3, 100),
    })
}
