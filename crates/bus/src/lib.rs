//! How gateways and services reach each other.
//!
//! A gateway holds sockets and sessions; services hold what users have. They know each other only
//! by two traits: [`Services`], what gateways ask, and [`Gateways`], what services tell. All that
//! crosses is plain data, and what is API is TL bytes already, so that both can live in one process
//! ([`Local`]) or in many.
//!
//! * A call is asked once and answered once, or fails as [`Unavailable`]: whoever asked may then
//!   tell the client to come again.
//! * A [`Notice`] may be lost. What it says is in the store, and a client that misses one finds
//!   the gap by `pts`.

mod call;
mod id;
mod key;
mod local;
mod notice;

pub use call::{Call, Caller, ConnectionFacts, Services, Unavailable};
pub use id::{AuthKeyId, ChannelId, SessionId, UserId};
pub use key::{KeyFacts, NewKey};
pub use local::Local;
pub use notice::{Gateways, Notice, Push, Target};
