//! chatlists.*: folders are not shared; lists of what is shared are empty.

mod empty;

use crate::dispatch::methods;

methods! {
    works {}
    empty {
        ChatlistsGetChatlistUpdates => empty::get_chatlist_updates,
        ChatlistsGetExportedInvites => empty::get_exported_invites,
        ChatlistsGetLeaveChatlistSuggestions => empty::get_leave_chatlist_suggestions,
        ChatlistsHideChatlistUpdates => empty::hide_chatlist_updates,
    }
}
