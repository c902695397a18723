//! One column of one row group on its way through an encoder thread.

use super::column_chunk::ColumnChunk;
use super::encoded_row_group::EncodedRowGroup;
use super::error::EncodeError;
use super::plan::EncodingPlan;
use crate::budget::Reservation;
use crate::handover::ShardId;
use crate::handover::row_group::RowGroup;
use arrow::array::ArrayRef;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// What a row group's submitter wants to hear.
pub(super) type Done = Box<dyn FnOnce(Result<EncodedRowGroup, EncodeError>) + Send>;

/// A row group whose columns are being encoded. Its column jobs share it; when the last of them lets go of it, however
/// that came about, `done` is called. So no end of a job (success, error, panic, never run) can lose or repeat the call.
pub(super) struct RowGroupJob {
    plan: Arc<EncodingPlan>,
    shard: ShardId,
    generation: u64,
    cut: u64,
    rows: u64,
    state: Mutex<State>,
}

struct State {
    /// One place for each column, with the chunks of its leaves.
    chunks: Vec<Option<Vec<ColumnChunk>>>,
    error: Option<EncodeError>,
    /// Both are taken by the end of the row group.
    memory: Option<Reservation>,
    done: Option<Done>,
}

/// One column's part. It holds the column's array alone, so that each array is freed as soon as it is encoded.
pub(super) struct ColumnJob {
    row_group: Arc<RowGroupJob>,
    column: usize,
    values: ArrayRef,
}

impl RowGroupJob {
    /// The jobs of a row group; none when it does not fit the plan, which `done` hears then.
    pub(super) fn split(plan: Arc<EncodingPlan>, row_group: RowGroup, done: Done) -> Vec<ColumnJob> {
        let RowGroup { shard, generation, cut, rows, memory } = row_group;
        let error = plan.check(rows.schema_ref()).err();
        let refused = error.is_some();
        let chunks = rows.columns().iter().map(|_| None).collect();
        let state = State { chunks, error, memory: Some(memory), done: Some(done) };
        let rows_total = rows.num_rows() as u64;
        let shared = Arc::new(Self { plan, shard, generation, cut, rows: rows_total, state: Mutex::new(state) });
        if refused {
            return Vec::new();
        }
        let (_, columns, _) = rows.into_parts();
        let job = |(column, values)| ColumnJob { row_group: shared.clone(), column, values };
        columns.into_iter().enumerate().map(job).collect()
    }

    fn finish(&self, state: &mut State) -> Option<(Done, Result<EncodedRowGroup, EncodeError>)> {
        let (done, mut memory) = (state.done.take()?, state.memory.take()?);
        if let Some(error) = state.error.take() {
            return Some((done, Err(error)));
        }
        let chunks: Option<Vec<_>> = std::mem::take(&mut state.chunks).into_iter().collect();
        let result = chunks.ok_or(EncodeError::Stopped).map(|chunks| {
            let chunks: Vec<_> = chunks.into_iter().flatten().collect();
            let bytes = chunks.iter().map(|chunk| chunk.close().bytes_written).sum();
            memory.resize(usize::try_from(bytes).unwrap_or(usize::MAX));
            let Self { shard, generation, cut, rows, .. } = *self;
            EncodedRowGroup { shard, generation, cut, rows, bytes, chunks, memory }
        });
        Some((done, result))
    }
}

impl Drop for RowGroupJob {
    fn drop(&mut self) {
        let ended = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            self.finish(&mut state)
        };
        if let Some((done, result)) = ended {
            // A panic in the callback must not end the encoder thread, nor meet another one that is being unwound.
            let outcome = catch_unwind(AssertUnwindSafe(|| done(result)));
            if let Err(panic) = outcome {
                tracing::error!(message = panic_message(&*panic), "the receiver of an encoded row group panicked");
            }
        }
    }
}

impl ColumnJob {
    /// Encodes the column.
    pub(super) fn run(self) {
        let Self { row_group, column, values } = self;
        let plan = &row_group.plan;
        let failed_before = row_group.state.lock().unwrap_or_else(PoisonError::into_inner).error.is_some();
        if failed_before {
            return;
        }
        let encoded = catch_unwind(AssertUnwindSafe(|| plan.encode_column(column, &values)));
        let result = match encoded {
            Ok(Ok(chunks)) => Ok(chunks),
            Ok(Err(cause)) => Err(EncodeError::Column { column: plan.column_name(column), cause }),
            Err(panic) => {
                Err(EncodeError::Panic { column: plan.column_name(column), message: panic_message(&*panic).to_owned() })
            }
        };
        drop(values);
        let mut state = row_group.state.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(chunks) => {
                if let Some(place) = state.chunks.get_mut(column) {
                    *place = Some(chunks);
                }
            }
            Err(error) => {
                // The first error is the one that is told.
                state.error.get_or_insert(error);
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&'static str>().copied()).unwrap_or("no message")
}
