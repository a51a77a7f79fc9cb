//! A server, a client and the network between them. One clock, one seed; nothing sleeps.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use mtproto_core::connection::{
    ClientConnection, ClientConnectionConfig, CloseReason, ConnectionEvent, ServerConnection,
    ServerConnectionConfig, ServerEvent, ServerKey,
};
use mtproto_core::crypto::{
    AuthKey, AuthKeyId, FullAuthKey, LegacyPadding, QuickAckToken, RsaPrivateKey,
};
use mtproto_core::error::Error;
use mtproto_core::handshake::{
    ClientHandshakeConfig, Finished, HandshakeKey, InnerKind, KeyVerdict, Padding,
    ServerHandshakeConfig, ServerHandshakes, ServerOutcome,
};
use mtproto_core::session::{
    ClientEvent, ClientSession, ClientSessionConfig, RequestId, RpcFailure, SaltSecret,
    ServerSession, SessionEvent,
};
use mtproto_core::time::{MsgId, Now};
use mtproto_core::transport::{
    ClientTransportConfig, FrameKind, HelloMemory, ServerTransport, ServerTransportConfig,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Simulated time begins here, Unix seconds.
pub(crate) const START_S: i64 = 1_700_000_000;
/// The function that clients call: this id, the number of the call, anything.
pub(crate) const CALL_ID: u32 = 0x1111_1111;
/// Its result: this id and the number.
pub(crate) const RESULT_ID: u32 = 0x2222_2222;
/// Updates: this id and a number.
pub(crate) const UPDATE_ID: u32 = 0x3333_3333;

type SessionName = (AuthKeyId, i64);

/// A number from the environment, to run more or to run one seed again.
pub(crate) fn env_number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// How the network treats chunks.
#[derive(Clone, Copy)]
pub(crate) struct Network {
    pub(crate) delay_max_ms: u64,
    /// Chunks are at most so long.
    pub(crate) chunk_len_max: usize,
}

/// Chunks on their way, with the time when they arrive.
type Pipe = VecDeque<(u64, Vec<u8>)>;

struct Link {
    to_server: Pipe,
    to_client: Pipe,
    server: ServerConnection,
    /// The client uses another link, or none; `true` until what it sent has arrived.
    draining: bool,
    /// The server closed it; the client learns that behind the last byte.
    ended: bool,
}

/// A call that the server will answer.
struct Running {
    due_ms: u64,
    session: SessionName,
    msg_id: MsgId,
    answer: Bytes,
}

pub(crate) struct World {
    pub(crate) rng: ChaCha12Rng,
    pub(crate) now_ms: u64,
    pub(crate) network: Network,
    pub(crate) config: ServerConnectionConfig,
    pub(crate) client_config: ClientConnectionConfig,
    pub(crate) handshakes: ServerHandshakes,
    pub(crate) keys: HashMap<AuthKeyId, Arc<ServerKey>>,
    hellos: HelloMemory,
    pub(crate) parked: HashMap<SessionName, Box<ServerSession>>,
    known_sessions: BTreeSet<SessionName>,
    links: Vec<Link>,
    pub(crate) client: Option<ClientConnection>,
    pub(crate) client_key: Option<AuthKey>,
    idle_session: Option<Box<ClientSession>>,
    /// The client's clock minus the server's, nanoseconds.
    pub(crate) client_skew_ns: i64,
    /// How long the server takes for a call at most, milliseconds.
    pub(crate) think_max_ms: u64,
    running: Vec<Running>,
    next_call: u64,
    /// Calls by number, with what came back.
    pub(crate) results: BTreeMap<u64, Vec<Result<Bytes, RpcFailure>>>,
    requests: HashMap<RequestId, u64>,
    /// Numbers of the calls the server ran, as often as it ran them.
    pub(crate) executed: Vec<u64>,
    pub(crate) updates: BTreeSet<u32>,
    pub(crate) finished: Option<Finished>,
    pub(crate) client_closed: Vec<CloseReason>,
    pub(crate) server_closed: Vec<CloseReason>,
    pub(crate) pongs: Vec<i64>,
    pub(crate) new_sessions: usize,
    pub(crate) quick_acks: Vec<QuickAckToken>,
    pub(crate) server_events: Vec<SessionEvent>,
    pub(crate) key_destroyed: Option<bool>,
}

/// The key pair of all tests.
pub(crate) fn handshake_key() -> Arc<HandshakeKey> {
    static KEY: OnceLock<Arc<HandshakeKey>> = OnceLock::new();
    Arc::clone(KEY.get_or_init(|| {
        let pem = include_str!("../data/rsa_key.pem");
        Arc::new(HandshakeKey {
            key: RsaPrivateKey::from_pem(pem).unwrap(),
            legacy: LegacyPadding::Accepted,
        })
    }))
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let key = handshake_key();
        let mut salt_secret = [0; 32];
        rng.fill_bytes(&mut salt_secret);
        let session = ClientSession::new(ClientSessionConfig::default(), 0, 0, &mut rng);
        Self {
            now_ms: 1_000,
            network: Network {
                delay_max_ms: 0,
                chunk_len_max: usize::MAX,
            },
            config: ServerConnectionConfig {
                transport: ServerTransportConfig::default(),
                salt_secret: SaltSecret::new(salt_secret),
            },
            client_config: ClientConnectionConfig {
                transport: ClientTransportConfig::plain(FrameKind::Intermediate),
                handshake: ClientHandshakeConfig {
                    keys: vec![key.key.public().clone()].into(),
                    kind: InnerKind::Dc(2),
                    padding: Padding::RsaPad,
                },
                ping_interval_ms: 60_000,
                pong_wait_ms: 30_000,
                quick_acks: false,
            },
            handshakes: ServerHandshakes::new(ServerHandshakeConfig::new(vec![key])),
            keys: HashMap::new(),
            hellos: HelloMemory::default(),
            parked: HashMap::new(),
            known_sessions: BTreeSet::new(),
            links: Vec::new(),
            client: None,
            client_key: None,
            idle_session: Some(Box::new(session)),
            client_skew_ns: 0,
            think_max_ms: 0,
            running: Vec::new(),
            next_call: 0,
            results: BTreeMap::new(),
            requests: HashMap::new(),
            executed: Vec::new(),
            updates: BTreeSet::new(),
            finished: None,
            client_closed: Vec::new(),
            server_closed: Vec::new(),
            pongs: Vec::new(),
            new_sessions: 0,
            quick_acks: Vec::new(),
            server_events: Vec::new(),
            key_destroyed: None,
            rng,
        }
    }

    /// A world whose peers share a key already.
    pub(crate) fn with_key(seed: u64) -> Self {
        let mut world = Self::new(seed);
        let mut bytes = [0; 256];
        world.rng.fill_bytes(&mut bytes);
        let key = FullAuthKey::new(bytes).message_key();
        world.add_key(key.clone(), None);
        world.client_key = Some(key);
        world
    }

    pub(crate) fn add_key(&mut self, auth_key: AuthKey, expires_at_s: Option<i64>) {
        let id = auth_key.id();
        let key = ServerKey {
            auth_key,
            expires_at_s,
            first_salt: None,
        };
        self.keys.insert(id, Arc::new(key));
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            instant_ms: self.now_ms,
            unix_ns: START_S * 1_000_000_000 + i64::try_from(self.now_ms).unwrap() * 1_000_000,
        }
    }

    pub(crate) fn client_now(&self) -> Now {
        let now = self.now();
        Now {
            unix_ns: now.unix_ns + self.client_skew_ns,
            ..now
        }
    }

    pub(crate) fn random(&mut self, below: u64) -> u64 {
        self.rng.next_u64() % below.max(1)
    }

    /// Opens a new connection; the old one, if any, is left to its fate.
    pub(crate) fn connect(&mut self) {
        self.disconnect();
        let session = self.idle_session.take().expect("a session");
        let now = self.client_now();
        let client = ClientConnection::new(
            self.client_config.clone(),
            self.client_key.clone(),
            session,
            now,
            &mut self.rng,
        );
        self.client = Some(client);
        let server = ServerConnection::new(ServerTransport::new(), self.now());
        self.links.push(Link {
            to_server: Pipe::new(),
            to_client: Pipe::new(),
            server,
            draining: false,
            ended: false,
        });
        self.pump();
    }

    /// The client leaves; what it sent before may still arrive, up to a random byte.
    pub(crate) fn disconnect(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        self.idle_session = Some(client.into_session());
        let cut = self.rng.next_u32();
        let link = self.links.last_mut().expect("a link");
        link.draining = true;
        link.to_client.clear();
        if cut.is_multiple_of(2) {
            let kept = cut as usize / 2 % (link.to_server.len() + 1);
            link.to_server.truncate(kept);
            if let Some((_, last)) = link.to_server.back_mut() {
                last.truncate(cut as usize / 16 % last.len().max(1));
            }
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    pub(crate) fn session(&mut self) -> &mut ClientSession {
        match &mut self.client {
            Some(client) => client.session(),
            None => self.idle_session.as_mut().expect("a session"),
        }
    }

    /// Calls the function with `extra` bytes more; gives the number of the call.
    pub(crate) fn call(&mut self, extra: usize) -> u64 {
        let number = self.next_call;
        self.next_call += 1;
        let mut body = CALL_ID.to_le_bytes().to_vec();
        body.extend_from_slice(&number.to_le_bytes());
        body.resize(12 + extra / 4 * 4, 7);
        let body = if extra > 2000 {
            mtproto_core::message::gzip(&body).unwrap()
        } else {
            body.into()
        };
        let request = self.session().call(body).unwrap();
        self.requests.insert(request, number);
        self.results.insert(number, Vec::new());
        self.pump();
        number
    }

    pub(crate) fn push_update(&mut self, number: u32) {
        let mut body = UPDATE_ID.to_le_bytes().to_vec();
        body.extend_from_slice(&number.to_le_bytes());
        let names = self.session_names();
        if let Some(name) = names.first() {
            self.server_session(*name)
                .unwrap()
                .send_update(body.into())
                .unwrap();
        }
        self.pump();
    }

    pub(crate) fn session_names(&self) -> Vec<SessionName> {
        let mut names: Vec<SessionName> = self.known_sessions.iter().copied().collect();
        names.sort_unstable();
        names
    }

    /// A session, wherever it is.
    pub(crate) fn server_session(&mut self, name: SessionName) -> Option<&mut ServerSession> {
        for link in &mut self.links {
            if link.server.session(name.0, name.1).is_some() {
                return link.server.session(name.0, name.1);
            }
        }
        self.parked.get_mut(&name).map(|session| &mut **session)
    }

    /// The server forgets all sessions, as a restart would make it.
    pub(crate) fn forget_sessions(&mut self) {
        self.disconnect();
        self.links.clear();
        // A restart takes time: ids of the old process and the new one differ.
        self.now_ms += 50;
        self.parked.clear();
        self.running.clear();
        self.known_sessions.clear();
    }

    /// Bytes of all sessions and connections of the server.
    pub(crate) fn server_heap_len(&self) -> usize {
        self.links.iter().map(|link| link.server.heap_len()).sum()
    }

    pub(crate) fn last_server(&mut self) -> &mut ServerConnection {
        &mut self.links.last_mut().expect("a link").server
    }

    /// Puts bytes on the newest link as if the client had sent them.
    pub(crate) fn inject(&mut self, bytes: &[u8]) {
        let due = self.now_ms;
        let link = self.links.last_mut().expect("a link");
        link.to_server.push_back((due, bytes.to_vec()));
        self.pump();
    }

    /// A connection that speaks to the server without any client.
    pub(crate) fn connect_raw(&mut self) {
        self.disconnect();
        let server = ServerConnection::new(ServerTransport::new(), self.now());
        self.links.push(Link {
            to_server: Pipe::new(),
            to_client: Pipe::new(),
            server,
            draining: false,
            ended: false,
        });
    }

    /// What the server sent on the newest link and nobody read.
    pub(crate) fn received_raw(&mut self) -> Vec<u8> {
        let link = self.links.last_mut().expect("a link");
        link.to_client
            .drain(..)
            .flat_map(|(_, bytes)| bytes)
            .collect()
    }

    /// Lets time pass, from one event to the next.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        self.pump();
        while let Some(next) = self.next_event().filter(|next| *next <= end) {
            self.now_ms = next.max(self.now_ms + 1).min(end.max(self.now_ms));
            self.handle_timeouts();
            self.pump();
            if self.now_ms >= end {
                break;
            }
        }
        self.now_ms = end;
        self.handle_timeouts();
        self.pump();
    }

    fn next_event(&self) -> Option<u64> {
        let links = self.links.iter().flat_map(|link| {
            let front = |pipe: &Pipe| pipe.front().map(|(due, _)| *due);
            [
                front(&link.to_server),
                front(&link.to_client),
                link.server.poll_timeout(),
            ]
        });
        let client = self
            .client
            .as_ref()
            .and_then(ClientConnection::poll_timeout);
        let running = self.running.iter().map(|running| Some(running.due_ms));
        links.chain([client]).chain(running).flatten().min()
    }

    fn handle_timeouts(&mut self) {
        let (now, client_now) = (self.now(), self.client_now());
        for link in &mut self.links {
            link.server.handle_timeout(now);
        }
        if let Some(client) = &mut self.client {
            client.handle_timeout(client_now);
        }
        let due: Vec<Running> = self
            .running
            .extract_if(.., |running| running.due_ms <= now.instant_ms)
            .collect();
        for running in due {
            if let Some(session) = self.server_session(running.session) {
                session.answer(running.msg_id, running.answer).unwrap();
            }
        }
    }

    /// Moves everything that can move now.
    pub(crate) fn pump(&mut self) {
        loop {
            let mut moved = self.drive_client();
            for at in 0..self.links.len() {
                moved |= self.drive_link(at);
            }
            self.drop_ended_links();
            if !moved {
                return;
            }
        }
    }

    fn drive_client(&mut self) -> bool {
        let now = self.client_now();
        let mut moved = false;
        let now_ms = self.now_ms;
        while let Some((_, chunk)) = self
            .links
            .last_mut()
            .filter(|link| !link.draining && self.client.is_some())
            .and_then(|link| link.to_client.pop_front_if(|(due, _)| *due <= now_ms))
        {
            let client = self.client.as_mut().expect("a client");
            client.handle_input(now, &chunk, &mut self.rng);
            moved = true;
        }
        while let Some(event) = self.client.as_mut().and_then(ClientConnection::poll_event) {
            moved = true;
            self.handle_client_event(event);
        }
        if self.client.is_some()
            && self
                .links
                .last()
                .is_some_and(|link| link.ended && link.to_client.is_empty())
        {
            self.disconnect();
            return true;
        }
        if let Some(client) = &mut self.client
            && let Some(bytes) = client.poll_transmit(now, &mut self.rng)
        {
            moved = true;
            let (network, now_ms) = (self.network, self.now_ms);
            let link = self.links.last_mut().expect("a link");
            send(&mut link.to_server, &bytes, network, now_ms, &mut self.rng);
        }
        moved
    }

    fn handle_client_event(&mut self, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Closed(reason) => {
                self.client_closed.push(reason);
                self.disconnect();
            }
            ConnectionEvent::KeyReady(finished) => {
                self.client_key = Some(finished.auth_key.message_key());
                self.finished = Some(*finished);
            }
            ConnectionEvent::QuickAck(token) => self.quick_acks.push(token),
            ConnectionEvent::Work(work) => {
                let result = work.run(&mut self.rng);
                let now = self.client_now();
                let client = self.client.as_mut().expect("a client");
                client.handle_result(now, result, &mut self.rng);
            }
            ConnectionEvent::Session(event) => match event {
                ClientEvent::Answer { request, result } => {
                    let number = self.requests[&request];
                    self.results.get_mut(&number).unwrap().push(result);
                }
                ClientEvent::KeyDestroyed(existed) => self.key_destroyed = Some(existed),
                ClientEvent::NewSession => self.new_sessions += 1,
                ClientEvent::Pong { ping_id } => self.pongs.push(ping_id),
                ClientEvent::Update(body) => {
                    assert_eq!(body[..4], UPDATE_ID.to_le_bytes());
                    let number = u32::from_le_bytes(body[4..8].try_into().unwrap());
                    self.updates.insert(number);
                }
            },
        }
    }

    fn drive_link(&mut self, at: usize) -> bool {
        let (now, now_ms) = (self.now(), self.now_ms);
        let mut moved = false;
        let link = &mut self.links[at];
        while link.server.wants_input()
            && let Some((_, chunk)) = link.to_server.pop_front_if(|(due, _)| *due <= now_ms)
        {
            link.server.handle_input(now, &chunk, &self.config);
            moved = true;
        }
        while let Some(event) = self.links[at].server.poll_event() {
            moved = true;
            self.handle_server_event(at, event);
        }
        let link = &mut self.links[at];
        if let Some(bytes) = link.server.poll_transmit(now, &self.config, &mut self.rng) {
            moved = true;
            if !link.draining {
                send(
                    &mut link.to_client,
                    &bytes,
                    self.network,
                    now_ms,
                    &mut self.rng,
                );
            }
        }
        moved
    }

    fn drop_ended_links(&mut self) {
        for link in &mut self.links {
            if link.draining && link.to_server.is_empty() {
                for (key_id, session) in link.server.detach_all() {
                    self.parked.insert((key_id, session.session_id()), session);
                }
            }
        }
        self.links
            .retain(|link| !link.draining || !link.to_server.is_empty());
    }

    fn handle_server_event(&mut self, at: usize, event: ServerEvent) {
        let now = self.now();
        match event {
            ServerEvent::Closed(reason) => {
                self.server_closed.push(reason);
                self.links[at].ended = true;
                for (key_id, session) in self.links[at].server.detach_all() {
                    self.parked.insert((key_id, session.session_id()), session);
                }
                if self.links[at].draining {
                    self.links[at].to_server.clear();
                }
            }
            ServerEvent::HandOver { .. } => panic!("no foreign streams here"),
            ServerEvent::Handshake(data) => {
                let outcome = self
                    .handshakes
                    .handle_request(now.unix_s(), &data, &mut self.rng);
                self.finish_handshake(at, outcome);
            }
            ServerEvent::Hello { random } => {
                let fresh = self.hellos.insert(random, now.unix_s());
                let server = &mut self.links[at].server;
                server.accept_hello(now, fresh, &self.config, &mut self.rng);
            }
            ServerEvent::KeyNeeded(key_id) => {
                let key = self.keys.get(&key_id).cloned();
                let server = &mut self.links[at].server;
                server.provide_key(now, key, &self.config);
            }
            ServerEvent::Opened { .. } => {}
            ServerEvent::SessionNeeded { key, session_id } => {
                self.attach_session(at, &key, session_id);
            }
            ServerEvent::Session {
                auth_key_id,
                session_id,
                event,
            } => self.handle_session_event(at, (auth_key_id, session_id), event),
        }
    }

    fn attach_session(&mut self, at: usize, key: &Arc<ServerKey>, session_id: i64) {
        let now = self.now();
        let key_id = key.auth_key.id();
        let elsewhere = self
            .links
            .iter_mut()
            .find_map(|link| link.server.detach(key_id, session_id));
        let session = self
            .parked
            .remove(&(key_id, session_id))
            .or(elsewhere)
            .unwrap_or_else(|| {
                let rng = &mut self.rng;
                let session = ServerSession::new(session_id, key_id, key.first_salt, now, rng);
                Box::new(session)
            });
        self.known_sessions.insert((key_id, session_id));
        self.links[at].server.attach(now, session, &self.config);
    }

    fn finish_handshake(&mut self, at: usize, mut outcome: Result<ServerOutcome, Error>) {
        let now = self.now();
        loop {
            let server = &mut self.links[at].server;
            match outcome {
                Err(error) => return server.fail(&error),
                Ok(ServerOutcome::Ignore) => return,
                Ok(ServerOutcome::Reply(answer)) => {
                    return server.send_plain(now, &answer, &mut self.rng);
                }
                Ok(ServerOutcome::Work(work)) => {
                    let result = work.run(&mut self.rng);
                    outcome = self
                        .handshakes
                        .handle_result(now.unix_s(), result, &mut self.rng);
                }
                Ok(ServerOutcome::NewKey(key)) => {
                    let auth_key = key.auth_key.message_key();
                    let first_salt = Some((key.first_salt, now.unix_s()));
                    let expires_at_s = key.expires_in_s.map(|life| now.unix_s() + i64::from(life));
                    let stored = ServerKey {
                        auth_key,
                        expires_at_s,
                        first_salt,
                    };
                    self.keys.insert(stored.auth_key.id(), Arc::new(stored));
                    outcome = self
                        .handshakes
                        .confirm(key.exchange, KeyVerdict::Stored)
                        .map(ServerOutcome::Reply);
                }
            }
        }
    }

    fn handle_session_event(&mut self, at: usize, name: SessionName, event: SessionEvent) {
        if let SessionEvent::Call { msg_id, body } = &event {
            if body[..4] != CALL_ID.to_le_bytes() {
                self.server_events.push(event);
                return;
            }
            self.executed
                .push(u64::from_le_bytes(body[4..12].try_into().unwrap()));
            let mut answer = RESULT_ID.to_le_bytes().to_vec();
            answer.extend_from_slice(&body[4..12]);
            if self.rng.next_u32().is_multiple_of(8) {
                answer.resize(6000, 1);
            }
            let think = self.think_max_ms;
            let due_ms = self.now_ms + self.random(think + 1);
            let running = Running {
                due_ms,
                session: name,
                msg_id: *msg_id,
                answer: answer.into(),
            };
            if due_ms == self.now_ms {
                let session = self.server_session(name).unwrap();
                session.answer(running.msg_id, running.answer).unwrap();
            } else {
                self.running.push(running);
            }
            return;
        }
        if event == SessionEvent::DestroyAuthKey {
            let existed = self.keys.remove(&name.0).is_some();
            let session = self.links[at].server.session(name.0, name.1).unwrap();
            session.answer_destroy_auth_key(existed);
        }
        if let SessionEvent::DestroySession { session_id } = event {
            let existed = self.parked.remove(&(name.0, session_id)).is_some();
            let session = self.links[at].server.session(name.0, name.1).unwrap();
            session.answer_destroy_session(session_id, existed);
        }
        self.server_events.push(event);
    }
}

/// Cuts bytes into chunks and gives each its time of arrival, in order.
fn send(pipe: &mut Pipe, bytes: &[u8], network: Network, now_ms: u64, rng: &mut ChaCha12Rng) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let max = rest.len().min(network.chunk_len_max);
        let len = if max == rest.len() && network.chunk_len_max == usize::MAX {
            max
        } else {
            1 + rng.next_u32() as usize % max
        };
        let (now, later) = rest.split_at(len);
        rest = later;
        let earliest = pipe.back().map_or(now_ms, |(due, _)| *due);
        let due = (now_ms + rng.next_u64() % (network.delay_max_ms + 1)).max(earliest);
        pipe.push_back((due, now.to_vec()));
    }
}
