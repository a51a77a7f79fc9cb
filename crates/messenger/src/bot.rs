//! Bots: what they are, who owns them, by what token they log in (sheet 2.1).

use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use store::{ChatId, MailboxId, PeerId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::account::AccountError;
use crate::counter::Counter;
use crate::error::{Error, Result};
use crate::name::{clean_name, is_username, username_key};
use crate::record::{Chat, User};
use crate::send::Parcel;
use crate::time::Now;

/// The bot that people make bots with. No counter gives its number.
pub const BOT_FATHER: UserId = UserId(93_372_553);
/// The most bots that one user may own.
pub const BOTS_MAX: usize = 20;

const FATHER_USERNAME: &str = "BotFather";
/// Characters of the secret part of a token.
const SECRET_LEN: usize = 35;
/// So many tokens that a bot had before are told from wrong ones.
const OLD_TOKENS: u32 = 32;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The scope of the bot that wrote last in a group; the key is the group.
const LAST_BOT: &str = "last-bot";

/// Why something is not done with a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BotError {
    /// It may not be brought into groups.
    #[error("the bot may not be in groups")]
    NoGroups,
    /// It is no bot of the one who asks.
    #[error("no such bot")]
    NotOwned,
    /// The username of a bot ends in `bot`.
    #[error("the username does not end in bot")]
    SuffixMissing,
    /// It was a token once.
    #[error("the token was revoked")]
    TokenExpired,
    /// It never was a token.
    #[error("the token is wrong")]
    TokenInvalid,
    /// The user owns as many bots as one may.
    #[error("the user owns too many bots")]
    TooMany,
}

/// What a bot has besides what every account has.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct BotFacts {
    /// Who owns it; 0 for the server.
    #[n(0)]
    pub owner: i64,
    /// Which of its tokens is in force; grows with each that is revoked.
    #[n(1)]
    pub token_generation: u32,
    /// Privacy mode is off: it gets all messages of its groups.
    #[n(2)]
    #[cbor(default)]
    pub sees_all: bool,
    /// It may not be brought into groups.
    #[n(3)]
    #[cbor(default)]
    pub no_groups: bool,
    /// Inline mode is on, with this text to show in the empty query.
    #[n(4)]
    pub inline_placeholder: Option<String>,
    /// Inline queries come with the place of the user.
    #[n(5)]
    #[cbor(default)]
    pub inline_geo: bool,
    /// It is told which inline results were sent.
    #[n(6)]
    #[cbor(default)]
    pub inline_feedback: bool,
    /// Grows with what clients keep of it: commands, description, menu.
    #[n(7)]
    #[cbor(default)]
    pub version: u32,
    /// What an empty chat with it shows.
    #[n(8)]
    #[cbor(default)]
    pub description: String,
    /// `BotMenuButton` for all; empty for the default.
    #[n(9)]
    #[cbor(default, with = "minicbor::bytes")]
    pub menu_button: Vec<u8>,
    /// `ChatAdminRights` that it asks for in groups; empty for none.
    #[n(10)]
    #[cbor(default, with = "minicbor::bytes")]
    pub group_rights: Vec<u8>,
    /// `ChatAdminRights` that it asks for in broadcast channels; empty for none.
    #[n(11)]
    #[cbor(default, with = "minicbor::bytes")]
    pub broadcast_rights: Vec<u8>,
}

