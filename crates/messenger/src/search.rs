//! Searching one dialog or all of them (S1–S7).

use store::{
    Direction, HistoryQuery, List, MailboxId, Message, MsgId, PAGE_LIMIT_MAX, PeerId,
    SEARCH_HITS_MAX, SearchPage, SearchQuery, UserId,
};

use crate::Messenger;
use crate::error::Result;
use crate::history::{MessagePage, Window};
use crate::time::Now;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Only this dialog; `None` for all private chats and groups.
    pub peer: Option<PeerId>,
    /// Words that messages must have.
    pub text: String,
    /// Only messages of this sender.
    pub from: Option<PeerId>,
    /// Only messages in this list.
    pub list: Option<u8>,
    /// Only messages sent later, Unix seconds; 0 for any.
    pub min_date: u32,
    /// Only messages sent earlier, Unix seconds; 0 for any.
    pub max_date: u32,
}

/// What is looked for in all dialogs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobalSearch {
    /// Words, sender, list and dates.
    pub search: Search,
    /// Only private chats (`Some(true)`), only groups (`Some(false)`).
    pub users: Option<bool>,
    /// Only dialogs of this folder.
    pub folder: Option<u32>,
    /// Strictly after the message of this date, peer and id; the date is 0 at the start.
    pub after: (u32, Option<PeerId>, MsgId),
    /// How many.
    pub limit: u32,
}

