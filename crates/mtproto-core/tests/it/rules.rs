//! What a hostile or broken client is answered.

use bytes::Bytes;
use mtproto_core::connection::CloseReason;
use mtproto_core::crypto::{AuthKey, Side, seal};
use mtproto_core::error::{Error, PeerMisbehaved};
use mtproto_core::service::{Service, id};
use mtproto_core::time::{MsgId, Now};
use mtproto_core::transport::{FrameKind, Framing};
use rand_core::Rng as _;

use crate::world::{CALL_ID, World};

/// A client without any rules: it seals what it is told to.
struct Rude {
    world: World,
    key: AuthKey,
    salt: i64,
}

impl Rude {
    fn new(seed: u64) -> Self {
        let mut world = World::with_key(seed);
        let key = world.client_key.clone().unwrap();
        let config = world.config.clone();
        let mut salts = mtproto_core::session::Salts::new(key.id(), None);
        let salt = salts.current(&config.salt_secret, world.now().unix_s());
        world.connect_raw();
        world.inject(FrameKind::Intermediate.init());
        Self { world, key, salt }
    }

    fn id(&self, offset_s: i64) -> i64 {
        let now: Now = self.world.now();
        MsgId::at(now.unix_ns + offset_s * 1_000_000_000).0
    }

    fn frame(&mut self, payload: &[u8]) {
        let mut out = bytes::BytesMut::new();
        let mut framing = Framing::new(FrameKind::Intermediate, Side::Client);
        framing.encode(payload.len(), false, &mut out, &mut self.world.rng, |at| {
            at.copy_from_slice(payload);
        });
        self.world.inject(&out);
    }

    /// Sends one message; gives the answers.
    fn send(&mut self, salt: i64, msg_id: i64, seq_no: i32, body: &[u8]) -> Vec<Bytes> {
        let padding = 12 + (32 + body.len() + 12).wrapping_neg() % 16;
        let mut packet = vec![0; 24];
        packet.extend_from_slice(&salt.to_le_bytes());
        packet.extend_from_slice(&77i64.to_le_bytes());
        packet.extend_from_slice(&msg_id.to_le_bytes());
        packet.extend_from_slice(&seq_no.to_le_bytes());
        packet.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        packet.extend_from_slice(body);
        packet.resize(packet.len() + padding, 9);
        let _ = seal(&self.key, Side::Client, &mut packet);
        self.frame(&packet);
        self.answers()
    }

    fn answers(&mut self) -> Vec<Bytes> {
        let mut received = bytes::BytesMut::from(&*self.world.received_raw());
        let mut framing = Framing::new(FrameKind::Intermediate, Side::Client);
        let mut bodies = Vec::new();
        while let Some(frame) = framing.decode(&mut received).unwrap() {
            let mtproto_core::transport::Frame::Packet { mut payload, .. } = frame else {
                continue;
            };
            let opened = mtproto_core::crypto::open(&self.key, Side::Server, &mut payload).unwrap();
            let body = payload.freeze().slice(56..56 + opened.data_len);
            if body.starts_with(&id::MSG_CONTAINER.to_le_bytes()) {
                let inner = mtproto_core::message::read_container(&body).unwrap();
                bodies.extend(inner.into_iter().map(|inner| inner.body));
            } else {
                bodies.push(body);
            }
        }
        bodies
    }

    fn code(&mut self, salt: i64, msg_id: i64, seq_no: i32, body: &[u8]) -> Option<i32> {
        let answers = self.send(salt, msg_id, seq_no, body);
        answers.iter().find_map(|body| match Service::read(body) {
            Ok(Some(Service::BadMsg { code, .. } | Service::BadServerSalt { code, .. })) => {
                Some(code)
            }
            _ => None,
        })
    }
}

fn call(number: u64) -> Vec<u8> {
    let mut body = CALL_ID.to_le_bytes().to_vec();
    body.extend_from_slice(&number.to_le_bytes());
    body
}

fn container(messages: &[(i64, i32, &[u8])]) -> Vec<u8> {
    let mut body = id::MSG_CONTAINER.to_le_bytes().to_vec();
    body.extend_from_slice(&u32::try_from(messages.len()).unwrap().to_le_bytes());
    for (msg_id, seq_no, inner) in messages {
        body.extend_from_slice(&msg_id.to_le_bytes());
        body.extend_from_slice(&seq_no.to_le_bytes());
        body.extend_from_slice(&u32::try_from(inner.len()).unwrap().to_le_bytes());
        body.extend_from_slice(inner);
    }
    body
}

