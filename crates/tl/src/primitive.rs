//! The built-in types as fields: `int`, `long`, `double`, `int128`, `int256`, `bytes`, `string`,
//! `Bool`, `true`, `Vector`.

use bytes::Bytes;

use crate::{Decode, DecodeError, Encode, Layer, Reader, Str, TRUE, Writer};

macro_rules! primitive {
    ($($type:ty, $len_min:literal, $read:ident, $write:ident, ($($by:tt)?);)*) => {$(
        impl Decode for $type {
            const LEN_MIN: usize = $len_min;

            #[inline]
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.$read()
            }
        }

        impl Encode for $type {
            #[inline]
            fn encode(&self, writer: &mut Writer) {
                writer.$write($($by)? self);
            }
        }
    )*};
}

primitive! {
    bool, 4, bool, bool, (*);
    f64, 8, f64, f64, (*);
    i32, 4, i32, i32, (*);
    i64, 8, i64, i64, (*);
    u32, 4, u32, u32, (*);
    [u8; 16], 16, array, raw, ();
    [u8; 32], 32, array, raw, ();
    Bytes, 4, bytes, bytes, ();
}

impl Decode for Str {
    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.string()
    }
}

impl Encode for Str {
    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.bytes(self.as_bytes());
    }
}

/// A boxed `True`.
impl Decode for () {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u32()? {
            TRUE => Ok(()),
            id => Err(DecodeError::UnknownId {
                id,
                type_name: "True",
            }),
        }
    }
}

impl Encode for () {
    fn encode(&self, writer: &mut Writer) {
        writer.u32(TRUE);
    }
}

/// A boxed `Vector`. Items without a form in the writer's layer are left out.
impl<T: Decode> Decode for Vec<T> {
    const LEN_MIN: usize = 8;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = reader.vector_head(T::LEN_MIN)?;
        reader.items(len)
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.vector(self);
    }
}

impl<T: Decode> Decode for Box<T> {
    const LEN_MIN: usize = T::LEN_MIN;

    #[inline]
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::decode(reader).map(Self::new)
    }
}

impl<T: Encode> Encode for Box<T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) {
        T::encode(self, writer);
    }

    #[inline]
    fn has_form(&self, layer: Layer) -> bool {
        T::has_form(self, layer)
    }
}
