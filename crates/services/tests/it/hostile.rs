//! Every method with arguments that nobody honest sends: as a user, as a bot, as somebody who knows
//! nobody, and by whom nobody is logged in. The answer can be read, nothing leaks, the session lives.
//!
//! `HOSTILE_ROUNDS` (default 1) says how often; `SEED` repeats a run.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use tl::{Bytes, Function, Layer, Reader};
use tl_api::{functions, types};
use tlgen::dynamic::{LayerView, Limits, Random, Seeded};
use tlgen::model::Model;

use crate::bots::{Workshop, log_in_bot};
use crate::harness::{Client, as_user, refused};
use crate::messages::{new_message, peer_of, text, updates};

/// Layers of clients: the newest, one of the middle, the oldest.
const LAYERS: [u16; 3] = [230, 186, 133];
/// What only Alice and Bob may read.
const SECRET: &str = "the password is swordfish";
/// Numbers that a stranger is not shown.
const PHONES: [&str; 2] = ["15550000001", "15550000002"];

/// Constructors that name somebody, with the length of what names them: they get real names.
const INPUT_PEER_USER: [u8; 4] = 0xdde8_a54c_u32.to_le_bytes();
const INPUT_USER: [u8; 4] = 0xf211_58c6_u32.to_le_bytes();
const INPUT_PEER_CHAT: [u8; 4] = 0x35a9_5cb9_u32.to_le_bytes();

/// Methods after which it is right that the session has no user any more.
const ENDINGS: &[&str] = &[
    "account.deleteAccount",
    "account.resetAuthorization",
    "auth.logOut",
    "auth.resetAuthorizations",
];

/// The schema of the repository.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let file = |name: &str| {
        let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(path).unwrap())
    };
    let input = tlgen::Input {
        schema: file("schema.tl"),
        history: Some(file("schema.history.tl")),
        rules: Some(file("crates/tl-api/compat.rules")),
        sections: vec!["core".into(), "api".into()],
    };
    input.model().unwrap()
});

/// Whether an answer to a method can be read at a layer.
type Check = fn(&Bytes, Layer) -> bool;

fn checks() -> BTreeMap<&'static str, Check> {
    fn check<F: Function>(answer: &Bytes, layer: Layer) -> bool {
        let mut reader = Reader::new(answer);
        F::decode_result(&mut reader, layer).is_ok() && reader.finish().is_ok()
    }
    macro_rules! each {
        ($($function:path),* $(,)?) => {
            [$((<$function as Function>::NAME, check::<$function> as Check)),*]
        };
    }
    tl_api::for_each_function!(each).into_iter().collect()
}

