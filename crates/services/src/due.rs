//! The clockwork: what is due is done.

use messenger::Due;

use crate::Services;
use crate::error::Result;

impl Services {
    /// Does everything that is due by now; gives back how much was done. To be called about every
    /// second; more than one process may do so.
    pub async fn run_due(&self) -> usize {
        let now = self.world.now();
        let round = match self.messenger.run_due(now).await {
            Ok(round) => round,
            Err(error) => {
                tracing::error!(%error, "the due queue cannot be read");
                return 0;
            }
        };
        for error in &round.failed {
            tracing::error!(%error, "what was due could not be done");
        }
        for due in &round.due {
            if let Err(error) = self.run_one(*due).await {
                tracing::error!(error = error.name(), ?due, "what was due could not be done");
            }
        }
        let calls = self.end_overdue_calls().await;
        let calls = calls.unwrap_or_else(|error| {
            tracing::error!(error = error.name(), "calls could not be ended");
            0
        });
        round.done + calls
    }

    async fn run_one(&self, due: Due) -> Result<()> {
        match due {
            Due::IdleAccount(user) => {
                tracing::info!(%user, "an account goes: nobody has used it for as long as was asked");
                for device in self.devices(user).await? {
                    self.kick_out(user, device.key).await?;
                }
                self.messenger
                    .delete_account(user, self.world.now())
                    .await?;
                Ok(())
            }
        }
    }
}
