//! Sealing, opening and key exchange against grammers, the obvious loop over `aes` and `sha2`, and
//! the big-integer library used plainly. Compare medians within one run only.

use std::hint::black_box;

use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes256Dec, Aes256Enc};
use benches::openssl::OpenSsl;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use grammers_crypto::DequeBuffer;
use mtproto_core::crypto::{
    AesKeyIv, AuthKey, DhGroup, DhSecret, FullAuthKey, IgeStream, Sealing, Side, factorize,
    ige_decrypt, ige_encrypt, ige_encrypt_many, known_prime, message_key_iv, open, random_pq, seal,
    seal_batch,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// 24 bytes of outer head and 32 of inner head.
const HEADS_LEN: usize = 56;
/// Buffers whose addresses differ by a power of two collide in one set of the cache.
const STAGGER: usize = 88;

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(0x6d74_7072_6f74_6f00)
}

fn bytes<const N: usize>(rng: &mut ChaCha12Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn key_iv(rng: &mut ChaCha12Rng) -> AesKeyIv {
    AesKeyIv::new(bytes(rng), bytes(rng))
}

/// What one writes first: blocks as `u128`.
fn obvious_ige_encrypt(data: &mut [u8], key_iv: &AesKeyIv) {
    let cipher = Aes256Enc::new(key_iv.key().into());
    let (mut previous_cipher, mut previous_plain) = start(key_iv);
    for block in data.as_chunks_mut::<16>().0 {
        let plain = u128::from_ne_bytes(*block);
        let mut next = (plain ^ previous_cipher).to_ne_bytes().into();
        cipher.encrypt_block(&mut next);
        previous_cipher = u128::from_ne_bytes(next.into()) ^ previous_plain;
        previous_plain = plain;
        *block = previous_cipher.to_ne_bytes();
    }
}

fn obvious_ige_decrypt(data: &mut [u8], key_iv: &AesKeyIv) {
    let cipher = Aes256Dec::new(key_iv.key().into());
    let (mut previous_cipher, mut previous_plain) = start(key_iv);
    for block in data.as_chunks_mut::<16>().0 {
        let encrypted = u128::from_ne_bytes(*block);
        let mut next = (encrypted ^ previous_plain).to_ne_bytes().into();
        cipher.decrypt_block(&mut next);
        previous_plain = u128::from_ne_bytes(next.into()) ^ previous_cipher;
        previous_cipher = encrypted;
        *block = previous_plain.to_ne_bytes();
    }
}

fn start(key_iv: &AesKeyIv) -> (u128, u128) {
    let (cipher, plain) = key_iv.iv().split_at(16);
    let number = |half: &[u8]| u128::from_ne_bytes(half.try_into().expect("16 bytes"));
    (number(cipher), number(plain))
}

fn obvious_open(auth_key: &AuthKey, packet: &mut [u8]) -> bool {
    let msg_key: [u8; 16] = packet[8..24].try_into().expect("16 bytes");
    obvious_ige_decrypt(
        &mut packet[24..],
        &message_key_iv(auth_key, &msg_key, Side::Client),
    );
    let mut hash = Sha256::new();
    hash.update(&auth_key.material()[88..120]);
    hash.update(&packet[24..]);
    hash.finalize()[8..24] == msg_key
}

/// A1, A2.
fn ige(c: &mut Criterion) {
    let mut rng = rng();
    let key_iv = key_iv(&mut rng);
    let mut group = c.benchmark_group("ige_one_16KiB");
    group.throughput(Throughput::Bytes(16 << 10));
    let mut data = vec![0; 16 << 10];
    group.bench_function("ours", |b| b.iter(|| ige_encrypt(&mut data, &key_iv)));
    group.bench_function("ours_decrypt", |b| {
        b.iter(|| ige_decrypt(&mut data, &key_iv))
    });
    group.bench_function("grammers", |b| {
        b.iter(|| grammers_crypto::aes::ige_encrypt(&mut data, key_iv.key(), key_iv.iv()));
    });
    group.bench_function("obvious", |b| {
        b.iter(|| obvious_ige_encrypt(&mut data, &key_iv))
    });
    if let Some(openssl) = OpenSsl::load() {
        group.bench_function("openssl", |b| {
            b.iter(|| openssl.ige_encrypt(&mut data, key_iv.key(), key_iv.iv()));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("ige_eight_1KiB");
    group.throughput(Throughput::Bytes(8 << 10));
    let mut data = vec![0; 8 * (1024 + STAGGER)];
    let keys: Vec<AesKeyIv> = (0..8).map(|_| self::key_iv(&mut rng)).collect();
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut buffers = data.chunks_exact_mut(1024 + STAGGER);
            let mut streams: [IgeStream<'_>; 8] = std::array::from_fn(|i| IgeStream {
                data: &mut buffers.next().expect("eight buffers")[..1024],
                key_iv: keys[i].clone(),
            });
            ige_encrypt_many(&mut streams);
        });
    });
    group.bench_function("grammers", |b| {
        b.iter(|| {
            for (data, key_iv) in data.chunks_exact_mut(1024 + STAGGER).zip(&keys) {
                grammers_crypto::aes::ige_encrypt(&mut data[..1024], key_iv.key(), key_iv.iv());
            }
        });
    });
    group.finish();
}

