//! Commands of bots, in scopes and languages (2.3).

use bytes::Bytes;
use store::{MailboxId, PeerId, UserId};
use tl_api::{NEWEST_LAYER, constructors, functions, types};

use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most commands of one list.
const COMMANDS_MAX: usize = 100;
/// The longest command, bytes, and the longest description of one, characters.
const COMMAND_LEN_MAX: usize = 32;
const DESCRIPTION_CHARS_MAX: usize = 256;

/// bots.setBotCommands
pub(super) async fn set_bot_commands(
    context: &Context<'_>,
    request: functions::bots::SetBotCommands,
) -> Result<bool> {
    let bot = context.user()?;
    let key = scope_key(context, &request.scope, &request.lang_code).await?;
    check_commands(&request.commands)?;
    context
        .services
        .put_commands(bot, &key, request.commands)
        .await?;
    tell(context, bot, &request.scope).await?;
    Ok(true)
}

/// bots.resetBotCommands
pub(super) async fn reset_bot_commands(
    context: &Context<'_>,
    request: functions::bots::ResetBotCommands,
) -> Result<bool> {
    let bot = context.user()?;
    let key = scope_key(context, &request.scope, &request.lang_code).await?;
    context.services.put_commands(bot, &key, Vec::new()).await?;
    tell(context, bot, &request.scope).await?;
    Ok(true)
}

/// bots.getBotCommands
pub(super) async fn get_bot_commands(
    context: &Context<'_>,
    request: functions::bots::GetBotCommands,
) -> Result<Vec<types::BotCommand>> {
    let bot = context.user()?;
    let key = scope_key(context, &request.scope, &request.lang_code).await?;
    context.services.commands(bot, &key).await
}

pub(super) fn check_commands(commands: &[types::BotCommand]) -> Result<()> {
    if commands.len() > COMMANDS_MAX {
        return Err(Error::BOT_COMMANDS_TOO_MUCH);
    }
    for command in commands {
        let fits = (1..=COMMAND_LEN_MAX).contains(&command.command.len())
            && command
                .command
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
        if !fits {
            return Err(Error::BOT_COMMAND_INVALID);
        }
        let len = command.description.chars().count();
        if !(1..=DESCRIPTION_CHARS_MAX).contains(&len) {
            return Err(Error::BOT_COMMAND_DESCRIPTION_INVALID);
        }
    }
    Ok(())
}

/// A language is named by two small letters; none stands for all others.
pub(super) fn check_lang(lang: &str) -> Result<()> {
    let fits = lang.is_empty() || lang.len() == 2 && lang.bytes().all(|c| c.is_ascii_lowercase());
    if fits {
        Ok(())
    } else {
        Err(Error::LANG_CODE_INVALID)
    }
}

async fn scope_key(
    context: &Context<'_>,
    scope: &types::BotCommandScope,
    lang: &str,
) -> Result<String> {
    use types::BotCommandScope as Scope;
    check_lang(lang)?;
    let scope = match scope {
        Scope::Default {} => "default".to_owned(),
        Scope::Users {} => "users".to_owned(),
        Scope::Chats {} => "chats".to_owned(),
        Scope::ChatAdmins {} => "chat-admins".to_owned(),
        Scope::Peer { peer } => of_peer(context.peer(peer).await?),
        Scope::PeerAdmins { peer } => of_admins(group(context, peer).await?),
        Scope::PeerUser(scope) => {
            let peer = group(context, &scope.peer).await?;
            of_member(peer, context.input_user(&scope.user_id).await?)
        }
    };
    Ok(format!("{scope}/{lang}"))
}

async fn group(context: &Context<'_>, peer: &types::InputPeer) -> Result<PeerId> {
    match context.peer(peer).await? {
        PeerId::User(_) => Err(Error::PEER_ID_INVALID),
        peer @ (PeerId::Chat(_) | PeerId::Channel(_)) => Ok(peer),
    }
}

fn of_peer(peer: PeerId) -> String {
    let (kind, id) = peer.parts();
    format!("peer/{kind}/{id}")
}

fn of_admins(peer: PeerId) -> String {
    let (kind, id) = peer.parts();
    format!("peer-admins/{kind}/{id}")
}

fn of_member(peer: PeerId, user: UserId) -> String {
    let (kind, id) = peer.parts();
    format!("peer-user/{kind}/{id}/{user}")
}

fn lists(bot: UserId) -> String {
    format!("bot-commands/{bot}")
}

