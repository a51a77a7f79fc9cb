//! What there is none of: stickers, reactions with pictures, advertisements … The answers say so.

use messenger::{MessagePage, Peers};
use tl_api::{constructors, functions, types};

use super::history::shown;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// Functions that answer the same to everybody.
macro_rules! nothing {
    ($($name:ident($request:ident) -> $result:ty { $value:expr })*) => {
        $(pub(super) async fn $name(
            _: &Context<'_>,
            _: functions::messages::$request,
        ) -> Result<$result> {
            Ok($value)
        })*
    };
}

/// Functions that answer the same about every chat that the caller may name.
macro_rules! nothing_in_chat {
    ($($name:ident($request:ident) -> $result:ty { |$context:ident, $asked:ident| $value:expr })*) => {
        $(pub(super) async fn $name(
            $context: &Context<'_>,
            $asked: functions::messages::$request,
        ) -> Result<$result> {
            $context.peer(&$asked.peer).await?;
            Ok($value)
        })*
    };
}

nothing! {
    get_featured_stickers(GetFeaturedStickers) -> types::messages::FeaturedStickers { no_featured() }
    get_featured_emoji_stickers(GetFeaturedEmojiStickers) -> types::messages::FeaturedStickers { no_featured() }
    get_old_featured_stickers(GetOldFeaturedStickers) -> types::messages::FeaturedStickers { no_featured() }
    get_attached_stickers(GetAttachedStickers) -> Vec<types::StickerSetCovered> { Vec::new() }
    search_sticker_sets(SearchStickerSets) -> types::messages::FoundStickerSets { no_sets_found() }
    search_emoji_sticker_sets(SearchEmojiStickerSets) -> types::messages::FoundStickerSets { no_sets_found() }
    search_stickers(SearchStickers) -> types::messages::FoundStickers {
        types::messages::FoundStickers::FoundStickers { next_offset: None, hash: 0, stickers: Vec::new() }
    }
    search_custom_emoji(SearchCustomEmoji) -> types::EmojiList {
        types::EmojiList::EmojiList { hash: 0, document_id: Vec::new() }
    }
    get_emoji_groups(GetEmojiGroups) -> types::messages::EmojiGroups { no_groups() }
    get_emoji_status_groups(GetEmojiStatusGroups) -> types::messages::EmojiGroups { no_groups() }
    get_emoji_profile_photo_groups(GetEmojiProfilePhotoGroups) -> types::messages::EmojiGroups { no_groups() }
    get_emoji_sticker_groups(GetEmojiStickerGroups) -> types::messages::EmojiGroups { no_groups() }
    get_emoji_keywords_languages(GetEmojiKeywordsLanguages) -> Vec<types::EmojiLanguage> { Vec::new() }
    read_featured_stickers(ReadFeaturedStickers) -> bool { true }
    get_attach_menu_bots(GetAttachMenuBots) -> types::AttachMenuBots {
        types::AttachMenuBots::AttachMenuBots(Box::new(constructors::AttachMenuBots {
            hash: 0,
            bots: Vec::new(),
            users: Vec::new(),
        }))
    }
    received_messages(ReceivedMessages) -> Vec<types::ReceivedNotifyMessage> { Vec::new() }
    report_music_listen(ReportMusicListen) -> bool { true }
    get_suggested_dialog_filters(GetSuggestedDialogFilters) -> Vec<types::DialogFilterSuggested> { Vec::new() }
    get_split_ranges(GetSplitRanges) -> Vec<types::MessageRange> {
        vec![types::MessageRange { min_id: 1, max_id: i32::MAX }]
    }
    get_personal_channel_history(GetPersonalChannelHistory) -> types::messages::Messages { no_messages() }
    get_default_tag_reactions(GetDefaultTagReactions) -> types::messages::Reactions { no_reactions() }
    get_saved_reaction_tags(GetSavedReactionTags) -> types::messages::SavedReactionTags {
        types::messages::SavedReactionTags::SavedReactionTags { tags: Vec::new(), hash: 0 }
    }
    get_emoji_game_info(GetEmojiGameInfo) -> types::messages::EmojiGameInfo {
        types::messages::EmojiGameInfo::EmojiGameUnavailable {}
    }
    request_url_auth(RequestUrlAuth) -> types::UrlAuthResult { types::UrlAuthResult::Default {} }
    accept_url_auth(AcceptUrlAuth) -> types::UrlAuthResult { types::UrlAuthResult::Default {} }
    decline_url_auth(DeclineUrlAuth) -> bool { true }
    check_url_auth_match_code(CheckUrlAuthMatchCode) -> bool { false }
    get_quick_replies(GetQuickReplies) -> types::messages::QuickReplies {
        types::messages::QuickReplies::QuickReplies(Box::new(constructors::messages::QuickReplies {
            quick_replies: Vec::new(),
            messages: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        }))
    }
    get_available_effects(GetAvailableEffects) -> types::messages::AvailableEffects {
        types::messages::AvailableEffects::AvailableEffects(Box::new(constructors::messages::AvailableEffects {
            hash: 0,
            effects: Vec::new(),
            documents: Vec::new(),
        }))
    }
    view_sponsored_message(ViewSponsoredMessage) -> bool { true }
    click_sponsored_message(ClickSponsoredMessage) -> bool { true }
    report_sponsored_message(ReportSponsoredMessage) -> types::channels::SponsoredMessageReportResult {
        types::channels::SponsoredMessageReportResult::AdsHidden {}
    }
    get_document_by_hash(GetDocumentByHash) -> types::Document { types::Document::Empty { id: 0 } }
    get_web_page_preview(GetWebPagePreview) -> types::messages::WebPagePreview {
        types::messages::WebPagePreview {
            media: types::MessageMedia::Empty {},
            chats: Vec::new(),
            users: Vec::new(),
        }
    }
}

