//! The client's side of a session: calls, their answers, and what has to be sent again.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use rand_core::CryptoRng;
use tl::Reader;

use super::received::{Received, ReceivedIds};
use super::server::{SessionInput, check_body, seq_no};
use crate::crypto::{AuthKey, BindAuthKeyInner, seal_bind};
use crate::error::{BadMsgCode, Error, Misuse};
use crate::message::{
    Body, GZIP_OUTPUT_LEN_MAX, Head, Inner, Outgoing, gunzip, pack, read_container,
};
use crate::service::{Service, id};
use crate::time::{MsgId, MsgIdSource, Now, Origin};

/// How long an acknowledgement waits for something to travel with, milliseconds (E11).
const ACK_DELAY_MS: u64 = 1000;
/// So many acknowledgements do not wait (E11).
const ACKS_MAX: usize = 16;
/// Packets whose content is remembered for errors that name them.
const SENT_PACKETS_MAX: usize = 128;
/// The window of ids of a server, seconds (D19).
const AGE_MAX_S: i64 = 300;
const LEAD_MAX_S: i64 = 30;

/// Names a call towards the program: ids of messages change when a call is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Settings of a session.
#[derive(Clone, Copy, Debug)]
pub struct ClientSessionConfig {
    /// The most calls that wait for their answers.
    pub calls_max: usize,
}

