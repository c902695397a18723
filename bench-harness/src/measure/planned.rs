use crate::arguments::{Rate, RunArguments};
use crate::report::Configuration;
use crate::run::{Extent, Pace, Plan, SyncProbePlan};
use crate::workload::{Workload, row_bytes};
use arrow::error::ArrowError;
use std::sync::Arc;
use std::time::Duration;

/// Rows from which the size of a row is taken, to turn MB/s into batches.
const SAMPLE_ROWS: usize = 8_192;
const WARM_UP_SHARE: f64 = 0.1;
const WARM_UP_SECONDS_MAX: f64 = 2.0;

/// The run that the arguments ask for.
///
/// # Errors
/// Rows that cannot be made.
pub fn plan(arguments: &RunArguments, started_unix_ms: u64) -> Result<Plan, ArrowError> {
    let kind = arguments.workload;
    let batch_rows = arguments.batch_rows.map_or(kind.batch_rows(), |rows| rows as usize);
    let workload = Workload::new(kind, arguments.seed, batch_rows.max(SAMPLE_ROWS))?;
    let workload = if arguments.dictionaries { workload.with_dictionaries()? } else { workload };
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
    let connections = arguments.connections as usize;
    let pace = match rate(arguments) {
        Rate::Max => Pace::ClosedLoop,
        Rate::MegabytesPerSecond(rate) => {
            let sample = workload.batch(0, &stream_prefix, 0, SAMPLE_ROWS)?;
            let batch_bytes = row_bytes(&sample)? as f64 / SAMPLE_ROWS as f64 * batch_rows as f64;
            Pace::OpenLoop { batches_per_second: rate * 1e6 / batch_bytes }
        }
    };
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
        keep: arguments.keep,
        stream_memory_bytes_max: (arguments.memory << 20) / connections,
        prepared: arguments.prepared,
        sync_probe: arguments
            .sync_probe
            .clone()
            .map(|folder| SyncProbePlan { folder, block_bytes: (arguments.sync_probe_kib as usize & !3) << 10 }),
        queryable: None,
    })
}

/// What all connections together are to send.
pub fn rate(arguments: &RunArguments) -> Rate {
    let all = |each| Rate::MegabytesPerSecond(each * f64::from(arguments.connections));
    arguments.rate_per_connection.map_or(arguments.rate, all)
}

/// What the report says was asked for.
pub fn configuration(arguments: &RunArguments, plan: &Plan) -> Configuration {
    let open_loop = matches!(plan.pace, Pace::OpenLoop { .. });
    Configuration {
        scenario: arguments.scenario.as_ref().map(|path| path.display().to_string()),
        workload: plan.workload.kind(),
        seed: arguments.seed,
        server: plan.server.clone(),
        table: plan.table.clone(),
        connections: plan.connections,
        named_streams: plan.named,
        batch_rows: plan.batch_rows,
        dictionaries: arguments.dictionaries,
        loop_kind: if open_loop { "open" } else { "closed" },
        rate_megabytes_per_second: match rate(arguments) {
            Rate::MegabytesPerSecond(rate) => Some(rate),
            Rate::Max => None,
        },
        queryable: arguments.queryable,
        queryable_poll_ms: arguments.queryable.then_some(arguments.queryable_poll_ms),
        duration_seconds: match plan.extent {
            Extent::Time(time) => Some(time.as_secs_f64()),
            Extent::Rows(_) => None,
        },
        warm_up_seconds: plan.warm_up.as_secs_f64(),
        prepared: plan.prepared,
        keep: plan.keep,
        stream_memory_bytes_max: plan.stream_memory_bytes_max,
        generator_threads: arguments.threads.into(),
    }
}
