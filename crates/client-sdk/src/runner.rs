//! The task behind a client: one connection after the other, the same session.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use mtproto_core::connection::{ClientConnection, ClientConnectionConfig, ConnectionEvent};
use mtproto_core::crypto::FullAuthKey;
use mtproto_core::handshake::{ClientHandshakeConfig, InnerKind, Padding};
use mtproto_core::session::{
    ClientEvent, ClientSession, ClientSessionConfig, RequestId, RpcFailure,
};
use mtproto_core::time::Now;
use rand::RngExt as _;
use tl::{Layer, Rest, Writer};
use tl_api::functions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::options::Options;
use crate::session::SessionData;

/// What is read at once, bytes.
const READ_LEN: usize = 64 * 1024;
/// Commands taken before the connection has its turn.
const COMMANDS_MAX: usize = 256;

/// What a client asks of its task.
pub(crate) enum Command {
    /// Run a call.
    Call {
        /// Names it.
        number: u64,
        body: Bytes,
        answer: oneshot::Sender<Result<Bytes, RpcFailure>>,
    },
    /// Nobody waits for this call any more.
    Cancel(u64),
    /// Close the connection and open another one: for tests of what that costs.
    Reconnect,
}

/// What a task tells its client.
pub(crate) enum Event {
    /// A key was made: keep it.
    Key(Box<[u8; 256]>, i64),
    /// Updates may have been missed.
    Doubt,
    /// Updates, undecoded.
    Updates(Bytes),
}

/// Somebody who waits for an answer.
struct Waiting {
    number: u64,
    answer: oneshot::Sender<Result<Bytes, RpcFailure>>,
}

/// The task.
pub(crate) struct Runner {
    options: Options,
    commands: mpsc::Receiver<Command>,
    events: mpsc::UnboundedSender<Event>,
    session: Option<Box<ClientSession>>,
    auth_key: Option<Box<[u8; 256]>>,
    waiting: HashMap<RequestId, Waiting>,
    /// The server has answered a call on this connection, so it knows layer and application.
    introduced: bool,
    started: Instant,
    failures: u32,
}

impl Runner {
    pub(crate) fn new(
        options: Options,
        data: &SessionData,
        commands: mpsc::Receiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        let session = ClientSession::new(
            ClientSessionConfig::default(),
            data.salt,
            0,
            &mut rand::rng(),
        );
        Self {
            options,
            commands,
            events,
            session: Some(Box::new(session)),
            auth_key: data.auth_key.as_slice().try_into().ok().map(Box::new),
            waiting: HashMap::new(),
            introduced: false,
            started: Instant::now(),
            failures: 0,
        }
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            instant_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            unix_ns: i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// Connects and connects again until nobody has the client any more.
    pub(crate) async fn run(mut self) {
        while !self.commands.is_closed() || !self.commands.is_empty() {
            let connecting = TcpStream::connect(self.options.address);
            match tokio::time::timeout(self.options.connect_max, connecting).await {
                Ok(Ok(stream)) => {
                    if self.serve(stream).await {
                        return;
                    }
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "no connection");
                    self.failures += 1;
                }
                Err(_) => self.failures += 1,
            }
            if self.failures > 0 && !self.pause().await {
                return;
            }
        }
    }

