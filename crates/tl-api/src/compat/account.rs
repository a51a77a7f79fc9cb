//! Reports, business bots, e-mail codes and other matters of an account.

use tl::{Bytes, Str};

use crate::types::{
    BusinessBotRecipients, BusinessBotRights, BusinessRecipients, EmailVerification,
    GroupCallMessage, InputAiComposeTone, InputBusinessBotRecipients, InputBusinessRecipients,
    Peer, ReportReason, RequirementToContact, TextWithEntities,
};

/// The options of the report menu that stand for the reasons of layers up to 188. A server's menu
/// must understand these.
pub const REPORT_OPTIONS: &[(ReportReason, &str)] = &[
    (ReportReason::InputReportReasonChildAbuse {}, "child_abuse"),
    (ReportReason::InputReportReasonCopyright {}, "copyright"),
    (ReportReason::InputReportReasonFake {}, "fake"),
    (
        ReportReason::InputReportReasonGeoIrrelevant {},
        "geo_irrelevant",
    ),
    (
        ReportReason::InputReportReasonIllegalDrugs {},
        "illegal_drugs",
    ),
    (ReportReason::InputReportReasonOther {}, "other"),
    (
        ReportReason::InputReportReasonPersonalDetails {},
        "personal_details",
    ),
    (ReportReason::InputReportReasonPornography {}, "pornography"),
    (ReportReason::InputReportReasonSpam {}, "spam"),
    (ReportReason::InputReportReasonViolence {}, "violence"),
];

/// The option of the report menu that a reason is.
pub fn report_option(reason: &ReportReason) -> Bytes {
    let option = REPORT_OPTIONS.iter().find(|(known, _)| known == reason);
    Bytes::from_static(option.map_or("other", |(_, option)| option).as_bytes())
}

/// The reason that an option of the report menu is.
pub(crate) fn report_reason(option: &Bytes) -> ReportReason {
    let reason = REPORT_OPTIONS
        .iter()
        .find(|(_, known)| known.as_bytes() == option);
    reason.map_or(ReportReason::InputReportReasonOther {}, |(reason, _)| {
        reason.clone()
    })
}

/// A code that came by e-mail.
pub(crate) fn email_code(verification: &EmailVerification) -> Option<Str> {
    if let EmailVerification::Code { code } = verification {
        Some(code.clone())
    } else {
        None
    }
}

/// What a bot that could reply may do.
pub(crate) fn reply_rights() -> BusinessBotRights {
    bot_rights(true)
}

/// What a connected bot may do, when replying was all there was.
pub(crate) fn bot_rights(reply: bool) -> BusinessBotRights {
    let mut rights = BusinessBotRights::new();
    rights.reply = reply;
    rights
}

/// Whom a bot answers, without the exceptions that layer 176 lacks.
pub(crate) fn plain_bot_recipients(recipients: &BusinessBotRecipients) -> BusinessRecipients {
    let BusinessBotRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
        ..
    } = recipients.clone();
    BusinessRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
    }
}

/// Whom a bot answers.
pub(crate) fn business_bot_recipients(recipients: BusinessRecipients) -> BusinessBotRecipients {
    let BusinessRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
    } = recipients;
    BusinessBotRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
        exclude_users: None,
    }
}

/// As [`plain_bot_recipients`], in a request.
pub(crate) fn plain_recipients(recipients: &InputBusinessBotRecipients) -> InputBusinessRecipients {
    let InputBusinessBotRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
        ..
    } = recipients.clone();
    InputBusinessRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
    }
}

/// As [`business_bot_recipients`], in a request.
pub(crate) fn bot_recipients(recipients: InputBusinessRecipients) -> InputBusinessBotRecipients {
    let InputBusinessRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
    } = recipients;
    InputBusinessBotRecipients {
        existing_chats,
        new_chats,
        contacts,
        non_contacts,
        exclude_selected,
        users,
        exclude_users: None,
    }
}

/// The name of a tone that has one.
pub(crate) fn named_tone(tone: &InputAiComposeTone) -> Option<Str> {
    if let InputAiComposeTone::Default { tone } = tone {
        Some(tone.clone())
    } else {
        None
    }
}

/// Whether only Premium users may write.
pub(crate) fn is_premium_required(requirement: &RequirementToContact) -> bool {
    matches!(requirement, RequirementToContact::Premium {})
}

/// What a user demands of who writes.
pub(crate) fn premium_required(required: bool) -> RequirementToContact {
    if required {
        RequirementToContact::Premium {}
    } else {
        RequirementToContact::Empty {}
    }
}

/// A message in a call, without the time, which layer 216 does not tell.
pub(crate) fn group_call_message(
    from_id: Peer,
    random_id: i64,
    message: TextWithEntities,
) -> GroupCallMessage {
    let id = i32::try_from(random_id).unwrap_or_default();
    GroupCallMessage::new(id, from_id, 0, message)
}
