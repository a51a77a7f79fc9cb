//! The settings file, its example, and what is said about mistakes in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};

/// What stands above the settings in the example.
pub const EXAMPLE_HEAD: &str = "\
# The settings of `chappe serve --config FILE`. Every line shows the value that holds when it is left
# out; lines that begin with `# name =` have none. Arguments of the command line win over this file.
";

/// Declares a table of settings: for each its documentation, type, default value and, when it has
/// no default, an example.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        struct $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr $(, example $example:literal)?; )*
        }
        $( tables { $( $table:ident: $table_type:ty, )* } )?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
            $($(
                #[doc = concat!("The table `", stringify!($table), "`.")]
                pub $table: $table_type,
            )*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $default, )*
                    $($( $table: <$table_type>::default(), )*)?
                }
            }
        }

        impl Described for $name {
            fn describe(&self, out: &mut String) {
                $(
                    out.push('\n');
                    $( out.push_str(concat!("#", $doc, "\n")); )+
                    let example: Option<&str> = None $(.or(Some($example)))?;
                    line(stringify!($field), &self.$field, example, out);
                )*
                $($(
                    out.push('\n');
                    <$table_type>::about(out);
                    out.push_str(concat!("[", stringify!($table), "]\n"));
                    self.$table.describe(out);
                )*)?
            }

            fn about(out: &mut String) {
                $( out.push_str(concat!("#", $about, "\n")); )+
            }
        }
    };
}

trait Described {
    /// Writes each setting with its documentation.
    fn describe(&self, out: &mut String);
    /// Writes what the table is for.
    fn about(out: &mut String);
}

fn line(name: &str, value: &impl Serialize, example: Option<&str>, out: &mut String) {
    use std::fmt::Write as _;
    let _ = match (toml::Value::try_from(value), example) {
        (Ok(value), None) => writeln!(out, "{name} = {value}"),
        (_, Some(example)) => writeln!(out, "# {name} = {example}"),
        (Err(_), None) => writeln!(out, "# {name} ="),
    };
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object for each line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// Where rows are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In the data folder.
    #[default]
    Embedded,
    /// In memory: gone with the process, the bytes of files too.
    Memory,
    /// In ScyllaDB or Cassandra.
    Cql,
}

settings! {
    /// All settings.
    struct Config {
        /// The folder with everything that must not be lost: store, files, keys, secrets.
        data: PathBuf = "chappe-data".into();
        /// Where clients connect, with any transport: TCP, WebSocket, HTTP.
        listen: SocketAddr = SocketAddr::from(([0, 0, 0, 0], 10_443));
        /// The address that clients are told to connect to: a literal IP address and the port. Without
        /// it, the address of the network interface.
        advertise: Option<SocketAddr> = None, example "\"203.0.113.7:10443\"";
        /// The number of the data centre that the server says it is.
        dc: i32 = 2;
        /// The short name of a set of stickers that reactions are drawn with: for each emoji a WebP
        /// and an animation. Make the set before it is named here: a name goes to whoever comes
        /// first. Without a set official clients offer no reactions.
        reaction_set: Option<String> = None, example "\"reactions\"";
        /// Secrets of MTProto proxies, in hex or base64, with which clients are accepted as if they
        /// came through such a proxy; with `ee` and a domain: inside what looks like TLS.
        proxy_secrets: Vec<String> = Vec::new();
        /// Whether clients must use one of the secrets.
        proxy_secret_required: bool = false;
        /// How long running calls may take when the server is asked to stop, milliseconds.
        grace_ms: u64 = 10_000;
    }
    tables {
        admin: Admin,
        calls: Calls,
        cql: Cql,
        limits: Limits,
        log: Log,
        login: Login,
        s3: S3,
        store: Store,
    }
}

settings! {
    /// What carries the media of calls. The server itself only brings people together.
    struct Calls {
        /// A STUN and TURN server: a literal IP address and the port.
        relay: Option<SocketAddr> = None, example "\"203.0.113.7:3478\"";
        /// The secret that it shares with this server, for passwords of limited time. Without it the
        /// relay only tells clients their address (STUN).
        relay_secret: Option<String> = None, example "\"…\"";
    }
}

