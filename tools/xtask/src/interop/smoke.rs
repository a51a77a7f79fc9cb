//! `cargo xtask interop`: unmodified client libraries sign up on a server of ours, chat, and share
//! files.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Installer, install};
use crate::bindings;
use crate::process::{capture, cargo, command, root, run, target_dir};

/// The secret that TDLib is given as that of a proxy.
const PROXY_SECRET: &str = "00112233445566778899aabbccddeeff";
/// The login code of a server that is started for tests.
const CODE: &str = "12345";
/// How long one client may take.
const CLIENT_MAX: Duration = Duration::from_secs(240);
/// The name that stands for all clients in one group.
const TOGETHER: &str = "together";
/// The client that opens the group.
const OWNER: &str = "telethon";
/// The data centre in which everybody meets. TDLib loads no files from it, but chats.
const TOGETHER_DC_ID: i32 = 2;

/// What to run.
pub(crate) struct Options {
    /// Names of clients, or `together`; empty means all, and then together.
    pub(crate) clients: Vec<String>,
    /// How often each runs.
    pub(crate) runs: u32,
    /// Where the server keeps everything: `embedded`, `memory` or `cql`.
    pub(crate) store: String,
    /// A node of the cluster, for `cql`.
    pub(crate) cql: String,
    /// Whether the server is built with optimisation.
    pub(crate) release: bool,
}

/// The node that `CHAPPE_CQL` names, or the usual one.
pub(crate) fn cql_node() -> String {
    std::env::var("CHAPPE_CQL").unwrap_or_else(|_| "127.0.0.1:9042".into())
}

/// A client library and how its script is started.
struct Client {
    name: &'static str,
    kind: Kind,
    packages: &'static [&'static str],
    /// The data centre it starts in. A server says that it is this one: files must be in the
    /// client's own.
    dc_id: i32,
    /// Other ways to run it, as environment variables.
    variants: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Cargo,
    /// An example of `chappe-client`.
    Example,
    /// Python over our own library.
    Ffi,
    Node,
    Python,
    Tdlib,
}

const CLIENTS: &[Client] = &[
    Client {
        name: "telethon",
        kind: Kind::Python,
        packages: &["telethon==1.45.0", "cryptg==0.6.0", "rsa==4.9.1"],
        dc_id: 2,
        variants: &[
            ("TRANSPORT", "full"),
            ("TRANSPORT", "abridged"),
            ("TRANSPORT", "intermediate"),
            ("TRANSPORT", "obfuscated"),
        ],
    },
    Client {
        name: "kurigram",
        kind: Kind::Python,
        packages: &["kurigram==2.2.26", "TgCrypto==1.2.5"],
        dc_id: 2,
        variants: &[],
    },
    Client {
        name: "pyrogram",
        kind: Kind::Python,
        packages: &["pyrogram==2.0.106", "TgCrypto==1.2.5"],
        dc_id: 2,
        variants: &[],
    },
    Client {
        name: "gramjs",
        kind: Kind::Node,
        packages: &["telegram@2.26.22", "ws@8"],
        dc_id: 2,
        variants: &[
            ("TRANSPORT", "full"),
            ("TRANSPORT", "obfuscated"),
            ("TRANSPORT", "ws"),
        ],
    },
    Client {
        name: "mtcute",
        kind: Kind::Node,
        packages: &["@mtcute/node@0.30.3", "@mtcute/core@0.30.3", "ws@8"],
        dc_id: 2,
        variants: &[],
    },
    Client {
        name: "grammers",
        kind: Kind::Cargo,
        packages: &[],
        dc_id: 2,
        variants: &[],
    },
    Client {
        name: "tdlib",
        kind: Kind::Tdlib,
        packages: &["tdjson==1.8.69"],
        dc_id: 1,
        variants: &[],
    },
    Client {
        name: "sdk",
        kind: Kind::Example,
        packages: &[],
        dc_id: 2,
        variants: &[],
    },
    Client {
        name: "ffi",
        kind: Kind::Ffi,
        packages: &[],
        dc_id: 2,
        variants: &[],
    },
];

/// A server that was started for the clients; stopped when dropped.
struct Server {
    child: Child,
    dc_id: i32,
    port: u16,
    folder: tempfile::TempDir,
}

