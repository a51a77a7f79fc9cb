//! Making and changing sets (3.5).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{
    File, InstalledSet, SetSticker, StickerError, StickerKind, StickerSet, attributes_to_bytes,
};
use store::{DocumentId, UserId};
use tl_api::types::DocumentAttribute as Attribute;
use tl_api::{constructors, functions, types};

use super::show;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most characters of a title, and of a short name.
const TITLE_CHARS_MAX: usize = 64;
const NAME_LEN_MAX: usize = 64;
/// Stickers that a set may begin with.
const FIRST_MAX: usize = 120;
/// The most emoji of a sticker.
const EMOJI_MAX: usize = 20;
/// The most words by which a sticker is found, and the most characters of all.
const KEYWORDS_MAX: usize = 20;
const KEYWORDS_LEN_MAX: usize = 64;
/// The side of a sticker that is a picture, pixels.
const SIDE: i32 = 512;

/// A kind of file, with the most bytes of one as a sticker and as an emoji.
const KINDS: &[(&str, u64, u64)] = &[
    ("image/webp", 512 << 10, 128 << 10),
    ("application/x-tgsticker", 64 << 10, 64 << 10),
    ("video/webm", 256 << 10, 64 << 10),
];

fn check_title(title: &str) -> Result<String> {
    let title = title.trim();
    if (1..=TITLE_CHARS_MAX).contains(&title.chars().count()) {
        Ok(title.to_owned())
    } else {
        Err(Error::PACK_TITLE_INVALID)
    }
}

fn is_short_name(name: &str) -> bool {
    (1..=NAME_LEN_MAX).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.contains("__")
        && !name.ends_with('_')
}

/// stickers.checkShortName
pub(super) async fn check_short_name(
    context: &Context<'_>,
    request: functions::stickers::CheckShortName,
) -> Result<bool> {
    if !is_short_name(&request.short_name) {
        return Err(Error::SHORT_NAME_INVALID);
    }
    let taken = context
        .messenger()
        .sticker_set_by_name(&request.short_name)
        .await?;
    match taken {
        Some(_) => Err(Error::SHORT_NAME_OCCUPIED),
        None => Ok(true),
    }
}

/// stickers.suggestShortName
pub(super) async fn suggest_short_name(
    context: &Context<'_>,
    request: functions::stickers::SuggestShortName,
) -> Result<types::stickers::SuggestedShortName> {
    let mut name = String::new();
    for c in request.title.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => name.push(c),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    let name: String = name
        .trim_matches(|c: char| c == '_' || c.is_ascii_digit())
        .chars()
        .take(NAME_LEN_MAX - 12)
        .collect();
    let name = name.trim_end_matches('_');
    if name.is_empty() || request.title.chars().count() > TITLE_CHARS_MAX {
        return Err(Error::TITLE_INVALID);
    }
    let messenger = context.messenger();
    let mut short_name = name.to_owned();
    for number in 2.. {
        if messenger.sticker_set_by_name(&short_name).await?.is_none() {
            break;
        }
        if number > 20 {
            return Err(Error::TITLE_INVALID);
        }
        short_name = format!("{name}_{number}");
    }
    Ok(types::stickers::SuggestedShortName {
        short_name: short_name.into(),
    })
}

/// The document of an item, made one of the set: the same bytes under a name of its own.
async fn sticker(
    context: &Context<'_>,
    set: i64,
    kind: StickerKind,
    item: &types::InputStickerSetItem,
) -> Result<SetSticker> {
    let (_, file) = context
        .named_document(&item.document)
        .await
        .map_err(|_| Error::STICKER_FILE_INVALID)?;
    let emoji = check_emoji(&item.emoji)?;
    let keywords = keywords(item.keywords.as_deref());
    let document = adopt(context, set, kind, &file, &emoji, item.mask_coords.clone()).await?;
    Ok(SetSticker {
        document: document.0,
        emoji,
        keywords,
    })
}

fn check_emoji(emoji: &str) -> Result<String> {
    let parts = show::emoji_of(emoji);
    let fits = (1..=EMOJI_MAX).contains(&parts.len())
        && !emoji
            .chars()
            .any(|c| c.is_alphabetic() || c.is_whitespace());
    if fits {
        Ok(emoji.to_owned())
    } else {
        Err(Error::STICKER_EMOJI_INVALID)
    }
}

