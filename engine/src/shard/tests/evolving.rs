//! Columns that change while streams run.

use super::log_rig::{LogRig, shown};
use super::rig::{Rig, TABLE, code, open_hello, rejected, schema, welcomed};
use crate::handover::Refusal;
use crate::handover::answer::{Answer, TableColumns};
use crate::handover::request::Request;
use crate::handover::shown::Shown;
use crate::shard::action::Action;
use crate::shard::connection::ConnectionId;
use crate::shard::event::Event;
use crate::shard::logging::Intake;
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::sync::Arc;

/// The rig's table with a column more.
fn more() -> Schema {
    Schema::flat(vec![Field::flat("n", DataType::Long, false), Field::flat("new", DataType::String, true)])
}

pub(super) fn changed(rig: &mut Rig, schema: &Schema, shown: Shown) -> Vec<Action> {
    rig.generation += 1;
    let arrow_schema = Arc::new(to_arrow(schema).unwrap());
    let columns = TableColumns { schema: Arc::new(schema.clone()), arrow_schema, partition_columns: [].into() };
    rig.step(Event::Answer(Answer::Discarded {
        table: TABLE,
        generation: rig.generation,
        next_cut: rig.next_cut,
        fenced: vec![].into(),
        why: Refusal::new(RejectCode::Discarded, "other columns"),
        shown,
        columns: Some(Arc::new(columns)),
    }))
}

fn wishes(actions: &[Action]) -> Vec<Arc<Schema>> {
    let wish = |action: &Action| match action {
        Action::Request(Request::AddColumns { schema, .. }) => Some(schema.clone()),
        _ => None,
    };
    actions.iter().filter_map(wish).collect()
}

fn refused_columns(rig: &mut Rig, schema: Arc<Schema>) -> Vec<Action> {
    let why = Refusal::new(RejectCode::SchemaMismatch, "not wanted");
    rig.step(Event::Answer(Answer::ColumnsRefused { table: TABLE, schema, why }))
}

#[test]
fn rows_of_a_log_are_built_again_under_new_columns_and_nobody_is_cut_off() {
    let mut rig = LogRig::new();
    rig.open();
    rig.rig.batch(1, 0, 10);
    rig.settle(vec![]);
    let actions = changed(&mut rig.rig, &more(), shown(2, 1, 0, &[("a", 0, 1)]));
    let actions = rig.settle(actions);
    assert_eq!(rejected(&actions, 1).map(|reject| reject.message), None);
    rig.rig.batch(1, 10, 5);
    let (done, values) = rig.cut(vec![]);
    assert_eq!((done.rows, values), (15, (0..15).collect::<Vec<i64>>()));
    assert_eq!(rig.rig.shard.intake(ConnectionId(1)), Intake::Built);
}

#[test]
fn a_stream_that_fits_no_more_is_refused_and_another_goes_on() {
    let mut rig = LogRig::new();
    rig.open();
    // The column of the rig's rows is gone.
    let other = Schema::flat(vec![Field::flat("m", DataType::Long, true)]);
    let actions = changed(&mut rig.rig, &other, shown(2, 1, 0, &[("a", 0, 1)]));
    let actions = rig.settle(actions);
    assert_eq!(code(&actions, 1), Some(RejectCode::SchemaMismatch));
    rig.rig.hello(2, open_hello("", 2, 1));
    let actions = rig.step(Event::Schema { connection: ConnectionId(2), schema_id: 1, schema: other });
    assert!(actions.is_empty(), "{actions:?}");
}

#[test]
fn a_schema_with_new_columns_waits_with_all_behind_it() {
    let mut rig = LogRig::new();
    rig.open();
    let connection = ConnectionId(1);
    let actions = rig.step(Event::Schema { connection, schema_id: 2, schema: more() });
    assert_eq!(wishes(&actions), [Arc::new(more())]);
    assert_eq!(rig.rig.shard.intake(connection), Intake::Later);
    // Its id is taken, and what is announced behind it waits for its own answer.
    let third = Schema::flat(vec![Field::flat("n", DataType::Long, false), Field::flat("third", DataType::Date, true)]);
    let actions = rig.step(Event::Schema { connection, schema_id: 3, schema: third.clone() });
    assert_eq!(wishes(&actions), [Arc::new(third.clone())]);
    let actions = changed(&mut rig.rig, &more(), shown(2, 1, 0, &[("a", 0, 1)]));
    let actions = rig.settle(actions);
    assert_eq!(wishes(&actions), [Arc::new(third.clone())]);
    assert!(actions.iter().any(|action| matches!(action, Action::ReadAgain(TABLE))));
    assert_eq!(rig.rig.shard.intake(connection), Intake::Later);
    let actions = refused_columns(&mut rig.rig, Arc::new(third));
    let actions = rig.settle(actions);
    assert_eq!(code(&actions, 1), Some(RejectCode::SchemaMismatch));
}

#[test]
fn new_columns_that_are_not_wanted_cost_their_stream_alone() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.open(2, "b", 2, (0, 1));
    let actions = rig.step(Event::Schema { connection: ConnectionId(1), schema_id: 2, schema: more() });
    assert_eq!(wishes(&actions), [Arc::new(more())]);
    let actions = refused_columns(&mut rig, Arc::new(more()));
    assert_eq!((code(&actions, 1), code(&actions, 2)), (Some(RejectCode::SchemaMismatch), None));
    // What would not fit with new columns either is refused at once.
    let misfit =
        Schema::flat(vec![Field::flat("n", DataType::String, false), Field::flat("new", DataType::Date, true)]);
    let actions = rig.step(Event::Schema { connection: ConnectionId(2), schema_id: 2, schema: misfit });
    assert_eq!(code(&actions, 2), Some(RejectCode::SchemaMismatch));
}

#[test]
fn without_a_log_producers_send_again_under_the_new_columns() {
    let mut rig = Rig::new();
    rig.open(1, "a", 1, (0, 1));
    rig.batch(1, 0, 10);
    let actions = changed(&mut rig, &more(), Shown::default());
    assert_eq!(code(&actions, 1), Some(RejectCode::Discarded));
    rig.hello(2, open_hello("", 2, 1));
    assert!(rig.step(Event::Schema { connection: ConnectionId(2), schema_id: 1, schema: more() }).is_empty());
    assert!(rig.step(Event::Schema { connection: ConnectionId(2), schema_id: 2, schema: schema() }).is_empty());
    assert!(welcomed(&rig.hello(3, open_hello("", 3, 1)), 3).is_some());
}
