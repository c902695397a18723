use super::listener::{listening_process, listening_sockets};
use super::process::Usage;
use super::rows::{Counts, ReadCounts, Verdict};
use super::validity::{Observed, Validity};
use crate::readback::{RowNames, SentStream, Tally};
use crate::workload::RowNumber;
use std::net::TcpListener;

#[test]
fn processor_times_are_found_after_any_name() {
    let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1234 567 0 0 20 0 3 0 100";
    let status = "Name:\ta\nVmPeak:\t 9 kB\nVmHWM:\t    2000 kB\n";
    let expected = Usage { user_seconds: 12.34, system_seconds: 5.67, memory_peak_bytes: 2_048_000 };
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
    let reason = |observed| match Validity::of_open_loop(observed) {
        Validity::Invalid(reason) => reason,
        Validity::Valid => String::new(),
    };
    assert!(reason(Observed { rows_missed: 100, ..kept }).contains("generator itself"));
    assert!(reason(Observed { lateness_p99_ms: 300.0, pushed_back_share: 0.9, ..kept }).contains("pushed back"));
}
