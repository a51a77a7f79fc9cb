//! Vectors of part I, and our pieces against other implementations.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::bind::v1_msg_key;
use super::dh::to_bytes;
use super::ige::{Block, Lanes, encrypt_portably};
use super::kdf::v1_key_iv;
use super::seal::{decrypt_hashing, decrypt_hashing_portably, padding_len};
use super::srp::multiplier;
use super::*;
use crate::error::{Error, PeerMisbehaved};
use crate::vector::{field, hex, hex_array, sequence};

const HANDSHAKE: &str = include_str!("../../tests/data/handshake.hex");
const CAPTURE: &str = include_str!("../../tests/data/capture.hex");
const SRP: &str = include_str!("../../tests/data/srp.hex");

fn sequence_key() -> FullAuthKey {
    FullAuthKey::new(sequence())
}

fn test_rsa_key() -> RsaPublicKey {
    RsaPublicKey::new(&field(HANDSHAKE, "rsa_n"), &[1, 0, 1]).unwrap()
}

/// 2048 bits take a while to find: made once for all tests.
pub(crate) fn private_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pem(include_str!("../../tests/data/rsa_key.pem")).unwrap()
}

// I.1

#[test]
fn ige_vectors() {
    for (key, iv, plain, cipher) in [
        (
            sequence::<32>(),
            sequence::<32>(),
            sequence::<32>(),
            "e28112a53e5c89c7b1ea8071c133699fd4e86b26c4bac9fc5af1ab8ce27a44a4",
        ),
        (
            [0; 32],
            [0; 32],
            [0; 32],
            "dc95c078a2408989ad48a2149284208708c374848c228233c2b34f332bd2e9d3",
        ),
    ] {
        let key_iv = AesKeyIv::new(key, iv);
        let mut data = plain;
        ige_encrypt(&mut data, &key_iv);
        assert_eq!(data, hex_array(cipher));
        ige_decrypt(&mut data, &key_iv);
        assert_eq!(data, plain);
    }
}

#[test]
fn interleaved_streams_equal_single_ones_and_another_implementation() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    for count in [1, 2, 7, 8, 9, 16, 23] {
        let mut plain: Vec<Vec<u8>> = (0..count)
            .map(|_| vec![0; 16 * (rng.next_u32() as usize % 40)])
            .collect();
        let keys: Vec<AesKeyIv> = plain
            .iter_mut()
            .map(|data| {
                rng.fill_bytes(data);
                let mut key = [0; 64];
                rng.fill_bytes(&mut key);
                AesKeyIv::new(key[..32].try_into().unwrap(), key[32..].try_into().unwrap())
            })
            .collect();
        let mut together = plain.clone();
        let mut streams: Vec<IgeStream<'_>> = together
            .iter_mut()
            .zip(&keys)
            .map(|(data, key_iv)| IgeStream {
                data,
                key_iv: key_iv.clone(),
            })
            .collect();
        ige_encrypt_many(&mut streams);
        for ((mut data, key_iv), together) in plain.into_iter().zip(&keys).zip(&together) {
            let mut theirs = data.clone();
            grammers_crypto::aes::ige_encrypt(&mut theirs, key_iv.key(), key_iv.iv());
            ige_encrypt(&mut data, key_iv);
            assert_eq!(data, theirs);
            assert_eq!(&data, together);
        }
    }
}

