//! The data folder: what it holds beside the store, made at the first start.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use mtproto_core::crypto::{LegacyPadding, RsaPrivateKey};
use mtproto_core::handshake::HandshakeKey;
use rand::Rng as _;

/// The private key of the server.
pub(crate) const KEY_FILE: &str = "rsa.pem";
/// The public key, for clients.
const PUBLIC_KEY_FILE: &str = "rsa.pub.pem";
/// The folder of secrets.
pub(crate) const SECRETS: &str = "secrets";
/// The folder of the store.
pub(crate) const STORE: &str = "store";
/// The folder of the bytes of files.
pub(crate) const FILES: &str = "files";

/// The file that a process holds while it uses the folder.
const LOCK: &str = "lock";

/// What the data folder holds.
pub(crate) struct Folder {
    _lock: fs::File,
    pub(crate) path: PathBuf,
    /// Whether the key was made just now.
    pub(crate) is_new: bool,
    pub(crate) key: Arc<HandshakeKey>,
    /// What salts are made from.
    pub(crate) salt_secret: [u8; 32],
    /// What access hashes and file references are made from.
    pub(crate) access_secret: [u8; 32],
}

impl Folder {
    /// Opens the folder, and makes what is missing.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        make_private_folder(path)?;
        let lock = lock(path)?;
        make_private_folder(&path.join(FILES))?;
        let path = &std::path::absolute(path)?;
        let is_new = !path.join(KEY_FILE).exists();
        let key = open_key(path)?;
        let public = key.public().to_pkcs1_pem()?;
        let public_file = path.join(PUBLIC_KEY_FILE);
        if fs::read_to_string(&public_file).ok().as_ref() != Some(&public) {
            fs::write(&public_file, public)?;
        }
        Ok(Self {
            _lock: lock,
            path: path.to_owned(),
            is_new,
            key: Arc::new(HandshakeKey {
                key,
                // Pyrogram and GramJS pad in the old way.
                legacy: LegacyPadding::Accepted,
            }),
            salt_secret: secret(path, "salt")?,
            access_secret: secret(path, "access")?,
        })
    }

    /// Where the public key lies.
    pub(crate) fn public_key_file(&self) -> PathBuf {
        self.path.join(PUBLIC_KEY_FILE)
    }
}

/// Takes the folder for this process; it is free again when the file is closed, also by a crash.
pub(crate) fn lock(path: &Path) -> Result<fs::File> {
    let file = path.join(LOCK);
    let lock = fs::File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&file)
        .with_context(|| format!("{}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => {
            bail!("{}: another process uses it", path.display())
        }
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{}", file.display()))
        }
    }
}

fn open_key(path: &Path) -> Result<RsaPrivateKey> {
    let file = path.join(KEY_FILE);
    if file.exists() {
        let pem = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        return RsaPrivateKey::from_pem(&pem)
            .with_context(|| format!("{} is no RSA key of 2048 bits", file.display()));
    }
    make_key(&file)
}

/// Makes a private key in a file that nobody else may read.
pub(crate) fn make_key(file: &Path) -> Result<RsaPrivateKey> {
    let key = RsaPrivateKey::generate(&mut rand::rng())?;
    write_private(file, key.to_pkcs1_pem()?.as_bytes())?;
    Ok(key)
}

/// A secret of 32 bytes, made when it is not there.
fn secret(path: &Path, name: &str) -> Result<[u8; 32]> {
    let folder = path.join(SECRETS);
    make_private_folder(&folder)?;
    let file = folder.join(name);
    if file.exists() {
        let bytes = fs::read(&file).with_context(|| format!("{}", file.display()))?;
        let Ok(secret) = bytes.try_into() else {
            bail!("{} is not 32 bytes long", file.display());
        };
        return Ok(secret);
    }
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    write_private(&file, &secret)?;
    Ok(secret)
}

/// Makes a folder, unless it is there, that nobody else may look into.
pub(crate) fn make_private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("{}", path.display()))
}

/// Writes a file that only its owner reads. It appears whole or not at all, and never over
/// another.
fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let partial = file.with_extension("partial");
    let _ = fs::remove_file(&partial);
    let write = || -> std::io::Result<()> {
        let mut open = fs::OpenOptions::new();
        open.write(true).create_new(true).mode(0o600);
        let mut out = open.open(&partial)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        // A hard link does not replace what is there, a rename would.
        fs::hard_link(&partial, file)?;
        fs::remove_file(&partial)?;
        if let Some(parent) = file.parent().filter(|parent| *parent != Path::new("")) {
            fs::File::open(parent)?.sync_all()?;
        }
        Ok(())
    };
    write().with_context(|| format!("{}", file.display()))
}
