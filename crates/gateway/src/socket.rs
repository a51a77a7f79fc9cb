//! The two kinds of stream that carry connections.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead as _, ReadBuf};
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

/// A WebSocket.
pub(crate) struct WebSocket {
    pub(crate) stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Takes what there is to read; false at the end.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<bool>> {
        match self {
            Self::Tcp(stream) => BUFFER.with_borrow_mut(|buffer| {
                for _ in 0..READS_MAX {
                    let mut read = ReadBuf::new(buffer);
                    // Unlike `try_read` it knows from a short read that there is no more.
                    match Pin::new(&mut *stream).poll_read(context, &mut read) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => return Poll::Pending,
                    }
                    if read.filled().is_empty() {
                        return Poll::Ready(Ok(false));
                    }
                    take(read.filled());
                    if read.remaining() > 0 {
                        break;
                    }
                }
                Poll::Ready(Ok(true))
            }),
            Self::WebSocket(socket) => socket.poll_read(context, take),
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
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<bool>> {
        loop {
            match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(Message::Binary(frame))) => {
                    take(&frame);
                    return Poll::Ready(Ok(true));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // Texts and closes end it: nobody here speaks in texts.
                Some(Ok(_)) | None => return Poll::Ready(Ok(false)),
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
            }
        }
    }

    fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        Pin::new(&mut self.stream)
            .start_send(Message::Binary(bytes))
            .map_err(io_error)
    }

    /// Writes what waits.
    pub(crate) async fn flushed(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| Pin::new(&mut self.stream).poll_flush(context))
            .await
            .map_err(io_error)
    }
}
