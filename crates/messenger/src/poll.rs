//! Polls and quizzes (B.8).
//!
//! A poll is kept once, under its id, with the votes beside it: forwarded copies share them. What a
//! message shows of it is made when it is read.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most kinds are treated alike"
)]

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{AuthKeyId, MailboxId, MsgId, PeerId, UserId};
use tl::Layer;
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::Messenger;
use crate::due::Task;
use crate::error::{Error, Result};
use crate::mailbox::Letter;
use crate::peer::{Peers, tl_peer};
use crate::publish::Actor;
use crate::record::Record;
use crate::time::Now;

/// Votes are spread over so many rows.
const SHARDS: i64 = 64;
/// Voters that are shown of a public poll.
const RECENT_MAX: usize = 3;

/// Why somebody may not vote, or not see how others did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PollError {
    /// It is over.
    #[error("the poll is closed")]
    Closed,
    /// Nobody is told who voted how.
    #[error("the poll is anonymous")]
    Anonymous,
    /// It has no such answer.
    #[error("no such answer")]
    OptionInvalid,
    /// Only one answer may be chosen.
    #[error("too many answers")]
    TooMany,
    /// A vote stands.
    #[error("a vote cannot be changed")]
    Final,
    /// Only who has voted is told.
    #[error("a vote is needed first")]
    VoteRequired,
}

/// A poll as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct PollRecord {
    /// Who made it.
    #[n(0)]
    author: i64,
    /// `poll` without what depends on who looks.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    poll: Vec<u8>,
    /// The right answers of a quiz, by their place.
    #[n(2)]
    correct: Vec<u32>,
    /// What a quiz says after a vote.
    #[n(3)]
    solution: String,
    /// `Vector<MessageEntity>` of it.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    solution_entities: Vec<u8>,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Vote {
    #[n(0)]
    user: i64,
    #[n(1)]
    date: u32,
    /// The answers, by their place.
    #[n(2)]
    answers: Vec<u32>,
}

/// Votes of one row.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct Votes {
    #[n(0)]
    list: Vec<Vote>,
}

impl Record for PollRecord {}
impl Record for Votes {}

/// A poll that is about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPoll {
    /// The poll, judged.
    pub poll: types::Poll,
    /// The right answers of a quiz, by their place.
    pub correct: Vec<u32>,
    /// What a quiz says after a vote.
    pub solution: crate::CleanText,
}

/// Who voted how, as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVote {
    /// Who voted.
    pub user: UserId,
    /// When, Unix seconds.
    pub date: u32,
    /// The options.
    pub options: Vec<Bytes>,
}

/// Everything about one poll.
#[derive(Clone, Debug)]
struct Poll {
    record: PollRecord,
    poll: types::Poll,
    votes: Vec<Vote>,
}

const RECORD: &str = "poll";

fn scope(id: i64) -> String {
    format!("poll/{id}")
}

fn shard(user: UserId) -> String {
    format!("votes/{}", user.0.rem_euclid(SHARDS))
}

fn option_of(answer: &types::PollAnswer) -> Bytes {
    match answer {
        types::PollAnswer::PollAnswer(answer) => answer.option.clone(),
        types::PollAnswer::InputPollAnswer(_) => Bytes::new(),
    }
}

impl Poll {
    fn vote_of(&self, user: UserId) -> Option<&Vote> {
        self.votes.iter().find(|vote| vote.user == user.0)
    }

    fn shown(&self, viewer: UserId) -> types::Poll {
        let mut poll = self.poll.clone();
        poll.creator = self.record.author == viewer.0;
        poll
    }

    /// The results as a viewer may see them (Q4, Q5).
    fn results(&self, viewer: UserId) -> types::PollResults {
        let own = self.vote_of(viewer);
        let open = !self.poll.closed;
        let told = !open || own.is_some() && !self.poll.hide_results_until_close;
        let mut results = types::PollResults::new();
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        results.total_voters = Some(count(self.votes.len()));
        let recent = |votes: &mut dyn Iterator<Item = &Vote>| {
            let mut votes: Vec<&Vote> = votes.collect();
            votes.sort_by_key(|vote| std::cmp::Reverse((vote.date, vote.user)));
            let users = votes.into_iter().take(RECENT_MAX);
            users
                .map(|vote| tl_peer(PeerId::User(UserId(vote.user))))
                .collect::<Vec<_>>()
        };
        if self.poll.public_voters && (told || open) {
            results.recent_voters = Some(recent(&mut self.votes.iter()));
        }
        if !told {
            return results;
        }
        let mut answers = Vec::with_capacity(self.poll.answers.len());
        for (place, answer) in (0_u32..).zip(&self.poll.answers) {
            let chose = |vote: &&Vote| vote.answers.contains(&place);
            let mut shown = types::PollAnswerVoters::new(option_of(answer));
            shown.voters = Some(count(self.votes.iter().filter(chose).count()));
            shown.recent_voters = Some(if self.poll.public_voters {
                recent(&mut self.votes.iter().filter(chose))
            } else {
                Vec::new()
            });
            shown.chosen = own.as_ref().is_some_and(chose);
            shown.correct = self.record.correct.contains(&place);
            answers.push(shown);
        }
        results.results = Some(answers);
        if !self.record.solution.is_empty() {
            results.solution = Some(self.record.solution.as_str().into());
            let entities = Bytes::copy_from_slice(&self.record.solution_entities);
            results.solution_entities = tl::from_bytes(&entities).ok();
        }
        results
    }

