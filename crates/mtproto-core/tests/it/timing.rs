//! Failing looks the same, by the clock too (H22, H23). `RUN_SLOW_TESTS=1` takes many samples and
//! allows little difference; without it only a step that is left out altogether is found.

use std::time::{Duration, Instant};

use mtproto_core::crypto::{
    FullAuthKey, LegacyPadding, Side, legacy_pad, open, recover_inner, rsa_pad, seal,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::world::handshake_key;

struct Class<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

/// The fastest run of each class, taken in turn: what else the machine does only makes runs slower.
fn fast_times(rounds: usize, classes: &mut [Class<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(rounds); classes.len()];
    for _ in 0..rounds {
        for (class, times) in classes.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (class.run)();
            times.push(start.elapsed());
        }
    }
    times
        .into_iter()
        .filter_map(|times| times.into_iter().min())
        .collect()
}

fn assert_alike(classes: &[Class<'_>], times: &[Duration]) {
    let names: Vec<&str> = classes.iter().map(|class| class.name).collect();
    let (fastest, slowest) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    let ratio = slowest.as_secs_f64() / fastest.as_secs_f64();
    println!("{names:?}: {times:?}, ratio {ratio:.3}");
    assert!(ratio < tolerance(), "{names:?}: {times:?}");
}

fn is_slow() -> bool {
    std::env::var("RUN_SLOW_TESTS").is_ok()
}

fn rounds(quick: usize) -> usize {
    if is_slow() { quick * 20 } else { quick }
}

fn tolerance() -> f64 {
    if is_slow() { 1.1 } else { 2.5 }
}

#[test]
fn opening_fails_in_the_same_time_whatever_is_wrong() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let mut secret = [0; 256];
    rng.fill_bytes(&mut secret);
    let key = FullAuthKey::new(secret).message_key();
    let sealed = |declared: i32| {
        let mut packet = vec![3; 24 + 1088];
        packet[52..56].copy_from_slice(&declared.to_le_bytes());
        seal(&key, Side::Client, &mut packet);
        packet
    };
    let mut wrong_hash = sealed(1040);
    wrong_hash[20] ^= 1;
    let packets = [
        ("wrong hash", wrong_hash),
        ("negative length", sealed(-4)),
        ("length beyond the end", sealed(i32::MAX)),
        ("length of no whole words", sealed(1039)),
        ("too little padding", sealed(1048)),
        ("too much padding", sealed(0)),
    ];
    let key = &key;
    let mut classes: Vec<Class<'_>> = packets
        .iter()
        .map(|(name, packet)| {
            let mut scratch = packet.clone();
            let run = move || {
                scratch.copy_from_slice(packet);
                assert!(open(key, Side::Client, &mut scratch).is_err());
            };
            Class {
                name,
                run: Box::new(run),
            }
        })
        .collect();
    let times = fast_times(rounds(2000), &mut classes);
    assert_alike(&classes, &times);
}

#[test]
fn rsa_stage_fails_in_the_same_time_whatever_is_wrong() {
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let key = handshake_key();
    let public = key.key.public();
    let mut random = [0; 256];
    rng.fill_bytes(&mut random);
    random[0] = 1;
    let good = rsa_pad(public, &[5; 100], &mut rng);
    let legacy_bad_hash = legacy_pad(public, &[5; 92], &[0; 143]);
    let mut rsa_pad_bad_hash = good;
    rsa_pad_bad_hash[255] ^= 1;
    let inputs = [
        ("random", random),
        ("not below n", [0xff; 256]),
        ("legacy, wrong length", legacy_bad_hash),
        ("RSA_PAD, wrong hash", rsa_pad_bad_hash),
        ("RSA_PAD, right hash", good),
    ];
    let key = &key.key;
    let mut classes: Vec<Class<'_>> = inputs
        .iter()
        .map(|(name, input)| {
            let mut rng = rng.clone();
            let run = move || {
                recover_inner(key, input, LegacyPadding::Accepted, &mut rng);
            };
            Class {
                name,
                run: Box::new(run),
            }
        })
        .collect();
    let times = fast_times(rounds(40), &mut classes);
    assert_alike(&classes, &times);
}
