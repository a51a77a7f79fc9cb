//! Results of functions that used to answer another type.

use tl::{Bytes, Encode, Layer, Rest, Str, Writer, to_bytes};

use crate::{
    constructors as c,
    types::{
        self, BaseTheme, JSONValue, ReportResult, Theme, Updates, WebViewResult,
        messages::{ChatInviteJoinResult, InvitedUsers},
    },
};

/// `account.chatThemes` of layer 133.
const CHAT_THEMES_133: u32 = 0xfe4cbebd;
/// `account.chatThemesNotModified`
const CHAT_THEMES_NOT_MODIFIED: u32 = 0xe011e1c4;
/// `chatTheme` of layer 133.
const CHAT_THEME_133: u32 = 0xed0b5c33;

/// No updates: what happened comes as a push.
pub(crate) fn no_updates() -> Updates {
    Updates::Updates(Box::new(c::Updates {
        updates: Vec::new(),
        users: Vec::new(),
        chats: Vec::new(),
        date: 0,
        seq: 0,
    }))
}

/// The updates of an invitation, unless nobody could be invited (then the caller answers with
/// USER_PRIVACY_RESTRICTED).
pub(crate) fn invited(invited: &InvitedUsers) -> Option<Updates> {
    let nobody = match &invited.updates {
        Updates::Updates(updates) => updates.updates.is_empty(),
        Updates::Combined(_)
        | Updates::UpdateShort(_)
        | Updates::UpdateShortChatMessage(_)
        | Updates::UpdateShortMessage(_)
        | Updates::UpdateShortSentMessage(_)
        | Updates::TooLong {} => false,
    };
    (!nobody || invited.missing_invitees.is_empty()).then(|| invited.updates.clone())
}

/// An invitation that missed nobody.
pub(crate) fn all_invited(updates: Updates) -> InvitedUsers {
    InvitedUsers {
        updates,
        missing_invitees: Vec::new(),
    }
}

/// The updates of a chat that was joined; a web view cannot be shown.
pub(crate) fn joined(result: &ChatInviteJoinResult) -> Option<Updates> {
    match result {
        ChatInviteJoinResult::Ok { updates } => Some(updates.clone()),
        ChatInviteJoinResult::WebView { .. } => None,
    }
}

/// The configuration itself; these layers cannot be told that it did not change.
pub(crate) fn app_config(config: &types::help::AppConfig) -> Option<JSONValue> {
    match config {
        types::help::AppConfig::AppConfig(config) => Some(config.config.clone()),
        types::help::AppConfig::NotModified {} => None,
    }
}

/// A configuration without a hash.
pub(crate) fn first_app_config(config: JSONValue) -> types::help::AppConfig {
    types::help::AppConfig::AppConfig(Box::new(c::help::AppConfig { hash: 0, config }))
}

/// Whether a report is complete.
pub(crate) fn is_reported(result: &ReportResult) -> bool {
    matches!(result, ReportResult::Reported {})
}

/// A report that is complete, or has to be chosen from an empty menu.
pub(crate) fn reported(ok: bool) -> ReportResult {
    if ok {
        return ReportResult::Reported {};
    }
    let (title, options) = (Str::default(), Vec::new());
    ReportResult::ChooseOption(Box::new(c::ReportResultChooseOption { title, options }))
}

/// A web view without its id.
pub(crate) fn web_view(url: Str) -> WebViewResult {
    WebViewResult::new(url)
}

/// The id of a web view; 0 for none.
pub(crate) fn web_view_query_id(view: &WebViewResult) -> i64 {
    view.query_id.unwrap_or(0)
}

/// An address that was verified but is not told.
pub(crate) fn email_verified(_ok: bool) -> types::account::EmailVerified {
    types::account::EmailVerified::EmailVerified {
        email: Str::default(),
    }
}

/// What a bot says of itself: about and description.
pub(crate) fn bot_info(texts: Vec<Str>) -> types::bots::BotInfo {
    let mut texts = texts.into_iter();
    let mut next = || texts.next().unwrap_or_default();
    let (about, description) = (next(), next());
    types::bots::BotInfo {
        name: Str::default(),
        about,
        description,
    }
}

/// Layers 133 and 134 answer a bare `userFull` that holds the user instead of naming it.
pub(crate) fn full_user_with_user(answer: &types::users::UserFull, layer: Layer) -> Rest {
    /// Id and flags stand before the user.
    const USER_AT: usize = 8;
    /// The form writes `userEmpty`, an id and a long, in the user's place.
    const PLACEHOLDER_LEN: usize = 12;
    let full = to_bytes(&*answer.full_user, layer).unwrap_or_default();
    let is_it = |user: &&types::User| super::user_id_of(user) == answer.full_user.id;
    let user = answer
        .users
        .iter()
        .find(is_it)
        .map(|user| to_bytes(user, layer));
    let (Some(Ok(user)), Some((head, tail))) = (user, full.split_at_checked(USER_AT)) else {
        return Rest(full);
    };
    let tail = tail.get(PLACEHOLDER_LEN..).unwrap_or_default();
    Rest(Bytes::from([head, &user, tail].concat()))
}

/// Layer 133 answers each theme of an emoticon as a light and a dark one.
pub(crate) fn chat_themes(themes: &types::account::Themes, layer: Layer) -> Rest {
    let mut writer = Writer::new(layer);
    match themes {
        types::account::Themes::NotModified {} => writer.u32(CHAT_THEMES_NOT_MODIFIED),
        types::account::Themes::Themes { hash, themes } => {
            let parts: Vec<_> = themes
                .iter()
                .filter_map(|theme| chat_theme(theme, layer))
                .collect();
            writer.u32(CHAT_THEMES_133);
            writer.i32(super::int(*hash));
            writer.vector_of_encoded(&parts);
        }
    }
    Rest(writer.into_bytes())
}

fn chat_theme(theme: &Theme, layer: Layer) -> Option<Bytes> {
    let emoticon = theme.emoticon.as_ref()?;
    let mut writer = Writer::new(layer);
    writer.u32(CHAT_THEME_133);
    emoticon.encode(&mut writer);
    for dark in [false, true] {
        let is_dark = |base: &BaseTheme| matches!(base, BaseTheme::Night {} | BaseTheme::Tinted {});
        let mut half = theme.clone();
        let settings = half.settings.as_mut()?;
        settings.retain(|settings| is_dark(&settings.base_theme) == dark);
        if settings.is_empty() {
            return None;
        }
        half.encode(&mut writer);
    }
    writer.finish().ok()
}

/// The light themes of layer 133's answer are not kept apart; an empty list says "ask again".
pub(crate) fn no_themes(_themes: types::account::ChatThemes) -> types::account::Themes {
    types::account::Themes::Themes {
        hash: 0,
        themes: Vec::new(),
    }
}
