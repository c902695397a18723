use super::cost::Cost;
use super::document::Report;
use super::rows::{Counts, Verdict};
use super::validity::Validity;
use crate::run::LatencySummary;
use std::fmt::{self, Write};

/// The report for a person.
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, report);
    text
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    let (configuration, throughput) = (&report.configuration, &report.throughput);
    writeln!(
        out,
        "{} into {}: {} connections, batches of {} rows, {}",
        configuration.workload.name(),
        configuration.table,
        configuration.connections,
        configuration.batch_rows,
        match configuration.rate_megabytes_per_second {
            Some(rate) => format!("open loop at {rate} MB/s"),
            None =>
                "closed loop: latency counts from the actual send, and hides what a stall would have delayed".into(),
        }
    )?;
    if let Validity::Invalid { reason, .. } = &report.validity {
        writeln!(out, "INVALID RUN  {reason}")?;
    }
    for warning in &report.warnings {
        writeln!(out, "WARNING      {warning}")?;
    }
    writeln!(
        out,
        "committed    {:.0} rows/s, {:.1} MB/s of rows ({:.1} bytes each) over {:.2} s",
        throughput.rows_per_second,
        throughput.megabytes_per_second,
        throughput.bytes_per_row,
        throughput.elapsed_seconds
    )?;
    let latencies = [
        ("durable", Some(&report.durable_latency)),
        ("committed", Some(&report.committed_latency)),
        ("queryable", report.queryable_latency.as_ref()),
    ];
    for (promise, latency) in latencies.iter().filter_map(|(promise, latency)| Some((promise, (*latency)?))) {
        write_latency(out, "latency", promise, latency)?;
        writeln!(out, " ({} batches after {:.1} s of warm-up)", latency.count, configuration.warm_up_seconds)?;
    }
    if let Some(latency) = &report.sync_latency {
        write_latency(out, "disk alone", "fdatasync", latency)?;
        writeln!(out, " ({} blocks during the run)", latency.count)?;
    }
    if let Some(lateness) = &report.lateness {
        writeln!(
            out,
            "schedule     generator late by p50 {:.1}  p99 {:.1}  max {:.1} ms",
            lateness.p50_ms, lateness.p99_ms, lateness.max_ms
        )?;
    }
    match &report.engine {
        Some(cost) => {
            write_cost(out, "engine", cost)?;
            write_threads(out, report)?;
        }
        None => writeln!(out, "engine       its process was not found here; give --engine-pid to have its costs")?,
    }
    write_cost(out, "generator", &report.generator)?;
    if let Some(cost) = &report.reader {
        write_cost(out, "reader", cost)?;
    }
    write_rows(out, &report.rows)?;
    for (stream, failure) in &report.failures {
        writeln!(out, "FAILED       {stream}: {failure}")?;
    }
    Ok(())
}

fn write_latency(out: &mut String, what: &str, promise: &str, latency: &LatencySummary) -> fmt::Result {
    let LatencySummary { p50_ms, p90_ms, p99_ms, p99_9_ms, max_ms, .. } = latency;
    write!(
        out,
        "{what:<12} {promise:<9} p50 {p50_ms:.2}  p90 {p90_ms:.2}  p99 {p99_ms:.2}  p99.9 {p99_9_ms:.2}  max {max_ms:.2} ms"
    )
}

fn write_cost(out: &mut String, who: &str, cost: &Cost) -> fmt::Result {
    writeln!(
        out,
        "{who:<12} {:.2} CPU s/GB (user {:.2}, system {:.2}), memory at most {:.0} MB",
        cost.user_seconds_per_gigabyte + cost.system_seconds_per_gigabyte,
        cost.user_seconds_per_gigabyte,
        cost.system_seconds_per_gigabyte,
        cost.memory_peak_bytes as f64 / 1e6
    )
}

fn write_threads(out: &mut String, report: &Report) -> fmt::Result {
    let gigabytes = (report.throughput.row_bytes as f64 / 1e9).max(f64::MIN_POSITIVE);
    let groups = report
        .engine_threads
        .iter()
        .map(|group| format!("{} {:.2}", group.group, (group.user_seconds + group.system_seconds) / gigabytes));
    writeln!(out, "             of it {}", groups.collect::<Vec<_>>().join(", "))?;
    match report.engine.as_ref().and_then(|cost| cost.written_bytes) {
        Some(bytes) => {
            writeln!(out, "             wrote {:.2} GB to disks for each GB of rows", bytes as f64 / 1e9 / gigabytes)
        }
        None => Ok(()),
    }
}

fn write_rows(out: &mut String, rows: &Counts) -> fmt::Result {
    write!(out, "rows         sent {}, committed {}", rows.sent, rows.committed)?;
    if let Some(read) = &rows.read_back {
        write!(out, ", read {}, duplicate {}, lost {}", read.read, read.duplicate, read.lost)?;
        for (count, what) in [(read.foreign, "foreign"), (read.contradicting, "contradicting")] {
            if count > 0 {
                write!(out, ", {what} {count}")?;
            }
        }
        write!(out, " (by {}; {} files, {:.1} MB)", names(read), read.files, read.file_bytes as f64 / 1e6)?;
    }
    let verdict = match rows.verdict {
        Verdict::ExactlyOnce => "every row is in the table exactly once",
        Verdict::CommittedNotRead => "all committed; the table was not read back",
        Verdict::Uncommitted => "NOT ALL ROWS WERE COMMITTED",
        Verdict::Wrong => "THE TABLE IS NOT WHAT WAS SENT",
    };
    writeln!(out, "\n             {verdict}")
}

fn names(read: &super::rows::ReadCounts) -> &'static str {
    match read.checked_by {
        crate::readback::RowNames::Timestamp => "row number in ts",
        crate::readback::RowNames::StreamAndSeq => "stream and seq",
    }
}
