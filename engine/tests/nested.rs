//! Nested and dictionary-encoded columns over the wire into a table, read back from its Parquet files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod support;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::batch::{BatchView, Column, ENCODING_DICTIONARY};
use lakehead_protocol::frame;
use lakehead_protocol::reject::RejectCode;
use lakehead_protocol::schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::schema::types::Type;
use std::process::Command;
use support::{Engine, Peer, Said, hello};

/// `id: long, p: struct<x: long, tag: string>, tags: array<string>, m: map<string, array<long>>`
fn table() -> Schema {
    Schema {
        columns: vec![0, 1, 2, 3],
        fields: vec![
            Field::flat("id", DataType::Long, false),
            Field { children: vec![4, 5], ..Field::flat("p", DataType::Struct, true) },
            Field { children: vec![6], ..Field::flat("tags", DataType::Array, true) },
            Field { children: vec![7, 8], ..Field::flat("m", DataType::Map, true) },
            Field::flat("x", DataType::Long, false),
            Field::flat("tag", DataType::String, true),
            Field::flat("element", DataType::String, true),
            Field::flat("key", DataType::String, false),
            Field { children: vec![9], ..Field::flat("value", DataType::Array, true) },
            Field::flat("element", DataType::Long, true),
        ],
    }
}

fn numbers(values: &[i64]) -> Column {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Column { length: values.len() as u32, values: bytes, ..Column::default() }
}

fn texts(values: &[&str]) -> Column {
    let mut column = Column { length: values.len() as u32, offsets: vec![0], ..Column::default() };
    for value in values {
        column.values.extend_from_slice(value.as_bytes());
        column.offsets.push(column.values.len() as u32);
    }
    column
}

fn keys(values: &[u32], dictionary: u32) -> Column {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Column {
        encoding: ENCODING_DICTIONARY,
        length: values.len() as u32,
        values: bytes,
        children: vec![dictionary],
        ..Column::default()
    }
}

/// Rows `first..first + 3`, of which the second has NULLs where there may be some; texts encoded or not.
fn rows(first: i64, encoded: bool) -> Vec<Column> {
    let nested = |length: u32, offsets: &[u32], children: &[u32], validity: u8| Column {
        length,
        offsets: offsets.to_vec(),
        children: children.to_vec(),
        validity: vec![validity],
        ..Column::default()
    };
    let x = Column { validity: vec![0b101], ..numbers(&[first, -1, 7]) };
    let (tag, element, key) = if encoded {
        (keys(&[1, 0, 1], 10), keys(&[0, 2, 1], 11), keys(&[0, 1], 12))
    } else {
        (texts(&["b", "?", "b"]), texts(&["x", "ü", "y"]), texts(&["k", "l"]))
    };
    let tag = Column { validity: vec![0b011], ..tag };
    let mut columns = vec![
        numbers(&[first, first + 1, first + 2]),
        nested(3, &[], &[4, 5], 0b101),
        nested(3, &[0, 2, 2, 3], &[6], 0b101),
        nested(3, &[0, 2, 2, 2], &[7, 8], 0b101),
        x,
        tag,
        Column { validity: vec![0b110], ..element },
        key,
        nested(2, &[0, 1, 3], &[9], 0b10),
        numbers(&[1, 2, 3]),
    ];
    if encoded {
        columns.extend([texts(&["a", "b"]), texts(&["x", "y", "ü"]), texts(&["k", "l", "k"])]);
    }
    columns
}

fn expected(first: i64) -> [[String; 4]; 3] {
    let text = |row: [&str; 4]| row.map(str::to_owned);
    let id = |row: i64| (first + row).to_string();
    let point = format!("{{x: {first}, tag: b}}");
    [
        text([&id(0), &point, "[, ü]", "{k: , l: [2, 3]}"]),
        text([&id(1), "", "", ""]),
        text([&id(2), "{x: 7, tag: }", "[y]", "{}"]),
    ]
}

fn send(peer: &mut Peer, first: u64, columns: &[Column], rows: u32) {
    let mut out = FrameBuffer::new();
    let view = BatchView { columns: columns.iter().map(Column::view).collect() };
    frame::append_batch(&mut out, 1, first, rows, &view).unwrap();
    peer.send(&out);
}

