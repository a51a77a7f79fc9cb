//! Peers: their form in the API, and which of them an update names (F21).

use std::collections::BTreeSet;

use store::{ChannelId, ChatId, PeerId, UserId};
use tl_api::types;

/// The peer of an API value.
#[must_use]
pub fn peer_id(peer: &types::Peer) -> PeerId {
    match *peer {
        types::Peer::Channel { channel_id } => PeerId::Channel(ChannelId(channel_id)),
        types::Peer::Chat { chat_id } => PeerId::Chat(ChatId(chat_id)),
        types::Peer::User { user_id } => PeerId::User(UserId(user_id)),
    }
}

/// The API value of a peer.
#[must_use]
pub fn tl_peer(peer: PeerId) -> types::Peer {
    match peer {
        PeerId::Channel(id) => types::Peer::Channel { channel_id: id.0 },
        PeerId::Chat(id) => types::Peer::Chat { chat_id: id.0 },
        PeerId::User(id) => types::Peer::User { user_id: id.0 },
    }
}

/// Everybody whom an answer or an update names: they must come along in `users` and `chats`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    /// Users.
    pub users: BTreeSet<UserId>,
    /// Basic groups.
    pub chats: BTreeSet<ChatId>,
    /// Channels and supergroups.
    pub channels: BTreeSet<ChannelId>,
}
use crate::share::shared_peer;

impl Peers {
    /// Adds a peer.
    pub fn add(&mut self, peer: PeerId) {
        match peer {
            PeerId::Channel(id) => {
                self.channels.insert(id);
            }
            PeerId::Chat(id) => {
                self.chats.insert(id);
            }
            PeerId::User(id) => self.add_user(id.0),
        }
    }

    /// Adds a user; 0 is nobody.
    pub fn add_user(&mut self, id: i64) {
        if id != 0 {
            self.users.insert(UserId(id));
        }
    }

    /// Adds a peer of the API.
    pub fn add_tl(&mut self, peer: &types::Peer) {
        self.add(peer_id(peer));
    }

    /// Adds everybody of another set.
    pub fn extend(&mut self, other: &Self) {
        self.users.extend(&other.users);
        self.chats.extend(&other.chats);
        self.channels.extend(&other.channels);
    }

    /// Adds whom a message names.
    pub fn add_message(&mut self, message: &types::Message) {
        match message {
            types::Message::Message(message) => {
                self.add_tl(&message.peer_id);
                self.add_each(&message.from_id);
                self.add_each(&message.saved_peer_id);
                self.add_user(message.via_bot_id.unwrap_or(0));
                if let Some(header) = &message.fwd_from {
                    self.add_forward(header);
                }
                self.add_reply(message.reply_to.as_ref());
                for entity in message.entities.iter().flatten() {
                    if let types::MessageEntity::MentionName { user_id, .. } = entity {
                        self.add_user(*user_id);
                    }
                }
                match &message.media {
                    Some(types::MessageMedia::Contact(contact)) => self.add_user(contact.user_id),
                    Some(types::MessageMedia::Poll { results, .. }) => self.add_voters(results),
                    _ => {}
                }
                if let Some(replies) = &message.replies {
                    for peer in replies.recent_repliers.iter().flatten() {
                        self.add_tl(peer);
                    }
                }
                if let Some(reactions) = &message.reactions {
                    for reaction in reactions.recent_reactions.iter().flatten() {
                        self.add_tl(&reaction.peer_id);
                    }
                }
            }
            types::Message::Service(message) => {
                self.add_tl(&message.peer_id);
                self.add_each(&message.from_id);
                self.add_each(&message.saved_peer_id);
                self.add_reply(message.reply_to.as_ref());
                self.add_action(&message.action);
            }
            types::Message::Empty { peer_id, .. } => self.add_each(peer_id),
        }
    }

    fn add_voters(&mut self, results: &types::PollResults) {
        let answers = results.results.iter().flatten();
        let of_answers = answers.filter_map(|answer| answer.recent_voters.as_ref());
        for voter in results.recent_voters.iter().chain(of_answers).flatten() {
            self.add_tl(voter);
        }
    }

    fn add_each(&mut self, peer: &Option<types::Peer>) {
        if let Some(peer) = peer {
            self.add_tl(peer);
        }
    }

    fn add_forward(&mut self, header: &types::MessageFwdHeader) {
        self.add_each(&header.from_id);
        self.add_each(&header.saved_from_peer);
        self.add_each(&header.saved_from_id);
    }

