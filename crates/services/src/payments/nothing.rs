//! Stars, gifts and offers, of which there are none.

use tl_api::{constructors, types};

use crate::nothing::nothing;

nothing! {
    payments {
        clear_saved_info: ClearSavedInfo => true, bool;
        get_connected_star_ref_bots: GetConnectedStarRefBots =>
            types::payments::ConnectedStarRefBots {
                count: 0,
                connected_bots: Vec::new(),
                users: Vec::new(),
            },
            types::payments::ConnectedStarRefBots;
        get_premium_gift_code_options: GetPremiumGiftCodeOptions =>
            Vec::new(), Vec<types::PremiumGiftCodeOption>;
        get_saved_info: GetSavedInfo =>
            types::payments::SavedInfo::new(), types::payments::SavedInfo;
        get_saved_star_gifts: GetSavedStarGifts =>
            types::payments::SavedStarGifts::new(0, Vec::new(), Vec::new(), Vec::new()),
            types::payments::SavedStarGifts;
        get_star_gift_active_auctions: GetStarGiftActiveAuctions =>
            types::payments::StarGiftActiveAuctions::StarGiftActiveAuctions(Box::new(
                constructors::payments::StarGiftActiveAuctions {
                    auctions: Vec::new(),
                    users: Vec::new(),
                    chats: Vec::new(),
                },
            )),
            types::payments::StarGiftActiveAuctions;
        get_star_gift_collections: GetStarGiftCollections =>
            types::payments::StarGiftCollections::StarGiftCollections {
                collections: Vec::new(),
            },
            types::payments::StarGiftCollections;
        get_star_gifts: GetStarGifts =>
            types::payments::StarGifts::StarGifts(Box::new(constructors::payments::StarGifts {
                hash: 0,
                gifts: Vec::new(),
                chats: Vec::new(),
                users: Vec::new(),
            })),
            types::payments::StarGifts;
        get_stars_gift_options: GetStarsGiftOptions => Vec::new(), Vec<types::StarsGiftOption>;
        get_stars_giveaway_options: GetStarsGiveawayOptions =>
            Vec::new(), Vec<types::StarsGiveawayOption>;
        get_stars_status: GetStarsStatus => no_stars(), types::payments::StarsStatus;
        get_stars_subscriptions: GetStarsSubscriptions => no_stars(), types::payments::StarsStatus;
        get_stars_topup_options: GetStarsTopupOptions => Vec::new(), Vec<types::StarsTopupOption>;
        get_stars_transactions: GetStarsTransactions => no_stars(), types::payments::StarsStatus;
        get_suggested_star_ref_bots: GetSuggestedStarRefBots =>
            types::payments::SuggestedStarRefBots::new(0, Vec::new(), Vec::new()),
            types::payments::SuggestedStarRefBots;
        get_user_star_gifts: GetUserStarGifts =>
            types::payments::UserStarGifts::new(0, Vec::new(), Vec::new()),
            types::payments::UserStarGifts;
    }
}

fn no_stars() -> types::payments::StarsStatus {
    let balance = types::StarsAmount::StarsAmount {
        amount: 0,
        nanos: 0,
    };
    types::payments::StarsStatus::new(balance, Vec::new(), Vec::new())
}
