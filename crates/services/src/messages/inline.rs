//! Inline mode (2.7).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use messenger::{CleanText, Edit, File, Now, Outgoing, Peers, SendOptions};
use store::{DocumentId, PeerId, UserId};
use tl::Str;
use tl_api::{constructors, functions, types};

use super::callback::{inline_message_id, named_inline_message};
use super::media;
use super::send::{Extras, answer, check_extras, check_random_id, deliver};
use super::start::check_param;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::query::Queries;

/// The longest query and offset, bytes.
const QUERY_LEN_MAX: usize = 256;
const OFFSET_LEN_MAX: usize = 64;
/// The most results of one answer, and the longest id of one, bytes.
const RESULTS_MAX: usize = 50;
const RESULT_ID_LEN_MAX: usize = 64;
/// How long a result may be sent after it was shown, milliseconds.
const SHOWN_LIFE_MS: u64 = 3_600_000;
/// Answers shown beyond these are forgotten.
const SHOWN_MAX: usize = 50_000;
/// The longest time that an answer holds, seconds.
const CACHE_TIME_MAX_S: i32 = 86_400;

/// Inline queries: the bot, the query, the offset, and the user when the answer is for one.
pub(crate) type InlineKey = (UserId, String, String, UserId);
/// Inline queries that wait for their bot.
pub(crate) type InlineQueries = Queries<InlineKey, Arc<Found>>;

/// What a bot has found.
#[derive(Debug)]
pub(crate) struct Found {
    gallery: bool,
    private: bool,
    cache_time: i32,
    next_offset: Option<Str>,
    switch_pm: Option<types::InlineBotSwitchPM>,
    results: Vec<FoundItem>,
}

/// One result.
#[derive(Debug)]
struct FoundItem {
    id: Str,
    kind: Str,
    title: Option<Str>,
    description: Option<Str>,
    url: Option<Str>,
    thumb: Option<types::WebDocument>,
    content: Option<types::WebDocument>,
    file: Option<(DocumentId, File)>,
    message: Content,
}

/// The message that a result becomes.
#[derive(Debug)]
struct Content {
    text: CleanText,
    /// The media; those of the result itself when it has a file.
    media: Option<types::MessageMedia>,
    invert_media: bool,
    no_webpage: bool,
    markup: Option<types::ReplyMarkup>,
}

/// Answers that were shown to users, who may send one of the results.
#[derive(Debug, Default)]
pub(crate) struct ShownResults(Mutex<HashMap<i64, ShownAnswer>>);

#[derive(Clone, Debug)]
struct ShownAnswer {
    user: UserId,
    bot: UserId,
    query: Str,
    until_ms: u64,
    found: Arc<Found>,
}

impl ShownResults {
    fn put(&self, id: i64, answer: ShownAnswer, now: Now) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() >= SHOWN_MAX {
            shown.retain(|_, answer| answer.until_ms > now.0);
        }
        if shown.len() >= SHOWN_MAX {
            shown.clear();
        }
        shown.insert(id, answer);
    }

    fn get(&self, id: i64, user: UserId, now: Now) -> Option<ShownAnswer> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = shown.get(&id)?;
        (answer.user == user && answer.until_ms > now.0).then(|| answer.clone())
    }
}