nothing_in_chat! {
    get_extended_media(GetExtendedMedia) -> types::Updates { |context, request| no_updates(context) }
    get_unread_poll_votes(GetUnreadPollVotes) -> types::messages::Messages { |context, request| no_messages() }
    get_recent_locations(GetRecentLocations) -> types::messages::Messages { |context, request| no_messages() }
    get_sponsored_messages(GetSponsoredMessages) -> types::messages::SponsoredMessages { |context, request|
        types::messages::SponsoredMessages::Empty {}
    }
    rate_transcribed_audio(RateTranscribedAudio) -> bool { |context, request| true }
    report_messages_delivery(ReportMessagesDelivery) -> bool { |context, request| true }
    report_read_metrics(ReportReadMetrics) -> bool { |context, request| true }
    report_reaction(ReportReaction) -> bool { |context, request| true }
    get_fact_check(GetFactCheck) -> Vec<types::FactCheck> { |context, request|
        // One for each message asked about, or clients take it for a mistake.
        request.msg_id.iter().take(100).map(|_| types::FactCheck::new(0)).collect()
    }
}

fn no_featured() -> types::messages::FeaturedStickers {
    types::messages::FeaturedStickers::FeaturedStickers(Box::new(
        constructors::messages::FeaturedStickers::new(0, 0, Vec::new(), Vec::new()),
    ))
}

fn no_sets_found() -> types::messages::FoundStickerSets {
    types::messages::FoundStickerSets::FoundStickerSets {
        hash: 0,
        sets: Vec::new(),
    }
}

fn no_groups() -> types::messages::EmojiGroups {
    types::messages::EmojiGroups::EmojiGroups {
        hash: 0,
        groups: Vec::new(),
    }
}

fn no_reactions() -> types::messages::Reactions {
    types::messages::Reactions::Reactions {
        hash: 0,
        reactions: Vec::new(),
    }
}

fn no_messages() -> types::messages::Messages {
    let page = MessagePage {
        whole: true,
        ..MessagePage::default()
    };
    shown(page, 0)
}

