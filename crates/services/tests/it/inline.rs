//! Buttons that ask their bot, and inline mode.

use std::sync::Arc;

use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::bots::{Workshop, callback_button, resolve, tell_father, with_markup};
use crate::harness::{as_user, refused};
use crate::messages::{new_message, peer_of, updates};

fn press(
    peer: &types::InputPeer,
    msg_id: i32,
    data: &'static [u8],
) -> functions::messages::GetBotCallbackAnswer {
    let mut request = functions::messages::GetBotCallbackAnswer::new(peer.clone(), msg_id);
    request.data = Some(Bytes::from_static(data));
    request
}

#[tokio::test(start_paused = true)]
async fn pressed_button_is_answered_in_time_or_not() {
    let shop = Workshop::start().await;
    let (alice, _) = shop.meet().await;
    shop.bot
        .call(with_markup(&alice, "x", 2, callback_button(b"yes")))
        .await
        .unwrap();
    let message = new_message(&shop.alice.take_updates());
    let error = shop.alice.call(press(&shop.peer, 999, b"yes")).await;
    assert_eq!(error.unwrap_err(), refused(400, "MESSAGE_ID_INVALID"));
    let error = shop.alice.call(press(&shop.peer, message.id, b"no")).await;
    assert_eq!(error.unwrap_err(), refused(400, "DATA_INVALID"));
    // A stranger sees neither the message nor the button.
    let bobs = resolve(&shop.bob, "alpha_bot").await;
    let error = shop.bob.call(press(&bobs, message.id, b"yes")).await;
    assert_eq!(error.unwrap_err(), refused(400, "MESSAGE_ID_INVALID"));
    shop.bot.take_updates();
    let pressing = {
        let (alice, peer) = (Arc::clone(&shop.alice), shop.peer.clone());
        tokio::spawn(async move { alice.call(press(&peer, message.id, b"yes")).await })
    };
    tokio::task::yield_now().await;
    let asked = loop {
        let mut asked = shop.bot.take_updates();
        if let Some(asked) = asked.pop() {
            break asked;
        }
        tokio::task::yield_now().await;
    };
    let types::Update::BotCallbackQuery(query) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(query.user_id, shop.alice.user_id());
    assert_eq!(query.data.as_deref(), Some(&b"yes"[..]));
    let answer = |query_id, words: &str, url: Option<&str>| {
        let mut answer = functions::messages::SetBotCallbackAnswer::new(query_id, 60);
        answer.message = Some(words.into());
        answer.url = url.map(Into::into);
        answer.alert = true;
        answer
    };
    let error = shop.bot.call(answer(1, "ok", None)).await.unwrap_err();
    assert_eq!(error, refused(400, "QUERY_ID_INVALID"));
    let long = "a".repeat(201);
    let error = shop.bot.call(answer(query.query_id, &long, None)).await;
    assert_eq!(error.unwrap_err(), refused(400, "MESSAGE_TOO_LONG"));
    let elsewhere = Some("https://t.me/beta_bot?start=1");
    let error = shop.bot.call(answer(query.query_id, "ok", elsewhere)).await;
    assert_eq!(error.unwrap_err(), refused(400, "URL_INVALID"));
    shop.bot
        .call(answer(query.query_id, "ok", None))
        .await
        .unwrap();
    let told = pressing.await.unwrap().unwrap();
    assert_eq!((told.message.as_deref(), told.alert), (Some("ok"), true));
    // A second answer is too many; the first one holds for its time.
    let error = shop.bot.call(answer(query.query_id, "ok", None)).await;
    assert_eq!(error.unwrap_err(), refused(400, "QUERY_ID_INVALID"));
    let cached = shop.alice.call(press(&shop.peer, message.id, b"yes")).await;
    assert_eq!(cached.unwrap().message.as_deref(), Some("ok"));
    assert!(shop.bot.take_updates().is_empty());
    // Then it is asked again, and time runs out.
    shop.server.world.advance_s(61);
    let error = shop.alice.call(press(&shop.peer, message.id, b"yes")).await;
    assert_eq!(error.unwrap_err(), refused(400, "BOT_RESPONSE_TIMEOUT"));
}

fn article(id: &str, words: &str) -> types::InputBotInlineResult {
    let mut message = constructors::InputBotInlineMessageText::new(words.into());
    message.reply_markup = Some(callback_button(b"inline"));
    let message = types::InputBotInlineMessage::Text(Box::new(message));
    let mut result = constructors::InputBotInlineResult::new(id.into(), "article".into(), message);
    result.title = Some("Title".into());
    types::InputBotInlineResult::InputBotInlineResult(Box::new(result))
}

