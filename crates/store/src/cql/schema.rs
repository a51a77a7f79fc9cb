//! The keyspace and its tables, brought up step by step.

use scylla::client::session::Session as Driver;
use scylla::errors::ExecutionError;

use super::CqlOptions;
use super::place::{Family, Mode};
use super::session::{read_error, single};
use crate::error::{Error, Result};

/// The steps that have led to the tables of today. Never changed, only added to; each can be
/// repeated, for a program that ended in the middle of one.
const MIGRATIONS: [fn() -> Vec<String>; 1] = [first_tables];

fn first_tables() -> Vec<String> {
    let table = |family: &Family| {
        let statics = match family.mode() {
            Mode::Conditional => "ver bigint STATIC, tag bigint STATIC, redo blob STATIC, ",
            Mode::Following | Mode::Plain => "",
        };
        let name = family.name();
        format!(
            "CREATE TABLE IF NOT EXISTS {name} \
             (p blob, k blob, {statics}v blob, PRIMARY KEY ((p), k)) \
             WITH CLUSTERING ORDER BY (k ASC)"
        )
    };
    Family::ALL.iter().map(table).collect()
}

/// Makes or changes the keyspace so that it is as this program expects it.
pub(super) async fn migrate(driver: &Driver, options: &CqlOptions) -> Result<()> {
    let keyspace = &options.keyspace;
    let fits = keyspace
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits || keyspace.is_empty() || keyspace.len() > 48 {
        return Err(Error::Invalid(
            "a keyspace has 1 to 48 of the characters a-z, 0-9, _",
        ));
    }
    let tablets = if is_scylla(driver).await? {
        " AND tablets = {'enabled': false}"
    } else {
        ""
    };
    let replication = &options.replication;
    let create =
        format!("CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {replication}");
    if run(driver, format!("{create}{tablets}")).await.is_err() {
        // Servers too old to know tablets refuse the option.
        run(driver, create).await.map_err(read_error)?;
    }
    driver
        .use_keyspace(keyspace, false)
        .await
        .map_err(read_error)?;
    let versions = "CREATE TABLE IF NOT EXISTS schema_version (id int PRIMARY KEY, version int)";
    run(driver, versions.into()).await.map_err(read_error)?;
    let found = version(driver).await?;
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    if found > known {
        let number = |version: i32| u32::try_from(version).unwrap_or(0);
        return Err(Error::Newer {
            what: "the keyspace",
            found: number(found),
            known: number(known),
        });
    }
    for step in found..known {
        let migration = MIGRATIONS[usize::try_from(step).unwrap_or(0)];
        for statement in migration() {
            run(driver, statement).await.map_err(read_error)?;
        }
        let done = format!(
            "INSERT INTO schema_version (id, version) VALUES (0, {})",
            step + 1
        );
        run(driver, done).await.map_err(read_error)?;
    }
    Ok(())
}

async fn run(driver: &Driver, statement: String) -> std::result::Result<(), ExecutionError> {
    driver.query_unpaged(statement, ()).await.map(drop)
}

async fn version(driver: &Driver) -> Result<i32> {
    let select = "SELECT version FROM schema_version WHERE id = 0";
    let rows = driver.query_unpaged(select, ()).await.map_err(read_error)?;
    Ok(single::<(Option<i32>,)>(rows)?
        .and_then(|row| row.0)
        .unwrap_or(0))
}

async fn is_scylla(driver: &Driver) -> Result<bool> {
    let select = "SELECT table_name FROM system_schema.tables \
                  WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_tables'";
    let rows = driver.query_unpaged(select, ()).await.map_err(read_error)?;
    Ok(single::<(String,)>(rows)?.is_some())
}
