//! A key exchange and an encrypted ping, step by step, every message as hex.
//!
//! Both peers run in this program; no socket, no clock: what one says is handed to the other. Run it
//! with `cargo run -p mtproto-core --example drive_by_hand`. A number as the argument seeds the
//! randomness; the same seed gives the same bytes.
#![allow(clippy::print_stdout, reason = "printing is what the example is for")]

use std::error::Error;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mtproto_core::crypto::{
    AuthKey, LegacyPadding, OUTER_HEAD_LEN, PLAIN_HEAD_LEN, RsaPrivateKey, Side, open, seal,
};
use mtproto_core::handshake::{
    ClientHandshake, ClientHandshakeConfig, ClientOutcome, Finished, HandshakeKey, InnerKind,
    KeyVerdict, Padding, ServerHandshakeConfig, ServerHandshakes, ServerOutcome, plain_message,
};
use mtproto_core::service::Service;
use mtproto_core::session::{
    ClientEvent, ClientSession, ClientSessionConfig, SaltSecret, ServerSession, SessionInput,
};
use mtproto_core::time::{MsgId, Now};
use mtproto_core::transport::{FrameKind, Framing};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

const NOW: Now = Now {
    instant_ms: 0,
    unix_ns: 1_700_000_000_000_000_000,
};

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let mut rng = ChaCha12Rng::seed_from_u64(seed);

    println!("== 0. The server makes an RSA key; clients are built with its public half");
    let key = RsaPrivateKey::generate(&mut rng)?;
    println!("fingerprint {:016x}", key.public().fingerprint());

    let (finished, server_key) = exchange_keys(key, &mut rng)?;
    println!("auth_key_id {}", hex(&server_key.id().to_bytes()));
    println!("first salt  {:016x}", finished.first_salt);

    ping(&finished, &server_key, &mut rng)
}

/// The three requests and their answers.
fn exchange_keys(
    key: RsaPrivateKey,
    rng: &mut ChaCha12Rng,
) -> Result<(Finished, AuthKey), Box<dyn Error>> {
    let config = ClientHandshakeConfig {
        keys: vec![key.public().clone()].into(),
        kind: InnerKind::Dc(2),
        padding: Padding::RsaPad,
    };
    let legacy = LegacyPadding::Accepted;
    let keys = vec![Arc::new(HandshakeKey { key, legacy })];
    let mut server = ServerHandshakes::new(ServerHandshakeConfig::new(keys));
    let (mut client, mut request) = ClientHandshake::start(config, rng);
    let mut server_key = None;
    for (step, name) in ["req_pq_multi", "req_DH_params", "set_client_DH_params"]
        .into_iter()
        .enumerate()
    {
        println!("\n== {}. {name}", step + 1);
        show("client, object", &request);
        show("client, plain message", &plain_message(0, &request));
        let answer = serve(&mut server, &request, &mut server_key, rng)?;
        show("server, object", &answer);
        let mut outcome = client.handle_answer(&answer)?;
        loop {
            match outcome {
                ClientOutcome::Send(next) => {
                    request = next;
                    break;
                }
                ClientOutcome::Work(work) => {
                    println!("client works: factors pq, or raises to powers");
                    outcome = client.handle_result(work.run(rng))?;
                }
                ClientOutcome::Finished(finished) => {
                    let key = server_key.ok_or("the client finished before the server")?;
                    return Ok((*finished, key));
                }
            }
        }
    }
    Err("the exchange did not end".into())
}

/// What a server's shell does with one request.
fn serve(
    server: &mut ServerHandshakes,
    request: &Bytes,
    server_key: &mut Option<AuthKey>,
    rng: &mut ChaCha12Rng,
) -> Result<Bytes, Box<dyn Error>> {
    let mut outcome = server.handle_request(NOW.unix_s(), request, rng)?;
    loop {
        match outcome {
            ServerOutcome::Ignore => return Err("no answer".into()),
            ServerOutcome::Reply(answer) => return Ok(answer),
            ServerOutcome::Work(work) => {
                println!("server works: RSA, or a power");
                outcome = server.handle_result(NOW.unix_s(), work.run(rng), rng)?;
            }
            ServerOutcome::NewKey(key) => {
                println!("server stores the key, then says so");
                *server_key = Some(key.auth_key.message_key());
                return Ok(server.confirm(key.exchange, KeyVerdict::Stored)?);
            }
        }
    }
}

