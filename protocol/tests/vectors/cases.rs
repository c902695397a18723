//! Frames that a receiver takes.

use lakehead_protocol::FrameBuffer;
use lakehead_protocol::ack::Ack;
use lakehead_protocol::archive::ToArchive;
use lakehead_protocol::batch::{Batch, BatchView, Column, ENCODING_DICTIONARY};
use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::control::{Close, Closed, GoingAway, Ping};
use lakehead_protocol::frame;
use lakehead_protocol::hello::{
    Hello, KEEP_UNTIL_COMMITTED, KEEP_UNTIL_DURABLE, MODE_DESCRIBE, MODE_OPEN, MODE_RESUME,
};
use lakehead_protocol::kind::{Kind, PeerState};
use lakehead_protocol::reject::{Reject, RejectCode};
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::welcome::Welcome;

/// Whether an encoder has a choice.
pub enum Encoder {
    Exact,
    Free,
}

pub struct Case {
    pub name: &'static str,
    pub about: &'static str,
    pub state: PeerState,
    pub bytes: FrameBuffer,
    pub encoder: Encoder,
}

pub fn all() -> Vec<Case> {
    let mut cases = hellos();
    cases.extend(schemas());
    cases.extend(batches());
    cases.extend(controls());
    cases
}

fn control(name: &'static str, about: &'static str, state: PeerState, kind: Kind, value: &impl ToArchive) -> Case {
    let mut bytes = FrameBuffer::new();
    frame::append_control(&mut bytes, kind, value).unwrap();
    Case { name, about, state, bytes, encoder: Encoder::Exact }
}

pub fn open() -> Hello {
    Hello {
        table: "plant.readings".into(),
        stream: "gateway-7".into(),
        client: "example/1".into(),
        opener: *b"0123456789abcdef",
        attempt: 1,
        mode: MODE_OPEN,
        keep: KEEP_UNTIL_COMMITTED,
        schema_follows: 1,
        ..Hello::default()
    }
}

fn hellos() -> Vec<Case> {
    let state = PeerState::Greeting;
    let resume = Hello {
        table_id: "6c3bb0a1-3f0e-4ac8-9f3a-0d5a2c1be1a7".into(),
        attempt: 2,
        mode: MODE_RESUME,
        epoch_major: 3,
        durable_seen: 1_200,
        committed_seen: 1_000,
        sent: 1_500,
        resendable_from: 1_000,
        keep: KEEP_UNTIL_DURABLE,
        schema_follows: 0,
        ..open()
    };
    let anonymous = Hello { table: "t".into(), stream: String::new(), credential: b"secret".to_vec(), ..open() };
    let describe = Hello { stream: String::new(), mode: MODE_DESCRIBE, schema_follows: 0, ..open() };
    vec![
        control("hello_open", "Opens a named stream; a Schema frame follows.", state, Kind::Hello, &open()),
        control(
            "hello_resume",
            "Resumes it on a new connection, with the epoch that Welcome gave.",
            state,
            Kind::Hello,
            &resume,
        ),
        control(
            "hello_anonymous",
            "Opens an anonymous stream, with a credential; its strings are short and stand in place.",
            state,
            Kind::Hello,
            &anonymous,
        ),
        control("hello_describe", "Asks for the table's columns and opens nothing.", state, Kind::Hello, &describe),
    ]
}

/// A column of each flat type.
fn flat_schema() -> Schema {
    use DataType::*;
    let mut fields: Vec<Field> =
        [Boolean, Byte, Short, Integer, Long, Float, Double, Date, Timestamp, TimestampNtz, String, Binary]
            .into_iter()
            .map(|data_type| Field::flat(format!("{data_type:?}").to_lowercase(), data_type, true))
            .collect();
    fields.extend([9, 18, 38].map(|precision| Field::decimal(format!("decimal_{precision}"), precision, 2, false)));
    Schema::flat(fields)
}

/// `id long not null, path array<struct<x: double not null, name: string>>, counts map<string, long>`
fn nested_schema() -> Schema {
    Schema {
        columns: vec![0, 1, 2],
        fields: vec![
            Field::flat("id", DataType::Long, false),
            Field { children: vec![3], ..Field::flat("path", DataType::Array, true) },
            Field { children: vec![6, 7], ..Field::flat("counts", DataType::Map, true) },
            Field { children: vec![4, 5], ..Field::flat("element", DataType::Struct, true) },
            Field::flat("x", DataType::Double, false),
            Field::flat("name", DataType::String, true),
            Field::flat("key", DataType::String, false),
            Field::flat("value", DataType::Long, true),
        ],
    }
}

