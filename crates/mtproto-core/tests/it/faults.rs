//! Random sequences of operations over a network that delays, splits, cuts and doubles connections.

use std::collections::BTreeSet;

use crate::world::{Network, World, env_number};
use mtproto_core::session::RpcFailure;

/// What the sequences may do beside the harmless.
#[derive(Clone, Copy, PartialEq)]
enum Faults {
    Network,
    /// The server forgets its sessions too, as a restart would.
    NetworkAndRestarts,
}

fn run_sequence(seed: u64, faults: Faults) -> World {
    let mut world = World::with_key(seed);
    world.network = Network {
        delay_max_ms: world.random(3) * 400,
        chunk_len_max: if world.random(2) == 0 { usize::MAX } else { 60 },
    };
    world.think_max_ms = world.random(3) * 1500;
    if world.random(4) == 0 {
        world.client_skew_ns =
            i64::try_from(world.random(7200)).unwrap() * 1_000_000_000 - 3_600_000_000_000;
    }
    world.connect();
    let operations = 5 + world.random(25);
    let mut updates = 0;
    for _ in 0..operations {
        match world.random(10) {
            0..=3 => {
                let extra = [0, 40, 900, 3000][world.random(4) as usize];
                world.call(extra);
            }
            4 | 5 => {
                let ms = [10, 300, 2500, 20_000][world.random(4) as usize];
                world.advance(ms);
            }
            6 => world.disconnect(),
            7 => world.connect(),
            8 => {
                world.push_update(updates);
                updates += 1;
            }
            _ if faults == Faults::NetworkAndRestarts && world.random(3) == 0 => {
                world.forget_sessions();
            }
            _ => {
                world.session().ping(1, None);
                world.pump();
            }
        }
        if !world.is_connected() && world.random(2) == 0 {
            world.connect();
        }
    }
    // The network is kind again: everything comes to its end.
    for _ in 0..4 {
        if !world.is_connected() {
            world.connect();
        }
        world.advance(20_000);
    }
    world
}

fn check_answers(world: &World, seed: u64) {
    for (number, results) in &world.results {
        assert_eq!(results.len(), 1, "call {number}, seed {seed}: {results:?}");
        match &results[0] {
            Ok(result) => assert_eq!(result[4..12], number.to_le_bytes(), "seed {seed}"),
            Err(RpcFailure::Lost) => {}
            Err(failure) => panic!("call {number}, seed {seed}: {failure:?}"),
        }
    }
    assert!(
        world
            .server_closed
            .iter()
            .all(|reason| { matches!(reason, mtproto_core::connection::CloseReason::Silence) }),
        "seed {seed}: {:?}",
        world.server_closed
    );
}

/// `SEQUENCE_RUNS=1000000` for the long run; `SEED` begins elsewhere.
#[test]
fn calls_are_answered_once_and_run_once_whatever_the_network_does() {
    let first = env_number("SEED", 0);
    let mut lost = 0;
    for seed in first..first + env_number("SEQUENCE_RUNS", 1500) {
        let world = run_sequence(seed, Faults::Network);
        check_answers(&world, seed);
        let distinct: BTreeSet<u64> = world.executed.iter().copied().collect();
        assert_eq!(
            distinct.len(),
            world.executed.len(),
            "run twice, seed {seed}"
        );
        assert!(world.server_heap_len() < 200_000, "seed {seed}");
        lost += world
            .results
            .values()
            .flatten()
            .filter(|result| result.is_err())
            .count();
    }
    assert_eq!(
        lost, 0,
        "no sequence is long enough for the server to forget"
    );
}

/// A server that loses its sessions may run a call again that it answered before (H48), but the
/// client hears of each once.
#[test]
fn calls_are_answered_once_though_the_server_restarts() {
    let first = env_number("SEED", 0);
    for seed in first..first + env_number("SEQUENCE_RUNS", 500) / 3 {
        let world = run_sequence(seed, Faults::NetworkAndRestarts);
        check_answers(&world, seed);
    }
}

#[test]
fn updates_survive_a_cut_connection() {
    for seed in 0..50 {
        let mut world = World::with_key(seed);
        world.network.delay_max_ms = 50;
        world.connect();
        world.call(0);
        world.advance(500);
        for number in 0..20 {
            world.push_update(number);
            if number % 5 == 4 {
                world.disconnect();
                world.advance(100);
                world.connect();
                world.call(0);
            }
        }
        world.advance(10_000);
        assert_eq!(world.updates.len(), 20, "seed {seed}");
    }
}
