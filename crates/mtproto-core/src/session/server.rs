//! The server's side of a session: judging, queueing, re-sending.

use std::collections::VecDeque;

use bytes::Bytes;
use rand_core::CryptoRng;

use super::received::{Received, ReceivedIds};
use super::salt::{SaltSecret, SaltVerdict, Salts};
use crate::crypto::AuthKeyId;
use crate::error::{BadMsgCode, Error, Misuse, PeerMisbehaved, Reaction, reaction};
use crate::message::{
    Body, GZIP_OUTPUT_LEN_MAX, Head, Inner, Outgoing, gunzip, pack, read_container, read_copy,
};
use crate::service::{Service, id};
use crate::time::{MsgId, MsgIdSource, Now, Origin};

/// How long an acknowledgement waits for something to travel with, milliseconds (E11).
pub const ACK_DELAY_MS: u64 = 200;
/// How long after a reconnect unacknowledged messages are sent again, milliseconds (E14).
pub const RESEND_DELAY_MS: u64 = 1000;
/// The most bytes waiting to be sent or acknowledged in one session (H58, H59).
pub const QUEUE_BYTES_MAX: usize = 4 << 20;
/// The most messages waiting likewise.
const QUEUE_LEN_MAX: usize = 4096;
/// Answers longer than this are announced before they are sent again, bytes (E38).
pub(super) const DETAILED_LEN: usize = 4096;
/// The most acknowledgements in one message.
const ACKS_LEN_MAX: usize = 8192;
/// Messages may be this old, and this far ahead, seconds (D19).
const AGE_MAX_S: i64 = 300;
const LEAD_MAX_S: i64 = 30;
/// After so many unreadable messages the connection is closed (E42).
const FAULTS_MAX: u8 = 16;
/// What a message that cannot be read is answered with (D22).
const FAULT_TEXT: &str = "INPUT_FETCH_ERROR";

/// What a session wants from the program around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// A call to run; answer with [`ServerSession::answer`]. Each id comes once.
    Call {
        /// Its message; binding a temporary key needs it (C54).
        msg_id: MsgId,
        /// The function, with any wrappers around it (E60).
        body: Bytes,
    },
    /// The answer of a running call is not wanted any more (E39).
    CallDropped {
        /// The call.
        msg_id: MsgId,
    },
    /// The key is to be destroyed (C60); answer with [`ServerSession::answer_destroy_auth_key`].
    DestroyAuthKey,
    /// Another session of the key is to end (E47); answer with
    /// [`ServerSession::answer_destroy_session`].
    DestroySession {
        /// Which one.
        session_id: i64,
    },
    /// The connection may be closed if nothing comes for so long (E50).
    DisconnectDelay {
        /// Seconds, between 1 and 600.
        seconds: u32,
    },
    /// How long an HTTP response may wait, milliseconds (E52).
    HttpWait {
        /// From the first queued message on.
        max_delay_ms: u32,
        /// After the latest message.
        wait_after_ms: u32,
        /// With nothing queued.
        max_wait_ms: u32,
    },
}

/// An opened message, on its way into a session.
#[derive(Clone, Debug)]
pub struct SessionInput {
    /// The salt it was sent with.
    pub salt: i64,
    /// Its id.
    pub msg_id: MsgId,
    /// Its sequence number.
    pub seq_no: i32,
    /// Its body.
    pub body: Bytes,
}

/// A message that waits to be sent.
struct Queued {
    body: Body,
    content: bool,
    origin: Origin,
    /// The id it had before and keeps (E37).
    number: Option<(MsgId, i32)>,
}

/// A session of a client, named by (auth_key_id, session_id) (E45).
pub struct ServerSession {
    session_id: i64,
    pub(super) salts: Salts,
    ids: MsgIdSource,
    sent_content: u32,
    pub(super) received: ReceivedIds,
    first_msg_id: Option<MsgId>,
    unique_id: i64,
    queue: VecDeque<Queued>,
    pub(super) unacked: VecDeque<Outgoing>,
    held_bytes: usize,
    acks: Vec<MsgId>,
    ack_due_ms: Option<u64>,
    resend_due_ms: Option<u64>,
    faults: u8,
}

