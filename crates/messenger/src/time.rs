//! The time, as an argument.

/// Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now(pub u64);

impl Now {
    /// Unix seconds.
    #[must_use]
    pub fn unix_s(self) -> u32 {
        u32::try_from(self.0 / 1000).unwrap_or(u32::MAX)
    }

    /// Unix seconds as the API has them.
    #[must_use]
    pub fn date(self) -> i32 {
        i32::try_from(self.0 / 1000).unwrap_or(i32::MAX)
    }
}