fn keywords(words: Option<&str>) -> Vec<String> {
    let words: String = words
        .unwrap_or_default()
        .chars()
        .take(KEYWORDS_LEN_MAX)
        .collect();
    words
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .take(KEYWORDS_MAX)
        .map(str::to_owned)
        .collect()
}

async fn adopt(
    context: &Context<'_>,
    set: i64,
    kind: StickerKind,
    file: &File,
    emoji: &str,
    mask_coords: Option<types::MaskCoords>,
) -> Result<DocumentId> {
    let found = KINDS.iter().find(|(mime, ..)| *mime == file.mime_type);
    let (mime, as_sticker, as_emoji) = found.ok_or(Error::STICKER_FILE_INVALID)?;
    let size_max = match kind {
        StickerKind::Emoji => *as_emoji,
        StickerKind::Regular | StickerKind::Masks => *as_sticker,
    };
    if file.size > size_max {
        return Err(match *mime {
            "video/webm" => Error::STICKER_VIDEO_BIG,
            "application/x-tgsticker" => Error::STICKER_TGS_NOTGS,
            _ => Error::STICKER_FILE_INVALID,
        });
    }
    let mut attributes = messenger::Messenger::attributes_of(file)?;
    let is_sticker = |attribute: &Attribute| {
        matches!(attribute, Attribute::Sticker(_) | Attribute::CustomEmoji(_))
    };
    attributes.retain(|attribute| !is_sticker(attribute));
    for attribute in &attributes {
        if let Attribute::ImageSize { w, h } = attribute
            && kind != StickerKind::Emoji
            && (*w).max(*h) != SIDE
        {
            return Err(Error::STICKER_PNG_DIMENSIONS);
        }
    }
    let name = context.messenger().set_name(set);
    attributes.push(match kind {
        StickerKind::Emoji => {
            let attribute = constructors::DocumentAttributeCustomEmoji::new(emoji.into(), name);
            Attribute::CustomEmoji(Box::new(attribute))
        }
        StickerKind::Regular | StickerKind::Masks => {
            let mut attribute = constructors::DocumentAttributeSticker::new(emoji.into(), name);
            attribute.mask = kind == StickerKind::Masks;
            attribute.mask_coords = mask_coords;
            Attribute::Sticker(Box::new(attribute))
        }
    });
    let own = File {
        attributes: attributes_to_bytes(&attributes)?,
        ..file.clone()
    };
    let id = context.new_file_id();
    context.messenger().create_file(id, &own).await?;
    Ok(id)
}

/// stickers.createStickerSet
pub(super) async fn create_sticker_set(
    context: &Context<'_>,
    request: functions::stickers::CreateStickerSet,
) -> Result<types::messages::StickerSet> {
    let caller = context.user()?;
    let messenger = context.messenger();
    let bot = messenger.bot(caller).await?;
    let owner = match &bot {
        Some(_) => {
            let owner = context.input_user(&request.user_id).await?;
            if messenger.is_bot(owner).await? {
                return Err(Error::USER_ID_INVALID);
            }
            if !messenger.may_be_written_by(caller, owner).await? {
                return Err(Error::PEER_ID_INVALID);
            }
            owner
        }
        None => caller,
    };
    let title = check_title(&request.title)?;
    let short_name = request.short_name.as_str().to_owned();
    let suffix = bot.as_ref().map(|(user, _)| {
        let name = user.username.as_deref().unwrap_or_default();
        format!("_by_{name}").to_ascii_lowercase()
    });
    let ends_right = suffix.is_none_or(|suffix| short_name.to_ascii_lowercase().ends_with(&suffix));
    if !is_short_name(&short_name) || !ends_right {
        return Err(Error::PACK_SHORT_NAME_INVALID);
    }
    if messenger.sticker_set_by_name(&short_name).await?.is_some() {
        return Err(Error::PACK_SHORT_NAME_OCCUPIED);
    }
    if request.stickers.is_empty() {
        return Err(Error::STICKERS_EMPTY);
    }
    if request.stickers.len() > FIRST_MAX {
        return Err(Error::STICKERS_TOO_MUCH);
    }
    let kind = match (request.masks, request.emojis) {
        (true, true) => return Err(Error::PACK_TYPE_INVALID),
        (true, false) => StickerKind::Masks,
        (false, true) => StickerKind::Emoji,
        (false, false) => StickerKind::Regular,
    };
    let id = context.services.random_id();
    let mut stickers = Vec::with_capacity(request.stickers.len());
    for item in &request.stickers {
        stickers.push(sticker(context, id, kind, item).await?);
    }
    let set = StickerSet {
        id,
        creator: owner.0,
        bot: bot.map_or(0, |_| caller.0),
        title,
        short_name,
        kind,
        text_color: request.text_color && kind == StickerKind::Emoji,
        stickers,
        version: 1,
        deleted: false,
        thumb: 0,
    };
    messenger.create_sticker_set(&set).await?;
    install(context, owner, &set).await?;
    show::whole(context, caller, &set).await
}

