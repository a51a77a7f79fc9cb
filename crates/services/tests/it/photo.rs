//! Contacts: photos for one's own eyes, photos suggested, contacts sent.

use tl_api::{constructors, functions, types};

use crate::harness::{Client, as_user, refused};
use crate::messages::Pair;

/// A picture of one colour, uploaded.
pub(crate) async fn picture(client: &Client, file_id: i64) -> types::InputFile {
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 80)
        .encode(
            &[200; 200 * 200 * 3],
            200,
            200,
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    let part = functions::upload::SaveFilePart {
        file_id,
        file_part: 0,
        bytes: bytes.into(),
    };
    assert!(client.call(part).await.unwrap());
    types::InputFile::InputFile(Box::new(constructors::InputFile {
        id: file_id,
        parts: 1,
        name: "photo.jpg".into(),
        md5_checksum: "".into(),
    }))
}

/// The photo that `client` is shown of a user.
async fn shown(client: &Client, id: &types::InputUser) -> (Option<i64>, bool, types::UserFull) {
    let full = functions::users::GetFullUser { id: id.clone() };
    let full = client.call(full).await.unwrap();
    let types::User::User(user) = &full.users[0] else {
        panic!();
    };
    let (photo, personal) = match &user.photo {
        Some(types::UserProfilePhoto::UserProfilePhoto(photo)) => {
            (Some(photo.photo_id), photo.personal)
        }
        _ => (None, false),
    };
    (photo, personal, *full.full_user)
}

fn id_of(photo: &types::Photo) -> i64 {
    match photo {
        types::Photo::Photo(photo) => photo.id,
        types::Photo::Empty { .. } => 0,
    }
}

#[tokio::test]
async fn photo_of_a_contact_is_seen_by_its_owner_alone() {
    let pair = Pair::start().await;
    let bob = as_user(&pair.to_bob);
    let request =
        |who: &types::InputUser| functions::photos::UploadContactProfilePhoto::new(who.clone());
    let carol = pair.server.sign_up("15550000003", "Carol").await;
    let stranger = types::InputUser::InputUser {
        user_id: carol.user_id(),
        access_hash: 1,
    };
    let with = |change: fn(&mut functions::photos::UploadContactProfilePhoto)| {
        let mut request = request(&bob);
        change(&mut request);
        request
    };
    for (asked, name) in [
        (request(&types::InputUser::Self_ {}), "USER_ID_INVALID"),
        (request(&stranger), "USER_ID_INVALID"),
        (request(&bob), "NEED_ACTION_MISSING"),
        (
            with(|request| (request.save, request.suggest) = (true, true)),
            "NEED_ACTION_MISSING",
        ),
        (with(|request| request.suggest = true), "PHOTO_FILE_MISSING"),
    ] {
        let error = pair.alice.call(asked).await.unwrap_err();
        assert_eq!(error, refused(400, name));
    }
    let tablet = pair.server.log_in_at(230, "15550000001").await;
    tablet.call(functions::updates::GetState {}).await.unwrap();
    tablet.take_updates();
    pair.bob.take_updates();
    let mut save = with(|request| request.save = true);
    save.file = Some(picture(&pair.alice, 1).await);
    let saved = pair.alice.call(save).await.unwrap();
    let id = id_of(&saved.photo);
    assert!(matches!(
        &tablet.take_updates()[..],
        [types::Update::User { user_id }] if *user_id == pair.bob.user_id()
    ));
    let (photo, personal, full) = shown(&tablet, &bob).await;
    assert_eq!((photo, personal), (Some(id), true));
    assert_eq!(full.personal_photo.as_ref().map(id_of), Some(id));
    // It can be fetched by whose it is, by nobody else.
    let place = |peer: &types::InputPeer| {
        let location = types::InputFileLocation::InputPeerPhotoFileLocation(Box::new(
            constructors::InputPeerPhotoFileLocation::new(peer.clone(), id),
        ));
        functions::upload::GetFile::new(location, 0, 4096)
    };
    assert!(tablet.call(place(&pair.to_bob)).await.is_ok());
    let own = types::InputPeer::Self_ {};
    let error = pair.bob.call(place(&own)).await.unwrap_err();
    assert_eq!(error, refused(400, "LOCATION_INVALID"));
    assert!(pair.bob.take_updates().is_empty());
    assert_eq!(shown(&pair.bob, &types::InputUser::Self_ {}).await.0, None);
    let gone = pair.alice.call(with(|request| request.save = true)).await;
    assert_eq!(id_of(&gone.unwrap().photo), 0);
    let (photo, _, full) = shown(&tablet, &bob).await;
    assert_eq!((photo, full.personal_photo), (None, None));
}

#[tokio::test]
async fn photo_is_suggested_to_a_contact() {
    let pair = Pair::start().await;
    let bob = as_user(&pair.to_bob);
    let mut suggest = functions::photos::UploadContactProfilePhoto::new(bob.clone());
    suggest.suggest = true;
    suggest.file = Some(picture(&pair.alice, 1).await);
    let suggested = pair.alice.call(suggest).await.unwrap();
    let suggestion = |client: &Client| {
        let told = client.take_updates();
        let found = told.iter().find_map(|update| match update {
            types::Update::NewMessage {
                message: types::Message::Service(message),
                ..
            } => match &message.action {
                types::MessageAction::SuggestProfilePhoto { photo } => Some(photo.clone()),
                _ => None,
            },
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{told:?}"))
    };
    assert_eq!(suggestion(&pair.alice), suggested.photo);
    let types::Photo::Photo(photo) = suggestion(&pair.bob) else {
        panic!();
    };
    assert_eq!(photo.id, id_of(&suggested.photo));
    // It is shown to them as theirs to fetch.
    let place = types::InputFileLocation::InputPhotoFileLocation(Box::new(
        constructors::InputPhotoFileLocation {
            id: photo.id,
            access_hash: photo.access_hash,
            file_reference: photo.file_reference.clone(),
            thumb_size: "a".into(),
        },
    ));
    let fetch = functions::upload::GetFile::new(place, 0, 4096);
    assert!(pair.bob.call(fetch).await.is_ok());
    // Nothing has changed yet.
    assert_eq!(shown(&pair.alice, &bob).await.0, None);
}

#[tokio::test]
async fn contact_with_a_number_that_is_none_belongs_to_nobody() {
    let pair = Pair::start().await;
    let contact = types::InputMedia::Contact(Box::new(constructors::InputMediaContact {
        phone_number: "call me".into(),
        first_name: "Carol".into(),
        last_name: "".into(),
        vcard: "".into(),
    }));
    let send = functions::messages::SendMedia::new(pair.to_bob.clone(), contact, "".into(), 1);
    let sent = crate::messages::updates(pair.alice.call(send).await.unwrap());
    let media = crate::messages::new_message(&sent.updates).media;
    let Some(types::MessageMedia::Contact(contact)) = media else {
        panic!("{media:?}");
    };
    assert_eq!(
        (contact.phone_number.as_str(), contact.user_id),
        ("call me", 0)
    );
}
