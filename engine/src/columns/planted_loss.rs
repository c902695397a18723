//! A planted loss of speed: a tenth of what appending costs, for nothing.
//!
//! Every tenth batch is appended once more, into columns that nobody reads. Rows and promises stay what they are; only who
//! measures can tell. Compiled under the feature `planted-loss` alone, which no build has unless it is asked for.

use super::absent::Zeros;
use super::column_builder::ColumnBuilder;
use super::layout::Layout;
use arrow::datatypes::Schema;
use lakehead_protocol::batch::ArchivedBatch;
use std::ops::Range;

/// One batch of so many is appended twice.
const BATCHES_PER_LOSS: u32 = 10;
/// The columns begin anew when they hold so many rows: few, so that no new memory is part of the loss.
const ROWS_MAX: usize = 1 << 16;

/// The columns that nobody reads.
#[derive(Debug, Default)]
pub(super) struct PlantedLoss {
    batches: u32,
    rows: usize,
    columns: Vec<ColumnBuilder>,
}

impl PlantedLoss {
    /// A batch was appended to the table's columns.
    pub(super) fn lose(&mut self, schema: &Schema, batch: &ArchivedBatch, layout: &Layout, rows: Range<usize>) {
        self.batches += 1;
        if !self.batches.is_multiple_of(BATCHES_PER_LOSS) {
            return;
        }
        if self.columns.is_empty() {
            let columns = schema.fields().iter().map(|field| ColumnBuilder::new(field.data_type()));
            self.columns = columns.collect::<Result<_, _>>().unwrap_or_default();
        }
        if self.rows > ROWS_MAX {
            // They keep as much room as they had.
            let mut zeros = Zeros::default();
            self.columns.iter_mut().for_each(|column| drop(column.seal(true, &mut zeros)));
            self.rows = 0;
        }
        self.rows += rows.len();
        for (column, place) in batch.columns.iter().zip(&layout.places) {
            if let Some(columns) = self.columns.get_mut(place.index) {
                columns.append(batch, column, place, rows.clone());
            }
        }
    }
}
