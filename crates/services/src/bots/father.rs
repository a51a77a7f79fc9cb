//! The bot that people make bots with: a dialog in words (B4).

use messenger::{BOT_FATHER, BotError, CleanText, Record as _};
use minicbor::{Decode, Encode};
use store::{MsgId, PeerId, UserId};
use tl::Bytes;
use tl_api::types::{ButtonType, InlineButtonType, ReplyMarkup};
use tl_api::{constructors, types};

use super::command::check_commands;
use super::own::say;
use crate::context::Context;
use crate::error::{Error, Result};

/// The scope of the dialogs among the settings; the key is the user.
const SCOPE: &str = "bot-father";

const HELP: &str = "I make and manage bots. Say one of these:\n\n\
/newbot - make a new bot\n\
/mybots - your bots and their tokens\n\
/token - the token of a bot\n\
/revoke - another token instead\n\
/setname - another name\n\
/setdescription - what an empty chat with it shows\n\
/setabouttext - what its profile says\n\
/setcommands - the list of commands\n\
/setinline - inline mode\n\
/setinlinegeo - inline queries with the place of the user\n\
/setinlinefeedback - tell the bot what was chosen\n\
/setjoingroups - whether it may be in groups\n\
/setprivacy - whether it gets all messages of groups\n\
/deletebot - delete a bot\n\
/cancel - stop what you are doing";

/// Where a dialog stands.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct Talk {
    /// The last message that was answered.
    #[n(0)]
    answered: i32,
    /// The command that is carried out; empty for none.
    #[n(1)]
    command: String,
    /// The bot it is about; 0 while it has to be chosen.
    #[n(2)]
    bot: i64,
    /// The name of a bot to be.
    #[n(3)]
    name: String,
}

impl messenger::Record for Talk {}

/// An answer: a text, and a choice of words to say next.
struct Reply {
    text: String,
    choice: Vec<String>,
}

impl Reply {
    fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            choice: Vec::new(),
        }
    }
}

/// Answers what was just sent, if it was sent to this bot.
pub(crate) async fn heard(
    context: &Context<'_>,
    peer: PeerId,
    sent: &constructors::Updates,
) -> Result<()> {
    if peer != PeerId::User(BOT_FATHER) {
        return Ok(());
    }
    let user = context.user()?;
    let _one_at_a_time = context.services.father.lock().await;
    for update in &sent.updates {
        if let types::Update::NewMessage {
            message: types::Message::Message(message),
            ..
        } = update
        {
            answer(context, user, message).await?;
        }
    }
    Ok(())
}

async fn answer(
    context: &Context<'_>,
    user: UserId,
    message: &constructors::Message,
) -> Result<()> {
    let store = &context.services.store;
    let stored = store.setting(SCOPE.to_owned(), user.to_string()).await?;
    let mut talk = match stored {
        Some(setting) => Talk::from_bytes(&setting.body)?,
        None => Talk::default(),
    };
    // Sent again, it is not answered again.
    if message.id <= talk.answered {
        return Ok(());
    }
    let text = message.message.trim();
    let reply = match reply(context, user, &mut talk, text).await {
        Ok(reply) => reply,
        Err(error) => Reply::text(explain(error)?),
    };
    talk.answered = message.id;
    context
        .messenger()
        .overwrite_setting(SCOPE, &user.to_string(), talk.to_bytes())
        .await?;
    let markup = if text == "/mybots" {
        bots_markup(context, user).await?
    } else if reply.choice.is_empty() {
        Some(ReplyMarkup::ReplyKeyboardHide { selective: false })
    } else {
        Some(keyboard(reply.choice))
    };
    let text = CleanText::new(&reply.text.into(), Vec::new())?;
    say(context, user, text, markup).await
}

/// What is wrong, in words; what is nobody's fault here is none of the talk's business.
fn explain(error: Error) -> Result<&'static str> {
    Ok(match error.name() {
        "USERNAME_INVALID" => "A username has 5 to 32 letters, digits and underscores. Try again.",
        "USERNAME_SUFFIX_MISSING" => "The username must end in bot, like TetrisBot. Try again.",
        "USERNAME_OCCUPIED" => "That username is taken. Try another one.",
        "FIRSTNAME_INVALID" | "NAME_INVALID" => "A name has 1 to 64 characters. Try again.",
        "BOT_CREATE_LIMIT_EXCEEDED" => "You have as many bots as one may have.",
        "BOT_INVALID" => "That is none of your bots.",
        "ABOUT_TOO_LONG" | "DESCRIPTION_TOO_LONG" => "That is too long. Try again.",
        "BOT_COMMAND_INVALID" | "BOT_COMMAND_DESCRIPTION_INVALID" | "BOT_COMMANDS_TOO_MUCH" => {
            "Write one command in each line, like\n\ncommand1 - what it does\ncommand2 - what it does"
        }
        _ => return Err(error),
    })
}

