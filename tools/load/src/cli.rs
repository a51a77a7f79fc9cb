//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Parser, ValueEnum};
use mtproto_core::crypto::RsaPublicKey;
use mtproto_core::transport::{ClientTransportConfig, FrameKind, ProxySecret};
use tl_api::NEWEST_LAYER;

use crate::link::Endpoint;
use crate::meter::Bounds;
use crate::progress::Progress;
use crate::scenario::Scenario;
use crate::server::{OwnServer, Process, Start, find_program};
use crate::{Run, Target};

/// Puts load on a server that speaks MTProto and the Telegram API, and says what it costs.
///
/// With `--serve auto` it starts a server of its own; otherwise `--address` and `--key` name one
/// that accepts a fixed login code (`chappe serve --dev`). Its CPU and memory are read from `/proc`
/// when it runs on this machine.
#[derive(Debug, Parser)]
#[command(name = "chappe-load", version)]
pub struct Cli {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How long.
    #[command(flatten)]
    pub bounds: BoundArgs,
    /// What comes out.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What is done.
    #[command(subcommand)]
    pub scenario: Scenario,
}

/// Framings.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Framing {
    /// Length in words.
    Abridged,
    /// With checksums.
    Full,
    /// Four bytes of length.
    Intermediate,
    /// With random bytes behind.
    Padded,
}

/// The server and how to talk to it.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The address of a server that runs.
    #[arg(long, global = true, conflicts_with = "serve")]
    pub address: Option<SocketAddr>,
    /// Its public key, PKCS#1 in PEM.
    #[arg(long, global = true, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Its process [default: whoever listens on the port].
    #[arg(long, global = true)]
    pub pid: Option<u32>,
    /// Start a server: the path of `chappe`, or `auto` for the one beside this program.
    #[arg(long, global = true, value_name = "PATH|auto")]
    pub serve: Option<String>,
    /// The store of that server: `embedded` or `memory`.
    #[arg(long, global = true, default_value = "embedded")]
    pub store: String,
    /// The data folder of that server [default: a temporary one].
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The data centre.
    #[arg(long, global = true, default_value_t = 2)]
    pub dc: i32,
    /// The layer to speak, 133 to the newest.
    #[arg(long, global = true, default_value_t = NEWEST_LAYER)]
    pub layer: u16,
    /// The framing.
    #[arg(long, global = true, value_enum, default_value = "intermediate")]
    pub framing: Framing,
    /// Obfuscate.
    #[arg(long, global = true)]
    pub obfuscated: bool,
    /// The secret of an MTProto proxy.
    #[arg(long, global = true, value_name = "HEX")]
    pub secret: Option<String>,
    /// The login code that the server accepts for every number.
    #[arg(long, global = true, default_value = "12345")]
    pub code: String,
    /// Allow servers that are not on this machine.
    #[arg(long, global = true)]
    pub remote: bool,
    /// Keep accounts in this file for later runs against the same data.
    #[arg(long, global = true, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// The first phone number is 1888 and this, seven digits [default: random].
    #[arg(long, global = true)]
    pub first_number: Option<u64>,
}

/// How long it runs.
#[derive(Debug, Args)]
pub struct BoundArgs {
    /// Measure for so long, at most.
    #[arg(long, global = true, default_value_t = 5.0)]
    pub seconds: f64,
    /// Before that, do the same uncounted.
    #[arg(long, global = true, default_value_t = 1.0)]
    pub warm_up: f64,
    /// Measure so many operations, at most.
    #[arg(long, global = true)]
    pub count: Option<u64>,
    /// Threads of this program.
    #[arg(long, global = true, default_value_t = 1)]
    pub threads: usize,
}

/// What comes out.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Write SCENARIO.json, SCENARIO.md and SCENARIO.svg into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Call these files so, not after the scenario.
    #[arg(long, global = true)]
    pub name: Option<String>,
    /// Print JSON, not a table.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bar.
    #[arg(long, global = true)]
    pub quiet: bool,
}

impl Cli {
    /// Starts what has to be started.
    ///
    /// # Errors
    /// The server does not start, or what was given does not fit together.
    pub fn prepare(&self) -> Result<Run> {
        let seconds =
            |seconds: f64| Duration::try_from_secs_f64(seconds).context("a time that is no time");
        ensure!(self.bounds.threads > 0, "no threads, no load");
        Ok(Run {
            target: self.target.settle()?,
            bounds: Bounds {
                warm_up: seconds(self.bounds.warm_up)?,
                time: seconds(self.bounds.seconds)?,
                count: self.bounds.count,
            },
            progress: Progress::new(!self.output.quiet),
        })
    }
}

impl TargetArgs {
    fn settle(&self) -> Result<Target> {
        ensure!(
            (133..=NEWEST_LAYER).contains(&self.layer),
            "layers are 133 to {NEWEST_LAYER}"
        );
        let own = self.serve.as_deref().map(|program| self.start(program));
        let own = own.transpose()?;
        let (address, key) = match (&own, self.address, &self.key) {
            (Some(own), _, _) => (own.address, own.public_key()),
            (None, Some(address), Some(key)) => (address, key.clone()),
            (None, ..) => bail!("--serve auto, or --address and --key"),
        };
        ensure!(
            self.remote || address.ip().is_loopback(),
            "{address} is not on this machine: --remote, if you may"
        );
        let pem = std::fs::read_to_string(&key).with_context(|| key.display().to_string())?;
        let process = match (&own, self.pid) {
            (Some(own), _) => Some(own.process()),
            (None, Some(pid)) => Some(Process(pid)),
            (None, None) if address.ip().is_loopback() => Process::listening_on(address.port()),
            (None, None) => None,
        };
        Ok(Target {
            endpoint: Arc::new(Endpoint {
                address,
                keys: [RsaPublicKey::from_pkcs1_pem(&pem)?].into(),
                dc_id: self.dc,
                layer: self.layer,
                transport: self.transport()?,
                code: self.code.clone(),
            }),
            process,
            own,
            accounts: self.accounts.clone(),
            first_number: self
                .first_number
                .unwrap_or_else(|| rand::random_range(0..10_000_000)),
        })
    }

    fn start(&self, program: &str) -> Result<OwnServer> {
        OwnServer::start(Start {
            program: match program {
                "auto" => find_program()?,
                path => path.into(),
            },
            data: self.data.clone(),
            store: self.store.clone(),
            dc_id: self.dc,
            secret: self.secret.clone(),
        })
    }

    fn transport(&self) -> Result<ClientTransportConfig> {
        let kind = match self.framing {
            Framing::Abridged => FrameKind::Abridged,
            Framing::Full => FrameKind::Full,
            Framing::Intermediate => FrameKind::Intermediate,
            Framing::Padded => FrameKind::PaddedIntermediate,
        };
        Ok(ClientTransportConfig {
            kind,
            obfuscated: self.obfuscated || self.secret.is_some(),
            secret: self.secret.as_deref().map(ProxySecret::parse).transpose()?,
            dc_id: i16::try_from(self.dc)?,
        })
    }
}
