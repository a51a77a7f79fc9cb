//! Polls (B.8).

use std::collections::BTreeSet;

use messenger::{CleanText, NewPoll, Peers, utf16_len};
use store::{MsgId, PeerId};
use tl::Bytes;
use tl_api::{constructors, functions, types};

use super::history::page_limit;
use super::reaction::offset;
use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most characters of a question: of people, of bots.
const QUESTION_CHARS_MAX: usize = 255;
const BOT_QUESTION_CHARS_MAX: usize = 300;
/// The most characters of an answer, and how many answers there may be.
const ANSWER_CHARS_MAX: usize = 100;
const ANSWERS: std::ops::RangeInclusive<usize> = 2..=12;
/// The most UTF-16 units of a solution, and its line feeds.
const SOLUTION_UNITS_MAX: usize = 200;
const SOLUTION_LINES_MAX: usize = 2;
/// How long a poll may be open when it ends by itself, seconds.
const PERIOD_S: std::ops::RangeInclusive<i32> = 5..=2_628_000;
/// The most votes of one answer.
const VOTES_MAX: usize = 50;

/// The media of a poll that a request sends.
pub(super) async fn from_input(
    context: &Context<'_>,
    input: &constructors::InputMediaPoll,
) -> Result<types::MessageMedia> {
    let user = context.user()?;
    let messenger = context.messenger();
    let is_bot = messenger.is_bot(user).await?;
    let poll = &input.poll;
    let question_max = if is_bot {
        BOT_QUESTION_CHARS_MAX
    } else {
        QUESTION_CHARS_MAX
    };
    let question = words(context, &poll.question, question_max)
        .await?
        .ok_or(Error::POLL_QUESTION_INVALID)?;
    if !ANSWERS.contains(&poll.answers.len()) {
        return Err(Error::POLL_ANSWERS_INVALID);
    }
    let mut answers = Vec::with_capacity(poll.answers.len());
    let mut options = BTreeSet::new();
    for (place, answer) in poll.answers.iter().enumerate() {
        let (text, option) = match answer {
            types::PollAnswer::InputPollAnswer(answer) => {
                (&answer.text, Bytes::from(place.to_string()))
            }
            types::PollAnswer::PollAnswer(answer) => {
                (&answer.text, Bytes::copy_from_slice(&answer.option))
            }
        };
        let text = words(context, text, ANSWER_CHARS_MAX)
            .await?
            .ok_or(Error::POLL_ANSWER_INVALID)?;
        if !(1..=100).contains(&option.len()) {
            return Err(Error::POLL_OPTION_INVALID);
        }
        if !options.insert(option.clone()) {
            return Err(Error::POLL_OPTION_DUPLICATE);
        }
        let answer = constructors::PollAnswer::new(text, option);
        answers.push(types::PollAnswer::PollAnswer(Box::new(answer)));
    }
    let correct = correct(poll, input.correct_answers.as_deref())?;
    let solution = solution(input)?;
    let mut shown = types::Poll::new(context.services.random_id(), question, answers, 0);
    shown.public_voters = poll.public_voters;
    shown.multiple_choice = poll.multiple_choice;
    shown.quiz = poll.quiz;
    shown.revoting_disabled = poll.revoting_disabled;
    shown.shuffle_answers = poll.shuffle_answers;
    shown.hide_results_until_close = poll.hide_results_until_close;
    shown.closed = poll.closed && is_bot;
    (shown.close_period, shown.close_date) = end(context, poll)?;
    shown.hash = shown.id & i64::from(i32::MAX) | 1;
    let new = NewPoll {
        poll: shown,
        correct,
        solution,
    };
    Ok(messenger.create_poll(user, new).await?)
}

/// A text that is there and not too long.
async fn words(
    context: &Context<'_>,
    text: &types::TextWithEntities,
    chars_max: usize,
) -> Result<Option<types::TextWithEntities>> {
    let entities = context.named_in(text.entities.clone()).await?;
    let clean = CleanText::without_detection(&text.text, entities)?;
    let fits = (1..=chars_max).contains(&clean.text.chars().count());
    Ok(fits.then(|| types::TextWithEntities {
        text: clean.text.detached(),
        entities: clean.entities,
    }))
}

