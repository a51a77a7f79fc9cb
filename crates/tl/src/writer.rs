//! The writer that carries the layer.

use bytes::Bytes;

use crate::{BOOL_FALSE, BOOL_TRUE, BYTES_LEN_MAX, Encode, Layer, NoForm, VECTOR};

/// Appends values to one buffer, in the forms of one layer.
#[derive(Clone, Debug)]
pub struct Writer {
    buf: Vec<u8>,
    layer: Layer,
    failure: Option<NoForm>,
}

impl Writer {
    /// An empty writer for `layer`.
    pub fn new(layer: Layer) -> Self {
        Self::with_buffer(Vec::new(), layer)
    }

    /// A writer that appends to `buf`, so that room for headers can be left before the value and
    /// the buffer be used again.
    pub fn with_buffer(buf: Vec<u8>, layer: Layer) -> Self {
        Self {
            buf,
            layer,
            failure: None,
        }
    }

    /// The layer whose forms are written.
    #[inline]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// Changes the layer from here on.
    pub fn set_layer(&mut self, layer: Layer) {
        self.layer = layer;
    }

    /// The bytes so far, the initial content of the buffer included.
    pub fn as_slice(&self) -> &[u8] {
        &self.buf
    }

    /// The length so far, bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// Forgets what was written, keeps the memory.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.failure = None;
    }

    /// Forgets what was written after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.buf.truncate(len);
    }

    /// Makes room for `len` more bytes.
    pub fn reserve(&mut self, len: usize) {
        self.buf.reserve(len);
    }

    /// Says that a value without a form in this layer was to be written.
    #[cold]
    pub fn fail(&mut self, type_name: &'static str) {
        self.failure.get_or_insert(NoForm {
            type_name,
            layer: self.layer,
        });
    }

    /// What [`Writer::fail`] was told first.
    ///
    /// # Errors
    /// A value had no form in this layer; the buffer holds no complete value.
    pub fn check(&self) -> Result<(), NoForm> {
        self.failure.map_or(Ok(()), Err)
    }

    /// The written bytes.
    ///
    /// # Errors
    /// A value had no form in this layer.
    pub fn finish(self) -> Result<Bytes, NoForm> {
        self.check()?;
        Ok(Bytes::from(self.buf))
    }

    /// The buffer, for values that always have a form: primitives, and what the newest layer knows.
    pub fn into_vec(self) -> Vec<u8> {
        debug_assert_eq!(self.failure, None);
        self.buf
    }

    /// As [`Writer::into_vec`].
    pub fn into_bytes(self) -> Bytes {
        Bytes::from(self.into_vec())
    }

    /// Bytes as they are: `int128`, `int256`, values that were encoded before.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// `#`, or the id of a boxed value.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    /// Several words at once: an id, flags, `int`s, and the halves of `long`s.
    #[inline]
    pub fn words<const N: usize>(&mut self, words: [u32; N]) {
        self.buf
            .extend_from_slice(words.map(u32::to_le_bytes).as_flattened());
    }

    /// `int`.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    /// `long`.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    /// `double`.
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    /// A boxed `Bool`.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.u32(if value { BOOL_TRUE } else { BOOL_FALSE });
    }

    /// `string` and `bytes` (A21).
    ///
    /// # Panics
    /// `data` is longer than [`BYTES_LEN_MAX`]; nothing that was received can be.
    #[inline]
    pub fn bytes(&mut self, data: &[u8]) {
        let len = data.len();
        if let Ok(short @ 0..=253) = u8::try_from(len) {
            self.buf.push(short);
            self.buf.extend_from_slice(data);
            self.buf
                .extend_from_slice(&[0; 3][..(1 + len).wrapping_neg() & 3]);
        } else {
            self.long_bytes(data);
        }
    }

    /// A boxed `Vector`; items without a form in this layer are left out.
    #[inline]
    pub fn vector<T: Encode>(&mut self, items: &[T]) {
        self.u32(VECTOR);
        self.bare_vector(items);
    }

    /// A bare `vector` (A25); items without a form in this layer are left out.
    #[inline]
    pub fn bare_vector<T: Encode>(&mut self, items: &[T]) {
        let count_at = self.buf.len();
        self.u32(0);
        let mut count = 0u32;
        let layer = self.layer;
        for item in items.iter().filter(|item| item.has_form(layer)) {
            item.encode(self);
            count += 1;
        }
        self.buf[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    }

    /// A bare `vector` whose items `write` writes.
    pub fn bare_items<T>(&mut self, items: &[T], mut write: impl FnMut(&T, &mut Self)) {
        self.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            write(item, self);
        }
    }

    /// A boxed `Vector` whose items `write` writes.
    pub fn boxed_items<T>(&mut self, items: &[T], write: impl FnMut(&T, &mut Self)) {
        self.u32(VECTOR);
        self.bare_items(items, write);
    }

    /// A boxed `Vector` of items that were encoded before, for the same layer.
    pub fn vector_of_encoded<B: AsRef<[u8]>>(&mut self, items: &[B]) {
        let len = items.iter().map(|item| item.as_ref().len()).sum::<usize>();
        self.buf.reserve(8 + len);
        self.u32(VECTOR);
        self.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            self.buf.extend_from_slice(item.as_ref());
        }
    }

    #[cold]
    fn long_bytes(&mut self, data: &[u8]) {
        let len = data.len();
        assert!(
            len <= BYTES_LEN_MAX,
            "a byte string of {len} bytes cannot be written in TL"
        );
        let [a, b, c, ..] = len.to_le_bytes();
        self.buf.extend_from_slice(&[254, a, b, c]);
        self.buf.extend_from_slice(data);
        self.buf
            .extend_from_slice(&[0; 3][..len.wrapping_neg() & 3]);
    }
}

/// The first word of a `long`.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the other half is the other word"
)]
pub fn low(value: &i64) -> u32 {
    *value as u32
}

/// The second word of a `long`.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the other half is the other word"
)]
pub fn high(value: &i64) -> u32 {
    (*value >> 32) as u32
}
