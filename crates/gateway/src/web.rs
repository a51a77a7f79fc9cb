//! HTTP and WebSocket on the same port (B30–B37).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use mtproto_core::error::TransportCode;
use mtproto_core::transport::ServerTransport;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::connection::Connection;
use crate::socket::{Socket, WebSocket};

/// The most bytes of the head of a request, and how many fields it may have.
const HEAD_LEN_MAX: usize = 16 * 1024;
const FIELDS_MAX: usize = 64;
/// The most bytes of the body of a request or of a frame: the largest packet (B46).
const BODY_LEN_MAX: usize = 2 << 20;
/// What an idle WebSocket holds for reading, bytes.
const WEBSOCKET_BUFFER_LEN: usize = 4096;
/// How long a client may take to send a request once it has begun.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// How long a connection may be idle between requests.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// How long a response waits for the answers of calls, and at most for something to say (E52).
const WAIT_MAX: Duration = Duration::from_secs(25);

/// The head of a request.
struct Head {
    method: String,
    path: String,
    content_length: usize,
    keep_alive: bool,
    websocket_key: Option<String>,
    subprotocol: Option<String>,
}

/// Serves a connection that turned out to be HTTP.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    received: Bytes,
    address: IpAddr,
    stop: &CancellationToken,
) {
    let mut http = Http {
        stream,
        input: BytesMut::from(&received[..]),
    };
    let Some(head) = http.head(REQUEST_MAX).await else {
        return;
    };
    if head.websocket_key.is_some() {
        return upgrade(gateway, http, &head, address, stop).await;
    }
    http.serve(gateway, head, address, stop).await;
}

async fn upgrade(
    gateway: Arc<Gateway>,
    mut http: Http,
    head: &Head,
    address: IpAddr,
    stop: &CancellationToken,
) {
    let Some(key) = head
        .websocket_key
        .as_ref()
        .filter(|_| head.path.starts_with("/apiws"))
    else {
        let _ = http.respond("404 Not Found", &[], false).await;
        return;
    };
    let accept = derive_accept_key(key.as_bytes());
    let subprotocol = if head
        .subprotocol
        .as_deref()
        .is_some_and(|all| all.split(',').any(|one| one.trim() == "binary"))
    {
        "Sec-WebSocket-Protocol: binary\r\n"
    } else {
        ""
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{subprotocol}\r\n"
    );
    if http.write(response.as_bytes()).await.is_err() {
        return;
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(WEBSOCKET_BUFFER_LEN)
        .write_buffer_size(0)
        .max_message_size(Some(BODY_LEN_MAX))
        .max_frame_size(Some(BODY_LEN_MAX));
    let stream = WebSocketStream::from_partially_read(
        http.stream,
        http.input.to_vec(),
        Role::Server,
        Some(config),
    )
    .await;
    let mut socket = Socket::WebSocket(Box::new(WebSocket { stream }));
    let mut connection = Connection::new(gateway, ServerTransport::websocket(), address);
    connection.serve(&mut socket, stop).await;
    connection.close();
    if let Socket::WebSocket(mut socket) = socket {
        // B36: closes always say 1000.
        let close = tokio_tungstenite::tungstenite::protocol::CloseFrame {
            code: tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode::Normal,
            reason: String::new().into(),
        };
        let _ =
            tokio::time::timeout(Duration::from_secs(1), socket.stream.close(Some(close))).await;
    }
}

/// A connection that carries requests.
struct Http {
    stream: TcpStream,
    input: BytesMut,
}

impl Http {
    /// One request after the other, each the body of one packet.
    async fn serve(
        &mut self,
        gateway: Arc<Gateway>,
        mut head: Head,
        address: IpAddr,
        stop: &CancellationToken,
    ) {
        let mut connection =
            Connection::new(Arc::clone(&gateway), ServerTransport::http(), address);
        loop {
            let served = self.request(&gateway, &mut connection, &head, stop).await;
            if !served {
                break;
            }
            let next = tokio::select! {
                next = self.head(IDLE_MAX) => next,
                () = stop.cancelled() => None,
            };
            match next {
                Some(next) => head = next,
                None => break,
            }
        }
        connection.close();
    }

    /// Serves one request; whether another may follow.
    async fn request(
        &mut self,
        gateway: &Gateway,
        connection: &mut Connection,
        head: &Head,
        stop: &CancellationToken,
    ) -> bool {
        let last = !head.keep_alive || stop.is_cancelled();
        if head.method == "OPTIONS" {
            return self.respond("200 OK", &[], !last).await.is_ok() && !last;
        }
        if head.method != "POST" || !head.path.starts_with("/api") {
            let _ = self.respond("404 Not Found", &[], false).await;
            return false;
        }
        if head.content_length > BODY_LEN_MAX {
            let _ = self.respond("413 Content Too Large", &[], false).await;
            return false;
        }
        let Some(body) = self.body(head.content_length).await else {
            return false;
        };
        let now = gateway.clock.now();
        connection.http_wait_ms = None;
        connection
            .core
            .handle_input(now, &body, &gateway.connection_config);
        match answer(connection, stop).await {
            Ok(answer) => self.respond("200 OK", &answer, !last).await.is_ok() && !last,
            Err(code) => {
                // B32: the status is the code.
                let status = match code {
                    Some(TransportCode(-404)) => "404 Not Found",
                    Some(TransportCode(-429)) => "429 Too Many Requests",
                    Some(_) | None => "444 No Response",
                };
                let _ = self.respond(status, &[], false).await;
                false
            }
        }
    }

    /// Reads the head of the next request.
    async fn head(&mut self, patience: Duration) -> Option<Head> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            match parse(&self.input) {
                Parsed::Complete(head, len) => {
                    self.input.advance(len);
                    return Some(head);
                }
                Parsed::Partial if self.input.len() < HEAD_LEN_MAX => {}
                Parsed::Partial | Parsed::Wrong => {
                    let _ = self.respond("400 Bad Request", &[], false).await;
                    return None;
                }
            }
            self.read_more(deadline).await?;
        }
    }

    async fn body(&mut self, len: usize) -> Option<Bytes> {
        let deadline = tokio::time::Instant::now() + REQUEST_MAX;
        while self.input.len() < len {
            self.read_more(deadline).await?;
        }
        Some(self.input.split_to(len).freeze())
    }

    async fn read_more(&mut self, deadline: tokio::time::Instant) -> Option<()> {
        use tokio::io::AsyncReadExt as _;
        let read = tokio::time::timeout_at(deadline, self.stream.read_buf(&mut self.input)).await;
        matches!(read, Ok(Ok(len)) if len > 0).then_some(())
    }

    async fn respond(
        &mut self,
        status: &str,
        body: &[u8],
        keep_alive: bool,
    ) -> std::io::Result<()> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let head = format!(
            "HTTP/1.1 {status}\r\nConnection: {connection}\r\nContent-Type: application/octet-stream\r\n\
             Access-Control-Allow-Origin: *\r\n\
             Access-Control-Allow-Methods: POST, OPTIONS\r\nAccess-Control-Allow-Headers: origin, content-type\r\n\
             Access-Control-Max-Age: 1728000\r\nCache-Control: no-store\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut response = head.into_bytes();
        response.extend_from_slice(body);
        self.write(&response).await
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        use tokio::io::AsyncWriteExt as _;
        tokio::time::timeout(REQUEST_MAX, self.stream.write_all(bytes))
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }
}

