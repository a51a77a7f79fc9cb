//! channels.*: channels and supergroups.

mod create;
mod empty;
mod full;
mod join;
mod list;
mod member;
mod message;
mod setting;

use crate::dispatch::methods;
use crate::error::Error;

/// Some methods refuse who lacks a right by another code (0.7).
fn in_403(error: messenger::Error) -> Error {
    let error = Error::from(error);
    if error == Error::CHAT_ADMIN_REQUIRED {
        error.in_403()
    } else {
        error
    }
}

methods! {
    works {
        ChannelsCheckUsername => setting::check_username,
        ChannelsCreateChannel => create::create_channel,
        ChannelsDeleteChannel => create::delete_channel,
        ChannelsDeleteHistory => message::delete_history,
        ChannelsDeleteMessages => message::delete_messages,
        ChannelsDeleteParticipantHistory => message::delete_participant_history,
        ChannelsEditAdmin => member::edit_admin,
        ChannelsEditBanned => member::edit_banned,
        ChannelsEditPhoto => setting::edit_photo,
        ChannelsEditTitle => setting::edit_title,
        ChannelsExportMessageLink => message::export_message_link,
        ChannelsGetAdminLog => list::get_admin_log,
        ChannelsGetAdminedPublicChannels => list::get_admined_public_channels,
        ChannelsGetChannels => list::get_channels,
        ChannelsGetFullChannel => full::get_full_channel,
        ChannelsGetMessages => message::get_messages,
        ChannelsGetParticipant => member::get_participant,
        ChannelsGetParticipants => member::get_participants,
        ChannelsGetSendAs => list::get_send_as,
        ChannelsInviteToChannel => join::invite_to_channel,
        ChannelsJoinChannel => join::join_channel,
        ChannelsLeaveChannel => join::leave_channel,
        ChannelsReadHistory => message::read_history,
        ChannelsReadMessageContents => message::read_message_contents,
        ChannelsToggleForum => setting::toggle_forum,
        ChannelsToggleJoinRequest => setting::toggle_join_request,
        ChannelsToggleJoinToSend => setting::toggle_join_to_send,
        ChannelsToggleParticipantsHidden => setting::toggle_participants_hidden,
        ChannelsTogglePreHistoryHidden => setting::toggle_pre_history_hidden,
        ChannelsToggleSignatures => setting::toggle_signatures,
        ChannelsToggleSlowMode => setting::toggle_slow_mode,
        ChannelsUpdateUsername => setting::update_username,
    }
    empty {
        ChannelsCheckSearchPostsFlood => empty::check_search_posts_flood,
        ChannelsDeactivateAllUsernames => empty::deactivate_all_usernames,
        ChannelsGetChannelRecommendations => empty::get_channel_recommendations,
        ChannelsGetGroupsForDiscussion => empty::get_groups_for_discussion,
        ChannelsGetInactiveChannels => empty::get_inactive_channels,
        ChannelsGetLeftChannels => empty::get_left_channels,
        ChannelsReportAntiSpamFalsePositive => empty::report_anti_spam_false_positive,
        ChannelsReportSpam => empty::report_spam,
    }
}