    fn add_reply(&mut self, header: Option<&types::MessageReplyHeader>) {
        match header {
            Some(types::MessageReplyHeader::MessageReplyHeader(header)) => {
                self.add_each(&header.reply_to_peer_id);
                if let Some(from) = &header.reply_from {
                    self.add_forward(from);
                }
            }
            Some(types::MessageReplyHeader::MessageReplyStoryHeader { peer, .. }) => {
                self.add_tl(peer);
            }
            None => {}
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "most actions name nobody")]
    fn add_action(&mut self, action: &types::MessageAction) {
        use types::MessageAction as Action;
        match action {
            Action::ChatAddUser { users } => users.iter().for_each(|user| self.add_user(*user)),
            Action::ChatCreate(create) => create.users.iter().for_each(|user| self.add_user(*user)),
            Action::ChatDeleteUser { user_id } => self.add_user(*user_id),
            Action::ChatJoinedByLink { inviter_id } => self.add_user(*inviter_id),
            Action::ChatMigrateTo { channel_id } => {
                self.add(PeerId::Channel(ChannelId(*channel_id)))
            }
            Action::ChannelMigrateFrom { chat_id, .. } => self.add(PeerId::Chat(ChatId(*chat_id))),
            Action::RequestedPeer { peers, .. } => peers.iter().for_each(|peer| self.add_tl(peer)),
            Action::RequestedPeerSentMe { peers, .. } => peers
                .iter()
                .for_each(|peer| self.add_tl(&shared_peer(peer))),
            Action::GeoProximityReached { from_id, to_id, .. } => {
                self.add_tl(from_id);
                self.add_tl(to_id);
            }
            Action::ChangeCreator { new_creator_id }
            | Action::NewCreatorPending { new_creator_id } => {
                self.add_user(*new_creator_id);
            }
            Action::SetMessagesTTL {
                auto_setting_from, ..
            } => {
                self.add_user(auto_setting_from.unwrap_or(0));
            }
            _ => {}
        }
    }

