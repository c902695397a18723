//! Any nested batch, sliced and cut anywhere, passes the server's judgement and reads as what was appended.

use super::value::{Value, of_arrow, of_wire};
use crate::columns::{FrameLimits, batch_frame, conform, split, stream_schema};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Decimal32Array, DictionaryArray, FixedSizeListArray, Int64Array,
    LargeListArray, LargeStringArray, ListArray, MapArray, RecordBatch, StringArray, StringViewArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Int8Type, Int32Type, Schema, SchemaRef};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::batch::{ArchivedBatch, Batch};
use lakehead_protocol::frame::{Progress, next};
use lakehead_protocol::kind::PeerState;
use lakehead_protocol::{archive, batch_check};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// What a producer's column is made of.
#[derive(Debug, Clone)]
enum Shape {
    Flag,
    Number,
    Decimal,
    Text(Layout),
    Bytes,
    Struct(Vec<(Shape, bool)>),
    List(Box<Shape>, bool, Layout),
    Map(Box<Shape>, Box<Shape>, bool),
}

/// Which of the Arrow types of one meaning.
#[derive(Debug, Clone, Copy)]
enum Layout {
    Plain,
    Large,
    View,
    Dictionary,
    SmallDictionary,
}

fn layouts() -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::Plain),
        Just(Layout::Large),
        Just(Layout::View),
        Just(Layout::Dictionary),
        Just(Layout::SmallDictionary),
    ]
}

fn leaves() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Flag),
        Just(Shape::Number),
        Just(Shape::Decimal),
        Just(Shape::Bytes),
        layouts().prop_map(Shape::Text),
        layouts().prop_map(Shape::Text),
    ]
}

fn shapes() -> impl Strategy<Value = Shape> {
    leaves().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec((inner.clone(), any::<bool>()), 1..4).prop_map(Shape::Struct),
            (inner.clone(), any::<bool>(), layouts()).prop_map(|(element, nullable, layout)| Shape::List(
                Box::new(element),
                nullable,
                layout
            )),
            (leaves(), inner, any::<bool>()).prop_map(|(key, value, nullable)| Shape::Map(
                Box::new(key),
                Box::new(value),
                nullable
            )),
        ]
    })
}

/// Random arrays of a shape, with every freedom that Arrow gives: values under NULLs, elements of NULL lists, NULL entries of
/// dictionaries, keys of NULL rows out of range.
struct Maker {
    random: StdRng,
}

impl Maker {
    fn nulls(&mut self, rows: usize, nullable: bool) -> Option<NullBuffer> {
        let some = nullable && self.random.random_bool(0.7);
        some.then(|| (0..rows).map(|_| self.random.random_bool(0.7)).collect::<Vec<_>>().into())
    }

    fn text(&mut self) -> String {
        ["", "a", "zürich", "kept", "a longer text than the others"][self.random.random_range(0..5)].to_owned()
    }

    /// An array that begins somewhere in a longer one.
    fn array(&mut self, shape: &Shape, rows: usize, nullable: bool) -> ArrayRef {
        let (before, after) = (self.random.random_range(0..3), self.random.random_range(0..3));
        let whole = self.whole(shape, before + rows + after, nullable);
        whole.slice(before, rows)
    }

