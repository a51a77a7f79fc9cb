//! How packets are told apart in a byte stream (B9–B15), quick acks (B38, B39) and transport errors
//! (B40).

use bytes::{BufMut as _, BytesMut};
use rand_core::CryptoRng;

use crate::crypto::{OUTER_HEAD_LEN, QuickAckToken, Side};
use crate::error::{Error, PeerMisbehaved, TransportCode};

/// The largest packet a server reads, bytes: twice what clients send at most (B46).
pub const CLIENT_PACKET_LEN_MAX: usize = 2 << 20;
/// The largest packet a client reads, bytes (B47).
pub const SERVER_PACKET_LEN_MAX: usize = 16 << 20;

/// Bit 31 of a length: the sender wants a quick ack, or these four bytes are one.
const QUICK_ACK_BIT: u32 = 1 << 31;
/// The most random bytes behind a packet in padded intermediate.
const PAD_LEN_MAX: u32 = 15;

/// The kinds of framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// One byte of length, in words; four bytes for long packets (B9).
    Abridged,
    /// No framing: HTTP bodies, one packet each (B13).
    Bare,
    /// Length, number, packet, checksum (B12).
    Full,
    /// Four bytes of length (B10).
    Intermediate,
    /// The same with up to 15 random bytes behind the packet (B11).
    PaddedIntermediate,
}

impl FrameKind {
    /// The tag that stands for the kind in an obfuscated head (B17), if it may stand there.
    pub fn tag(self) -> Option<[u8; 4]> {
        match self {
            Self::Abridged => Some([0xef; 4]),
            Self::Intermediate => Some([0xee; 4]),
            Self::PaddedIntermediate => Some([0xdd; 4]),
            Self::Bare | Self::Full => None,
        }
    }

    /// The kind with this tag.
    pub fn from_tag(tag: [u8; 4]) -> Option<Self> {
        [Self::Abridged, Self::Intermediate, Self::PaddedIntermediate]
            .into_iter()
            .find(|kind| kind.tag() == Some(tag))
    }

    /// What a client sends first on a connection that is not obfuscated (B1–B3).
    pub fn init(self) -> &'static [u8] {
        match self {
            Self::Abridged => &[0xef],
            Self::Intermediate => &[0xee; 4],
            Self::PaddedIntermediate => &[0xdd; 4],
            Self::Bare | Self::Full => &[],
        }
    }
}

/// What was read from the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A packet of the peer: plain or encrypted.
    Packet {
        /// The packet, without framing and without transport padding.
        payload: BytesMut,
        /// Whether the client wants a quick ack for it.
        quick_ack: bool,
    },
    /// A server confirms that it received a message; only clients read these.
    QuickAck(QuickAckToken),
    /// A server reports an error in place of a packet; only clients read these (B40).
    TransportCode(TransportCode),
}

/// Framing of one connection, both directions.
#[derive(Clone, Debug)]
pub struct Framing {
    kind: FrameKind,
    /// Who uses this value.
    role: Side,
    /// Packets so far; only the full framing numbers them.
    sent: u32,
    received: u32,
}

impl Framing {
    /// Framing as `role` uses it.
    pub fn new(kind: FrameKind, role: Side) -> Self {
        Self {
            kind,
            role,
            sent: 0,
            received: 0,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Takes one frame from the beginning of `input`; `None` as long as it is not complete.
    ///
    /// # Errors
    /// [`PeerMisbehaved::FrameLen`], [`PeerMisbehaved::FrameSeq`] or [`PeerMisbehaved::Crc`]; the
    /// stream cannot be read any further.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        let frame = match self.kind {
            FrameKind::Abridged => self.decode_abridged(input),
            FrameKind::Bare => self.decode_bare(input),
            FrameKind::Full => self.decode_full(input),
            FrameKind::Intermediate | FrameKind::PaddedIntermediate => {
                self.decode_intermediate(input)
            }
        }?;
        Ok(frame.map(|frame| self.classify(frame)))
    }