fn correct(poll: &types::Poll, correct: Option<&[i32]>) -> Result<Vec<u32>> {
    let correct = correct.unwrap_or_default();
    if !poll.quiz {
        return if correct.is_empty() {
            Ok(Vec::new())
        } else {
            Err(Error::QUIZ_CORRECT_ANSWERS_TOO_MUCH)
        };
    }
    if poll.open_answers {
        return Err(Error::POLL_ANSWERS_INVALID);
    }
    if correct.is_empty() {
        return Err(Error::QUIZ_CORRECT_ANSWERS_EMPTY);
    }
    if correct.len() > 1 && !poll.multiple_choice {
        return Err(Error::QUIZ_CORRECT_ANSWERS_TOO_MUCH);
    }
    let mut places = Vec::with_capacity(correct.len());
    for place in correct {
        let known = usize::try_from(*place).is_ok_and(|place| place < poll.answers.len());
        if !known || places.contains(&place.unsigned_abs()) {
            return Err(Error::QUIZ_CORRECT_ANSWER_INVALID);
        }
        places.push(place.unsigned_abs());
    }
    Ok(places)
}

fn solution(input: &constructors::InputMediaPoll) -> Result<CleanText> {
    let Some(text) = input.solution.as_ref().filter(|_| input.poll.quiz) else {
        return Ok(CleanText::default());
    };
    let entities = input.solution_entities.clone().unwrap_or_default();
    let clean = CleanText::without_detection(text, entities)?;
    let lines = clean.text.matches('\n').count();
    if utf16_len(&clean.text) > SOLUTION_UNITS_MAX || lines > SOLUTION_LINES_MAX {
        return Err(Error::MESSAGE_TOO_LONG);
    }
    Ok(clean)
}

/// Q3: either both the period and the date are set, or none.
fn end(context: &Context<'_>, poll: &types::Poll) -> Result<(Option<i32>, Option<i32>)> {
    let now = context.now.date();
    let period = match (poll.close_period, poll.close_date) {
        (None | Some(0), None | Some(0)) => return Ok((None, None)),
        (Some(period), _) if period != 0 => period,
        (_, date) => date.unwrap_or(0).saturating_sub(now),
    };
    if !PERIOD_S.contains(&period) {
        return Err(Error::SCHEDULE_DATE_INVALID);
    }
    Ok((Some(period), Some(now.saturating_add(period))))
}

/// messages.sendVote
pub(super) async fn send_vote(
    context: &Context<'_>,
    request: functions::messages::SendVote,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let options: Vec<Bytes> = request
        .options
        .iter()
        .map(|option| Bytes::copy_from_slice(option))
        .collect();
    let id = MsgId(request.msg_id);
    let updates = context
        .messenger()
        .vote(actor, peer, id, &options, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.getPollResults
pub(super) async fn get_poll_results(
    context: &Context<'_>,
    request: functions::messages::GetPollResults,
) -> Result<types::Updates> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let id = MsgId(request.msg_id);
    let updates = context
        .messenger()
        .poll_results(user, peer, id, request.poll_hash, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.getPollVotes
pub(super) async fn get_poll_votes(
    context: &Context<'_>,
    request: functions::messages::GetPollVotes,
) -> Result<types::messages::VotesList> {
    let user = context.user()?;
    let peer = context.peer(&request.peer).await?;
    let messenger = context.messenger();
    let listed = messenger
        .votes(
            user,
            peer,
            MsgId(request.id),
            request.option.as_ref(),
            context.now,
        )
        .await?;
    let count = listed.len();
    let start = offset(request.offset.as_deref())?;
    let limit = (page_limit(request.limit) as usize).min(VOTES_MAX);
    let mut peers = Peers::default();
    let mut votes = Vec::new();
    for vote in listed.into_iter().skip(start).take(limit) {
        peers.add_user(vote.user.0);
        let peer = messenger::tl_peer(PeerId::User(vote.user));
        let date = vote.date.cast_signed();
        let mut options = vote.options;
        votes.push(match (&request.option, options.len()) {
            (Some(_), _) => types::MessagePeerVote::InputOption { peer, date },
            (None, 1) => {
                types::MessagePeerVote::MessagePeerVote(Box::new(constructors::MessagePeerVote {
                    peer,
                    option: options.pop().unwrap_or_default(),
                    date,
                }))
            }
            (None, _) => {
                types::MessagePeerVote::Multiple(Box::new(constructors::MessagePeerVoteMultiple {
                    peer,
                    options,
                    date,
                }))
            }
        });
    }
    let end = start + votes.len();
    let shown = messenger.show(user, &peers, context.now).await?;
    Ok(types::messages::VotesList {
        count: i32::try_from(count).unwrap_or(i32::MAX),
        votes,
        chats: shown.chats,
        users: shown.users,
        next_offset: (end < count).then(|| end.to_string().into()),
    })
}