/// H5: ids at the bounds of the window, parities, salts, numbers.
#[test]
fn every_rule_has_its_code() {
    for (offset_s, parity, seq_no, salt_off, code) in [
        (0, 0, 1, 0, None),
        (-299, 0, 1, 0, None),
        (-301, 0, 1, 0, Some(16)),
        (29, 0, 1, 0, None),
        (32, 0, 1, 0, Some(17)),
        (0, 1, 1, 0, Some(18)),
        (0, 2, 1, 0, Some(18)),
        (0, 0, 1, 1, Some(48)),
        // E23: the parity of a number is not judged.
        (0, 0, 0, 0, None),
        (-301, 0, 1, 1, Some(16)),
    ] {
        let mut rude = Rude::new(1);
        let (salt, msg_id) = (rude.salt + salt_off, rude.id(offset_s) + parity);
        let body = call(1);
        assert_eq!(
            rude.code(salt, msg_id, seq_no, &body),
            code,
            "{offset_s} {parity} {salt_off}"
        );
        assert_eq!(rude.world.executed.len(), usize::from(code.is_none()));
    }
}

/// H47: nothing in a container with a wrong salt has an effect.
#[test]
fn containers_are_judged_as_a_whole_and_their_messages_one_by_one() {
    let mut rude = Rude::new(2);
    let (salt, base) = (rude.salt, rude.id(0));
    let (one, two) = (call(1), call(2));
    let body = container(&[(base + 4, 3, &two), (base, 1, &one)]);
    assert_eq!(rude.code(salt + 1, base + 8, 4, &body), Some(48));
    assert!(rude.world.executed.is_empty());
    assert_eq!(
        rude.code(salt, base + 4, 4, &body),
        Some(64),
        "inner id above the outer"
    );
    // E23: an odd number is not the container's fault.
    assert_eq!(rude.code(salt, base + 16, 5, &body), None);
    // H20: in the order of their ids.
    assert_eq!(rude.world.executed, [1, 2]);
    assert_eq!(rude.code(salt, base + 16, 4, &body), Some(19));
    // Repeated in another container: not run again, answered again (D24).
    let answers = rude.send(salt, base + 20, 4, &body);
    assert_eq!(rude.world.executed, [1, 2]);
    assert!(!answers.is_empty());
    let mut lie = container(&[(base + 24, 5, &one)]);
    lie[4] = 2;
    assert_eq!(rude.code(salt, base + 28, 4, &lie), Some(64));
}

/// H57, E30.
#[test]
fn too_many_at_once_end_the_connection() {
    let mut rude = Rude::new(3);
    let base = rude.id(0);
    let ack = Service::MsgsAck {
        msg_ids: vec![MsgId(1); 8193],
    };
    rude.send(rude.salt, base, 0, &ack.to_bytes());
    assert_eq!(
        rude.world.server_closed,
        [CloseReason::Fault(Error::PeerMisbehaved(
            PeerMisbehaved::Count
        ))]
    );
    let mut rude = Rude::new(4);
    let base = rude.id(0);
    let ping = Service::Ping {
        ping_id: 1,
        disconnect_delay_s: None,
    }
    .to_bytes();
    let messages: Vec<(i64, i32, &[u8])> = (0..1100).map(|i| (base + 4 * i, 0, &*ping)).collect();
    rude.send(rude.salt, base + 8000, 0, &container(&messages));
    assert_eq!(rude.world.server_closed.len(), 1);
}

/// H46, B44: an unknown key is told, a wrong msg_key is not.
#[test]
fn unknown_key_is_told_and_wrong_hash_is_not() {
    let mut rude = Rude::new(5);
    rude.frame(&[0x55; 104]);
    assert_eq!(
        rude.world.received_raw(),
        [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff]
    );

    let mut rude = Rude::new(6);
    let mut packet = [0x55; 104];
    packet[..8].copy_from_slice(&rude.key.id().to_bytes());
    rude.frame(&packet);
    assert!(rude.world.received_raw().is_empty());
    assert_eq!(
        rude.world.server_closed,
        [CloseReason::Fault(Error::PeerMisbehaved(
            PeerMisbehaved::Undecipherable
        ))]
    );
}

/// B41, C2: a wrong step of the handshake is −404.
#[test]
fn plain_nonsense_is_not_found() {
    let mut rude = Rude::new(7);
    rude.frame(&mtproto_core::handshake::plain_message(0, &[1, 2, 3, 4]));
    assert_eq!(
        rude.world.received_raw(),
        [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff]
    );
    assert_eq!(rude.world.server_closed.len(), 1);
}

