//! Streams that are forgotten in the table of rejected rows, too.

use super::*;
use crate::commit::ledger::{LogProposal, Proposal};
use crate::commit::rejects::judging::{Judgement, There, judge};
use crate::commit::rejects::rows::{columns, place_beside};
use crate::handover::cut::StreamRange;
use crate::handover::log_part::{Base, LogPart};
use crate::handover::rejected::RejectedRow;
use crate::log::Reason;

const LOG: LogId = LogId([1; 16]);

/// Whether a bad row at offset 3 of the stream would come into the table of rejected rows, sent under this epoch.
fn comes(rejects: &DeltaTable, epoch: u64) -> bool {
    let row = RejectedRow {
        position: 90,
        stream: Some("a".into()),
        offset: 3,
        reason: Reason { code: 24, sentence: "no NULL".into() },
        row: "{}".into(),
    };
    let part = LogPart { log: LOG, claim: 1, to: 91, base: Base::Claimed { position: 90 } };
    let cut = Proposal {
        ranges: vec![StreamRange { stream: "a".into(), epoch, from: 0, to: 5 }],
        logs: vec![LogProposal { part, rows: 5 }],
        ..Proposal::default()
    };
    // What a row of the name's earlier life left there.
    let mut there = There::default();
    there.add(LogId([2; 16]), 5, Some("a"), 3);
    match judge(&cut, &vec![(LOG, &row)], rejects.load().unwrap().unwrap().view(), Some(&there)) {
        Judgement::Commit { rows, .. } => rows.len() == 1,
        Judgement::Nothing | Judgement::Fenced(_) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bad_rows_of_a_forgotten_streams_next_life_are_not_taken_for_known_ones() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let places = kernel_engine(runtime.handle().clone());
    let rejects = DeltaTable::at(&place_beside(table.url()), places).unwrap();
    let shown = commit(&table, &table.create(&schema()).unwrap(), &plan(1, &[("a", 10), ("b", 3)], &[("a", 4)]));
    let forget_rejected = |stream: &str, epoch| forget::forget_rejected(&runtime, &rejects, stream, epoch).unwrap();
    let shown_now = || rejects.load().unwrap().unwrap().view().clone();
    // Its last bad row came two epochs ago.
    let made = rejects.create(&columns()).unwrap();
    commit(&rejects, &made, &plan(1, &[("a", 10)], &[("a", 2)]));
    assert!(!comes(&rejects, 6), "they are below what the table has");
    // Until the table has forgotten it, its producer may go on.
    forget_rejected("a", None);
    assert_eq!(shown_now().stream("a"), StreamState::forgotten(2));
    assert!(comes(&rejects, 4));
    forget::forget(&runtime, &table, &shown, "a").unwrap();
    let of_table = table.load().unwrap().unwrap();
    assert_eq!(of_table.view().stream("a"), StreamState::forgotten(5));
    forget_rejected("a", Some(5));
    // The next open mints epoch 6. Who has the stream from before does not bring it back.
    assert!(comes(&rejects, 6) && !comes(&rejects, 4));
    // Again, and of streams that it does not know, nothing is written.
    let before = shown_now();
    forget_rejected("a", Some(5));
    forget_rejected("a", None);
    forget_rejected("b", None);
    assert_eq!(shown_now(), before);
}

#[test]
fn a_stream_of_a_table_without_rejected_rows_is_forgotten_as_ever() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let table = table(&runtime, folder.path());
    let places = kernel_engine(runtime.handle().clone());
    let rejects = DeltaTable::at(&place_beside(table.url()), places).unwrap();
    forget::forget_rejected(&runtime, &rejects, "a", Some(1)).unwrap();
    assert!(rejects.load().unwrap().is_none() && !folder.path().join("t_rejected").exists());
}