    /// Adds whom an update names.
    #[allow(clippy::wildcard_enum_match_arm, reason = "most updates name nobody")]
    pub fn add_update(&mut self, update: &types::Update) {
        use types::Update;
        match update {
            Update::NewMessage { message, .. }
            | Update::EditMessage { message, .. }
            | Update::NewChannelMessage { message, .. }
            | Update::EditChannelMessage { message, .. }
            | Update::NewScheduledMessage { message } => self.add_message(message),
            Update::DeleteScheduledMessages(deleted) => self.add_tl(&deleted.peer),
            Update::MessageReactions(update) => {
                self.add_tl(&update.peer);
                for reaction in update.reactions.recent_reactions.iter().flatten() {
                    self.add_tl(&reaction.peer_id);
                }
            }
            Update::MessagePoll(update) => {
                self.add_each(&update.peer);
                self.add_voters(&update.results);
            }
            Update::MessagePollVote(vote) => self.add_tl(&vote.peer),
            Update::BotMessageReaction(update) => {
                self.add_tl(&update.peer);
                self.add_tl(&update.actor);
            }
            Update::BotStopped { user_id, .. } => self.add_user(*user_id),
            Update::BotCallbackQuery(query) => {
                self.add_user(query.user_id);
                self.add_tl(&query.peer);
            }
            Update::InlineBotCallbackQuery(query) => self.add_user(query.user_id),
            Update::BotInlineQuery(query) => self.add_user(query.user_id),
            Update::BotInlineSend(sent) => self.add_user(sent.user_id),
            Update::BotCommands(update) => {
                self.add_tl(&update.peer);
                self.add_user(update.bot_id);
            }
            Update::BotMenuButton { bot_id, .. } => self.add_user(*bot_id),
            Update::PeerHistoryTTL { peer, .. } => self.add_tl(peer),
            Update::Encryption(update) => self.add_encrypted_chat(&update.chat),
            Update::ReadHistoryInbox(read) => self.add_tl(&read.peer),
            Update::ReadHistoryOutbox { peer, .. } => self.add_tl(peer),
            Update::UserStatus { user_id, .. }
            | Update::UserPhone { user_id, .. }
            | Update::User { user_id } => {
                self.add_user(*user_id);
            }
            Update::UserName(name) => self.add_user(name.user_id),
            Update::UserTyping(typing) => self.add_user(typing.user_id),
            Update::ChatUserTyping(typing) => {
                self.add(PeerId::Chat(ChatId(typing.chat_id)));
                self.add_tl(&typing.from_id);
            }
            Update::Chat { chat_id } => self.add(PeerId::Chat(ChatId(*chat_id))),
            Update::Channel { channel_id }
            | Update::ChannelAvailableMessages { channel_id, .. }
            | Update::ChannelMessageForwards { channel_id, .. }
            | Update::ChannelMessageViews { channel_id, .. }
            | Update::ChannelTooLong { channel_id, .. }
            | Update::ChannelViewForumAsMessages { channel_id, .. }
            | Update::DeleteChannelMessages { channel_id, .. }
            | Update::ReadChannelDiscussionInbox { channel_id, .. }
            | Update::ReadChannelDiscussionOutbox { channel_id, .. }
            | Update::ReadChannelInbox { channel_id, .. }
            | Update::ReadChannelOutbox { channel_id, .. } => {
                self.add(PeerId::Channel(ChannelId(*channel_id)));
            }
            Update::PinnedChannelMessages(pinned) => {
                self.add(PeerId::Channel(ChannelId(pinned.channel_id)));
            }
            Update::ChannelReadMessagesContents(read) => {
                self.add(PeerId::Channel(ChannelId(read.channel_id)));
            }
            Update::ChannelUserTyping(typing) => {
                self.add(PeerId::Channel(ChannelId(typing.channel_id)));
                self.add_tl(&typing.from_id);
            }
            Update::PendingJoinRequests(pending) => {
                self.add_tl(&pending.peer);
                let waiting = pending.recent_requesters.iter();
                waiting.for_each(|user| self.add_user(*user));
            }
            Update::PinnedForumTopic { peer, .. } | Update::PinnedForumTopics { peer, .. } => {
                self.add_tl(peer)
            }
            Update::ChatParticipant(change) => {
                self.add(PeerId::Chat(ChatId(change.chat_id)));
                self.add_user(change.actor_id);
                self.add_user(change.user_id);
            }
            Update::ChatParticipants(update) => self.add_participants(&update.participants),
            Update::ChatDefaultBannedRights(rights) => self.add_tl(&rights.peer),
            Update::PeerSettings { peer, .. } => self.add_tl(peer),
            Update::PinnedMessages(pinned) => self.add_tl(&pinned.peer),
            Update::DraftMessage(draft) => self.add_tl(&draft.peer),
            Update::PeerBlocked { peer_id, .. } => self.add_tl(peer_id),
            Update::DialogPinned { peer, .. } => self.add_dialog(peer),
            Update::PinnedDialogs { order, .. } => {
                order
                    .iter()
                    .flatten()
                    .for_each(|peer| self.add_dialog(peer));
            }
            Update::DialogUnreadMark(mark) => self.add_dialog(&mark.peer),
            Update::FolderPeers { folder_peers, .. } => {
                folder_peers
                    .iter()
                    .for_each(|folder| self.add_tl(&folder.peer));
            }
            _ => {}
        }
    }

    fn add_encrypted_chat(&mut self, chat: &types::EncryptedChat) {
        let (admin, participant) = match chat {
            types::EncryptedChat::EncryptedChat(chat) => (chat.admin_id, chat.participant_id),
            types::EncryptedChat::Requested(chat) => (chat.admin_id, chat.participant_id),
            types::EncryptedChat::Waiting {
                admin_id,
                participant_id,
                ..
            } => (*admin_id, *participant_id),
            types::EncryptedChat::Discarded { .. } | types::EncryptedChat::Empty { .. } => return,
        };
        self.add_user(admin);
        self.add_user(participant);
    }

    fn add_dialog(&mut self, peer: &types::DialogPeer) {
        if let types::DialogPeer::DialogPeer { peer } = peer {
            self.add_tl(peer);
        }
    }

    /// Adds the members of a group.
    pub fn add_participants(&mut self, participants: &types::ChatParticipants) {
        match participants {
            types::ChatParticipants::ChatParticipants {
                chat_id,
                participants,
                ..
            } => {
                self.add(PeerId::Chat(ChatId(*chat_id)));
                for participant in participants {
                    match participant {
                        types::ChatParticipant::ChatParticipant(member) => {
                            self.add_user(member.user_id);
                            self.add_user(member.inviter_id);
                        }
                        types::ChatParticipant::Admin(member) => {
                            self.add_user(member.user_id);
                            self.add_user(member.inviter_id);
                        }
                        types::ChatParticipant::Creator { user_id, .. } => self.add_user(*user_id),
                    }
                }
            }
            types::ChatParticipants::Forbidden(list) => {
                self.add(PeerId::Chat(ChatId(list.chat_id)));
            }
        }
    }
}