/// What processors without our instructions run gives the same bytes. With the feature `portable`,
/// and `--cfg aes_backend="soft" --cfg sha2_backend="soft"` for the libraries below, all tests run
/// without any.
#[test]
fn portable_code_gives_the_same_bytes() {
    let mut rng = ChaCha12Rng::seed_from_u64(8);
    let mut random = |len: usize| {
        let mut bytes = vec![0; len];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    for blocks in (2..40).chain([1000]) {
        let (key, iv) = (random(32), random(32));
        let key_iv = AesKeyIv::new(key.try_into().unwrap(), iv.try_into().unwrap());
        let plain = random(16 * blocks);
        let (mut fast, mut portable) = (plain.clone(), plain.clone());
        ige_encrypt(&mut fast, &key_iv);
        encrypt_portably(Block::slice_as_chunks_mut(&mut portable).0, &key_iv);
        assert_eq!(fast, portable);

        let key_part = random(32).try_into().unwrap();
        let fast_hash = decrypt_hashing(&mut fast, &key_iv, &key_part);
        let portable_hash = decrypt_hashing_portably(&mut portable, &key_iv, &key_part);
        assert_eq!((&fast, &portable), (&plain, &plain));
        let tail = &plain[32..][(plain.len() - 32) / 64 * 64..];
        let expected = sha256(&[&key_part, &plain]);
        assert_eq!(fast_hash.finish(tail), expected);
        assert_eq!(portable_hash.finish(tail), expected);
    }
    for count in 1..=8 {
        let plain: Vec<Vec<u8>> = (0..count).map(|i| random(16 * (1 + i * 5 % 7))).collect();
        let keys: Vec<AesKeyIv> = (0..count)
            .map(|_| {
                let (key, iv) = (random(32), random(32));
                AesKeyIv::new(key.try_into().unwrap(), iv.try_into().unwrap())
            })
            .collect();
        let (mut fast, mut portable) = (plain.clone(), plain);
        for (buffers, portably) in [(&mut fast, false), (&mut portable, true)] {
            let mut lanes = Lanes::default();
            for (data, key_iv) in buffers.iter_mut().zip(&keys) {
                lanes.push(data, key_iv);
            }
            if portably {
                lanes.encrypt_portably();
            } else {
                lanes.encrypt();
            }
        }
        assert_eq!(fast, portable);
    }
}

// I.2

#[test]
fn key_derivation_vectors() {
    let key = sequence_key().message_key();
    assert_eq!(key.id().to_bytes(), hex_array("32d1586ea457dfc8"));
    assert_eq!(sequence_key().aux_hash(), hex_array("4916d6bdb7f78e68"));
    let second: [u8; 256] =
        hex(&"98cb29c6ffa89e79da695a54f572e6cb101e81c688b63a4bf73c3622dec230e0".repeat(8))
            .try_into()
            .unwrap();
    let second_key = FullAuthKey::new(second).message_key();
    let second_msg_key = hex_array("25d701f2a29205526757825a99eb2d32");
    for (key, msg_key, side, aes_key, iv) in [
        (
            &key,
            sequence(),
            Side::Client,
            "704ed09c8b41668ae8f99d244738f71dbddc44469b6bbd4aa8573dd042bd059e",
            "4d266000a550edabbf4c7ce40fd0043cc92230184cd317a5cc9c2482fd3b9318",
        ),
        (
            &key,
            sequence(),
            Side::Server,
            "217725799b245806458174a1fcfbc883906807b15033fdd0ea2b4d69cf9c364e",
            "669a6538917a4fa56ca32360a431c9160be4ad887140980dab91ce7bdc47ffbc",
        ),
        (
            &second_key,
            second_msg_key,
            Side::Client,
            "af3f8e1ffa75f4c981eec33a3e5bbaa2ea48f9bb93e91597627eb1f67960a0c9",
            "9874d77f95155b35221bff94b7df4594c6996e2a62e44fcb7d93c8c4e41b79ee",
        ),
        (
            &second_key,
            second_msg_key,
            Side::Server,
            "d4b378e1e0525f10ff9d4c42807ccce5b30a033a8088c0b922b5259421751648",
            "4d7194f42f0135d2fd83050b403265b4c40ee3e9e9fba56f0f4d8ea6bcb121f5",
        ),
    ] {
        let derived = message_key_iv(key, &msg_key, side);
        assert_eq!(*derived.key(), hex_array(aes_key));
        assert_eq!(*derived.iv(), hex_array(iv));
    }
    let sequence_bytes = sequence::<256>();
    for (secret, x, msg_key, aes_key, iv) in [
        (
            &sequence_bytes,
            0,
            sequence(),
            "17d7295ca9213d1ab656acdb1ad48b2ea7f3a8f7095098d5508b900bbd5fccfc",
            "2d7d16a65a84108e9805656caa474501cc580aa2edc33abfd0bfad785464d1c6",
        ),
        (
            &second,
            0,
            second_msg_key,
            "1fc7b40b1d9ffbdaf4d652525a748864259698f89214abf27c0d36cb9d4cd5db",
            "7251fbda39ec5e6e089f15ded5963b03d6d8d0f7078898431fc7b40b1d9ffbda",
        ),
        (
            &second,
            8,
            second_msg_key,
            "af0e4e01318654be40ab42b125909d43b44bdeef571ff1a5dfb81474ae26d467",
            "15c9ba6021d2c5cf04f0842540ae216a970b4eac8f46ef01af0e4e01318654be",
        ),
    ] {
        let derived = v1_key_iv(secret[x..x + 128].try_into().unwrap(), &msg_key);
        assert_eq!(*derived.key(), hex_array(aes_key));
        assert_eq!(*derived.iv(), hex_array(iv));
    }
    assert_eq!(
        v1_msg_key(b"bind-message-test-payload"),
        hex_array("fc11a3669566de22b87f66550dc3de6d")
    );
}

#[test]
fn sealing_vectors() {
    let key = sequence_key().message_key();
    let text = b"Hello, world! This data should remain secure!";
    let client_ping = "1122334455667788a1a2a3a4a5a6a7a80400000000f15365010000000c000000\
        ec77be7a0700000000000000cccccccccccccccccccccccccccccccccccccccc";
    let server_pong = "1122334455667788a1a2a3a4a5a6a7a80100000000f153650000000014000000\
        c57377340400000000f153650700000000000000cccccccccccccccccccccccc";
    let mut padded = text.to_vec();
    padded.resize(64, 0);
    for (side, plain, sealed, token) in [
        (
            Side::Client,
            padded.clone(),
            "32d1586ea457dfc8a81729d46db54019a2bfd7f744f9b96c4f716cfdc4477db2a2c15f6ddb85235fb9552f1d\
            8407c6aaea00cc844c5a1bf6ac44b79b5edc2a23868b3d6073a590992c0f2975243d563ea180d218ee757c9a",
            Some(0xcd571d02),
        ),
        (
            Side::Server,
            padded,
            "32d1586ea457dfc8485b8c781294b966f8af84a4882055b92e9ee7ab997e45367c751ababf96b489b7cfd9eb\
            0a2d3827d6849d232d8787ab87118aa6b69ba4943edace5b0a98c44e580c08722f24a4dd9e7f99dd0cde3855",
            None,
        ),
        (
            Side::Client,
            hex(client_ping),
            "32d1586ea457dfc8b8494a8cc8057d6304331c963da6f867f6d0c7d77ed14d78b01a6002bf2166d5fa8f5b8f\
            6f061ea78d2f0adf449c13028e4769526e2bd8bb92898ffdb7ee475d36aa547ecfda147c43e28180ae8617f5",
            Some(0xdec080c5),
        ),
        (
            Side::Server,
            hex(server_pong),
            "32d1586ea457dfc80d8e56e60a3dec1dbeed4a5be449ee85b1aa7053925d307a2bf99e344420f3bafb2026ef\
            8874d235e435282892e5ff10401f6aedd5478faecb3137a2a4a0d83ffa1145ab232d9ffbd64f7319af5c570c",
            None,
        ),
    ] {
        let mut packet = vec![0; OUTER_HEAD_LEN];
        packet.extend_from_slice(&plain);
        let given = seal(&key, side, &mut packet);
        assert_eq!(packet, hex(sealed));
        if let Some(token) = token {
            assert_eq!(given, QuickAckToken(token));
        }
    }
}

#[test]
fn capture_of_an_official_server_opens() {
    let key = FullAuthKey::new(field(CAPTURE, "auth_key").try_into().unwrap()).message_key();
    let mut packet = field(CAPTURE, "packet");
    let opened = open(&key, Side::Server, &mut packet).unwrap();
    assert_eq!(packet[OUTER_HEAD_LEN..], field(CAPTURE, "plain"));
    assert_eq!((opened.data_len, opened.seq_no), (88, 2));
    assert_eq!(opened.msg_id & 3, 1);
}

fn random_packet(rng: &mut ChaCha12Rng, data_len: usize, padding: usize) -> Vec<u8> {
    let mut packet = vec![0; OUTER_HEAD_LEN + PLAIN_HEAD_LEN + data_len + padding];
    rng.fill_bytes(&mut packet[OUTER_HEAD_LEN..]);
    let declared = i32::try_from(data_len).unwrap().to_le_bytes();
    packet[OUTER_HEAD_LEN + 28..OUTER_HEAD_LEN + 32].copy_from_slice(&declared);
    packet
}

#[test]
fn batches_seal_as_single_messages_do_and_open_again() {
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let keys: Vec<AuthKey> = (0..5)
        .map(|_| {
            let mut bytes = [0; 256];
            rng.fill_bytes(&mut bytes);
            FullAuthKey::new(bytes).message_key()
        })
        .collect();
    for count in [0, 1, 3, 8, 20] {
        let plain: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let data_len = 4 * (rng.next_u32() as usize % 300);
                let padding = padding_len(data_len, 5, &mut rng);
                random_packet(&mut rng, data_len, padding)
            })
            .collect();
        let mut batch = plain.clone();
        let mut sealings: Vec<Sealing<'_>> = batch
            .iter_mut()
            .enumerate()
            .map(|(i, packet)| Sealing {
                auth_key: &keys[i % 5],
                packet,
            })
            .collect();
        seal_batch(Side::Client, &mut sealings);
        for (i, (mut single, mut sealed)) in plain.clone().into_iter().zip(batch).enumerate() {
            let key = &keys[i % 5];
            let token = seal(key, Side::Client, &mut single);
            assert_eq!(single, sealed);
            let opened = open(key, Side::Client, &mut sealed).unwrap();
            assert_eq!(opened.quick_ack, token);
            assert_eq!(sealed[OUTER_HEAD_LEN..], plain[i][OUTER_HEAD_LEN..]);
        }
    }
}