async fn reply(context: &Context<'_>, user: UserId, talk: &mut Talk, text: &str) -> Result<Reply> {
    if let Some(command) = text.strip_prefix('/') {
        if talk.command == "setcommands" && command == "empty" {
            return value(context, user, talk, text).await;
        }
        let command = command.split([' ', '@']).next().unwrap_or_default();
        return begin(context, user, talk, command).await;
    }
    if talk.command.is_empty() {
        return Ok(Reply::text(HELP));
    }
    if talk.command == "newbot" {
        return new_bot(context, user, talk, text).await;
    }
    if talk.bot == 0 {
        let name = text.trim_start_matches('@');
        let owner = context.messenger().peer_of_username(name).await?;
        let Some(PeerId::User(bot)) = owner else {
            return Err(Error::BOT_INVALID);
        };
        return chosen(context, user, talk, bot).await;
    }
    value(context, user, talk, text).await
}

/// A command begins; whatever was being done is given up.
async fn begin(
    context: &Context<'_>,
    user: UserId,
    talk: &mut Talk,
    command: &str,
) -> Result<Reply> {
    let was_busy = !talk.command.is_empty();
    *talk = Talk {
        answered: talk.answered,
        ..Talk::default()
    };
    match command {
        "start" | "help" => Ok(Reply::text(HELP)),
        "cancel" if was_busy => Ok(Reply::text("All right, I forget it.")),
        "cancel" => Ok(Reply::text("There is nothing to cancel.")),
        "newbot" => {
            if context.messenger().bots_of(user).await?.len() >= messenger::BOTS_MAX {
                return Err(BotError::TooMany)
                    .map_err(|error| messenger::Error::from(error).into());
            }
            talk.command = command.to_owned();
            Ok(Reply::text("A new bot! What shall it be called?"))
        }
        "mybots" => Ok(Reply::text(if my_bots(context, user).await?.is_empty() {
            "You have no bots yet. Say /newbot to make one."
        } else {
            "These are your bots:"
        })),
        "token" | "revoke" | "setname" | "setdescription" | "setabouttext" | "setcommands"
        | "setinline" | "setinlinegeo" | "setinlinefeedback" | "setjoingroups" | "setprivacy"
        | "deletebot" => {
            let bots = my_bots(context, user).await?;
            if bots.is_empty() {
                return Ok(Reply::text(
                    "You have no bots yet. Say /newbot to make one.",
                ));
            }
            talk.command = command.to_owned();
            Ok(Reply {
                text: "Which bot?".to_owned(),
                choice: bots
                    .into_iter()
                    .map(|(_, name)| format!("@{name}"))
                    .collect(),
            })
        }
        _ => Ok(Reply::text("I do not know that command. Say /help.")),
    }
}

async fn my_bots(context: &Context<'_>, user: UserId) -> Result<Vec<(UserId, String)>> {
    let messenger = context.messenger();
    let mut bots = Vec::new();
    for id in messenger.bots_of(user).await? {
        if let Some((bot, _)) = messenger.bot(id).await? {
            bots.push((id, bot.username.clone().unwrap_or_default()));
        }
    }
    Ok(bots)
}

async fn new_bot(
    context: &Context<'_>,
    user: UserId,
    talk: &mut Talk,
    text: &str,
) -> Result<Reply> {
    let messenger = context.messenger();
    if talk.name.is_empty() {
        if text.chars().count() > 64 {
            return Err(Error::NAME_INVALID);
        }
        text.clone_into(&mut talk.name);
        return Ok(Reply::text(
            "Good. Now choose a username for it. It must end in bot, like TetrisBot.",
        ));
    }
    let username = text.trim_start_matches('@');
    let bot = messenger
        .create_bot(user, &talk.name, username, context.now)
        .await?;
    *talk = Talk {
        answered: talk.answered,
        ..Talk::default()
    };
    Ok(Reply::text(format!(
        "Done! You find your new bot as @{username}.\n\n{}",
        token_text(context, bot.user_id()).await?
    )))
}

async fn token_text(context: &Context<'_>, bot: UserId) -> Result<String> {
    let messenger = context.messenger();
    let (_, facts) = messenger.bot(bot).await?.ok_or(Error::BOT_INVALID)?;
    let token = messenger.bot_token(bot, facts.token_generation);
    Ok(format!(
        "Use this token to log it in:\n{token}\n\nKeep it safe: whoever has it has the bot."
    ))
}