    fn whole(&mut self, shape: &Shape, rows: usize, nullable: bool) -> ArrayRef {
        let nulls = self.nulls(rows, nullable);
        let masked = |array: ArrayRef, nulls: Option<NullBuffer>| {
            let mask = nulls.map(|nulls| BooleanArray::new(!nulls.inner(), None));
            mask.map_or(array.clone(), |mask| arrow::compute::nullif(&array, &mask).unwrap())
        };
        match shape {
            Shape::Flag => {
                let flags: Vec<bool> = (0..rows).map(|_| self.random.random()).collect();
                Arc::new(BooleanArray::new(flags.into(), nulls))
            }
            Shape::Number => {
                let numbers: Vec<i64> = (0..rows).map(|_| self.random.random()).collect();
                Arc::new(Int64Array::new(numbers.into(), nulls))
            }
            Shape::Decimal => {
                let valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                let bound = |row| if valid(row) { 1_000 } else { i32::MAX };
                let digits: Vec<i32> = (0..rows).map(|row| self.random.random_range(0..bound(row))).collect();
                Arc::new(Decimal32Array::new(digits.into(), nulls).with_precision_and_scale(3, 1).unwrap())
            }
            Shape::Bytes => {
                let bytes: Vec<Vec<u8>> = (0..rows).map(|row| vec![0xff; row % 4]).collect();
                masked(Arc::new(BinaryArray::from_iter_values(bytes)), nulls)
            }
            Shape::Text(layout) => {
                let texts: Vec<String> = (0..rows).map(|_| self.text()).collect();
                match layout {
                    Layout::Plain => masked(Arc::new(StringArray::from(texts)), nulls),
                    Layout::Large => masked(Arc::new(LargeStringArray::from(texts)), nulls),
                    Layout::View => masked(Arc::new(StringViewArray::from(texts)), nulls),
                    Layout::Dictionary | Layout::SmallDictionary => self.dictionary(*layout, rows, nulls, nullable),
                }
            }
            Shape::Struct(fields) => {
                let (mut named, mut columns) = (Vec::new(), Vec::new());
                for (place, (shape, nullable)) in fields.iter().enumerate() {
                    // Where the struct is NULL, a field that allows none may hold anything; here a value that fits it.
                    let column = self.array(shape, rows, *nullable);
                    named.push(Field::new(format!("f{place}"), column.data_type().clone(), *nullable));
                    columns.push(column);
                }
                Arc::new(StructArray::new(named.into(), columns, nulls))
            }
            Shape::List(element, element_nullable, layout) => {
                self.list(element, *element_nullable, *layout, rows, nulls)
            }
            Shape::Map(key, value, value_nullable) => {
                let offsets = self.offsets(rows);
                let entries = *offsets.last().unwrap() as usize + 2;
                let (keys, values) = (self.array(key, entries, false), self.array(value, entries, *value_nullable));
                let fields = Fields::from(vec![
                    Field::new("k", keys.data_type().clone(), false),
                    Field::new("v", values.data_type().clone(), *value_nullable),
                ]);
                let entries = StructArray::new(fields.clone(), vec![keys, values], None);
                let field = Arc::new(Field::new("entries", ArrowType::Struct(fields), false));
                Arc::new(MapArray::new(field, OffsetBuffer::new(offsets.into()), entries, nulls, false))
            }
        }
    }

    fn offsets(&mut self, rows: usize) -> Vec<i32> {
        let mut offsets = vec![self.random.random_range(0..3)];
        for row in 0..rows {
            offsets.push(offsets[row] + self.random.random_range(0..4));
        }
        offsets
    }

    fn list(
        &mut self,
        element: &Shape,
        nullable: bool,
        layout: Layout,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        let offsets = self.offsets(rows);
        let fixed = matches!(layout, Layout::View);
        let elements = if fixed { 2 * rows } else { *offsets.last().unwrap() as usize + 1 };
        let values = self.array(element, elements, nullable);
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), nullable));
        match layout {
            Layout::View => Arc::new(FixedSizeListArray::try_new_with_length(field, 2, values, nulls, rows).unwrap()),
            Layout::Large => {
                let offsets: Vec<i64> = offsets.into_iter().map(i64::from).collect();
                Arc::new(LargeListArray::new(field, OffsetBuffer::new(offsets.into()), values, nulls))
            }
            _ => Arc::new(ListArray::new(field, OffsetBuffer::new(offsets.into()), values, nulls)),
        }
    }

    fn dictionary(&mut self, layout: Layout, rows: usize, nulls: Option<NullBuffer>, nullable: bool) -> ArrayRef {
        let entries = self.random.random_range(1..9);
        let texts = |maker: &mut Self, first: bool| {
            let null = nullable && !first && maker.random.random_bool(0.2);
            (!null).then(|| maker.text())
        };
        let values: StringArray = (0..entries).map(|entry| texts(self, entry == 0)).collect();
        let valid = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let keys: Vec<i8> =
            (0..rows).map(|row| if valid(row) { self.random.random_range(0..entries) } else { 100 }).collect();
        match layout {
            Layout::SmallDictionary => {
                let keys = arrow::array::PrimitiveArray::<Int8Type>::new(keys.into(), nulls);
                Arc::new(DictionaryArray::new(keys, Arc::new(values)))
            }
            _ => {
                let keys: Vec<i32> = keys.into_iter().map(i32::from).collect();
                let keys = arrow::array::PrimitiveArray::<Int32Type>::new(keys.into(), nulls);
                Arc::new(DictionaryArray::new(keys, Arc::new(values)))
            }
        }
    }
}

