//! What clients can count on: every method called as a gateway calls it, over a store in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod account;
mod auth;
mod bot_info;
mod bots;
mod calls;
mod channel_admins;
mod channel_differential;
mod channel_extras;
mod channels;
mod chats;
mod contacts;
mod device;
mod differential;
mod empty;
mod harness;
mod help;
mod history;
mod hostile;
mod inline;
mod media;
mod membership;
mod messages;
mod methods;
mod notify;
mod password;
mod phone;
mod photo;
mod poll;
mod privacy;
mod qr;
mod reaction;
mod saved;
mod schedule;
mod secret;
mod share;
mod start;
mod sticker;
