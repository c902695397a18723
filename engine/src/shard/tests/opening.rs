//! Who is welcome, and with which epoch.

use super::rig::{Rig, TABLE, acked, asks_table, code, found, open_hello, range, resume_hello, schema, welcomed};
use crate::handover::Refusal;
use crate::handover::answer::{Answer, StreamEntry};
use crate::handover::request::{Request, Ticket, Urgency};
use crate::handover::shown::Shown;
use crate::shard::action::{Action, Outgoing};
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use lakehead_protocol::hello::{Hello, MODE_DESCRIBE};
use lakehead_protocol::reject::RejectCode;
use std::sync::Arc;

#[test]
fn an_anonymous_stream_is_welcome_at_once_and_acked_by_its_commit() {
    let mut rig = Rig::new();
    let welcome = welcomed(&rig.hello(1, open_hello("", 1, 1)), 1).unwrap();
    assert_eq!((welcome.resume_offset, welcome.table_id.as_str()), (0, "table-1"));
    rig.announce(1);
    let actions = rig.batch(1, 0, 10);
    assert!(matches!(actions[..], [Action::Request(Request::WantCut { urgency: Urgency::Tick, .. })]));
    assert!(rig.batch(1, 10, 5).is_empty());
    let (done, rows) = rig.cut();
    assert_eq!((done.rows, rows, done.ranges.len()), (15, 15, 0));
    assert_eq!(acked(&rig.commit(done.cut, vec![]), 1), Some(15));
    assert!(rig.shard.is_settled());
}

#[test]
fn a_named_stream_is_welcome_once_its_epoch_is_in_the_table() {
    let mut rig = Rig::new();
    let actions = rig.hello(1, open_hello("a", 1, 1));
    assert!(matches!(actions[..], [Action::Request(Request::WantCut { urgency: Urgency::Open, .. })]));
    let (done, rows) = rig.cut();
    assert_eq!((rows, done.ranges.len(), done.mints.len()), (0, 0, 1));
    let entry = StreamEntry { stream: "a".into(), committed: 40, epoch: 6, version: 9 };
    let welcome = welcomed(&rig.commit(1, vec![entry]), 1).unwrap();
    assert_eq!((welcome.epoch_major, welcome.resume_offset, welcome.committed), (6, 40, 40));
}

#[test]
fn the_newest_opener_wins_and_takes_the_older_ones_rows_along() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    let actions = rig.hello(2, open_hello("a", 2, 1));
    assert_eq!(code(&actions, 1), Some(RejectCode::Fenced));
    assert!(rig.batch(1, 10, 5).is_empty() || code(&rig.batch(1, 10, 5), 1).is_some());
    let (done, _) = rig.cut();
    assert_eq!((done.ranges, done.mints.len()), (vec![range("a", 1, 0, 10)], 1));
    let entry = StreamEntry { stream: "a".into(), committed: 10, epoch: 2, version: 9 };
    let welcome = welcomed(&rig.commit(done.cut, vec![entry]), 2).unwrap();
    assert_eq!((welcome.epoch_major, welcome.resume_offset), (2, 10));
    let stale = rig.hello(3, resume_hello("a", 1, 2, 1));
    assert_eq!(code(&stale, 3), Some(RejectCode::Fenced));
}

#[test]
fn of_three_openers_the_last_is_welcome_even_when_a_mint_was_in_flight() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 1, 1));
    let (first, _) = rig.cut();
    assert_eq!(code(&rig.hello(2, open_hello("a", 2, 1)), 1), Some(RejectCode::Fenced));
    assert_eq!(code(&rig.hello(3, open_hello("a", 3, 1)), 2), Some(RejectCode::Fenced));
    let entry = |epoch| StreamEntry { stream: "a".into(), committed: 0, epoch, version: 9 };
    let actions = rig.commit(first.cut, vec![entry(1)]);
    assert!(welcomed(&actions, 1).is_none() && welcomed(&actions, 3).is_none());
    let (second, _) = rig.cut();
    assert_eq!(second.mints.len(), 1);
    let welcome = welcomed(&rig.commit(second.cut, vec![entry(2)]), 3).unwrap();
    assert_eq!(welcome.epoch_major, 2);
}

#[test]
fn a_late_attempt_of_the_same_opener_cannot_fence_it() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 1, 5));
    assert_eq!(code(&rig.hello(2, open_hello("a", 1, 4)), 2), Some(RejectCode::StaleAttempt));
    assert_eq!(rig.cut().0.mints.len(), 1);
}

#[test]
fn a_first_opener_is_never_stale() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 0, 0));
    assert_eq!(rig.cut().0.mints.len(), 1);
}

#[test]
fn an_open_that_died_before_its_epoch_fences_nobody() {
    let mut rig = Rig::new();
    rig.hello(1, open_hello("a", 2, 1));
    rig.step(Event::Lost { connection: ConnectionId(1) });
    assert!(asks_table(&rig.hello(2, resume_hello("a", 1, 2, 4))));
    assert_eq!(welcomed(&found(&mut rig, 30, 4), 2).unwrap().resume_offset, 30);
}

#[test]
fn the_newest_opener_is_not_fenced_along_with_the_rows_before_it() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    rig.hello(2, open_hello("a", 2, 1));
    rig.cut();
    rig.generation = 1;
    let why = Refusal::new(RejectCode::Discarded, "another engine wrote");
    let actions = rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: 1,
        next_cut: rig.next_cut,
        fenced: vec![Arc::from("a")].into(),
        why,
        shown: Shown::default(),
        columns: None,
    }));
    assert_eq!(code(&actions, 2), Some(RejectCode::Discarded));
}

#[test]
fn a_table_that_is_missing_is_made_from_the_schema_that_follows() {
    let mut rig = Rig::new();
    let connection = ConnectionId(1);
    let missing = || Answer::TableOpened {
        ticket: Ticket::Connection(1),
        result: Err(Refusal::new(RejectCode::UnknownTable, "no table t")),
    };
    rig.step(Event::Hello { connection, hello: Hello { schema_follows: 1, ..open_hello("", 1, 1) } });
    assert!(rig.step(Event::Answer(missing())).is_empty());
    let actions = rig.step(Event::Schema { connection, schema_id: 1, schema: schema() });
    assert!(
        matches!(&actions[..], [Action::Request(Request::OpenTable { create: Some(made), .. })] if **made == schema())
    );
    let result = Ok(rig.table());
    let actions = rig.step(Event::Answer(Answer::TableOpened { ticket: Ticket::Connection(1), result }));
    assert!(welcomed(&actions, 1).is_some());
    assert!(!rig.batch(1, 0, 3).is_empty(), "the schema that made the table is announced already");
    let mut rig = Rig::new();
    rig.step(Event::Hello { connection, hello: open_hello("", 1, 1) });
    assert_eq!(code(&rig.step(Event::Answer(missing())), 1), Some(RejectCode::UnknownTable));
}

#[test]
fn describing_opens_nothing() {
    let mut rig = Rig::new();
    let actions = rig.hello(1, Hello { mode: MODE_DESCRIBE, ..open_hello("", 1, 1) });
    assert_eq!(welcomed(&actions, 1).unwrap().schema, schema());
    assert!(matches!(actions.last(), Some(Action::Finish(_, Outgoing::Closed(_)))));
    let mut rig = Rig::new();
    let remade = Hello { table_id: "table-0".into(), ..resume_hello("a", 1, 1, 1) };
    assert_eq!(code(&rig.hello(1, remade), 1), Some(RejectCode::TableChanged));
}
