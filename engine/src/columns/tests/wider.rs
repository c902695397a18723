//! Streams that send less than the table has, or narrower numbers, against the model and against Arrow's own casts.

use super::super::layout::{Layout, LayoutError};
use super::super::table_builder::{RowGroupSize, TableBuilder};
use super::generate::Generator;
use super::trees::{append, assert_sealed};
use super::value::Value;
use arrow::compute::{CastOptions, cast_with_options};
use lakehead_protocol::arrow_schema::to_arrow;
use lakehead_protocol::schema::{DataType, Field, Schema};
use proptest::prelude::*;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::sync::Arc;

/// A table that has all of `table`'s columns and more, some of them wider, at any depth.
struct Wider {
    schema: Schema,
    /// How a row of the table becomes one of the wider table, by field of the wider table.
    origins: Vec<Option<u32>>,
}

impl Wider {
    fn of(table: &Schema, random: &mut StdRng) -> Self {
        let mut wider = Self { schema: Schema::default(), origins: Vec::new() };
        wider.schema.columns = wider.siblings(table, &table.columns, random);
        assert_eq!(wider.schema.check(), Ok(()));
        wider
    }

    fn siblings(&mut self, table: &Schema, siblings: &[u32], random: &mut StdRng) -> Vec<u32> {
        let mut places: Vec<u32> = siblings.iter().map(|field| self.field(table, *field, random)).collect();
        for extra in 0..random.random_range(0..3) {
            let place = self.schema.fields.len() as u32;
            let kinds =
                [DataType::Long, DataType::Boolean, DataType::String, DataType::Struct, DataType::Array, DataType::Map];
            let kind = kinds[random.random_range(0..kinds.len())];
            self.push(Field::flat(format!("new{extra}"), kind, true), None);
            let children = match kind {
                DataType::Struct => vec![("a", DataType::Integer, false), ("b", DataType::Binary, true)],
                DataType::Array => vec![("element", DataType::Decimal, false)],
                DataType::Map => vec![("key", DataType::String, false), ("value", DataType::Boolean, true)],
                _ => vec![],
            };
            for (name, kind, nullable) in children {
                let child = match kind {
                    DataType::Decimal => Field::decimal(name, 30, 4, nullable),
                    other => Field::flat(name, other, nullable),
                };
                let child = self.push(child, None);
                self.schema.fields[place as usize].children.push(child);
            }
            places.push(place);
        }
        places.shuffle(random);
        places
    }

    fn field(&mut self, table: &Schema, origin: u32, random: &mut StdRng) -> u32 {
        let field = &table.fields[origin as usize];
        let place = self.push(Field { children: Vec::new(), ..widened(field, random) }, Some(origin));
        let children = match field.data_type().unwrap() {
            DataType::Struct => self.siblings(table, &field.children, random),
            _ => field.children.iter().map(|child| self.field(table, *child, random)).collect(),
        };
        self.schema.fields[place as usize].children = children;
        place
    }

    fn push(&mut self, field: Field, origin: Option<u32>) -> u32 {
        self.schema.fields.push(field);
        self.origins.push(origin);
        self.schema.fields.len() as u32 - 1
    }

    /// A row of the table as the wider one has it.
    fn row(&self, table: &Schema, row: &[Value]) -> Vec<Value> {
        self.values(table, &self.schema.columns, &table.columns, row)
    }

    fn values(&self, table: &Schema, wide: &[u32], narrow: &[u32], values: &[Value]) -> Vec<Value> {
        let value = |field: &u32| match self.origins[*field as usize] {
            None => Value::Null,
            Some(origin) => {
                let position = narrow.iter().position(|narrow| *narrow == origin).unwrap();
                self.value(table, *field, origin, &values[position])
            }
        };
        wide.iter().map(value).collect()
    }

