//! Browsers: WebSocket and HTTP on the same port.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use mtproto_core::transport::{ClientTransportConfig, FrameKind};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{Client, HELD, PATIENCE, config, echo, world};

/// Carries a stream of bytes inside a WebSocket, its frames cut anyhow.
async fn through_websocket(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut request = format!("ws://{server}/apiws")
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", "binary".parse().unwrap());
        let socket = TcpStream::connect(server).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, socket)
            .await
            .unwrap();
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "binary");
        assert!(!response.headers().contains_key("Sec-WebSocket-Extensions"));
        let (mut sink, mut source) = socket.split();
        let (mut read, mut write) = stream.into_split();
        tokio::spawn(async move {
            while let Some(Ok(message)) = source.next().await {
                if write.write_all(&message.into_data()).await.is_err() {
                    return;
                }
            }
        });
        let mut buffer = [0; 7];
        while let Ok(len @ 1..) = read.read(&mut buffer).await {
            let frame = Message::binary(buffer[..len].to_vec());
            if sink.send(frame).await.is_err() {
                return;
            }
        }
    });
    address
}

/// One response: status line, head and body.
async fn response(stream: &mut BufReader<TcpStream>) -> (String, Vec<u8>) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).await.unwrap() > 0, "{head}");
    }
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |len| len.parse().unwrap());
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await.unwrap();
    (head, body)
}

async fn post(stream: &mut BufReader<TcpStream>, body: &[u8]) -> (String, Vec<u8>) {
    let head = format!(
        "POST /api HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    response(stream).await
}

/// Posts each packet of a client, whose framing is the intermediate one up to here, over one
/// connection.
async fn through_http(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut http = BufReader::new(TcpStream::connect(server).await.unwrap());
        assert_eq!(stream.read_u32().await.unwrap(), 0xeeee_eeee);
        while let Ok(len) = stream.read_u32_le().await {
            let mut packet = vec![0; len as usize];
            stream.read_exact(&mut packet).await.unwrap();
            let (head, body) = post(&mut http, &packet).await;
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
            assert!(
                head.contains("Access-Control-Allow-Origin: *\r\n"),
                "{head}"
            );
            let len = u32::try_from(body.len()).unwrap();
            stream.write_u32_le(len).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn websocket_carries_a_key_exchange_and_calls() {
    let world = world().await;
    for kind in [FrameKind::Intermediate, FrameKind::PaddedIntermediate] {
        let transport = ClientTransportConfig {
            obfuscated: true,
            ..ClientTransportConfig::plain(kind)
        };
        let address = through_websocket(world.address).await;
        let mut client = Client::make_key(address, config(transport)).await;
        for number in 0..3 {
            let request = client.call_at(198, &echo(number));
            assert_eq!(client.answer(request).await, Ok(echo(number).into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_carries_a_key_exchange_and_calls() {
    let world = world().await;
    let transport = ClientTransportConfig::plain(FrameKind::Intermediate);
    let address = through_http(world.address).await;
    let mut client = Client::make_key(address, config(transport)).await;
    for number in 0..3 {
        let request = client.call_at(198, &echo(number));
        assert_eq!(client.answer(request).await, Ok(echo(number).into()));
    }
    let held = client.call(HELD.to_le_bytes().to_vec());
    client.send().await;
    world.script.release.notify_one();
    let answer = client.answer(held).await;
    assert_eq!(answer, Ok(HELD.to_le_bytes().to_vec().into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_says_with_its_status_that_a_key_is_unknown() {
    let world = world().await;
    let mut http = BufReader::new(TcpStream::connect(world.address).await.unwrap());
    let answer = tokio::time::timeout(PATIENCE, post(&mut http, &[5; 88]));
    let (head, _) = answer.await.unwrap();
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_ask_first_whether_they_may() {
    let world = world().await;
    let mut http = BufReader::new(TcpStream::connect(world.address).await.unwrap());
    let request = b"OPTIONS /apiw1 HTTP/1.1\r\nHost: x\r\nOrigin: y\r\nContent-Length: 0\r\n\r\n";
    http.write_all(request).await.unwrap();
    let (head, _) = response(&mut http).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("Access-Control-Allow-Methods: POST"),
        "{head}"
    );
}
