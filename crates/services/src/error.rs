//! What goes wrong, in the words that clients know: the only file that spells them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the causes may grow, and what has no name is a mistake of ours"
)]

use std::borrow::Cow;

use tl::{Bytes, Layer, Writer};

/// The result of a method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `rpc_error#2144ca19`
const RPC_ERROR: u32 = 0x2144_ca19;

/// A refusal as the client is told it (G.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: i32,
    name: Cow<'static, str>,
}

/// Declares refusals: a constant for each name, which is the text the client is told.
macro_rules! errors {
    ($($code:literal { $($name:ident)* })*) => {
        impl Error {
            $($(
                #[doc = concat!("`", $code, " ", stringify!($name), "`")]
                pub(crate) const $name: Self = Self { code: $code, name: Cow::Borrowed(stringify!($name)) };
            )*)*
        }
    };
}

errors! {
    400 {
        ABOUT_TOO_LONG
        ACCESS_TOKEN_EXPIRED
        ACCESS_TOKEN_INVALID
        ADDRESS_INVALID
        ADMINS_TOO_MUCH
        ADMIN_ID_INVALID
        ADMIN_RANK_EMOJI_NOT_ALLOWED
        ADMIN_RANK_INVALID
        API_ID_INVALID
        ARTICLE_TITLE_EMPTY
        AUTH_BYTES_INVALID
        AUTH_TOKEN_ALREADY_ACCEPTED
        AUTH_TOKEN_EXCEPTION
        AUTH_TOKEN_EXPIRED
        AUTH_TOKEN_INVALID
        AUTOARCHIVE_NOT_AVAILABLE
        BANNED_RIGHTS_INVALID
        BIRTHDAY_INVALID
        BOOSTS_EMPTY
        BOTS_TOO_MUCH
        BOT_BUSINESS_MISSING
        BOT_COMMANDS_TOO_MUCH
        BOT_COMMAND_DESCRIPTION_INVALID
        BOT_COMMAND_INVALID
        BOT_CREATE_LIMIT_EXCEEDED
        BOT_DOMAIN_INVALID
        BOT_GROUPS_BLOCKED
        BOT_ID_INVALID
        BOT_INLINE_DISABLED
        BOT_INVALID
        BOT_METHOD_INVALID
        BOT_NOT_CONNECTED_YET
        BOT_RESPONSE_TIMEOUT
        BUTTON_COPY_TEXT_INVALID
        BUTTON_DATA_INVALID
        BUTTON_ID_INVALID
        BUTTON_INVALID
        BUTTON_TEXT_INVALID
        BUTTON_TYPE_INVALID
        BUTTON_URL_INVALID
        BUTTON_USER_INVALID
        CALL_ALREADY_ACCEPTED
        CALL_ALREADY_DECLINED
        CALL_PEER_INVALID
        CALL_PROTOCOL_FLAGS_INVALID
        CALL_PROTOCOL_LAYER_INVALID
        CHANNELS_ADMIN_PUBLIC_TOO_MUCH
        CHANNELS_TOO_MUCH
        CHANNEL_INVALID
        CHANNEL_PARICIPANT_MISSING
        CHANNEL_TOO_BIG
        CHATLINK_SLUG_EXPIRED
        CHAT_ABOUT_NOT_MODIFIED
        CHAT_ABOUT_TOO_LONG
        CHAT_ADMIN_REQUIRED
        CHAT_DISCUSSION_UNALLOWED
        CHAT_FORWARDS_RESTRICTED
        CHAT_ID_EMPTY
        CHAT_ID_INVALID
        CHAT_INVITE_PERMANENT
        CHAT_LINK_EXISTS
        CHAT_NOT_MODIFIED
        CHAT_PUBLIC_REQUIRED
        CHAT_REVOKE_DATE_UNSUPPORTED
        CHAT_TITLE_EMPTY
        CHAT_TOO_BIG
        CODE_HASH_INVALID
        CONNECTION_ID_INVALID
        CONTACT_ADD_MISSING
        CONTACT_ID_INVALID
        CONTACT_MISSING
        CONTACT_NAME_EMPTY
        CONTACT_NOTE_TOO_LONG
        CONTACT_REQ_MISSING
        CREATE_CALL_FAILED
        CREDENTIAL_INVALID
        DATA_INVALID
        DATA_JSON_INVALID
        DATA_TOO_LONG
        DC_ID_INVALID
        DESCRIPTION_TOO_LONG
        DH_G_A_INVALID
        DOCUMENT_INVALID
        EFFECT_CHAT_INVALID
        EFFECT_ID_INVALID
        EMAIL_HASH_EXPIRED
        EMAIL_INSTALL_MISSING
        EMAIL_INVALID
        EMAIL_NOT_ALLOWED
        EMOTICON_EMPTY
        EMOTICON_INVALID
        EMOTICON_STICKERPACK_MISSING
        ENCRYPTED_MESSAGE_INVALID
        ENCRYPTION_ALREADY_ACCEPTED
        ENCRYPTION_ALREADY_DECLINED
        ENCRYPTION_DECLINED
        ENCRYPTION_ID_INVALID
        ENTITIES_TOO_LONG
        ENTITY_BOUNDS_INVALID
        EXPIRES_AT_INVALID
        EXPIRE_DATE_INVALID
        EXTENDED_MEDIA_INVALID
        EXTERNAL_URL_INVALID
        FILE_EMTPY
        FILE_ID_INVALID
        FILE_PARTS_INVALID
        FILE_PART_EMPTY
        FILE_PART_INVALID
        FILE_PART_LENGTH_INVALID
        FILE_PART_SIZE_CHANGED
        FILE_PART_SIZE_INVALID
        FILE_PART_TOO_BIG
        FILE_REFERENCE_EMPTY
        FILE_REFERENCE_INVALID
        FILTERS_TOO_MUCH
        FILTER_ID_INVALID
        FILTER_INCLUDE_EMPTY
        FILTER_NOT_SUPPORTED
        FILTER_TITLE_EMPTY
        FIRSTNAME_INVALID
        FOLDER_ID_INVALID
        FORUM_ENABLED
        FROM_PEER_INVALID
        GAME_BOT_INVALID
        GEO_POINT_INVALID
        GIF_ID_INVALID
        GRAPH_INVALID_RELOAD
        GROUPCALL_INVALID
        HASH_INVALID
        HIDE_REQUESTER_MISSING
        IMAGE_PROCESS_FAILED
        IMPORT_TOKEN_INVALID
        INLINE_RESULT_EXPIRED
        INPUT_FETCH_ERROR
        INPUT_PEERS_EMPTY
        INPUT_USER_DEACTIVATED
        INVITES_TOO_MUCH
        INVITE_HASH_EMPTY
        INVITE_HASH_INVALID
        INVITE_REQUEST_SENT
        INVITE_REVOKED_MISSING
        LANG_CODE_INVALID
        LANG_CODE_NOT_SUPPORTED
        LANG_PACK_INVALID
        LASTNAME_INVALID
        LIMIT_INVALID
        LOCATION_INVALID
        MANAGER_INVALID
        MANAGER_PERMISSION_MISSING
        MAX_DATE_INVALID
        MAX_QTS_INVALID
        MD5_CHECKSUM_INVALID
        MEDIA_CAPTION_TOO_LONG
        MEDIA_EMPTY
        MEDIA_GROUPED_INVALID
        MEDIA_INVALID
        MEDIA_PREV_INVALID
        MEGAGROUP_ID_INVALID
        MEGAGROUP_PREHISTORY_HIDDEN
        MESSAGE_EDIT_TIME_EXPIRED
        MESSAGE_EMPTY
        MESSAGE_IDS_EMPTY
        MESSAGE_ID_INVALID
        MESSAGE_NOT_MODIFIED
        MESSAGE_NOT_READ_YET
        MESSAGE_POLL_CLOSED
        MESSAGE_TOO_LONG
        MESSAGE_TOO_OLD
        METHOD_INVALID
        MIN_DATE_INVALID
        MSG_ID_INVALID
        MSG_TOO_OLD
        MULTI_MEDIA_TOO_LONG
        NAME_INVALID
        NEED_ACTION_MISSING
        NEW_SALT_INVALID
        NEW_SETTINGS_EMPTY
        NEW_SETTINGS_INVALID
        NEXT_OFFSET_INVALID
        NO_FORM_IN_LAYER
        OFFSET_INVALID
        OPTIONS_TOO_MUCH
        OPTION_INVALID
        ORDER_INVALID
        PACK_SHORT_NAME_INVALID
        PACK_SHORT_NAME_OCCUPIED
        PACK_TITLE_INVALID
        PACK_TYPE_INVALID
        PARENT_PEER_INVALID
        PARTICIPANT_ID_INVALID
        PASSWORD_EMPTY
        PASSWORD_HASH_INVALID
        PASSWORD_MISSING
        PASSWORD_RECOVERY_EXPIRED
        PASSWORD_RECOVERY_NA
        PAYMENT_PROVIDER_INVALID
        PEER_HISTORY_EMPTY
        PEER_ID_INVALID
        PEER_TYPES_INVALID
        PERSISTENT_TIMESTAMP_EMPTY
        PERSISTENT_TIMESTAMP_INVALID
        PHONE_CODE_EMPTY
        PHONE_CODE_EXPIRED
        PHONE_CODE_HASH_EMPTY
        PHONE_CODE_INVALID
        PHONE_NOT_OCCUPIED
        PHONE_NUMBER_INVALID
        PHONE_NUMBER_OCCUPIED
        PHOTO_EXT_INVALID
        PHOTO_FILE_MISSING
        PHOTO_ID_INVALID
        PHOTO_INVALID
        PHOTO_INVALID_DIMENSIONS
        PHOTO_SAVE_FILE_INVALID
        PINNED_DIALOGS_TOO_MUCH
        PINNED_TOO_MUCH
        PIN_RESTRICTED
        POLL_ANSWERS_INVALID
        POLL_ANSWER_INVALID
        POLL_OPTION_DUPLICATE
        POLL_OPTION_INVALID
        POLL_QUESTION_INVALID
        PRICING_CHAT_INVALID
        PRIVACY_TOO_LONG
        PRIVACY_VALUE_INVALID
        PUBLIC_BROADCAST_EXPECTED
        QUERY_ID_EMPTY
        QUERY_ID_INVALID
        QUERY_TOO_LONG
        QUIZ_CORRECT_ANSWERS_EMPTY
        QUIZ_CORRECT_ANSWERS_TOO_MUCH
        QUIZ_CORRECT_ANSWER_INVALID
        QUOTE_TEXT_INVALID
        RANDOM_ID_EMPTY
        RANDOM_ID_INVALID
        RANDOM_LENGTH_INVALID
        RANGES_INVALID
        RANK_EMOJI_NOT_ALLOWED
        RANK_INVALID
        REACTIONS_TOO_MANY
        REACTION_INVALID
        REPLY_MARKUP_BUY_EMPTY
        REPLY_MARKUP_GAME_EMPTY
        REPLY_MARKUP_INVALID
        REPLY_MARKUP_TOO_LONG
        REPLY_MESSAGE_ID_INVALID
        REPLY_TO_INVALID
        REPLY_TO_MONOFORUM_PEER_INVALID
        RESET_REQUEST_MISSING
        RESULTS_TOO_MUCH
        RESULT_ID_DUPLICATE
        RESULT_ID_EMPTY
        RESULT_ID_INVALID
        RESULT_TYPE_INVALID
        REVOTE_NOT_ALLOWED
        RIGHTS_NOT_MODIFIED
        RINGTONE_INVALID
        RINGTONE_MIME_INVALID
        SCHEDULE_BOT_NOT_ALLOWED
        SCHEDULE_DATE_INVALID
        SCHEDULE_DATE_TOO_LATE
        SCHEDULE_STATUS_PRIVATE
        SCHEDULE_TOO_MUCH
        SEARCH_QUERY_EMPTY
        SEARCH_WITH_LINK_NOT_SUPPORTED
        SECONDS_INVALID
        SECURE_SECRET_REQUIRED
        SEND_AS_PEER_INVALID
        SEND_MESSAGE_TYPE_INVALID
        SETTINGS_INVALID
        SHORTCUT_INVALID
        SHORT_NAME_INVALID
        SHORT_NAME_OCCUPIED
        SLOWMODE_MULTI_MSGS_DISABLED
        SRP_ID_INVALID
        SRP_PASSWORD_CHANGED
        STARREF_PERMILLE_INVALID
        START_PARAM_EMPTY
        START_PARAM_INVALID
        START_PARAM_TOO_LONG
        STICKERS_EMPTY
        STICKERS_TOO_MUCH
        STICKER_EMOJI_INVALID
        STICKER_FILE_INVALID
        STICKER_ID_INVALID
        STICKER_INVALID
        STICKER_PNG_DIMENSIONS
        STICKER_TGS_NOTGS
        STICKER_VIDEO_BIG
        STORIES_NEVER_CREATED
        STORY_ID_INVALID
        SWITCH_PM_TEXT_EMPTY
        TAKEOUT_REQUIRED
        TEMP_AUTH_KEY_ALREADY_BOUND
        TEMP_AUTH_KEY_EMPTY
        THEME_INVALID
        THEME_MIME_INVALID
        TITLE_INVALID
        TMP_PASSWORD_DISABLED
        TOKEN_INVALID
        TOPIC_ID_INVALID
        TTL_DAYS_INVALID
        TTL_MEDIA_INVALID
        TTL_PERIOD_INVALID
        TYPES_EMPTY
        UNTIL_DATE_INVALID
        URL_INVALID
        USAGE_LIMIT_INVALID
        USERNAME_INVALID
        USERNAME_NOT_MODIFIED
        USERNAME_NOT_OCCUPIED
        USERNAME_OCCUPIED
        USERNAME_SUFFIX_MISSING
        USERS_TOO_MUCH
        USER_ADMIN_INVALID
        USER_ALREADY_PARTICIPANT
        USER_BOT
        USER_BOT_INVALID
        USER_BOT_REQUIRED
        USER_CREATOR
        USER_ID_INVALID
        USER_INVALID
        USER_IS_BOT
        USER_KICKED
        USER_NOT_PARTICIPANT
        WALLPAPER_INVALID
        WALLPAPER_MIME_INVALID
        WEBAUTH_TOKEN_EXPIRED
        WEBDOCUMENT_URL_INVALID
        WEBPAGE_NOT_FOUND
        WEBPAGE_URL_INVALID
        YOU_BLOCKED_USER
    }
    401 {
        AUTH_KEY_PERM_EMPTY
        AUTH_KEY_UNREGISTERED
        SESSION_PASSWORD_NEEDED
        USER_DEACTIVATED
    }
    403 {
        ACCESS_DENIED
        BOT_VERIFIER_FORBIDDEN
        BROADCAST_FORBIDDEN
        CHAT_GUEST_SEND_FORBIDDEN
        CHAT_SEND_AUDIOS_FORBIDDEN
        CHAT_SEND_DOCS_FORBIDDEN
        CHAT_SEND_GIFS_FORBIDDEN
        CHAT_SEND_MEDIA_FORBIDDEN
        CHAT_SEND_PHOTOS_FORBIDDEN
        CHAT_SEND_PLAIN_FORBIDDEN
        CHAT_SEND_POLL_FORBIDDEN
        CHAT_SEND_ROUNDVIDEOS_FORBIDDEN
        CHAT_SEND_STICKERS_FORBIDDEN
        CHAT_SEND_VIDEOS_FORBIDDEN
        CHAT_SEND_VOICES_FORBIDDEN
        CHAT_WRITE_FORBIDDEN
        GROUPCALL_FORBIDDEN
        MESSAGE_AUTHOR_REQUIRED
        MESSAGE_DELETE_FORBIDDEN
        POLL_VOTE_REQUIRED
        PREMIUM_ACCOUNT_REQUIRED
        RIGHT_FORBIDDEN
        USER_CHANNELS_TOO_MUCH
        USER_IS_BLOCKED
        USER_PERMISSION_DENIED
        USER_PRIVACY_RESTRICTED
        VOICE_MESSAGES_FORBIDDEN
        YOUR_PRIVACY_RESTRICTED
    }
    406 {
        CALL_PROTOCOL_COMPAT_LAYER_INVALID
        CHANNEL_PRIVATE
        INVITE_HASH_EXPIRED
        SENSITIVE_CHANGE_FORBIDDEN
        TOPIC_CLOSED
    }
    406 {
        FRESH_CHANGE_PHONE_FORBIDDEN
        FRESH_RESET_AUTHORISATION_FORBIDDEN
        SEND_CODE_UNAVAILABLE
        STICKERSET_INVALID
        TRANSLATIONS_DISABLED
    }
    500 {
        INTERNAL_SERVER_ERROR
    }
}

