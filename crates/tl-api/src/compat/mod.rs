//! Conversions between layers that equal name and type cannot make.
//!
//! `compat.rules`, beside this crate's manifest, says which of these functions makes which field of
//! which old form; generated code calls them. Those that make something old are named after it,
//! those that make something new too: `plain` gives the text of a formatted text, `formatted` the
//! other way round. Where an old form can say less, what is lost is said at the rule.

mod account;
mod keyboard;
mod message;
mod number;
mod peer;
mod reaction;
mod result;
mod star;
mod statistic;
mod story;
mod substitute;
mod text;

pub(crate) use account::*;
pub use account::{REPORT_OPTIONS, report_option};
pub(crate) use keyboard::*;
pub(crate) use message::*;
pub(crate) use number::*;
pub(crate) use peer::*;
pub(crate) use reaction::*;
pub(crate) use result::*;
pub(crate) use star::*;
pub(crate) use statistic::*;
pub(crate) use story::*;
pub(crate) use substitute::*;
pub(crate) use text::*;
