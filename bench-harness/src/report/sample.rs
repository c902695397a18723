//! A report in which everything is there, for tests.

use super::cost::Cost;
use super::disk::Disk;
use super::document::{Configuration, Lateness, Queryable, Report, Throughput};
use super::header::Header;
use super::machine::Machine;
use super::rows::{Counts, ReadCounts};
use super::sampler::{ProcessSample, Sample};
use super::threads::ThreadGroup;
use super::validity::{Cause, Validity};
use crate::readback::{RowNames, SentStream, Tally};
use crate::run::{KeepUntil, LatencySummary, Second};
use crate::workload::{Kind, RowNumber};

const ROWS: u64 = 1_000;

/// Of an open loop that was invalid, with a reader outside and the engine's process found.
pub fn report() -> Report {
    Report {
        header: header("run"),
        configuration: configuration(),
        validity: Validity::Invalid { cause: Cause::Generator, reason: "late <by> much".to_owned() },
        warnings: vec!["slow & late".to_owned()],
        rows: Counts::new(ROWS, ROWS, Some(read_counts())),
        throughput: Throughput {
            elapsed_seconds: 2.5,
            rows_per_second: 400.0,
            megabytes_per_second: 0.027_6,
            row_bytes: 69_000,
            bytes_per_row: 69.0,
        },
        durable_latency: latency(1.0),
        sync_latency: Some(latency(0.5)),
        committed_latency: latency(500.0),
        queryable_latency: Some(latency(510.0)),
        queryable: Some(Queryable {
            versions: 3,
            files: 2,
            file_bytes: 9_000,
            rows: ROWS,
            rows_unseen: 0,
            rows_foreign: 0,
            looks: 400,
            look_gap_ms_max: 6.5,
        }),
        lateness: Some(Lateness { p50_ms: 0.1, p99_ms: 0.4, max_ms: 2.0 }),
        engine: Some(cost(Some(150_000))),
        generator: cost(Some(0)),
        reader: Some(cost(None)),
        engine_threads: ["reactor", "encoder", "committer", "other"].map(threads).into(),
        sending_started_unix_ms: 1_767_225_600_100,
        seconds: (0..3).map(second).collect(),
        samples: (0..3).map(sample).collect(),
        failures: vec![("bench-1".to_owned(), "CLOSED: <gone>".to_owned())],
    }
}

pub fn header(kind: &'static str) -> Header {
    let disk = Disk {
        path: "/data".into(),
        filesystem: "ext4".to_owned(),
        device: "/dev/sda".to_owned(),
        model: Some("A & B".to_owned()),
        mount_options: "rw,relatime".to_owned(),
    };
    let machine = Machine {
        cpu_model: "Some CPU".to_owned(),
        cores: 2,
        memory_bytes: 8 << 30,
        kernel: "6.1".to_owned(),
        disk: Some(disk),
    };
    let command = ["lakehead-bench", "run", "--table", "<script>"].map(str::to_owned).into();
    let git_revision = Some("0123456789abcdef-dirty".to_owned());
    Header { kind, version: 2, started_unix_ms: 1_767_225_600_000, command, git_revision, machine }
}

pub fn configuration() -> Configuration {
    Configuration {
        scenario: Some("scenarios/<a>.toml".to_owned()),
        workload: Kind::Telemetry,
        seed: 1,
        server: "127.0.0.1:1".to_owned(),
        table: "bench".to_owned(),
        connections: 2,
        named_streams: false,
        batch_rows: 10,
        dictionaries: false,
        loop_kind: "open",
        rate_megabytes_per_second: Some(100.0),
        queryable: true,
        queryable_poll_ms: Some(5.0),
        duration_seconds: Some(2.0),
        warm_up_seconds: 0.2,
        prepared: false,
        keep: KeepUntil::Committed,
        stream_memory_bytes_max: 1 << 30,
        generator_threads: 1,
    }
}

fn read_counts() -> ReadCounts {
    let mut tally = Tally::new(&[SentStream { name: "one".to_owned(), sent: ROWS, committed: ROWS }]);
    (0..ROWS).for_each(|row| tally.count(Some(RowNumber { stream: 0, row })));
    ReadCounts::new(RowNames::Timestamp, Some(2), 2, 13_000, &tally)
}

fn latency(ms: f64) -> LatencySummary {
    let us = (ms * 1_000.0) as u64;
    LatencySummary {
        count: 100,
        p50_ms: ms,
        p90_ms: ms,
        p99_ms: 2.0 * ms,
        p99_9_ms: 3.0 * ms,
        max_ms: 3.0 * ms,
        histogram_us: vec![(us, 98), (2 * us, 1), (3 * us, 1)],
    }
}

fn cost(written_bytes: Option<u64>) -> Cost {
    Cost {
        pid: 42,
        command: vec!["lakehead".to_owned()],
        user_seconds: 1.0,
        system_seconds: 0.5,
        user_seconds_per_gigabyte: 2.0,
        system_seconds_per_gigabyte: 1.0,
        memory_peak_bytes: 300_000_000,
        written_bytes,
    }
}

fn threads(group: &'static str) -> ThreadGroup {
    ThreadGroup { group, threads: 1, user_seconds: 0.25, system_seconds: 0.125 }
}

fn second(second: usize) -> Second {
    Second {
        second,
        rows_sent: 400,
        rows_durable: 400,
        rows_committed: 300,
        rows_queryable: 300,
        durable_p50_ms: 1.0,
        durable_p99_ms: 2.0,
        durable_max_ms: 3.0,
        committed_p50_ms: 500.0,
        committed_p99_ms: 900.0,
        committed_max_ms: 1_000.0,
        queryable_p50_ms: 510.0,
        queryable_p99_ms: 910.0,
        queryable_max_ms: 1_010.0,
        durable_us: vec![(1_000, 30)],
        committed_us: vec![(500_000, 30)],
        queryable_us: vec![(510_000, 30)],
    }
}

fn sample(at: u32) -> Sample {
    let process = || {
        let at = f64::from(at);
        Some(ProcessSample { user_seconds: 0.3 * at, system_seconds: 0.1 * at, memory_bytes: 200_000_000 })
    };
    Sample { at_seconds: f64::from(at), engine: process(), generator: process(), reader: process() }
}
