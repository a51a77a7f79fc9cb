//! What bots do not have here: previews, recommendations, apps.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::nothing::nothing;

nothing! {
    bots {
        check_download_file_params: CheckDownloadFileParams => false, bool;
        get_popular_app_bots: GetPopularAppBots => types::bots::PopularAppBots::new(Vec::new()), types::bots::PopularAppBots;
    }
}

async fn bot(context: &Context<'_>, bot: &types::InputUser) -> Result<()> {
    let id = context.input_user(bot).await;
    let id = id.map_err(|_| Error::BOT_INVALID)?;
    let found = context.messenger().bot(id).await?;
    found.map(|_| ()).ok_or(Error::BOT_INVALID)
}

/// bots.getBotRecommendations
pub(super) async fn get_bot_recommendations(
    context: &Context<'_>,
    request: functions::bots::GetBotRecommendations,
) -> Result<types::users::Users> {
    bot(context, &request.bot).await?;
    Ok(types::users::Users::Users { users: Vec::new() })
}

/// bots.getPreviewInfo
pub(super) async fn get_preview_info(
    context: &Context<'_>,
    request: functions::bots::GetPreviewInfo,
) -> Result<types::bots::PreviewInfo> {
    bot(context, &request.bot).await?;
    Ok(types::bots::PreviewInfo {
        media: Vec::new(),
        lang_codes: Vec::new(),
    })
}

/// bots.getPreviewMedias
pub(super) async fn get_preview_medias(
    context: &Context<'_>,
    request: functions::bots::GetPreviewMedias,
) -> Result<Vec<types::BotPreviewMedia>> {
    bot(context, &request.bot).await?;
    Ok(Vec::new())
}
