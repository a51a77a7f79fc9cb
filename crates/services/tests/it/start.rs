//! What clients ask at start and in their settings: each gets an answer that it can read.

use tl_api::{functions, types};

use crate::harness::{Server, refused};

/// Calls each with a client of every layer that some client speaks, and one in between.
macro_rules! answered {
    ($phone:literal, [$($request:expr),* $(,)?]) => {
        let server = Server::start();
        for (number, layer) in [133, 158, 181, 204, 230].into_iter().enumerate() {
            let client = server.sign_up_at(layer, &format!("{}{number}", $phone), "Alice").await;
            $(
                // A method that the layer does not have cannot be asked for in it.
                if tl::Encode::has_form(&$request, tl::Layer(layer)) {
                    let answer = client.call($request).await;
                    assert!(answer.is_ok(), "{} at {layer}: {:?}", stringify!($request), answer.err());
                }
            )*
        }
    };
}

fn me() -> types::InputPeer {
    types::InputPeer::Self_ {}
}

#[tokio::test]
async fn help_is_given() {
    use functions::help::*;
    answered!(
        "155500001",
        [
            GetConfig {},
            GetAppConfig { hash: 0 },
            GetNearestDc {},
            GetCountriesList {
                lang_code: "en".into(),
                hash: 0
            },
            GetCdnConfig {},
            GetTermsOfServiceUpdate {},
            GetPromoData {},
            HidePromoData { peer: me() },
            DismissSuggestion {
                peer: me(),
                suggestion: "X".into()
            },
            GetAppUpdate { source: "".into() },
            GetInviteText {},
            GetDeepLinkInfo { path: "x".into() },
            GetRecentMeUrls { referer: "".into() },
            GetPassportConfig { hash: 0 },
            GetPremiumPromo {},
            GetPeerColors { hash: 0 },
            GetPeerProfileColors { hash: 0 },
            GetTimezonesList { hash: 0 },
            SaveAppLog { events: Vec::new() },
        ]
    );
}

#[tokio::test]
async fn an_account_has_what_it_has_and_no_more() {
    use functions::account::*;
    answered!(
        "155500002",
        [
            ClearRecentEmojiStatuses {},
            DeleteAutoSaveExceptions {},
            GetAllSecureValues {},
            GetAutoDownloadSettings {},
            GetAutoSaveSettings {},
            GetBusinessChatLinks {},
            GetChannelDefaultEmojiStatuses { hash: 0 },
            GetChannelRestrictedStatusEmojis { hash: 0 },
            GetChatThemes { hash: 0 },
            GetCollectibleEmojiStatuses { hash: 0 },
            GetConnectedBots {},
            GetContentSettings {},
            GetDefaultBackgroundEmojis { hash: 0 },
            GetDefaultEmojiStatuses { hash: 0 },
            GetDefaultGroupPhotoEmojis { hash: 0 },
            GetDefaultProfilePhotoEmojis { hash: 0 },
            GetGlobalPrivacySettings {},
            GetPasskeys {},
            GetReactionsNotifySettings {},
            GetRecentEmojiStatuses { hash: 0 },
            GetSavedMusicIds { hash: 0 },
            GetSavedRingtones { hash: 0 },
            GetThemes {
                format: "x".into(),
                hash: 0
            },
            GetWallPapers { hash: 0 },
            GetWebAuthorizations {},
            GetWebBrowserSettings { hash: 0 },
            ResetWallPapers {},
            ResetWebAuthorizations {},
            UpdateDeviceLocked { period: 0 },
            GetPrivacy {
                key: types::InputPrivacyKey::StatusTimestamp {}
            },
            GetNotifySettings {
                peer: types::InputNotifyPeer::InputNotifyUsers {}
            },
            GetAuthorizations {},
            GetPassword {},
            GetAccountTTL {},
            GetContactSignUpNotification {},
        ]
    );
}

