//! Buttons that ask their bot (2.6).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use store::{MsgId, PeerId, UserId};
use tl::Bytes;
use tl_api::types::{InlineButtonType, ReplyMarkup};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::query::Queries;

/// The longest answer, characters.
const ANSWER_CHARS_MAX: usize = 200;
/// What the hash of a chat is for, among the keyed hashes.
const CHAT_INSTANCE: u8 = 40;
/// What the hash of an inline message is for.
const INLINE_MESSAGE: u8 = 41;

/// Buttons pressed: the message by its owner and id, the data, who pressed.
pub(crate) type CallbackKey = (UserId, MsgId, Bytes);
/// Buttons that were pressed and wait for their bot.
pub(crate) type Callbacks = Queries<CallbackKey, types::messages::BotCallbackAnswer>;

/// messages.getBotCallbackAnswer
pub(super) async fn get_bot_callback_answer(
    context: &Context<'_>,
    request: functions::messages::GetBotCallbackAnswer,
) -> Result<types::messages::BotCallbackAnswer> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    let id = MsgId(request.msg_id);
    let letter = messenger.letter(user, id).await?;
    let letter = letter
        .filter(|letter| letter.peer == peer)
        .ok_or(Error::MESSAGE_ID_INVALID)?;
    let types::Message::Message(message) = &letter.message else {
        return Err(Error::MESSAGE_ID_INVALID);
    };
    let data = request.data.ok_or(Error::DATA_INVALID)?;
    let data = Bytes::copy_from_slice(&data);
    let needs_password =
        pressed(message.reply_markup.as_ref(), &data).ok_or(Error::DATA_INVALID)?;
    let bot = match (message.via_bot_id, letter.from) {
        (Some(bot), _) => UserId(bot),
        (None, PeerId::User(author)) => author,
        (None, PeerId::Chat(_) | PeerId::Channel(_)) => return Err(Error::MESSAGE_ID_INVALID),
    };
    if messenger.bot(bot).await?.is_none() {
        return Err(Error::MESSAGE_ID_INVALID);
    }
    if needs_password {
        let password = request.password.as_ref().ok_or(Error::PASSWORD_MISSING)?;
        crate::account::password::check_password(context, user, password).await?;
    }
    if bot == messenger::BOT_FATHER {
        return crate::bots::father::pressed(context, id, &data).await;
    }
    let callbacks = &context.services.callbacks;
    let key = (user, id, data.clone());
    if let Some(answer) = callbacks.cached(&key, context.now) {
        return Ok(answer);
    }
    let query_id = context.services.random_id();
    let copies = messenger.copies_of(user, &letter).await?;
    let bots_id = copies.iter().find(|(holder, _)| *holder == bot);
    let chat_instance = chat_instance(context, bot, user, peer);
    let update = match bots_id {
        Some((_, bots_id)) if message.via_bot_id.is_none() => {
            let mut update = constructors::UpdateBotCallbackQuery::new(
                query_id,
                user.0,
                messenger::tl_peer(match peer {
                    PeerId::User(_) => PeerId::User(user),
                    PeerId::Chat(_) | PeerId::Channel(_) => peer,
                }),
                bots_id.0,
                chat_instance,
            );
            update.data = Some(data);
            types::Update::BotCallbackQuery(Box::new(update))
        }
        _ => {
            let (owner, id) = match letter.from {
                PeerId::User(author) if author != user => {
                    let own = copies.iter().find(|(holder, _)| *holder == author);
                    *own.ok_or(Error::MESSAGE_ID_INVALID)?
                }
                _ => (user, id),
            };
            let mut update = constructors::UpdateInlineBotCallbackQuery::new(
                query_id,
                user.0,
                inline_message_id(context, bot, owner, id),
                chat_instance,
            );
            update.data = Some(data);
            types::Update::InlineBotCallbackQuery(Box::new(update))
        }
    };
    let ask = messenger.publish_unlogged(bot, None, vec![update], context.now);
    let answer = callbacks
        .ask(query_id, bot, ask)
        .await?
        .ok_or(Error::BOT_RESPONSE_TIMEOUT)?;
    callbacks.keep(key, answer.clone(), answer.cache_time, context.now);
    Ok(answer)
}