fn batch(shapes: &[(Shape, bool)], rows: usize, seed: u64) -> RecordBatch {
    let mut maker = Maker { random: StdRng::seed_from_u64(seed) };
    let columns: Vec<_> = shapes.iter().map(|(shape, nullable)| maker.array(shape, rows, *nullable)).collect();
    let field = |(place, (column, (_, nullable))): (usize, (&ArrayRef, &(Shape, bool)))| {
        Field::new(format!("c{place}"), column.data_type().clone(), *nullable)
    };
    let fields: Vec<_> = columns.iter().zip(shapes).enumerate().map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The rows that a server reads of `batch`, cut to these limits.
pub fn sent(batch: &RecordBatch, limits: FrameLimits) -> Vec<Vec<Value>> {
    let wire = stream_schema(batch.schema_ref()).unwrap();
    let target: SchemaRef = Arc::new(to_arrow(&wire).unwrap());
    let columns = conform(batch, &target).unwrap();
    let mut read = Vec::new();
    for piece in split(&columns, 0..columns.rows, limits).unwrap() {
        let bytes = batch_frame(&columns, &piece, 7).unwrap();
        let Progress::Frame { frame, .. } = next(&bytes, PeerState::Streaming).unwrap() else { panic!("a frame") };
        assert!(frame.payload.len() <= piece.bytes, "{} of {}", frame.payload.len(), piece.bytes);
        assert!(piece.bytes <= limits.bytes_max && piece.rows.len() <= limits.rows_max);
        let archived = archive::access::<ArchivedBatch>(frame.payload).unwrap();
        batch_check::check(archived, &wire, frame.header.rows).unwrap();
        let batch: Batch = rkyv::api::high::deserialize::<_, rkyv::rancor::Failure>(archived).unwrap();
        for row in 0..frame.header.rows as usize {
            let columns = wire.columns.iter().enumerate();
            read.push(columns.map(|(place, index)| of_wire(&batch, &wire, place, *index as usize, row)).collect());
        }
    }
    read
}

pub fn appended(batch: &RecordBatch) -> Vec<Vec<Value>> {
    let row = |row| batch.columns().iter().map(|column| of_arrow(column.as_ref(), row)).collect();
    (0..batch.num_rows()).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_nested_batch_arrives_equal(
        shapes in prop::collection::vec((shapes(), any::<bool>()), 1..4),
        rows in 0..24usize, rows_max in 1..30u32, seed in any::<u64>(),
        from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
    ) {
        let whole = batch(&shapes, rows, seed);
        let (from, to) = (from.index(rows + 1), to.index(rows + 1));
        let slice = whole.slice(from.min(to), from.abs_diff(to));
        prop_assert_eq!(sent(&slice, FrameLimits::announced(0, rows_max)), appended(&slice));
    }

    #[test]
    fn pieces_of_nested_batches_are_within_the_bytes(
        shapes in prop::collection::vec((shapes(), any::<bool>()), 1..3), seed in any::<u64>(),
    ) {
        let whole = batch(&shapes, 60, seed);
        let target: SchemaRef = Arc::new(to_arrow(&stream_schema(whole.schema_ref()).unwrap()).unwrap());
        let columns = conform(&whole, &target).unwrap();
        let largest_row = (0..60).map(|row| {
            let columns = conform(&whole.slice(row, 1), &target).unwrap();
            split(&columns, 0..columns.rows, FrameLimits::announced(0, 0)).unwrap()[0].bytes
        }).max().unwrap();
        let limits = FrameLimits { bytes_max: largest_row + 300, rows_max: 1_000 };
        // A row in a piece of its own never takes more than in one conformed alone.
        prop_assert!(split(&columns, 0..columns.rows, limits).is_ok());
        prop_assert_eq!(sent(&whole, limits), appended(&whole));
    }
}
