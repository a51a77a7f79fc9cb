//! How often methods may be called.

use messenger::Limit;

use crate::context::Context;
use crate::error::{Error, Result};

/// Codes asked for by one key.
pub(crate) const CODES_PER_KEY: Limit = Limit {
    name: "codes per key",
    burst: 3,
    interval_s: 100,
};
/// Codes asked for one number.
pub(crate) const CODES_PER_PHONE: Limit = Limit {
    name: "codes per phone",
    burst: 6,
    interval_s: 600,
};
/// Codes asked for from one address.
pub(crate) const CODES_PER_ADDRESS: Limit = Limit {
    name: "codes per address",
    burst: 20,
    interval_s: 60,
};
/// Wrong codes for one number, by whatever key.
pub(crate) const WRONG_CODES_PER_PHONE: Limit = Limit {
    name: "wrong codes per phone",
    burst: 20,
    interval_s: 3_600,
};
/// New accounts from one address.
pub(crate) const ACCOUNTS_PER_ADDRESS: Limit = Limit {
    name: "accounts per address",
    burst: 10,
    interval_s: 600,
};
/// Wrong bot tokens from one address.
pub(crate) const WRONG_TOKENS_PER_ADDRESS: Limit = Limit {
    name: "wrong tokens per address",
    burst: 20,
    interval_s: 30,
};
/// Wrong passwords of one account.
pub(crate) const WRONG_PASSWORDS: Limit = Limit {
    name: "wrong passwords",
    burst: 5,
    interval_s: 600,
};
/// Password challenges for one account: each is a modular exponentiation.
pub(crate) const PASSWORD_CHALLENGES: Limit = Limit {
    name: "password challenges",
    burst: 30,
    interval_s: 10,
};
/// Usernames looked up by one account.
pub(crate) const USERNAMES_RESOLVED: Limit = Limit {
    name: "usernames resolved",
    burst: 60,
    interval_s: 1,
};
/// Numbers looked up by one account.
pub(crate) const PHONES_RESOLVED: Limit = Limit {
    name: "phones resolved",
    burst: 30,
    interval_s: 2,
};
/// Numbers imported by one account.
pub(crate) const IMPORTS: Limit = Limit {
    name: "imports",
    burst: 20,
    interval_s: 30,
};
/// Channels made by one account.
pub(crate) const CHANNELS_MADE: Limit = Limit {
    name: "channels made",
    burst: 50,
    interval_s: 1_800,
};
/// Channels joined by one account.
pub(crate) const JOINS: Limit = Limit {
    name: "joins",
    burst: 30,
    interval_s: 30,
};
/// Searches of one account.
pub(crate) const SEARCHES: Limit = Limit {
    name: "searches",
    burst: 60,
    interval_s: 1,
};

impl Context<'_> {
    fn is_unlimited(&self) -> bool {
        self.services.options.loopback_is_unlimited && self.caller.address.is_loopback()
    }

    /// Counts one more time that `who` does it; `FLOOD_WAIT_X` when it is too often.
    pub(crate) fn limit(&self, limit: Limit, who: &str) -> Result<()> {
        if self.is_unlimited() {
            return Ok(());
        }
        self.messenger()
            .floods
            .take(limit, who, self.now)
            .map_err(Error::flood_wait)
    }

    /// `FLOOD_WAIT_X` when `who` has done it too often already.
    pub(crate) fn check_limit(&self, limit: Limit, who: &str) -> Result<()> {
        if self.is_unlimited() {
            return Ok(());
        }
        self.messenger()
            .floods
            .check(limit, who, self.now)
            .map_err(Error::flood_wait)
    }

    /// Where the caller comes from, as far as limits care: an IPv6 network counts as one.
    pub(crate) fn origin(&self) -> String {
        match self.caller.address {
            std::net::IpAddr::V4(address) => address.to_string(),
            std::net::IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            }
        }
    }
}