/// H1: each of the 704 bits of a valid packet, flipped, gives the same error.
#[test]
fn every_flipped_bit_is_undecipherable() {
    let mut rng = ChaCha12Rng::seed_from_u64(3);
    let key = sequence_key().message_key();
    let mut packet = random_packet(&mut rng, 12, 20);
    seal(&key, Side::Client, &mut packet);
    assert_eq!(packet.len(), 88);
    for bit in 0..packet.len() * 8 {
        let mut changed = packet.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            open(&key, Side::Client, &mut changed),
            Err(Error::PeerMisbehaved(PeerMisbehaved::Undecipherable)),
        );
    }
    assert!(open(&key, Side::Client, &mut packet.clone()).is_ok());
    assert!(open(&key, Side::Server, &mut packet).is_err());
}

/// H2, H3: lengths and paddings at their bounds.
#[test]
fn wrong_lengths_are_as_undecipherable_as_wrong_keys() {
    let mut rng = ChaCha12Rng::seed_from_u64(4);
    let key = sequence_key().message_key();
    for (body_len, declared, good) in [
        (48, 4, true),
        (48, 0, true),
        (48, 8, false),
        (48, -4, false),
        (48, i32::MIN, false),
        (48, i32::MAX, false),
        (48, 3, false),
        (64, 20, true),
        (64, 22, false),
        (64, 24, false),
        (32 + 1040, 16, true),
        (32 + 1040, 12, false),
    ] {
        let mut packet = vec![0; OUTER_HEAD_LEN + body_len];
        rng.fill_bytes(&mut packet);
        packet[52..56].copy_from_slice(&i32::to_le_bytes(declared));
        seal(&key, Side::Server, &mut packet);
        let result = open(&key, Side::Server, &mut packet);
        if good {
            assert!(result.is_ok(), "{body_len} {declared}");
        } else {
            assert_eq!(result, Err(PeerMisbehaved::Undecipherable.into()));
        }
    }
    for len in [0, 8, 24, 56, 71, 73, 100] {
        assert_eq!(
            open(&key, Side::Server, &mut vec![0; len]),
            Err(PeerMisbehaved::PacketLen.into())
        );
    }
}

