//! The client's side: one exchange.

use std::sync::Arc;

use bytes::Bytes;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use tl::Reader;
use zeroize::Zeroizing;

use super::message::{
    DhParamsRequest, InnerKind, Nonce, PqInner, decrypt_hashed, encrypt_hashed, expect_nonces,
    nonces, nonces_and_bytes, req_dh_params, req_pq,
};
use super::{Finished, first_salt};
use crate::crypto::{
    AesKeyIv, DH_LEN, DhGroup, DhSecret, FullAuthKey, RsaPublicKey, factorize, known_prime,
    legacy_pad, nonce_key_iv, rsa_pad,
};
use crate::error::{Error, PeerIncompatible, PeerMisbehaved};
use crate::service::id;

/// How often a server may ask for another key (C46).
const RETRIES_MAX: u32 = 3;

/// Which padding a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// The older one (C22): what some libraries still send; for tests of servers.
    Legacy,
    /// `RSA_PAD` (C20).
    RsaPad,
}

/// Settings of an exchange.
#[derive(Clone)]
pub struct ClientHandshakeConfig {
    /// The server's keys, as the client was built with them.
    pub keys: Arc<[RsaPublicKey]>,
    /// The inner constructor: with a data centre or without, permanent or temporary.
    pub kind: InnerKind,
    /// The padding.
    pub padding: Padding,
}

/// What the client does next.
pub enum ClientOutcome {
    /// Send this object in a plain message.
    Send(Bytes),
    /// Call [`ClientWork::run`], wherever there is time, then [`ClientHandshake::handle_result`].
    Work(Box<ClientWork>),
    /// The key is made.
    Finished(Box<Finished>),
}

/// One exchange.
pub struct ClientHandshake {
    config: ClientHandshakeConfig,
    nonce: Nonce,
    stage: Stage,
}

enum Stage {
    SentReqPq,
    Working,
    SentDhParams(Box<Secrets>),
    SentSetDhParams(Box<Secrets>, Box<Made>),
    Ended,
}

struct Secrets {
    server_nonce: Nonce,
    new_nonce: Zeroizing<[u8; 32]>,
}

/// A key that the server has not confirmed yet.
struct Made {
    auth_key: FullAuthKey,
    server: ServerInner,
    retries: u32,
}

#[derive(Clone)]
struct ServerInner {
    generator: i32,
    prime: Bytes,
    public: Bytes,
    time_s: i32,
}

fn wrong() -> Error {
    PeerMisbehaved::Handshake.into()
}

