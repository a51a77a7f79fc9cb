//! What can be done to a server.

mod chat;
mod connection;
mod day;
mod file;
mod group;
mod history;
mod ping;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use crate::Run;
use crate::outcome::Outcome;

/// What is done.
#[derive(Clone, Debug, Subcommand)]
pub enum Scenario {
    /// Open connections with keys that the server knows, and have a first call answered on each.
    Connect(Connections),
    /// Many people who do now and then what people do: mostly write, also read, look, reconnect.
    Day(Day),
    /// Move files in parts of 512 KiB, and compare with what the cipher alone would take.
    File(File),
    /// Send to a group whose members are all connected; each member's copy is one delivery.
    Group(Group),
    /// Make keys, one after the other in so many connections.
    Handshake {
        /// Key exchanges at once.
        #[arg(long, default_value_t = 8)]
        at_once: usize,
    },
    /// Read pages of histories.
    History(History),
    /// Hold idle connections and see what memory each takes.
    Idle(Connections),
    /// Two people each, who write to each other.
    Pairs {
        /// So many pairs.
        #[arg(long, default_value_t = 50)]
        pairs: usize,
        /// Messages on their way in a pair: each that arrives is answered with another.
        #[arg(long, default_value_t = 1)]
        window: usize,
        /// Not so, but so many messages a second in all, whatever arrives.
        #[arg(long)]
        rate: Option<f64>,
    },
    /// Ping.
    Ping {
        /// Connections.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Pings at once in each, in packets of their own.
        #[arg(long, default_value_t = 16)]
        pipelined: usize,
        /// So many pings a second in all, not as many as can be.
        #[arg(long)]
        rate: Option<f64>,
    },
    /// Cut all connections at once, and connect all again with a first call.
    Reconnect(Connections),
}

/// Connections and the accounts that they belong to.
#[derive(Clone, Copy, Debug, Args)]
pub struct Connections {
    /// Connections.
    #[arg(long, default_value_t = 1000)]
    pub connections: usize,
    /// Accounts that they belong to, each with one key [default: 100, at least one for each 50].
    #[arg(long)]
    pub users: Option<usize>,
}

impl Connections {
    fn users(self) -> usize {
        let least = 100.max(self.connections.div_ceil(50));
        self.users
            .unwrap_or(least)
            .clamp(1, self.connections.max(1))
    }
}

/// A day.
#[derive(Clone, Copy, Debug, Args)]
pub struct Day {
    /// People.
    #[arg(long, default_value_t = 100)]
    pub users: usize,
    /// What all of them do in a second.
    #[arg(long, default_value_t = 500.0)]
    pub rate: f64,
}

/// Ways of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// From the server; each part is compared with what was sent.
    Down,
    /// To the server.
    Up,
}

/// Files.
#[derive(Clone, Copy, Debug, Args)]
pub struct File {
    /// Which way.
    #[arg(long, value_enum, default_value = "down")]
    pub direction: Direction,
    /// MiB of a file.
    #[arg(long, default_value_t = 64)]
    pub size_mib: usize,
    /// Parts on their way at once in a connection.
    #[arg(long, default_value_t = 4)]
    pub at_once: usize,
    /// Connections, each with a file of its own.
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
}

/// Histories.
#[derive(Clone, Copy, Debug, Args)]
pub struct History {
    /// Connections that read.
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Messages in each history.
    #[arg(long, default_value_t = 2000)]
    pub messages: usize,
    /// Messages in a page.
    #[arg(long, default_value_t = 50)]
    pub page: i32,
    /// So many pages a second in all, not as many as can be.
    #[arg(long)]
    pub rate: Option<f64>,
}

/// Kinds of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GroupKind {
    /// Up to 200 members; each has a copy of each message.
    Basic,
    /// A supergroup: one copy for all.
    Channel,
}

/// A group.
#[derive(Clone, Copy, Debug, Args)]
pub struct Group {
    /// Members who are connected, beside the one who sends.
    #[arg(long, default_value_t = 100)]
    pub members: usize,
    /// Its kind.
    #[arg(long, value_enum, default_value = "basic")]
    pub kind: GroupKind,
    /// Messages on their way at once.
    #[arg(long, default_value_t = 1)]
    pub window: usize,
    /// Not so, but so many messages a second, whatever arrives.
    #[arg(long)]
    pub rate: Option<f64>,
}

impl Scenario {
    /// Runs it.
    ///
    /// # Errors
    /// The server refuses what it needs.
    pub async fn run(&self, run: &mut Run) -> Result<Outcome> {
        match self {
            Self::Connect(connections) => connection::connect(run, *connections).await,
            Self::Day(day) => day::run(run, *day).await,
            Self::File(file) => file::run(run, *file).await,
            Self::Group(group) => group::run(run, *group).await,
            Self::Handshake { at_once } => connection::handshake(run, *at_once).await,
            Self::History(history) => history::run(run, *history).await,
            Self::Idle(connections) => connection::idle(run, *connections).await,
            Self::Pairs {
                pairs,
                window,
                rate,
            } => chat::run(run, *pairs, *window, *rate).await,
            Self::Ping {
                connections,
                pipelined,
                rate,
            } => ping::run(run, *connections, *pipelined, *rate).await,
            Self::Reconnect(connections) => connection::reconnect(run, *connections).await,
        }
    }
}
