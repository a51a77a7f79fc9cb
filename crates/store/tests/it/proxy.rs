//! A proxy between driver and server that works on CQL frames: it drops, delays and forges.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::random::Random;

const HEADER_LEN: usize = 9;
const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const QUERY: u8 = 0x07;
const BATCH: u8 = 0x0d;

/// One frame as it is on the wire, version 4.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    header: [u8; HEADER_LEN],
    body: Vec<u8>,
}

impl Frame {
    async fn read(from: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Self> {
        let mut header = [0; HEADER_LEN];
        from.read_exact(&mut header).await?;
        let len = u32::from_be_bytes(header[5..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(len).unwrap()];
        from.read_exact(&mut body).await?;
        Ok(Self { header, body })
    }

    fn new(version: u8, stream: u16, opcode: u8, body: Vec<u8>) -> Self {
        let mut header = [version, 0, 0, 0, opcode, 0, 0, 0, 0];
        header[2..4].copy_from_slice(&stream.to_be_bytes());
        header[5..].copy_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
        Self { header, body }
    }

    fn stream(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    fn opcode(&self) -> u8 {
        self.header[4]
    }

    fn bytes(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.body].concat()
    }

    /// The answer of a coordinator that does not know what has become of a conditional write.
    fn cas_time_out(stream: u16) -> Self {
        const WRITE_TIMEOUT: u32 = 0x1100;
        const LOCAL_SERIAL: u16 = 9;
        let mut body = WRITE_TIMEOUT.to_be_bytes().to_vec();
        body.extend(text("forged"));
        body.extend(LOCAL_SERIAL.to_be_bytes());
        body.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        body.extend(text("CAS"));
        Self::new(0x84, stream, ERROR, body)
    }
}

fn text(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap();
    [len.to_be_bytes().as_slice(), text.as_bytes()].concat()
}

/// What happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Delay,
    DropRequest,
    DropAnswer,
    ForgeInstead,
    ForgeAfter,
    Disconnect,
}

/// Passes everything on up to a number of batches, and nothing at all from then on.
pub(crate) async fn cut_after(server: String, batches: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let left = Arc::new(Mutex::new(Some(batches)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass_some(client, server, Arc::clone(&left)));
        }
    });
    address
}

/// Counts batches down; `None` when they are used up.
async fn pass_some(client: TcpStream, server: TcpStream, left: Arc<Mutex<Option<u32>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up_left = Arc::clone(&left);
    let up = async move {
        while let Ok(frame) = Frame::read(&mut from_client).await {
            {
                let mut left = up_left.lock().unwrap();
                if frame.opcode() == BATCH {
                    *left = left.and_then(|left| left.checked_sub(1));
                }
                if left.is_none() {
                    return;
                }
            }
            if to_server.write_all(&frame.bytes()).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        while let Ok(frame) = Frame::read(&mut from_server).await {
            if to_client.write_all(&frame.bytes()).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// Passes everything on, but for one batch in `one_in`.
pub(crate) async fn start(server: String, seed: u64, one_in: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let random = Arc::new(Mutex::new(Random(seed)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // While the server is down, so is the proxy.
            if let Ok(server) = TcpStream::connect(&server).await {
                tokio::spawn(pass(client, server, Arc::clone(&random), one_in));
            }
        }
    });
    address
}

async fn pass(client: TcpStream, server: TcpStream, random: Arc<Mutex<Random>>, one_in: u64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (answers, mut queue) = mpsc::unbounded_channel::<Frame>();
    let (requests, mut outgoing) = mpsc::unbounded_channel::<Frame>();
    let faults: Arc<Mutex<HashMap<u16, Fault>>> = Arc::default();
    let marked = Arc::clone(&faults);
    let forged = answers.clone();
    let up = async move {
        while let Ok(frame) = Frame::read(&mut from_client).await {
            let fault = match frame.opcode() {
                BATCH => pick(&mut random.lock().unwrap(), one_in),
                _ => Fault::None,
            };
            match fault {
                Fault::None => drop(requests.send(frame)),
                Fault::Delay => {
                    let requests = requests.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        let _ = requests.send(frame);
                    });
                }
                Fault::DropRequest => {}
                Fault::DropAnswer | Fault::ForgeAfter => {
                    marked.lock().unwrap().insert(frame.stream(), fault);
                    let _ = requests.send(frame);
                }
                Fault::ForgeInstead => {
                    let _ = forged.send(Frame::cas_time_out(frame.stream()));
                }
                Fault::Disconnect => return,
            }
        }
    };
    let to_server = async move {
        while let Some(frame) = outgoing.recv().await {
            if to_server.write_all(&frame.bytes()).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        while let Ok(frame) = Frame::read(&mut from_server).await {
            let fault = faults.lock().unwrap().remove(&frame.stream());
            match fault {
                Some(Fault::DropAnswer) => {}
                Some(Fault::ForgeAfter) => {
                    let _ = answers.send(Frame::cas_time_out(frame.stream()));
                }
                _ => drop(answers.send(frame)),
            }
        }
    };
    let to_client = async move {
        while let Some(frame) = queue.recv().await {
            if to_client.write_all(&frame.bytes()).await.is_err() {
                return;
            }
        }
    };
    // Whoever ends first ends the connection.
    tokio::select! {
        () = up => {}
        () = to_server => {}
        () = down => {}
        () = to_client => {}
    }
}

fn pick(random: &mut Random, one_in: u64) -> Fault {
    if !random.one_in(one_in) {
        return Fault::None;
    }
    match random.below(12) {
        0..=2 => Fault::Delay,
        3 => Fault::DropRequest,
        4 => Fault::DropAnswer,
        5..=7 => Fault::ForgeInstead,
        8..=10 => Fault::ForgeAfter,
        _ => Fault::Disconnect,
    }
}

/// Runs one statement on the server itself, without the driver.
pub(crate) async fn statement(server: &str, statement: &str) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let mut body = vec![0, 1];
    body.extend(text("CQL_VERSION"));
    body.extend(text("3.0.0"));
    stream
        .write_all(&Frame::new(4, 0, STARTUP, body).bytes())
        .await
        .unwrap();
    assert_eq!(Frame::read(&mut stream).await.unwrap().opcode(), READY);
    let mut body = u32::try_from(statement.len())
        .unwrap()
        .to_be_bytes()
        .to_vec();
    body.extend(statement.as_bytes());
    // Consistency ONE, no flags.
    body.extend([0, 1, 0]);
    stream
        .write_all(&Frame::new(4, 1, QUERY, body).bytes())
        .await
        .unwrap();
    let answer = Frame::read(&mut stream).await.unwrap();
    let why = String::from_utf8_lossy(&answer.body).into_owned();
    assert_ne!(answer.opcode(), ERROR, "{statement}: {why}");
}
