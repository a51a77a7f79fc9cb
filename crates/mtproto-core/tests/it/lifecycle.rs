//! Whole conversations that go well.

use mtproto_core::connection::CloseReason;
use mtproto_core::error::TransportCode;
use mtproto_core::handshake::{InnerKind, Padding};
use mtproto_core::service::{Service, id};
use mtproto_core::session::SessionEvent;
use mtproto_core::transport::{
    ClientTransportConfig, FrameKind, ProxySecret, SecretKind, ServerTransportConfig,
};

use crate::world::{RESULT_ID, World};

/// One call, answered.
fn check_call(world: &mut World) {
    let number = world.call(100);
    world.advance(5_000);
    let results = &world.results[&number];
    assert_eq!(results.len(), 1, "one answer: {results:?}");
    let result = results[0].as_ref().unwrap();
    assert_eq!(result[..4], RESULT_ID.to_le_bytes());
}

#[test]
fn key_exchange_and_first_call_over_every_transport() {
    let fake_tls = SecretKind::FakeTls {
        domain: b"example.org".to_vec(),
    };
    let mut seed = 100;
    for kind in [
        FrameKind::Abridged,
        FrameKind::Full,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        for secret in [
            None,
            Some(SecretKind::Plain),
            Some(SecretKind::Padded),
            Some(fake_tls.clone()),
        ] {
            if kind == FrameKind::Full && secret.is_some() {
                continue;
            }
            seed += 1;
            let mut world = World::new(seed);
            let secret = secret.map(|kind| ProxySecret::new([7; 16], kind));
            world.config.transport = ServerTransportConfig {
                secrets: secret.iter().cloned().collect(),
                secret_required: secret.is_some(),
            };
            world.client_config.transport = ClientTransportConfig {
                kind,
                obfuscated: kind != FrameKind::Full && seed.is_multiple_of(2),
                secret,
                dc_id: 2,
            };
            world.network.delay_max_ms = 30;
            world.network.chunk_len_max = 200;
            world.connect();
            world.advance(5_000);
            assert!(world.finished.is_some(), "{kind:?}");
            check_call(&mut world);
            world.push_update(3);
            world.advance(1_000);
            assert!(world.updates.contains(&3));
            assert_eq!(world.new_sessions, 1);
        }
    }
}

#[test]
fn exchange_ends_with_the_first_salt_so_no_message_is_refused() {
    let mut world = World::new(1);
    world.client_config.handshake.kind = InnerKind::TempDc(2, 3600);
    world.client_config.handshake.padding = Padding::Legacy;
    world.connect();
    check_call(&mut world);
    let finished = world.finished.as_ref().unwrap();
    let key = &world.keys[&finished.auth_key.id()];
    assert_eq!(key.first_salt.unwrap().0, finished.first_salt);
    assert_eq!(key.expires_at_s, Some(world.now().unix_s() - 5 + 3600));
    // H51: when the key's time is over, so is the connection.
    world.advance(3_600_000);
    world.call(0);
    world.advance(1_000);
    let not_found = CloseReason::TransportCode(TransportCode::NOT_FOUND);
    assert!(world.client_closed.contains(&not_found));
}

/// D31.
#[test]
fn salt_zero_is_put_right_and_the_message_is_run_once() {
    let mut world = World::with_key(2);
    world.connect();
    assert_ne!(world.session().salt(), 0);
    check_call(&mut world);
    assert_eq!(world.executed, [0]);
    assert_eq!(world.new_sessions, 1);
}

/// D23.
#[test]
fn wrong_clocks_are_put_right() {
    for skew_s in [-86_400, -290, -100, 25, 100, 86_400] {
        let mut world = World::with_key(3);
        world.client_skew_ns = skew_s * 1_000_000_000;
        world.connect();
        check_call(&mut world);
        assert_eq!(world.executed, [0], "skew {skew_s}");
    }
}

