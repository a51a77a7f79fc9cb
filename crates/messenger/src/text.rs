//! Texts of messages: cleaned, with entities that fit them (A20–A27). Offsets are UTF-16 code units.

mod detect;
mod entity;
#[cfg(test)]
mod tests;

use tl::Str;
use tl_api::types::MessageEntity;

use entity::Span;

/// The most entities of one text.
pub const ENTITIES_MAX: usize = 256;
/// The most custom emoji of one text.
const CUSTOM_EMOJI_MAX: usize = 100;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// An entity does not lie within the text.
    #[error("an entity is outside of the text")]
    EntityBounds,
    /// There are more entities than [`ENTITIES_MAX`].
    #[error("too many entities")]
    TooManyEntities,
}

/// A text that is fit to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CleanText {
    /// The text; may be empty.
    pub text: Str,
    /// Its entities, outer ones first.
    pub entities: Vec<MessageEntity>,
}

impl CleanText {
    /// Cleans a text and its entities and finds what needs no markup.
    ///
    /// # Errors
    /// When the entities do not fit the text.
    pub fn new(text: &Str, entities: Vec<MessageEntity>) -> Result<Self, TextError> {
        Self::with(text, entities, true)
    }

    /// Cleans a text and its entities only.
    ///
    /// # Errors
    /// When the entities do not fit the text.
    pub fn without_detection(text: &Str, entities: Vec<MessageEntity>) -> Result<Self, TextError> {
        Self::with(text, entities, false)
    }

    fn with(text: &Str, entities: Vec<MessageEntity>, detect: bool) -> Result<Self, TextError> {
        if entities.len() > ENTITIES_MAX {
            return Err(TextError::TooManyEntities);
        }
        let mut spans = Vec::with_capacity(entities.len());
        for entity in entities {
            spans.push(Span::new(entity).ok_or(TextError::EntityBounds)?);
        }
        if !spans.is_empty() {
            check_bounds(text, &spans)?;
        }
        let mut text = text.clone();
        if needs_cleaning(text.as_bytes()) {
            text = clean(&text, &mut spans).into();
        }
        trim_end(&mut text, &mut spans);
        let mut spans = entity::arrange(spans);
        trim_start(&mut text, &mut spans);
        if detect {
            detect::detect(&text, &mut spans);
        }
        let mut emoji = 0;
        spans.retain(|span| {
            emoji += usize::from(matches!(span.entity, MessageEntity::CustomEmoji { .. }));
            emoji <= CUSTOM_EMOJI_MAX
        });
        spans.truncate(ENTITIES_MAX);
        Ok(Self {
            text,
            entities: spans.into_iter().map(Span::into_entity).collect(),
        })
    }

    /// The text as the fields of a message have it.
    #[must_use]
    pub fn entities(&self) -> Option<Vec<MessageEntity>> {
        (!self.entities.is_empty()).then(|| self.entities.clone())
    }
}

/// The UTF-16 length of a text.
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    // One unit for each character, one more for those of four bytes.
    text.bytes()
        .map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0))
        .sum()
}

/// A22: within the text, and never between the halves of a surrogate pair.
fn check_bounds(text: &str, spans: &[Span]) -> Result<(), TextError> {
    let mut borders: Vec<usize> = spans
        .iter()
        .flat_map(|span| [span.start, span.end])
        .collect();
    borders.sort_unstable();
    let mut borders = borders.into_iter().peekable();
    let mut at = 0;
    for c in text.chars() {
        while borders.next_if_eq(&at).is_some() {}
        at += c.len_utf16();
        if borders.peek().is_some_and(|border| *border < at) {
            return Err(TextError::EntityBounds);
        }
    }
    while borders.next_if_eq(&at).is_some() {}
    if borders.peek().is_some() {
        return Err(TextError::EntityBounds);
    }
    Ok(())
}

/// Whether A20 may change anything.
fn needs_cleaning(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, byte)| match byte {
        b'\n' => false,
        0..=31 | 0xcc => true,
        0xe2 => text.get(at + 1) == Some(&0x80),
        _ => false,
    })
}

/// A20: control characters become spaces, what turns or covers text goes.
fn clean(text: &str, spans: &mut [Span]) -> String {
    let mut cleaned = String::with_capacity(text.len());
    // UTF-16 positions of what was left out; all of it is one unit long.
    let mut removed = Vec::new();
    let mut at = 0;
    for c in text.chars() {
        match c {
            '\r' | '\u{2028}'..='\u{202e}' | '\u{333}' | '\u{33f}' | '\u{30a}' => removed.push(at),
            '\n' => cleaned.push('\n'),
            '\0'..=' ' => cleaned.push(' '),
            '\u{200e}' | '\u{200f}' => {
                // Of marks that follow each other only the last one counts.
                if cleaned.ends_with(['\u{200e}', '\u{200f}']) {
                    cleaned.pop();
                    cleaned.push('\u{200c}');
                }
                cleaned.push(c);
            }
            _ => cleaned.push(c),
        }
        at += c.len_utf16();
    }
    if !removed.is_empty() {
        let shift = |at: usize| at - removed.partition_point(|gone| *gone < at);
        for span in spans {
            span.start = shift(span.start);
            span.end = shift(span.end);
        }
    }
    cleaned
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\n'
}

/// A21: blanks at the end go, and what of entities lay on them.
fn trim_end(text: &mut Str, spans: &mut Vec<Span>) {
    let kept = text.trim_end_matches(is_blank).len();
    if kept != text.len() {
        *text = part(text, 0, kept);
        let len = if spans.is_empty() { 0 } else { utf16_len(text) };
        for span in spans.iter_mut() {
            span.end = span.end.min(len);
        }
    }
    spans.retain(|span| span.start < span.end);
}

/// A21: blanks at the start go, but for those of the first entity.
fn trim_start(text: &mut Str, spans: &mut [Span]) {
    // Blanks are one byte and one unit each.
    let blanks = text.len() - text.trim_start_matches(is_blank).len();
    let first = spans.iter().map(|span| span.start).min();
    let lead = first.map_or(blanks, |first| first.min(blanks));
    if lead > 0 {
        *text = part(text, lead, text.len());
        for span in spans {
            span.start -= lead;
            span.end -= lead;
        }
    }
}

/// A part of a text that shares its bytes.
fn part(text: &Str, start: usize, end: usize) -> Str {
    // Both ends lie between characters.
    Str::from_utf8(text.clone().into_bytes().slice(start..end)).unwrap_or_default()
}
