//! Delta statistics of a file, merged from the metadata of its column chunks.
//!
//! Nulls are counted for all columns that every chunk counted them for; least and greatest values are kept for the first
//! 32 columns, where `bound` has some.

use super::bound::{Bound, End, Extreme};
use super::civil_date::{date_text, timestamp_text};
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::file::metadata::ColumnChunkMetaData;

/// Columns with least and greatest values: what Delta writers do by default.
const BOUNDED_COLUMNS_MAX: usize = 32;

/// Rows, nulls, least and greatest values of a file's columns.
#[derive(Debug, Clone)]
pub struct FileStatistics {
    schema: SchemaRef,
    rows: u64,
    columns: Vec<ColumnStatistics>,
}

#[derive(Debug, Clone)]
struct ColumnStatistics {
    /// `None` when a chunk did not count them.
    nulls: Option<u64>,
    least: Extreme,
    greatest: Extreme,
}

impl FileStatistics {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let empty = ColumnStatistics { nulls: Some(0), least: Extreme::NoValues, greatest: Extreme::NoValues };
        let columns = vec![empty; schema.fields().len()];
        Self { schema, rows: 0, columns }
    }

    pub(super) fn add_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Takes a column's next chunk in.
    pub(super) fn merge(&mut self, column: usize, chunk: &ColumnChunkMetaData) {
        let Some(held) = self.columns.get_mut(column) else { return };
        let found = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
        held.nulls = held.nulls.zip(found).map(|(sum, found)| sum + found);
        let [least, greatest] = Extreme::of_chunk(self.schema.field(column).data_type(), chunk);
        held.least.merge(least, End::Least);
        held.greatest.merge(greatest, End::Greatest);
    }

    /// `numRecords`.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns with their nulls, where they are known.
    pub(super) fn nulls(&self) -> impl Iterator<Item = (&Field, u64)> {
        let columns = self.schema.fields().iter().zip(&self.columns);
        columns.filter_map(|(field, column)| Some((field.as_ref(), column.nulls?)))
    }

    /// Columns that may have a least and a greatest value, with the one of this end that readers may be told.
    pub(super) fn bounds(&self, end: End) -> impl Iterator<Item = (&Field, Option<Bound>)> {
        let columns = self.schema.fields().iter().zip(&self.columns).take(BOUNDED_COLUMNS_MAX);
        columns.filter(|(field, _)| Bound::exists_for(field.data_type())).map(move |(field, column)| {
            let extreme = if end == End::Least { &column.least } else { &column.greatest };
            (field.as_ref(), extreme.published(field.data_type(), end))
        })
    }

    /// The text of Delta's `stats`. Decimals have all their digits, which is why this is no `serde_json::Value`.
    pub fn to_json(&self) -> String {
        let bounds = |end| {
            let known = self.bounds(end).filter_map(|(field, bound)| Some((field, bound?)));
            object(known.map(|(field, bound)| (field.name().as_str(), bound_json(&bound, field.data_type()))))
        };
        let nulls = object(self.nulls().map(|(field, nulls)| (field.name().as_str(), nulls.to_string())));
        object(
            [
                ("numRecords", self.rows.to_string()),
                ("minValues", bounds(End::Least)),
                ("maxValues", bounds(End::Greatest)),
                ("nullCount", nulls),
                ("tightBounds", "true".to_owned()),
            ]
            .into_iter(),
        )
    }
}

fn object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn bound_json(bound: &Bound, data_type: &DataType) -> String {
    match (bound, data_type) {
        (Bound::Integer(days), DataType::Date32) => quoted(&date_text(*days)),
        (Bound::Integer(microseconds), DataType::Timestamp(_, zone)) => {
            let suffix = if zone.is_some() { "Z" } else { "" };
            quoted(&format!("{}{suffix}", timestamp_text(*microseconds)))
        }
        (Bound::Integer(value), _) => value.to_string(),
        (Bound::Float(value), _) => serde_json::Value::from(*value).to_string(),
        (Bound::Text(text), _) => quoted(text),
        (Bound::Decimal(unscaled), DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale))
        | (Bound::Decimal(unscaled), DataType::Decimal128(_, scale)) => decimal_text(*unscaled, *scale),
        (Bound::Decimal(unscaled), _) => unscaled.to_string(),
    }
}

/// The decimal with every digit, as JSON writes numbers.
fn decimal_text(unscaled: i128, scale: i8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale_digits = usize::from(scale.unsigned_abs());
    let mut digits = unscaled.unsigned_abs().to_string();
    if scale <= 0 {
        let zeros = if unscaled == 0 { 0 } else { scale_digits };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    if digits.len() <= scale_digits {
        digits = format!("{}{digits}", "0".repeat(scale_digits + 1 - digits.len()));
    }
    let (whole, fraction) = digits.split_at(digits.len() - scale_digits);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests;