/// messages.getInlineBotResults
pub(super) async fn get_inline_bot_results(
    context: &Context<'_>,
    request: functions::messages::GetInlineBotResults,
) -> Result<types::messages::BotResults> {
    let user = context.user()?;
    let messenger = context.messenger();
    let bot = context
        .input_user(&request.bot)
        .await
        .map_err(|_| Error::BOT_INVALID)?;
    let (_, facts) = messenger.bot(bot).await?.ok_or(Error::BOT_INVALID)?;
    if facts.inline_placeholder.is_none() {
        return Err(Error::BOT_INLINE_DISABLED);
    }
    let peer_type = match &request.peer {
        types::InputPeer::Empty {} => types::InlineQueryPeerType::PM {},
        peer => match context.peer(peer).await? {
            PeerId::User(other) if other == bot => types::InlineQueryPeerType::SameBotPM {},
            PeerId::User(other) if messenger.is_bot(other).await? => {
                types::InlineQueryPeerType::BotPM {}
            }
            PeerId::User(_) => types::InlineQueryPeerType::PM {},
            PeerId::Chat(_) => types::InlineQueryPeerType::Chat {},
            PeerId::Channel(_) => types::InlineQueryPeerType::Megagroup {},
        },
    };
    if request.query.len() > QUERY_LEN_MAX {
        return Err(Error::QUERY_TOO_LONG);
    }
    if request.offset.len() > OFFSET_LEN_MAX {
        return Err(Error::NEXT_OFFSET_INVALID);
    }
    let geo = match &request.geo_point {
        Some(point) if facts.inline_geo => media::geo(point).ok(),
        _ => None,
    };
    let queries = &context.services.inline_queries;
    let key = |user| {
        let (query, offset) = (request.query.as_str(), request.offset.as_str());
        (bot, query.to_owned(), offset.to_owned(), user)
    };
    let cached = if geo.is_some() {
        None
    } else {
        queries
            .cached(&key(UserId(0)), context.now)
            .or_else(|| queries.cached(&key(user), context.now))
    };
    let found = match cached {
        Some(found) => found,
        None => {
            let query_id = context.services.random_id();
            let mut update = constructors::UpdateBotInlineQuery::new(
                query_id,
                user.0,
                request.query.detached(),
                request.offset.detached(),
            );
            let by_place = geo.is_some();
            update.geo = geo;
            update.peer_type = Some(peer_type);
            let update = types::Update::BotInlineQuery(Box::new(update));
            let ask = messenger.publish_unlogged(bot, None, vec![update], context.now);
            let found = queries
                .ask(query_id, bot, ask)
                .await?
                .ok_or(Error::BOT_RESPONSE_TIMEOUT)?;
            if !by_place {
                let whose = if found.private { user } else { UserId(0) };
                let life_s = found.cache_time;
                queries.keep(key(whose), Arc::clone(&found), life_s, context.now);
            }
            found
        }
    };
    show_found(context, user, bot, request.query.detached(), found).await
}

async fn show_found(
    context: &Context<'_>,
    user: UserId,
    bot: UserId,
    query: Str,
    found: Arc<Found>,
) -> Result<types::messages::BotResults> {
    let messenger = context.messenger();
    let mut results = Vec::with_capacity(found.results.len());
    for item in &found.results {
        results.push(item.show(context, user)?);
    }
    let mut peers = Peers::default();
    peers.add_user(bot.0);
    let shown = messenger.show(user, &peers, context.now).await?;
    let query_id = context.services.random_id();
    let answer = types::messages::BotResults {
        gallery: found.gallery,
        query_id,
        next_offset: found.next_offset.clone(),
        switch_pm: found.switch_pm.clone(),
        switch_webview: None,
        results,
        cache_time: found.cache_time,
        users: shown.users,
    };
    let shown = ShownAnswer {
        user,
        bot,
        query,
        until_ms: context.now.0 + SHOWN_LIFE_MS,
        found,
    };
    context
        .services
        .shown_results
        .put(query_id, shown, context.now);
    Ok(answer)
}

/// messages.setInlineBotResults
pub(super) async fn set_inline_bot_results(
    context: &Context<'_>,
    request: functions::messages::SetInlineBotResults,
) -> Result<bool> {
    let bot = context.user()?;
    let queries = &context.services.inline_queries;
    if !queries.is_open(request.query_id, bot) {
        return Err(Error::QUERY_ID_INVALID);
    }
    if request.results.len() > RESULTS_MAX {
        return Err(Error::RESULTS_TOO_MUCH);
    }
    let next_offset = request.next_offset.filter(|offset| !offset.is_empty());
    if next_offset
        .as_ref()
        .is_some_and(|offset| offset.len() > OFFSET_LEN_MAX)
    {
        return Err(Error::NEXT_OFFSET_INVALID);
    }
    if let Some(switch) = &request.switch_pm {
        if switch.text.is_empty() {
            return Err(Error::SWITCH_PM_TEXT_EMPTY);
        }
        if switch.start_param.is_empty() {
            return Err(Error::START_PARAM_EMPTY);
        }
        check_param(&switch.start_param)?;
    }
    if request.switch_webview.is_some() {
        return Err(Error::URL_INVALID);
    }
    let mut ids = BTreeSet::new();
    let mut results = Vec::with_capacity(request.results.len());
    for result in request.results {
        let item = found_item(context, result).await?;
        if !(1..=RESULT_ID_LEN_MAX).contains(&item.id.len()) {
            return Err(Error::RESULT_ID_INVALID);
        }
        if !ids.insert(item.id.as_str().to_owned()) {
            return Err(Error::RESULT_ID_DUPLICATE);
        }
        results.push(item);
    }
    let found = Found {
        gallery: request.gallery,
        private: request.private,
        cache_time: request.cache_time.clamp(0, CACHE_TIME_MAX_S),
        next_offset: next_offset.map(|offset| offset.detached()),
        switch_pm: request.switch_pm.map(|switch| types::InlineBotSwitchPM {
            text: switch.text.detached(),
            start_param: switch.start_param.detached(),
        }),
        results,
    };
    if queries.answer(request.query_id, bot, Arc::new(found)) {
        Ok(true)
    } else {
        Err(Error::QUERY_ID_INVALID)
    }
}

