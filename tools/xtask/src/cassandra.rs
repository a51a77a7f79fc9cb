//! `cargo xtask cassandra up|down`: Apache Cassandra from its Maven artifacts, as the server of the CQL tests.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{command, describe, not_started, read, root, run, target_dir};

/// Cassandra 5 runs on 11 and 17; newer ones lack the security manager it still asks for.
const JAVA_MAJOR: u32 = 17;
const DEFAULT_PORT: u16 = 9042;
/// From start to listening takes 8 s on two idle cores.
const START_TIMEOUT: Duration = Duration::from_secs(180);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Internals of the JDK that Cassandra reaches into, as its own start script opens them.
const EXPORTS: &[&str] = &[
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.attach/sun.tools.attach",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.unsupported/sun.misc",
];
const OPENS: &[&str] = &[
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.compiler/com.sun.tools.javac",
    "jdk.management/com.sun.management.internal",
];

/// One node: where it keeps its files and where it listens.
pub(crate) struct Node {
    port: u16,
    home: PathBuf,
}

impl Node {
    pub(crate) fn new(port: Option<u16>, home: Option<PathBuf>) -> Self {
        let home = home.unwrap_or_else(|| target_dir().join("cassandra"));
        // Cassandra wants absolute paths; a relative one is meant from where the caller stands.
        let home = std::path::absolute(&home).unwrap_or(home);
        Self {
            port: port.unwrap_or(DEFAULT_PORT),
            home,
        }
    }

    fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)
    }

    fn listens(&self) -> bool {
        TcpStream::connect_timeout(&self.address().into(), Duration::from_secs(1)).is_ok()
    }

    fn log(&self) -> PathBuf {
        self.home.join("log")
    }

    fn config(&self) -> PathBuf {
        self.home.join("conf/cassandra.yaml")
    }

    /// The process that runs on this home: `pid` on the first line of the file, its port on the second.
    fn running(&self) -> Option<(u32, u16)> {
        let text = fs::read_to_string(self.home.join("pid")).ok()?;
        let mut lines = text.lines();
        let (pid, port) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        // The number may have gone to another process since; ours names our config file.
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = String::from_utf8_lossy(&arguments).contains(&*self.config().to_string_lossy());
        ours.then_some((pid, port))
    }
}

/// Starts the node unless it runs, waits until it listens, prints and returns `HOST:PORT`.
///
/// # Errors
/// `java` or `mvn` is missing or of the wrong version, the port is taken, or the node did not start.
pub(crate) fn up(node: &Node) -> Result<String> {
    let address = node.address().to_string();
    let mut child = None;
    match node.running() {
        Some((pid, port)) if port != node.port => bail!(
            "process {pid} already runs on {} with port {port}; stop it with `cargo xtask cassandra down`, or give another --home",
            node.home.display()
        ),
        Some(_) => {}
        None => {
            ensure!(
                !node.listens(),
                "something else listens on {address}; give another --port"
            );
            child = Some(start(node)?);
        }
    }
    wait_until_listening(node, child.as_mut())?;
    println!("cassandra listens on {address}");
    Ok(address)
}

