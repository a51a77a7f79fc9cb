//! Sets of stickers as clients see them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{InstalledSet, StickerKind, StickerSet};
use store::{DocumentId, UserId};
use tl_api::{constructors, types};

use crate::context::Context;
use crate::error::Result;

/// A set without its stickers.
pub(crate) fn set(
    context: &Context<'_>,
    viewer: UserId,
    set: &StickerSet,
    installed: Option<&InstalledSet>,
) -> types::StickerSet {
    let mut shown = types::StickerSet::new(
        set.id,
        context.messenger().sticker_set_hash(set.id),
        set.title.as_str().into(),
        set.short_name.as_str().into(),
        i32::try_from(set.stickers.len()).unwrap_or(i32::MAX),
        hash(set),
    );
    shown.masks = set.kind == StickerKind::Masks;
    shown.emojis = set.kind == StickerKind::Emoji;
    shown.text_color = set.text_color;
    shown.creator = set.creator == viewer.0;
    shown.archived = installed.is_some_and(|installed| installed.archived);
    shown.installed_date = installed.map(|installed| installed.date.cast_signed());
    shown.thumb_document_id = (set.thumb != 0).then_some(set.thumb);
    shown
}

/// Changes with every change of a set. Never 0: that means that nothing is known.
pub(crate) fn hash(set: &StickerSet) -> i32 {
    i32::try_from(set.version & 0x7fff_ffff).unwrap_or(1).max(1)
}

/// How the caller has installed a set.
pub(crate) async fn installed(
    context: &Context<'_>,
    viewer: UserId,
    set: &StickerSet,
) -> Result<Option<InstalledSet>> {
    let list = context.messenger().installed_sets(viewer, set.kind).await?;
    Ok(list.into_iter().find(|installed| installed.id == set.id))
}

/// A document as the caller is shown it.
pub(crate) async fn document(
    context: &Context<'_>,
    viewer: UserId,
    id: i64,
) -> Result<Option<types::Document>> {
    let messenger = context.messenger();
    let id = DocumentId(id);
    Ok(match messenger.file(id).await? {
        Some(file) if !file.is_photo => Some(messenger.show_document(viewer, id, &file)?),
        _ => None,
    })
}

/// A set with everything in it.
pub(crate) async fn whole(
    context: &Context<'_>,
    viewer: UserId,
    set: &StickerSet,
) -> Result<types::messages::StickerSet> {
    let mut packs: Vec<types::StickerPack> = Vec::new();
    let mut keywords = Vec::new();
    let mut documents = Vec::with_capacity(set.stickers.len());
    for sticker in &set.stickers {
        for emoji in emoji_of(&sticker.emoji) {
            match packs.iter_mut().find(|pack| *pack.emoticon == *emoji) {
                Some(pack) => pack.documents.push(sticker.document),
                None => packs.push(types::StickerPack {
                    emoticon: emoji.into(),
                    documents: vec![sticker.document],
                }),
            }
        }
        if !sticker.keywords.is_empty() {
            keywords.push(types::StickerKeyword {
                document_id: sticker.document,
                keyword: sticker
                    .keywords
                    .iter()
                    .map(|word| word.as_str().into())
                    .collect(),
            });
        }
        documents.extend(document(context, viewer, sticker.document).await?);
    }
    let installed = installed(context, viewer, set).await?;
    Ok(types::messages::StickerSet::StickerSet(Box::new(
        constructors::messages::StickerSet {
            set: Box::new(self::set(context, viewer, set, installed.as_ref())),
            packs,
            keywords,
            documents,
        },
    )))
}

/// The emoji of a text that holds nothing else: joined ones and those with selectors stay whole.
pub(crate) fn emoji_of(text: &str) -> Vec<&str> {
    let mut emoji = Vec::new();
    let mut start = 0;
    let mut joined = false;
    for (at, c) in text.char_indices() {
        let belongs = matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{200d}')
            || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
        if at > start && !belongs && !joined {
            emoji.push(&text[start..at]);
            start = at;
        }
        joined = c == '\u{200d}';
    }
    if start < text.len() {
        emoji.push(&text[start..]);
    }
    emoji
}

/// A set with one of its stickers.
pub(crate) async fn covered(
    context: &Context<'_>,
    viewer: UserId,
    found: &StickerSet,
) -> Result<types::StickerSetCovered> {
    let installed = installed(context, viewer, found).await?;
    let shown = Box::new(set(context, viewer, found, installed.as_ref()));
    let cover = match found.stickers.first() {
        Some(sticker) => document(context, viewer, sticker.document).await?,
        None => None,
    };
    Ok(match cover {
        Some(cover) => types::StickerSetCovered::StickerSetCovered { set: shown, cover },
        None => types::StickerSetCovered::StickerSetNoCovered { set: shown },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_emoji_stay_whole() {
        assert_eq!(
            emoji_of("👍❤\u{fe0f}👨\u{200d}💻👋🏽"),
            ["👍", "❤\u{fe0f}", "👨\u{200d}💻", "👋🏽"]
        );
        assert!(emoji_of("").is_empty());
    }
}
