//! Stickers: sets made, installed, changed; what is kept at hand.

use tl_api::{constructors, functions, types};

use crate::bots::Workshop;
use crate::harness::{Client, Server, as_user, refused};
use crate::messages::{Pair, updates};

/// An uploaded file as a document that can be named.
async fn document(
    client: &Client,
    file_id: i64,
    mime_type: &str,
    attribute: types::DocumentAttribute,
) -> types::InputDocument {
    let part = functions::upload::SaveFilePart {
        file_id,
        file_part: 0,
        bytes: tl::Bytes::from(format!("file {file_id}")),
    };
    assert!(client.call(part).await.unwrap());
    let file = types::InputFile::InputFile(Box::new(constructors::InputFile {
        id: file_id,
        parts: 1,
        name: "sticker".into(),
        md5_checksum: "".into(),
    }));
    let media =
        constructors::InputMediaUploadedDocument::new(file, mime_type.into(), vec![attribute]);
    let upload = functions::messages::UploadMedia::new(
        types::InputPeer::Self_ {},
        types::InputMedia::UploadedDocument(Box::new(media)),
    );
    let types::MessageMedia::Document(media) = client.call(upload).await.unwrap() else {
        panic!("no document");
    };
    name(&media.document.unwrap())
}

fn name(document: &types::Document) -> types::InputDocument {
    let types::Document::Document(document) = document else {
        panic!("{document:?}");
    };
    types::InputDocument::InputDocument(Box::new(constructors::InputDocument {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
    }))
}

async fn webp(client: &Client, file_id: i64) -> types::InputDocument {
    let size = types::DocumentAttribute::ImageSize { w: 512, h: 400 };
    document(client, file_id, "image/webp", size).await
}

fn item(document: &types::InputDocument, emoji: &str) -> types::InputStickerSetItem {
    types::InputStickerSetItem::new(document.clone(), emoji.into())
}

fn create(
    short_name: &str,
    stickers: Vec<types::InputStickerSetItem>,
) -> functions::stickers::CreateStickerSet {
    let own = types::InputUser::Self_ {};
    functions::stickers::CreateStickerSet::new(own, "Cats".into(), short_name.into(), stickers)
}

fn whole(set: types::messages::StickerSet) -> constructors::messages::StickerSet {
    match set {
        types::messages::StickerSet::StickerSet(set) => *set,
        types::messages::StickerSet::NotModified {} => panic!("not modified"),
    }
}

fn by_name(short_name: &str) -> types::InputStickerSet {
    types::InputStickerSet::ShortName {
        short_name: short_name.into(),
    }
}