impl Error {
    /// `420 FLOOD_WAIT_X`: come again after so many seconds.
    pub(crate) fn flood_wait(seconds: u32) -> Self {
        Self::with_number(420, "FLOOD_WAIT_", seconds)
    }

    /// `420 2FA_CONFIRM_WAIT_X`: it will be done after so many seconds.
    pub(crate) fn confirm_wait(seconds: u32) -> Self {
        Self::with_number(420, "2FA_CONFIRM_WAIT_", seconds)
    }

    /// `420 TAKEOUT_INIT_DELAY_X`: it may begin after so many seconds.
    pub(crate) fn takeout_delay(seconds: u32) -> Self {
        Self::with_number(420, "TAKEOUT_INIT_DELAY_", seconds)
    }

    /// A name that ends in a number.
    fn with_number(code: i32, name: &str, number: u32) -> Self {
        Self {
            code,
            name: Cow::Owned(format!("{name}{number}")),
        }
    }

    /// The same name with the code that some methods give it.
    pub(crate) fn in_403(self) -> Self {
        Self { code: 403, ..self }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As `rpc_error`, ready for `rpc_result`.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        use tl::Encode as _;
        let mut writer = Writer::new(Layer::NEWEST);
        writer.u32(RPC_ERROR);
        writer.i32(self.code);
        tl::Str::from(self.name.as_ref()).encode(&mut writer);
        // Numbers and texts have a form in every layer.
        writer.into_bytes()
    }
}

