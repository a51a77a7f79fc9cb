//! A whole key exchange on the server against its unavoidable parts: one RSA private operation and
//! two powers modulo a 2048-bit prime of the same libraries (A10).

use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use mtproto_core::crypto::{
    DhGroup, LegacyPadding, RsaPrivateKey, known_prime, legacy_pad, recover_inner,
};
use mtproto_core::handshake::{
    ClientHandshake, ClientHandshakeConfig, ClientOutcome, HandshakeKey, InnerKind, KeyVerdict,
    Padding, ServerHandshakeConfig, ServerHandshakes, ServerOutcome,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

const NOW_S: i64 = 1_700_000_000;

fn serve(server: &mut ServerHandshakes, request: &Bytes, rng: &mut ChaCha12Rng) -> Bytes {
    let mut outcome = server
        .handle_request(NOW_S, request, rng)
        .expect("a right request");
    loop {
        match outcome {
            ServerOutcome::Ignore => panic!("every request is answered"),
            ServerOutcome::Reply(answer) => return answer,
            ServerOutcome::Work(work) => {
                let result = work.run(rng);
                outcome = server
                    .handle_result(NOW_S, result, rng)
                    .expect("a right request");
            }
            ServerOutcome::NewKey(key) => {
                return server
                    .confirm(key.exchange, KeyVerdict::Stored)
                    .expect("a known exchange");
            }
        }
    }
}

/// The same seeds make the same requests: the client's part is computed once, outside the clock.
fn record_requests(key: &Arc<HandshakeKey>) -> Vec<Bytes> {
    let config = ClientHandshakeConfig {
        keys: vec![key.key.public().clone()].into(),
        kind: InnerKind::Dc(2),
        padding: Padding::RsaPad,
    };
    let mut client_rng = ChaCha12Rng::seed_from_u64(1);
    let mut server_rng = ChaCha12Rng::seed_from_u64(2);
    let mut server = new_server(key);
    let (mut client, mut request) = ClientHandshake::start(config, &mut client_rng);
    let mut requests = Vec::new();
    loop {
        requests.push(request.clone());
        let answer = serve(&mut server, &request, &mut server_rng);
        let mut outcome = client.handle_answer(&answer).expect("a right answer");
        loop {
            match outcome {
                ClientOutcome::Send(next) => {
                    request = next;
                    break;
                }
                ClientOutcome::Work(work) => {
                    let result = work.run(&mut client_rng);
                    outcome = client.handle_result(result).expect("a right answer");
                }
                ClientOutcome::Finished(_) => return requests,
            }
        }
    }
}

fn new_server(key: &Arc<HandshakeKey>) -> ServerHandshakes {
    ServerHandshakes::new(ServerHandshakeConfig::new(vec![Arc::clone(key)]))
}

fn exchange(c: &mut Criterion) {
    let mut rng = ChaCha12Rng::seed_from_u64(3);
    let key = Arc::new(HandshakeKey {
        key: RsaPrivateKey::generate(&mut rng).expect("a key"),
        legacy: LegacyPadding::Accepted,
    });
    DhGroup::known().prepare();
    let requests = record_requests(&key);
    let mut group = c.benchmark_group("server_exchange");
    group.sample_size(40);
    group.bench_function("ours", |b| {
        b.iter_batched_ref(
            || (new_server(&key), ChaCha12Rng::seed_from_u64(2)),
            |(server, rng)| {
                for request in &requests {
                    serve(server, request, rng);
                }
            },
            BatchSize::PerIteration,
        );
    });
    let big = |bytes: &[u8; 256]| BoxedUint::from_be_slice(bytes, 2048).expect("2048 bits");
    let params = BoxedMontyParams::new(Odd::new(big(&known_prime())).expect("odd"));
    let (mut base, mut exponent) = ([0; 256], [0; 256]);
    rng.fill_bytes(&mut base[1..]);
    rng.fill_bytes(&mut exponent);
    let base = BoxedMontyForm::new(big(&base), &params);
    let exponent = big(&exponent);
    let encrypted = legacy_pad(key.key.public(), &[5; 96], &[7; 139]);
    group.bench_function("rsa_and_two_powers", |b| {
        b.iter(|| {
            let inner = recover_inner(&key.key, &encrypted, LegacyPadding::Accepted, &mut rng);
            (inner.is_some(), base.pow(&exponent), base.pow(&exponent))
        });
    });
    group.bench_function("rsa_alone", |b| {
        b.iter(|| recover_inner(&key.key, &encrypted, LegacyPadding::Accepted, &mut rng).is_some());
    });
    group.finish();
}

criterion_group!(benches, exchange);
criterion_main!(benches);