/// H73.
#[test]
fn padding_is_within_bounds_and_varies() {
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let len = padding_len(100, 15, &mut rng);
        assert!((PADDING_LEN_MIN..=PADDING_LEN_MAX).contains(&len) && (132 + len) % 16 == 0);
        seen.insert(len);
    }
    assert_eq!(seen.len(), 16);
}

// I.3

#[test]
fn nonce_key_vectors() {
    for (server_nonce, key, iv) in [
        (
            sequence(),
            "0758f1533b615d24f6e8a94a6fcbee0a55eaab2217d7295ca9213d1a2d7d16a6",
            "5a84108e9805656ce864070e166e6218f6783e8511471a5ab7802cf200010203",
        ),
        (
            hex_array("002122232425262728292a2b2c2d2e2f"),
            "0a2d0f607499a866848e41798a34315e4922c39fe55c6caf5bc322c4b8c08c6a",
            "9cb702d4fd6e5d25e864070e166e6218f6783e8511471a5ab7802cf200010203",
        ),
    ] {
        let derived = nonce_key_iv(&server_nonce, &sequence());
        assert_eq!(*derived.key(), hex_array(key));
        assert_eq!(*derived.iv(), hex_array(iv));
    }
}

#[test]
fn nonce_hash_vectors() {
    let key = sequence_key();
    for (number, hash) in [
        (1, "c2ced2b33e593a55d27f4a5dabee7c67"),
        (2, "f4318e85bd2ff3be84d9fefce3dce39f"),
        (3, "4bf9d7b37db413ee431d28517631cb3d"),
    ] {
        assert_eq!(key.new_nonce_hash(&sequence(), number), hex_array(hash));
    }
}