#[tokio::test]
async fn set_is_judged_made_and_seen_by_all() {
    let pair = Pair::start().await;
    let cat = webp(&pair.alice, 1).await;
    let text = types::DocumentAttribute::Filename {
        file_name: "a.txt".into(),
    };
    let text = document(&pair.alice, 2, "text/plain", text).await;
    let small = types::DocumentAttribute::ImageSize { w: 100, h: 100 };
    let small = document(&pair.alice, 3, "image/webp", small).await;
    let mut nameless = create("cats", vec![item(&cat, "🐱")]);
    nameless.title = " ".into();
    let mut both = create("cats", vec![item(&cat, "🐱")]);
    both.masks = true;
    both.emojis = true;
    for (request, name) in [
        (nameless, "PACK_TITLE_INVALID"),
        (
            create("1cats", vec![item(&cat, "🐱")]),
            "PACK_SHORT_NAME_INVALID",
        ),
        (create("cats", vec![]), "STICKERS_EMPTY"),
        (
            create("cats", vec![item(&text, "🐱")]),
            "STICKER_FILE_INVALID",
        ),
        (
            create("cats", vec![item(&small, "🐱")]),
            "STICKER_PNG_DIMENSIONS",
        ),
        (
            create("cats", vec![item(&cat, "cat")]),
            "STICKER_EMOJI_INVALID",
        ),
        (both, "PACK_TYPE_INVALID"),
    ] {
        assert_eq!(
            pair.alice.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let check = |short_name: &str| functions::stickers::CheckShortName {
        short_name: short_name.into(),
    };
    assert!(pair.alice.call(check("cats")).await.unwrap());
    let made = pair
        .alice
        .call(create("cats", vec![item(&cat, "🐱😺")]))
        .await;
    let made = whole(made.unwrap());
    assert!(made.set.creator && made.set.installed_date.is_some());
    assert_eq!(
        (made.set.count, made.documents.len(), made.packs.len()),
        (1, 1, 2)
    );
    for name in ["SHORT_NAME_OCCUPIED", "SHORT_NAME_INVALID"] {
        let wanted = if name.ends_with("INVALID") {
            "c__s"
        } else {
            "CATS"
        };
        let error = pair.alice.call(check(wanted)).await.unwrap_err();
        assert_eq!(error, refused(400, name));
    }
    let again = create("Cats", vec![item(&cat, "🐱")]);
    let error = pair.bob.call(again).await.unwrap_err();
    assert_eq!(error, refused(400, "PACK_SHORT_NAME_OCCUPIED"));
    let suggest = functions::stickers::SuggestShortName {
        title: "Cats!".into(),
    };
    let suggested = pair.bob.call(suggest).await.unwrap();
    assert_eq!(suggested.short_name, "Cats_2");
    // Anybody finds it by its name, and by what its stickers say.
    let get = |stickerset, hash| functions::messages::GetStickerSet { stickerset, hash };
    let seen = whole(pair.bob.call(get(by_name("CATS"), 0)).await.unwrap());
    assert!(!seen.set.creator && seen.set.installed_date.is_none());
    let types::Document::Document(sticker) = &seen.documents[0] else {
        panic!();
    };
    let of_set = sticker
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            types::DocumentAttribute::Sticker(sticker) => Some(sticker.stickerset.clone()),
            _ => None,
        });
    let same = whole(pair.bob.call(get(of_set.unwrap(), 0)).await.unwrap());
    assert_eq!(same.set.id, made.set.id);
    let same = pair
        .bob
        .call(get(by_name("cats"), made.set.hash))
        .await
        .unwrap();
    assert!(matches!(same, types::messages::StickerSet::NotModified {}));
    let error = pair.bob.call(get(by_name("dogs"), 0)).await.unwrap_err();
    assert_eq!(error, refused(406, "STICKERSET_INVALID"));
    let wrong = types::InputStickerSet::ID {
        id: made.set.id,
        access_hash: 1,
    };
    let error = pair.bob.call(get(wrong, 0)).await.unwrap_err();
    assert_eq!(error, refused(406, "STICKERSET_INVALID"));
}

