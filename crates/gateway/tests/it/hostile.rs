//! What strangers may send.

use mtproto_core::transport::{ClientTransportConfig, FrameKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Client, PATIENCE, echo, world, world_with};

async fn answer_to(address: std::net::SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_key_is_told_404_and_the_connection_closed() {
    let world = world().await;
    let mut packet = vec![0xee; 4];
    packet.extend(88_u32.to_le_bytes());
    packet.extend([5; 88]);
    let mut expected = 4_u32.to_le_bytes().to_vec();
    expected.extend((-404_i32).to_le_bytes());
    assert_eq!(answer_to(world.address, &packet).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_frames_close_and_nobody_else_notices() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let mut too_long = vec![0xee; 4];
    too_long.extend(u32::MAX.to_le_bytes());
    for sent in [
        too_long,
        b"\xef\x00".to_vec(),
        vec![0xee, 0xee, 0xee, 0xee, 3, 0, 0, 0, 1, 2, 3],
    ] {
        answer_to(world.address, &sent).await;
    }
    let request = client.call_at(158, &echo(1));
    client.answer(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_our_http_is_refused() {
    let world = world().await;
    for request in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /other HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ] {
        let answer = answer_to(world.address, request.as_bytes()).await;
        assert!(
            answer.starts_with(b"HTTP/1.1 404 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections_and_no_more() {
    let world = world_with(gateway::Limits {
        connections_per_address_max: 2,
        ..gateway::Limits::default()
    })
    .await;
    let _first = Client::connect_by(&world, ClientTransportConfig::plain(FrameKind::Full)).await;
    let _second = Client::connect(&world).await;
    assert_eq!(answer_to(world.address, b"").await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_closed_and_nobody_else_notices() {
    let world = world_with(gateway::Limits {
        loopback_is_unlimited: true,
        slow_reader_ms: 200,
        ..gateway::Limits::default()
    })
    .await;
    let mut slow = Client::connect(&world).await;
    let mut other = Client::connect(&world).await;
    let request = slow.call_at(200, &echo(0));
    slow.answer(request).await.unwrap();
    let long: Vec<u8> = echo(0).into_iter().cycle().take(900 << 10).collect();
    // It sends calls whose answers fill every buffer there is, and takes none.
    for _ in 0..12 {
        slow.call(long.clone());
        slow.send().await;
    }
    while world.gateway.metrics().slow_readers.get() == 0 {
        let request = other.call_at(158, &echo(1));
        assert_eq!(other.answer(request).await, Ok(echo(1).into()));
    }
    slow.run_until(|slow| slow.closed).await;
}
