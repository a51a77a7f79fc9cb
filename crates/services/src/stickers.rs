//! stickers.*: sets that people and bots make.

mod make;
pub(crate) mod show;

use crate::dispatch::methods;

methods! {
    works {
        StickersAddStickerToSet => make::add_sticker_to_set,
        StickersChangeSticker => make::change_sticker,
        StickersChangeStickerPosition => make::change_sticker_position,
        StickersCheckShortName => make::check_short_name,
        StickersCreateStickerSet => make::create_sticker_set,
        StickersDeleteStickerSet => make::delete_sticker_set,
        StickersRemoveStickerFromSet => make::remove_sticker_from_set,
        StickersRenameStickerSet => make::rename_sticker_set,
        StickersReplaceSticker => make::replace_sticker,
        StickersSetStickerSetThumb => make::set_sticker_set_thumb,
        StickersSuggestShortName => make::suggest_short_name,
    }
}