impl Default for ClientSessionConfig {
    fn default() -> Self {
        Self { calls_max: 10_000 }
    }
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RpcFailure {
    /// The server cannot tell whether it ran the call (code 20): repeat it only if that is harmless.
    Lost,
    /// The server refused the message itself, with a code of E.5.
    Rejected(i32),
    /// `rpc_error`
    Rpc {
        /// Like an HTTP status.
        code: i32,
        /// Its name, with parameters.
        message: String,
    },
    /// The answer cannot be read.
    Unreadable,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// A call is over. Each comes once.
    Answer {
        /// The call.
        request: RequestId,
        /// One object, decompressed.
        result: Result<Bytes, RpcFailure>,
    },
    /// The server destroyed the key, or says that there is none.
    KeyDestroyed(bool),
    /// The server began a new session: updates may have been missed (E48).
    NewSession,
    /// The answer to a ping.
    Pong {
        /// Its number.
        ping_id: i64,
    },
    /// One object that answers nothing.
    Update(Bytes),
}

struct Pending {
    request: RequestId,
    body: Bytes,
    seq_no: i32,
    /// The server has it: it need not be sent again unless the session is lost.
    acked: bool,
    /// Its body names its id: under another one it means nothing (C54).
    fixed: bool,
}

enum Queued {
    Call(RequestId, Bytes),
    /// A call whose id is fixed already.
    Numbered(MsgId, RequestId, Bytes),
    Service(Service),
    /// A call that arrived nowhere yet, or not for sure: the same id, in a container (D43).
    Again(MsgId),
}

/// What went out together.
struct SentPacket {
    msg_id: MsgId,
    messages: Vec<MsgId>,
    services: Vec<Service>,
    acks: Vec<MsgId>,
}

/// A session of a client.
pub struct ClientSession {
    config: ClientSessionConfig,
    session_id: i64,
    salt: i64,
    /// Server's clock minus ours, nanoseconds.
    time_offset_ns: i64,
    ids: MsgIdSource,
    sent_content: u32,
    received: ReceivedIds,
    /// Of the server's session (E48).
    unique_id: Option<i64>,
    next_request: u64,
    calls: BTreeMap<MsgId, Pending>,
    queue: VecDeque<Queued>,
    sent: VecDeque<SentPacket>,
    acks: Vec<MsgId>,
    ack_due_ms: Option<u64>,
    pub(crate) events: VecDeque<ClientEvent>,
}

impl ClientSession {
    /// A new session. `salt` is the last one known, 0 at worst (D31); `time_offset_ns` what the
    /// server's clock is ahead.
    pub fn new(
        config: ClientSessionConfig,
        salt: i64,
        time_offset_ns: i64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Self {
        let mut session_id = 0;
        while session_id == 0 {
            session_id = rng.next_u64().cast_signed();
        }
        Self {
            config,
            session_id,
            salt,
            time_offset_ns,
            ids: MsgIdSource::default(),
            sent_content: 0,
            received: ReceivedIds::default(),
            unique_id: None,
            next_request: 0,
            calls: BTreeMap::new(),
            queue: VecDeque::new(),
            sent: VecDeque::new(),
            acks: Vec::new(),
            ack_due_ms: None,
            events: VecDeque::new(),
        }
    }

    /// The id it chose.
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// The salt to store for the next start.
    pub fn salt(&self) -> i64 {
        self.salt
    }

    /// What the server's clock is ahead, nanoseconds.
    pub fn time_offset_ns(&self) -> i64 {
        self.time_offset_ns
    }

    /// A new key was made: its first salt, and the clock of the server that made it.
    pub(crate) fn begin(&mut self, salt: i64, now: Now, server_ns: i64) {
        self.salt = salt;
        self.time_offset_ns = server_ns.saturating_sub(now.unix_ns);
        self.ids.correct(server_ns);
    }

    /// How many calls wait for their answers.
    pub fn calls_len(&self) -> usize {
        let queued = |queued: &&Queued| matches!(queued, Queued::Call(..) | Queued::Numbered(..));
        self.calls.len() + self.queue.iter().filter(queued).count()
    }

    /// Calls a function: `body` is one object.
    ///
    /// # Errors
    /// [`Misuse::BodyLen`] or [`Misuse::QueueFull`].
    pub fn call(&mut self, body: Bytes) -> Result<RequestId, Error> {
        check_body(&body)?;
        if self.calls.len() + self.queue.len() >= self.config.calls_max {
            return Err(Misuse::QueueFull.into());
        }
        let request = self.new_request();
        self.queue.push_back(Queued::Call(request, body));
        Ok(request)
    }

    fn new_request(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    /// Binds the temporary key of this session to a permanent one (C54); the answer is a `Bool`.
    pub fn bind_temp_key(
        &mut self,
        perm_key: &AuthKey,
        temp_key: &AuthKey,
        expires_at: i32,
        now: Now,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> RequestId {
        let msg_id = self.ids.next(self.server_ns(now), Origin::Client);
        let inner = BindAuthKeyInner {
            nonce: rng.next_u64().cast_signed(),
            temp_auth_key_id: temp_key.id(),
            perm_auth_key_id: perm_key.id(),
            temp_session_id: self.session_id,
            expires_at,
        };
        let message = seal_bind(perm_key, &inner, msg_id.0, rng);
        let mut writer = tl::Writer::new(tl::Layer::NEWEST);
        writer.u32(id::AUTH_BIND_TEMP_AUTH_KEY);
        writer.i64(perm_key.id().0);
        writer.i64(inner.nonce);
        writer.i32(expires_at);
        writer.bytes(&message);
        let request = self.new_request();
        let numbered = Queued::Numbered(msg_id, request, writer.into_bytes());
        self.queue.push_back(numbered);
        request
    }

    /// Forgets a call: its answer is not reported, and the server is told (E39).
    pub fn cancel(&mut self, request: RequestId) {
        self.queue
            .retain(|queued| !matches!(queued, Queued::Call(other, _) if *other == request));
        let sent = self.calls.iter().find(|(_, call)| call.request == request);
        if let Some(req_msg_id) = sent.map(|(msg_id, _)| *msg_id) {
            self.calls.remove(&req_msg_id);
            self.send(Service::RpcDropAnswer { req_msg_id });
        }
    }

    /// Pings the server; with a delay it may close the connection if nothing else comes for so long.
    pub fn ping(&mut self, ping_id: i64, disconnect_delay_s: Option<i32>) {
        self.send(Service::Ping {
            ping_id,
            disconnect_delay_s,
        });
    }

    /// Queues any service message.
    pub fn send(&mut self, message: Service) {
        self.queue.push_back(Queued::Service(message));
    }

    /// Another connection carries the session now: what the server has not acknowledged goes again.
    pub fn attach(&mut self) {
        self.sent.clear();
        self.queue
            .retain(|queued| !matches!(queued, Queued::Again(_)));
        let again: Vec<MsgId> = self
            .calls
            .iter()
            .filter(|(_, call)| !call.acked)
            .map(|(msg_id, _)| *msg_id)
            .collect();
        for msg_id in again.into_iter().rev() {
            self.queue.push_front(Queued::Again(msg_id));
        }
    }

    fn server_ns(&self, now: Now) -> i64 {
        now.unix_ns.saturating_add(self.time_offset_ns)
    }

    fn server_s(&self, now: Now) -> i64 {
        self.server_ns(now).div_euclid(1_000_000_000)
    }

    /// Takes an opened message of this session (D16–D19, D22).
    ///
    /// What breaks the rules is dropped: nothing a server sends may end more than the connection.
    pub fn handle_message(&mut self, now: Now, input: SessionInput) {
        let inner = Inner {
            msg_id: input.msg_id,
            seq_no: input.seq_no,
            body: input.body,
        };
        let Ok(messages) = unpack(inner.clone()) else {
            return;
        };
        let now_s = self.server_s(now);
        let in_window = (now_s - AGE_MAX_S..=now_s + LEAD_MAX_S).contains(&inner.msg_id.unix_s());
        if !in_window {
            if !messages.iter().any(|message| self.answers_ours(message)) {
                return;
            }
            self.set_clock(now, inner.msg_id);
        }
        let now_s = self.server_s(now);
        if !inner.msg_id.is_of_server() || self.is_known(&inner, now) {
            return;
        }
        self.received.insert(inner.msg_id, Received::Done, now_s);
        let is_container = messages.first().is_none_or(|first| *first != inner);
        for message in messages {
            if is_container {
                if !message.msg_id.is_of_server() || self.is_known(&message, now) {
                    continue;
                }
                self.received.insert(message.msg_id, Received::Done, now_s);
            }
            if message.seq_no & 1 == 1 {
                self.owe_ack(message.msg_id, now);
            }
            self.handle_inner(now, message);
        }
    }

    /// D17: what was received before is acknowledged again and has no second effect.
    fn is_known(&mut self, message: &Inner, now: Now) -> bool {
        let known = self.received.find(message.msg_id).is_some();
        if known && message.seq_no & 1 == 1 {
            self.owe_ack(message.msg_id, now);
        }
        known || self.received.is_forgotten(message.msg_id)
    }

    /// D23: what answers a message sent lately carries the right time in its id, whatever our clock
    /// says.
    fn answers_ours(&self, message: &Inner) -> bool {
        match Service::read(&message.body) {
            Ok(Some(
                Service::BadMsg { bad_msg_id, .. } | Service::BadServerSalt { bad_msg_id, .. },
            )) => self.names_ours(bad_msg_id),
            Ok(Some(Service::Pong { msg_id, .. })) => self.names_ours(msg_id),
            Ok(Some(Service::RpcResult { req_msg_id, .. })) => self.calls.contains_key(&req_msg_id),
            Ok(_) | Err(_) => false,
        }
    }

    fn set_clock(&mut self, now: Now, msg_id: MsgId) {
        let server_ns = msg_id.unix_ns();
        self.time_offset_ns = server_ns.saturating_sub(now.unix_ns);
        self.ids.correct(server_ns);
    }

    fn names_ours(&self, msg_id: MsgId) -> bool {
        self.calls.contains_key(&msg_id)
            || self
                .sent
                .iter()
                .any(|sent| sent.msg_id == msg_id || sent.messages.contains(&msg_id))
    }

    fn handle_inner(&mut self, now: Now, message: Inner) {
        match Service::read(&message.body) {
            Ok(Some(service)) => self.handle_service(now, message.msg_id, service),
            Ok(None) => {
                let object = if message.body.starts_with(&id::GZIP_PACKED.to_le_bytes()) {
                    gunzip(&message.body, GZIP_OUTPUT_LEN_MAX).ok()
                } else {
                    Some(message.body)
                };
                self.events.extend(object.map(ClientEvent::Update));
            }
            Err(_) => {}
        }
    }

    fn handle_service(&mut self, now: Now, msg_id: MsgId, service: Service) {
        match service {
            Service::BadMsg {
                bad_msg_id, code, ..
            } => self.handle_bad_msg(now, msg_id, bad_msg_id, code),
            Service::BadServerSalt {
                bad_msg_id,
                new_salt,
                ..
            } => {
                if self.names_ours(bad_msg_id) {
                    self.salt = new_salt;
                    self.send_anew(bad_msg_id);
                }
            }
            Service::DestroyAuthKeyResult(constructor) => {
                let existed = constructor == id::DESTROY_AUTH_KEY_OK;
                self.events.push_back(ClientEvent::KeyDestroyed(existed));
            }
            Service::MsgDetailedInfo {
                msg_id: request,
                answer_msg_id,
                ..
            } => {
                let wanted = request.is_none_or(|request| self.calls.contains_key(&request));
                if wanted && self.received.find(answer_msg_id).is_none() {
                    self.send(Service::MsgResendReq {
                        msg_ids: vec![answer_msg_id],
                        answers: false,
                    });
                } else {
                    self.owe_ack(answer_msg_id, now);
                }
            }
            Service::MsgResendReq { msg_ids, .. } => {
                for msg_id in msg_ids {
                    if self.calls.contains_key(&msg_id) {
                        self.queue.push_back(Queued::Again(msg_id));
                    }
                }
            }
            // Without its notice nobody knows which session of the server this is.
            Service::MsgsAck { msg_ids } if self.unique_id.is_some() => {
                for msg_id in msg_ids {
                    if let Some(call) = self.calls.get_mut(&msg_id) {
                        call.acked = true;
                    }
                }
            }
            Service::NewSessionCreated {
                first_msg_id,
                unique_id,
                salt,
            } => {
                self.salt = salt;
                // What a session that is gone had acknowledged will not be answered any more.
                let before = self.unique_id.replace(unique_id);
                let replaced = before.is_some_and(|before| before != unique_id);
                let lost: Vec<MsgId> = self
                    .calls
                    .iter()
                    .filter(|(msg_id, call)| **msg_id < first_msg_id || (replaced && call.acked))
                    .map(|(msg_id, _)| *msg_id)
                    .collect();
                // Under the same ids: a copy that is still on its way is then a duplicate.
                self.queue.extend(lost.into_iter().map(Queued::Again));
                self.events.push_back(ClientEvent::NewSession);
            }
            Service::Ping { ping_id, .. } => self.send(Service::Pong { msg_id, ping_id }),
            Service::Pong { ping_id, .. } => {
                self.events.push_back(ClientEvent::Pong { ping_id });
            }
            Service::RpcResult { req_msg_id, result } => {
                if let Some(call) = self.calls.remove(&req_msg_id) {
                    self.events.push_back(ClientEvent::Answer {
                        request: call.request,
                        result: read_result(result),
                    });
                }
            }
            Service::MsgsStateReq { msg_ids } => {
                let state = |msg_id: &MsgId| {
                    if self.received.find(*msg_id).is_some() {
                        4
                    } else {
                        1
                    }
                };
                let info: Vec<u8> = msg_ids.iter().map(state).collect();
                self.send(Service::MsgsStateInfo {
                    req_msg_id: msg_id,
                    info: info.into(),
                });
            }
            Service::DestroyAuthKey
            | Service::DestroySession { .. }
            | Service::DestroySessionResult { .. }
            | Service::FutureSalts { .. }
            | Service::GetFutureSalts { .. }
            | Service::HttpWait { .. }
            | Service::MsgsAck { .. }
            | Service::MsgsAllInfo { .. }
            | Service::MsgsStateInfo { .. }
            | Service::RpcDropAnswer { .. } => {}
        }
    }

    /// E.5, what clients do.
    fn handle_bad_msg(&mut self, now: Now, msg_id: MsgId, bad_msg_id: MsgId, code: i32) {
        if !self.names_ours(bad_msg_id) {
            return;
        }
        match BadMsgCode::from_i32(code) {
            Some(BadMsgCode::IdTooLow | BadMsgCode::IdTooHigh) => {
                self.set_clock(now, msg_id);
                self.send_anew(bad_msg_id);
            }
            Some(BadMsgCode::SeqNoTooLow) => {
                self.sent_content = self.sent_content.wrapping_add(64);
                self.send_anew(bad_msg_id);
            }
            Some(BadMsgCode::SeqNoTooHigh) => {
                self.sent_content = self.sent_content.saturating_sub(16);
                self.send_anew(bad_msg_id);
            }
            Some(BadMsgCode::TooOld) => self.fail(bad_msg_id, &RpcFailure::Lost),
            Some(
                BadMsgCode::IdParity
                | BadMsgCode::ContainerId
                | BadMsgCode::SeqNoOdd
                | BadMsgCode::SeqNoEven
                | BadMsgCode::Salt
                | BadMsgCode::Container,
            )
            | None => self.fail(bad_msg_id, &RpcFailure::Rejected(code)),
        }
    }

    /// The calls that a rejected message carried (E33). What else was in it is queued again.
    fn take_sent(&mut self, msg_id: MsgId) -> Vec<MsgId> {
        let Some(at) = self.sent.iter().position(|sent| sent.msg_id == msg_id) else {
            return vec![msg_id];
        };
        let sent = self.sent.remove(at);
        sent.map_or_else(Vec::new, |sent| {
            self.acks.extend(sent.acks);
            self.queue
                .extend(sent.services.into_iter().map(Queued::Service));
            sent.messages
        })
    }

    /// The message took no effect: everything in it goes again, under new ids.
    fn send_anew(&mut self, bad_msg_id: MsgId) {
        for msg_id in self.take_sent(bad_msg_id) {
            self.requeue(msg_id);
        }
        if !self.acks.is_empty() {
            self.ack_due_ms = Some(0);
        }
    }

    fn requeue(&mut self, msg_id: MsgId) {
        let Some(call) = self.calls.remove(&msg_id) else {
            return;
        };
        if call.fixed {
            self.events.push_back(ClientEvent::Answer {
                request: call.request,
                result: Err(RpcFailure::Rejected(BadMsgCode::IdTooLow as i32)),
            });
        } else {
            self.queue.push_back(Queued::Call(call.request, call.body));
        }
    }

    fn fail(&mut self, bad_msg_id: MsgId, failure: &RpcFailure) {
        for msg_id in self.take_sent(bad_msg_id) {
            if let Some(call) = self.calls.remove(&msg_id) {
                self.events.push_back(ClientEvent::Answer {
                    request: call.request,
                    result: Err(failure.clone()),
                });
            }
        }
    }

    fn owe_ack(&mut self, msg_id: MsgId, now: Now) {
        if !self.acks.contains(&msg_id) {
            self.acks.push(msg_id);
        }
        let due = now.instant_ms
            + if self.acks.len() < ACKS_MAX {
                ACK_DELAY_MS
            } else {
                0
            };
        self.ack_due_ms = Some(self.ack_due_ms.map_or(due, |earlier| earlier.min(due)));
    }

    /// When [`ClientSession::poll_packet`] will have acknowledgements to give.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.ack_due_ms
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// The next packet, to be sealed: 24 bytes of room, then plaintext.
    pub fn poll_packet(
        &mut self,
        now: Now,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Vec<u8>> {
        if let Some(packet) = self.poll_binding(now, rng) {
            return Some(packet);
        }
        let acks_due = self.ack_due_ms.is_some_and(|due| due <= now.instant_ms);
        if self.queue.is_empty() && !acks_due {
            return None;
        }
        let server_ns = self.server_ns(now);
        let mut messages = Vec::with_capacity(self.queue.len() + 1);
        let mut sent = SentPacket {
            msg_id: MsgId(0),
            messages: Vec::new(),
            services: Vec::new(),
            acks: std::mem::take(&mut self.acks),
        };
        self.ack_due_ms = None;
        if !sent.acks.is_empty() {
            let ack = Service::MsgsAck {
                msg_ids: sent.acks.clone(),
            };
            messages.push(self.number(&ack, server_ns));
        }
        let mut keeps_number = false;
        let mut bytes = 0;
        while bytes < 1 << 15
            && messages.len() < 1000
            && let Some(queued) = self.queue.pop_front()
        {
            let message = match queued {
                Queued::Call(request, body) => {
                    let msg_id = self.ids.next(server_ns, Origin::Client);
                    self.start_call(msg_id, request, body, false)
                }
                Queued::Numbered(msg_id, request, body) => {
                    self.start_call(msg_id, request, body, true)
                }
                Queued::Service(service) => {
                    let message = self.number(&service, server_ns);
                    sent.services.push(service);
                    message
                }
                Queued::Again(msg_id) => {
                    let Some(call) = self.calls.get(&msg_id) else {
                        continue;
                    };
                    keeps_number = true;
                    Outgoing {
                        msg_id,
                        seq_no: call.seq_no,
                        body: Body::object(call.body.clone()),
                    }
                }
            };
            bytes += message.body.len();
            sent.messages.push(message.msg_id);
            messages.push(message);
        }
        if messages.is_empty() {
            return None;
        }
        Some(self.pack_all(&messages, sent, keeps_number, server_ns, rng))
    }

    /// A binding goes alone: only then is it taken whatever the salt (C55).
    fn poll_binding(&mut self, now: Now, rng: &mut (impl CryptoRng + ?Sized)) -> Option<Vec<u8>> {
        let is_binding = |queued: &Queued| matches!(queued, Queued::Numbered(..));
        let at = self.queue.iter().position(is_binding)?;
        let Some(Queued::Numbered(msg_id, request, body)) = self.queue.remove(at) else {
            return None;
        };
        let message = self.start_call(msg_id, request, body, true);
        let sent = SentPacket {
            msg_id,
            messages: vec![msg_id],
            services: Vec::new(),
            acks: Vec::new(),
        };
        let server_ns = self.server_ns(now);
        Some(self.pack_all(&[message], sent, false, server_ns, rng))
    }

    /// One packet for `messages`; what does not fit is queued again with its number.
    fn pack_all(
        &mut self,
        messages: &[Outgoing],
        mut sent: SentPacket,
        keeps_number: bool,
        server_ns: i64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Vec<u8> {
        let head = Head {
            salt: self.salt,
            session_id: self.session_id,
        };
        let (ids, sent_content) = (&mut self.ids, self.sent_content);
        let mut container_id = None;
        let number_container = || {
            let msg_id = ids.next(server_ns, Origin::Client);
            container_id = Some(msg_id);
            (msg_id, seq_no(sent_content, false))
        };
        let (packet, count) = pack(head, messages, keeps_number, number_container, rng);
        let (now, later) = messages.split_at(count);
        for message in later.iter().rev() {
            sent.messages.retain(|other| *other != message.msg_id);
            let again = if self.calls.contains_key(&message.msg_id) {
                Some(Queued::Again(message.msg_id))
            } else {
                sent.services.pop().map(Queued::Service)
            };
            if let Some(again) = again {
                self.queue.push_front(again);
            }
        }
        sent.msg_id = container_id
            .or_else(|| now.first().map(|message| message.msg_id))
            .unwrap_or_default();
        if self.sent.len() >= SENT_PACKETS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
        packet
    }

    fn start_call(
        &mut self,
        msg_id: MsgId,
        request: RequestId,
        body: Bytes,
        fixed: bool,
    ) -> Outgoing {
        let seq_no = seq_no(self.sent_content, true);
        self.sent_content = self.sent_content.wrapping_add(1);
        let pending = Pending {
            request,
            body: body.clone(),
            seq_no,
            acked: false,
            fixed,
        };
        self.calls.insert(msg_id, pending);
        Outgoing {
            msg_id,
            seq_no,
            body: Body::object(body),
        }
    }

    fn number(&mut self, service: &Service, server_ns: i64) -> Outgoing {
        let content = service.is_content_related();
        let seq_no = seq_no(self.sent_content, content);
        self.sent_content = self.sent_content.wrapping_add(u32::from(content));
        Outgoing {
            msg_id: self.ids.next(server_ns, Origin::Client),
            seq_no,
            body: Body::object(service.to_bytes()),
        }
    }
}

/// The messages of a container, or the message itself.
fn unpack(message: Inner) -> Result<Vec<Inner>, Error> {
    if message.body.starts_with(&id::MSG_CONTAINER.to_le_bytes()) {
        return read_container(&message.body);
    }
    Ok(vec![message])
}

fn read_result(result: Bytes) -> Result<Bytes, RpcFailure> {
    let result = if result.starts_with(&id::GZIP_PACKED.to_le_bytes()) {
        gunzip(&result, GZIP_OUTPUT_LEN_MAX).map_err(|_| RpcFailure::Unreadable)?
    } else {
        result
    };
    if !result.starts_with(&id::RPC_ERROR.to_le_bytes()) {
        return Ok(result);
    }
    let mut reader = Reader::new(&result);
    let mut read = || {
        reader.u32()?;
        Ok::<_, tl::DecodeError>((reader.i32()?, reader.bytes()?))
    };
    let (code, message) = read().map_err(|_| RpcFailure::Unreadable)?;
    Err(RpcFailure::Rpc {
        code,
        message: String::from_utf8_lossy(&message).into_owned(),
    })
}