impl From<messenger::Error> for Error {
    fn from(error: messenger::Error) -> Self {
        use messenger::Error as Cause;
        match error {
            Cause::Account(error) => error.into(),
            Cause::AdminRequired => Self::CHAT_ADMIN_REQUIRED,
            Cause::Arrange(error) => of_arrange(error),
            Cause::Bot(error) => of_bot(error),
            Cause::Channel(error) => of_channel(error),
            Cause::Chat(error) => of_chat(error),
            Cause::ChatUnknown => Self::CHAT_ID_INVALID,
            Cause::ChatWriteForbidden => Self::CHAT_WRITE_FORBIDDEN,
            Cause::File(error) => error.into(),
            Cause::Edit(error) => of_edit(error),
            Cause::Invite(error) => of_invite(error),
            Cause::MessageUnknown => Self::MESSAGE_ID_INVALID,
            Cause::NotModified => Self::MESSAGE_NOT_MODIFIED,
            Cause::PeerUnknown => Self::PEER_ID_INVALID,
            Cause::Poll(error) => of_poll(error),
            Cause::Reaction(messenger::ReactionError::TooMany) => Self::REACTIONS_TOO_MANY,
            Cause::Reaction(_) => Self::REACTION_INVALID,
            Cause::Upload(error) => error.into(),
            Cause::UserUnknown => Self::USER_ID_INVALID,
            Cause::Secret(messenger::SecretError::AlreadyAccepted) => {
                Self::ENCRYPTION_ALREADY_ACCEPTED
            }
            Cause::Secret(messenger::SecretError::Declined) => Self::ENCRYPTION_DECLINED,
            Cause::Secret(_) => Self::CHAT_ID_INVALID,
            Cause::Send(error) => of_send(error),
            Cause::Sticker(messenger::StickerError::Full) => Self::STICKERS_TOO_MUCH,
            Cause::Sticker(messenger::StickerError::NameOccupied) => Self::PACK_SHORT_NAME_OCCUPIED,
            Cause::Sticker(messenger::StickerError::StickerUnknown) => Self::STICKER_INVALID,
            Cause::Sticker(_) => Self::STICKERSET_INVALID,
            Cause::Store(error) => error.into(),
            other => {
                tracing::error!(%other, "a call failed");
                Self::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl From<messenger::FileError> for Error {
    fn from(error: messenger::FileError) -> Self {
        use messenger::FileError as Cause;
        match error {
            Cause::ReferenceEmpty => Self::FILE_REFERENCE_EMPTY,
            Cause::ReferenceInvalid => Self::FILE_REFERENCE_INVALID,
            Cause::Unknown => Self::FILE_ID_INVALID,
        }
    }
}

impl From<messenger::UploadError> for Error {
    fn from(error: messenger::UploadError) -> Self {
        use messenger::UploadError as Cause;
        match error {
            Cause::Checksum => Self::MD5_CHECKSUM_INVALID,
            Cause::Empty => Self::FILE_PART_EMPTY,
            Cause::LengthInvalid => Self::FILE_PART_LENGTH_INVALID,
            Cause::Missing(part) => Self {
                code: 400,
                name: Cow::Owned(format!("FILE_PART_{part}_MISSING")),
            },
            Cause::PartInvalid => Self::FILE_PART_INVALID,
            Cause::SizeChanged => Self::FILE_PART_SIZE_CHANGED,
            Cause::SizeInvalid => Self::FILE_PART_SIZE_INVALID,
            Cause::TooBig => Self::FILE_PART_TOO_BIG,
            _ => Self::FILE_PARTS_INVALID,
        }
    }
}

impl From<messenger::AccountError> for Error {
    fn from(error: messenger::AccountError) -> Self {
        use messenger::AccountError as Cause;
        match error {
            Cause::AboutTooLong => Self::ABOUT_TOO_LONG,
            Cause::BirthdayInvalid => Self::BIRTHDAY_INVALID,
            Cause::CodeEmpty => Self::PHONE_CODE_EMPTY,
            Cause::CodeExpired => Self::PHONE_CODE_EXPIRED,
            Cause::CodeInvalid => Self::PHONE_CODE_INVALID,
            Cause::ContactMissing => Self::CONTACT_REQ_MISSING,
            Cause::ContactUnknown => Self::CONTACT_MISSING,
            Cause::ContactNameEmpty => Self::CONTACT_NAME_EMPTY,
            Cause::FirstNameInvalid => Self::FIRSTNAME_INVALID,
            Cause::LastNameInvalid => Self::LASTNAME_INVALID,
            Cause::PhoneOccupied => Self::PHONE_NUMBER_OCCUPIED,
            Cause::PrivacyTooLong => Self::PRIVACY_TOO_LONG,
            Cause::UsernameInvalid => Self::USERNAME_INVALID,
            Cause::UsernameNotModified => Self::USERNAME_NOT_MODIFIED,
            Cause::UsernameOccupied => Self::USERNAME_OCCUPIED,
            other => {
                tracing::error!(%other, "a refusal without a name");
                Self::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::INTERNAL_SERVER_ERROR
    }
}

fn of_arrange(error: messenger::ArrangeError) -> Error {
    use messenger::ArrangeError as Cause;
    match error {
        Cause::Empty => Error::PEER_HISTORY_EMPTY,
        Cause::TooManyFilters => Error::FILTERS_TOO_MUCH,
        Cause::TooManyPinned => Error::PINNED_DIALOGS_TOO_MUCH,
        Cause::TooManySavedPinned => Error::PINNED_TOO_MUCH,
        _ => Error::PEER_ID_INVALID,
    }
}

fn of_bot(error: messenger::BotError) -> Error {
    use messenger::BotError as Cause;
    match error {
        Cause::NoGroups => Error::BOT_GROUPS_BLOCKED,
        Cause::SuffixMissing => Error::USERNAME_SUFFIX_MISSING,
        Cause::TokenExpired => Error::ACCESS_TOKEN_EXPIRED,
        Cause::TokenInvalid => Error::ACCESS_TOKEN_INVALID,
        Cause::TooMany => Error::BOT_CREATE_LIMIT_EXCEEDED,
        _ => Error::BOT_INVALID,
    }
}

fn of_channel(error: messenger::ChannelError) -> Error {
    use messenger::ChannelError as Cause;
    match error {
        Cause::AboutTooLong => Error::CHAT_ABOUT_TOO_LONG,
        Cause::AdminFixed => Error::USER_ADMIN_INVALID,
        Cause::AdminsTooMany => Error::ADMINS_TOO_MUCH,
        Cause::BotOnlyAdmin => Error::USER_BOT,
        Cause::BotsTooMany => Error::BOTS_TOO_MUCH,
        Cause::Creator => Error::USER_CREATOR,
        Cause::DeleteForbidden => Error::MESSAGE_DELETE_FORBIDDEN,
        Cause::Forum => Error::FORUM_ENABLED,
        Cause::GroupInvalid => Error::MEGAGROUP_ID_INVALID,
        Cause::GuestForbidden => Error::CHAT_GUEST_SEND_FORBIDDEN,
        Cause::Kicked => Error::USER_KICKED,
        Cause::LinkExists => Error::CHAT_LINK_EXISTS,
        Cause::MembersHidden => Error::CHAT_ADMIN_REQUIRED.in_403(),
        Cause::NotBroadcast | Cause::Unknown => Error::CHANNEL_INVALID,
        Cause::NotMegagroup => Error::CHAT_ID_INVALID,
        Cause::NotMember | Cause::NotParticipant => Error::USER_NOT_PARTICIPANT,
        Cause::PrehistoryHidden => Error::MEGAGROUP_PREHISTORY_HIDDEN,
        Cause::PrivacyRestricted => Error::USER_PRIVACY_RESTRICTED,
        Cause::Private => Error::CHANNEL_PRIVATE,
        Cause::PublicRequired => Error::CHAT_PUBLIC_REQUIRED,
        Cause::PublicTooMany => Error::CHANNELS_ADMIN_PUBLIC_TOO_MUCH,
        Cause::RankEmoji => Error::ADMIN_RANK_EMOJI_NOT_ALLOWED,
        Cause::RankInvalid => Error::ADMIN_RANK_INVALID,
        Cause::RequestSent => Error::INVITE_REQUEST_SENT,
        Cause::RequesterMissing => Error::HIDE_REQUESTER_MISSING,
        Cause::RightForbidden => Error::RIGHT_FORBIDDEN,
        Cause::Same => Error::CHAT_NOT_MODIFIED,
        Cause::SendAsInvalid => Error::SEND_AS_PEER_INVALID,
        Cause::SlowMode(0) => Error::SECONDS_INVALID,
        Cause::SlowMode(seconds) => Error::with_number(420, "SLOWMODE_WAIT_", seconds),
        Cause::SlowModeMany => Error::SLOWMODE_MULTI_MSGS_DISABLED,
        Cause::TitleEmpty => Error::CHAT_TITLE_EMPTY,
        Cause::TooBig => Error::CHANNEL_TOO_BIG,
        Cause::TooMany => Error::CHANNELS_TOO_MUCH,
        Cause::TopicClosed => Error::TOPIC_CLOSED,
        Cause::TopicInvalid => Error::TOPIC_ID_INVALID,
        Cause::UserTooMany => Error::USER_CHANNELS_TOO_MUCH,
        _ => Error::CHANNEL_INVALID,
    }
}

fn of_chat(error: messenger::ChatError) -> Error {
    use messenger::ChatError as Cause;
    match error {
        Cause::AboutSame => Error::CHAT_ABOUT_NOT_MODIFIED,
        Cause::AboutTooLong => Error::CHAT_ABOUT_TOO_LONG,
        Cause::AlreadyMember => Error::USER_ALREADY_PARTICIPANT,
        Cause::Full => Error::USERS_TOO_MUCH,
        Cause::NotMember => Error::USER_NOT_PARTICIPANT,
        Cause::Removed => Error::USER_KICKED,
        Cause::TitleEmpty => Error::CHAT_TITLE_EMPTY,
        Cause::Same => Error::CHAT_NOT_MODIFIED,
        _ => Error::CHAT_ID_INVALID,
    }
}

fn of_edit(error: messenger::EditError) -> Error {
    use messenger::EditError as Cause;
    match error {
        Cause::Empty => Error::MESSAGE_EMPTY,
        Cause::GroupInvalid => Error::MEDIA_GROUPED_INVALID,
        Cause::NotAuthor => Error::MESSAGE_AUTHOR_REQUIRED,
        Cause::TooOld => Error::MESSAGE_EDIT_TIME_EXPIRED,
        Cause::MediaInvalid => Error::MEDIA_PREV_INVALID,
        _ => Error::MESSAGE_ID_INVALID,
    }
}

fn of_invite(error: messenger::InviteError) -> Error {
    use messenger::InviteError as Cause;
    match error {
        Cause::NotRevoked => Error::INVITE_REVOKED_MISSING,
        Cause::LimitAndRequest => Error::USAGE_LIMIT_INVALID,
        Cause::Permanent => Error::CHAT_INVITE_PERMANENT,
        Cause::TooMany => Error::INVITES_TOO_MUCH,
        Cause::Expired => Error::INVITE_HASH_EXPIRED,
        _ => Error::INVITE_HASH_INVALID,
    }
}

fn of_poll(error: messenger::PollError) -> Error {
    use messenger::PollError as Cause;
    match error {
        Cause::Anonymous => Error::BROADCAST_FORBIDDEN,
        Cause::Closed => Error::MESSAGE_POLL_CLOSED,
        Cause::Final => Error::REVOTE_NOT_ALLOWED,
        Cause::TooMany => Error::OPTIONS_TOO_MUCH,
        Cause::VoteRequired => Error::POLL_VOTE_REQUIRED,
        _ => Error::OPTION_INVALID,
    }
}

fn of_send(error: messenger::SendError) -> Error {
    use messenger::{SendError as Cause, right};
    match error {
        Cause::BotStopped => Error::USER_IS_BLOCKED,
        Cause::Deleted => Error::INPUT_USER_DEACTIVATED,
        Cause::Empty => Error::MESSAGE_EMPTY,
        Cause::Forbidden(missing) => match missing {
            right::SEND_PLAIN => Error::CHAT_SEND_PLAIN_FORBIDDEN,
            right::SEND_PHOTOS => Error::CHAT_SEND_PHOTOS_FORBIDDEN,
            right::SEND_VIDEOS => Error::CHAT_SEND_VIDEOS_FORBIDDEN,
            right::SEND_ROUND_VIDEOS => Error::CHAT_SEND_ROUNDVIDEOS_FORBIDDEN,
            right::SEND_AUDIOS => Error::CHAT_SEND_AUDIOS_FORBIDDEN,
            right::SEND_VOICES => Error::CHAT_SEND_VOICES_FORBIDDEN,
            right::SEND_DOCUMENTS => Error::CHAT_SEND_DOCS_FORBIDDEN,
            right::SEND_STICKERS => Error::CHAT_SEND_STICKERS_FORBIDDEN,
            right::SEND_GIFS => Error::CHAT_SEND_GIFS_FORBIDDEN,
            right::SEND_POLLS => Error::CHAT_SEND_POLL_FORBIDDEN,
            right::SEND_MEDIA => Error::CHAT_SEND_MEDIA_FORBIDDEN,
            _ => Error::CHAT_WRITE_FORBIDDEN,
        },
        Cause::ForwardsRestricted => Error::CHAT_FORWARDS_RESTRICTED,
        Cause::PinRestricted => Error::PIN_RESTRICTED,
        Cause::QuoteInvalid => Error::QUOTE_TEXT_INVALID,
        Cause::ReplyInvalid => Error::REPLY_MESSAGE_ID_INVALID,
        Cause::ScheduleInvalid => Error::SCHEDULE_DATE_INVALID,
        Cause::ScheduledTooMany => Error::SCHEDULE_TOO_MUCH,
        Cause::StatusHidden => Error::SCHEDULE_STATUS_PRIVATE,
        Cause::ToBot => Error::USER_IS_BOT,
        Cause::YouBlocked => Error::YOU_BLOCKED_USER,
        _ => Error::CHAT_WRITE_FORBIDDEN,
    }
}

impl From<messenger::TextError> for Error {
    fn from(error: messenger::TextError) -> Self {
        match error {
            messenger::TextError::TooManyEntities => Self::ENTITIES_TOO_LONG,
            messenger::TextError::EntityBounds => Self::ENTITY_BOUNDS_INVALID,
            _ => Self::MESSAGE_EMPTY,
        }
    }
}
