//! A server without sockets: services over a store in memory, and clients that call them as a gateway
//! does for them.
//!
//! ```text
//! let server = Server::start();
//! let alice = server.sign_up("15550000001", "Alice").await;   // logged in, layer 230
//! let old = server.client(158).await;                         // a key that nobody is logged in by
//! alice.call(functions::updates::GetState {}).await.unwrap();
//! assert_eq!(old.call(…).await.unwrap_err(), refused(401, "AUTH_KEY_UNREGISTERED"));
//! let updates = alice.take_updates();                         // what was pushed to this session since
//! ```
//!
//! Everything random comes from the seed of `SEED` (default 1), which a failing test prints.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bus::Services as _;
use bytes::Bytes;
use messenger::Now;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use services::{ObjectBlobs, Options, Services, World};
use store::{MemoryStore, Store};
use tl::{Function, Layer, Reader};
use tl_api::{NEWEST_LAYER, functions, types};

/// The login code that every phone number accepts.
pub(crate) const CODE: &str = "12345";

/// Time that only tests move, and randomness from a seed.
pub(crate) struct SimulatedWorld {
    now_ms: AtomicU64,
    random: Mutex<ChaCha8Rng>,
}

impl SimulatedWorld {
    fn new() -> Self {
        let seed = std::env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(1);
        // Shown only when the test fails.
        println!("SEED={seed}");
        Self {
            now_ms: AtomicU64::new(1_790_000_000_000),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        }
    }

    /// Lets time pass.
    pub(crate) fn advance_s(&self, seconds: u64) {
        self.now_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Unix seconds.
    pub(crate) fn now_s(&self) -> i32 {
        self.now().date()
    }
}

impl World for SimulatedWorld {
    fn now(&self) -> Now {
        Now(self.now_ms.load(Ordering::Relaxed))
    }

    fn random(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap().fill_bytes(bytes);
    }
}

/// Writes down what services tell gateways.
#[derive(Default)]
struct Recorder(Mutex<Vec<bus::Notice>>);

impl bus::Gateways for Recorder {
    fn tell(&self, notice: bus::Notice) {
        self.0.lock().unwrap().push(notice);
    }

    fn may_be_watching(&self, _: bus::UserId) -> bool {
        true
    }
}

/// The services with everything they stand on.
pub(crate) struct Server {
    pub(crate) services: Arc<Services>,
    pub(crate) world: Arc<SimulatedWorld>,
    notices: Arc<Recorder>,
}

impl Server {
    /// A server that accepts [`CODE`] from everybody and slows nobody down on loopback.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A server with other options.
    pub(crate) fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_on(Arc::new(MemoryStore::new()), change)
    }

    /// A server on a store.
    pub(crate) fn start_on(store: Arc<dyn Store>, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            dc_id: 2,
            address: ([127, 0, 0, 1], 443).into(),
            secret: [7; 32],
            fixed_code: Some(CODE.to_owned()),
            code_delivery: None,
            relay: None,
            reaction_set: None,
            loopback_is_unlimited: true,
        };
        change(&mut options);
        let world = Arc::new(SimulatedWorld::new());
        let notices = Arc::new(Recorder::default());
        let services = Services::new(
            options,
            store,
            Arc::new(ObjectBlobs::memory()),
            Arc::clone(&notices) as _,
            Arc::clone(&world) as _,
        );
        Self {
            services: Arc::new(services),
            world,
            notices,
        }
    }

    /// A client with a new key that nobody is logged in by.
    pub(crate) async fn client(&self, layer: u16) -> Client {
        let key = self.new_key(0).await;
        let client = Client::new(self, key, layer, 1);
        client.connect_again().await;
        client
    }

    /// Randomness for what a client makes up.
    pub(crate) fn rng(&self) -> ChaCha8Rng {
        let mut seed = [0; 32];
        self.world.random(&mut seed);
        ChaCha8Rng::from_seed(seed)
    }

    /// A key as a handshake would make it; it expires at Unix second `expires_at`, 0 for never.
    pub(crate) async fn new_key(&self, expires_at: u32) -> bus::AuthKeyId {
        let mut bytes = zeroize::Zeroizing::new([0; 256]);
        self.world.random(&mut *bytes);
        let id = mtproto_core::crypto::FullAuthKey::new(*bytes).id().0;
        let key = bus::NewKey {
            id: bus::AuthKeyId(id),
            key: bytes,
            first_salt: 1,
            expires_at,
            created: self.world.now().unix_s(),
        };
        assert!(self.services.create_key(key).await.unwrap());
        bus::AuthKeyId(id)
    }

    /// A new account on the newest layer.
    pub(crate) async fn sign_up(&self, phone: &str, first_name: &str) -> Client {
        self.sign_up_at(NEWEST_LAYER, phone, first_name).await
    }

    /// A new account.
    pub(crate) async fn sign_up_at(&self, layer: u16, phone: &str, first_name: &str) -> Client {
        let client = self.client(layer).await;
        client.sign_up(phone, first_name).await;
        client
    }

    /// One more device of an account without a password.
    pub(crate) async fn log_in_at(&self, layer: u16, phone: &str) -> Client {
        let client = self.client(layer).await;
        match client.sign_in(phone).await.unwrap() {
            types::auth::Authorization::Authorization(_) => client,
            types::auth::Authorization::SignUpRequired { .. } => panic!("{phone} has no account"),
        }
    }
}

