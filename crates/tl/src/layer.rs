//! The version number of a schema.

use std::fmt;

/// A schema version (A30). Values are compared, never computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(pub u16);

impl Layer {
    /// Above every published layer: "the newest this build knows". Schemas without layers use it.
    pub const NEWEST: Self = Self(u16::MAX);
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEWEST {
            f.write_str("newest layer")
        } else {
            write!(f, "layer {}", self.0)
        }
    }
}
