//! The server's side: any number of exchanges at the same time, over any number of connections.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::first_salt;
use super::message::{
    DhParamsRequest, InnerKind, Nonce, PqInner, Request, SetDhParamsRequest, decrypt_hashed,
    dh_gen, encrypt_hashed, nonces, nonces_and_bytes,
};
use crate::crypto::{
    AuthKeyId, DH_LEN, DhGroup, DhSecret, FullAuthKey, InnerData, LegacyPadding, Pq, RSA_LEN,
    RsaPrivateKey, nonce_key_iv, random_pq, recover_inner, sha256,
};
use crate::error::{Error, PeerIncompatible, PeerMisbehaved};
use crate::service::id;

/// How long an exchange and its answers are kept, seconds (C6, C49).
pub const EXCHANGE_AGE_MAX_S: i64 = 600;

/// How often a key may collide before the exchange is given up.
const RETRIES_MAX: u32 = 3;

/// An RSA key with what it is used for.
pub struct HandshakeKey {
    /// The key.
    pub key: RsaPrivateKey,
    /// Whether the older padding is read with it.
    pub legacy: LegacyPadding,
}

/// Settings of a server's exchanges.
#[derive(Clone)]
pub struct ServerHandshakeConfig {
    /// All keys; their fingerprints are listed in this order (C9).
    pub keys: Vec<Arc<HandshakeKey>>,
    /// The data centre that clients may name, with its test and media variants; `None` accepts any
    /// (C18).
    pub dc_id: Option<i32>,
    /// The longest life of a temporary key, seconds (C19).
    pub temp_key_life_max_s: i32,
    /// How many exchanges are kept at most; the oldest is dropped first (H41).
    pub exchanges_max: usize,
}

impl ServerHandshakeConfig {
    /// The usual limits: keys of a week, 10,000 exchanges.
    pub fn new(keys: Vec<Arc<HandshakeKey>>) -> Self {
        Self {
            keys,
            dc_id: None,
            temp_key_life_max_s: 7 * 86_400,
            exchanges_max: 10_000,
        }
    }

    fn accepts_dc(&self, wanted: Option<i32>) -> bool {
        match (self.dc_id, wanted) {
            (Some(own), Some(wanted)) => {
                // C18: 10,000 more for tests, negative for media.
                let wanted = wanted.unsigned_abs();
                wanted == own.unsigned_abs() || wanted == own.unsigned_abs() + 10_000
            }
            (None, _) | (_, None) => true,
        }
    }
}

/// Names an exchange: the nonce that the client drew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeId(Nonce);

/// What the server does next.
pub enum ServerOutcome {
    /// Nothing: an acknowledgement, or a repeat of what is being worked on.
    Ignore,
    /// Answer with this object in a plain message.
    Reply(Bytes),
    /// Call [`ServerWork::run`], wherever there is time, then [`ServerHandshakes::handle_result`].
    Work(Box<ServerWork>),
    /// A key was made. Store it, then call [`ServerHandshakes::confirm`]: only its answer makes the
    /// key known to the client (C48).
    NewKey(Box<NewKey>),
}

/// A key that a client made with us. Secret; never printed.
pub struct NewKey {
    /// To confirm it with.
    pub exchange: ExchangeId,
    /// The key.
    pub auth_key: FullAuthKey,
    /// The salt that the client begins with; to be accepted for an hour (C47, D36).
    pub first_salt: i64,
    /// The life of a temporary key, seconds; `None` for a permanent key.
    pub expires_in_s: Option<i32>,
}

/// What became of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// It could not be stored.
    Failed,
    /// Its id exists already: the client makes another (C44).
    IdTaken,
    /// It is durable.
    Stored,
}

struct Exchange {
    server_nonce: Nonce,
    pq: Pq,
    started_at_s: i64,
    stage: Stage,
}

enum Stage {
    SentPq,
    /// RSA runs for the request with this hash.
    RunningRsa {
        request: [u8; 32],
    },
    SentDhParams(Box<SentDhParams>),
    RunningDh(Box<SentDhParams>, [u8; 32]),
    Unconfirmed(Box<SentDhParams>, [u8; 32], Box<FullAuthKey>),
    Finished {
        request: [u8; 32],
        answer: Bytes,
    },
}