/// Whoever makes a set has it.
async fn install(context: &Context<'_>, owner: UserId, set: &StickerSet) -> Result<()> {
    let messenger = context.messenger();
    let installed = InstalledSet {
        id: set.id,
        date: context.now.unix_s(),
        archived: false,
    };
    messenger
        .change_installed(owner, set.kind, |list| list.insert(0, installed))
        .await?;
    let update = types::Update::NewStickerSet {
        stickerset: show::whole(context, owner, set).await?,
    };
    messenger
        .publish_unlogged(owner, None, vec![update], context.now)
        .await?;
    Ok(())
}

/// A set that the caller may change: one's own, or one that the caller made as a bot.
async fn own(context: &Context<'_>, name: &types::InputStickerSet) -> Result<StickerSet> {
    let set = context.messenger().named_sticker_set(name).await?;
    let caller = context.user()?;
    if set.creator == caller.0 || set.bot == caller.0 {
        Ok(set)
    } else {
        Err(Error::STICKERSET_INVALID)
    }
}

/// The set of a sticker, and the sticker.
async fn own_sticker(
    context: &Context<'_>,
    document: &types::InputDocument,
) -> Result<(StickerSet, DocumentId)> {
    let (id, file) = context
        .named_document(document)
        .await
        .map_err(|_| Error::STICKER_INVALID)?;
    let attributes = messenger::Messenger::attributes_of(&file)?;
    let name = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Sticker(sticker) => Some(sticker.stickerset.clone()),
        Attribute::CustomEmoji(emoji) => Some(emoji.stickerset.clone()),
        _ => None,
    });
    let set = own(context, &name.ok_or(Error::STICKER_INVALID)?)
        .await
        .map_err(|_| Error::STICKER_INVALID)?;
    if set.stickers.iter().any(|sticker| sticker.document == id.0) {
        Ok((set, id))
    } else {
        Err(Error::STICKER_INVALID)
    }
}

/// stickers.addStickerToSet
pub(super) async fn add_sticker_to_set(
    context: &Context<'_>,
    request: functions::stickers::AddStickerToSet,
) -> Result<types::messages::StickerSet> {
    let set = own(context, &request.stickerset).await?;
    if set.stickers.len() >= set.kind.len_max() {
        return Err(Error::STICKERS_TOO_MUCH);
    }
    let new = sticker(context, set.id, set.kind, &request.sticker).await?;
    changed(context, set.id, |set| {
        if set.stickers.len() >= set.kind.len_max() {
            return Err(StickerError::Full.into());
        }
        set.stickers.push(new.clone());
        Ok(())
    })
    .await
}

async fn changed(
    context: &Context<'_>,
    set: i64,
    change: impl FnMut(&mut StickerSet) -> messenger::Result<()> + Send,
) -> Result<types::messages::StickerSet> {
    let set = context.messenger().change_sticker_set(set, change).await?;
    show::whole(context, context.user()?, &set).await
}