settings! {
    /// Health, metrics, backup: HTTP for the operator alone, never for the world.
    struct Admin {
        /// Where. Without it there is none.
        listen: Option<SocketAddr> = None, example "\"127.0.0.1:10444\"";
    }
}

settings! {
    /// ScyllaDB or Cassandra, for `store.kind = "cql"`; needs a program built with the feature `cql`.
    struct Cql {
        /// Addresses to begin with, `host:port`.
        nodes: Vec<String> = Vec::new();
        /// The keyspace. It is created when it is not there.
        keyspace: String = "chappe".into();
        /// How a new keyspace is replicated, in CQL.
        replication: String = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 3}".into();
        /// The data centre whose nodes are used.
        datacenter: Option<String> = None, example "\"eu-1\"";
        /// The user, when the cluster asks for one.
        user: Option<String> = None, example "\"chappe\"";
        /// The password; better in the environment, as `CHAPPE_CQL_PASSWORD`.
        password: Option<String> = None, example "\"…\"";
    }
}

settings! {
    /// Everything that is bounded.
    struct Limits {
        /// Open connections.
        connections: usize = defaults().connections_max;
        /// Open connections from one address.
        connections_per_address: u32 = defaults().connections_per_address_max;
        /// Key exchanges that one address may begin in a minute.
        handshakes_per_address_and_minute: u32 = defaults().handshakes_per_address_and_minute;
        /// Steps of key exchanges that wait for a thread; beyond them clients are told -429.
        handshakes_waiting: usize = defaults().handshakes_waiting_max;
        /// Threads for key exchanges.
        handshake_threads: usize = defaults().handshake_threads;
        /// Calls that run at once for one session.
        calls_per_session: usize = defaults().calls_per_session_max;
        /// Calls of one key in a second, over a longer time; beyond them FLOOD_WAIT_X.
        calls_per_key_and_second: u32 = defaults().calls_per_key_and_second;
        /// Calls of one key at once, before that rate is enforced.
        calls_burst: u32 = defaults().calls_burst;
        /// Bytes that may wait for one session; beyond them it is given up.
        session_inbox_bytes: usize = defaults().inbox_bytes_max;
        /// How long a session is kept without a connection, milliseconds.
        session_life_ms: u64 = defaults().session_life_ms;
        /// Sessions of one key; beyond them those without a connection go, the oldest first.
        sessions_per_key: usize = defaults().sessions_per_key_max;
        /// Sessions kept without a connection.
        detached_sessions: usize = defaults().detached_sessions_max;
        /// Bytes that sessions without a connection may hold together.
        detached_bytes: usize = defaults().detached_bytes_max;
        /// How long a client may not read before its connection is closed, milliseconds.
        slow_reader_ms: u64 = defaults().slow_reader_ms;
        /// Whether connections from this machine itself are not limited.
        loopback_is_unlimited: bool = defaults().loopback_is_unlimited;
    }
}

settings! {
    /// What is written to stderr.
    struct Log {
        /// What is logged, as `target=level,…`. The environment variable `CHAPPE_LOG` wins.
        filter: String = "info".into();
        /// "text" or "json".
        format: LogFormat = LogFormat::Text;
    }
}

settings! {
    /// Login codes.
    struct Login {
        /// Where codes for people without another device are posted to, as JSON: `{"phone": "…",
        /// "code": "…", "expires_at": unix seconds}`; any answer 2xx means that it is on its way.
        /// `http:` or `https:`; certificates are judged by what this machine trusts.
        webhook: Option<String> = None, example "\"https://codes.example.org/code\"";
        /// How long one attempt may take, milliseconds.
        webhook_timeout_ms: u64 = 5_000;
        /// How often it is tried, with growing pauses.
        webhook_attempts: u32 = 4;
        /// One code that is accepted for every number, and none is sent: anybody can be anybody. For
        /// tests.
        fixed_code: Option<String> = None, example "\"12345\"";
    }
}