/// What stays from the second request to the third.
struct SentDhParams {
    request: [u8; 32],
    answer: Bytes,
    new_nonce: Zeroizing<[u8; 32]>,
    secret: DhSecret,
    expires_in_s: Option<i32>,
    /// 0, or the aux hash of the key that collided (C46).
    retry_id: i64,
    retries: u32,
}

/// All exchanges of a server.
pub struct ServerHandshakes {
    config: ServerHandshakeConfig,
    exchanges: HashMap<Nonce, Exchange>,
    /// Oldest first; names of dropped exchanges may linger.
    order: VecDeque<(i64, Nonce)>,
}

/// Every wrong step looks the same (B41).
fn wrong() -> Error {
    PeerMisbehaved::Handshake.into()
}

impl ServerHandshakes {
    /// No exchange yet.
    pub fn new(config: ServerHandshakeConfig) -> Self {
        Self {
            config,
            exchanges: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// How many exchanges are kept.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// Takes the object of a plain message.
    ///
    /// # Errors
    /// The step is wrong: the exchange is forgotten, −404 and a close follow.
    pub fn handle_request(
        &mut self,
        now_unix_s: i64,
        data: &Bytes,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<ServerOutcome, Error> {
        self.expire(now_unix_s);
        match Request::read(data).map_err(|_| wrong())? {
            Request::Ack => Ok(ServerOutcome::Ignore),
            Request::Pq { nonce } => Ok(ServerOutcome::Reply(self.res_pq(now_unix_s, nonce, rng))),
            Request::DhParams(request) => {
                let nonce = request.nonce;
                let outcome = self.start_rsa(request, sha256(&[data]));
                self.forget_on_error(nonce, outcome)
            }
            Request::SetDhParams(request) => {
                let nonce = request.nonce;
                let outcome = self.start_dh(request, sha256(&[data]));
                self.forget_on_error(nonce, outcome)
            }
        }
    }

    /// Takes the result of a [`ServerWork`].
    ///
    /// # Errors
    /// The client's data was wrong: as for [`ServerHandshakes::handle_request`].
    pub fn handle_result(
        &mut self,
        now_unix_s: i64,
        result: ServerResult,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<ServerOutcome, Error> {
        let nonce = result.exchange.0;
        let outcome = match result.product {
            Product::DhStarted(product) => self.finish_rsa(now_unix_s, nonce, product, rng),
            Product::Key(key) => self.finish_dh(nonce, key),
        };
        self.forget_on_error(nonce, outcome)
    }

    /// Takes the verdict on a new key; gives the last answer of the exchange.
    ///
    /// # Errors
    /// The exchange is no longer known, or gave up after too many collisions.
    pub fn confirm(&mut self, exchange: ExchangeId, verdict: KeyVerdict) -> Result<Bytes, Error> {
        let nonce = exchange.0;
        let entry = self.exchanges.get_mut(&nonce).ok_or_else(wrong)?;
        let server_nonce = entry.server_nonce;
        let stage = std::mem::replace(&mut entry.stage, Stage::SentPq);
        let Stage::Unconfirmed(mut sent, request, key) = stage else {
            entry.stage = stage;
            return Err(wrong());
        };
        let (constructor, number) = match verdict {
            KeyVerdict::Failed => (id::DH_GEN_FAIL, 3),
            KeyVerdict::IdTaken => (id::DH_GEN_RETRY, 2),
            KeyVerdict::Stored => (id::DH_GEN_OK, 1),
        };
        let hash = key.new_nonce_hash(&sent.new_nonce, number);
        let answer = dh_gen(constructor, nonce, server_nonce, &hash);
        match verdict {
            KeyVerdict::IdTaken if sent.retries < RETRIES_MAX => {
                sent.retries += 1;
                sent.retry_id = i64::from_le_bytes(key.aux_hash());
                entry.stage = Stage::SentDhParams(sent);
            }
            KeyVerdict::Stored => {
                entry.stage = Stage::Finished {
                    request,
                    answer: answer.clone(),
                };
            }
            KeyVerdict::Failed | KeyVerdict::IdTaken => {
                self.exchanges.remove(&nonce);
            }
        }
        Ok(answer)
    }

    fn forget_on_error(
        &mut self,
        nonce: Nonce,
        outcome: Result<ServerOutcome, Error>,
    ) -> Result<ServerOutcome, Error> {
        if outcome.is_err() {
            self.exchanges.remove(&nonce);
        }
        outcome
    }

    fn expire(&mut self, now_unix_s: i64) {
        while let Some((started_at_s, nonce)) = self.order.front().copied() {
            let crowded = self.order.len() > self.config.exchanges_max;
            if !crowded && now_unix_s - started_at_s < EXCHANGE_AGE_MAX_S {
                break;
            }
            self.order.pop_front();
            // The nonce may have been used anew since.
            if self
                .exchanges
                .get(&nonce)
                .is_some_and(|exchange| exchange.started_at_s == started_at_s)
            {
                self.exchanges.remove(&nonce);
            }
        }
    }

    /// C7: the same nonce gets the same answer.
    fn res_pq(
        &mut self,
        now_unix_s: i64,
        nonce: Nonce,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Bytes {
        let order = &mut self.order;
        let exchange = self.exchanges.entry(nonce).or_insert_with(|| {
            order.push_back((now_unix_s, nonce));
            Exchange {
                server_nonce: Nonce::random(rng),
                pq: random_pq(rng),
                started_at_s: now_unix_s,
                stage: Stage::SentPq,
            }
        });
        let mut writer = nonces(id::RES_PQ, nonce, exchange.server_nonce);
        writer.bytes(&exchange.pq.product_bytes());
        let fingerprints: Vec<i64> = self
            .config
            .keys
            .iter()
            .map(|key| key.key.public().fingerprint())
            .collect();
        writer.boxed_items(&fingerprints, |fingerprint, writer| {
            writer.i64(*fingerprint)
        });
        writer.into_bytes()
    }

    /// C13–C16: what costs nothing comes before RSA (H40).
    fn start_rsa(
        &mut self,
        request: DhParamsRequest,
        hash: [u8; 32],
    ) -> Result<ServerOutcome, Error> {
        let exchange = self.exchanges.get_mut(&request.nonce).ok_or_else(wrong)?;
        if !bool::from(exchange.server_nonce.0.ct_eq(&request.server_nonce.0)) {
            return Err(wrong());
        }
        match &exchange.stage {
            Stage::SentPq => {}
            Stage::RunningRsa { request } if *request == hash => return Ok(ServerOutcome::Ignore),
            Stage::SentDhParams(sent)
            | Stage::RunningDh(sent, _)
            | Stage::Unconfirmed(sent, ..)
                if sent.request == hash =>
            {
                return Ok(ServerOutcome::Reply(sent.answer.clone()));
            }
            // H43.
            Stage::RunningRsa { .. }
            | Stage::SentDhParams(_)
            | Stage::RunningDh(..)
            | Stage::Unconfirmed(..)
            | Stage::Finished { .. } => return Err(wrong()),
        }
        let key = self
            .config
            .keys
            .iter()
            .find(|key| key.key.public().fingerprint() == request.fingerprint)
            .ok_or_else(wrong)?;
        let pq = exchange.pq;
        if number(&request.p) != Some(pq.p) || number(&request.q) != Some(pq.q) {
            return Err(wrong());
        }
        let mut encrypted = Box::new([0u8; RSA_LEN]);
        let start = RSA_LEN
            .checked_sub(request.encrypted_data.len())
            .ok_or_else(wrong)?;
        encrypted[start..].copy_from_slice(&request.encrypted_data);
        exchange.stage = Stage::RunningRsa { request: hash };
        Ok(ServerOutcome::Work(Box::new(ServerWork {
            exchange: ExchangeId(request.nonce),
            task: Task::Rsa {
                key: Arc::clone(key),
                encrypted,
                pq,
                server_nonce: exchange.server_nonce,
            },
        })))
    }

    /// C18, C19 on data that the padding vouches for, then C37, C38.
    fn finish_rsa(
        &mut self,
        now_unix_s: i64,
        nonce: Nonce,
        product: Option<Box<DhStarted>>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<ServerOutcome, Error> {
        let exchange = self.exchanges.get_mut(&nonce).ok_or_else(wrong)?;
        let Stage::RunningRsa { request } = exchange.stage else {
            return Err(wrong());
        };
        let product = product.ok_or_else(wrong)?;
        if !self.config.accepts_dc(product.kind.dc_id()) {
            return Err(PeerIncompatible::DataCentre.into());
        }
        let expires_in_s = match product.kind.expires_in_s() {
            Some(wanted) if wanted <= 0 => return Err(wrong()),
            Some(wanted) => Some(wanted.min(self.config.temp_key_life_max_s)),
            None => None,
        };
        let group = DhGroup::known();
        let server_nonce = exchange.server_nonce;
        let mut inner = nonces(id::SERVER_DH_INNER_DATA, nonce, server_nonce);
        inner.u32(group.generator());
        inner.bytes(&group.prime_bytes());
        inner.bytes(&product.public);
        inner.i32(i32::try_from(now_unix_s).unwrap_or(i32::MAX));
        let key_iv = nonce_key_iv(&server_nonce.0, &product.new_nonce);
        let encrypted = encrypt_hashed(inner.as_slice(), &key_iv, rng);
        let answer = nonces_and_bytes(id::SERVER_DH_PARAMS_OK, nonce, server_nonce, &encrypted);
        exchange.stage = Stage::SentDhParams(Box::new(SentDhParams {
            request,
            answer: answer.clone(),
            new_nonce: product.new_nonce,
            secret: product.secret,
            expires_in_s,
            retry_id: 0,
            retries: 0,
        }));
        Ok(ServerOutcome::Reply(answer))
    }

    /// C41, C42, C46.
    fn start_dh(
        &mut self,
        request: SetDhParamsRequest,
        hash: [u8; 32],
    ) -> Result<ServerOutcome, Error> {
        let nonce = request.nonce;
        let exchange = self.exchanges.get_mut(&nonce).ok_or_else(wrong)?;
        let server_nonce = exchange.server_nonce;
        if !bool::from(server_nonce.0.ct_eq(&request.server_nonce.0)) {
            return Err(wrong());
        }
        match &exchange.stage {
            Stage::SentDhParams(_) => {}
            Stage::RunningDh(_, running) | Stage::Unconfirmed(_, running, _)
                if *running == hash =>
            {
                return Ok(ServerOutcome::Ignore);
            }
            Stage::Finished { request, answer } if *request == hash => {
                return Ok(ServerOutcome::Reply(answer.clone()));
            }
            Stage::SentPq
            | Stage::RunningRsa { .. }
            | Stage::RunningDh(..)
            | Stage::Unconfirmed(..)
            | Stage::Finished { .. } => return Err(wrong()),
        }
        let Stage::SentDhParams(sent) = std::mem::replace(&mut exchange.stage, Stage::SentPq)
        else {
            return Err(Error::Internal);
        };
        let key_iv = nonce_key_iv(&server_nonce.0, &sent.new_nonce);
        let inner = decrypt_hashed(&request.encrypted_data, &key_iv, |reader| {
            let constructor = reader.u32().ok()?;
            let nonces: [u8; 32] = reader.array().ok()?;
            let retry_id = reader.i64().ok()?;
            let public = reader.bytes().ok()?;
            Some((constructor, nonces, retry_id, public))
        });
        let (constructor, nonces, retry_id, public) = inner.ok_or_else(wrong)?;
        let same = nonces[..16].ct_eq(&nonce.0) & nonces[16..].ct_eq(&server_nonce.0);
        if constructor != id::CLIENT_DH_INNER_DATA
            || !bool::from(same)
            || retry_id != sent.retry_id
            || DhGroup::known().check(&public).is_err()
        {
            return Err(wrong());
        }
        let secret = Box::new(sent.secret.clone());
        exchange.stage = Stage::RunningDh(sent, hash);
        Ok(ServerOutcome::Work(Box::new(ServerWork {
            exchange: ExchangeId(nonce),
            task: Task::Dh { public, secret },
        })))
    }

    fn finish_dh(
        &mut self,
        nonce: Nonce,
        key: Option<Box<FullAuthKey>>,
    ) -> Result<ServerOutcome, Error> {
        let exchange = self.exchanges.get_mut(&nonce).ok_or_else(wrong)?;
        let key = key.ok_or_else(wrong)?;
        let stage = std::mem::replace(&mut exchange.stage, Stage::SentPq);
        let Stage::RunningDh(sent, request) = stage else {
            return Err(wrong());
        };
        let new_key = NewKey {
            exchange: ExchangeId(nonce),
            auth_key: (*key).clone(),
            first_salt: first_salt(&sent.new_nonce, &exchange.server_nonce),
            expires_in_s: sent.expires_in_s,
        };
        exchange.stage = Stage::Unconfirmed(sent, request, key);
        if new_key.auth_key.id() == AuthKeyId(0) {
            // C51: zero is no name; to the client it is a collision.
            let exchange = ExchangeId(nonce);
            return Ok(ServerOutcome::Reply(
                self.confirm(exchange, KeyVerdict::IdTaken)?,
            ));
        }
        Ok(ServerOutcome::NewKey(Box::new(new_key)))
    }
}

/// A number of at most four bytes behind any leading zeros (C11).
fn number(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > 8 {
        return None;
    }
    let value = bytes
        .iter()
        .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    u32::try_from(value).ok()
}

/// A step that takes milliseconds. Secret; never printed.
pub struct ServerWork {
    exchange: ExchangeId,
    task: Task,
}

enum Task {
    Rsa {
        key: Arc<HandshakeKey>,
        encrypted: Box<[u8; RSA_LEN]>,
        pq: Pq,
        server_nonce: Nonce,
    },
    Dh {
        public: Bytes,
        secret: Box<DhSecret>,
    },
}

/// What a [`ServerWork`] made. Secret; never printed.
pub struct ServerResult {
    exchange: ExchangeId,
    product: Product,
}

enum Product {
    DhStarted(Option<Box<DhStarted>>),
    Key(Option<Box<FullAuthKey>>),
}

struct DhStarted {
    kind: InnerKind,
    new_nonce: Zeroizing<[u8; 32]>,
    secret: DhSecret,
    public: [u8; DH_LEN],
}

impl ServerWork {
    /// Does the step: one RSA operation and one power of the generator, or one power.
    pub fn run(self, rng: &mut (impl CryptoRng + ?Sized)) -> ServerResult {
        let exchange = self.exchange;
        let product = match self.task {
            Task::Rsa {
                key,
                encrypted,
                pq,
                server_nonce,
            } => {
                let inner = recover_inner(&key.key, &encrypted, key.legacy, rng)
                    .and_then(|inner| checked_inner(&inner, pq, exchange.0, server_nonce));
                // H40: no power before the RSA part is right.
                Product::DhStarted(inner.map(|inner| {
                    let secret = DhSecret::random(rng);
                    let public = DhGroup::known().generator_pow(&secret);
                    Box::new(DhStarted {
                        kind: inner.kind,
                        new_nonce: inner.new_nonce,
                        secret,
                        public,
                    })
                }))
            }
            Task::Dh { public, secret } => {
                let key = DhGroup::known().shared(&public, &secret);
                Product::Key(key.ok().map(|bytes| Box::new(FullAuthKey::new(bytes))))
            }
        };
        ServerResult { exchange, product }
    }
}

/// C18: all that the inner data repeats must be equal.
fn checked_inner(inner: &InnerData, pq: Pq, nonce: Nonce, server_nonce: Nonce) -> Option<PqInner> {
    let data = Bytes::copy_from_slice(inner.as_bytes());
    let (parsed, len) = PqInner::read(&data)?;
    let fits = inner.vouched_len().is_none_or(|vouched| vouched == len)
        && *parsed.pq == pq.product_bytes()
        && number(&parsed.p) == Some(pq.p)
        && number(&parsed.q) == Some(pq.q)
        && bool::from(parsed.nonce.0.ct_eq(&nonce.0))
        && bool::from(parsed.server_nonce.0.ct_eq(&server_nonce.0));
    fits.then_some(parsed)
}
