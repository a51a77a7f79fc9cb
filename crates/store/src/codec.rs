//! The bytes of stored records: a version, then the fields in order.
//!
//! Integers are little-endian base-128 varints (signed ones zigzag), byte strings carry their
//! length. A field once written keeps its place for ever: new ones are appended under a higher
//! version, and an older record is read with their defaults.

use bytes::{Buf, Bytes};

use crate::error::{Error, Result};
use crate::id::{
    AuthKeyId, ChannelId, ChatId, DocumentId, FileId, MailboxId, MsgId, NodeId, OpId, PeerId, Pts,
    ShardId, UserId,
};

/// A type with a stored form.
pub(crate) trait Codec: Sized {
    /// Appends the stored form.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the stored form from the front of `input`.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not such a form, `Newer` when a later program wrote them.
    fn decode(input: &mut Bytes) -> Result<Self>;
}

/// The stored form of `value`.
pub(crate) fn to_bytes<T: Codec>(value: &T) -> Bytes {
    let mut out = Vec::with_capacity(64);
    value.encode(&mut out);
    out.into()
}

/// The value whose stored form is exactly `bytes`. Byte strings in it share the buffer.
///
/// # Errors
/// `Corrupt` or `Newer`, as [`Codec::decode`]; `Corrupt` when bytes are left over.
pub(crate) fn from_bytes<T: Codec>(mut bytes: Bytes) -> Result<T> {
    let value = T::decode(&mut bytes)?;
    if bytes.has_remaining() {
        return Err(Error::Corrupt("bytes behind the end of a record".into()));
    }
    Ok(value)
}

fn cut() -> Error {
    Error::Corrupt("a record ends too early".into())
}

fn out_of_range() -> Error {
    Error::Corrupt("a number is out of range".into())
}

/// Appends an unsigned varint: 7 bits a byte, lowest first.
pub(crate) fn write_varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

#[allow(clippy::cast_possible_truncation, reason = "seven bits are kept")]
fn low_bits(value: u128) -> u8 {
    (value & 0x7f) as u8
}

/// Takes an unsigned varint of at most 128 bits.
pub(crate) fn read_varint(input: &mut Bytes) -> Result<u128> {
    // Most numbers are small, and 128-bit shifts are slow.
    if let Some(byte) = input.first().copied().filter(|byte| *byte < 0x80) {
        input.advance(1);
        return Ok(u128::from(byte));
    }
    let mut value = 0_u128;
    for (at, byte) in input.iter().copied().take(19).enumerate() {
        value |= u128::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            input.advance(at + 1);
            return Ok(value);
        }
    }
    Err(cut())
}

/// Takes a length and checks that so many bytes are there.
pub(crate) fn read_len(input: &mut Bytes) -> Result<usize> {
    let len = usize::try_from(read_varint(input)?).map_err(|_| out_of_range())?;
    if len > input.remaining() {
        Err(cut())
    } else {
        Ok(len)
    }
}

macro_rules! unsigned {
    ($($int:ty),*) => { $(
        impl Codec for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                write_varint(u128::from(*self), out);
            }

            fn decode(input: &mut Bytes) -> Result<Self> {
                Self::try_from(read_varint(input)?).map_err(|_| out_of_range())
            }
        }
    )* };
}
unsigned!(u8, u16, u32, u64, u128);

macro_rules! signed {
    ($($int:ty),*) => { $(
        impl Codec for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                let value = i128::from(*self);
                write_varint(((value << 1) ^ (value >> 127)).cast_unsigned(), out);
            }

            fn decode(input: &mut Bytes) -> Result<Self> {
                let raw = read_varint(input)?;
                let value = (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed();
                Self::try_from(value).map_err(|_| out_of_range())
            }
        }
    )* };
}
signed!(i32, i64);

macro_rules! newtypes {
    ($($name:ident),*) => { $(
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }

            fn decode(input: &mut Bytes) -> Result<Self> {
                Ok(Self(Codec::decode(input)?))
            }
        }
    )* };
}
newtypes!(
    AuthKeyId, ChannelId, ChatId, DocumentId, FileId, MsgId, NodeId, OpId, Pts, ShardId, UserId
);

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        match u8::decode(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(out_of_range()),
        }
    }
}