    fn decode_abridged(&self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        let Some(&first) = input.first() else {
            return Ok(None);
        };
        let top_bit = first & 0x80 != 0;
        if top_bit && self.role == Side::Client {
            // B39: the token, its first byte first.
            return Ok(take(input, 0, 4).map(|token| {
                let mut bytes = [0u8; 4];
                bytes.copy_from_slice(&token);
                Frame::QuickAck(QuickAckToken(u32::from_be_bytes(bytes)))
            }));
        }
        let (head_len, words) = match first & 0x7f {
            0x7f => {
                let Some(&[_, a, b, c]) = input.first_chunk() else {
                    return Ok(None);
                };
                let words = u32::from_le_bytes([a, b, c, 0]);
                if words < 0x7f {
                    return Err(PeerMisbehaved::FrameLen.into());
                }
                (4, words)
            }
            words => (1, u32::from(words)),
        };
        let len = self.checked_len(words * 4)?;
        Ok(take(input, head_len, len).map(|payload| Frame::Packet {
            payload,
            quick_ack: top_bit,
        }))
    }

    fn decode_intermediate(&self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        let Some(head) = input.first_chunk() else {
            return Ok(None);
        };
        let head = u32::from_le_bytes(*head);
        let top_bit = head & QUICK_ACK_BIT != 0;
        if top_bit && self.role == Side::Client && self.kind == FrameKind::Intermediate {
            return Ok(take(input, 0, 4).map(|_| Frame::QuickAck(QuickAckToken(head))));
        }
        let len = self.checked_len(head & !QUICK_ACK_BIT)?;
        let Some(mut payload) = take(input, 4, len) else {
            return Ok(None);
        };
        if self.kind == FrameKind::PaddedIntermediate {
            cut_padding(&mut payload);
        }
        Ok(Some(Frame::Packet {
            payload,
            quick_ack: top_bit,
        }))
    }

    fn decode_full(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        const OVERHEAD: usize = 12;
        let Some(head) = input.first_chunk() else {
            return Ok(None);
        };
        let total = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
        if total < OVERHEAD || !total.is_multiple_of(4) || total - OVERHEAD > self.len_max() {
            return Err(PeerMisbehaved::FrameLen.into());
        }
        let Some(&[_, _, _, _, a, b, c, d]) = input.first_chunk() else {
            return Ok(None);
        };
        if u32::from_le_bytes([a, b, c, d]) != self.received {
            return Err(PeerMisbehaved::FrameSeq.into());
        }
        let Some(mut frame) = take(input, 0, total) else {
            return Ok(None);
        };
        let crc = frame.split_off(total - 4);
        if crc32fast::hash(&frame).to_le_bytes() != *crc {
            return Err(PeerMisbehaved::Crc.into());
        }
        self.received = self.received.wrapping_add(1);
        let payload = frame.split_off(8);
        if payload.is_empty() {
            return Err(PeerMisbehaved::FrameLen.into());
        }
        Ok(Some(Frame::Packet {
            payload,
            quick_ack: false,
        }))
    }

    fn decode_bare(&self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        if input.is_empty() {
            return Ok(None);
        }
        if input.len() > self.len_max() {
            return Err(PeerMisbehaved::FrameLen.into());
        }
        Ok(Some(Frame::Packet {
            payload: input.split(),
            quick_ack: false,
        }))
    }

    fn len_max(&self) -> usize {
        match self.role {
            Side::Client => SERVER_PACKET_LEN_MAX,
            Side::Server => CLIENT_PACKET_LEN_MAX,
        }
    }

    fn checked_len(&self, len: u32) -> Result<usize, Error> {
        match usize::try_from(len) {
            Ok(len) if len >= 4 && len <= self.len_max() => Ok(len),
            _ => Err(PeerMisbehaved::FrameLen.into()),
        }
    }

    /// B15, B39, B40: what a server sends in place of a packet.
    fn classify(&self, frame: Frame) -> Frame {
        let Frame::Packet { payload, .. } = &frame else {
            return frame;
        };
        if self.role == Side::Server {
            return frame;
        }
        let word = |at: usize| {
            payload
                .get(at..at + 4)
                .and_then(|bytes| bytes.first_chunk())
                .map(|bytes| i32::from_le_bytes(*bytes))
        };
        match (payload.len(), word(0), word(4)) {
            (4, Some(code), _) => Frame::TransportCode(TransportCode(code)),
            (8..=23, Some(-1), Some(token)) if self.kind == FrameKind::PaddedIntermediate => {
                Frame::QuickAck(QuickAckToken(token.cast_unsigned()))
            }
            _ => frame,
        }
    }