    fn value(&self, table: &Schema, wide: u32, narrow: u32, value: &Value) -> Value {
        let (to, from) = (&self.schema.fields[wide as usize], &table.fields[narrow as usize]);
        let child = |index: usize, value: &Value| self.value(table, to.children[index], from.children[index], value);
        match value {
            Value::Struct(values) => Value::Struct(self.values(table, &to.children, &from.children, values)),
            Value::List(values) => Value::List(values.iter().map(|value| child(0, value)).collect()),
            Value::Map(pairs) => {
                Value::Map(pairs.iter().map(|(key, value)| (child(0, key), child(1, value))).collect())
            }
            Value::Number(number) => Value::Number(match (from.data_type().unwrap(), to.data_type().unwrap()) {
                (DataType::Decimal, DataType::Decimal) => number * 10i128.pow(u32::from(to.scale - from.scale)),
                (DataType::Float, DataType::Double) => f64::from(f32::from_bits(*number as u32)).to_bits().into(),
                (from, DataType::Double) if from != DataType::Double => (*number as f64).to_bits().into(),
                _ => *number,
            }),
            other => other.clone(),
        }
    }
}

/// The field as it is, or of a type that holds all its values.
fn widened(field: &Field, random: &mut StdRng) -> Field {
    use DataType::{Byte, Decimal, Double, Float, Integer, Long, Short};
    let kinds: &[DataType] = match field.data_type().unwrap() {
        Byte => &[Byte, Short, Integer, Long, Double],
        Short => &[Short, Integer, Long, Double],
        Integer => &[Integer, Long, Double],
        Float => &[Float, Double],
        Decimal => {
            let scale = random.random_range(field.scale..=38 - (field.precision - field.scale));
            let least = field.precision - field.scale + scale;
            return Field { precision: random.random_range(least..=38), scale, ..field.clone() };
        }
        other => return Field { data_type: other as u8, ..field.clone() },
    };
    Field { data_type: kinds[random.random_range(0..kinds.len())] as u8, ..field.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_streams_leave_out_is_null_and_what_they_narrow_is_equal(seed in any::<u64>(), encoded in prop::sample::select(vec![0.0, 0.5, 1.0])) {
        let mut generator = Generator::new(seed, encoded);
        let streams: Vec<Schema> = vec![generator.table(4, 5)];
        let wider = Wider::of(&streams[0], generator.random());
        // A generator remembers dictionaries by field: each schema has its own.
        let mut of_whole = Generator::new(!seed, encoded);
        let table = &wider.schema;
        let mut builder = TableBuilder::new(Arc::new(to_arrow(table).unwrap()), RowGroupSize::default()).unwrap();
        let mut expected = Vec::new();
        for _ in 0..generator.random().random_range(1..9) {
            // Streams that send all of the table's columns come between.
            let whole = generator.random().random_bool(0.3);
            let sent = if whole { table } else { &streams[0] };
            let generator = if whole { &mut of_whole } else { &mut generator };
            let announced = generator.announced(sent);
            let layout = Layout::match_columns(&announced, table).unwrap();
            prop_assert!(!whole || layout.is_whole());
            let count = generator.random().random_range(0..25);
            let rows: Vec<Vec<Value>> = (0..count).map(|_| generator.row(sent)).collect();
            let batch = generator.batch(sent, &announced, &rows);
            let skip = if generator.random().random() { 0 } else { generator.random().random_range(0..=count) };
            append(&mut builder, &batch, &layout, skip, count);
            expected.extend(rows[skip..].iter().map(|row| if whole { row.clone() } else { wider.row(sent, row) }));
            if generator.random().random_bool(0.2) {
                assert_sealed(&mut builder, table, &mut expected);
            }
        }
        assert_sealed(&mut builder, table, &mut expected);
    }

    #[test]
    fn numbers_are_widened_as_arrow_casts_them(seed in any::<u64>()) {
        let mut generator = Generator::new(seed, 0.0);
        let narrow: Vec<Field> = [DataType::Byte, DataType::Short, DataType::Integer, DataType::Float]
            .map(|kind| Field::flat(format!("{kind:?}"), kind, true))
            .into_iter()
            .chain([(5, 0), (9, 3), (12, 2), (18, 18), (20, 5)].map(|(precision, scale)| {
                Field::decimal(format!("d{precision}_{scale}"), precision, scale, true)
            }))
            .collect();
        let wide = narrow.iter().map(|field| widened(field, generator.random())).collect();
        let (narrow, wide) = (Schema::flat(narrow), Schema::flat(wide));
        let rows: Vec<Vec<Value>> = (0..40).map(|_| generator.row(&narrow)).collect();
        let batch = generator.batch(&narrow, &narrow, &rows);
        let sealed = |table: &Schema| {
            let layout = Layout::match_columns(&narrow, table).unwrap();
            let mut builder = TableBuilder::new(Arc::new(to_arrow(table).unwrap()), RowGroupSize::default()).unwrap();
            append(&mut builder, &batch, &layout, 3, rows.len());
            builder.seal().unwrap().unwrap()
        };
        let (before, after) = (sealed(&narrow), sealed(&wide));
        for (before, after) in before.columns().iter().zip(after.columns()) {
            let exact = CastOptions { safe: false, ..CastOptions::default() };
            let cast = cast_with_options(before, after.data_type(), &exact).unwrap();
            prop_assert_eq!(&cast, after);
        }
    }
}

#[test]
fn a_column_that_nobody_sends_takes_no_memory_and_a_mixture_is_sealed_apart() {
    let mut fields: Vec<Field> =
        (0..1000).map(|index| Field::flat(format!("c{index}"), DataType::Long, true)).collect();
    let table = Schema::flat(fields.clone());
    let few = Schema::flat(vec![fields.remove(0)]);
    let mut generator = Generator::new(7, 0.0);
    let mut batch = |schema: &Schema, count: usize| {
        let rows: Vec<_> = (0..count).map(|_| generator.row(schema)).collect();
        generator.batch(schema, schema, &rows)
    };
    let (small, whole) = (batch(&few, 10_000), batch(&table, 1));
    let layouts = [&few, &table].map(|announced| Layout::match_columns(announced, &table).unwrap());
    let mut builder = TableBuilder::new(Arc::new(to_arrow(&table).unwrap()), RowGroupSize::default()).unwrap();
    append(&mut builder, &small, &layouts[0], 0, 10_000);
    append(&mut builder, &small, &layouts[0], 0, 10_000);
    assert!(builder.memory_bytes() < 2 << 20, "{}", builder.memory_bytes());
    let bytes = lakehead_protocol::archive::append(lakehead_protocol::FrameBuffer::new(), &whole).unwrap();
    let view = lakehead_protocol::archive::access(&bytes).unwrap();
    assert!(builder.must_be_sealed(view, &layouts[1], 1), "eighty megabytes of NULLs would be written out");
    let sealed = builder.seal().unwrap().unwrap();
    assert_eq!((sealed.num_rows(), sealed.column(999).null_count()), (20_000, 20_000));
    assert!(!builder.must_be_sealed(view, &layouts[1], 1));
}

#[test]
fn what_cannot_be_left_out_or_widened_is_told() {
    let table = Schema {
        columns: vec![0, 1],
        fields: vec![
            Field { children: vec![2, 3], ..Field::flat("s", DataType::Struct, true) },
            Field::flat("n", DataType::Long, true),
            Field::flat("must", DataType::Long, false),
            Field::flat("may", DataType::Float, true),
        ],
    };
    let fit = |announced: &Schema| Layout::match_columns(announced, &table);
    let only = |field: Field| fit(&Schema::flat(vec![field]));
    assert_eq!(only(Field::flat("n", DataType::Byte, true)).unwrap().absent, [0]);
    let part = Schema {
        columns: vec![0],
        fields: vec![
            Field { children: vec![1], ..Field::flat("s", DataType::Struct, true) },
            Field::flat("may", DataType::Float, true),
        ],
    };
    assert_eq!(fit(&part), Err(LayoutError::MissingColumn { column: "s.must".into() }));
    for refused in [DataType::Double, DataType::Timestamp, DataType::String, DataType::Boolean] {
        assert!(matches!(only(Field::flat("n", refused, true)), Err(LayoutError::Type { .. })), "{refused:?}");
    }
    let decimals = |from: (u8, u8), to: (u8, u8)| {
        let table = Schema::flat(vec![Field::decimal("d", to.0, to.1, true)]);
        Layout::match_columns(&Schema::flat(vec![Field::decimal("d", from.0, from.1, true)]), &table).is_ok()
    };
    assert!(decimals((5, 2), (5, 2)) && decimals((5, 2), (7, 4)) && decimals((9, 0), (38, 29)));
    assert!(!decimals((5, 2), (6, 4)) && !decimals((5, 2), (9, 1)) && !decimals((9, 0), (38, 30)));
}
