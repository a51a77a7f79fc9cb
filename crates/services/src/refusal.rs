//! By what name a method is refused that is not served.

use crate::error::Error;

/// Methods of channels that name none.
const WITHOUT_CHANNEL: &[&str] = &[
    "channels.checkSearchPostsFlood",
    "channels.createChannel",
    "channels.searchPosts",
];

/// The refusal that clients expect of a method.
pub(crate) fn refusal(method: &str) -> Error {
    match method {
        "updates.getChannelDifference" => Error::CHANNEL_INVALID,
        "messages.translateText" | "messages.translateRichMessage" => Error::TRANSLATIONS_DISABLED,
        "messages.transcribeAudio"
        | "messages.checkQuickReplyShortcut"
        | "messages.editQuickReplyShortcut"
        | "messages.reorderQuickReplies"
        | "messages.sendQuickReplyMessages"
        | "messages.toggleDialogFilterTags"
        | "messages.updateSavedReactionTag" => Error::PREMIUM_ACCOUNT_REQUIRED,
        "messages.getQuickReplyMessages"
        | "messages.deleteQuickReplyShortcut"
        | "messages.deleteQuickReplyMessages" => Error::SHORTCUT_INVALID,
        "messages.getAttachMenuBot" => Error::BOT_INVALID,
        channel if channel.starts_with("channels.") && !WITHOUT_CHANNEL.contains(&channel) => {
            Error::CHANNEL_INVALID
        }
        _ => Error::METHOD_INVALID,
    }
}
