//! The button beside the text field of a chat with a bot (2.3).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use store::UserId;
use tl_api::types::BotMenuButton;
use tl_api::{NEWEST_LAYER, functions, types};

use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};

/// The longest text of the button, characters.
const TEXT_CHARS_MAX: usize = 64;

/// bots.setBotMenuButton
pub(super) async fn set_bot_menu_button(
    context: &Context<'_>,
    request: functions::bots::SetBotMenuButton,
) -> Result<bool> {
    let bot = context.user()?;
    let user = named(context, &request.user_id).await?;
    if let BotMenuButton::BotMenuButton(button) = &request.button {
        if !(1..=TEXT_CHARS_MAX).contains(&button.text.chars().count()) {
            return Err(Error::BUTTON_TEXT_INVALID);
        }
        if !button.url.starts_with("https://") {
            return Err(Error::BUTTON_URL_INVALID);
        }
    }
    let body = match request.button {
        BotMenuButton::Default {} => tl::Bytes::new(),
        ref button => {
            tl::to_bytes(button, tl::Layer(NEWEST_LAYER)).map_err(|_| Error::BUTTON_INVALID)?
        }
    };
    let messenger = context.messenger();
    match user {
        Some(user) => {
            messenger
                .overwrite_setting(&buttons(bot), &user.to_string(), body)
                .await?;
            let update = types::Update::BotMenuButton {
                bot_id: bot.0,
                button: menu_button(context.services, bot, user).await?,
            };
            messenger
                .publish_unlogged(user, None, vec![update], context.now)
                .await?;
        }
        None => {
            let change = |_: &mut messenger::User, facts: &mut messenger::BotFacts| {
                facts.menu_button = body.to_vec();
            };
            messenger.change_bot(bot, change).await?;
        }
    }
    Ok(true)
}

/// bots.getBotMenuButton
pub(super) async fn get_bot_menu_button(
    context: &Context<'_>,
    request: functions::bots::GetBotMenuButton,
) -> Result<BotMenuButton> {
    let bot = context.user()?;
    match named(context, &request.user_id).await? {
        Some(user) => menu_button(context.services, bot, user).await,
        None => default_button(context.services, bot).await,
    }
}

async fn named(context: &Context<'_>, user: &types::InputUser) -> Result<Option<UserId>> {
    match user {
        types::InputUser::Empty {} => Ok(None),
        user => context.input_user(user).await.map(Some),
    }
}

fn buttons(bot: UserId) -> String {
    format!("bot-menu/{bot}")
}

async fn default_button(services: &Services, bot: UserId) -> Result<BotMenuButton> {
    let facts = services.messenger.bot(bot).await?;
    let kept = facts
        .map(|(_, facts)| facts.menu_button)
        .unwrap_or_default();
    if kept.is_empty() {
        return Ok(BotMenuButton::Commands {});
    }
    tl::from_bytes(&kept.into()).map_err(|_| Error::INTERNAL_SERVER_ERROR)
}

/// The button that a user is shown.
pub(super) async fn menu_button(
    services: &Services,
    bot: UserId,
    user: UserId,
) -> Result<BotMenuButton> {
    let own = services
        .store
        .setting(buttons(bot), user.to_string())
        .await?;
    match own.filter(|setting| !setting.body.is_empty()) {
        Some(setting) => tl::from_bytes(&setting.body).map_err(|_| Error::INTERNAL_SERVER_ERROR),
        None => default_button(services, bot).await,
    }
}
