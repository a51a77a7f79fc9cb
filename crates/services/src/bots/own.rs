//! One's own bots, and whether a bot may write to one (2.9).

use messenger::{BOT_FATHER, Outgoing, SendOptions};
use store::PeerId;
use tl_api::{functions, types};

use super::father;
use crate::context::Context;
use crate::error::{Error, Result};

/// bots.checkUsername
pub(super) async fn check_username(
    context: &Context<'_>,
    request: functions::bots::CheckUsername,
) -> Result<bool> {
    let messenger = context.messenger();
    match messenger.check_bot_username(&request.username).await {
        Err(messenger::Error::Bot(messenger::BotError::SuffixMissing)) if request.additional => {
            let user = context.user()?;
            if messenger.is_username_free(user, &request.username).await? {
                Ok(true)
            } else {
                Err(Error::USERNAME_OCCUPIED)
            }
        }
        other => Ok(other.map(|()| true)?),
    }
}

/// bots.createBot
pub(super) async fn create_bot(
    context: &Context<'_>,
    request: functions::bots::CreateBot,
) -> Result<types::User> {
    let owner = context.user()?;
    let messenger = context.messenger();
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Error::NAME_INVALID);
    }
    messenger.check_bot_username(&request.username).await?;
    messenger.bot_father(context.now).await?;
    let manager = context
        .input_user(&request.manager_id)
        .await
        .map_err(|_| Error::MANAGER_INVALID)?;
    if messenger.bot(manager).await?.is_none() {
        return Err(Error::MANAGER_INVALID);
    }
    if manager != BOT_FATHER {
        return Err(Error::MANAGER_PERMISSION_MISSING);
    }
    let bot = messenger
        .create_bot(owner, name, &request.username, context.now)
        .await?;
    father::tell_token(context, bot.user_id()).await?;
    Ok(messenger.show_user(owner, &bot, context.now).await?)
}

/// bots.getAdminedBots
pub(super) async fn get_admined_bots(
    context: &Context<'_>,
    _: functions::bots::GetAdminedBots,
) -> Result<Vec<types::User>> {
    let owner = context.user()?;
    let messenger = context.messenger();
    let mut shown = Vec::new();
    for bot in messenger.bots_of(owner).await? {
        if let Some((bot, _)) = messenger.bot(bot).await? {
            shown.push(messenger.show_user(owner, &bot, context.now).await?);
        }
    }
    Ok(shown)
}

/// bots.canSendMessage
pub(super) async fn can_send_message(
    context: &Context<'_>,
    request: functions::bots::CanSendMessage,
) -> Result<bool> {
    let user = context.user()?;
    let bot = context.input_user(&request.bot).await;
    let bot = bot.map_err(|_| Error::BOT_INVALID)?;
    let messenger = context.messenger();
    messenger.bot(bot).await?.ok_or(Error::BOT_INVALID)?;
    Ok(messenger.may_be_written_by(bot, user).await?)
}

/// bots.allowSendMessage: as if the user had started it, without a word.
pub(super) async fn allow_send_message(
    context: &Context<'_>,
    request: functions::bots::AllowSendMessage,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let bot = context.input_user(&request.bot).await;
    let bot = bot.map_err(|_| Error::BOT_INVALID)?;
    let messenger = context.messenger();
    messenger.bot(bot).await?.ok_or(Error::BOT_INVALID)?;
    if messenger.has_blocked(actor.user, bot).await? {
        messenger
            .set_blocked(actor, bot, false, false, context.now)
            .await?;
    }
    let action = types::MessageAction::BotAllowed(Box::new({
        let mut allowed = tl_api::constructors::MessageActionBotAllowed::new();
        allowed.from_request = true;
        allowed
    }));
    let updates = messenger
        .send_service(
            actor,
            PeerId::User(bot),
            action,
            None,
            context.services.random_id(),
            context.now,
        )
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}

/// Sends a text of the bot that makes bots.
pub(super) async fn say(
    context: &Context<'_>,
    to: store::UserId,
    text: messenger::CleanText,
    markup: Option<types::ReplyMarkup>,
) -> Result<()> {
    let message = Outgoing {
        random_id: context.services.random_id(),
        text,
        markup,
        ..Outgoing::default()
    };
    context
        .messenger()
        .send(
            messenger::Actor::server(BOT_FATHER),
            PeerId::User(to),
            vec![message],
            SendOptions::default(),
            context.now,
        )
        .await?;
    Ok(())
}