#[test]
fn documented_exchange_makes_the_documented_key() {
    let group = DhGroup::known();
    assert_eq!(
        sha256(&[&known_prime()]),
        hex_array("02f85e7687fc6f33ba678226a963b3c8a191b47c890cf30debe17c1d623b5af1")
    );
    let secret = DhSecret::from_be_bytes(&field(HANDSHAKE, "b").try_into().unwrap());
    let g_b = group.generator_pow(&secret);
    assert_eq!(
        sha256(&[&g_b]),
        hex_array("cdf21dcfab4453d964a2a1584e7de4bc57625efba2486dfe7802d2c27a8c1f8d")
    );
    assert_eq!(g_b, group.generator_pow_once(&secret));
    let key = FullAuthKey::new(group.shared(&field(HANDSHAKE, "g_a"), &secret).unwrap());
    assert_eq!(
        sha256(&[key.as_bytes()]),
        hex_array("4cd558a9ec8cca67f92de031b0029795bdb71bb8f0e5841933d9418890cf3fbd")
    );
    assert_eq!(key.id().to_bytes(), hex_array("65588b3350ef784e"));
    assert_eq!(key.aux_hash(), hex_array("20b5c361a4f5a3d0"));
    let new_nonce = hex_array("a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1");
    for (number, hash) in [
        (1, "1142871352165e59e1124036b48b97d3"),
        (2, "20d87dd307142b798b67a8dea2c22140"),
        (3, "141c6db2686ef8df4e08e685ccd31510"),
    ] {
        assert_eq!(key.new_nonce_hash(&new_nonce, number), hex_array(hash));
    }
}

/// H7.
#[test]
fn public_values_out_of_range_are_refused() {
    use crypto_bigint::U2048;
    let group = DhGroup::known();
    let prime = U2048::from_be_slice(&known_prime());
    let margin = U2048::ONE.shl_vartime(1984);
    let bytes = |value: U2048| to_bytes(&value);
    for value in [
        U2048::ZERO,
        U2048::ONE,
        prime.wrapping_sub(&U2048::ONE),
        prime,
        prime.wrapping_add(&U2048::ONE),
        margin.wrapping_sub(&U2048::ONE),
        prime.wrapping_sub(&margin).wrapping_add(&U2048::ONE),
    ] {
        assert!(group.check(&bytes(value)).is_err());
    }
    for value in [margin, prime.wrapping_sub(&margin)] {
        assert!(group.check(&bytes(value)).is_ok());
    }
    assert!(group.check(&[1; 257]).is_err());
    assert!(group.check(&[]).is_err());
}

