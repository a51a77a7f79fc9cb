//! The configuration of applications, as JSON (account sheet 6.2): what this server enforces, and what
//! it does not have.

use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::Result;

/// Numbers.
const NUMBERS: &[(&str, i32)] = &[
    ("about_length_limit_default", 70),
    ("about_length_limit_premium", 140),
    ("authorization_autoconfirm_period", 604_800),
    ("caption_length_limit_default", 1_024),
    ("caption_length_limit_premium", 4_096),
    ("channels_limit_default", 500),
    ("channels_limit_premium", 1_000),
    ("channels_public_limit_default", 10),
    ("channels_public_limit_premium", 20),
    ("chat_read_mark_expire_period", 604_800),
    ("chat_read_mark_size_threshold", 100),
    ("chatlist_invites_limit_default", 3),
    ("chatlist_invites_limit_premium", 100),
    ("chatlist_update_period", 300),
    ("chatlists_joined_limit_default", 2),
    ("chatlists_joined_limit_premium", 20),
    ("contact_note_length_limit", 128),
    ("dialog_filters_chats_limit_default", 100),
    ("dialog_filters_chats_limit_premium", 200),
    ("dialog_filters_limit_default", 10),
    ("dialog_filters_limit_premium", 30),
    ("dialogs_folder_pinned_limit_default", 100),
    ("dialogs_folder_pinned_limit_premium", 200),
    ("dialogs_pinned_limit_default", 5),
    ("dialogs_pinned_limit_premium", 10),
    ("hidden_members_group_size_min", 100),
    ("pm_read_date_expire_period", 604_800),
    ("quote_length_max", 1_024),
    ("reactions_in_chat_max", 100),
    ("reactions_uniq_max", 11),
    ("reactions_user_max_default", 1),
    ("reactions_user_max_premium", 3),
    ("recommended_channels_limit_default", 10),
    ("recommended_channels_limit_premium", 100),
    ("saved_dialogs_pinned_limit_default", 5),
    ("saved_dialogs_pinned_limit_premium", 100),
    ("saved_gifs_limit_default", 200),
    ("saved_gifs_limit_premium", 400),
    ("stickers_faved_limit_default", 5),
    ("stickers_faved_limit_premium", 10),
    ("telegram_antispam_group_size_min", 200),
    ("topics_pinned_limit", 5),
    ("upload_max_fileparts_default", 4_000),
    ("upload_max_fileparts_premium", 8_000),
];

/// Switches.
const SWITCHES: &[(&str, bool)] = &[
    ("autoarchive_setting_available", false),
    ("can_edit_factcheck", false),
    ("dialog_filters_enabled", true),
    ("giveaway_gifts_purchase_available", false),
    ("need_age_video_verification", false),
    ("premium_purchase_blocked", true),
    ("qr_login_camera", true),
    ("settings_display_passkeys", false),
    ("stargifts_blocked", true),
    ("stars_paid_messages_available", false),
    ("stars_purchase_blocked", true),
];

/// Words.
const WORDS: &[(&str, &str)] = &[
    ("qr_login_code", "secondary"),
    ("stories_entities", "premium"),
    ("stories_posting", "disabled"),
];

/// Lists of which there is nothing to say.
const EMPTY_LISTS: &[&str] = &[
    "autologin_domains",
    "fragment_prefixes",
    "ignore_restriction_reasons",
    "url_auth_domains",
    "web_app_allowed_protocols",
    "whitelisted_domains",
];

/// help.getAppConfig
pub(super) async fn get_app_config(
    _: &Context<'_>,
    request: functions::help::GetAppConfig,
) -> Result<types::help::AppConfig> {
    let hash = hash();
    if request.hash == hash {
        return Ok(types::help::AppConfig::NotModified {});
    }
    Ok(types::help::AppConfig::AppConfig(Box::new(
        constructors::help::AppConfig {
            hash,
            config: config(),
        },
    )))
}

fn config() -> types::JSONValue {
    let entry = |key: &'static str, value| types::JSONObjectValue {
        key: tl::Str::from_static(key),
        value: Box::new(value),
    };
    let numbers = NUMBERS.iter().map(|(key, number)| {
        let value = f64::from(*number);
        entry(key, types::JSONValue::JsonNumber { value })
    });
    let switches = SWITCHES
        .iter()
        .map(|(key, value)| entry(key, types::JSONValue::JsonBool { value: *value }));
    let words = WORDS.iter().map(|(key, word)| {
        let value = tl::Str::from_static(word);
        entry(key, types::JSONValue::JsonString { value })
    });
    let lists = EMPTY_LISTS
        .iter()
        .map(|key| entry(key, types::JSONValue::JsonArray { value: Vec::new() }));
    types::JSONValue::JsonObject {
        value: numbers.chain(switches).chain(words).chain(lists).collect(),
    }
}

/// Another one whenever the configuration is another one. Never 0.
fn hash() -> i32 {
    let text = format!("{NUMBERS:?}{SWITCHES:?}{WORDS:?}{EMPTY_LISTS:?}");
    let hash = messenger::vector_hash(text.bytes().map(u64::from));
    let [a, b, c, d, ..] = hash.to_le_bytes();
    i32::from_le_bytes([a, b, c, d & 0x7f]).max(1)
}
