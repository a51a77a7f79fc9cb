//! Lists of members: kept in the order of joining while they are used (1.5).

use std::sync::{Arc, Mutex, PoisonError};

use store::{ChannelId, PeerId, UserId};

use super::ChannelError;
use super::member::Standing;
use super::record::ChannelMember;
use crate::Messenger;
use crate::error::{Error, Result};
use crate::record::Record as _;
use crate::right;
use crate::time::Now;

/// Which members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberList {
    /// The owner and the admins.
    Admins,
    /// Bots.
    Bots,
    /// Who is restricted, by the beginnings of their names.
    Banned(String),
    /// Contacts of the one who asks, by the beginnings of their names.
    Contacts(String),
    /// Who is banned, by the beginnings of their names.
    Kicked(String),
    /// Who may be mentioned, by the beginnings of their names.
    Mentions(String),
    /// All, the newest first.
    Recent,
    /// By the beginnings of their names.
    Search(String),
}

/// A page of members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberPage {
    /// All members of the list.
    pub count: usize,
    /// Those of the page.
    pub members: Vec<Arc<ChannelMember>>,
}

/// Who is in a channel, and who is kept out, each with the time of it, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    members: Vec<(u32, UserId)>,
    kicked: Vec<(u32, UserId)>,
    restricted: Vec<(u32, UserId)>,
}

impl Roster {
    fn add(&mut self, row: &ChannelMember) {
        let user = UserId(row.user);
        if row.present {
            insert(&mut self.members, (row.date, user));
        }
        if row.banned_rights & right::VIEW_MESSAGES != 0 {
            insert(&mut self.kicked, (row.banned_at, user));
        } else if row.banned_rights != 0 {
            insert(&mut self.restricted, (row.banned_at, user));
        }
    }

    fn remove(&mut self, user: UserId) {
        for list in [&mut self.members, &mut self.kicked, &mut self.restricted] {
            // Who came last is often who goes first.
            if let Some(at) = list.iter().rposition(|(_, other)| *other == user) {
                list.remove(at);
            }
        }
    }
}

fn insert(list: &mut Vec<(u32, UserId)>, entry: (u32, UserId)) {
    let at = list.partition_point(|other| *other < entry);
    list.insert(at, entry);
}

impl Messenger {
    /// The roster is what a row says from now on.
    pub(crate) fn note_in_roster(&self, channel: ChannelId, row: &ChannelMember) {
        if let Some(roster) = self.rosters.get(&channel) {
            let mut roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
            roster.remove(UserId(row.user));
            roster.add(row);
        }
    }

    async fn roster(&self, channel: ChannelId) -> Result<Arc<Mutex<Roster>>> {
        if let Some(roster) = self.rosters.get(&channel) {
            return Ok(roster);
        }
        let before = self.changes();
        let mut roster = Roster::default();
        let mut after = None;
        loop {
            let peer = PeerId::Channel(channel);
            let page = self.store.members(peer, after, 1000).await?;
            for member in &page {
                let row = ChannelMember::from_bytes(&member.facts)?;
                let user = UserId(row.user);
                if row.present {
                    roster.members.push((row.date, user));
                }
                if row.banned_rights & right::VIEW_MESSAGES != 0 {
                    roster.kicked.push((row.banned_at, user));
                } else if row.banned_rights != 0 {
                    roster.restricted.push((row.banned_at, user));
                }
            }
            match page.last() {
                Some(last) if page.len() == 1000 => after = Some(last.user),
                _ => break,
            }
        }
        roster.members.sort_unstable();
        roster.kicked.sort_unstable();
        roster.restricted.sort_unstable();
        let roster = Arc::new(Mutex::new(roster));
        self.rosters.insert(channel, Arc::clone(&roster));
        if self.changes() != before {
            self.rosters.remove(&channel);
        }
        Ok(roster)
    }