/// What is known while one packet is handled.
pub(super) struct Handling<'a> {
    pub(super) now: Now,
    pub(super) secret: &'a SaltSecret,
    pub(super) events: &'a mut Vec<SessionEvent>,
    /// The lowest id that was accepted (E48).
    lowest: Option<MsgId>,
}

impl ServerSession {
    /// A session that the server has not known before.
    pub fn new(
        session_id: i64,
        auth_key_id: AuthKeyId,
        first_salt: Option<(i64, i64)>,
        now: Now,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Self {
        Self {
            session_id,
            salts: Salts::new(auth_key_id, first_salt),
            ids: MsgIdSource::default(),
            sent_content: 0,
            received: ReceivedIds::starting_at(now.unix_s()),
            first_msg_id: None,
            unique_id: rng.next_u64().cast_signed(),
            queue: VecDeque::new(),
            unacked: VecDeque::new(),
            held_bytes: 0,
            acks: Vec::new(),
            ack_due_ms: None,
            resend_due_ms: None,
            faults: 0,
        }
    }

    /// The id that the client chose.
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// Another connection carries the session now: what is not acknowledged will be sent again.
    pub fn attach(&mut self, now: Now) {
        if !self.unacked.is_empty() {
            self.resend_due_ms = Some(now.instant_ms + RESEND_DELAY_MS);
        }
        self.received.forget(now.unix_s());
    }

    /// Takes an opened message; `true` if it was accepted, so that a quick ack may be sent (H61).
    ///
    /// # Errors
    /// What ends the connection; all else is answered in the session.
    pub fn handle_message(
        &mut self,
        now: Now,
        input: SessionInput,
        secret: &SaltSecret,
        events: &mut Vec<SessionEvent>,
    ) -> Result<bool, Error> {
        let mut handling = Handling {
            now,
            secret,
            events,
            lowest: None,
        };
        let (msg_id, seq_no) = (input.msg_id, input.seq_no);
        let result = self.handle_outer(input, &mut handling);
        if let Some(lowest) = handling.lowest {
            self.announce(lowest, secret, now);
        }
        match result {
            Ok(()) => Ok(true),
            Err(error) => self
                .react(error, msg_id, seq_no, secret, now)
                .map(|()| false),
        }
    }

    fn handle_outer(
        &mut self,
        input: SessionInput,
        handling: &mut Handling<'_>,
    ) -> Result<(), Error> {
        let now_s = handling.now.unix_s();
        self.judge_id(input.msg_id, now_s)?;
        if input.msg_id.unix_s() < now_s - AGE_MAX_S {
            return Err(BadMsgCode::IdTooLow.into());
        }
        let binds = input
            .body
            .starts_with(&id::AUTH_BIND_TEMP_AUTH_KEY.to_le_bytes());
        // C55: binding works whatever the salt.
        if !binds && self.salts.judge(handling.secret, input.salt, now_s) == SaltVerdict::Wrong {
            return Err(BadMsgCode::Salt.into());
        }
        if !input.body.starts_with(&id::MSG_CONTAINER.to_le_bytes()) {
            return self.handle_inner(
                Inner {
                    msg_id: input.msg_id,
                    seq_no: input.seq_no,
                    body: input.body,
                },
                handling,
            );
        }
        if self.received.find(input.msg_id).is_some() {
            return Err(BadMsgCode::ContainerId.into());
        }
        let mut messages = read_container(&input.body)?;
        if messages.iter().any(|inner| inner.msg_id >= input.msg_id) {
            return Err(BadMsgCode::Container.into());
        }
        self.received.insert(input.msg_id, Received::Done, now_s);
        // H20: the order of the ids is the client's order.
        messages.sort_by_key(|inner| inner.msg_id);
        for inner in messages {
            let (msg_id, seq_no) = (inner.msg_id, inner.seq_no);
            if let Err(error) = self
                .judge_id(msg_id, now_s)
                .and_then(|()| self.handle_inner(inner, handling))
            {
                self.react(error, msg_id, seq_no, handling.secret, handling.now)?;
            }
        }
        Ok(())
    }

    /// D16, D18 and the upper half of D19; inside a container the lower half is the memory (D26).
    fn judge_id(&self, msg_id: MsgId, now_unix_s: i64) -> Result<(), Error> {
        if !msg_id.is_of_client() {
            return Err(BadMsgCode::IdParity.into());
        }
        if msg_id.unix_s() > now_unix_s + LEAD_MAX_S {
            return Err(BadMsgCode::IdTooHigh.into());
        }
        if self.received.is_forgotten(msg_id) {
            // An id from before the window is the clock's fault, not the memory's.
            let code = if msg_id.unix_s() < now_unix_s - AGE_MAX_S {
                BadMsgCode::IdTooLow
            } else {
                BadMsgCode::TooOld
            };
            return Err(code.into());
        }
        Ok(())
    }

    fn handle_inner(&mut self, inner: Inner, handling: &mut Handling<'_>) -> Result<(), Error> {
        if let Some(state) = self.received.find(inner.msg_id) {
            self.handle_duplicate(&inner, state, handling.now);
            return Ok(());
        }
        let body = if inner.body.starts_with(&id::GZIP_PACKED.to_le_bytes()) {
            self.note_received(&inner, Received::Done, handling);
            let plain = gunzip(&inner.body, GZIP_OUTPUT_LEN_MAX)?;
            if plain.starts_with(&id::MSG_CONTAINER.to_le_bytes()) {
                return Err(PeerMisbehaved::Compressed.into());
            }
            plain
        } else {
            inner.body.clone()
        };
        if body.starts_with(&id::MSG_COPY.to_le_bytes()) {
            self.note_received(&inner, Received::Done, handling);
            let copy = read_copy(&body).ok_or(PeerMisbehaved::Object)?;
            if copy.body.starts_with(&id::MSG_COPY.to_le_bytes()) {
                return Err(PeerMisbehaved::Object.into());
            }
            self.judge_id(copy.msg_id, handling.now.unix_s())?;
            return self.handle_inner(copy, handling);
        }
        match Service::read(&body) {
            Ok(Some(message)) => {
                self.note_received(&inner, Received::Done, handling);
                self.handle_service(inner.msg_id, message, handling)
            }
            Ok(None) => {
                // E23: parity is not judged. Libraries that people use acknowledge with odd numbers,
                // and give a session up when that is refused.
                self.note_received(&inner, Received::Running, handling);
                handling.events.push(SessionEvent::Call {
                    msg_id: inner.msg_id,
                    body,
                });
                Ok(())
            }
            Err(error) => {
                self.note_received(&inner, Received::Done, handling);
                Err(error)
            }
        }
    }

    fn note_received(&mut self, inner: &Inner, state: Received, handling: &mut Handling<'_>) {
        self.received
            .insert(inner.msg_id, state, handling.now.unix_s());
        let lowest = handling.lowest.get_or_insert(inner.msg_id);
        *lowest = inner.msg_id.min(*lowest);
        if inner.seq_no & 1 == 1 {
            self.owe_ack(inner.msg_id, handling.now);
        }
    }

    /// D24: never run anything twice.
    fn handle_duplicate(&mut self, inner: &Inner, state: Received, now: Now) {
        match state {
            Received::Answered => {
                let held = self
                    .unacked
                    .iter()
                    .position(|message| message.body.answers == Some(inner.msg_id));
                match held {
                    Some(at) => self.send_again(at),
                    None => self.owe_ack(inner.msg_id, now),
                }
            }
            Received::Done | Received::Running => {
                if inner.seq_no & 1 == 1 {
                    self.owe_ack(inner.msg_id, now);
                    self.ack_due_ms = Some(now.instant_ms);
                }
            }
        }
    }

    /// Sends a message again, or announces it if it is long (E38).
    fn send_again(&mut self, at: usize) {
        let Some(message) = self.unacked.get(at) else {
            return;
        };
        if message.body.len() > DETAILED_LEN {
            let info = Service::MsgDetailedInfo {
                msg_id: message.body.answers,
                answer_msg_id: message.msg_id,
                bytes: i32::try_from(message.body.len()).unwrap_or(i32::MAX),
            };
            self.reply(&info);
        } else if let Some(message) = self.unacked.remove(at) {
            let origin = origin_of(message.msg_id);
            self.queue.push_back(Queued {
                body: message.body,
                content: true,
                origin,
                number: None,
            });
        }
    }

    /// E37: the same message at once, in a container.
    pub(super) fn send_same_again(&mut self, at: usize, now: Now) {
        let Some(message) = self.unacked.remove(at) else {
            return;
        };
        // D27: clients check the age of what a container holds.
        let fresh = message.msg_id.unix_s() > now.unix_s() - AGE_MAX_S / 2;
        self.queue.push_back(Queued {
            origin: origin_of(message.msg_id),
            number: fresh.then_some((message.msg_id, message.seq_no)),
            body: message.body,
            content: true,
        });
    }

    /// E48: once for the first message, and again for each lower one.
    fn announce(&mut self, lowest: MsgId, secret: &SaltSecret, now: Now) {
        if self.first_msg_id.is_some_and(|first| first <= lowest) {
            return;
        }
        self.first_msg_id = Some(lowest);
        let notice = Service::NewSessionCreated {
            first_msg_id: lowest,
            unique_id: self.unique_id,
            salt: self.salts.current(secret, now.unix_s()),
        };
        let body = Body::object(notice.to_bytes());
        self.held_bytes += body.len();
        self.queue.push_front(Queued {
            body,
            content: true,
            origin: Origin::ServerAnswer,
            number: None,
        });
    }

    /// Does what [`reaction`] says.
    fn react(
        &mut self,
        error: Error,
        msg_id: MsgId,
        seq_no: i32,
        secret: &SaltSecret,
        now: Now,
    ) -> Result<(), Error> {
        match reaction(&error) {
            Reaction::BadMsg(BadMsgCode::Salt) => {
                let new_salt = self.salts.current(secret, now.unix_s());
                self.reply(&Service::BadServerSalt {
                    bad_msg_id: msg_id,
                    bad_msg_seq_no: seq_no,
                    code: BadMsgCode::Salt as i32,
                    new_salt,
                });
            }
            Reaction::BadMsg(code) => self.reply(&Service::BadMsg {
                bad_msg_id: msg_id,
                bad_msg_seq_no: seq_no,
                code: code as i32,
            }),
            Reaction::RpcError => {
                self.faults += 1;
                if self.faults >= FAULTS_MAX {
                    return Err(error);
                }
                let mut writer = tl::Writer::new(tl::Layer::NEWEST);
                writer.u32(id::RPC_ERROR);
                writer.i32(400);
                writer.bytes(FAULT_TEXT.as_bytes());
                self.push_result(msg_id, writer.into_bytes());
            }
            Reaction::Ignore => {}
            Reaction::Close | Reaction::TransportCode(_) => return Err(error),
        }
        // What is only answered may not grow without end either.
        if self.is_full() {
            Err(Misuse::QueueFull.into())
        } else {
            Ok(())
        }
    }

    pub(super) fn owe_ack(&mut self, msg_id: MsgId, now: Now) {
        if self.acks.len() < ACKS_LEN_MAX && !self.acks.contains(&msg_id) {
            self.acks.push(msg_id);
        }
        self.ack_due_ms.get_or_insert(now.instant_ms + ACK_DELAY_MS);
    }

    /// Queues the raw answer to a service message (E3).
    pub(super) fn reply(&mut self, message: &Service) {
        let body = Body::object(message.to_bytes());
        self.push(body, message.is_content_related(), Origin::ServerAnswer);
    }

    /// Answers a call with one object: a result, an `rpc_error`, or either compressed.
    ///
    /// # Errors
    /// [`Misuse::BodyLen`] if that is no object, [`Misuse::QueueFull`] if the client does not read:
    /// end the session.
    pub fn answer(&mut self, msg_id: MsgId, result: Bytes) -> Result<(), Error> {
        check_body(&result)?;
        if self.received.find(msg_id) == Some(Received::Done) {
            // Dropped meanwhile (E39).
            return Ok(());
        }
        self.push_result(msg_id, result);
        self.make_room()
    }

    pub(super) fn push_result(&mut self, msg_id: MsgId, result: Bytes) {
        self.received.update(msg_id, Received::Answered);
        // E10: the result acknowledges the call.
        self.acks.retain(|owed| *owed != msg_id);
        let body = Body {
            answers: Some(msg_id),
            bytes: result,
        };
        self.push(body, true, Origin::ServerAnswer);
    }

    /// Sends an update, one object.
    ///
    /// # Errors
    /// As for [`ServerSession::answer`].
    pub fn send_update(&mut self, update: Bytes) -> Result<(), Error> {
        check_body(&update)?;
        self.push(Body::object(update), true, Origin::ServerPush);
        self.make_room()
    }

    /// Makes sure that the next packet is not long in coming, whatever there is to say: over HTTP
    /// each request has a response (E52). Acknowledgements do not wait then, and without any it is an
    /// empty container.
    pub fn send_something(&mut self, now: Now) {
        if self.has_output(now) {
            return;
        }
        if !self.acks.is_empty() {
            self.ack_due_ms = Some(now.instant_ms);
            return;
        }
        let mut writer = tl::Writer::new(tl::Layer::NEWEST);
        writer.u32(id::MSG_CONTAINER);
        writer.u32(0);
        let body = Body::object(writer.into_bytes());
        self.push(body, false, Origin::ServerAnswer);
    }

    /// Answers [`SessionEvent::DestroySession`].
    pub fn answer_destroy_session(&mut self, session_id: i64, existed: bool) {
        self.reply(&Service::DestroySessionResult {
            session_id,
            existed,
        });
    }

    /// Answers [`SessionEvent::DestroyAuthKey`] with whether the key existed.
    pub fn answer_destroy_auth_key(&mut self, existed: bool) {
        self.reply(&Service::DestroyAuthKeyResult(if existed {
            id::DESTROY_AUTH_KEY_OK
        } else {
            id::DESTROY_AUTH_KEY_NONE
        }));
    }

    fn push(&mut self, body: Body, content: bool, origin: Origin) {
        self.held_bytes += body.len();
        self.queue.push_back(Queued {
            body,
            content,
            origin,
            number: None,
        });
    }

    fn is_full(&self) -> bool {
        self.held_bytes > QUEUE_BYTES_MAX || self.queue.len() + self.unacked.len() > QUEUE_LEN_MAX
    }

    /// H58: the oldest unacknowledged messages give way.
    fn make_room(&mut self) -> Result<(), Error> {
        while self.is_full() {
            let Some(oldest) = self.unacked.pop_front() else {
                return Err(Misuse::QueueFull.into());
            };
            self.held_bytes -= oldest.body.len();
        }
        Ok(())
    }

    /// Removes acknowledged messages.
    pub(super) fn handle_acks(&mut self, msg_ids: &[MsgId]) {
        if self.unacked.is_empty() {
            return;
        }
        let mut sorted = msg_ids.to_vec();
        sorted.sort_unstable();
        let held_bytes = &mut self.held_bytes;
        self.unacked.retain(|message| {
            let acked = sorted.binary_search(&message.msg_id).is_ok();
            if acked {
                *held_bytes -= message.body.len();
            }
            !acked
        });
        if self.unacked.is_empty() {
            self.unacked = VecDeque::new();
            self.resend_due_ms = None;
        }
    }

    /// Drops the held answer to a call; gives its number and length.
    pub(super) fn drop_answer(&mut self, req_msg_id: MsgId) -> Option<(MsgId, i32, usize)> {
        let at = self
            .unacked
            .iter()
            .position(|message| message.body.answers == Some(req_msg_id))?;
        let message = self.unacked.remove(at)?;
        self.held_bytes -= message.body.len();
        Some((message.msg_id, message.seq_no, message.body.len()))
    }

    /// When [`ServerSession::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<u64> {
        [self.ack_due_ms, self.resend_due_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due: afterwards there may be packets.
    pub fn handle_timeout(&mut self, now: Now) {
        if self.resend_due_ms.is_some_and(|due| due <= now.instant_ms) {
            self.resend_due_ms = None;
            let mut at = 0;
            for _ in 0..self.unacked.len() {
                let before = self.unacked.len();
                self.send_again(at);
                if self.unacked.len() == before {
                    at += 1;
                }
            }
        }
    }

    /// Whether [`ServerSession::poll_packet`] has something to give.
    pub fn has_output(&self, now: Now) -> bool {
        !self.queue.is_empty() || self.ack_due_ms.is_some_and(|due| due <= now.instant_ms)
    }

    /// The next packet, to be sealed with the session's key: 24 bytes of room, then plaintext. All
    /// that is queued goes into as few packets as possible, acknowledgements with it.
    pub fn poll_packet(
        &mut self,
        now: Now,
        secret: &SaltSecret,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Vec<u8>> {
        if !self.has_output(now) {
            return None;
        }
        let acks = std::mem::take(&mut self.acks);
        self.ack_due_ms = None;
        let mut messages = Vec::with_capacity(self.queue.len() + 1);
        let mut content = Vec::with_capacity(self.queue.len());
        let mut keeps_number = false;
        if !acks.is_empty() {
            let body = Body::object(Service::MsgsAck { msg_ids: acks }.to_bytes());
            self.held_bytes += body.len();
            messages.push(self.number(body, false, Origin::ServerAnswer, now));
            content.push(false);
        }
        for queued in std::mem::take(&mut self.queue) {
            let message = match queued.number {
                Some((msg_id, seq_no)) => {
                    keeps_number = true;
                    Outgoing {
                        msg_id,
                        seq_no,
                        body: queued.body,
                    }
                }
                None => self.number(queued.body, queued.content, queued.origin, now),
            };
            messages.push(message);
            content.push(queued.content);
        }
        let head = Head {
            salt: self.salts.current(secret, now.unix_s()),
            session_id: self.session_id,
        };
        let (ids, sent_content) = (&mut self.ids, self.sent_content);
        let number_container = || {
            let msg_id = ids.next(now.unix_ns, Origin::ServerAnswer);
            (msg_id, seq_no(sent_content, false))
        };
        let (packet, count) = pack(head, &messages, keeps_number, number_container, rng);
        let rest = messages.split_off(count);
        for (message, content) in messages.into_iter().zip(&content) {
            if *content {
                self.unacked.push_back(message);
            } else {
                self.held_bytes -= message.body.len();
            }
        }
        // What did not fit keeps its number: it was counted already.
        for (message, content) in rest.into_iter().zip(&content[count..]) {
            self.queue.push_back(Queued {
                origin: origin_of(message.msg_id),
                number: Some((message.msg_id, message.seq_no)),
                body: message.body,
                content: *content,
            });
        }
        Some(packet)
    }

    fn number(&mut self, body: Body, content: bool, origin: Origin, now: Now) -> Outgoing {
        let seq_no = seq_no(self.sent_content, content);
        self.sent_content = self.sent_content.wrapping_add(u32::from(content));
        Outgoing {
            msg_id: self.ids.next(now.unix_ns, origin),
            seq_no,
            body,
        }
    }

    /// Bytes of memory beside the value itself.
    pub fn heap_len(&self) -> usize {
        self.received.heap_len()
            + self.held_bytes
            + self.acks.capacity() * size_of::<MsgId>()
            + self.queue.capacity() * size_of::<Queued>()
            + self.unacked.capacity() * size_of::<Outgoing>()
    }
}

/// E20.
pub(super) fn seq_no(content_before: u32, content: bool) -> i32 {
    (content_before << 1 | u32::from(content)).cast_signed()
}

fn origin_of(msg_id: MsgId) -> Origin {
    if msg_id.0 & 3 == 3 {
        Origin::ServerPush
    } else {
        Origin::ServerAnswer
    }
}

/// One object: not empty, whole words, and not longer than a packet may be (B47).
pub(super) fn check_body(body: &[u8]) -> Result<(), Error> {
    const BODY_LEN_MAX: usize = 16 << 20;
    if body.len() < 4 || !body.len().is_multiple_of(4) || body.len() > BODY_LEN_MAX {
        return Err(Misuse::BodyLen.into());
    }
    Ok(())
}