/// messages.setBotCallbackAnswer
pub(super) async fn set_bot_callback_answer(
    context: &Context<'_>,
    request: functions::messages::SetBotCallbackAnswer,
) -> Result<bool> {
    let bot = context.user()?;
    let callbacks = &context.services.callbacks;
    if !callbacks.is_open(request.query_id, bot) {
        return Err(Error::QUERY_ID_INVALID);
    }
    let message = request.message.filter(|text| !text.is_empty());
    let url = request.url.filter(|url| !url.is_empty());
    if message
        .as_ref()
        .is_some_and(|text| text.chars().count() > ANSWER_CHARS_MAX)
    {
        return Err(Error::MESSAGE_TOO_LONG);
    }
    if let Some(url) = &url {
        let (user, _) = context
            .messenger()
            .bot(bot)
            .await?
            .ok_or(Error::USER_BOT_REQUIRED)?;
        let name = user.username.as_deref().unwrap_or_default();
        check_own_link(url, name)?;
    }
    let answer = types::messages::BotCallbackAnswer {
        alert: request.alert,
        has_url: url.is_some(),
        native_ui: true,
        message: message.map(|text| text.detached()),
        url: url.map(|url| url.detached()),
        cache_time: request.cache_time.max(0),
    };
    if callbacks.answer(request.query_id, bot, answer) {
        Ok(true)
    } else {
        Err(Error::QUERY_ID_INVALID)
    }
}

/// A bot may open only links to itself.
fn check_own_link(url: &str, username: &str) -> Result<()> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or(url);
    let named = rest
        .strip_prefix("t.me/")
        .and_then(|rest| rest.split_once('?'))
        .map(|(name, _)| name);
    match named {
        Some(name) if !username.is_empty() && name.eq_ignore_ascii_case(username) => Ok(()),
        _ => Err(Error::URL_INVALID),
    }
}

/// Whether a message has a button with exactly these data; if so, whether it asks for the password.
fn pressed(markup: Option<&ReplyMarkup>, wanted: &Bytes) -> Option<bool> {
    let Some(ReplyMarkup::ReplyInlineMarkup { rows, .. }) = markup else {
        return None;
    };
    rows.iter()
        .flat_map(|row| &row.buttons)
        .find_map(|button| match &button.type_ {
            InlineButtonType::Callback {
                requires_password,
                data,
            } if data == wanted => Some(*requires_password),
            _ => None,
        })
}

/// What all presses of buttons in one chat have in common.
fn chat_instance(context: &Context<'_>, bot: UserId, user: UserId, peer: PeerId) -> i64 {
    let access = &context.messenger().access;
    let chat = match peer {
        // Both sides of a private chat are in the same one.
        PeerId::User(other) => access.other(CHAT_INSTANCE, user.min(other), user.max(other).0),
        PeerId::Chat(id) => id.0,
        PeerId::Channel(id) => id.0,
    };
    access.other(CHAT_INSTANCE, bot, chat)
}

/// By what a bot names a message that it made for somebody.
pub(super) fn inline_message_id(
    context: &Context<'_>,
    bot: UserId,
    owner: UserId,
    id: MsgId,
) -> types::InputBotInlineMessageID {
    types::InputBotInlineMessageID::InputBotInlineMessageID64 {
        dc_id: context.messenger().dc_id(),
        owner_id: owner.0,
        id: id.0,
        access_hash: inline_hash(context, bot, owner, id),
    }
}

fn inline_hash(context: &Context<'_>, bot: UserId, owner: UserId, id: MsgId) -> i64 {
    let access = &context.messenger().access;
    let of_bot = access.other(INLINE_MESSAGE, bot, owner.0);
    access.other(INLINE_MESSAGE, UserId(of_bot), id.0.into())
}

/// The message that a bot names, by its owner's id.
pub(super) fn named_inline_message(
    context: &Context<'_>,
    bot: UserId,
    name: &types::InputBotInlineMessageID,
) -> Result<(UserId, MsgId)> {
    match *name {
        types::InputBotInlineMessageID::InputBotInlineMessageID64 {
            owner_id,
            id,
            access_hash,
            ..
        } => {
            let (owner, id) = (UserId(owner_id), MsgId(id));
            if inline_hash(context, bot, owner, id) == access_hash {
                Ok((owner, id))
            } else {
                Err(Error::MESSAGE_ID_INVALID)
            }
        }
        types::InputBotInlineMessageID::InputBotInlineMessageID { .. } => {
            Err(Error::MESSAGE_ID_INVALID)
        }
    }
}
