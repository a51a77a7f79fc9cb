//! The client: one stream, one call at a time.

use std::{fmt, io};

use inventory_api::{
    Client, functions,
    tl::{Bytes, DecodeError, Encode as _, Function, Layer, NoForm, Reader, Writer, from_bytes},
    types::Reply,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Mutex,
};

use crate::frame::{read_frame, write_frame};

/// A client that says in each call who it is and which layer it knows.
#[derive(Debug)]
pub struct Connection<S> {
    stream: Mutex<S>,
    token: Bytes,
    layer: Layer,
}

/// Why a call failed.
#[derive(Debug)]
pub enum CallError {
    /// The server is gone.
    Closed,
    /// The server refuses the call.
    Failed {
        /// Whose fault it is, as in HTTP.
        code: i32,
        /// In words.
        text: String,
    },
    /// The stream fails.
    Io(io::Error),
    /// The request cannot be said in the client's layer.
    NoForm(NoForm),
    /// The server does not keep to the protocol.
    Reply(DecodeError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server closed the connection"),
            Self::Failed { code, text } => write!(f, "{code}: {text}"),
            Self::Io(error) => error.fmt(f),
            Self::NoForm(error) => error.fmt(f),
            Self::Reply(error) => write!(f, "the reply is malformed: {error}"),
        }
    }
}

impl std::error::Error for CallError {}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for CallError {
    fn from(error: DecodeError) -> Self {
        Self::Reply(error)
    }
}

impl<S> Connection<S> {
    /// A client of `layer` on a stream that leads to a server.
    pub fn new(stream: S, token: &'static str, layer: Layer) -> Self {
        Self {
            stream: Mutex::new(stream),
            token: token.into(),
            layer,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Client for Connection<S> {
    type Error = CallError;

    async fn call<F: Function + Send + 'static>(&self, request: F) -> Result<F::Result, CallError> {
        let query = functions::WithToken {
            token: self.token.clone(),
            query: request,
        };
        let request = functions::WithLayer {
            layer: self.layer.0.into(),
            query,
        };
        let mut writer = Writer::new(self.layer);
        request.encode(&mut writer);
        // Futures of this trait may move between threads, and a request need not be `Sync`.
        drop(request);
        let frame = writer.finish().map_err(CallError::NoForm)?;

        let mut stream = self.stream.lock().await;
        write_frame(&mut *stream, &frame).await?;
        let reply = read_frame(&mut *stream).await?.ok_or(CallError::Closed)?;
        match from_bytes(&reply)? {
            Reply::Answered { result } => {
                let mut reader = Reader::new(&result.0);
                let result = F::decode_result(&mut reader, self.layer)?;
                reader.finish()?;
                Ok(result)
            }
            Reply::Failed { code, text } => Err(CallError::Failed {
                code,
                text: text.to_string(),
            }),
        }
    }
}
