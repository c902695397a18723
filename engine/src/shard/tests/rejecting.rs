//! Rows that their table cannot hold.

use super::evolving::changed;
use super::log_rig::{LogRig, shown};
use super::rig::{Rig, code, open_hello, rejected, schema};
use crate::handover::bad_rows::BadRowPolicy;
use crate::handover::rejected::RejectedRow;
use crate::shard::action::Action;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};

fn offsets(rows: &[RejectedRow]) -> Vec<u64> {
    rows.iter().map(|row| row.offset).collect()
}

fn alarms(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|action| if let Action::Alarm(text) = action { Some(text.as_str()) } else { None })
        .collect()
}

#[test]
fn a_batch_with_a_bad_row_is_refused_unless_the_table_diverts() {
    let mut rig = LogRig::new();
    rig.rig.bad_rows = BadRowPolicy::Refuse;
    rig.open();
    let actions = rig.rig.batch_with_nulls(1, 0, 10, &[3]);
    let actions = rig.settle(actions);
    let reject = rejected(&actions, 1).expect("it is refused");
    assert_eq!((code(&actions, 1), reject.offset), (Some(RejectCode::NullNotAllowed), 3));
    assert!(reject.message.contains("\"n\"") && reject.message.contains("row 3"), "{}", reject.message);
}

#[test]
fn without_a_log_nothing_is_diverted() {
    let mut rig = Rig::new();
    rig.bad_rows = BadRowPolicy::Divert;
    rig.open(1, "a", 1, (0, 1));
    assert_eq!(code(&rig.batch_with_nulls(1, 0, 10, &[3]), 1), Some(RejectCode::NullNotAllowed));
}

#[test]
fn bad_rows_go_elsewhere_and_their_offsets_count() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 5);
    rig.rig.batch_with_nulls(1, 5, 10, &[0, 3, 4, 9]);
    rig.rig.batch(1, 15, 2);
    let (done, values, rows) = rig.cut_with_rejects(vec![]);
    assert_eq!(values, [0, 1, 2, 3, 4, 6, 7, 10, 11, 12, 13, 15, 16]);
    assert_eq!((done.rows, done.ranges[0].to), (13, 17));
    assert_eq!(offsets(&rows), [5, 8, 9, 14]);
    assert_eq!(rows[0].stream.as_deref(), Some("a"));
    assert_eq!(&*rows[0].row, "{\"n\":null}");
    assert!(rows[0].reason.sentence.contains("allows no NULL"));
    assert!(rows.iter().all(|row| row.position == rows[0].position));
}

#[test]
fn a_batch_of_which_nothing_is_left_is_a_cut_without_rows() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch_with_nulls(1, 0, 3, &[0, 1, 2]);
    let (done, values, rows) = rig.cut_with_rejects(vec![]);
    assert_eq!((done.rows, done.ranges[0].to, values.len()), (0, 3, 0));
    assert_eq!(offsets(&rows), [0, 1, 2]);
    let claim = done.log.as_ref().map_or(0, |part| part.claim);
    let to = done.log.as_ref().map_or(0, |part| part.to);
    rig.commit(done.cut, vec![], shown(2, claim, to, &[("a", 3, 1)]));
    assert!(rig.rig.shard.is_settled());
}

/// A row that is sent again is neither built nor rejected twice.
#[test]
fn only_the_new_rows_of_a_batch_that_was_known_in_part_are_rejected() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch_with_nulls(1, 0, 4, &[1]);
    rig.rig.batch_with_nulls(1, 0, 8, &[1, 6]);
    let (_, values, rows) = rig.cut_with_rejects(vec![]);
    assert_eq!(values, [0, 2, 3, 4, 5, 7]);
    assert_eq!(offsets(&rows), [1, 6]);
}

#[test]
fn after_a_restart_what_was_decided_is_read_and_not_decided_again() {
    let mut rig = LogRig::new();
    rig.open();
    let sent = rig.rig.batch_with_nulls(1, 0, 6, &[2]);
    rig.settle(sent);
    let (mut rig, asked) = rig.restart();
    // Now the table would take the row.
    let taking = Schema::flat(vec![Field::flat("n", DataType::Long, true)]);
    let (done, values, rows) = rig.replayed(&asked, &taking);
    assert_eq!((done.rows, values), (5, vec![0, 1, 3, 4, 5]));
    assert_eq!(offsets(&rows), [2]);
}

#[test]
fn rows_of_a_log_that_fit_no_more_are_rejected_with_an_alarm_whatever_the_policy() {
    let mut rig = LogRig::new();
    rig.rig.bad_rows = BadRowPolicy::Refuse;
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.rig.batch(1, 10, 2);
    rig.settle(vec![]);
    let other = Schema::flat(vec![Field::flat("n", DataType::String, true)]);
    let actions = changed(&mut rig.rig, &other, shown(2, 1, 0, &[("a", 0, 1)]));
    let actions = rig.settle(actions);
    assert_eq!(code(&actions, 1), Some(RejectCode::SchemaMismatch));
    let told = alarms(&actions);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("rows from 0 on of stream \"a\""), "{}", told[0]);
    let (done, values, rows) = rig.cut_with_rejects(vec![]);
    assert_eq!((done.rows, done.ranges[0].to, values.len()), (0, 12, 0));
    assert_eq!(offsets(&rows), (0..12).collect::<Vec<_>>());
    assert_eq!(&*rows[11].row, "{\"n\":11}");
    assert_eq!(rows[0].reason.code, RejectCode::SchemaMismatch as u16);
}

/// Its rows may be among the rejected ones by then.
#[test]
fn what_fitted_no_more_stays_rejected_when_it_fits_again() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 4);
    rig.settle(vec![]);
    let other = Schema::flat(vec![Field::flat("n", DataType::String, true)]);
    let actions = changed(&mut rig.rig, &other, shown(2, 1, 0, &[("a", 0, 1)]));
    rig.settle(actions);
    let (rig, _) = rig.restart();
    let (mut rig, asked) = rig.restart();
    let (done, values, rows) = rig.replayed(&asked, &schema());
    assert_eq!((done.rows, values.len()), (0, 0));
    assert_eq!(offsets(&rows), [0, 1, 2, 3]);
}

#[test]
fn a_batch_with_more_bad_rows_than_are_diverted_is_refused() {
    let mut rig = LogRig::new();
    rig.open();
    let nulls: Vec<u32> = (0..super::super::rejecting::REJECTED_ROWS_MAX as u32 + 1).collect();
    let actions = rig.rig.batch_with_nulls(1, 0, nulls.len() as u32, &nulls);
    let actions = rig.settle(actions);
    let message = rejected(&actions, 1).expect("refused").message;
    assert!(message.contains("65537 rows of the batch are bad") && message.contains("\"n\""), "{message}");
}

#[test]
fn anonymous_streams_divert_too() {
    let mut rig = LogRig::new();
    rig.rig.hello(1, open_hello("", 1, 1));
    rig.rig.announce(1);
    rig.rig.batch_with_nulls(1, 0, 3, &[1]);
    let (done, values, rows) = rig.cut_with_rejects(vec![]);
    assert_eq!((done.rows, values), (2, vec![0, 2]));
    assert_eq!((offsets(&rows), rows[0].stream.as_deref()), (vec![1], None));
}
