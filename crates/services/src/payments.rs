//! payments.*: nothing is sold here.

mod nothing;

use crate::dispatch::methods;

methods! {
    empty {
        PaymentsClearSavedInfo => nothing::clear_saved_info,
        PaymentsGetConnectedStarRefBots => nothing::get_connected_star_ref_bots,
        PaymentsGetPremiumGiftCodeOptions => nothing::get_premium_gift_code_options,
        PaymentsGetSavedInfo => nothing::get_saved_info,
        PaymentsGetSavedStarGifts => nothing::get_saved_star_gifts,
        PaymentsGetStarGiftActiveAuctions => nothing::get_star_gift_active_auctions,
        PaymentsGetStarGiftCollections => nothing::get_star_gift_collections,
        PaymentsGetStarGifts => nothing::get_star_gifts,
        PaymentsGetStarsGiftOptions => nothing::get_stars_gift_options,
        PaymentsGetStarsGiveawayOptions => nothing::get_stars_giveaway_options,
        PaymentsGetStarsStatus => nothing::get_stars_status,
        PaymentsGetStarsSubscriptions => nothing::get_stars_subscriptions,
        PaymentsGetStarsTopupOptions => nothing::get_stars_topup_options,
        PaymentsGetStarsTransactions => nothing::get_stars_transactions,
        PaymentsGetSuggestedStarRefBots => nothing::get_suggested_star_ref_bots,
        PaymentsGetUserStarGifts => nothing::get_user_star_gifts,
    }
}
