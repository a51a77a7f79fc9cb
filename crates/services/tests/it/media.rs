//! Messages with files: alone, as albums, forwarded.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, refused};
use crate::messages::{Pair, updates};

/// An uploaded text file as media.
async fn upload(client: &Client, file_id: i64, body: &'static [u8]) -> types::InputMedia {
    let part = functions::upload::SaveFilePart {
        file_id,
        file_part: 0,
        bytes: tl::Bytes::from_static(body),
    };
    assert!(client.call(part).await.unwrap());
    let file = constructors::InputFile {
        id: file_id,
        parts: 1,
        name: "notes.txt".into(),
        md5_checksum: "".into(),
    };
    let file = types::InputFile::InputFile(Box::new(file));
    let name = types::DocumentAttribute::Filename {
        file_name: "notes.txt".into(),
    };
    let media =
        constructors::InputMediaUploadedDocument::new(file, "text/plain".into(), vec![name]);
    types::InputMedia::UploadedDocument(Box::new(media))
}

fn messages(updates: &[types::Update]) -> Vec<constructors::Message> {
    updates
        .iter()
        .filter_map(|update| match update {
            types::Update::NewMessage {
                message: types::Message::Message(message),
                ..
            } => Some(message.as_ref().clone()),
            _ => None,
        })
        .collect()
}

fn document(message: &constructors::Message) -> constructors::Document {
    match &message.media {
        Some(types::MessageMedia::Document(media)) => match &media.document {
            Some(types::Document::Document(document)) => document.as_ref().clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn named(document: &constructors::Document) -> types::InputMedia {
    let id = constructors::InputDocument {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
    };
    let id = types::InputDocument::InputDocument(Box::new(id));
    types::InputMedia::Document(Box::new(constructors::InputMediaDocument::new(id)))
}

#[tokio::test]
async fn each_side_names_a_file_by_a_hash_of_its_own() {
    let pair = Pair::start().await;
    let media = upload(&pair.alice, 1, b"some notes").await;
    let send = |media, id| {
        functions::messages::SendMedia::new(pair.to_bob.clone(), media, "see *this*".into(), id)
    };
    let sent = messages(&updates(pair.alice.call(send(media, 1)).await.unwrap()).updates);
    let received = messages(&pair.bob.take_updates());
    let (own, theirs) = (document(&sent[0]), document(&received[0]));
    assert_eq!(own.id, theirs.id);
    assert_ne!(own.access_hash, theirs.access_hash);
    assert_eq!(received[0].message, "see *this*");
    // Alice's hash is of no use to Bob, his own is.
    let again = |document| {
        functions::messages::SendMedia::new(pair.to_alice.clone(), named(document), "".into(), 2)
    };
    assert!(pair.bob.call(again(&own)).await.is_err());
    pair.bob.call(again(&theirs)).await.unwrap();
    let search = functions::messages::Search::new(
        pair.to_alice.clone(),
        "notes".into(),
        types::MessagesFilter::InputMessagesFilterDocument {},
        0,
        0,
        0,
        0,
        10,
        0,
        0,
        0,
    );
    let types::messages::Messages::Messages(found) = pair.bob.call(search).await.unwrap() else {
        panic!("not the whole list");
    };
    assert_eq!(found.messages.len(), 2);
}

#[tokio::test]
async fn album_stays_together() {
    let pair = Pair::start().await;
    let mut items = Vec::new();
    for (number, body) in [(1, &b"first"[..]), (2, b"second")] {
        let media = upload(&pair.alice, number, body).await;
        let request = functions::messages::UploadMedia::new(pair.to_bob.clone(), media);
        let types::MessageMedia::Document(media) = pair.alice.call(request).await.unwrap() else {
            panic!("no document");
        };
        let Some(types::Document::Document(document)) = media.document else {
            panic!("no document");
        };
        items.push(types::InputSingleMedia::new(
            named(&document),
            number,
            "".into(),
        ));
    }
    let album = functions::messages::SendMultiMedia::new(pair.to_bob.clone(), items.clone());
    let answer = updates(pair.alice.call(album.clone()).await.unwrap());
    let order: Vec<bool> = answer
        .updates
        .iter()
        .map(|update| matches!(update, types::Update::MessageID { .. }))
        .collect();
    assert_eq!(order, [true, false, true, false]);
    let sent = messages(&answer.updates);
    assert_eq!(sent[0].id + 1, sent[1].id);
    assert!(sent[0].grouped_id.is_some());
    assert_eq!(sent[0].grouped_id, sent[1].grouped_id);
    let received = messages(&pair.bob.take_updates());
    assert_eq!(received[0].grouped_id, sent[0].grouped_id);
    // Once more: the same album.
    let again = messages(&updates(pair.alice.call(album).await.unwrap()).updates);
    assert_eq!(again, sent);
    assert!(pair.bob.take_updates().is_empty());
    // Forwarded it is an album of its own.
    let ids = received.iter().map(|message| message.id).collect();
    let forward = functions::messages::ForwardMessages::new(
        pair.to_alice.clone(),
        ids,
        vec![11, 12],
        types::InputPeer::Self_ {},
    );
    let kept = messages(&updates(pair.bob.call(forward).await.unwrap()).updates);
    assert!(kept[0].grouped_id.is_some());
    assert_eq!(kept[0].grouped_id, kept[1].grouped_id);
    assert_ne!(kept[0].grouped_id, received[0].grouped_id);
    items[1].random_id = 1;
    let twice = functions::messages::SendMultiMedia::new(pair.to_bob.clone(), items);
    assert_eq!(
        pair.alice.call(twice).await.unwrap_err(),
        refused(400, "RANDOM_ID_INVALID")
    );
}
