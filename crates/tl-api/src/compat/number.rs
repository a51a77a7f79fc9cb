//! Numbers that became wider, and pairs of numbers that became opaque strings.

use tl::Str;

/// `long` as the `int` it was: too large values saturate.
pub(crate) fn int(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

/// `int` as the `long` it became.
pub(crate) fn long(value: i32) -> i64 {
    value.into()
}

/// Whole seconds of a duration.
pub(crate) fn seconds(duration: f64) -> i32 {
    // A float that does not fit saturates, and NaN becomes 0.
    #[allow(clippy::cast_possible_truncation, reason = "saturating is wanted")]
    let seconds = duration.floor() as i32;
    seconds
}

/// Months as they were sold, from days.
pub(crate) fn months(days: i32) -> i32 {
    (days.saturating_add(15) / 30).max(1)
}

/// A number as the opaque offset that it became.
pub(crate) fn decimal(value: i32) -> Str {
    value.to_string().into()
}

/// The two numbers of [`joined_pair`]; zeros if it is none.
pub(crate) fn pair(offset: &Str) -> (i32, i64) {
    let numbers = offset
        .split_once(':')
        .and_then(|(first, second)| Some((first.parse().ok()?, second.parse().ok()?)));
    numbers.unwrap_or_default()
}

/// A date and an id as one opaque offset; empty at the start.
pub(crate) fn joined_pair(date: i32, id: i64) -> Str {
    if (date, id) == (0, 0) {
        Str::default()
    } else {
        format!("{date}:{id}").into()
    }
}