async fn found_item(
    context: &Context<'_>,
    result: types::InputBotInlineResult,
) -> Result<FoundItem> {
    match result {
        types::InputBotInlineResult::InputBotInlineResult(result) => {
            let message = content(context, result.send_message).await?;
            if *result.type_ == *"article" && result.title.as_ref().is_none_or(|t| t.is_empty()) {
                return Err(Error::ARTICLE_TITLE_EMPTY);
            }
            // Nothing is fetched from elsewhere: what is sent must be said in words.
            if message.text.text.is_empty() && message.media.is_none() {
                return Err(Error::MESSAGE_EMPTY);
            }
            Ok(FoundItem {
                id: result.id.detached(),
                kind: result.type_.detached(),
                title: detached(result.title),
                description: detached(result.description),
                url: detached(result.url),
                thumb: web_document(result.thumb)?,
                content: web_document(result.content)?,
                file: None,
                message,
            })
        }
        types::InputBotInlineResult::Photo(result) => {
            let file = context.named_photo(&result.photo).await;
            Ok(FoundItem {
                id: result.id.detached(),
                kind: result.type_.detached(),
                title: None,
                description: None,
                url: None,
                thumb: None,
                content: None,
                file: Some(file.map_err(|_| Error::PHOTO_INVALID)?),
                message: content(context, result.send_message).await?,
            })
        }
        types::InputBotInlineResult::Document(result) => {
            let file = context.named_document(&result.document).await;
            Ok(FoundItem {
                id: result.id.detached(),
                kind: result.type_.detached(),
                title: detached(result.title),
                description: detached(result.description),
                url: None,
                thumb: None,
                content: None,
                file: Some(file.map_err(|_| Error::DOCUMENT_INVALID)?),
                message: content(context, result.send_message).await?,
            })
        }
        types::InputBotInlineResult::Game(_) => Err(Error::RESULT_TYPE_INVALID),
    }
}

fn detached(text: Option<Str>) -> Option<Str> {
    text.map(|text| text.detached())
}

fn web_document(
    document: Option<Box<types::InputWebDocument>>,
) -> Result<Option<types::WebDocument>> {
    let Some(document) = document else {
        return Ok(None);
    };
    if !super::markup::is_url(&document.url) {
        return Err(Error::WEBDOCUMENT_URL_INVALID);
    }
    Ok(Some(types::WebDocument::NoProxy(Box::new(
        constructors::WebDocumentNoProxy {
            url: document.url.detached(),
            size: document.size.max(0),
            mime_type: document.mime_type.detached(),
            attributes: document.attributes,
        },
    ))))
}

