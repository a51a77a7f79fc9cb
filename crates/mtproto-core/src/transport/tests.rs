//! Framing vectors (I.5, I.6), chunked against whole input, hellos and limits.

use bytes::BytesMut;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::fake_tls::hmac;
use super::obfuscation::{finish_head, is_allowed};
use super::*;
use crate::crypto::{QuickAckToken, Side};
use crate::error::{PeerMisbehaved, TransportCode};
use crate::vector::{hex, hex_array, sequence};

const REQ_PQ: &str =
    "0000000000000000d4720600503dc56514000000f18e7ebe406709f612fadfbec3f0289d0aa67eef";
const KINDS: [FrameKind; 4] = [
    FrameKind::Abridged,
    FrameKind::Full,
    FrameKind::Intermediate,
    FrameKind::PaddedIntermediate,
];

fn rng(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}

fn encoded(kind: FrameKind, role: Side, packet: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut framing = Framing::new(kind, role);
    framing.encode(packet.len(), false, &mut out, &mut rng(1), |at| {
        at.copy_from_slice(packet);
    });
    out.to_vec()
}

// I.5

#[test]
fn framing_vectors() {
    let packet = hex(REQ_PQ);
    let client = |kind| encoded(kind, Side::Client, &packet);
    assert_eq!(client(FrameKind::Abridged), hex(&format!("0a{REQ_PQ}")));
    assert_eq!(
        client(FrameKind::Intermediate),
        hex(&format!("28000000{REQ_PQ}"))
    );
    assert_eq!(
        client(FrameKind::Full),
        hex(&format!("3400000000000000{REQ_PQ}22b7ab88"))
    );
    assert_eq!(client(FrameKind::Bare), packet);
    assert_eq!(
        encoded(FrameKind::Abridged, Side::Client, &[1; 508])[..5],
        [0x7f, 0x7f, 0, 0, 1]
    );
    for (kind, bytes) in [
        (FrameKind::Abridged, "016cfeffff"),
        (FrameKind::Full, "10000000000000006cfeffff0d2f4107"),
        (FrameKind::Intermediate, "040000006cfeffff"),
        (FrameKind::PaddedIntermediate, "040000006cfeffff"),
    ] {
        let mut out = BytesMut::new();
        Framing::new(kind, Side::Server).encode_code(TransportCode::NOT_FOUND, &mut out);
        assert_eq!(out, hex(bytes));
        assert_eq!(
            Framing::new(kind, Side::Client).decode(&mut out),
            Ok(Some(Frame::TransportCode(TransportCode::NOT_FOUND)))
        );
    }
}

#[test]
fn quick_acks_are_read_back_in_every_framing_that_has_them() {
    let token = QuickAckToken(0xcd571d02);
    for (kind, bytes) in [
        (FrameKind::Abridged, Some("cd571d02")),
        (FrameKind::Intermediate, Some("021d57cd")),
        (FrameKind::PaddedIntermediate, None),
    ] {
        for seed in 0..20 {
            let mut out = BytesMut::new();
            Framing::new(kind, Side::Server).encode_quick_ack(token, &mut out, &mut rng(seed));
            if let Some(bytes) = bytes {
                assert_eq!(out, hex(bytes));
            }
            let frame = Framing::new(kind, Side::Client).decode(&mut out).unwrap();
            assert_eq!(frame, Some(Frame::QuickAck(token)));
            assert!(out.is_empty());
        }
    }
    for kind in [
        FrameKind::Abridged,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        let mut out = BytesMut::new();
        Framing::new(kind, Side::Client).encode(72, true, &mut out, &mut rng(2), |at| at.fill(7));
        let frame = Framing::new(kind, Side::Server).decode(&mut out).unwrap();
        assert!(
            matches!(
                frame,
                Some(Frame::Packet {
                    quick_ack: true,
                    ..
                })
            ),
            "{kind:?}"
        );
    }
}