/// Tells the owner the token of a bot that was just made.
pub(super) async fn tell_token(context: &Context<'_>, bot: UserId) -> Result<()> {
    let text = CleanText::new(&token_text(context, bot).await?.into(), Vec::new())?;
    say(context, context.user()?, text, None).await
}

/// The bot is chosen: what does not need a value is done.
async fn chosen(
    context: &Context<'_>,
    user: UserId,
    talk: &mut Talk,
    bot: UserId,
) -> Result<Reply> {
    context.messenger().owned_bot(user, bot).await?;
    let command = talk.command.clone();
    talk.bot = bot.0;
    let choose = |text: &str| Reply {
        text: text.to_owned(),
        choice: vec!["Enable".to_owned(), "Disable".to_owned()],
    };
    let done = match command.as_str() {
        "token" => token_text(context, bot).await?,
        "revoke" => revoke(context, bot).await?,
        "setname" => return Ok(Reply::text("Send me the new name.")),
        "setdescription" => return Ok(Reply::text("Send me the new description.")),
        "setabouttext" => return Ok(Reply::text("Send me the new text for its profile.")),
        "setcommands" => {
            return Ok(Reply::text(
                "Send me the commands, one in each line, like\n\n\
                 command1 - what it does\ncommand2 - what it does\n\nSay /empty for none.",
            ));
        }
        "setinline" => {
            return Ok(Reply::text(
                "Send me the text that the empty query shows, or Disable to turn inline mode off.",
            ));
        }
        "deletebot" => {
            return Ok(Reply::text(
                "Are you sure? Send me 'Yes, I am totally sure.' to delete the bot for ever.",
            ));
        }
        "setprivacy" => {
            return Ok(choose(
                "'Enable': in groups it gets only what is meant for it.\n'Disable': it gets all.",
            ));
        }
        "setjoingroups" => return Ok(choose("May it be brought into groups?")),
        "setinlinegeo" => return Ok(choose("Shall inline queries tell where the user is?")),
        "setinlinefeedback" => return Ok(choose("Shall it be told which results were chosen?")),
        _ => return Ok(Reply::text(HELP)),
    };
    talk.command = String::new();
    Ok(Reply::text(done))
}

async fn revoke(context: &Context<'_>, bot: UserId) -> Result<String> {
    context
        .messenger()
        .change_bot(bot, |_, facts| facts.token_generation += 1)
        .await?;
    log_out_everywhere(context, bot).await?;
    let text = token_text(context, bot).await?;
    Ok(format!("The old token does not work any more. {text}"))
}

async fn log_out_everywhere(context: &Context<'_>, bot: UserId) -> Result<()> {
    for device in context.services.devices(bot).await? {
        context.services.kick_out(bot, device.key).await?;
    }
    Ok(())
}

/// The value that a command asked for.
async fn value(context: &Context<'_>, user: UserId, talk: &mut Talk, text: &str) -> Result<Reply> {
    let bot = UserId(talk.bot);
    let messenger = context.messenger();
    let services = context.services;
    messenger.owned_bot(user, bot).await?;
    let on = match text.to_lowercase().as_str() {
        "enable" => Some(true),
        "disable" => Some(false),
        _ => None,
    };
    let mut done = "Done.".to_owned();
    match (talk.command.as_str(), on) {
        ("setname", _) => {
            services
                .put_bot_text(bot, |name, _, _| text.clone_into(name))
                .await?;
        }
        ("setabouttext", _) => {
            services
                .put_bot_text(bot, |_, about, _| text.clone_into(about))
                .await?;
        }
        ("setdescription", _) => {
            services
                .put_bot_text(bot, |_, _, description| text.clone_into(description))
                .await?;
        }
        ("setcommands", _) => {
            let commands = parse_commands(text)?;
            services.put_commands(bot, "default/", commands).await?;
        }
        ("setinline", _) => {
            let placeholder = (on != Some(false)).then(|| text.chars().take(64).collect());
            messenger
                .change_bot(bot, |_, facts| {
                    facts.inline_placeholder.clone_from(&placeholder);
                })
                .await?;
        }
        ("deletebot", _) if text == "Yes, I am totally sure." => {
            log_out_everywhere(context, bot).await?;
            messenger.delete_bot(bot).await?;
            "The bot is gone.".clone_into(&mut done);
        }
        ("deletebot", _) => "The bot stays.".clone_into(&mut done),
        (command, Some(on)) => {
            let command = command.to_owned();
            messenger
                .change_bot(bot, |_, facts| match command.as_str() {
                    "setprivacy" => facts.sees_all = !on,
                    "setjoingroups" => facts.no_groups = !on,
                    "setinlinegeo" => facts.inline_geo = on,
                    _ => facts.inline_feedback = on,
                })
                .await?;
        }
        (_, None) => return Ok(Reply::text("Say Enable or Disable.")),
    }
    *talk = Talk {
        answered: talk.answered,
        ..Talk::default()
    };
    Ok(Reply::text(done))
}

