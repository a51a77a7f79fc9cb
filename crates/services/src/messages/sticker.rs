//! Sets that people use, and the documents that they keep at hand (3.6).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{InstalledSet, KeptDocument, KeptList, StickerKind, StickerSet};
use store::UserId;
use tl_api::types::DocumentAttribute as Attribute;
use tl_api::{functions, types};

use super::history::{hash_of, page_limit};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::stickers::show;

/// The most documents of one request.
const DOCUMENTS_MAX: usize = 200;

/// messages.getStickerSet
pub(super) async fn get_sticker_set(
    context: &Context<'_>,
    request: functions::messages::GetStickerSet,
) -> Result<types::messages::StickerSet> {
    let user = context.user()?;
    if let types::InputStickerSet::Dice { .. } = request.stickerset {
        return Err(Error::EMOTICON_STICKERPACK_MISSING);
    }
    let set = context
        .messenger()
        .named_sticker_set(&request.stickerset)
        .await?;
    if request.hash != 0 && request.hash == show::hash(&set) {
        return Ok(types::messages::StickerSet::NotModified {});
    }
    show::whole(context, user, &set).await
}

/// messages.installStickerSet
pub(super) async fn install_sticker_set(
    context: &Context<'_>,
    request: functions::messages::InstallStickerSet,
) -> Result<types::messages::StickerSetInstallResult> {
    let actor = context.actor()?;
    let messenger = context.messenger();
    let set = messenger.named_sticker_set(&request.stickerset).await?;
    let installed = InstalledSet {
        id: set.id,
        date: context.now.unix_s(),
        archived: request.archived,
    };
    messenger
        .change_installed(actor.user, set.kind, |list| {
            list.retain(|other| other.id != set.id);
            list.insert(0, installed);
        })
        .await?;
    let update = types::Update::NewStickerSet {
        stickerset: show::whole(context, actor.user, &set).await?,
    };
    messenger
        .publish_unlogged(actor.user, Some(actor), vec![update], context.now)
        .await?;
    Ok(types::messages::StickerSetInstallResult::Success {})
}

/// messages.uninstallStickerSet
pub(super) async fn uninstall_sticker_set(
    context: &Context<'_>,
    request: functions::messages::UninstallStickerSet,
) -> Result<bool> {
    let set = context
        .messenger()
        .named_sticker_set(&request.stickerset)
        .await?;
    change_sets(context, set.kind, |list| {
        list.retain(|other| other.id != set.id);
    })
    .await?;
    Ok(true)
}

/// Changes what is installed, and tells the other devices.
async fn change_sets(
    context: &Context<'_>,
    kind: StickerKind,
    change: impl FnOnce(&mut Vec<InstalledSet>) + Send,
) -> Result<()> {
    let actor = context.actor()?;
    let messenger = context.messenger();
    messenger.change_installed(actor.user, kind, change).await?;
    let update = types::Update::StickerSets {
        masks: kind == StickerKind::Masks,
        emojis: kind == StickerKind::Emoji,
    };
    messenger.note_to_others(actor, update, context.now).await?;
    Ok(())
}

fn kind(masks: bool, emojis: bool) -> StickerKind {
    if masks {
        StickerKind::Masks
    } else if emojis {
        StickerKind::Emoji
    } else {
        StickerKind::Regular
    }
}

/// messages.reorderStickerSets
pub(super) async fn reorder_sticker_sets(
    context: &Context<'_>,
    request: functions::messages::ReorderStickerSets,
) -> Result<bool> {
    let kind = kind(request.masks, request.emojis);
    let actor = context.actor()?;
    let messenger = context.messenger();
    let order = request.order;
    messenger
        .change_installed(actor.user, kind, |list| {
            let place = |set: &InstalledSet| {
                let place = order.iter().position(|id| *id == set.id);
                place.unwrap_or(usize::MAX)
            };
            list.sort_by_key(place);
        })
        .await?;
    let update = types::Update::StickerSetsOrder {
        masks: request.masks,
        emojis: request.emojis,
        order,
    };
    messenger.note_to_others(actor, update, context.now).await?;
    Ok(true)
}

