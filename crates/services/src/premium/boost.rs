//! Boosts, of which there are none.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;

/// premium.getBoostsStatus
pub(super) async fn get_boosts_status(
    context: &Context<'_>,
    request: functions::premium::GetBoostsStatus,
) -> Result<types::premium::BoostsStatus> {
    context.peer(&request.peer).await?;
    Ok(types::premium::BoostsStatus {
        my_boost: false,
        level: 0,
        current_level_boosts: 0,
        boosts: 0,
        gift_boosts: None,
        next_level_boosts: None,
        premium_audience: None,
        boost_url: "".into(),
        prepaid_giveaways: None,
        my_boost_slots: None,
    })
}

/// premium.getBoostsList
pub(super) async fn get_boosts_list(
    context: &Context<'_>,
    request: functions::premium::GetBoostsList,
) -> Result<types::premium::BoostsList> {
    context.peer(&request.peer).await?;
    Ok(no_boosts())
}

/// premium.getUserBoosts
pub(super) async fn get_user_boosts(
    context: &Context<'_>,
    request: functions::premium::GetUserBoosts,
) -> Result<types::premium::BoostsList> {
    context.peer(&request.peer).await?;
    Ok(no_boosts())
}

fn no_boosts() -> types::premium::BoostsList {
    types::premium::BoostsList {
        count: 0,
        boosts: Vec::new(),
        next_offset: None,
        users: Vec::new(),
    }
}

/// premium.getMyBoosts
pub(super) async fn get_my_boosts(
    _: &Context<'_>,
    _: functions::premium::GetMyBoosts,
) -> Result<types::premium::MyBoosts> {
    Ok(types::premium::MyBoosts {
        my_boosts: Vec::new(),
        chats: Vec::new(),
        users: Vec::new(),
    })
}
