//! Where things are kept: rows in one of the stores, the bytes of files in a folder, a bucket or
//! memory.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use messenger::Blobs;
use services::ObjectBlobs;
use store::{EmbeddedOptions, EmbeddedStore, MemoryStore, Store};

use crate::config::{Config, StoreKind};
use crate::folder::{FILES, Folder, STORE};

/// The store, to be closed at the end.
pub(crate) enum Engine {
    /// In the data folder.
    Embedded(Arc<EmbeddedStore>),
    /// Gone with the process.
    Memory(Arc<MemoryStore>),
    /// In a cluster.
    #[cfg(feature = "cql")]
    Cql(Arc<store::CqlStore>),
}

impl Engine {
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            #[cfg(feature = "cql")]
            Self::Cql(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// The store that can be copied, if it is one.
    pub(crate) fn embedded(&self) -> Option<&Arc<EmbeddedStore>> {
        match self {
            Self::Embedded(store) => Some(store),
            Self::Memory(_) => None,
            #[cfg(feature = "cql")]
            Self::Cql(_) => None,
        }
    }

    /// Why nothing can be written any more, if it is so.
    pub(crate) fn failure(&self) -> Option<store::Error> {
        self.embedded()?.failure()
    }

    /// Brings everything into its place.
    pub(crate) async fn close(self) -> Result<()> {
        let Self::Embedded(store) = self else {
            return Ok(());
        };
        let Some(store) = Arc::into_inner(store) else {
            // All that was acknowledged is in its log.
            tracing::warn!("the store is still in use and is not closed");
            return Ok(());
        };
        Ok(tokio::task::spawn_blocking(|| store.close()).await??)
    }
}

/// Whether this program can keep things as the settings say; asked before anything is made.
pub(crate) fn judge(config: &Config) -> Result<()> {
    if config.store.kind == StoreKind::Cql {
        ensure!(
            cfg!(feature = "cql"),
            "store.kind: this program was built without the feature `cql`"
        );
        ensure!(
            !config.cql.nodes.is_empty(),
            "store.kind is \"cql\", but cql.nodes names no nodes"
        );
    }
    ensure!(
        cfg!(feature = "s3") || config.s3.bucket.is_none(),
        "s3.bucket: this program was built without the feature `s3`"
    );
    Ok(())
}

/// The store that the settings name.
pub(crate) async fn open_store(config: &Config) -> Result<Engine> {
    match config.store.kind {
        StoreKind::Embedded => {
            let folder = config.data.join(STORE);
            let options = EmbeddedOptions {
                cache_bytes: config.store.cache_mib << 20,
                overlay_bytes: config.store.overlay_mib << 20,
                readers: config.store.readers.max(1),
                ..EmbeddedOptions::default()
            };
            let open = move || EmbeddedStore::open(folder, options);
            let store = tokio::task::spawn_blocking(open).await?;
            Ok(Engine::Embedded(Arc::new(
                store.context("the store cannot be opened")?,
            )))
        }
        StoreKind::Memory => Ok(Engine::Memory(Arc::default())),
        StoreKind::Cql => connect(config).await,
    }
}

#[cfg(feature = "cql")]
async fn connect(config: &Config) -> Result<Engine> {
    let cql = &config.cql;
    let login = cql
        .user
        .as_ref()
        .map(|user| (user.clone(), cql.password.clone().unwrap_or_default()));
    let options = store::CqlOptions {
        nodes: cql.nodes.clone(),
        login,
        keyspace: cql.keyspace.clone(),
        replication: cql.replication.clone(),
        datacenter: cql.datacenter.clone(),
        ..store::CqlOptions::default()
    };
    let store = store::CqlStore::connect(options)
        .await
        .context("the cluster cannot be used")?;
    Ok(Engine::Cql(Arc::new(store)))
}

#[cfg(not(feature = "cql"))]
#[allow(clippy::unused_async, reason = "the other one waits")]
async fn connect(_: &Config) -> Result<Engine> {
    anyhow::bail!("this program was built without the feature `cql`")
}

/// Where the settings want the bytes of files.
pub(crate) fn open_blobs(config: &Config, folder: &Folder) -> Result<Arc<dyn Blobs>> {
    if config.s3.bucket.is_some() {
        return bucket(&config.s3);
    }
    Ok(Arc::new(match config.store.kind {
        StoreKind::Memory => ObjectBlobs::memory(),
        StoreKind::Embedded | StoreKind::Cql => ObjectBlobs::folder(&folder.path.join(FILES))?,
    }))
}

#[cfg(feature = "s3")]
fn bucket(s3: &crate::config::S3) -> Result<Arc<dyn Blobs>> {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};
    let mut builder = AmazonS3Builder::from_env().with_allow_http(s3.allow_http);
    for (key, value) in [
        (Key::Bucket, &s3.bucket),
        (Key::Region, &s3.region),
        (Key::Endpoint, &s3.endpoint),
        (Key::AccessKeyId, &s3.access_key_id),
        (Key::SecretAccessKey, &s3.secret_access_key),
    ] {
        if let Some(value) = value {
            builder = builder.with_config(key, value);
        }
    }
    let storage = builder.build().context("the bucket cannot be used")?;
    Ok(Arc::new(ObjectBlobs::new(Arc::new(storage))))
}

#[cfg(not(feature = "s3"))]
fn bucket(_: &crate::config::S3) -> Result<Arc<dyn Blobs>> {
    anyhow::bail!("this program was built without the feature `s3`")
}