fn open(engine: &Engine, schema: &Schema) -> Peer {
    let mut peer = engine.peer();
    peer.hello(&hello("nested", "", 1));
    peer.schema(1, schema);
    assert_eq!(peer.welcome().schema, table());
    peer
}

/// All rows of the table's files, by `id`.
fn read(engine: &Engine) -> RecordBatch {
    let mut batches = Vec::new();
    for entry in std::fs::read_dir(engine.data().join("tables/nested")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        assert_eq!(ids(reader.parquet_schema().root_schema()), [1, 2, 5, 6, 3, 7, 4, 8, 9, 10]);
        batches.extend(reader.build().unwrap().map(Result::unwrap));
    }
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Field ids, parents before children.
fn ids(node: &Type) -> Vec<i32> {
    let info = node.get_basic_info();
    let own = info.has_id().then(|| info.id());
    let below =
        if node.is_group() { node.get_fields().iter().flat_map(|field| ids(field)).collect() } else { Vec::new() };
    own.into_iter().chain(below).collect()
}

fn text(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap() }
}

#[test]
fn nested_and_encoded_rows_are_in_the_table_as_they_were_sent() {
    let engine = Engine::start();
    let mut peer = open(&engine, &table());
    let mut wanted = Vec::new();
    for batch in 0..20u64 {
        send(&mut peer, batch * 3, &rows(batch as i64 * 3, batch % 3 != 2), 3);
        wanted.extend(expected(batch as i64 * 3));
        if batch % 5 == 4 {
            peer.committed(batch * 3 + 3);
        }
    }
    // A batch whose first two rows were sent before.
    send(&mut peer, 58, &rows(58, true), 3);
    peer.committed(61);
    wanted.push(expected(58)[2].clone());
    let found = read(&engine);
    let id = found.column(0).as_primitive::<Int64Type>();
    let mut order: Vec<usize> = (0..found.num_rows()).collect();
    order.sort_by_key(|row| id.value(*row));
    let found: Vec<_> = order.iter().map(|row| [0, 1, 2, 3].map(|column| text(found.column(column), *row))).collect();
    assert_eq!(found, wanted);
    let described = Command::new(env!("CARGO_BIN_EXE_lakehead"))
        .args(["table", "describe", "nested", "--data-dir"])
        .arg(engine.data())
        .output()
        .unwrap();
    let described = String::from_utf8(described.stdout).unwrap();
    for part in ["struct<x: long not null, tag: string>", "array<string>", "map<string, array<long>>", "61 in"] {
        assert!(described.contains(part), "{part} in {described}");
    }
}

#[test]
fn a_batch_without_rows_changes_nothing() {
    let engine = Engine::start();
    let mut peer = open(&engine, &table());
    let mut columns: Vec<Column> = rows(0, false);
    for column in &mut columns {
        let offsets = if column.offsets.is_empty() { Vec::new() } else { vec![0] };
        *column = Column { offsets, children: column.children.clone(), ..Column::default() };
    }
    send(&mut peer, 0, &columns, 0);
    send(&mut peer, 0, &rows(0, true), 3);
    send(&mut peer, 3, &columns, 0);
    assert_eq!(peer.committed(3).committed, 3);
    peer.close(3);
    loop {
        match peer.next() {
            Said::Closed(closed) => return assert_eq!(closed.committed, 3),
            Said::Ack(_) | Said::Other(_) => {}
            other => panic!("not closed: {other:?}"),
        }
    }
}

#[test]
fn what_does_not_fit_a_nested_column_is_refused_by_its_path() {
    let engine = Engine::start();
    drop(open(&engine, &table()));
    let mut other = table();
    other.fields[9].data_type = DataType::Date as u8;
    let mut peer = open(&engine, &other);
    let (code, reject) = peer.refusal();
    assert_eq!(code, RejectCode::SchemaMismatch);
    assert!(reject.message.contains("m.value.element"), "{}", reject.message);
    // A field that allows no NULL, NULL where its struct is not.
    let mut peer = open(&engine, &table());
    let mut columns = rows(0, true);
    columns[4].validity = vec![0b001];
    send(&mut peer, 0, &columns, 3);
    let (_, reject) = peer.refusal();
    assert!(reject.message.contains("p.x") && reject.offset == 2, "{} {}", reject.message, reject.offset);
}
