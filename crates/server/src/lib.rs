//! The chappe server as a process: settings, the data folder, wiring, the admin port, its life.
//!
//! | what | where |
//! |---|---|
//! | commands and their arguments | `cli` |
//! | the settings file, its example, and what is said about mistakes in it | `config` |
//! | keys and secrets that are made at the first start | `folder` |
//! | which store, and where the bytes of files go | `keep` |
//! | everything put together, started and stopped | `serve` |
//! | what it prints when it is ready | `banner` |
//! | health, metrics, backup | `admin`, `metrics` |
//! | login codes on their way out | `webhook` |
//! | backup, restore and check of a folder | `upkeep` |

mod admin;
mod banner;
mod cli;
mod config;
mod folder;
mod keep;
mod log;
mod metrics;
mod serve;
mod upkeep;
mod webhook;
mod world;

use std::process::ExitCode;

pub use cli::{Cli, Command, ServeArgs};
pub use config::{
    Admin, Calls, Config, Cql, EXAMPLE_HEAD, Limits, Log, LogFormat, Login, S3, Store, StoreKind,
    example,
};
pub use serve::{Server, start};

/// Runs a command to its end.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The last words of the process: logging may not have begun.
            #[allow(clippy::print_stderr, reason = "the last words of the process")]
            {
                eprintln!("chappe: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