    /// Waits before the next attempt: longer after each failure, spread so that not all come at
    /// once. False when the client is gone.
    async fn pause(&mut self) -> bool {
        let (first, most) = self.options.reconnect_wait;
        let doubled = first.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        let wait = doubled
            .min(most)
            .mul_f64(rand::rng().random_range(0.5..1.0));
        let mut held = Vec::new();
        let end = tokio::time::Instant::now() + wait;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end) => break,
                command = self.commands.recv(), if held.len() < COMMANDS_MAX => match command {
                    Some(command) => held.push(command),
                    None => return false,
                },
            }
        }
        for command in held {
            self.handle(command);
        }
        true
    }

    /// One connection; true when the client is gone.
    async fn serve(&mut self, mut stream: TcpStream) -> bool {
        let _ = stream.set_nodelay(true);
        let Some(session) = self.session.take() else {
            return true;
        };
        let config = self.connection_config();
        let key = self
            .auth_key
            .as_ref()
            .map(|key| FullAuthKey::new(**key).message_key());
        self.introduced = false;
        let now = self.now();
        let mut core = ClientConnection::new(config, key, session, now, &mut rand::rng());
        let gone = self.exchange(&mut core, &mut stream).await;
        self.session = Some(core.into_session());
        gone
    }

    async fn exchange(&mut self, core: &mut ClientConnection, stream: &mut TcpStream) -> bool {
        let mut buffer = vec![0; READ_LEN];
        loop {
            if !self.handle_events(core).await {
                self.failures += 1;
                return false;
            }
            // The generator of the thread must not be held while waiting.
            while let Some(bytes) = { core.poll_transmit(self.now(), &mut rand::rng()) } {
                if stream.write_all(&bytes).await.is_err() {
                    self.failures += 1;
                    return false;
                }
            }
            let timeout = core.poll_timeout().map_or(Duration::from_secs(3600), |at| {
                Duration::from_millis(at.saturating_sub(self.now().instant_ms))
            });
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(len @ 1..) => core.handle_input(self.now(), &buffer[..len], &mut rand::rng()),
                    Ok(0) | Err(_) => {
                        self.failures += 1;
                        return false;
                    }
                },
                command = self.commands.recv() => {
                    match command {
                        None => return true,
                        Some(Command::Reconnect) => return false,
                        Some(command) => self.obey(core.session(), command),
                    }
                    for _ in 0..COMMANDS_MAX {
                        match self.commands.try_recv() {
                            Ok(Command::Reconnect) => return false,
                            Ok(command) => self.obey(core.session(), command),
                            Err(_) => break,
                        }
                    }
                }
                () = tokio::time::sleep(timeout) => core.handle_timeout(self.now()),
            }
        }
    }

    /// A command that came while there is no connection.
    fn handle(&mut self, command: Command) {
        if let Some(mut session) = self.session.take() {
            self.obey(&mut session, command);
            self.session = Some(session);
        }
    }

    fn obey(&mut self, session: &mut ClientSession, command: Command) {
        match command {
            Command::Call {
                number,
                body,
                answer,
            } => self.call(session, &body, Waiting { number, answer }),
            Command::Cancel(number) => {
                let found = self
                    .waiting
                    .iter()
                    .find(|(_, waiting)| waiting.number == number);
                if let Some(request) = found.map(|(request, _)| *request) {
                    self.waiting.remove(&request);
                    session.cancel(request);
                }
            }
            // Without a connection there is nothing to close.
            Command::Reconnect => {}
        }
    }

    fn call(&mut self, session: &mut ClientSession, body: &Bytes, waiting: Waiting) {
        if waiting.answer.is_closed() {
            return;
        }
        let called = if self.introduced {
            session.call(body.clone())
        } else {
            session.call(self.introduction(body))
        };
        match called {
            Ok(request) => {
                self.waiting.insert(request, waiting);
            }
            Err(_) => {
                let _ = waiting.answer.send(Err(RpcFailure::Unreadable));
            }
        }
    }

    /// The call in `invokeWithLayer(initConnection(…))`.
    fn introduction(&self, body: &Bytes) -> Bytes {
        let options = &self.options;
        let init = functions::InitConnection::new(
            options.api_id,
            options.device_model.as_str().into(),
            options.system_version.as_str().into(),
            options.app_version.as_str().into(),
            options.lang_code.as_str().into(),
            "".into(),
            options.lang_code.as_str().into(),
            Rest(body.clone()),
        );
        let mut writer = Writer::new(Layer(options.layer));
        tl::Encode::encode(
            &functions::InvokeWithLayer {
                layer: options.layer.into(),
                query: init,
            },
            &mut writer,
        );
        writer.into_bytes()
    }

    /// Hands on what the connection tells; false when it is over.
    async fn handle_events(&mut self, core: &mut ClientConnection) -> bool {
        while let Some(event) = core.poll_event() {
            match event {
                ConnectionEvent::Closed(reason) => {
                    tracing::debug!(?reason, "the connection is over");
                    return false;
                }
                ConnectionEvent::KeyReady(finished) => {
                    let key = Box::new(*finished.auth_key.as_bytes());
                    self.auth_key = Some(key.clone());
                    let _ = self.events.send(Event::Key(key, finished.first_salt));
                }
                ConnectionEvent::QuickAck(_) => {}
                ConnectionEvent::Session(event) => self.note(event),
                ConnectionEvent::Work(work) => {
                    let run = tokio::task::spawn_blocking(move || work.run(&mut rand::rng()));
                    let Ok(result) = run.await else {
                        return false;
                    };
                    core.handle_result(self.now(), result, &mut rand::rng());
                }
            }
        }
        true
    }

    fn note(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Answer { request, result } => {
                self.failures = 0;
                self.introduced |= result.is_ok();
                if let Some(waiting) = self.waiting.remove(&request) {
                    let _ = waiting.answer.send(result);
                }
            }
            ClientEvent::NewSession => {
                let _ = self.events.send(Event::Doubt);
            }
            ClientEvent::Update(update) => {
                let _ = self.events.send(Event::Updates(update));
            }
            ClientEvent::KeyDestroyed(_) | ClientEvent::Pong { .. } => self.failures = 0,
        }
    }

    fn connection_config(&self) -> ClientConnectionConfig {
        let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        ClientConnectionConfig {
            transport: self.options.transport(),
            handshake: ClientHandshakeConfig {
                keys: Arc::from(self.options.keys.as_slice()),
                kind: InnerKind::Dc(self.options.dc_id),
                padding: Padding::RsaPad,
            },
            ping_interval_ms: ms(self.options.ping_interval),
            pong_wait_ms: ms(self.options.pong_wait),
            quick_acks: false,
        }
    }
}
