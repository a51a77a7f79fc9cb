//! The buttons of messages of bots, judged (2.5).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use store::PeerId;
use tl_api::types::{
    self, ButtonType, InlineButtonType, KeyboardButton, KeyboardInlineButtonRow, ReplyMarkup,
};
use tl_api::{NEWEST_LAYER, constructors};

use crate::context::Context;
use crate::error::{Error, Result};

/// The most buttons of one message.
const BUTTONS_MAX: usize = 100;
/// The most bytes of the buttons of one message.
const MARKUP_LEN_MAX: usize = 10_240;
/// The longest data of a button, bytes.
const DATA_LEN_MAX: usize = 64;
/// The longest text to be copied, and the longest inline query, bytes.
const TEXT_LEN_MAX: usize = 256;

impl Context<'_> {
    /// The buttons that a message gets. Those of people are ignored.
    pub(crate) async fn markup(
        &self,
        markup: Option<ReplyMarkup>,
        peer: PeerId,
    ) -> Result<Option<ReplyMarkup>> {
        let Some(markup) = markup else {
            return Ok(None);
        };
        if !self.messenger().is_bot(self.user()?).await? {
            return Ok(None);
        }
        self.judge_markup(markup, Some(peer)).await
    }

    /// The buttons of an inline result, or of an edited message: only those that stand below it.
    pub(crate) async fn inline_markup(
        &self,
        markup: Option<ReplyMarkup>,
    ) -> Result<Option<ReplyMarkup>> {
        match markup {
            None => Ok(None),
            Some(markup @ ReplyMarkup::ReplyInlineMarkup { .. }) => {
                self.judge_markup(markup, None).await
            }
            Some(_) => Err(Error::REPLY_MARKUP_INVALID),
        }
    }

    async fn judge_markup(
        &self,
        markup: ReplyMarkup,
        peer: Option<PeerId>,
    ) -> Result<Option<ReplyMarkup>> {
        let len = tl::to_bytes(&markup, tl::Layer(NEWEST_LAYER)).map_or(usize::MAX, |b| b.len());
        if len > MARKUP_LEN_MAX {
            return Err(Error::REPLY_MARKUP_TOO_LONG);
        }
        match markup {
            ReplyMarkup::ReplyInlineMarkup { force_reply, rows } => {
                if rows.is_empty() {
                    return Ok(None);
                }
                let rows = self.inline_rows(rows, peer).await?;
                Ok(Some(ReplyMarkup::ReplyInlineMarkup { force_reply, rows }))
            }
            ReplyMarkup::ReplyKeyboardMarkup(keyboard) => {
                let mut keyboard = *keyboard;
                check_counts(keyboard.rows.iter().map(|row| row.buttons.len()))?;
                let private = matches!(peer, Some(PeerId::User(_)));
                for button in keyboard.rows.iter_mut().flat_map(|row| &mut row.buttons) {
                    judge_button(button, private)?;
                }
                Ok(Some(ReplyMarkup::ReplyKeyboardMarkup(Box::new(keyboard))))
            }
            other => Ok(Some(other)),
        }
    }

    async fn inline_rows(
        &self,
        mut rows: Vec<KeyboardInlineButtonRow>,
        peer: Option<PeerId>,
    ) -> Result<Vec<KeyboardInlineButtonRow>> {
        check_counts(rows.iter().map(|row| row.buttons.len()))?;
        for button in rows.iter_mut().flat_map(|row| &mut row.buttons) {
            if button.text.is_empty() {
                return Err(Error::BUTTON_INVALID);
            }
            let kind = std::mem::replace(&mut button.type_, InlineButtonType::Disabled {});
            button.type_ = self.inline_button(kind, peer).await?;
        }
        Ok(rows)
    }

    async fn inline_button(
        &self,
        kind: InlineButtonType,
        peer: Option<PeerId>,
    ) -> Result<InlineButtonType> {
        let messenger = self.messenger();
        Ok(match kind {
            InlineButtonType::Callback { ref data, .. } => {
                if !(1..=DATA_LEN_MAX).contains(&data.len()) {
                    return Err(Error::BUTTON_DATA_INVALID);
                }
                kind
            }
            InlineButtonType::Copy { ref copy_text } => {
                if !(1..=TEXT_LEN_MAX).contains(&copy_text.chars().count()) {
                    return Err(Error::BUTTON_COPY_TEXT_INVALID);
                }
                kind
            }
            InlineButtonType::SwitchInline(ref switch) => {
                let inline = messenger.bot(self.user()?).await?;
                if inline.is_none_or(|(_, facts)| facts.inline_placeholder.is_none()) {
                    return Err(Error::BUTTON_TYPE_INVALID);
                }
                if switch.query.len() > TEXT_LEN_MAX {
                    return Err(Error::PEER_TYPES_INVALID);
                }
                kind
            }
            InlineButtonType::Url { url } => match user_of_url(&url) {
                Some(user) => profile_button(self, user).await?,
                None if is_url(&url) => InlineButtonType::Url { url },
                None => return Err(Error::BUTTON_URL_INVALID),
            },
            InlineButtonType::UserProfile { user_id } => profile_button(self, user_id).await?,
            InlineButtonType::InputInlineButtonTypeUserProfile { user_id } => {
                let user = self.input_user(&user_id).await;
                let user = user.map_err(|_| Error::BUTTON_USER_INVALID)?;
                InlineButtonType::UserProfile { user_id: user.0 }
            }
            InlineButtonType::WebView { ref url } => {
                if !matches!(peer, None | Some(PeerId::User(_))) {
                    return Err(Error::BUTTON_TYPE_INVALID);
                }
                if !url.starts_with("https://") {
                    return Err(Error::BUTTON_URL_INVALID);
                }
                kind
            }
            // No bot has told of a domain of its own.
            InlineButtonType::UrlAuth(_) | InlineButtonType::InputInlineButtonTypeUrlAuth(_) => {
                return Err(Error::BOT_DOMAIN_INVALID);
            }
            InlineButtonType::Game {} => return Err(Error::REPLY_MARKUP_GAME_EMPTY),
            InlineButtonType::Buy {} => return Err(Error::REPLY_MARKUP_BUY_EMPTY),
            InlineButtonType::Disabled {} => kind,
        })
    }
}

