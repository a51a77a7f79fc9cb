//! Load on a server that speaks MTProto and the Telegram API, and what it costs.
//!
//! [`scenario`] says what is done, [`meter`] counts it, [`link`] is the connection that does it:
//! the protocol's state machine on a socket, without a task or buffer of its own, so that one core
//! drives thousands of connections. Latencies run from when an operation should have begun.

pub mod account;
pub mod cli;
pub mod link;
pub mod meter;
pub mod outcome;
pub mod progress;
pub mod scenario;
pub mod server;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use account::Account;
use link::{Endpoint, Key};
use meter::{Bounds, Measured, Meter, Worker};
use outcome::Outcome;
use progress::Progress;
use server::{OwnServer, Process};

/// The server under load.
pub struct Target {
    /// How to connect.
    pub endpoint: Arc<Endpoint>,
    /// Its process, if it may be seen.
    pub process: Option<Process>,
    /// The server, if it was started for this run.
    pub own: Option<OwnServer>,
    /// Where accounts are kept.
    pub accounts: Option<PathBuf>,
    /// The first phone number.
    pub first_number: u64,
}

/// One run.
pub struct Run {
    /// Of what.
    pub target: Target,
    /// For how long.
    pub bounds: Bounds,
    /// What is shown meanwhile.
    pub progress: Progress,
}

impl Run {
    /// Runs a scenario.
    ///
    /// # Errors
    /// The server refuses what the scenario needs.
    pub async fn scenario(mut self, scenario: &scenario::Scenario) -> Result<Outcome> {
        let outcome = scenario.run(&mut self).await?;
        let rss = self
            .target
            .process
            .and_then(|process| process.resident_kib().ok());
        let store = self.target.own.as_ref().map(|own| own.store().to_owned());
        let mut outcome = outcome.set("layer", self.target.endpoint.layer);
        if let Some(store) = store {
            outcome = outcome.set("store", store);
        }
        outcome.server_rss_kib = rss;
        Ok(outcome)
    }

    /// Runs the workers within the bounds of this run.
    async fn measure(
        &self,
        meter: &Arc<Meter>,
        what: &'static str,
        workers: Vec<Worker>,
    ) -> Result<Measured> {
        let process = self.target.process;
        meter
            .run(what, &self.bounds, process, workers, self.progress)
            .await
    }

    /// So many accounts: those that are kept, and new ones.
    async fn accounts(&self, count: usize) -> Result<Vec<Account>> {
        let target = &self.target;
        let mut accounts = match &target.accounts {
            Some(file) => account::load(file)?,
            None => Vec::new(),
        };
        if accounts.len() < count {
            let more = account::make_accounts(
                &target.endpoint,
                target.first_number + accounts.len() as u64,
                count - accounts.len(),
                &self.progress,
            );
            accounts.extend(more.await?);
            if let Some(file) = &target.accounts {
                account::save(file, &accounts)?;
            }
        }
        accounts.truncate(count);
        Ok(accounts)
    }

    async fn keys(&self, count: usize) -> Result<Vec<Key>> {
        account::make_keys(&self.target.endpoint, count, &self.progress).await
    }

    /// Starts our own server anew, if there is one that remembers: then nothing that was needed to
    /// prepare is in its memory any more.
    fn refresh(&mut self) -> Result<()> {
        let target = &mut self.target;
        if let Some(own) = &mut target.own
            && own.remembers()
        {
            own.restart()?;
            target.process = Some(own.process());
            Arc::make_mut(&mut target.endpoint).address = own.address;
        }
        Ok(())
    }
}
