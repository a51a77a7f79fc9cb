//! Reactions (B.7).

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use messenger::{EMOJI, Peers, StickerSet, is_reaction};
use store::{MsgId, PeerId};
use tl_api::{NEWEST_LAYER, constructors, functions, types};

use super::chat::group;
use super::history::{hash_of, page_limit};
use super::read::affected_history;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::stickers::show;

/// The most ids of one request.
const IDS_MAX: usize = 100;
/// The most reactions that a group may choose.
const CHOSEN_MAX: usize = 100;
/// Reactions that are remembered as used lately.
const RECENT_MAX: usize = 50;
/// The scope of the reactions used lately among the settings; the key is the user.
const RECENT: &str = "recent-reactions";

/// messages.sendReaction
pub(super) async fn send_reaction(
    context: &Context<'_>,
    request: functions::messages::SendReaction,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let reactions = request.reaction.unwrap_or_default();
    let messenger = context.messenger();
    let custom =
        |reaction: &types::Reaction| matches!(reaction, types::Reaction::CustomEmoji { .. });
    if reactions.iter().any(custom) {
        return Err(Error::PREMIUM_ACCOUNT_REQUIRED);
    }
    if reactions.len() > 1 {
        return Err(Error::REACTIONS_TOO_MANY);
    }
    let id = MsgId(request.msg_id);
    let updates = messenger
        .react(actor, peer, id, &reactions, request.big, context.now)
        .await?;
    if let (Some(reaction), true) = (reactions.first(), request.add_to_recent) {
        remember(context, reaction).await?;
    }
    Ok(answer(updates))
}

/// messages.getMessagesReactions
pub(super) async fn get_messages_reactions(
    context: &Context<'_>,
    request: functions::messages::GetMessagesReactions,
) -> Result<types::Updates> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    let mut updates = Vec::new();
    for id in request.id.iter().take(IDS_MAX) {
        let letter = messenger
            .letter_in(user, peer, MsgId(*id), context.now)
            .await?;
        let Some(letter) = letter else {
            continue;
        };
        if let types::Message::Message(message) = letter.message {
            let reactions = message
                .reactions
                .unwrap_or_else(|| Box::new(types::MessageReactions::new(Vec::new())));
            let update = constructors::UpdateMessageReactions::new(message.peer_id, *id, reactions);
            updates.push(types::Update::MessageReactions(Box::new(update)));
        }
    }
    let peers = Peers::default();
    Ok(answer(
        messenger
            .updates(user, updates, &peers, context.now)
            .await?,
    ))
}

/// messages.getMessageReactionsList
pub(super) async fn get_message_reactions_list(
    context: &Context<'_>,
    request: functions::messages::GetMessageReactionsList,
) -> Result<types::messages::MessageReactionsList> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    let listed = messenger
        .reactions_of(
            user,
            peer,
            MsgId(request.id),
            request.reaction.as_ref(),
            context.now,
        )
        .await
        .map_err(|error| match error {
            messenger::Error::MessageUnknown => Error::MSG_ID_INVALID,
            other => other.into(),
        })?;
    let count = listed.len();
    let start = offset(request.offset.as_deref())?;
    let limit = page_limit(request.limit) as usize;
    let mut peers = Peers::default();
    let mut reactions = Vec::new();
    for reaction in listed.into_iter().skip(start).take(limit) {
        peers.add_user(reaction.user.0);
        reactions.push(reaction.shown);
    }
    let end = start + reactions.len();
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::messages::MessageReactionsList {
        count: i32::try_from(count).unwrap_or(i32::MAX),
        reactions,
        chats: shown.chats,
        users: shown.users,
        next_offset: (end < count).then(|| end.to_string().into()),
    })
}

/// The place in a list that an offset names.
pub(super) fn offset(offset: Option<&str>) -> Result<usize> {
    match offset {
        None | Some("") => Ok(0),
        Some(offset) => offset.parse().map_err(|_| Error::OFFSET_INVALID),
    }
}

