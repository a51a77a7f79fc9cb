//! The server under load: one that runs already, or one of our own; what it takes, from `/proc`.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// A tick of `/proc/PID/stat` on every Linux, milliseconds.
const TICK_MS: u64 = 10;

/// A process that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// This process.
    #[must_use]
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// Time on processors: of all threads, also of those that have ended.
    ///
    /// # Errors
    /// The process is gone.
    pub fn cpu(self) -> Result<Duration> {
        // Nanoseconds of the threads that live; the ticks know also about those that do not.
        let mut living = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.0))? {
            let stat = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            living += stat
                .split(' ')
                .next()
                .and_then(|ns| ns.parse::<u64>().ok())
                .unwrap_or(0);
        }
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
            bail!("/proc/{}/stat is not what it was", self.0);
        };
        let all = Duration::from_millis((user + system) * TICK_MS);
        let living = Duration::from_nanos(living);
        // Threads that ended make the first larger; otherwise the second is more exact.
        let ended = all.saturating_sub(living);
        Ok(if ended > Duration::from_millis(4 * TICK_MS) {
            all
        } else {
            living
        })
    }

    /// Resident memory, KiB.
    ///
    /// # Errors
    /// The process is gone.
    pub fn resident_kib(self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
            .context("no VmRSS")
    }

    /// The process that listens on a local port, if it may be seen.
    #[must_use]
    pub fn listening_on(port: u16) -> Option<Self> {
        let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .find_map(|table| listening_inode(&std::fs::read_to_string(table).ok()?, port))?;
        let wanted = format!("socket:[{inode}]");
        for entry in std::fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else {
                continue;
            };
            let holds = files
                .flatten()
                .filter_map(|file| std::fs::read_link(file.path()).ok())
                .any(|target| target.as_os_str() == wanted.as_str());
            if holds {
                return Some(Self(pid));
            }
        }
        None
    }
}

fn listening_inode(table: &str, port: u16) -> Option<u64> {
    let port = format!("{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields.get(1)?.rsplit(':').next()?;
        // 0A: LISTEN
        (local == port && *fields.get(3)? == "0A").then(|| fields.get(9)?.parse().ok())?
    })
}

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its data folder; a temporary one if there is none.
    pub data: Option<PathBuf>,
    /// `memory` or `embedded`.
    pub store: String,
    /// The data centre it says it is.
    pub dc_id: i32,
    /// The secret of a proxy that it accepts.
    pub secret: Option<String>,
}

/// A server that was started for the run; stopped when dropped.
pub struct OwnServer {
    start: Start,
    child: Child,
    folder: tempfile::TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl OwnServer {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(start: Start) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (child, address) = launch(&start, folder.path())?;
        Ok(Self {
            start,
            child,
            folder,
            address,
        })
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Where its public key is.
    #[must_use]
    pub fn public_key(&self) -> PathBuf {
        self.start
            .data
            .clone()
            .unwrap_or_else(|| self.folder.path().join("data"))
            .join("rsa.pub.pem")
    }

    /// Its kind of store.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.start.store
    }

    /// Whether it finds again after a restart what it knew before.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.start.store != "memory"
    }

    /// Stops it and starts it again with the same data: a fresh process.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        (self.child, self.address) = launch(&self.start, self.folder.path())?;
        Ok(())
    }

    fn stop(&mut self) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .is_ok_and(|status| status.success());
        if !asked {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(start: &Start, folder: &Path) -> Result<(Child, SocketAddr)> {
    let log = std::fs::File::create(folder.join("server.log"))?;
    let config = folder.join("chappe.toml");
    std::fs::write(&config, format!("dc = {}\n", start.dc_id))?;
    let data = start.data.clone().unwrap_or_else(|| folder.join("data"));
    let mut command = Command::new(&start.program);
    command
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--config")
        .arg(&config)
        .args(["--store", &start.store]);
    if let Some(secret) = &start.secret {
        command.args(["--proxy-secret", secret]);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("starting {}", start.program.display()))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let Some(address) = line.trim().strip_prefix("listening on ") else {
        let _ = child.kill();
        let _ = child.wait();
        let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        bail!("the server did not start: {log}");
    };
    Ok((child, address.parse()?))
}

/// The `chappe` beside this program, or below it as in a target folder, or on the path.
///
/// # Errors
/// There is none.
pub fn find_program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("chappe"))
        .find(|program| program.is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    beside
        .or_else(|| {
            std::env::split_paths(&path)
                .map(|folder| folder.join("chappe"))
                .find(|program| program.is_file())
        })
        .context("no `chappe` beside this program; build it: cargo build --release -p server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_figures_are_read() {
        let own = Process::own();
        assert!(own.cpu().unwrap() > Duration::ZERO);
        assert!(own.resident_kib().unwrap() > 100);
    }

    #[test]
    fn who_listens_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = Process::listening_on(port).map(|process| process.0);
        assert_eq!(found, Some(std::process::id()));
    }
}