/// The message of a result, judged.
async fn content(context: &Context<'_>, message: types::InputBotInlineMessage) -> Result<Content> {
    use types::InputBotInlineMessage as Message;
    let plain = |text: CleanText, markup, invert_media, no_webpage| Content {
        text,
        media: None,
        invert_media,
        no_webpage,
        markup,
    };
    let with_media =
        |media: types::InputMedia| async move { media::from_input(context, &media).await };
    Ok(match message {
        Message::Text(message) => {
            let text = context.text(&message.message, message.entities).await?;
            if text.text.is_empty() {
                return Err(Error::MESSAGE_EMPTY);
            }
            let markup = context.inline_markup(message.reply_markup).await?;
            plain(text, markup, message.invert_media, message.no_webpage)
        }
        Message::MediaWebPage(message) => {
            let text = context.text(&message.message, message.entities).await?;
            if text.text.is_empty() {
                return Err(Error::MESSAGE_EMPTY);
            }
            let markup = context.inline_markup(message.reply_markup).await?;
            plain(text, markup, message.invert_media, false)
        }
        Message::MediaAuto(message) => {
            let text = context.caption(&message.message, message.entities).await?;
            let markup = context.inline_markup(message.reply_markup).await?;
            plain(text, markup, message.invert_media, false)
        }
        Message::MediaContact(message) => {
            let input = constructors::InputMediaContact {
                phone_number: message.phone_number,
                first_name: message.first_name,
                last_name: message.last_name,
                vcard: message.vcard,
            };
            let media = with_media(types::InputMedia::Contact(Box::new(input))).await?;
            let markup = context.inline_markup(message.reply_markup).await?;
            Content {
                media,
                ..plain(CleanText::default(), markup, false, false)
            }
        }
        Message::MediaGeo(message) => {
            let input = match message.period {
                Some(period) => {
                    let mut live = constructors::InputMediaGeoLive::new(message.geo_point);
                    live.period = Some(period);
                    live.heading = message.heading;
                    live.proximity_notification_radius = message.proximity_notification_radius;
                    types::InputMedia::GeoLive(Box::new(live))
                }
                None => types::InputMedia::GeoPoint {
                    geo_point: message.geo_point,
                },
            };
            let media = with_media(input).await?;
            let markup = context.inline_markup(message.reply_markup).await?;
            Content {
                media,
                ..plain(CleanText::default(), markup, false, false)
            }
        }
        Message::MediaVenue(message) => {
            let input = constructors::InputMediaVenue {
                geo_point: message.geo_point,
                title: message.title,
                address: message.address,
                provider: message.provider,
                venue_id: message.venue_id,
                venue_type: message.venue_type,
            };
            let media = with_media(types::InputMedia::Venue(Box::new(input))).await?;
            let markup = context.inline_markup(message.reply_markup).await?;
            Content {
                media,
                ..plain(CleanText::default(), markup, false, false)
            }
        }
        Message::Game(_) | Message::MediaInvoice(_) | Message::RichMessage(_) => {
            return Err(Error::SEND_MESSAGE_TYPE_INVALID);
        }
    })
}

impl FoundItem {
    /// The result as a user sees it.
    fn show(&self, context: &Context<'_>, user: UserId) -> Result<types::BotInlineResult> {
        let send_message = self.message.show();
        let messenger = context.messenger();
        let Some((id, file)) = &self.file else {
            return Ok(types::BotInlineResult::BotInlineResult(Box::new(
                constructors::BotInlineResult {
                    id: self.id.clone(),
                    type_: self.kind.clone(),
                    title: self.title.clone(),
                    description: self.description.clone(),
                    url: self.url.clone(),
                    thumb: self.thumb.clone(),
                    content: self.content.clone(),
                    send_message,
                },
            )));
        };
        let (photo, document) = if file.is_photo {
            (Some(messenger.show_photo(user, *id, file)), None)
        } else {
            (None, Some(messenger.show_document(user, *id, file)?))
        };
        Ok(types::BotInlineResult::BotInlineMediaResult(Box::new(
            constructors::BotInlineMediaResult {
                id: self.id.clone(),
                type_: self.kind.clone(),
                photo,
                document,
                title: self.title.clone(),
                description: self.description.clone(),
                send_message,
            },
        )))
    }
}

impl Content {
    #[allow(clippy::wildcard_enum_match_arm, reason = "no other media are taken")]
    fn show(&self) -> types::BotInlineMessage {
        use types::BotInlineMessage as Message;
        let reply_markup = self.markup.clone();
        match &self.media {
            Some(types::MessageMedia::Geo { geo }) => {
                let mut shown = constructors::BotInlineMessageMediaGeo::new(geo.clone());
                shown.reply_markup = reply_markup;
                Message::MediaGeo(Box::new(shown))
            }
            Some(types::MessageMedia::GeoLive(live)) => {
                let mut shown = constructors::BotInlineMessageMediaGeo::new(live.geo.clone());
                shown.period = Some(live.period);
                shown.heading = live.heading;
                shown.proximity_notification_radius = live.proximity_notification_radius;
                shown.reply_markup = reply_markup;
                Message::MediaGeo(Box::new(shown))
            }
            Some(types::MessageMedia::Venue(venue)) => {
                Message::MediaVenue(Box::new(constructors::BotInlineMessageMediaVenue {
                    geo: venue.geo.clone(),
                    title: venue.title.clone(),
                    address: venue.address.clone(),
                    provider: venue.provider.clone(),
                    venue_id: venue.venue_id.clone(),
                    venue_type: venue.venue_type.clone(),
                    reply_markup,
                }))
            }
            Some(types::MessageMedia::Contact(contact)) => {
                Message::MediaContact(Box::new(constructors::BotInlineMessageMediaContact {
                    phone_number: contact.phone_number.clone(),
                    first_name: contact.first_name.clone(),
                    last_name: contact.last_name.clone(),
                    vcard: contact.vcard.clone(),
                    reply_markup,
                }))
            }
            Some(_) | None if self.text.text.is_empty() => {
                let mut shown = constructors::BotInlineMessageMediaAuto::new("".into());
                shown.invert_media = self.invert_media;
                shown.reply_markup = reply_markup;
                Message::MediaAuto(Box::new(shown))
            }
            _ => {
                let mut shown = constructors::BotInlineMessageText::new(self.text.text.clone());
                shown.no_webpage = self.no_webpage;
                shown.invert_media = self.invert_media;
                shown.entities = self.text.entities();
                shown.reply_markup = reply_markup;
                Message::Text(Box::new(shown))
            }
        }
    }
}

