//! Structured logs on stderr.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Begins to log. `CHAPPE_LOG` wins over the settings. A second call changes nothing.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<()> {
    let filter = match std::env::var("CHAPPE_LOG") {
        Ok(filter) => filter,
        Err(_) => filter.to_owned(),
    };
    let filter = EnvFilter::try_new(filter).context("log.filter")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Json => log.json().try_init(),
        LogFormat::Text => log.try_init(),
    };
    Ok(())
}