/// H6.
#[test]
fn unsafe_groups_are_refused() {
    let prime = known_prime();
    for generator in [-1, 0, 1, 2, 5, 6, 8] {
        assert!(DhGroup::checked(&prime, generator).is_err(), "{generator}");
    }
    for generator in [3, 4, 7] {
        assert!(DhGroup::checked(&prime, generator).is_ok(), "{generator}");
    }
    // Composite, and prime without a prime half (2^2048 − 1557).
    let mut composite = prime;
    composite[255] ^= 4;
    assert!(DhGroup::checked(&composite, 4).is_err());
    let mut lone_prime = [0xff; 256];
    let low = (0u64.wrapping_sub(1557)).to_be_bytes();
    lone_prime[248..].copy_from_slice(&low);
    assert!(DhGroup::checked(&lone_prime, 4).is_err());
    // The largest safe prime below 2^2048 is accepted although nobody knows it.
    let low = (0u64.wrapping_sub(1_942_289)).to_be_bytes();
    lone_prime[248..].copy_from_slice(&low);
    assert!(DhGroup::checked(&lone_prime, 4).is_ok());
    assert!(DhGroup::checked(&prime[1..], 3).is_err());
}

#[test]
fn factoring_vectors() {
    for (pq, factors) in [
        (2694724800268887959, (1513098571, 1780931429)),
        (0x17ed48941a08f981, (0x494c553b, 0x53911073)),
        (1724114033281923457, (1229739323, 1402015859)),
        (1470626929934143021, (1206429347, 1218991343)),
        (2363612107535801713, (1518968219, 1556064227)),
        (2804275833720261793, (1555252417, 1803100129)),
        (378221, (613, 617)),
        (15, (3, 5)),
        (25, (5, 5)),
        (1000003 * 1000003, (1000003, 1000003)),
    ] {
        assert_eq!(factorize(pq), Some(factors));
    }
    for pq in [0, 1, 2, 7, 30, 1 << 63, u64::MAX, 9223372036854775783] {
        assert_eq!(factorize(pq), None, "{pq}");
    }
}

#[test]
fn made_products_have_the_form_clients_need_and_factor() {
    let mut rng = ChaCha12Rng::seed_from_u64(6);
    for _ in 0..100 {
        let pq = random_pq(&mut rng);
        assert!(pq.p < pq.q && pq.p > 1 << 30);
        let product = u64::from(pq.p) * u64::from(pq.q);
        assert!(i64::try_from(product).is_ok());
        assert_eq!(factorize(product), Some((pq.p.into(), pq.q.into())));
        assert_eq!(
            grammers_crypto::factorize(product),
            (pq.p.into(), pq.q.into())
        );
    }
}

// I.4

#[test]
fn rsa_vectors() {
    let key = test_rsa_key();
    assert_eq!(
        key.fingerprint().to_le_bytes(),
        hex_array("03268d20df9858b2")
    );
    let inner = hex(
        "955ff5a908256595edb7766797000000045a300d4b000000046a26db65000000\
        406709f612fadfbec3f0289d0aa67eefe11dbc3bc97d91a26154f932af019943\
        a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac102000000",
    );
    let padding = field(HANDSHAKE, "rsa_pad");
    assert_eq!(rsa_pad_with(&key, &inner, &padding, &[0x11; 32]), None);
    for (temp_key, hash) in [
        (
            0x22,
            "8c6eb8099f1f7b370cd9e85d8e9a59d0db6cda1c65cda3c1e0bf3072e83f968d",
        ),
        (
            0x33,
            "76ddac884d99fb5f68b84dc80c6aad99059a985cd63ab2ec87e4b59345aa74f9",
        ),
    ] {
        let encrypted = rsa_pad_with(&key, &inner, &padding, &[temp_key; 32]).unwrap();
        assert_eq!(sha256(&[&encrypted]), hex_array(hash));
    }
    let mut plain_inner = inner[..96].to_vec();
    plain_inner[..4].copy_from_slice(&0x83c95aecu32.to_le_bytes());
    assert_eq!(
        sha256(&[&legacy_pad(&key, &plain_inner, &[0; 139])]),
        hex_array("e74d37fe2553388a0bd87c9fc5b08d27f003023fe69bd1bfc683c72dd9a23d29")
    );
}

