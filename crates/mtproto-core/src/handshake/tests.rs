//! Whole exchanges, and every way in which one can be wrong.

use std::sync::Arc;

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};

use super::message::{encrypt_hashed, nonces, nonces_and_bytes};
use super::*;
use crate::crypto::{DhGroup, LegacyPadding, RsaPrivateKey, known_prime, nonce_key_iv};
use crate::error::{Error, PeerIncompatible, PeerMisbehaved};
use crate::service::id;
use crate::vector::field;

const LEADING_ZERO: &str = include_str!("../../tests/data/leading_zero.hex");
const NOW: i64 = 1_700_000_000;

/// Random, but exponents (the only draws of 256 bytes) can be prescribed; draws of 32 bytes are
/// recorded: the first one of a client is its new_nonce.
struct Script {
    rng: ChaCha12Rng,
    exponent: Option<Vec<u8>>,
    drawn: Vec<[u8; 32]>,
}

impl Script {
    fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha12Rng::seed_from_u64(seed),
            exponent: None,
            drawn: Vec::new(),
        }
    }
}

impl TryRng for Script {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.rng.fill_bytes(bytes);
        if bytes.len() == 256
            && let Some(exponent) = &self.exponent
        {
            bytes.copy_from_slice(exponent);
        }
        if let Ok(drawn) = <[u8; 32]>::try_from(&*bytes) {
            self.drawn.push(drawn);
        }
        Ok(())
    }
}

impl TryCryptoRng for Script {}

fn server_config() -> ServerHandshakeConfig {
    let key = RsaPrivateKey::from_pem(include_str!("../../tests/data/rsa_key.pem")).unwrap();
    ServerHandshakeConfig::new(vec![Arc::new(HandshakeKey {
        key,
        legacy: LegacyPadding::Accepted,
    })])
}

fn client_config(
    server: &ServerHandshakeConfig,
    kind: InnerKind,
    padding: Padding,
) -> ClientHandshakeConfig {
    let keys: Vec<_> = server
        .keys
        .iter()
        .map(|key| key.key.public().clone())
        .collect();
    ClientHandshakeConfig {
        keys: keys.into(),
        kind,
        padding,
    }
}

struct Exchange {
    server: ServerHandshakes,
    client: ClientHandshake,
    server_rng: Script,
    client_rng: Script,
    request: Bytes,
}

impl Exchange {
    fn new(seed: u64, kind: InnerKind, padding: Padding) -> Self {
        let config = server_config();
        let mut client_rng = Script::new(seed * 2);
        let (client, request) =
            ClientHandshake::start(client_config(&config, kind, padding), &mut client_rng);
        Self {
            server: ServerHandshakes::new(config),
            client,
            server_rng: Script::new(seed * 2 + 1),
            client_rng,
            request,
        }
    }

    fn handle(&mut self, request: &Bytes) -> Result<ServerOutcome, Error> {
        self.server
            .handle_request(NOW, request, &mut self.server_rng)
    }

    /// The server's answer to the pending request; a key is confirmed with `verdict`.
    fn serve(&mut self, verdict: KeyVerdict) -> Result<(Bytes, Option<NewKey>), Error> {
        let request = self.request.clone();
        let mut outcome = self.handle(&request)?;
        loop {
            match outcome {
                ServerOutcome::Ignore => panic!("nothing to answer"),
                ServerOutcome::Reply(answer) => return Ok((answer, None)),
                ServerOutcome::Work(work) => {
                    let result = work.run(&mut self.server_rng);
                    outcome = self
                        .server
                        .handle_result(NOW, result, &mut self.server_rng)?;
                }
                ServerOutcome::NewKey(key) => {
                    let answer = self.server.confirm(key.exchange, verdict)?;
                    return Ok((answer, Some(*key)));
                }
            }
        }
    }

