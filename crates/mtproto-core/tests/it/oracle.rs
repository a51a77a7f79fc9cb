//! Another implementation, grammers, as the client of ours.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use grammers_crypto::DequeBuffer;
use grammers_mtproto::mtp::{Deserialization, Encrypted, Mtp};
use grammers_mtproto::transport::{Abridged, Full, Intermediate, Transport};
use mtproto_core::crypto::{AuthKey, FullAuthKey, Side, open, seal};
use mtproto_core::session::{SaltSecret, ServerSession, SessionEvent, SessionInput};
use mtproto_core::time::{MsgId, Now};
use mtproto_core::transport::{Frame, FrameKind, Framing};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// The other implementation reads the clock itself.
fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        instant_ms: 0,
        unix_ns: i64::try_from(unix.as_nanos()).unwrap(),
    }
}

struct Server {
    key: AuthKey,
    secret: SaltSecret,
    session: Option<ServerSession>,
    rng: ChaCha12Rng,
}

impl Server {
    /// Takes a sealed packet; gives the sealed answers. Calls are answered with themselves.
    fn handle(&mut self, mut packet: Vec<u8>) -> Vec<Vec<u8>> {
        let opened = open(&self.key, Side::Client, &mut packet).unwrap();
        let body = Bytes::from(packet).slice(56..56 + opened.data_len);
        let session = self.session.get_or_insert_with(|| {
            ServerSession::new(opened.session_id, self.key.id(), None, now(), &mut self.rng)
        });
        let input = SessionInput {
            salt: opened.salt,
            msg_id: MsgId(opened.msg_id),
            seq_no: opened.seq_no,
            body,
        };
        let mut events = Vec::new();
        session
            .handle_message(now(), input, &self.secret, &mut events)
            .unwrap();
        for event in events {
            if let SessionEvent::Call { msg_id, body } = event {
                session.answer(msg_id, body).unwrap();
            }
        }
        let mut packets = Vec::new();
        while let Some(mut packet) = session.poll_packet(now(), &self.secret, &mut self.rng) {
            seal(&self.key, Side::Server, &mut packet);
            packets.push(packet);
        }
        packets
    }
}

#[test]
fn grammers_gets_its_answers() {
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let mut bytes = [0; 256];
    rng.fill_bytes(&mut bytes);
    let mut client = Encrypted::build().finish(bytes);
    let mut server = Server {
        key: FullAuthKey::new(bytes).message_key(),
        secret: SaltSecret::new([1; 32]),
        session: None,
        rng,
    };
    let mut buffer = DequeBuffer::with_capacity(1 << 20, 64);
    let mut wanted: Vec<Vec<u8>> = (0..30u32)
        .map(|number| {
            let mut body = 0x4444_4444u32.to_le_bytes().to_vec();
            body.extend_from_slice(&number.to_le_bytes());
            body.resize(8 + 300 * number as usize / 4 * 4, 5);
            body
        })
        .collect();
    let mut refused = 0;
    for _ in 0..10 {
        buffer.clear();
        let sent: Vec<_> = wanted
            .iter()
            .map_while(|body| client.push(&mut buffer, body))
            .collect();
        if client.finalize(&mut buffer).is_none() && sent.is_empty() {
            break;
        }
        for mut answer in server.handle(buffer[..].to_vec()) {
            for item in client.deserialize(&mut answer).unwrap() {
                match item {
                    Deserialization::RpcResult(result) => {
                        let at = wanted.iter().position(|body| *body == result.body);
                        wanted.remove(at.expect("an answer to a question"));
                    }
                    Deserialization::BadMessage(bad) => {
                        assert_eq!(bad.code, 48, "only the first salt is wrong");
                        refused += 1;
                    }
                    Deserialization::Update(_) => {}
                    _ => panic!("neither an answer nor an error about the salt"),
                }
            }
        }
    }
    assert!(
        wanted.is_empty(),
        "{} calls without an answer",
        wanted.len()
    );
    assert!(refused > 0);
}

#[test]
fn grammers_frames_are_ours() {
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let theirs: [(FrameKind, Box<dyn Transport>); 3] = [
        (FrameKind::Abridged, Box::new(Abridged::new())),
        (FrameKind::Full, Box::new(Full::new())),
        (FrameKind::Intermediate, Box::new(Intermediate::new())),
    ];
    for (kind, mut theirs) in theirs {
        let mut ours = Framing::new(kind, Side::Client);
        let mut server = Framing::new(kind, Side::Server);
        for (turn, len) in [40, 504, 508, 4096, 100_000].into_iter().enumerate() {
            let mut packet = vec![0; len];
            rng.fill_bytes(&mut packet);
            // Their abridged framing takes short packets with this bit for errors.
            packet[3] &= 0x7f;
            let mut buffer = DequeBuffer::with_capacity(len, 64);
            buffer.extend(packet.iter().copied());
            theirs.pack(&mut buffer);
            let mut framed = BytesMut::new();
            if turn == 0 {
                framed.extend_from_slice(kind.init());
            }
            ours.encode(len, false, &mut framed, &mut rng, |at| {
                at.copy_from_slice(&packet);
            });
            assert_eq!(buffer[..], framed[..], "{kind:?} {len}");

            let mut answer = BytesMut::new();
            server.encode(len, false, &mut answer, &mut rng, |at| {
                at.copy_from_slice(&packet);
            });
            let unpacked = theirs.unpack(&mut answer).unwrap();
            assert_eq!(answer[unpacked.data_range], packet);
            assert_eq!(unpacked.next_offset, answer.len());
            let frame = ours.decode(&mut answer).unwrap();
            let packet = BytesMut::from(&*packet);
            assert_eq!(
                frame,
                Some(Frame::Packet {
                    payload: packet,
                    quick_ack: false
                })
            );
        }
    }
}
