use super::listener::{listening_process, listening_sockets};
use super::process::Usage;
use super::rows::{Counts, ReadCounts, Verdict};
use super::validity::{Cause, Observed, Validity};
use super::{Lateness, Queryable, disk, sample, threads, warnings};
use crate::readback::{RowNames, SentStream, Tally};
use crate::workload::RowNumber;
use std::net::TcpListener;
use std::path::Path;

#[test]
fn processor_times_are_found_after_any_name() {
    let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1234 567 0 0 20 0 3 0 100";
    let status = "Name:\ta\nVmPeak:\t 9 kB\nVmHWM:\t    2000 kB\nVmRSS:\t 1000 kB\n";
    let expected =
        Usage { user_seconds: 12.34, system_seconds: 5.67, memory_bytes: 1_024_000, memory_peak_bytes: 2_048_000 };
    assert_eq!(Usage::parse(stat, status), Some(expected));
    assert_eq!(Usage::parse("42", status), None);
    assert!(Usage::of(std::process::id()).unwrap().memory_peak_bytes > 0);
}

#[test]
fn the_listener_of_a_port_is_found() {
    let table = "  sl  local_address rem_address   st\n\
        0: 0100007F:1D6B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 111 1\n\
        1: 0100007F:1D6B 0100007F:9999 01 00000000:00000000 00:00000000 00000000  0  0 222 1\n\
        2: 0100007F:1D6C 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 333 1\n";
    assert_eq!(listening_sockets(table, 0x1D6B), ["111"]);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(listening_process(listener.local_addr().unwrap()), Some(std::process::id()));
}

#[test]
fn a_verdict_needs_every_row_once() {
    let streams = [SentStream { name: "zero".to_owned(), sent: 3, committed: 3 }];
    let counted = |rows: &[u64], committed| {
        let mut tally = Tally::new(&streams);
        rows.iter().for_each(|row| tally.count(Some(RowNumber { stream: 0, row: *row })));
        let read = ReadCounts::new(RowNames::Timestamp, Some(1), 1, 10, &tally);
        Counts::new(3, committed, Some(read)).verdict
    };
    assert_eq!(counted(&[2, 0, 1], 3), Verdict::ExactlyOnce);
    assert_eq!(counted(&[0, 1], 3), Verdict::Wrong);
    assert_eq!(counted(&[0, 1, 2, 2], 3), Verdict::Wrong);
    assert_eq!(counted(&[0, 1, 2], 2), Verdict::Uncommitted);
    assert_eq!(Counts::new(3, 3, None).verdict, Verdict::CommittedNotRead);
}

#[test]
fn a_late_generator_makes_a_run_invalid() {
    let kept = Observed { rows_sent: 1_000, rows_missed: 2, lateness_p99_ms: 3.0, pushed_back_share: 0.1 };
    assert_eq!(Validity::of_open_loop(kept), Validity::Valid);
    let judged = |observed| match Validity::of_open_loop(observed) {
        Validity::Invalid { cause, reason } => Some((cause, reason)),
        Validity::Valid => None,
    };
    let (cause, reason) = judged(Observed { rows_missed: 100, ..kept }).unwrap();
    assert!(cause == Cause::Generator && reason.contains("generator itself"), "{reason}");
    let (cause, reason) = judged(Observed { lateness_p99_ms: 300.0, pushed_back_share: 0.9, ..kept }).unwrap();
    assert!(cause == Cause::Engine && reason.contains("pushed back"), "{reason}");
}

#[test]
fn a_reader_that_missed_rows_makes_a_run_invalid() {
    assert_eq!(Validity::Valid.and_all_seen(0), Validity::Valid);
    assert!(matches!(Validity::Valid.and_all_seen(7), Validity::Invalid { cause: Cause::Reader, .. }));
    let late = Validity::Invalid { cause: Cause::Engine, reason: "late".to_owned() };
    assert_eq!(late.clone().and_all_seen(7), late);
}

#[test]
fn what_is_no_small_part_of_a_latency_is_named() {
    let report = sample::report();
    let (durable, queryable) = (&report.durable_latency, report.queryable_latency.as_ref().unwrap());
    let reader = |look_gap_ms_max| Queryable { look_gap_ms_max, ..report.queryable.clone().unwrap() };
    let lateness = |p99_ms| Lateness { p50_ms: 0.0, p99_ms, max_ms: p99_ms };
    assert_eq!((durable.p99_ms, queryable.p99_ms), (2.0, 1_020.0));
    let count = |late, gap| warnings(durable, Some(&lateness(late)), Some((queryable, &reader(gap)))).len();
    assert_eq!([count(0.5, 100.0), count(0.6, 100.0), count(0.6, 400.0)], [0, 1, 2]);
    assert_eq!(warnings(durable, None, None), Vec::<String>::new());
}

#[test]
fn the_mount_that_holds_a_folder_is_found() {
    let mounts = "24 1 253:0 / / rw,relatime - ext4 /dev/vda rw\n\
        25 24 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs rw\n\
        26 24 8:1 / /with\\040space rw master:1 - xfs /dev/sda1 rw\n";
    let of = |path: &str| {
        disk::parse(mounts, Path::new(path)).map(|disk| (disk.filesystem, disk.device, disk.mount_options))
    };
    let found = |filesystem: &str, device: &str, options: &str| {
        Some((filesystem.to_owned(), device.to_owned(), options.to_owned()))
    };
    assert_eq!(of("/data"), found("ext4", "/dev/vda", "rw,relatime"));
    assert_eq!(of("/dev/shm/x"), found("tmpfs", "tmpfs", "rw,nosuid"));
    assert_eq!(of("/with space/x"), found("xfs", "/dev/sda1", "rw"));
    assert!(disk::Disk::of(Path::new("/nowhere/at/all")).is_some(), "what is above it is on a disk");
}

#[test]
fn threads_are_grouped_and_add_up_to_the_process() {
    let names = ["lakehead-core-0", "encoder-1", "commit", "glommio"];
    assert_eq!(names.map(threads::group), ["reactor", "encoder", "committer", "other"]);
    let mut threads = threads::Threads::start(std::process::id());
    threads.look();
    let groups = threads.groups(2.0, 1.0);
    assert_eq!(
        groups.iter().map(|group| group.group).collect::<Vec<_>>(),
        ["reactor", "encoder", "committer", "other"]
    );
    assert!(groups[3].threads > 0);
    let sums =
        (groups.iter().map(|group| group.user_seconds).sum(), groups.iter().map(|group| group.system_seconds).sum());
    assert_eq!(sums, (2.0, 1.0));
}
