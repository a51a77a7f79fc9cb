//! Runtime of the TL codec: a bounded reader that hands out slices of the received frame, and a
//! writer that knows the layer it writes for.
//!
//! TL ("type language") is a little-endian binary format; its rules are cited as A17–A29 of the
//! protocol sheet. This crate knows no schema: generated types implement [`Decode`], [`Encode`]
//! and [`Function`] with it.
//!
//! ```
//! use tl::{Decode, Encode, Layer, Reader, Writer};
//!
//! let mut writer = Writer::new(Layer::NEWEST);
//! vec![1i64, -1].encode(&mut writer);
//! let frame = writer.into_bytes();
//! assert_eq!(frame.len(), 4 + 4 + 16);
//! assert_eq!(Vec::<i64>::decode(&mut Reader::new(&frame)), Ok(vec![1, -1]));
//! ```
//!
//! What arrives is never trusted: a string is a slice of the frame and not a copy, the count of a
//! vector is checked against the bytes left before anything is allocated, and boxed values nest at
//! most [`DEPTH_MAX`] deep.

mod error;
mod layer;
mod object;
mod primitive;
mod reader;
mod string;
mod writer;

pub use bytes::Bytes;
pub use error::{DecodeError, NoForm};
pub use layer::Layer;
pub use object::{Bare, Decode, Encode, Function, Rest, from_bytes, to_bytes};
pub use reader::{DEPTH_MAX, Reader};
pub use string::Str;
pub use writer::{Writer, high, low};

/// `boolTrue = Bool`
pub const BOOL_TRUE: u32 = 0x997275b5;
/// `boolFalse = Bool`
pub const BOOL_FALSE: u32 = 0xbc799737;
/// `true = True`, only sent where a boxed `True` stands.
pub const TRUE: u32 = 0x3fedd339;
/// `vector {t:Type} # [ t ] = Vector t`
pub const VECTOR: u32 = 0x1cb5c415;

/// The longest string or byte string that TL can carry (A21), bytes.
pub const BYTES_LEN_MAX: usize = (1 << 24) - 1;

#[cfg(test)]
mod tests;