/// Stops the node if it runs. Its data stay.
///
/// # Errors
/// The process is still there after SIGKILL.
pub(crate) fn down(node: &Node) -> Result<()> {
    let Some((pid, _)) = node.running() else {
        println!("no cassandra runs on {}", node.home.display());
        return Ok(());
    };
    for (signal, timeout) in [("-TERM", STOP_TIMEOUT), ("-KILL", Duration::from_secs(5))] {
        run(command("kill").args([signal, &pid.to_string()]))?;
        let deadline = Instant::now() + timeout;
        while Instant::now() < deadline {
            // Of a process whose parent has not yet asked for its status, /proc shows an empty command line.
            if node.running().is_none() {
                fs::remove_file(node.home.join("pid"))?;
                println!("cassandra stopped (process {pid})");
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
    bail!("process {pid} does not stop");
}

/// Takes away what a stopped node kept, so that the next start is on empty tables.
///
/// # Errors
/// A folder could not be removed.
pub(crate) fn wipe(node: &Node) -> Result<()> {
    for folder in ["data", "commitlog", "hints", "saved_caches", "cdc_raw"] {
        let folder = node.home.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("removing {}", folder.display()))?;
        }
    }
    Ok(())
}

fn start(node: &Node) -> Result<Child> {
    check_java()?;
    let jars = fetch_jars()?;
    write_config(node)?;
    let log = File::create(node.log()).with_context(|| format!("{}", node.log().display()))?;

    let mut java = command("java");
    java.args(["-Xms512m", "-Xmx1g", "-XX:+UseSerialGC"]);
    java.arg(format!(
        "-javaagent:{}",
        find_jar(&jars, "jamm-")?.display()
    ));
    for module in EXPORTS {
        java.args(["--add-exports", &format!("{module}=ALL-UNNAMED")]);
    }
    for module in OPENS {
        java.args(["--add-opens", &format!("{module}=ALL-UNNAMED")]);
    }
    let conf = node.home.join("conf");
    java.args([
        "-Djdk.attach.allowAttachSelf=true",
        "-Dio.netty.tryReflectionSetAccessible=true",
    ])
    .arg(format!(
        "-Dcassandra.config=file://{}",
        node.config().display()
    ))
    .arg(format!(
        "-Dlogback.configurationFile={}",
        conf.join("logback.xml").display()
    ))
    .arg(format!("-Dcassandra.storagedir={}", node.home.display()))
    // One node has nobody to wait for.
    .args([
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.ring_delay_ms=100",
    ])
    .arg("-Dcassandra-foreground=yes")
    .args(["-cp", &format!("{}/*:{}", jars.display(), conf.display())])
    .arg("org.apache.cassandra.service.CassandraDaemon")
    .stdout(log.try_clone()?)
    .stderr(log)
    // A group of its own: Ctrl-C at the terminal must not reach it.
    .process_group(0);
    let child = java.spawn().map_err(|error| not_started(&java, &error))?;
    fs::write(
        node.home.join("pid"),
        format!("{}\n{}\n", child.id(), node.port),
    )?;
    Ok(child)
}

fn wait_until_listening(node: &Node, mut child: Option<&mut Child>) -> Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    while !node.listens() {
        if let Some(child) = &mut child
            && let Some(status) = child.try_wait()?
        {
            bail!("cassandra ended with {status}:\n{}", tail(&node.log()));
        }
        ensure!(
            Instant::now() < deadline,
            "cassandra does not listen after {} s:\n{}",
            START_TIMEOUT.as_secs(),
            tail(&node.log())
        );
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}

fn check_java() -> Result<()> {
    let mut java = command("java");
    java.arg("-version");
    let output = crate::process::capture(&mut java)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let major = java_major(&text)
        .with_context(|| format!("no version in the output of {}: {text}", describe(&java)))?;
    ensure!(
        major == JAVA_MAJOR,
        "cassandra needs java {JAVA_MAJOR}, found {major}; on Debian: apt-get install openjdk-17-jre-headless"
    );
    Ok(())
}

/// `17` of a first line like `openjdk version "17.0.15" 2025-04-15`.
fn java_major(version: &str) -> Option<u32> {
    let quoted = version.split('"').nth(1)?;
    quoted.split(['.', '-', '+']).next()?.parse().ok()
}

/// The folder of jars, filled by Maven the first time; its name follows the pinned version.
fn fetch_jars() -> Result<PathBuf> {
    let pom = root().join("tools/cassandra/pom.xml");
    let text = fs::read_to_string(&pom).with_context(|| format!("{}", pom.display()))?;
    let version = pinned_version(&text)
        .with_context(|| format!("{}: no <version> after cassandra-all", pom.display()))?;
    let jars = target_dir().join(format!("cassandra-jars/{version}"));
    let complete = jars.join(".complete");
    if !complete.exists() {
        eprintln!("fetching the jars of Cassandra {version}");
        let mut mvn = command("mvn");
        mvn.args(["-q", "-B", "dependency:copy-dependencies", "-f"])
            .arg(&pom);
        mvn.arg(format!("-DoutputDirectory={}", jars.display()));
        read(&mut mvn).context("Maven could not fetch Cassandra")?;
        fs::write(complete, "")?;
    }
    Ok(jars)
}

fn pinned_version(pom: &str) -> Option<&str> {
    let (_, after) = pom.split_once("<artifactId>cassandra-all</artifactId>")?;
    let (_, after) = after.split_once("<version>")?;
    after
        .split_once("</version>")
        .map(|(version, _)| version.trim())
}

fn find_jar(jars: &Path, prefix: &str) -> Result<PathBuf> {
    for entry in fs::read_dir(jars)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            return Ok(entry.path());
        }
    }
    bail!(
        "no {prefix}*.jar in {}; remove that folder and start again",
        jars.display()
    )
}

fn write_config(node: &Node) -> Result<()> {
    let conf = node.home.join("conf");
    fs::create_dir_all(&conf).with_context(|| format!("{}", conf.display()))?;
    let storage_port = node
        .port
        .checked_add(1000)
        .context("--port: port + 1000 is taken too")?;
    let sources = root().join("tools/cassandra");
    let yaml = fs::read_to_string(sources.join("cassandra.yaml"))?
        .replace("@HOME@", &node.home.to_string_lossy())
        .replace("@STORAGE_PORT@", &storage_port.to_string())
        .replace("@PORT@", &node.port.to_string());
    fs::write(node.config(), yaml)?;
    fs::copy(sources.join("logback.xml"), conf.join("logback.xml"))?;
    Ok(())
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    format!(
        "{}\n(the whole log: {})",
        lines[lines.len().saturating_sub(20)..].join("\n"),
        log.display()
    )
}

#[cfg(test)]
mod tests {
    use super::{java_major, pinned_version, root};

    #[test]
    fn version_of_java_is_read_from_its_first_line() {
        assert_eq!(
            java_major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK"),
            Some(17)
        );
        assert_eq!(java_major("openjdk version \"21-ea\" 2023"), Some(21));
        assert_eq!(java_major("command not found"), None);
    }

    #[test]
    fn pom_pins_cassandra() {
        let pom = std::fs::read_to_string(root().join("tools/cassandra/pom.xml")).unwrap();
        assert_eq!(pinned_version(&pom), Some("5.0.5"));
        assert_eq!(pinned_version("<version>1</version>"), None);
    }
}