/// E36, E37, E51, E47.
#[test]
fn service_requests_are_answered_raw() {
    let mut rude = Rude::new(8);
    let (salt, base) = (rude.salt, rude.id(0));
    rude.send(salt, base + 8, 1, &call(1));
    let read = |answers: Vec<Bytes>| -> Vec<Service> {
        answers
            .iter()
            .filter_map(|body| Service::read(body).unwrap())
            .collect()
    };
    let ask = Service::MsgsStateReq {
        msg_ids: vec![
            MsgId(base + 8),
            MsgId(base + 4),
            MsgId(base + 400),
            MsgId(4),
        ],
    };
    let answers = read(rude.send(salt, base + 12, 3, &ask.to_bytes()));
    let states = answers.iter().find_map(|answer| match answer {
        Service::MsgsStateInfo { req_msg_id, info } => Some((*req_msg_id, info.clone())),
        _ => None,
    });
    assert_eq!(
        states,
        Some((MsgId(base + 12), Bytes::from_static(&[4 | 64, 2, 3, 1])))
    );

    let salts = Service::GetFutureSalts { num: 1000 };
    let answers = read(rude.send(salt, base + 16, 5, &salts.to_bytes()));
    let salts = answers.iter().find_map(|answer| match answer {
        Service::FutureSalts { salts, .. } => Some(salts.clone()),
        _ => None,
    });
    let salts = salts.unwrap();
    assert_eq!(salts.len(), 64);
    assert!(
        salts[0].salt == salt
            && salts
                .windows(2)
                .all(|two| two[0].valid_since_s < two[1].valid_since_s)
    );

    let destroy = Service::DestroySession { session_id: 123 };
    let answers = read(rude.send(salt, base + 20, 7, &destroy.to_bytes()));
    let gone = Service::DestroySessionResult {
        session_id: 123,
        existed: false,
    };
    assert!(answers.contains(&gone));
}

/// H21: a message that is sent again never has the same outer id with other bytes.
#[test]
fn nothing_is_sealed_twice_under_one_id() {
    let mut rude = Rude::new(9);
    let (salt, base) = (rude.salt, rude.id(0));
    let mut answer_ids = Vec::new();
    rude.send(salt, base, 1, &call(1));
    for again in 1..6 {
        // The same call again; nothing was acknowledged.
        rude.world.advance(10);
        let answers = rude.send(
            salt,
            base + 40 * again,
            2,
            &container(&[(base, 1, &call(1))]),
        );
        assert!(
            answers
                .iter()
                .any(|body| body.starts_with(&id::RPC_RESULT.to_le_bytes())
                    || body.starts_with(&id::MSG_DETAILED_INFO.to_le_bytes()))
        );
        answer_ids.push(answers.len());
    }
    assert_eq!(rude.world.executed, [1]);
}

/// D22, E42: unreadable messages are answered; too many end the connection.
#[test]
fn unreadable_messages_are_answered_until_they_are_too_many() {
    let mut rude = Rude::new(10);
    let (salt, base) = (rude.salt, rude.id(0));
    let mut ping = Service::Ping {
        ping_id: 1,
        disconnect_delay_s: None,
    }
    .to_bytes()
    .to_vec();
    ping.extend_from_slice(&[0; 4]);
    for i in 0..15 {
        let answers = rude.send(salt, base + 4 * i, 1, &ping);
        assert!(
            answers
                .iter()
                .any(|body| body.starts_with(&id::RPC_RESULT.to_le_bytes())),
            "{i}"
        );
    }
    rude.send(salt, base + 400, 1, &ping);
    assert_eq!(rude.world.server_closed.len(), 1);
}

/// A client may send anything in a sealed packet: no panic, bounded memory.
#[test]
fn random_bodies_do_no_harm() {
    for seed in 0..300 {
        let mut rude = Rude::new(seed);
        let (salt, base) = (rude.salt, rude.id(0));
        let ids = [
            id::MSG_CONTAINER,
            id::MSG_COPY,
            id::GZIP_PACKED,
            id::MSGS_ACK,
            id::MSG_RESEND_REQ,
            id::MSGS_STATE_REQ,
            id::RPC_DROP_ANSWER,
            id::PING,
            id::RPC_RESULT,
            id::HTTP_WAIT,
        ];
        for i in 0..10 {
            let mut body = vec![0; 4 * (1 + rude.world.random(30) as usize)];
            rude.world.rng.fill_bytes(&mut body);
            let choice = rude.world.random(12) as usize;
            if let Some(known) = ids.get(choice) {
                body[..4].copy_from_slice(&known.to_le_bytes());
            }
            rude.send(salt, base + 4 * i, 1, &body);
        }
        assert!(rude.world.server_heap_len() < 100_000);
    }
}
