//! What a bot says of itself (2.3).

use messenger::Record as _;
use minicbor::{Decode, Encode};
use store::{PeerId, UserId};
use tl_api::{NEWEST_LAYER, functions, types};

use super::command::{check_lang, shown_commands};
use super::menu::menu_button;
use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most characters of the three texts.
const NAME_CHARS_MAX: usize = 64;
const ABOUT_CHARS_MAX: usize = 120;
const DESCRIPTION_CHARS_MAX: usize = 512;

/// The texts of a bot in one language; empty ones are those of no language.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct Texts {
    #[n(0)]
    name: String,
    #[n(1)]
    about: String,
    #[n(2)]
    description: String,
}

impl messenger::Record for Texts {}

/// The bot that a request is about: the caller, or one that the caller owns.
async fn subject(context: &Context<'_>, bot: Option<&types::InputUser>) -> Result<UserId> {
    let caller = context.user()?;
    let messenger = context.messenger();
    match bot {
        None if messenger.is_bot(caller).await? => Ok(caller),
        None => Err(Error::USER_BOT_INVALID),
        Some(bot) => {
            let bot = context.input_user(bot).await;
            let bot = bot.map_err(|_| Error::BOT_INVALID)?;
            if bot != caller {
                messenger.owned_bot(caller, bot).await?;
            } else if !messenger.is_bot(caller).await? {
                return Err(Error::BOT_INVALID);
            }
            Ok(bot)
        }
    }
}

fn scope(bot: UserId) -> String {
    format!("bot-info/{bot}")
}

async fn texts(services: &Services, bot: UserId, lang: &str) -> Result<Texts> {
    if lang.is_empty() {
        let found = services.messenger.bot(bot).await?;
        let (user, facts) = found.ok_or(Error::BOT_INVALID)?;
        return Ok(Texts {
            name: user.first_name.clone(),
            about: user.about.clone().unwrap_or_default(),
            description: facts.description,
        });
    }
    let stored = services.store.setting(scope(bot), lang.to_owned()).await?;
    Ok(match stored {
        Some(setting) => Texts::from_bytes(&setting.body)?,
        None => Texts::default(),
    })
}

/// bots.setBotInfo
pub(super) async fn set_bot_info(
    context: &Context<'_>,
    request: functions::bots::SetBotInfo,
) -> Result<bool> {
    let bot = subject(context, request.bot.as_ref()).await?;
    let lang = request.lang_code.as_str();
    check_lang(lang)?;
    let fits = |text: &Option<tl::Str>, max: usize| {
        text.as_ref().is_none_or(|text| text.chars().count() <= max)
    };
    let nameless = request
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty());
    if !fits(&request.name, NAME_CHARS_MAX) || nameless && lang.is_empty() {
        return Err(Error::NAME_INVALID);
    }
    if !fits(&request.about, ABOUT_CHARS_MAX) {
        return Err(Error::ABOUT_TOO_LONG);
    }
    if !fits(&request.description, DESCRIPTION_CHARS_MAX) {
        return Err(Error::DESCRIPTION_TOO_LONG);
    }
    let mut texts = texts(context.services, bot, lang).await?;
    for (text, new) in [
        (&mut texts.name, request.name),
        (&mut texts.about, request.about),
        (&mut texts.description, request.description),
    ] {
        if let Some(new) = new {
            *text = new.trim().to_owned();
        }
    }
    context.services.put_bot_texts(bot, lang, &texts).await?;
    Ok(true)
}

/// bots.getBotInfo
pub(super) async fn get_bot_info(
    context: &Context<'_>,
    request: functions::bots::GetBotInfo,
) -> Result<types::bots::BotInfo> {
    let bot = subject(context, request.bot.as_ref()).await?;
    check_lang(&request.lang_code)?;
    let texts = texts(context.services, bot, &request.lang_code).await?;
    Ok(types::bots::BotInfo {
        name: texts.name.into(),
        about: texts.about.into(),
        description: texts.description.into(),
    })
}