#[test]
fn impossible_frames_are_refused() {
    let decode =
        |kind, bytes: &[u8]| Framing::new(kind, Side::Server).decode(&mut BytesMut::from(bytes));
    let too_long = u32::try_from(CLIENT_PACKET_LEN_MAX + 4)
        .unwrap()
        .to_le_bytes();
    let words = u32::try_from(CLIENT_PACKET_LEN_MAX / 4 + 1)
        .unwrap()
        .to_le_bytes();
    for (kind, bytes) in [
        (FrameKind::Abridged, vec![0x7f, 0x7e, 0, 0]),
        (FrameKind::Abridged, vec![0x00]),
        (
            FrameKind::Abridged,
            vec![0xff, words[0], words[1], words[2]],
        ),
        (FrameKind::Intermediate, too_long.to_vec()),
        (FrameKind::Intermediate, vec![0; 4]),
        (FrameKind::PaddedIntermediate, too_long.to_vec()),
        (FrameKind::Full, too_long.iter().map(|b| b | 0x40).collect()),
        (FrameKind::Full, vec![8, 0, 0, 0]),
        (FrameKind::Full, vec![13, 0, 0, 0]),
        (FrameKind::Full, hex("0c00000000000000e6d9b5f3")),
    ] {
        assert!(decode(kind, &bytes).is_err(), "{kind:?} {bytes:02x?}");
    }
    let mut frame = encoded(FrameKind::Full, Side::Client, &[1; 40]);
    frame[20] ^= 1;
    assert_eq!(
        decode(FrameKind::Full, &frame),
        Err(PeerMisbehaved::Crc.into())
    );
    frame[4] = 1;
    assert_eq!(
        decode(FrameKind::Full, &frame),
        Err(PeerMisbehaved::FrameSeq.into())
    );
    let largest = vec![3; 1_044_488];
    for kind in KINDS {
        let frame = decode(kind, &encoded(kind, Side::Client, &largest)).unwrap();
        assert!(matches!(frame, Some(Frame::Packet { payload, .. }) if payload == largest));
    }
}

// I.6

#[test]
fn obfuscation_vectors() {
    let gotd = hex_array(
        "f5768f50b731260a46be1027c2eeaa39350624f0b6da59eba56c81fe4510c2e0\
         b61d3dd323ee02388633e3837a0c1c24fa6f29ccd724be6f416ff7b026f6cce6",
    );
    let secret = hex_array("8a96ef6e42a18c21837580cd1c91c5a8");
    for (head, kind, secret, dc_id, tail, write, read) in [
        (
            gotd,
            FrameKind::PaddedIntermediate,
            Some(secret),
            2,
            "bea2dde16dc59dd2",
            "ca7a8226",
            "8f711982",
        ),
        (
            [b'a'; 64],
            FrameKind::PaddedIntermediate,
            Some([0xaa; 16]),
            2,
            "ab4162424f66fddc",
            "",
            "",
        ),
        (
            sequence(),
            FrameKind::Intermediate,
            None,
            0,
            "4618255e1e00fd5d",
            "53cba24c",
            "4eff8014",
        ),
        (
            sequence(),
            FrameKind::Abridged,
            None,
            -2,
            "4719245fe0fffd5d",
            "53cba24c",
            "4eff8014",
        ),
    ] {
        let (sent, mut client) = finish_head(head, kind, secret.as_ref(), dc_id);
        assert_eq!((&sent[..56], &sent[56..]), (&head[..56], &*hex(tail)));
        let server = ObfuscatedHead::read(&sent, secret.as_ref()).unwrap();
        assert_eq!((server.kind, server.dc_id), (kind, dc_id));
        if !write.is_empty() {
            let mut data = *b"abcd";
            client.encrypt(&mut data);
            assert_eq!(data, hex_array(write));
            let mut data = *b"abcd";
            client.decrypt(&mut data);
            assert_eq!(data, hex_array(read));
        }
        assert!(ObfuscatedHead::read(&sent, Some(&[9; 16])).is_none());
    }
}