#[tokio::test]
async fn only_its_maker_changes_a_set() {
    let pair = Pair::start().await;
    let (one, two) = (webp(&pair.alice, 1).await, webp(&pair.alice, 2).await);
    let made = pair
        .alice
        .call(create("cats", vec![item(&one, "🐱")]))
        .await;
    let made = whole(made.unwrap());
    let add = functions::stickers::AddStickerToSet {
        stickerset: by_name("cats"),
        sticker: Box::new(item(&two, "😺")),
    };
    let error = pair.bob.call(add.clone()).await.unwrap_err();
    assert_eq!(error, refused(406, "STICKERSET_INVALID"));
    let grown = whole(pair.alice.call(add).await.unwrap());
    assert_eq!(grown.set.count, 2);
    assert_ne!(grown.set.hash, made.set.hash);
    let second = name(&grown.documents[1]);
    let move_first = functions::stickers::ChangeStickerPosition {
        sticker: second.clone(),
        position: 0,
    };
    let moved = whole(pair.alice.call(move_first).await.unwrap());
    assert_eq!(name(&moved.documents[0]), second);
    let mut change = functions::stickers::ChangeSticker::new(second.clone());
    change.emoji = Some("😹".into());
    change.keywords = Some("laugh, cat".into());
    let changed = whole(pair.alice.call(change).await.unwrap());
    assert_eq!(changed.keywords[0].keyword, ["laugh", "cat"]);
    let foreign = functions::stickers::RemoveStickerFromSet {
        sticker: second.clone(),
    };
    let error = pair.bob.call(foreign).await.unwrap_err();
    assert_eq!(error, refused(400, "STICKER_INVALID"));
    let remove = functions::stickers::RemoveStickerFromSet { sticker: second };
    let left = whole(pair.alice.call(remove.clone()).await.unwrap());
    assert_eq!(left.set.count, 1);
    let error = pair.alice.call(remove).await.unwrap_err();
    assert_eq!(error, refused(400, "STICKER_INVALID"));
    let rename = functions::stickers::RenameStickerSet {
        stickerset: by_name("cats"),
        title: "More cats".into(),
    };
    let renamed = whole(pair.alice.call(rename).await.unwrap());
    assert_eq!(renamed.set.title, "More cats");
    let mine = functions::messages::GetMyStickers {
        offset_id: 0,
        limit: 10,
    };
    assert_eq!(pair.alice.call(mine).await.unwrap().count, 1);
    let delete = functions::stickers::DeleteStickerSet {
        stickerset: by_name("cats"),
    };
    assert!(pair.alice.call(delete.clone()).await.unwrap());
    let error = pair.alice.call(delete).await.unwrap_err();
    assert_eq!(error, refused(406, "STICKERSET_INVALID"));
    // Its name stays taken: links to it must not lead elsewhere.
    let cat = webp(&pair.bob, 4).await;
    let error = pair.bob.call(create("cats", vec![item(&cat, "🐱")])).await;
    assert_eq!(error.unwrap_err(), refused(400, "PACK_SHORT_NAME_OCCUPIED"));
}

#[tokio::test]
async fn sets_are_installed_ordered_and_put_away() {
    let pair = Pair::start().await;
    let mut ids = Vec::new();
    for (file, short_name) in [(1, "cats"), (2, "dogs")] {
        let sticker = webp(&pair.alice, file).await;
        let made = pair
            .alice
            .call(create(short_name, vec![item(&sticker, "🐾")]))
            .await;
        ids.push(whole(made.unwrap()).set.id);
    }
    let other = pair.server.log_in_at(158, "15550000002").await;
    other.call(functions::updates::GetState {}).await.unwrap();
    for short_name in ["cats", "dogs"] {
        let install = functions::messages::InstallStickerSet {
            stickerset: by_name(short_name),
            archived: false,
        };
        pair.bob.call(install).await.unwrap();
    }
    let told = other.take_updates();
    assert_eq!(
        told.iter()
            .filter(|update| matches!(update, types::Update::NewStickerSet { .. }))
            .count(),
        2
    );
    let listed = async || {
        let all = functions::messages::GetAllStickers { hash: 0 };
        match pair.bob.call(all).await.unwrap() {
            types::messages::AllStickers::AllStickers { hash, sets } => {
                let ids: Vec<i64> = sets.iter().map(|set| set.id).collect();
                (hash, ids)
            }
            types::messages::AllStickers::NotModified {} => panic!("not modified"),
        }
    };
    let (hash, sets) = listed().await;
    assert_eq!(sets, [ids[1], ids[0]]);
    let again = functions::messages::GetAllStickers { hash };
    assert!(matches!(
        pair.bob.call(again).await.unwrap(),
        types::messages::AllStickers::NotModified {}
    ));
    let order = functions::messages::ReorderStickerSets {
        masks: false,
        emojis: false,
        order: ids.clone(),
    };
    pair.bob.call(order).await.unwrap();
    assert_eq!(listed().await.1, ids);
    assert!(matches!(
        &other.take_updates()[..],
        [types::Update::StickerSetsOrder { order, .. }] if *order == ids
    ));
    let by_emoji = functions::messages::GetStickers {
        emoticon: "🐾".into(),
        hash: 0,
    };
    assert!(matches!(
        pair.bob.call(by_emoji).await.unwrap(),
        types::messages::Stickers::Stickers { stickers, .. } if stickers.len() == 2
    ));
    let mut toggle = functions::messages::ToggleStickerSets::new(vec![by_name("cats")]);
    toggle.archive = true;
    pair.bob.call(toggle).await.unwrap();
    assert_eq!(listed().await.1, [ids[1]]);
    let archived = functions::messages::GetArchivedStickers {
        masks: false,
        emojis: false,
        offset_id: 0,
        limit: 10,
    };
    let archived = pair.bob.call(archived).await.unwrap();
    assert_eq!((archived.count, archived.sets.len()), (1, 1));
    let uninstall = functions::messages::UninstallStickerSet {
        stickerset: by_name("dogs"),
    };
    pair.bob.call(uninstall).await.unwrap();
    assert!(listed().await.1.is_empty());
}

