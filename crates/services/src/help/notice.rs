//! What the operator has to say to users.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::Result;

/// How long clients need not ask again, seconds.
const LIFE_S: i32 = 86_400;

/// help.getTermsOfServiceUpdate: there are no terms.
pub(super) async fn get_terms_of_service_update(
    context: &Context<'_>,
    _: functions::help::GetTermsOfServiceUpdate,
) -> Result<types::help::TermsOfServiceUpdate> {
    Ok(types::help::TermsOfServiceUpdate::Empty {
        expires: context.now.date().saturating_add(LIFE_S),
    })
}

/// help.getPromoData: nothing is promoted.
pub(super) async fn get_promo_data(
    context: &Context<'_>,
    _: functions::help::GetPromoData,
) -> Result<types::help::PromoData> {
    Ok(types::help::PromoData::Empty {
        expires: context.now.date().saturating_add(LIFE_S),
    })
}

/// help.getInviteText
pub(super) async fn get_invite_text(
    context: &Context<'_>,
    _: functions::help::GetInviteText,
) -> Result<types::help::InviteText> {
    let address = context.services.options.address;
    Ok(types::help::InviteText {
        message: format!("Come and chat with me on the server {address}").into(),
    })
}
