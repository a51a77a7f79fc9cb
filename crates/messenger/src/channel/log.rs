//! What admins have done: kept for two days (1.12).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most actions are treated alike"
)]

use std::sync::atomic::Ordering;

use bytes::{BufMut as _, Bytes, BytesMut};
use store::{ChannelId, MailboxId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, types};

use super::member::Standing;
use super::record::ChannelMember;
use super::show::named_by;
use crate::Messenger;
use crate::error::{Error, Result};
use crate::mailbox::Batch;
use crate::peer::Peers;
use crate::show::Shown;
use crate::time::Now;

/// What the keys begin with in the mailbox of the channel; hour and id follow.
const KEY: &[u8] = b"log";
/// Hours that entries are kept.
const KEPT_H: u32 = 48;
/// Entries forgotten with each new one.
const FORGOTTEN_AT_ONCE: usize = 20;

fn hour_key(hour: u32) -> Bytes {
    let mut key = BytesMut::from(KEY);
    key.put_u32(hour);
    key.freeze()
}

fn key(hour: u32, id: i64) -> Bytes {
    let mut key = BytesMut::from(KEY);
    key.put_u32(hour);
    key.put_i64(id);
    key.freeze()
}

/// Which entries of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Words in messages, titles or names.
    pub text: String,
    /// The bits of `channelAdminLogEventsFilter`; 0 for all.
    pub kinds: u32,
    /// Only of these; empty for all.
    pub admins: Vec<UserId>,
    /// Only lower ids; 0 for any.
    pub max_id: i64,
    /// Only higher ids.
    pub min_id: i64,
    /// How many.
    pub limit: usize,
}

impl Messenger {
    /// Adds an entry to the log of a locked channel.
    pub(crate) async fn log(
        &self,
        batch: &mut Batch<'_>,
        channel: ChannelId,
        user: UserId,
        action: types::ChannelAdminLogEventAction,
        now: Now,
    ) -> Result<()> {
        let least = i64::try_from(now.0 << 10).unwrap_or(i64::MAX);
        let next = |last: i64| Some(least.max(last + 1));
        let last = self
            .log_ids
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .unwrap_or(least);
        let id = least.max(last + 1);
        let event = types::ChannelAdminLogEvent {
            id,
            date: now.date(),
            user_id: user.0,
            action,
        };
        let body = tl::to_bytes(&event, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("a log entry without a form"))?;
        let hour = now.unix_s() / 3600;
        let old = self
            .store
            .mailbox_settings(
                MailboxId::Channel(channel),
                hour_key(hour.saturating_sub(KEPT_H + 1)),
            )
            .await?;
        let draft = batch.draft(MailboxId::Channel(channel));
        draft.put_setting(key(hour, id), Some(body));
        for (old, _) in old.into_iter().take(FORGOTTEN_AT_ONCE) {
            draft.put_setting(old, None);
        }
        Ok(())
    }

    pub(crate) async fn log_invited(
        &self,
        batch: &mut Batch<'_>,
        by: &Standing,
        row: Option<&ChannelMember>,
        now: Now,
    ) -> Result<()> {
        let Some(row) = row else {
            return Ok(());
        };
        let action = types::ChannelAdminLogEventAction::ParticipantInvite {
            participant: self.show_member(by, row, now),
        };
        self.log(batch, by.channel.channel_id(), by.user, action, now)
            .await
    }

