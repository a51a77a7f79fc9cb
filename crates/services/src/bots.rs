//! bots.*

mod command;
pub(crate) mod father;
mod info;
mod menu;
mod nothing;
mod own;

pub(crate) use info::bot_info;

use crate::dispatch::methods;

methods! {
    works {
        BotsAllowSendMessage => own::allow_send_message,
        BotsCanSendMessage => own::can_send_message,
        BotsCheckUsername => own::check_username,
        BotsCreateBot => own::create_bot,
        BotsGetAdminedBots => own::get_admined_bots,
        BotsGetBotCommands => command::get_bot_commands,
        BotsGetBotInfo => info::get_bot_info,
        BotsGetBotMenuButton => menu::get_bot_menu_button,
        BotsResetBotCommands => command::reset_bot_commands,
        BotsSetBotBroadcastDefaultAdminRights => info::set_bot_broadcast_default_admin_rights,
        BotsSetBotCommands => command::set_bot_commands,
        BotsSetBotGroupDefaultAdminRights => info::set_bot_group_default_admin_rights,
        BotsSetBotInfo => info::set_bot_info,
        BotsSetBotMenuButton => menu::set_bot_menu_button,
    }
    empty {
        BotsCheckDownloadFileParams => nothing::check_download_file_params,
        BotsGetBotRecommendations => nothing::get_bot_recommendations,
        BotsGetPopularAppBots => nothing::get_popular_app_bots,
        BotsGetPreviewInfo => nothing::get_preview_info,
        BotsGetPreviewMedias => nothing::get_preview_medias,
    }
    refused {
        BotsAddPreviewMedia => BOT_INVALID,
        BotsAddUsername => USERNAME_NOT_MODIFIED,
        BotsAnswerWebhookJSONQuery => QUERY_ID_INVALID,
        BotsDeletePreviewMedia => BOT_INVALID,
        BotsEditAccessSettings => BOT_INVALID,
        BotsEditPreviewMedia => BOT_INVALID,
        BotsExportBotToken => BOT_INVALID,
        BotsGetAccessSettings => BOT_INVALID,
        BotsRemoveUsername => USERNAME_NOT_MODIFIED,
        BotsReorderPreviewMedias => BOT_INVALID,
        BotsReorderUsernames => USERNAME_NOT_MODIFIED,
        BotsSetCustomVerification => BOT_VERIFIER_FORBIDDEN,
        BotsSetJoinChatResults => QUERY_ID_INVALID,
        BotsToggleUsername => USERNAME_NOT_MODIFIED,
        BotsUpdateStarRefProgram => STARREF_PERMILLE_INVALID,
        BotsUpdateUserEmojiStatus => USER_PERMISSION_DENIED,
    }
}
