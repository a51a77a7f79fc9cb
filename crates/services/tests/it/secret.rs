//! Secret chats: two devices, and what the server carries between them.

use mtproto_core::crypto::{DhGroup, DhSecret};
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::harness::{Client, Server, as_user, refused};
use crate::messages::Pair;

/// A public number that a client would make.
pub(crate) fn public_number(server: &Server) -> Bytes {
    let secret = DhSecret::random(&mut server.rng());
    Bytes::copy_from_slice(&DhGroup::known().generator_pow(&secret))
}

/// Alice on one device, Bob on two; they have a secret chat on his first one.
struct Secret {
    pair: Pair,
    /// Bob's other device.
    tablet: Client,
    /// The chat as each names it.
    alices: types::InputEncryptedChat,
    bobs: types::InputEncryptedChat,
}

fn chats(updates: Vec<types::Update>) -> Vec<types::EncryptedChat> {
    updates
        .into_iter()
        .filter_map(|update| match update {
            types::Update::Encryption(update) => Some(update.chat),
            _ => None,
        })
        .collect()
}

impl Secret {
    async fn start() -> Self {
        let pair = Pair::start().await;
        let tablet = pair.server.log_in_at(158, "15550000002").await;
        for client in [&pair.alice, &pair.bob, &tablet] {
            client.call(functions::updates::GetState {}).await.unwrap();
            client.take_updates();
        }
        let g_a = public_number(&pair.server);
        let request = functions::messages::RequestEncryption {
            user_id: as_user(&pair.to_bob),
            random_id: 7,
            g_a: g_a.clone(),
        };
        let mut weak = request.clone();
        weak.g_a = Bytes::from_static(&[0; 256]);
        let error = pair.alice.call(weak).await.unwrap_err();
        assert_eq!(error, refused(400, "DH_G_A_INVALID"));
        let own = functions::messages::RequestEncryption {
            user_id: types::InputUser::Self_ {},
            ..request.clone()
        };
        let error = pair.alice.call(own).await.unwrap_err();
        assert_eq!(error, refused(400, "USER_ID_INVALID"));
        let waiting = pair.alice.call(request.clone()).await.unwrap();
        let types::EncryptedChat::Waiting {
            id, access_hash, ..
        } = waiting
        else {
            panic!("{waiting:?}");
        };
        // Asked again, it is the same chat, and nobody is told again.
        assert_eq!(pair.alice.call(request).await.unwrap(), waiting);
        let alices = types::InputEncryptedChat {
            chat_id: id,
            access_hash,
        };
        let asked = chats(tablet.take_updates());
        assert!(matches!(&asked[..], [types::EncryptedChat::Requested(_)]));
        let asked = chats(pair.bob.take_updates());
        let [types::EncryptedChat::Requested(asked)] = &asked[..] else {
            panic!("{asked:?}");
        };
        assert_eq!(asked.g_a, g_a);
        let bobs = types::InputEncryptedChat {
            chat_id: id,
            access_hash: asked.access_hash,
        };
        assert_ne!(bobs.access_hash, alices.access_hash);
        let error = pair.alice.call(send(&alices, 1, b"too early")).await;
        assert_eq!(error.unwrap_err(), refused(400, "CHAT_ID_INVALID"));
        let accept = functions::messages::AcceptEncryption {
            peer: bobs.clone(),
            g_b: public_number(&pair.server),
            key_fingerprint: 99,
        };
        let mut foreign = accept.clone();
        foreign.peer = alices.clone();
        let error = pair.alice.call(foreign).await.unwrap_err();
        assert_eq!(error, refused(400, "CHAT_ID_INVALID"));
        pair.bob.call(accept.clone()).await.unwrap();
        let told = chats(pair.alice.take_updates());
        assert!(
            matches!(&told[..], [types::EncryptedChat::EncryptedChat(chat)]
            if chat.key_fingerprint == 99 && chat.g_a_or_b == accept.g_b)
        );
        let over = chats(tablet.take_updates());
        assert!(matches!(
            &over[..],
            [types::EncryptedChat::Discarded { .. }]
        ));
        let error = tablet.call(accept).await.unwrap_err();
        assert_eq!(error, refused(400, "ENCRYPTION_ALREADY_ACCEPTED"));
        Self {
            pair,
            tablet,
            alices,
            bobs,
        }
    }
}

fn send(
    peer: &types::InputEncryptedChat,
    random_id: i64,
    data: &'static [u8],
) -> functions::messages::SendEncrypted {
    let data = Bytes::from_static(data);
    functions::messages::SendEncrypted::new(peer.clone(), random_id, data)
}