#[test]
fn heads_that_look_like_another_transport_are_not_made() {
    let mut head = [1; 64];
    assert!(is_allowed(&head));
    head[4..8].fill(0);
    assert!(!is_allowed(&head));
    for start in [
        &b"HEAD"[..],
        b"GET ",
        &[0xef],
        &[0xee; 4],
        &[0xdd; 4],
        &[0x16, 3, 1, 2],
    ] {
        let mut head = [1; 64];
        head[..start.len()].copy_from_slice(start);
        assert!(!is_allowed(&head));
    }
}

#[test]
fn hello_digest_vector() {
    let mut message = vec![0x16, 0x03, 0x01, 0x02, 0x00];
    message.resize(517, 0);
    assert_eq!(
        hmac(&sequence(), &[&message]),
        hex_array("e119e2afb2abe963589ed6a32f025cc2b4bd66e7ba0e7c1525f53c17e0806cbb")
    );
}

#[test]
fn hellos_prove_the_secret_and_the_time() {
    const NOW: i64 = 1_700_000_000;
    let secret = sequence();
    let hello = client_hello(b"example.org", &secret, NOW, &mut rng(3));
    assert_eq!(hello.len(), 517);
    let verified = ClientHello::verify(&hello, &secret, NOW).unwrap();
    for (shift, good) in [(600, true), (601, false), (-3, true), (-4, false)] {
        let result = ClientHello::verify(&hello, &secret, NOW + shift);
        assert_eq!(result.is_ok(), good, "{shift}");
    }
    assert!(ClientHello::verify(&hello, &[9; 16], NOW).is_err());
    for at in [0, 5, 20, 50, 100, 516] {
        let mut changed = hello.clone();
        changed[at] ^= 1;
        assert!(ClientHello::verify(&changed, &secret, NOW).is_err());
    }
    let reply = server_hello(&verified, &secret, &mut rng(4));
    let verify = |reply: &[u8]| verify_server_hello(reply, &verified.random, &secret);
    assert_eq!(verify(&reply), Ok(Some(reply.len())));
    assert_eq!(verify(&reply[..reply.len() - 1]), Ok(None));
    let mut changed = reply.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(verify(&changed).is_err());

    let mut memory = HelloMemory::default();
    assert!(memory.insert(verified.random, NOW));
    assert!(!memory.insert(verified.random, NOW + 600));
    assert!(memory.insert(verified.random, NOW + 3 * 86_400));
}

#[test]
fn secrets_are_read_in_all_forms() {
    let key = "000102030405060708090a0b0c0d0e0f";
    assert_eq!(ProxySecret::parse(key).unwrap().key(), &sequence());
    let kind = |text: &str| ProxySecret::parse(text).map(|secret| secret.kind().clone());
    assert_eq!(kind(&format!("dd{key}")), Ok(SecretKind::Padded));
    let domain = b"a.b".to_vec();
    assert_eq!(
        kind(&format!("ee{key}612e62")),
        Ok(SecretKind::FakeTls { domain })
    );
    assert_eq!(kind("3QABAgMEBQYHCAkKCwwNDg8"), Ok(SecretKind::Padded));
    for wrong in ["", "00", &format!("ee{key}"), &format!("cc{key}"), "!!!"] {
        assert!(kind(wrong).is_err(), "{wrong}");
    }
}

