//! Rows one by one, nested ones too, become frames that a server accepts and that hold their values.

use super::peer::welcome;
use crate::batching::Batching;
use crate::columns::tests::value::{Value, of_wire};
use crate::columns::{FrameLimits, stream_schema};
use crate::keep::Keep;
use crate::metrics::{Hooks, Reporter};
use crate::session::{Identity, Outgoing, Session};
use crate::shared::Shared;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use lakehead_protocol::batch::{ArchivedBatch, Batch};
use lakehead_protocol::compression::Compression;
use lakehead_protocol::frame::{Progress, next};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::{archive, batch_check};
use serde_json::json;
use std::sync::Arc;
use tokio::time::Instant;

#[test]
fn nested_rows_become_frames_that_hold_their_values() {
    let point = Fields::from(vec![Field::new("x", DataType::Int64, true)]);
    let schema = Arc::new(Schema::new(vec![
        Field::new("device", DataType::Utf8, false),
        Field::new("tags", DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), true),
        Field::new("point", DataType::Struct(point), true),
    ]));
    let wire = stream_schema(&schema).unwrap();
    let identity =
        Identity { table: "t".into(), name: "s".into(), credential: vec![], opener: [1; 16], keep: Keep::default() };
    let mut session = Session::new(identity, Some(Arc::new(wire.clone())));
    session.connected().unwrap();
    let mut first = welcome(0, 0);
    (first.schema, first.credit) = (wire.clone(), 1 << 30);
    session.welcomed(&first).unwrap();
    let shared = Shared::new(session, Reporter::new(Hooks::default(), "t", "s"), Compression::None, 1 << 20);
    shared.collected().begin(schema, Batching::default(), FrameLimits::announced(0, 0), 0);
    for row in 0..4_000i64 {
        let device = if row % 2 == 0 { "kiln" } else { "dryer" };
        let tags = if row % 5 == 0 { json!(null) } else { json!(["hot", device, null]) };
        let point = if row % 3 == 0 { json!(null) } else { json!({ "x": row }) };
        let row = json!({ "device": device, "tags": tags, "point": point });
        shared.collected().push(&row, Instant::now).unwrap();
    }
    shared.seal().unwrap();
    let Some(Outgoing::Batch(frame, _)) = shared.session().next_outgoing().unwrap() else { panic!("a batch") };
    assert_eq!((frame.rows, shared.collected().bytes()), (0..4_000, 0));
    let Progress::Frame { frame, .. } = next(&frame.bytes, PeerState::Streaming).unwrap() else { panic!("a frame") };
    let archived = archive::access::<ArchivedBatch>(frame.payload).unwrap();
    batch_check::check(archived, &wire, 4_000).unwrap();
    let batch: Batch = rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(archived).unwrap();
    let read = |row| -> Vec<Value> {
        let columns = wire.columns.iter().enumerate();
        columns.map(|(place, index)| of_wire(&batch, &wire, place, *index as usize, row)).collect()
    };
    let text = |text: &str| Value::Bytes(text.into());
    let tags = |device| Value::List(vec![text("hot"), text(device), Value::Null]);
    assert_eq!(read(1), [text("dryer"), tags("dryer"), Value::Struct(vec![Value::Number(1)])]);
    assert_eq!(read(2), [text("kiln"), tags("kiln"), Value::Struct(vec![Value::Number(2)])]);
    assert_eq!(read(15), [text("dryer"), Value::Null, Value::Null]);
}