/// What the packet of a request is answered with; the transport code, if there is one for what was wrong.
async fn answer(
    connection: &mut Connection,
    stop: &CancellationToken,
) -> Result<Bytes, Option<TransportCode>> {
    let begun = tokio::time::Instant::now();
    loop {
        let end = connection.turn().await;
        if let Some(bytes) = connection.transmit() {
            return Ok(bytes);
        }
        if end.is_some() {
            return Err(connection.code);
        }
        // B31: held for the answers of calls, else only as long as the client allows.
        let hold = match connection.http_wait_ms {
            _ if connection.has_calls() => WAIT_MAX,
            Some(wait_ms) if !stop.is_cancelled() => Duration::from_millis(wait_ms.into()),
            Some(_) | None => Duration::ZERO,
        };
        let until = begun + hold.min(WAIT_MAX);
        if until <= tokio::time::Instant::now() {
            connection.send_something();
            return Ok(connection.transmit().unwrap_or_default());
        }
        tokio::select! {
            () = connection.wait(until) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}

enum Parsed {
    Complete(Head, usize),
    Partial,
    Wrong,
}

fn parse(input: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let len = match request.parse(input) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Wrong,
    };
    let field = |name: &str| {
        request
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .and_then(|field| std::str::from_utf8(field.value).ok())
            .map(str::trim)
    };
    let content_length = match field("content-length").map(str::parse) {
        None => 0,
        Some(Ok(len)) => len,
        Some(Err(_)) => return Parsed::Wrong,
    };
    if field("transfer-encoding").is_some() {
        return Parsed::Wrong;
    }
    let connection = field("connection").unwrap_or_default().to_ascii_lowercase();
    let is_upgrade = field("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket"));
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        content_length,
        keep_alive: request.version == Some(1) && !connection.contains("close")
            || connection.contains("keep-alive"),
        websocket_key: field("sec-websocket-key")
            .filter(|_| is_upgrade)
            .map(str::to_owned),
        subprotocol: field("sec-websocket-protocol").map(str::to_owned),
    };
    Parsed::Complete(head, len)
}
