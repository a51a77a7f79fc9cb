//! The framings as `tokio_util::codec` encoder and decoder, for programs that bring their own
//! streams. No obfuscation and no detection: those are stateful beyond frames.

use bytes::BytesMut;
use rand_core::CryptoRng;
use tokio_util::codec::{Decoder, Encoder};

use super::framing::{Frame, FrameKind, Framing};
use crate::crypto::Side;
use crate::error::{Error, PeerMisbehaved};

/// One framing, with the randomness that padded intermediate needs.
#[derive(Clone, Debug)]
pub struct PacketCodec<R> {
    framing: Framing,
    rng: R,
}

impl<R: CryptoRng> PacketCodec<R> {
    /// A codec as `role` uses it. The bytes of [`FrameKind::init`] are the caller's to send or skip.
    pub fn new(kind: FrameKind, role: Side, rng: R) -> Self {
        Self {
            framing: Framing::new(kind, role),
            rng,
        }
    }
}

/// What goes wrong with a stream of frames.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The bytes are no frames.
    #[error(transparent)]
    Frame(#[from] Error),
}

impl<R: CryptoRng> Decoder for PacketCodec<R> {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        Ok(self.framing.decode(input)?)
    }

    fn decode_eof(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        match self.framing.decode(input)? {
            None if !input.is_empty() => Err(Error::from(PeerMisbehaved::FrameLen).into()),
            frame => Ok(frame),
        }
    }
}

impl<R: CryptoRng> Encoder<&[u8]> for PacketCodec<R> {
    type Error = CodecError;

    fn encode(&mut self, packet: &[u8], out: &mut BytesMut) -> Result<(), CodecError> {
        self.framing
            .encode(packet.len(), false, out, &mut self.rng, |at| {
                at.copy_from_slice(packet);
            });
        Ok(())
    }
}
