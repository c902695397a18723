//! Rows, cuts, acks and ends.

use super::rig::{Rig, TABLE, acked, code, open_hello, range, rejected, schema};
use crate::handover::Refusal;
use crate::handover::answer::Answer;
use crate::handover::cut::Piece;
use crate::handover::request::{Request, Urgency};
use crate::handover::shown::Shown;
use crate::shard::action::{Action, Outgoing};
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use lakehead_protocol::header::Header;
use lakehead_protocol::kind::Kind;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::sync::Arc;

#[test]
fn duplicates_are_trimmed_and_gaps_refused() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (100, 2));
    assert_eq!(acked(&rig.batch(1, 90, 10), 1), Some(100));
    rig.batch(1, 95, 10);
    rig.batch(1, 100, 10);
    let (done, rows) = rig.cut();
    assert_eq!((done.ranges, rows), (vec![range("a", 2, 100, 110)], 10));
    let reject = rejected(&rig.batch(1, 111, 1), 1).unwrap();
    assert_eq!((reject.code, reject.offset), (RejectCode::OffsetGap as u16, 110));
    assert_eq!(reject.committed, 100);
    assert!(acked(&rig.commit(done.cut, vec![]), 1).is_none(), "the connection is gone");
}

#[test]
fn a_discarded_cut_sends_every_stream_back_to_the_table() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.open(2, "b", 2, (0, 1));
    rig.batch(1, 0, 10);
    rig.batch(2, 0, 10);
    let (done, _) = rig.cut();
    rig.batch(1, 10, 10);
    let used = rig.budget.used();
    rig.generation = 1;
    let why = Refusal::new(RejectCode::Discarded, "another engine wrote");
    let actions = rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: 1,
        next_cut: rig.next_cut,
        fenced: vec![Arc::from("b")].into(),
        why,
        shown: Shown::default(),
        columns: None,
    }));
    assert_eq!((code(&actions, 1), code(&actions, 2)), (Some(RejectCode::Discarded), Some(RejectCode::Fenced)));
    assert!(rig.budget.used() < used && rig.shard.is_settled());
    let late = rig.step(Event::Answer(Answer::Committed {
        table: TABLE,
        generation: 0,
        cut: done.cut,
        version: 9,
        minted: vec![].into(),
        shown: Shown::default(),
    }));
    assert!(late.is_empty());
}

#[test]
fn full_builders_are_sealed_early_for_the_next_cut() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 60);
    let actions = rig.batch(1, 60, 60);
    assert!(actions.iter().any(|action| matches!(action, Action::HandOver(_, Piece::RowGroup(group)) if group.rows.num_rows() == 120 && group.cut == 2)));
    let (done, rows) = rig.cut();
    assert_eq!((done.cut, done.rows, rows), (2, 120, 0));
    let actions: Vec<_> = (0..10).flat_map(|index| rig.batch(1, 120 + index * 100, 100)).collect();
    assert!(
        actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { urgency: Urgency::Now, .. })))
    );
}

#[test]
fn closing_waits_for_the_commit() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    assert!(rig.step(Event::Close { connection: ConnectionId(1) }).is_empty());
    let (done, _) = rig.cut();
    let actions = rig.commit(done.cut, vec![]);
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Finish(_, Outgoing::Closed(closed)) if closed.committed == 10))
    );
}

#[test]
fn rows_of_a_lost_connection_are_committed_all_the_same() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("", 1, 1));
    rig.announce(1);
    rig.batch(1, 0, 10);
    rig.step(Event::Lost { connection: ConnectionId(1) });
    let (done, rows) = rig.cut();
    assert_eq!(rows, 10);
    assert!(!rig.shard.is_settled());
    rig.commit(done.cut, vec![]);
    assert!(rig.shard.is_settled());
}

#[test]
fn what_breaks_the_rules_is_refused_with_its_code() {
    let refuse = |act: fn(&mut Rig) -> Vec<Action>| {
        let mut rig = Rig::new();
        rig.open(1, "a", 1, (0, 1));
        let actions = act(&mut rig);
        code(&actions, 1)
    };
    let connection = ConnectionId(1);
    assert_eq!(
        refuse(|rig| rig.step(Event::Schema { connection: ConnectionId(1), schema_id: 1, schema: schema() })),
        Some(RejectCode::UnknownSchema)
    );
    let other = Schema::flat(vec![Field::flat("n", DataType::String, false)]);
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    let actions = rig.step(Event::Schema { connection, schema_id: 2, schema: other });
    assert_eq!(code(&actions, 1), Some(RejectCode::SchemaMismatch));
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    let huge = Header { schema_id: 1, payload_bytes: u32::MAX, ..Header::control(Kind::Batch) };
    assert_eq!(rig.shard.judge_header(connection, &huge).unwrap_err().code, RejectCode::CreditExceeded);
    let unknown = Header { schema_id: 9, ..Header::control(Kind::Batch) };
    assert_eq!(rig.shard.judge_header(connection, &unknown).unwrap_err().code, RejectCode::UnknownSchema);
    let mut rig = Rig::new();
    rig.step(Event::Hello { connection, hello: open_hello("a", 1, 1) });
    assert_eq!(rig.shard.judge_header(connection, &unknown).unwrap_err().code, RejectCode::UnexpectedFrame);
}

#[test]
fn draining_commits_what_is_held_and_dismisses_everyone() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    let actions = rig.step(Event::Drain);
    assert!(matches!(actions[0], Action::Send(_, Outgoing::GoingAway(_))));
    assert!(
        actions.iter().any(|action| matches!(action, Action::Request(Request::WantCut { urgency: Urgency::Now, .. })))
    );
    let refused = rig.step(Event::Hello { connection: ConnectionId(2), hello: open_hello("b", 2, 1) });
    assert_eq!(code(&refused, 2), Some(RejectCode::ShuttingDown));
    let (done, _) = rig.cut();
    assert_eq!(acked(&rig.commit(done.cut, vec![]), 1), Some(10));
    assert!(rig.shard.is_settled());
    let mut goodbye = Vec::new();
    rig.shard.dismiss(&mut goodbye);
    assert_eq!(code(&goodbye, 1), Some(RejectCode::ShuttingDown));
}