    /// The client's reaction: its next request is pending, or it is done.
    fn react(&mut self, answer: &Bytes) -> Result<Option<Finished>, Error> {
        let mut outcome = self.client.handle_answer(answer)?;
        loop {
            match outcome {
                ClientOutcome::Send(request) => {
                    self.request = request;
                    return Ok(None);
                }
                ClientOutcome::Work(work) => {
                    let result = work.run(&mut self.client_rng);
                    outcome = self.client.handle_result(result)?;
                }
                ClientOutcome::Finished(finished) => return Ok(Some(*finished)),
            }
        }
    }

    /// One request and its answer.
    fn round(&mut self) {
        let (answer, _) = self.serve(KeyVerdict::Stored).unwrap();
        assert!(self.react(&answer).unwrap().is_none());
    }

    fn finish(&mut self) -> (Finished, NewKey) {
        loop {
            let (answer, key) = self.serve(KeyVerdict::Stored).unwrap();
            if let Some(finished) = self.react(&answer).unwrap() {
                return (finished, key.unwrap());
            }
        }
    }

    /// A last request with this inner data, encrypted as the client would.
    fn forge_set_dh(&mut self, retry_id: i64, public: &[u8]) -> Bytes {
        let (nonce, server_nonce) = self.nonces();
        let key_iv = nonce_key_iv(&server_nonce.0, &self.client_rng.drawn[0]);
        let mut inner = nonces(id::CLIENT_DH_INNER_DATA, nonce, server_nonce);
        inner.i64(retry_id);
        inner.bytes(public);
        let encrypted = encrypt_hashed(inner.as_slice(), &key_iv, &mut self.client_rng.rng);
        nonces_and_bytes(id::SET_CLIENT_DH_PARAMS, nonce, server_nonce, &encrypted)
    }

    fn nonces(&self) -> (Nonce, Nonce) {
        (
            Nonce(self.request[4..20].try_into().unwrap()),
            Nonce(self.request[20..36].try_into().unwrap()),
        )
    }
}

fn env_number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// All paddings, inner constructors and leading zeros. `HANDSHAKE_RUNS=20000` for the long run.
#[test]
fn every_kind_of_exchange_makes_the_same_key_on_both_sides() {
    let first = env_number("SEED", 0);
    for seed in first..first + env_number("HANDSHAKE_RUNS", 48) {
        let kind = match seed % 4 {
            0 => InnerKind::Plain,
            1 => InnerKind::Dc(2),
            2 => InnerKind::Temp(86_400),
            _ => InnerKind::TempDc(-10_002, 3600),
        };
        let padding = if seed / 4 % 2 == 0 {
            Padding::Legacy
        } else {
            Padding::RsaPad
        };
        let mut exchange = Exchange::new(seed, kind, padding);
        let forced = match seed / 8 % 4 {
            0 => Some(("a", "b")),
            1 => Some(("a_short", "b_short")),
            _ => None,
        };
        if let Some((a, b)) = forced {
            exchange.server_rng.exponent = Some(field(LEADING_ZERO, a));
            exchange.client_rng.exponent = Some(field(LEADING_ZERO, b));
        }
        let (finished, key) = exchange.finish();
        assert!(
            bool::from(finished.auth_key.ct_eq(&key.auth_key)),
            "seed {seed}"
        );
        assert_eq!(finished.first_salt, key.first_salt);
        assert_eq!(i64::from(finished.server_time_s), NOW);
        assert_eq!(finished.expires_in_s, key.expires_in_s);
        assert_eq!(key.expires_in_s, kind.expires_in_s());
        let leading_zero = finished.auth_key.as_bytes()[0] == 0;
        assert!(leading_zero || forced != Some(("a", "b")), "seed {seed}");
    }
}

