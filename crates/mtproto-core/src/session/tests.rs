//! Salts, the memory of received ids, ids of messages.

use super::*;
use crate::crypto::AuthKeyId;
use crate::time::{MsgId, MsgIdSource, Origin};

const NOW_S: i64 = 1_700_000_000;

fn salts(first: Option<(i64, i64)>) -> (Salts, SaltSecret) {
    (Salts::new(AuthKeyId(7), first), SaltSecret::new([5; 32]))
}

/// D30, D36: a salt is taken one epoch before its own, in it, and one after.
#[test]
fn salts_are_taken_around_their_epoch() {
    let (mut salts, secret) = salts(None);
    let current = salts.current(&secret, NOW_S);
    for (offset_s, verdict) in [
        (0, SaltVerdict::Valid),
        (SALT_EPOCH_S, SaltVerdict::Valid),
        (-SALT_EPOCH_S, SaltVerdict::Valid),
        (2 * SALT_EPOCH_S, SaltVerdict::Wrong),
        (-2 * SALT_EPOCH_S, SaltVerdict::Wrong),
    ] {
        assert_eq!(
            salts.judge(&secret, current, NOW_S + offset_s),
            verdict,
            "{offset_s}"
        );
    }
    assert_eq!(salts.judge(&secret, 0, NOW_S), SaltVerdict::Wrong);
    let mut other_key = Salts::new(AuthKeyId(8), None);
    assert_ne!(other_key.current(&secret, NOW_S), current);
    let other_secret = SaltSecret::new([6; 32]);
    let mut after_restart = Salts::new(AuthKeyId(7), None);
    assert_ne!(after_restart.current(&other_secret, NOW_S), current);
}

/// C47, D36.
#[test]
fn first_salt_is_taken_for_an_hour() {
    let (mut salts, secret) = salts(Some((99, NOW_S)));
    assert_eq!(salts.judge(&secret, 99, NOW_S + 3599), SaltVerdict::Valid);
    assert_eq!(salts.judge(&secret, 99, NOW_S + 3600), SaltVerdict::Wrong);
}

/// D35, E51: each salt that is announced is really taken from its beginning to its end.
#[test]
fn announced_salts_are_taken_when_announced() {
    let (mut salts, secret) = salts(None);
    for (num, len) in [(-1, 1), (0, 1), (3, 3), (64, 64), (1000, 64)] {
        let future = salts.future(&secret, num, NOW_S);
        assert_eq!(future.len(), len);
        for salt in future {
            for at_s in [salt.valid_since_s, salt.valid_until_s - 1] {
                let verdict = salts.judge(&secret, salt.salt, at_s.into());
                assert_eq!(verdict, SaltVerdict::Valid);
            }
        }
    }
}

fn id(offset_s: i64) -> MsgId {
    MsgId((NOW_S + offset_s) << 32)
}

#[test]
fn received_ids_are_found_until_they_cannot_matter() {
    let mut ids = ReceivedIds::starting_at(NOW_S);
    assert!(ids.is_forgotten(id(-311)) && !ids.is_forgotten(id(-300)));
    for offset_s in [0, -20, 5, -100] {
        ids.insert(id(offset_s), Received::Running, NOW_S);
    }
    assert_eq!(ids.find(id(-20)), Some(Received::Running));
    assert_eq!(ids.find(id(-21)), None);
    ids.update(id(-20), Received::Answered);
    assert_eq!(ids.find(id(-20)), Some(Received::Answered));
    assert!(ids.is_above_all(id(6)) && !ids.is_above_all(id(5)));
    ids.forget(NOW_S + 291);
    assert_eq!((ids.len(), ids.find(id(-20))), (2, None));
    assert!(ids.is_forgotten(id(-20)));
    ids.forget(NOW_S + 1000);
    assert!(ids.is_empty() && ids.is_forgotten(id(5)));
    assert_eq!(ids.heap_len(), 0);
}

/// D17, D18: the oldest make room, and are never taken for new.
#[test]
fn memory_of_ids_is_bounded() {
    let mut ids = ReceivedIds::starting_at(NOW_S);
    let count = i64::try_from(RECEIVED_LEN_MAX).unwrap();
    for i in 0..count + 10 {
        ids.insert(MsgId(id(0).0 + 4 * i), Received::Done, NOW_S);
    }
    assert_eq!(ids.len(), RECEIVED_LEN_MAX);
    assert!(ids.is_forgotten(MsgId(id(0).0 + 4 * 9)));
    assert!(!ids.is_forgotten(MsgId(id(0).0 + 4 * 10)));
}

/// H71, D40, D41.
#[test]
fn ids_rise_though_the_clock_steps_back() {
    let mut source = MsgIdSource::default();
    let mut last = MsgId(0);
    for unix_ns in [
        1_700_000_000_500_000_000,
        1_700_000_000_500_000_000,
        1_699_999_990_000_000_000,
    ] {
        for origin in [Origin::Client, Origin::ServerAnswer, Origin::ServerPush] {
            let next = source.next(unix_ns, origin);
            assert!(next > last && next.0 & 3 == origin as i64);
            last = next;
        }
    }
    assert_eq!(last.unix_s(), 1_700_000_000);
    let id = MsgId::at(1_700_000_000_250_000_000);
    assert_eq!(id.0, 1_700_000_000 << 32 | 1 << 30);
    assert_eq!(id.unix_ns(), 1_700_000_000_250_000_000);
    source.correct(1_600_000_000_000_000_000);
    assert_eq!(
        source
            .next(1_600_000_000_000_000_000, Origin::Client)
            .unix_s(),
        1_600_000_000
    );
}
