//! Commands and their arguments.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::config::{Config, LogFormat, StoreKind};
use crate::{folder, log, serve, upkeep};

/// A messaging server that speaks MTProto 2.0 and the Telegram API.
#[derive(Debug, Parser)]
#[command(name = "chappe", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(ServeArgs),
    /// Make an RSA key for a server; prints the public half.
    Keygen {
        /// The file of the private key; it must not exist.
        #[arg(long, default_value = folder::KEY_FILE)]
        out: PathBuf,
    },
    /// Copy everything that must not be lost into a new folder.
    Backup {
        /// The data folder of a server that does not run.
        #[arg(long, default_value = "chappe-data", conflicts_with = "admin")]
        data: PathBuf,
        /// The admin port of a server that runs: it makes the copy itself, so TO is a folder on its
        /// machine.
        #[arg(long)]
        admin: Option<SocketAddr>,
        /// The folder to be made.
        to: PathBuf,
    },
    /// Make a data folder out of a backup.
    Restore {
        /// The folder that `backup` has made.
        from: PathBuf,
        /// The data folder to be made.
        #[arg(long, default_value = "chappe-data")]
        data: PathBuf,
    },
    /// Read the whole store of a server that does not run, and say whether it is sound.
    Check {
        /// The data folder.
        #[arg(long, default_value = "chappe-data")]
        data: PathBuf,
    },
    /// Print all settings with their documentation and defaults.
    Config,
}

/// How to run the server. What is given here wins over the settings file.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// The folder with everything that must not be lost. [default: chappe-data; with --dev a
    /// temporary one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where clients connect. [default: 0.0.0.0:10443; with --dev 127.0.0.1:10443]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The address that clients are told to connect to.
    #[arg(long, value_name = "ADDR")]
    pub advertise: Option<SocketAddr>,
    /// The settings file; `chappe config` prints an example.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// For tests: any phone number is accepted with the code 12345, this machine is not limited.
    #[arg(long)]
    pub dev: bool,
    /// A secret with which clients are accepted as if they came through an MTProto proxy.
    #[arg(long, value_name = "HEX")]
    pub proxy_secret: Vec<String>,
    /// The port for health, metrics and backup.
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<SocketAddr>,
    /// Where everything but the bytes of files is kept.
    #[arg(long, value_enum)]
    pub store: Option<StoreKind>,
    /// The nodes of ScyllaDB or Cassandra to begin with; means --store cql.
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    pub cql: Vec<String>,
    /// Log one JSON object for each line.
    #[arg(long)]
    pub log_json: bool,
}

/// The login code that `--dev` accepts.
const DEV_CODE: &str = "12345";

impl ServeArgs {
    /// The settings file with what is given here laid over it; and the temporary data folder, if it
    /// shall be one.
    pub(crate) fn settle(self) -> Result<(Config, Option<tempfile::TempDir>)> {
        let mut config = match &self.config {
            Some(file) => Config::read(file)?,
            None if self.dev => Config {
                listen: SocketAddr::from(([127, 0, 0, 1], 10_443)),
                ..Config::default()
            },
            None => Config::default(),
        };
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        config.advertise = self.advertise.or(config.advertise);
        config.admin.listen = self.admin.or(config.admin.listen);
        config.proxy_secrets.extend(self.proxy_secret);
        if !self.cql.is_empty() {
            config.cql.nodes = self.cql;
            config.store.kind = StoreKind::Cql;
        }
        if let Some(kind) = self.store {
            config.store.kind = kind;
        }
        if self.log_json {
            config.log.format = LogFormat::Json;
        }
        if let Ok(password) = std::env::var("CHAPPE_CQL_PASSWORD") {
            config.cql.password = Some(password);
        }
        if self.dev {
            config
                .login
                .fixed_code
                .get_or_insert_with(|| DEV_CODE.into());
            config.limits.loopback_is_unlimited = true;
        }
        let mut temporary = None;
        if let Some(data) = self.data {
            config.data = data;
        } else if self.dev && self.config.is_none() {
            let folder = tempfile::Builder::new().prefix("chappe-").tempdir()?;
            folder.path().clone_into(&mut config.data);
            temporary = Some(folder);
        }
        Ok((config, temporary))
    }
}

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Serve(args) => {
            let (config, _temporary) = args.settle()?;
            log::start(&config.log.filter, config.log.format)?;
            runtime()?.block_on(serve::run(config))
        }
        Command::Keygen { out } => {
            if out.exists() {
                bail!("{} exists already", out.display());
            }
            let key = folder::make_key(&out)?;
            say(key.public().to_pkcs1_pem()?.trim_end());
            Ok(())
        }
        Command::Backup {
            admin: Some(admin),
            to,
            ..
        } => {
            let to = std::path::absolute(to)?;
            runtime()?.block_on(upkeep::ask_for_backup(admin, &to))
        }
        Command::Backup { data, to, .. } => runtime()?.block_on(upkeep::backup_closed(&data, &to)),
        Command::Restore { from, data } => upkeep::restore(&from, &data),
        Command::Check { data } => {
            say(&upkeep::check(&data)?);
            Ok(())
        }
        Command::Config => {
            say(crate::config::example().trim_end());
            Ok(())
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")
}

/// The answer of a command.
pub(crate) fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // Whoever asked has gone away: nothing to be done.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