impl Messenger {
    /// A window of the messages found; with the limit 0 only their number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search(
        &self,
        user: UserId,
        search: &Search,
        window: Window,
        now: Now,
    ) -> Result<MessagePage> {
        if let Some(peer) = search.peer
            && search.text.is_empty()
            && search.from.is_none()
            && search.min_date == 0
            && search.max_date == 0
        {
            let list = search.list.map_or(List::All, List::Tag);
            return self.history(user, peer, list, window, now).await;
        }
        let mut query = query(search);
        let limit = window.limit.min(PAGE_LIMIT_MAX);
        let mailbox = match search.peer {
            Some(PeerId::Channel(id)) => MailboxId::Channel(id),
            Some(PeerId::Chat(_) | PeerId::User(_)) | None => MailboxId::User(user),
        };
        if window.add_offset < 0 || window.offset_date > 0 {
            query.limit = PAGE_LIMIT_MAX;
            let found = self.find(mailbox, query).await?;
            let (_, hits) = window.cut(found.messages, |hit| (hit.id, hit.date));
            return self.hits_page(user, search, found.count, hits, now).await;
        }
        let skip = window.add_offset.unsigned_abs();
        query.limit = if limit == 0 {
            0
        } else {
            limit.saturating_add(skip).min(PAGE_LIMIT_MAX)
        };
        query.before = MsgId(window.offset_id.max(0));
        if window.max_id > 0 && (query.before.0 == 0 || window.max_id < query.before.0) {
            query.before = MsgId(window.max_id);
        }
        let found = self.find(mailbox, query).await?;
        let mut hits: Vec<Message> = found
            .messages
            .into_iter()
            .skip(skip as usize)
            .take(limit as usize)
            .collect();
        hits.retain(|hit| hit.id.0 > window.min_id);
        self.hits_page(user, search, found.count, hits, now).await
    }

    async fn hits_page(
        &self,
        user: UserId,
        search: &Search,
        count: u32,
        hits: Vec<Message>,
        now: Now,
    ) -> Result<MessagePage> {
        let Some(PeerId::Channel(id)) = search.peer else {
            return self.page(user, count, None, hits, now).await;
        };
        let standing = self.reading(user, id, now).await?;
        self.channel_page(&standing, count, None, hits, now).await
    }

    /// What the store finds by words; without words, what a look through the dialogs finds.
    async fn find(&self, mailbox: MailboxId, query: SearchQuery) -> Result<SearchPage> {
        match self.store.search(mailbox, query.clone()).await {
            Err(store::Error::Invalid(_)) if query.text.trim().is_empty() => {
                self.scan(mailbox, query).await
            }
            // Signs alone are found nowhere.
            Err(store::Error::Invalid(_)) => Ok(SearchPage {
                complete: true,
                ..SearchPage::default()
            }),
            other => Ok(other?),
        }
    }

    async fn scan(&self, mailbox: MailboxId, query: SearchQuery) -> Result<SearchPage> {
        let peers = match query.peer {
            Some(peer) => vec![peer],
            None => {
                let dialogs = self.store.dialogs(mailbox).await?;
                dialogs.into_iter().map(|dialog| dialog.peer).collect()
            }
        };
        let list = match query.tags {
            0 => List::All,
            tags => List::Tag(u8::try_from(tags.trailing_zeros()).unwrap_or(0)),
        };
        let mut hits: Vec<Message> = Vec::new();
        let mut looked_at = 0;
        for peer in peers {
            let mut from = None;
            loop {
                let window = HistoryQuery {
                    peer,
                    list,
                    from,
                    direction: Direction::Older,
                    limit: PAGE_LIMIT_MAX,
                };
                let page = self.store.history(mailbox, window).await?;
                looked_at += page.len();
                from = page.last().map(|message| message.id);
                let full = page.len() == PAGE_LIMIT_MAX as usize;
                hits.extend(page.into_iter().filter(|message| {
                    query.from.is_none_or(|from| message.from == from)
                        && message.date >= query.min_date
                        && (query.max_date == 0 || message.date <= query.max_date)
                }));
                if !full || looked_at >= SEARCH_HITS_MAX {
                    break;
                }
            }
        }
        hits.sort_unstable_by_key(|message| std::cmp::Reverse(message.id));
        let count = u32::try_from(hits.len()).unwrap_or(u32::MAX);
        hits.retain(|message| query.before.0 == 0 || message.id < query.before);
        hits.truncate(query.limit as usize);
        Ok(SearchPage {
            messages: hits,
            count,
            complete: looked_at < SEARCH_HITS_MAX,
        })
    }

    /// How many messages of a dialog are in a list.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_count(&self, user: UserId, peer: PeerId, list: u8) -> Result<u32> {
        let mailbox = match peer {
            PeerId::Channel(id) => MailboxId::Channel(id),
            PeerId::Chat(_) | PeerId::User(_) => MailboxId::User(user),
        };
        Ok(self.store.count(mailbox, peer, List::Tag(list)).await?)
    }

    /// A page of the messages found in all dialogs, newest first; the flag says that there are
    /// more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search_all(
        &self,
        user: UserId,
        search: &GlobalSearch,
        now: Now,
    ) -> Result<(MessagePage, bool)> {
        let mailbox = MailboxId::User(user);
        let folders = match search.folder {
            Some(folder) => Some(
                self.listed(user)
                    .await?
                    .into_iter()
                    .filter(|dialog| dialog.folder == folder)
                    .map(|dialog| dialog.peer)
                    .collect::<Vec<_>>(),
            ),
            None => None,
        };
        let fits = |message: &Message| {
            search
                .users
                .is_none_or(|users| users == matches!(message.peer, PeerId::User(_)))
                && folders
                    .as_ref()
                    .is_none_or(|folders| folders.contains(&message.peer))
                && is_after(message, search.after)
        };
        let mut query = query(&search.search);
        query.limit = PAGE_LIMIT_MAX;
        let (date, _, id) = search.after;
        if date > 0 && id.0 > 0 {
            // One mailbox has one order: what is older has a lower id.
            query.before = id;
        }
        let wanted = search.limit as usize;
        let mut hits = Vec::with_capacity(wanted);
        let mut count = None;
        loop {
            let found = self.find(mailbox, query.clone()).await?;
            count.get_or_insert(found.count);
            let full = found.messages.len() >= PAGE_LIMIT_MAX as usize;
            let last = found.messages.last().map(|message| message.id);
            hits.extend(found.messages.into_iter().filter(|hit| fits(hit)));
            match last {
                Some(last) if full && hits.len() <= wanted => query.before = last,
                _ => break,
            }
        }
        let more = hits.len() > wanted;
        hits.truncate(wanted);
        let filtered = search.users.is_some() || folders.is_some();
        let count = match count {
            Some(count) if !filtered => count,
            _ => u32::try_from(hits.len()).unwrap_or(0) + u32::from(more),
        };
        let page = self.page(user, count, None, hits, now).await?;
        Ok((page, more))
    }
}

fn query(search: &Search) -> SearchQuery {
    SearchQuery {
        text: search.text.clone(),
        peer: search.peer,
        from: search.from,
        tags: search.list.map_or(0, crate::tag::bit),
        min_date: match search.min_date {
            0 => 0,
            date => date.saturating_add(1),
        },
        max_date: match search.max_date {
            0 => 0,
            date => date.saturating_sub(1).max(1),
        },
        ..SearchQuery::default()
    }
}

/// Whether a message comes after the last one that the client has.
fn is_after(message: &Message, (date, peer, id): (u32, Option<PeerId>, MsgId)) -> bool {
    if date == 0 {
        return true;
    }
    match peer {
        Some(_) if id.0 > 0 => message.id < id,
        _ => message.date < date,
    }
}
