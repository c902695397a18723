use crate::workload::{Kind, Workload};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// One row of `telemetry`, as a producer would declare it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reading<'a> {
    pub ts: i64,
    pub temp: f64,
    pub hum: f64,
    pub status: i32,
    pub device: &'a str,
    pub msg: &'a str,
}

/// The same rows in every form that a path begins with.
pub struct Input {
    pub schema: SchemaRef,
    pub plain: Vec<RecordBatch>,
    /// The strings dictionary-encoded.
    pub encoded: Vec<RecordBatch>,
}

impl Input {
    /// Rows 0 up to `batches * batch_rows` of stream 0.
    pub fn telemetry(seed: u64, batches: usize, batch_rows: usize) -> Result<Self, ArrowError> {
        let workload = Workload::new(Kind::Telemetry, seed, batch_rows)?;
        let plain: Result<Vec<_>, _> =
            (0..batches).map(|batch| workload.batch(0, "", (batch * batch_rows) as u64, batch_rows)).collect();
        let plain = plain?;
        let encoded: Result<Vec<_>, _> = plain.iter().map(dictionary_encoded).collect();
        Ok(Self { schema: workload.schema(), plain, encoded: encoded? })
    }

    /// Each batch as rows, whose strings are borrowed from one place for each distinct one.
    pub fn readings(&self) -> Vec<Vec<Reading<'_>>> {
        let mut pool = HashMap::new();
        self.plain.iter().map(|batch| readings(batch, &mut pool)).collect()
    }
}

fn readings<'a>(batch: &'a RecordBatch, pool: &mut HashMap<&'a str, &'a str>) -> Vec<Reading<'a>> {
    let ts = batch.column(0).as_primitive::<TimestampMicrosecondType>();
    let numbers = [1, 2].map(|column| batch.column(column).as_primitive::<Float64Type>());
    let status = batch.column(3).as_primitive::<Int32Type>();
    let texts = [4, 5].map(|column| batch.column(column).as_string::<i32>());
    let mut text = |array: &'a StringArray, row| {
        let text = array.value(row);
        *pool.entry(text).or_insert(text)
    };
    (0..batch.num_rows())
        .map(|row| Reading {
            ts: ts.value(row),
            temp: numbers[0].value(row),
            hum: numbers[1].value(row),
            status: status.value(row),
            device: text(texts[0], row),
            msg: text(texts[1], row),
        })
        .collect()
}

fn dictionary_encoded(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let encoded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let columns: Result<Vec<ArrayRef>, _> = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8 => cast(column, &encoded),
            _ => Ok(column.clone()),
        })
        .collect();
    let columns = columns?;
    let fields: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), field.is_nullable()))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_hold_the_same_rows() {
        let input = Input::telemetry(1, 2, 100).unwrap();
        let readings = input.readings();
        let mut pool = HashMap::new();
        for (batch, (plain, encoded)) in input.plain.iter().zip(&input.encoded).enumerate() {
            let plain_again: Result<Vec<_>, _> = encoded
                .columns()
                .iter()
                .zip(plain.columns())
                .map(|(column, plain)| cast(column, plain.data_type()))
                .collect();
            let again = RecordBatch::try_new(plain.schema(), plain_again.unwrap()).unwrap();
            assert_eq!(&again, plain);
            assert_eq!(readings[batch], super::readings(plain, &mut pool));
            assert_eq!(readings[batch].len(), 100);
        }
    }
}
