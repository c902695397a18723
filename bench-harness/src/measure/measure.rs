use super::outcome;
use super::planned::{configuration, plan};
use super::table::{read_back, table_path};
use crate::arguments::RunArguments;
use crate::readback::{ReadError, ReplayError, TableFiles};
use crate::report::{Cost, Header, Meter, ProcessError, Processes, Report, Sampler, listening_process, warnings};
use crate::run::{Load, LoadError, Pace, QueryablePlan, clock};
use arrow::error::ArrowError;
use lakehead_engine::reactor::time_slice::ask_for_short_slices;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io, process};

/// Why no run was made, or none that can be reported.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error("--prepared makes batches before they are sent: say how many with --rows")]
    PreparedWithoutRows,
    #[error("--queryable reads the table: say where it is with --data-dir or --table-path")]
    QueryableWithoutTable,
    #[error("cannot make rows: {0}")]
    Workload(#[from] ArrowError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("cannot count the table's files: {0}")]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("cannot measure a process: {0}")]
    Process(#[from] ProcessError),
    #[error("cannot start the generator's threads: {0}")]
    Runtime(#[from] io::Error),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
}

/// Makes the run, and writes its report where that was asked for.
pub fn measure(arguments: &RunArguments) -> Result<Report, MeasureError> {
    let report = make(arguments)?;
    if let Some(path) = &arguments.json {
        write(&report, path).map_err(|source| MeasureError::Write { path: path.clone(), source })?;
    }
    Ok(report)
}

/// Makes the run.
pub fn make(arguments: &RunArguments) -> Result<Report, MeasureError> {
    let started_unix_ms = clock::unix_milliseconds();
    if arguments.prepared && arguments.rows.is_none() {
        return Err(MeasureError::PreparedWithoutRows);
    }
    let mut plan = plan(arguments, started_unix_ms)?;
    let configuration = configuration(arguments, &plan);
    let table_path = table_path(arguments, &plan.table);
    let before = table_path.as_deref().map(TableFiles::replay).transpose()?;
    if arguments.queryable {
        let (Some(table), Some(before)) = (&table_path, &before) else {
            return Err(MeasureError::QueryableWithoutTable);
        };
        plan.queryable = Some(QueryablePlan {
            table: table.clone(),
            first_version: before.version.map_or(0, |version| version + 1),
            poll: Duration::from_secs_f64(arguments.queryable_poll_ms / 1_000.0),
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("generator")
        .worker_threads(arguments.threads.into())
        .on_thread_start(|| {
            // It stands for machines of its own: what it would wait for a processor is no latency of the engine's.
            let _ = ask_for_short_slices();
        })
        .enable_all()
        .build()?;

    let load = runtime.block_on(Load::open(plan.clone()))?;
    let engine_pid = arguments.engine_pid.or_else(|| listening_process(arguments.server));
    let processes = Processes { engine: engine_pid, generator: process::id(), reader: load.reader_pid() };
    let engine = engine_pid.map(Meter::start).transpose()?;
    let generator = Meter::start(process::id())?;
    let sampler = Sampler::start(processes)?;
    let loaded = runtime.block_on(load.run())?;
    let row_bytes = loaded.connections.iter().map(|connection| connection.sent.row_bytes).sum();
    let engine = engine.map(|meter| meter.stop(row_bytes)).transpose()?;
    let generator = generator.stop(row_bytes)?;
    let samples = sampler.stop();

    let read_back = match (&table_path, before) {
        (Some(path), Some(before)) => Some(read_back(plan.workload.kind(), path, &before, &loaded)?),
        _ => None,
    };
    let queryable = outcome::queryable(&loaded);
    let durable_latency = loaded.durable.summary();
    let queryable_latency = loaded.read.as_ref().map(|read| read.seen.latencies.summary());
    let lateness = matches!(plan.pace, Pace::OpenLoop { .. }).then(|| outcome::lateness(&loaded));
    let spent = |cost: &Cost| samples.engine_threads(cost.user_seconds, cost.system_seconds);
    Ok(Report {
        header: Header::here("run", started_unix_ms, arguments.data_dir.as_deref().or(table_path.as_deref())),
        configuration,
        warnings: warnings(&durable_latency, lateness.as_ref(), queryable_latency.as_ref().zip(queryable.as_ref())),
        validity: outcome::validity(&plan, &loaded, queryable.as_ref()),
        throughput: outcome::throughput(&loaded, row_bytes),
        rows: outcome::counts(&loaded, read_back),
        durable_latency,
        committed_latency: loaded.committed.summary(),
        queryable_latency,
        queryable,
        sync_latency: loaded.sync.as_ref().map(|latencies| latencies.summary()),
        lateness,
        engine_threads: engine.as_ref().map_or_else(Vec::new, spent),
        engine,
        generator,
        reader: loaded.read.as_ref().map(|read| Cost::of_reader(read, row_bytes)),
        failures: outcome::failures(&loaded),
        sending_started_unix_ms: loaded.started_unix_ms,
        seconds: loaded.seconds,
        samples: samples.samples,
    })
}

/// Writes a document, with an end of line.
pub fn write(document: &impl Serialize, path: &Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    text.push('\n');
    fs::write(path, text)
}
