//! The driver: profiles, prepared statements, and what its errors mean.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::client::session::Session as Driver;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::response::query_result::QueryResult;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};

use super::place::{Family, Mode};
use super::{CqlOptions, schema};
use crate::error::{Error, Result};

/// A second node is asked when the first has not answered after this time.
const SPECULATE_AFTER: Duration = Duration::from_millis(30);

/// The statements of one table.
pub(super) struct Statements {
    pub(super) get: PreparedStatement,
    pub(super) ascending: PreparedStatement,
    pub(super) descending: PreparedStatement,
    pub(super) put: PreparedStatement,
    pub(super) remove: PreparedStatement,
    /// Conditional tables only.
    pub(super) version: Option<VersionStatements>,
}

/// The statements on the static columns of a conditional table.
pub(super) struct VersionStatements {
    pub(super) read: PreparedStatement,
    pub(super) raise: PreparedStatement,
    pub(super) begin: PreparedStatement,
}

pub(super) struct Session {
    pub(super) driver: Driver,
    pub(super) conditional: ExecutionProfileHandle,
    statements: HashMap<Family, Statements>,
}

impl Session {
    pub(super) async fn open(options: &CqlOptions) -> Result<Self> {
        let read = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .request_timeout(Some(options.read_timeout()))
            .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
                max_retry_count: 1,
                retry_interval: SPECULATE_AFTER,
            })))
            .build()
            .into_handle();
        let write = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .request_timeout(Some(options.write_timeout()))
            .build()
            .into_handle();
        // Never sent twice by the driver: whether it happened has to be found out first.
        let conditional = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(SerialConsistency::LocalSerial))
            .request_timeout(Some(options.write_timeout()))
            .retry_policy(Arc::new(FallthroughRetryPolicy))
            .build()
            .into_handle();
        let mut builder = SessionBuilder::new()
            .known_nodes(&options.nodes)
            .connection_timeout(options.write_timeout())
            .fetch_schema_metadata(false)
            .default_execution_profile_handle(write.clone());
        if let Some((user, password)) = &options.login {
            builder = builder.user(user, password);
        }
        if let Some(datacenter) = &options.datacenter {
            builder = builder.prefer_datacenter(datacenter.clone());
        }
        let driver = builder.build().await.map_err(read_error)?;
        schema::migrate(&driver, options).await?;
        let profiles = Profiles {
            read,
            write,
            conditional,
        };
        let mut statements = HashMap::new();
        for family in Family::ALL {
            statements.insert(*family, profiles.prepare(&driver, *family).await?);
        }
        Ok(Self {
            driver,
            conditional: profiles.conditional,
            statements,
        })
    }

    pub(super) fn statements(&self, family: Family) -> Result<&Statements> {
        self.statements
            .get(&family)
            .ok_or(Error::Invalid("a table without statements"))
    }

    pub(super) fn version_statements(&self, family: Family) -> Result<&VersionStatements> {
        let statements = self.statements(family)?.version.as_ref();
        statements.ok_or(Error::Invalid("a table without versions"))
    }
}

struct Profiles {
    read: ExecutionProfileHandle,
    write: ExecutionProfileHandle,
    conditional: ExecutionProfileHandle,
}

impl Profiles {
    async fn prepare(&self, driver: &Driver, family: Family) -> Result<Statements> {
        let name = family.name();
        let plain = family.mode() != Mode::Conditional;
        let read = |text: String| prepare(driver, text, &self.read, true);
        let write = |text: String| {
            let profile = if plain {
                &self.write
            } else {
                &self.conditional
            };
            prepare(driver, text, profile, plain)
        };
        let range = format!("SELECT k, v FROM {name} WHERE p = ? AND k >= ? AND k < ?");
        let using = if plain { " USING TIMESTAMP ?" } else { "" };
        let version = if plain {
            None
        } else {
            Some(self.version(driver, name).await?)
        };
        Ok(Statements {
            get: read(format!("SELECT v FROM {name} WHERE p = ? AND k = ?")).await?,
            ascending: read(format!("{range} ORDER BY k ASC LIMIT ?")).await?,
            descending: read(format!("{range} ORDER BY k DESC LIMIT ?")).await?,
            put: write(format!(
                "INSERT INTO {name} (p, k, v) VALUES (?, ?, ?){using}"
            ))
            .await?,
            remove: write(if plain {
                format!("DELETE FROM {name} USING TIMESTAMP ? WHERE p = ? AND k = ?")
            } else {
                format!("DELETE FROM {name} WHERE p = ? AND k = ?")
            })
            .await?,
            version,
        })
    }

    async fn version(&self, driver: &Driver, name: &str) -> Result<VersionStatements> {
        let prepare = |text: String| prepare(driver, text, &self.conditional, false);
        let select = format!("SELECT ver, tag, redo FROM {name} WHERE p = ? LIMIT 1");
        let mut read = prepare(select).await?;
        // Finishes whatever conditional change is still under way.
        read.set_consistency(Consistency::LocalSerial);
        read.set_is_idempotent(true);
        let update = format!("UPDATE {name} SET ver = ?, tag = ?, redo = ? WHERE p = ?");
        let raise = prepare(format!("{update} IF ver = ?")).await?;
        let begin = prepare(format!("{update} IF ver = null")).await?;
        Ok(VersionStatements { read, raise, begin })
    }
}

async fn prepare(
    driver: &Driver,
    text: String,
    profile: &ExecutionProfileHandle,
    is_idempotent: bool,
) -> Result<PreparedStatement> {
    let mut statement = driver.prepare(text).await.map_err(|error| {
        let text = error.to_string();
        // The tables are there, but not as their version says.
        let mismatch = [
            "does not exist",
            "Undefined column",
            "Undefined name",
            "unconfigured table",
            "not found",
        ]
        .iter()
        .any(|part| text.to_lowercase().contains(&part.to_lowercase()));
        if mismatch {
            Error::Corrupt(format!("the tables are not those of this program: {text}"))
        } else {
            Error::Unavailable(text)
        }
    })?;
    statement.set_execution_profile_handle(Some(profile.clone()));
    statement.set_is_idempotent(is_idempotent);
    Ok(statement)
}

/// A read or a connection failed: nothing was changed.
pub(super) fn read_error(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}

/// A change failed: whether it may have happened all the same.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "only these are known to change nothing"
)]
pub(super) fn write_error(error: &ExecutionError) -> Error {
    let refused = match error {
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => true,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) => {
            matches!(
                error,
                DbError::Unavailable { .. } | DbError::Invalid | DbError::Overloaded
            )
        }
        _ => false,
    };
    if refused {
        Error::Unavailable(error.to_string())
    } else {
        Error::Unknown(error.to_string())
    }
}

/// The only row of a result, or none.
pub(super) fn single<T>(result: QueryResult) -> Result<Option<T>>
where
    T: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let rows = result.into_rows_result().map_err(damaged)?;
    rows.maybe_first_row::<T>().map_err(damaged)
}

/// All rows of a result.
pub(super) fn all<T>(result: QueryResult) -> Result<Vec<T>>
where
    T: for<'f, 'm> DeserializeRow<'f, 'm>,
{
    let rows = result.into_rows_result().map_err(damaged)?;
    rows.rows::<T>()
        .map_err(damaged)?
        .map(|row| row.map_err(damaged))
        .collect()
}

pub(super) fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Corrupt(format!("an answer of the server makes no sense: {error}"))
}