#[tokio::test]
async fn documents_are_kept_at_hand() {
    let pair = Pair::start().await;
    let sticker = webp(&pair.alice, 1).await;
    let made = pair
        .alice
        .call(create("cats", vec![item(&sticker, "🐱")]))
        .await;
    let own = name(&whole(made.unwrap()).documents[0]);
    let gif = types::DocumentAttribute::Animated {};
    let gif = document(&pair.alice, 2, "video/mp4", gif).await;
    let fave = |id: &types::InputDocument, unfave| functions::messages::FaveSticker {
        id: id.clone(),
        unfave,
    };
    let error = pair.alice.call(fave(&gif, false)).await.unwrap_err();
    assert_eq!(error, refused(400, "STICKER_ID_INVALID"));
    pair.alice.call(fave(&own, false)).await.unwrap();
    let faved = async || match pair
        .alice
        .call(functions::messages::GetFavedStickers { hash: 0 })
        .await
        .unwrap()
    {
        types::messages::FavedStickers::FavedStickers(faved) => faved.stickers.len(),
        types::messages::FavedStickers::NotModified {} => panic!("not modified"),
    };
    assert_eq!(faved().await, 1);
    pair.alice.call(fave(&own, true)).await.unwrap();
    assert_eq!(faved().await, 0);
    let recent = functions::messages::SaveRecentSticker {
        attached: false,
        id: own.clone(),
        unsave: false,
    };
    pair.alice.call(recent).await.unwrap();
    let listed = functions::messages::GetRecentStickers {
        attached: false,
        hash: 0,
    };
    let types::messages::RecentStickers::RecentStickers(listed) =
        pair.alice.call(listed).await.unwrap()
    else {
        panic!("not modified");
    };
    assert_eq!((listed.stickers.len(), listed.dates.len()), (1, 1));
    pair.alice
        .call(functions::messages::ClearRecentStickers { attached: false })
        .await
        .unwrap();
    let save = |id: &types::InputDocument| functions::messages::SaveGif {
        id: id.clone(),
        unsave: false,
    };
    let error = pair.alice.call(save(&own)).await.unwrap_err();
    assert_eq!(error, refused(400, "GIF_ID_INVALID"));
    pair.alice.call(save(&gif)).await.unwrap();
    let types::messages::SavedGifs::SavedGifs { gifs, hash } = pair
        .alice
        .call(functions::messages::GetSavedGifs { hash: 0 })
        .await
        .unwrap()
    else {
        panic!("not modified");
    };
    assert_eq!(gifs.len(), 1);
    assert!(matches!(
        pair.alice
            .call(functions::messages::GetSavedGifs { hash })
            .await
            .unwrap(),
        types::messages::SavedGifs::NotModified {}
    ));
    // A sticker can be sent.
    let media = types::InputMedia::Document(Box::new(constructors::InputMediaDocument::new(own)));
    let send = functions::messages::SendMedia::new(pair.to_bob.clone(), media, "".into(), 5);
    updates(pair.alice.call(send).await.unwrap());
}

