//! messages.*

mod arrange;
mod chat;
mod delete;
mod dialog;
mod draft;
mod edit;
mod forward;
mod history;
mod media;
mod pin;
mod read;
mod reply;
mod saved;
mod search;
mod send;
mod send_media;
mod text;
mod typing;

use crate::dispatch::methods;

methods! {
    works {
        MessagesAddChatUser => chat::add_chat_user,
        MessagesClearAllDrafts => draft::clear_all_drafts,
        MessagesCreateChat => chat::create_chat,
        MessagesDeleteChat => chat::delete_chat,
        MessagesDeleteChatUser => chat::delete_chat_user,
        MessagesDeleteHistory => delete::delete_history,
        MessagesDeleteMessages => delete::delete_messages,
        MessagesDeleteSavedHistory => saved::delete_saved_history,
        MessagesEditChatAbout => chat::edit_chat_about,
        MessagesEditChatAdmin => chat::edit_chat_admin,
        MessagesEditChatDefaultBannedRights => chat::edit_chat_default_banned_rights,
        MessagesEditChatPhoto => chat::edit_chat_photo,
        MessagesEditChatTitle => chat::edit_chat_title,
        MessagesEditMessage => edit::edit_message,
        MessagesForwardMessages => forward::forward_messages,
        MessagesGetAllDrafts => draft::get_all_drafts,
        MessagesGetChats => chat::get_chats,
        MessagesGetCommonChats => chat::get_common_chats,
        MessagesGetDialogFilters => arrange::get_dialog_filters,
        MessagesGetDialogUnreadMarks => arrange::get_dialog_unread_marks,
        MessagesGetDialogs => dialog::get_dialogs,
        MessagesGetFullChat => chat::get_full_chat,
        MessagesGetHistory => history::get_history,
        MessagesGetMessageReadParticipants => read::get_message_read_participants,
        MessagesGetMessages => history::get_messages,
        MessagesGetOnlines => chat::get_onlines,
        MessagesGetOutboxReadDate => read::get_outbox_read_date,
        MessagesGetPeerDialogs => dialog::get_peer_dialogs,
        MessagesGetPeerSettings => arrange::get_peer_settings,
        MessagesGetPinnedDialogs => dialog::get_pinned_dialogs,
        MessagesGetPinnedSavedDialogs => saved::get_pinned_saved_dialogs,
        MessagesGetSavedDialogs => saved::get_saved_dialogs,
        MessagesGetSavedDialogsByID => saved::get_saved_dialogs_by_id,
        MessagesGetSavedHistory => saved::get_saved_history,
        MessagesGetSearchCounters => search::get_search_counters,
        MessagesGetUnreadMentions => saved::get_unread_mentions,
        MessagesHidePeerSettingsBar => arrange::hide_peer_settings_bar,
        MessagesMarkDialogUnread => arrange::mark_dialog_unread,
        MessagesReadHistory => read::read_history,
        MessagesReadMentions => read::read_mentions,
        MessagesReadMessageContents => read::read_message_contents,
        MessagesReorderPinnedDialogs => arrange::reorder_pinned_dialogs,
        MessagesReportSpam => arrange::report_spam,
        MessagesSaveDraft => draft::save_draft,
        MessagesSearch => search::search,
        MessagesSearchGlobal => search::search_global,
        MessagesSendMedia => send_media::send_media,
        MessagesSendMessage => send::send_message,
        MessagesSendMultiMedia => send_media::send_multi_media,
        MessagesSetTyping => typing::set_typing,
        MessagesToggleDialogPin => arrange::toggle_dialog_pin,
        MessagesUnpinAllMessages => pin::unpin_all_messages,
        MessagesUpdateDialogFilter => arrange::update_dialog_filter,
        MessagesUpdateDialogFiltersOrder => arrange::update_dialog_filters_order,
        MessagesUpdatePinnedMessage => pin::update_pinned_message,
        MessagesUploadMedia => send_media::upload_media,
    }
}
