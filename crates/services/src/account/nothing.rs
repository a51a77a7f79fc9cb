//! What accounts of this server do not have: answered truthfully that there is none.

use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::Result;
use crate::nothing::nothing;

/// Not 0: one client keeps a hash of 0 for "never asked".
const WEB_BROWSER_HASH: i64 = 1;

fn no_statuses() -> types::account::EmojiStatuses {
    types::account::EmojiStatuses::EmojiStatuses {
        hash: 0,
        statuses: Vec::new(),
    }
}

fn no_emoji() -> types::EmojiList {
    types::EmojiList::EmojiList {
        hash: 0,
        document_id: Vec::new(),
    }
}

fn no_themes() -> types::account::Themes {
    types::account::Themes::Themes {
        hash: 0,
        themes: Vec::new(),
    }
}

fn web_browser_settings() -> types::account::WebBrowserSettings {
    types::account::WebBrowserSettings::WebBrowserSettings(Box::new(
        constructors::account::WebBrowserSettings {
            open_external_browser: false,
            display_close_button: false,
            external_exceptions: Vec::new(),
            inapp_exceptions: Vec::new(),
            hash: WEB_BROWSER_HASH,
        },
    ))
}

nothing! {
    account {
        clear_recent_emoji_statuses: ClearRecentEmojiStatuses => true, bool;
        delete_auto_save_exceptions: DeleteAutoSaveExceptions => true, bool;
        delete_secure_value: DeleteSecureValue => true, bool;
        delete_web_browser_settings_exceptions: DeleteWebBrowserSettingsExceptions =>
            web_browser_settings(), types::account::WebBrowserSettings;
        get_all_secure_values: GetAllSecureValues => Vec::new(), Vec<types::SecureValue>;
        get_auto_save_settings: GetAutoSaveSettings =>
            no_auto_save(), types::account::AutoSaveSettings;
        get_business_chat_links: GetBusinessChatLinks =>
            types::account::BusinessChatLinks { links: Vec::new(), chats: Vec::new(), users: Vec::new() },
            types::account::BusinessChatLinks;
        get_channel_default_emoji_statuses: GetChannelDefaultEmojiStatuses =>
            no_statuses(), types::account::EmojiStatuses;
        get_channel_restricted_status_emojis: GetChannelRestrictedStatusEmojis =>
            no_emoji(), types::EmojiList;
        get_chat_themes: GetChatThemes => no_themes(), types::account::Themes;
        get_collectible_emoji_statuses: GetCollectibleEmojiStatuses =>
            no_statuses(), types::account::EmojiStatuses;
        get_connected_bots: GetConnectedBots =>
            types::account::ConnectedBots { connected_bots: Vec::new(), users: Vec::new() },
            types::account::ConnectedBots;
        get_default_background_emojis: GetDefaultBackgroundEmojis => no_emoji(), types::EmojiList;
        get_default_emoji_statuses: GetDefaultEmojiStatuses =>
            no_statuses(), types::account::EmojiStatuses;
        get_default_group_photo_emojis: GetDefaultGroupPhotoEmojis => no_emoji(), types::EmojiList;
        get_default_profile_photo_emojis: GetDefaultProfilePhotoEmojis => no_emoji(), types::EmojiList;
        get_paid_messages_revenue: GetPaidMessagesRevenue =>
            types::account::PaidMessagesRevenue { stars_amount: 0 },
            types::account::PaidMessagesRevenue;
        get_passkeys: GetPasskeys =>
            types::account::Passkeys { passkeys: Vec::new() }, types::account::Passkeys;
        get_recent_emoji_statuses: GetRecentEmojiStatuses =>
            no_statuses(), types::account::EmojiStatuses;
        get_saved_music_ids: GetSavedMusicIds =>
            types::account::SavedMusicIds::SavedMusicIds { ids: Vec::new() },
            types::account::SavedMusicIds;
        get_secure_value: GetSecureValue => Vec::new(), Vec<types::SecureValue>;
        get_themes: GetThemes => no_themes(), types::account::Themes;
        get_unique_gift_chat_themes: GetUniqueGiftChatThemes =>
            no_chat_themes(), types::account::ChatThemes;
        get_wall_papers: GetWallPapers =>
            types::account::WallPapers::WallPapers { hash: 0, wallpapers: Vec::new() },
            types::account::WallPapers;
        get_web_authorizations: GetWebAuthorizations =>
            types::account::WebAuthorizations { authorizations: Vec::new(), users: Vec::new() },
            types::account::WebAuthorizations;
        install_theme: InstallTheme => true, bool;
        reset_wall_papers: ResetWallPapers => true, bool;
        reset_web_authorizations: ResetWebAuthorizations => true, bool;
        toggle_sponsored_messages: ToggleSponsoredMessages => true, bool;
        update_device_locked: UpdateDeviceLocked => true, bool;
    }
}

fn no_chat_themes() -> types::account::ChatThemes {
    types::account::ChatThemes::ChatThemes(Box::new(constructors::account::ChatThemes {
        hash: 0,
        themes: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
        next_offset: None,
    }))
}

fn no_auto_save() -> types::account::AutoSaveSettings {
    let off = || types::AutoSaveSettings {
        photos: false,
        videos: false,
        video_max_size: None,
    };
    types::account::AutoSaveSettings {
        users_settings: off(),
        chats_settings: off(),
        broadcasts_settings: off(),
        exceptions: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
    }
}

/// account.getWebBrowserSettings
pub(super) async fn get_web_browser_settings(
    _: &Context<'_>,
    request: functions::account::GetWebBrowserSettings,
) -> Result<types::account::WebBrowserSettings> {
    if request.hash == WEB_BROWSER_HASH {
        return Ok(types::account::WebBrowserSettings::NotModified {});
    }
    Ok(web_browser_settings())
}

/// account.reportPeer
pub(super) async fn report_peer(
    context: &Context<'_>,
    request: functions::account::ReportPeer,
) -> Result<bool> {
    let peer = context.peer(&request.peer).await?;
    tracing::debug!(?peer, reason = ?request.reason, "a peer is reported");
    Ok(true)
}

/// account.reportProfilePhoto
pub(super) async fn report_profile_photo(
    context: &Context<'_>,
    request: functions::account::ReportProfilePhoto,
) -> Result<bool> {
    let peer = context.peer(&request.peer).await?;
    tracing::debug!(?peer, reason = ?request.reason, "a profile photo is reported");
    Ok(true)
}
