//! Basic groups: made, changed, left (B.9).

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use store::{ChatId, MailboxId, Member, MsgId, PeerId, UserId};
use tl_api::{constructors, types};

use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Batch;
use crate::membership::{participant, tell_bots};
use crate::name::{clean_group_about, clean_title};
use crate::privacy::PrivacyKey;
use crate::publish::Actor;
use crate::record::{Chat, ChatMember};
use crate::right;
use crate::send::{Audience, Parcel};
use crate::show::banned_rights;
use crate::time::Now;

/// The most members of a basic group.
const MEMBERS_MAX: usize = 200;

/// Roles in the list of members.
const MEMBER: u8 = 0;

/// Why a group is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The text about the group is as it was.
    #[error("the text about the group is the same")]
    AboutSame,
    /// The text about the group is too long.
    #[error("the text about the group is too long")]
    AboutTooLong,
    /// The user is a member already.
    #[error("the user is a member")]
    AlreadyMember,
    /// The group is full.
    #[error("the group is full")]
    Full,
    /// The user is no member.
    #[error("the user is no member")]
    NotMember,
    /// The group is as it was.
    #[error("the group is the same")]
    Same,
    /// There is no title.
    #[error("a group needs a title")]
    TitleEmpty,
    /// The user was removed and comes back only by an admin.
    #[error("the user was removed")]
    Removed,
}

/// What an invitation came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Invited {
    /// The updates of the one who invited.
    pub updates: constructors::Updates,
    /// Who does not want to be brought into groups by them.
    pub missing: Vec<UserId>,
}

