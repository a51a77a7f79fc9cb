//! `cargo xtask`: the project's own commands. This file only parses; each command is a module.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on standard output"
)]

mod bench;
mod bindings;
mod cassandra;
mod ci;
mod codegen;
mod fuzz;
mod interop;
mod process;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let flags = flags::Xtask::from_env_or_exit();
    match dispatch(flags.subcommand) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: flags::XtaskCmd) -> Result<()> {
    use flags::{BenchCmd, CassandraCmd, InteropCmd, XtaskCmd};
    match command {
        XtaskCmd::Bindings(_) => {
            use bindings::Language::{Kotlin, Python, Swift};
            for language in [Kotlin, Python, Swift] {
                println!("{}", bindings::generate(language)?.display());
            }
            Ok(())
        }
        XtaskCmd::Bench(bench) => match bench.subcommand {
            BenchCmd::Report(report) => bench::report(&bench::Options {
                seconds: report.seconds.unwrap_or(5),
                connections: report.connections.unwrap_or(10_000),
                members: report.members.unwrap_or(199),
            }),
        },
        XtaskCmd::Cassandra(cassandra) => match cassandra.subcommand {
            CassandraCmd::Up(up) => {
                cassandra::up(&cassandra::Node::new(up.port, up.home)).map(drop)
            }
            CassandraCmd::Down(down) => cassandra::down(&cassandra::Node::new(None, down.home)),
        },
        XtaskCmd::Codegen(flags) => codegen::codegen(flags.check),
        XtaskCmd::Ci(flags) => ci::ci(flags.fast),
        XtaskCmd::Fuzz(flags) => fuzz::fuzz(&fuzz::Options {
            targets: flags.target,
            seconds: flags.seconds,
            minimise: flags.minimise,
        }),
        XtaskCmd::Interop(interop) => match interop.subcommand {
            InteropCmd::Smoke(smoke) => interop::smoke::smoke(&interop::smoke::Options {
                clients: smoke.client,
                runs: smoke.runs.unwrap_or(1),
                store: smoke.store.unwrap_or_else(|| "embedded".into()),
                cql: interop::smoke::cql_node(),
                release: smoke.release,
            }),
            InteropCmd::Tl(tl) => interop::tl::run(&interop::tl::Options {
                libraries: tl.library,
                seed: tl.seed,
                count: tl.count,
                values: tl.values,
            }),
        },
        XtaskCmd::Tidy(_) => tidy::tidy(),
    }
}

mod flags {
    #![allow(missing_docs, unreachable_pub, reason = "written by the macro")]
    use std::path::PathBuf;

    xflags::xflags! {
        /// The project's own commands.
        cmd xtask {
            /// Measurements.
            cmd bench {
                /// Runs those that have a bar and writes docs/benchmarks.md and docs/benchmarks/.
                cmd report {
                    /// Of each run of chappe-load (default 5).
                    optional --seconds seconds: u32
                    /// Idle connections (default 10000).
                    optional --connections connections: u32
                    /// Members of the group (default 199).
                    optional --members members: u32
                }
            }
            /// Kotlin, Python and Swift for crates/client-ffi, below target/bindings.
            cmd bindings {}
            /// A one-node Apache Cassandra on loopback, for the CQL tests.
            cmd cassandra {
                /// Starts it, or says where it already listens. Needs java 17 and mvn.
                cmd up {
                    /// CQL port (default 9042); port + 1000 is taken too.
                    optional --port port: u16
                    /// Folder for data, log and pid (default target/cassandra).
                    optional --home home: PathBuf
                }
                /// Stops it; its data stay.
                cmd down {
                    /// Folder that `up` was given (default target/cassandra).
                    optional --home home: PathBuf
                }
            }
            /// Every check that CI makes, in its order.
            cmd ci {
                /// Without benches, services and foreign clients.
                optional --fast
            }
            /// Generates crates/tl-api from the schema.
            cmd codegen {
                /// Writes nothing; fails if a file is stale and names it.
                optional --check
            }
            /// Runs the fuzz targets on nightly.
            cmd fuzz {
                /// Names of targets (default: all).
                repeated target: String
                /// For each target (default 60).
                optional --seconds seconds: u64
                /// Afterwards keeps in fuzz/corpus/ only the inputs that add coverage.
                optional --minimise
            }
            /// Unmodified implementations of other people against ours.
            cmd interop {
                /// They sign up on a server of ours, chat and share files.
                default cmd smoke {
                    /// telethon, kurigram, pyrogram, gramjs, mtcute, grammers, tdlib, sdk, ffi, or together for all
                    /// of them in one group (default: all, and then together).
                    repeated client: String
                    /// How often each runs (default 1).
                    optional --runs runs: u32
                    /// embedded, memory or cql (default embedded); cql takes CHAPPE_CQL.
                    optional --store store: String
                    /// Builds the server with optimisation.
                    optional --release
                }
                /// They re-encode random values of ours, each at its own layer.
                cmd tl {
                    /// telethon, kurigram, pyrogram, gramjs, mtcute (default: all).
                    repeated library: String
                    /// Seed of the values (default 7).
                    optional --seed seed: u64
                    /// Values of each name (default 3).
                    optional --count count: u32
                    /// Takes the values from a file of an earlier run.
                    optional --values values: PathBuf
                }
            }
            /// Checks the invariants and the style that a machine can check.
            cmd tidy {}
        }
    }
}