#[test]
fn session_goes_on_over_a_new_connection() {
    let mut world = World::with_key(4);
    world.think_max_ms = 5_000;
    world.connect();
    for _ in 0..10 {
        world.call(0);
    }
    world.advance(100);
    world.disconnect();
    world.advance(10_000);
    assert!(world.results.values().any(Vec::is_empty));
    world.connect();
    world.advance(10_000);
    assert!(world.results.values().all(|results| results.len() == 1));
    assert_eq!(world.executed.len(), 10);
    assert_eq!(world.new_sessions, 1);
}

/// H61, B38.
#[test]
fn quick_acks_come_for_accepted_messages_only() {
    for kind in [
        FrameKind::Abridged,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        let mut world = World::with_key(5);
        world.client_config.quick_acks = true;
        world.client_config.transport = ClientTransportConfig::plain(kind);
        world.connect();
        // The first packet had salt 0; its repeat was accepted.
        assert_eq!(world.quick_acks.len(), 1, "{kind:?}");
        check_call(&mut world);
        assert!(world.quick_acks.len() >= 2);
    }
}

/// C60.
#[test]
fn destroyed_key_is_unknown_afterwards() {
    let mut world = World::with_key(6);
    world.connect();
    world.session().send(Service::DestroyAuthKey);
    world.pump();
    assert_eq!(world.key_destroyed, Some(true));
    world.disconnect();
    world.connect();
    world.advance(100);
    let not_found = CloseReason::TransportCode(TransportCode::NOT_FOUND);
    assert_eq!(world.client_closed, [not_found]);
}

/// E39.
#[test]
fn cancelled_call_is_not_answered() {
    let mut world = World::with_key(7);
    world.think_max_ms = 3_000;
    world.connect();
    world.advance(500);
    let request = {
        let mut body = crate::world::CALL_ID.to_le_bytes().to_vec();
        body.extend_from_slice(&77u64.to_le_bytes());
        world.session().call(body.into()).unwrap()
    };
    world.pump();
    world.session().cancel(request);
    world.pump();
    let dropped = |event: &SessionEvent| matches!(event, SessionEvent::CallDropped { .. });
    assert!(world.server_events.iter().any(dropped));
    world.advance(10_000);
    assert_eq!(world.executed, [77]);
    assert_eq!(world.session().calls_len(), 0);
}

/// E50, B49.
#[test]
fn silence_ends_connections() {
    let mut world = World::with_key(8);
    world.connect_raw();
    world.advance(9_999);
    assert!(world.server_closed.is_empty());
    world.advance(2);
    assert_eq!(world.server_closed, [CloseReason::Silence]);

    let mut world = World::with_key(9);
    world.client_config.ping_interval_ms = 10_000_000;
    world.connect();
    world.session().ping(5, Some(35));
    world.pump();
    assert!(world.pongs.contains(&5));
    world.advance(34_000);
    assert!(world.server_closed.is_empty());
    world.advance(2_000);
    assert_eq!(world.server_closed, [CloseReason::Silence]);
}

/// C54, C55: bound whatever the salt.
#[test]
fn temporary_key_is_bound_under_a_wrong_salt() {
    use mtproto_core::crypto::{FullAuthKey, open_bind};
    let mut world = World::with_key(10);
    let perm_key = FullAuthKey::new([9; 256]).message_key();
    let temp_key = world.client_key.clone().unwrap();
    let now = world.client_now();
    let mut rng = world.rng.clone();
    let expires_at = i32::try_from(now.unix_s() + 3600).unwrap();
    world
        .session()
        .bind_temp_key(&perm_key, &temp_key, expires_at, now, &mut rng);
    world.connect();
    let calls: Vec<_> = world
        .server_events
        .iter()
        .filter_map(|event| match event {
            SessionEvent::Call { msg_id, body } => Some((*msg_id, body.clone())),
            _ => None,
        })
        .collect();
    let [(msg_id, body)] = &calls[..] else {
        panic!("bound once: {calls:?}");
    };
    assert_eq!(body[..4], id::AUTH_BIND_TEMP_AUTH_KEY.to_le_bytes());
    let inner = open_bind(&perm_key, &body[25..129], msg_id.0).unwrap();
    assert_eq!(inner.temp_auth_key_id, temp_key.id());
    assert_eq!(inner.temp_session_id, world.session().session_id());
    assert_eq!(inner.expires_at, expires_at);
}