impl Messenger {
    /// Makes a group of the actor and others (G1). `id` is a new one, `random_id` random.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn found_chat(
        &self,
        actor: Actor,
        id: ChatId,
        random_id: i64,
        title: &str,
        users: &[UserId],
        now: Now,
    ) -> Result<Invited> {
        let title = clean_title(title).ok_or(ChatError::TitleEmpty)?;
        let (wanted, missing) = self.invitable(actor.user, users).await?;
        if wanted.len() >= MEMBERS_MAX {
            return Err(ChatError::Full.into());
        }
        let mut members = Vec::with_capacity(wanted.len() + 1);
        for user in std::iter::once(actor.user).chain(wanted.iter().copied()) {
            members.push(ChatMember {
                user: user.0,
                inviter: actor.user.0,
                date: now.unix_s(),
                admin: false,
                bot: self.is_bot(user).await?,
            });
        }
        let chat = Chat {
            id: id.0,
            title: title.clone(),
            creator: actor.user.0,
            created: now.unix_s(),
            version: 1,
            members,
            ..Chat::default()
        };
        let chat = self.create_chat(chat).await?;
        for user in members_of(&chat) {
            self.list_member(&chat, user, now).await?;
        }
        let create = constructors::MessageActionChatCreate {
            title: title.into(),
            users: wanted.iter().map(|user| user.0).collect(),
        };
        let action = types::MessageAction::ChatCreate(Box::new(create));
        let mut parcel = Parcel::service(action, now);
        parcel.random_id = random_id;
        let audience = audience(&chat, members_of(&chat));
        let mut batch = self.open_for(&audience.holders, now).await?;
        for user in &audience.holders {
            batch.user(*user).note(participants_update(&chat))?;
        }
        self.put(&mut batch, actor.user, &audience, parcel).await?;
        for bot in chat.members.iter().filter(|member| member.bot) {
            tell_bots(&mut batch, &chat, actor.user, None, Some(bot)).await?;
        }
        let updates = batch.commit(actor, None, Bytes::new()).await?.updates()?;
        Ok(Invited { updates, missing })
    }

    /// Brings a user into a group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn add_chat_user(
        &self,
        actor: Actor,
        id: ChatId,
        user: UserId,
        now: Now,
    ) -> Result<Invited> {
        let chat = self.chat_of(actor.user, id).await?;
        if !right::may(&chat, actor.user, right::INVITE_USERS) {
            return Err(Error::AdminRequired);
        }
        let (wanted, missing) = self.invitable(actor.user, &[user]).await?;
        if wanted.is_empty() && !missing.is_empty() {
            let updates = self
                .updates(actor.user, Vec::new(), &crate::Peers::default(), now)
                .await?;
            return Ok(Invited { updates, missing });
        }
        let action = types::MessageAction::ChatAddUser {
            users: vec![user.0],
        };
        let updates = self.join(actor, id, user, actor.user, action, now).await?;
        Ok(Invited { updates, missing })
    }

    /// Adds a member and says so to all.
    pub(crate) async fn join(
        &self,
        actor: Actor,
        id: ChatId,
        user: UserId,
        inviter: UserId,
        action: types::MessageAction,
        now: Now,
    ) -> Result<constructors::Updates> {
        let bot = self.is_bot(user).await?;
        let join = |chat: &mut Chat| {
            if chat.deactivated {
                return Err(Error::ChatWriteForbidden);
            }
            if chat.member(user).is_some() {
                return Err(ChatError::AlreadyMember.into());
            }
            if chat.members.len() >= MEMBERS_MAX {
                return Err(ChatError::Full.into());
            }
            if chat.removed.contains(&user.0) && !chat.is_admin(actor.user) {
                return Err(ChatError::Removed.into());
            }
            chat.members.push(ChatMember {
                user: user.0,
                inviter: inviter.0,
                date: now.unix_s(),
                admin: false,
                bot,
            });
            chat.left.retain(|left| *left != user.0);
            chat.removed.retain(|removed| *removed != user.0);
            chat.version += 1;
            Ok(())
        };
        let (mut batch, chat) = self.change_with_mailboxes(id, &[user], join, now).await?;
        self.list_member(&chat, user, now).await?;
        let audience = audience(&chat, members_of(&chat));
        for member in &audience.holders {
            batch.user(*member).note(participants_update(&chat))?;
        }
        tell_bots(&mut batch, &chat, actor.user, None, chat.member(user)).await?;
        self.put(
            &mut batch,
            actor.user,
            &audience,
            Parcel::service(action, now),
        )
        .await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Takes a user out of a group, or lets the actor leave it; with `revoke_history` what they
    /// wrote goes as well.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn delete_chat_user(
        &self,
        actor: Actor,
        id: ChatId,
        user: UserId,
        revoke_history: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let remove = |chat: &mut Chat| {
            if chat.deactivated {
                return Err(Error::ChatWriteForbidden);
            }
            let by = actor.user;
            check_removal(chat, by, user)?;
            chat.members.retain(|member| member.user != user.0);
            if user == by {
                chat.left.push(user.0);
            } else {
                chat.removed.push(user.0);
            }
            chat.version += 1;
            Ok(())
        };
        let known = self.chat_of(actor.user, id).await?;
        check_removal(&known, actor.user, user)?;
        if revoke_history {
            self.revoke_messages_of(actor, id, user, now).await?;
        }
        let (mut batch, chat) = self.change_with_mailboxes(id, &[user], remove, now).await?;
        self.store.remove_member(PeerId::Chat(id), user).await?;
        let mut holders = members_of(&chat);
        holders.push(user);
        for member in members_of(&chat) {
            batch.user(member).note(participants_update(&chat))?;
        }
        tell_bots(&mut batch, &chat, actor.user, known.member(user), None).await?;
        let action = types::MessageAction::ChatDeleteUser { user_id: user.0 };
        let audience = audience(&chat, holders);
        self.put(
            &mut batch,
            actor.user,
            &audience,
            Parcel::service(action, now),
        )
        .await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Gives a group another title.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_title(
        &self,
        actor: Actor,
        id: ChatId,
        title: &str,
        now: Now,
    ) -> Result<constructors::Updates> {
        let title = clean_title(title).ok_or(ChatError::TitleEmpty)?;
        let action = types::MessageAction::ChatEditTitle {
            title: title.as_str().into(),
        };
        let change = |chat: &mut Chat| {
            check_right(chat, actor.user, right::CHANGE_INFO)?;
            if chat.title == title {
                return Err(ChatError::Same.into());
            }
            chat.title.clone_from(&title);
            Ok(())
        };
        self.change_and_say(actor, id, change, action, now).await
    }

    /// Refuses whoever may not change title and photo of a group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn check_chat_info(&self, user: UserId, id: ChatId) -> Result<()> {
        let chat = self.chat_of(user, id).await?;
        check_right(&chat, user, right::CHANGE_INFO)
    }

    /// Gives a group another photo, or none.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_photo(
        &self,
        actor: Actor,
        id: ChatId,
        photo: Option<(crate::Photo, types::Photo)>,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (kept, action) = match photo {
            Some((kept, photo)) => (Some(kept), types::MessageAction::ChatEditPhoto { photo }),
            None => (None, types::MessageAction::ChatDeletePhoto {}),
        };
        let change = |chat: &mut Chat| {
            check_right(chat, actor.user, right::CHANGE_INFO)?;
            if chat.photo.is_none() && kept.is_none() {
                return Err(ChatError::Same.into());
            }
            chat.photo.clone_from(&kept);
            Ok(())
        };
        self.change_and_say(actor, id, change, action, now).await
    }

    async fn change_and_say(
        &self,
        actor: Actor,
        id: ChatId,
        change: impl FnMut(&mut Chat) -> Result<()> + Send,
        action: types::MessageAction,
        now: Now,
    ) -> Result<constructors::Updates> {
        self.chat_of(actor.user, id).await?;
        let (mut batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        let audience = audience(&chat, members_of(&chat));
        self.put(
            &mut batch,
            actor.user,
            &audience,
            Parcel::service(action, now),
        )
        .await?;
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Changes the text about a group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_about(
        &self,
        actor: Actor,
        id: ChatId,
        about: &str,
        now: Now,
    ) -> Result<()> {
        let about = clean_group_about(about).ok_or(ChatError::AboutTooLong)?;
        let change = |chat: &mut Chat| {
            check_right(chat, actor.user, right::CHANGE_INFO)?;
            if chat.about == about {
                return Err(ChatError::AboutSame.into());
            }
            about.clone_into(&mut chat.about);
            Ok(())
        };
        self.chat_of(actor.user, id).await?;
        let (mut batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        for member in members_of(&chat) {
            batch
                .user(member)
                .say(types::Update::Chat { chat_id: id.0 });
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Makes a member an admin, or not any more.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_admin(
        &self,
        actor: Actor,
        id: ChatId,
        user: UserId,
        admin: bool,
        now: Now,
    ) -> Result<()> {
        let change = |chat: &mut Chat| {
            if chat.creator != actor.user.0 {
                return Err(Error::AdminRequired);
            }
            if user == actor.user {
                return Err(Error::UserUnknown);
            }
            let mut members = chat.members.iter_mut();
            let member = members
                .find(|member| member.user == user.0)
                .ok_or(ChatError::NotMember)?;
            if member.admin != admin {
                member.admin = admin;
                chat.version += 1;
            }
            Ok(())
        };
        let before = self.chat_of(actor.user, id).await?;
        let (mut batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        if chat.version == before.version {
            return Ok(());
        }
        for member in members_of(&chat) {
            batch
                .user(member)
                .note(types::Update::ChatParticipantAdmin {
                    chat_id: id.0,
                    user_id: user.0,
                    is_admin: admin,
                    version: chat.version.cast_signed(),
                })?;
        }
        let (was, is) = (before.member(user), chat.member(user));
        tell_bots(&mut batch, &chat, actor.user, was, is).await?;
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// Says what plain members may not do.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn set_chat_banned_rights(
        &self,
        actor: Actor,
        id: ChatId,
        rights: u32,
        now: Now,
    ) -> Result<constructors::Updates> {
        let change = |chat: &mut Chat| {
            if !chat.is_admin(actor.user) {
                return Err(Error::AdminRequired);
            }
            if chat.banned_rights == rights {
                return Err(ChatError::Same.into());
            }
            chat.banned_rights = rights;
            chat.version += 1;
            Ok(())
        };
        self.chat_of(actor.user, id).await?;
        let (mut batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        for member in members_of(&chat) {
            let update = constructors::UpdateChatDefaultBannedRights {
                peer: types::Peer::Chat { chat_id: id.0 },
                default_banned_rights: banned_rights(rights),
                version: chat.version.cast_signed(),
            };
            batch
                .user(member)
                .note(types::Update::ChatDefaultBannedRights(Box::new(update)))?;
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Lets or does not let messages be taken out of a group.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn protect_chat(
        &self,
        actor: Actor,
        id: ChatId,
        protect: bool,
        now: Now,
    ) -> Result<constructors::Updates> {
        let change = |chat: &mut Chat| {
            if chat.creator != actor.user.0 {
                return Err(Error::AdminRequired);
            }
            if chat.noforwards == protect {
                return Err(ChatError::Same.into());
            }
            chat.noforwards = protect;
            Ok(())
        };
        self.chat_of(actor.user, id).await?;
        let (batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        note_chat(batch, &chat, actor).await
    }

    /// Changes what everybody sees of a group but no message tells.
    pub(crate) async fn change_and_note(
        &self,
        actor: Actor,
        id: ChatId,
        now: Now,
        mut change: impl FnMut(&mut Chat) -> Result<()> + Send,
    ) -> Result<constructors::Updates> {
        self.chat_of(actor.user, id).await?;
        let change = |chat: &mut Chat| {
            check_right(chat, actor.user, right::CHANGE_INFO)?;
            change(chat)
        };
        let (batch, chat) = self.change_with_mailboxes(id, &[], change, now).await?;
        note_chat(batch, &chat, actor).await
    }

    /// Closes a group for all.
    ///
    /// # Errors
    /// Why not, or when the store fails.
    pub async fn close_chat(&self, actor: Actor, id: ChatId, now: Now) -> Result<()> {
        let mut removed = Vec::new();
        let change = |chat: &mut Chat| {
            if chat.creator != actor.user.0 {
                return Err(Error::AdminRequired);
            }
            removed = members_of(chat);
            chat.members.clear();
            chat.left.clear();
            chat.deactivated = true;
            chat.version += 1;
            Ok(())
        };
        self.chat_of(actor.user, id).await?;
        let (mut batch, _) = self.change_with_mailboxes(id, &[], change, now).await?;
        for user in removed {
            self.store.remove_member(PeerId::Chat(id), user).await?;
            batch
                .user(user)
                .note(types::Update::Chat { chat_id: id.0 })?;
        }
        batch.commit(actor, None, Bytes::new()).await?;
        Ok(())
    }

    /// A group that the user is or was a member of.
    ///
    /// # Errors
    /// `ChatUnknown`, or when the store fails.
    pub async fn chat_of(&self, user: UserId, id: ChatId) -> Result<Arc<Chat>> {
        let chat = self.chat(id).await?;
        chat.filter(|chat| chat.knows(user) || chat.removed.contains(&user.0))
            .ok_or(Error::ChatUnknown)
    }

    /// The groups that two users are both in, by falling id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn common_chats(&self, user: UserId, other: UserId) -> Result<Vec<Arc<Chat>>> {
        let mut common = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.chats_of(user, after, 1000).await?;
            for peer in &page {
                if let PeerId::Chat(id) = peer
                    && let Some(chat) = self.chat(*id).await?
                    && chat.member(user).is_some()
                    && chat.member(other).is_some()
                {
                    common.push(chat);
                }
            }
            match page.last() {
                Some(last) if page.len() == 1000 => after = Some(*last),
                _ => break,
            }
        }
        common.sort_unstable_by_key(|chat| std::cmp::Reverse(chat.id));
        Ok(common)
    }

    /// Changes a group while the mailboxes of all members, and of `others`, are locked: so that
    /// nobody sends by the members of before.
    pub(crate) async fn change_with_mailboxes(
        &self,
        id: ChatId,
        others: &[UserId],
        mut change: impl FnMut(&mut Chat) -> Result<()> + Send,
        now: Now,
    ) -> Result<(Batch<'_>, Arc<Chat>)> {
        loop {
            let before = self.chat(id).await?.ok_or(Error::ChatUnknown)?;
            let mut users = members_of(&before);
            users.extend(others);
            let batch = self.open_for(&users, now).await?;
            let current = self.chat(id).await?.ok_or(Error::ChatUnknown)?;
            if current.version != before.version {
                continue;
            }
            let chat = self.change_chat(id, &mut change).await?;
            return Ok((batch, chat));
        }
    }

    async fn open_for(&self, users: &[UserId], now: Now) -> Result<Batch<'_>> {
        let mailboxes = users.iter().map(|user| MailboxId::User(*user));
        self.open(mailboxes, now).await
    }

    async fn list_member(&self, chat: &Chat, user: UserId, now: Now) -> Result<()> {
        let member = Member {
            user,
            role: MEMBER,
            date: now.unix_s(),
            facts: Bytes::new(),
        };
        self.store.put_member(chat.peer(), member).await?;
        Ok(())
    }

    /// Splits users into those who may be brought into groups by `by`, and those who do not want
    /// that.
    async fn invitable(&self, by: UserId, users: &[UserId]) -> Result<(Vec<UserId>, Vec<UserId>)> {
        let unique: BTreeSet<UserId> = users.iter().copied().filter(|user| *user != by).collect();
        let (mut wanted, mut missing) = (Vec::new(), Vec::new());
        for user in unique {
            let account = self.user(user).await?.ok_or(Error::UserUnknown)?;
            if account.deleted {
                return Err(crate::send::SendError::Deleted.into());
            }
            if account.bot {
                if account.bot_facts.as_ref().is_some_and(|bot| bot.no_groups) {
                    return Err(crate::bot::BotError::NoGroups.into());
                }
                wanted.push(user);
                continue;
            }
            let may = !self.has_blocked(user, by).await?
                && self.may(by, user, PrivacyKey::ChatInvite).await?;
            if may {
                wanted.push(user);
            } else {
                missing.push(user);
            }
        }
        Ok((wanted, missing))
    }

    /// The newest message of a dialog.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn last_of_dialog(&self, user: UserId, peer: PeerId) -> Result<Option<MsgId>> {
        let query = store::HistoryQuery {
            peer,
            list: store::List::All,
            from: None,
            direction: store::Direction::Older,
            limit: 1,
        };
        let page = self.store.history(MailboxId::User(user), query).await?;
        Ok(page.first().map(|message| message.id))
    }

    /// The newest pinned message of a dialog.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pinned_message(&self, user: UserId, peer: PeerId) -> Result<Option<MsgId>> {
        let query = store::HistoryQuery {
            peer,
            list: store::List::Tag(crate::tag::PINNED),
            from: None,
            direction: store::Direction::Older,
            limit: 1,
        };
        let mailbox = match peer {
            PeerId::Channel(id) => MailboxId::Channel(id),
            PeerId::Chat(_) | PeerId::User(_) => MailboxId::User(user),
        };
        let page = self.store.history(mailbox, query).await?;
        Ok(page.first().map(|message| message.id))
    }
}

/// The members of a group as clients see them.
#[must_use]
pub fn participants(chat: &Chat) -> types::ChatParticipants {
    let participants = chat
        .members
        .iter()
        .map(|member| participant(chat, member))
        .collect();
    types::ChatParticipants::ChatParticipants {
        chat_id: chat.id,
        participants,
        version: chat.version.cast_signed(),
    }
}

fn participants_update(chat: &Chat) -> types::Update {
    types::Update::ChatParticipants(Box::new(constructors::UpdateChatParticipants {
        participants: participants(chat),
    }))
}

/// Tells all members that the group is not what they knew.
async fn note_chat(
    mut batch: Batch<'_>,
    chat: &Chat,
    actor: Actor,
) -> Result<constructors::Updates> {
    for member in members_of(chat) {
        let update = types::Update::Chat { chat_id: chat.id };
        batch.user(member).note(update)?;
    }
    batch.commit(actor, None, Bytes::new()).await?.updates()
}

pub(crate) fn members_of(chat: &Chat) -> Vec<UserId> {
    chat.members
        .iter()
        .map(|member| UserId(member.user))
        .collect()
}

pub(crate) fn audience(chat: &Arc<Chat>, holders: Vec<UserId>) -> Audience {
    Audience {
        peer: chat.peer(),
        chat: Some(Arc::clone(chat)),
        channel: None,
        holders,
    }
}

fn check_removal(chat: &Chat, by: UserId, user: UserId) -> Result<()> {
    let member = chat.member(user).ok_or(ChatError::NotMember)?;
    let may = user == by
        || chat.creator == by.0
        || chat.is_admin(by) && !chat.is_admin(user)
        || chat.member(by).is_some() && member.inviter == by.0 && !chat.is_admin(user);
    if may {
        Ok(())
    } else {
        Err(Error::AdminRequired)
    }
}

fn check_right(chat: &Chat, user: UserId, needed: u32) -> Result<()> {
    if chat.deactivated || chat.member(user).is_none() {
        return Err(Error::ChatWriteForbidden);
    }
    if right::may(chat, user, needed) {
        Ok(())
    } else {
        Err(Error::AdminRequired)
    }
}
