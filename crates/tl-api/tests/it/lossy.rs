//! What forms of old layers can say that the newest types cannot, and so does not come back. The
//! rules for these fields name the loss; everything else must come back byte by byte.

use tlgen::dynamic::{Fixed, Limits};

/// `userEmpty` with the id 7.
const SOME_USER: &[u32] = &[0xd3bc4b7a, 7, 0];
/// `inputUserSelf`
const SELF: &[u32] = &[0xf7c1b13f];
/// `inputChannelEmpty`
const NO_CHANNEL: &[u32] = &[0xee8c1e86];
/// `inputPeerEmpty`
const NO_PEER: &[u32] = &[0x7f3b18ea];

/// Flags and optional fields that are dropped.
const UNSET: &[&str] = &[
    "account.chatThemes.next_offset",
    "auth.sentCodeTypeEmailCode.next_phone_login_date",
    "config.ignore_phone_entities",
    "config.pfs_enabled",
    "config.phonecalls_enabled",
    "groupCall.conference_from_call",
    "messages.translateText.from_lang",
    "phone.joinGroupCall.key_fingerprint",
    "phone.requestCall.conference_call",
    "phoneCall.conference_call",
    "phoneCallAccepted.conference_call",
    "phoneCallDiscarded.conference_call",
    "phoneCallRequested.conference_call",
    "phoneCallWaiting.conference_call",
    "starsTopupOption.extended",
    "starsTopupOption.store_product",
    "stickerSet.animated",
    "stickerSet.videos",
    "userFull.premium_gifts",
];

/// Absent means the same as one of the values.
const SET: &[&str] = &["globalPrivacySettings.archive_and_mute_new_noncontact_peers"];

/// Fields of which only one value can be told, or told apart from "absent".
const FIXED: &[(&str, Fixed)] = &[
    ("account.getTheme.document_id", Fixed::Number(0)),
    ("account.verifyEmail.email", Fixed::Text("")),
    (
        "channels.clickSponsoredMessage.channel",
        Fixed::Words(NO_CHANNEL),
    ),
    (
        "channels.reportSponsoredMessage.channel",
        Fixed::Words(NO_CHANNEL),
    ),
    (
        "channels.viewSponsoredMessage.channel",
        Fixed::Words(NO_CHANNEL),
    ),
    ("config.pinned_dialogs_count_max", Fixed::Number(5)),
    ("config.pinned_infolder_count_max", Fixed::Number(100)),
    ("config.saved_gifs_limit", Fixed::Number(200)),
    ("config.stickers_faved_limit", Fixed::Number(5)),
    ("messageActionGiftCode.months", Fixed::Number(3)),
    ("messageActionGiftPremium.months", Fixed::Number(12)),
    ("messages.clickSponsoredMessage.peer", Fixed::Words(NO_PEER)),
    (
        "messages.reportSponsoredMessage.peer",
        Fixed::Words(NO_PEER),
    ),
    ("messages.viewSponsoredMessage.peer", Fixed::Words(NO_PEER)),
    ("payments.checkedGiftCode.months", Fixed::Number(6)),
    ("payments.convertStarGift.user_id", Fixed::Words(SELF)),
    ("payments.saveStarGift.user_id", Fixed::Words(SELF)),
    ("updateGroupCallMessage.random_id", Fixed::Number(7)),
    ("userFull.user", Fixed::Words(SOME_USER)),
    (
        "webPageAttributeStarGiftAuction.center_color",
        Fixed::Number(0),
    ),
    (
        "webPageAttributeStarGiftAuction.edge_color",
        Fixed::Number(0),
    ),
    (
        "webPageAttributeStarGiftAuction.text_color",
        Fixed::Number(0),
    ),
];

/// Requests whose two numbers became one reply: a topic needs a message to be in.
const REPLIES: &[&str] = &[
    "draftMessage",
    "messages.prolongWebView",
    "messages.requestWebView",
    "messages.saveDraft",
    "messages.sendInlineBotResult",
    "messages.sendMedia",
    "messages.sendMessage",
    "messages.sendMultiMedia",
];

/// A list that is there but empty says what an absent one says.
const FILLED: &[&str] = &[
    "channelFull.available_reactions",
    "chatFull.available_reactions",
];

/// Buttons of reply keyboards, which inline keyboards up to layer 228 could hold by mistake.
const REPLY_BUTTONS: &[&str] = &[
    "inputKeyboardButtonRequestPeer",
    "keyboardButton",
    "keyboardButtonRequestGeoLocation",
    "keyboardButtonRequestPeer",
    "keyboardButtonRequestPhone",
    "keyboardButtonRequestPoll",
    "keyboardButtonSimpleWebView",
];

/// Forms that are read, or refused with an error, and never written: first layer and last.
pub(crate) const NEVER_WRITTEN: &[(&str, u16, u16)] = &[
    ("chatTheme", 133, 133),
    ("messages.chatInviteJoinResultWebView", 227, 227),
    ("phone.createConferenceCall", 196, 201),
    ("sponsoredMessage", 133, 177),
];

/// The limits within which values of `layer` come back. Layers take turns in which kind of button
/// they may hold.
pub(crate) fn limits(layer: u16) -> Limits {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut limits = Limits {
        unset: owned(UNSET),
        set: owned(SET),
        filled: owned(FILLED),
        fixed: FIXED
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        ..Limits::default()
    };
    for name in REPLIES {
        limits.set.insert(format!("{name}.reply_to_msg_id"));
        limits.nonzero.insert(format!("{name}.reply_to_msg_id"));
    }
    // The options that these name must be those of the poll.
    limits.empty.insert("inputMediaPoll.correct_answers".into());
    if layer < 145 {
        // An empty emoticon removes the reaction, as an absent one does.
        limits
            .fixed
            .insert("messages.sendReaction.reaction".into(), Fixed::Text("👍"));
    }
    if layer == 133 {
        limits.empty.insert("account.chatThemes.themes".into());
    }
    if layer < 178 {
        limits
            .empty
            .insert("messages.sponsoredMessages.messages".into());
    }
    if layer < 229 {
        if layer.is_multiple_of(2) {
            limits.not_nested = owned(REPLY_BUTTONS);
        } else {
            limits.empty.insert("replyInlineMarkup.rows".into());
        }
    }
    limits
}

/// Whether a form is never written at `layer`.
pub(crate) fn is_never_written(name: &str, layer: u16) -> bool {
    NEVER_WRITTEN
        .iter()
        .any(|(known, from, to)| *known == name && (*from..=*to).contains(&layer))
}
