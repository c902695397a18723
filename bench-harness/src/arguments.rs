//! The command line.

use crate::compare::CompareArguments;
use crate::kernels::KernelsArguments;
use crate::page::PageArguments;
use crate::peers::PeersArguments;
use crate::reader::ReaderArguments;
use crate::run::KeepUntil;
use crate::search::SearchArguments;
use crate::stages::StagesArguments;
use crate::workload::Kind;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Loads a Lakehead engine with rows, and counts what became of them.
#[derive(Debug, Parser)]
#[command(name = "lakehead-bench", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send rows, wait until they are committed, read the table back, report.
    ///
    /// Exits with 0 when every row is in the table exactly once, with 1 when one is not, and with 2 when the run could
    /// not be made.
    #[command(args_override_self = true)]
    Run(Box<RunArguments>),
    /// Find the highest rate at which a latency stays below a bound, by short open-loop runs.
    ///
    /// Exits with 0 when there is one, with 1 when there is none or rows were lost, and with 2 when no run could be made.
    #[command(args_override_self = true)]
    Search(Box<SearchArguments>),
    /// Make one HTML page of result files.
    Report(PageArguments),
    /// Write the rows that a run with one connection would send to an Arrow IPC file.
    Generate(GenerateArguments),
    /// Measure what the Rust client does with rows and batches before they go to the network, on one core.
    Client(ClientArguments),
    /// Take rows in and forget them, as a server without an engine: shows what the generator can do.
    Sink(SinkArguments),
    /// Tell when which rows can be read from a table; started by run --queryable.
    #[command(hide = true)]
    Reader(ReaderArguments),
    /// Measure each stage of a row's path alone on one core, and their sum: the least that the engine could spend.
    Stages(StagesArguments),
    /// Compare two engines, or two configurations of one, in turns under the same load.
    ///
    /// Exits with 0 when B is no worse than A, with 1 when it is worse by more than the tolerance and in every pair of turns,
    /// and with 2 when they could not be compared.
    Compare(Box<CompareArguments>),
    /// Compare the engine with what writes the same rows in process: delta-rs, pyarrow, DuckDB. In turns.
    ///
    /// Exits with 0 when all were measured, with 3 when some are not installed, and with 2 when nothing could be compared.
    Peers(PeersArguments),
    /// Go through one hot path, for who counts its instructions.
    #[command(hide = true)]
    Kernels(KernelsArguments),
}

#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// A TOML file with options by their names; what is given beside it holds against it.
    #[arg(long)]
    pub scenario: Option<PathBuf>,
    /// The engine, as address:port.
    #[arg(long)]
    pub server: SocketAddr,
    #[arg(long, value_enum, default_value = "telemetry")]
    pub workload: Kind,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=500_000))]
    pub connections: u32,
    /// MB of rows a second over all connections (open loop), or "max" (closed loop: rates are comparable, latencies are not).
    #[arg(long, default_value = "100")]
    pub rate: Rate,
    /// MB of rows a second of each connection instead.
    #[arg(long, overrides_with = "rate", value_parser = positive)]
    pub rate_per_connection: Option<f64>,
    /// Seconds to send for.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    pub duration: f64,
    /// Send exactly this many rows instead.
    #[arg(long, overrides_with = "duration")]
    pub rows: Option<u64>,
    /// Make all batches before the first is sent; they are held in memory. Needs --rows.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub prepared: bool,
    /// Seconds whose latencies are left out [default: a tenth of the duration, at most 2].
    #[arg(long)]
    pub warm_up: Option<f64>,
    /// The table's name [default: bench_, the workload's name, and the time].
    #[arg(long)]
    pub table: Option<String>,
    /// Rows of a batch [default: as fits the workload].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_rows: Option<u32>,
    /// Send strings as keys into dictionaries. Rows and their bytes count as if they were plain.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub dictionaries: bool,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Tell the engine the streams' names, so that they survive a lost connection.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub named: bool,
    /// Begins the streams' names [default: bench- and the time].
    #[arg(long)]
    pub stream_prefix: Option<String>,
    /// Until when clients keep rows for sending again.
    #[arg(long, value_enum, default_value = "committed")]
    pub keep: KeepUntil,
    /// MB of sent rows that are kept at most, over all connections. Bounds the rate: what is committed a second later has to
    /// be kept for a second, if it is kept until then.
    #[arg(long, default_value_t = 2_048)]
    pub memory: usize,
    /// Threads of the generator.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// The engine's data directory, where the table is read back from.
    #[arg(long, required_unless_present_any = ["table_path", "no_read_back"])]
    pub data_dir: Option<PathBuf>,
    /// The table's own directory, if it is not tables/NAME in the data directory.
    #[arg(long)]
    pub table_path: Option<PathBuf>,
    /// Have a process of its own read the table while it grows, and measure when each batch could be read. Costs CPU time.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub queryable: bool,
    /// Milliseconds between two looks of that reader.
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    pub queryable_poll_ms: f64,
    /// A folder on the engine's disk: what a write and fdatasync of a block alone take there is measured during the run.
    #[arg(long)]
    pub sync_probe: Option<PathBuf>,
    /// KiB of such a block.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(4..=16_384))]
    pub sync_probe_kib: u32,
    /// Trust the acks alone.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(
        default_value_t = false,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub no_read_back: bool,
    /// The engine's process [default: the one that listens on the server's port of this machine].
    #[arg(long)]
    pub engine_pid: Option<u32>,
    /// Where to write the whole report.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct GenerateArguments {
    #[arg(long, value_enum, default_value = "telemetry")]
    pub workload: Kind,
    #[arg(long)]
    pub rows: u64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[arg(long)]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct SinkArguments {
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

#[derive(Debug, Args)]
pub struct ClientArguments {
    /// Seconds for each of the paths.
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub seconds: f64,
    /// Rows of a batch [default: as fits the workload].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_rows: Option<u32>,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to write the figures.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// How much to offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    MegabytesPerSecond(f64),
    Max,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        positive(text).map(Self::MegabytesPerSecond).map_err(|reason| format!("{reason}, or max"))
    }
}

/// A number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a number above 0".to_owned()),
    }
}
