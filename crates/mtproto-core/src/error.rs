//! What can go wrong, sorted by whose fault it is, and the one place that says what follows from it.

use thiserror::Error;

/// Any failure of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes break the protocol.
    #[error("the peer broke the protocol: {0}")]
    PeerMisbehaved(#[from] PeerMisbehaved),
    /// The bytes are well formed, but the two sides cannot work together.
    #[error("the peer cannot be served: {0}")]
    PeerIncompatible(#[from] PeerIncompatible),
    /// The program that uses this crate called it wrongly.
    #[error("wrong use: {0}")]
    Misuse(#[from] Misuse),
    /// A fault of this crate or of a library under it.
    #[error("internal fault")]
    Internal,
}

/// How the peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A code of E.5 is the answer: the message is rejected, the session goes on.
    #[error("message rejected with code {0:?}")]
    BadMsg(BadMsgCode),
    /// The message of `auth.bindTempAuthKey` is not what the call says (C55).
    #[error("the binding message does not fit its call")]
    Bind,
    /// More messages in one container than E30 allows, or longer lists than E12.
    #[error("too many messages or ids at once")]
    Count,
    /// Decompressed data exceeds its bound, or is no such data (E42).
    #[error("compressed data is too large or broken")]
    Compressed,
    /// A frame checksum is wrong (B12).
    #[error("frame checksum")]
    Crc,
    /// The offered group is not safe (C30, C31).
    #[error("unsafe Diffie-Hellman group")]
    DhGroup,
    /// A public Diffie–Hellman value is out of range (C32).
    #[error("Diffie-Hellman value out of range")]
    DhPublic,
    /// A frame is longer than allowed, or of a length no frame has (B.2, B46).
    #[error("frame length")]
    FrameLen,
    /// A frame number is out of order (B12).
    #[error("frame number")]
    FrameSeq,
    /// A step of the handshake is wrong; all causes look the same (B41).
    #[error("wrong handshake step")]
    Handshake,
    /// A TL object does not parse or does not fill its length (D22).
    #[error("malformed object")]
    Object,
    /// An encrypted packet of an impossible length (D10).
    #[error("packet length")]
    PacketLen,
    /// A plain message of an impossible form (C1, C2).
    #[error("malformed plain message")]
    Plain,
    /// A session id that is not ours (client, D15) or zero (server).
    #[error("foreign session")]
    Session,
    /// A password proof is wrong, or its numbers are out of range (G28).
    #[error("password proof")]
    Srp,
    /// A TLS hello that no client with our secret sent (B29).
    #[error("not a hello with our secret")]
    TlsHello,
    /// The first bytes belong to no transport (B8).
    #[error("no known transport")]
    Transport,
    /// The message does not decrypt to anything sensible (D12–D14).
    #[error("undecipherable message")]
    Undecipherable,
}

/// Why two correct sides cannot work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeerIncompatible {
    /// The client wants another data centre (B43).
    #[error("wrong data centre")]
    DataCentre,
    /// None of the server's RSA keys is known to the client.
    #[error("no common RSA key")]
    RsaKey,
    /// The authorization key is unknown, expired or destroyed (D11).
    #[error("unknown authorization key")]
    UnknownAuthKey,
}

/// How the program used the crate wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The body of a message is empty, longer than a packet may be, or no multiple of four bytes.
    #[error("body length")]
    BodyLen,
    /// The connection is closed.
    #[error("the connection is closed")]
    Closed,
    /// There is no key yet to encrypt with.
    #[error("no authorization key yet")]
    NoKey,
    /// A queue is full: the peer does not read (H58, H59).
    #[error("the queue is full")]
    QueueFull,
    /// A key that is not RSA with 2048 bits.
    #[error("not an RSA key of 2048 bits")]
    RsaKey,
    /// A proxy secret of no known form (B26).
    #[error("proxy secret")]
    Secret,
    /// The session is not attached to this connection.
    #[error("no such session here")]
    Session,
}

/// Codes of `bad_msg_notification` and `bad_server_salt` (E.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum BadMsgCode {
    /// msg_id is older than the window.
    IdTooLow = 16,
    /// msg_id is ahead of the window.
    IdTooHigh = 17,
    /// msg_id is not divisible by four.
    IdParity = 18,
    /// A container has the id of an earlier message.
    ContainerId = 19,
    /// Too old to tell whether it was received.
    TooOld = 20,
    /// seq_no is too low.
    SeqNoTooLow = 32,
    /// seq_no is too high.
    SeqNoTooHigh = 33,
    /// An even seq_no was expected.
    SeqNoOdd = 34,
    /// An odd seq_no was expected.
    SeqNoEven = 35,
    /// The salt is not valid now.
    Salt = 48,
    /// The container is broken.
    Container = 64,
}

