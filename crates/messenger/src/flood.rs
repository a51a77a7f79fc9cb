//! Who does something too often.

use dashmap::DashMap;

use crate::time::Now;

/// Marks that are no longer of use are forgotten when there are so many.
const MARKS_MAX: usize = 100_000;

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name; limits of one name share their marks.
    pub name: &'static str,
    /// So many at once …
    pub burst: u32,
    /// … and one more after each such time.
    pub interval_s: u32,
}

/// When everybody may do what again. Lost with the process.
#[derive(Debug, Default)]
pub struct Floods {
    /// The time up to which what was done is paid for, Unix milliseconds.
    paid: DashMap<(&'static str, String), u64>,
}

impl Floods {
    /// Counts one more time that `who` does it.
    ///
    /// # Errors
    /// The seconds to wait, at least 1; nothing is counted then.
    pub fn take(&self, limit: Limit, who: &str, now: Now) -> Result<(), u32> {
        if self.paid.len() > MARKS_MAX {
            self.paid.retain(|_, paid| *paid > now.0);
        }
        let interval = u64::from(limit.interval_s) * 1000;
        let most = now.0 + interval * u64::from(limit.burst);
        let mut paid = self
            .paid
            .entry((limit.name, who.to_owned()))
            .or_insert(now.0);
        let then = (*paid).max(now.0) + interval;
        if then > most {
            let wait_s = (then - most).div_ceil(1000);
            return Err(u32::try_from(wait_s).unwrap_or(u32::MAX));
        }
        *paid = then;
        Ok(())
    }

    /// Whether `who` could do it now.
    ///
    /// # Errors
    /// The seconds to wait, at least 1.
    pub fn check(&self, limit: Limit, who: &str, now: Now) -> Result<(), u32> {
        let interval = u64::from(limit.interval_s) * 1000;
        let most = now.0 + interval * u64::from(limit.burst);
        let key = (limit.name, who.to_owned());
        let paid = self.paid.get(&key).map_or(now.0, |paid| *paid);
        let then = paid.max(now.0) + interval;
        if then > most {
            let wait_s = (then - most).div_ceil(1000);
            return Err(u32::try_from(wait_s).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Forgets what `who` did.
    pub fn forget(&self, limit: Limit, who: &str) {
        self.paid.remove(&(limit.name, who.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        name: "test",
        burst: 3,
        interval_s: 10,
    };

    #[test]
    fn a_burst_then_one_by_one() {
        let floods = Floods::default();
        let start = 1_000_000;
        for _ in 0..3 {
            assert_eq!(floods.check(LIMIT, "a", Now(start)), Ok(()));
            assert_eq!(floods.take(LIMIT, "a", Now(start)), Ok(()));
        }
        assert_eq!(floods.take(LIMIT, "a", Now(start)), Err(10));
        assert_eq!(floods.check(LIMIT, "a", Now(start + 4_500)), Err(6));
        assert_eq!(floods.take(LIMIT, "b", Now(start)), Ok(()));
        assert_eq!(floods.take(LIMIT, "a", Now(start + 10_000)), Ok(()));
        assert_eq!(floods.take(LIMIT, "a", Now(start + 10_000)), Err(10));
        floods.forget(LIMIT, "a");
        assert_eq!(floods.take(LIMIT, "a", Now(start + 10_000)), Ok(()));
    }
}