/// messages.sendInlineBotResult
pub(super) async fn send_inline_bot_result(
    context: &Context<'_>,
    request: functions::messages::SendInlineBotResult,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    check_random_id(request.random_id)?;
    let peer = context.peer(&request.peer).await?;
    check_extras(
        context,
        &Extras {
            peer,
            send_as: request.send_as.as_ref(),
            shortcut: request.quick_reply_shortcut.is_some(),
            effect: None,
        },
    )
    .await?;
    if request.query_id == 0 {
        return Err(Error::QUERY_ID_EMPTY);
    }
    if request.id.is_empty() {
        return Err(Error::RESULT_ID_EMPTY);
    }
    let shown = context
        .services
        .shown_results
        .get(request.query_id, actor.user, context.now)
        .ok_or(Error::INLINE_RESULT_EXPIRED)?;
    let mut items = shown.found.results.iter();
    let item = items
        .find(|item| *item.id == *request.id)
        .ok_or(Error::RESULT_ID_INVALID)?;
    let media = match &item.file {
        Some((id, file)) => Some(context.media_of_file(*id, file)?),
        None => item.message.media.clone(),
    };
    let has_buttons = item.message.markup.is_some();
    let message = Outgoing {
        random_id: request.random_id,
        text: item.message.text.clone(),
        media,
        reply_to: context.reply_to(request.reply_to.as_ref()).await?,
        silent: request.silent,
        invert_media: item.message.invert_media,
        markup: item.message.markup.clone(),
        via_bot: Some(shown.bot),
        ..Outgoing::default()
    };
    let options = SendOptions {
        clear_draft: request.clear_draft,
    };
    let messenger = context.messenger();
    let messages = vec![message];
    let updates = deliver(
        context,
        actor,
        peer,
        messages,
        options,
        request.schedule_date,
    )
    .await?;
    let bot = messenger.bot(shown.bot).await?;
    if bot.is_some_and(|(_, facts)| facts.inline_feedback) {
        let mut update = constructors::UpdateBotInlineSend::new(
            actor.user.0,
            shown.query.clone(),
            item.id.clone(),
        );
        let sent = updates.updates.iter().find_map(|update| match update {
            types::Update::MessageID { id, .. } => Some(*id),
            _ => None,
        });
        update.msg_id = sent
            .filter(|_| has_buttons)
            .map(|id| inline_message_id(context, shown.bot, actor.user, store::MsgId(id)));
        let update = types::Update::BotInlineSend(Box::new(update));
        messenger
            .publish_unlogged(shown.bot, None, vec![update], context.now)
            .await?;
    }
    Ok(answer(updates))
}

/// messages.editInlineBotMessage
pub(super) async fn edit_inline_bot_message(
    context: &Context<'_>,
    request: functions::messages::EditInlineBotMessage,
) -> Result<bool> {
    let bot = context.user()?;
    let (owner, id) = named_inline_message(context, bot, &request.id)?;
    let media = match &request.media {
        None | Some(types::InputMedia::Empty {}) => None,
        Some(media) => media::from_input(context, media).await?,
    };
    let text = match &request.message {
        Some(text) if media.is_some() => Some(context.caption(text, request.entities).await?),
        Some(text) => Some(context.text(text, request.entities).await?),
        None => None,
    };
    let edit = Edit {
        text,
        media,
        invert_media: request.invert_media,
        markup: Some(context.inline_markup(request.reply_markup).await?),
        quiet: false,
    };
    context
        .messenger()
        .edit_via_bot(bot, owner, id, edit, context.now)
        .await?;
    Ok(true)
}
