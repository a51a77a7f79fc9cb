//! The chappe binary.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    server::run(server::Cli::parse())
}