fn schemas() -> Vec<Case> {
    let case = |name, about, id, schema: &Schema| {
        let mut bytes = FrameBuffer::new();
        frame::append_schema(&mut bytes, id, schema).unwrap();
        Case { name, about, state: PeerState::Opening, bytes, encoder: Encoder::Exact }
    };
    let two = Schema::flat(vec![Field::flat("n", DataType::Long, false), Field::flat("name", DataType::String, true)]);
    vec![
        case("schema_two_columns", "n long not null, name string", 1, &two),
        case("schema_flat", "A column of each flat type.", 1, &flat_schema()),
        case(
            "schema_nested",
            "id long not null, path array<struct<x: double not null, name: string>>, counts map<string, long>",
            2,
            &nested_schema(),
        ),
    ]
}

pub fn fixed<const N: usize>(values: &[[u8; N]]) -> Column {
    Column { length: values.len() as u32, values: values.concat(), ..Column::default() }
}

pub fn longs(values: &[i64]) -> Column {
    fixed(&values.iter().map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

pub fn strings(texts: &[&str]) -> Column {
    let mut column = Column { length: texts.len() as u32, offsets: vec![0], ..Column::default() };
    for text in texts {
        column.values.extend_from_slice(text.as_bytes());
        column.offsets.push(column.values.len() as u32);
    }
    column
}

pub fn batch(schema_id: u32, first_offset: u64, rows: u32, columns: Vec<Column>) -> FrameBuffer {
    let batch = Batch { columns };
    let mut bytes = FrameBuffer::new();
    let view = BatchView { columns: batch.columns.iter().map(Column::view).collect() };
    frame::append_batch(&mut bytes, schema_id, first_offset, rows, &view).unwrap();
    bytes
}

/// Least, greatest and NULL of each type of [`flat_schema`].
fn flat_columns() -> Vec<Column> {
    let null = |column: Column| Column { validity: vec![0b011], ..column };
    let date = [-719_162i32, 2_932_896, 0].map(i32::to_le_bytes);
    let times = [-62_135_596_800_000_000i64, 253_402_300_799_999_999, 0].map(i64::to_le_bytes);
    vec![
        Column { length: 3, validity: vec![0b011], values: vec![0b010], ..Column::default() },
        null(fixed(&[i8::MIN, i8::MAX, 0].map(i8::to_le_bytes))),
        null(fixed(&[i16::MIN, i16::MAX, 0].map(i16::to_le_bytes))),
        null(fixed(&[i32::MIN, i32::MAX, 0].map(i32::to_le_bytes))),
        null(longs(&[i64::MIN, i64::MAX, 0])),
        null(fixed(&[f32::NEG_INFINITY, f32::NAN, 0.0].map(f32::to_le_bytes))),
        null(fixed(&[f64::MIN, f64::INFINITY, 0.0].map(f64::to_le_bytes))),
        null(fixed(&date)),
        null(fixed(&times)),
        null(fixed(&times)),
        null(strings(&["", "Grüße", ""])),
        null(Column { values: vec![0x00, 0xff], ..strings(&["", "--", ""]) }),
        fixed(&[-999_999_999i32, 999_999_999, 0].map(i32::to_le_bytes)),
        fixed(&[-999_999_999_999_999_999i64, 999_999_999_999_999_999, 0].map(i64::to_le_bytes)),
        fixed(&[-(10i128.pow(38) - 1), 10i128.pow(38) - 1, 0].map(i128::to_le_bytes)),
    ]
}

/// Three rows of [`nested_schema`]: two points and a count, NULL and NULL, no point and a NULL count.
fn nested_columns() -> Vec<Column> {
    vec![
        longs(&[1, 2, 3]),
        Column { length: 3, validity: vec![0b101], offsets: vec![0, 2, 2, 2], children: vec![3], ..Column::default() },
        Column {
            length: 3,
            validity: vec![0b101],
            offsets: vec![0, 1, 1, 2],
            children: vec![6, 7],
            ..Column::default()
        },
        Column { length: 2, validity: vec![0b01], children: vec![4, 5], ..Column::default() },
        Column { validity: vec![0b01], ..fixed(&[0.5f64, 0.0].map(f64::to_le_bytes)) },
        strings(&["start", ""]),
        strings(&["a", "b"]),
        Column { validity: vec![0b01], ..longs(&[7, 0]) },
    ]
}

/// `red, green, red, NULL` as keys into a dictionary.
fn dictionary_columns() -> Vec<Column> {
    let keys = [0u32, 1, 0, 0].iter().flat_map(|key| key.to_le_bytes()).collect();
    vec![
        longs(&[10, 11, 12, 13]),
        Column {
            encoding: ENCODING_DICTIONARY,
            length: 4,
            validity: vec![0b0111],
            values: keys,
            children: vec![2],
            ..Column::default()
        },
        strings(&["red", "green"]),
    ]
}

fn batches() -> Vec<Case> {
    let case = |name, about, bytes| Case { name, about, state: PeerState::Streaming, bytes, encoder: Encoder::Exact };
    let many: Vec<i64> = (0..100).collect();
    let plain = batch(1, 500, 100, vec![longs(&many), strings(&["same"; 100])]);
    let packed = |name, about, compression| {
        let bytes = compress_frame(&plain, compression).unwrap();
        Case { encoder: Encoder::Free, ..case(name, about, bytes) }
    };
    let two = vec![longs(&[7, -1]), Column { validity: vec![0b01], ..strings(&["x", ""]) }];
    vec![
        case("batch_two_rows", "Rows 42 and 43 of schema_two_columns: 7 and \"x\", -1 and NULL.", batch(1, 42, 2, two)),
        case("batch_empty", "No rows: nothing is appended.", batch(1, 42, 0, vec![longs(&[]), strings(&[])])),
        case(
            "batch_flat",
            "Three rows of schema_flat: least values, greatest values, NULL.",
            batch(1, 0, 3, flat_columns()),
        ),
        case("batch_nested", "Three rows of schema_nested.", batch(2, 0, 3, nested_columns())),
        case(
            "batch_dictionary",
            "Four rows of schema_two_columns; name is red, green, red, NULL by keys.",
            batch(1, 44, 4, dictionary_columns()),
        ),
        packed("batch_lz4", "A hundred rows of schema_two_columns, compressed as one LZ4 block.", Compression::Lz4),
        packed("batch_zstd", "The same rows, compressed as one Zstandard frame.", Compression::Zstd),
    ]
}

fn controls() -> Vec<Case> {
    let (server, client) = (PeerState::Server, PeerState::Streaming);
    let welcome = Welcome {
        table_id: "6c3bb0a1-3f0e-4ac8-9f3a-0d5a2c1be1a7".into(),
        table_version: 12,
        schema: nested_schema(),
        stream_id: *b"fedcba9876543210",
        epoch_major: 3,
        epoch_minor: 0,
        resume_offset: 1_000,
        durable: 1_000,
        committed: 1_000,
        credit: 64 << 20,
        batch_bytes_max: 16 << 20,
        batch_rows_max: 4 << 20,
    };
    let ack = Ack { durable: 1_400, committed: 1_200, version: 14, credit: 96 << 20 };
    let gap = Reject::new(
        RejectCode::OffsetGap,
        1_500,
        "the batch starts at offset 1600 but the next row of the stream is 1500",
    );
    vec![
        control("welcome", "The stream is open.", server, Kind::Welcome, &welcome),
        control("ack", "Durable to 1400, committed to 1200 in version 14.", server, Kind::Ack, &ack),
        control("reject", "A gap: resume and send from row 1500.", server, Kind::Reject, &gap),
        control(
            "going_away",
            "The server stops in half a minute.",
            server,
            Kind::GoingAway,
            &GoingAway { deadline_ms: 30_000 },
        ),
        control(
            "closed",
            "All 1500 rows are in version 15.",
            server,
            Kind::Closed,
            &Closed { committed: 1_500, version: 15 },
        ),
        control("close", "Nothing comes after row 1499.", client, Kind::Close, &Close { sent: 1_500 }),
        control("ping", "Answer with the same nonce.", client, Kind::Ping, &Ping { nonce: 77 }),
        control("pong", "The answer.", server, Kind::Pong, &Ping { nonce: 77 }),
    ]
}