#[test]
fn repeats_get_identical_answers_and_changes_end_the_exchange() {
    let mut exchange = Exchange::new(1, InnerKind::Dc(2), Padding::RsaPad);
    for step in 0..3 {
        let request = exchange.request.clone();
        let (answer, _) = exchange.serve(KeyVerdict::Stored).unwrap();
        let (again, key) = exchange.serve(KeyVerdict::Stored).unwrap();
        assert_eq!(answer, again, "step {step}");
        assert!(key.is_none());
        exchange.react(&answer).unwrap();
        exchange.request = if step < 2 { exchange.request } else { request };
    }
    let mut changed = exchange.request.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    assert!(exchange.handle(&changed.into()).is_err());
    // The state is gone: even the right request fails now (B41).
    assert!(exchange.serve(KeyVerdict::Stored).is_err());
}

#[test]
fn a_request_that_is_worked_on_is_not_worked_on_twice() {
    let mut exchange = Exchange::new(2, InnerKind::Dc(2), Padding::RsaPad);
    exchange.round();
    let request = exchange.request.clone();
    let first = exchange.handle(&request).unwrap();
    assert!(matches!(first, ServerOutcome::Work(_)));
    let second = exchange.handle(&request).unwrap();
    assert!(matches!(second, ServerOutcome::Ignore));
}

#[test]
fn exchanges_run_side_by_side_and_start_over_with_a_new_nonce() {
    let mut exchange = Exchange::new(3, InnerKind::Plain, Padding::Legacy);
    exchange.round();
    let config = client_config(&server_config(), InnerKind::Plain, Padding::RsaPad);
    let (client, request) = ClientHandshake::start(config, &mut exchange.client_rng);
    let (old_client, old_request) = (
        std::mem::replace(&mut exchange.client, client),
        std::mem::replace(&mut exchange.request, request),
    );
    exchange.finish();
    (exchange.client, exchange.request) = (old_client, old_request);
    exchange.finish();
    assert_eq!(exchange.server.len(), 2);
}

/// H9: each nonce of each message, one bit at a time.
#[test]
fn altered_nonces_end_the_exchange() {
    let is_handshake = |error| error == Error::from(PeerMisbehaved::Handshake);
    for step in 1..3 {
        for byte in [4, 19, 20, 35] {
            let mut exchange = Exchange::new(4, InnerKind::Dc(2), Padding::RsaPad);
            (0..step).for_each(|_| exchange.round());
            let mut request = exchange.request.to_vec();
            request[byte] ^= 1;
            let error = exchange.handle(&request.into()).err();
            assert!(error.is_some_and(is_handshake), "step {step} byte {byte}");
        }
    }
    for step in 0..3 {
        // resPQ introduces the second nonce: nothing to compare it with yet.
        for byte in if step == 0 {
            vec![4, 19]
        } else {
            vec![4, 19, 20, 35]
        } {
            let mut exchange = Exchange::new(5, InnerKind::Dc(2), Padding::RsaPad);
            (0..step).for_each(|_| exchange.round());
            let (answer, _) = exchange.serve(KeyVerdict::Stored).unwrap();
            let mut answer = answer.to_vec();
            answer[byte] ^= 0x80;
            assert!(
                exchange.react(&answer.into()).is_err(),
                "step {step} byte {byte}"
            );
        }
    }
}

#[test]
fn altered_ciphertexts_and_hashes_end_the_exchange() {
    for (step, byte) in [(1, 60), (1, 200), (1, 290), (2, 40), (2, 300)] {
        let mut exchange = Exchange::new(6, InnerKind::Plain, Padding::Legacy);
        (0..step).for_each(|_| exchange.round());
        let mut request = exchange.request.to_vec();
        request[byte] ^= 1;
        exchange.request = request.into();
        assert!(
            exchange.serve(KeyVerdict::Stored).is_err(),
            "step {step} byte {byte}"
        );
    }
    for (step, byte) in [(1, 44), (1, 630), (2, 36), (2, 51)] {
        let mut exchange = Exchange::new(7, InnerKind::Plain, Padding::Legacy);
        (0..step).for_each(|_| exchange.round());
        let (answer, _) = exchange.serve(KeyVerdict::Stored).unwrap();
        let mut answer = answer.to_vec();
        answer[byte] ^= 1;
        assert!(
            exchange.react(&answer.into()).is_err(),
            "step {step} byte {byte}"
        );
    }
}

