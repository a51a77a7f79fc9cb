//! What this server does not have.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;
use crate::nothing::nothing;

nothing! {
    help {
        dismiss_suggestion: DismissSuggestion => true, bool;
        get_app_update: GetAppUpdate =>
            types::help::AppUpdate::NoAppUpdate {}, types::help::AppUpdate;
        get_cdn_config: GetCdnConfig =>
            types::CdnConfig { public_keys: Vec::new() }, types::CdnConfig;
        get_deep_link_info: GetDeepLinkInfo =>
            types::help::DeepLinkInfo::Empty {}, types::help::DeepLinkInfo;
        get_passport_config: GetPassportConfig =>
            types::help::PassportConfig::PassportConfig {
                hash: 0,
                countries_langs: types::DataJSON { data: "{}".into() },
            },
            types::help::PassportConfig;
        get_peer_colors: GetPeerColors => no_colors(), types::help::PeerColors;
        get_peer_profile_colors: GetPeerProfileColors => no_colors(), types::help::PeerColors;
        get_premium_promo: GetPremiumPromo =>
            types::help::PremiumPromo {
                status_text: "".into(),
                status_entities: Vec::new(),
                video_sections: Vec::new(),
                videos: Vec::new(),
                period_options: Vec::new(),
                users: Vec::new(),
            },
            types::help::PremiumPromo;
        get_recent_me_urls: GetRecentMeUrls =>
            types::help::RecentMeUrls { urls: Vec::new(), chats: Vec::new(), users: Vec::new() },
            types::help::RecentMeUrls;
        get_timezones_list: GetTimezonesList =>
            types::help::TimezonesList::TimezonesList { timezones: Vec::new(), hash: 0 },
            types::help::TimezonesList;
        hide_promo_data: HidePromoData => true, bool;
        save_app_log: SaveAppLog => true, bool;
        set_bot_updates_status: SetBotUpdatesStatus => true, bool;
    }
}

fn no_colors() -> types::help::PeerColors {
    types::help::PeerColors::PeerColors {
        hash: 0,
        colors: Vec::new(),
    }
}

/// help.getAppChangelog
pub(super) async fn get_app_changelog(
    context: &Context<'_>,
    _: functions::help::GetAppChangelog,
) -> Result<types::Updates> {
    let updates = context
        .messenger()
        .updates(
            context.user()?,
            Vec::new(),
            &messenger::Peers::default(),
            context.now,
        )
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}
