//! How entities may stand to each other (A23).

use tl::Str;
use tl_api::types::MessageEntity;

/// An entity with the UTF-16 units it covers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) entity: MessageEntity,
}

/// What an entity may do with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Contains others, but none of its own group.
    Quote,
    /// Contains nothing.
    Plain,
    /// Contains only what can be split.
    Whole,
    /// May cross anything and is split at borders.
    Split,
    /// Is found, not told.
    Detected,
    /// Is not kept.
    Unknown,
}

/// The group of an entity, and its place among those that cover the same text.
pub(super) fn kind(entity: &MessageEntity) -> (Group, u8) {
    match entity {
        MessageEntity::Blockquote { .. } => (Group::Quote, 0),
        MessageEntity::Pre { .. } => (Group::Plain, 10),
        MessageEntity::Code { .. } => (Group::Plain, 20),
        MessageEntity::FormattedDate { .. } => (Group::Plain, 25),
        MessageEntity::TextUrl { .. } => (Group::Whole, 49),
        MessageEntity::MentionName { .. } | MessageEntity::InputMessageEntityMentionName { .. } => {
            (Group::Whole, 49)
        }
        MessageEntity::CustomEmoji { .. } => (Group::Whole, 99),
        MessageEntity::TonAddress { .. } => (Group::Whole, 50),
        MessageEntity::Bold { .. } => (Group::Split, 90),
        MessageEntity::Italic { .. } => (Group::Split, 91),
        MessageEntity::Underline { .. } => (Group::Split, 92),
        MessageEntity::Strike { .. } => (Group::Split, 93),
        MessageEntity::Spoiler { .. } => (Group::Split, 94),
        MessageEntity::BankCard { .. }
        | MessageEntity::BotCommand { .. }
        | MessageEntity::Cashtag { .. }
        | MessageEntity::Email { .. }
        | MessageEntity::Hashtag { .. }
        | MessageEntity::Mention { .. }
        | MessageEntity::Phone { .. }
        | MessageEntity::Url { .. } => (Group::Detected, 50),
        MessageEntity::DiffDelete { .. }
        | MessageEntity::DiffInsert { .. }
        | MessageEntity::DiffReplace { .. }
        | MessageEntity::Unknown { .. } => (Group::Unknown, 100),
    }
}

/// Offset and length of an entity, to be read or written.
fn place(entity: &mut MessageEntity) -> (&mut i32, &mut i32) {
    match entity {
        MessageEntity::InputMessageEntityMentionName { offset, length, .. }
        | MessageEntity::BankCard { offset, length }
        | MessageEntity::Blockquote { offset, length, .. }
        | MessageEntity::Bold { offset, length }
        | MessageEntity::BotCommand { offset, length }
        | MessageEntity::Cashtag { offset, length }
        | MessageEntity::Code { offset, length }
        | MessageEntity::CustomEmoji { offset, length, .. }
        | MessageEntity::DiffDelete { offset, length }
        | MessageEntity::DiffInsert { offset, length }
        | MessageEntity::DiffReplace { offset, length, .. }
        | MessageEntity::Email { offset, length }
        | MessageEntity::FormattedDate { offset, length, .. }
        | MessageEntity::Hashtag { offset, length }
        | MessageEntity::Italic { offset, length }
        | MessageEntity::Mention { offset, length }
        | MessageEntity::MentionName { offset, length, .. }
        | MessageEntity::Phone { offset, length }
        | MessageEntity::Pre { offset, length, .. }
        | MessageEntity::Spoiler { offset, length }
        | MessageEntity::Strike { offset, length }
        | MessageEntity::TextUrl { offset, length, .. }
        | MessageEntity::TonAddress { offset, length }
        | MessageEntity::Underline { offset, length }
        | MessageEntity::Unknown { offset, length }
        | MessageEntity::Url { offset, length } => (offset, length),
    }
}

impl Span {
    /// Where an entity lies; `None` for a place that no text has.
    pub(super) fn new(mut entity: MessageEntity) -> Option<Self> {
        let (offset, length) = place(&mut entity);
        let start = usize::try_from(*offset).ok()?;
        let length = usize::try_from(*length).ok()?;
        let end = start.checked_add(length)?;
        i32::try_from(end).ok()?;
        Some(Self { start, end, entity })
    }

