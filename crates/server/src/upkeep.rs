//! Backup, restore and check of everything that must not be lost.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use store::{EmbeddedOptions, EmbeddedStore};

use crate::folder::{FILES, KEY_FILE, SECRETS, STORE, lock, make_private_folder};

/// The copy of the store in a backup.
const STORE_COPY: &str = "store.redb";

/// Copies everything into a new folder while the server runs. The folder gets its name when it is
/// whole. The store goes first: the bytes of every file it names are there by then and never change.
pub(crate) async fn backup(store: &EmbeddedStore, data: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        bail!("{} exists already", to.display());
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    if partial.exists() {
        bail!(
            "{} is there: another backup runs, or did not come to its end",
            partial.display()
        );
    }
    make_private_folder(&partial)?;
    store.backup(partial.join(STORE_COPY)).await?;
    let (data, to) = (data.to_owned(), to.to_owned());
    let finish = move || {
        copy_rest(&data, &partial)?;
        fs::rename(&partial, &to).with_context(|| format!("{}", to.display()))
    };
    tokio::task::spawn_blocking(finish).await?
}

/// As [`backup`], of a server that does not run.
pub(crate) async fn backup_closed(data: &Path, to: &Path) -> Result<()> {
    if !data.join(STORE).is_dir() {
        bail!("there is no store in {}", data.display());
    }
    let _lock = lock(data).context("give the --admin port of the server that runs")?;
    let store = EmbeddedStore::open(data.join(STORE), EmbeddedOptions::default())?;
    backup(&store, data, to).await?;
    Ok(store.close()?)
}

/// Asks a server that runs for a backup.
pub(crate) async fn ask_for_backup(admin: SocketAddr, to: &Path) -> Result<()> {
    let Some(path) = to.to_str() else {
        bail!("{} is not UTF-8", to.display());
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri("/backup")
        .header(hyper::header::HOST, admin.to_string())
        .body(Full::new(Bytes::from(path.to_owned())))?;
    let stream = tokio::net::TcpStream::connect(admin)
        .await
        .with_context(|| format!("{admin}"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    drop(sender);
    connection.await??;
    if status != StatusCode::OK {
        bail!("{}", String::from_utf8_lossy(&body).trim_end());
    }
    Ok(())
}

/// Makes a data folder out of a backup.
pub(crate) fn restore(from: &Path, data: &Path) -> Result<()> {
    if data.join(KEY_FILE).exists() || data.join(STORE).exists() {
        bail!("{} is a data folder already", data.display());
    }
    make_private_folder(data)?;
    let _lock = lock(data)?;
    copy_rest(from, data)?;
    EmbeddedStore::restore(from.join(STORE_COPY), data.join(STORE))?;
    Ok(())
}

/// Checks the store of a server that does not run, and says what it has seen.
pub(crate) fn check(data: &Path) -> Result<String> {
    if !data.join(STORE).is_dir() {
        bail!("there is no store in {}", data.display());
    }
    let _lock = lock(data)?;
    let report = EmbeddedStore::check(data.join(STORE))?;
    Ok(format!(
        "sound: {} rows, {} mailboxes, {} messages",
        report.rows, report.mailboxes, report.messages
    ))
}

/// Keys, secrets and the bytes of files.
fn copy_rest(from: &Path, to: &Path) -> Result<()> {
    let copy = || -> io::Result<()> {
        fs::copy(from.join(KEY_FILE), to.join(KEY_FILE))?;
        copy_folder(&from.join(SECRETS), &to.join(SECRETS))?;
        copy_folder(&from.join(FILES), &to.join(FILES))?;
        fs::File::open(to)?.sync_all()
    };
    copy().with_context(|| format!("{} to {}", from.display(), to.display()))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
            continue;
        }
        match fs::copy(entry.path(), &target) {
            Ok(_) => fs::File::open(&target)?.sync_all()?,
            // Deleted meanwhile: nobody refers to it any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    fs::File::open(to)?.sync_all()
}
