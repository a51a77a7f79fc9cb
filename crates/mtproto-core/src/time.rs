//! Time as the caller hands it in, and message ids, which are made of it.

/// The moment of a call. Both clocks come from the caller; nothing here reads one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// A clock that never goes back, from any beginning, milliseconds: all timers run on it.
    pub instant_ms: u64,
    /// The time of day, nanoseconds since 1970: ids, salts and windows are made of it.
    pub unix_ns: i64,
}

impl Now {
    /// The time of day, seconds.
    pub fn unix_s(self) -> i64 {
        self.unix_ns.div_euclid(NS_PER_S)
    }
}

const NS_PER_S: i64 = 1_000_000_000;

/// The id of a message: about Unix time × 2^32; the lowest two bits say who sends it (D40, D41).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgId(pub i64);

impl MsgId {
    /// The smallest id of a moment, divisible by four.
    pub fn at(unix_ns: i64) -> Self {
        let seconds = unix_ns.div_euclid(NS_PER_S);
        let fraction = (unix_ns.rem_euclid(NS_PER_S) << 32) / NS_PER_S;
        Self((seconds << 32 | fraction) & !3)
    }

    /// The moment it stands for, Unix seconds.
    pub fn unix_s(self) -> i64 {
        self.0 >> 32
    }

    /// The same with its fraction, nanoseconds.
    pub fn unix_ns(self) -> i64 {
        let fraction = ((self.0 & 0xffff_ffff) * NS_PER_S) >> 32;
        self.unix_s()
            .saturating_mul(NS_PER_S)
            .saturating_add(fraction)
    }

    /// Whether a client may have made it.
    pub fn is_of_client(self) -> bool {
        self.0 & 3 == 0
    }

    /// Whether a server may have made it.
    pub fn is_of_server(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The lowest two bits of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client's message.
    Client = 0,
    /// A server's answer to a client's message.
    ServerAnswer = 1,
    /// Anything else of a server.
    ServerPush = 3,
}

/// Makes ids that always rise, even if the clock steps back (H71).
#[derive(Clone, Debug, Default)]
pub struct MsgIdSource {
    last: i64,
}

impl MsgIdSource {
    /// The next id.
    pub fn next(&mut self, unix_ns: i64, origin: Origin) -> MsgId {
        let id = MsgId::at(unix_ns).0.max((self.last & !3) + 4);
        self.last = id | origin as i64;
        MsgId(self.last)
    }

    /// The clock was put right (E.5, codes 16 and 17): ids that ran ahead of it are given up. Small
    /// corrections change nothing, so that no id is made twice.
    pub fn correct(&mut self, unix_ns: i64) {
        const TOLERANCE: i64 = 10 << 32;
        if self.last > MsgId::at(unix_ns).0.saturating_add(TOLERANCE) {
            self.last = 0;
        }
    }
}