/// One ping, sealed, framed, opened, answered.
fn ping(
    finished: &Finished,
    server_key: &AuthKey,
    rng: &mut ChaCha12Rng,
) -> Result<(), Box<dyn Error>> {
    println!("\n== 4. ping");
    let client_key = finished.auth_key.message_key();
    let config = ClientSessionConfig::default();
    let mut client = ClientSession::new(config, finished.first_salt, 0, rng);
    client.ping(7, None);
    let mut packet = client.poll_packet(NOW, rng).ok_or("nothing to send")?;
    show(
        "client, inner head and data and padding",
        &packet[OUTER_HEAD_LEN..],
    );
    let token = seal(&client_key, Side::Client, &mut packet);
    show("client, sealed", &packet);
    println!("quick-ack token {:08x}", token.0);
    let mut frame = BytesMut::from(FrameKind::Intermediate.init());
    let mut framing = Framing::new(FrameKind::Intermediate, Side::Client);
    framing.encode(packet.len(), false, &mut frame, rng, |at| {
        at.copy_from_slice(&packet);
    });
    show("client, on the wire", &frame);

    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let secret = SaltSecret::new(secret);
    let first_salt = Some((finished.first_salt, NOW.unix_s()));
    let input = open_as(server_key, Side::Client, packet)?;
    println!(
        "server opened msg_id {:016x} seq_no {}",
        input.1.msg_id.0, input.1.seq_no
    );
    let mut server = ServerSession::new(input.0, server_key.id(), first_salt, NOW, rng);
    server.handle_message(NOW, input.1, &secret, &mut Vec::new())?;
    let mut answer = server
        .poll_packet(NOW, &secret, rng)
        .ok_or("the server has no answer")?;
    show(
        "server, inner head and data and padding",
        &answer[OUTER_HEAD_LEN..],
    );
    seal(server_key, Side::Server, &mut answer);
    show("server, sealed", &answer);

    let (_, input) = open_as(&client_key, Side::Server, answer)?;
    if let Ok(messages) = mtproto_core::message::read_container(&input.body) {
        for message in messages {
            let name = match Service::read(&message.body)? {
                Some(Service::NewSessionCreated { .. }) => "new_session_created",
                Some(Service::Pong { .. }) => "pong",
                Some(_) | None => "something else",
            };
            println!("in the container: msg_id {:016x} {name}", message.msg_id.0);
        }
    }
    client.handle_message(NOW, input);
    while let Some(event) = client.poll_event() {
        match event {
            ClientEvent::NewSession => println!("client: a new session began"),
            ClientEvent::Pong { ping_id } => println!("client: pong {ping_id}"),
            ClientEvent::Answer { .. } | ClientEvent::KeyDestroyed(_) | ClientEvent::Update(_) => {}
        }
    }
    Ok(())
}

fn open_as(
    key: &AuthKey,
    sender: Side,
    mut packet: Vec<u8>,
) -> Result<(i64, SessionInput), Box<dyn Error>> {
    let opened = open(key, sender, &mut packet)?;
    let start = OUTER_HEAD_LEN + PLAIN_HEAD_LEN;
    let input = SessionInput {
        salt: opened.salt,
        msg_id: MsgId(opened.msg_id),
        seq_no: opened.seq_no,
        body: Bytes::from(packet).slice(start..start + opened.data_len),
    };
    Ok((opened.session_id, input))
}

fn show(what: &str, bytes: &[u8]) {
    println!("{what} ({} bytes)", bytes.len());
    for line in bytes.chunks(32) {
        println!("    {}", hex(line));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