    /// Entries of the log, the newest first, with whom they name.
    ///
    /// # Errors
    /// `AdminRequired`, or when the store fails.
    pub async fn admin_log(
        &self,
        standing: &Standing,
        query: &LogQuery,
        now: Now,
    ) -> Result<(Vec<types::ChannelAdminLogEvent>, Shown)> {
        standing.need_that(standing.is_admin())?;
        let channel = standing.channel.channel_id();
        let this_hour = now.unix_s() / 3600;
        let words = crate::find::fold(&query.text);
        let mut events = Vec::new();
        'hours: for ago in 0..=KEPT_H {
            let hour = hour_key(this_hour.saturating_sub(ago));
            let found = self
                .store
                .mailbox_settings(MailboxId::Channel(channel), hour)
                .await?;
            for (_, body) in found.iter().rev() {
                let event: types::ChannelAdminLogEvent =
                    tl::from_bytes(body).map_err(|_| Error::Damaged("a log entry"))?;
                let old = event.date.saturating_add(KEPT_H.cast_signed() * 3600) < now.date();
                if old || event.id <= query.min_id {
                    break 'hours;
                }
                let fits = (query.max_id == 0 || event.id < query.max_id)
                    && (query.kinds == 0 || kind(&event.action) & query.kinds != 0)
                    && (query.admins.is_empty() || query.admins.contains(&UserId(event.user_id)));
                if fits && self.tells(&event, &words).await? {
                    events.push(event);
                }
                if events.len() >= query.limit {
                    break 'hours;
                }
            }
        }
        let mut peers = Peers::default();
        peers.add(standing.channel.peer());
        for event in &events {
            peers.add_user(event.user_id);
            name_action(&event.action, &mut peers);
        }
        for event in &mut events {
            self.show_log_files(standing.user, &mut event.action);
        }
        let shown = self.show(standing.user, &peers, now).await?;
        Ok((events, shown))
    }

    fn show_log_files(&self, viewer: UserId, action: &mut types::ChannelAdminLogEventAction) {
        use types::ChannelAdminLogEventAction as Action;
        match action {
            Action::DeleteMessage { message }
            | Action::UpdatePinned { message }
            | Action::SendMessage { message }
            | Action::StopPoll { message } => self.access.show_files_to(viewer, message),
            Action::EditMessage(edit) => {
                self.access.show_files_to(viewer, &mut edit.prev_message);
                self.access.show_files_to(viewer, &mut edit.new_message);
            }
            _ => {}
        }
    }

    /// Whether an entry has all the words: in its message or title, or the name of who did it.
    async fn tells(&self, event: &types::ChannelAdminLogEvent, words: &[String]) -> Result<bool> {
        use types::ChannelAdminLogEventAction as Action;
        if words.is_empty() {
            return Ok(true);
        }
        let mut text = String::new();
        let mut add = |message: &types::Message| {
            text.push(' ');
            text.push_str(&crate::tag::search_text(message));
        };
        match &event.action {
            Action::DeleteMessage { message }
            | Action::UpdatePinned { message }
            | Action::SendMessage { message }
            | Action::StopPoll { message } => add(message),
            Action::EditMessage(edit) => {
                add(&edit.prev_message);
                add(&edit.new_message);
            }
            Action::ChangeTitle(change) => {
                text = format!("{} {}", change.prev_value, change.new_value);
            }
            Action::ChangeAbout(change) => {
                text = format!("{} {}", change.prev_value, change.new_value);
            }
            Action::ChangeUsername(change) => {
                text = format!("{} {}", change.prev_value, change.new_value);
            }
            _ => {}
        }
        if let Some(user) = self.user(UserId(event.user_id)).await? {
            text.push_str(&format!(" {} {}", user.first_name, user.last_name));
        }
        let text = crate::find::fold(&text);
        Ok(words
            .iter()
            .all(|word| text.iter().any(|other| other.starts_with(word))))
    }
}

/// The bit of `channelAdminLogEventsFilter` that an action belongs to.
fn kind(action: &types::ChannelAdminLogEventAction) -> u32 {
    use types::ChannelAdminLogEventAction as Action;
    let bit = match action {
        Action::ParticipantJoin {}
        | Action::ParticipantJoinByInvite { .. }
        | Action::ParticipantJoinByRequest { .. } => 0,
        Action::ParticipantLeave {} => 1,
        Action::ParticipantInvite { .. } => 2,
        Action::ParticipantToggleBan(change) => {
            return ban_kinds(&change.prev_participant, &change.new_participant);
        }
        Action::ParticipantToggleAdmin(change) => {
            let demoted = !matches!(
                change.new_participant,
                types::ChannelParticipant::Admin(_) | types::ChannelParticipant::Creator(_)
            );
            if demoted { 8 } else { 7 }
        }
        Action::ChangeTitle(_)
        | Action::ChangeAbout(_)
        | Action::ChangeUsername(_)
        | Action::ChangeUsernames(_)
        | Action::ChangePhoto { .. }
        | Action::ChangeStickerSet(_)
        | Action::ChangeEmojiStickerSet(_)
        | Action::ChangeLocation { .. }
        | Action::ChangePeerColor(_)
        | Action::ChangeProfilePeerColor(_)
        | Action::ChangeWallpaper(_)
        | Action::ChangeEmojiStatus(_) => 9,
        Action::UpdatePinned { .. } => 11,
        Action::EditMessage(_) | Action::StopPoll { .. } => 12,
        Action::DeleteMessage { .. } => 13,
        Action::ExportedInviteDelete { .. }
        | Action::ExportedInviteEdit { .. }
        | Action::ExportedInviteRevoke { .. } => 15,
        Action::SendMessage { .. } => 16,
        Action::CreateTopic { .. }
        | Action::EditTopic { .. }
        | Action::DeleteTopic { .. }
        | Action::PinTopic { .. } => 17,
        Action::ParticipantSubExtend(_) => 18,
        Action::ParticipantEditRank(_) => 19,
        Action::DiscardGroupCall { .. }
        | Action::ParticipantMute { .. }
        | Action::ParticipantUnmute { .. }
        | Action::ParticipantVolume { .. }
        | Action::StartGroupCall { .. }
        | Action::ToggleGroupCallSetting { .. } => 14,
        _ => 10,
    };
    1 << bit
}

