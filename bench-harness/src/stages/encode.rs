use super::error::StageError;
use super::input::Input;
use super::name::StageName;
use super::stage::{Parts, Stage};
use super::stopwatch::Stopwatch;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use lakehead_engine::budget::Budget;
use lakehead_engine::commit::encode::{EncodedRowGroup, EncodingPlan, encode_here};
use lakehead_engine::handover::ShardId;
use lakehead_engine::handover::row_group::RowGroup;
use parquet::basic::Compression;
use std::sync::Arc;

/// A row group into Parquet column chunks, column by column, in the ways that its plan has learnt.
pub struct Encode {
    names: Vec<String>,
    /// Each column as a table of its own.
    columns: Vec<(Arc<EncodingPlan>, RecordBatch)>,
    budget: Budget,
}

impl Encode {
    /// # Errors
    /// When Parquet has no type for a column.
    pub fn new(input: &Input, compression: Compression) -> Result<Self, StageError> {
        let rows = &input.row_group;
        let column = |index: usize| {
            let plan = EncodingPlan::new(Arc::new(Schema::new(vec![input.table.field(index).clone()])), compression)?;
            Ok((Arc::new(plan), rows.project(&[index])?))
        };
        let columns: Result<Vec<_>, StageError> = (0..rows.num_columns()).map(column).collect();
        let names = input.table.fields().iter().map(|field| field.name().clone()).collect();
        Ok(Self { names, columns: columns?, budget: Budget::new(usize::MAX / 2) })
    }
}

impl Stage for Encode {
    fn name(&self) -> StageName {
        StageName::Encode
    }

    fn parts(&self) -> Parts {
        Parts::Named(self.names.clone())
    }

    fn input(&self) -> &'static str {
        "cold: a full row group whose rows do not repeat; each column by the choice that the engine has learnt for it"
    }

    fn pass(&mut self, stopwatch: &mut Stopwatch) -> Result<u64, StageError> {
        let mut rows = 0;
        for (index, (plan, column)) in self.columns.iter().enumerate() {
            let encoded = stopwatch.time(index, || encoded(plan, column, &self.budget))?;
            rows = encoded.rows;
        }
        Ok(rows)
    }
}

/// The rows, encoded by the plan.
pub fn encoded(plan: &Arc<EncodingPlan>, rows: &RecordBatch, budget: &Budget) -> Result<EncodedRowGroup, StageError> {
    let (shard, memory) = (ShardId(0), budget.reserve(0));
    let row_group = RowGroup { shard, generation: 0, cut: 1, rows: rows.clone(), memory };
    Ok(encode_here(plan.clone(), row_group)?)
}