#[tokio::test]
async fn bot_makes_a_set_for_its_user() {
    let shop = Workshop::start().await;
    shop.meet().await;
    let sticker = webp(&shop.bot, 1).await;
    let for_alice = |short_name: &str| {
        let mut request = create(short_name, vec![item(&sticker, "🤖")]);
        request.user_id = types::InputUser::InputUser {
            user_id: shop.alice.user_id(),
            access_hash: 0,
        };
        request
    };
    let error = shop.bot.call(for_alice("robots")).await.unwrap_err();
    assert_eq!(error, refused(400, "PACK_SHORT_NAME_INVALID"));
    let mut foreign = for_alice("robots_by_alpha_bot");
    foreign.user_id = as_user(&shop.peer);
    let error = shop.bot.call(foreign).await.unwrap_err();
    assert_eq!(error, refused(400, "USER_ID_INVALID"));
    shop.bot
        .call(for_alice("robots_by_alpha_bot"))
        .await
        .unwrap();
    let told = shop.alice.take_updates();
    assert!(matches!(&told[..], [types::Update::NewStickerSet { .. }]));
    let add = functions::stickers::AddStickerToSet {
        stickerset: by_name("robots_by_alpha_bot"),
        sticker: Box::new(item(&sticker, "🦾")),
    };
    assert_eq!(whole(shop.bot.call(add).await.unwrap()).set.count, 2);
}

#[tokio::test]
async fn reactions_are_drawn_with_the_set_of_the_operator() {
    use types::messages::AvailableReactions as Answer;
    let server = Server::start_with(|options| options.reaction_set = Some("drawn".into()));
    let alice = server.sign_up("15550000001", "Alice").await;
    let bob = server.sign_up("15550000002", "Bob").await;
    let asked = functions::messages::GetAvailableReactions { hash: 0 };
    let Answer::AvailableReactions { hash, reactions } = bob.call(asked.clone()).await.unwrap()
    else {
        panic!();
    };
    assert_eq!((hash, reactions.len()), (0, 0));
    let size = types::DocumentAttribute::ImageSize { w: 512, h: 512 };
    let moving = document(&alice, 2, "application/x-tgsticker", size).await;
    let set = create(
        "drawn",
        vec![
            item(&moving, "👍"),
            item(&webp(&alice, 1).await, "👍"),
            item(&webp(&alice, 3).await, "🐱"),
            item(&webp(&alice, 4).await, "❤\u{fe0f}"),
        ],
    );
    let set = whole(alice.call(set).await.unwrap());
    let ids: Vec<i64> = set.documents.iter().map(id_of).collect();
    let Answer::AvailableReactions { hash, reactions } = bob.call(asked).await.unwrap() else {
        panic!();
    };
    let shown: Vec<_> = reactions
        .iter()
        .map(|shown| {
            let still = id_of(&shown.static_icon);
            (
                shown.reaction.as_str(),
                still,
                id_of(&shown.effect_animation),
            )
        })
        .collect();
    // Each with the best that there is; a cat is no reaction.
    assert_eq!(shown, [("👍", ids[1], ids[0]), ("❤", ids[3], ids[3])]);
    let again = bob.call(functions::messages::GetAvailableReactions { hash });
    assert_eq!(again.await.unwrap(), Answer::NotModified {});
    // With one more picture it is another list.
    let cats = by_name("drawn");
    let more = item(&webp(&alice, 5).await, "🔥");
    let more = functions::stickers::AddStickerToSet {
        stickerset: cats,
        sticker: Box::new(more),
    };
    alice.call(more).await.unwrap();
    let again = functions::messages::GetAvailableReactions { hash };
    let Answer::AvailableReactions { reactions, .. } = bob.call(again).await.unwrap() else {
        panic!();
    };
    assert_eq!(reactions.len(), 3);
}

fn id_of(document: &types::Document) -> i64 {
    match document {
        types::Document::Document(document) => document.id,
        other => panic!("{other:?}"),
    }
}
