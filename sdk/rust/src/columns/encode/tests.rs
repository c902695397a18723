use super::*;
use crate::columns::{FrameLimits, conform, split};
use arrow::array::{
    ArrayData, BinaryArray, BooleanArray, Date32Array, Decimal32Array, Decimal64Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    make_array,
};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use lakehead_protocol::arrow_schema::{from_arrow, to_arrow};
use lakehead_protocol::batch::ArchivedBatch;
use lakehead_protocol::frame::{Progress, next};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::schema::{DataType, Field, Schema};
use lakehead_protocol::{archive, batch_check};
use proptest::prelude::*;
use std::sync::Arc;

/// One row: which columns are NULL, a number and a text to make values of.
type Row = (u16, u64, String);

fn schema() -> SchemaRef {
    let flat = [
        DataType::Boolean,
        DataType::Byte,
        DataType::Short,
        DataType::Integer,
        DataType::Long,
        DataType::Float,
        DataType::Double,
        DataType::Date,
        DataType::Timestamp,
        DataType::TimestampNtz,
        DataType::String,
        DataType::Binary,
    ];
    let mut fields: Vec<_> =
        flat.into_iter().enumerate().map(|(index, kind)| Field::flat(format!("c{index}"), kind, true)).collect();
    fields.extend([9, 18, 38].map(|precision| Field::decimal(format!("d{precision}"), precision, 3, true)));
    fields.push(Field::flat("required", DataType::Long, false));
    Arc::new(to_arrow(&Schema::flat(fields)).unwrap())
}

fn batch(rows: &[Row]) -> RecordBatch {
    fn column<T>(rows: &[Row], index: usize, value: impl Fn(&Row) -> T) -> Vec<Option<T>> {
        rows.iter().map(|row| (row.0 >> index & 1 == 0).then(|| value(row))).collect()
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(BooleanArray::from(column(rows, 0, |row| row.1 % 2 == 0))),
        Arc::new(Int8Array::from(column(rows, 1, |row| row.1 as i8))),
        Arc::new(Int16Array::from(column(rows, 2, |row| row.1 as i16))),
        Arc::new(Int32Array::from(column(rows, 3, |row| row.1 as i32))),
        Arc::new(Int64Array::from(column(rows, 4, |row| row.1 as i64))),
        Arc::new(Float32Array::from(column(rows, 5, |row| row.1 as f32))),
        Arc::new(Float64Array::from(column(rows, 6, |row| row.1 as f64))),
        Arc::new(Date32Array::from(column(rows, 7, |row| row.1 as i32))),
        Arc::new(TimestampMicrosecondArray::from(column(rows, 8, |row| row.1 as i64)).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(column(rows, 9, |row| row.1 as i64))),
        Arc::new(StringArray::from(column(rows, 10, |row| row.2.clone()))),
        Arc::new(BinaryArray::from_iter(column(rows, 11, |row| row.2.clone()))),
        Arc::new(
            Decimal32Array::from(column(rows, 12, |row| (row.1 % 1_000_000_000) as i32))
                .with_precision_and_scale(9, 3)
                .unwrap(),
        ),
        Arc::new(
            Decimal64Array::from(column(rows, 13, |row| -((row.1 % 1_000_000_000_000_000_000) as i64)))
                .with_precision_and_scale(18, 3)
                .unwrap(),
        ),
        Arc::new(
            Decimal128Array::from(column(rows, 14, |row| i128::from(row.1) * 1_000_000_007))
                .with_precision_and_scale(38, 3)
                .unwrap(),
        ),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1 as i64))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// The rows of a frame, judged as a server judges them.
fn decode(frame: &[u8], schema: &SchemaRef) -> RecordBatch {
    let Progress::Frame { frame, consumed } = next(frame, PeerState::Streaming).unwrap() else {
        panic!("a whole frame");
    };
    assert!(consumed > frame.payload.len());
    let wire = from_arrow(schema).unwrap();
    let batch = archive::access::<ArchivedBatch>(frame.payload).unwrap();
    batch_check::check(batch, &wire, frame.header.rows).unwrap();
    let rows = frame.header.rows as usize;
    let columns = schema.fields().iter().zip(batch.columns.iter()).map(|(field, column)| {
        let mut data = ArrayData::builder(field.data_type().clone()).len(rows);
        if !column.validity.is_empty() {
            data = data.null_bit_buffer(Some(Buffer::from(column.validity.as_slice())));
        }
        if !column.offsets.is_empty() {
            let offsets: Buffer = column.offsets.iter().map(|offset| offset.to_native()).collect();
            data = data.add_buffer(offsets);
        }
        make_array(data.add_buffer(Buffer::from(column.values.as_slice())).align_buffers(true).build().unwrap())
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((any::<u16>(), any::<u64>(), ".{0,12}"), 0..80)
}

proptest! {
    #[test]
    fn any_slice_of_any_flat_columns_arrives_equal(rows in rows(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let whole = batch(&rows);
        let (from, to) = (from.index(rows.len() + 1), to.index(rows.len() + 1));
        let slice = whole.slice(from.min(to), from.abs_diff(to));
        let columns = conform(&slice, &schema()).unwrap();
        for piece in split(&columns, 0..columns.rows, FrameLimits::announced(0, 0)).unwrap() {
            let frame = batch_frame(&columns, &piece, 17).unwrap();
            prop_assert_eq!(decode(&frame, &schema()), slice.clone());
        }
    }

    #[test]
    fn pieces_are_within_limits_and_together_the_batch(rows in rows(), bytes_max in 1_500u32..6_000, rows_max in 1u32..40) {
        let whole = batch(&rows);
        let columns = conform(&whole, &schema()).unwrap();
        let limits = FrameLimits::announced(bytes_max, rows_max);
        let mut at = 0;
        for piece in split(&columns, 0..columns.rows, limits).unwrap() {
            prop_assert_eq!(piece.rows.start, at);
            at = piece.rows.end;
            let frame = batch_frame(&columns, &piece, 0).unwrap();
            let Progress::Frame { frame: view, .. } = next(&frame, PeerState::Streaming).unwrap() else { panic!() };
            prop_assert!(view.payload.len() <= piece.bytes, "{} of {}", view.payload.len(), piece.bytes);
            prop_assert!(piece.bytes <= limits.bytes_max && piece.rows.len() <= limits.rows_max);
            prop_assert_eq!(decode(&frame, &schema()), whole.slice(piece.rows.start, piece.rows.len()));
        }
        prop_assert_eq!(at, whole.num_rows());
    }
}

#[test]
fn a_row_over_the_limit_is_named() {
    let schema: SchemaRef = Arc::new(ArrowSchema::new(vec![arrow::datatypes::Field::new("s", ArrowType::Utf8, false)]));
    let texts = StringArray::from(vec!["a".to_owned(), "b".repeat(5_000), "c".to_owned()]);
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(texts)]).unwrap();
    let columns = conform(&batch, &schema).unwrap();
    let over = split(&columns, 0..columns.rows, FrameLimits::announced(1_000, 0)).unwrap_err();
    assert_eq!(over.row, 1);
    assert!(over.found > 5_000);
}
