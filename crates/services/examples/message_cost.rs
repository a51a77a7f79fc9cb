//! What a message from one user to another costs: CPU time of everything between the gateway and
//! the disk, pairs of users chatting in a closed loop.
//!
//! ```text
//! cargo run --release -p services --example message_cost -- [memory|embedded] [pairs] [messages of each]
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that prints its result"
)]

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bus::Services as _;
use bytes::Bytes;
use messenger::Now;
use services::{ObjectBlobs, Options, Services, World};
use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store};
use tl::{Function, Layer, Reader};
use tl_api::{NEWEST_LAYER, functions, types};

/// The clock of the machine, and numbers that are random enough here.
struct Machine(AtomicU64);

impl World for Machine {
    fn now(&self) -> Now {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Now(u64::try_from(now.as_millis()).unwrap())
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = x.to_le_bytes()[7];
        }
    }
}

/// A gateway where everybody is watching, which counts what it is told.
#[derive(Default)]
struct Everybody {
    pushed: AtomicU64,
}

impl bus::Gateways for Everybody {
    fn tell(&self, notice: bus::Notice) {
        if matches!(notice, bus::Notice::Push(_)) {
            self.pushed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn may_be_watching(&self, _: bus::UserId) -> bool {
        true
    }
}

#[derive(Clone)]
struct Client {
    services: Arc<Services>,
    key: bus::AuthKeyId,
    user: Option<bus::UserId>,
}

impl Client {
    async fn call<F: Function>(&self, request: &F) -> F::Result {
        let call = bus::Call {
            caller: bus::Caller {
                auth_key_id: self.key,
                temp_key_id: None,
                session_id: bus::SessionId(1),
                user: self.user,
                layer: NEWEST_LAYER,
                address: Ipv4Addr::LOCALHOST.into(),
            },
            msg_id: 4 << 32,
            body: tl::to_bytes(request, Layer(NEWEST_LAYER)).unwrap(),
            without_updates: false,
        };
        let answer: Bytes = self.services.call(call).await;
        let mut reader = Reader::new(&answer);
        F::decode_result(&mut reader, Layer(NEWEST_LAYER))
            .unwrap_or_else(|_| panic!("{} was refused: {answer:?}", F::NAME))
    }

    /// Sends a text and leaves the answer unread: reading it is the client's work.
    async fn send(&self, request: Bytes) {
        let call = bus::Call {
            caller: bus::Caller {
                auth_key_id: self.key,
                temp_key_id: None,
                session_id: bus::SessionId(1),
                user: self.user,
                layer: NEWEST_LAYER,
                address: Ipv4Addr::LOCALHOST.into(),
            },
            msg_id: 4 << 32,
            body: request,
            without_updates: false,
        };
        let answer = self.services.call(call).await;
        assert_ne!(answer[..4], 0x2144_ca19_u32.to_le_bytes(), "{answer:?}");
    }
}

async fn sign_up(services: &Arc<Services>, world: &Machine, number: usize) -> Client {
    let mut key = zeroize::Zeroizing::new([0; 256]);
    world.random(&mut *key);
    let id = bus::AuthKeyId(mtproto_core::crypto::FullAuthKey::new(*key).id().0);
    let new = bus::NewKey {
        id,
        key,
        first_salt: 1,
        expires_at: 0,
        created: world.now().unix_s(),
    };
    assert!(services.create_key(new).await.unwrap());
    let mut client = Client {
        services: Arc::clone(services),
        key: id,
        user: None,
    };
    let phone = format!("1555{number:07}");
    let code = functions::auth::SendCode {
        phone_number: phone.as_str().into(),
        api_id: 4,
        api_hash: "0123456789abcdef0123456789abcdef".into(),
        settings: types::CodeSettings::new(),
    };
    let types::auth::SentCode::SentCode(sent) = client.call(&code).await else {
        panic!("no code");
    };
    let hash = sent.phone_code_hash;
    let mut sign_in = functions::auth::SignIn::new(phone.as_str().into(), hash.clone());
    sign_in.phone_code = Some("12345".into());
    client.call(&sign_in).await;
    let sign_up =
        functions::auth::SignUp::new(phone.as_str().into(), hash, "Name".into(), "".into());
    let types::auth::Authorization::Authorization(authorization) = client.call(&sign_up).await
    else {
        panic!("no account");
    };
    let types::User::User(user) = authorization.user else {
        panic!("no user");
    };
    client.user = Some(bus::UserId(user.id));
    client
}

/// CPU time of this process, microseconds.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // A tick is a hundredth of a second on every Linux.
    ticks * 10_000
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "memory".to_owned());
    let mut number = |default: usize| {
        arguments
            .next()
            .map_or(default, |argument| argument.parse().unwrap())
    };
    let (pairs, messages) = (number(50), number(2000));
    let folder = std::env::temp_dir().join(format!("message-cost-{}", std::process::id()));
    let store: Arc<dyn Store> = match kind.as_str() {
        "memory" => Arc::new(MemoryStore::new()),
        _ => Arc::new(EmbeddedStore::open(&folder, EmbeddedOptions::default()).unwrap()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(run(&kind, store, pairs, messages));
    drop(runtime);
    let _ = std::fs::remove_dir_all(folder);
}

async fn run(kind: &str, store: Arc<dyn Store>, pairs: usize, messages: usize) {
    let world = Arc::new(Machine(AtomicU64::new(1)));
    let gateway = Arc::new(Everybody::default());
    let options = Options {
        dc_id: 2,
        address: ([127, 0, 0, 1], 443).into(),
        secret: [7; 32],
        fixed_code: Some("12345".to_owned()),
        code_delivery: None,
        relay: None,
        reaction_set: None,
        loopback_is_unlimited: true,
    };
    let services = Arc::new(Services::new(
        options,
        store,
        Arc::new(ObjectBlobs::memory()),
        Arc::clone(&gateway) as _,
        Arc::clone(&world) as _,
    ));
    let mut clients = Vec::new();
    for number in 0..pairs * 2 {
        clients.push(sign_up(&services, &world, number).await);
    }
    let mut peers = Vec::new();
    for (at, client) in clients.iter().enumerate() {
        let phone = format!("1555{:07}", at ^ 1);
        let contact = types::InputContact::new(1, phone.as_str().into(), "x".into(), "".into());
        let imported = client
            .call(&functions::contacts::ImportContacts {
                contacts: vec![contact],
            })
            .await;
        let Some(types::User::User(user)) = imported.users.into_iter().next() else {
            panic!("no contact");
        };
        peers.push(types::InputPeer::User {
            user_id: user.id,
            access_hash: user.access_hash.unwrap(),
        });
    }
    let (cpu, wall) = (cpu_us(), Instant::now());
    let pushed = gateway.pushed.load(Ordering::Relaxed);
    let mut tasks = tokio::task::JoinSet::new();
    for pair in 0..pairs {
        let sides = [0, 1].map(|side| {
            (
                clients[pair * 2 + side].clone(),
                peers[pair * 2 + side].clone(),
            )
        });
        tasks.spawn(async move {
            for number in 0..messages {
                let (client, peer) = &sides[number % 2];
                let text = format!("message {number} of this conversation, as long as most are");
                let id = i64::try_from(number + 1).unwrap();
                let request =
                    functions::messages::SendMessage::new(peer.clone(), text.as_str().into(), id);
                client
                    .send(tl::to_bytes(&request, Layer(NEWEST_LAYER)).unwrap())
                    .await;
            }
        });
    }
    tasks.join_all().await;
    let total = u64::try_from(pairs * messages).unwrap();
    let (cpu, wall) = (cpu_us() - cpu, wall.elapsed());
    let pushed = gateway.pushed.load(Ordering::Relaxed) - pushed;
    println!(
        "{kind}: {total} messages of {pairs} pairs, {:.1} µs CPU each, {:.0} a second, {} pushes",
        cpu as f64 / total as f64,
        total as f64 / wall.as_secs_f64(),
        pushed,
    );
}