/// H45.
#[test]
fn taken_id_makes_the_client_choose_another_key() {
    let mut exchange = Exchange::new(8, InnerKind::Dc(2), Padding::RsaPad);
    exchange.round();
    exchange.round();
    let (answer, refused) = exchange.serve(KeyVerdict::IdTaken).unwrap();
    assert_eq!(answer[..4], id::DH_GEN_RETRY.to_le_bytes());
    assert!(exchange.react(&answer).unwrap().is_none());
    let (finished, key) = exchange.finish();
    assert_eq!(finished.auth_key.id(), key.auth_key.id());
    assert_ne!(key.auth_key.id(), refused.unwrap().auth_key.id());
    assert_eq!(finished.first_salt, key.first_salt);
}

#[test]
fn collisions_without_end_are_given_up() {
    let mut exchange = Exchange::new(9, InnerKind::Dc(2), Padding::RsaPad);
    exchange.round();
    exchange.round();
    for _ in 0..3 {
        let (answer, _) = exchange.serve(KeyVerdict::IdTaken).unwrap();
        assert!(exchange.react(&answer).unwrap().is_none());
    }
    let (answer, _) = exchange.serve(KeyVerdict::IdTaken).unwrap();
    assert!(exchange.react(&answer).is_err());
    assert!(exchange.server.is_empty());
}

#[test]
fn key_that_cannot_be_stored_is_not_used() {
    let mut exchange = Exchange::new(10, InnerKind::Dc(2), Padding::RsaPad);
    exchange.round();
    exchange.round();
    let (answer, _) = exchange.serve(KeyVerdict::Failed).unwrap();
    assert_eq!(answer[..4], id::DH_GEN_FAIL.to_le_bytes());
    assert!(exchange.react(&answer).is_err());
}

/// H7.
#[test]
fn public_values_out_of_range_are_refused_before_any_power() {
    let prime = known_prime();
    let with_low_byte = |byte: u8| {
        let mut value = prime;
        value[255] = byte;
        value
    };
    let mut below_margin = [0xff; 256];
    below_margin[..8].fill(0);
    for public in [
        &[0u8][..],
        &[1],
        &with_low_byte(prime[255] - 1),
        &prime,
        &with_low_byte(prime[255] + 1),
        &below_margin,
        &[0xff; 257],
    ] {
        let mut exchange = Exchange::new(11, InnerKind::Plain, Padding::Legacy);
        exchange.round();
        exchange.round();
        let request = exchange.forge_set_dh(0, public);
        assert!(exchange.handle(&request).is_err());
    }
    let mut exchange = Exchange::new(12, InnerKind::Plain, Padding::Legacy);
    exchange.round();
    exchange.round();
    let good = DhGroup::known().prime_bytes().map(|byte| byte / 2);
    let request = exchange.forge_set_dh(1, &good);
    assert!(
        exchange.handle(&request).is_err(),
        "a retry_id that nobody asked for"
    );
}

/// H40: junk costs no RSA operation.
#[test]
fn cheap_checks_come_before_rsa() {
    // p (at 37), q (at 45), fingerprint, length of encrypted_data
    for byte in [38, 46, 53, 61] {
        let mut exchange = Exchange::new(13, InnerKind::Dc(2), Padding::RsaPad);
        exchange.round();
        let mut request = exchange.request.to_vec();
        request[byte] ^= 1;
        assert!(exchange.handle(&request.into()).is_err(), "byte {byte}");
    }
    let mut exchange = Exchange::new(14, InnerKind::Dc(2), Padding::RsaPad);
    for junk in [&[][..], &[1, 2, 3], &id::REQ_PQ.to_le_bytes(), &[0; 64]] {
        assert!(exchange.handle(&Bytes::copy_from_slice(junk)).is_err());
    }
    let ack = Bytes::copy_from_slice(&id::MSGS_ACK.to_le_bytes());
    assert!(matches!(exchange.handle(&ack), Ok(ServerOutcome::Ignore)));
    // A step for an exchange that nobody began.
    exchange.round();
    exchange.server = ServerHandshakes::new(server_config());
    assert!(exchange.serve(KeyVerdict::Stored).is_err());
}