impl Messenger {
    /// Whether an account is a bot.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_bot(&self, id: UserId) -> Result<bool> {
        Ok(self.user(id).await?.is_some_and(|user| user.bot))
    }

    /// A bot that lives, and what it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bot(&self, id: UserId) -> Result<Option<(Arc<User>, BotFacts)>> {
        let user = self.user(id).await?;
        let user = user.filter(|user| user.bot && !user.deleted);
        Ok(user.map(|user| {
            let facts = user.bot_facts.clone().unwrap_or_default();
            (user, facts)
        }))
    }

    /// Whether a username may be that of a new bot.
    ///
    /// # Errors
    /// `SuffixMissing`, `UsernameInvalid`, `UsernameOccupied`, or when the store fails.
    pub async fn check_bot_username(&self, username: &str) -> Result<()> {
        if !is_username(username) {
            return Err(AccountError::UsernameInvalid.into());
        }
        if !username_key(username).ends_with("bot") {
            return Err(BotError::SuffixMissing.into());
        }
        if self.peer_of_username(username).await?.is_some() {
            return Err(AccountError::UsernameOccupied.into());
        }
        Ok(())
    }

    /// Makes a bot.
    ///
    /// # Errors
    /// `FirstNameInvalid`, those of [`Messenger::check_bot_username`], `TooMany`.
    pub async fn create_bot(
        &self,
        owner: UserId,
        name: &str,
        username: &str,
        now: Now,
    ) -> Result<Arc<User>> {
        let name = clean_name(name)
            .filter(|name| !name.is_empty())
            .ok_or(AccountError::FirstNameInvalid)?;
        self.check_bot_username(username).await?;
        if self.bots_of(owner).await?.len() >= BOTS_MAX {
            return Err(BotError::TooMany.into());
        }
        let id = UserId(self.next_id(Counter::Users).await?);
        self.put_bot(id, owner, &name, username, now).await
    }

    async fn put_bot(
        &self,
        id: UserId,
        owner: UserId,
        name: &str,
        username: &str,
        now: Now,
    ) -> Result<Arc<User>> {
        let key = username_key(username);
        let peer = PeerId::User(id);
        self.claim_username(&key, peer).await?;
        let user = User {
            id: id.0,
            first_name: name.to_owned(),
            username: Some(username.to_owned()),
            created: now.unix_s(),
            bot: true,
            bot_facts: Some(BotFacts {
                owner: owner.0,
                version: 1,
                ..BotFacts::default()
            }),
            ..User::default()
        };
        let user = self.create_user(user, now).await?;
        if owner.0 != 0 {
            let scope = owned_by(owner);
            let is = Bytes::from_static(&[1]);
            self.overwrite_setting(&scope, &id.to_string(), is).await?;
        }
        Ok(user)
    }

    /// The bot that people make bots with; made when it is asked for the first time.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bot_father(&self, now: Now) -> Result<()> {
        if self.user(BOT_FATHER).await?.is_none() {
            let made = self
                .put_bot(BOT_FATHER, UserId(0), FATHER_USERNAME, FATHER_USERNAME, now)
                .await;
            match made {
                // Somebody else was first.
                Ok(_) | Err(Error::Store(store::Error::Conflict(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The bots that a user owns, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bots_of(&self, owner: UserId) -> Result<Vec<UserId>> {
        let listed = self.store.settings(owned_by(owner)).await?;
        let mut bots: Vec<UserId> = listed
            .into_iter()
            .filter(|(_, setting)| !setting.body.is_empty())
            .filter_map(|(id, _)| id.parse().ok().map(UserId))
            .collect();
        bots.sort_unstable();
        Ok(bots)
    }

    /// A bot that `owner` owns.
    ///
    /// # Errors
    /// `NotOwned`, or when the store fails.
    pub async fn owned_bot(&self, owner: UserId, bot: UserId) -> Result<(Arc<User>, BotFacts)> {
        self.bot(bot)
            .await?
            .filter(|(_, facts)| facts.owner == owner.0)
            .ok_or_else(|| BotError::NotOwned.into())
    }

    /// Changes a bot and lets clients know that they have to ask again what it is.
    ///
    /// # Errors
    /// `NotOwned` when it is none, or when the store fails.
    pub async fn change_bot(
        &self,
        bot: UserId,
        mut change: impl FnMut(&mut User, &mut BotFacts) + Send,
    ) -> Result<Arc<User>> {
        self.change_user(bot, |user| {
            let mut facts = user.bot_facts.take().ok_or(BotError::NotOwned)?;
            facts.version += 1;
            change(user, &mut facts);
            user.bot_facts = Some(facts);
            Ok(())
        })
        .await
    }

    /// Deletes a bot; its username stays taken (B6).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_bot(&self, bot: UserId) -> Result<()> {
        let mut owner = UserId(0);
        self.change_user(bot, |user| {
            owner = UserId(user.bot_facts.as_ref().map_or(0, |facts| facts.owner));
            *user = User {
                id: user.id,
                created: user.created,
                deleted: true,
                bot: true,
                ..User::default()
            };
            Ok(())
        })
        .await?;
        self.overwrite_setting(&owned_by(owner), &bot.to_string(), Bytes::new())
            .await
    }

    /// The token in force of a bot (B1). It is derived: nothing that is kept tells it.
    #[must_use]
    pub fn bot_token(&self, bot: UserId, generation: u32) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.options.secret)
            .unwrap_or_else(|_| unreachable!("any length is a key"));
        mac.update(b"bot token");
        mac.update(&bot.0.to_le_bytes());
        mac.update(&generation.to_le_bytes());
        let tag = mac.finalize().into_bytes();
        let mut secret = String::with_capacity(SECRET_LEN);
        let (mut bits, mut len) = (0_u32, 0);
        let mut bytes = tag.iter();
        while secret.len() < SECRET_LEN {
            if len < 6 {
                bits = bits << 8 | bytes.next().copied().map_or(0, u32::from);
                len += 8;
            }
            len -= 6;
            let six = usize::try_from(bits >> len & 63).unwrap_or(0);
            secret.push(char::from(ALPHABET[six]));
        }
        format!("{bot}:{secret}")
    }

    /// The bot that a token logs in (B2).
    ///
    /// # Errors
    /// `TokenInvalid`, `TokenExpired`, or when the store fails.
    pub async fn bot_of_token(&self, token: &str) -> Result<UserId> {
        const INVALID: BotError = BotError::TokenInvalid;
        let (id, _) = token.split_once(':').ok_or(INVALID)?;
        let id = UserId(id.parse().map_err(|_| INVALID)?);
        let (_, facts) = self.bot(id).await?.ok_or(INVALID)?;
        if id == BOT_FATHER {
            return Err(INVALID.into());
        }
        if same(token, &self.bot_token(id, facts.token_generation)) {
            return Ok(id);
        }
        let oldest = facts.token_generation.saturating_sub(OLD_TOKENS);
        let was_one = (oldest..facts.token_generation)
            .any(|generation| same(token, &self.bot_token(id, generation)));
        Err(if was_one {
            BotError::TokenExpired.into()
        } else {
            INVALID.into()
        })
    }

    /// Whether a user has ever written to a bot.
    pub(crate) async fn has_started(&self, bot: UserId, user: UserId) -> Result<bool> {
        let dialog = self.store.dialog(MailboxId::User(bot), PeerId::User(user));
        Ok(dialog.await?.is_some())
    }

    /// Whether a bot may write to a user: it was started and not stopped since.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_be_written_by(&self, bot: UserId, user: UserId) -> Result<bool> {
        Ok(self.has_started(bot, user).await? && !self.has_blocked(user, bot).await?)
    }

    /// The bots among the members of a group that do not get a message (2.2).
    pub(crate) async fn deaf_bots(
        &self,
        sender: UserId,
        chat: &Chat,
        parcel: &Parcel,
    ) -> Result<Vec<UserId>> {
        let bots = chat.members.iter().filter(|member| member.bot);
        let bots: Vec<_> = bots.filter(|member| member.user != sender.0).collect();
        let types::Message::Message(message) = &parcel.message else {
            return Ok(Vec::new());
        };
        if bots.is_empty() {
            return Ok(Vec::new());
        }
        let by_bot = self.is_bot(sender).await?;
        let commands = commands(message.message.as_str(), message.entities.as_deref());
        let mut deaf = Vec::new();
        for member in bots {
            let id = UserId(member.user);
            let Some((bot, facts)) = self.bot(id).await? else {
                deaf.push(id);
                continue;
            };
            let mut hears = !by_bot
                && (facts.sees_all
                    || member.admin
                    || parcel.replied_author == Some(id)
                    || message.via_bot_id == Some(id.0));
            if !by_bot && !hears {
                let name = bot.username.as_deref().unwrap_or_default();
                for command in &commands {
                    hears |= match command {
                        Some(named) => named.eq_ignore_ascii_case(name),
                        None => self.last_bot(chat.chat_id()).await? == Some(id),
                    };
                }
            }
            if !hears {
                deaf.push(id);
            }
        }
        Ok(deaf)
    }

    async fn last_bot(&self, chat: ChatId) -> Result<Option<UserId>> {
        let stored = self
            .store
            .setting(LAST_BOT.into(), chat.to_string())
            .await?;
        Ok(stored
            .and_then(|setting| Some(i64::from_le_bytes(*setting.body.first_chunk()?)))
            .map(UserId))
    }

    /// Notes that a bot was the last one to write in a group: commands without a name are for it.
    pub(crate) async fn bot_wrote(&self, chat: ChatId, bot: UserId) -> Result<()> {
        if self.last_bot(chat).await? == Some(bot) {
            return Ok(());
        }
        let body = Bytes::copy_from_slice(&bot.0.to_le_bytes());
        self.overwrite_setting(LAST_BOT, &chat.to_string(), body)
            .await
    }
}

