//! `chappe-load`: see `--help`.
#![allow(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

use anyhow::Result;
use chappe_load::cli::Cli;
use clap::Parser as _;

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut builder = if cli.bounds.threads > 1 {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(cli.bounds.threads);
        builder
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.enable_all().build()?;
    let run = cli.prepare()?;
    let outcome = runtime.block_on(run.scenario(&cli.scenario))?;
    if let Some(folder) = &cli.output.out {
        outcome.write(folder, cli.output.name.as_deref())?;
    }
    if cli.output.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        println!("{}", outcome.markdown());
    }
    Ok(())
}
