//! Reading messages (B.5).

use messenger::{MessagePage, Window};
use store::{List, MsgId};
use tl_api::{constructors, functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The most messages of one answer.
pub(super) const PAGE_MAX: i32 = 100;
/// The messages of an answer when no number is asked for.
const PAGE_DEFAULT: u32 = 20;

/// How many messages are wanted.
pub(super) fn page_limit(limit: i32) -> u32 {
    match limit {
        ..=0 => PAGE_DEFAULT,
        _ => limit.min(PAGE_MAX).unsigned_abs(),
    }
}

/// messages.getHistory
pub(super) async fn get_history(
    context: &Context<'_>,
    request: functions::messages::GetHistory,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: request.offset_date,
        add_offset: request.add_offset,
        limit: page_limit(request.limit),
        max_id: request.max_id,
        min_id: request.min_id,
    };
    let page = context
        .messenger()
        .history(user, peer, List::All, window, context.now)
        .await?;
    Ok(shown(page, request.hash))
}

/// A page as clients see it; not again when they have it already (H5, H7).
pub(crate) fn shown(page: MessagePage, hash: i64) -> types::messages::Messages {
    let count = i32::try_from(page.count).unwrap_or(i32::MAX);
    let ids = page
        .messages
        .iter()
        .map(|message| i64::from(messenger::message_id(message).0));
    if hash != 0 && hash == hash_of(ids) {
        return types::messages::Messages::NotModified { count };
    }
    if let Some(pts) = page.pts {
        let mut of_channel = constructors::messages::ChannelMessages::new(
            pts,
            count,
            page.messages,
            Vec::new(),
            page.shown.chats,
            page.shown.users,
        );
        of_channel.offset_id_offset = page.offset.and_then(|offset| i32::try_from(offset).ok());
        return types::messages::Messages::ChannelMessages(Box::new(of_channel));
    }
    if page.whole {
        return types::messages::Messages::Messages(Box::new(constructors::messages::Messages {
            messages: page.messages,
            topics: Vec::new(),
            chats: page.shown.chats,
            users: page.shown.users,
        }));
    }
    let mut slice = constructors::messages::MessagesSlice::new(
        count,
        page.messages,
        Vec::new(),
        page.shown.chats,
        page.shown.users,
    );
    slice.offset_id_offset = page.offset.and_then(|offset| i32::try_from(offset).ok());
    types::messages::Messages::Slice(Box::new(slice))
}

/// The hash of a list of ids (H7).
pub(crate) fn hash_of(ids: impl IntoIterator<Item = i64>) -> i64 {
    ids.into_iter()
        .fold(0_u64, |mut hash, id| {
            hash ^= hash >> 21;
            hash ^= hash << 35;
            hash ^= hash >> 4;
            hash.wrapping_add(id.cast_unsigned())
        })
        .cast_signed()
}

/// messages.getMessages
pub(super) async fn get_messages(
    context: &Context<'_>,
    request: functions::messages::GetMessages,
) -> Result<types::messages::Messages> {
    let user = context.user()?;
    if request.id.is_empty() {
        return Err(Error::MESSAGE_IDS_EMPTY);
    }
    let messenger = context.messenger();
    let mut ids = Vec::with_capacity(request.id.len().min(100));
    for wanted in request.id.iter().take(100) {
        ids.push(match *wanted {
            types::InputMessage::ID { id } => MsgId(id),
            types::InputMessage::ReplyTo { id } => {
                let replying = messenger.letter(user, MsgId(id)).await?;
                replying.map_or(MsgId(0), |letter| replied_to(&letter.message))
            }
            types::InputMessage::Pinned {} | types::InputMessage::CallbackQuery { .. } => MsgId(0),
        });
    }
    let (messages, shown) = messenger.messages_by_id(user, ids, context.now).await?;
    Ok(types::messages::Messages::Messages(Box::new(
        constructors::messages::Messages {
            messages,
            topics: Vec::new(),
            chats: shown.chats,
            users: shown.users,
        },
    )))
}

/// The message of the same chat that a message replies to; 0 for none.
pub(crate) fn replied_to(message: &types::Message) -> MsgId {
    let header = match message {
        types::Message::Message(message) => message.reply_to.as_ref(),
        types::Message::Service(message) => message.reply_to.as_ref(),
        types::Message::Empty { .. } => None,
    };
    match header {
        Some(types::MessageReplyHeader::MessageReplyHeader(header)) => {
            MsgId(header.reply_to_msg_id.unwrap_or(0))
        }
        Some(types::MessageReplyHeader::MessageReplyStoryHeader { .. }) | None => MsgId(0),
    }
}
