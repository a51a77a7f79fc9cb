//! messages.*

mod chat;
mod delete;
mod dialog;
mod draft;
mod edit;
mod history;
mod read;
mod reply;
mod send;
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
        MessagesEditChatAbout => chat::edit_chat_about,
        MessagesEditChatAdmin => chat::edit_chat_admin,
        MessagesEditChatDefaultBannedRights => chat::edit_chat_default_banned_rights,
        MessagesEditChatTitle => chat::edit_chat_title,
        MessagesEditMessage => edit::edit_message,
        MessagesGetAllDrafts => draft::get_all_drafts,
        MessagesGetChats => chat::get_chats,
        MessagesGetDialogs => dialog::get_dialogs,
        MessagesGetFullChat => chat::get_full_chat,
        MessagesGetHistory => history::get_history,
        MessagesGetMessages => history::get_messages,
        MessagesGetPeerDialogs => dialog::get_peer_dialogs,
        MessagesGetPinnedDialogs => dialog::get_pinned_dialogs,
        MessagesReadHistory => read::read_history,
        MessagesSaveDraft => draft::save_draft,
        MessagesSendMessage => send::send_message,
        MessagesSetTyping => typing::set_typing,
    }
}
