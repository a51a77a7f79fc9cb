//! help.*: what clients ask at start.

mod app_config;
mod config;
mod countries;
mod nothing;
mod notice;

use crate::dispatch::methods;

methods! {
    works {
        HelpGetAppConfig => app_config::get_app_config,
        HelpGetConfig => config::get_config,
        HelpGetCountriesList => countries::get_countries_list,
        HelpGetInviteText => notice::get_invite_text,
        HelpGetNearestDc => config::get_nearest_dc,
        HelpGetPromoData => notice::get_promo_data,
        HelpGetTermsOfServiceUpdate => notice::get_terms_of_service_update,
    }
    empty {
        HelpDismissSuggestion => nothing::dismiss_suggestion,
        HelpGetAppChangelog => nothing::get_app_changelog,
        HelpGetAppUpdate => nothing::get_app_update,
        HelpGetCdnConfig => nothing::get_cdn_config,
        HelpGetDeepLinkInfo => nothing::get_deep_link_info,
        HelpGetPassportConfig => nothing::get_passport_config,
        HelpGetPeerColors => nothing::get_peer_colors,
        HelpGetPeerProfileColors => nothing::get_peer_profile_colors,
        HelpGetPremiumPromo => nothing::get_premium_promo,
        HelpGetRecentMeUrls => nothing::get_recent_me_urls,
        HelpGetTimezonesList => nothing::get_timezones_list,
        HelpHidePromoData => nothing::hide_promo_data,
        HelpSaveAppLog => nothing::save_app_log,
        HelpSetBotUpdatesStatus => nothing::set_bot_updates_status,
    }
    refused {
        HelpAcceptTermsOfService => DATA_JSON_INVALID,
        HelpEditUserInfo => USER_INVALID,
        HelpGetSupportName => USER_INVALID,
        HelpGetUserInfo => USER_INVALID,
    }
}
