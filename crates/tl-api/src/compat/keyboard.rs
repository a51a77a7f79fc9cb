//! Buttons: one type up to layer 228, reply and inline buttons apart from 229 on.

use tl::{Encode, Layer, Str};

use crate::{
    constructors as c,
    types::{
        ButtonType, InlineButtonType, KeyboardButton, KeyboardButtonRow, KeyboardInlineButton,
        KeyboardInlineButtonRow, RequestPeerType,
    },
};

/// Whether a poll button wants a quiz.
pub(crate) fn wants_quiz(button: &ButtonType) -> Option<bool> {
    if let ButtonType::RequestPoll { quiz } = button {
        *quiz
    } else {
        None
    }
}

/// What a button asks for: its id, the kind of peer and how many.
pub(crate) fn requested_peer(button: &ButtonType) -> (i32, RequestPeerType, i32) {
    match button {
        ButtonType::RequestPeer {
            button_id,
            peer_type,
            max_quantity,
        }
        | ButtonType::InputButtonTypeRequestPeer {
            button_id,
            peer_type,
            max_quantity,
            ..
        } => (*button_id, peer_type.clone(), *max_quantity),
        ButtonType::Default {}
        | ButtonType::RequestGeoLocation {}
        | ButtonType::RequestPhone {}
        | ButtonType::RequestPoll { .. }
        | ButtonType::SimpleWebView { .. } => {
            let nobody = RequestPeerType::User {
                bot: None,
                premium: None,
            };
            (0, nobody, 0)
        }
    }
}

/// Which facts about the peer are asked for: name, username, photo.
pub(crate) fn requested_facts(button: &ButtonType) -> (bool, bool, bool) {
    match button {
        ButtonType::InputButtonTypeRequestPeer {
            name_requested,
            username_requested,
            photo_requested,
            ..
        } => (*name_requested, *username_requested, *photo_requested),
        ButtonType::Default {}
        | ButtonType::RequestGeoLocation {}
        | ButtonType::RequestPeer { .. }
        | ButtonType::RequestPhone {}
        | ButtonType::RequestPoll { .. }
        | ButtonType::SimpleWebView { .. } => (false, false, false),
    }
}

/// The address that a button opens.
pub(crate) fn web_view_url(button: &ButtonType) -> Str {
    if let ButtonType::SimpleWebView { url } = button {
        url.clone()
    } else {
        Str::default()
    }
}

/// Inline rows as clients below layer 229 know them. A button that the layer lacks becomes a link
/// if it has an address, else it is left out, and so is a row without buttons; `None` if no row is
/// left.
pub(crate) fn rows_below_229(
    rows: &[KeyboardInlineButtonRow],
    layer: Layer,
) -> Option<Vec<KeyboardButtonRow>> {
    let old_row = |row: &KeyboardInlineButtonRow| {
        let buttons: Vec<_> = row
            .buttons
            .iter()
            .filter_map(|button| old_button(button, layer))
            .collect();
        let kept = !buttons.is_empty() || row.buttons.is_empty();
        kept.then_some(KeyboardButtonRow { buttons })
    };
    let old: Vec<_> = rows.iter().filter_map(old_row).collect();
    (!old.is_empty() || rows.is_empty()).then_some(old)
}

fn old_button(button: &KeyboardInlineButton, layer: Layer) -> Option<KeyboardButton> {
    let old = flat_button(button)?;
    if old.has_form(layer) {
        return Some(old);
    }
    let InlineButtonType::WebView { url } = &button.type_ else {
        return None;
    };
    let (style, text) = (button.style.clone(), button.text.clone());
    Some(KeyboardButton::Url(Box::new(c::KeyboardButtonUrl {
        style,
        text,
        url: url.clone(),
    })))
}