impl ClientHandshake {
    /// Begins; gives the first request.
    pub fn start(
        config: ClientHandshakeConfig,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> (Self, Bytes) {
        let nonce = Nonce::random(rng);
        let handshake = Self {
            config,
            nonce,
            stage: Stage::SentReqPq,
        };
        (handshake, req_pq(nonce))
    }

    /// Takes the object of the server's plain message.
    ///
    /// # Errors
    /// The server is not the one it should be, or breaks the protocol: drop everything (C50, H11).
    pub fn handle_answer(&mut self, answer: &Bytes) -> Result<ClientOutcome, Error> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::SentReqPq => self.handle_res_pq(answer),
            Stage::SentDhParams(secrets) => self.handle_dh_params(answer, secrets),
            Stage::SentSetDhParams(secrets, made) => self.handle_dh_gen(answer, secrets, *made),
            Stage::Working | Stage::Ended => Err(wrong()),
        }
    }

    /// Takes the result of a [`ClientWork`].
    ///
    /// # Errors
    /// As for [`ClientHandshake::handle_answer`].
    pub fn handle_result(&mut self, result: ClientResult) -> Result<ClientOutcome, Error> {
        let Stage::Working = self.stage else {
            return Err(wrong());
        };
        self.stage = Stage::Ended;
        let (stage, request) = match result.0? {
            Product::Factored(secrets, request) => (Stage::SentDhParams(secrets), request),
            Product::Key(secrets, made, request) => {
                (Stage::SentSetDhParams(secrets, made), request)
            }
        };
        self.stage = stage;
        Ok(ClientOutcome::Send(request))
    }

    fn handle_res_pq(&mut self, answer: &Bytes) -> Result<ClientOutcome, Error> {
        let mut reader = Reader::new(answer);
        let (constructor, nonce) = (reader.u32()?, Nonce(reader.array()?));
        let server_nonce = Nonce(reader.array()?);
        let pq = reader.bytes()?;
        let fingerprints = reader.boxed_items(Reader::i64)?;
        if constructor != id::RES_PQ || nonce != self.nonce || pq.len() > 8 {
            return Err(wrong());
        }
        let key = fingerprints
            .iter()
            .find_map(|wanted| {
                let mut keys = self.config.keys.iter();
                keys.find(|key| key.fingerprint() == *wanted)
            })
            .ok_or(PeerIncompatible::RsaKey)?;
        self.stage = Stage::Working;
        Ok(ClientOutcome::Work(Box::new(ClientWork(Task::Factor {
            nonce,
            server_nonce,
            pq,
            key: Box::new(key.clone()),
            kind: self.config.kind,
            padding: self.config.padding,
        }))))
    }

    /// C40; the group and the public value are checked where they are used.
    fn handle_dh_params(
        &mut self,
        answer: &Bytes,
        secrets: Box<Secrets>,
    ) -> Result<ClientOutcome, Error> {
        let mut reader = Reader::new(answer);
        let constructor = expect_nonces(&mut reader, self.nonce, secrets.server_nonce)?;
        if constructor != id::SERVER_DH_PARAMS_OK {
            return Err(wrong());
        }
        let encrypted = reader.bytes()?;
        let (nonce, server_nonce) = (self.nonce, secrets.server_nonce);
        let server = decrypt_hashed(&encrypted, &secrets.key_iv(), |reader| {
            let constructor = expect_nonces(reader, nonce, server_nonce).ok()?;
            let inner = ServerInner {
                generator: reader.i32().ok()?,
                prime: reader.bytes().ok()?,
                public: reader.bytes().ok()?,
                time_s: reader.i32().ok()?,
            };
            (constructor == id::SERVER_DH_INNER_DATA).then_some(inner)
        });
        let server = server.ok_or_else(wrong)?;
        Ok(self.start_dh(secrets, server, 0, 0))
    }

    fn start_dh(
        &mut self,
        secrets: Box<Secrets>,
        server: ServerInner,
        retry_id: i64,
        retries: u32,
    ) -> ClientOutcome {
        self.stage = Stage::Working;
        ClientOutcome::Work(Box::new(ClientWork(Task::Dh {
            nonce: self.nonce,
            secrets,
            server,
            retry_id,
            retries,
        })))
    }

    fn handle_dh_gen(
        &mut self,
        answer: &Bytes,
        secrets: Box<Secrets>,
        made: Made,
    ) -> Result<ClientOutcome, Error> {
        let mut reader = Reader::new(answer);
        let constructor = expect_nonces(&mut reader, self.nonce, secrets.server_nonce)?;
        let theirs: [u8; 16] = reader.array()?;
        let number = match constructor {
            id::DH_GEN_OK => 1,
            id::DH_GEN_RETRY => 2,
            _ => return Err(wrong()),
        };
        let ours = made.auth_key.new_nonce_hash(&secrets.new_nonce, number);
        if !bool::from(ours.ct_eq(&theirs)) {
            return Err(wrong());
        }
        if number == 1 {
            return Ok(ClientOutcome::Finished(Box::new(Finished {
                first_salt: first_salt(&secrets.new_nonce, &secrets.server_nonce),
                auth_key: made.auth_key,
                server_time_s: made.server.time_s,
                expires_in_s: self.config.kind.expires_in_s(),
            })));
        }
        if made.retries >= RETRIES_MAX {
            return Err(wrong());
        }
        let retry_id = i64::from_le_bytes(made.auth_key.aux_hash());
        Ok(self.start_dh(secrets, made.server, retry_id, made.retries + 1))
    }
}

impl Secrets {
    fn key_iv(&self) -> AesKeyIv {
        nonce_key_iv(&self.server_nonce.0, &self.new_nonce)
    }
}

