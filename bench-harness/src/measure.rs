//! One `run` of the command line, from arguments to report.

use crate::arguments::{Rate, RunArguments};
use crate::readback::{ReadError, Readback, ReplayError, RowNames, SentStream, TableFiles};
use crate::report::{
    Configuration, Cost, Counts, Lateness, Machine, Meter, Observed, ReadCounts, Report, Throughput, Validity,
    git_revision, listening_process,
};
use crate::run::{Extent, Load, LoadError, Loaded, Pace, Plan, clock};
use crate::workload::{Kind, Workload, row_bytes};
use arrow::error::ArrowError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io, process};

/// Rows from which the size of a row is taken, to turn MB/s into batches.
const SAMPLE_ROWS: usize = 8_192;
const WARM_UP_SHARE: f64 = 0.1;
const WARM_UP_SECONDS_MAX: f64 = 2.0;
const REPORT_FORMAT: u32 = 1;

/// Why no run was made, or none that can be reported.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error("cannot make rows: {0}")]
    Workload(#[from] ArrowError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("cannot count the table's files: {0}")]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("cannot measure a process: {0}")]
    Process(String),
    #[error("cannot start the generator's threads: {0}")]
    Runtime(#[from] io::Error),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Makes the run, and writes its report where that was asked for.
pub fn measure(arguments: &RunArguments) -> Result<Report, MeasureError> {
    let started_unix_ms = clock::unix_milliseconds();
    let plan = plan(arguments, started_unix_ms)?;
    let configuration = configuration(arguments, &plan);
    let table_path = table_path(arguments, &plan.table);
    let before = table_path.as_deref().map(TableFiles::replay).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("generator")
        .worker_threads(arguments.threads.into())
        .enable_all()
        .build()?;

    let load = runtime.block_on(Load::open(plan.clone()))?;
    let engine = arguments.engine_pid.or_else(|| listening_process(arguments.server)).map(Meter::start).transpose();
    let engine = engine.map_err(|error| MeasureError::Process(error.to_string()))?;
    let generator = Meter::start(process::id()).map_err(|error| MeasureError::Process(error.to_string()))?;
    let loaded = runtime.block_on(load.run())?;
    let row_bytes = loaded.connections.iter().map(|connection| connection.sent.row_bytes).sum();
    let engine = engine.map(|meter| cost(meter, row_bytes)).transpose()?;
    let generator = cost(generator, row_bytes)?;

    let read_back = match (table_path, before) {
        (Some(path), Some(before)) => Some(read_back(plan.workload.kind(), &path, &before, &loaded)?),
        _ => None,
    };
    let report = Report {
        format: REPORT_FORMAT,
        started_unix_ms,
        command: env::args().collect(),
        git_revision: git_revision(),
        machine: Machine::here(),
        configuration,
        validity: validity(&plan, &loaded),
        throughput: throughput(&loaded, row_bytes),
        rows: counts(&loaded, read_back),
        committed_latency: loaded.latencies.summary(),
        lateness: matches!(plan.pace, Pace::OpenLoop { .. }).then(|| lateness(&loaded)),
        engine,
        generator,
        failures: failures(&loaded),
        seconds: loaded.seconds,
    };
    if let Some(path) = &arguments.json {
        write(&report, path).map_err(|source| MeasureError::Write { path: path.clone(), source })?;
    }
    Ok(report)
}

fn plan(arguments: &RunArguments, started_unix_ms: u64) -> Result<Plan, ArrowError> {
    let kind = arguments.workload;
    let batch_rows = arguments.batch_rows.map_or(kind.batch_rows(), |rows| rows as usize);
    let workload = Workload::new(kind, arguments.seed, batch_rows.max(SAMPLE_ROWS))?;
    let extent = match arguments.rows {
        Some(rows) => Extent::Rows(rows),
        None => Extent::Time(Duration::from_secs_f64(arguments.duration)),
    };
    let warm_up = match (arguments.warm_up, extent) {
        (Some(seconds), _) => Duration::from_secs_f64(seconds.max(0.0)),
        (None, Extent::Time(time)) => time.mul_f64(WARM_UP_SHARE).min(Duration::from_secs_f64(WARM_UP_SECONDS_MAX)),
        (None, Extent::Rows(_)) => Duration::ZERO,
    };
    let stream_prefix = arguments.stream_prefix.clone().unwrap_or_else(|| format!("bench-{started_unix_ms:x}"));
    let pace = match arguments.rate {
        Rate::Max => Pace::ClosedLoop,
        Rate::MegabytesPerSecond(rate) => {
            let sample = workload.batch(0, &stream_prefix, 0, SAMPLE_ROWS)?;
            let batch_bytes = row_bytes(&sample)? as f64 / SAMPLE_ROWS as f64 * batch_rows as f64;
            Pace::OpenLoop { batches_per_second: rate * 1e6 / batch_bytes }
        }
    };
    let connections = arguments.connections as usize;
    Ok(Plan {
        server: arguments.server.to_string(),
        table: arguments
            .table
            .clone()
            .unwrap_or_else(|| format!("bench_{}_{started_unix_ms}", kind.name().replace('-', "_"))),
        workload: Arc::new(workload),
        connections,
        pace,
        extent,
        batch_rows,
        warm_up,
        named: arguments.named,
        stream_prefix,
        stream_memory_bytes_max: (arguments.memory << 20) / connections,
        prepared: arguments.prepared,
    })
}

/// Tables lie below the data directory, a folder for each part of the name.
fn table_path(arguments: &RunArguments, table: &str) -> Option<PathBuf> {
    let named = || {
        let tables = arguments.data_dir.as_ref()?.join("tables");
        Some(table.split('.').fold(tables, |path, part| path.join(part)))
    };
    (!arguments.no_read_back).then(|| arguments.table_path.clone().or_else(named)).flatten()
}

fn read_back(
    kind: Kind,
    table: &std::path::Path,
    before: &TableFiles,
    loaded: &Loaded,
) -> Result<ReadCounts, MeasureError> {
    let names = match kind {
        Kind::TelemetryVerified => RowNames::StreamAndSeq,
        Kind::Telemetry | Kind::Events1k | Kind::Wide | Kind::Tiny => RowNames::Timestamp,
    };
    let sent = |connection: &crate::run::Connection| SentStream {
        name: connection.name.clone(),
        sent: connection.sent.rows,
        committed: connection.rows_committed,
    };
    let streams: Vec<_> = loaded.connections.iter().map(sent).collect();
    let after = TableFiles::replay(table)?;
    let files = after.files_since(before);
    let mut readback = Readback::new(names, &streams);
    let mut file_bytes = 0;
    for file in &files {
        readback.read(file)?;
        file_bytes += fs::metadata(file).map_or(0, |metadata| metadata.len());
    }
    Ok(ReadCounts::new(names, after.version, files.len(), file_bytes, &readback.finish()))
}

fn configuration(arguments: &RunArguments, plan: &Plan) -> Configuration {
    let open_loop = matches!(plan.pace, Pace::OpenLoop { .. });
    Configuration {
        workload: plan.workload.kind(),
        seed: arguments.seed,
        server: plan.server.clone(),
        table: plan.table.clone(),
        connections: plan.connections,
        named_streams: plan.named,
        batch_rows: plan.batch_rows,
        loop_kind: if open_loop { "open" } else { "closed" },
        rate_megabytes_per_second: match arguments.rate {
            Rate::MegabytesPerSecond(rate) => Some(rate),
            Rate::Max => None,
        },
        duration_seconds: match plan.extent {
            Extent::Time(time) => Some(time.as_secs_f64()),
            Extent::Rows(_) => None,
        },
        warm_up_seconds: plan.warm_up.as_secs_f64(),
        prepared: plan.prepared,
        stream_memory_bytes_max: plan.stream_memory_bytes_max,
        generator_threads: arguments.threads.into(),
    }
}

fn counts(loaded: &Loaded, read_back: Option<ReadCounts>) -> Counts {
    let sent = loaded.connections.iter().map(|connection| connection.sent.rows).sum();
    let committed = loaded.connections.iter().map(|connection| connection.rows_committed).sum();
    Counts::new(sent, committed, read_back)
}

fn throughput(loaded: &Loaded, row_bytes: u64) -> Throughput {
    let sent: u64 = loaded.connections.iter().map(|connection| connection.sent.rows).sum();
    let committed: u64 = loaded.connections.iter().map(|connection| connection.rows_committed).sum();
    let bytes_per_row = row_bytes as f64 / sent.max(1) as f64;
    let elapsed_seconds = loaded.elapsed.as_secs_f64();
    let rows_per_second = if committed == 0 { 0.0 } else { committed as f64 / elapsed_seconds };
    Throughput {
        elapsed_seconds,
        rows_per_second,
        megabytes_per_second: rows_per_second * bytes_per_row / 1e6,
        row_bytes,
        bytes_per_row,
    }
}

fn validity(plan: &Plan, loaded: &Loaded) -> Validity {
    if plan.pace == Pace::ClosedLoop {
        return Validity::Valid;
    }
    let pushed_back: f64 = loaded.connections.iter().map(|connection| connection.sent.pushed_back.as_secs_f64()).sum();
    let sending = match plan.extent {
        Extent::Time(time) => time.as_secs_f64(),
        Extent::Rows(_) => loaded.elapsed.as_secs_f64(),
    };
    Validity::of_open_loop(Observed {
        rows_sent: loaded.connections.iter().map(|connection| connection.sent.rows).sum(),
        rows_missed: loaded.connections.iter().map(|connection| connection.sent.rows_missed).sum(),
        lateness_p99_ms: loaded.lateness.quantile_ms(0.99),
        pushed_back_share: pushed_back / (sending * plan.connections as f64),
    })
}

fn lateness(loaded: &Loaded) -> Lateness {
    Lateness {
        p50_ms: loaded.lateness.quantile_ms(0.5),
        p99_ms: loaded.lateness.quantile_ms(0.99),
        max_ms: loaded.lateness.max_ms(),
    }
}

fn failures(loaded: &Loaded) -> Vec<(String, String)> {
    let failures = loaded.connections.iter().filter_map(|connection| {
        let failure = connection.sent.failure.clone()?;
        Some((connection.name.clone(), failure))
    });
    failures.collect()
}

fn cost(meter: Meter, row_bytes: u64) -> Result<Cost, MeasureError> {
    meter.stop(row_bytes).map_err(|error| MeasureError::Process(error.to_string()))
}

fn write(report: &Report, path: &std::path::Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report).map_err(io::Error::from)?;
    text.push('\n');
    fs::write(path, text)
}
