//! What to send when a layer has no constructor for a value.

use tl::Str;

use crate::{
    constructors as c,
    types::{
        BotInlineMessage, Chat, DialogFilter, EmojiStatus, MessageAction, PageBlock, PrivacyRule,
        RichText, SendMessageAction, StickerSetCovered, messages::SponsoredMessages,
    },
};

/// A service message in words: the layer shows it as text.
pub(crate) fn custom_action(action: &MessageAction) -> MessageAction {
    MessageAction::CustomAction {
        message: Str::from_static(action_text(action)),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the general text is right for any action"
)]
fn action_text(action: &MessageAction) -> &'static str {
    match action {
        MessageAction::BoostApply { .. } => "The group was boosted",
        MessageAction::BotAllowed(_) => "The bot may write to you now",
        MessageAction::ChangeCommunity { .. } => "The community was changed",
        MessageAction::ChangeCreator { .. } | MessageAction::NewCreatorPending { .. } => {
            "The group has a new owner"
        }
        MessageAction::ChatJoinedByRequest {} => "A new member was admitted",
        MessageAction::ChatJoinedViaCommunity { .. } => "A new member came from the community",
        MessageAction::ConferenceCall(_) => "Group call",
        MessageAction::GiftCode(_) | MessageAction::GiftPremium(_) => {
            "A Premium subscription was given"
        }
        MessageAction::GiftStars(_) | MessageAction::PrizeStars(_) => "Stars were given",
        MessageAction::GiftTon(_) | MessageAction::GramTransfer(_) => "Money was sent",
        MessageAction::GiveawayLaunch { .. } => "A giveaway has begun",
        MessageAction::GiveawayResults { .. } => "A giveaway has ended",
        MessageAction::ManagedBotCreated { .. } => "A bot was created",
        MessageAction::NoForwardsRequest { .. } | MessageAction::NoForwardsToggle { .. } => {
            "Whether messages may be forwarded was changed"
        }
        MessageAction::PaidMessagesPrice { .. } => "The price of a message was changed",
        MessageAction::PaidMessagesRefunded { .. } | MessageAction::PaymentRefunded(_) => {
            "A payment was given back"
        }
        MessageAction::PollAppendAnswer { .. } | MessageAction::PollDeleteAnswer { .. } => {
            "The answers of a poll were changed"
        }
        MessageAction::RequestedPeer { .. } | MessageAction::RequestedPeerSentMe { .. } => {
            "A chat was shared with the bot"
        }
        MessageAction::SetChatTheme { .. } => "The theme of the chat was changed",
        MessageAction::SetChatWallPaper { .. } => "The wallpaper of the chat was changed",
        MessageAction::StarGift(_) | MessageAction::StarGiftUnique(_) => "A gift was sent",
        MessageAction::StarGiftPurchaseOffer(_)
        | MessageAction::StarGiftPurchaseOfferDeclined { .. } => "A gift changes hands",
        MessageAction::SuggestBirthday { .. } => "A birthday was suggested",
        MessageAction::SuggestProfilePhoto { .. } => "A profile photo was suggested",
        MessageAction::SuggestedPostApproval(_)
        | MessageAction::SuggestedPostRefund { .. }
        | MessageAction::SuggestedPostSuccess { .. } => "A suggested post was dealt with",
        MessageAction::TodoAppendTasks { .. } | MessageAction::TodoCompletions { .. } => {
            "A checklist was changed"
        }
        MessageAction::TopicCreate(_) => "A topic was created",
        MessageAction::TopicEdit(_) => "A topic was changed",
        MessageAction::WebViewDataSent { .. } | MessageAction::WebViewDataSentMe(_) => {
            "Data was sent to the bot"
        }
        _ => "This event needs a newer version of the app",
    }
}

/// Any covered set as a set with several covers, which may be none.
pub(crate) fn as_multi_covered(covered: &StickerSetCovered) -> StickerSetCovered {
    let (set, covers) = match covered.clone() {
        StickerSetCovered::StickerSetCovered { set, cover } => (set, vec![cover]),
        StickerSetCovered::StickerSetFullCovered(full) => (full.set, full.documents),
        StickerSetCovered::StickerSetMultiCovered { set, covers } => (set, covers),
        StickerSetCovered::StickerSetNoCovered { set } => (set, Vec::new()),
    };
    StickerSetCovered::StickerSetMultiCovered { set, covers }
}

/// A heading as a paragraph, any other block as one that the app cannot show.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "any other block is unsupported"
)]
pub(crate) fn plain_block(block: &PageBlock) -> PageBlock {
    let text = match block {
        PageBlock::Heading1(heading) => &heading.text,
        PageBlock::Heading2(heading) => &heading.text,
        PageBlock::Heading3(heading) => &heading.text,
        PageBlock::Heading4(heading) => &heading.text,
        PageBlock::Heading5(heading) => &heading.text,
        PageBlock::Heading6(heading) => &heading.text,
        _ => return PageBlock::Unsupported {},
    };
    PageBlock::Paragraph(Box::new(c::PageBlockParagraph { text: text.clone() }))
}