/// Ban 3, unban 4 for restrictions; kick 5, unkick 6 for looking at all.
fn ban_kinds(before: &types::ChannelParticipant, after: &types::ChannelParticipant) -> u32 {
    let of = |participant: &types::ChannelParticipant| match participant {
        types::ChannelParticipant::Banned(banned) => (true, banned.banned_rights.view_messages),
        _ => (false, false),
    };
    match (of(before), of(after)) {
        (_, (true, true)) => 1 << 3 | 1 << 5,
        ((_, true), (false, _)) => 1 << 4 | 1 << 6,
        (_, (true, false)) => 1 << 3,
        (_, (false, _)) => 1 << 4,
    }
}

fn name_action(action: &types::ChannelAdminLogEventAction, peers: &mut Peers) {
    use types::ChannelAdminLogEventAction as Action;
    match action {
        Action::ParticipantInvite { participant } => name_participant(participant, peers),
        Action::ParticipantToggleBan(change) => {
            name_participant(&change.prev_participant, peers);
            name_participant(&change.new_participant, peers);
        }
        Action::ParticipantToggleAdmin(change) => {
            name_participant(&change.prev_participant, peers);
            name_participant(&change.new_participant, peers);
        }
        Action::ParticipantJoinByRequest { approved_by, .. } => peers.add_user(*approved_by),
        Action::ParticipantEditRank(change) => peers.add_user(change.user_id),
        Action::DeleteMessage { message }
        | Action::UpdatePinned { message }
        | Action::SendMessage { message }
        | Action::StopPoll { message } => peers.add_message(message),
        Action::EditMessage(edit) => {
            peers.add_message(&edit.prev_message);
            peers.add_message(&edit.new_message);
        }
        Action::ChangeLinkedChat {
            prev_value,
            new_value,
        } => {
            for id in [*prev_value, *new_value] {
                if id != 0 {
                    peers.add(store::PeerId::Channel(ChannelId(id)));
                }
            }
        }
        _ => {}
    }
}

fn name_participant(participant: &types::ChannelParticipant, peers: &mut Peers) {
    use types::ChannelParticipant as Participant;
    match participant {
        Participant::ChannelParticipant(member) => peers.add_user(member.user_id),
        Participant::Self_(member) => {
            peers.add_user(member.user_id);
            peers.add_user(member.inviter_id);
        }
        Participant::Creator(member) => peers.add_user(member.user_id),
        Participant::Admin(member) => {
            peers.add_user(member.user_id);
            peers.add_user(member.promoted_by);
            peers.add_user(member.inviter_id.unwrap_or(0));
        }
        Participant::Banned(member) => {
            peers.add_tl(&member.peer);
            peers.add_user(member.kicked_by);
        }
        Participant::Left { peer } => peers.add_tl(peer),
    }
}

/// Members of a page, and whom they name.
pub fn names_of<'m>(rows: impl IntoIterator<Item = &'m ChannelMember>) -> Peers {
    let mut peers = Peers::default();
    for row in rows {
        named_by(row, &mut peers);
    }
    peers
}