/// messages.readReactions
pub(super) async fn read_reactions(
    context: &Context<'_>,
    request: functions::messages::ReadReactions,
) -> Result<types::messages::AffectedHistory> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let cleared = context
        .messenger()
        .read_reactions(actor, peer, context.now)
        .await?;
    Ok(affected_history(cleared))
}

/// messages.deleteParticipantReaction
pub(super) async fn delete_participant_reaction(
    context: &Context<'_>,
    request: functions::messages::DeleteParticipantReaction,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let id = group(context, &request.peer).await?;
    let messenger = context.messenger();
    let chat = messenger.chat_of(actor.user, id).await?;
    if !chat.is_admin(actor.user) {
        return Err(Error::CHAT_ADMIN_REQUIRED);
    }
    let PeerId::User(member) = context.peer(&request.participant).await? else {
        return Err(Error::PEER_ID_INVALID);
    };
    let updates = messenger
        .remove_reactions(
            actor,
            PeerId::Chat(id),
            MsgId(request.msg_id),
            member,
            context.now,
        )
        .await?;
    Ok(answer(updates))
}

/// messages.getAvailableReactions: those that the set of the operator has pictures for.
pub(super) async fn get_available_reactions(
    context: &Context<'_>,
    request: functions::messages::GetAvailableReactions,
) -> Result<types::messages::AvailableReactions> {
    use types::messages::AvailableReactions as Answer;
    let user = context.user()?;
    let Some(set) = picture_set(context).await? else {
        return Ok(Answer::AvailableReactions {
            hash: 0,
            reactions: Vec::new(),
        });
    };
    let hash = show::hash(&set);
    if request.hash == hash {
        return Ok(Answer::NotModified {});
    }
    let mut reactions = Vec::new();
    for emoji in EMOJI {
        // Still, then moving.
        let mut pictures = [None, None];
        let drawn = set.stickers.iter().filter(|sticker| {
            let mut drawn = show::emoji_of(&sticker.emoji).into_iter();
            drawn.any(|drawn| bare(drawn).eq(bare(emoji)))
        });
        for sticker in drawn {
            let Some(document) = show::document(context, user, sticker.document).await? else {
                continue;
            };
            let still = matches!(&document, types::Document::Document(document)
                if document.mime_type.as_str() == "image/webp");
            pictures[usize::from(!still)].get_or_insert(document);
        }
        let [still, moving] = pictures;
        let Some(any) = still.as_ref().or(moving.as_ref()).cloned() else {
            continue;
        };
        let moving = moving.unwrap_or_else(|| any.clone());
        let mut reaction = types::AvailableReaction::new(
            (*emoji).into(),
            (*emoji).into(),
            still.unwrap_or(any),
            moving.clone(),
            moving.clone(),
            moving.clone(),
            moving.clone(),
        );
        reaction.around_animation = Some(moving.clone());
        reaction.center_icon = Some(moving);
        reactions.push(reaction);
    }
    Ok(Answer::AvailableReactions { hash, reactions })
}

/// The set that reactions are drawn with, if there is one.
async fn picture_set(context: &Context<'_>) -> Result<Option<StickerSet>> {
    let Some(short_name) = &context.services.options.reaction_set else {
        return Ok(None);
    };
    let messenger = context.messenger();
    let Some(id) = messenger.sticker_set_by_name(short_name).await? else {
        return Ok(None);
    };
    let set = messenger.sticker_set(id).await?;
    Ok(set.filter(|set| !set.deleted))
}

/// An emoji without what says how it is drawn.
fn bare(emoji: &str) -> impl Iterator<Item = char> {
    emoji.chars().filter(|c| *c != '\u{fe0f}')
}

fn all() -> Vec<types::Reaction> {
    EMOJI
        .iter()
        .map(|emoji| types::Reaction::Emoji {
            emoticon: (*emoji).into(),
        })
        .collect()
}