/// A client, configured at random, with the server's settings that fit it.
fn random_setup(rng: &mut ChaCha12Rng) -> (ClientTransportConfig, ServerTransportConfig) {
    let kind = KINDS[rng.next_u32() as usize % KINDS.len()];
    let mut key = [0; 16];
    rng.fill_bytes(&mut key);
    let secret = match rng.next_u32() % 6 {
        0 => Some(SecretKind::Plain),
        1 => Some(SecretKind::Padded),
        2 => Some(SecretKind::FakeTls {
            domain: b"example.org".to_vec(),
        }),
        _ => None,
    }
    .map(|kind| ProxySecret::new(key, kind));
    let secret = secret.filter(|_| kind != FrameKind::Full);
    let server = ServerTransportConfig {
        secret_required: secret.is_some() && rng.next_u32().is_multiple_of(2),
        secrets: secret.iter().cloned().collect(),
    };
    let client = ClientTransportConfig {
        kind,
        obfuscated: rng.next_u32().is_multiple_of(2) && kind != FrameKind::Full,
        secret,
        dc_id: 2,
    };
    (client, server)
}

/// Moves bytes in chunks of random sizes; gives what the server answered to them at once.
fn feed(
    server: &mut ServerTransport,
    config: &ServerTransportConfig,
    bytes: &[u8],
    rng: &mut ChaCha12Rng,
) -> (Vec<BytesMut>, BytesMut) {
    let (mut packets, mut answer) = (Vec::new(), BytesMut::new());
    let mut rest = bytes;
    while !rest.is_empty() {
        let max = if rng.next_u32().is_multiple_of(3) {
            3
        } else {
            2000
        };
        let (now, later) = rest.split_at(rest.len().min(1 + rng.next_u32() as usize % max));
        rest = later;
        server.handle_input(now).unwrap();
        while let Some(event) = server.poll_event(config, 1_700_000_000).unwrap() {
            match event {
                TransportEvent::Packet { payload, .. } => packets.push(payload),
                TransportEvent::Hello { .. } => {
                    assert!(
                        server
                            .accept_hello(true, &mut answer, rng)
                            .unwrap()
                            .is_none()
                    );
                }
                TransportEvent::Opened { .. } => {}
                TransportEvent::HandOver { .. } => panic!("a known client was handed over"),
            }
        }
    }
    (packets, answer)
}

/// Every transport, in chunks of every size, both directions. `TRANSPORT_RUNS` and `SEED` change it.
#[test]
fn chunks_of_any_size_give_the_packets_that_were_sent() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    };
    let first = number("SEED", 0);
    for seed in first..first + number("TRANSPORT_RUNS", 300) {
        let mut rng = rng(seed);
        let (client_config, server_config) = random_setup(&mut rng);
        let mut out = BytesMut::new();
        let mut client = ClientTransport::new(&client_config, 1_700_000_000, &mut out, &mut rng);
        let mut server = ServerTransport::new();
        let sent: Vec<Vec<u8>> = (0..1 + rng.next_u32() % 6)
            .map(|_| {
                let mut packet = vec![0; 24 + 16 * (3 + rng.next_u32() as usize % 90)];
                rng.fill_bytes(&mut packet);
                packet
            })
            .collect();
        for packet in &sent {
            client.write_packet(packet.len(), false, &mut out, &mut rng.clone(), |at| {
                at.copy_from_slice(packet);
            });
        }
        let mut received = Vec::new();
        while !out.is_empty() {
            let (packets, answer) = feed(&mut server, &server_config, &out.split(), &mut rng);
            received.extend(packets);
            client.handle_input(&answer, &mut out).unwrap();
        }
        assert_eq!(received, sent, "seed {seed}");

        for packet in &sent {
            server.write_packet(packet.len(), &mut out, &mut rng.clone(), |at| {
                at.copy_from_slice(packet);
            });
        }
        server.write_code(TransportCode::FLOOD, &mut out);
        let mut frames = Vec::new();
        let bytes = out.split();
        for chunk in bytes.chunks(1 + rng.next_u32() as usize % 700) {
            client.handle_input(chunk, &mut out).unwrap();
            while let Some(frame) = client.poll_frame().unwrap() {
                frames.push(frame);
            }
        }
        let code = frames.pop();
        assert_eq!(
            code,
            Some(Frame::TransportCode(TransportCode::FLOOD)),
            "seed {seed}"
        );
        let payloads: Vec<BytesMut> = frames
            .into_iter()
            .map(|frame| match frame {
                Frame::Packet { payload, .. } => payload,
                Frame::QuickAck(_) | Frame::TransportCode(_) => panic!("seed {seed}"),
            })
            .collect();
        assert_eq!(payloads, sent, "seed {seed}");
    }
}

