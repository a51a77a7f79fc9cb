//! premium.*: boosts. Nobody has any.

mod boost;

use crate::dispatch::methods;

methods! {
    empty {
        PremiumGetBoostsList => boost::get_boosts_list,
        PremiumGetBoostsStatus => boost::get_boosts_status,
        PremiumGetMyBoosts => boost::get_my_boosts,
        PremiumGetUserBoosts => boost::get_user_boosts,
    }
    refused {
        PremiumApplyBoost => BOOSTS_EMPTY,
    }
}
