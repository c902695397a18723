//! A row group into the parts of its partitions.

use super::partition_key::PartitionKey;
use super::partitioning::Partitioning;
use crate::budget::Reservation;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use crate::table::delta::partition_value::PartitionValueError;
use arrow::array::{ArrayRef, AsArray, UInt32Array};
use arrow::compute::{partition, take, take_record_batch};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one partition, without the columns that name it.
#[derive(Debug)]
pub struct Part {
    pub shard: ShardId,
    pub key: PartitionKey,
    pub rows: RecordBatch,
    /// The memory of `rows`, in the budget.
    pub memory: Reservation,
}

/// Why a row group could not be split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    #[error("rows could not be split into partitions: {0}")]
    Arrow(#[from] ArrowError),
    #[error("rows could not be split into partitions: {0}")]
    Value(#[from] PartitionValueError),
    #[error("splitting rows into partitions ended in a panic")]
    Panic,
}

impl Part {
    /// A row group of a table without partitions.
    pub fn whole(row_group: RowGroup) -> Self {
        let RowGroup { shard, rows, memory, .. } = row_group;
        Self { shard, key: PartitionKey::default(), rows, memory }
    }
}

impl Partitioning {
    /// The parts of a row group, in the order in which their partitions first come; each takes its share of the row group's
    /// memory along.
    ///
    /// # Errors
    /// [`SplitError`]; the rows are lost then.
    pub fn split(&self, row_group: RowGroup) -> Result<Vec<Part>, SplitError> {
        let RowGroup { shard, rows, mut memory, .. } = row_group;
        let parts = self.parts(&rows)?;
        let (bytes, rows_total) = (memory.bytes() as u128, rows.num_rows().max(1) as u128);
        drop(rows);
        let part = |(key, rows): (PartitionKey, RecordBatch)| {
            let memory = memory.split_off((bytes * rows.num_rows() as u128 / rows_total) as usize);
            Part { shard, key, rows, memory }
        };
        Ok(parts.into_iter().map(part).collect())
    }

    /// The same without the budget.
    ///
    /// # Errors
    /// As [`Self::split`].
    pub fn parts(&self, rows: &RecordBatch) -> Result<Vec<(PartitionKey, RecordBatch)>, SplitError> {
        let values: Vec<ArrayRef> = self.columns().iter().map(|index| rows.column(*index).clone()).collect();
        let kept = rows.project(self.kept())?;
        let runs = runs(&values)?;
        let groups = self.groups(&values, &runs)?;
        match groups.as_slice() {
            [] => Ok(Vec::new()),
            [(key, _)] => Ok(vec![(key.clone(), kept)]),
            _ => groups
                .into_iter()
                .map(|(key, indices)| Ok((key, take_record_batch(&kept, &UInt32Array::from(indices))?)))
                .collect(),
        }
    }

    /// The rows of each partition.
    fn groups(&self, values: &[ArrayRef], runs: &[Range<usize>]) -> Result<Vec<(PartitionKey, Vec<u32>)>, SplitError> {
        let (of_runs, firsts) = of_runs(values, runs)?;
        let mut places: HashMap<PartitionKey, usize> = HashMap::with_capacity(firsts.len());
        let mut groups: Vec<(PartitionKey, Vec<u32>)> = Vec::with_capacity(firsts.len());
        let mut place_of = Vec::with_capacity(firsts.len());
        // Values that differ may have the same text.
        for first in firsts {
            let key = self.key(values, first)?;
            let place = *places.entry(key).or_insert_with_key(|key| {
                groups.push((key.clone(), Vec::new()));
                groups.len() - 1
            });
            place_of.push(place);
        }
        if groups.len() == 1 {
            return Ok(groups);
        }
        for (run, group) in runs.iter().zip(of_runs) {
            groups[place_of[group]].1.extend(run.start as u32..run.end as u32);
        }
        Ok(groups)
    }
}

/// Ranges of rows with the same values, by comparing neighbours. Keys of a dictionary are compared as they are: two keys of the
/// same text make two runs, and one partition.
fn runs(values: &[ArrayRef]) -> Result<Vec<Range<usize>>, ArrowError> {
    let compared = values.iter().map(|values| match values.as_dictionary_opt::<Int32Type>() {
        Some(keyed) => Arc::new(keyed.keys().clone()) as ArrayRef,
        None => values.clone(),
    });
    Ok(partition(&compared.collect::<Vec<_>>())?.ranges())
}

/// For each run the number of its group, and for each group the first row. One hash a run, or none where the keys of a
/// dictionary do.
fn of_runs(values: &[ArrayRef], runs: &[Range<usize>]) -> Result<(Vec<usize>, Vec<usize>), ArrowError> {
    let mut firsts = Vec::new();
    if let [run] = runs {
        return Ok((vec![0], vec![run.start]));
    }
    if let [only] = values
        && let Some(keyed) = only.as_dictionary_opt::<Int32Type>()
    {
        // The last place is that of NULL.
        let mut groups = vec![usize::MAX; keyed.values().len() + 1];
        let of_run = |run: &Range<usize>| {
            let key = keyed.key(run.start).unwrap_or(keyed.values().len());
            let group = &mut groups[key];
            if *group == usize::MAX {
                *group = firsts.len();
                firsts.push(run.start);
            }
            *group
        };
        return Ok((runs.iter().map(of_run).collect(), firsts));
    }
    let starts = UInt32Array::from_iter_values(runs.iter().map(|run| run.start as u32));
    let values = values.iter().map(|values| take(values, &starts, None)).collect::<Result<Vec<_>, _>>()?;
    let fields = values.iter().map(|values| SortField::new(values.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(&values)?;
    let mut groups: HashMap<&[u8], usize> = HashMap::new();
    let of_run = |(index, run): (usize, &Range<usize>)| {
        *groups.entry(rows.row(index).data()).or_insert_with(|| {
            firsts.push(run.start);
            firsts.len() - 1
        })
    };
    Ok((runs.iter().enumerate().map(of_run).collect(), firsts))
}