/// The user of a peer, as it is named; oneself when it is none.
pub(crate) fn as_user(peer: &types::InputPeer) -> types::InputUser {
    match *peer {
        types::InputPeer::User {
            user_id,
            access_hash,
        } => types::InputUser::InputUser {
            user_id,
            access_hash,
        },
        _ => types::InputUser::Self_ {},
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: i32,
    pub(crate) name: String,
}

/// The refusal to expect.
pub(crate) fn refused(code: i32, name: &str) -> Refused {
    Refused {
        code,
        name: name.to_owned(),
    }
}

/// A session of a key, and what the gateway knows of both.
pub(crate) struct Client {
    pub(crate) services: Arc<Services>,
    pub(crate) key: bus::AuthKeyId,
    pub(crate) temp_key: Option<bus::AuthKeyId>,
    pub(crate) session: bus::SessionId,
    pub(crate) layer: u16,
    pub(crate) address: IpAddr,
    notices: Arc<Recorder>,
    state: Mutex<GatewayState>,
}

/// What a gateway learns from notices.
#[derive(Default)]
struct GatewayState {
    read: usize,
    user: Option<bus::UserId>,
    subscribed: bool,
    gone: bool,
    pushed: Vec<types::Updates>,
}

impl Client {
    fn new(server: &Server, key: bus::AuthKeyId, layer: u16, session: i64) -> Self {
        Self {
            services: Arc::clone(&server.services),
            key,
            temp_key: None,
            session: bus::SessionId(session),
            layer,
            address: Ipv4Addr::LOCALHOST.into(),
            notices: Arc::clone(&server.notices),
            state: Mutex::default(),
        }
    }

    /// Another session of the same key. Call something on it that subscribes before it is pushed to.
    pub(crate) fn another_session(&self, server: &Server) -> Self {
        let session = Self::new(server, self.key, self.layer, self.session.0 + 1);
        self.catch_up(|state| session.catch_up(|other| other.user = state.user));
        session
    }

    /// The client over a temporary key that is not bound yet.
    pub(crate) fn over(&self, server: &Server, temporary: bus::AuthKeyId) -> Self {
        let mut client = Self::new(server, temporary, self.layer, self.session.0 + 1000);
        client.temp_key = Some(temporary);
        client
    }

    /// The client over a temporary key that is bound to its own.
    pub(crate) fn bound(&self, server: &Server, temporary: bus::AuthKeyId) -> Self {
        let mut client = self.another_session(server);
        client.temp_key = Some(temporary);
        client
    }

    /// Connects anew: the client says again what it is.
    pub(crate) async fn connect_again(&self) {
        let facts = facts(self.layer);
        self.services
            .announce(self.key, self.address, facts)
            .await
            .unwrap();
    }

    /// Who is logged in.
    pub(crate) fn user_id(&self) -> i64 {
        self.catch_up(|state| state.user)
            .expect("nobody is logged in")
            .0
    }

    /// Calls a method and reads the answer, both in the forms of the client's layer.
    pub(crate) async fn call<F: Function>(&self, request: F) -> Result<F::Result, Refused> {
        let layer = Layer(self.layer);
        let body = tl::to_bytes(&request, layer).unwrap();
        let answer = self.send(body).await;
        if let Some(refused) = read_error(&answer) {
            return Err(refused);
        }
        let mut reader = Reader::new(&answer);
        let result = F::decode_result(&mut reader, layer).unwrap();
        reader.finish().unwrap();
        Ok(result)
    }

    /// Calls a method in the message `msg_id`.
    pub(crate) async fn call_as<F: Function>(
        &self,
        request: F,
        msg_id: i64,
    ) -> Result<F::Result, Refused> {
        let layer = Layer(self.layer);
        let answer = self
            .send_as(tl::to_bytes(&request, layer).unwrap(), msg_id)
            .await;
        match read_error(&answer) {
            Some(refused) => Err(refused),
            None => Ok(F::decode_result(&mut Reader::new(&answer), layer).unwrap()),
        }
    }

    /// Sends the bytes of a call.
    pub(crate) async fn send(&self, body: Bytes) -> Bytes {
        self.send_as(body, 4 << 32).await
    }

    /// Sends the bytes of a call in the message `msg_id`.
    pub(crate) async fn send_as(&self, body: Bytes, msg_id: i64) -> Bytes {
        let caller = bus::Caller {
            auth_key_id: self.key,
            temp_key_id: self.temp_key,
            session_id: self.session,
            user: self.catch_up(|state| state.user),
            layer: self.layer,
            address: self.address,
        };
        let call = bus::Call {
            caller,
            msg_id,
            body,
            without_updates: false,
        };
        self.services.call(call).await
    }

    /// Asks for a code and signs in with it.
    pub(crate) async fn sign_in(&self, phone: &str) -> Result<types::auth::Authorization, Refused> {
        let hash = self.send_code(phone).await?;
        self.call(sign_in(phone, &hash, CODE)).await
    }

    /// Asks for a code; gives back its hash.
    pub(crate) async fn send_code(&self, phone: &str) -> Result<String, Refused> {
        match self.call(send_code(phone)).await? {
            types::auth::SentCode::SentCode(sent) => Ok(sent.phone_code_hash.as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// Makes an account and logs it in.
    pub(crate) async fn sign_up(&self, phone: &str, first_name: &str) {
        let hash = self.send_code(phone).await.unwrap();
        let first = self.call(sign_in(phone, &hash, CODE)).await.unwrap();
        assert!(matches!(
            first,
            types::auth::Authorization::SignUpRequired { .. }
        ));
        let mut request = functions::auth::SignUp::new(
            phone.into(),
            hash.as_str().into(),
            first_name.into(),
            "".into(),
        );
        if self.layer < 175 {
            // The flag came later.
            request.no_joined_notifications = false;
        }
        self.call(request).await.unwrap();
    }

    /// Whether the gateway was told that the key does not exist any more.
    pub(crate) fn key_is_gone(&self) -> bool {
        self.catch_up(|state| state.gone)
    }

    /// Whether the gateway pushes to this session.
    pub(crate) fn is_subscribed(&self) -> bool {
        self.catch_up(|state| state.subscribed)
    }

    /// What was pushed to this session since last asked, in the forms of its layer.
    pub(crate) fn take_pushed(&self) -> Vec<types::Updates> {
        let pushed = self.catch_up(|state| std::mem::take(&mut state.pushed));
        let layer = Layer(self.layer);
        pushed
            .iter()
            .map(|updates| tl::from_bytes(&tl::to_bytes(updates, layer).unwrap()).unwrap())
            .collect()
    }

    /// The single updates that were pushed to this session since last asked.
    pub(crate) fn take_updates(&self) -> Vec<types::Update> {
        self.take_pushed()
            .into_iter()
            .flat_map(|updates| match updates {
                types::Updates::Updates(updates) => updates.updates,
                types::Updates::UpdateShort(short) => vec![short.update],
                types::Updates::TooLong {} => Vec::new(),
                other => panic!("never pushed: {other:?}"),
            })
            .collect()
    }

    fn catch_up<T>(&self, then: impl FnOnce(&mut GatewayState) -> T) -> T {
        let notices = self.notices.0.lock().unwrap().clone();
        let mut state = self.state.lock().unwrap();
        for notice in &notices[state.read..] {
            self.notice(&mut state, notice);
        }
        state.read = notices.len();
        then(&mut state)
    }

    fn notice(&self, state: &mut GatewayState, notice: &bus::Notice) {
        match notice {
            bus::Notice::KeyGone(key) if *key == self.key => state.gone = true,
            bus::Notice::KeySubscribed(key, session) => {
                state.subscribed |= (*key, *session) == (self.key, self.session);
            }
            bus::Notice::KeyUser(key, user) if *key == self.key => {
                state.user = *user;
                state.subscribed &= user.is_some();
            }
            bus::Notice::Push(push) if push.except != Some((self.key, self.session)) => {
                let mine = match push.target {
                    bus::Target::User(user) => state.subscribed && state.user == Some(user),
                    bus::Target::Key(key) => key == self.key,
                    bus::Target::Channel(_) => false,
                };
                if mine {
                    state.pushed.push(tl::from_bytes(&push.updates).unwrap());
                }
            }
            _ => {}
        }
    }
}

fn facts(layer: u16) -> bus::ConnectionFacts {
    bus::ConnectionFacts {
        layer: i32::from(layer),
        api_id: 4,
        device_model: "Test".to_owned(),
        system_version: "1".to_owned(),
        app_version: "1.0".to_owned(),
        system_lang_code: "en".to_owned(),
        lang_pack: String::new(),
        lang_code: "en".to_owned(),
    }
}

fn read_error(answer: &Bytes) -> Option<Refused> {
    let mut reader = Reader::new(answer);
    (reader.u32() == Ok(0x2144_ca19)).then(|| Refused {
        code: reader.i32().unwrap(),
        name: reader.string().unwrap().as_str().to_owned(),
    })
}

/// `auth.sendCode`
pub(crate) fn send_code(phone: &str) -> functions::auth::SendCode {
    functions::auth::SendCode {
        phone_number: phone.into(),
        api_id: 4,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        settings: types::CodeSettings::new(),
    }
}

/// `auth.signIn`
pub(crate) fn sign_in(phone: &str, hash: &str, code: &str) -> functions::auth::SignIn {
    let mut request = functions::auth::SignIn::new(phone.into(), hash.into());
    request.phone_code = Some(code.into());
    request
}
