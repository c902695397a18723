//! Random tables, rows, and the many batches that stand for the same rows.

use super::value::Value;
use lakehead_protocol::batch::{Batch, Column, ENCODING_DICTIONARY};
use lakehead_protocol::limits::NESTING_MAX;
use lakehead_protocol::schema::{DATA_TYPES, DataType, Field, Schema};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::collections::HashMap;

/// The names that the table's arrays and maps have below them.
const CHILD_NAMES: [[&str; 2]; 2] = [["element", ""], ["key", "value"]];

/// A source of random tables and batches; equal seeds give equal ones.
pub struct Generator {
    random: StdRng,
    /// How many of the text columns that could come encoded do.
    encoded: f64,
    /// The dictionary that each text column's producer used last.
    dictionaries: HashMap<usize, Vec<Vec<u8>>>,
}

impl Generator {
    pub fn new(seed: u64, encoded: f64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), encoded, dictionaries: HashMap::new() }
    }

    pub fn random(&mut self) -> &mut StdRng {
        &mut self.random
    }

    /// A table of one to `columns` columns, nested to `depth` at most.
    pub fn table(&mut self, columns: usize, depth: usize) -> Schema {
        let mut schema = Schema::default();
        for index in 0..self.random.random_range(1..=columns) {
            let place = self.field(&mut schema, format!("c{index}"), depth, true);
            schema.columns.push(place);
        }
        assert_eq!(schema.check(), Ok(()));
        schema
    }

    fn field(&mut self, schema: &mut Schema, name: String, depth: usize, may_be_null: bool) -> u32 {
        let place = schema.fields.len();
        let nested = depth > 1 && self.random.random_bool(0.45);
        let data_type = DATA_TYPES[self.random.random_range(if nested { 13..16 } else { 0..13 })];
        let nullable = may_be_null && self.random.random_bool(0.6);
        let field = match data_type {
            DataType::Decimal => Field::decimal(name, self.random.random_range(1..=38), 1, nullable),
            other => Field::flat(name, other, nullable),
        };
        schema.fields.push(field);
        let children: Vec<u32> = match data_type {
            DataType::Struct => (0..self.random.random_range(1..=3))
                .map(|index| self.field(schema, format!("f{index}"), depth - 1, true))
                .collect(),
            DataType::Array => vec![self.field(schema, CHILD_NAMES[0][0].into(), depth - 1, true)],
            DataType::Map => {
                let key = self.field(schema, CHILD_NAMES[1][0].into(), depth - 1, false);
                vec![key, self.field(schema, CHILD_NAMES[1][1].into(), depth - 1, true)]
            }
            _ => Vec::new(),
        };
        schema.fields[place].children = children;
        place as u32
    }

    /// A table of one column that is as deep as the protocol lets it be.
    pub fn deepest_table() -> Schema {
        let kinds = [DataType::Struct, DataType::Array, DataType::Struct, DataType::Struct, DataType::Map];
        let mut schema = Schema { columns: vec![0], fields: Vec::new() };
        let mut name = "c".to_owned();
        for level in 1..NESTING_MAX {
            let kind = kinds[level % kinds.len()];
            let next = schema.fields.len() as u32 + 1;
            schema.fields.push(Field { children: vec![next], ..Field::flat(name, kind, level % 3 != 0) });
            name = match kind {
                DataType::Map => {
                    schema.fields.push(Field::flat(CHILD_NAMES[1][0], DataType::String, false));
                    schema.fields[next as usize - 1].children.push(next + 1);
                    CHILD_NAMES[1][1].to_owned()
                }
                DataType::Array => CHILD_NAMES[0][0].to_owned(),
                _ => format!("f{level}"),
            };
        }
        schema.fields.push(Field::flat(name, DataType::String, true));
        assert_eq!(schema.check(), Ok(()));
        schema
    }

    /// The table as a stream may announce it: columns and fields in another order and case, other names below arrays and
    /// maps, and everything nullable.
    pub fn announced(&mut self, table: &Schema) -> Schema {
        let mut announced = table.clone();
        announced.columns.shuffle(&mut self.random);
        for place in 0..table.fields.len() {
            announced.fields[place].nullable = 1;
            let mut children = table.fields[place].children.clone();
            match table.fields[place].data_type().unwrap() {
                DataType::Struct => children.shuffle(&mut self.random),
                DataType::Array | DataType::Map => {
                    children.iter().for_each(|child| announced.fields[*child as usize].name = format!("x{child}"));
                }
                _ => {}
            }
            if announced.fields[place].name.starts_with(['c', 'f']) && self.random.random() {
                announced.fields[place].name = announced.fields[place].name.to_uppercase();
            }
            announced.fields[place].children = children;
        }
        for place in 0..table.fields.len() {
            if table.fields[place].data_type() == Some(DataType::Map) {
                let key = announced.fields[place].children[0];
                announced.fields[key as usize].nullable = 0;
            }
        }
        assert_eq!(announced.check(), Ok(()));
        announced
    }

    /// A row of the table.
    pub fn row(&mut self, table: &Schema) -> Vec<Value> {
        table.columns.iter().map(|column| self.value(table, *column)).collect()
    }

    fn value(&mut self, table: &Schema, place: u32) -> Value {
        let nullable = table.fields[place as usize].nullable == 1;
        if nullable && self.random.random_bool(0.25) { Value::Null } else { self.present(table, place) }
    }

    fn present(&mut self, table: &Schema, place: u32) -> Value {
        let field = &table.fields[place as usize];
        let child = |index: usize| field.children[index];
        let length = self.random.random_range(0..4usize);
        match field.data_type().unwrap() {
            DataType::Boolean => Value::Boolean(self.random.random()),
            DataType::Decimal => {
                let bound = 10i128.pow(field.precision.into());
                Value::Number(self.random.random_range(1 - bound..bound))
            }
            DataType::Float => Value::Number(self.random.random::<u32>().into()),
            DataType::Double => Value::Number(self.random.random::<u64>().into()),
            DataType::String => Value::Bytes(self.text().into_bytes()),
            DataType::Binary => match self.random.random_range(0..3) {
                0 => Value::Bytes((0..length).map(|_| self.random.random()).collect()),
                _ => Value::Bytes(self.text().into_bytes()),
            },
            DataType::Struct => Value::Struct(field.children.iter().map(|child| self.value(table, *child)).collect()),
            DataType::Array => Value::List((0..length).map(|_| self.value(table, child(0))).collect()),
            DataType::Map => {
                let pair = |_| (self.value(table, child(0)), self.value(table, child(1)));
                Value::Map((0..length).map(pair).collect())
            }
            _ => {
                let bits = field.value_bytes().unwrap() as u32 * 8;
                Value::Number(i128::from(self.random.random::<i64>() >> (64 - bits)))
            }
        }
    }

    fn text(&mut self) -> String {
        let words = ["", "a", "lake", "head", "ä", "Übermaß", "\u{10ffff}", "a longer word than most"];
        match self.random.random_range(0..4) {
            0 => format!("{}", self.random.random::<u32>()),
            _ => words[self.random.random_range(0..words.len())].to_owned(),
        }
    }

    /// A batch of these rows of the table, as a stream with the schema `announced` sends it.
    pub fn batch(&mut self, table: &Schema, announced: &Schema, rows: &[Vec<Value>]) -> Batch {
        let mut batch = Batch { columns: vec![Column::default(); announced.columns.len()] };
        for (at, column) in announced.columns.iter().enumerate() {
            let place = table.columns.iter().position(|place| place == column).unwrap();
            let values: Vec<_> = rows.iter().map(|row| row[place].clone()).collect();
            self.column(table, announced, *column, &values, &mut batch, at);
        }
        batch
    }

    /// Writes the column of a field (which has the same index in both schemas) to `at`, and its children behind.
    fn column(
        &mut self,
        table: &Schema,
        announced: &Schema,
        field: u32,
        values: &[Value],
        batch: &mut Batch,
        at: usize,
    ) {
        let kind = table.fields[field as usize].data_type().unwrap();
        let present: Vec<bool> = values.iter().map(|value| *value != Value::Null).collect();
        let all = present.iter().all(|present| *present) && self.random.random_bool(0.7);
        let mut column = Column { length: values.len() as u32, ..Column::default() };
        column.validity = if all { Vec::new() } else { bitmap(&present) };
        // What stands where there is no value is arbitrary.
        let hidden: Vec<Value> = values
            .iter()
            .map(|value| match value {
                Value::Null => self.present(table, field),
                other => other.clone(),
            })
            .collect();
        match kind {
            DataType::Boolean => {
                let bits: Vec<bool> = hidden.iter().map(|value| *value == Value::Boolean(true)).collect();
                column.values = bitmap(&bits);
            }
            DataType::String | DataType::Binary if self.random.random_bool(self.encoded) => {
                self.encode(field, &hidden, &mut column, batch);
            }
            DataType::String | DataType::Binary => {
                let bytes: Vec<&[u8]> = hidden.iter().map(bytes_of).collect();
                (column.offsets, column.values) = texts(&bytes);
            }
            DataType::Struct => {
                let order = &table.fields[field as usize].children;
                for child in &announced.fields[field as usize].children {
                    let position = order.iter().position(|place| place == child).unwrap();
                    let below: Vec<Value> = values
                        .iter()
                        .zip(&hidden)
                        .map(|(value, hidden)| match (value, hidden) {
                            // Below a NULL even a column without NULLs may have them.
                            (Value::Null, _) if self.random.random() => Value::Null,
                            (_, Value::Struct(fields)) => fields[position].clone(),
                            other => panic!("{other:?} in a struct column"),
                        })
                        .collect();
                    self.child(table, announced, *child, &below, batch, &mut column);
                }
            }
            DataType::Array | DataType::Map => {
                column.offsets.push(0);
                let mut below: [Vec<Value>; 2] = [Vec::new(), Vec::new()];
                for (value, hidden) in values.iter().zip(&hidden) {
                    match hidden {
                        _ if *value == Value::Null && self.random.random() => {}
                        Value::List(elements) => below[0].extend_from_slice(elements),
                        Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                            below[0].push(key.clone());
                            below[1].push(value.clone());
                        }),
                        other => panic!("{other:?} in a list column"),
                    }
                    column.offsets.push(below[0].len() as u32);
                }
                for (child, below) in announced.fields[field as usize].children.iter().zip(below) {
                    self.child(table, announced, *child, &below, batch, &mut column);
                }
            }
            _ => {
                let width = table.fields[field as usize].value_bytes().unwrap();
                column.values = hidden
                    .iter()
                    .flat_map(|value| match value {
                        Value::Number(number) => number.to_le_bytes().into_iter().take(width),
                        other => panic!("{other:?} in a column of numbers"),
                    })
                    .collect();
            }
        }
        batch.columns[at] = column;
    }

    fn child(
        &mut self,
        table: &Schema,
        announced: &Schema,
        field: u32,
        values: &[Value],
        batch: &mut Batch,
        parent: &mut Column,
    ) {
        let at = batch.columns.len();
        parent.children.push(at as u32);
        batch.columns.push(Column::default());
        self.column(table, announced, field, values, batch, at);
    }

    /// Keys into the producer's dictionary, which it grows, or begins anew, with entries that may be unused or repeated.
    fn encode(&mut self, field: u32, values: &[Value], column: &mut Column, batch: &mut Batch) {
        let mut entries = self.dictionaries.remove(&(field as usize)).unwrap_or_default();
        match self.random.random_range(0..6) {
            0 => entries.clear(),
            1 => entries.reverse(),
            2 => entries.extend(entries.first().cloned()),
            3 => entries.push(b"unused".to_vec()),
            _ => {}
        }
        for value in values {
            let wanted = bytes_of(value);
            let same: Vec<usize> = (0..entries.len()).filter(|entry| entries[*entry] == wanted).collect();
            let key = if same.is_empty() {
                entries.push(wanted.to_vec());
                entries.len() - 1
            } else {
                same[self.random.random_range(0..same.len())]
            };
            column.values.extend_from_slice(&(key as u32).to_le_bytes());
        }
        column.encoding = ENCODING_DICTIONARY;
        column.children = vec![batch.columns.len() as u32];
        let (offsets, values) = texts(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
        batch.columns.push(Column { length: entries.len() as u32, offsets, values, ..Column::default() });
        self.dictionaries.insert(field as usize, entries);
    }
}

fn bytes_of(value: &Value) -> &[u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        other => panic!("{other:?} in a text column"),
    }
}

/// Offsets and bytes of texts.
pub fn texts(texts: &[&[u8]]) -> (Vec<u32>, Vec<u8>) {
    let mut offsets = vec![0];
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(text);
        offsets.push(bytes.len() as u32);
    }
    (offsets, bytes)
}

/// Bits, least significant first.
pub fn bitmap(bits: &[bool]) -> Vec<u8> {
    let mut bytes = vec![0; bits.len().div_ceil(8)];
    bits.iter().enumerate().for_each(|(index, bit)| bytes[index / 8] |= u8::from(*bit) << (index % 8));
    bytes
}
