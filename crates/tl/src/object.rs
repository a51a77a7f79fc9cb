//! What a generated type can do, and values whose type is not known yet.

use bytes::Bytes;

use crate::{DecodeError, Layer, NoForm, Reader, Writer};

/// A value that can be read.
pub trait Decode: Sized {
    /// The fewest bytes a value takes on the wire; bounds the count of a vector (A24).
    const LEN_MIN: usize = 4;

    /// Reads one value: with its id if the type is boxed, without if it is bare.
    ///
    /// # Errors
    /// The bytes are not a value of this type; where the reader stands then is unspecified.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A value that can be written.
pub trait Encode {
    /// Appends the value in the form of the writer's layer.
    ///
    /// Only values that [`Encode::has_form`] are written; for others the writer is marked as
    /// failed and what it holds must not be used ([`Writer::finish`]).
    fn encode(&self, writer: &mut Writer);

    /// Whether a reader of `layer` can be shown this value, itself or by its documented substitute.
    fn has_form(&self, layer: Layer) -> bool {
        let _ = layer;
        true
    }
}

/// The fields of a constructor without its id (A25, A26).
pub trait Bare: Sized {
    /// Reads the fields.
    ///
    /// # Errors
    /// The bytes are no such fields.
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Appends the fields.
    fn write(&self, writer: &mut Writer);
}

/// A request: its fields, and how its answer looks.
pub trait Function: Encode {
    /// What the newest schema says that it answers.
    type Result: Decode + Encode;
    /// The id in the newest schema.
    const ID: u32;
    /// The name as the schema spells it.
    const NAME: &'static str;

    /// Reads an answer written for `layer`.
    ///
    /// # Errors
    /// The bytes are no such answer.
    fn decode_result(reader: &mut Reader<'_>, layer: Layer) -> Result<Self::Result, DecodeError> {
        let _ = layer;
        Self::Result::decode(reader)
    }

    /// Appends an answer in the result type that the writer's layer gives this function.
    fn encode_result(result: &Self::Result, writer: &mut Writer) {
        result.encode(writer);
    }
}

/// Everything up to the end of the frame, not looked at: a value of type `Object` (A27), or a
/// wrapped call that somebody else reads (A11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest(pub Bytes);

impl Rest {
    /// The id at its beginning, if it is that long.
    pub fn id(&self) -> Option<u32> {
        self.0.first_chunk().map(|id| u32::from_le_bytes(*id))
    }
}

impl Decode for Rest {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.rest()))
    }
}

impl Encode for Rest {
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
}

/// Reads exactly one value from `frame`.
///
/// # Errors
/// The bytes are not such a value, or go on after it (E6).
pub fn from_bytes<T: Decode>(frame: &Bytes) -> Result<T, DecodeError> {
    let mut reader = Reader::new(frame);
    let value = T::decode(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Writes one value for `layer`.
///
/// # Errors
/// The value has no form in that layer.
pub fn to_bytes<T: Encode + ?Sized>(value: &T, layer: Layer) -> Result<Bytes, NoForm> {
    let mut writer = Writer::new(layer);
    value.encode(&mut writer);
    writer.finish()
}