/// messages.toggleStickerSets
pub(super) async fn toggle_sticker_sets(
    context: &Context<'_>,
    request: functions::messages::ToggleStickerSets,
) -> Result<bool> {
    for name in request.stickersets.iter().take(DOCUMENTS_MAX) {
        let set = context.messenger().named_sticker_set(name).await?;
        change_sets(context, set.kind, |list| {
            if request.uninstall {
                list.retain(|other| other.id != set.id);
            }
            for installed in list.iter_mut().filter(|other| other.id == set.id) {
                if request.archive || request.unarchive {
                    installed.archived = request.archive;
                }
            }
        })
        .await?;
    }
    Ok(true)
}

/// The installed sets of a kind that are not put away.
async fn active(
    context: &Context<'_>,
    user: UserId,
    kind: StickerKind,
) -> Result<Vec<(InstalledSet, StickerSet)>> {
    let messenger = context.messenger();
    let mut sets = Vec::new();
    for installed in messenger.installed_sets(user, kind).await? {
        if installed.archived {
            continue;
        }
        // Sets may have been deleted since.
        if let Some(set) = messenger.sticker_set(installed.id).await? {
            sets.push((installed, set));
        }
    }
    Ok(sets)
}

async fn all(
    context: &Context<'_>,
    kind: StickerKind,
    known_hash: i64,
) -> Result<types::messages::AllStickers> {
    let user = context.user()?;
    let sets = active(context, user, kind).await?;
    let hash = hash_of(sets.iter().map(|(_, set)| i64::from(show::hash(set))));
    if known_hash != 0 && known_hash == hash {
        return Ok(types::messages::AllStickers::NotModified {});
    }
    Ok(types::messages::AllStickers::AllStickers {
        hash,
        sets: sets
            .iter()
            .map(|(installed, set)| show::set(context, user, set, Some(installed)))
            .collect(),
    })
}

/// messages.getAllStickers
pub(super) async fn get_all_stickers(
    context: &Context<'_>,
    request: functions::messages::GetAllStickers,
) -> Result<types::messages::AllStickers> {
    all(context, StickerKind::Regular, request.hash).await
}

/// messages.getMaskStickers
pub(super) async fn get_mask_stickers(
    context: &Context<'_>,
    request: functions::messages::GetMaskStickers,
) -> Result<types::messages::AllStickers> {
    all(context, StickerKind::Masks, request.hash).await
}

/// messages.getEmojiStickers
pub(super) async fn get_emoji_stickers(
    context: &Context<'_>,
    request: functions::messages::GetEmojiStickers,
) -> Result<types::messages::AllStickers> {
    all(context, StickerKind::Emoji, request.hash).await
}

/// messages.getArchivedStickers
pub(super) async fn get_archived_stickers(
    context: &Context<'_>,
    request: functions::messages::GetArchivedStickers,
) -> Result<types::messages::ArchivedStickers> {
    let user = context.user()?;
    let messenger = context.messenger();
    let kind = kind(request.masks, request.emojis);
    let mut archived = messenger.installed_sets(user, kind).await?;
    archived.retain(|set| set.archived);
    let count = i32::try_from(archived.len()).unwrap_or(i32::MAX);
    let mut sets = Vec::new();
    let rest = after(archived, request.offset_id, |set| set.id);
    for installed in rest.into_iter().take(page_limit(request.limit) as usize) {
        if let Some(set) = messenger.sticker_set(installed.id).await? {
            sets.push(show::covered(context, user, &set).await?);
        }
    }
    Ok(types::messages::ArchivedStickers { count, sets })
}

/// messages.getMyStickers
pub(super) async fn get_my_stickers(
    context: &Context<'_>,
    request: functions::messages::GetMyStickers,
) -> Result<types::messages::MyStickers> {
    let user = context.user()?;
    let made = context.messenger().sticker_sets_of(user).await?;
    let count = i32::try_from(made.len()).unwrap_or(i32::MAX);
    let mut sets = Vec::new();
    let rest = after(made, request.offset_id, |set| set.id);
    for set in rest.iter().take(page_limit(request.limit) as usize) {
        sets.push(show::covered(context, user, set).await?);
    }
    Ok(types::messages::MyStickers { count, sets })
}

/// What stands after the item with an id; all for 0.
fn after<T>(items: Vec<T>, id: i64, id_of: impl Fn(&T) -> i64) -> Vec<T> {
    let start = match id {
        0 => 0,
        _ => items
            .iter()
            .position(|item| id_of(item) == id)
            .map_or(items.len(), |place| place + 1),
    };
    items.into_iter().skip(start).collect()
}