/// A step that takes milliseconds. Secret; never printed.
pub struct ClientWork(Task);

enum Task {
    Factor {
        nonce: Nonce,
        server_nonce: Nonce,
        pq: Bytes,
        key: Box<RsaPublicKey>,
        kind: InnerKind,
        padding: Padding,
    },
    Dh {
        nonce: Nonce,
        secrets: Box<Secrets>,
        server: ServerInner,
        retry_id: i64,
        retries: u32,
    },
}

/// What a [`ClientWork`] made. Secret; never printed.
pub struct ClientResult(Result<Product, Error>);

enum Product {
    Factored(Box<Secrets>, Bytes),
    Key(Box<Secrets>, Box<Made>, Bytes),
}

impl ClientWork {
    /// Does the step: factoring and the RSA operation, or the powers.
    pub fn run(self, rng: &mut (impl CryptoRng + ?Sized)) -> ClientResult {
        ClientResult(match self.0 {
            Task::Factor {
                nonce,
                server_nonce,
                pq,
                key,
                kind,
                padding,
            } => factor(nonce, server_nonce, pq, &key, kind, padding, rng),
            Task::Dh {
                nonce,
                secrets,
                server,
                retry_id,
                retries,
            } => exchange(nonce, secrets, server, retry_id, retries, rng),
        })
    }
}

fn factor(
    nonce: Nonce,
    server_nonce: Nonce,
    pq: Bytes,
    key: &RsaPublicKey,
    kind: InnerKind,
    padding: Padding,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Product, Error> {
    let product = pq
        .iter()
        .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let (p, q) = factorize(product).ok_or_else(wrong)?;
    let mut new_nonce = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(&mut *new_nonce);
    let inner = PqInner {
        pq,
        p: minimal(p),
        q: minimal(q),
        nonce,
        server_nonce,
        new_nonce: new_nonce.clone(),
        kind,
    };
    let data = inner.write();
    let encrypted = match padding {
        Padding::Legacy => {
            let mut random = vec![0; 235 - data.len()];
            rng.fill_bytes(&mut random);
            legacy_pad(key, &data, &random)
        }
        Padding::RsaPad => rsa_pad(key, &data, rng),
    };
    let request = req_dh_params(&DhParamsRequest {
        nonce,
        server_nonce,
        p: inner.p,
        q: inner.q,
        fingerprint: key.fingerprint(),
        encrypted_data: Bytes::copy_from_slice(&encrypted),
    });
    let secrets = Box::new(Secrets {
        server_nonce,
        new_nonce,
    });
    Ok(Product::Factored(secrets, request))
}

/// C30–C32, C36, C41–C43.
fn exchange(
    nonce: Nonce,
    secrets: Box<Secrets>,
    server: ServerInner,
    retry_id: i64,
    retries: u32,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Product, Error> {
    let known = DhGroup::known();
    let offered;
    let group = if *server.prime == known_prime()
        && u32::try_from(server.generator) == Ok(known.generator())
    {
        known
    } else {
        offered = DhGroup::checked(&server.prime, server.generator)?;
        &offered
    };
    let secret = DhSecret::random(rng);
    let auth_key = FullAuthKey::new(group.shared(&server.public, &secret)?);
    let public: [u8; DH_LEN] = group.generator_pow_once(&secret);
    group.check(&public)?;
    let mut inner = nonces(id::CLIENT_DH_INNER_DATA, nonce, secrets.server_nonce);
    inner.i64(retry_id);
    inner.bytes(&public);
    let encrypted = encrypt_hashed(inner.as_slice(), &secrets.key_iv(), rng);
    let request = nonces_and_bytes(
        id::SET_CLIENT_DH_PARAMS,
        nonce,
        secrets.server_nonce,
        &encrypted,
    );
    let made = Box::new(Made {
        auth_key,
        server,
        retries,
    });
    Ok(Product::Key(secrets, made, request))
}

/// Big-endian without leading zeros.
fn minimal(value: u64) -> Bytes {
    let bytes = value.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    Bytes::copy_from_slice(&bytes[start..])
}
