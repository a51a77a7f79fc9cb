//! The store on ScyllaDB or Apache Cassandra.
//!
//! Every aggregate is one partition with two static columns beside its rows: `ver`, which each
//! change raises by one under a condition, and `tag`, which tells whose change it was. A change is
//! one conditional batch, so it is whole, and it is based on the rows that were read for it: had
//! any of them changed, `ver` had. Rows of other partitions follow the change with its version as
//! their timestamp. Until they are known to be there, the change stands in the static column
//! `redo`, and whoever changes the partition next writes them (again) first.
//!
//! A change is as large as its append, messages written twice. Apache Cassandra refuses batches
//! above 50 KiB unless `batch_size_fail_threshold` is raised; 640 KiB is a good value.
//!
//! | what | where |
//! |---|---|
//! | tables, partitions, keys | `place` |
//! | keyspace, tables, migrations | `schema` |
//! | statements, profiles, errors of the driver | `session` |
//! | reads, conditional batches, unknown outcomes | `engine` |
//! | notes of groups that are on their way | `note` |

mod engine;
mod note;
mod place;
mod schema;
mod session;

use std::sync::Arc;
use std::time::Duration;

pub use self::engine::CqlEngine;
use self::session::Session;
use crate::error::Result;
use crate::rows::RowStore;

/// The store in a cluster.
pub type CqlStore = RowStore<CqlEngine>;

/// How to reach a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlOptions {
    /// Addresses to begin with, `host:port`.
    pub nodes: Vec<String>,
    /// User and password, if the cluster asks for them.
    pub login: Option<(String, String)>,
    /// The keyspace. Created when it is not there.
    pub keyspace: String,
    /// How a new keyspace is replicated, in CQL.
    pub replication: String,
    /// The data centre whose nodes are used.
    pub datacenter: Option<String>,
    /// How long a change may take.
    pub write_timeout_ms: u64,
    /// How long a read may take.
    pub read_timeout_ms: u64,
}

impl Default for CqlOptions {
    fn default() -> Self {
        Self {
            nodes: vec!["127.0.0.1:9042".into()],
            login: None,
            keyspace: "chappe".into(),
            replication: "{'class': 'NetworkTopologyStrategy', 'replication_factor': 3}".into(),
            datacenter: None,
            write_timeout_ms: 5000,
            read_timeout_ms: 2000,
        }
    }
}

impl CqlOptions {
    fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    fn read_timeout(&self) -> Duration {
        Duration::from_millis(self.read_timeout_ms)
    }
}

impl CqlStore {
    /// Connects, brings the tables to the version of this program, and finishes the groups of
    /// appends that an earlier process has left half done.
    ///
    /// # Errors
    /// `Unavailable` when no node answers, `Newer` when a later program has changed the tables,
    /// `Corrupt` when they are not as their version says.
    pub async fn connect(options: CqlOptions) -> Result<Self> {
        let session = Arc::new(Session::open(&options).await?);
        let store = Self::new(CqlEngine::new(session));
        store.finish_noted_groups().await?;
        Ok(store)
    }
}