fn rounds() -> usize {
    let rounds = std::env::var("HOSTILE_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Puts real names where a random value names somebody.
fn name_somebody(body: &mut [u8], peers: &[(i64, i64)], chat_id: i64, turn: usize) {
    let (user_id, access_hash) = peers[turn % peers.len()];
    let mut at = 4;
    while at + 20 <= body.len() {
        let id = &body[at..at + 4];
        if id == INPUT_PEER_USER || id == INPUT_USER {
            body[at + 4..at + 12].copy_from_slice(&user_id.to_le_bytes());
            body[at + 12..at + 20].copy_from_slice(&access_hash.to_le_bytes());
        } else if id == INPUT_PEER_CHAT {
            body[at + 4..at + 12].copy_from_slice(&chat_id.to_le_bytes());
        }
        at += 4;
    }
}

/// Whoever calls, and whom they can name.
struct Caller {
    client: Client,
    peers: Vec<(i64, i64)>,
    may_know: bool,
    is_user: bool,
}

struct World {
    shop: Workshop,
    chat_id: i64,
    callers: Vec<Caller>,
}

fn named(peer: &types::InputPeer) -> (i64, i64) {
    match *peer {
        types::InputPeer::User {
            user_id,
            access_hash,
        } => (user_id, access_hash),
        _ => (0, 0),
    }
}

impl World {
    async fn start(layer: u16) -> Self {
        let shop = Workshop::start().await;
        shop.meet().await;
        let to_bob = peer_of(&shop.alice, &shop.bob, "15550000002").await;
        shop.alice.call(text(&to_bob, SECRET, 1_000)).await.unwrap();
        let create = functions::messages::CreateChat::new(
            vec![as_user(&to_bob), as_user(&shop.peer)],
            "Group".into(),
        );
        let made = updates(shop.alice.call(create).await.unwrap().updates);
        let types::Chat::Chat(chat) = &made.chats[0] else {
            panic!();
        };
        let chat_id = chat.id;
        let group = types::InputPeer::Chat { chat_id };
        let sent = shop.alice.call(text(&group, SECRET, 1_001)).await.unwrap();
        new_message(&updates(sent).updates);
        let user = shop.server.log_in_at(layer, "15550000001").await;
        let bot = shop.server.client(layer).await;
        log_in_bot(&bot, &shop.token).await.unwrap();
        let stranger = shop.server.sign_up_at(layer, "15550000009", "Eve").await;
        let nobody = shop.server.client(layer).await;
        let known = vec![named(&to_bob), named(&shop.peer)];
        // A stranger tries the hashes of others.
        let stolen = known.clone();
        let callers = vec![
            Caller {
                client: user,
                peers: known,
                may_know: true,
                is_user: true,
            },
            Caller {
                client: bot,
                peers: vec![(shop.alice.user_id(), 0)],
                may_know: true,
                is_user: true,
            },
            Caller {
                client: stranger,
                peers: stolen.clone(),
                may_know: false,
                is_user: true,
            },
            Caller {
                client: nobody,
                peers: stolen,
                may_know: false,
                is_user: false,
            },
        ];
        Self {
            shop,
            chat_id,
            callers,
        }
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

async fn every_method_at(layer: u16) {
    let checks = checks();
    let view = LayerView::new(&MODEL, layer);
    let limits = Limits::default();
    let random = Random::new(&view, &limits);
    let mut entropy = Seeded(u64::from(layer) << 32 | 7);
    let mut world = World::start(layer).await;
    let mut turn = 0;
    for form in view.functions() {
        let name = MODEL.combinators[form.combinator].name.to_string();
        let Some(check) = checks.get(name.as_str()) else {
            continue;
        };
        // Wrappers are the gateway's business.
        if !name.contains('.') || !random.can_make(*form) {
            continue;
        }
        for _ in 0..rounds() {
            for which in 0..world.callers.len() {
                turn += 1;
                let caller = &world.callers[which];
                let mut body = random.value(*form, &mut entropy);
                name_somebody(&mut body, &caller.peers, world.chat_id, turn);
                let body = Bytes::from(body);
                // Shown only when the test fails.
                println!("{name} as {which} at layer {layer}: {body:x}");
                let answer = caller.client.send(body.clone()).await;
                match read_refusal(&answer) {
                    Some((code, refusal)) => {
                        assert!(
                            (400..500).contains(&code) && code != 404,
                            "{name} at layer {layer} says {code} {refusal}"
                        );
                    }
                    None => assert!(
                        check(&answer, Layer(layer)),
                        "the answer to {name} cannot be read at layer {layer}: {answer:x}"
                    ),
                }
                if !caller.may_know {
                    assert!(!holds(&answer, SECRET), "{name} tells a secret");
                    for phone in PHONES {
                        assert!(
                            !holds(&answer, phone) || holds(&body, phone),
                            "{name} tells a number"
                        );
                    }
                }
                caller
                    .client
                    .call(functions::help::GetConfig {})
                    .await
                    .unwrap();
                let lives = caller.client.call(functions::updates::GetState {}).await;
                match lives {
                    Ok(_) => assert!(caller.is_user),
                    Err(error) => {
                        assert_eq!(error, refused(401, "AUTH_KEY_UNREGISTERED"), "{name}");
                        if caller.is_user {
                            assert!(ENDINGS.contains(&name.as_str()), "{name} ends a session");
                            world = World::start(layer).await;
                        }
                    }
                }
            }
        }
    }
    drop(world.shop);
}

fn read_refusal(answer: &Bytes) -> Option<(i32, String)> {
    let mut reader = Reader::new(answer);
    (reader.u32() == Ok(0x2144_ca19)).then(|| {
        let code = reader.i32().unwrap();
        (code, reader.string().unwrap().as_str().to_owned())
    })
}

#[tokio::test(start_paused = true)]
async fn newest_layer_stands_whatever_is_sent() {
    every_method_at(LAYERS[0]).await;
}

#[tokio::test(start_paused = true)]
async fn middle_layer_stands_whatever_is_sent() {
    every_method_at(LAYERS[1]).await;
}

#[tokio::test(start_paused = true)]
async fn oldest_layer_stands_whatever_is_sent() {
    every_method_at(LAYERS[2]).await;
}
