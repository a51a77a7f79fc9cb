//! Calls as they stand: what is not durable may be lost with the process, and the call with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use messenger::Now;
use store::{AuthKeyId, UserId};
use tl::Bytes;
use tl_api::{constructors, types};

/// What the hash of a call is for, among the keyed hashes.
const HASH: u8 = 44;
/// How long it rings, and how long the key may take, milliseconds.
const RING_MS: u64 = 90_000;
const KEY_MS: u64 = 20_000;
/// How long a call is known at most, milliseconds.
const LIFE_MS: u64 = 86_400_000;
/// Calls at one time.
const CALLS_MAX: usize = 100_000;

/// How far a call has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// It rings.
    Waiting,
    /// The other one has taken it.
    Accepted,
    /// The two talk.
    Ready,
    /// It is over.
    Ended {
        reason: types::PhoneCallDiscardReason,
        duration_s: Option<i32>,
    },
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) id: i64,
    pub(crate) random_id: i32,
    /// Who calls, and by which device.
    pub(crate) admin: UserId,
    pub(crate) admin_key: AuthKeyId,
    /// Who is called, and by which device it was taken.
    pub(crate) participant: UserId,
    pub(crate) participant_key: AuthKeyId,
    pub(crate) video: bool,
    pub(crate) g_a_hash: Bytes,
    pub(crate) g_a: Bytes,
    pub(crate) g_b: Bytes,
    pub(crate) key_fingerprint: i64,
    pub(crate) admin_protocol: types::PhoneCallProtocol,
    pub(crate) protocol: types::PhoneCallProtocol,
    pub(crate) state: State,
    /// When it began, was heard, was taken and became a talk.
    pub(crate) begun: Now,
    pub(crate) received: Option<Now>,
    pub(crate) accepted: Option<Now>,
    pub(crate) started: Option<Now>,
}

/// The calls of this process.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<HashMap<i64, Call>>);

impl Calls {
    /// Keeps a call; false when there are too many.
    pub(crate) fn put(&self, call: Call) -> bool {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS_MAX && !calls.contains_key(&call.id) {
            return false;
        }
        calls.insert(call.id, call);
        true
    }

    pub(crate) fn get(&self, id: i64) -> Option<Call> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(&id).cloned()
    }

    /// Changes a call in one step; what `change` says.
    pub(crate) fn change<T>(
        &self,
        id: i64,
        change: impl FnOnce(&mut Call) -> crate::error::Result<T>,
    ) -> crate::error::Result<(Call, T)> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let call = calls
            .get_mut(&id)
            .ok_or(crate::error::Error::CALL_PEER_INVALID)?;
        let mut changed = call.clone();
        let result = change(&mut changed)?;
        call.clone_from(&changed);
        Ok((changed, result))
    }

    /// The call of `admin` that was asked for by this random id.
    pub(crate) fn asked(&self, admin: UserId, random_id: i32) -> Option<Call> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut calls = calls.values();
        calls
            .find(|call| call.admin == admin && call.random_id == random_id)
            .cloned()
    }

    /// The calls whose time is over, and why they end.
    pub(crate) fn overdue(&self, now: Now) -> Vec<(i64, types::PhoneCallDiscardReason)> {
        use types::PhoneCallDiscardReason as Reason;
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|_, call| now.0 < call.begun.0.saturating_add(LIFE_MS));
        let mut overdue = Vec::new();
        for call in calls.values() {
            let since = |time: Option<Now>| time.map_or(0, |time| now.0.saturating_sub(time.0));
            match call.state {
                State::Waiting if since(Some(call.begun)) >= RING_MS => {
                    overdue.push((call.id, Reason::Missed {}));
                }
                State::Accepted if since(call.accepted) >= KEY_MS => {
                    overdue.push((call.id, Reason::Disconnect {}));
                }
                State::Waiting | State::Accepted | State::Ready | State::Ended { .. } => {}
            }
        }
        overdue
    }
}

impl Call {
    pub(crate) fn other(&self, user: UserId) -> UserId {
        if user == self.admin {
            self.participant
        } else {
            self.admin
        }
    }

    /// The device of the other side that takes part; 0 for none yet.
    pub(crate) fn other_key(&self, user: UserId) -> AuthKeyId {
        if user == self.admin {
            self.participant_key
        } else {
            self.admin_key
        }
    }

    pub(crate) fn is_in(&self, user: UserId) -> bool {
        user == self.admin || user == self.participant
    }

    /// The hash by which a user names the call.
    pub(crate) fn access_hash(access: &messenger::AccessHashes, user: UserId, id: i64) -> i64 {
        access.other(HASH, user, id)
    }

    /// The call as a user is shown it.
    pub(crate) fn show(
        &self,
        viewer: UserId,
        access: &messenger::AccessHashes,
        connections: Vec<types::PhoneConnection>,
        p2p_allowed: bool,
    ) -> types::PhoneCall {
        let access_hash = Self::access_hash(access, viewer, self.id);
        let date = self.begun.date();
        let (admin, participant) = (self.admin.0, self.participant.0);
        match &self.state {
            State::Ended { reason, duration_s } => {
                let mut shown = constructors::PhoneCallDiscarded::new(self.id);
                shown.video = self.video;
                shown.reason = Some(reason.clone());
                shown.duration = *duration_s;
                types::PhoneCall::Discarded(Box::new(shown))
            }
            State::Waiting if viewer == self.participant => {
                let mut shown = constructors::PhoneCallRequested::new(
                    self.id,
                    access_hash,
                    date,
                    admin,
                    participant,
                    self.g_a_hash.clone(),
                    self.admin_protocol.clone(),
                );
                shown.video = self.video;
                types::PhoneCall::Requested(Box::new(shown))
            }
            State::Accepted if viewer == self.admin => {
                let mut shown = constructors::PhoneCallAccepted::new(
                    self.id,
                    access_hash,
                    date,
                    admin,
                    participant,
                    self.g_b.clone(),
                    self.protocol.clone(),
                );
                shown.video = self.video;
                types::PhoneCall::Accepted(Box::new(shown))
            }
            State::Waiting | State::Accepted => {
                let mut shown = constructors::PhoneCallWaiting::new(
                    self.id,
                    access_hash,
                    date,
                    admin,
                    participant,
                    self.admin_protocol.clone(),
                );
                shown.video = self.video;
                shown.receive_date = self.received.map(Now::date);
                types::PhoneCall::Waiting(Box::new(shown))
            }
            State::Ready => {
                let theirs = if viewer == self.admin {
                    self.g_b.clone()
                } else {
                    self.g_a.clone()
                };
                let mut shown = constructors::PhoneCall::new(
                    self.id,
                    access_hash,
                    date,
                    admin,
                    participant,
                    theirs,
                    self.key_fingerprint,
                    self.protocol.clone(),
                    connections,
                    self.started.map_or(date, Now::date),
                );
                shown.video = self.video;
                shown.p2p_allowed = p2p_allowed;
                types::PhoneCall::PhoneCall(Box::new(shown))
            }
        }
    }
}
