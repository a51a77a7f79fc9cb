//! A chappe process, its data folder, and clients of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use chappe_client::{Client, Options, SignIn};
use mtproto_core::crypto::RsaPrivateKey;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// Long enough for a loaded machine; nothing waits so long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What `--dev` accepts.
pub(crate) const DEV_CODE: &str = "12345";

/// One RSA key for all folders but those of tests about first starts: making one takes long.
static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = RsaPrivateKey::generate(&mut rand::rng()).unwrap();
    key.to_pkcs1_pem().unwrap().as_str().to_owned()
});

/// A data folder with a key.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rsa.pem"), &*KEY).unwrap();
    folder
}

/// The program, to be given arguments.
pub(crate) fn chappe() -> Command {
    captured(Command::new(env!("CARGO_BIN_EXE_chappe")))
}

/// A command whose output is read, and that is killed when it is dropped.
pub(crate) fn captured(mut command: Command) -> Command {
    command
        .env_remove("CHAPPE_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a command that ends by itself leaves.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) async fn run(arguments: &[&str]) -> Ended {
    let output = chappe().args(arguments).output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .unwrap()
        .unwrap();
    Ended {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server as a process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    data: PathBuf,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Process {
    /// `chappe serve --dev` on a free port.
    pub(crate) async fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = chappe();
        command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more);
        Self::of(command, data).await
    }

    /// Of a command that serves `data`, once it is ready.
    pub(crate) async fn of(mut command: Command, data: &Path) -> Self {
        let mut child = command.spawn().unwrap();
        let mut err = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut said = String::new();
            err.read_to_string(&mut said).await.unwrap();
            said
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, out.read_line(&mut line)).await;
        let Some(address) = line.trim_end().strip_prefix("listening on ") else {
            child.kill().await.unwrap();
            panic!("{read:?}, {line:?}, stderr: {}", stderr.await.unwrap());
        };
        let address = address.parse().unwrap();
        let stdout = tokio::spawn(async move {
            let mut said = String::new();
            out.read_to_string(&mut said).await.unwrap();
            said
        });
        Self {
            child,
            address,
            data: data.to_owned(),
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a signal, `TERM` or `KILL`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(status.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ended {
            status: status.unwrap().unwrap(),
            stdout: self.stdout.await.unwrap(),
            stderr: self.stderr.await.unwrap(),
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) -> Ended {
        self.signal("TERM").await;
        let ended = self.end().await;
        assert!(
            ended.status.success(),
            "{:?} {}",
            ended.status,
            ended.stderr
        );
        ended
    }

    /// How to connect to it.
    pub(crate) fn options(&self) -> Options {
        options(self.address, &self.data)
    }
}

/// How to connect to the server of a data folder.
pub(crate) fn options(address: SocketAddr, data: &Path) -> Options {
    let key = std::fs::read_to_string(data.join("rsa.pub.pem")).unwrap();
    let mut options = Options::new(address, &key).unwrap();
    options.connect_max = PATIENCE;
    options
}

/// Logs a new number in.
pub(crate) async fn sign_up(options: Options, phone: &str) -> Client {
    let client = Client::connect(options).await.unwrap();
    let sent = client.request_login_code(phone).await.unwrap();
    let signed_in = client.sign_in(&sent, DEV_CODE).await.unwrap();
    assert_eq!(signed_in, SignIn::SignUpNeeded);
    client.sign_up(&sent, "Ada", "Test").await.unwrap();
    client
}

/// One request to an admin port: the status and the body.
pub(crate) async fn ask(port: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(port).await.unwrap();
    let len = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {port}\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
