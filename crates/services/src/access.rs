//! Who may call what (account sheet 0.1).

use messenger::User;

use crate::context::Context;
use crate::error::{Error, Result};

/// What a caller needs for a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing.
    Nothing,
    /// To be logged in, or to have the password of a login left to give.
    PasswordPending,
    /// To be logged in.
    User,
}

/// Methods that anybody may call.
const OPEN: &[&str] = &[
    "account.sendVerifyEmailCode",
    "account.verifyEmail",
    "auth.bindTempAuthKey",
    "auth.cancelCode",
    "auth.checkPaidAuth",
    "auth.checkPassword",
    "auth.dropTempAuthKeys",
    "auth.exportLoginToken",
    "auth.finishFirebasePnvLogin",
    "auth.finishPasskeyLogin",
    "auth.firebasePnvSignUp",
    "auth.importAuthorization",
    "auth.importBotAuthorization",
    "auth.importLoginToken",
    "auth.importWebTokenAuthorization",
    "auth.initFirebasePnvLogin",
    "auth.initPasskeyLogin",
    "auth.logOut",
    "auth.reportMissingCode",
    "auth.requestFirebaseSms",
    "auth.resendCode",
    "auth.resetLoginEmail",
    "auth.sendCode",
    "auth.signIn",
    "auth.signUp",
    "help.getAppConfig",
    "help.getCdnConfig",
    "help.getConfig",
    "help.getCountriesList",
    "help.getDeepLinkInfo",
    "help.getNearestDc",
    "help.saveAppLog",
];

/// Methods for who has given a right code and has the password left to give.
const PASSWORD_PENDING: &[&str] = &[
    "account.deleteAccount",
    "account.getPassword",
    "auth.checkRecoveryPassword",
    "auth.recoverPassword",
    "auth.requestPasswordRecovery",
];

/// What a temporary key may call before it is bound (C53).
const UNBOUND: &[&str] = &[
    "auth.bindTempAuthKey",
    "help.getConfig",
    "help.getNearestDc",
];

/// Methods that only bots may call.
const BOTS_ONLY: &[&str] = &[
    "account.getBotBusinessConnection",
    "bots.answerWebhookJSONQuery",
    "bots.editAccessSettings",
    "bots.exportBotToken",
    "bots.getAccessSettings",
    "bots.getBotCommands",
    "bots.getBotMenuButton",
    "bots.requestWebViewButton",
    "bots.resetBotCommands",
    "bots.sendCustomRequest",
    "bots.setBotBroadcastDefaultAdminRights",
    "bots.setBotCommands",
    "bots.setBotGroupDefaultAdminRights",
    "bots.setBotMenuButton",
    "bots.setCustomVerification",
    "bots.setJoinChatResults",
    "bots.updateUserEmojiStatus",
    "help.setBotUpdatesStatus",
    "messages.editInlineBotMessage",
    "messages.getGameHighScores",
    "messages.getInlineGameHighScores",
    "messages.savePreparedInlineMessage",
    "messages.sendWebViewResultMessage",
    "messages.setBotCallbackAnswer",
    "messages.setBotGuestChatResult",
    "messages.setBotPrecheckoutResults",
    "messages.setBotShippingResults",
    "messages.setGameScore",
    "messages.setInlineBotResults",
    "messages.setInlineGameScore",
    "users.setSecureValueErrors",
];