/// The documents of a list that are still there.
async fn kept(
    context: &Context<'_>,
    list: KeptList,
) -> Result<(i64, Vec<(KeptDocument, types::Document)>)> {
    let user = context.user()?;
    let mut documents = Vec::new();
    for kept in context.messenger().kept_documents(user, list).await? {
        if let Some(document) = show::document(context, user, kept.document).await? {
            documents.push((kept, document));
        }
    }
    let hash = hash_of(documents.iter().map(|(kept, _)| kept.document));
    Ok((hash, documents))
}

fn recent_list(attached: bool) -> KeptList {
    if attached {
        KeptList::RecentAttached
    } else {
        KeptList::RecentStickers
    }
}

/// messages.getRecentStickers
pub(super) async fn get_recent_stickers(
    context: &Context<'_>,
    request: functions::messages::GetRecentStickers,
) -> Result<types::messages::RecentStickers> {
    let (hash, documents) = kept(context, recent_list(request.attached)).await?;
    if request.hash != 0 && request.hash == hash {
        return Ok(types::messages::RecentStickers::NotModified {});
    }
    let dates = documents.iter().map(|(kept, _)| kept.date.cast_signed());
    Ok(types::messages::RecentStickers::RecentStickers(Box::new(
        tl_api::constructors::messages::RecentStickers {
            hash,
            packs: packs(documents.iter().map(|(_, document)| document)),
            dates: dates.collect(),
            stickers: documents
                .into_iter()
                .map(|(_, document)| document)
                .collect(),
        },
    )))
}

/// Which emoji stand for which of these stickers.
fn packs<'a>(documents: impl Iterator<Item = &'a types::Document>) -> Vec<types::StickerPack> {
    let mut packs: Vec<types::StickerPack> = Vec::new();
    for document in documents {
        let types::Document::Document(document) = document else {
            continue;
        };
        for attribute in &document.attributes {
            let Attribute::Sticker(sticker) = attribute else {
                continue;
            };
            for emoji in show::emoji_of(&sticker.alt) {
                match packs.iter_mut().find(|pack| *pack.emoticon == *emoji) {
                    Some(pack) => pack.documents.push(document.id),
                    None => packs.push(types::StickerPack {
                        emoticon: emoji.into(),
                        documents: vec![document.id],
                    }),
                }
            }
        }
    }
    packs
}

/// A sticker that a request names.
async fn sticker(context: &Context<'_>, name: &types::InputDocument) -> Result<store::DocumentId> {
    let (id, file) = context
        .named_document(name)
        .await
        .map_err(|_| Error::STICKER_ID_INVALID)?;
    let attributes = messenger::Messenger::attributes_of(&file)?;
    let is_sticker = |attribute: &Attribute| matches!(attribute, Attribute::Sticker(_));
    if attributes.iter().any(is_sticker) {
        Ok(id)
    } else {
        Err(Error::STICKER_ID_INVALID)
    }
}

async fn keep(
    context: &Context<'_>,
    list: KeptList,
    document: Option<store::DocumentId>,
    keep: bool,
    update: types::Update,
) -> Result<bool> {
    let actor = context.actor()?;
    let messenger = context.messenger();
    messenger
        .keep_document(actor.user, list, document, keep, context.now)
        .await?;
    messenger.note_to_others(actor, update, context.now).await?;
    Ok(true)
}

/// messages.saveRecentSticker
pub(super) async fn save_recent_sticker(
    context: &Context<'_>,
    request: functions::messages::SaveRecentSticker,
) -> Result<bool> {
    let id = sticker(context, &request.id).await?;
    let list = recent_list(request.attached);
    let update = types::Update::RecentStickers {};
    keep(context, list, Some(id), !request.unsave, update).await
}

/// messages.clearRecentStickers
pub(super) async fn clear_recent_stickers(
    context: &Context<'_>,
    request: functions::messages::ClearRecentStickers,
) -> Result<bool> {
    let list = recent_list(request.attached);
    keep(context, list, None, false, types::Update::RecentStickers {}).await
}