fn received(updates: &[types::Update]) -> Vec<(Vec<u8>, i32)> {
    updates
        .iter()
        .filter_map(|update| match update {
            types::Update::NewEncryptedMessage { message, qts } => {
                Some((bytes_of(message).to_vec(), *qts))
            }
            _ => None,
        })
        .collect()
}

fn bytes_of(message: &types::EncryptedMessage) -> &[u8] {
    match message {
        types::EncryptedMessage::EncryptedMessage(message) => &message.bytes,
        types::EncryptedMessage::Service(message) => &message.bytes,
    }
}

#[tokio::test]
async fn numbers_for_keys_are_the_known_ones() {
    let pair = Pair::start().await;
    let get = |version, random_length| functions::messages::GetDhConfig {
        version,
        random_length,
    };
    let types::messages::DhConfig::DhConfig(config) = pair.alice.call(get(0, 16)).await.unwrap()
    else {
        panic!("not modified");
    };
    assert_eq!(
        (config.g, config.p.len(), config.random.len()),
        (3, 256, 16)
    );
    assert!(matches!(
        pair.alice.call(get(config.version, 0)).await.unwrap(),
        types::messages::DhConfig::NotModified { random } if random.is_empty()
    ));
    for length in [-1, 1025] {
        let error = pair.alice.call(get(0, length)).await.unwrap_err();
        assert_eq!(error, refused(400, "RANDOM_LENGTH_INVALID"));
    }
}

#[tokio::test]
async fn message_reaches_one_device_and_stays_until_it_was_received() {
    let secret = Secret::start().await;
    let pair = &secret.pair;
    pair.server.world.advance_s(5);
    let state = pair
        .bob
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    for (request, name) in [
        (send(&secret.alices, 0, b"x"), "RANDOM_ID_EMPTY"),
        (send(&secret.alices, 1, b""), "DATA_INVALID"),
        (send(&secret.alices, 1, &[0; 65 * 1024]), "DATA_TOO_LONG"),
        (send(&secret.bobs, 1, b"x"), "CHAT_ID_INVALID"),
    ] {
        let error = pair.alice.call(request).await.unwrap_err();
        assert_eq!(error, refused(400, name));
    }
    // His other device is not in it.
    let error = secret.tablet.call(send(&secret.bobs, 1, b"x")).await;
    assert_eq!(error.unwrap_err(), refused(400, "CHAT_ID_INVALID"));
    pair.alice
        .call(send(&secret.alices, 1, b"one"))
        .await
        .unwrap();
    pair.alice
        .call(send(&secret.alices, 1, b"one"))
        .await
        .unwrap();
    let service = functions::messages::SendEncryptedService {
        peer: secret.alices.clone(),
        random_id: 2,
        data: Bytes::from_static(b"two"),
    };
    pair.alice.call(service).await.unwrap();
    let both = [(b"one".to_vec(), 1), (b"two".to_vec(), 2)];
    assert_eq!(received(&pair.bob.take_updates()), both);
    assert!(received(&secret.tablet.take_updates()).is_empty());
    // What was pushed is in the difference of that device, and of no other one.
    let difference = |state: &types::updates::State| {
        functions::updates::GetDifference::new(state.pts, state.date, state.qts)
    };
    let missed = pair.bob.call(difference(&state)).await.unwrap();
    let types::updates::Difference::Difference(missed) = missed else {
        panic!("{missed:?}");
    };
    let told: Vec<&[u8]> = missed.new_encrypted_messages.iter().map(bytes_of).collect();
    assert_eq!(told, [b"one", b"two"]);
    assert_eq!(missed.state.qts, 2);
    let missed = secret.tablet.call(difference(&state)).await.unwrap();
    assert!(matches!(missed, types::updates::Difference::Empty { .. }));
    let receive = |max_qts| functions::messages::ReceivedQueue { max_qts };
    let error = pair.bob.call(receive(3)).await.unwrap_err();
    assert_eq!(error, refused(400, "MAX_QTS_INVALID"));
    assert_eq!(pair.bob.call(receive(1)).await.unwrap(), [1]);
    let missed = pair.bob.call(difference(&state)).await.unwrap();
    let types::updates::Difference::Difference(missed) = missed else {
        panic!("{missed:?}");
    };
    assert_eq!(missed.new_encrypted_messages.len(), 1);
    // The other way, and what is not kept.
    pair.bob.call(send(&secret.bobs, 5, b"back")).await.unwrap();
    let typing = functions::messages::SetEncryptedTyping {
        peer: secret.bobs.clone(),
        typing: true,
    };
    pair.bob.call(typing).await.unwrap();
    let read = functions::messages::ReadEncryptedHistory {
        peer: secret.bobs.clone(),
        max_date: pair.server.world.now_s(),
    };
    pair.bob.call(read.clone()).await.unwrap();
    let told = pair.alice.take_updates();
    assert_eq!(received(&told), [(b"back".to_vec(), 1)]);
    assert!(matches!(
        &told[1..],
        [
            types::Update::EncryptedChatTyping { .. },
            types::Update::EncryptedMessagesRead { .. }
        ]
    ));
    let wrong = functions::messages::ReadEncryptedHistory {
        max_date: 0,
        ..read
    };
    let error = pair.bob.call(wrong).await.unwrap_err();
    assert_eq!(error, refused(400, "MAX_DATE_INVALID"));
}

