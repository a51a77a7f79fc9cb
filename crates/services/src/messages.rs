//! messages.*

mod arrange;
mod callback;
mod chat;
mod delete;
mod dialog;
mod draft;
mod edit;
mod empty;
mod forward;
mod history;
mod inline;
mod invite;
mod lifetime;
mod markup;
mod media;
mod overview;
mod pin;
mod poll;
mod reaction;
mod read;
mod reply;
mod saved;
mod schedule;
mod search;
mod secret;
mod send;
mod send_media;
mod share;
mod start;
mod sticker;
mod text;
mod typing;

pub(crate) use callback::Callbacks;
pub(crate) use history::{hash_of, replied_to, shown};
pub(crate) use inline::{InlineQueries, ShownResults};
pub(crate) use invite::primary_link;
pub(crate) use lifetime::period;

use crate::dispatch::methods;

methods! {
    works {
        MessagesAcceptEncryption => secret::accept_encryption,
        MessagesAddChatUser => chat::add_chat_user,
        MessagesCheckChatInvite => invite::check_chat_invite,
        MessagesClearAllDrafts => draft::clear_all_drafts,
        MessagesClearRecentReactions => reaction::clear_recent_reactions,
        MessagesClearRecentStickers => sticker::clear_recent_stickers,
        MessagesCreateChat => chat::create_chat,
        MessagesDeleteChat => chat::delete_chat,
        MessagesDeleteChatUser => chat::delete_chat_user,
        MessagesDeleteExportedChatInvite => invite::delete_exported_chat_invite,
        MessagesDeleteHistory => delete::delete_history,
        MessagesDeleteMessages => delete::delete_messages,
        MessagesDeleteParticipantReaction => reaction::delete_participant_reaction,
        MessagesDeletePhoneCallHistory => delete::delete_phone_call_history,
        MessagesDeleteRevokedExportedChatInvites => invite::delete_revoked_exported_chat_invites,
        MessagesDeleteSavedHistory => saved::delete_saved_history,
        MessagesDeleteScheduledMessages => schedule::delete_scheduled_messages,
        MessagesDiscardEncryption => secret::discard_encryption,
        MessagesEditChatAbout => chat::edit_chat_about,
        MessagesEditChatAdmin => chat::edit_chat_admin,
        MessagesEditChatCreator => chat::edit_chat_creator,
        MessagesEditChatDefaultBannedRights => chat::edit_chat_default_banned_rights,
        MessagesEditChatParticipantRank => chat::edit_chat_participant_rank,
        MessagesEditChatPhoto => chat::edit_chat_photo,
        MessagesEditChatTitle => chat::edit_chat_title,
        MessagesEditExportedChatInvite => invite::edit_exported_chat_invite,
        MessagesEditInlineBotMessage => inline::edit_inline_bot_message,
        MessagesEditMessage => edit::edit_message,
        MessagesExportChatInvite => invite::export_chat_invite,
        MessagesFaveSticker => sticker::fave_sticker,
        MessagesForwardMessages => forward::forward_messages,
        MessagesGetAdminsWithInvites => invite::get_admins_with_invites,
        MessagesGetAllDrafts => draft::get_all_drafts,
        MessagesGetAllStickers => sticker::get_all_stickers,
        MessagesGetArchivedStickers => sticker::get_archived_stickers,
        MessagesGetAvailableReactions => reaction::get_available_reactions,
        MessagesGetBotCallbackAnswer => callback::get_bot_callback_answer,
        MessagesGetChatInviteImporters => invite::get_chat_invite_importers,
        MessagesGetChats => chat::get_chats,
        MessagesGetCommonChats => chat::get_common_chats,
        MessagesGetCustomEmojiDocuments => sticker::get_custom_emoji_documents,
        MessagesGetDefaultHistoryTTL => lifetime::get_default_history_ttl,
        MessagesGetDhConfig => secret::get_dh_config,
        MessagesGetDialogFilters => arrange::get_dialog_filters,
        MessagesGetDialogUnreadMarks => arrange::get_dialog_unread_marks,
        MessagesGetDialogs => dialog::get_dialogs,
        MessagesGetEmojiStickers => sticker::get_emoji_stickers,
        MessagesGetExportedChatInvite => invite::get_exported_chat_invite,
        MessagesGetExportedChatInvites => invite::get_exported_chat_invites,
        MessagesGetFavedStickers => sticker::get_faved_stickers,
        MessagesGetFullChat => chat::get_full_chat,
        MessagesGetFutureChatCreatorAfterLeave => chat::get_future_chat_creator_after_leave,
        MessagesGetHistory => history::get_history,
        MessagesGetInlineBotResults => inline::get_inline_bot_results,
        MessagesGetMaskStickers => sticker::get_mask_stickers,
        MessagesGetMessageEditData => edit::get_message_edit_data,
        MessagesGetMessageReactionsList => reaction::get_message_reactions_list,
        MessagesGetMessageReadParticipants => read::get_message_read_participants,
        MessagesGetMessages => history::get_messages,
        MessagesGetMessagesReactions => reaction::get_messages_reactions,
        MessagesGetMessagesViews => chat::get_messages_views,
        MessagesGetMyStickers => sticker::get_my_stickers,
        MessagesGetOnlines => chat::get_onlines,
        MessagesGetOutboxReadDate => read::get_outbox_read_date,
        MessagesGetPeerDialogs => dialog::get_peer_dialogs,
        MessagesGetPeerSettings => arrange::get_peer_settings,
        MessagesGetPinnedDialogs => dialog::get_pinned_dialogs,
        MessagesGetPinnedSavedDialogs => saved::get_pinned_saved_dialogs,
        MessagesGetPollResults => poll::get_poll_results,
        MessagesGetPollVotes => poll::get_poll_votes,
        MessagesGetRecentReactions => reaction::get_recent_reactions,
        MessagesGetRecentStickers => sticker::get_recent_stickers,
        MessagesGetSavedDialogs => saved::get_saved_dialogs,
        MessagesGetSavedDialogsByID => saved::get_saved_dialogs_by_id,
        MessagesGetSavedGifs => sticker::get_saved_gifs,
        MessagesGetSavedHistory => saved::get_saved_history,
        MessagesGetScheduledHistory => schedule::get_scheduled_history,
        MessagesGetScheduledMessages => schedule::get_scheduled_messages,
        MessagesGetSearchCounters => search::get_search_counters,
        MessagesGetSearchResultsCalendar => overview::get_search_results_calendar,
        MessagesGetSearchResultsPositions => overview::get_search_results_positions,
        MessagesGetStickerSet => sticker::get_sticker_set,
        MessagesGetStickers => sticker::get_stickers,
        MessagesGetTopReactions => reaction::get_top_reactions,
        MessagesGetUnreadMentions => saved::get_unread_mentions,
        MessagesGetUnreadReactions => saved::get_unread_reactions,
        MessagesHideAllChatJoinRequests => invite::hide_all_chat_join_requests,
        MessagesHideChatJoinRequest => invite::hide_chat_join_request,
        MessagesHidePeerSettingsBar => arrange::hide_peer_settings_bar,
        MessagesImportChatInvite => invite::import_chat_invite,
        MessagesInstallStickerSet => sticker::install_sticker_set,
        MessagesMarkDialogUnread => arrange::mark_dialog_unread,
        MessagesReadEncryptedHistory => secret::read_encrypted_history,
        MessagesMigrateChat => chat::migrate_chat,
        MessagesReadHistory => read::read_history,
        MessagesReadMentions => read::read_mentions,
        MessagesReadMessageContents => read::read_message_contents,
        MessagesReadReactions => reaction::read_reactions,
        MessagesReceivedQueue => secret::received_queue,
        MessagesReorderPinnedDialogs => arrange::reorder_pinned_dialogs,
        MessagesReorderPinnedSavedDialogs => saved::reorder_pinned_saved_dialogs,
        MessagesReorderStickerSets => sticker::reorder_sticker_sets,
        MessagesReport => empty::report,
        MessagesReportEncryptedSpam => secret::report_encrypted_spam,
        MessagesReportSpam => arrange::report_spam,
        MessagesRequestEncryption => secret::request_encryption,
        MessagesSaveDefaultSendAs => chat::save_default_send_as,
        MessagesSaveDraft => draft::save_draft,
        MessagesSaveGif => sticker::save_gif,
        MessagesSaveRecentSticker => sticker::save_recent_sticker,
        MessagesSearch => search::search,
        MessagesSearchGlobal => search::search_global,
        MessagesSearchSentMedia => search::search_sent_media,
        MessagesSendBotRequestedPeer => share::send_bot_requested_peer,
        MessagesSendEncrypted => secret::send_encrypted,
        MessagesSendEncryptedFile => secret::send_encrypted_file,
        MessagesSendEncryptedService => secret::send_encrypted_service,
        MessagesSendInlineBotResult => inline::send_inline_bot_result,
        MessagesSendMedia => send_media::send_media,
        MessagesSendMessage => send::send_message,
        MessagesSendMultiMedia => send_media::send_multi_media,
        MessagesSendReaction => reaction::send_reaction,
        MessagesSendScheduledMessages => schedule::send_scheduled_messages,
        MessagesSendScreenshotNotification => send::send_screenshot_notification,
        MessagesSendVote => poll::send_vote,
        MessagesSetBotCallbackAnswer => callback::set_bot_callback_answer,
        MessagesSetChatAvailableReactions => reaction::set_chat_available_reactions,
        MessagesSetDefaultHistoryTTL => lifetime::set_default_history_ttl,
        MessagesSetDefaultReaction => reaction::set_default_reaction,
        MessagesSetEncryptedTyping => secret::set_encrypted_typing,
        MessagesSetHistoryTTL => lifetime::set_history_ttl,
        MessagesSetInlineBotResults => inline::set_inline_bot_results,
        MessagesSetTyping => typing::set_typing,
        MessagesStartBot => start::start_bot,
        MessagesToggleDialogPin => arrange::toggle_dialog_pin,
        MessagesToggleNoForwards => chat::toggle_no_forwards,
        MessagesTogglePeerTranslations => arrange::toggle_peer_translations,
        MessagesToggleSavedDialogPin => saved::toggle_saved_dialog_pin,
        MessagesToggleStickerSets => sticker::toggle_sticker_sets,
        MessagesUninstallStickerSet => sticker::uninstall_sticker_set,
        MessagesUnpinAllMessages => pin::unpin_all_messages,
        MessagesUpdateDialogFilter => arrange::update_dialog_filter,
        MessagesUpdateDialogFiltersOrder => arrange::update_dialog_filters_order,
        MessagesUpdatePinnedMessage => pin::update_pinned_message,
        MessagesUploadEncryptedFile => secret::upload_encrypted_file,
        MessagesUploadMedia => send_media::upload_media,
    }
    empty {
        MessagesAcceptUrlAuth => empty::accept_url_auth,
        MessagesCheckUrlAuthMatchCode => empty::check_url_auth_match_code,
        MessagesClickSponsoredMessage => empty::click_sponsored_message,
        MessagesDeclineUrlAuth => empty::decline_url_auth,
        MessagesGetAttachMenuBots => empty::get_attach_menu_bots,
        MessagesGetAttachedStickers => empty::get_attached_stickers,
        MessagesGetAvailableEffects => empty::get_available_effects,
        MessagesGetDefaultTagReactions => empty::get_default_tag_reactions,
        MessagesGetDocumentByHash => empty::get_document_by_hash,
        MessagesGetEmojiGameInfo => empty::get_emoji_game_info,
        MessagesGetEmojiGroups => empty::get_emoji_groups,
        MessagesGetEmojiKeywords => empty::get_emoji_keywords,
        MessagesGetEmojiKeywordsDifference => empty::get_emoji_keywords_difference,
        MessagesGetEmojiKeywordsLanguages => empty::get_emoji_keywords_languages,
        MessagesGetEmojiProfilePhotoGroups => empty::get_emoji_profile_photo_groups,
        MessagesGetEmojiStatusGroups => empty::get_emoji_status_groups,
        MessagesGetEmojiStickerGroups => empty::get_emoji_sticker_groups,
        MessagesGetExtendedMedia => empty::get_extended_media,
        MessagesGetFactCheck => empty::get_fact_check,
        MessagesGetFeaturedEmojiStickers => empty::get_featured_emoji_stickers,
        MessagesGetFeaturedStickers => empty::get_featured_stickers,
        MessagesGetOldFeaturedStickers => empty::get_old_featured_stickers,
        MessagesGetPaidReactionPrivacy => empty::get_paid_reaction_privacy,
        MessagesGetPersonalChannelHistory => empty::get_personal_channel_history,
        MessagesGetQuickReplies => empty::get_quick_replies,
        MessagesGetRecentLocations => empty::get_recent_locations,
        MessagesGetSavedReactionTags => empty::get_saved_reaction_tags,
        MessagesGetSplitRanges => empty::get_split_ranges,
        MessagesGetSponsoredMessages => empty::get_sponsored_messages,
        MessagesGetSuggestedDialogFilters => empty::get_suggested_dialog_filters,
        MessagesGetUnreadPollVotes => empty::get_unread_poll_votes,
        MessagesGetWebPage => empty::get_web_page,
        MessagesGetWebPagePreview => empty::get_web_page_preview,
        MessagesRateTranscribedAudio => empty::rate_transcribed_audio,
        MessagesReadFeaturedStickers => empty::read_featured_stickers,
        MessagesReadPollVotes => empty::read_poll_votes,
        MessagesReceivedMessages => empty::received_messages,
        MessagesReportMessagesDelivery => empty::report_messages_delivery,
        MessagesReportMusicListen => empty::report_music_listen,
        MessagesReportReaction => empty::report_reaction,
        MessagesReportReadMetrics => empty::report_read_metrics,
        MessagesReportSponsoredMessage => empty::report_sponsored_message,
        MessagesRequestUrlAuth => empty::request_url_auth,
        MessagesSearchCustomEmoji => empty::search_custom_emoji,
        MessagesSearchEmojiStickerSets => empty::search_emoji_sticker_sets,
        MessagesSearchStickerSets => empty::search_sticker_sets,
        MessagesSearchStickers => empty::search_stickers,
        MessagesViewSponsoredMessage => empty::view_sponsored_message,
    }
}