/// messages.getFavedStickers
pub(super) async fn get_faved_stickers(
    context: &Context<'_>,
    request: functions::messages::GetFavedStickers,
) -> Result<types::messages::FavedStickers> {
    let (hash, documents) = kept(context, KeptList::FavedStickers).await?;
    if request.hash != 0 && request.hash == hash {
        return Ok(types::messages::FavedStickers::NotModified {});
    }
    Ok(types::messages::FavedStickers::FavedStickers(Box::new(
        tl_api::constructors::messages::FavedStickers {
            hash,
            packs: packs(documents.iter().map(|(_, document)| document)),
            stickers: documents
                .into_iter()
                .map(|(_, document)| document)
                .collect(),
        },
    )))
}

/// messages.faveSticker
pub(super) async fn fave_sticker(
    context: &Context<'_>,
    request: functions::messages::FaveSticker,
) -> Result<bool> {
    let id = sticker(context, &request.id).await?;
    let update = types::Update::FavedStickers {};
    keep(
        context,
        KeptList::FavedStickers,
        Some(id),
        !request.unfave,
        update,
    )
    .await
}

/// messages.getSavedGifs
pub(super) async fn get_saved_gifs(
    context: &Context<'_>,
    request: functions::messages::GetSavedGifs,
) -> Result<types::messages::SavedGifs> {
    let (hash, documents) = kept(context, KeptList::Gifs).await?;
    if request.hash != 0 && request.hash == hash {
        return Ok(types::messages::SavedGifs::NotModified {});
    }
    Ok(types::messages::SavedGifs::SavedGifs {
        hash,
        gifs: documents
            .into_iter()
            .map(|(_, document)| document)
            .collect(),
    })
}

/// messages.saveGif
pub(super) async fn save_gif(
    context: &Context<'_>,
    request: functions::messages::SaveGif,
) -> Result<bool> {
    let (id, file) = context
        .named_document(&request.id)
        .await
        .map_err(|_| Error::GIF_ID_INVALID)?;
    let attributes = messenger::Messenger::attributes_of(&file)?;
    let is_gif = |attribute: &Attribute| matches!(attribute, Attribute::Animated {});
    if !attributes.iter().any(is_gif) {
        return Err(Error::GIF_ID_INVALID);
    }
    let update = types::Update::SavedGifs {};
    keep(context, KeptList::Gifs, Some(id), !request.unsave, update).await
}

/// messages.getStickers
pub(super) async fn get_stickers(
    context: &Context<'_>,
    request: functions::messages::GetStickers,
) -> Result<types::messages::Stickers> {
    let user = context.user()?;
    if request.emoticon.is_empty() {
        return Err(Error::EMOTICON_EMPTY);
    }
    let wanted = request.emoticon.trim_end_matches('\u{fe0f}');
    let mut ids = Vec::new();
    for (_, set) in active(context, user, StickerKind::Regular).await? {
        for sticker in &set.stickers {
            let mut emoji = show::emoji_of(&sticker.emoji).into_iter();
            if emoji.any(|emoji| emoji.trim_end_matches('\u{fe0f}') == wanted) {
                ids.push(sticker.document);
            }
        }
    }
    ids.truncate(DOCUMENTS_MAX);
    let hash = hash_of(ids.iter().copied());
    if request.hash != 0 && request.hash == hash {
        return Ok(types::messages::Stickers::NotModified {});
    }
    let mut stickers = Vec::with_capacity(ids.len());
    for id in ids {
        stickers.extend(show::document(context, user, id).await?);
    }
    Ok(types::messages::Stickers::Stickers { hash, stickers })
}

/// messages.getCustomEmojiDocuments
pub(super) async fn get_custom_emoji_documents(
    context: &Context<'_>,
    request: functions::messages::GetCustomEmojiDocuments,
) -> Result<Vec<types::Document>> {
    let user = context.user()?;
    let messenger = context.messenger();
    let mut documents = Vec::new();
    for id in request.document_id.iter().take(DOCUMENTS_MAX) {
        let id = store::DocumentId(*id);
        let Some(file) = messenger.file(id).await? else {
            continue;
        };
        let attributes = messenger::Messenger::attributes_of(&file)?;
        let is_emoji = |attribute: &Attribute| matches!(attribute, Attribute::CustomEmoji(_));
        if attributes.iter().any(is_emoji) {
            documents.push(messenger.show_document(user, id, &file)?);
        }
    }
    Ok(documents)
}