settings! {
    /// A bucket of S3, or of something that speaks like it, for the bytes of files; needs a program
    /// built with the feature `s3`. What is not said here is taken from the environment, as
    /// `AWS_ACCESS_KEY_ID` and so on.
    struct S3 {
        /// The bucket. Without it files are in the data folder.
        bucket: Option<String> = None, example "\"chappe-files\"";
        /// Where it is.
        region: Option<String> = None, example "\"eu-central-1\"";
        /// The URL of another service than Amazon's.
        endpoint: Option<String> = None, example "\"https://s3.example.org\"";
        /// Whether that URL may be plain `http:`.
        allow_http: bool = false;
        /// The key's id.
        access_key_id: Option<String> = None, example "\"…\"";
        /// The key; better in the environment, as `AWS_SECRET_ACCESS_KEY`.
        secret_access_key: Option<String> = None, example "\"…\"";
    }
}

settings! {
    /// Where everything but the bytes of files is kept.
    struct Store {
        /// "embedded": in the data folder; "cql": in the cluster that `[cql]` names; "memory": gone with
        /// the process, the bytes of files too.
        kind: StoreKind = StoreKind::Embedded;
        /// Of "embedded": pages kept in memory, MiB.
        cache_mib: usize = 128;
        /// Of "embedded": rows on their way to the tables kept in memory, MiB; about twice as much when busy.
        overlay_mib: usize = 64;
        /// Of "embedded": threads that read.
        readers: usize = 2;
    }
}

fn defaults() -> gateway::Limits {
    gateway::Limits::default()
}

impl Calls {
    /// The relay, if there is one.
    pub(crate) fn relay(&self) -> Option<services::Relay> {
        self.relay.map(|address| services::Relay {
            address,
            secret: self.relay_secret.clone(),
        })
    }
}

impl Limits {
    /// As the gateway takes them.
    pub(crate) fn for_gateway(&self, grace_ms: u64) -> gateway::Limits {
        gateway::Limits {
            connections_max: self.connections,
            connections_per_address_max: self.connections_per_address,
            handshakes_per_address_and_minute: self.handshakes_per_address_and_minute,
            handshakes_waiting_max: self.handshakes_waiting,
            handshake_threads: self.handshake_threads,
            calls_per_session_max: self.calls_per_session,
            calls_per_key_and_second: self.calls_per_key_and_second,
            calls_burst: self.calls_burst,
            inbox_bytes_max: self.session_inbox_bytes,
            session_life_ms: self.session_life_ms,
            sessions_per_key_max: self.sessions_per_key,
            detached_sessions_max: self.detached_sessions,
            detached_bytes_max: self.detached_bytes,
            slow_reader_ms: self.slow_reader_ms,
            grace_ms,
            loopback_is_unlimited: self.loopback_is_unlimited,
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is wrong: the error names line, setting and, for an unknown one, the
    /// nearest known name.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    /// From the text of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let mut said = error.to_string();
            if let Some(name) = nearest(error.message()) {
                said.push_str(&format!("did you mean `{name}`?"));
            }
            anyhow!(said)
        })
    }
}

/// The known name that is most like the unknown one, from serde's "unknown field `a`, expected one
/// of `b`, `c`".
fn nearest(message: &str) -> Option<&str> {
    let mut quoted = message
        .strip_prefix("unknown field")?
        .split('`')
        .skip(1)
        .step_by(2);
    let unknown = quoted.next()?;
    quoted
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len() / 2)
        .map(|(_, name)| name)
}

/// All settings with their documentation and defaults.
#[must_use]
pub fn example() -> String {
    let mut out = EXAMPLE_HEAD.to_owned();
    Config::default().describe(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_says_what_holds_without_it() {
        assert_eq!(Config::parse(&example()).unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_setting_is_named_with_the_nearest_known() {
        let error = Config::parse("[limits]\nconections = 5\n").unwrap_err();
        let said = error.to_string();
        assert!(said.contains("line 2"), "{said}");
        assert!(said.ends_with("did you mean `connections`?"), "{said}");
        let error = Config::parse("zzz = 5\n").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