/// stickers.removeStickerFromSet
pub(super) async fn remove_sticker_from_set(
    context: &Context<'_>,
    request: functions::stickers::RemoveStickerFromSet,
) -> Result<types::messages::StickerSet> {
    let (set, id) = own_sticker(context, &request.sticker).await?;
    changed(context, set.id, |set| {
        set.stickers.retain(|sticker| sticker.document != id.0);
        Ok(())
    })
    .await
}

/// stickers.changeStickerPosition
pub(super) async fn change_sticker_position(
    context: &Context<'_>,
    request: functions::stickers::ChangeStickerPosition,
) -> Result<types::messages::StickerSet> {
    let (set, id) = own_sticker(context, &request.sticker).await?;
    let position = usize::try_from(request.position).map_err(|_| Error::STICKER_INVALID)?;
    changed(context, set.id, |set| {
        let mut stickers = set.stickers.iter();
        if let Some(at) = stickers.position(|sticker| sticker.document == id.0) {
            let sticker = set.stickers.remove(at);
            set.stickers
                .insert(position.min(set.stickers.len()), sticker);
        }
        Ok(())
    })
    .await
}

/// stickers.changeSticker
pub(super) async fn change_sticker(
    context: &Context<'_>,
    request: functions::stickers::ChangeSticker,
) -> Result<types::messages::StickerSet> {
    let (set, id) = own_sticker(context, &request.sticker).await?;
    let emoji = request.emoji.as_deref().map(check_emoji).transpose()?;
    let words = request
        .keywords
        .as_deref()
        .map(|words| keywords(Some(words)));
    changed(context, set.id, |set| {
        let mut stickers = set.stickers.iter_mut();
        if let Some(sticker) = stickers.find(|sticker| sticker.document == id.0) {
            if let Some(emoji) = &emoji {
                sticker.emoji.clone_from(emoji);
            }
            if let Some(words) = &words {
                sticker.keywords.clone_from(words);
            }
        }
        Ok(())
    })
    .await
}

/// stickers.replaceSticker
pub(super) async fn replace_sticker(
    context: &Context<'_>,
    request: functions::stickers::ReplaceSticker,
) -> Result<types::messages::StickerSet> {
    let (set, id) = own_sticker(context, &request.sticker).await?;
    let new = sticker(context, set.id, set.kind, &request.new_sticker).await?;
    changed(context, set.id, |set| {
        let mut stickers = set.stickers.iter_mut();
        if let Some(sticker) = stickers.find(|sticker| sticker.document == id.0) {
            sticker.clone_from(&new);
        }
        Ok(())
    })
    .await
}

/// stickers.renameStickerSet
pub(super) async fn rename_sticker_set(
    context: &Context<'_>,
    request: functions::stickers::RenameStickerSet,
) -> Result<types::messages::StickerSet> {
    let set = own(context, &request.stickerset).await?;
    let title = check_title(&request.title)?;
    changed(context, set.id, |set| {
        set.title.clone_from(&title);
        Ok(())
    })
    .await
}

/// stickers.setStickerSetThumb
pub(super) async fn set_sticker_set_thumb(
    context: &Context<'_>,
    request: functions::stickers::SetStickerSetThumb,
) -> Result<types::messages::StickerSet> {
    let set = own(context, &request.stickerset).await?;
    let thumb = match (&request.thumb, request.thumb_document_id) {
        (_, Some(id)) => {
            if !set.stickers.iter().any(|sticker| sticker.document == id) {
                return Err(Error::STICKER_INVALID);
            }
            id
        }
        (Some(document), None) => {
            let named = context.named_document(document).await;
            named.map_err(|_| Error::STICKER_FILE_INVALID)?.0.0
        }
        (None, None) => 0,
    };
    changed(context, set.id, |set| {
        set.thumb = thumb;
        Ok(())
    })
    .await
}

/// stickers.deleteStickerSet
pub(super) async fn delete_sticker_set(
    context: &Context<'_>,
    request: functions::stickers::DeleteStickerSet,
) -> Result<bool> {
    let set = own(context, &request.stickerset).await?;
    context
        .messenger()
        .change_sticker_set(set.id, |set| {
            set.deleted = true;
            set.stickers.clear();
            Ok(())
        })
        .await?;
    Ok(true)
}