#[tokio::test(start_paused = true)]
async fn inline_results_are_found_sent_and_edited() {
    let shop = Workshop::start().await;
    let bob = peer_of(&shop.alice, &shop.bob, "15550000002").await;
    let query = |words: &str| {
        functions::messages::GetInlineBotResults::new(
            as_user(&shop.peer),
            bob.clone(),
            words.into(),
            "".into(),
        )
    };
    let error = shop.alice.call(query("x")).await.unwrap_err();
    assert_eq!(error, refused(400, "BOT_INLINE_DISABLED"));
    let mut nobody = query("x");
    nobody.bot = as_user(&bob);
    let error = shop.alice.call(nobody).await.unwrap_err();
    assert_eq!(error, refused(400, "BOT_INVALID"));
    for (command, value) in [("/setinline", "Search"), ("/setinlinefeedback", "Enable")] {
        tell_father(&shop.alice, command).await;
        tell_father(&shop.alice, "@alpha_bot").await;
        tell_father(&shop.alice, value).await;
    }
    let error = shop.alice.call(query("nobody answers")).await.unwrap_err();
    assert_eq!(error, refused(400, "BOT_RESPONSE_TIMEOUT"));
    shop.bot.take_updates();
    shop.bob.take_updates();
    let asking = {
        let (alice, request) = (Arc::clone(&shop.alice), query("cats"));
        tokio::spawn(async move { alice.call(request).await })
    };
    let asked = loop {
        tokio::task::yield_now().await;
        if let Some(asked) = shop.bot.take_updates().pop() {
            break asked;
        }
    };
    let types::Update::BotInlineQuery(asked) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(asked.query, "cats");
    assert_eq!(asked.peer_type, Some(types::InlineQueryPeerType::PM {}));
    let results =
        |query_id, results| functions::messages::SetInlineBotResults::new(query_id, results, 300);
    let twice = vec![article("1", "a"), article("1", "b")];
    for (request, name) in [
        (results(5, vec![]), "QUERY_ID_INVALID"),
        (results(asked.query_id, twice), "RESULT_ID_DUPLICATE"),
        (
            results(asked.query_id, vec![article("", "a")]),
            "RESULT_ID_INVALID",
        ),
        (
            results(asked.query_id, vec![article("1", " ")]),
            "MESSAGE_EMPTY",
        ),
        (
            results(
                asked.query_id,
                (0..51).map(|n| article(&n.to_string(), "a")).collect(),
            ),
            "RESULTS_TOO_MUCH",
        ),
    ] {
        assert_eq!(
            shop.bot.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let found = vec![article("1", "a cat"), article("2", "two cats")];
    shop.bot.call(results(asked.query_id, found)).await.unwrap();
    let shown = asking.await.unwrap().unwrap();
    assert_eq!(shown.results.len(), 2);
    // Asked again, the answer is there without the bot.
    let again = shop.alice.call(query("cats")).await.unwrap();
    assert_eq!(again.results, shown.results);
    assert!(shop.bot.take_updates().is_empty());
    let send = |query_id: i64, id: &str, random_id: i64| {
        functions::messages::SendInlineBotResult::new(bob.clone(), random_id, query_id, id.into())
    };
    for (request, name) in [
        (send(0, "1", 1), "QUERY_ID_EMPTY"),
        (send(shown.query_id, "", 1), "RESULT_ID_EMPTY"),
        (send(shown.query_id, "3", 1), "RESULT_ID_INVALID"),
        (send(7, "1", 1), "INLINE_RESULT_EXPIRED"),
    ] {
        assert_eq!(
            shop.alice.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let sent = shop.alice.call(send(shown.query_id, "2", 2)).await.unwrap();
    let sent = new_message(&updates(sent).updates);
    assert_eq!(sent.via_bot_id, Some(shop.bot.user_id()));
    let got = new_message(&shop.bob.take_updates());
    assert_eq!(
        (got.message.as_str(), got.via_bot_id),
        ("two cats", sent.via_bot_id)
    );
    // The bot is told, and may edit what it made.
    let chosen = shop.bot.take_updates();
    let [types::Update::BotInlineSend(chosen)] = &chosen[..] else {
        panic!("{chosen:?}");
    };
    assert_eq!((chosen.id.as_str(), chosen.query.as_str()), ("2", "cats"));
    let id = chosen.msg_id.clone().unwrap();
    let mut edit = functions::messages::EditInlineBotMessage::new(id.clone());
    edit.message = Some("three cats".into());
    edit.reply_markup = Some(callback_button(b"inline"));
    assert!(shop.bot.call(edit.clone()).await.unwrap());
    let edited = shop.bob.take_updates();
    assert!(
        matches!(&edited[..], [types::Update::EditMessage { message: types::Message::Message(message), .. }]
            if message.message == "three cats"),
        "{edited:?}"
    );
    if let types::InputBotInlineMessageID::InputBotInlineMessageID64 { access_hash, .. } =
        &mut edit.id
    {
        *access_hash += 1;
    }
    let error = shop.bot.call(edit).await.unwrap_err();
    assert_eq!(error, refused(400, "MESSAGE_ID_INVALID"));
    // Its button is pressed by the one who got it; the bot knows the message by the same name.
    let pressing = {
        let peer = peer_of(&shop.bob, &shop.alice, "15550000001").await;
        shop.bob.take_updates();
        let bob = &shop.bob;
        async move { bob.call(press(&peer, got.id, b"inline")).await }
    };
    let answering = async {
        let asked = loop {
            tokio::task::yield_now().await;
            if let Some(asked) = shop.bot.take_updates().pop() {
                break asked;
            }
        };
        let types::Update::InlineBotCallbackQuery(asked) = asked else {
            panic!("{asked:?}");
        };
        assert_eq!(asked.msg_id, id);
        let answer = functions::messages::SetBotCallbackAnswer::new(asked.query_id, 0);
        shop.bot.call(answer).await.unwrap();
    };
    let (pressed, ()) = tokio::join!(pressing, answering);
    pressed.unwrap();
    // Its author does not edit what a bot made.
    let mut edit = functions::messages::EditMessage::new(bob.clone(), sent.id);
    edit.message = Some("mine".into());
    let error = shop.alice.call(edit).await.unwrap_err();
    assert_eq!(error, refused(403, "MESSAGE_AUTHOR_REQUIRED"));
    shop.server.world.advance_s(3_601);
    let error = shop.alice.call(send(shown.query_id, "1", 3)).await;
    assert_eq!(error.unwrap_err(), refused(400, "INLINE_RESULT_EXPIRED"));
}
