//! What the fuzz targets do with their input. Shared with `fuzz/`, and replayed by `cargo test` over
//! the committed corpora: `fuzz/corpus/<target>/`.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use mtproto_core::connection::{ServerConnection, ServerConnectionConfig};
use mtproto_core::crypto::{
    AuthKeyId, LegacyPadding, RSA_LEN, RsaPrivateKey, recover_inner, sha256,
};
use mtproto_core::handshake::{
    ClientHandshake, ClientHandshakeConfig, ClientOutcome, HandshakeKey, InnerKind, Padding,
    ServerHandshakeConfig, ServerHandshakes, ServerOutcome, read_plain_message,
};
use mtproto_core::service::id;
use mtproto_core::session::{
    ClientSession, ClientSessionConfig, SaltSecret, ServerSession, SessionInput,
};
use mtproto_core::time::{MsgId, Now};
use mtproto_core::transport::{
    ClientHello, Frame, FrameKind, Framing, ProxySecret, SecretKind, ServerTransport,
    ServerTransportConfig, TlsReader, TransportEvent, verify_server_hello,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

const NOW: Now = Now {
    instant_ms: 1_000,
    unix_ns: 1_700_000_000_000_000_000,
};
const SECRET: [u8; 16] = [7; 16];

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(0)
}

fn private_key() -> Arc<HandshakeKey> {
    static KEY: OnceLock<Arc<HandshakeKey>> = OnceLock::new();
    Arc::clone(KEY.get_or_init(|| {
        let pem = include_str!("data/rsa_key.pem");
        Arc::new(HandshakeKey {
            key: RsaPrivateKey::from_pem(pem).expect("the key of the tests"),
            legacy: LegacyPadding::Accepted,
        })
    }))
}

/// A byte that steers the harness, taken from the front.
fn take_byte(data: &mut &[u8]) -> u8 {
    match data.split_first() {
        Some((first, rest)) => {
            *data = rest;
            *first
        }
        None => 0,
    }
}

fn transport_config() -> ServerTransportConfig {
    let domain = b"example.org".to_vec();
    ServerTransportConfig {
        secrets: vec![
            ProxySecret::new(SECRET, SecretKind::Plain),
            ProxySecret::new([8; 16], SecretKind::FakeTls { domain }),
        ],
        secret_required: false,
    }
}

