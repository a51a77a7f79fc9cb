//! The two kinds of stream that carry connections.

use std::cell::RefCell;
use std::io;

use bytes::{Buf as _, Bytes};
use futures_util::{Sink as _, Stream as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// What is read at once, bytes.
const READ_LEN: usize = 64 * 1024;
/// Reads in a row before others have their turn.
const READS_MAX: usize = 8;

thread_local! {
    /// Idle connections hold no buffer: all of a thread read into this one.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_LEN].into());
}

/// A stream of bytes.
pub(crate) enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// A WebSocket; the borders of its frames mean nothing (B35).
    WebSocket(Box<WebSocket>),
}

/// A WebSocket and a frame that was read and not yet taken.
pub(crate) struct WebSocket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    pub(crate) frame: Option<Bytes>,
}

impl Socket {
    /// Waits until there is something to read, or the end. May be dropped and asked again.
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::WebSocket(socket) => socket.readable().await,
        }
    }

    /// Takes what there is to read; false at the end.
    pub(crate) fn read(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        match self {
            Self::Tcp(stream) => BUFFER.with_borrow_mut(|buffer| {
                for _ in 0..READS_MAX {
                    match stream.try_read(buffer) {
                        Ok(0) => return Ok(false),
                        Ok(len) => {
                            take(&buffer[..len]);
                            if len < buffer.len() {
                                break;
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                }
                Ok(true)
            }),
            Self::WebSocket(socket) => match socket.frame.take() {
                Some(frame) => {
                    take(&frame);
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }

    /// Waits until something can be written.
    pub(crate) async fn writable(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::WebSocket(socket) => socket.flushed().await,
        }
    }

    /// Writes what can be written at once and takes it off `rest`; whether it is all written.
    pub(crate) fn write(&mut self, rest: &mut Bytes) -> io::Result<bool> {
        match self {
            Self::Tcp(stream) => {
                while !rest.is_empty() {
                    match stream.try_write(rest) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            return Ok(false);
                        }
                        written => rest.advance(written?),
                    }
                }
                Ok(true)
            }
            Self::WebSocket(socket) => {
                // The first time it is put into the socket's own buffer; afterwards, when that is
                // writable, it is flushed.
                if rest.is_empty() {
                    return Ok(true);
                }
                socket.write(std::mem::take(rest))?;
                Ok(false)
            }
        }
    }
}

fn io_error(error: tokio_tungstenite::tungstenite::Error) -> io::Error {
    io::Error::other(error)
}

impl WebSocket {
    async fn readable(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| {
            while self.frame.is_none() {
                match std::pin::Pin::new(&mut self.stream).poll_next(context) {
                    std::task::Poll::Pending => return std::task::Poll::Pending,
                    std::task::Poll::Ready(Some(Ok(Message::Binary(frame)))) => {
                        self.frame = Some(frame);
                    }
                    std::task::Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                    // Texts and closes end it: nobody here speaks in texts.
                    std::task::Poll::Ready(Some(Ok(_)) | None) => break,
                    std::task::Poll::Ready(Some(Err(error))) => {
                        return std::task::Poll::Ready(Err(io_error(error)));
                    }
                }
            }
            std::task::Poll::Ready(Ok(()))
        })
        .await
    }

    fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        std::pin::Pin::new(&mut self.stream)
            .start_send(Message::Binary(bytes))
            .map_err(io_error)
    }

    /// Writes what waits.
    pub(crate) async fn flushed(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| std::pin::Pin::new(&mut self.stream).poll_flush(context))
            .await
            .map_err(io_error)
    }
}
