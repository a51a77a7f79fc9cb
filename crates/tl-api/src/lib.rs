//! The Telegram API.
