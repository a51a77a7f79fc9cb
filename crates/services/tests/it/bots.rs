//! Bots: made in words, logged in by tokens, asked by buttons and inline queries.

use std::sync::Arc;

use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::harness::{Client, Refused, Server, as_user, refused};
use crate::messages::{new_message, peer_of, text, updates};

/// Alice owns a bot; Bob knows neither.
pub(crate) struct Workshop {
    pub(crate) server: Server,
    pub(crate) alice: Arc<Client>,
    pub(crate) bob: Client,
    pub(crate) bot: Arc<Client>,
    pub(crate) token: String,
    /// The bot as Alice names it.
    pub(crate) peer: types::InputPeer,
}

/// A peer by its username.
pub(crate) async fn resolve(client: &Client, username: &str) -> types::InputPeer {
    let found = client
        .call(functions::contacts::ResolveUsername::new(username.into()))
        .await
        .unwrap();
    let types::User::User(user) = &found.users[0] else {
        panic!("{username} is nobody");
    };
    types::InputPeer::User {
        user_id: user.id,
        access_hash: user.access_hash.unwrap(),
    }
}

/// The newest message of a dialog.
pub(crate) async fn newest(client: &Client, peer: &types::InputPeer) -> constructors::Message {
    let page = client
        .call(functions::messages::GetHistory {
            peer: peer.clone(),
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 1,
            max_id: 0,
            min_id: 0,
            hash: 0,
        })
        .await
        .unwrap();
    let messages = match page {
        types::messages::Messages::Messages(page) => page.messages,
        types::messages::Messages::Slice(page) => page.messages,
        other => panic!("{other:?}"),
    };
    match messages.into_iter().next() {
        Some(types::Message::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

/// Says something to the bot that makes bots; gives back its answer.
pub(crate) async fn tell_father(client: &Client, words: &str) -> constructors::Message {
    let father = resolve(client, "BotFather").await;
    let before = newest_id(client, &father).await;
    client
        .call(text(&father, words, i64::from(before) + 1_000_000))
        .await
        .unwrap();
    let answer = newest(client, &father).await;
    assert!(
        answer.id > before + 1 && !answer.out,
        "no answer to {words}"
    );
    answer
}

async fn newest_id(client: &Client, peer: &types::InputPeer) -> i32 {
    let dialogs = client
        .call(functions::messages::GetPeerDialogs {
            peers: vec![types::InputDialogPeer::InputDialogPeer { peer: peer.clone() }],
        })
        .await
        .unwrap();
    match &dialogs.dialogs[0] {
        types::Dialog::Dialog(dialog) => dialog.top_message,
        other => panic!("{other:?}"),
    }
}

fn token_in(message: &constructors::Message) -> String {
    let mut lines = message.message.lines();
    lines
        .find(|line| line.contains(':') && line.len() > 40 && !line.contains(' '))
        .unwrap()
        .to_owned()
}

pub(crate) async fn new_bot(client: &Client, name: &str, username: &str) -> String {
    tell_father(client, "/newbot").await;
    tell_father(client, name).await;
    token_in(&tell_father(client, username).await)
}

pub(crate) async fn log_in_bot(client: &Client, token: &str) -> Result<i64, Refused> {
    let request = functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: 4,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        bot_auth_token: token.into(),
    };
    match client.call(request).await? {
        types::auth::Authorization::Authorization(authorization) => match authorization.user {
            types::User::User(user) => {
                assert!(user.bot && user.self_ && user.phone.is_none() && user.status.is_none());
                Ok(user.id)
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

impl Workshop {
    pub(crate) async fn start() -> Self {
        let server = Server::start();
        let alice = server.sign_up("15550000001", "Alice").await;
        let bob = server.sign_up_at(158, "15550000002", "Bob").await;
        let token = new_bot(&alice, "Alpha", "alpha_bot").await;
        let bot = server.client(230).await;
        log_in_bot(&bot, &token).await.unwrap();
        for client in [&alice, &bob, &bot] {
            client.call(functions::updates::GetState {}).await.unwrap();
            client.take_updates();
        }
        let peer = resolve(&alice, "alpha_bot").await;
        Self {
            server,
            alice: Arc::new(alice),
            bob,
            bot: Arc::new(bot),
            token,
            peer,
        }
    }

    /// Alice writes to the bot; how the bot names her, and the message as it has it.
    pub(crate) async fn meet(&self) -> (types::InputPeer, constructors::Message) {
        self.alice.call(text(&self.peer, "hello", 1)).await.unwrap();
        let received = new_message(&self.bot.take_updates());
        let alice = types::InputPeer::User {
            user_id: self.alice.user_id(),
            access_hash: 0,
        };
        (alice, received)
    }
}

pub(crate) fn callback_button(data: &'static [u8]) -> types::ReplyMarkup {
    inline_button(types::InlineButtonType::Callback {
        requires_password: false,
        data: Bytes::from_static(data),
    })
}

fn inline_button(kind: types::InlineButtonType) -> types::ReplyMarkup {
    types::ReplyMarkup::ReplyInlineMarkup {
        force_reply: false,
        rows: vec![types::KeyboardInlineButtonRow {
            buttons: vec![types::KeyboardInlineButton::new("Press".into(), kind)],
        }],
    }
}

pub(crate) fn with_markup(
    peer: &types::InputPeer,
    what: &str,
    random_id: i64,
    markup: types::ReplyMarkup,
) -> functions::messages::SendMessage {
    let mut request = text(peer, what, random_id);
    request.reply_markup = Some(markup);
    request
}

#[tokio::test]
async fn bot_is_made_in_words_and_its_token_is_revoked() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let help = tell_father(&alice, "hello").await;
    assert!(help.message.contains("/newbot"));
    tell_father(&alice, "/newbot").await;
    tell_father(&alice, "Alpha").await;
    // Not a username, not that of a bot, taken.
    let wrong = tell_father(&alice, "no").await;
    assert!(wrong.message.contains("5 to 32"), "{}", wrong.message);
    let wrong = tell_father(&alice, "alphabet").await;
    assert!(wrong.message.contains("end in bot"), "{}", wrong.message);
    let wrong = tell_father(&alice, "BotFather").await;
    assert!(wrong.message.contains("end in bot"), "{}", wrong.message);
    let token = token_in(&tell_father(&alice, "Alpha_Bot").await);
    let (id, secret) = token.split_once(':').unwrap();
    assert_eq!(secret.len(), 35);
    let bot = server.client(230).await;
    let logged_in = log_in_bot(&bot, &token).await.unwrap();
    assert_eq!(id, logged_in.to_string());
    bot.call(functions::updates::GetState {}).await.unwrap();
    // The token can be asked for again, and revoked.
    let choice = tell_father(&alice, "/token").await;
    assert!(matches!(
        choice.reply_markup,
        Some(types::ReplyMarkup::ReplyKeyboardMarkup(_))
    ));
    assert_eq!(token_in(&tell_father(&alice, "@alpha_bot").await), token);
    tell_father(&alice, "/revoke").await;
    let new = token_in(&tell_father(&alice, "@alpha_bot").await);
    assert_ne!(new, token);
    let error = bot.call(functions::updates::GetState {}).await;
    assert_eq!(error.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
    let again = server.client(158).await;
    assert_eq!(
        log_in_bot(&again, &token).await.unwrap_err(),
        refused(400, "ACCESS_TOKEN_EXPIRED")
    );
    for wrong in [
        "",
        "nonsense",
        "12:34",
        &format!("{id}:short"),
        &format!("0{token}"),
    ] {
        assert_eq!(
            log_in_bot(&again, wrong).await.unwrap_err(),
            refused(400, "ACCESS_TOKEN_INVALID"),
            "{wrong}"
        );
    }
    assert_eq!(log_in_bot(&again, &new).await.unwrap(), logged_in);
    // What is said twice with one random id is answered once.
    let father = resolve(&alice, "BotFather").await;
    alice.call(text(&father, "/help", 77)).await.unwrap();
    let answered = newest(&alice, &father).await.id;
    alice.call(text(&father, "/help", 77)).await.unwrap();
    assert_eq!(newest(&alice, &father).await.id, answered);
}

#[tokio::test]
async fn bots_of_others_are_nobodys_business() {
    let shop = Workshop::start().await;
    tell_father(&shop.bob, "/token").await;
    let none = tell_father(&shop.bob, "/token").await;
    assert!(none.message.contains("no bots yet"));
    new_bot(&shop.bob, "Beta", "beta_bot").await;
    tell_father(&shop.bob, "/token").await;
    let refusal = tell_father(&shop.bob, "@alpha_bot").await;
    assert!(refusal.message.contains("none of your bots"));
    let bobs_peer = resolve(&shop.bob, "alpha_bot").await;
    let error = shop
        .bob
        .call(functions::bots::SetBotInfo {
            bot: Some(as_user(&bobs_peer)),
            lang_code: "".into(),
            name: Some("Mine".into()),
            about: None,
            description: None,
        })
        .await
        .unwrap_err();
    assert_eq!(error, refused(400, "BOT_INVALID"));
}

#[tokio::test]
async fn bots_are_made_by_clients_as_well() {
    let server = Server::start();
    let alice = server.sign_up("15550000001", "Alice").await;
    let father = as_user(&resolve(&alice, "BotFather").await);
    let make =
        |name: &str, username: &str, manager: &types::InputUser| functions::bots::CreateBot {
            via_deeplink: false,
            name: name.into(),
            username: username.into(),
            manager_id: manager.clone(),
        };
    let nobody = types::InputUser::Empty {};
    for (request, name) in [
        (make(" ", "alpha_bot", &father), "NAME_INVALID"),
        (make("A", "x", &father), "USERNAME_INVALID"),
        (make("A", "alphabet", &father), "USERNAME_SUFFIX_MISSING"),
        (make("A", "alpha_bot", &nobody), "MANAGER_INVALID"),
        (
            make("A", "alpha_bot", &types::InputUser::Self_ {}),
            "MANAGER_INVALID",
        ),
    ] {
        assert_eq!(alice.call(request).await.unwrap_err(), refused(400, name));
    }
    let made = alice
        .call(make("Alpha", "alpha_bot", &father))
        .await
        .unwrap();
    let types::User::User(made) = made else {
        panic!();
    };
    assert!(made.bot && made.bot_can_edit);
    let father = resolve(&alice, "BotFather").await;
    let token = token_in(&newest(&alice, &father).await);
    let bot = server.client(230).await;
    assert_eq!(log_in_bot(&bot, &token).await.unwrap(), made.id);
    let error = alice.call(make("B", "alpha_bot", &as_user(&father))).await;
    assert_eq!(error.unwrap_err(), refused(400, "USERNAME_OCCUPIED"));
    let owned = alice
        .call(functions::bots::GetAdminedBots {})
        .await
        .unwrap();
    assert_eq!(owned.len(), 1);
    assert!(
        alice
            .call(functions::bots::CheckUsername {
                additional: false,
                username: "gamma_bot".into(),
            })
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn bots_call_what_is_for_bots() {
    let shop = Workshop::start().await;
    let not_for_bots = refused(400, "BOT_METHOD_INVALID");
    macro_rules! closed {
        ($($request:expr),* $(,)?) => {$(
            assert_eq!(shop.bot.call($request).await.unwrap_err(), not_for_bots, "{}", stringify!($request));
        )*};
    }
    closed!(
        functions::contacts::GetContacts { hash: 0 },
        functions::account::GetAuthorizations {},
        functions::messages::GetAllDrafts {},
        functions::account::UpdateStatus { offline: false },
        functions::messages::GetDialogFilters {},
        functions::bots::GetAdminedBots {},
    );
    let only_for_bots = refused(400, "USER_BOT_REQUIRED");
    let error = shop
        .alice
        .call(functions::messages::SetBotCallbackAnswer::new(1, 0))
        .await;
    assert_eq!(error.unwrap_err(), only_for_bots);
    let error = shop
        .alice
        .call(functions::bots::ResetBotCommands {
            scope: types::BotCommandScope::Default {},
            lang_code: "".into(),
        })
        .await;
    assert_eq!(error.unwrap_err(), only_for_bots);
    shop.bot.call(functions::help::GetConfig {}).await.unwrap();
}

#[tokio::test]
async fn bot_writes_to_whom_started_it_and_has_not_stopped_it() {
    let shop = Workshop::start().await;
    let bob = types::InputPeer::User {
        user_id: shop.bob.user_id(),
        access_hash: 0,
    };
    let error = shop.bot.call(text(&bob, "hi", 1)).await.unwrap_err();
    assert_eq!(error, refused(400, "PEER_ID_INVALID"));
    let (alice, received) = shop.meet().await;
    assert_eq!(received.message, "hello");
    let sent = shop.bot.call(text(&alice, "hi", 2)).await.unwrap();
    let sent = new_message(&updates(sent).updates);
    let got = new_message(&shop.alice.take_updates());
    assert_eq!((got.message.as_str(), got.out), ("hi", false));
    // A repetition is the same message.
    let again = updates(shop.bot.call(text(&alice, "hi", 2)).await.unwrap());
    assert_eq!(new_message(&again.updates).id, sent.id);
    // Stopped, it is told so and cannot write; started again, it can.
    let state = shop
        .bot
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    let block = functions::contacts::Block {
        my_stories_from: false,
        id: shop.peer.clone(),
    };
    shop.alice.call(block).await.unwrap();
    let stopped = shop.bot.take_updates();
    let alice_id = shop.alice.user_id();
    assert!(
        matches!(&stopped[..], [types::Update::BotStopped { user_id, stopped: true, qts, .. }]
            if *user_id == alice_id && *qts == state.qts + 1),
        "{stopped:?}"
    );
    let error = shop.bot.call(text(&alice, "hey", 3)).await.unwrap_err();
    assert_eq!(error, refused(403, "USER_IS_BLOCKED"));
    // Who was away learns it from the difference.
    let difference = shop
        .bot
        .call(functions::updates::GetDifference::new(
            state.pts, state.date, state.qts,
        ))
        .await
        .unwrap();
    let types::updates::Difference::Difference(difference) = difference else {
        panic!("{difference:?}");
    };
    assert_eq!(difference.other_updates, stopped);
    assert_eq!(difference.state.qts, state.qts + 1);
    let start = functions::messages::StartBot {
        bot: as_user(&shop.peer),
        peer: shop.peer.clone(),
        random_id: 4,
        start_param: "deep-link_1".into(),
    };
    shop.alice.call(start.clone()).await.unwrap();
    let told = shop.bot.take_updates();
    assert_eq!(new_message(&told).message, "/start deep-link_1");
    assert!(
        told.iter()
            .any(|update| matches!(update, types::Update::BotStopped { stopped: false, .. }))
    );
    shop.bot
        .call(text(&alice, "welcome back", 5))
        .await
        .unwrap();
    for (param, name) in [
        ("a b", "START_PARAM_INVALID"),
        (&*"a".repeat(65), "START_PARAM_TOO_LONG"),
    ] {
        let mut wrong = start.clone();
        wrong.start_param = param.into();
        assert_eq!(
            shop.alice.call(wrong).await.unwrap_err(),
            refused(400, name)
        );
    }
    // Bots do not write to each other.
    let other = new_bot(&shop.alice, "Beta", "beta_bot").await;
    let other = shop.server.client(230).await.with_bot(&other).await;
    let alpha = resolve(&other, "alpha_bot").await;
    let error = other.call(text(&alpha, "psst", 6)).await.unwrap_err();
    assert_eq!(error, refused(400, "USER_IS_BOT"));
}

impl Client {
    /// Logs a bot in.
    async fn with_bot(self, token: &str) -> Self {
        log_in_bot(&self, token).await.unwrap();
        self
    }
}

#[tokio::test]
async fn buttons_are_judged_and_kept() {
    let shop = Workshop::start().await;
    let (alice, _) = shop.meet().await;
    let wrong = |kind| inline_button(kind);
    use types::InlineButtonType as Kind;
    let table = [
        (
            wrong(Kind::Callback {
                requires_password: false,
                data: Bytes::from_static(&[7; 65]),
            }),
            "BUTTON_DATA_INVALID",
        ),
        (
            wrong(Kind::Url {
                url: "nowhere".into(),
            }),
            "BUTTON_URL_INVALID",
        ),
        (
            wrong(Kind::Copy {
                copy_text: "".into(),
            }),
            "BUTTON_COPY_TEXT_INVALID",
        ),
        (
            wrong(Kind::SwitchInline(Box::new(
                constructors::InlineButtonTypeSwitchInline::new("q".into()),
            ))),
            "BUTTON_TYPE_INVALID",
        ),
        (
            wrong(Kind::UserProfile { user_id: 1 }),
            "BUTTON_USER_INVALID",
        ),
        (
            types::ReplyMarkup::ReplyInlineMarkup {
                force_reply: false,
                rows: vec![types::KeyboardInlineButtonRow { buttons: vec![] }],
            },
            "REPLY_MARKUP_INVALID",
        ),
    ];
    for (markup, name) in table {
        let error = shop.bot.call(with_markup(&alice, "x", 1, markup)).await;
        assert_eq!(error.unwrap_err(), refused(400, name));
    }
    shop.bot
        .call(with_markup(&alice, "x", 2, callback_button(b"yes")))
        .await
        .unwrap();
    let got = new_message(&shop.alice.take_updates());
    assert_eq!(got.reply_markup, Some(callback_button(b"yes")));
    // What people send with buttons has none.
    shop.alice
        .call(with_markup(&shop.peer, "y", 3, callback_button(b"no")))
        .await
        .unwrap();
    assert_eq!(new_message(&shop.bot.take_updates()).reply_markup, None);
}

#[tokio::test]
async fn bot_edits_its_buttons_away() {
    let shop = Workshop::start().await;
    let (alice, _) = shop.meet().await;
    let sent = shop
        .bot
        .call(with_markup(&alice, "x", 2, callback_button(b"yes")))
        .await
        .unwrap();
    let sent = new_message(&updates(sent).updates);
    shop.alice.take_updates();
    let mut edit = functions::messages::EditMessage::new(alice.clone(), sent.id);
    edit.reply_markup = Some(callback_button(b"yes"));
    let error = shop.bot.call(edit.clone()).await.unwrap_err();
    assert_eq!(error, refused(400, "MESSAGE_NOT_MODIFIED"));
    edit.reply_markup = None;
    shop.bot.call(edit).await.unwrap();
    let edited = shop.alice.take_updates();
    assert!(
        matches!(&edited[..], [types::Update::EditMessage { message: types::Message::Message(message), .. }]
            if message.reply_markup.is_none() && message.message == "x"),
        "{edited:?}"
    );
}

/// A group of Alice, Bob and the bot.
async fn group(shop: &Workshop) -> (types::InputPeer, i64) {
    let bob = peer_of(&shop.alice, &shop.bob, "15550000002").await;
    let users = vec![as_user(&bob), as_user(&shop.peer)];
    let create = functions::messages::CreateChat::new(users, "Group".into());
    let made = updates(shop.alice.call(create).await.unwrap().updates);
    let types::Chat::Chat(chat) = &made.chats[0] else {
        panic!();
    };
    let welcome = shop.bot.take_updates();
    assert!(
        welcome
            .iter()
            .any(|update| matches!(update, types::Update::NewMessage { .. })),
        "a bot hears service messages"
    );
    (types::InputPeer::Chat { chat_id: chat.id }, chat.id)
}

fn heard(bot: &Client) -> Vec<String> {
    bot.take_updates()
        .iter()
        .filter_map(|update| match update {
            types::Update::NewMessage {
                message: types::Message::Message(message),
                ..
            } => Some(message.message.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn bot_hears_in_a_group_what_is_for_it() {
    let shop = Workshop::start().await;
    let (peer, chat_id) = group(&shop).await;
    let mut random_id = 10;
    let mut say = async |client: &Client, what: &str, reply_to: Option<i32>| {
        random_id += 1;
        let mut request = text(&peer, what, random_id);
        request.reply_to = reply_to.map(|id| {
            types::InputReplyTo::Message(Box::new(constructors::InputReplyToMessage::new(id)))
        });
        let sent = updates(client.call(request).await.unwrap());
        new_message(&sent.updates)
    };
    say(&shop.alice, "hello all", None).await;
    say(&shop.alice, "@alpha_bot are you there?", None).await;
    say(&shop.alice, "/help", None).await;
    say(&shop.alice, "/help@other_bot", None).await;
    assert!(heard(&shop.bot).is_empty());
    say(&shop.alice, "/help@Alpha_Bot", None).await;
    assert_eq!(heard(&shop.bot), ["/help@Alpha_Bot"]);
    shop.alice.take_updates();
    say(&shop.bot, "I am here", None).await;
    let its = new_message(&shop.alice.take_updates());
    // It wrote last: commands without a name are for it. And so are replies.
    say(&shop.alice, "/help", None).await;
    say(&shop.alice, "thanks", Some(its.id)).await;
    assert_eq!(heard(&shop.bot), ["/help", "thanks"]);
    // What it has not heard it does not find either.
    let state = shop
        .bot
        .call(functions::updates::GetState {})
        .await
        .unwrap();
    // Privacy off: it hears everything from then on.
    tell_father(&shop.alice, "/setprivacy").await;
    tell_father(&shop.alice, "@alpha_bot").await;
    tell_father(&shop.alice, "Disable").await;
    let said = say(&shop.alice, "hello again", None).await;
    assert_eq!(heard(&shop.bot), ["hello again"]);
    let difference = shop
        .bot
        .call(functions::updates::GetDifference::new(
            state.pts, state.date, state.qts,
        ))
        .await
        .unwrap();
    let types::updates::Difference::Difference(difference) = difference else {
        panic!("{difference:?}");
    };
    assert_eq!(difference.new_messages.len(), 1);
    // Edits reach who has the message; another bot hears nothing of bots.
    let mut edit = functions::messages::EditMessage::new(peer.clone(), said.id);
    edit.message = Some("hello once more".into());
    shop.alice.call(edit).await.unwrap();
    assert!(matches!(
        &shop.bot.take_updates()[..],
        [types::Update::EditMessage { .. }]
    ));
    let beta = new_bot(&shop.alice, "Beta", "beta_bot").await;
    let beta = shop.server.client(230).await.with_bot(&beta).await;
    beta.call(functions::updates::GetState {}).await.unwrap();
    let start = functions::messages::StartBot {
        bot: as_user(&resolve(&shop.alice, "beta_bot").await),
        peer: peer.clone(),
        random_id: 99,
        start_param: "p".into(),
    };
    shop.alice.call(start).await.unwrap();
    assert_eq!(heard(&beta), ["/start@beta_bot p"]);
    say(&shop.bot, "bots do not hear bots", None).await;
    assert!(heard(&beta).is_empty());
    // The members are told apart.
    let full = shop
        .bob
        .call(functions::messages::GetFullChat { chat_id })
        .await
        .unwrap();
    let types::ChatFull::ChatFull(full) = full.full_chat else {
        panic!();
    };
    assert_eq!(full.bot_info.map(|bots| bots.len()), Some(2));
    // A bot that wants no groups is not brought into any.
    tell_father(&shop.alice, "/setjoingroups").await;
    tell_father(&shop.alice, "@alpha_bot").await;
    tell_father(&shop.alice, "Disable").await;
    let create = functions::messages::CreateChat::new(vec![as_user(&shop.peer)], "Other".into());
    let error = shop.alice.call(create).await.unwrap_err();
    assert_eq!(error, refused(400, "BOT_GROUPS_BLOCKED"));
}

#[tokio::test]
async fn deleted_bot_is_gone_but_its_name_is_not_free() {
    let shop = Workshop::start().await;
    shop.meet().await;
    tell_father(&shop.alice, "/deletebot").await;
    tell_father(&shop.alice, "@alpha_bot").await;
    let stays = tell_father(&shop.alice, "no").await;
    assert!(stays.message.contains("stays"));
    tell_father(&shop.alice, "/deletebot").await;
    tell_father(&shop.alice, "@alpha_bot").await;
    tell_father(&shop.alice, "Yes, I am totally sure.").await;
    let error = shop.alice.call(text(&shop.peer, "hello?", 9)).await;
    assert_eq!(error.unwrap_err(), refused(400, "INPUT_USER_DEACTIVATED"));
    let again = shop.server.client(230).await;
    let error = log_in_bot(&again, &shop.token).await.unwrap_err();
    assert_eq!(error, refused(400, "ACCESS_TOKEN_INVALID"));
    let taken = shop
        .alice
        .call(functions::bots::CheckUsername {
            additional: false,
            username: "alpha_bot".into(),
        })
        .await;
    assert_eq!(taken.unwrap_err(), refused(400, "USERNAME_OCCUPIED"));
}

#[tokio::test]
async fn list_of_bots_leads_by_buttons_to_their_tokens() {
    let shop = Workshop::start().await;
    let list = tell_father(&shop.alice, "/mybots").await;
    let Some(types::ReplyMarkup::ReplyInlineMarkup { rows, .. }) = list.reply_markup else {
        panic!("no buttons");
    };
    let types::InlineButtonType::Callback { data, .. } = &rows[0].buttons[0].type_ else {
        panic!("no callback");
    };
    let father = resolve(&shop.alice, "BotFather").await;
    let mut request = functions::messages::GetBotCallbackAnswer::new(father.clone(), list.id);
    request.data = Some(data.clone());
    shop.alice.call(request).await.unwrap();
    let menu = newest(&shop.alice, &father).await;
    assert_eq!(menu.id, list.id);
    assert!(menu.message.contains("@alpha_bot"));
    let mut request = functions::messages::GetBotCallbackAnswer::new(father.clone(), list.id);
    request.data = Some(format!("token/{}", shop.bot.user_id()).into());
    shop.alice.call(request).await.unwrap();
    assert_eq!(token_in(&newest(&shop.alice, &father).await), shop.token);
}