#[tokio::test]
async fn file_is_carried_and_fetched_by_both() {
    let secret = Secret::start().await;
    let pair = &secret.pair;
    let part = functions::upload::SaveFilePart {
        file_id: 5,
        file_part: 0,
        bytes: Bytes::from_static(b"encrypted bytes!"),
    };
    pair.alice.call(part).await.unwrap();
    let uploaded = constructors::InputEncryptedFileUploaded {
        id: 5,
        parts: 1,
        md5_checksum: "".into(),
        key_fingerprint: 77,
    };
    let request = functions::messages::SendEncryptedFile::new(
        secret.alices.clone(),
        9,
        Bytes::from_static(b"with a file"),
        types::InputEncryptedFile::Uploaded(Box::new(uploaded)),
    );
    let mut without = request.clone();
    without.file = types::InputEncryptedFile::Empty {};
    let error = pair.alice.call(without).await.unwrap_err();
    assert_eq!(error, refused(400, "FILE_EMTPY"));
    pair.alice.call(request).await.unwrap();
    let told = pair.bob.take_updates();
    let [types::Update::NewEncryptedMessage { message, .. }] = &told[..] else {
        panic!("{told:?}");
    };
    let types::EncryptedMessage::EncryptedMessage(message) = message else {
        panic!("{message:?}");
    };
    let types::EncryptedFile::EncryptedFile {
        id,
        access_hash,
        size,
        key_fingerprint,
        ..
    } = message.file
    else {
        panic!("{message:?}");
    };
    assert_eq!((size, key_fingerprint), (16, 77));
    let get = functions::upload::GetFile::new(
        types::InputFileLocation::InputEncryptedFileLocation { id, access_hash },
        0,
        4096,
    );
    let types::upload::File::File(file) = pair.bob.call(get.clone()).await.unwrap() else {
        panic!("elsewhere");
    };
    assert_eq!(file.bytes, b"encrypted bytes!"[..]);
    // The hash is good for nobody else.
    let error = pair.alice.call(get).await.unwrap_err();
    assert_eq!(error, refused(400, "LOCATION_INVALID"));
}

#[tokio::test]
async fn chat_ends_for_both_when_one_leaves() {
    let secret = Secret::start().await;
    let pair = &secret.pair;
    let discard = |chat_id| functions::messages::DiscardEncryption {
        delete_history: true,
        chat_id,
    };
    let error = pair.alice.call(discard(0)).await.unwrap_err();
    assert_eq!(error, refused(400, "CHAT_ID_EMPTY"));
    let error = pair.alice.call(discard(12)).await.unwrap_err();
    assert_eq!(error, refused(400, "ENCRYPTION_ID_INVALID"));
    let stranger = pair.server.sign_up("15550000003", "Carol").await;
    let error = stranger.call(discard(secret.alices.chat_id)).await;
    assert_eq!(error.unwrap_err(), refused(400, "ENCRYPTION_ID_INVALID"));
    pair.alice
        .call(discard(secret.alices.chat_id))
        .await
        .unwrap();
    let told = chats(pair.bob.take_updates());
    assert!(matches!(
        &told[..],
        [types::EncryptedChat::Discarded {
            history_deleted: true,
            ..
        }]
    ));
    let error = pair.alice.call(discard(secret.alices.chat_id)).await;
    assert_eq!(
        error.unwrap_err(),
        refused(400, "ENCRYPTION_ALREADY_DECLINED")
    );
    let error = pair.bob.call(send(&secret.bobs, 5, b"hello?")).await;
    assert_eq!(error.unwrap_err(), refused(400, "ENCRYPTION_DECLINED"));
}

#[tokio::test]
async fn chat_ends_when_its_device_logs_out() {
    let secret = Secret::start().await;
    secret
        .pair
        .bob
        .call(functions::auth::LogOut {})
        .await
        .unwrap();
    let told = chats(secret.pair.alice.take_updates());
    assert!(matches!(
        &told[..],
        [types::EncryptedChat::Discarded { .. }]
    ));
}