#[tokio::test]
async fn nothing_is_sold() {
    use functions::payments::*;
    answered!(
        "155500003",
        [
            ClearSavedInfo::new(),
            GetPremiumGiftCodeOptions::new(),
            GetSavedInfo {},
            GetStarGiftActiveAuctions { hash: 0 },
            GetStarGiftCollections {
                peer: me(),
                hash: 0
            },
            GetStarGifts { hash: 0 },
            GetStarsGiftOptions::new(),
            GetStarsGiveawayOptions {},
            GetStarsStatus::new(me()),
            GetStarsTopupOptions {},
            GetStarsTransactions::new(me(), "".into(), 10),
            GetSavedStarGifts::new(me(), "".into(), 10),
            functions::premium::GetMyBoosts {},
        ]
    );
}

#[tokio::test]
async fn contacts_of_a_new_account() {
    use functions::contacts::*;
    answered!(
        "155500004",
        [
            GetContacts { hash: 0 },
            GetContactIDs { hash: 0 },
            GetStatuses {},
            GetBirthdays {},
            GetBlocked::new(0, 10),
            GetSponsoredPeers { q: "x".into() },
            ToggleTopPeers { enabled: true },
            ResetSaved {},
            GetTopPeers {
                correspondents: true,
                ..GetTopPeers::new(0, 10, 0)
            },
            functions::users::GetFullUser {
                id: types::InputUser::Self_ {}
            },
            functions::users::GetRequirementsToContact {
                id: vec![types::InputUser::Self_ {}]
            },
        ]
    );
}

#[tokio::test]
async fn languages_are_english() {
    use functions::langpack::*;
    let pack = || tl::Str::from("tdesktop");
    answered!(
        "155500005",
        [
            GetLanguages { lang_pack: pack() },
            GetLanguage {
                lang_pack: pack(),
                lang_code: "en".into()
            },
            GetLangPack {
                lang_pack: pack(),
                lang_code: "en".into()
            },
            GetDifference {
                lang_pack: pack(),
                lang_code: "en".into(),
                from_version: 3
            },
            GetStrings {
                lang_pack: pack(),
                lang_code: "en-raw".into(),
                keys: vec!["a".into()]
            },
        ]
    );
    // Nobody has to be logged in.
    let server = Server::start();
    let client = server.client(230).await;
    let languages = client
        .call(GetLanguages { lang_pack: pack() })
        .await
        .unwrap();
    assert_eq!(languages[0].lang_code.as_str(), "en");
    let get = |pack: &str, code: &str| GetLangPack {
        lang_pack: pack.into(),
        lang_code: code.into(),
    };
    let error = client.call(get("", "en")).await.unwrap_err();
    assert_eq!(error, refused(400, "LANG_PACK_INVALID"));
    let error = client.call(get("ios", "tlh")).await.unwrap_err();
    assert_eq!(error, refused(400, "LANG_CODE_NOT_SUPPORTED"));
    let echoed = GetDifference {
        lang_pack: pack(),
        lang_code: "en".into(),
        from_version: 3,
    };
    assert_eq!(client.call(echoed).await.unwrap().from_version, 3);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start();
    let client = server.client(230).await;
    let config = |hash| functions::help::GetAppConfig { hash };
    let types::help::AppConfig::AppConfig(first) = client.call(config(0)).await.unwrap() else {
        panic!("no config")
    };
    assert_ne!(first.hash, 0);
    assert_eq!(
        client.call(config(first.hash)).await.unwrap(),
        types::help::AppConfig::NotModified {}
    );
    let countries = |hash| functions::help::GetCountriesList {
        lang_code: "de".into(),
        hash,
    };
    let types::help::CountriesList::CountriesList {
        countries: list,
        hash,
    } = client.call(countries(0)).await.unwrap()
    else {
        panic!("no countries")
    };
    assert!(list.len() > 200);
    assert_eq!(
        client.call(countries(hash)).await.unwrap(),
        types::help::CountriesList::NotModified {}
    );
}
