//! What can be wrong with bytes that were received, and with values that are to be sent.

use std::fmt;

use crate::Layer;

/// Why bytes are not the value they should be. Always the sender's fault.
///
/// Small and `Copy`, without a position: the whole message is rejected anyway, and the id and type
/// say more than an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A boxed value nests deeper than [`crate::DEPTH_MAX`].
    Depth {
        /// The type whose value was one too deep.
        type_name: &'static str,
    },
    /// Bytes are left over after the value (E6).
    Excess {
        /// How many.
        len: u32,
    },
    /// A value is well formed, but means nothing that the newest schema could express.
    Meaning {
        /// The constructor or function.
        type_name: &'static str,
        /// Its field.
        field: &'static str,
    },
    /// The frame ends within the value.
    Truncated,
    /// No constructor of the expected type has this id (A26).
    UnknownId {
        /// The id as it stood in the frame.
        id: u32,
        /// The type that was expected, as the schema spells it.
        type_name: &'static str,
    },
    /// A `string` is not UTF-8 (A22).
    Utf8,
    /// A vector announces more items than the rest of the frame can hold (A24).
    VectorCount {
        /// The announced number of items.
        count: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth { type_name } => write!(f, "{type_name} nests too deep"),
            Self::Excess { len } => write!(f, "{len} bytes after the end of the value"),
            Self::Meaning { type_name, field } => {
                write!(
                    f,
                    "{type_name}.{field} has a value that cannot be used here"
                )
            }
            Self::Truncated => f.write_str("the value ends too early"),
            Self::UnknownId { id, type_name } => write!(f, "{id:#010x} is no {type_name}"),
            Self::Utf8 => f.write_str("a string is not UTF-8"),
            Self::VectorCount { count } => write!(f, "a vector of {count} items cannot fit"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The value cannot be shown to a reader of this layer, and nothing may stand in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoForm {
    /// The constructor or function without a form.
    pub type_name: &'static str,
    /// The layer it was to be written for.
    pub layer: Layer,
}

impl fmt::Display for NoForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no form in {}", self.type_name, self.layer)
    }
}

impl std::error::Error for NoForm {}