/// The servers that run, one for each data centre.
struct Servers<'a> {
    program: PathBuf,
    options: &'a Options,
    running: Vec<Server>,
}

impl Servers<'_> {
    fn of(&mut self, dc_id: i32) -> Result<&Server> {
        let at = match self.running.iter().position(|server| server.dc_id == dc_id) {
            Some(at) => at,
            None => {
                let server = Server::start(&self.program, self.options, dc_id)?;
                self.running.push(server);
                self.running.len() - 1
            }
        };
        Ok(&self.running[at])
    }
}

/// Installs the clients, starts a server, runs them: each alone, then all in one group.
///
/// # Errors
/// A client could not be installed or failed.
pub(crate) fn smoke(options: &Options) -> Result<()> {
    let names: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
    for name in &options.clients {
        ensure!(
            name == TOGETHER || names.contains(&name.as_str()),
            "no client is called {name}; there are {}, and {TOGETHER}",
            names.join(", ")
        );
    }
    let is_chosen = |name: &str| {
        options.clients.is_empty() || options.clients.iter().any(|chosen| chosen == name)
    };
    let mut servers = Servers {
        program: build(options)?,
        options,
        running: Vec::new(),
    };
    let mut failed = Vec::new();
    for client in CLIENTS.iter().filter(|client| is_chosen(client.name)) {
        let place = prepare(client)?;
        let server = servers.of(client.dc_id)?;
        for turn in 1..=options.runs {
            for variant in client.variants() {
                let what = variant.map_or_else(
                    || client.name.to_owned(),
                    |(_, value)| format!("{} ({value})", client.name),
                );
                let run = || run_client(client, &place, server, variant);
                failed.extend(report(what, turn, options.runs, run).err());
            }
        }
    }
    if is_chosen(TOGETHER) {
        let places: Vec<PathBuf> = foreign().map(prepare).collect::<Result<_>>()?;
        let server = servers.of(TOGETHER_DC_ID)?;
        for turn in 1..=options.runs {
            let run = || meet(&places, server);
            failed.extend(report(TOGETHER.to_owned(), turn, options.runs, run).err());
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// Runs something and says how it went.
///
/// # Errors
/// Its name, when it failed.
fn report(
    what: String,
    turn: u32,
    runs: u32,
    run: impl FnOnce() -> Result<usize>,
) -> Result<(), String> {
    let begun = Instant::now();
    match run() {
        Ok(steps) => {
            let seconds = begun.elapsed().as_secs_f32();
            eprintln!("{what}: {steps} steps, {seconds:.1} s, run {turn} of {runs}");
            Ok(())
        }
        Err(error) => {
            eprintln!("{what}: run {turn} FAILED\n{error:#}");
            Err(what)
        }
    }
}

impl Client {
    /// The ways to run it.
    fn variants(&self) -> Vec<Option<(&'static str, &'static str)>> {
        match self.variants {
            [] => vec![None],
            some => some.iter().copied().map(Some).collect(),
        }
    }
}

fn build(options: &Options) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--locked", "-p", "server", "--bin", "chappe"]);
    let profile = if options.release {
        build.arg("--release");
        "release"
    } else {
        "debug"
    };
    if options.store == "cql" {
        build.args(["--features", "cql"]);
    }
    run(&mut build)?;
    Ok(target_dir().join(profile).join("chappe"))
}

impl Server {
    fn start(program: &Path, options: &Options, dc_id: i32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = std::fs::File::create(folder.path().join("server.log"))?;
        let config = folder.path().join("chappe.toml");
        let mut text = format!("dc = {dc_id}\n");
        if options.store == "cql" {
            // A keyspace of its own, with the one copy that a single node can keep.
            let name = format!("chappe_interop_{}_{dc_id}", std::process::id());
            let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
            text += &format!("[cql]\nkeyspace = \"{name}\"\nreplication = \"{replication}\"\n");
        }
        std::fs::write(&config, text)?;
        let mut start = command(program);
        start
            .args([
                "serve",
                "--dev",
                "--listen",
                "127.0.0.1:0",
                "--proxy-secret",
                PROXY_SECRET,
            ])
            .arg("--data")
            .arg(folder.path().join("data"))
            .arg("--config")
            .arg(&config)
            .args(["--store", &options.store])
            .stdout(Stdio::piped())
            .stderr(log);
        if options.store == "cql" {
            start.args(["--cql", &options.cql]);
        }
        let mut child = start.spawn().context("starting the server")?;
        let stdout = child.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line
            .trim()
            .strip_prefix("listening on ")
            .and_then(|address| address.rsplit(':').next()?.parse().ok());
        let Some(port) = port else {
            let _ = child.kill();
            let log = std::fs::read_to_string(folder.path().join("server.log"))?;
            bail!("the server did not start: {line}{log}");
        };
        Ok(Self {
            child,
            dc_id,
            port,
            folder,
        })
    }

    fn public_key(&self) -> PathBuf {
        self.folder.path().join("data/rsa.pub.pem")
    }

    /// The last lines of its log.
    fn log(&self) -> String {
        let log =
            std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Installs a client; where it is then.
fn prepare(client: &Client) -> Result<PathBuf> {
    let folder = format!("{}-smoke", client.name);
    match client.kind {
        Kind::Node => install(&folder, Installer::Npm, client.packages),
        Kind::Python | Kind::Tdlib => install(&folder, Installer::Pip, client.packages),
        Kind::Ffi => bindings::generate(bindings::Language::Python),
        Kind::Example => {
            run(cargo().args([
                "build",
                "--locked",
                "--quiet",
                "-p",
                "chappe-client",
                "--example",
                "smoke",
            ]))?;
            Ok(target_dir().join("debug/examples").join("smoke"))
        }
        Kind::Cargo => {
            let manifest = scripts().join("grammers/Cargo.toml");
            let target = target_dir().join("interop").join(&folder);
            let mut build = cargo();
            build
                .args(["build", "--locked", "--quiet", "--manifest-path"])
                .arg(manifest)
                .env("CARGO_TARGET_DIR", &target);
            run(&mut build)?;
            Ok(target.join("debug/grammers-smoke"))
        }
    }
}

/// The clients that others have made.
fn foreign() -> impl Iterator<Item = &'static Client> {
    CLIENTS
        .iter()
        .filter(|client| !matches!(client.kind, Kind::Example | Kind::Ffi))
}

fn scripts() -> PathBuf {
    root().join("tools/interop/smoke")
}

/// Runs a client's script; how many steps it took.
fn run_client(
    client: &Client,
    place: &Path,
    server: &Server,
    variant: Option<(&str, &str)>,
) -> Result<usize> {
    let mut start = script(client, place, server, client.dc_id)?;
    if let Some((name, value)) = variant {
        start.env(name, value);
    }
    judge(&capture(&mut start)?, server)
}

/// All clients at once, each at its layer, in one group: everybody sees what everybody says.
fn meet(places: &[PathBuf], server: &Server) -> Result<usize> {
    let names: Vec<&str> = foreign().map(|client| client.name).collect();
    let members = names.join(",");
    let mut scripts = Vec::new();
    for (client, place) in foreign().zip(places) {
        let mut start = script(client, place, server, TOGETHER_DC_ID)?;
        start.env("ROOM_MEMBERS", &members);
        start.env("STEP_WAIT", "60").env("STEP_TIMEOUT", "60");
        start.stdout(Stdio::piped()).stderr(Stdio::piped());
        scripts.push((client, start));
    }
    // The owner first: the others need the link to the group.
    scripts.sort_by_key(|(client, _)| client.name != OWNER);
    let mut room: Option<String> = None;
    let mut running = Vec::new();
    for (client, mut start) in scripts {
        if let Some(room) = &room {
            enter(client, &mut start, room, &members);
        }
        let mut child = start.spawn().context(client.name)?;
        if room.is_none() {
            room = Some(read_room(&mut child)?);
        }
        running.push((client, child));
    }
    let mut steps = 0;
    let mut failed = Vec::new();
    for (client, child) in running {
        match judge(&child.wait_with_output()?, server) {
            Ok(taken) => steps += taken,
            Err(error) => failed.push(format!("{}: {error:#}", client.name)),
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(steps)
}

/// Tells a script which group to enter.
fn enter(client: &Client, start: &mut Command, room: &str, members: &str) {
    if client.kind == Kind::Tdlib {
        start.args(["--room", room, "--room-name", client.name]);
        start.args(["--room-members", members]);
    } else {
        start.env("ROOM", room).env("ROOM_NAME", client.name);
    }
}

/// The hash of the link to the group, which its owner prints.
fn read_room(owner: &mut Child) -> Result<String> {
    let stdout = owner.stdout.take().context("the owner's output")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if let Some(hash) = line.strip_prefix("ROOM ") {
            let hash = hash.trim().to_owned();
            owner.stdout = Some(lines.into_inner());
            return Ok(hash);
        }
        line.clear();
    }
    let _ = owner.wait();
    let mut said = String::new();
    if let Some(stderr) = &mut owner.stderr {
        stderr.read_to_string(&mut said)?;
    }
    bail!("{OWNER} opened no group: {said}")
}

/// A client's script, ready to run against a server.
fn script(client: &Client, place: &Path, server: &Server, dc_id: i32) -> Result<Command> {
    let seconds = CLIENT_MAX.as_secs().to_string();
    let mut start = match client.kind {
        Kind::Cargo | Kind::Example => Command::new(place),
        Kind::Ffi => {
            let mut python = Command::new("python3");
            python.arg(scripts().join("smoke_ffi.py"));
            python.env("PYTHONPATH", place);
            python
        }
        Kind::Node => node(client, place)?,
        Kind::Python => {
            let mut python = Command::new(place.join("bin/python"));
            python.arg(scripts().join(format!("smoke_{}.py", client.name)));
            python
        }
        Kind::Tdlib => tdlib(place, server)?,
    };
    start
        .env("HOST", "127.0.0.1")
        .env("PORT", server.port.to_string())
        .env("DC_ID", dc_id.to_string())
        .env("CODE", CODE)
        .env("RSA_PUBLIC_KEY_PEM_PATH", server.public_key())
        .env("EXTRA", "1")
        .env("SMOKE_TIMEOUT", &seconds)
        .env("TIMEOUT", &seconds)
        .current_dir(server.folder.path())
        .stdin(Stdio::null());
    Ok(start)
}

/// Node looks for packages beside the script, so the script is put beside them.
fn node(client: &Client, place: &Path) -> Result<Command> {
    let script = match client.name {
        "gramjs" => "gramjs.cjs",
        _ => "mtcute.mjs",
    };
    let copy = place.join(script);
    std::fs::copy(scripts().join(script), &copy)?;
    let mut node = Command::new("node");
    node.arg(copy);
    Ok(node)
}

/// TDLib makes its key with a copy that knows the server's RSA key; the unmodified library then
/// finds the key in its database and does everything else.
fn tdlib(place: &Path, server: &Server) -> Result<Command> {
    let library = find_tdjson(place)?;
    let patched = server.folder.path().join("libtdjson-key.so");
    let python = place.join("bin/python");
    run(Command::new(&python)
        .arg(scripts().join("tdlib_patch.py"))
        .args([&library, &patched])
        .arg(server.public_key())
        .stdout(Stdio::null()))?;
    let (first, second) = (random_digits(), random_digits());
    let mut smoke = Command::new(&python);
    smoke
        .arg(scripts().join("tdlib.py"))
        .arg("--lib")
        .arg(&library)
        .arg("--seed-lib")
        .arg(&patched)
        .args([
            "--port",
            &server.port.to_string(),
            "--secret",
            PROXY_SECRET,
            "--code",
            CODE,
        ])
        .args(["--phone-a", &format!("1555{first:07}")])
        .args(["--phone-b", &format!("1556{second:07}")]);
    Ok(smoke)
}

/// Seven digits that another run hardly has.
fn random_digits() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
        % 10_000_000
}

fn find_tdjson(place: &Path) -> Result<PathBuf> {
    let mut folders = vec![place.join("lib")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.starts_with("libtdjson") {
                return Ok(path);
            }
        }
    }
    bail!("no libtdjson below {}", place.display())
}

/// A script prints a line for each step and ends with success after the last.
fn judge(output: &Output, server: &Server) -> Result<usize> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{stdout}{}\nthe server said:\n{}",
        String::from_utf8_lossy(&output.stderr),
        server.log()
    );
    let steps = stdout
        .lines()
        .filter(|line| line.contains("ok") || line.contains("PASS"))
        .count();
    ensure!(steps > 0, "no step was taken:\n{stdout}");
    Ok(steps)
}
