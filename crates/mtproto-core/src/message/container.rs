//! `msg_container` (E30–E32), `msg_copy` and the messages in them.

use bytes::Bytes;

use crate::error::{BadMsgCode, Error, PeerMisbehaved};
use crate::service::id;
use crate::time::MsgId;

/// The most messages accepted in one container: what the documents allow, and some slack (E30).
pub const CONTAINER_LEN_MAX: usize = 1024 + 16;

/// Length of msg_id, seq_no and length before each body, bytes.
pub(super) const INNER_HEAD_LEN: usize = 16;

/// One message of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// Its id.
    pub msg_id: MsgId,
    /// Its sequence number.
    pub seq_no: i32,
    /// Its body: one object.
    pub body: Bytes,
}

/// Reads a container, its id included; bodies share `data`.
///
/// # Errors
/// Code 64 if the structure is broken or a container stands in a container; more messages than
/// [`CONTAINER_LEN_MAX`] are [`PeerMisbehaved::Count`].
pub fn read_container(data: &Bytes) -> Result<Vec<Inner>, Error> {
    let broken = || Error::from(BadMsgCode::Container);
    let head: &[u8; 8] = data.first_chunk().ok_or_else(broken)?;
    let count = usize::try_from(int_at(head, 4)).map_err(|_| broken())?;
    let fits = (data.len() - 8) / INNER_HEAD_LEN;
    if head[..4] != id::MSG_CONTAINER.to_le_bytes() || count > fits {
        return Err(broken());
    }
    if count > CONTAINER_LEN_MAX {
        return Err(PeerMisbehaved::Count.into());
    }
    let mut messages = Vec::with_capacity(count);
    let mut at = 8;
    for _ in 0..count {
        let (inner, end) = read_inner(data, at).ok_or_else(broken)?;
        messages.push(inner);
        at = end;
    }
    if at != data.len() {
        return Err(broken());
    }
    Ok(messages)
}

/// The message in a `msg_copy`.
pub(crate) fn read_copy(data: &Bytes) -> Option<Inner> {
    let head: &[u8; 4] = data.first_chunk()?;
    let (inner, end) = read_inner(data, 4)?;
    (*head == id::MSG_COPY.to_le_bytes() && end == data.len()).then_some(inner)
}

/// Reads the message at `at`; gives where it ends too.
fn read_inner(data: &Bytes, at: usize) -> Option<(Inner, usize)> {
    let head: &[u8; INNER_HEAD_LEN] = data.get(at..)?.first_chunk()?;
    let start = at + INNER_HEAD_LEN;
    let len = usize::try_from(int_at(head, 12)).ok()?;
    if len < 4 || !len.is_multiple_of(4) || len > data.len() - start {
        return None;
    }
    let body = data.slice(start..start + len);
    if body.starts_with(&id::MSG_CONTAINER.to_le_bytes()) {
        return None;
    }
    let [a, b, c, d, e, f, g, h, ..] = *head;
    let inner = Inner {
        msg_id: MsgId(i64::from_le_bytes([a, b, c, d, e, f, g, h])),
        seq_no: int_at(head, 8),
        body,
    };
    Some((inner, start + len))
}

fn int_at(bytes: &[u8], at: usize) -> i32 {
    let mut int = [0u8; 4];
    int.copy_from_slice(&bytes[at..at + 4]);
    i32::from_le_bytes(int)
}
