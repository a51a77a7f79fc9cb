//! phone.*: calls between two people. Group calls need a media server, which there is none of.

mod act;
pub(crate) mod call;
mod group;
mod relay;

pub use relay::Relay;

use crate::dispatch::methods;

methods! {
    works {
        PhoneAcceptCall => act::accept_call,
        PhoneConfirmCall => act::confirm_call,
        PhoneDiscardCall => act::discard_call,
        PhoneGetCallConfig => act::get_call_config,
        PhoneReceivedCall => act::received_call,
        PhoneRequestCall => act::request_call,
        PhoneSendSignalingData => act::send_signaling_data,
        PhoneSetCallRating => act::set_call_rating,
    }
    empty {
        PhoneGetGroupCallJoinAs => group::get_group_call_join_as,
        PhoneSaveCallDebug => act::save_call_debug,
        PhoneSaveCallLog => act::save_call_log,
        PhoneSaveDefaultGroupCallJoinAs => group::save_default_group_call_join_as,
    }
    refused {
        PhoneCheckGroupCall => GROUPCALL_INVALID,
        PhoneCreateConferenceCall => CREATE_CALL_FAILED,
        PhoneCreateGroupCall => CREATE_CALL_FAILED,
        PhoneDeclineConferenceCallInvite => MESSAGE_ID_INVALID,
        PhoneDeleteConferenceCallParticipants => GROUPCALL_INVALID,
        PhoneDeleteGroupCallMessages => GROUPCALL_INVALID,
        PhoneDeleteGroupCallParticipantMessages => GROUPCALL_INVALID,
        PhoneDiscardGroupCall => GROUPCALL_INVALID,
        PhoneEditGroupCallParticipant => GROUPCALL_INVALID,
        PhoneEditGroupCallTitle => GROUPCALL_INVALID,
        PhoneExportGroupCallInvite => GROUPCALL_INVALID,
        PhoneGetGroupCall => GROUPCALL_INVALID,
        PhoneGetGroupCallChainBlocks => GROUPCALL_INVALID,
        PhoneGetGroupCallStars => GROUPCALL_INVALID,
        PhoneGetGroupCallStreamChannels => GROUPCALL_INVALID,
        PhoneGetGroupCallStreamRtmpUrl => CHAT_ADMIN_REQUIRED,
        PhoneGetGroupParticipants => GROUPCALL_INVALID,
        PhoneInviteConferenceCallParticipant => GROUPCALL_INVALID,
        PhoneInviteToGroupCall => GROUPCALL_INVALID,
        PhoneJoinGroupCall => GROUPCALL_INVALID,
        PhoneJoinGroupCallPresentation => GROUPCALL_INVALID,
        PhoneLeaveGroupCall => GROUPCALL_INVALID,
        PhoneLeaveGroupCallPresentation => GROUPCALL_INVALID,
        PhoneSaveDefaultSendAs => GROUPCALL_INVALID,
        PhoneSendConferenceCallBroadcast => GROUPCALL_INVALID,
        PhoneSendGroupCallEncryptedMessage => GROUPCALL_INVALID,
        PhoneSendGroupCallMessage => GROUPCALL_INVALID,
        PhoneStartScheduledGroupCall => GROUPCALL_INVALID,
        PhoneToggleGroupCallRecord => GROUPCALL_INVALID,
        PhoneToggleGroupCallSettings => GROUPCALL_INVALID,
        PhoneToggleGroupCallStartSubscription => GROUPCALL_INVALID,
    }
}