impl BadMsgCode {
    /// The code with this number.
    pub fn from_i32(code: i32) -> Option<Self> {
        [
            Self::IdTooLow,
            Self::IdTooHigh,
            Self::IdParity,
            Self::ContainerId,
            Self::TooOld,
            Self::SeqNoTooLow,
            Self::SeqNoTooHigh,
            Self::SeqNoOdd,
            Self::SeqNoEven,
            Self::Salt,
            Self::Container,
        ]
        .into_iter()
        .find(|known| *known as i32 == code)
    }
}

impl From<BadMsgCode> for Error {
    fn from(code: BadMsgCode) -> Self {
        PeerMisbehaved::BadMsg(code).into()
    }
}

impl From<tl::DecodeError> for Error {
    fn from(_: tl::DecodeError) -> Self {
        PeerMisbehaved::Object.into()
    }
}

/// A negative number in place of a packet (B40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransportCode(pub i32);

impl TransportCode {
    /// Unknown key, wrong handshake step (B41).
    pub const NOT_FOUND: Self = Self(-404);
    /// Too many connections, messages or ids (B42).
    pub const FLOOD: Self = Self(-429);
    /// Wrong data centre (B43).
    pub const WRONG_DC: Self = Self(-444);
}

/// What a server does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Reject the message with this code; nothing of it takes effect.
    BadMsg(BadMsgCode),
    /// Close without a word.
    Close,
    /// Drop the message, go on.
    Ignore,
    /// Answer the message with `rpc_error` 400, go on (D22, E42).
    RpcError,
    /// Send this code, then close.
    TransportCode(TransportCode),
}

/// What follows from `error`: the only place that decides it, for servers.
///
/// Everything that could tell an attacker about a known key is a silent close (B44).
pub fn reaction(error: &Error) -> Reaction {
    match error {
        Error::PeerMisbehaved(fault) => match fault {
            PeerMisbehaved::BadMsg(code) => Reaction::BadMsg(*code),
            PeerMisbehaved::Compressed | PeerMisbehaved::Object | PeerMisbehaved::Bind => {
                Reaction::RpcError
            }
            PeerMisbehaved::Count => Reaction::TransportCode(TransportCode::FLOOD),
            PeerMisbehaved::DhGroup
            | PeerMisbehaved::DhPublic
            | PeerMisbehaved::Handshake
            | PeerMisbehaved::Plain => Reaction::TransportCode(TransportCode::NOT_FOUND),
            PeerMisbehaved::Crc
            | PeerMisbehaved::FrameLen
            | PeerMisbehaved::FrameSeq
            | PeerMisbehaved::PacketLen
            | PeerMisbehaved::Session
            | PeerMisbehaved::Srp
            | PeerMisbehaved::TlsHello
            | PeerMisbehaved::Transport
            | PeerMisbehaved::Undecipherable => Reaction::Close,
        },
        Error::PeerIncompatible(reason) => Reaction::TransportCode(match reason {
            PeerIncompatible::DataCentre => TransportCode::WRONG_DC,
            PeerIncompatible::RsaKey | PeerIncompatible::UnknownAuthKey => TransportCode::NOT_FOUND,
        }),
        Error::Misuse(_) => Reaction::Ignore,
        Error::Internal => Reaction::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B41–B44, D12: what a server says, and what it keeps to itself.
    #[test]
    fn only_unknown_keys_and_wrong_handshakes_are_told() {
        let not_found = Reaction::TransportCode(TransportCode::NOT_FOUND);
        for (error, expected) in [
            (PeerIncompatible::UnknownAuthKey.into(), not_found),
            (PeerMisbehaved::Handshake.into(), not_found),
            (PeerMisbehaved::Plain.into(), not_found),
            (
                PeerIncompatible::DataCentre.into(),
                Reaction::TransportCode(TransportCode::WRONG_DC),
            ),
            (
                PeerMisbehaved::Count.into(),
                Reaction::TransportCode(TransportCode::FLOOD),
            ),
            (PeerMisbehaved::Undecipherable.into(), Reaction::Close),
            (PeerMisbehaved::PacketLen.into(), Reaction::Close),
            (PeerMisbehaved::Session.into(), Reaction::Close),
            (Misuse::BodyLen.into(), Reaction::Ignore),
            (BadMsgCode::Salt.into(), Reaction::BadMsg(BadMsgCode::Salt)),
        ] {
            assert_eq!(reaction(&error), expected, "{error}");
        }
        for code in [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64] {
            assert_eq!(
                BadMsgCode::from_i32(code).map(|code| code as i32),
                Some(code)
            );
        }
        assert_eq!(BadMsgCode::from_i32(21), None);
    }
}