impl Services {
    async fn put_bot_texts(&self, bot: UserId, lang: &str, texts: &Texts) -> Result<()> {
        if !lang.is_empty() {
            self.messenger
                .overwrite_setting(&scope(bot), lang, texts.to_bytes())
                .await?;
        }
        self.messenger
            .change_bot(bot, |user, facts| {
                if lang.is_empty() {
                    user.first_name.clone_from(&texts.name);
                    user.about = (!texts.about.is_empty()).then(|| texts.about.clone());
                    facts.description.clone_from(&texts.description);
                }
            })
            .await?;
        Ok(())
    }

    /// Changes one of the texts of a bot for all languages that have none of their own.
    pub(super) async fn put_bot_text(
        &self,
        bot: UserId,
        change: impl FnOnce(&mut String, &mut String, &mut String),
    ) -> Result<()> {
        let mut texts = texts(self, bot, "").await?;
        change(&mut texts.name, &mut texts.about, &mut texts.description);
        if texts.name.trim().is_empty() || texts.name.chars().count() > NAME_CHARS_MAX {
            return Err(Error::NAME_INVALID);
        }
        if texts.about.chars().count() > ABOUT_CHARS_MAX {
            return Err(Error::ABOUT_TOO_LONG);
        }
        if texts.description.chars().count() > DESCRIPTION_CHARS_MAX {
            return Err(Error::DESCRIPTION_TOO_LONG);
        }
        self.put_bot_texts(bot, "", &texts).await
    }
}

/// `BotInfo` of a bot as `viewer` is shown it in a chat.
pub(crate) async fn bot_info(
    context: &Context<'_>,
    bot: UserId,
    peer: PeerId,
) -> Result<types::BotInfo> {
    let viewer = context.user()?;
    let services = context.services;
    let lang = context.language().await?;
    let mut shown = types::BotInfo::new();
    shown.user_id = Some(bot.0);
    let mut description = String::new();
    for lang in [lang.as_str(), ""] {
        if description.is_empty() {
            description = texts(services, bot, lang).await?.description;
        }
    }
    shown.description = (!description.is_empty()).then(|| description.into());
    let commands = shown_commands(services, bot, viewer, peer, &lang).await?;
    shown.commands = (!commands.is_empty()).then_some(commands);
    shown.menu_button = Some(menu_button(services, bot, viewer).await?);
    Ok(shown)
}

impl Context<'_> {
    /// The two letters of the caller's language; none when they are not known.
    pub(crate) async fn language(&self) -> Result<String> {
        let record = self.services.key_record(self.auth_key_id()).await?;
        let client = record.and_then(|(_, record)| record.client);
        let lang = client.map(|client| client.lang_code).unwrap_or_default();
        let lang: String = lang.chars().take(2).collect();
        Ok(if check_lang(&lang).is_ok() {
            lang
        } else {
            String::new()
        })
    }
}

/// bots.setBotGroupDefaultAdminRights
pub(super) async fn set_bot_group_default_admin_rights(
    context: &Context<'_>,
    request: functions::bots::SetBotGroupDefaultAdminRights,
) -> Result<bool> {
    set_rights(context, &request.admin_rights, |facts| {
        &mut facts.group_rights
    })
    .await
}

/// bots.setBotBroadcastDefaultAdminRights
pub(super) async fn set_bot_broadcast_default_admin_rights(
    context: &Context<'_>,
    request: functions::bots::SetBotBroadcastDefaultAdminRights,
) -> Result<bool> {
    set_rights(context, &request.admin_rights, |facts| {
        &mut facts.broadcast_rights
    })
    .await
}

async fn set_rights(
    context: &Context<'_>,
    rights: &types::ChatAdminRights,
    of: fn(&mut messenger::BotFacts) -> &mut Vec<u8>,
) -> Result<bool> {
    let bot = context.user()?;
    let messenger = context.messenger();
    let kept = if *rights == types::ChatAdminRights::new() {
        Vec::new()
    } else {
        tl::to_bytes(rights, tl::Layer(NEWEST_LAYER))
            .map_err(|_| Error::INTERNAL_SERVER_ERROR)?
            .to_vec()
    };
    let (_, mut facts) = messenger.bot(bot).await?.ok_or(Error::USER_BOT_REQUIRED)?;
    if *of(&mut facts) == kept {
        return Err(Error::RIGHTS_NOT_MODIFIED);
    }
    messenger
        .change_bot(bot, |_, facts| of(facts).clone_from(&kept))
        .await?;
    Ok(true)
}