impl Services {
    async fn commands(&self, bot: UserId, key: &str) -> Result<Vec<types::BotCommand>> {
        let stored = self.store.setting(lists(bot), key.to_owned()).await?;
        match stored.filter(|setting| !setting.body.is_empty()) {
            Some(setting) => {
                tl::from_bytes(&setting.body).map_err(|_| Error::INTERNAL_SERVER_ERROR)
            }
            None => Ok(Vec::new()),
        }
    }

    /// Replaces one list of commands.
    pub(super) async fn put_commands(
        &self,
        bot: UserId,
        key: &str,
        commands: Vec<types::BotCommand>,
    ) -> Result<()> {
        let body = if commands.is_empty() {
            Bytes::new()
        } else {
            tl::to_bytes(&commands, tl::Layer(NEWEST_LAYER))
                .map_err(|_| Error::INTERNAL_SERVER_ERROR)?
        };
        self.messenger
            .overwrite_setting(&lists(bot), key, body)
            .await?;
        self.messenger.change_bot(bot, |_, _| {}).await?;
        Ok(())
    }
}

/// The commands that `viewer` is shown in a chat with a bot: the first list that is not empty.
pub(crate) async fn shown_commands(
    services: &Services,
    bot: UserId,
    viewer: UserId,
    peer: PeerId,
    lang: &str,
) -> Result<Vec<types::BotCommand>> {
    let mut scopes = Vec::new();
    match peer {
        PeerId::User(_) => {
            scopes.push(of_peer(PeerId::User(viewer)));
            scopes.push("users".to_owned());
        }
        PeerId::Chat(id) => {
            let chat = services.messenger.chat(id).await?;
            let is_admin = chat.is_some_and(|chat| chat.is_admin(viewer));
            scopes.push(of_member(peer, viewer));
            if is_admin {
                scopes.push(of_admins(peer));
            }
            scopes.push(of_peer(peer));
            if is_admin {
                scopes.push("chat-admins".to_owned());
            }
            scopes.push("chats".to_owned());
        }
        PeerId::Channel(_) => {
            scopes.push(of_member(peer, viewer));
            scopes.push(of_peer(peer));
            scopes.push("chats".to_owned());
        }
    }
    scopes.push("default".to_owned());
    for scope in scopes {
        for lang in [lang, ""] {
            let commands = services.commands(bot, &format!("{scope}/{lang}")).await?;
            if !commands.is_empty() {
                return Ok(commands);
            }
            if lang.is_empty() {
                break;
            }
        }
    }
    Ok(Vec::new())
}

/// Tells the users concerned that have the chat at hand.
async fn tell(context: &Context<'_>, bot: UserId, scope: &types::BotCommandScope) -> Result<()> {
    use types::BotCommandScope as Scope;
    let messenger = context.messenger();
    let mut told: Vec<(UserId, PeerId)> = Vec::new();
    match scope {
        Scope::Default {} | Scope::Users {} => {
            let dialogs = context.services.store.dialogs(MailboxId::User(bot)).await?;
            told.extend(dialogs.into_iter().filter_map(|dialog| match dialog.peer {
                PeerId::User(user) => Some((user, PeerId::User(bot))),
                PeerId::Chat(_) | PeerId::Channel(_) => None,
            }));
        }
        Scope::Peer { peer } | Scope::PeerAdmins { peer } => match context.peer(peer).await? {
            PeerId::User(user) => told.push((user, PeerId::User(bot))),
            PeerId::Chat(id) => {
                let chat = messenger.chat_of(bot, id).await?;
                let members = chat.members.iter();
                told.extend(members.map(|member| (UserId(member.user), PeerId::Chat(id))));
            }
            PeerId::Channel(_) => {}
        },
        Scope::PeerUser(scope) => {
            let peer = context.peer(&scope.peer).await?;
            told.push((context.input_user(&scope.user_id).await?, peer));
        }
        Scope::Chats {} | Scope::ChatAdmins {} => {}
    }
    told.retain(|(user, _)| *user != bot && messenger.publisher().is_watched(*user));
    for (user, peer) in told {
        let update = constructors::UpdateBotCommands {
            peer: messenger::tl_peer(peer),
            bot_id: bot.0,
            commands: shown_commands(context.services, bot, user, peer, "").await?,
        };
        let update = types::Update::BotCommands(Box::new(update));
        messenger
            .publish_unlogged(user, None, vec![update], context.now)
            .await?;
    }
    Ok(())
}
