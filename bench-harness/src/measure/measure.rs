use super::outcome;
use super::planned::{configuration, plan};
use super::table::{read_back, table_path};
use crate::arguments::RunArguments;
use crate::readback::{ReadError, ReplayError, TableFiles};
use crate::report::{Machine, Meter, ProcessError, Report, git_revision, listening_process};
use crate::run::{Load, LoadError, Pace, clock};
use arrow::error::ArrowError;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

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
    Process(#[from] ProcessError),
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
    let engine = arguments.engine_pid.or_else(|| listening_process(arguments.server)).map(Meter::start).transpose()?;
    let generator = Meter::start(process::id())?;
    let loaded = runtime.block_on(load.run())?;
    let row_bytes = loaded.connections.iter().map(|connection| connection.sent.row_bytes).sum();
    let engine = engine.map(|meter| meter.stop(row_bytes)).transpose()?;
    let generator = generator.stop(row_bytes)?;

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
        validity: outcome::validity(&plan, &loaded),
        throughput: outcome::throughput(&loaded, row_bytes),
        rows: outcome::counts(&loaded, read_back),
        durable_latency: loaded.durable.summary(),
        committed_latency: loaded.committed.summary(),
        sync_latency: loaded.sync.as_ref().map(|latencies| latencies.summary()),
        lateness: matches!(plan.pace, Pace::OpenLoop { .. }).then(|| outcome::lateness(&loaded)),
        engine,
        generator,
        failures: outcome::failures(&loaded),
        sending_started_unix_ms: loaded.started_unix_ms,
        seconds: loaded.seconds,
    };
    if let Some(path) = &arguments.json {
        write(&report, path).map_err(|source| MeasureError::Write { path: path.clone(), source })?;
    }
    Ok(report)
}

fn write(report: &Report, path: &Path) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(report).map_err(io::Error::from)?;
    text.push('\n');
    fs::write(path, text)
}