    /// The entity, told where it has come to lie.
    pub(super) fn into_entity(mut self) -> MessageEntity {
        let (offset, length) = place(&mut self.entity);
        // Both were made from texts of a few thousand units.
        *offset = i32::try_from(self.start).unwrap_or(i32::MAX);
        *length = i32::try_from(self.end - self.start).unwrap_or(i32::MAX);
        self.entity
    }

    fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Meets the other without lying within it or around it.
    fn crosses(&self, other: &Self) -> bool {
        self.meets(other)
            && !(self.start <= other.start && other.end <= self.end)
            && !(other.start <= self.start && self.end <= other.end)
    }
}

/// Keeps and splits entities so that they nest properly, outer ones first. Those that the server
/// finds itself are left out.
pub(super) fn arrange(mut spans: Vec<Span>) -> Vec<Span> {
    if spans.is_empty() {
        return spans;
    }
    spans.retain_mut(|span| is_complete(&mut span.entity));
    sort(&mut spans);
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for group in [Group::Quote, Group::Plain, Group::Whole] {
        for span in &spans {
            if kind(&span.entity).0 != group {
                continue;
            }
            let fits = kept.iter().all(|other| {
                if kind(&other.entity).0 == Group::Quote && group != Group::Quote {
                    let inside = other.start <= span.start && span.end <= other.end;
                    inside || !span.meets(other)
                } else {
                    !span.meets(other)
                }
            });
            if fits {
                kept.push(span.clone());
            }
        }
    }
    let mut split = Vec::new();
    for priority in 90..=94 {
        let of_kind = spans
            .iter()
            .filter(|span| kind(&span.entity) == (Group::Split, priority));
        for span in merged(of_kind) {
            cut(span, &kept, &mut split);
        }
    }
    kept.extend(split);
    sort(&mut kept);
    kept
}

pub(super) fn sort(spans: &mut [Span]) {
    spans.sort_by_key(|span| (span.start, usize::MAX - span.end, kind(&span.entity).1));
}

/// Spans of one kind in order; those that touch become one.
fn merged<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span.clone()),
        }
    }
    merged
}

/// Takes what lies in plain text out of a span, and splits it at the borders that it crosses.
fn cut(span: Span, others: &[Span], pieces: &mut Vec<Span>) {
    let mut rest = vec![span];
    let is_plain = |other: &&Span| kind(&other.entity).0 == Group::Plain;
    // Plain text first: what is left of it may cross what the whole did not.
    let plain_first = others
        .iter()
        .filter(is_plain)
        .chain(others.iter().filter(|other| !is_plain(other)));
    for other in plain_first {
        let plain = is_plain(&other);
        let mut next = Vec::with_capacity(rest.len() + 1);
        for piece in rest {
            if !piece.meets(other) || !(plain || piece.crosses(other)) {
                next.push(piece);
                continue;
            }
            let borders = [
                (piece.start, other.start.min(piece.end)),
                (other.start.max(piece.start), other.end.min(piece.end)),
                (other.end.max(piece.start), piece.end),
            ];
            for (at, (start, end)) in borders.into_iter().enumerate() {
                let inside = at == 1;
                if start < end && !(inside && plain) {
                    next.push(Span {
                        start,
                        end,
                        entity: piece.entity.clone(),
                    });
                }
            }
        }
        rest = next;
    }
    pieces.append(&mut rest);
}

/// A24: what carries something carries something usable.
fn is_complete(entity: &mut MessageEntity) -> bool {
    if let MessageEntity::TextUrl { url, .. } = entity {
        match whole_url(url) {
            Some(whole) => *url = whole,
            None => return false,
        }
    }
    !matches!(kind(entity).0, Group::Detected | Group::Unknown)
}

/// An address with its scheme; `None` for what is none.
fn whole_url(url: &Str) -> Option<Str> {
    let trimmed = url.trim();
    let has_blank = trimmed.chars().any(|c| c.is_whitespace() || c.is_control());
    if trimmed.is_empty() || has_blank || trimmed.len() > 4096 {
        return None;
    }
    if let Some((scheme, rest)) = trimmed.split_once(':') {
        let known = [
            "http", "https", "ftp", "tg", "ton", "tonsite", "mailto", "tel",
        ];
        let lower = scheme.to_ascii_lowercase();
        if known.contains(&lower.as_str()) {
            return (!rest.trim_start_matches('/').is_empty()).then(|| trimmed.into());
        }
        if trimmed.contains("://") {
            return None;
        }
    }
    trimmed
        .contains('.')
        .then(|| format!("http://{trimmed}").into())
}