/// The text that a newer kind of text wraps.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "all older kinds have a form of their own"
)]
pub(crate) fn unwrapped_text(text: &RichText) -> RichText {
    // A text in a text in a text: unwrap until something is left that every layer knows.
    let mut text = text;
    loop {
        text = match text {
            RichText::TextAutoEmail { text }
            | RichText::TextAutoPhone { text }
            | RichText::TextAutoUrl { text }
            | RichText::TextBankCard { text }
            | RichText::TextBotCommand { text }
            | RichText::TextCashtag { text }
            | RichText::TextDate { text, .. }
            | RichText::TextDiff { text, .. }
            | RichText::TextHashtag { text }
            | RichText::TextMention { text }
            | RichText::TextMentionName { text, .. }
            | RichText::TextSpoiler { text }
            | RichText::TextTonAddress { text } => text,
            RichText::TextButton(button) => &button.text,
            RichText::TextCustomEmoji { alt, .. } => {
                return RichText::TextPlain { text: alt.clone() };
            }
            RichText::TextMath { source } => {
                return RichText::TextPlain {
                    text: source.clone(),
                };
            }
            other => return other.clone(),
        }
    }
}

/// A shared folder as an ordinary one with the same chats.
pub(crate) fn chatlist_as_filter(filter: &DialogFilter) -> Option<DialogFilter> {
    let DialogFilter::Chatlist(list) = filter else {
        return None;
    };
    let c::DialogFilterChatlist {
        has_my_invites: _,
        title_noanimate,
        id,
        title,
        emoticon,
        color,
        pinned_peers,
        include_peers,
    } = (**list).clone();
    let mut filter = c::DialogFilter::new(id, title, pinned_peers, include_peers, Vec::new());
    filter.title_noanimate = title_noanimate;
    filter.emoticon = emoticon;
    filter.color = color;
    Some(DialogFilter::DialogFilter(Box::new(filter)))
}

/// The list of close friends is not known here; nobody is allowed more than the other rules say.
pub(crate) fn close_friends_as_nobody(rule: &PrivacyRule) -> Option<PrivacyRule> {
    matches!(rule, PrivacyRule::PrivacyValueAllowCloseFriends {})
        .then(|| PrivacyRule::PrivacyValueAllowUsers { users: Vec::new() })
}

/// A draft that was given up is typing that ended; any other new action is typing.
pub(crate) fn plain_send_action(action: &SendMessageAction) -> SendMessageAction {
    if matches!(action, SendMessageAction::SendMessageStopDraftAction { .. }) {
        SendMessageAction::SendMessageCancelAction {}
    } else {
        SendMessageAction::SendMessageTypingAction {}
    }
}

/// An inline message as its text.
pub(crate) fn plain_inline_message(message: &BotInlineMessage) -> BotInlineMessage {
    let text = match message {
        BotInlineMessage::MediaWebPage(page) => {
            let mut text = c::BotInlineMessageText::new(page.message.clone());
            text.entities = page.entities.clone();
            text.reply_markup = page.reply_markup.clone();
            text
        }
        BotInlineMessage::RichMessage(rich) => {
            let mut text = c::BotInlineMessageText::new(Str::default());
            text.reply_markup = rich.reply_markup.clone();
            text
        }
        BotInlineMessage::MediaAuto(_)
        | BotInlineMessage::MediaContact(_)
        | BotInlineMessage::MediaGeo(_)
        | BotInlineMessage::MediaInvoice(_)
        | BotInlineMessage::MediaVenue(_)
        | BotInlineMessage::Text(_) => c::BotInlineMessageText::new(Str::default()),
    };
    BotInlineMessage::Text(Box::new(text))
}

/// A community that another object names, as a channel that cannot be seen.
pub(crate) fn community_as_channel(chat: &Chat) -> Option<Chat> {
    let (id, access_hash, title) = match chat {
        Chat::Community(community) => (community.id, community.access_hash, &community.title),
        Chat::CommunityForbidden(community) => {
            (community.id, community.access_hash, &community.title)
        }
        Chat::Channel(_)
        | Chat::ChannelForbidden(_)
        | Chat::Chat(_)
        | Chat::Empty { .. }
        | Chat::Forbidden { .. } => return None,
    };
    let channel = c::ChannelForbidden::new(id, access_hash.unwrap_or(0), title.clone());
    Some(Chat::ChannelForbidden(Box::new(channel)))
}

/// The emoji of a collectible status; none where only its number is known.
pub(crate) fn plain_emoji_status(status: &EmojiStatus) -> EmojiStatus {
    match status {
        EmojiStatus::Collectible(status) => EmojiStatus::EmojiStatus {
            document_id: status.document_id,
            until: status.until,
        },
        EmojiStatus::InputEmojiStatusCollectible { .. }
        | EmojiStatus::EmojiStatus { .. }
        | EmojiStatus::Empty {} => EmojiStatus::Empty {},
    }
}

/// No sponsored messages, as a list.
pub(crate) fn no_sponsored_messages() -> SponsoredMessages {
    let none = c::messages::SponsoredMessages::new(Vec::new(), Vec::new(), Vec::new());
    SponsoredMessages::SponsoredMessages(Box::new(none))
}
