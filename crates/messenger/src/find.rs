//! Finding people and groups by how they are called (Q1, Q2).

use std::collections::BTreeSet;

use store::{MailboxId, PeerId, UserId};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::Messenger;
use crate::error::Result;

/// What a search for people found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPeers {
    /// Contacts and dialogs of the one who searches.
    pub mine: Vec<PeerId>,
    /// Others, by username.
    pub others: Vec<PeerId>,
}

impl Messenger {
    /// Searches contacts, dialogs and usernames; at most `limit` of each kind.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find_peers(
        &self,
        viewer: UserId,
        query: &str,
        limit: usize,
    ) -> Result<FoundPeers> {
        let words = fold(query.trim_start_matches('@'));
        if words.is_empty() {
            return Ok(FoundPeers::default());
        }
        let mut mine = Vec::new();
        let mut seen = BTreeSet::new();
        let contacts = self.contacts(viewer).await?;
        let known = contacts.keys().map(|user| PeerId::User(*user));
        let mut dialogs = self.store.dialogs(MailboxId::User(viewer)).await?;
        dialogs.sort_unstable_by_key(|dialog| std::cmp::Reverse(dialog.top_date));
        let talked_to = dialogs.into_iter().map(|dialog| dialog.peer);
        for peer in known.chain(talked_to) {
            if mine.len() < limit
                && seen.insert(peer)
                && self.is_called(viewer, peer, &words).await?
            {
                mine.push(peer);
            }
        }
        let mut others = Vec::new();
        for peer in self
            .peers_by_username(query.trim_start_matches('@'))
            .await?
        {
            if others.len() == limit {
                break;
            }
            if mine.contains(&peer) || others.contains(&peer) || peer == PeerId::User(viewer) {
                continue;
            }
            if let PeerId::User(user) = peer
                && self.has_blocked(user, viewer).await?
            {
                continue;
            }
            others.push(peer);
        }
        Ok(FoundPeers { mine, others })
    }

    /// Whether every word begins a word of what the viewer calls the peer.
    pub(crate) async fn is_called(
        &self,
        viewer: UserId,
        peer: PeerId,
        words: &[String],
    ) -> Result<bool> {
        let names = match peer {
            PeerId::User(id) => {
                let Some(user) = self.user(id).await?.filter(|user| !user.deleted) else {
                    return Ok(false);
                };
                let contacts = self.contacts(viewer).await?;
                let given = contacts.get(&id).map_or_else(String::new, |facts| {
                    format!("{} {}", facts.first_name, facts.last_name)
                });
                let username = user.username.as_deref().unwrap_or_default();
                format!("{given} {} {} {username}", user.first_name, user.last_name)
            }
            PeerId::Chat(id) => match self.chat(id).await? {
                Some(chat) => chat.title.clone(),
                None => return Ok(false),
            },
            PeerId::Channel(id) => match self.channel(id).await? {
                Some(channel) => {
                    let username = channel.username.as_deref().unwrap_or_default();
                    format!("{} {username}", channel.title)
                }
                None => return Ok(false),
            },
        };
        let names = fold(&names);
        Ok(words
            .iter()
            .all(|word| names.iter().any(|name| name.starts_with(word))))
    }
}

/// The words of a text without case and accents.
pub(crate) fn fold(text: &str) -> Vec<String> {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect();
    plain
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_and_no_accents() {
        assert_eq!(
            fold("  Émile-Žofie  snake_case "),
            ["emile", "zofie", "snake_case"]
        );
        assert!(fold(" -- ").is_empty());
    }
}