/// A4, A5, A6. Padding is drawn inside, as both libraries have to.
fn sealing(c: &mut Criterion) {
    let mut rng = rng();
    let raw: Vec<[u8; 256]> = (0..16).map(|_| bytes(&mut rng)).collect();
    let keys: Vec<AuthKey> = raw
        .iter()
        .map(|key| FullAuthKey::new(*key).message_key())
        .collect();
    let theirs = grammers_crypto::AuthKey::from_bytes(raw[0]);
    for (name, data_len) in [("100B", 100), ("1KiB", 1024), ("64KiB", 64 << 10)] {
        let padding = 12 + (data_len + 12usize).wrapping_neg() % 16;
        let packet_len = HEADS_LEN + data_len + padding;
        let mut group = c.benchmark_group(format!("seal_{name}"));
        group.throughput(Throughput::Elements(1));
        let mut packet = vec![1; packet_len];
        group.bench_function("ours", |b| {
            b.iter(|| {
                rng.fill_bytes(&mut packet[packet_len - padding..]);
                seal(&keys[0], Side::Client, &mut packet)
            });
        });
        let mut buffer = DequeBuffer::<u8>::with_capacity(packet_len + 64, 64);
        let plain = vec![1; 32 + data_len];
        group.bench_function("grammers", |b| {
            b.iter(|| {
                buffer.clear();
                buffer.extend(plain.iter().copied());
                grammers_crypto::encrypt_data_v2(&mut buffer, &theirs);
            });
        });
        group.finish();

        let mut group = c.benchmark_group(format!("seal_16x{name}"));
        group.throughput(Throughput::Elements(16));
        let mut data = vec![1; 16 * (packet_len + STAGGER)];
        group.bench_function("ours", |b| {
            b.iter(|| {
                let mut buffers = data.chunks_exact_mut(packet_len + STAGGER);
                let mut batch: [Sealing<'_>; 16] = std::array::from_fn(|i| {
                    let packet = &mut buffers.next().expect("sixteen buffers")[..packet_len];
                    rng.fill_bytes(&mut packet[packet_len - padding..]);
                    Sealing {
                        auth_key: &keys[i],
                        packet,
                    }
                });
                seal_batch(Side::Server, &mut batch);
            });
        });
        group.bench_function("grammers", |b| {
            b.iter(|| {
                for _ in 0..16 {
                    buffer.clear();
                    buffer.extend(plain.iter().copied());
                    grammers_crypto::encrypt_data_v2(&mut buffer, &theirs);
                }
            });
        });
        group.finish();
    }
}

/// A7, A8.
fn opening(c: &mut Criterion) {
    let mut rng = rng();
    let auth_key = FullAuthKey::new(bytes(&mut rng)).message_key();
    let data_len: i32 = 64 << 10;
    let mut sealed = vec![0; HEADS_LEN + (64 << 10) + 16];
    sealed[52..56].copy_from_slice(&data_len.to_le_bytes());
    seal(&auth_key, Side::Client, &mut sealed);
    let mut group = c.benchmark_group("open_64KiB");
    group.throughput(Throughput::Bytes(64 << 10));
    let fresh = || sealed.clone();
    group.bench_function("ours", |b| {
        b.iter_batched_ref(
            fresh,
            |packet| open(&auth_key, Side::Client, packet).is_ok(),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("obvious", |b| {
        b.iter_batched_ref(
            fresh,
            |packet| obvious_open(&auth_key, packet),
            BatchSize::LargeInput,
        );
    });
    let key_iv = key_iv(&mut rng);
    group.bench_function("ige_decrypt_alone", |b| {
        b.iter_batched_ref(
            fresh,
            |packet| ige_decrypt(&mut packet[24..], &key_iv),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// A9.
fn powers(c: &mut Criterion) {
    let mut rng = rng();
    let group_params = DhGroup::known();
    group_params.prepare();
    let exponent: [u8; 256] = bytes(&mut rng);
    let secret = DhSecret::from_be_bytes(&exponent);
    let other: [u8; 256] = group_params.generator_pow(&DhSecret::random(&mut rng));
    let big = |bytes: &[u8; 256]| BoxedUint::from_be_slice(bytes, 2048).expect("2048 bits");
    let params = BoxedMontyParams::new(Odd::new(big(&known_prime())).expect("odd"));
    let mut three = [0; 256];
    three[255] = 3;
    let base = BoxedMontyForm::new(big(&three), &params);
    let exponent = big(&exponent);
    let mut group = c.benchmark_group("g_a");
    group.sample_size(30);
    group.bench_function("ours", |b| b.iter(|| group_params.generator_pow(&secret)));
    group.bench_function("crypto_bigint_boxed", |b| b.iter(|| base.pow(&exponent)));
    group.bench_function("ours_without_table", |b| {
        b.iter(|| group_params.generator_pow_once(&secret));
    });
    group.bench_function("ours_shared", |b| {
        b.iter(|| group_params.shared(&other, &secret))
    });
    group.finish();
}

/// A19: the same hundred products for both; one iteration factors all of them.
fn factoring(c: &mut Criterion) {
    let mut rng = rng();
    let products: Vec<u64> = (0..100)
        .map(|_| u64::from_be_bytes(random_pq(&mut rng).product_bytes()))
        .collect();
    let mut group = c.benchmark_group("factorize_100");
    group.sample_size(20);
    group.bench_function("ours", |b| {
        b.iter(|| {
            for product in &products {
                black_box(factorize(*product));
            }
        });
    });
    group.bench_function("grammers", |b| {
        b.iter(|| {
            for product in &products {
                black_box(grammers_crypto::factorize(*product));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, ige, sealing, opening, powers, factoring);
criterion_main!(benches);