    /// How many are banned, and how many restricted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn banned_counts(&self, channel: ChannelId) -> Result<(usize, usize)> {
        let roster = self.roster(channel).await?;
        let roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((roster.kicked.len(), roster.restricted.len()))
    }

    /// A page of one of the lists of members.
    ///
    /// # Errors
    /// `AdminRequired` for who may not see it, or when the store fails.
    pub async fn members_page(
        &self,
        standing: &Standing,
        list: MemberList,
        offset: usize,
        limit: usize,
        now: Now,
    ) -> Result<MemberPage> {
        self.check_list(standing, &list)?;
        let channel = &standing.channel;
        let id = channel.channel_id();
        let all = match &list {
            MemberList::Admins => {
                let mut admins = vec![UserId(channel.creator)];
                admins.extend(channel.admins.iter().copied().map(UserId));
                let mut present = Vec::with_capacity(admins.len());
                for user in admins {
                    let row = self.channel_member(id, user).await?;
                    if row.is_some_and(|row| row.present) {
                        present.push(user);
                    }
                }
                present
            }
            MemberList::Bots => channel.bots.iter().copied().map(UserId).collect(),
            MemberList::Recent => return self.recent_page(id, offset, limit).await,
            MemberList::Banned(text)
            | MemberList::Contacts(text)
            | MemberList::Kicked(text)
            | MemberList::Mentions(text)
            | MemberList::Search(text) => {
                if text.trim().is_empty()
                    && matches!(list, MemberList::Search(_) | MemberList::Mentions(_))
                {
                    return self.recent_page(id, offset, limit).await;
                }
                self.found_members(standing, &list, text, now).await?
            }
        };
        let count = all.len();
        let page = all.into_iter().skip(offset).take(limit);
        let members = self.rows(id, page).await?;
        Ok(MemberPage { count, members })
    }

    fn check_list(&self, standing: &Standing, list: &MemberList) -> Result<()> {
        let may = match list {
            MemberList::Banned(_) | MemberList::Kicked(_) => standing.is_admin(),
            MemberList::Admins | MemberList::Bots => {
                standing.is_admin() || standing.channel.megagroup
            }
            MemberList::Mentions(_) => {
                standing.sees_members()
                    || standing.channel.megagroup && standing.channel.linked != 0
            }
            MemberList::Contacts(_) | MemberList::Recent | MemberList::Search(_) => {
                standing.sees_members()
            }
        };
        if may {
            Ok(())
        } else {
            Err(Error::AdminRequired)
        }
    }

    async fn recent_page(&self, id: ChannelId, offset: usize, limit: usize) -> Result<MemberPage> {
        let (count, page) = {
            let roster = self.roster(id).await?;
            let roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
            let newest = roster.members.iter().rev().skip(offset).take(limit);
            let page: Vec<UserId> = newest.map(|(_, user)| *user).collect();
            (roster.members.len(), page)
        };
        let members = self.rows(id, page.into_iter()).await?;
        Ok(MemberPage { count, members })
    }

    async fn rows(
        &self,
        id: ChannelId,
        users: impl Iterator<Item = UserId> + Send,
    ) -> Result<Vec<Arc<ChannelMember>>> {
        let mut rows = Vec::new();
        for user in users {
            rows.extend(self.channel_member(id, user).await?);
        }
        Ok(rows)
    }

    async fn found_members(
        &self,
        standing: &Standing,
        list: &MemberList,
        text: &str,
        now: Now,
    ) -> Result<Vec<UserId>> {
        let id = standing.channel.channel_id();
        let candidates: Vec<UserId> = {
            let roster = self.roster(id).await?;
            let roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
            let from = match list {
                MemberList::Banned(_) => &roster.restricted,
                MemberList::Kicked(_) => &roster.kicked,
                MemberList::Admins
                | MemberList::Bots
                | MemberList::Contacts(_)
                | MemberList::Mentions(_)
                | MemberList::Recent
                | MemberList::Search(_) => &roster.members,
            };
            from.iter().rev().map(|(_, user)| *user).collect()
        };
        let words = crate::find::fold(text);
        let contacts = self.contacts(standing.user).await?;
        let mut found = Vec::new();
        for user in candidates {
            if matches!(list, MemberList::Contacts(_)) && !contacts.contains_key(&user) {
                continue;
            }
            if matches!(list, MemberList::Banned(_) | MemberList::Kicked(_)) {
                // What has ended goes away by itself.
                let row = self.channel_member(id, user).await?;
                if row.is_none_or(|row| row.restrictions(now.unix_s()) == 0) {
                    continue;
                }
            }
            if words.is_empty()
                || self
                    .is_called(standing.user, PeerId::User(user), &words)
                    .await?
            {
                found.push(user);
            }
        }
        Ok(found)
    }

    /// The row of somebody in a channel, if the caller may see it.
    ///
    /// # Errors
    /// `MembersHidden`, `NotParticipant`, or when the store fails.
    pub async fn participant_row(
        &self,
        standing: &Standing,
        user: UserId,
    ) -> Result<Arc<ChannelMember>> {
        if user != standing.user && !standing.sees_members() {
            return Err(ChannelError::MembersHidden.into());
        }
        let id = standing.channel.channel_id();
        let row = self.channel_member(id, user).await?;
        let is_creator = standing.channel.creator == user.0;
        row.filter(|row| row.present || row.banned_rights != 0 || is_creator)
            .ok_or_else(|| ChannelError::NotParticipant.into())
    }
}