/// The commands of a text: for each the bot that it names, if it names one.
fn commands<'a>(text: &'a str, entities: Option<&[types::MessageEntity]>) -> Vec<Option<&'a str>> {
    let mut commands = Vec::new();
    for entity in entities.unwrap_or_default() {
        if let types::MessageEntity::BotCommand { offset, length } = entity {
            let start = usize::try_from(*offset).unwrap_or(0);
            let len = usize::try_from(*length).unwrap_or(0);
            let command = utf16_slice(text, start, len);
            commands.push(command.split_once('@').map(|(_, name)| name));
        }
    }
    commands
}

/// The piece of a text that begins at a UTF-16 unit and has so many of them.
fn utf16_slice(text: &str, start: usize, len: usize) -> &str {
    let skip = |text: &str, wanted: usize| {
        let mut units = 0;
        for (index, c) in text.char_indices() {
            if units >= wanted {
                return index;
            }
            units += c.len_utf16();
        }
        text.len()
    };
    let rest = text.get(skip(text, start)..).unwrap_or_default();
    rest.get(..skip(rest, len)).unwrap_or_default()
}

/// Compares secrets without telling by the time it takes where they differ.
fn same(a: &str, b: &str) -> bool {
    let diff = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |diff, (a, b)| diff | (a ^ b));
    a.len() == b.len() && diff == 0
}

fn owned_by(owner: UserId) -> String {
    format!("bots-of/{owner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_bots() {
        let text = "😀/start@alphabot and /help";
        let command = |offset, length| types::MessageEntity::BotCommand { offset, length };
        let entities = [command(2, 15), command(22, 5)];
        assert_eq!(commands(text, Some(&entities)), [Some("alphabot"), None]);
        assert_eq!(utf16_slice(text, 22, 5), "/help");
        assert_eq!(utf16_slice(text, 99, 5), "");
    }
}