/// Everything a server finds in a stream; the last item says whether the stream broke.
fn server_events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<TransportEvent>, bool) {
    let config = transport_config();
    let (mut server, mut events, mut out) = (ServerTransport::new(), Vec::new(), BytesMut::new());
    let mut rng = rng();
    for chunk in chunks {
        if server.handle_input(chunk).is_err() {
            return (events, true);
        }
        loop {
            match server.poll_event(&config, NOW.unix_s()) {
                Ok(Some(TransportEvent::Hello { .. })) => {
                    if server.accept_hello(true, &mut out, &mut rng).is_err() {
                        return (events, true);
                    }
                }
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}

fn client_frames<'a>(
    kind: FrameKind,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Frame>, bool) {
    let mut framing = Framing::new(kind, mtproto_core::crypto::Side::Client);
    let (mut input, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        input.extend_from_slice(chunk);
        loop {
            match framing.decode(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}

/// H.4 number 2: chunks of any size give what the whole gives.
pub(crate) fn transport(mut data: &[u8]) {
    let size = 1 + usize::from(take_byte(&mut data));
    // A foreign stream is handed over with as much as was there: only what it is can be compared.
    let comparable = |(events, broken): (Vec<TransportEvent>, bool)| {
        let events: Vec<_> = events
            .into_iter()
            .map(|event| match event {
                TransportEvent::HandOver { foreign, .. } => Err(foreign),
                other => Ok(other),
            })
            .collect();
        (events, broken)
    };
    let whole = comparable(server_events(std::iter::once(data)));
    let chunked = comparable(server_events(data.chunks(size)));
    assert_eq!(whole, chunked);
    for kind in [
        FrameKind::Abridged,
        FrameKind::Full,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        let whole = client_frames(kind, std::iter::once(data));
        assert_eq!(whole, client_frames(kind, data.chunks(size)));
    }
}

/// H.4 number 3: hellos whose digest is right, and records in chunks.
pub(crate) fn hello(mut data: &[u8]) {
    let size = 1 + usize::from(take_byte(&mut data));
    let _ = ClientHello::verify(data, &SECRET, NOW.unix_s());
    let _ = verify_server_hello(data, &[1; 32], &SECRET);
    let mut record = data.to_vec();
    if record.len() >= 43 {
        record[11..43].fill(0);
        let mut digest = hmac_sha256(&SECRET, &record);
        let now = u32::try_from(NOW.unix_s()).unwrap_or(0).to_le_bytes();
        for (out, byte) in digest[28..].iter_mut().zip(now) {
            *out ^= byte;
        }
        record[11..43].copy_from_slice(&digest);
        if let Ok(hello) = ClientHello::verify(&record, &SECRET, NOW.unix_s()) {
            assert_eq!(hello.random, digest);
            let reply = mtproto_core::transport::server_hello(&hello, &SECRET, &mut rng());
            let len = verify_server_hello(&reply, &hello.random, &SECRET);
            assert_eq!(len, Ok(Some(reply.len())));
        }
    }
    assert_eq!(
        read_records(data, data.len().max(1)),
        read_records(data, size)
    );
}

fn read_records(data: &[u8], size: usize) -> (BytesMut, bool) {
    let (mut reader, mut out) = (TlsReader::default(), BytesMut::new());
    let broken = data
        .chunks(size)
        .any(|chunk| reader.unwrap(chunk, &mut out).is_err());
    (out, broken)
}

fn hmac_sha256(key: &[u8; 16], message: &[u8]) -> [u8; 32] {
    let (mut inner, mut outer) = ([0x36; 64], [0x5c; 64]);
    for ((inner, outer), byte) in inner.iter_mut().zip(&mut outer).zip(key) {
        *inner ^= byte;
        *outer ^= byte;
    }
    sha256(&[&outer, &sha256(&[&inner, message])])
}

/// H.4 number 4: the right requests up to a step, then what the input makes of the next one.
pub(crate) fn handshake(mut data: &[u8]) {
    let plan = take_byte(&mut data);
    let mut rng = rng();
    let key = private_key();
    let config = ClientHandshakeConfig {
        keys: vec![key.key.public().clone()].into(),
        kind: InnerKind::TempDc(2, 60),
        padding: if plan & 4 == 0 {
            Padding::RsaPad
        } else {
            Padding::Legacy
        },
    };
    let mut server = ServerHandshakes::new(ServerHandshakeConfig::new(vec![key]));
    let (mut client, mut request) = ClientHandshake::start(config, &mut rng);
    for _ in 0..plan & 3 {
        let Some(answer) = serve(&mut server, &request, &mut rng) else {
            return;
        };
        match client.handle_answer(&answer) {
            Ok(ClientOutcome::Work(work)) => match client.handle_result(work.run(&mut rng)) {
                Ok(ClientOutcome::Send(next)) => request = next,
                Ok(ClientOutcome::Work(_) | ClientOutcome::Finished(_)) | Err(_) => return,
            },
            Ok(ClientOutcome::Finished(_) | ClientOutcome::Send(_)) | Err(_) => break,
        }
    }
    let mut changed = request.to_vec();
    if plan & 8 == 0 {
        // Pairs of position and mask.
        for pair in data.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([pair[0], pair[1]]));
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= pair[2];
            }
        }
    } else {
        changed = data.to_vec();
    }
    let is_same = meaning(&changed) == meaning(&request);
    let answer = serve(&mut server, &Bytes::from(changed), &mut rng);
    if plan & 8 == 0 && !is_same && plan & 3 != 0 {
        assert!(answer.is_none(), "a changed step was answered");
    }
    let _ = client.handle_answer(&Bytes::copy_from_slice(data));
    let _ = read_plain_message(&Bytes::copy_from_slice(data));
}

/// A step without the bytes that fill its short strings up to whole words: those of p and q, which
/// stand behind id, nonce and server_nonce. Nobody reads them.
fn meaning(step: &[u8]) -> Vec<u8> {
    const FILLERS: [usize; 6] = [41, 42, 43, 49, 50, 51];
    let mut step = step.to_vec();
    if step.starts_with(&id::REQ_DH_PARAMS.to_le_bytes()) {
        for at in FILLERS {
            step.get_mut(at).into_iter().for_each(|filler| *filler = 0);
        }
    }
    step
}

fn serve(server: &mut ServerHandshakes, request: &Bytes, rng: &mut ChaCha12Rng) -> Option<Bytes> {
    let mut outcome = server.handle_request(NOW.unix_s(), request, rng).ok()?;
    loop {
        match outcome {
            ServerOutcome::Ignore => return None,
            ServerOutcome::Reply(answer) => return Some(answer),
            ServerOutcome::Work(work) => {
                let result = work.run(rng);
                outcome = server.handle_result(NOW.unix_s(), result, rng).ok()?;
            }
            ServerOutcome::NewKey(key) => {
                let verdict = mtproto_core::handshake::KeyVerdict::Stored;
                return server.confirm(key.exchange, verdict).ok();
            }
        }
    }
}

const KNOWN_IDS: [u32; 20] = [
    id::BAD_MSG_NOTIFICATION,
    id::BAD_SERVER_SALT,
    id::DESTROY_SESSION,
    id::FUTURE_SALTS,
    id::GET_FUTURE_SALTS,
    id::GZIP_PACKED,
    id::HTTP_WAIT,
    id::MSG_CONTAINER,
    id::MSG_COPY,
    id::MSG_DETAILED_INFO,
    id::MSG_RESEND_REQ,
    id::MSGS_ACK,
    id::MSGS_ALL_INFO,
    id::MSGS_STATE_REQ,
    id::NEW_SESSION_CREATED,
    id::PING_DELAY_DISCONNECT,
    id::RPC_DROP_ANSWER,
    id::RPC_ERROR,
    id::RPC_RESULT,
    id::AUTH_BIND_TEMP_AUTH_KEY,
];

/// H.4 number 5: authenticated but hostile peers of either role.
///
/// The input is a list of messages: two bytes of length, one that picks a constructor, one for the
/// id, one for the sequence number, then the body.
pub(crate) fn session(mut data: &[u8]) {
    let mut rng = rng();
    let secret = SaltSecret::new([3; 32]);
    let key_id = AuthKeyId(5);
    let mut server = ServerSession::new(9, key_id, None, NOW, &mut rng);
    let mut client = ClientSession::new(ClientSessionConfig::default(), 0, 0, &mut rng);
    let salt = mtproto_core::session::Salts::new(key_id, None).current(&secret, NOW.unix_s());
    let mut now = NOW;
    let base = MsgId::at(NOW.unix_ns).0;
    let mut calls = Vec::new();
    let mut total = 0;
    while data.len() > 5 {
        let (len_low, len_high) = (take_byte(&mut data), take_byte(&mut data));
        let (pick, id_byte, seq_no) = (
            take_byte(&mut data),
            take_byte(&mut data),
            take_byte(&mut data),
        );
        let len = usize::from(u16::from_le_bytes([len_low, len_high])).min(data.len());
        let (body, rest) = data.split_at(len);
        data = rest;
        let mut message = match KNOWN_IDS.get(usize::from(pick)) {
            Some(known) => known.to_le_bytes().to_vec(),
            None => Vec::new(),
        };
        message.extend_from_slice(body);
        message.resize(message.len().next_multiple_of(4).max(4), 0);
        total += message.len();
        let input = SessionInput {
            salt: if id_byte == 255 { 0 } else { salt },
            msg_id: MsgId(base + 4 * i64::from(id_byte)),
            seq_no: i32::from(seq_no),
            body: message.into(),
        };
        let mut events = Vec::new();
        let open = server.handle_message(now, input.clone(), &secret, &mut events);
        for event in events {
            if let mtproto_core::session::SessionEvent::Call { msg_id, .. } = event {
                assert!(!calls.contains(&msg_id), "a call was handed out twice");
                calls.push(msg_id);
                if msg_id.0 & 4 == 0 {
                    let _ = server.answer(msg_id, Bytes::from_static(&[1; 8]));
                }
            }
        }
        now.instant_ms += 50;
        now.unix_ns += 50_000_000;
        server.handle_timeout(now);
        while let Some(packet) = server.poll_packet(now, &secret, &mut rng) {
            assert!(packet.len() <= 1 << 21 && (packet.len() - 24).is_multiple_of(16));
        }
        if id_byte & 3 == 0 {
            let _ = client.call(Bytes::from_static(&[2; 8]));
        }
        let from_server = SessionInput {
            msg_id: MsgId(input.msg_id.0 | 1 | i64::from(id_byte & 2)),
            ..input
        };
        client.handle_message(now, from_server);
        while client.poll_event().is_some() {}
        while client.poll_packet(now, &mut rng).is_some() {}
        if open.is_err() {
            break;
        }
    }
    // Answers to a state request are as long as the request; nothing else grows.
    assert!(server.heap_len() <= 200_000 + 4 * total);
}

/// H.4 number 9: random numbers are never inner data.
pub(crate) fn rsa(data: &[u8]) {
    let mut number = [0; RSA_LEN];
    let len = data.len().min(RSA_LEN);
    number[RSA_LEN - len..].copy_from_slice(&data[..len]);
    let key = private_key();
    let inner = recover_inner(&key.key, &number, LegacyPadding::Accepted, &mut rng());
    assert!(inner.is_none());
}

/// A whole connection fed with anything: no panic, bounded memory.
pub(crate) fn connection(mut data: &[u8]) {
    let size = 1 + usize::from(take_byte(&mut data));
    let config = ServerConnectionConfig {
        transport: transport_config(),
        salt_secret: SaltSecret::new([3; 32]),
    };
    let mut rng = rng();
    let mut server = ServerConnection::new(ServerTransport::new(), NOW);
    for chunk in data.chunks(size) {
        if !server.wants_input() {
            break;
        }
        server.handle_input(NOW, chunk, &config);
        while server.poll_event().is_some() {}
        let _ = server.poll_transmit(NOW, &config, &mut rng);
        assert!(server.heap_len() <= 4096 + 4 * data.len());
    }
    let _ = rng.next_u32();
}
