//! Frames on a stream of bytes.

use std::io;

use inventory_api::tl::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// A longer frame is refused before anything is allocated for it; bytes.
pub const FRAME_LEN_MAX: usize = 1 << 20;

/// The next frame, or nothing at the end of the stream.
///
/// # Errors
/// The stream fails or ends within a frame, or the frame is too long.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Bytes>> {
    let mut head = [0; 4];
    match stream.read_exact(&mut head).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let len = u32::from_le_bytes(head);
    let Some(len) = usize::try_from(len)
        .ok()
        .filter(|len| *len <= FRAME_LEN_MAX)
    else {
        let problem = format!("a frame of {len} bytes; at most {FRAME_LEN_MAX} are read");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    };
    let mut frame = vec![0; len];
    stream.read_exact(&mut frame).await?;
    Ok(Some(frame.into()))
}

/// Sends a frame.
///
/// # Errors
/// The stream fails, or the frame is too long.
pub async fn write_frame(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let len = u32::try_from(frame.len())
        .ok()
        .filter(|_| frame.len() <= FRAME_LEN_MAX);
    let len = len.ok_or(io::ErrorKind::InvalidInput)?;
    let mut out = Vec::with_capacity(4 + frame.len());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(frame);
    stream.write_all(&out).await
}