fn flat_button(button: &KeyboardInlineButton) -> Option<KeyboardButton> {
    let (style, text) = (button.style.clone(), button.text.clone());
    Some(match button.type_.clone() {
        InlineButtonType::Buy {} => {
            KeyboardButton::Buy(Box::new(c::KeyboardButtonBuy { style, text }))
        }
        InlineButtonType::Callback {
            requires_password,
            data,
        } => KeyboardButton::Callback(Box::new(c::KeyboardButtonCallback {
            requires_password,
            style,
            text,
            data,
        })),
        InlineButtonType::Copy { copy_text } => {
            KeyboardButton::Copy(Box::new(c::KeyboardButtonCopy {
                style,
                text,
                copy_text,
            }))
        }
        InlineButtonType::Disabled {} => return None,
        InlineButtonType::Game {} => {
            KeyboardButton::Game(Box::new(c::KeyboardButtonGame { style, text }))
        }
        InlineButtonType::SwitchInline(inline) => {
            let c::InlineButtonTypeSwitchInline {
                same_peer,
                query,
                peer_types,
            } = *inline;
            KeyboardButton::SwitchInline(Box::new(c::KeyboardButtonSwitchInline {
                same_peer,
                style,
                text,
                query,
                peer_types,
            }))
        }
        InlineButtonType::Url { url } => {
            KeyboardButton::Url(Box::new(c::KeyboardButtonUrl { style, text, url }))
        }
        InlineButtonType::UrlAuth(auth) => {
            let c::InlineButtonTypeUrlAuth {
                fwd_text,
                url,
                button_id,
            } = *auth;
            KeyboardButton::UrlAuth(Box::new(c::KeyboardButtonUrlAuth {
                style,
                text,
                fwd_text,
                url,
                button_id,
            }))
        }
        InlineButtonType::UserProfile { user_id } => {
            KeyboardButton::UserProfile(Box::new(c::KeyboardButtonUserProfile {
                style,
                text,
                user_id,
            }))
        }
        InlineButtonType::WebView { url } => {
            KeyboardButton::WebView(Box::new(c::KeyboardButtonWebView { style, text, url }))
        }
        InlineButtonType::InputInlineButtonTypeUrlAuth(auth) => {
            let c::InputInlineButtonTypeUrlAuth {
                request_write_access,
                fwd_text,
                url,
                bot,
            } = *auth;
            let bot = bot?;
            KeyboardButton::InputKeyboardButtonUrlAuth(Box::new(c::InputKeyboardButtonUrlAuth {
                request_write_access,
                style,
                text,
                fwd_text,
                url,
                bot,
            }))
        }
        InlineButtonType::InputInlineButtonTypeUserProfile { user_id } => {
            KeyboardButton::InputKeyboardButtonUserProfile(Box::new(
                c::InputKeyboardButtonUserProfile {
                    style,
                    text,
                    user_id,
                },
            ))
        }
    })
}

/// Rows of old buttons as inline rows; `None` if one is a button of a reply keyboard.
pub(crate) fn inline_rows(rows: Vec<KeyboardButtonRow>) -> Option<Vec<KeyboardInlineButtonRow>> {
    let row = |row: KeyboardButtonRow| {
        let buttons = row
            .buttons
            .into_iter()
            .map(inline_button)
            .collect::<Option<_>>()?;
        Some(KeyboardInlineButtonRow { buttons })
    };
    rows.into_iter().map(row).collect()
}

fn inline_button(button: KeyboardButton) -> Option<KeyboardInlineButton> {
    let (style, text, type_) = match button {
        KeyboardButton::KeyboardButton(_) => return None,
        KeyboardButton::InputKeyboardButtonUrlAuth(button) => {
            let c::InputKeyboardButtonUrlAuth {
                request_write_access,
                style,
                text,
                fwd_text,
                url,
                bot,
            } = *button;
            let bot = Some(bot);
            let auth = c::InputInlineButtonTypeUrlAuth {
                request_write_access,
                fwd_text,
                url,
                bot,
            };
            (
                style,
                text,
                InlineButtonType::InputInlineButtonTypeUrlAuth(Box::new(auth)),
            )
        }
        KeyboardButton::InputKeyboardButtonUserProfile(button) => {
            let c::InputKeyboardButtonUserProfile {
                style,
                text,
                user_id,
            } = *button;
            (
                style,
                text,
                InlineButtonType::InputInlineButtonTypeUserProfile { user_id },
            )
        }
        KeyboardButton::Buy(button) => (button.style, button.text, InlineButtonType::Buy {}),
        KeyboardButton::Callback(button) => {
            let c::KeyboardButtonCallback {
                requires_password,
                style,
                text,
                data,
            } = *button;
            (
                style,
                text,
                InlineButtonType::Callback {
                    requires_password,
                    data,
                },
            )
        }
        KeyboardButton::Copy(button) => {
            let c::KeyboardButtonCopy {
                style,
                text,
                copy_text,
            } = *button;
            (style, text, InlineButtonType::Copy { copy_text })
        }
        KeyboardButton::Game(button) => (button.style, button.text, InlineButtonType::Game {}),
        KeyboardButton::SwitchInline(button) => {
            let c::KeyboardButtonSwitchInline {
                same_peer,
                style,
                text,
                query,
                peer_types,
            } = *button;
            let inline = c::InlineButtonTypeSwitchInline {
                same_peer,
                query,
                peer_types,
            };
            (
                style,
                text,
                InlineButtonType::SwitchInline(Box::new(inline)),
            )
        }
        KeyboardButton::Url(button) => {
            let c::KeyboardButtonUrl { style, text, url } = *button;
            (style, text, InlineButtonType::Url { url })
        }
        KeyboardButton::UrlAuth(button) => {
            let c::KeyboardButtonUrlAuth {
                style,
                text,
                fwd_text,
                url,
                button_id,
            } = *button;
            let auth = c::InlineButtonTypeUrlAuth {
                fwd_text,
                url,
                button_id,
            };
            (style, text, InlineButtonType::UrlAuth(Box::new(auth)))
        }
        KeyboardButton::UserProfile(button) => {
            let c::KeyboardButtonUserProfile {
                style,
                text,
                user_id,
            } = *button;
            (style, text, InlineButtonType::UserProfile { user_id })
        }
        KeyboardButton::WebView(button) => {
            let c::KeyboardButtonWebView { style, text, url } = *button;
            (style, text, InlineButtonType::WebView { url })
        }
    };
    Some(KeyboardInlineButton { style, text, type_ })
}