#[test]
fn strangers_are_handed_over_closed_or_swallowed() {
    let open = ServerTransportConfig::default();
    let event = |bytes: &[u8], config: &ServerTransportConfig| {
        let mut server = ServerTransport::new();
        server.handle_input(bytes).unwrap();
        server.poll_event(config, 0)
    };
    for request in [
        &b"GET /apiws HTTP/1.1\r\n"[..],
        b"POST /api",
        b"HEAD",
        b"OPTIONS *",
    ] {
        assert_eq!(
            event(request, &open),
            Ok(Some(TransportEvent::HandOver {
                foreign: Foreign::Http,
                received: request.to_vec().into(),
            }))
        );
    }
    let mut tls = client_hello(b"example.org", &[1; 16], 0, &mut rng(5));
    assert_eq!(event(&tls[..500], &open), Ok(None));
    tls.push(7);
    let Ok(Some(TransportEvent::HandOver {
        foreign: Foreign::Tls,
        received,
    })) = event(&tls, &open)
    else {
        panic!("a foreign hello is handed over");
    };
    assert_eq!(received, tls);
    assert_eq!(
        event(&[0x55; 64], &open),
        Err(PeerMisbehaved::Transport.into())
    );
    let closed = ServerTransportConfig {
        secrets: vec![ProxySecret::new([1; 16], SecretKind::Plain)],
        secret_required: true,
    };
    assert_eq!(event(&[0x55; 300], &closed), Ok(None));
    assert_eq!(event(&[0xef, 0x0a, 1, 2, 3], &closed), Ok(None));
}

#[test]
fn repeated_hello_is_a_probe() {
    let secret = ProxySecret::new(
        [1; 16],
        SecretKind::FakeTls {
            domain: b"a.b".to_vec(),
        },
    );
    let config = ServerTransportConfig {
        secrets: vec![secret],
        secret_required: true,
    };
    let hello = client_hello(b"a.b", &[1; 16], 50, &mut rng(6));
    let mut server = ServerTransport::new();
    server.handle_input(&hello).unwrap();
    assert!(matches!(
        server.poll_event(&config, 50),
        Ok(Some(TransportEvent::Hello { .. }))
    ));
    let mut out = BytesMut::new();
    let verdict = server.accept_hello(false, &mut out, &mut rng(7)).unwrap();
    assert!(
        matches!(verdict, Some(TransportEvent::HandOver { foreign: Foreign::Tls, received }) if received == hello)
    );
    assert!(out.is_empty());
}

#[cfg(feature = "codec")]
#[test]
fn codec_frames_what_the_transports_do() {
    use tokio_util::codec::{Decoder as _, Encoder as _};
    for kind in KINDS {
        let mut client = PacketCodec::new(kind, Side::Client, rng(8));
        let mut server = PacketCodec::new(kind, Side::Server, rng(9));
        let mut wire = BytesMut::new();
        client.encode(&[1; 72][..], &mut wire).unwrap();
        client.encode(&[2; 104][..], &mut wire).unwrap();
        let tail = wire.split_off(wire.len() - 1);
        let first = server.decode(&mut wire).unwrap();
        assert!(matches!(first, Some(Frame::Packet { payload, .. }) if payload[..] == [1; 72]));
        assert!(matches!(server.decode(&mut wire), Ok(None)));
        assert!(server.decode_eof(&mut wire.clone()).is_err());
        wire.unsplit(tail);
        let second = server.decode_eof(&mut wire).unwrap();
        assert!(matches!(second, Some(Frame::Packet { payload, .. }) if payload[..] == [2; 104]));
    }
}
