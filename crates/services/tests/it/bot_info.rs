//! What bots tell of themselves: commands, texts, the menu button.

use tl_api::{constructors, functions, types};

use crate::bots::Workshop;
use crate::harness::{as_user, refused};

#[tokio::test]
async fn commands_have_scopes_and_languages() {
    let shop = Workshop::start().await;
    let (alice, _) = shop.meet().await;
    let command = |name: &str| types::BotCommand::new(name.into(), "does it".into());
    let set = |scope: types::BotCommandScope, lang: &str, names: &[&str]| {
        functions::bots::SetBotCommands {
            scope,
            lang_code: lang.into(),
            commands: names.iter().map(|name| command(name)).collect(),
        }
    };
    use types::BotCommandScope as Scope;
    for (request, name) in [
        (
            set(Scope::Default {}, "english", &["a"]),
            "LANG_CODE_INVALID",
        ),
        (
            set(Scope::Default {}, "", &["UPPER"]),
            "BOT_COMMAND_INVALID",
        ),
        (
            set(
                Scope::PeerAdmins {
                    peer: alice.clone(),
                },
                "",
                &["a"],
            ),
            "PEER_ID_INVALID",
        ),
    ] {
        assert_eq!(
            shop.bot.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let shown = async || {
        let full = shop
            .alice
            .call(functions::users::GetFullUser {
                id: as_user(&shop.peer),
            })
            .await
            .unwrap();
        let types::User::User(user) = &full.users[0] else {
            panic!();
        };
        let commands = full
            .full_user
            .bot_info
            .unwrap()
            .commands
            .unwrap_or_default();
        let names: Vec<String> = commands
            .iter()
            .map(|command| command.command.as_str().to_owned())
            .collect();
        (names, user.bot_info_version.unwrap())
    };
    let (names, version) = shown().await;
    assert!(names.is_empty());
    shop.bot
        .call(set(Scope::Default {}, "", &["all"]))
        .await
        .unwrap();
    let pushed = shop.alice.take_updates();
    assert!(
        matches!(&pushed[..], [types::Update::BotCommands(update)] if update.commands.len() == 1),
        "{pushed:?}"
    );
    let (names, newer) = shown().await;
    assert_eq!(names, ["all"]);
    assert!(newer > version);
    shop.bot
        .call(set(Scope::Users {}, "", &["users"]))
        .await
        .unwrap();
    shop.bot
        .call(set(Scope::Users {}, "de", &["de"]))
        .await
        .unwrap();
    assert_eq!(shown().await.0, ["users"]);
    shop.bot
        .call(set(Scope::Users {}, "en", &["en"]))
        .await
        .unwrap();
    assert_eq!(shown().await.0, ["en"]);
    let mine = || Scope::Peer {
        peer: alice.clone(),
    };
    shop.bot.call(set(mine(), "", &["mine"])).await.unwrap();
    assert_eq!(shown().await.0, ["mine"]);
    let kept = shop
        .bot
        .call(functions::bots::GetBotCommands {
            scope: mine(),
            lang_code: "".into(),
        })
        .await
        .unwrap();
    assert_eq!(kept, [command("mine")]);
    shop.bot
        .call(functions::bots::ResetBotCommands {
            scope: mine(),
            lang_code: "".into(),
        })
        .await
        .unwrap();
    assert_eq!(shown().await.0, ["en"]);
}

#[tokio::test]
async fn bot_says_who_it_is() {
    let shop = Workshop::start().await;
    shop.meet().await;
    let set = |bot: Option<types::InputUser>, lang: &str, name: &str| functions::bots::SetBotInfo {
        bot,
        lang_code: lang.into(),
        name: Some(name.into()),
        about: Some("about".into()),
        description: Some(format!("what {name} does").into()),
    };
    let error = shop.alice.call(set(None, "", "x")).await.unwrap_err();
    assert_eq!(error, refused(400, "USER_BOT_INVALID"));
    let error = shop.bot.call(set(None, "", "")).await.unwrap_err();
    assert_eq!(error, refused(400, "NAME_INVALID"));
    shop.bot.call(set(None, "", "Robot")).await.unwrap();
    let own = Some(as_user(&shop.peer));
    shop.alice
        .call(set(own.clone(), "en", "English"))
        .await
        .unwrap();
    let told = |bot, lang: &str| functions::bots::GetBotInfo {
        bot,
        lang_code: lang.into(),
    };
    let english = shop.alice.call(told(own, "en")).await.unwrap();
    assert_eq!(english.name, "English");
    let plain = shop.bot.call(told(None, "")).await.unwrap();
    assert_eq!(
        (plain.name.as_str(), plain.about.as_str()),
        ("Robot", "about")
    );
    let full = async || {
        let id = as_user(&shop.peer);
        let full = shop.alice.call(functions::users::GetFullUser { id });
        full.await.unwrap().full_user.bot_info.unwrap()
    };
    assert_eq!(full().await.description.unwrap(), "what English does");
    // The menu button: for all, for one, and back.
    let button = |url: &str| {
        types::BotMenuButton::BotMenuButton(Box::new(constructors::BotMenuButton {
            text: "Open".into(),
            url: url.into(),
        }))
    };
    let set = |user_id, button| functions::bots::SetBotMenuButton { user_id, button };
    let nobody = || types::InputUser::Empty {};
    let wrong = set(nobody(), button("http://example.org"));
    let error = shop.bot.call(wrong).await.unwrap_err();
    assert_eq!(error, refused(400, "BUTTON_URL_INVALID"));
    assert_eq!(
        full().await.menu_button,
        Some(types::BotMenuButton::Commands {})
    );
    let all = button("https://example.org/all");
    shop.bot.call(set(nobody(), all.clone())).await.unwrap();
    assert_eq!(full().await.menu_button, Some(all));
    let alice = types::InputUser::InputUser {
        user_id: shop.alice.user_id(),
        access_hash: 0,
    };
    shop.alice.take_updates();
    let one = button("https://example.org/one");
    shop.bot
        .call(set(alice.clone(), one.clone()))
        .await
        .unwrap();
    assert!(matches!(
        &shop.alice.take_updates()[..],
        [types::Update::BotMenuButton { button, .. }] if *button == one
    ));
    let kept = functions::bots::GetBotMenuButton { user_id: alice };
    assert_eq!(shop.bot.call(kept).await.unwrap(), one);
}