    fn update(&self, viewer: UserId, peer: PeerId, id: MsgId) -> types::Update {
        let results = Box::new(self.results(viewer));
        let mut update = constructors::UpdateMessagePoll::new(self.poll.id, results);
        update.peer = Some(tl_peer(peer));
        update.msg_id = Some(id.0);
        update.poll = Some(Box::new(self.shown(viewer)));
        types::Update::MessagePoll(Box::new(update))
    }
}

/// The id of the poll of a message.
fn poll_id(message: &types::Message) -> Option<i64> {
    match message {
        types::Message::Message(message) => match &message.media {
            Some(types::MessageMedia::Poll { poll, .. }) => Some(poll.id),
            _ => None,
        },
        types::Message::Service(_) | types::Message::Empty { .. } => None,
    }
}

impl Messenger {
    /// Keeps a new poll and makes the media of a message of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_poll(&self, author: UserId, new: NewPoll) -> Result<types::MessageMedia> {
        let poll = tl::to_bytes(&new.poll, Layer(NEWEST_LAYER));
        let entities = tl::to_bytes(&new.solution.entities, Layer(NEWEST_LAYER));
        let damaged = |_| Error::Damaged("a poll without a form");
        let record = PollRecord {
            author: author.0,
            poll: poll.map_err(damaged)?.to_vec(),
            correct: new.correct,
            solution: new.solution.text.as_str().to_owned(),
            solution_entities: entities.map_err(damaged)?.to_vec(),
        };
        self.overwrite_setting(&scope(new.poll.id), RECORD, record.to_bytes())
            .await?;
        let mut results = types::PollResults::new();
        results.total_voters = Some(0);
        Ok(types::MessageMedia::Poll {
            poll: Box::new(new.poll),
            results: Box::new(results),
            attached_media: None,
        })
    }

    async fn poll(&self, id: i64) -> Result<Option<Poll>> {
        let mut record = None;
        let mut votes = Vec::new();
        for (key, setting) in self.store.settings(scope(id)).await? {
            if key == RECORD {
                record = Some(PollRecord::from_bytes(&setting.body)?);
            } else {
                votes.extend(Votes::from_bytes(&setting.body)?.list);
            }
        }
        let Some(record) = record else {
            return Ok(None);
        };
        let poll = tl::from_bytes(&Bytes::copy_from_slice(&record.poll))
            .map_err(|_| Error::Damaged("a poll"))?;
        Ok(Some(Poll {
            record,
            poll,
            votes,
        }))
    }

    /// Puts into messages what depends on who looks and when: polls as they stand.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn dress<'a>(
        &self,
        viewer: UserId,
        messages: impl IntoIterator<Item = &'a mut types::Message> + Send,
    ) -> Result<()> {
        let polls: Vec<&mut types::Message> = messages
            .into_iter()
            .filter(|message| poll_id(message).is_some())
            .collect();
        for message in polls {
            let types::Message::Message(message) = message else {
                continue;
            };
            if let Some(types::MessageMedia::Poll { poll, results, .. }) = &mut message.media
                && let Some(found) = self.poll(poll.id).await?
            {
                **poll = found.shown(viewer);
                **results = found.results(viewer);
            }
        }
        Ok(())
    }

    /// The poll of a message of the caller's chat.
    async fn poll_of(
        &self,
        user: UserId,
        peer: PeerId,
        id: MsgId,
        now: Now,
    ) -> Result<(Letter, Poll)> {
        let letter = self.letter_in(user, peer, id, now).await?;
        let letter = letter.ok_or(Error::MessageUnknown)?;
        let poll = poll_id(&letter.message).ok_or(Error::MessageUnknown)?;
        let poll = self.poll(poll).await?.ok_or(Error::MessageUnknown)?;
        Ok((letter, poll))
    }

    /// Votes, or takes the vote back when there are no options.
    ///
    /// # Errors
    /// `MessageUnknown`, a [`PollError`], or when the store fails.
    pub async fn vote(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        options: &[Bytes],
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        let (letter, poll) = self.poll_of(user, peer, id, now).await?;
        if poll.poll.closed {
            return Err(PollError::Closed.into());
        }
        let mut answers = Vec::with_capacity(options.len());
        for option in options {
            let place = poll
                .poll
                .answers
                .iter()
                .position(|answer| option_of(answer) == *option);
            let place = place.and_then(|place| u32::try_from(place).ok());
            let place = place.ok_or(PollError::OptionInvalid)?;
            if answers.contains(&place) {
                return Err(PollError::OptionInvalid.into());
            }
            answers.push(place);
        }
        if answers.len() > 1 && !poll.poll.multiple_choice {
            return Err(PollError::TooMany.into());
        }
        let is_final = poll.poll.quiz || poll.poll.revoting_disabled;
        if is_final && poll.vote_of(user).is_some() {
            return Err(PollError::Final.into());
        }
        self.put_vote(poll.poll.id, user, &answers, now).await?;
        let poll = self
            .poll(poll.poll.id)
            .await?
            .ok_or(Error::MessageUnknown)?;
        let mut copies = self.copies(user, &letter).await?;
        if let PeerId::Channel(channel) = peer {
            let watchers = self.watchers.of(channel).into_iter();
            copies = watchers
                .filter(|watcher| *watcher != user)
                .map(|watcher| (watcher, id))
                .collect();
        }
        for (holder, copy) in copies {
            if self.is_bot(holder).await? || !self.publisher().is_watched(holder) {
                continue;
            }
            let seen_as = match peer {
                PeerId::User(_) => PeerId::User(user),
                PeerId::Chat(_) | PeerId::Channel(_) => peer,
            };
            let update = poll.update(holder, seen_as, copy);
            self.publish_unlogged(holder, None, vec![update], now)
                .await?;
        }
        self.tell_bot_of_vote(&poll, user, options, &answers, now)
            .await?;
        let update = poll.update(user, peer, id);
        self.publish_unlogged(user, Some(actor), vec![update.clone()], now)
            .await?;
        self.updates(user, vec![update], &Peers::default(), now)
            .await
    }

    /// Bots are told how people voted in their public polls.
    async fn tell_bot_of_vote(
        &self,
        poll: &Poll,
        voter: UserId,
        options: &[Bytes],
        answers: &[u32],
        now: Now,
    ) -> Result<()> {
        let author = UserId(poll.record.author);
        if !poll.poll.public_voters || !self.is_bot(author).await? {
            return Ok(());
        }
        let mut batch = self.open([MailboxId::User(author)], now).await?;
        let update = constructors::UpdateMessagePollVote {
            poll_id: poll.poll.id,
            peer: tl_peer(PeerId::User(voter)),
            options: options.to_vec(),
            positions: answers.iter().map(|place| place.cast_signed()).collect(),
            qts: 0,
        };
        batch
            .queue(author, AuthKeyId(0), |qts| {
                let update = constructors::UpdateMessagePollVote { qts, ..update };
                types::Update::MessagePollVote(Box::new(update))
            })
            .await?;
        batch
            .commit(Actor::server(author), None, Bytes::new())
            .await?;
        Ok(())
    }

    async fn put_vote(&self, id: i64, user: UserId, answers: &[u32], now: Now) -> Result<()> {
        loop {
            let stored = self.store.setting(scope(id), shard(user)).await?;
            let (mut votes, version) = match stored {
                Some(setting) => (Votes::from_bytes(&setting.body)?, setting.version),
                None => (Votes::default(), 0),
            };
            votes.list.retain(|vote| vote.user != user.0);
            if !answers.is_empty() {
                votes.list.push(Vote {
                    user: user.0,
                    date: now.unix_s(),
                    answers: answers.to_vec(),
                });
            }
            let put = self
                .store
                .put_setting(scope(id), shard(user), version, votes.to_bytes())
                .await;
            match put {
                Ok(_) => return Ok(()),
                // Somebody else has voted meanwhile.
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A poll as it stands for the caller; without the poll itself when it is the known one.
    ///
    /// # Errors
    /// `MessageUnknown`, or when the store fails.
    pub async fn poll_results(
        &self,
        user: UserId,
        peer: PeerId,
        id: MsgId,
        known_hash: i64,
        now: Now,
    ) -> Result<constructors::Updates> {
        let (_, poll) = self.poll_of(user, peer, id, now).await?;
        let mut update = poll.update(user, peer, id);
        if let types::Update::MessagePoll(update) = &mut update
            && known_hash != 0
            && known_hash == poll.poll.hash
        {
            update.poll = None;
        }
        self.updates(user, vec![update], &Peers::default(), now)
            .await
    }

    /// Who voted how, the newest first.
    ///
    /// # Errors
    /// `MessageUnknown`, `Anonymous`, `VoteRequired`, `OptionInvalid`.
    pub async fn votes(
        &self,
        user: UserId,
        peer: PeerId,
        id: MsgId,
        only: Option<&Bytes>,
        now: Now,
    ) -> Result<Vec<ListedVote>> {
        let (_, poll) = self.poll_of(user, peer, id, now).await?;
        if !poll.poll.public_voters {
            return Err(PollError::Anonymous.into());
        }
        if poll.vote_of(user).is_none() && !poll.poll.closed {
            return Err(PollError::VoteRequired.into());
        }
        let options: Vec<Bytes> = poll.poll.answers.iter().map(option_of).collect();
        let only = match only {
            Some(option) => Some(
                options
                    .iter()
                    .position(|other| other == option)
                    .ok_or(PollError::OptionInvalid)?,
            ),
            None => None,
        };
        let mut votes = poll.votes;
        votes.sort_by_key(|vote| std::cmp::Reverse((vote.date, vote.user)));
        let mut listed = Vec::new();
        for vote in votes {
            let places: Vec<usize> = vote.answers.iter().map(|place| *place as usize).collect();
            if only.is_none_or(|only| places.contains(&only)) {
                listed.push(ListedVote {
                    user: UserId(vote.user),
                    date: vote.date,
                    options: places
                        .into_iter()
                        .filter_map(|place| options.get(place).cloned())
                        .collect(),
                });
            }
        }
        Ok(listed)
    }

    /// Ends a poll of the actor's and says so in all copies of the message.
    ///
    /// # Errors
    /// `MessageUnknown`, `NotAuthor`, `Closed`, or when the store fails.
    pub async fn close_poll(
        &self,
        actor: Actor,
        peer: PeerId,
        id: MsgId,
        now: Now,
    ) -> Result<constructors::Updates> {
        let user = actor.user;
        let (letter, poll) = self.poll_of(user, peer, id, now).await?;
        if letter.from != PeerId::User(user) || poll.record.author != user.0 {
            return Err(crate::edit::EditError::NotAuthor.into());
        }
        if poll.poll.closed {
            return Err(PollError::Closed.into());
        }
        let mut record = poll.record.clone();
        let mut closed = poll.poll.clone();
        closed.closed = true;
        record.poll = tl::to_bytes(&closed, Layer(NEWEST_LAYER))
            .map_err(|_| Error::Damaged("a poll without a form"))?
            .to_vec();
        self.overwrite_setting(&scope(closed.id), RECORD, record.to_bytes())
            .await?;
        let mut copies = self.copies(user, &letter).await?;
        copies.push((user, id));
        let holders = copies.iter().map(|(holder, _)| MailboxId::User(*holder));
        let mut batch = self.open(holders, now).await?;
        for (holder, id) in copies {
            let Some(mut letter) = self.letter(holder, id).await? else {
                continue;
            };
            let types::Message::Message(message) = &mut letter.message else {
                continue;
            };
            if let Some(types::MessageMedia::Poll { poll, .. }) = &mut message.media {
                poll.closed = true;
                message.edit_hide = true;
                let newer = message.edit_date.map_or(0, |date| date.saturating_add(1));
                message.edit_date = Some(now.date().max(newer));
                batch.user(holder).put_edited(letter)?;
            }
        }
        batch.commit(actor, None, Bytes::new()).await?.updates()
    }

    /// Has a poll end by itself when its time comes.
    pub(crate) async fn watch_poll(&self, owner: UserId, message: &types::Message) -> Result<()> {
        let types::Message::Message(message) = message else {
            return Ok(());
        };
        if let Some(types::MessageMedia::Poll { poll, .. }) = &message.media
            && let Some(date) = poll.close_date
            && !poll.closed
        {
            let task = Task::ClosePoll {
                owner: owner.0,
                id: message.id,
            };
            self.put_task(u64::from(date.unsigned_abs()) * 1000, &task)
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn close_due_poll(&self, owner: UserId, id: MsgId, now: Now) -> Result<()> {
        let Some(letter) = self.letter(owner, id).await? else {
            return Ok(());
        };
        let actor = Actor::server(owner);
        match self.close_poll(actor, letter.peer, id, now).await {
            Err(error @ Error::Store(_)) => Err(error),
            // It was closed, deleted, or forwarded from somebody else.
            _ => Ok(()),
        }
    }
}