async fn profile_button(context: &Context<'_>, user_id: i64) -> Result<InlineButtonType> {
    let user = types::InputUser::InputUser {
        user_id,
        access_hash: 0,
    };
    let user = context.input_user(&user).await;
    let user = user.map_err(|_| Error::BUTTON_USER_INVALID)?;
    Ok(InlineButtonType::UserProfile { user_id: user.0 })
}

/// A button of a keyboard that takes the place of the own one.
fn judge_button(button: &mut KeyboardButton, private: bool) -> Result<()> {
    // Old forms of what stands below a message are nothing for a keyboard.
    let KeyboardButton::KeyboardButton(button) = button else {
        return Err(Error::BUTTON_TYPE_INVALID);
    };
    if button.text.is_empty() {
        return Err(Error::BUTTON_INVALID);
    }
    let constructors::KeyboardButton { type_, .. } = button.as_mut();
    if !private && !matches!(type_, ButtonType::Default {}) {
        return Err(Error::BUTTON_TYPE_INVALID);
    }
    match type_ {
        ButtonType::SimpleWebView { url } if !url.starts_with("https://") => {
            return Err(Error::BUTTON_URL_INVALID);
        }
        ButtonType::RequestPeer { max_quantity, .. }
        | ButtonType::InputButtonTypeRequestPeer { max_quantity, .. }
            if *max_quantity < 1 =>
        {
            return Err(Error::BUTTON_ID_INVALID);
        }
        ButtonType::InputButtonTypeRequestPeer {
            button_id,
            peer_type,
            max_quantity,
            ..
        } => {
            *type_ = ButtonType::RequestPeer {
                button_id: *button_id,
                peer_type: peer_type.clone(),
                max_quantity: *max_quantity,
            };
        }
        ButtonType::Default {}
        | ButtonType::RequestGeoLocation {}
        | ButtonType::RequestPeer { .. }
        | ButtonType::RequestPhone {}
        | ButtonType::RequestPoll { .. }
        | ButtonType::SimpleWebView { .. } => {}
    }
    Ok(())
}

fn check_counts(rows: impl Iterator<Item = usize>) -> Result<()> {
    let mut count = 0;
    let mut any = false;
    for buttons in rows {
        any = true;
        count += buttons;
        if buttons == 0 {
            return Err(Error::REPLY_MARKUP_INVALID);
        }
    }
    if !any || count > BUTTONS_MAX {
        return Err(Error::REPLY_MARKUP_INVALID);
    }
    Ok(())
}

/// The user that `tg://user?id=N` means.
fn user_of_url(url: &str) -> Option<i64> {
    url.strip_prefix("tg://user?id=")?.parse().ok()
}

/// An address of the web, or one that apps open themselves.
pub(super) fn is_url(url: &str) -> bool {
    ["http://", "https://", "tg://"].iter().any(|scheme| {
        let rest = url
            .get(..scheme.len())
            .filter(|start| start.eq_ignore_ascii_case(scheme))
            .and_then(|_| url.get(scheme.len()..));
        rest.is_some_and(|rest| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            !host.is_empty() && !rest.chars().any(char::is_whitespace)
        })
    })
}