#[test]
fn data_centre_and_life_are_judged() {
    let result = |kind, dc_id| {
        let mut exchange = Exchange::new(15, kind, Padding::RsaPad);
        let mut config = server_config();
        config.dc_id = dc_id;
        exchange.server = ServerHandshakes::new(config);
        exchange.round();
        exchange.serve(KeyVerdict::Stored).map(|_| ())
    };
    for dc_id in [2, 10_002, -2, -10_002] {
        assert_eq!(result(InnerKind::Dc(dc_id), Some(2)), Ok(()));
    }
    for dc_id in [3, 0, -3, 10_003, i32::MIN] {
        let wrong_dc = Err(PeerIncompatible::DataCentre.into());
        assert_eq!(result(InnerKind::TempDc(dc_id, 60), Some(2)), wrong_dc);
        assert_eq!(result(InnerKind::Dc(dc_id), None), Ok(()));
    }
    for life in [0, -1, i32::MIN] {
        assert!(result(InnerKind::Temp(life), None).is_err());
    }
    let mut exchange = Exchange::new(16, InnerKind::Temp(i32::MAX), Padding::RsaPad);
    let (_, key) = exchange.finish();
    assert_eq!(key.expires_in_s, Some(7 * 86_400));
}

/// H41.
#[test]
fn exchanges_are_bounded_in_number_and_age() {
    let mut config = server_config();
    config.exchanges_max = 100;
    let client = client_config(&config, InnerKind::Plain, Padding::RsaPad);
    let mut server = ServerHandshakes::new(config);
    let mut rng = ChaCha12Rng::seed_from_u64(17);
    for second in 0..1000 {
        let (_, request) = ClientHandshake::start(client.clone(), &mut rng);
        server
            .handle_request(NOW + second / 100, &request, &mut rng)
            .unwrap();
        assert!(server.len() <= 101);
    }
    let (_, request) = ClientHandshake::start(client, &mut rng);
    server
        .handle_request(NOW + 9 + EXCHANGE_AGE_MAX_S, &request, &mut rng)
        .unwrap();
    assert_eq!(server.len(), 1);
}

#[test]
fn client_refuses_servers_without_its_key() {
    let mut exchange = Exchange::new(18, InnerKind::Plain, Padding::RsaPad);
    let (mut answer, _) = {
        let (answer, _) = exchange.serve(KeyVerdict::Stored).unwrap();
        (answer.to_vec(), ())
    };
    *answer.last_mut().unwrap() ^= 1;
    assert_eq!(
        exchange.react(&answer.into()).err(),
        Some(PeerIncompatible::RsaKey.into())
    );
}

#[test]
fn plain_messages_allow_what_clients_do() {
    let packet = plain_message(0, &[1, 2, 3, 4]);
    assert_eq!(read_plain_message(&packet).unwrap(), [1, 2, 3, 4][..]);
    let mut with_filler = packet.to_vec();
    with_filler.extend_from_slice(&[9; 13]);
    assert_eq!(
        read_plain_message(&with_filler.into()).unwrap(),
        [1, 2, 3, 4][..]
    );
    let mut zero_len = packet.to_vec();
    zero_len[16] = 0;
    let mut long_len = packet.to_vec();
    long_len[17] = 1;
    let mut with_key = packet.to_vec();
    with_key[3] = 1;
    for wrong in [
        zero_len,
        long_len,
        with_key,
        packet[..20].to_vec(),
        Vec::new(),
    ] {
        assert!(read_plain_message(&wrong.into()).is_err());
    }
}