#[test]
fn paddings_round_trip_and_nothing_else_passes() {
    let mut rng = ChaCha12Rng::seed_from_u64(7);
    let key = private_key();
    for len in [96, 100, 104] {
        let mut data = vec![0; len];
        rng.fill_bytes(&mut data);
        let encrypted = rsa_pad(key.public(), &data, &mut rng);
        let inner = recover_inner(&key, &encrypted, LegacyPadding::Refused, &mut rng).unwrap();
        assert_eq!(inner.as_bytes()[..len], data);
        assert_eq!(inner.vouched_len(), None);

        let encrypted = legacy_pad(key.public(), &data, &vec![7; 235 - len]);
        let inner = recover_inner(&key, &encrypted, LegacyPadding::Accepted, &mut rng).unwrap();
        assert_eq!(
            (inner.as_bytes(), inner.vouched_len()),
            (&data[..], Some(len))
        );
        assert!(recover_inner(&key, &encrypted, LegacyPadding::Refused, &mut rng).is_none());
    }
    let other_len = legacy_pad(key.public(), &[1; 92], &[0; 143]);
    let mut above = *key.public().modulus();
    above[255] = 0xff;
    for wrong in [
        other_len,
        [0; 256],
        [0xff; 256],
        *key.public().modulus(),
        above,
    ] {
        assert!(recover_inner(&key, &wrong, LegacyPadding::Accepted, &mut rng).is_none());
    }
}

#[test]
fn rsa_keys_survive_their_text_form() {
    let key = private_key();
    let again = RsaPrivateKey::from_pem(&key.to_pkcs1_pem().unwrap()).unwrap();
    assert_eq!(key.public().fingerprint(), again.public().fingerprint());
    assert_eq!(key.public().exponent(), [1, 0, 1]);
    assert!(RsaPrivateKey::from_pem("nonsense").is_err());
    assert!(RsaPublicKey::new(&[0xff; 128], &[3]).is_err());
}

// I.7

#[test]
fn binding_vector() {
    let perm: [u8; 256] = std::array::from_fn(|i| u8::try_from(255 - i).unwrap());
    let perm = FullAuthKey::new(perm).message_key();
    assert_eq!(perm.id().to_bytes(), hex_array("96d1b10e8f724a13"));
    let inner = BindAuthKeyInner {
        nonce: 0x0001020304050607,
        temp_auth_key_id: AuthKeyId(0x0011223344556677),
        perm_auth_key_id: perm.id(),
        temp_session_id: 0x0010203040506070,
        expires_at: 1735689600,
    };
    let msg_id = 0x0011223344556677;
    let mut cd = ConstantRng(0xcd);
    let message = seal_bind(&perm, &inner, msg_id, &mut cd);
    assert_eq!(
        message,
        hex_array(
            "96d1b10e8f724a137bb888c6aa9280ce9664b5279ec8e944bacb4c9772e1fbb439b1c5605cbedeb01d864583\
            35146b2857b5af0a3cedd9af96ec96f4cea213d51c73abe02e86de4d3e9e382788b92ed0d8d93563eb03ffd2\
            c435ec4f393370d390921d44f5c82ebb"
        )
    );
    assert_eq!(open_bind(&perm, &message, msg_id), Ok(inner));
    assert!(open_bind(&perm, &message, msg_id + 4).is_err());
    assert!(open_bind(&perm, &message[..103], msg_id).is_err());
    for byte in 0..message.len() - 8 {
        let mut changed = message;
        changed[byte] ^= 1;
        assert!(open_bind(&perm, &changed, msg_id).is_err(), "{byte}");
    }
}

/// Repeats one byte for ever.
pub(crate) struct ConstantRng(pub(crate) u8);

impl rand_core::TryRng for ConstantRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for ConstantRng {}

// I.8

