//! Who is shown what happens in a channel: the members that have a session.

use std::collections::{BTreeMap, HashSet};

use dashmap::DashMap;
use store::{ChannelId, PeerId, UserId};
use tl_api::types;

use super::member::Standing;
use crate::Messenger;
use crate::error::Result;
use crate::link::Shared;
use crate::peer::Peers;
use crate::publish::Actor;
use crate::time::Now;

/// Members with a session, by channel, and their channels.
#[derive(Default)]
pub(crate) struct Watchers {
    channels: DashMap<ChannelId, HashSet<UserId>>,
    users: DashMap<UserId, HashSet<ChannelId>>,
}

impl Watchers {
    fn is_known(&self, user: UserId) -> bool {
        self.users.contains_key(&user)
    }

    /// A member has come. Whoever has no session is of no interest.
    pub(crate) fn join(&self, channel: ChannelId, user: UserId) {
        if let Some(mut watched) = self.users.get_mut(&user) {
            watched.insert(channel);
            self.channels.entry(channel).or_default().insert(user);
        }
    }

    /// A member has gone.
    pub(crate) fn leave(&self, channel: ChannelId, user: UserId) {
        if let Some(mut watched) = self.users.get_mut(&user) {
            watched.remove(&channel);
        }
        if let Some(mut watchers) = self.channels.get_mut(&channel) {
            watchers.remove(&user);
        }
        self.channels
            .remove_if(&channel, |_, watchers| watchers.is_empty());
    }

    fn forget(&self, user: UserId) {
        if let Some((_, watched)) = self.users.remove(&user) {
            for channel in watched {
                self.leave(channel, user);
            }
        }
    }

    /// Who watches a channel now.
    pub(crate) fn of(&self, channel: ChannelId) -> Vec<UserId> {
        self.channels
            .get(&channel)
            .map(|watchers| watchers.iter().copied().collect())
            .unwrap_or_default()
    }
}

impl Messenger {
    /// A session of the user wants updates: from now on it is shown what happens in their channels.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn watch_channels(&self, user: UserId) -> Result<()> {
        if self.watchers.is_known(user) {
            return Ok(());
        }
        // First known, then looked up: who joins meanwhile is not missed.
        self.watchers.users.entry(user).or_default();
        for id in self.channels_of(user).await? {
            self.watchers.join(id, user);
        }
        Ok(())
    }

    /// The channels that a user is a member of.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channels_of(&self, user: UserId) -> Result<Vec<ChannelId>> {
        let mut channels = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.chats_of(user, after, 1000).await?;
            for peer in &page {
                if let PeerId::Channel(id) = peer
                    && self
                        .channel_member(*id, user)
                        .await?
                        .is_some_and(|member| member.present)
                {
                    channels.push(*id);
                }
            }
            match page.last() {
                Some(last) if page.len() == 1000 => after = Some(*last),
                _ => return Ok(channels),
            }
        }
    }

    /// Shows what has happened in a channel to everybody who watches it but the actor.
    pub(crate) async fn show_to_watchers(
        &self,
        actor: UserId,
        channel: ChannelId,
        updates: &[types::Update],
        shared: &BTreeMap<i32, Shared>,
        now: Now,
    ) -> Result<()> {
        if updates.is_empty() {
            return Ok(());
        }
        for user in self.watchers.of(channel) {
            if user == actor {
                continue;
            }
            if !self.publisher.is_watched(user) {
                self.watchers.forget(user);
                continue;
            }
            let personal = self
                .personal(user, channel, updates, shared, false, now)
                .await?;
            if !personal.is_empty() {
                let updates = self.updates(user, personal, &Peers::default(), now).await?;
                self.publisher
                    .publish(user, None, types::Updates::Updates(Box::new(updates)));
            }
        }
        Ok(())
    }

    /// Tells everybody who watches a channel something that is in no log, the actor's own session
    /// excepted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_watchers(
        &self,
        actor: Actor,
        channel: ChannelId,
        update: &types::Update,
        now: Now,
    ) -> Result<()> {
        for user in self.watchers.of(channel) {
            let except = (user == actor.user).then_some(actor);
            self.publish_unlogged(user, except, vec![update.clone()], now)
                .await?;
        }
        Ok(())
    }
}

impl Messenger {
    /// Tells everybody else who watches a channel something that is in no log.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tell_other_watchers(
        &self,
        user: UserId,
        channel: ChannelId,
        update: &types::Update,
        now: Now,
    ) -> Result<()> {
        for other in self.watchers.of(channel) {
            if other != user && !self.is_bot(other).await? {
                self.publish_unlogged(other, None, vec![update.clone()], now)
                    .await?;
            }
        }
        Ok(())
    }

    /// How many members of a supergroup are online, the caller among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn channel_onlines(&self, standing: &Standing, now: Now) -> Result<i32> {
        if !standing.channel.megagroup {
            return Ok(0);
        }
        let mut onlines = i32::from(standing.is_member());
        for user in self.watchers.of(standing.channel.channel_id()) {
            if user != standing.user {
                let status = self.status(user, user, now).await?;
                onlines += i32::from(matches!(status, types::UserStatus::Online { .. }));
            }
        }
        Ok(onlines)
    }
}