fn no_updates(context: &Context<'_>) -> types::Updates {
    answer(constructors::Updates {
        updates: Vec::new(),
        users: Vec::new(),
        chats: Vec::new(),
        date: context.now.date(),
        seq: 0,
    })
}

/// messages.getEmojiKeywords
pub(super) async fn get_emoji_keywords(
    _: &Context<'_>,
    request: functions::messages::GetEmojiKeywords,
) -> Result<types::EmojiKeywordsDifference> {
    Ok(no_keywords(request.lang_code))
}

/// messages.getEmojiKeywordsDifference
pub(super) async fn get_emoji_keywords_difference(
    _: &Context<'_>,
    request: functions::messages::GetEmojiKeywordsDifference,
) -> Result<types::EmojiKeywordsDifference> {
    Ok(no_keywords(request.lang_code))
}

fn no_keywords(lang_code: tl::Str) -> types::EmojiKeywordsDifference {
    types::EmojiKeywordsDifference {
        lang_code,
        from_version: 0,
        version: 0,
        keywords: Vec::new(),
    }
}

/// messages.getWebPage
pub(super) async fn get_web_page(
    _: &Context<'_>,
    request: functions::messages::GetWebPage,
) -> Result<types::messages::WebPage> {
    Ok(types::messages::WebPage {
        webpage: types::WebPage::Empty {
            id: 0,
            url: Some(request.url),
        },
        chats: Vec::new(),
        users: Vec::new(),
    })
}

/// messages.getPaidReactionPrivacy
pub(super) async fn get_paid_reaction_privacy(
    context: &Context<'_>,
    _: functions::messages::GetPaidReactionPrivacy,
) -> Result<types::Updates> {
    let user = context.user()?;
    let update = types::Update::PaidReactionPrivacy {
        private: types::PaidReactionPrivacy::Default {},
    };
    let updates = context
        .messenger()
        .updates(user, vec![update], &Peers::default(), context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.readPollVotes
pub(super) async fn read_poll_votes(
    context: &Context<'_>,
    request: functions::messages::ReadPollVotes,
) -> Result<types::messages::AffectedHistory> {
    unchanged(context, &request.peer).await
}

async fn unchanged(
    context: &Context<'_>,
    peer: &types::InputPeer,
) -> Result<types::messages::AffectedHistory> {
    let user = context.user()?;
    context.peer(peer).await?;
    let state = context
        .messenger()
        .state(user, context.auth_key_id(), context.now)
        .await?;
    Ok(types::messages::AffectedHistory {
        pts: state.pts,
        pts_count: 0,
        offset: 0,
    })
}

/// messages.report
pub(super) async fn report(
    context: &Context<'_>,
    request: functions::messages::Report,
) -> Result<types::ReportResult> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if request.option.is_empty() {
        return Ok(choices());
    }
    if !REASONS
        .iter()
        .any(|(option, _)| request.option == option.as_bytes())
    {
        return Err(Error::OPTION_INVALID);
    }
    tracing::info!(
        reporter = actor.user.0,
        ?peer,
        messages = ?request.id.iter().take(100).collect::<Vec<_>>(),
        option = ?request.option,
        "messages were reported"
    );
    Ok(types::ReportResult::Reported {})
}

/// Why messages are reported.
const REASONS: &[(&str, &str)] = &[
    ("spam", "Spam"),
    ("violence", "Violence"),
    ("illegal", "Illegal goods or services"),
    ("personal", "Personal data"),
    ("other", "Other"),
];

fn choices() -> types::ReportResult {
    let options = REASONS
        .iter()
        .map(|(option, text)| types::MessageReportOption {
            text: (*text).into(),
            option: tl::Bytes::from_static(option.as_bytes()),
        })
        .collect();
    types::ReportResult::ChooseOption(Box::new(constructors::ReportResultChooseOption {
        title: "What is wrong with it?".into(),
        options,
    }))
}