    /// Appends one packet of `len` bytes to `out`; `fill` writes it where it will be sent from.
    pub fn encode(
        &mut self,
        len: usize,
        quick_ack: bool,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
        fill: impl FnOnce(&mut [u8]),
    ) {
        let ack_bit = if quick_ack { QUICK_ACK_BIT } else { 0 };
        let start = out.len();
        let wire_len = u32::try_from(len).unwrap_or(u32::MAX);
        match self.kind {
            FrameKind::Abridged => {
                let top = if quick_ack { 0x80 } else { 0 };
                match u8::try_from(len / 4) {
                    Ok(words @ ..0x7f) => out.put_u8(words | top),
                    _ => {
                        let [a, b, c, _] = (wire_len / 4).to_le_bytes();
                        out.put_slice(&[0x7f | top, a, b, c]);
                    }
                }
            }
            FrameKind::Bare => {}
            FrameKind::Full => {
                out.put_u32_le(wire_len.saturating_add(12));
                out.put_u32_le(self.sent);
                self.sent = self.sent.wrapping_add(1);
            }
            FrameKind::Intermediate => out.put_u32_le(wire_len | ack_bit),
            FrameKind::PaddedIntermediate => {
                let pad_len = rng.next_u32() % (PAD_LEN_MAX + 1);
                out.put_u32_le(wire_len.saturating_add(pad_len) | ack_bit);
                fill_at_end(out, len, fill);
                let mut pad = [0u8; PAD_LEN_MAX as usize];
                rng.fill_bytes(&mut pad);
                out.put_slice(&pad[..pad_len as usize]);
                return;
            }
        }
        fill_at_end(out, len, fill);
        if self.kind == FrameKind::Full {
            let crc = crc32fast::hash(&out[start..]);
            out.put_u32_le(crc);
        }
    }

    /// Appends a quick ack (B39); the full framing and HTTP have none.
    pub fn encode_quick_ack(
        &mut self,
        token: QuickAckToken,
        out: &mut BytesMut,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        match self.kind {
            FrameKind::Abridged => out.put_u32(token.0),
            FrameKind::Bare | FrameKind::Full => {}
            FrameKind::Intermediate => out.put_u32_le(token.0),
            FrameKind::PaddedIntermediate => {
                let pad_len = rng.next_u32() % 9;
                out.put_u32_le(8 + pad_len);
                out.put_u32_le(u32::MAX);
                out.put_u32_le(token.0);
                let pad = rng.next_u64().to_le_bytes();
                out.put_slice(&pad[..pad_len as usize]);
            }
        }
    }

    /// Appends an error in place of a packet (B40), never padded.
    pub fn encode_code(&mut self, code: TransportCode, out: &mut BytesMut) {
        match self.kind {
            FrameKind::Abridged => out.put_u8(1),
            // HTTP carries the number in its status line (B32).
            FrameKind::Bare => return,
            FrameKind::Full => {
                let start = out.len();
                out.put_u32_le(16);
                out.put_u32_le(self.sent);
                self.sent = self.sent.wrapping_add(1);
                out.put_i32_le(code.0);
                let crc = crc32fast::hash(&out[start..]);
                out.put_u32_le(crc);
                return;
            }
            FrameKind::Intermediate | FrameKind::PaddedIntermediate => out.put_u32_le(4),
        }
        out.put_i32_le(code.0);
    }
}

/// Splits `len` bytes off that follow `head_len` bytes to be thrown away.
fn take(input: &mut BytesMut, head_len: usize, len: usize) -> Option<BytesMut> {
    if input.len() < head_len + len {
        return None;
    }
    let mut frame = input.split_to(head_len + len);
    Some(frame.split_off(head_len))
}

/// B11: whole blocks after the head of an encrypted packet; a plain one knows its own length.
fn cut_padding(payload: &mut BytesMut) {
    let encrypted = payload.len() >= 2 * OUTER_HEAD_LEN && payload[..8] != [0; 8];
    if encrypted {
        let body = (payload.len() - OUTER_HEAD_LEN) & !15;
        payload.truncate(OUTER_HEAD_LEN + body);
    }
}

fn fill_at_end(out: &mut BytesMut, len: usize, fill: impl FnOnce(&mut [u8])) {
    let at = out.len();
    out.resize(at + len, 0);
    fill(&mut out[at..]);
}