#[test]
fn srp_vectors() {
    let group = DhGroup::known();
    let password = SrpPassword {
        password: b"234567",
        salt1: &hex(
            "5f483c38bd0986e7cdc95ae138ef4f49b951c1f81c713fecdef3af692cec4b4716ac9b770a195ebe",
        ),
        salt2: &hex("b616fc6bbedf511119c5ed34629527f1"),
    };
    assert_eq!(
        *password.exponent(),
        hex_array("ef792704447d41b8c41eaae6a9e4f8d50b5cd6a6ba71b7da5cc43de58bb7fa11")
    );
    let secret = DhSecret::from_be_bytes(&field(SRP, "a").try_into().unwrap());
    let answer = srp_client_proof(group, &password, &field(SRP, "g_b"), &secret).unwrap();
    assert_eq!(
        answer.m1,
        hex_array("4d7af412c5a2e7b15467376bd118b853604e687b31f51c4980c4d7c1876613e3")
    );
    let password = SrpPassword {
        password: b"qwe123",
        salt1: &hex(
            "9b3accc457c0d5288e8cff31eb21094048bc11902f6614dbb9afb839ee7641c37619537d8ebe749e",
        ),
        salt2: &hex("6c619bb0786dc4ed1bf211d23f6e4065"),
    };
    assert_eq!(
        *password.exponent(),
        hex_array("750f1fe282965e63ce17b98427b35549fb864465211840f6a7c1f2fb657cc33b")
    );
    let mut salt1 = hex("e6c8957ddf988d48");
    salt1.resize(40, 0);
    let password = SrpPassword {
        password: b"newPassword",
        salt1: &salt1,
        salt2: &hex("9f6344822b096cff87efa426f57857b6"),
    };
    assert_eq!(
        sha256(&[&srp_verifier(group, &password)]),
        hex_array("b53054e5725ea756681d29c4e4c59cc44d9de313032e081899b61e809943011d")
    );
}

#[test]
fn srp_both_sides_agree() {
    let group = DhGroup::known();
    let (salt1, salt2) = (
        hex("4d11fb6bec38f9d2546bb0f61e4f1c99a1bc0db8f0d5f35b1291b37b213123d7ed48f3c6794d495b"),
        hex("a1b181aafe88188680ae32860d60bb01"),
    );
    let password = SrpPassword {
        password: b"123123",
        salt1: &salt1,
        salt2: &salt2,
    };
    assert_eq!(
        multiplier(group),
        hex_array("b9a87477bf585b87c1af9ea7d4850ff0edaa72f82e7afec3218091a79a5068b9")
    );
    let small = |value: u8| {
        let mut bytes = [0; 256];
        bytes[255] = value;
        DhSecret::from_be_bytes(&bytes)
    };
    let verifier = srp_verifier(group, &password);
    let server = SrpServer::with_secret(group, &verifier, small(7)).unwrap();
    assert_eq!(
        sha256(&[server.b()]),
        hex_array("8ac991571544a06e69b77ea4551165c35d4dc3fff952af79e28023210c44ca3d")
    );
    let answer = srp_client_proof(group, &password, server.b(), &small(5)).unwrap();
    assert_eq!(answer.a[254..], [0, 243]);
    assert_eq!(
        answer.m1,
        hex_array("d10f4c9bb619cbae9f8c2f80006fb02edf2176457e656cbaefb25d177e1064ce")
    );
    let verify = |a: &[u8], m1: &[u8]| server.verify(group, &salt1, &salt2, a, m1);
    assert_eq!(verify(&answer.a, &answer.m1), Ok(()));
    let mut wrong = answer.m1;
    wrong[31] ^= 1;
    assert!(verify(&answer.a, &wrong).is_err());
    assert!(verify(&answer.a, &answer.m1[..31]).is_err());
    // H64: A = 0, p and larger would make the shared key zero.
    let zero_key_proof = answer.m1;
    for a in [
        &[0; 256][..],
        &known_prime(),
        &[0xff; 256],
        &[1],
        &[0xff; 257],
    ] {
        assert!(verify(a, &zero_key_proof).is_err());
    }
}
