//! From messages to packets that wait for their seal.

use bytes::Bytes;
use rand_core::CryptoRng;

use super::container::INNER_HEAD_LEN;
use crate::crypto::{OUTER_HEAD_LEN, PLAIN_HEAD_LEN, padding_len};
use crate::service::id;
use crate::time::MsgId;

/// The most messages put into one container; no client takes more than 1020 (E30).
const PACK_LEN_MAX: usize = 1000;
/// The most bytes put into one container, unless a single message is longer (E30).
const PACK_BYTES_MAX: usize = 1 << 15;
/// Random blocks of padding at most, beyond the least (D5, H73).
const PADDING_BLOCKS_MAX: u32 = 3;

/// A body on its way: one object, or a result still without its `rpc_result` around it.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// For a result: the request that it answers.
    pub(crate) answers: Option<MsgId>,
    pub(crate) bytes: Bytes,
}

impl Body {
    pub(crate) fn object(bytes: Bytes) -> Self {
        Self {
            answers: None,
            bytes,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + if self.answers.is_some() { 12 } else { 0 }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(req_msg_id) = self.answers {
            out.extend_from_slice(&id::RPC_RESULT.to_le_bytes());
            out.extend_from_slice(&req_msg_id.0.to_le_bytes());
        }
        out.extend_from_slice(&self.bytes);
    }
}

/// A message with its number.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) msg_id: MsgId,
    pub(crate) seq_no: i32,
    pub(crate) body: Body,
}

/// What stands at the beginning of every packet of a session.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) salt: i64,
    pub(crate) session_id: i64,
}

/// Puts as many messages from the front of `messages` into one packet as fit together; gives how
/// many. `container` makes the id and seq_no of a container if one is needed; `force_container`
/// wraps a message even if it is alone (D43).
pub(crate) fn pack(
    head: Head,
    messages: &[Outgoing],
    force_container: bool,
    container: impl FnOnce() -> (MsgId, i32),
    rng: &mut (impl CryptoRng + ?Sized),
) -> (Vec<u8>, usize) {
    let mut bytes = 0;
    let count = messages
        .iter()
        .take(PACK_LEN_MAX)
        .take_while(|message| {
            bytes += INNER_HEAD_LEN + message.body.len();
            bytes <= PACK_BYTES_MAX
        })
        .count()
        .max(1);
    let group = &messages[..count];
    if let ([message], false) = (group, force_container) {
        return (content_packet(head, message, rng), 1);
    }
    let (msg_id, seq_no) = container();
    let data_len = 8 + group
        .iter()
        .map(|message| INNER_HEAD_LEN + message.body.len())
        .sum::<usize>();
    let packet = packet(head, msg_id, seq_no, data_len, rng, |out| {
        out.extend_from_slice(&id::MSG_CONTAINER.to_le_bytes());
        out.extend_from_slice(&wire_len(group.len()));
        for message in group {
            out.extend_from_slice(&message.msg_id.0.to_le_bytes());
            out.extend_from_slice(&message.seq_no.to_le_bytes());
            out.extend_from_slice(&wire_len(message.body.len()));
            message.body.write(out);
        }
    });
    (packet, count)
}

/// A packet with one message.
fn content_packet(head: Head, message: &Outgoing, rng: &mut (impl CryptoRng + ?Sized)) -> Vec<u8> {
    let len = message.body.len();
    packet(head, message.msg_id, message.seq_no, len, rng, |out| {
        message.body.write(out);
    })
}

fn packet(
    head: Head,
    msg_id: MsgId,
    seq_no: i32,
    data_len: usize,
    rng: &mut (impl CryptoRng + ?Sized),
    write: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let padding = padding_len(data_len, PADDING_BLOCKS_MAX, rng);
    let mut out = Vec::with_capacity(OUTER_HEAD_LEN + PLAIN_HEAD_LEN + data_len + padding);
    out.resize(OUTER_HEAD_LEN, 0);
    out.extend_from_slice(&head.salt.to_le_bytes());
    out.extend_from_slice(&head.session_id.to_le_bytes());
    out.extend_from_slice(&msg_id.0.to_le_bytes());
    out.extend_from_slice(&seq_no.to_le_bytes());
    out.extend_from_slice(&wire_len(data_len));
    write(&mut out);
    let end = out.len();
    debug_assert_eq!(end, OUTER_HEAD_LEN + PLAIN_HEAD_LEN + data_len);
    out.resize(end + padding, 0);
    rng.fill_bytes(&mut out[end..]);
    out
}

fn wire_len(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}