/// Methods of people that bots may call as well (2.10). Whole namespaces end in a dot.
const BOTS_TOO: &[&str] = &[
    "auth.",
    "bots.getBotInfo",
    "bots.setBotInfo",
    "channels.deleteMessages",
    "channels.deleteParticipantHistory",
    "channels.editAdmin",
    "channels.editBanned",
    "channels.editPhoto",
    "channels.editTitle",
    "channels.getChannels",
    "channels.getFullChannel",
    "channels.getMessages",
    "channels.getParticipant",
    "channels.getParticipants",
    "channels.leaveChannel",
    "channels.setStickers",
    "channels.toggleSlowMode",
    "contacts.resolveUsername",
    "help.getAppConfig",
    "help.getCdnConfig",
    "help.getConfig",
    "help.getNearestDc",
    "langpack.",
    "messages.createForumTopic",
    "messages.deleteChatUser",
    "messages.deleteMessages",
    "messages.deleteTopicHistory",
    "messages.editChatAbout",
    "messages.editChatAdmin",
    "messages.editChatDefaultBannedRights",
    "messages.editChatParticipantRank",
    "messages.editChatPhoto",
    "messages.editChatTitle",
    "messages.editExportedChatInvite",
    "messages.editForumTopic",
    "messages.editMessage",
    "messages.exportChatInvite",
    "messages.forwardMessages",
    "messages.getChats",
    "messages.getCustomEmojiDocuments",
    "messages.getDocumentByHash",
    "messages.getForumTopicsByID",
    "messages.getFullChat",
    "messages.getMessages",
    "messages.getPersonalChannelHistory",
    "messages.getStickerSet",
    "messages.hideChatJoinRequest",
    "messages.sendMedia",
    "messages.sendMessage",
    "messages.sendMultiMedia",
    "messages.sendReaction",
    "messages.setTyping",
    "messages.unpinAllMessages",
    "messages.updatePinnedForumTopic",
    "messages.updatePinnedMessage",
    "messages.uploadMedia",
    "payments.",
    "photos.getUserPhotos",
    "photos.updateProfilePhoto",
    "photos.uploadProfilePhoto",
    "photos.deletePhotos",
    "stickers.",
    "updates.",
    "upload.",
    "users.getFullUser",
    "users.getSavedMusic",
    "users.getSavedMusicByID",
    "users.getUsers",
];

/// Whether bots may call a method.
fn is_for_bots(name: &str) -> bool {
    BOTS_ONLY.contains(&name)
        || BOTS_TOO
            .iter()
            .any(|other| *other == name || other.ends_with('.') && name.starts_with(other))
}

fn needs(name: &str) -> Needs {
    if name.starts_with("langpack.") || OPEN.contains(&name) {
        Needs::Nothing
    } else if PASSWORD_PENDING.contains(&name) {
        Needs::PasswordPending
    } else {
        Needs::User
    }
}

/// Whether a call of this name says that its session belongs to a client that wants updates, and
/// not to one that only moves files (clients-python 1.18).
pub(crate) fn subscribes(name: &str) -> bool {
    !["auth.", "help.", "langpack.", "upload."]
        .iter()
        .any(|namespace| name.starts_with(namespace))
}

impl Context<'_> {
    /// Whether the caller may call the method at all, in the order of the sheet.
    pub(crate) async fn check_access(&self, name: &str) -> Result<()> {
        let unbound = self.caller.temp_key_id == Some(self.caller.auth_key_id);
        if unbound && !UNBOUND.contains(&name) {
            return Err(Error::AUTH_KEY_PERM_EMPTY);
        }
        if self.caller.user.is_none() {
            return self.check_stranger(name).await;
        }
        let user = self.messenger().user(self.user()?).await?;
        match user.as_deref() {
            Some(User { deleted: false, .. }) => {}
            Some(_) => return Err(Error::USER_DEACTIVATED),
            None => return Err(Error::AUTH_KEY_UNREGISTERED),
        }
        let is_bot = user.is_some_and(|user| user.bot);
        if BOTS_ONLY.contains(&name) && !is_bot {
            return Err(Error::USER_BOT_REQUIRED);
        }
        if is_bot && !is_for_bots(name) {
            return Err(Error::BOT_METHOD_INVALID);
        }
        Ok(())
    }

    /// Somebody who is not logged in.
    async fn check_stranger(&self, name: &str) -> Result<()> {
        let needs = needs(name);
        if needs == Needs::Nothing {
            return Ok(());
        }
        let pending = self.services.password_pending(self).await?;
        match (pending, needs) {
            (Some(_), Needs::PasswordPending) => Ok(()),
            (Some(_), _) => Err(Error::SESSION_PASSWORD_NEEDED),
            (None, _) => Err(Error::AUTH_KEY_UNREGISTERED),
        }
    }
}
