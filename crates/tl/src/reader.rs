//! The bounded, zero-copy reader.

use bytes::Bytes;

use crate::{BOOL_FALSE, BOOL_TRUE, Decode, DecodeError, Str, VECTOR};

/// How deep boxed values may nest.
pub const DEPTH_MAX: u32 = 64;

/// Reads values from one received frame. Byte strings share the frame.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    frame: &'a Bytes,
    rest: &'a [u8],
    depth: u32,
    /// Bytes that vectors may still reserve before their items are there.
    reservable: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of `frame`.
    pub fn new(frame: &'a Bytes) -> Self {
        Self {
            frame,
            rest: frame,
            depth: 0,
            reservable: frame.len().saturating_mul(4),
        }
    }

    /// The bytes that were not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Asserts the end of the frame.
    ///
    /// # Errors
    /// [`DecodeError::Excess`] if bytes are left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(DecodeError::Excess {
            len: u32::try_from(self.rest.len()).unwrap_or(u32::MAX),
        })
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> Bytes {
        self.frame.slice_ref(std::mem::take(&mut self.rest))
    }

    /// The next four bytes without reading them: the id of a boxed value.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`]; so all other methods that read.
    #[inline]
    pub fn peek_id(&self) -> Result<u32, DecodeError> {
        self.rest
            .first_chunk()
            .map(|b| u32::from_le_bytes(*b))
            .ok_or(DecodeError::Truncated)
    }

    /// `N` raw bytes: `int128`, `int256` (A20).
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// `#`, or the id of a boxed value.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// `int`.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// `long`.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// `double`; any bit pattern, NaN included (A19).
    #[inline]
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_le_bytes)
    }

    /// A boxed `Bool` (A23).
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u32()? {
            BOOL_TRUE => Ok(true),
            BOOL_FALSE => Ok(false),
            id => Err(DecodeError::UnknownId {
                id,
                type_name: "Bool",
            }),
        }
    }

    /// `bytes` (A21): a slice of the frame. The long form is accepted for short lengths, the
    /// content of the padding is not looked at.
    #[inline]
    pub fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let data = self.byte_slice()?;
        Ok(self.share(data))
    }

    /// `string` (A22).
    ///
    /// # Errors
    /// Also [`DecodeError::Utf8`].
    #[inline]
    pub fn string(&mut self) -> Result<Str, DecodeError> {
        let data = self.byte_slice()?;
        if data.is_empty() {
            return Ok(Str::default());
        }
        Str::from_utf8(self.frame.slice_ref(data)).ok_or(DecodeError::Utf8)
    }

    /// Reads the head of a boxed `Vector` and checks its count, where an item takes at least
    /// `item_len_min` bytes (A24).
    ///
    /// # Errors
    /// Also [`DecodeError::UnknownId`] and [`DecodeError::VectorCount`].
    #[inline]
    pub fn vector_head(&mut self, item_len_min: usize) -> Result<usize, DecodeError> {
        let id = self.u32()?;
        if id != VECTOR {
            return Err(DecodeError::UnknownId {
                id,
                type_name: "Vector",
            });
        }
        self.bare_vector_head(item_len_min)
    }

    /// The same for a bare `vector`, which has no id (A25).
    ///
    /// # Errors
    /// Also [`DecodeError::VectorCount`].
    #[inline]
    pub fn bare_vector_head(&mut self, item_len_min: usize) -> Result<usize, DecodeError> {
        let count = self.u32()?;
        let fits = self.rest.len() / item_len_min.max(1);
        match usize::try_from(count) {
            Ok(len) if len <= fits && count <= i32::MAX as u32 => Ok(len),
            _ => Err(DecodeError::VectorCount { count }),
        }
    }

    /// A boxed value of this type if its bit is set.
    #[inline]
    pub fn optional<T: Decode>(&mut self, present: bool) -> Result<Option<T>, DecodeError> {
        if present {
            T::decode(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A bare `vector` of values that are read as [`Decode`] does.
    pub fn bare_vector<T: Decode>(&mut self) -> Result<Vec<T>, DecodeError> {
        let len = self.bare_vector_head(T::LEN_MIN)?;
        self.items(len)
    }

    /// A bare `vector` whose items `read` reads.
    pub fn bare_items<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let len = self.bare_vector_head(4)?;
        self.items_with(len, read)
    }

    /// A boxed `Vector` whose items `read` reads.
    pub fn boxed_items<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let len = self.vector_head(4)?;
        self.items_with(len, read)
    }

    /// Items of a vector whose head was read.
    #[inline]
    pub fn items<T: Decode>(&mut self, len: usize) -> Result<Vec<T>, DecodeError> {
        self.items_with(len, T::decode)
    }

    /// Enters a value of a type that can contain itself. Paired with [`Reader::leave`]; after an
    /// error nobody reads on, so nothing has to be undone.
    ///
    /// # Errors
    /// [`DecodeError::Depth`] beyond [`DEPTH_MAX`].
    #[inline]
    pub fn enter(&mut self, type_name: &'static str) -> Result<(), DecodeError> {
        if self.depth >= DEPTH_MAX {
            return Err(DecodeError::Depth { type_name });
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves what [`Reader::enter`] entered.
    #[inline]
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    #[inline]
    fn items_with<T>(
        &mut self,
        len: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        // An item may be larger in memory than on the wire: what all open vectors together allocate
        // before their items are there stays within four times the frame.
        let item_len = size_of::<T>().max(1);
        let capacity = len.min(self.reservable / item_len);
        let reserved = capacity * item_len;
        self.reservable -= reserved;
        let mut items = Vec::with_capacity(capacity);
        for _ in 0..len {
            items.push(read(self)?);
        }
        self.reservable += reserved;
        Ok(items)
    }

    #[inline]
    fn byte_slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let (&first, after) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        let (len, head_len, body) = match first {
            0..=253 => (usize::from(first), 1, after),
            254 => {
                let (len, body) = after
                    .split_first_chunk::<3>()
                    .ok_or(DecodeError::Truncated)?;
                (
                    usize::from(len[0]) | usize::from(len[1]) << 8 | usize::from(len[2]) << 16,
                    4,
                    body,
                )
            }
            255 => return Err(DecodeError::Truncated),
        };
        let padding = (head_len + len).wrapping_neg() & 3;
        let (data, tail) = body.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.rest = tail.get(padding..).ok_or(DecodeError::Truncated)?;
        Ok(data)
    }

    #[inline]
    fn share(&self, data: &'a [u8]) -> Bytes {
        if data.is_empty() {
            Bytes::new()
        } else {
            self.frame.slice_ref(data)
        }
    }
}