/// A list of reactions; not again when the client has it already.
fn listed(
    mut reactions: Vec<types::Reaction>,
    limit: i32,
    hash: i64,
) -> types::messages::Reactions {
    reactions.truncate(page_limit(limit) as usize);
    let ids = reactions.iter().map(|reaction| match reaction {
        types::Reaction::Emoji { emoticon } => hash_of(emoticon.bytes().map(i64::from)),
        _ => 0,
    });
    let now = hash_of(ids);
    if hash != 0 && hash == now {
        return types::messages::Reactions::NotModified {};
    }
    types::messages::Reactions::Reactions {
        hash: now,
        reactions,
    }
}

/// messages.getTopReactions
pub(super) async fn get_top_reactions(
    _: &Context<'_>,
    request: functions::messages::GetTopReactions,
) -> Result<types::messages::Reactions> {
    Ok(listed(all(), request.limit, request.hash))
}

async fn recent(context: &Context<'_>) -> Result<Vec<types::Reaction>> {
    let user = context.user()?;
    let store = &context.services.store;
    let stored = store.setting(RECENT.to_owned(), user.to_string()).await?;
    Ok(stored
        .filter(|setting| !setting.body.is_empty())
        .and_then(|setting| tl::from_bytes(&setting.body).ok())
        .unwrap_or_default())
}

async fn keep_recent(context: &Context<'_>, reactions: &Vec<types::Reaction>) -> Result<()> {
    let body = tl::to_bytes(reactions, tl::Layer(NEWEST_LAYER))
        .map_err(|_| Error::INTERNAL_SERVER_ERROR)?;
    let user = context.user()?.to_string();
    Ok(context
        .messenger()
        .overwrite_setting(RECENT, &user, body)
        .await?)
}

async fn remember(context: &Context<'_>, reaction: &types::Reaction) -> Result<()> {
    let mut list = recent(context).await?;
    list.retain(|other| other != reaction);
    list.insert(0, reaction.clone());
    list.truncate(RECENT_MAX);
    keep_recent(context, &list).await
}

/// messages.getRecentReactions
pub(super) async fn get_recent_reactions(
    context: &Context<'_>,
    request: functions::messages::GetRecentReactions,
) -> Result<types::messages::Reactions> {
    Ok(listed(recent(context).await?, request.limit, request.hash))
}

/// messages.clearRecentReactions
pub(super) async fn clear_recent_reactions(
    context: &Context<'_>,
    _: functions::messages::ClearRecentReactions,
) -> Result<bool> {
    keep_recent(context, &Vec::new()).await?;
    let actor = context.actor()?;
    context
        .messenger()
        .note_to_others(actor, types::Update::RecentReactions {}, context.now)
        .await?;
    Ok(true)
}

/// messages.setDefaultReaction
pub(super) async fn set_default_reaction(
    context: &Context<'_>,
    request: functions::messages::SetDefaultReaction,
) -> Result<bool> {
    let actor = context.actor()?;
    if !is_reaction(&request.reaction) {
        return Err(Error::REACTION_INVALID);
    }
    let kept = tl::to_bytes(&request.reaction, tl::Layer(NEWEST_LAYER))
        .map_err(|_| Error::REACTION_INVALID)?;
    let messenger = context.messenger();
    messenger
        .change_account_settings(actor.user, |settings| {
            settings.default_reaction = kept.to_vec();
        })
        .await?;
    messenger
        .note_to_others(actor, types::Update::Config {}, context.now)
        .await?;
    Ok(true)
}

/// messages.setChatAvailableReactions
pub(super) async fn set_chat_available_reactions(
    context: &Context<'_>,
    request: functions::messages::SetChatAvailableReactions,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    if let types::ChatReactions::Some { reactions } = &request.available_reactions
        && (reactions.is_empty()
            || reactions.len() > CHOSEN_MAX
            || !reactions.iter().all(is_reaction))
    {
        return Err(Error::REACTION_INVALID);
    }
    if let PeerId::Channel(id) = peer {
        let updates = context
            .messenger()
            .set_channel_reactions(actor, id, &request.available_reactions, context.now)
            .await?;
        return Ok(answer(updates));
    }
    let id = group(context, &request.peer).await?;
    let updates = context
        .messenger()
        .set_chat_reactions(actor, id, &request.available_reactions, context.now)
        .await?;
    Ok(answer(updates))
}