fn parse_commands(text: &str) -> Result<Vec<types::BotCommand>> {
    let mut commands = Vec::new();
    if text != "/empty" {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (command, description) = line.split_once('-').ok_or(Error::BOT_COMMAND_INVALID)?;
            let command = command.trim().trim_start_matches('/');
            commands.push(types::BotCommand::new(
                command.into(),
                description.trim().into(),
            ));
        }
    }
    check_commands(&commands)?;
    Ok(commands)
}

fn keyboard(choice: Vec<String>) -> ReplyMarkup {
    let rows = choice
        .into_iter()
        .map(|word| {
            let button =
                constructors::KeyboardButton::new(word.as_str().into(), ButtonType::Default {});
            types::KeyboardButtonRow {
                buttons: vec![types::KeyboardButton::KeyboardButton(Box::new(button))],
            }
        })
        .collect();
    let mut markup = constructors::ReplyKeyboardMarkup::new(rows);
    markup.resize = true;
    markup.single_use = true;
    ReplyMarkup::ReplyKeyboardMarkup(Box::new(markup))
}

fn inline_keyboard(buttons: Vec<(String, String)>) -> Option<ReplyMarkup> {
    let rows: Vec<_> = buttons
        .into_iter()
        .map(|(text, data)| {
            let kind = InlineButtonType::Callback {
                requires_password: false,
                data: Bytes::from(data),
            };
            types::KeyboardInlineButtonRow {
                buttons: vec![types::KeyboardInlineButton::new(text.as_str().into(), kind)],
            }
        })
        .collect();
    (!rows.is_empty()).then_some(ReplyMarkup::ReplyInlineMarkup {
        force_reply: false,
        rows,
    })
}

async fn bots_markup(context: &Context<'_>, user: UserId) -> Result<Option<ReplyMarkup>> {
    let bots = my_bots(context, user).await?;
    let buttons = bots
        .into_iter()
        .map(|(id, name)| (format!("@{name}"), format!("bot/{id}")));
    Ok(inline_keyboard(buttons.collect()))
}

/// One of the buttons below `/mybots` was pressed: the message becomes what it leads to.
pub(crate) async fn pressed(
    context: &Context<'_>,
    id: MsgId,
    data: &[u8],
) -> Result<types::messages::BotCallbackAnswer> {
    let user = context.user()?;
    let messenger = context.messenger();
    let _one_at_a_time = context.services.father.lock().await;
    let data = std::str::from_utf8(data).unwrap_or_default();
    let (what, bot) = data.split_once('/').unwrap_or((data, ""));
    let bot = UserId(bot.parse().unwrap_or(0));
    let back = |bot: UserId| vec![("« Back".to_owned(), format!("bot/{bot}"))];
    let (text, buttons) = if what == "bots" {
        let bots = my_bots(context, user).await?;
        let buttons = bots.into_iter();
        let buttons = buttons.map(|(id, name)| (format!("@{name}"), format!("bot/{id}")));
        ("These are your bots:".to_owned(), buttons.collect())
    } else {
        let (account, _) = messenger.owned_bot(user, bot).await?;
        match what {
            "token" => (token_text(context, bot).await?, back(bot)),
            "revoke" => (revoke(context, bot).await?, back(bot)),
            _ => {
                let name = account.username.as_deref().unwrap_or_default();
                let buttons = vec![
                    ("API Token".to_owned(), format!("token/{bot}")),
                    ("Revoke token".to_owned(), format!("revoke/{bot}")),
                    ("« Back to the list".to_owned(), "bots".to_owned()),
                ];
                (format!("This is @{name}. What do you want to do?"), buttons)
            }
        }
    };
    let letter = messenger.letter(user, id).await?;
    let letter = letter.ok_or(Error::MESSAGE_ID_INVALID)?;
    let copies = messenger.copies_of(user, &letter).await?;
    if let Some((_, own)) = copies.iter().find(|(holder, _)| *holder == BOT_FATHER) {
        let edit = messenger::Edit {
            text: Some(CleanText::new(&text.into(), Vec::new())?),
            markup: Some(inline_keyboard(buttons)),
            ..messenger::Edit::default()
        };
        let actor = messenger::Actor::server(BOT_FATHER);
        let edited = messenger
            .edit(actor, PeerId::User(user), *own, edit, context.now)
            .await;
        match edited {
            Ok(_) | Err(messenger::Error::NotModified) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(types::messages::BotCallbackAnswer::new(0))
}
