//! Delta statistics of a file, merged from the metadata of its column chunks.
//!
//! Nulls are counted for all leaves that every chunk counted them for; least and greatest values are told where `telling` says
//! so and `bound` has some. What is inside arrays and maps is not told of.

use super::bound::{Bound, End, Extreme};
use super::civil_date::{date_text, timestamp_text};
use super::telling::Telling;
use super::told::{Told, tell};
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::file::metadata::ColumnChunkMetaData;
use std::sync::Arc;

/// Rows, nulls, least and greatest values of a file's columns.
#[derive(Debug, Clone)]
pub struct FileStatistics {
    schema: SchemaRef,
    telling: Arc<[Telling]>,
    rows: u64,
    /// In the order of the file's column chunks.
    leaves: Vec<LeafStatistics>,
}

#[derive(Debug, Clone)]
struct LeafStatistics {
    /// `None` inside arrays and maps.
    data_type: Option<DataType>,
    /// `None` when a chunk did not count them.
    nulls: Option<u64>,
    least: Extreme,
    greatest: Extreme,
}

impl FileStatistics {
    /// `telling` has what is told of each leaf.
    pub(super) fn new(schema: SchemaRef, telling: Arc<[Telling]>) -> Self {
        let empty =
            LeafStatistics { data_type: None, nulls: Some(0), least: Extreme::NoValues, greatest: Extreme::NoValues };
        let mut found = vec![empty; telling.len()];
        tell(schema.fields(), &mut |field, leaf| {
            found[leaf].data_type = Some(field.data_type().clone());
            None::<()>
        });
        Self { schema, telling, rows: 0, leaves: found }
    }

    pub(super) fn add_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Takes a leaf's next chunk in.
    pub(super) fn merge(&mut self, leaf: usize, chunk: &ColumnChunkMetaData) {
        let Some(held) = self.leaves.get_mut(leaf) else { return };
        let Some(data_type) = &held.data_type else { return };
        let found = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
        held.nulls = held.nulls.zip(found).map(|(sum, found)| sum + found);
        let [least, greatest] = Extreme::of_chunk(data_type, chunk);
        held.least.merge(least, End::Least);
        held.greatest.merge(greatest, End::Greatest);
    }

    /// `numRecords`.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns with their nulls, where they are known. A field of a struct counts as NULL where the struct is.
    pub(super) fn nulls(&self) -> Vec<Told<'_, u64>> {
        tell(self.schema.fields(), &mut |_, leaf| self.leaves.get(leaf)?.nulls)
    }

    /// Columns that may have a least and a greatest value, with the one of this end that readers may be told.
    pub(super) fn bounds(&self, end: End) -> Vec<Told<'_, Option<Bound>>> {
        tell(self.schema.fields(), &mut |field, leaf| self.bound(field, leaf, end))
    }

    /// Whether [`Self::to_struct`] has values where no bound holds, because the table library does without none: what it
    /// makes of them must be replaced by [`Self::to_json`].
    pub fn has_stand_ins(&self) -> bool {
        let lacks = |field: &Field, leaf: usize| {
            let is_none = |end| self.bound(field, leaf, end).flatten().is_none();
            self.is_stood_in_for(leaf) && (is_none(End::Least) || is_none(End::Greatest))
        };
        !tell(self.schema.fields(), &mut |field, leaf| lacks(field, leaf).then_some(())).is_empty()
    }

    /// Whether a bound of this leaf must not be missing.
    fn is_stood_in_for(&self, leaf: usize) -> bool {
        let has_values = self.leaves.get(leaf).is_some_and(|held| held.nulls != Some(self.rows));
        has_values && self.telling.get(leaf) == Some(&Telling::Always)
    }

    /// As [`Self::bounds`], with something wherever the table library wants something.
    pub(super) fn bounds_for_library(&self, end: End) -> Vec<Told<'_, Option<Bound>>> {
        tell(self.schema.fields(), &mut |field, leaf| {
            let stand_in = || self.is_stood_in_for(leaf).then(|| Bound::stand_in(field.data_type()));
            Some(self.bound(field, leaf, end)?.or_else(stand_in))
        })
    }

    /// `None` where nothing is told.
    fn bound(&self, field: &Field, leaf: usize, end: End) -> Option<Option<Bound>> {
        let held = self.leaves.get(leaf).filter(|_| self.telling.get(leaf) != Some(&Telling::Nothing))?;
        let extreme = if end == End::Least { &held.least } else { &held.greatest };
        Bound::exists_for(field.data_type()).then(|| extreme.published(field.data_type(), end))
    }

    /// The text of Delta's `stats`. Decimals have all their digits, which is why this is no `serde_json::Value`.
    pub fn to_json(&self) -> String {
        let bound =
            |field: &Field, bound: &Option<Bound>| bound.as_ref().map(|bound| bound_json(bound, field.data_type()));
        let bounds = |end| object(members(&self.bounds(end), &bound).into_iter());
        let nulls = members(&self.nulls(), &|_: &Field, nulls: &u64| Some(nulls.to_string()));
        object(
            [
                ("numRecords", self.rows.to_string()),
                ("minValues", bounds(End::Least)),
                ("maxValues", bounds(End::Greatest)),
                ("nullCount", object(nulls.into_iter())),
                ("tightBounds", "true".to_owned()),
            ]
            .into_iter(),
        )
    }
}

/// Names and values of what is told; structs of which nothing is told are left out.
fn members<'a, T>(told: &[Told<'a, T>], text: &impl Fn(&Field, &T) -> Option<String>) -> Vec<(&'a str, String)> {
    let member = |told: &Told<'a, T>| match told {
        Told::Value(field, value) => Some((field.name().as_str(), text(field, value)?)),
        Told::Fields(field, below) => {
            let below = members(below, text);
            (!below.is_empty()).then(|| (field.name().as_str(), object(below.into_iter())))
        }
    };
    told.iter().filter_map(member).collect()
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
