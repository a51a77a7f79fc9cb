//! How far the tables hold what the log says: for each stretch of homes, up to which log row.

use bytes::Bytes;

use crate::codec::{Codec, from_bytes, to_bytes};
use crate::error::Result;
use crate::rows::Home;

/// Stretches of homes in order, each with the last log row whose rows are in the tables. A stretch
/// ends with a home, that one included; the last one has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frontier {
    ends: Vec<(Bytes, u64)>,
    rest: u64,
}

impl Frontier {
    /// Everything up to one log row.
    pub(super) const fn all(row: u64) -> Self {
        Self {
            ends: Vec::new(),
            rest: row,
        }
    }

    /// The log row for one home.
    pub(super) fn of(&self, home: &Home) -> u64 {
        let at = self.ends.partition_point(|(end, _)| *end < home.0);
        self.ends.get(at).map_or(self.rest, |(_, row)| *row)
    }

    /// Up to this log row all rows of all homes are in the tables.
    pub(super) fn lowest(&self) -> u64 {
        let rows = self.ends.iter().map(|(_, row)| *row);
        rows.min().unwrap_or(self.rest).min(self.rest)
    }

    /// The highest log row of any home.
    pub(super) fn highest(&self) -> u64 {
        let rows = self.ends.iter().map(|(_, row)| *row);
        rows.max().unwrap_or(self.rest).max(self.rest)
    }

    /// Notes that the homes behind `after` up to `end` (to the last one when there is none) are in
    /// the tables up to `row`.
    pub(super) fn raise(&mut self, after: Option<&Home>, end: Option<&Home>, row: u64) {
        let mut ends: Vec<(Bytes, u64)> = Vec::with_capacity(self.ends.len() + 2);
        let low = |end: &Bytes| after.is_some_and(|after| *end <= after.0);
        let high = |of: &Bytes| end.is_some_and(|end| *of > end.0);
        ends.extend(self.ends.iter().filter(|(end, _)| low(end)).cloned());
        if let Some(after) = after
            && ends.last().is_none_or(|(last, _)| *last < after.0)
        {
            ends.push((after.0.clone(), self.of(after)));
        }
        let rest = match end {
            None => row,
            Some(end) => {
                ends.push((end.0.clone(), row));
                ends.extend(self.ends.iter().filter(|(end, _)| high(end)).cloned());
                self.rest
            }
        };
        ends.dedup_by(|next, kept| {
            let same = next.1 == kept.1;
            if same {
                kept.0 = next.0.clone();
            }
            same
        });
        if ends.last().is_some_and(|(_, row)| *row == rest) {
            ends.pop();
        }
        *self = Self { ends, rest };
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Bytes {
        to_bytes(self)
    }

    /// Of the stored form.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn decode(stored: Bytes) -> Result<Self> {
        from_bytes(stored)
    }
}

impl Codec for Frontier {
    fn encode(&self, out: &mut Vec<u8>) {
        self.rest.encode(out);
        self.ends.encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        Ok(Self {
            rest: u64::decode(input)?,
            ends: Vec::decode(input)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    fn home(number: i64) -> Home {
        Home::user(UserId(number))
    }

    #[test]
    fn stretches_are_raised_one_by_one() {
        let mut frontier = Frontier::all(5);
        frontier.raise(None, Some(&home(10)), 8);
        frontier.raise(Some(&home(10)), Some(&home(20)), 9);
        let rows =
            |frontier: &Frontier| [1, 10, 11, 20, 21].map(|number| frontier.of(&home(number)));
        assert_eq!(rows(&frontier), [8, 8, 9, 9, 5]);
        assert_eq!((frontier.lowest(), frontier.highest()), (5, 9));
        frontier.raise(Some(&home(20)), None, 12);
        frontier.raise(None, Some(&home(15)), 14);
        assert_eq!(rows(&frontier), [14, 14, 14, 9, 12]);
        assert_eq!((frontier.lowest(), frontier.highest()), (9, 14));
        let stored = frontier.encode();
        assert_eq!(Frontier::decode(stored).unwrap(), frontier);
    }

    #[test]
    fn stretches_with_the_same_row_are_one() {
        let mut frontier = Frontier::all(1);
        for end in 1..100 {
            frontier.raise(Some(&home(end - 1)), Some(&home(end)), 2);
        }
        assert!(frontier.ends.len() <= 2, "{:?}", frontier.ends);
        frontier.raise(None, None, 3);
        assert_eq!(frontier, Frontier::all(3));
    }

    /// Against a plain array of rows.
    #[test]
    fn any_sequence_agrees_with_a_plain_list() {
        let mut state = 7_u64;
        let mut random = |below: i64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::try_from(state >> 33).unwrap() % below
        };
        for _ in 0..200 {
            let mut plain = vec![0_u64; 20];
            let mut frontier = Frontier::all(0);
            for row in 1..60 {
                let (a, b) = (random(21), random(21));
                let (after, end) = (a.min(b), a.max(b));
                let upper = (end < 20).then(|| home(end));
                if after == end && upper.is_some() {
                    continue;
                }
                let lower = (after > 0).then(|| home(after));
                frontier.raise(lower.as_ref(), upper.as_ref(), row);
                for (number, plain) in (1..).zip(&mut plain) {
                    if number > after && number <= end {
                        *plain = row;
                    }
                }
                for (number, plain) in (1..).zip(&plain) {
                    assert_eq!(frontier.of(&home(number)), *plain);
                }
            }
        }
    }
}