impl Codec for Bytes {
    fn encode(&self, out: &mut Vec<u8>) {
        write_varint(self.len() as u128, out);
        out.extend_from_slice(self);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        let len = read_len(input)?;
        Ok(input.split_to(len))
    }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        write_varint(self.len() as u128, out);
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        let len = read_len(input)?;
        std::str::from_utf8(&input.split_to(len))
            .map(str::to_owned)
            .map_err(|_| Error::Corrupt("a name is not UTF-8".into()))
    }
}

impl Codec for PeerId {
    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, id) = self.parts();
        out.push(kind);
        id.encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        let kind = u8::decode(input)?;
        Self::from_parts(kind, i64::decode(input)?)
            .ok_or_else(|| Error::Corrupt("a peer of an unknown kind".into()))
    }
}

impl Codec for MailboxId {
    fn encode(&self, out: &mut Vec<u8>) {
        PeerId::from(*self).encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        match PeerId::decode(input)? {
            PeerId::User(user) => Ok(Self::User(user)),
            PeerId::Channel(channel) => Ok(Self::Channel(channel)),
            PeerId::Chat(_) => Err(Error::Corrupt("a basic group has no mailbox".into())),
        }
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        if bool::decode(input)? {
            T::decode(input).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_varint(self.len() as u128, out);
        for value in self {
            value.encode(out);
        }
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        // Every element takes at least one byte, so the length bounds the allocation.
        let len = read_len(input)?;
        let mut values = Self::with_capacity(len.min(1024));
        for _ in 0..len {
            values.push(T::decode(input)?);
        }
        Ok(values)
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        Ok((A::decode(input)?, B::decode(input)?))
    }
}

/// Declares a stored record: its version and its fields in stored order. Fields of later versions
/// carry the version that added them: `field: Type = 2`.
macro_rules! record {
    ($(#[$doc:meta])* $vis:vis struct $name:ident, version $version:literal {
        $($(#[$field_doc:meta])* $field_vis:vis $field:ident: $ty:ty $(= $since:literal)?,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        $vis struct $name {
            $($(#[$field_doc])* $field_vis $field: $ty,)*
        }

        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                out.push($version);
                $($crate::codec::Codec::encode(&self.$field, out);)*
            }

            fn decode(input: &mut bytes::Bytes) -> $crate::error::Result<Self> {
                let version = <u8 as $crate::codec::Codec>::decode(input)?;
                if version > $version {
                    return Err($crate::error::Error::Newer {
                        what: stringify!($name),
                        found: u32::from(version),
                        known: $version,
                    });
                }
                Ok(Self {
                    $($field: if version >= record!(@since $($since)?) {
                        $crate::codec::Codec::decode(input)?
                    } else {
                        Default::default()
                    },)*
                })
            }
        }
    };
    (@since) => { 1 };
    (@since $since:literal) => { $since };
}
pub(crate) use record;

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// Version 1 of a record.
        struct Old, version 1 { a: u32, }
    }
    record! {
        /// The same record with a field more.
        struct New, version 2 { a: u32, b: String = 2, }
    }

    #[test]
    fn older_record_is_read_with_defaults() {
        let new: New = from_bytes(to_bytes(&Old { a: 300 })).unwrap();
        assert_eq!(
            new,
            New {
                a: 300,
                b: String::new()
            }
        );
    }

    #[test]
    fn newer_record_is_refused_by_name() {
        let bytes = to_bytes(&New {
            a: 1,
            b: "x".into(),
        });
        let refused = from_bytes::<Old>(bytes).unwrap_err();
        assert_eq!(
            refused,
            Error::Newer {
                what: "Old",
                found: 2,
                known: 1
            }
        );
    }

    #[test]
    fn integers_survive_at_their_borders() {
        for value in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert_eq!(from_bytes::<i64>(to_bytes(&value)).unwrap(), value);
        }
        for value in [0, 127, 128, u128::MAX] {
            assert_eq!(from_bytes::<u128>(to_bytes(&value)).unwrap(), value);
        }
        assert!(from_bytes::<u8>(to_bytes(&256_u32)).is_err());
    }

    #[test]
    fn cut_and_overlong_records_are_corrupt() {
        let whole = to_bytes(&New {
            a: 70_000,
            b: "abc".into(),
        });
        for len in 0..whole.len() {
            assert!(matches!(
                from_bytes::<New>(whole.slice(..len)),
                Err(Error::Corrupt(_))
            ));
        }
        let mut longer = whole.to_vec();
        longer.push(0);
        assert!(matches!(
            from_bytes::<New>(longer.into()),
            Err(Error::Corrupt(_))
        ));
    }
}
