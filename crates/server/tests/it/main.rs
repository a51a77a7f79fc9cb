//! The program as operators and clients meet it: a process of its own, and the server inside this one.

mod admin;
mod figures;
mod harness;
mod life;
mod settings;
mod webhook;
