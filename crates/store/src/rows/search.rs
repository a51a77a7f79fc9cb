//! A search: candidates from the inverted index of the engine, judged by the facts.

use std::collections::BTreeSet;

use super::mailbox::{load_fact, load_message};
use super::{Fact, Home, View, token_list};
use crate::error::Result;
use crate::id::{MailboxId, MsgId};
use crate::mailbox::{SEARCH_HITS_MAX, SearchPage, SearchQuery};
use crate::token::{Word, words};

pub(super) async fn search(
    view: &dyn View,
    mailbox: &MailboxId,
    query: &SearchQuery,
) -> Result<SearchPage> {
    let home = Home::mailbox(*mailbox);
    let words = words(&query.text);
    let mut page = SearchPage {
        complete: true,
        ..SearchPage::default()
    };
    let mut candidates: Option<BTreeSet<MsgId>> = None;
    for word in &words {
        let (found, complete) = view.candidates(&home, word, SEARCH_HITS_MAX).await?;
        page.complete &= complete;
        let found = found.into_iter();
        candidates = Some(match candidates {
            None => found.collect(),
            Some(others) => found.filter(|id| others.contains(id)).collect(),
        });
    }
    for id in candidates.unwrap_or_default().into_iter().rev() {
        let Some(fact) = load_fact(view, &home, id).await? else {
            continue;
        };
        if !is_hit(&fact, &words, query) {
            continue;
        }
        page.count += 1;
        let on_page = query.before == MsgId(0) || id < query.before;
        if on_page && page.messages.len() < query.limit as usize {
            page.messages
                .extend(load_message(view, &home, fact.peer, id).await?);
        }
    }
    Ok(page)
}

/// Whether the message has all the words, and all else that is asked for.
fn is_hit(fact: &Fact, words: &[Word], query: &SearchQuery) -> bool {
    words
        .iter()
        .all(|word| token_list(&fact.tokens).any(|token| word.matches(token)))
        && query.peer.is_none_or(|peer| fact.peer == peer)
        && query.from.is_none_or(|from| fact.from == from)
        && fact.tags & query.tags == query.tags
        && (query.thread == MsgId(0) || fact.thread == query.thread)
        && fact.date >= query.min_date
        && (query.max_date == 0 || fact.date <= query.max_date)
}
