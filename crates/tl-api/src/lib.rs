//! The Telegram API at every layer from 133 on, as one set of types.
pub mod compat;
pub mod generated;
pub use generated::{constructors, functions, types};
pub(crate) use generated::forms;
