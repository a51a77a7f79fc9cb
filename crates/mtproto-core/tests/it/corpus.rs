//! The corpora of the fuzz targets, replayed. `WRITE_CORPUS=1` writes the first inputs anew.

use std::fs;
use std::path::PathBuf;

use bytes::BytesMut;
use mtproto_core::handshake::plain_message;
use mtproto_core::service::{Service, id};
use mtproto_core::time::MsgId;
use mtproto_core::transport::{
    ClientTransport, ClientTransportConfig, FrameKind, ProxySecret, SecretKind, client_hello,
};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;

use crate::harness;

struct Target {
    name: &'static str,
    run: fn(&[u8]),
    /// Inputs replayed at most: some targets cost milliseconds an input.
    inputs_max: usize,
}

const fn target(name: &'static str, run: fn(&[u8]), inputs_max: usize) -> Target {
    Target {
        name,
        run,
        inputs_max,
    }
}

const TARGETS: [Target; 6] = [
    target("core_connection", harness::connection, usize::MAX),
    target("core_handshake", harness::handshake, 100),
    target("core_hello", harness::hello, usize::MAX),
    target("core_rsa", harness::rsa, 100),
    target("core_session", harness::session, usize::MAX),
    target("core_transport", harness::transport, usize::MAX),
];

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target)
}

#[test]
fn corpora_pass() {
    if std::env::var("WRITE_CORPUS").is_ok() {
        write_first_inputs();
    }
    for target in TARGETS {
        let name = target.name;
        let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
            .unwrap_or_else(|error| panic!("corpus of {name}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort_unstable();
        assert!(!files.is_empty(), "{name}");
        for file in files.iter().take(target.inputs_max) {
            (target.run)(&fs::read(file).unwrap());
        }
    }
}

fn write_first_inputs() {
    for (target, inputs) in [
        ("core_transport", transport_inputs()),
        ("core_connection", transport_inputs()),
        ("core_hello", hello_inputs()),
        ("core_handshake", handshake_inputs()),
        ("core_session", session_inputs()),
        ("core_rsa", vec![vec![1; 256], vec![0xff; 256], vec![3; 10]]),
    ] {
        fs::create_dir_all(folder(target)).unwrap();
        for (i, input) in inputs.iter().enumerate() {
            fs::write(folder(target).join(format!("first_{i:02}")), input).unwrap();
        }
    }
}

fn transport_inputs() -> Vec<Vec<u8>> {
    let mut inputs = vec![b"\x05GET /apiws HTTP/1.1\r\n\r\n".to_vec(), vec![3; 90]];
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    for kind in [
        FrameKind::Abridged,
        FrameKind::Full,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        for secret in [None, Some(ProxySecret::new([7; 16], SecretKind::Plain))] {
            let config = ClientTransportConfig {
                kind,
                obfuscated: kind != FrameKind::Full,
                secret,
                dc_id: 2,
            };
            for config in [ClientTransportConfig::plain(kind), config] {
                let mut out = BytesMut::from(&[9u8][..]);
                let mut client = ClientTransport::new(&config, 1_700_000_000, &mut out, &mut rng);
                for packet in [plain_message(4, &[7; 20]), vec![0x55; 104].into()] {
                    client.write_packet(packet.len(), true, &mut out, &mut rng, |at| {
                        at.copy_from_slice(&packet);
                    });
                }
                inputs.push(out.to_vec());
            }
        }
    }
    inputs
}

fn hello_inputs() -> Vec<Vec<u8>> {
    let mut rng = ChaCha12Rng::seed_from_u64(2);
    let mut hello = vec![200];
    hello.extend(client_hello(
        b"example.org",
        &[7; 16],
        1_700_000_000,
        &mut rng,
    ));
    let mut records = BytesMut::from(&[3u8][..]);
    mtproto_core::transport::write_records(&[8; 6000], true, &mut records);
    vec![hello, records.to_vec()]
}

fn handshake_inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for plan in 0..8 {
        inputs.push(vec![plan]);
        inputs.push(vec![plan, 40, 0, 1]);
    }
    for function in [
        id::REQ_PQ,
        id::REQ_DH_PARAMS,
        id::SET_CLIENT_DH_PARAMS,
        id::MSGS_ACK,
    ] {
        let mut input = vec![8];
        input.extend_from_slice(&function.to_le_bytes());
        input.extend_from_slice(&[4; 60]);
        inputs.push(input);
    }
    inputs
}

fn session_inputs() -> Vec<Vec<u8>> {
    let msg_ids = vec![MsgId(0x6553_f100_0000_0000), MsgId(0x6553_f100_0000_0004)];
    let messages = [
        Service::Ping {
            ping_id: 1,
            disconnect_delay_s: Some(9),
        }
        .to_bytes(),
        Service::MsgsAck {
            msg_ids: msg_ids.clone(),
        }
        .to_bytes(),
        Service::MsgsStateReq {
            msg_ids: msg_ids.clone(),
        }
        .to_bytes(),
        Service::MsgResendReq {
            msg_ids,
            answers: true,
        }
        .to_bytes(),
        Service::RpcDropAnswer {
            req_msg_id: MsgId(0x6553_f100_0000_0004),
        }
        .to_bytes(),
        Service::GetFutureSalts { num: 3 }.to_bytes(),
        mtproto_core::message::gzip(&[5; 400]).unwrap(),
        vec![0x11; 12].into(),
    ];
    let one = |at: usize, id_byte: u8, seq_no: u8| {
        let body = &messages[at];
        let mut input = u16::try_from(body.len()).unwrap().to_le_bytes().to_vec();
        input.extend_from_slice(&[255, id_byte, seq_no]);
        input.extend_from_slice(body);
        input
    };
    let mut all = Vec::new();
    let mut inputs: Vec<Vec<u8>> = (0..messages.len()).map(|at| one(at, 0, 1)).collect();
    for at in 0..messages.len() {
        all.extend(one(
            at,
            u8::try_from(at).unwrap(),
            u8::try_from(at % 2).unwrap(),
        ));
    }
    let mut container = id::MSG_CONTAINER.to_le_bytes().to_vec();
    container.extend_from_slice(&2u32.to_le_bytes());
    for at in [0, 7] {
        container.extend_from_slice(&0x6553_f100_0000_0000i64.to_le_bytes());
        container.extend_from_slice(&1u32.to_le_bytes());
        container.extend_from_slice(&u32::try_from(messages[at].len()).unwrap().to_le_bytes());
        container.extend_from_slice(&messages[at]);
    }
    let mut input = u16::try_from(container.len())
        .unwrap()
        .to_le_bytes()
        .to_vec();
    input.extend_from_slice(&[255, 9, 0]);
    input.extend_from_slice(&container);
    inputs.push(input);
    inputs.push(all);
    inputs
}
