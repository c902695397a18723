use crate::report::{Counts, Lateness, Observed, Queryable, ReadCounts, Throughput, Validity};
use crate::run::{Extent, Loaded, Pace, Plan};

/// Rows on their way through, over all connections.
pub fn counts(loaded: &Loaded, read_back: Option<ReadCounts>) -> Counts {
    let sent = loaded.connections.iter().map(|connection| connection.sent.rows).sum();
    let committed = loaded.connections.iter().map(|connection| connection.rows_committed).sum();
    Counts::new(sent, committed, read_back)
}

/// Rates over the time from the first send until the last commit was heard of.
pub fn throughput(loaded: &Loaded, row_bytes: u64) -> Throughput {
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

/// What the reader outside saw of it.
pub fn queryable(loaded: &Loaded) -> Option<Queryable> {
    let read = loaded.read.as_ref()?;
    let streams = loaded.connections.iter().zip(&read.seen.rows);
    Some(Queryable {
        versions: read.seen.versions,
        files: read.seen.files,
        file_bytes: read.seen.file_bytes,
        rows: read.seen.rows.iter().sum(),
        rows_unseen: streams.map(|(connection, seen)| connection.rows_committed.saturating_sub(*seen)).sum(),
        rows_foreign: read.seen.rows_foreign,
        looks: read.ended.looks,
        look_gap_ms_max: read.ended.look_gap_ms_max,
    })
}

/// Whether the load was the one asked for, and the reader outside saw all of it.
pub fn validity(plan: &Plan, loaded: &Loaded, queryable: Option<&Queryable>) -> Validity {
    schedule_kept(plan, loaded).and_all_seen(queryable.map_or(0, |queryable| queryable.rows_unseen))
}

/// Whether the schedule was kept; a closed loop has none.
fn schedule_kept(plan: &Plan, loaded: &Loaded) -> Validity {
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

/// How far batches were behind their intended times.
pub fn lateness(loaded: &Loaded) -> Lateness {
    Lateness {
        p50_ms: loaded.lateness.quantile_ms(0.5),
        p99_ms: loaded.lateness.quantile_ms(0.99),
        max_ms: loaded.lateness.max_ms(),
    }
}

/// What ended streams early.
pub fn failures(loaded: &Loaded) -> Vec<(String, String)> {
    let failures = loaded.connections.iter().filter_map(|connection| {
        let failure = connection.sent.failure.clone()?;
        Some((connection.name.clone(), failure))
    });
    failures.collect()
}
