//! The key of a row in memory: table and key, within a home.

use std::borrow::Borrow;
use std::cmp::Ordering;

/// Longer keys are on the heap: settings, and pieces of the inverted index.
const INLINE_MAX: usize = 22;

/// Ordered bytes. Nearly all are short, and lie in the map itself: to find a row among thousands,
/// no other memory is touched.
#[derive(Clone, Debug)]
pub(super) enum RowKey {
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    Heap(Box<[u8]>),
}

impl RowKey {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut bytes = [0; INLINE_MAX];
        match (u8::try_from(key.len()), bytes.get_mut(..key.len())) {
            (Ok(len), Some(room)) => {
                room.copy_from_slice(key);
                Self::Inline { len, bytes }
            }
            _ => Self::Heap(key.into()),
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Heap(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for RowKey {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for RowKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for RowKey {}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_length_are_ordered_as_their_bytes() {
        assert_eq!(size_of::<RowKey>(), 24);
        let mut keys: Vec<Vec<u8>> = (0..60).map(|len| vec![7; len]).collect();
        keys.extend((0..60).map(|len| [vec![7; len], vec![6]].concat()));
        keys.sort();
        let mut rows: Vec<RowKey> = keys.iter().rev().map(|key| RowKey::new(key)).collect();
        rows.sort();
        let sorted: Vec<Vec<u8>> = rows.iter().map(|key| key.as_slice().to_vec()).collect();
        assert_eq!(sorted, keys);
    }
}
