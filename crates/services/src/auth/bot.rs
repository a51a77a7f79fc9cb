//! Logging in bots by their tokens (B1–B3).

use messenger::BotError;
use tl_api::{functions, types};

use super::sign_in::authorization;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flood::WRONG_TOKENS_PER_ADDRESS;

/// The longest token, bytes.
const TOKEN_LEN_MAX: usize = 80;

/// auth.importBotAuthorization
pub(super) async fn import_bot_authorization(
    context: &Context<'_>,
    request: functions::auth::ImportBotAuthorization,
) -> Result<types::auth::Authorization> {
    if request.api_id <= 0 || request.api_hash.is_empty() {
        return Err(Error::API_ID_INVALID);
    }
    let token = request.bot_auth_token.as_str();
    let fits = token.len() <= TOKEN_LEN_MAX && !token.starts_with('0') && !token.contains('/');
    if !fits {
        return Err(Error::ACCESS_TOKEN_INVALID);
    }
    context.check_limit(WRONG_TOKENS_PER_ADDRESS, &context.origin())?;
    let bot = context.messenger().bot_of_token(token).await;
    if let Err(messenger::Error::Bot(BotError::TokenInvalid)) = &bot {
        context.limit(WRONG_TOKENS_PER_ADDRESS, &context.origin())?;
    }
    let bot = bot?;
    context.services.log_in(context, bot, None).await?;
    authorization(context, bot).await
}
